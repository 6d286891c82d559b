"""The REST API: one module per noun. They parse, call the service and render; they hold no rules."""
