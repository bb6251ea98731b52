"""What the portal itself keeps of names: the catalog's columns and checks, searches of requests, results of steps, the
trail. From before keys of documents were known to be data, any of them can hold somebody's value."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction
from django.db.models import Model, QuerySet

from apps.catalog.findings.models import Finding
from apps.catalog.forgetting import forget_names
from apps.catalog.history.models import SchemaChange
from apps.catalog.inference import publish
from apps.catalog.models import Check, CheckOutcome, Column, Dataset
from apps.compliance.access.models import AccessApproval, AccessGrant, AccessRequest
from apps.compliance.requests.models import SubjectCertificate, SubjectDiscovery, SubjectPlan
from apps.compliance.subjects.kept import Sought
from portal.audit.actions import Action
from portal.audit.models import Event
from portal.audit.types import Actor
from portal.holders import Held, Traces
from portal.notices.models import Notice
from portal.runs.models import Step

HOLDER = Actor.system("compliance")
# Events that name columns. Who did something stands in all of them, and is not looked at: it may be the same person.
TOLD = (
    Action.COLUMN_CLASSIFIED, Action.DESCRIPTION_CHANGED, Action.CHECKS_PUSHED, Action.QUERY_DECIDED,
    Action.ACCESS_REQUESTED, Action.ACCESS_APPROVED, Action.ACCESS_SECONDED, Action.ACCESS_GRANT_REVOKED,
    Action.ACCESS_EXPIRED, Action.ACCESS_GRANTED, Action.ACCESS_REVOKED,
)  # fmt: skip


@dataclass(frozen=True)
class Text:
    """One field. `goes`: the row is deleted by the catalog; `cut`: the value is cut out; `stays`: the database lets
    nobody change it, so that a request of somebody it names is not complete."""

    place: str
    what: str
    model: type[Model]
    field: str
    how: Literal["goes", "cut", "stays"]

    def rows(self) -> QuerySet[Any]:
        return self.model._default_manager.all()


PLACES = (
    Text("datasets of the catalog", "datasets", Dataset, "name", "goes"),
    Text("columns of the catalog", "columns", Column, "name", "goes"),
    Text("descriptions of datasets", "descriptions", Dataset, "description", "cut"),
    Text("descriptions of columns", "descriptions", Column, "description", "cut"),
    Text("checks of the catalog", "checks", Check, "name", "goes"),
    Text("checks of the catalog", "checks", Check, "column", "goes"),
    Text("checks of the catalog", "checks", Check, "detail", "goes"),
    Text("earlier answers of checks", "answers", CheckOutcome, "detail", "goes"),
    *(Text("history of schemas", "changes", SchemaChange, name, "cut") for name in ("column", "before", "after")),
    *(Text("findings of the catalog", "findings", Finding, name, "cut") for name in ("column", "summary", "detail")),
    Text("requests for access to columns", "requests", AccessRequest, "subject", "cut"),
    Text("requests for access to columns", "requests", AccessRequest, "reason", "cut"),
    Text("requests for access to columns", "requests", AccessRequest, "answer", "cut"),
    Text("approvals of access to columns", "approvals", AccessApproval, "reason", "cut"),
    Text("grants of access to columns", "grants", AccessGrant, "revoke_reason", "cut"),
    Text("notices", "notices", Notice, "title", "cut"),
    Text("summaries of steps", "steps", Step, "summary", "cut"),
    Text("results of steps", "steps", Step, "output", "cut"),
    Text("searches for people", "searches", SubjectDiscovery, "content", "cut"),
    Text("frozen plans", "plans", SubjectPlan, "content", "stays"),
    Text("certificates", "certificates", SubjectCertificate, "content", "stays"),
)
TRAIL = "events of the trail"


class Names:
    title = "Names of columns and paths"

    def find(self, traces: Traces) -> Sequence[Held]:
        return _held(Sought(traces))

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        """A name tells of a document, which answers for itself."""
        return iter(())

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        """What stays is counted by the search afterwards."""
        sought = Sought(traces)
        before = _held(sought)
        for text in PLACES:
            check()
            if text.how == "cut":
                _cut(text, sought)
        check()
        _forget(sought)
        left = {held.place: held.count for held in _held(sought)}
        return [Held(held.place, held.count - left[held.place], held.what) for held in before]


def _held(sought: Sought) -> list[Held]:
    found: Counter[tuple[str, str]] = Counter()
    seen: set[tuple[str, Any]] = set()
    for text in PLACES:
        rows = {(text.place, row.pk) for row, _ in sought.rows(text.rows(), text.field)}
        found[text.place, text.what] += len(rows - seen)
        seen |= rows
    found[TRAIL, "events"] = sum(_tells(event, sought) for event in _events(sought))
    return [Held(place, count, what) for (place, what), count in found.items()]


def _events(sought: Sought) -> Iterator[Event]:
    for row, _ in sought.rows(Event.objects.filter(action__in=TOLD), "payload"):
        assert isinstance(row, Event)
        yield row


def _tells(event: Event, sought: Sought) -> bool:
    return bool(sought.found(json.dumps(json.loads(event.payload)["detail"], ensure_ascii=False)))


def _cut(text: Text, sought: Sought) -> None:
    found = list(sought.rows(text.rows(), text.field))
    for row, content in found:
        left = sought.cut(content)
        if text.model is AccessRequest and text.field == "subject":
            left = f"{left} ({row.pk})"  # somebody may have asked for two of them
        text.model._default_manager.filter(pk=row.pk).update(**{text.field: left})
    if text.model in (Dataset, Column):  # what search reads is made of them
        publish({row.dataset_id if isinstance(row, Column) else row.pk for row, _ in found})


def _forget(sought: Sought) -> None:
    """A table and its columns are left: the next look at the store would bring them back. They are told until then."""
    found = {
        model: {
            row.pk
            for text in PLACES
            if text.model is model and text.how == "goes"
            for row, _ in sought.rows(text.rows(), text.field)
        }
        for model in (Dataset, Column, Check, CheckOutcome)
    }
    if any(found.values()):
        with transaction.atomic():
            forget_names(
                actor=HOLDER,
                datasets=found[Dataset],
                columns=found[Column],
                checks=found[Check],
                outcomes=found[CheckOutcome],
            )
