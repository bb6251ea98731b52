"""Run events of OpenLineage, made by the project's own client, taken in and given out."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import column_lineage_dataset as lineage
from openlineage.client.facet_v2 import schema_dataset as schema
from openlineage.client.serde import Serde
from openlineage.client.uuid import generate_new_uuid

from apps.catalog.findings.models import Finding
from apps.catalog.models import LineageEdge
from apps.catalog.openlineage.models import OpenLineageJob
from apps.catalog.openlineage.types import NotAnEvent, event_of
from apps.catalog.row_edges.models import RowEdge
from portal.accounts.access import grant_view
from portal.accounts.models import User
from portal.accounts.services import create_token
from portal.accounts.types import Role
from tests.catalog.builders import HOUSE, column, dataset, shop
from tests.catalog.test_classification import confirm
from tests.people import person

pytestmark = pytest.mark.django_db
HOUR = "2026-11-27T10:00:00+00:00"
CUSTOMERS, RAW = (
    ("postgres://db:5432", "payments.public.customers"),
    ("snowflake://acme", "ANALYTICS.RAW.OLTP_CUSTOMERS"),
)


@pytest.fixture(autouse=True)
def estate(settings: Any) -> None:
    shop()
    settings.OPENLINEAGE_NAMESPACES = [(CUSTOMERS[0], "oltp"), (RAW[0], "warehouse")]


def field(
    name: str, *transformations: lineage.Transformation, source: tuple[str, str] = CUSTOMERS
) -> lineage.InputField:
    return lineage.InputField(*source, name, list(transformations))


def direct(subtype: str = "IDENTITY", masking: bool = False) -> lineage.Transformation:
    return lineage.Transformation("DIRECT", subtype, "", masking)


def event(at: str = HOUR, state: RunState = RunState.COMPLETE, *, inputs: Any = (CUSTOMERS,), **fields: Any) -> Any:
    rows = fields.pop("rows", [])
    facet = lineage.ColumnLineageDatasetFacet(
        fields={name: lineage.Fields(each) for name, each in fields.items()}, dataset=rows
    )
    made = RunEvent(
        eventTime=at,
        eventType=state,
        producer="https://example.com/job",
        run=Run(str(generate_new_uuid())),
        job=Job("nightly", "load_customers"),
        inputs=[InputDataset(*each) for each in inputs],
        outputs=[OutputDataset(*RAW, facets={"columnLineage": facet} if fields or rows else {})],
    )
    return json.loads(Serde.to_json(made))


def send(user: User, body: Any) -> Any:
    _, token = create_token(actor=HOUSE, user=user, name="tests")
    return Client().post(
        reverse("openlineage:events"),
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )


@pytest.fixture
def steward() -> User:
    return person("stella", Role.STEWARD)


def edges() -> list[tuple[str, str, str]]:
    rows = LineageEdge.objects.filter(evidence_kind="openlineage").order_by("upstream__name", "downstream__name")
    return list(rows.values_list("upstream__name", "downstream__name", "transform"))


def test_a_completed_run_becomes_edges_of_both_kinds(steward: User) -> None:
    body = event(
        EMAIL=[field("email", direct())],
        ID=[field("id", direct("TRANSFORMATION")), field("status", lineage.Transformation("INDIRECT", "FILTER"))],
        rows=[field("status", lineage.Transformation("INDIRECT", "GROUP_BY"))],
    )
    answer = send(steward, body)
    assert answer.status_code == 201, answer.content
    (told,) = answer.json()["events"]
    assert (told["taken"], told["edges"], told["row_edges"], told["unknown"]) == (True, 2, 2, [])
    assert edges() == [("email", "EMAIL", "copy"), ("id", "ID", "expression")]
    assert set(RowEdge.objects.values_list("upstream__name", "role")) == {("status", "filter"), ("status", "group")}
    edge = LineageEdge.objects.get(downstream__name="EMAIL", evidence_kind="openlineage")
    assert edge.evidence_ref == f"run {body['run']['runId']}"
    assert "nightly/load_customers" in edge.evidence_detail


def test_categories_flow_and_a_masked_value_keeps_its_category(steward: User) -> None:
    confirm()
    send(steward, event(EMAIL=[field("email", direct("TRANSFORMATION", masking=True))]))
    assert column("warehouse/RAW.OLTP_CUSTOMERS/EMAIL").category == "user.contact.email"


def test_only_a_newer_completed_run_changes_anything(steward: User) -> None:
    send(steward, event(EMAIL=[field("email", direct())]))
    before = edges()
    for state in (RunState.START, RunState.FAIL, RunState.ABORT, RunState.OTHER):
        assert not send(steward, event("2026-11-28T10:00:00Z", state)).json()["events"][0]["taken"]
    older = event("2026-11-26T10:00:00Z", ID=[field("id", direct())])
    assert "later" in send(steward, older).json()["events"][0]["why"]
    assert not send(steward, event("2026-11-28T10:00:00Z")).json()["events"][0]["taken"], "it says nothing of columns"
    assert edges() == before
    newer = event("2026-11-29T10:00:00Z", ID=[field("id", direct())])
    assert send(steward, [newer, newer]).json()["events"][1]["taken"] is False
    assert edges() == [("id", "ID", "copy")]
    assert OpenLineageJob.objects.get().finished_at == datetime(2026, 11, 29, 10, tzinfo=UTC)


def test_what_the_catalog_does_not_hold_is_said(steward: User) -> None:
    body = event(EMAIL=[field("nope", direct()), field("email", direct(), source=("s3://bucket", "x"))])
    (told,) = send(steward, body).json()["events"]
    assert told["edges"] == 0
    assert told["unknown"] == ["postgres://db:5432 payments.public.customers nope", "s3://bucket x"]


def test_declared_and_used_inputs_are_compared(steward: User) -> None:
    sessions = ("documents", "payments.sessions")
    send(steward, event(inputs=(sessions,), EMAIL=[field("email", direct())]))
    rows = Finding.objects.filter(closed_at=None).order_by("kind").values_list("kind", "dataset__name", "detail")
    assert list(rows) == [
        ("declared_not_read", "OLTP_CUSTOMERS", "documents payments.sessions"),
        ("read_not_declared", "OLTP_CUSTOMERS", "postgres://db:5432 payments.public.customers"),
    ]
    send(steward, event("2026-11-28T10:00:00Z", EMAIL=[field("email", direct())]))
    assert not Finding.objects.filter(closed_at=None).exists()


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("eventTime",), "yesterday", "eventTime is a moment"),
        (("eventTime",), "2026-11-27T10:00:00", "names no zone"),
        (("eventType",), "DONE", "eventType is one of"),
        (("run",), None, "run is an object"),
        (("run", "runId"), 7, "run.runId is a text"),
        (("job", "name"), "\0", "job.name is a text"),
        (("job", "namespace"), "\ud800", "half a character"),
        (("inputs",), {}, "inputs is a list"),
        (("outputs",), [{}], "outputs[0].namespace is a text"),
        (("outputs", 0, "facets", "columnLineage", "fields", "EMAIL"), [], "fields.EMAIL is an object"),
        (
            ("outputs", 0, "facets", "columnLineage", "fields", "EMAIL", "inputFields"),
            [{}],
            "EMAIL.namespace is a text",
        ),
    ],
)
def test_what_is_not_of_the_published_form(steward: User, path: tuple[Any, ...], value: Any, says: str) -> None:
    body = event(EMAIL=[field("email", direct())])
    at = body
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(NotAnEvent) as wrong:
        event_of(body)
    assert says in str(wrong.value)
    answer = send(steward, [event(), body])
    assert answer.status_code == 400
    assert answer.json()["events"].startswith("event 2: ")
    assert not OpenLineageJob.objects.exists(), "nothing of the request is taken in"


def test_events_need_a_role_and_a_token(analyst: User) -> None:
    assert send(analyst, event()).status_code == 403
    assert Client().post(reverse("openlineage:events"), "{}", content_type="application/json").status_code in (401, 403)


def test_what_is_given_out_is_what_the_client_knows_and_one_may_see(steward: User, analyst: User) -> None:
    send(
        steward,
        event(EMAIL=[field("email", direct())], rows=[field("status", lineage.Transformation("INDIRECT", "FILTER"))]),
    )
    address = reverse("openlineage:dataset", args=[dataset("warehouse", "OLTP_CUSTOMERS").pk])
    client = Client()
    client.force_login(steward)
    told = client.get(address).json()
    assert (told["dataset"]["namespace"], told["dataset"]["name"]) == RAW
    facets = told["dataset"]["facets"]
    ours = facets["columnLineage"]
    known = lineage.ColumnLineageDatasetFacet(fields={})
    assert ours["_schemaURL"].rpartition("/")[2] == known._schemaURL.partition("#")[0].rpartition("/")[2]
    for given in [*ours["dataset"], *(each for f in ours["fields"].values() for each in f["inputFields"])]:
        kinds = [lineage.Transformation(**each) for each in given["transformations"]]
        lineage.InputField(**{**given, "transformations": kinds})
    assert ours["fields"]["EMAIL"]["inputFields"][0]["field"] == "email"
    assert ours["dataset"][0]["transformations"][0]["subtype"] == "FILTER"
    assert [schema.SchemaDatasetFacetFields(**each).name for each in facets["schema"]["fields"]][:2] == ["ID", "EMAIL"]
    assert event_of({**event(), "outputs": [told["dataset"]]}).tells_columns
    client.force_login(analyst)
    assert client.get(address).status_code == 404
    grant_view(actor=HOUSE, obj=dataset("warehouse", "OLTP_CUSTOMERS"), roles=[Role.ANALYST])
    assert "customers" not in json.dumps(client.get(address).json()).replace("OLTP_CUSTOMERS", "")
