"""The estate as it is: real stores, dbt's own compiled statements, the governance file. Nothing made up."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from apps.catalog import services
from apps.catalog.models import Column, Dataset, Derivation
from apps.catalog.types import EdgesReport, ImportReport
from apps.compliance import gate
from apps.compliance.policy.types import Masking
from apps.compliance.services import apply_governance
from apps.pipelines.building import arguments, environment
from apps.pipelines.publishing import load_edges
from apps.queries.library import shipped
from apps.queries.library.models import LibraryEntry
from apps.queries.results import chosen
from apps.queries.values import plain
from estate.load import load_generated
from estate.pipelines.definition import Extract
from estate.pipelines.payments_elt import PAYMENTS_ELT
from portal.accounts.models import User
from portal.stores import open_store
from portal.stores.types import Documents, Sql
from tests.catalog.builders import HOUSE, column
from tests.people import person

BASE = Path(__file__).resolve().parents[2]


def quiet(*_: Any, **__: Any) -> None:
    """Nobody watches the progress."""


@pytest.fixture(scope="module")
def built(mongo: None, warehouse: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few payments and documents, copied into the RAW tables, every model built over them. dbt's target folder."""
    load_generated(7, 0.05, progress=quiet)
    for extract in PAYMENTS_ELT.extracts:
        copy(extract)
    target = tmp_path_factory.mktemp("target")
    command = arguments(PAYMENTS_ELT.transforms[0], target)
    command[command.index("build")] = "run"
    ended = subprocess.run(
        command, env={**os.environ, **environment(target)}, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    return target


def copy(extract: Extract) -> None:
    """What a load brings, without its receipts; arrays of documents stay out, no model asks for them."""
    flat = [one for one in extract.columns if one.type != "VARIANT"]
    if extract.source == "oltp":
        names = ", ".join(f'{one.source} as "{one.target}"' for one in flat)
        asked: Any = Sql(f"select {names} from {'.'.join(extract.path)}")
    else:
        asked = Documents(
            extract.path[0], ({"$project": {"_id": 0, **{one.target: f"${one.source}" for one in flat}}},)
        )
    with open_store(extract.source, "loader").read(asked) as rows:
        batches = [stamped(batch) for batch in rows]
    store = open_store("warehouse", "owner")
    store.execute(Sql(f"delete from {'.'.join(extract.target)}"))
    store.write(extract.target, batches)


def stamped(batch: pa.RecordBatch) -> pa.RecordBatch:
    now = pa.scalar("2026-01-01T00:00:00").cast(pa.timestamp("us")).cast(pa.timestamp("us", "UTC"))
    added = {"_LOADED_AT": now, "_RUN_ID": pa.scalar(1), "_BATCH": pa.scalar("1")}
    for name, value in added.items():
        batch = batch.append_column(name, pa.repeat(value, batch.num_rows))
    return batch


@dataclass(frozen=True)
class Known:
    edges: EdgesReport
    report: ImportReport


@pytest.fixture(scope="module")
def known(built: Path, django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Known]:
    """The catalog and the rules over it, once: all of it is rolled back after the module."""
    with django_db_blocker.unblock(), transaction.atomic():
        for source in ("oltp", "documents", "warehouse"):
            services.sync_source(actor=HOUSE, source=source)
        edges = services.replace_edges(actor=HOUSE, origin="pipeline:payments_elt", edges=load_edges(PAYMENTS_ELT, 1))
        report = services.import_dbt(actor=HOUSE, target_dir=built, source="warehouse")
        apply_governance(actor=HOUSE, file=BASE / "estate" / "governance" / "payments.yaml")
        yield Known(edges, report)
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def undone(known: Known) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_the_estate_is_known_from_end_to_end(known: Known) -> None:
    assert known.edges.unmatched == ()
    assert known.report.incomplete == {}
    assert known.report.unmatched == ()
    assert known.report.complete == known.report.models >= 20
    assert not Derivation.objects.filter(how="unknown").exists()
    live = Column.objects.filter(retired_at=None, dataset__retired_at=None, dataset__source__name="warehouse")
    hidden = live.filter(certainty="none").order_by("dataset__name", "position")
    assert [f"{c.dataset.title}.{c.name}: {c.evidence}" for c in hidden.select_related("dataset")] == []
    email = column("warehouse/CORE.DIM_CUSTOMERS/EMAIL")
    assert (email.category, email.certainty) == ("user.contact.email", "inferred")
    assert not Dataset.objects.filter(namespace="ANALYTICS.CORE", lineage=Dataset.Lineage.UNKNOWN).exists()


def answer(query: shipped.Shipped, user: User) -> list[list[Any]]:
    with gate.run_query(
        user=user, purpose=query.audience.purpose, source=query.source, text=query.content.text
    ) as found:
        names = [one.name for one in found.columns]
        tables = [chosen(batch, names, by_name=query.source == "documents") for batch in found.batches]
    return [[plain(value) for value in row.values()] for table in tables for row in table.to_pylist()]


def test_every_query_that_is_shipped_answers_its_audience(known: Known) -> None:
    """Not empty, and each of its columns says something, but those that its mask hides."""
    wrong = []
    for query in shipped.queries():
        user = person(f"any {query.audience.role}", query.audience.role)
        try:
            rows = answer(query, user)
        except (gate.QueryRefused, gate.QueryFailed) as error:  # all of them are told at once
            wrong.append(f"{query.key}: {getattr(error, 'refused', error)}")
            continue
        decision: Any = gate.judge(
            user=user, purpose=query.audience.purpose, source=query.source, text=query.content.text
        ).decision
        clear = [at for at, one in enumerate(decision.columns) if one.masked is Masking.NO]
        blank = [decision.columns[at].name for at in clear if all(row[at] is None for row in rows)]
        if not rows or blank:
            wrong.append(f"{query.key}: {len(rows)} rows, nothing in {blank}")
    assert not wrong, "\n".join(wrong)
    assert len(shipped.queries()) >= 25
    assert sum(query.source == "documents" for query in shipped.queries()) >= 6


def test_they_enter_the_library_once(known: Known) -> None:
    report = shipped.load(actor=HOUSE)
    assert (report.refused, report.added) == ((), len(shipped.queries()))
    again = shipped.load(actor=HOUSE)
    assert (again.added, again.unchanged) == (0, len(shipped.queries()))
    assert {entry.state for entry in LibraryEntry.objects.all()} == {"approved"}
