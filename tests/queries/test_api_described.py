"""The API's description and what it describes: answers fit their shapes, and whoever has no role is refused."""

import uuid
from typing import Any

import jsonschema
import pytest
from django.test import Client
from django.urls import reverse

from apps.queries.saved.services import save_query
from apps.queries.saved.types import Draft
from apps.queries.schedules.services import set_schedule
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.types import Actor
from tests.answers import with_result
from tests.queries.test_library import approve as approved
from tests.queries.test_library import proposed
from tests.vault import govern

TEXT = "select id, email from customers where id < :most"


@pytest.fixture(autouse=True)
def estate(db: None) -> None:
    govern("oltp")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def described(analyst: User) -> dict[str, Any]:
    return signed_in(analyst).get(reverse("api-schema")).json()


def fits(described: dict[str, Any], operation: str, response: Any) -> Any:
    """The answer's body, held against the shape that the operation names for its status."""
    operations = [each for path in described["paths"].values() for each in path.values()]
    found = next(each for each in operations if each["operationId"] == operation)
    shape = found["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
    body = response.json()
    resolver = {**nullable(shape), "components": nullable(described["components"])}
    jsonschema.validate(body, resolver)
    name = shape["$ref"].rpartition("/")[2]
    assert set(body) <= set(described["components"]["schemas"][name]["properties"]), "the description lacks a field"
    return body


def nullable(node: Any) -> Any:
    """OpenAPI 3.0 says `nullable`, JSON Schema a type."""
    if isinstance(node, list):
        return [nullable(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {key: nullable(value) for key, value in node.items() if key != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def test_answers_fit_their_description(described: dict[str, Any], analyst: User) -> None:
    client = signed_in(analyst)
    row = with_result(analyst, "select id, email from customers", {"id": [1, 2], "email": ["***", None]})
    result = fits(described, "queries_result", client.get(reverse("queries-api:execution", args=[row.pk])))
    assert result["found"] == 2
    refused = client.post(reverse("queries-api:executions"), {"source": "oltp", "text": "drop"}, "application/json")
    assert refused.status_code == 422
    fits(described, "queries_run", refused)
    history = fits(described, "queries_history", client.get(reverse("queries-api:history")))
    assert history["count"] == 2
    fits(described, "queries_budget", client.get(reverse("queries-api:budget")))
    body = {"source": "oltp", "text": TEXT}
    told = fits(described, "queries_explain", client.post(reverse("queries-api:explain"), body, "application/json"))
    assert (told["columns"], [one["name"] for one in told["masked"]], told["missing"]) == (2, ["email"], ["most"])
    fits(described, "queries_cancel", client.delete(reverse("queries-api:execution", args=[row.pk])))


def test_saved_queries_are_decided_about_for_whoever_asks(
    described: dict[str, Any], analyst: User, colleague: User
) -> None:
    actor = Actor.of(analyst)
    query = save_query(actor=actor, owner=analyst, draft=Draft("Few", "oltp", TEXT, "", {"most": ["integer", "3"]}))
    set_schedule(actor=actor, user=analyst, query=query, times="every 1 day", purpose=Purpose.ANALYTICS)
    client, url = signed_in(analyst), reverse("queries-api:saved-query", args=[query.pk])
    listed = fits(described, "queries_saved_list", client.get(reverse("queries-api:saved")))
    assert [one["title"] for one in listed["results"]] == ["Few"]
    one = fits(described, "queries_saved_one", client.get(url))
    assert (one["text"], one["parameters"], one["schedule"]["times"]) == (
        TEXT,
        {"most": ["integer", "3"]},
        "every 1 day",
    )
    assert client.get(url, {"version": "9"}).status_code == 404
    assert signed_in(colleague).get(url).status_code == 404
    assert signed_in(colleague).get(reverse("queries-api:saved")).json() == {"results": []}


def test_the_library_as_its_pages_tell_it(
    described: dict[str, Any], analyst: User, engineer: User, officer: User
) -> None:
    entry = approved(proposed(analyst), officer)
    client, url = signed_in(analyst), reverse("queries-api:library-entry", args=[entry.pk])
    listed = fits(described, "queries_library", client.get(reverse("queries-api:library")))
    assert [one["state"] for one in listed["results"]] == ["approved"]
    one = fits(described, "queries_library_one", client.get(url))
    assert [(c["name"], c["masking"]) for c in one["columns"]] == [("id", "no"), ("email", "yes"), ("country", "no")]
    assert one["text"].startswith("select id")
    assert signed_in(engineer).get(url).status_code == 404
    assert signed_in(engineer).get(reverse("queries-api:library")).json() == {"results": []}


def test_whoever_has_no_role_is_refused(outsider: User, auditor: User) -> None:
    for user in (outsider, auditor):
        client = signed_in(user)
        for name in ("history", "saved", "budget", "library"):
            assert client.get(reverse(f"queries-api:{name}")).status_code == 403
        assert client.get(reverse("queries-api:saved-query", args=[uuid.uuid4()])).status_code == 403
        asked = client.post(reverse("queries-api:explain"), {"source": "oltp", "text": TEXT}, "application/json")
        assert asked.status_code == 403
    assert Client().get(reverse("queries-api:history")).status_code in (401, 403, 302)


def test_the_description_names_every_endpoint_of_queries(described: dict[str, Any]) -> None:
    from apps.queries.api_urls import urlpatterns

    paths = [path for path in described["paths"] if path.startswith("/api/queries/")]
    assert len(paths) == len(urlpatterns)
    assert described["components"]["securitySchemes"]["token"] == {"type": "http", "scheme": "bearer"}
