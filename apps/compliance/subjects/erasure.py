"""Carries out a plan in one store, or asks the holders to. Safe to call again, also after its worker was killed."""

from collections.abc import Callable

from apps.compliance.subjects.types import Check, Done, HeldThing, Plan, Progress, Trace
from portal.stores.types import Store


def erase(
    *,
    plan: Plan,
    trace: Trace,
    source: str,
    check: Check,
    progress: Progress,
    opened: Callable[[Store], None] = lambda store: None,
) -> tuple[Done, ...]:
    """What the plan says for this store. Enter the person into the ledger first (`ledger.enter`). Raises StoreError.

    `opened` is told of the store before it is asked, so that somebody can cancel (`context.on_cancel`).
    """
    raise NotImplementedError


def erase_held(*, trace: Trace, check: Check) -> tuple[HeldThing, ...]:
    """What every holder did; one that does not answer is in it as `silent`, and raises nothing."""
    raise NotImplementedError
