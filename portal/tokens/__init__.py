"""The keys behind tokens and fixed noise, and what of them a store holds. Standard library only.

Offers `keys.derived`, `keys.pads`, `keys.digest`; `postgres.statements`. Knows no Django: servers are prepared with it
before anything of the portal runs.
"""
