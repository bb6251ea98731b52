"""Owns compliance."""
