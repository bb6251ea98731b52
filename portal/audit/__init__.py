"""Owns the append-only trail: events, their Merkle tree (RFC 6962), signed heads.
Offers `services.record`, `services.digest`, `verify.verify` and `verify.prove`.
Stands on Django alone; reaches people through `settings.AUTH_USER_MODEL`.
"""
