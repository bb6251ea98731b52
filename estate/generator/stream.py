"""The generated estate as streams of batches, table by table, in an order that the foreign keys allow."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from estate.generator import documents, movements, payments
from estate.generator.draw import Dice, Ints
from estate.generator.people import People, Sizes
from estate.types import Totals

if TYPE_CHECKING:
    import pyarrow as pa

# A multiple of 15 and 16, so that a pair of charges never falls apart between two chunks.
CHUNK = 48_000
# A chunk of documents is one transaction, which the store holds in its cache until it ends.
DOCUMENT_CHUNK = 2_000
Batches = Iterator[tuple[str, "pa.RecordBatch"]]


@dataclass(frozen=True)
class Generated:
    seed: int
    scale: float

    name = "generator"

    @property
    def identity(self) -> str:
        return f"seed {self.seed} scale {self.scale:g}"

    @property
    def people(self) -> People:
        return People(Dice(self.seed), Sizes.of(self.scale))

    def read(self) -> None:
        """Nothing: rows follow from their numbers."""

    def tables(self) -> Batches:
        """(table, batch) of the OLTP; no batch has more than CHUNK rows."""
        people = self.people
        yield from _each("merchants", people.sizes.merchants, people.merchants)
        yield from _each("customers", people.sizes.customers, people.customers)
        yield from _each("payment_methods", people.sizes.methods, people.payment_methods)
        for row in _rows(people.sizes.intents):
            yield "payment_intents", payments.intents_batch(people, row)
            bills, lines = movements.invoices(people, row)
            yield "invoices", bills
            yield "invoice_items", lines
        yield from self._charges(people)

    def collections(self) -> Batches:
        """(collection, batch) of the documents."""
        people = self.people
        charges, customers = people.sizes.charges, people.sizes.customers
        for name, count, make in (
            ("sessions", charges // documents.SESSIONS_PER, documents.sessions),
            ("api_logs", charges // documents.LOGS_PER, documents.api_logs),
            ("feedback", charges // documents.FEEDBACK_PER, documents.feedback),
            ("ml_features", customers, documents.ml_features),
        ):
            yield from _each(name, count, partial(make, people), DOCUMENT_CHUNK)

    def rejects(self) -> tuple[()]:
        """What is malformed here is malformed on purpose, and loads."""
        return ()

    def totals(self) -> Totals:
        """There are no files."""
        return []

    def _charges(self, people: People) -> Batches:
        payouts = movements.Payouts(people)
        for row in _rows(people.sizes.charges):
            charges = payments.Charges(people, row)
            figures = payments.ChargeFigures.of(charges)
            payouts.add(figures)
            yield "charges", payments.charges_batch(people, charges, figures)
            yield "refunds", movements.refunds(people, charges, figures)
            yield "disputes", movements.disputes(people, charges, figures)
            for batch in movements.balance(people, charges, figures):
                yield "balance_transactions", batch
        paid, moved = payouts.batches()
        yield "payouts", paid
        yield "balance_transactions", moved


def fingerprint(batches: Batches) -> str:
    """One hash over every value of every batch, in order."""
    digest = hashlib.sha256()
    for table, batch in batches:
        digest.update(table.encode())
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            digest.update(name.encode())
            digest.update(repr(column.to_pylist()).encode())
    return digest.hexdigest()


def _rows(count: int, chunk: int = CHUNK) -> Iterator[Ints]:
    for start in range(0, count, chunk):
        yield np.arange(start, min(start + chunk, count), dtype=np.int64)


def _each(name: str, count: int, make: Callable[[Ints], "pa.RecordBatch"], chunk: int = CHUNK) -> Batches:
    for row in _rows(count, chunk):
        yield name, make(row)
