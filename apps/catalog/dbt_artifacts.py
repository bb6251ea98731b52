"""Reads what dbt (1.5 or newer) leaves in its target folder. Plain Python: files in, frozen values out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from apps.catalog.dbt.files import ArtifactError, check_version, load, objects, reading, text

T = TypeVar("T")
BUILT = ("model", "snapshot", "seed")
VERDICTS = {"pass": True, "warn": False, "fail": False, "error": False, "runtime error": False}


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
    # ids of what it says it reads; of an ephemeral model, what that one reads. None where it says nothing
    needs: tuple[str, ...] | None = None


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
class DbtSource:
    """A relation that dbt reads and others fill."""

    id: str
    path: tuple[str, str, str]
    description: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class DbtExposure:
    """What people use that is made from models: a dashboard, an application. `needs` are ids of models and sources."""

    id: str
    name: str
    kind: str
    owner: str
    url: str
    description: str
    needs: tuple[str, ...]


@dataclass(frozen=True)
class DbtFreshness:
    """`status` is dbt's: "pass", "warn", "error", "runtime error"."""

    source: str
    status: str
    loaded_at: datetime | None


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
    sources: tuple[DbtSource, ...] = ()
    exposures: tuple[DbtExposure, ...] = ()
    freshness: tuple[DbtFreshness, ...] = ()

    @property
    def paths(self) -> dict[str, tuple[str, str, str]]:
        """Every relation that it builds or reads, by its id."""
        return {each.id: each.path for each in self.models} | {each.id: each.path for each in self.sources}


def read_project(target: Path) -> DbtProject:
    """`manifest.json` must be there; those of results, catalog and sources may be. Raises ArtifactError."""
    manifest = load(target / "manifest.json")
    if manifest is None:
        raise ArtifactError(f"{target.name} holds no manifest.json: run dbt build or dbt compile first.")
    check_version(manifest)
    with reading("run_results.json: results"):
        results = (load(target / "run_results.json") or {}).get("results") or []
        ran = {text(result["unique_id"]): objects({"": result})[""] for result in results}
    with reading("manifest.json: nodes"):
        nodes, sources = objects(manifest.get("nodes")), objects(manifest.get("sources"))
        metadata = objects({"": manifest["metadata"]})[""]
        built = {uid: node for uid, node in nodes.items() if node.get("resource_type") in BUILT}
        relational = {uid: node for uid, node in built.items() if _config(node).get("materialized") != "ephemeral"}
    with reading("catalog.json"):
        relations = _relations(load(target / "catalog.json") or {})
    with reading("manifest.json: metadata"):
        told = {name: text(metadata.get(name)) for name in ("project_name", "adapter_type", "invocation_id")}
        generated = text(metadata.get("generated_at"))
    return DbtProject(
        name=told["project_name"],
        adapter=told["adapter_type"] or "snowflake",
        invocation=told["invocation_id"],
        generated_at=generated,
        models=tuple(_at(uid, _model, node, manifest, ran.get(uid)) for uid, node in relational.items()),
        tests=tuple(t for uid, result in ran.items() if uid in nodes and (t := _at(uid, _test, nodes[uid], result))),
        relations=relations,
        sources=tuple(_at(uid, _source, node) for uid, node in sources.items()),
        exposures=tuple(_at(uid, _exposure, node) for uid, node in _exposures(manifest).items()),
        freshness=_freshness(load(target / "sources.json") or {}),
    )


def _at(uid: str, read: Callable[..., T], *parts: Any) -> T:
    with reading(f"manifest.json: {uid}"):
        return read(*parts)


def _exposures(manifest: dict[str, Any]) -> dict[str, dict[str, Any]]:
    with reading("manifest.json: exposures"):
        return objects(manifest.get("exposures"))


def _path(node: dict[str, Any], name: str) -> tuple[str, str, str]:
    found = (text(node["database"]), text(node["schema"]), name)
    if not all(found):
        raise ValueError
    return found


def _source(node: dict[str, Any]) -> DbtSource:
    return DbtSource(
        id=text(node["unique_id"]),
        path=_path(node, text(node.get("identifier")) or text(node["name"])),
        description=text(node.get("description")),
        columns={name: text(column.get("description")) for name, column in objects(node.get("columns")).items()},
    )


def _exposure(node: dict[str, Any]) -> DbtExposure:
    owner = objects({"": node.get("owner") or {}})[""]
    return DbtExposure(
        id=text(node["unique_id"]),
        name=text(node.get("label")) or text(node["name"]),
        kind=text(node.get("type")),
        owner=text(owner.get("name")) or text(owner.get("email")),
        url=text(node.get("url")),
        description=text(node.get("description")),
        needs=_depends_on(node),
    )


