"""Owns what needs whom."""
