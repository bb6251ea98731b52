"""The page that tells what the tests proved of the policy engine, and of which engine."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.compliance import proof
from portal.accounts.models import User


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(proof, "engine", lambda: "this")
    settings.BASE_DIR = tmp_path
    return tmp_path


def page(client: Client, user: User) -> str:
    client.force_login(user)
    return client.get(reverse("compliance:policy-proof")).content.decode()


def written(engine: str = "this", **counts: int) -> None:
    store = proof.Store(**{"tried": 11, "attacks": 9, "text_only": 4, "benign": 7, **counts})
    proof.write(proof.Proof(timezone.now(), engine, {"oltp": store, "documents": proof.Store(tried=1, attacks=1)}))


def test_it_says_what_was_proven_and_of_which_engine(client: Client, analyst: User) -> None:
    assert "Not tried here" in page(client, analyst)
    written()
    assert "10 of 12 queries tell the two worlds apart without the gate; none does" in page(client, analyst)
    written(attacks=-1)
    assert "The attacks have not run" in page(client, analyst)
    written(leaks=1)
    assert "Not proven" in page(client, analyst)
    written(made=90, made_leaks=3)
    assert "3 made queries" in page(client, analyst)
    written(text_only_allowed=2)
    assert "2 were not refused" in page(client, analyst)
    written("another")
    assert "Of another engine" in page(client, analyst)


@pytest.mark.parametrize("content", ["{}", "[]", "no json", json.dumps({"at": 1, "engine": "x", "stores": {}})])
def test_a_file_that_is_none_of_ours_is_told(client: Client, analyst: User, folder: Path, content: str) -> None:
    written()
    (folder / proof.FILE).write_text(content)
    assert "is no proof" in page(client, analyst) or "Expecting value" in page(client, analyst)


def test_who_holds_no_role_is_refused(client: Client, outsider: User) -> None:
    client.force_login(outsider)
    assert client.get(reverse("compliance:policy-proof")).status_code == 403
    client.logout()
    assert client.get(reverse("compliance:policy-proof")).status_code == 302


def test_the_engine_is_named_by_its_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    file = folder / "apps/compliance/policy/x.py"
    file.parent.mkdir(parents=True)
    file.write_text("a = 1")
    proof.engine.cache_clear()
    before = proof.engine()
    file.write_text("a = 2")
    proof.engine.cache_clear()
    assert proof.engine() != before
    proof.engine.cache_clear()
