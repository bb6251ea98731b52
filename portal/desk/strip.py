"""Platform health as everybody signed in reads it on home: which part is down, since when, and what still works."""

from dataclasses import dataclass
from datetime import datetime

from portal.desk.health import Component, board

LABELS = {
    "portal_db": "portal database",
    "oltp": "payments",
    "documents": "documents",
    "warehouse": "warehouse",
    "broker": "broker",
    "worker": "worker",
    "scheduler": "scheduler",
    "tracking": "model tracking",
    "scoring": "scoring",
}
WITHOUT = {
    "portal_db": "Nothing can be saved.",
    "oltp": "Queries on payments fail and extracts from it wait. The catalog and the other stores work.",
    "documents": "Queries on documents fail and extracts from them wait. The catalog and the other stores work.",
    "warehouse": "Queries on the warehouse fail and loads wait. The catalog and the other stores work.",
    "broker": "New runs and queries wait. The catalog and results that are there work.",
    "worker": "Runs and queries wait until a worker is back. The catalog and results that are there work.",
    "scheduler": "Nothing starts by schedule, and the trail's new events wait for their leaf. The rest works.",
    "scoring": "Payments get no score. Training, promotion, pages and all else work.",
    "tracking": "Nothing is trained or promoted. What serves goes on serving, and the pages and all else work.",
}


@dataclass(frozen=True)
class Lamp:
    name: str
    ok: bool
    starting: bool
    title: str
    without: str
    since: datetime | None


def lamps() -> list[Lamp]:
    return [lamp(component) for component in board.components()]


def lamp(component: Component) -> Lamp:
    since = datetime.fromisoformat(component.since) if component.since else None
    title = component.version or component.status
    without = "" if component.ok else WITHOUT.get(component.name, "")
    return Lamp(LABELS.get(component.name, component.name), component.ok, component.starting, title, without, since)
