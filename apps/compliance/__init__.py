"""Owns policy (masks, row filters, who may ask for what) and the gate, the one door to data.
Owns requests of people too (`requests`), and the way to one person in every store (`subjects`).
Offers `gate.run_query`, `gate.judge`, `services.apply_governance`. Stands on the catalog, accounts, audit and stores.
"""
