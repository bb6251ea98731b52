"""Where PostgreSQL and the warehouse say the same in other words: see `tables.py`."""

# ruff: noqa: S608 - names come from the catalog and from the store itself, and are quoted; values are bound

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from apps.compliance.subjects.fates import FIXED
from apps.compliance.subjects.match import Matcher
from apps.compliance.subjects.quoting import address, dumped, fits, is_json, quote, quoted
from apps.compliance.subjects.reach import Target, chunks
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.tables import ROWS, TIMEOUT_S, Part, Tables
from apps.compliance.subjects.types import ColumnFate, Owner, Path
from portal.stores.types import Sql

OWN = 12  # signs by which a masked value differs from the next


def has_room(kind: str) -> bool:
    width = kind.partition("(")[2].rstrip(")")
    return not width.isdigit() or int(width) > len(FIXED) + OWN


class Postgres(Tables):
    batch_rows = 10_000
    # Without, PostgreSQL makes the JSON of a row anew for each value that it looks for: three times the time.
    fence = " offset 0"

    def rows(self, text: str, params: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        """In a transaction: there parameters are bound for the planner to see, and keys find their index."""
        with (
            self.store.transaction() as bound,
            bound.read(Sql(text, params), batch_rows=ROWS, timeout_s=TIMEOUT_S) as r,
        ):
            for batch in r:
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def among(self, owner: Owner, values: frozenset[str]) -> Part:
        column = quote(owner.column)
        if owner.domain == EMAIL:
            return f"{address(column)} = any(%s::text[])", (sorted(values),)
        kind = owner.type.split("(")[0]
        cast = "" if kind in ("", "text") else f"::{kind}[]"
        return f"{column} = any(%s::text[]{cast})", (sorted(each for each in values if fits(kind, each)),)

    def document(self, path: Path) -> str:
        """`json` stays as it was typed, with two equal keys and what no `jsonb` may hold (a null character, 1e999999):
        its text is looked at, and no such row stops a search."""
        types = self.types(path)
        if "json" not in types.values():
            # With the star it is the row, also where a column has the alias's name.
            return "to_jsonb(t.*)::text"
        columns = (
            f"t.{quote(name)}{'::text' if kind == 'json' else ''} as {quote(name)}" for name, kind in types.items()
        )
        return f"(select to_jsonb(portico_row.*)::text from (select {', '.join(columns)}) portico_row)"

    def replaced(self, target: Target, fate: ColumnFate, kind: str) -> tuple[str, Part, Part]:
        """Where no two rows may say the same, each says something of its own that tells nothing."""
        if fate.replacement != FIXED or not self.is_unique(target.dataset.path, fate.name):
            return super().replaced(target, fate, kind)
        column = quote(fate.name)
        own = f"(%s || '-' || substr(md5(random()::text), 1, {OWN}))::{kind}"
        return fate.name, (own, (FIXED,)), (f"not starts_with({column}::text, %s)", (FIXED,))

    def writable(self, path: Path) -> dict[str, str]:
        text = (
            "select a.attname::text as n from pg_attribute a where a.attgenerated <> '' "
            "and a.attrelid = to_regclass(%s)"
        )
        computed = {str(name) for (name,) in self.rows(text, (quoted(path[1:]),))}
        return {name: kind for name, kind in self.types(path).items() if name not in computed}

    def clashing(self, path: Path, fates: Sequence[ColumnFate]) -> Sequence[str]:
        """NULL is never the same as NULL; a text says something of its own where there is room for it."""
        types = self.writable(path)
        return [
            fate.name
            for fate in fates
            if fate.name in types
            and fate.replacement is not None
            and not (fate.replacement == FIXED and has_room(types[fate.name]))
            and self.is_unique(path, fate.name)
        ]

    def is_unique(self, path: Path, column: str) -> bool:
        word = re.compile(rf'(?<![\w"]){re.escape(column)}(?!\w)|"{re.escape(column)}"')
        indexes = [text for info in self.live() if info.path == path for text in info.indexes]
        return any("CREATE UNIQUE INDEX" in text and word.search(text.partition(" USING ")[2]) for text in indexes)

    def without(self, kind: str, value: Any, matcher: Matcher) -> Any:
        after = matcher.cut_all(value)
        if kind == "json" and after != value and not is_json(after):  # a number in it was the person's
            return dumped(matcher.cut_all(json.loads(value)))
        return after

    def contains(self, text: str) -> str:
        return f"strpos({text}, %s) > 0"

    def assigned(self, kind: str) -> str:
        return f"%s::text::{kind}"

    def limited(self, target: Target, where: str) -> str:
        if not target.key:
            return where
        key, name = quote(target.key), self.name(target)
        return f"{key} = any(array(select {key} from {name} where {where} limit {self.batch_rows}))"

    def rewritten(self, column: str, kind: str, before: Any, after: Any) -> tuple[Part, Part]:
        name = quote(column)
        if kind.endswith("[]"):
            listed = f"array(select jsonb_array_elements_text(%s::text::jsonb))::{kind}"
            return (listed, (dumped(after),)), (f"to_jsonb({name}) = %s::text::jsonb", (dumped(before),))
        if kind == "jsonb":
            return ("%s::text::jsonb", (dumped(after),)), (f"{name} = %s::text::jsonb", (dumped(before),))
        return (f"%s::text::{kind}", (after,)), (f"{name}::text = %s::text", (str(before),))


class Snowflake(Tables):
    """Keys travel as a JSON array: no table of them is left behind, and the account needs no right to make one."""

    chunk = 20_000
    tab = r"\\t"

    def among(self, owner: Owner, values: frozenset[str]) -> Part:
        column = f"cast({quote(owner.column)} as varchar)"
        column = address(column) if owner.domain == EMAIL else column
        parts = [
            f"{column} in (select value::varchar from table(flatten(input => parse_json(%s))))"
            for _ in chunks(values, self.chunk)
        ]
        return f"({' or '.join(parts)})", tuple(json.dumps(part) for part in chunks(values, self.chunk))

    def document(self, path: Path) -> str:
        return "to_json(object_construct(*))"

    def contains(self, text: str) -> str:
        return f"contains({text}, %s)"

    def assigned(self, kind: str) -> str:
        return "parse_json(%s)" if kind in ("VARIANT", "OBJECT", "ARRAY") else f"cast(%s as {kind})"

    def differs(self, column: str, kind: str, replacement: str) -> Part:
        return f"({column} is null or cast({column} as varchar) <> %s)", (replacement,)

    def rewritten(self, column: str, kind: str, before: Any, after: Any) -> tuple[Part, Part]:
        name = quote(column)
        if kind in ("VARIANT", "OBJECT", "ARRAY", "JSON"):
            same = f"parse_json(to_json({name})) = parse_json(%s)"
            return ("parse_json(%s)", (dumped(after),)), (same, (dumped(before),))
        return ("%s", (after,)), (f"cast({name} as varchar) = %s", (str(before),))
