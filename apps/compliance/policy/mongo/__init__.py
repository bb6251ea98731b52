"""The engine for documents: a mask stage in front of every collection read, and every key of every stage read."""
