"""Owns models."""
