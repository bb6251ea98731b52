"""Owns the local servers: PostgreSQL, MongoDB, Valkey and the Snowflake emulator, as processes of this machine.

Offers `Embedded(home)` and `make up`. Stands on nothing of Portico's: it must run before Django has a database.
"""
