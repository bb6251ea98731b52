"""Lineage of MongoDB's views (`viewOn` and a pipeline): stages that keep or drop fields and rows are followed; with
any other stage the view's columns are said not to be known, and why."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from apps.catalog.edges import Known, Link, Stated
from apps.catalog.models import Column, Dataset, Derivation
from apps.catalog.row_edges.storing import RowLink
from apps.catalog.row_edges.types import RowRole
from apps.catalog.tracing import Tracer
from apps.catalog.types import EdgeEvidence, EdgeKind

SAME_ROWS = frozenset({"$project", "$unset", "$sort", "$match", "$limit", "$skip", "$sample"})


class _Unread(Exception):
    """Why the columns are not known."""


def read(view: Dataset, tracer: Tracer, evidence: EdgeEvidence) -> Stated:
    """Fields keep their names through every stage that is followed, so a field's origin is the one of its name."""
    try:
        parent, pipeline = _parent(view, tracer)
        for stage in pipeline:
            _check(stage)
    except _Unread as problem:
        known = [
            Known(column, Derivation.How.UNKNOWN, str(problem)) for column in tracer.names.columns(view.pk).values()
        ]
        return Stated((), known)
    above = tracer.names.columns(parent)
    own = tracer.names.columns(view.pk)
    links = [
        Link(above[name], column, EdgeKind.VALUE, "copy", evidence) for name, column in own.items() if name in above
    ]
    lost = [
        Known(column, Derivation.How.UNKNOWN, "the collection has no such field")
        for name, column in own.items()
        if name not in above
    ]
    return Stated(links, lost, _rows(pipeline, above, view.pk, evidence))


def _parent(view: Dataset, tracer: Tracer) -> tuple[int, list[Mapping[str, Any]]]:
    try:
        body = json.loads(view.definition)
    except ValueError:
        raise _Unread("its definition is not JSON") from None
    pipeline = body.get("pipeline") if isinstance(body, dict) else None
    parent = (
        tracer.names.dataset(tracer.source, (*view.path[:-1], str(body.get("viewOn"))))
        if pipeline is not None
        else None
    )
    if parent is None or not isinstance(pipeline, list):
        raise _Unread("the collection that it is on is not in the catalog")
    return parent, pipeline


def _check(stage: Mapping[str, Any]) -> None:
    name = next(iter(stage), "")
    if name not in SAME_ROWS:
        raise _Unread(f"its stage {name[:40]} is not read")
    if name == "$project" and not all(_keeps(value) for value in stage[name].values()):
        raise _Unread("its $project computes fields, which is not read")


def _keeps(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(not key.startswith("$") and _keeps(inner) for key, inner in value.items())
    return isinstance(value, bool | int | float)


def _rows(
    pipeline: list[Mapping[str, Any]], above: Mapping[str, Column], view: int, evidence: EdgeEvidence
) -> list[RowLink]:
    cuts = any(next(iter(stage), "") in ("$limit", "$skip") for stage in pipeline)
    wanted: dict[str, RowRole] = {}
    for stage in pipeline:
        wanted |= dict.fromkeys(_fields(stage.get("$match")), RowRole.FILTER)
        wanted |= dict.fromkeys((stage.get("$sort") or {}) if cuts else (), RowRole.ORDER)
    plain = {name.replace("[]", ""): column for name, column in above.items() if not name.endswith("[]")}
    return [RowLink(plain[path], view, role, evidence) for path, role in wanted.items() if path in plain]


def _fields(match: Any) -> Iterator[str]:
    """The fields that a `$match` looks at, down through `$and`, `$or` and `$expr`."""
    if isinstance(match, Mapping):
        for key, value in match.items():
            if key.startswith("$"):
                yield from _fields(value)
            else:
                yield key
                yield from _fields(value) if isinstance(value, Mapping) and not _is_plain(value) else ()
    elif isinstance(match, list):
        for each in match:
            yield from _fields(each)
    elif isinstance(match, str) and match.startswith("$"):
        yield match[1:]


def _is_plain(value: Mapping[str, Any]) -> bool:
    """`{"$gt": 5}` compares with a value and names no field."""
    return all(key.startswith("$") for key in value)
