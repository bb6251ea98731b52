"""dbt's artifacts become descriptions, checks and lineage; what they do not say is not made up."""

import json
from pathlib import Path
from typing import Any

import pytest

from apps.catalog import services
from apps.catalog.dbt.files import ArtifactError
from apps.catalog.models import Check, Dataset, LineageEdge, Source
from apps.catalog.types import ImportReport
from portal.audit.models import Event
from tests.catalog.builders import HOUSE, column, dataset, loads, ref, shop
from tests.catalog.test_classification import confirm

pytestmark = pytest.mark.django_db

DIM = """
with raw as (select * from ANALYTICS.RAW.oltp_customers),
visits as (
  select s.id, f.value:ip::string as ip from ANALYTICS.RAW.documents_sessions s, lateral flatten(input => s.events) f
)
select raw.id as customer_id, lower(raw.email) as email, count(visits.ip) as orders
from raw left join visits on visits.id = raw.id group by 1, 2
"""


def node(name: str, schema: str, sql: str, **more: Any) -> dict[str, Any]:
    uid = f"model.shop.{name}"
    base = {
        "unique_id": uid,
        "resource_type": "model",
        "database": "ANALYTICS",
        "schema": schema,
        "name": name,
        "alias": name,
        "description": "",
        "columns": {},
        "config": {"materialized": "table"},
        "compiled_code": sql,
        "checksum": {"name": "sha256", "checksum": "one"},
        "tags": ["core"],
        "meta": {},
    }
    return {uid: base | more}


def artifacts(folder: Path, *nodes: dict[str, Any], results: list[dict[str, Any]] | None = None) -> Path:
    merged = {uid: each for part in nodes for uid, each in part.items()}
    manifest = {
        "metadata": {
            "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
            "adapter_type": "snowflake",
            "project_name": "shop",
            "invocation_id": "0123456789",
            "generated_at": "2026-01-02T03:04:05Z",
        },
        "nodes": merged,
        "groups": {},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "run_results.json").write_text(json.dumps({"results": results or []}))
    return folder


def imported(folder: Path, *nodes: dict[str, Any], results: list[dict[str, Any]] | None = None) -> ImportReport:
    target = artifacts(folder, *nodes, results=results)
    return services.import_dbt(actor=HOUSE, target_dir=target, source="warehouse")


def ready() -> None:
    shop()
    confirm()
    loads()


def test_categories_flow_through_a_compiled_model(tmp_path: Path) -> None:
    ready()
    report = imported(tmp_path, node("dim_customers", "CORE", DIM))
    assert (report.models, report.complete, report.incomplete) == (1, 1, {})
    email = column("warehouse/CORE.DIM_CUSTOMERS/EMAIL")
    assert (email.category, email.inferred_steps) == ("user.contact.email", 2)
    assert email.inferred_from == column("oltp/public.customers/email")
    orders = column("warehouse/CORE.DIM_CUSTOMERS/ORDERS")
    assert (orders.category, orders.evidence) == ("system.operations", "count")
    edge = LineageEdge.objects.get(downstream=orders)
    assert (edge.upstream.name, edge.transform) == ("EVENTS:[].ip", "count")
    assert dataset("warehouse", "DIM_CUSTOMERS").lineage == Dataset.Lineage.KNOWN


def test_texts_owner_and_tests_come_along(tmp_path: Path) -> None:
    ready()
    uid = "test.shop.unique_dim_customers_email"
    test = {
        "unique_id": uid,
        "resource_type": "test",
        "name": "unique_dim_customers_email",
        "column_name": "EMAIL",
        "attached_node": "model.shop.dim_customers",
    }
    model = node(
        "dim_customers",
        "CORE",
        DIM,
        description="One row per customer.",
        columns={"email": {"description": "Lower case."}},
        meta={"owner": "payments-data"},
    )
    results = [
        {"unique_id": uid, "status": "fail", "failures": 3, "message": "Got 3 results: jane@example.com"},
        {
            "unique_id": "model.shop.dim_customers",
            "status": "success",
            "timing": [{"name": "execute", "completed_at": "2026-01-02T03:05:00.5Z"}],
        },
    ]
    imported(tmp_path, model, {uid: test}, results=results)
    found = dataset("warehouse", "DIM_CUSTOMERS")
    assert (found.description, found.owner, found.tags) == ("One row per customer.", "payments-data", ["core"])
    assert found.loaded_at is not None
    assert column("warehouse/CORE.DIM_CUSTOMERS/EMAIL").description == "Lower case."
    check = Check.objects.get()
    assert (check.passed, check.detail, check.column) == (False, "3 rows fail", "EMAIL")
    assert not Event.objects.filter(payload__contains="jane").exists()


