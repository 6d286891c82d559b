"""The active run, for scripts and notebooks."""
