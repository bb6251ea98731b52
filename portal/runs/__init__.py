"""Owns durable runs."""
