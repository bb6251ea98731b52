"""`*`, `t.*` and what may be said after them: EXCLUDE, RENAME, REPLACE, ILIKE."""

import re

from sqlglot import exp

from portal.sql.lineage.expressions import Keyed, value_of
from portal.sql.lineage.frames import Frame
from portal.sql.lineage.values import Value, union

Listed = list[tuple[str, Value]]


def expanded(star: exp.Star, table: str, frame: Frame, keyed: Keyed) -> tuple[Listed, str]:
    """The columns, and why there may be more of them than are known."""
    aliases = [table] if table else list(frame.sources)
    relations = [frame.sources[alias] for alias in aliases if alias in frame.sources]
    if len(relations) < len(aliases):
        return [], f"nothing here is called {table}"
    opaque = next((relation.opaque for relation in relations if relation.opaque), "")
    columns = [pair for relation in relations for pair in relation.columns]
    if not table:
        columns = _merged(columns, frame.merged)
    return _modified(star, columns, frame, keyed), opaque


def _merged(columns: Listed, merged: set[str]) -> Listed:
    """A column of USING stands once, first, with the values of every side."""
    once = {name: union(value for other, value in columns if other == name) for name in merged}
    first = [(name, once[name]) for name in dict.fromkeys(name for name, _ in columns if name in once)]
    return first + [pair for pair in columns if pair[0] not in once]


def _modified(star: exp.Star, columns: Listed, frame: Frame, keyed: Keyed) -> Listed:
    left_out = {each.name for each in star.args.get("except_") or ()}
    renamed = {each.this.name: each.alias for each in star.args.get("rename") or ()}
    replaced = {each.alias: each.this for each in star.args.get("replace") or ()}
    pattern = star.args.get("ilike")
    found: Listed = []
    for name, value in columns:
        if name in left_out or (pattern is not None and not _like(name, pattern.name)):
            continue
        kept = value_of(replaced[name], frame, keyed) if name in replaced else value
        found.append((renamed.get(name, name), kept))
    return found


def _like(name: str, pattern: str) -> bool:
    parts = [".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern]
    return re.fullmatch("".join(parts), name, re.IGNORECASE) is not None
