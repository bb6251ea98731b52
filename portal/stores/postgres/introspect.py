"""What a PostgreSQL database holds, from its catalogs: names, types, comments, keys, sizes. Never a value."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from portal.stores.types import ColumnInfo, DatasetInfo, DatasetKind, KeyInfo

Cursor = psycopg.Cursor[dict[str, Any]]
KINDS: dict[str, DatasetKind] = {
    "r": "table",
    "p": "table",
    "f": "table",
    "v": "view",
    "m": "materialized_view",
}
# Smaller than this a table is counted; above, the planner's estimate must do.
COUNTED_BYTES = 256 * 1024 * 1024
LITERAL = re.compile(r"'(?:[^']|'')*'")  # in the predicate of an index: somebody's value, perhaps
COUNTED_TOGETHER = 50  # tables in one statement: ten thousand of them would be as many round trips

# Partitions belong to their table; system schemas to nobody.
RELATIONS = b"""
select c.oid, n.nspname as schema, c.relname as name, c.relkind::text as kind, c.reltuples as estimate,
       coalesce(obj_description(c.oid, 'pg_class'), '') as comment,
       case when c.relkind in ('v', 'm') then coalesce(pg_get_viewdef(c.oid), '') else '' end as definition,
       case when c.relkind = 'p' then (select sum(pg_total_relation_size(relid)) from pg_partition_tree(c.oid))
            when c.relkind in ('r', 'm') then pg_total_relation_size(c.oid) end::bigint as size,
       has_table_privilege(c.oid, 'select') as readable,
       coalesce((select array_agg(pg_get_indexdef(i.indexrelid) order by i.indexrelid) from pg_index i
                 where i.indrelid = c.oid), '{}') as indexes
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'v', 'm') and not c.relispartition
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and has_schema_privilege(n.oid, 'usage') and (n.nspname, c.relname) <> ('portico', 'mask_keys')
  and ($1::text[] is null or n.nspname = any($1))
order by n.nspname, c.relname
"""
COLUMNS = b"""
select a.attrelid as oid, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, not a.attnotnull as nullable,
       a.attnum as position, coalesce(col_description(a.attrelid, a.attnum), '') as comment
from pg_attribute a
where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
"""
# Materialised views have no constraints: what a unique index over plain columns holds true is a key, too.
KEYS = b"""
select k.conrelid as oid, k.contype::text as kind, fn.nspname as schema, fc.relname as name,
       array(select a.attname::text from unnest(k.conkey) with ordinality as c(num, place)
             join pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.num order by c.place) as columns,
       array(select a.attname::text from unnest(k.confkey) with ordinality as c(num, place)
             join pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.num order by c.place) as to
from pg_constraint k
left join pg_class fc on fc.oid = k.confrelid left join pg_namespace fn on fn.oid = fc.relnamespace
where k.contype in ('p', 'u', 'f') and k.conrelid = any($1)
union all
select i.indrelid, 'u', null, null,
       array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality as c(num, place)
             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = c.num
             where c.place <= i.indnkeyatts order by c.place), '{}'
from pg_index i
where i.indrelid = any($1) and i.indisunique and i.indpred is null and i.indexprs is null
  and not exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u'))
order by 1, 2, 5
"""
KEY_KINDS: dict[str, Literal["primary", "unique", "foreign"]] = {"p": "primary", "u": "unique", "f": "foreign"}


# By row security a table shows some of its rows, and says nothing of the rest.
READABLE = b"""
select n.nspname as schema, c.relname as name,
       has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') and not row_security_active(c.oid)
         as readable
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'f', 'm') and not c.relispartition
  and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and (n.nspname, c.relname) <> ('portico', 'mask_keys')  -- the keys of tokens (portal.tokens): nobody's data
