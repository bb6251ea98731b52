"""What the console shows before anything runs: sources, examples, explanation, completion."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings

from apps.catalog.selectors import SourceNotSynced, schema_for_gate
from apps.compliance import gate
from apps.compliance.policy.types import Allowed, OutputColumn, Refused
from apps.queries.parameters import Typed, Unfit, dialect_of, filled, names_of
from portal.accounts.models import User
from portal.accounts.selectors import roles_of
from portal.accounts.types import Purpose, Role

COMPLETIONS, SHOWN = 40, 6
# Stages as one begins to write them; the rest of the vocabulary is on the page of functions.
TEMPLATES = {
    "$match": '"$match": {"field": "value"}',
    "$project": '"$project": {"_id": 0, "field": 1}',
    "$group": '"$group": {"_id": "$field", "n": {"$sum": 1}}',
    "$sort": '"$sort": {"n": -1}',
    "$limit": '"$limit": 100',
    "$unwind": '"$unwind": "$array"',
    "$addFields": '"$addFields": {"new": {"$add": ["$a", "$b"]}}',
    "$lookup": '"$lookup": {"from": "collection", "localField": "a", "foreignField": "b", "as": "found"}',
    "$facet": '"$facet": {"all": [{"$count": "n"}]}',
    "$bucket": '"$bucket": {"groupBy": "$number", "boundaries": [0, 10, 100], "default": "other"}',
    "$setWindowFields": '"$setWindowFields": {"sortBy": {"at": 1}, "output": {"n": {"$sum": 1}}}',
    "$sortByCount": '"$sortByCount": "$field"',
    "$unionWith": '"$unionWith": {"coll": "collection", "pipeline": []}',
    "$count": '"$count": "n"',
}
STAGES = [
    {"label": name, "type": "keyword", "detail": "stage", "apply": text.removeprefix('"')}
    for name, text in TEMPLATES.items()
]
# What stands for a value that nobody has typed yet: a decision rests on where a literal stands, not on which.
ANY = {
    "text": "x",
    "integer": "1",
    "decimal": "1.5",
    "date": "2026-01-31",
    "timestamp": "2026-01-31T00:00:00Z",
    "boolean": "true",
}


@dataclass(frozen=True)
class Example:
    key: str
    title: str
    about: str
    source: str
    text: str
    role: str = ""


@dataclass(frozen=True)
class Explanation:
    """`masked` are the columns of the answer that will not be shown as they are. `missing` are parameters that have no
    value yet: it was decided with one in their place."""

    refused: Refused | None
    masked: tuple[OutputColumn, ...] = ()
    shown: int = 0
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    estimate: gate.Estimate | None = None


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """The approved queries that the estate comes with; `estate/queries/*.yaml`."""
    found = []
    for file in sorted((Path(settings.BASE_DIR) / "estate" / "queries").glob("*.yaml")):
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
        text = body["text"].strip()
        found.append(Example(file.stem, body["title"], body["about"], body["source"], text, body["role"]))
    return tuple(found)


def examples_for(user: User) -> list[Example]:
    """A few to start from, of those made for a role of theirs, and not all on one thing; the library has them all."""
    mine = [one for one in examples() if one.role in roles_of(user)]
    return mine[:: max(1, len(mine) // SHOWN)][:SHOWN]


def example(key: str) -> Example | None:
    return next((one for one in examples() if one.key == key), None)


def sources_for(user: User) -> list[str]:
    """Sources in which the person may know of something; all of them while the catalog is empty."""
    known = []
    for source in settings.STORES:
        try:
            if schema_for_gate(source=source, user=user).datasets:
                known.append(source)
        except SourceNotSynced:
            continue
    return known or list(settings.STORES)


def explain(
    *,
    user: User,
    purpose: Purpose,
    source: str,
    text: str,
    typed: Mapping[str, Typed] | None = None,
    cost: bool = False,
) -> Explanation:
    """What would be masked, or why nothing would run; with `cost` also what it would cost."""
    try:
        wanted, missing = complete_text(source, text, typed or {})
    except Unfit as unfit:
        return Explanation(Refused("parameter", unfit.message))
    judgement = gate.judge(user=user, purpose=purpose, source=source, text=wanted)
    return told(judgement, missing, gate.estimate(judgement) if cost else None)


def explain_as(
    *, role: Role, purpose: Purpose, source: str, text: str, typed: Mapping[str, Typed] | None = None
) -> Explanation:
    """The same for somebody who held this role alone."""
    try:
        wanted, missing = complete_text(source, text, typed or {})
    except Unfit as unfit:
        return Explanation(Refused("parameter", unfit.message))
    return told(gate.judge_as(role=role, purpose=purpose, source=source, text=wanted), missing, None)


def told(judgement: gate.Judgement, missing: tuple[str, ...], estimate: gate.Estimate | None) -> Explanation:
    decision = judgement.decision
    if not isinstance(decision, Allowed):
        return Explanation(decision, missing=missing)
    masked = tuple(column for column in decision.columns if column.masked != "no")
    return Explanation(None, masked, len(decision.columns), decision.notes, missing, estimate)


def complete_text(source: str, text: str, typed: Mapping[str, Typed]) -> tuple[str, tuple[str, ...]]:
    """The text with every parameter filled in, and those that somebody has yet to fill in."""
    found = fields(source, text, typed)
    missing = tuple(one.name for one in found if not one.value.strip())
    guessed = [Typed(one.name, one.kind, ANY[one.kind]) if one.name in missing else one for one in found]
    return filled(source, text, {one.name: one for one in guessed}), missing


def fields(source: str, text: str, typed: Mapping[str, Typed]) -> list[Typed]:
    """One for each parameter of the text, with what was typed for it so far. A kind that there is none of is text."""
    found = [typed.get(name, Typed(name)) for name in names_of(source, text)]
    return [one if one.kind in ANY else Typed(one.name, "text", one.value) for one in found]


def completions(*, user: User, source: str, prefix: str) -> list[dict[str, str]]:
    """Names of tables and columns that start like what is typed; never the whole catalog. On documents also stages."""
    if prefix.startswith("$") and dialect_of(source) == "mongo":
        return [stage for stage in STAGES if stage["label"].lower().startswith(prefix.lower())]
    try:
        schema = schema_for_gate(source=source, user=user)
    except SourceNotSynced:
        return []
    start, found = prefix.lower(), {}
    for dataset in schema.datasets:
        name = ".".join(dataset.path[1:])
        if dataset.path[-1].lower().startswith(start) or name.lower().startswith(start):
            found[name] = {"label": name, "type": "class", "detail": dataset.kind}
        for column in dataset.columns:
            if column.name.lower().startswith(start):
                found.setdefault(column.name, {"label": column.name, "type": "property", "detail": dataset.path[-1]})
    return sorted(found.values(), key=lambda one: (one["type"], one["label"]))[:COMPLETIONS]
