"""Reads what dbt (1.5 or newer) leaves in its target folder. Plain Python: files in, frozen values out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

OLDEST_MANIFEST = 9  # dbt 1.5
BUILT = ("model", "snapshot", "seed")
VERDICTS = {"pass": True, "warn": False, "fail": False, "error": False, "runtime error": False}


class ArtifactError(Exception):
    """The folder does not hold artifacts that can be read; the message says which file and why."""


@dataclass(frozen=True)
class DbtModel:
    """One relation that dbt builds. `compiled` is empty when this invocation did not compile it."""

    id: str
    path: tuple[str, str, str]
    kind: str  # model, snapshot, seed
    description: str
    columns: Mapping[str, str]
    owner: str
    tags: tuple[str, ...]
    compiled: str
    checksum: str
    built_at: datetime | None
    unique_key: tuple[str, ...] = ()
    updated_at: str = ""


@dataclass(frozen=True)
class DbtTest:
    """A test that ran. `failures` counts rows; dbt's own message is left out, because it can quote a row."""

    model: str
    name: str
    column: str
    passed: bool
    failures: int | None
    status: str


@dataclass(frozen=True)
class DbtProject:
    name: str
    adapter: str
    invocation: str
    generated_at: str
    models: tuple[DbtModel, ...]
    tests: tuple[DbtTest, ...]
    # columns by relation, from catalog.json: for relations that the portal's catalog has not seen yet
    relations: Mapping[tuple[str, ...], tuple[str, ...]]


def read_project(target: Path) -> DbtProject:
    """`manifest.json` must be there; `run_results.json` and `catalog.json` may be. Raises ArtifactError."""
    manifest = _load(target / "manifest.json")
    if manifest is None:
        raise ArtifactError(f"{target.name} holds no manifest.json: run dbt build or dbt compile first.")
    _check_version(manifest)
    results = _load(target / "run_results.json") or {}
    ran = {result["unique_id"]: result for result in results.get("results", [])}
    nodes: dict[str, dict[str, Any]] = manifest.get("nodes", {})
    metadata = manifest["metadata"]
    built = {uid: node for uid, node in nodes.items() if node.get("resource_type") in BUILT}
    relational = {uid: node for uid, node in built.items() if _config(node).get("materialized") != "ephemeral"}
    models = tuple(_model(node, manifest, ran.get(uid)) for uid, node in relational.items())
    tests = [_test(nodes[uid], result) for uid, result in ran.items() if uid in nodes]
    return DbtProject(
        name=metadata.get("project_name") or "",
        adapter=metadata.get("adapter_type") or "snowflake",
        invocation=metadata.get("invocation_id") or "",
        generated_at=metadata.get("generated_at") or "",
        models=models,
        tests=tuple(test for test in tests if test),
        relations=_relations(_load(target / "catalog.json") or {}),
    )


def _load(file: Path) -> dict[str, Any] | None:
    try:
        loaded = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{file.name} cannot be read: {type(error).__name__}.") from error
    if not isinstance(loaded, dict):
        raise ArtifactError(f"{file.name} is not an artifact of dbt.")
    return loaded


def _check_version(manifest: dict[str, Any]) -> None:
    schema = str(manifest.get("metadata", {}).get("dbt_schema_version", ""))
    number = schema.rpartition("/v")[2].removesuffix(".json")
    if not number.isdigit() or int(number) < OLDEST_MANIFEST:
        raise ArtifactError("manifest.json is of a dbt before 1.5; build again with a newer one.")


def _config(node: dict[str, Any]) -> dict[str, Any]:
    return node.get("config") or {}


def _model(node: dict[str, Any], manifest: dict[str, Any], result: dict[str, Any] | None) -> DbtModel:
    config = _config(node)
    key = config.get("unique_key") or ()
    return DbtModel(
        id=node["unique_id"],
        path=(node["database"], node["schema"], node.get("alias") or node["name"]),
        kind=node["resource_type"],
        description=(node.get("description") or "").strip(),
        columns={
            name: (column.get("description") or "").strip() for name, column in (node.get("columns") or {}).items()
        },
        owner=_owner(node, manifest),
        tags=tuple(sorted(set(node.get("tags") or config.get("tags") or ()))),
        compiled=(node.get("compiled_code") or "").strip(),
        checksum=str((node.get("checksum") or {}).get("checksum") or ""),
        built_at=_built_at(result),
        unique_key=(key,) if isinstance(key, str) else tuple(key),
        updated_at=str(config.get("updated_at") or ""),
    )


def _owner(node: dict[str, Any], manifest: dict[str, Any]) -> str:
    """`meta.owner` of the model, or the owner of its group."""
    meta = {**(_config(node).get("meta") or {}), **(node.get("meta") or {})}
    if meta.get("owner"):
        return str(meta["owner"])
    group = node.get("group") or _config(node).get("group")
    for each in (manifest.get("groups") or {}).values():
        if group and each.get("name") == group:
            owner = each.get("owner") or {}
            return str(owner.get("name") or owner.get("email") or "")
    return ""


def _built_at(result: dict[str, Any] | None) -> datetime | None:
    if not result or result.get("status") != "success":
        return None
    ends = [step.get("completed_at") for step in result.get("timing") or () if step.get("name") == "execute"]
    return datetime.fromisoformat(ends[0].replace("Z", "+00:00")) if ends and ends[0] else None


def _test(node: dict[str, Any], result: dict[str, Any]) -> DbtTest | None:
    """None for what is not a test of a relation, or was skipped: it says nothing."""
    status = str(result.get("status"))
    tested = node.get("attached_node") or next(iter((node.get("depends_on") or {}).get("nodes") or ()), "")
    if node.get("resource_type") != "test" or status not in VERDICTS or not tested:
        return None
    return DbtTest(
        model=tested,
        name=node["name"],
        column=node.get("column_name") or "",
        passed=VERDICTS[status],
        failures=result.get("failures"),
        status=status,
    )


def _relations(catalog: dict[str, Any]) -> dict[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for node in [*(catalog.get("nodes") or {}).values(), *(catalog.get("sources") or {}).values()]:
        meta = node["metadata"]
        columns = sorted(node["columns"].values(), key=lambda column: column.get("index") or 0)
        found[meta["database"], meta["schema"], meta["name"]] = tuple(column["name"] for column in columns)
    return found
