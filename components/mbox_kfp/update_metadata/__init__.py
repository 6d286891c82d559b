"""The component `update_metadata`: merges a document into the metadata."""
