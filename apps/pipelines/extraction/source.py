"""One source, whichever kind it is: its newest row, its columns, and the rows of a window."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.conf import settings

from apps.pipelines.definitions import Extract
from apps.pipelines.drift import Drift, compare, document_paths
from apps.pipelines.extraction import documents, postgres, ranges
from apps.pipelines.extraction.conform import Conformer, store_type
from apps.pipelines.extraction.rejects import KEPT, Rejects
from apps.pipelines.extraction.typing import stage_schema
from apps.pipelines.windows import Head, Position, Window
from portal.stores.types import Rows, Snapshots, Sql, Statement, Store, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)
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

    @contextmanager
    def parts(
        self, window: Window, conform: Conform, types: Mapping[str, str]
    ) -> "Iterator[tuple[Iterator[pa.RecordBatch], ...]]":
        """The window's rows, in one part or more: each part decodes ahead in a thread of its own, and all of them see
        the same snapshot. `types` are those that `columns` found. Left early, it stops what still reads."""
        with ExitStack() as stack:
            opened = [stack.enter_context(rows) for rows in self._open(window, types)]
            # A generator per part, so that each batch is conformed where it is taken: in the thread of the step.
            yield tuple(map(conform, rows) for rows in opened)

    def _open(self, window: Window, types: Mapping[str, str]) -> Sequence[Rows]:
        if self._documents:
            statement: Statement = documents.rows(self.extract, window)
            return [self.store.read(statement, batch_rows=BATCH_DOCUMENTS, timeout_s=READ_TIMEOUT_S)]
        whole = postgres.rows(self.extract, window, types)
        conditions = self._ranges(window, whole)
        if conditions:
            split = [postgres.rows(self.extract, window, types, part=condition) for condition in conditions]
            try:
                return cast(Snapshots, self.store).read_together(split, batch_rows=BATCH_ROWS, timeout_s=READ_TIMEOUT_S)
            except StoreError as error:
                # No second connection is free, or the address leads to servers that share no snapshot: slower, not
                # wrong. What is wrong with the statement itself is said again by the next line.
                if error.code == "cancelled":
                    raise
                log.warning("%s is read on one connection: %s", self.extract.key, error.public)
        return [self.store.read(whole, batch_rows=BATCH_ROWS, timeout_s=READ_TIMEOUT_S)]

    def _ranges(self, window: Window, whole: Sql) -> Sequence[str]:
        count = settings.EXTRACT_CONNECTIONS
        if count < 2 or ranges.planned_rows(str(self._value(ranges.estimate(whole)))) < ranges.LARGE_ROWS:
            return ()
        if window.lower:
            return ranges.by_time(self.extract, window, count)
        pages = cast("int | None", self._value(ranges.pages(self.extract)))
        return ranges.by_page(pages, count) if pages else ()

    def _value(self, statement: Statement) -> object:
        with self.store.read(statement) as rows:
            return next((batch.column(0)[0].as_py() for batch in rows if batch.num_rows), None)

    def conformer(self) -> Conformer:
        columns = self.extract.columns
        targets = {column.source: column.target for column in columns}
        return Conformer(
            stage_schema(columns),
            frozenset(column.target for column in columns if column.type == "VARIANT"),
            keys=tuple(targets[key] for key in self.extract.keys),
            cursor=targets[self.extract.cursor],
        )

    def left_out(self, rejects: Rejects) -> None:
        """Rows that no window can hold, because their cursor is nothing, infinite, or of another type."""
        ask = documents if self._documents else postgres
        column = next(column.target for column in self.extract.columns if column.source == self.extract.cursor)
        count = cast("int | None", self._value(ask.count_left_out(self.extract))) or 0
        if not count:
            return
        with self.store.read(ask.left_out(self.extract, KEPT)) as rows:
            keys = (tuple(row.values()) for batch in rows for row in batch.to_pylist())
            rejects.add(column, "cursor", keys, count=count)
