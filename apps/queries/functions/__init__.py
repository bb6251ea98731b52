"""The page of what queries may call, and asking for what they may not yet."""
