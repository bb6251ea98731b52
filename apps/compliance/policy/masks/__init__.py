"""Each mask in three forms that give the same answer: Python, SQL per dialect, MongoDB.

What a mask does to a value of another kind than it is for (a number under `partial_email`) is the same everywhere:
nothing of it is left, NULL.
"""
