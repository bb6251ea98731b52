"""Which columns decide about a dataset's rows: stored once a column, shown on demand, cut like all else."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.models import LineageEdge
from apps.catalog.row_edges.models import RowEdge
from apps.catalog.row_edges.selectors import row_downstream, row_upstream
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.types import Role
from tests.catalog.builders import HOUSE, dataset
from tests.catalog.test_import_dbt import DIM, imported, node, ready

pytestmark = pytest.mark.django_db


@pytest.fixture
def dim(tmp_path: Path, analyst: User) -> Path:
    """The analyst may know of DIM_CUSTOMERS and RAW.OLTP_CUSTOMERS, not of RAW.DOCUMENTS_SESSIONS."""
    ready()
    imported(tmp_path, node("dim_customers", "CORE", DIM))
    for name in ("OLTP_CUSTOMERS", "DIM_CUSTOMERS"):
        grant_view(actor=HOUSE, obj=dataset("warehouse", name), roles=[Role.ANALYST])
    return tmp_path


def stored() -> set[tuple[str, str, str]]:
    rows = RowEdge.objects.values_list("upstream__dataset__name", "upstream__name", "role")
    return {(name, column, role) for name, column, role in rows}


def test_a_model_stores_one_edge_a_column_and_role(dim: Path) -> None:
    assert stored() == {
        ("OLTP_CUSTOMERS", "ID", "join"),
        ("OLTP_CUSTOMERS", "ID", "group"),
        ("OLTP_CUSTOMERS", "EMAIL", "group"),
        ("DOCUMENTS_SESSIONS", "ID", "join"),
        # flatten: as many rows as there are events, and whatever is inside them
        ("DOCUMENTS_SESSIONS", "EVENTS", "join"),
    }
    edge = RowEdge.objects.filter(role="group").first()
    assert edge
    assert (edge.origin, edge.evidence_ref) == ("dbt:model.shop.dim_customers", "model.shop.dim_customers")
    assert not LineageEdge.objects.filter(kind="row").exists()


def test_the_next_import_replaces_them(dim: Path) -> None:
    sql = "select id as customer_id, email, 1 as orders from raw.oltp_customers where status = 'x'"
    imported(dim, node("dim_customers", "CORE", sql))
    assert stored() == {("OLTP_CUSTOMERS", "STATUS", "filter")}
    kept = RowEdge.objects.get().pk
    imported(dim, node("dim_customers", "CORE", sql))
    assert RowEdge.objects.get().pk == kept


def seen_by(person: User) -> list[tuple[str, list[str]]]:
    found = row_upstream(person, dataset("warehouse", "DIM_CUSTOMERS"))
    return [(each.dataset.name, [f"{d.column} {d.words}" for d in each.decisions]) for each in found]


def test_each_sees_their_own_cut(dim: Path, analyst: User, steward: User, outsider: User) -> None:
    customers = ("OLTP_CUSTOMERS", ["ID groups, joins", "EMAIL groups"])
    assert seen_by(steward) == [("DOCUMENTS_SESSIONS", ["ID joins", "EVENTS joins"]), customers]
    assert seen_by(analyst) == [customers]
    assert seen_by(outsider) == []
    down = row_downstream(analyst, dataset("warehouse", "OLTP_CUSTOMERS"))
    assert [each.dataset.name for each in down] == ["DIM_CUSTOMERS"]
    assert row_downstream(outsider, dataset("warehouse", "OLTP_CUSTOMERS")) == []


def test_reading_them_takes_few_queries(dim: Path, steward: User, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        row_upstream(steward, dataset("warehouse", "DIM_CUSTOMERS"))


def test_the_page_shows_them_behind_a_switch(dim: Path, analyst: User) -> None:
    client = Client()
    client.force_login(analyst)
    address = reverse("catalog:dataset", args=[dataset("warehouse", "DIM_CUSTOMERS").pk])
    plain = client.get(address, {"tab": "lineage"}).content.decode()
    assert "Show what decides about rows" in plain
    assert "Rows, upstream" not in plain
    page = client.get(address, {"tab": "lineage", "rows": "1"}).content.decode()
    assert "Rows, upstream" in page
    assert "dbt model.shop.dim_customers" in page
    assert "DOCUMENTS_SESSIONS" not in page
