"""What `mbox demo` records: two pipelines of orchestrators, and trainings through the SDK."""
