"""Decides whether an erasure is complete: by looking again, not by what the steps returned."""

from apps.compliance.subjects.types import Check, Plan, Progress, Rescan, Trace


def rescan(*, plan: Plan, trace: Trace, check: Check, progress: Progress) -> Rescan:
    """Every text and JSON column and path of every store as it is now, and every holder. Raises StoreError."""
    raise NotImplementedError
