"""The component `log_event`: logs something that happened."""
