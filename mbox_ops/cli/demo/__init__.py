"""The command `mbox demo`."""
