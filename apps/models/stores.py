"""The trainings' one way into a store: the account `loader`, reading the one dataset that a training names. Keys are
pseudonymous, and inputs are counts, sums and flags; nothing that names a person is selected."""

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa

from apps.models.definitions import Training
from portal.runs.types import StepContext
from portal.stores import open_store
from portal.stores.types import Sql


def columns_of(training: Training) -> list[str]:
    return [*training.keys, training.time, *training.inputs, training.label]


def rows(context: StepContext, training: Training, *, since: datetime | None = None) -> Iterator[pa.RecordBatch]:
    """All rows in the order of their keys, or those from `since` on. Raises StoreError."""
    store = open_store(training.source, "loader")
    context.on_cancel(store.cancel)
    names = ", ".join(f'"{name}"' for name in columns_of(training))
    table = ".".join(f'"{part}"' for part in training.path)
    where = f' where "{training.time}" >= %s' if since else ""
    order = ", ".join(f'"{name}"' for name in training.keys)
    text = f"select {names} from {table}{where} order by {order}"  # noqa: S608 - names of the definition only
    with store.read(Sql(text, (since,) if since else ())) as found:
        yield from found


def newest(training: Training) -> datetime | None:
    table = ".".join(f'"{part}"' for part in training.path)
    text = f'select max("{training.time}") as newest from {table}'  # noqa: S608 - names of the definition only
    with open_store(training.source, "loader").read(Sql(text)) as found:
        values = [value for batch in found for value in batch.column(0).to_pylist()]
    moment: datetime | None = values[0] if values else None
    return moment
