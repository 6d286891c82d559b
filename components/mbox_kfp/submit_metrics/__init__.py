"""The component `submit_metrics`: logs metrics, parameters, tags, labels and metadata."""