def test_what_a_person_wrote_stays(tmp_path: Path) -> None:
    ready()
    path = ("ANALYTICS", "CORE", "DIM_CUSTOMERS")
    services.describe(actor=HOUSE, source="warehouse", path=path, description="Ours.", columns={"EMAIL": "Mail."})
    services.set_owner(actor=HOUSE, source="warehouse", path=path, owner="core-team")
    model = node(
        "dim_customers",
        "CORE",
        DIM,
        description="dbt's.",
        columns={"email": {"description": "dbt's."}},
        meta={"owner": "x"},
    )
    imported(tmp_path, model)
    found = dataset("warehouse", "DIM_CUSTOMERS")
    assert (found.description, found.owner) == ("Ours.", "core-team")
    assert column("warehouse/CORE.DIM_CUSTOMERS/EMAIL").description == "Mail."


def test_an_artifact_without_compiled_code_erases_nothing_and_says_so(tmp_path: Path) -> None:
    ready()
    imported(tmp_path, node("dim_customers", "CORE", DIM))
    edges = LineageEdge.objects.count()
    imported(tmp_path, node("dim_customers", "CORE", "", checksum={"checksum": "two"}))
    assert LineageEdge.objects.count() == edges
    found = dataset("warehouse", "DIM_CUSTOMERS")
    assert (found.lineage, "no compiled statement" in found.lineage_note) == (Dataset.Lineage.STALE, True)
    assert column("warehouse/CORE.DIM_CUSTOMERS/EMAIL").category == "user.contact.email"


def test_a_build_of_other_models_leaves_an_unchanged_one_as_it_was(tmp_path: Path) -> None:
    ready()
    imported(tmp_path, node("dim_customers", "CORE", DIM))
    imported(tmp_path, node("dim_customers", "CORE", ""))
    assert dataset("warehouse", "DIM_CUSTOMERS").lineage == Dataset.Lineage.KNOWN


def test_a_column_whose_origin_is_not_known_stays_hidden(tmp_path: Path) -> None:
    ready()
    sql = "select id as customer_id, n.mail as email, 1 as orders from raw.oltp_customers, elsewhere.people n"
    report = imported(tmp_path, node("dim_customers", "CORE", sql))
    assert list(report.incomplete) == ["ANALYTICS.CORE.dim_customers"]
    email = column("warehouse/CORE.DIM_CUSTOMERS/EMAIL")
    assert (email.certainty, email.derivations.get().how) == ("none", "unknown")
    assert column("warehouse/CORE.DIM_CUSTOMERS/ORDERS").category == "system.operations"
    assert dataset("warehouse", "DIM_CUSTOMERS").lineage == Dataset.Lineage.PARTIAL


def test_a_statement_nobody_understands_hides_its_columns(tmp_path: Path) -> None:
    ready()
    imported(tmp_path, node("dim_customers", "CORE", "select from where ("))
    assert dataset("warehouse", "DIM_CUSTOMERS").lineage == Dataset.Lineage.UNKNOWN
    assert column("warehouse/CORE.DIM_CUSTOMERS/EMAIL").certainty == "none"


def test_a_relation_the_catalog_has_not_seen_is_told(tmp_path: Path) -> None:
    ready()
    assert imported(tmp_path, node("fct_new", "CORE", "select 1 as x")).unmatched == ("ANALYTICS.CORE.fct_new",)


def test_the_same_artifact_again_leaves_the_revision(tmp_path: Path) -> None:
    ready()
    imported(tmp_path, node("dim_customers", "CORE", DIM))
    before = Source.objects.get(name="warehouse").revision
    imported(tmp_path, node("dim_customers", "CORE", DIM))
    assert Source.objects.get(name="warehouse").revision == before


def test_ephemeral_models_are_no_datasets(tmp_path: Path) -> None:
    ready()
    report = imported(tmp_path, node("helper", "CORE", "select 1", config={"materialized": "ephemeral"}))
    assert (report.models, report.unmatched) == (0, ())


@pytest.mark.parametrize("text", [None, "{", "[]", '{"metadata": {"dbt_schema_version": ".../manifest/v7.json"}}'])
def test_a_folder_that_holds_no_artifacts_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError):
        services.import_dbt(actor=HOUSE, target_dir=tmp_path, source="warehouse")


def test_a_reference_by_name_is_completed_with_the_default() -> None:
    ready()
    assert services.find("oltp", ("customers",)) == dataset("oltp", "customers")
    assert services.find("warehouse", ("core", "dim_customers")) == dataset("warehouse", "DIM_CUSTOMERS")
    with pytest.raises(services.UnknownDataset):
        services.find("oltp", ref("oltp/public.gone/x").path)
