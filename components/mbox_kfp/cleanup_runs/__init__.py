"""The component `cleanup_runs`: deletes what rules of retention let go."""
