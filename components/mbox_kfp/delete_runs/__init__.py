"""The component `delete_runs`: deletes what a selector takes."""
