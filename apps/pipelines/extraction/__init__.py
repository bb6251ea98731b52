"""Reads one window of one dataset from its store, as Arrow batches of a fixed schema."""
