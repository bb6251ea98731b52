"""The words of a request, and what crosses the border of this package."""

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    ACCESS = "access"
    ERASURE = "erasure"


class Law(StrEnum):
    GDPR = "gdpr"
    CCPA = "ccpa"

    @property
    def label(self) -> str:
        return self.value.upper()


class State(StrEnum):
    RECEIVED = "received"
    VERIFIED = "verified"
    DISCOVERING = "discovering"
    DISCOVERED = "discovered"
    PLANNED = "planned"
    APPROVED = "approved"
    EXECUTING = "executing"
    RESCANNING = "rescanning"
    PACKAGING = "packaging"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    CANCELLED = "cancelled"


ENDED = (State.COMPLETE, State.REFUSED, State.CANCELLED)
AT_WORK = (State.DISCOVERING, State.EXECUTING, State.RESCANNING, State.PACKAGING)

# Choices instead of free text: what an officer types about a person may hold the person's data, and these words go
# into the trail. A note beside them is sealed.
VERIFIED_HOW: Mapping[str, str] = {
    "account": "signed in to their own account",
    "reply": "answered from the address itself",
    "documents": "matched details that only they would know",
    "agent": "authorised agent, with signed permission",
}
GROUNDS: Mapping[str, str] = {
    "identity": "identity could not be verified (GDPR art. 12(6); CCPA regs § 7062)",
    "unfounded": "manifestly unfounded or excessive (GDPR art. 12(5); Cal. Civ. Code § 1798.145(h)(3))",
    "obligation": "must be kept by law (GDPR art. 17(3)(b); Cal. Civ. Code § 1798.105(d)(8))",
    "claims": "needed for legal claims (GDPR art. 17(3)(e); Cal. Civ. Code § 1798.145(a))",
}
EXTENSION_REASONS: Mapping[str, str] = {
    "complex": "the request is complex",
    "many": "many requests came at once",
}


class Refused(Exception):
    """What was asked cannot be done. The message is for the person, and names what to do instead."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field
