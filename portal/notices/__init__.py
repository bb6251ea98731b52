"""Owns the one table of what needs whom.
Offers `services.notify` and `resolve`, `selectors.notices_for`; every app above writes to it.
Stands on nothing but the database: people and roles are ids and names here.
"""
