"""Owns append-only, tamper-evident trail."""
