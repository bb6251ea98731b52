"""Owns the adapters: the only files that import a store's driver.
Offers `open_store(name, account)` and the types in `types.py`. Stands on nothing of the house.
"""
