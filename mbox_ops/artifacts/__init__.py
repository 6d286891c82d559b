"""The blob store: bytes under their sha256, in a folder or in a bucket."""
