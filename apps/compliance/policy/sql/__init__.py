"""The engine for SQL: a tuple of pure functions in order, each a step from the typed text to the text that runs."""