def _depends_on(node: dict[str, Any]) -> tuple[str, ...]:
    return tuple(text(each) for each in objects({"": node.get("depends_on") or {}})[""].get("nodes") or ())


def _freshness(sources: dict[str, Any]) -> tuple[DbtFreshness, ...]:
    with reading("sources.json: results"):
        return tuple(
            DbtFreshness(
                source=text(each["unique_id"]),
                status=text(each["status"]),
                loaded_at=_moment(each.get("max_loaded_at")),
            )
            for each in sources.get("results") or []
        )


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(text(value).replace("Z", "+00:00")) if value else None


def _config(node: dict[str, Any]) -> dict[str, Any]:
    return objects({"": node.get("config") or {}})[""]


def _model(node: dict[str, Any], manifest: dict[str, Any], result: dict[str, Any] | None) -> DbtModel:
    config = _config(node)
    key = config.get("unique_key") or ()
    checksum = node.get("checksum") or {}
    return DbtModel(
        id=text(node["unique_id"]),
        path=_path(node, text(node.get("alias")) or text(node["name"])),
        kind=text(node["resource_type"]),
        description=text(node.get("description")),
        columns={name: text(column.get("description")) for name, column in objects(node.get("columns")).items()},
        owner=_owner(node, manifest),
        tags=tuple(sorted({text(tag) for tag in node.get("tags") or config.get("tags") or ()})),
        compiled=text(node.get("compiled_code"), most=1_000_000),
        checksum=text(checksum.get("checksum")),
        built_at=_built_at(result),
        unique_key=(key,) if isinstance(key, str) else tuple(text(each) for each in key),
        updated_at=text(config.get("updated_at")),
        needs=tuple(sorted(_needs(node, objects(manifest.get("nodes")), set()))) if "depends_on" in node else None,
    )


def _needs(node: dict[str, Any], nodes: dict[str, dict[str, Any]], seen: set[str]) -> set[str]:
    """An ephemeral model stands inside the statement that names it, so what it reads is read there."""
    found: set[str] = set()
    for uid in _depends_on(node):
        inner = nodes.get(uid)
        if inner and _config(inner).get("materialized") == "ephemeral" and uid not in seen:
            found |= _needs(inner, nodes, seen | {uid})
        elif uid.startswith(("model.", "source.", "seed.", "snapshot.")):
            found.add(uid)
    return found


def _owner(node: dict[str, Any], manifest: dict[str, Any]) -> str:
    """`meta.owner` of the model, or the owner of its group."""
    meta = {**(_config(node).get("meta") or {}), **(node.get("meta") or {})}
    if meta.get("owner"):
        return text(meta["owner"])
    group = node.get("group") or _config(node).get("group")
    for each in objects(manifest.get("groups")).values():
        if group and each.get("name") == group:
            owner = each.get("owner") or {}
            return text(owner.get("name")) or text(owner.get("email"))
    return ""


def _built_at(result: dict[str, Any] | None) -> datetime | None:
    if not result or result.get("status") != "success":
        return None
    ends = [step.get("completed_at") for step in result.get("timing") or () if step.get("name") == "execute"]
    return _moment(ends[0]) if ends else None


def _test(node: dict[str, Any], result: dict[str, Any]) -> DbtTest | None:
    """None for what is not a test of a relation, or was skipped: it says nothing."""
    status = str(result.get("status"))
    tested = node.get("attached_node") or next(iter((node.get("depends_on") or {}).get("nodes") or ()), "")
    if node.get("resource_type") != "test" or status not in VERDICTS or not tested:
        return None
    return DbtTest(
        model=text(tested),
        name=text(node["name"]),
        column=text(node.get("column_name")),
        passed=VERDICTS[status],
        failures=None if result.get("failures") is None else int(result["failures"]),
        status=status,
    )


def _relations(catalog: dict[str, Any]) -> dict[tuple[str, ...], tuple[str, ...]]:
    found: dict[tuple[str, ...], tuple[str, ...]] = {}
    for node in [*objects(catalog.get("nodes")).values(), *objects(catalog.get("sources")).values()]:
        meta = node["metadata"]
        columns = sorted(objects(node["columns"]).values(), key=lambda column: int(column.get("index") or 0))
        path = (text(meta["database"]), text(meta["schema"]), text(meta["name"]))
        found[path] = tuple(text(column["name"]) for column in columns)
    return found
