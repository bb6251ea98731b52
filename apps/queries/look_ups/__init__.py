"""Owns look-ups: who asked for one value of one column, how often, and why. Offers `services.look_up`. The token that a
worker needs is sealed here until its execution ends.
"""
