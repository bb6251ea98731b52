"""A worker stays up for weeks and works in many threads: what a step has used should not stay with the thread."""

import ctypes


def give_back() -> None:
    """Arrow's pool keeps what it has once taken, and glibc does, for each thread that ever asked."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # other C libraries keep less, and have nothing to ask
        trim(0)
