"""The server: the composition root, and the doors over HTTP."""
