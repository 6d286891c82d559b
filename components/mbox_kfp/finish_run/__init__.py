"""The component `finish_run`: closes the run with its true state."""
