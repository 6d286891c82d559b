"""The pages of models, their versions, and the checkpoints of runs."""
