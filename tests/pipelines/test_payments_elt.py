"""The pipeline of the estate, whole and once: files -> PostgreSQL and MongoDB -> RAW -> dbt -> checks -> catalog."""

import json
from collections.abc import Iterator

import pytest
from django.test import Client

from apps.catalog.models import Check, Dataset, LineageEdge
from apps.pipelines.models import Cursor
from apps.queries.console import Example, examples
from estate import load
from estate.pipelines.payments_elt import PAYMENTS_ELT
from portal.accounts.models import User
from portal.runs.models import LogLine
from portal.stores import open_store
from portal.stores.types import Documents, Sql
from tests.estate.conftest import SMALL, empty, platform, schemas
from tests.pipelines.builders import started
from tests.pipelines.workers import Workers, follow

__all__ = ["platform", "schemas"]


@pytest.fixture
def filled(live_db: None, platform: None) -> Iterator[None]:
    load.load_olist(SMALL, progress=lambda table, rows: None)
    yield
    empty()
    store = open_store("warehouse", "owner")
    for extract in PAYMENTS_ELT.extracts:
        store.execute(Sql(f"delete from {'.'.join(extract.target)}"))


def test_from_the_files_to_the_catalog(filled: None, analyst: User) -> None:
    run = started()
    workers = Workers(run.run)
    try:
        done = follow(workers, run.run, 240, None)
    finally:
        workers.stop()
    assert done, run.run.reason

    agreed = {check.name: check for check in run.checks.filter(kind="comparison")}
    assert all(check.passed for check in agreed.values())
    vouchers = agreed["charges_agree: BRL, voucher"].figures["places"]
    assert [place["place"] for place in vouchers] == ["CSV files", "PostgreSQL", "RAW", "CORE"]
    assert [place["figures"] for place in vouchers] == [{"rows": "2", "amount": "3343"}] * 4
    assert "charges_agree: BRL, not_defined" in agreed

    tests = run.checks.filter(kind="test")
    assert tests.count() > 40
    assert not tests.filter(passed=False).exists()
    assert run.receipts.filter(status="loaded").count() == 9
    assert Cursor.objects.count() == run.receipts.filter(status="loaded").count()

    raw = Dataset.objects.get(path=["ANALYTICS", "RAW", "OLTP_CHARGES"])
    assert (raw.row_count, raw.loaded_at is not None) == (7, True)
    email = LineageEdge.objects.filter(downstream__dataset=raw, downstream__name="RECEIPT_EMAIL")
    assert [edge.upstream.dataset.title for edge in email] == ["public.charges"]
    assert Check.objects.filter(dataset__path=["ANALYTICS", "CORE", "FCT_CHARGES"], passed=True).exists()

    log = "\n".join(LogLine.objects.filter(run=run.run_id).values_list("text", flat=True))
    assert "ok     model CORE.fct_charges" in log
    assert "@example.com" not in log

    client = Client()
    client.force_login(analyst)
    page = client.get(f"/pipelines/runs/{run.run_id}/").content.decode()
    assert "CSV files" in page
    assert "33.43 BRL" in page

    for each in examples():
        says = "Olist sample has none" in each.about or "at least" in each.about
        assert answered(each) or says, f"{each.key} finds nothing here, and its description does not say why"


def answered(example: Example) -> int:
    """Rows of an approved query, as a machine that may read everything gets them."""
    with open_store(example.source, "loader").read(statement(example)) as rows:
        return sum(batch.num_rows for batch in rows)


def statement(example: Example) -> Sql | Documents:
    if example.source != "documents":
        return Sql(example.text)
    asked = json.loads(example.text)
    found = asked.get("pipeline") or [{"$match": asked["filter"]}, {"$project": asked["projection"]}]
    return Documents(asked["collection"], tuple(found))
