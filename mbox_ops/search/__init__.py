"""The filter language: what it means (`tree`), and how its text is read (`parser`). No SQL here."""
