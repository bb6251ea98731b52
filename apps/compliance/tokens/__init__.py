"""Tokens outside of queries: the token of a value (`values.token_of`), and the keys put into a store of one's own
(`installing.install`, by `manage.py install_tokens`)."""
