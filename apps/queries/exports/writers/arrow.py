"""An Arrow IPC file, as Feather's version 2; the batches are the row groups of the result."""

from collections.abc import Iterator

from apps.queries.exports.types import Export
from apps.queries.exports.writers.outlet import Outlet
from apps.queries.exports.writers.schemas import schema_of


def write(export: Export) -> Iterator[bytes]:
    import pyarrow as pa

    schema, outlet = schema_of(export), Outlet()
    with pa.ipc.new_file(outlet, schema) as writer:
        for table in export.tables:
            writer.write_table(table.rename_columns(schema.names).cast(schema))
            yield outlet.drained()
    yield outlet.drained()
