"""What a dbt run left behind: counts by outcome, its tests as checks, and what failed by name."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apps.pipelines.dbt_log import public_error

TESTS = {"test", "unit_test"}
HOLDS_ROWS = {"table", "incremental", "snapshot", "seed"}
BROKEN = {"error", "fail", "runtime error"}


@dataclass(frozen=True)
class NodeResult:
    """One node that dbt worked on. `dataset` is (database, schema, name) of what it builds or tests."""

    unique_id: str
    kind: str
    name: str
    status: str
    dataset: tuple[str, ...]
    column: str
    failures: int
    seconds: float
    message: str
    holds_rows: bool = False

    @property
    def is_test(self) -> bool:
        return self.kind in TESTS

    @property
    def broken(self) -> bool:
        return self.status in BROKEN


@dataclass(frozen=True)
class BuildResult:
    nodes: tuple[NodeResult, ...]

    @property
    def tables(self) -> set[tuple[str, ...]]:
        """What was built and holds rows."""
        return {node.dataset for node in self.nodes if node.holds_rows and node.status == "success" and node.dataset}

    @property
    def counts(self) -> dict[str, int]:
        tally = Counter(_outcome(node) for node in self.nodes)
        return dict(sorted(tally.items()))

    @property
    def failed(self) -> tuple[NodeResult, ...]:
        return tuple(node for node in self.nodes if node.broken)


def read_results(target: Path) -> BuildResult:
    """From `run_results.json` and `manifest.json`; nothing if dbt stopped before it wrote them."""
    results, manifest = _json(target / "run_results.json"), _json(target / "manifest.json")
    return BuildResult(tuple(_nodes(results, manifest)))


def _json(path: Path) -> Mapping[str, Any]:
    return json.loads(path.read_text()) if path.is_file() else {}


def _nodes(results: Mapping[str, Any], manifest: Mapping[str, Any]) -> Iterator[NodeResult]:
    known = {**manifest.get("sources", {}), **manifest.get("nodes", {})}
    for result in results.get("results", []):
        node = known.get(result["unique_id"], {})
        kind = str(node.get("resource_type") or result["unique_id"].split(".", 1)[0])
        about = _about(node, known) if kind in TESTS else node
        yield NodeResult(
            unique_id=result["unique_id"],
            kind=kind,
            name=str(node.get("name") or result["unique_id"]),
            status=result["status"],
            dataset=_path(about),
            column=str(node.get("column_name") or ""),
            failures=int(result.get("failures") or 0),
            seconds=float(result.get("execution_time") or 0),
            message=public_error(str(result.get("message") or "")) if result["status"] in BROKEN else "",
            holds_rows=(node.get("config") or {}).get("materialized") in HOLDS_ROWS,
        )


def _about(test: Mapping[str, Any], known: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a test is about: the node it is attached to, else the last thing it depends on."""
    attached = test.get("attached_node")
    depends = (test.get("depends_on") or {}).get("nodes") or []
    found: Mapping[str, Any] = known.get(attached or (depends[-1] if depends else ""), {})
    return found


def _path(node: Mapping[str, Any]) -> tuple[str, ...]:
    name = node.get("alias") or node.get("identifier") or node.get("name")
    parts = (node.get("database"), node.get("schema"), name)
    return tuple(str(part).upper() for part in parts) if all(parts) else ()


def _outcome(node: NodeResult) -> str:
    if node.is_test:
        return {"pass": "tests passed", "warn": "tests warned", "skipped": "tests skipped"}.get(
            node.status, "tests failed"
        )
    words = {"success": "built", "skipped": "skipped"}
    return f"{node.kind}s {words.get(node.status, 'failed')}"
