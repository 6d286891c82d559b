"""Filters as SQL: a tree of the filter language becomes conditions over `runs` joined with `subjects`."""
