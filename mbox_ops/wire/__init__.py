"""What both ends agree on: encodings, headers, the status table. No I/O."""
