"""The tabs of a dataset's page that the catalog itself fills; other apps' tabs are fragments of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.catalog import details, lineage
from apps.catalog.findings.views import tab as _findings
from apps.catalog.history.keys import keys_of
from apps.catalog.history.selectors import of_dataset
from apps.catalog.models import Dataset, SyncRun
from apps.catalog.row_edges.selectors import row_downstream, row_upstream
from apps.catalog.selectors import visible_ids
from apps.catalog.use.views import tab as _use
from portal.accounts.selectors import Someone
from portal.audit.selectors import events_about

HISTORY = 50


@dataclass(frozen=True)
class Tab:
    """`context` is what `template` needs, cut down to what the person may know."""

    key: str
    title: str
    template: str
    context: Callable[[Someone, Dataset], dict[str, Any]]


def _columns(person: Someone, found: Dataset) -> dict[str, Any]:
    return {"lines": details.lines(person, found), "keys": keys_of(found, visible_ids(person))}


def _lineage(person: Someone, found: Dataset) -> dict[str, Any]:
    lines = details.lines(person, found)
    return {
        "exposures": found.exposures.all(),
        "sides": [
            ("Upstream", "where its values come from", lineage.reached(person, found, "upstream")),
            ("Downstream", "what its values reach", lineage.reached(person, found, "downstream")),
        ],
        "unknown": [line for line in lines if line.upstream == "unknown" or line.unknown],
        # Called by the template, and only where the switch is on: most people want values alone.
        "row_sides": lambda: [
            ("upstream", "which columns decide what rows it has", row_upstream(person, found)),
            ("downstream", "what its columns decide about", row_downstream(person, found)),
        ],
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
    Tab("columns", "Columns", "catalog/_columns.html", _columns),
    Tab("lineage", "Lineage", "catalog/_lineage.html", _lineage),
    Tab("use", "Use", "catalog/_use.html", _use),
    Tab("quality", "Quality", "catalog/_quality.html", _quality),
    Tab("findings", "Findings", "catalog/_findings.html", _findings),
    Tab("history", "History", "catalog/_history.html", _history),
)
