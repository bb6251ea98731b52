"""Artifacts of dbt that are wrong, large or from elsewhere; sources, exposures, and what disagrees with itself."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from apps.catalog import services
from apps.catalog.dbt.files import ArtifactError
from apps.catalog.dbt.models import Exposure
from apps.catalog.findings.models import Finding
from apps.catalog.models import Check, Dataset
from portal.accounts.models import User
from portal.accounts.services import create_token
from portal.accounts.types import Role
from portal.audit.models import Event
from tests.catalog.builders import HOUSE, dataset, loads, shop
from tests.catalog.test_import_dbt import DIM, artifacts, node
from tests.people import person

pytestmark = pytest.mark.django_db
RAW = "source.shop.raw.oltp_customers"
SESSIONS = "source.shop.raw.documents_sessions"


def source(uid: str, name: str) -> dict[str, Any]:
    return {
        uid: {
            "unique_id": uid, "resource_type": "source", "database": "ANALYTICS", "schema": "RAW", "name": name,
            "identifier": name, "description": f"Raw {name}.", "columns": {},
        }
    }  # fmt: skip


def project(folder: Path, *needs: str, sql: str = DIM, **manifest: Any) -> Path:
    made = artifacts(folder, node("dim_customers", "CORE", sql, depends_on={"nodes": list(needs), "macros": []}))
    content = json.loads((made / "manifest.json").read_text())
    content["sources"] = source(RAW, "oltp_customers") | source(SESSIONS, "documents_sessions")
    content |= manifest
    (made / "manifest.json").write_text(json.dumps(content))
    return made


def run(folder: Path) -> Any:
    return services.import_dbt(actor=HOUSE, target_dir=folder, source="warehouse")


def open_findings(kind: str) -> list[tuple[str, str]]:
    rows = Finding.objects.filter(kind=kind, closed_at=None).order_by("detail")
    return [(each.dataset.name if each.dataset else "", each.detail) for each in rows]


@pytest.fixture(autouse=True)
def estate() -> None:
    shop()
    loads()


def test_what_is_declared_and_what_is_read_are_compared(tmp_path: Path) -> None:
    run(project(tmp_path, RAW, SESSIONS))
    assert open_findings("declared_not_read") == open_findings("read_not_declared") == []
    run(project(tmp_path, RAW))
    assert open_findings("read_not_declared") == [("DIM_CUSTOMERS", "ANALYTICS.RAW.DOCUMENTS_SESSIONS")]
    run(
        project(
            tmp_path,
            RAW,
            SESSIONS,
            sql="select id as customer_id, email, 1 as orders from ANALYTICS.RAW.oltp_customers",
        )
    )
    assert open_findings("read_not_declared") == []
    assert open_findings("declared_not_read") == [("DIM_CUSTOMERS", "ANALYTICS.RAW.documents_sessions")]


def test_a_statement_that_is_not_understood_is_a_finding_and_the_others_are_imported(tmp_path: Path) -> None:
    other = node("broken", "CORE", "select from where (")
    made = artifacts(tmp_path, node("dim_customers", "CORE", DIM), other)
    content = json.loads((made / "manifest.json").read_text())
    content["nodes"]["model.shop.broken"] |= {"alias": "OLTP_CUSTOMERS", "schema": "RAW"}
    (made / "manifest.json").write_text(json.dumps(content))
    report = run(made)
    assert report.complete >= 0
    assert dataset("warehouse", "DIM_CUSTOMERS").lineage in ("known", "partial")
    ((name, detail),) = open_findings("statement_not_read")
    assert name == "OLTP_CUSTOMERS"
    assert "not understood" in detail


def test_sources_have_texts_and_freshness(tmp_path: Path) -> None:
    made = project(tmp_path, RAW, SESSIONS)
    fresh = {"unique_id": RAW, "status": "warn", "max_loaded_at": "2026-01-02T03:04:05Z"}
    (made / "sources.json").write_text(json.dumps({"metadata": {}, "results": [fresh]}))
    run(made)
    raw = dataset("warehouse", "OLTP_CUSTOMERS")
    assert raw.description == "Raw oltp_customers."
    check = Check.objects.get(dataset=raw, name="fresh enough")
    assert (check.passed, check.detail) == (False, "newest row of 2026-01-02 03:04 UTC: warn")


def test_exposures_are_shown_to_who_may_see_the_dataset_and_end_with_their_declaration(tmp_path: Path) -> None:
    exposure = {
        "unique_id": "exposure.shop.board", "name": "board", "label": "Board report", "type": "dashboard",
        "owner": {"name": "Finance"}, "url": "https://bi.example.com/1", "description": "",
        "depends_on": {"nodes": ["model.shop.dim_customers"]},
    }  # fmt: skip
    script = copy.deepcopy(exposure) | {"unique_id": "exposure.shop.bad", "label": "Bad", "url": "javascript:alert(1)"}
    run(project(tmp_path, RAW, exposures={"exposure.shop.board": exposure, "exposure.shop.bad": script}))
    client = Client()
    client.force_login(person("olga", Role.OFFICER))
    address = reverse("catalog:dataset", args=[dataset("warehouse", "DIM_CUSTOMERS").pk]) + "?tab=lineage"
    page = client.get(address).content.decode()
    assert "Board report" in page
    assert "javascript" not in page
    run(project(tmp_path, RAW, exposures={}))
    assert not Exposure.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("manifest.json", '{"metadata": {', "no JSON at line 1"),
        ("manifest.json", "", "ends too early"),
        ("manifest.json", "[]", "holds no object"),
        ("manifest.json", '{"metadata": {}, "nodes": {}}', "does not say its version"),
        ("manifest.json", '{"metadata": {"dbt_schema_version": "x/v8.json"}}', "version v8; understood are v9"),
        ("manifest.json", '{"metadata": {"dbt_schema_version": "x/v20.json"}}', "version v20"),
        ("manifest.json", "[" * 100_000, "nested too deeply"),
        ("manifest.json", b"\xff{}", "not UTF-8 at byte 0"),
        ("manifest.json", '{"a": "\\u0000"}', "U+0000 at byte"),
        ("manifest.json", '{"a": "\\ud800"}', "half a character"),
        ("run_results.json", '{"results": [7]}', "run_results.json: results is not of the form"),
        ("run_results.json", '{"results": [{}]}', "has no 'unique_id'"),
        ("catalog.json", '{"nodes": {"a": {"columns": []}}}', "catalog.json has no 'metadata'"),
        ("sources.json", '{"results": {"a": 1}}', "sources.json: results is not of the form"),
    ],
)
def test_what_is_wrong_and_where(tmp_path: Path, name: str, content: str | bytes, says: str) -> None:
    made = project(tmp_path, RAW)
    (made / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    before = state_of_everything()
    with pytest.raises(ArtifactError) as wrong:
        run(made)
    assert says in str(wrong.value)
    assert name.partition(".")[0] in str(wrong.value)
    assert state_of_everything() == before


def state_of_everything() -> tuple[Any, ...]:
    rows = Dataset.objects.order_by("pk").values_list("pk", "description", "lineage", "owner", "loaded_at")
    return (list(rows), Event.objects.count(), Check.objects.count(), Finding.objects.count(), Exposure.objects.count())


def test_a_file_over_the_limit_is_not_read(tmp_path: Path, settings: Any) -> None:
    made = project(tmp_path, RAW)
    with (made / "manifest.json").open("r+b") as file:
        file.truncate(200 * 1024 * 1024)  # sparse: it takes no room
    with pytest.raises(
        ArtifactError, match=r"manifest.json has 200 MB; at most 100 MB are read \(PORTICO_DBT_ARTIFACT_MB\)"
    ):
        run(made)


def test_whatever_is_missing_or_of_another_type_is_said_and_nothing_is_changed(tmp_path: Path) -> None:
    """Each key of the files taken away or changed, at a fixed draw."""
    made = project(tmp_path, RAW, SESSIONS)
    (made / "sources.json").write_text(json.dumps({"results": [{"unique_id": RAW, "status": "pass"}]}))
    results = {"results": [{"unique_id": "model.shop.dim_customers", "status": "success", "timing": []}]}
    (made / "run_results.json").write_text(json.dumps(results))
    draw, refused = random.Random(5), 0
    for file in ("manifest.json", "run_results.json", "sources.json"):
        whole = json.loads((made / file).read_text())
        for path in list(places(whole)):
            broken = copy.deepcopy(whole)
            put(broken, path, draw.choice([None, 7, "x", [], {}, [1], {"a": 1}, True, -1.5, "\U0001f600"]))
            (made / file).write_text(json.dumps(broken))
            before = state_of_everything()
            told = refusal(made)
            if told:
                refused += 1
                assert ".json" in told
                assert state_of_everything() == before
        (made / file).write_text(json.dumps(whole))
    assert refused > 20


def refusal(folder: Path) -> str:
    """Any other exception than an ArtifactError is a fault."""
    try:
        run(folder)
    except ArtifactError as wrong:
        return str(wrong)
    return ""


def places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    if path:
        yield path
    if isinstance(value, dict):
        for key, child in value.items():
            yield from places(child, (*path, key))
    if isinstance(value, list):
        for at, child in enumerate(value):
            yield from places(child, (*path, at))


def put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def upload(user: User, folder: Path, **more: Any) -> Any:
    _, token = create_token(actor=HOUSE, user=user, name="tests")
    files = {"manifest": SimpleUploadedFile("manifest.json", (folder / "manifest.json").read_bytes())}
    return Client().post(reverse("catalog-api:dbt"), files | more, headers={"Authorization": f"Bearer {token}"})


def test_an_upload_says_what_the_command_says(tmp_path: Path) -> None:
    made = project(tmp_path, RAW, SESSIONS)
    steward = person("stella", Role.STEWARD)
    answer = upload(steward, made, source="warehouse")
    assert answer.status_code == 200, answer.content
    assert answer.json()["models"] == 1
    assert Event.objects.filter(action="catalog.dbt_imported").last().actor_name == "stella"  # type: ignore[union-attr]
    assert upload(steward, made, source="nowhere").status_code == 400
    (made / "manifest.json").write_text("{")
    refused = upload(steward, made)
    assert refused.status_code == 400
    assert "no JSON" in refused.json()["artifacts"]


def test_an_upload_needs_a_role_and_a_token(tmp_path: Path, analyst: User) -> None:
    made = project(tmp_path, RAW)
    assert upload(analyst, made).status_code == 403
    assert Client().post(reverse("catalog-api:dbt")).status_code in (401, 403)
    assert not Event.objects.filter(action="catalog.dbt_imported").exists()
