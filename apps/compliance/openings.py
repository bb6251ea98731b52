"""What the gate lets queries call, by kind of store: read from the engine's own vocabulary."""

from dataclasses import dataclass

from django.conf import settings

from apps.compliance.policy.mongo import vocabulary as mongo
from apps.compliance.policy.mongo.reads import OPEN_STAGES
from apps.compliance.policy.sql.openings import openings
from portal.sql.parse import Dialect

DIALECTS: dict[str, Dialect] = {"postgres": "postgres", "snowflake": "snowflake"}
LABELS = {"postgres": "PostgreSQL", "snowflake": "Snowflake", "mongo": "MongoDB"}


@dataclass(frozen=True)
class Group:
    title: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Language:
    """What one kind of store may be asked. `configured` were opened by PORTICO_SQL_FUNCTIONS."""

    kind: str
    label: str
    sources: tuple[str, ...]
    groups: tuple[Group, ...]
    configured: frozenset[str] = frozenset()

    def having(self, words: str) -> "Language":
        """Only the names that contain the text, whatever its case."""
        sought = words.strip().lower()
        groups = tuple(
            Group(group.title, tuple(name for name in group.names if sought in name.lower())) for group in self.groups
        )
        return Language(self.kind, self.label, self.sources, groups, self.configured)

    def opens(self, name: str) -> bool:
        return any(name.lower() == known.lower() for group in self.groups for known in group.names)


def opened_functions() -> frozenset[str]:
    return frozenset(word.lower() for word in settings.SQL_FUNCTIONS)


def languages() -> tuple[Language, ...]:
    kinds = dict.fromkeys(str(store["kind"]) for store in settings.STORES.values())
    return tuple(language(kind) for kind in kinds)


def language(kind: str) -> Language:
    sources = tuple(name for name, store in settings.STORES.items() if store["kind"] == kind)
    if kind == "mongo":
        return Language(kind, LABELS[kind], sources, documents())
    found = openings(DIALECTS[kind], opened_functions())
    groups = (Group("Functions", found.functions), Group("Functions that give rows", found.tables))
    return Language(kind, LABELS[kind], sources, groups, found.configured)


def documents() -> tuple[Group, ...]:
    named = (
        ("Stages", OPEN_STAGES),
        ("Operators in expressions", mongo.EXPRESSIONS),
        ("Operators of groups", mongo.ACCUMULATORS),
        ("Operators of windows", mongo.WINDOWED),
        ("Operators in conditions", mongo.MATCHES | mongo.LOGIC),
    )
    return tuple(Group(title, tuple(sorted(names))) for title, names in named)
