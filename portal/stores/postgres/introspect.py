"""What a PostgreSQL database holds, from its catalogs: names, types, comments, keys, sizes. Never a value."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from portal.stores.types import ColumnInfo, DatasetInfo, DatasetKind

KINDS: dict[str, DatasetKind] = {
    "r": "table",
    "p": "table",
    "f": "table",
    "v": "view",
    "m": "materialized_view",
}
# Smaller than this a table is counted; above, the planner's estimate must do.
COUNTED_BYTES = 256 * 1024 * 1024

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
       a.attnum as position, coalesce(col_description(a.attrelid, a.attnum), '') as comment,
       exists (select from pg_index i where i.indrelid = a.attrelid and i.indisprimary and a.attnum = any(i.indkey))
         as primary_key,
       coalesce((select format('%s.%s.%s', fn.nspname, fc.relname, fa.attname)
                 from pg_constraint k
                 cross join unnest(k.conkey, k.confkey) as pair(mine, theirs)
                 join pg_class fc on fc.oid = k.confrelid join pg_namespace fn on fn.oid = fc.relnamespace
                 join pg_attribute fa on fa.attrelid = k.confrelid and fa.attnum = pair.theirs
                 where k.contype = 'f' and k.conrelid = a.attrelid and pair.mine = a.attnum
                 order by k.oid limit 1), '') as references
from pg_attribute a
where a.attrelid = any($1) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
"""


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
        columns: dict[int, list[ColumnInfo]] = defaultdict(list)
        for row in cursor.execute(COLUMNS, ([relation["oid"] for relation in relations],)):
            columns[row.pop("oid")].append(ColumnInfo(**row))
    for relation in relations:
        yield DatasetInfo(
            path=(database, relation["schema"], relation["name"]),
            kind=KINDS[relation["kind"]],
            columns=tuple(columns[relation["oid"]]),
            comment=relation["comment"],
            row_count=_rows(connection, relation),
            size_bytes=relation["size"],
            indexes=tuple(relation["indexes"]),
            definition=relation["definition"],
        )


def _rows(connection: psycopg.Connection, relation: dict[str, Any]) -> int | None:
    """None where nobody knows: a view, or a large table that was never analysed."""
    if relation["kind"] in ("v", "f"):
        return None
    if relation["readable"] and relation["size"] < COUNTED_BYTES:
        table = sql.Identifier(relation["schema"], relation["name"])
        row = connection.execute(sql.SQL("select count(*) from {}").format(table)).fetchone()
        return int(row[0]) if row else None
    return None if relation["estimate"] < 0 else int(relation["estimate"])
