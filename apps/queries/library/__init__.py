"""Approved queries: a frozen text, for whom and for which purpose, and the contract that a second person agreed to.
Stands on the gate, which is asked as the audience; approval shows nobody more than the gate shows them.
"""
