"""The dbt project parses without a word of warning, and its tests stand where they must. It is built in the
pipeline's own tests, over what was really loaded."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.estate.test_definitions import DBT

# No server is asked: parsing needs a profile, not a connection.
NOWHERE = {
    "PORTICO_DBT_ACCOUNT": "none",
    "PORTICO_DBT_USER": "none",
    "DBT_ENV_SECRET_PORTICO_DBT_PASSWORD": "none",
    "DO_NOT_TRACK": "1",
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    target = tmp_path_factory.mktemp("dbt")
    command = [str(Path(settings.TOOLS_BIN) / "dbt"), "--warn-error", "--no-partial-parse", "parse", "--profiles-dir"]
    command += [str(DBT), "--project-dir", str(DBT), "--target-path", str(target), "--log-path", str(target)]
    ended = subprocess.run(
        command, env={**os.environ, **NOWHERE}, capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    return dict(json.loads((target / "manifest.json").read_text()))


def test_schemas_are_named_exactly(manifest: dict[str, Any]) -> None:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]

    assert {node["schema"] for node in models} == {"STAGING", "CORE", "MARTS", "ML"}
    assert {node["schema"] for node in manifest["sources"].values()} == {"RAW"}


def test_every_source_says_when_it_is_stale(manifest: dict[str, Any]) -> None:
    for source in manifest["sources"].values():
        assert source["loaded_at_field"] == "_LOADED_AT", source["name"]
        assert source["freshness"]["error_after"]["count"], source["name"]


def test_facts_and_dimensions_have_tested_keys(manifest: dict[str, Any]) -> None:
    tested = {
        (node["attached_node"].split(".")[-1], node["test_metadata"]["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node.get("attached_node") and node.get("test_metadata")
    }
    models = [path.stem for path in (DBT / "models" / "core").glob("*.sql")]

    assert len(models) == 7
    for model in models:
        assert {(model, "unique"), (model, "not_null")} <= tested, model
