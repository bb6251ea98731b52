"""Owns home, search, inbox, audit pages, health."""
