"""The scoring service: FastAPI in a process of its own, which serves what the promotion ledger approved.

Nothing of the portal imports this: it holds scikit-learn and the model. What both need lies beside it.
"""
