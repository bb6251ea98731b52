"""dbt's JSON log lines turned into lines for people. Only events named here are told: an error's text can quote a
value of a row, so of an error no more than its first line and the store's code get through."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Line = tuple[str, str]  # level, text
STORE_CODE = re.compile(r"\b(\d{6}) \(([0-9A-Z]{5})\)")


def readable(line: str) -> Line | None:
    """One line of `dbt --log-format json`; None for what nobody needs to read. Text that is not JSON is never told."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    info, data = event.get("info") or {}, event.get("data") or {}
    tell = EVENTS.get(str(info.get("name")))
    return tell(data) if tell else None


def public_error(message: str) -> str:
    """The first line of dbt's error, which names the model, and the store's code; never the store's own words."""
    first = message.strip().split("\n", 1)[0][:200]
    code = STORE_CODE.search(message)
    return f"{first} [{code[1]}, SQLSTATE {code[2]}]" if code else first


def _started(data: Mapping[str, Any]) -> Line:
    return "info", f"{_position(data)}start  {_name(data)}"


def _finished(data: Mapping[str, Any]) -> Line:
    status = str(data.get("status", "")).lower()
    broken = "error" in status or "fail" in status
    word = "failed" if broken else "ok    "
    return ("error" if broken else "info"), f"{_position(data)}{word} {_name(data)}{_seconds(data)}"


def _tested(data: Mapping[str, Any]) -> Line:
    status = str(data.get("status", "")).lower()
    level, word = {"pass": ("info", "passed"), "warn": ("warning", "warned")}.get(status, ("error", "failed"))
    found = data.get("num_failures") or 0
    rows = f": {found} row{'s' if found != 1 else ''} against it" if found and word != "passed" else ""
    return level, f"{_position(data)}{word} test {_name(data)}{rows}{_seconds(data)}"


def _skipped(data: Mapping[str, Any]) -> Line:
    return "warning", f"{_position(data)}skipped {_name(data)}: something it stands on failed"


def _version(data: Mapping[str, Any]) -> Line:
    return "info", f"dbt {str(data.get('version', '')).lstrip('=')}"


def _totals(data: Mapping[str, Any]) -> Line:
    stats = data.get("stats") or {}
    told = ", ".join(f"{value} {key}" for key, value in stats.items() if value and key != "total")
    return "info", f"{stats.get('total', 0)} nodes: {told}"


def _cannot(data: Mapping[str, Any]) -> Line:
    return "error", public_error(str(data.get("exc", data.get("msg", "dbt could not start."))))


EVENTS: Mapping[str, Callable[[Mapping[str, Any]], Line]] = {
    "MainReportVersion": _version,
    "LogStartLine": _started,
    "LogModelResult": _finished,
    "LogSnapshotResult": _finished,
    "LogSeedResult": _finished,
    "LogTestResult": _tested,
    "SkippingDetails": _skipped,
    "LogSkipBecauseError": _skipped,
    "StatsLine": _totals,
    "MainEncounteredError": _cannot,
    "LogDbtProjectError": _cannot,
    "LogDbtProfileError": _cannot,
}


def _position(data: Mapping[str, Any]) -> str:
    index, total = data.get("index"), data.get("total")
    return f"{index:>3} of {total}  " if isinstance(index, int) and total else ""


def _name(data: Mapping[str, Any]) -> str:
    node = data.get("node_info") or {}
    relation = node.get("node_relation") or {}
    if node.get("resource_type") in {"model", "seed", "snapshot"} and relation.get("alias"):
        return f"{node['resource_type']} {relation.get('schema')}.{relation['alias']}"
    return str(node.get("node_name") or data.get("name") or data.get("relation") or "")


def _seconds(data: Mapping[str, Any]) -> str:
    seconds = data.get("execution_time")
    return f" in {seconds:.1f} s" if isinstance(seconds, (int, float)) else ""
