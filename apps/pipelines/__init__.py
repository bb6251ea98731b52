"""Owns pipelines."""
