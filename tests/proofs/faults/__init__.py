"""A disk that fails when it is told to, and processes that live on it."""
