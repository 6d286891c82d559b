"""The pages that delete, and that tell what was deleted."""
