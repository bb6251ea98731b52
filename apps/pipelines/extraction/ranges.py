"""Which ranges a large window of a PostgreSQL table is read in. Plain conditions: no row meets two, none meets none.

A whole table is cut into pieces of its pages, which needs no statistics and reads each page once. A window that has a
lower bound is cut in time, because its rows may be a small part of the table, and an index finds them.
"""

import json
from collections.abc import Iterator

from apps.pipelines.definitions import Extract
from apps.pipelines.extraction.postgres import literal, moment, name, table
from apps.pipelines.windows import Window
from portal.stores.types import Sql

# Below it, opening a second connection and two plans take longer than the other half of the rows.
LARGE_ROWS = 100_000


def estimate(rows: Sql) -> Sql:
    return Sql(f"explain (format json) {rows.text}")


def planned_rows(plan: str) -> int:
    return int(json.loads(plan)[0]["Plan"]["Plan Rows"])


def pages(extract: Extract) -> Sql:
    """No row for what has no pages of its own: a view, a partitioned or a foreign table."""
    return Sql(
        "select pg_relation_size(oid) / current_setting('block_size')::int as pages from pg_class "  # noqa: S608
        f"where oid = to_regclass({literal(table(extract))}) and relkind in ('r', 'm')"
    )


def by_page(pages: int, count: int) -> tuple[str, ...]:
    """Open at both ends: a page that was added meanwhile belongs to the last range."""
    cuts = [f"'({pages * place // count},0)'::tid" for place in range(1, count)]
    return tuple(_between("ctid", cuts))


def by_time(extract: Extract, window: Window, count: int) -> tuple[str, ...]:
    assert window.lower is not None
    step = (window.upper.at - window.lower.at) / count
    cuts = [moment(window.lower.at + step * place) for place in range(1, count)]
    return tuple(_between(name(extract.cursor), cuts))


def _between(what: str, cuts: list[str]) -> Iterator[str]:
    for lower, upper in zip([None, *cuts], [*cuts, None], strict=True):
        bounds = [f"{what} >= {lower}" if lower else "", f"{what} < {upper}" if upper else ""]
        yield " and ".join(bound for bound in bounds if bound)
