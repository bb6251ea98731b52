"""OpenLineage's run events (specification 2-0-2) as far as the catalog takes them in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

MOST_EVENTS, MOST_FIELDS, LONGEST = 500, 20_000, 500
STATES = ("START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER")
# A subtype of an indirect transformation, as the role of a row edge.
ROLES = {
    "JOIN": "join",
    "GROUP_BY": "group",
    "FILTER": "filter",
    "SORT": "order",
    "WINDOW": "window",
    "CONDITIONAL": "filter",
}
# A masked value is no proof of a keyed hash, so that its category goes on.
TRANSFORMS = {"IDENTITY": "copy", "TRANSFORMATION": "expression", "AGGREGATION": "aggregate"}


class NotAnEvent(ValueError):
    """Not of the published form; the message names the place."""


@dataclass(frozen=True)
class Place:
    """A dataset as OpenLineage names it."""

    namespace: str
    name: str


@dataclass(frozen=True)
class Step:
    """One input field of an output field; `field` empty: of the whole output dataset."""

    source: Place
    source_field: str
    target: Place
    field: str
    transform: str  # of a value edge; empty where it decides about rows alone
    role: str  # of a row edge; empty where it gives values alone


@dataclass(frozen=True)
class RunEvent:
    state: str
    at: datetime
    run: str
    job: str  # "namespace/name"
    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]
    steps: tuple[Step, ...]
    tells_columns: bool  # whether any output says where its columns come from


def event_of(body: Any) -> RunEvent:
    """Raises NotAnEvent."""
    event = _object(body, "the event")
    state = _text(event.get("eventType") or "OTHER", "eventType").upper()
    if state not in STATES:
        raise NotAnEvent(f"eventType is one of {', '.join(STATES)}.")
    job = _object(event.get("job"), "job")
    run = _text(_object(event.get("run"), "run").get("runId"), "run.runId")
    outputs = _list(event.get("outputs"), "outputs")
    steps = [step for at, each in enumerate(outputs) for step in _steps(each, f"outputs[{at}]")]
    if len(steps) > MOST_FIELDS:
        raise NotAnEvent(f"The event names {len(steps):,} input fields; {MOST_FIELDS:,} is the most.")
    return RunEvent(
        state=state,
        at=_moment(event.get("eventTime")),
        run=run,
        job=f"{_text(job.get('namespace'), 'job.namespace')}/{_text(job.get('name'), 'job.name')}",
        inputs=tuple(_place(each, f"inputs[{at}]") for at, each in enumerate(_list(event.get("inputs"), "inputs"))),
        outputs=tuple(_place(each, f"outputs[{at}]") for at, each in enumerate(outputs)),
        steps=tuple(steps),
        tells_columns=any("columnLineage" in (each.get("facets") or {}) for each in outputs),
    )


def _steps(output: Any, at: str) -> list[Step]:
    target = _place(output, at)
    facets = _object(output.get("facets") or {}, f"{at}.facets")
    facet = _object(facets.get("columnLineage") or {}, f"{at}.facets.columnLineage")
    found = [
        _step(each, target, "", f"{at}.facets.columnLineage.dataset")
        for each in _list(facet.get("dataset"), f"{at}.dataset")
    ]
    for name, field in _object(facet.get("fields") or {}, f"{at}.facets.columnLineage.fields").items():
        place = f"{at}.facets.columnLineage.fields.{name}"
        for each in _list(_object(field, place).get("inputFields"), f"{place}.inputFields"):
            found.append(_step(each, target, _text(name, place), place))
    return found


def _step(body: Any, target: Place, field: str, at: str) -> Step:
    """Of several transformations the one that changes a value most; without any, the field gives values."""
    given = _object(body, at)
    transform = role = ""
    kinds = _list(given.get("transformations"), f"{at}.transformations")
    for each in kinds:
        told = _object(each, f"{at}.transformations")
        subtype = str(told.get("subtype") or "").upper()
        if str(told.get("type")).upper() == "INDIRECT":
            role = role or ROLES.get(subtype, "filter")
        elif transform in ("", "copy"):
            transform = "expression" if told.get("masking") else TRANSFORMS.get(subtype, "expression")
    if not kinds:
        transform = "expression"
    if not field:
        transform, role = "", role or "filter"
    source = _place(given, at)
    return Step(source, _text(given.get("field"), f"{at}.field"), target, field, transform, role)


def _place(body: Any, at: str) -> Place:
    given = _object(body, at)
    return Place(_text(given.get("namespace"), f"{at}.namespace"), _text(given.get("name"), f"{at}.name"))


def _moment(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(_text(value, "eventTime").replace("Z", "+00:00"))
    except ValueError as error:
        if isinstance(error, NotAnEvent):
            raise
        raise NotAnEvent("eventTime is a moment such as 2026-11-27T10:00:00Z.") from error
    if found.tzinfo is None:
        raise NotAnEvent("eventTime names no zone; end it with Z or an offset.")
    return found


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str) or not value or len(value) > LONGEST or "\0" in value:
        raise NotAnEvent(f"{at} is a text of 1 to {LONGEST} characters.")
    if any("\ud800" <= sign <= "\udfff" for sign in value):
        raise NotAnEvent(f"{at} holds half a character.")
    return value


def _object(value: Any, at: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise NotAnEvent(f"{at} is an object.")
    return value


def _list(value: Any, at: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise NotAnEvent(f"{at} is a list.")
    return value
