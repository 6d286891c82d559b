"""mbox-ops records what machine-learning pipelines do."""
