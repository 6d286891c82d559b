"""How notebooks show what was read: tables and inline curves, without scripts, styles or requests."""
