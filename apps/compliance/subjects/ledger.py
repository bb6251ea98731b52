"""Remembers who was erased, by keyed digests alone, so that no later load brings them back."""

from apps.compliance.subjects.types import Plan, Trace
from portal.audit.types import Actor


def enter(*, actor: Actor, request: str, plan: Plan, trace: Trace) -> int:
    """Before anything is erased: from here on every load leaves the person out. Again changes nothing.

    `request` is the request's id. Returns how many digests are kept for it. Runs in the caller's transaction
    (`context.fenced()`), with its audit event.
    """
    raise NotImplementedError
