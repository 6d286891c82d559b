"""The component `track_artifact`: records where a file lies."""
