"""The Snowflake emulator of a local start: fakesnow on disk, with what it lacks mended from outside.

Runs as `python -m warehouse.launcher CONFIG` in the tools' environment, and so imports nothing of Portico's.
"""
