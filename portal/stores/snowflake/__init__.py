"""Snowflake through its own connector: Arrow results, Parquet staged and copied in. The local emulator answers to the
same calls; it has no read-only session, so `read` refuses by its first word what is not a query."""
