"""Owns the way to one person in every store: discovery, collection, erasure, the erasure ledger and the re-scan.
Offers `discovery`, `collect`, `erasure`, `rescan`, `ledger` and their `types`; the request around them is not its own.
Stands on the catalog's columns and edges, the governance file's rules, the stores (account `privacy`) and the holders.
"""
