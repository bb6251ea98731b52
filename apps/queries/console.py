"""What the console shows before anything runs: sources, examples, explanation, completion."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings

from apps.catalog.selectors import SourceNotSynced, schema_for_gate
from apps.compliance import gate
from apps.compliance.policy.types import Allowed, OutputColumn, Refused
from portal.accounts.models import User
from portal.accounts.types import Purpose

COMPLETIONS = 40


@dataclass(frozen=True)
class Example:
    key: str
    title: str
    about: str
    source: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """`masked` are the columns of the answer that will not be shown as they are."""

    refused: Refused | None
    masked: tuple[OutputColumn, ...] = ()
    shown: int = 0
    notes: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def examples() -> tuple[Example, ...]:
    """The approved queries that the estate comes with; `estate/queries/*.yaml`."""
    found = []
    for file in sorted((Path(settings.BASE_DIR) / "estate" / "queries").glob("*.yaml")):
        body = yaml.safe_load(file.read_text(encoding="utf-8"))
        found.append(Example(file.stem, body["title"], body["about"], body["source"], body["text"].strip()))
    return tuple(found)


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


def explain(*, user: User, purpose: Purpose, source: str, text: str) -> Explanation:
    decision = gate.judge(user=user, purpose=purpose, source=source, text=text).decision
    if not isinstance(decision, Allowed):
        return Explanation(decision)
    masked = tuple(column for column in decision.columns if column.masked != "no")
    return Explanation(None, masked, len(decision.columns), decision.notes)


def completions(*, user: User, source: str, prefix: str) -> list[dict[str, str]]:
    """Names of tables and columns that start like what is typed; never the whole catalog."""
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
