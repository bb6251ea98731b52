"""The policy engine: parse, decide, rewrite. Plain Python; no Django, no database, no I/O."""
