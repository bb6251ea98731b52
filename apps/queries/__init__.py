"""Owns queries."""
