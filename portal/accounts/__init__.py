"""Owns people, roles, purposes, tokens."""
