"""Owns catalog."""
