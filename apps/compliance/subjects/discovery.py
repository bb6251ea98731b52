"""Finds everything of one person: where it is, how it was reached, and what the governance file says happens to it.

Raises StoreError (`unreachable`) where a store cannot be asked: a run's step then waits for it, and nothing is
called complete. Raises NoRules while no governance file that was applied has a section `subjects`.
"""

from apps.compliance.subjects.types import Check, Discovery, Identified, Subject


class NoRules(LookupError):
    """No governance file says how a person is found."""


def identify(*, email: str, check: Check) -> Identified:
    """Who has this address, in the identity datasets and all their copies; compared without case and edges."""
    raise NotImplementedError


def discover(*, subject: Subject, check: Check) -> Discovery:
    """The whole plan, and the trace to keep sealed for `erasure` and `rescan`."""
    raise NotImplementedError
