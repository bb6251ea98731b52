"""Queries that people keep: versions, sharing with a role for reading, favourites, comments.
Whoever opens one is decided about anew by the gate. Stands on the sealing of executions.
"""
