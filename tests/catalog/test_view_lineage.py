"""Definitions of views become lineage at each sync; what is not understood is said and holds nothing up."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.catalog.findings.models import Finding
from apps.catalog.models import Dataset, LineageEdge
from apps.catalog.row_edges.models import RowEdge
from portal.stores.types import DatasetInfo
from tests.catalog.builders import column, dataset, info, ref, seen, shop
from tests.catalog.test_import_dbt import imported, node, ready

pytestmark = pytest.mark.django_db

CUSTOMERS = info("payments.public.customers", "id text", "email text", "status text")
PAID = " SELECT c.id,\n    lower(c.email) AS mail,\n    1 AS one\n   FROM customers c\n  WHERE c.status = 'x'::text;"


def view(definition: str, kind: str = "view") -> DatasetInfo:
    return info("payments.app.paying", "id text", "mail text", "one int", kind=kind, definition=definition)


def edges(origin_of: Dataset) -> set[tuple[str, str, str]]:
    rows = LineageEdge.objects.filter(origin=f"view:{origin_of.pk}").select_related("upstream", "downstream")
    return {(edge.upstream.name, edge.downstream.name, edge.transform) for edge in rows}


@pytest.mark.parametrize("kind", ["view", "materialized_view"])
def test_a_view_of_postgres_tells_where_its_columns_come_from(kind: str) -> None:
    seen("oltp", [CUSTOMERS, view(PAID, kind)])
    found = dataset("oltp", "paying")
    assert edges(found) == {("id", "id", "copy"), ("email", "mail", "expression")}
    row = RowEdge.objects.get()
    assert (row.upstream.name, row.downstream, row.role, row.evidence_kind) == ("status", found, "filter", "view")
    assert found.lineage == Dataset.Lineage.KNOWN
    assert column("oltp/app.paying/one").derivations.get().how == "constant"


def test_the_same_sync_again_keeps_the_revision_and_another_definition_does_not() -> None:
    first = seen("oltp", [CUSTOMERS, view(PAID)])
    assert seen("oltp", [CUSTOMERS, view(PAID)]).revision == first.revision
    assert seen("oltp", [CUSTOMERS, view(PAID.replace("c.email", "c.status"))]).revision > first.revision
    assert edges(dataset("oltp", "paying")) == {("id", "id", "copy"), ("status", "mail", "expression")}


def test_a_definition_that_is_not_understood_is_a_finding_until_it_is() -> None:
    other = info("payments.public.fine", "id text", kind="view", definition="select id from customers")
    seen("oltp", [CUSTOMERS, other, view("select from where ('jane'")])
    finding = Finding.objects.get(closed_at=None)
    assert (finding.kind, finding.dataset) == ("statement_not_read", dataset("oltp", "paying"))
    assert "jane" not in finding.summary + finding.detail
    assert dataset("oltp", "paying").lineage == Dataset.Lineage.UNKNOWN
    assert edges(dataset("oltp", "fine")) == {("id", "id", "copy")}
    seen("oltp", [CUSTOMERS, view(PAID)])
    assert not Finding.objects.filter(closed_at=None).exists()


def test_views_that_read_each_other_end() -> None:
    one = info("payments.public.one", "a text", kind="view", definition="select a from two")
    two = info("payments.public.two", "a text", kind="view", definition="select a from one")
    seen("oltp", [one, two])
    assert edges(dataset("oltp", "one")) == {("a", "a", "copy")}
    assert column("oltp/public.one/a").certainty == "none"


def test_snowflake_tells_the_whole_create_view() -> None:
    shop()
    infos = [
        info("ANALYTICS.RAW.OLTP_CUSTOMERS", "ID TEXT", "EMAIL TEXT", "STATUS TEXT"),
        info(
            "ANALYTICS.RAW.MAILS",
            "WHO TEXT",
            "MAIL TEXT",
            kind="view",
            definition='create or replace view MAILS(WHO, "MAIL") as select id, email from oltp_customers;',
        ),
    ]
    seen("warehouse", infos)
    assert edges(dataset("warehouse", "MAILS")) == {("ID", "WHO", "copy"), ("EMAIL", "MAIL", "copy")}


def test_a_view_that_dbt_built_is_told_by_dbt(tmp_path: Path) -> None:
    ready()
    infos = [
        info("ANALYTICS.RAW.OLTP_CUSTOMERS", "ID TEXT", "EMAIL TEXT", "STATUS TEXT", "_LOADED_AT TIMESTAMP_TZ"),
        info("ANALYTICS.CORE.DIM_CUSTOMERS", "EMAIL TEXT", kind="view", definition="select ~~ from"),
    ]
    seen("warehouse", infos)
    imported(tmp_path, node("dim_customers", "CORE", "select email from raw.oltp_customers"))
    assert edges(dataset("warehouse", "DIM_CUSTOMERS")) == set()
    assert column("warehouse/CORE.DIM_CUSTOMERS/EMAIL").category == "user.contact.email"
    seen("warehouse", infos)
    assert column("warehouse/CORE.DIM_CUSTOMERS/EMAIL").category == "user.contact.email"
    assert not Finding.objects.filter(closed_at=None).exists()


def documents(pipeline: list[Any], on: str = "sessions") -> Dataset:
    definition = json.dumps({"viewOn": on, "pipeline": pipeline})
    fields = ("_id string", "user object", "user.ip string", "pages array", "pages[] object", "pages[].at date")
    seen(
        "documents",
        [
            info("payments.sessions", *fields, "kind string", kind="collection"),
            info("payments.recent", *fields, kind="view", definition=definition),
        ],
    )
    return dataset("documents", "recent")


def test_a_view_of_documents_keeps_its_fields() -> None:
    found = documents([{"$match": {"$or": [{"kind": "jane"}, {"user.ip": {"$gt": 5}}]}}, {"$project": {"kind": 0}}])
    assert {(up, down) for up, down, _ in edges(found)} == {
        (name, name) for name in ("_id", "user", "user.ip", "pages", "pages[]", "pages[].at")
    }
    rows = RowEdge.objects.values_list("upstream__name", "role")
    assert set(rows) == {("kind", "filter"), ("user.ip", "filter")}


def test_an_order_counts_where_it_is_cut() -> None:
    documents([{"$sort": {"pages.at": -1}}])
    assert not RowEdge.objects.exists()
    documents([{"$sort": {"pages.at": -1}}, {"$limit": 5}])
    assert set(RowEdge.objects.values_list("upstream__name", "role")) == {("pages[].at", "order")}


@pytest.mark.parametrize(
    ("pipeline", "on", "said"),
    [
        ([{"$group": {"_id": "$kind"}}], "sessions", "its stage $group is not read"),
        ([{"$project": {"user": "$kind"}}], "sessions", "its $project computes fields"),
        ([], "elsewhere", "is not in the catalog"),
        ([{}], "sessions", "is not read"),
    ],
)
def test_what_is_not_followed_is_said(pipeline: list[Any], on: str, said: str) -> None:
    found = documents(pipeline, on)
    assert edges(found) == set()
    assert found.lineage == Dataset.Lineage.UNKNOWN
    stated = found.columns.get(name=ref("documents/recent/user.ip").column).derivations.get()
    assert (stated.how, said in stated.detail) == ("unknown", True)