order by n.nspname, c.relname
"""


def readable(connection: psycopg.Connection, database: str) -> dict[tuple[str, ...], bool]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(READABLE).fetchall()
    return {(database, row["schema"], row["name"]): row["readable"] for row in rows}


def introspect(
    connection: psycopg.Connection, database: str, namespaces: Sequence[str] | None
) -> Iterator[DatasetInfo]:
    with connection.cursor(row_factory=dict_row) as cursor:
        names = None if namespaces is None else list(namespaces)
        relations = cursor.execute(RELATIONS, (names,)).fetchall()
        ids = [relation["oid"] for relation in relations]
        keys = _keys(cursor, ids)
    columns = _columns(connection, ids, keys)
    counted = _counted(connection, relations)
    for relation in relations:
        yield DatasetInfo(
            path=(database, relation["schema"], relation["name"]),
            kind=KINDS[relation["kind"]],
            columns=tuple(columns[relation["oid"]]),
            comment=relation["comment"],
            row_count=counted.get(relation["oid"], _estimate(relation)),
            size_bytes=relation["size"],
            indexes=tuple(LITERAL.sub("'…'", index) for index in relation["indexes"]),
            keys=tuple(keys[relation["oid"]]),
            definition=relation["definition"],
        )


def _keys(cursor: Cursor, relations: list[int]) -> dict[int, list[KeyInfo]]:
    found: dict[int, list[KeyInfo]] = defaultdict(list)
    for row in cursor.execute(KEYS, (relations,)):
        references = (row["schema"], row["name"]) if row["schema"] else ()
        key = KeyInfo(KEY_KINDS[row["kind"]], tuple(row["columns"]), references, tuple(row["to"]))
        if key not in found[row["oid"]]:
            found[row["oid"]].append(key)
    return found


def _columns(
    connection: psycopg.Connection, relations: list[int], keys: dict[int, list[KeyInfo]]
) -> dict[int, list[ColumnInfo]]:
    """A column's own share in the keys of its table: looked up here, and not once per column by the server."""
    primary: set[tuple[int, str]] = set()
    foreign: dict[tuple[int, str], str] = {}
    for oid, listed in keys.items():
        for key in listed:
            if key.kind == "primary":
                primary |= {(oid, name) for name in key.columns}
            for mine, theirs in zip(key.columns, key.to, strict=False):
                foreign.setdefault((oid, mine), ".".join([*key.references, theirs]))
    found: dict[int, list[ColumnInfo]] = defaultdict(list)
    for oid, name, kind, nullable, position, comment in connection.execute(COLUMNS, (relations,)):
        at = (oid, name)
        column = ColumnInfo(name, kind, nullable, position, comment, at in primary, foreign.get(at, ""))
        found[oid].append(column)
    return found


def _counted(connection: psycopg.Connection, relations: list[dict[str, Any]]) -> dict[int, int]:
    """Rows of every table that is small enough to count and that this account may read."""
    small = [
        relation
        for relation in relations
        if relation["kind"] not in ("v", "f") and relation["readable"] and relation["size"] < COUNTED_BYTES
    ]
    found: dict[int, int] = {}
    for together in _batches(small):
        counts = [
            sql.SQL("select {}::oid as oid, count(*) from {}").format(
                sql.Literal(relation["oid"]), sql.Identifier(relation["schema"], relation["name"])
            )
            for relation in together
        ]
        # Rolled back to here a lock is let go; those of ten thousand tables do not fit into the server's memory.
        with connection.transaction(force_rollback=True):
            found |= dict(connection.execute(sql.SQL(" union all ").join(counts)).fetchall())
    return found


def _batches(relations: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Each within the time limit of one statement: few tables, and no more bytes than one of them may have."""
    batch: list[dict[str, Any]] = []
    for relation in relations:
        size = sum(each["size"] for each in batch) + relation["size"]
        if batch and (len(batch) == COUNTED_TOGETHER or size > COUNTED_BYTES):
            yield batch
            batch = []
        batch.append(relation)
    if batch:
        yield batch


def _estimate(relation: dict[str, Any]) -> int | None:
    """None where nobody knows: a view, or a large table that was never analysed."""
    unknown = relation["kind"] in ("v", "f") or relation["estimate"] < 0
    return None if unknown else int(relation["estimate"])
