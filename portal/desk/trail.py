"""The audit trail as people read it."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.audit.models import Event

PICTURES = {
    "user": "person",
    "subject_request": "request",
    "token": "token",
    "query": "query",
    "execution": "query",
    "source": "source",
    "registeredmodel": "model",
}
KNOWN_PICTURES = {"dataset", "column", "pipeline", "run", "request", "model", "table", "collection", "view"}
# What people call a kind of thing; others are called what they are.
WORDS = {
    "subject_request": "request",
    "registeredmodel": "model",
    "modelversion": "version",
    "driftreport": "drift report",
}


@dataclass(frozen=True)
class Line:
    id: UUID
    at: datetime
    who: str
    is_person: bool
    area: str
    did: str
    kind: str
    picture: str
    target_id: str
    target: str

    @classmethod
    def of(cls, event: Event) -> "Line":
        area, _, did = event.action.partition(".")
        kind = event.target_kind
        return cls(
            id=event.id,
            at=event.at,
            who=event.actor_name,
            is_person=event.actor_kind == "user",
            area=area,
            did=did.replace("_", " "),
            kind=kind,
            picture=PICTURES.get(kind, kind if kind in KNOWN_PICTURES else "event"),
            target_id=event.target_id,
            target=event.target_name or event.target_id,
        )

    @property
    def noun(self) -> str:
        return WORDS.get(self.kind, self.kind)

    @property
    def sentence(self) -> str:
        """`query refused`, `run started`, `purpose changed`"""
        noun = self.noun
        return self.did if noun in ("user", "token") or noun in self.did else f"{noun} {self.did}"


def details(event: Event) -> list[tuple[str, str]]:
    """What the sealed text says beyond who, what and when, as rows of a table."""
    detail = json.loads(event.payload).get("detail", {})
    return [
        (name.replace("_", " "), value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        for name, value in sorted(detail.items())
    ]
