"""One source, whichever kind it is: its newest row, its columns, and the rows of a window."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from apps.pipelines.definitions import Extract
from apps.pipelines.drift import Drift, compare, document_paths
from apps.pipelines.extraction import documents, postgres
from apps.pipelines.extraction.conform import Conformer, store_type
from apps.pipelines.extraction.typing import stage_schema
from apps.pipelines.windows import Head, Position, Window
from portal.stores.types import Statement, Store

if TYPE_CHECKING:
    import pyarrow as pa

Conform = Callable[["pa.RecordBatch"], "pa.RecordBatch"]
BATCH_ROWS = 65_536
# Documents pass through Python objects, some kilobytes each, on their way into columns.
BATCH_DOCUMENTS = 5_000
READ_TIMEOUT_S = 4 * 3600


@dataclass(frozen=True)
class Source:
    store: Store
    extract: Extract

    @property
    def _documents(self) -> bool:
        return self.store.kind == "mongo"

    def head(self) -> Head | None:
        statement: Statement = documents.head(self.extract) if self._documents else postgres.head(self.extract)
        with self.store.read(statement) as rows:
            for batch in rows:
                for row in batch.to_pylist():
                    return Head(Position(row["at"], row["key"] or ""), row["clock"])
        return None

    def columns(self) -> dict[str, str]:
        """Names and the store's types of the source's columns, or of the paths that a sample of its documents has."""
        if not self._documents:
            with self.store.read(postgres.columns(self.extract)) as rows:
                return {field.name: store_type(field) for field in rows.schema}
        found = self.store.introspect(namespaces=[self.extract.path[-1]])
        return {column.name: column.type for info in found for column in info.columns}

    def drift(self, found: Iterable[str], before: Sequence[str] | None) -> Drift:
        return (document_paths if self._documents else compare)(self.extract, list(found), before)

    def batches(self, window: Window, conform: Conform, types: Mapping[str, str]) -> "Iterator[pa.RecordBatch]":
        """`types` are those that `columns` found."""
        statement: Statement = (
            documents.rows(self.extract, window) if self._documents else postgres.rows(self.extract, window, types)
        )
        batch_rows = BATCH_DOCUMENTS if self._documents else BATCH_ROWS
        with self.store.read(statement, batch_rows=batch_rows, timeout_s=READ_TIMEOUT_S) as rows:
            for batch in rows:
                yield conform(batch)

    def conformer(self) -> Conformer:
        columns = self.extract.columns
        return Conformer(
            stage_schema(columns), frozenset(column.target for column in columns if column.type == "VARIANT")
        )
