"""Parquet with the types of the result, a row group at a time; not encrypted, so that any program reads it."""

from collections.abc import Iterator

from apps.queries.exports.types import Export
from apps.queries.exports.writers.outlet import Outlet
from apps.queries.exports.writers.schemas import schema_of


def write(export: Export) -> Iterator[bytes]:
    import pyarrow.parquet as pq

    schema, outlet = schema_of(export), Outlet()
    with pq.ParquetWriter(outlet, schema, compression="zstd") as writer:
        for table in export.tables:
            writer.write_table(table.rename_columns(schema.names).cast(schema))
            yield outlet.drained()
    yield outlet.drained()
