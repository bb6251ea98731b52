"""The names in reach of an expression, and what each stands for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import exp

from portal.sql.lineage.values import NO_ROWS, Rows, Value, deciding, through, union, unknown


@dataclass(frozen=True)
class Relation:
    """Columns in order. `opaque` is why it may have more columns than are known; `rows` what decides about its rows,
    which whoever reads it inherits."""

    columns: tuple[tuple[str, Value], ...]
    opaque: str = ""
    rows: Rows = NO_ROWS

    @cached_property
    def by_name(self) -> Mapping[str, Value]:
        """Looked up once a column of whoever reads it: without it a wide SELECT over a wide table is quadratic."""
        found: dict[str, Value] = {}
        for name, value in self.columns:
            found[name] = union([found[name], value]) if name in found else value
        return found

    def get(self, name: str) -> Value | None:
        return self.by_name.get(name)

    def names(self) -> list[str]:
        return [name for name, _ in self.columns]

    def whole(self) -> Value:
        values = [value for _, value in self.columns]
        return union([*values, unknown(self.opaque)] if self.opaque else values)

    def renamed(self, names: Iterable[str]) -> "Relation":
        """The first columns get the names of an alias list: `as t(a, b)`."""
        listed = list(names)
        kept = [name for name, _ in self.columns][len(listed) :]
        values = [value for _, value in self.columns]
        if len(values) < len(listed) and self.opaque:
            values += [unknown(self.opaque)] * (len(listed) - len(values))
        return Relation(tuple(zip([*listed, *kept], values, strict=False)), self.opaque, self.rows)


@dataclass
class Frame:
    """One SELECT's sources by alias; `merged` are columns that USING made one; `outer` is the SELECT around it."""

    read: Callable[[exp.Query, "Frame"], Relation]
    ctes: Mapping[str, Relation]
    outer: "Frame | None" = None
    sources: dict[str, Relation] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    aliases: dict[str, Value] = field(default_factory=dict)
    rows: Rows = NO_ROWS

    def decide(self, value: Value, role: str) -> None:
        self.rows |= deciding(value, role)

    def add(self, alias: str, relation: Relation) -> None:
        self.rows |= relation.rows
        self.sources[alias or f" {len(self.sources)}"] = relation

    def column(self, name: str, table: str = "") -> Value:
        found = self._qualified(name, table) if table else self._bare(name)
        if found is not None:
            return found
        if self.outer:
            return self.outer.column(name, table)
        return unknown(f"nothing here is called {table + '.' if table else ''}{name}")

    def _qualified(self, name: str, table: str) -> Value | None:
        relation = self.sources.get(table)
        if relation is None:
            return None
        return relation.get(name) or unknown(relation.opaque or f"{table} has no column {name}")

    def _bare(self, name: str) -> Value | None:
        found = [value for relation in self.sources.values() if (value := relation.get(name))]
        if found:
            return union(found)
        if name in self.aliases:
            return self.aliases[name]
        if name in self.sources:  # a whole row as a value: row_to_json(t)
            return through(self.sources[name].whole(), "expression")
        return next((unknown(r.opaque) for r in self.sources.values() if r.opaque), None)

    def position(self, number: int) -> Value:
        """`$1`: the first column of all sources."""
        values = [value for relation in self.sources.values() for _, value in relation.columns]
        if 0 < number <= len(values):
            return values[number - 1]
        return unknown(f"there is no column ${number}")

    def whole(self) -> Value:
        return union(relation.whole() for relation in self.sources.values())
