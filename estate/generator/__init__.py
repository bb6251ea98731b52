"""Made-up payments, deterministic by seed and of any size: every value is a function of (seed, table, row number).

So a chunk needs no other chunk, memory does not grow with the scale, and two runs give the same bytes.
"""
