"""Owns local servers."""
