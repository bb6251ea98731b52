"""The tabs of a dataset's page that the catalog itself fills; other apps' tabs are fragments of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.catalog import details, lineage
from apps.catalog.findings.views import tab as _findings
from apps.catalog.history.keys import keys_of
from apps.catalog.history.selectors import of_dataset
from apps.catalog.models import Dataset, SyncRun
from apps.catalog.selectors import visible_ids
from portal.accounts.selectors import Someone
from portal.audit.selectors import events_about

HISTORY = 50


@dataclass(frozen=True)
class Tab:
    """`context` is what `template` needs, cut down to what the person may know."""

    key: str
    title: str
    context: Callable[[Someone, Dataset], dict[str, Any]]

    @property
    def template(self) -> str:
        return f"catalog/_{self.key}.html"


def _columns(person: Someone, found: Dataset) -> dict[str, Any]:
    return {"lines": details.lines(person, found), "keys": keys_of(found, visible_ids(person))}


def _lineage(person: Someone, found: Dataset) -> dict[str, Any]:
    lines = details.lines(person, found)
    return {
        "sides": [
            ("Upstream", "where its values come from", lineage.reached(person, found, "upstream")),
            ("Downstream", "what its values reach", lineage.reached(person, found, "downstream")),
        ],
        "unknown": [line for line in lines if line.upstream == "unknown" or line.unknown],
    }


def _quality(person: Someone, found: Dataset) -> dict[str, Any]:
    return {"checks": found.checks.order_by("passed", "name", "column")}


def _history(person: Someone, found: Dataset) -> dict[str, Any]:
    events = events_about(kind="dataset", id=str(found.pk)).order_by("-at")[:HISTORY]
    return {
        "changes": of_dataset(person, found),
        "events": [(e.at, e.actor_name, e.action.partition(".")[2].replace("_", " ")) for e in events],
        "sync": SyncRun.objects.filter(source=found.source).order_by("-started_at").first(),
    }


TABS = (
    Tab("columns", "Columns", _columns),
    Tab("lineage", "Lineage", _lineage),
    Tab("quality", "Quality", _quality),
    Tab("findings", "Findings", _findings),
    Tab("history", "History", _history),
)
