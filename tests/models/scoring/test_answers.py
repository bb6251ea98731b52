"""Who gets a score, for which request, and what the answer says: over HTTP, from the real process."""

import json
import socket
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from portal.accounts.models import ApiToken, User
from portal.accounts.services import create_token
from portal.accounts.types import Role
from tests.models import serving
from tests.models.scoring.conftest import RIGHT, Scoring
from tests.people import HOUSE, person


def test_a_payment_gets_a_score_the_version_and_its_reasons(champion: Scoring, token: str) -> None:
    answer = champion.score(token)
    assert answer.status == 200
    assert set(answer.body) == {"score", "flagged", "model", "version", "reasons", "request_id"}
    assert (answer.body["model"], answer.body["version"], answer.body["flagged"]) == ("fraud_model", 1, True)
    assert answer.body["score"] > 0.9
    first = answer.body["reasons"][0]
    assert (first["feature"], first["value"], first["typical"]) == ("AMOUNT", 3_900.0, 2_000.0)
    assert first["effect"] > 0.5
    assert answer.headers["Cache-Control"] == "no-store"
    low = champion.score(token, {**RIGHT, "AMOUNT": 100.0}).body
    assert low["score"] < 0.1
    assert not low["flagged"]


def test_the_effect_is_what_the_score_loses_at_the_typical_value(champion: Scoring, token: str) -> None:
    """Asked of the service itself: the same payment with the median amount scores lower by just that."""
    answer = champion.score(token).body
    typical = champion.score(token, {**RIGHT, "AMOUNT": 2_000.0}).body
    assert answer["reasons"][0]["effect"] == pytest.approx(answer["score"] - typical["score"], abs=2e-6)


BAD_TOKENS = ("none", "unknown", "expired", "revoked", "deactivated", "two words")


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_without_a_live_token_it_is_401_with_the_reason(kind: str, champion: Scoring) -> None:
    user, token = serving.service(kind.replace(" ", "-"))
    row = ApiToken.objects.filter(user=user)
    if kind == "expired":
        row.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif kind == "revoked":
        row.update(revoked_at=timezone.now())
    elif kind == "deactivated":
        User.objects.filter(pk=user.pk).update(is_active=False)
    sent = {"none": "", "unknown": "portico_nothing", "two words": f"{token} more"}.get(kind, token)
    answer = champion.score(sent)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    told = {"expired": "expired", "revoked": "revoked", "unknown": "unknown", "deactivated": "deactivated"}
    assert told.get(kind, "Authorization: Bearer") in answer.body["detail"]


def test_a_person_and_a_service_without_the_right_get_403(champion: Scoring) -> None:
    _, of_person = create_token(actor=HOUSE, user=person("mila", Role.ENGINEER), name="mine")
    answer = champion.score(of_person)
    assert (answer.status, "Only service users" in answer.body["detail"]) == (403, True)
    _, bare = serving.service("bare", rights=())
    answer = champion.score(bare)
    assert (answer.status, "lacks the right" in answer.body["detail"]) == (403, True)


def test_a_revoked_token_opens_nothing_after_two_seconds(champion: Scoring) -> None:
    user, token = serving.service("leaving")
    assert champion.score(token).status == 200
    ApiToken.objects.filter(user=user).update(revoked_at=timezone.now())
    time.sleep(2.1)
    assert champion.score(token).status == 401


@pytest.mark.parametrize(
    ("features", "field"),
    [
        ({"AMOUNT": 1.0, "HOUR": 1}, "features.CHANNEL"),
        ({**RIGHT, "EMAIL": "a@b.example"}, "features.(an unknown name)"),
        ({**RIGHT, "a@b.example": 1}, "features.(an unknown name)"),
        ({**RIGHT, "AMOUNT": "much"}, "features.AMOUNT"),
        ({**RIGHT, "AMOUNT": True}, "features.AMOUNT"),
        ({**RIGHT, "AMOUNT": -0.01}, "features.AMOUNT"),
        ({**RIGHT, "HOUR": 1.5}, "features.HOUR"),
        ({**RIGHT, "HOUR": 2**70}, "features.HOUR"),
        ({**RIGHT, "CHANNEL": "x" * 101}, "features.CHANNEL"),
        ({**RIGHT, "CHANNEL": "a\nb"}, "features.CHANNEL"),
        ({**RIGHT, "AMOUNT": None}, "features.AMOUNT"),
        ([], "features"),
    ],
)
def test_a_malformed_request_is_422_and_names_the_field(
    features: object, field: str, champion: Scoring, token: str
) -> None:
    answer = champion.score(token, features)
    assert answer.status == 422
    assert field in [each["field"] for each in answer.body["detail"]]
    assert "a@b.example" not in json.dumps(answer.body)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_is_422(number: str, champion: Scoring, token: str) -> None:
    body = b'{"features": {"AMOUNT": %s, "HOUR": 1, "CHANNEL": "web"}}' % number.encode()
    answer = champion.ask("/score", token=token, body=body)
    assert (answer.status, answer.body["detail"][0]["field"]) == (422, "features.AMOUNT")


@pytest.mark.parametrize(("more", "field"), [({"a@b.example": 1}, "(an unknown name)"), ({"charge": "a b"}, "charge")])
def test_what_stands_beside_the_features_is_checked_too(
    more: dict[str, object], field: str, champion: Scoring, token: str
) -> None:
    answer = champion.score(token, **more)
    assert (answer.status, [each["field"] for each in answer.body["detail"]]) == (422, [field])
    assert "a@b.example" not in json.dumps(answer.body)


def test_no_json_and_too_much_of_it(champion: Scoring, token: str) -> None:
    for body in (b"{", b"[]", b"3", b""):
        answer = champion.ask("/score", token=token, body=body)
        assert (answer.status, [each["field"] for each in answer.body["detail"]]) == (422, ["body"])
    assert champion.ask("/score", token=token, body=b" " * 70_000).status == 413
    assert champion.score(token, model="another").status == 404


def test_the_schema_tells_what_to_send(champion: Scoring, token: str) -> None:
    assert champion.ask("/schema").status == 401
    answer = champion.ask("/schema", token=token)
    features = answer.body["request"]["$defs"]["Features"]
    assert features["required"] == list(serving.INPUTS)
    assert features["additionalProperties"] is False


def test_another_content_type_is_415_and_none_is_json(champion: Scoring, token: str) -> None:
    body = json.dumps({"features": RIGHT}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp"):
        answer = champion.ask("/score", token=token, body=body, kind=kind)
        assert (answer.status, "application/json" in answer.body["detail"]) == (415, True)
    assert champion.ask("/score", token=token, body=body, kind="Application/JSON; charset=utf-8").status == 200
    head = f"POST /score HTTP/1.0\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", champion.port), timeout=5) as bare:
        bare.sendall(head.encode() + body)
        assert b" 200 " in bare.recv(100)


def test_who_hangs_up_within_the_body_leaves_no_traceback(champion: Scoring, token: str) -> None:
    before = len(champion.log.read_text())
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", champion.port), timeout=5) as leaving:
            leaving.sendall(b"POST /score HTTP/1.1\r\nHost: here\r\nContent-Length: 900\r\n\r\n{")
            time.sleep(0.1)
    time.sleep(0.5)
    assert champion.score(token).status == 200
    assert "Traceback" not in champion.log.read_text()[before:]
