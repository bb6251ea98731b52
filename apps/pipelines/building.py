"""Runs dbt as a process of the tools' environment. What it must know it gets by environment: secrets stand in no file,
argument or log."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

from django.conf import settings

from apps.pipelines import findings
from apps.pipelines.dbt_log import readable
from apps.pipelines.dbt_results import BuildResult, NodeResult, read_results
from apps.pipelines.definitions import Transform
from apps.pipelines.models import PipelineRun
from portal.runs.sentences import counted
from portal.runs.types import Outcome, StepContext, StepFailed

KEPT_TARGETS = 5
PARSE = "partial_parse.msgpack"
UNHANDLED = 2  # dbt's exit code when it could not do its work at all; 1 means that a node failed


def target_folder(run_id: int) -> Path:
    return Path(settings.HOME) / "dbt" / str(run_id)


def build(context: StepContext, run: PipelineRun, transform: Transform) -> Outcome:
    """Raises StepFailed, naming the first test or model that failed; its counts and checks are kept all the same."""
    target = target_folder(run.run_id)
    # Results of a build that was killed must not be read as those of this one.
    (target / "run_results.json").unlink(missing_ok=True)
    target.mkdir(parents=True, exist_ok=True)
    _take_parse(target)
    code = context.run_process(
        arguments(transform, target), env=environment(target), cwd=str(transform.project), line=readable
    )
    result = read_results(target)
    findings.write_tests(context, run, result)
    if code:
        findings.push(run)
        raise StepFailed(_why(code, result), retryable=_may_help(code, result))
    _tidy(target.parent)
    return Outcome(_summary(result), counts=result.counts, output={"target": str(target.relative_to(settings.HOME))})


def arguments(transform: Transform, target: Path) -> list[str]:
    return [
        str(Path(settings.TOOLS_BIN) / "dbt"),
        "--log-format=json",
        "--log-level=info",
        # The log file holds statements with values in them; nobody reads it.
        "--log-level-file=none",
        "--no-use-colors",
        *transform.arguments,
        f"--project-dir={transform.project}",
        f"--profiles-dir={transform.project}",
        f"--target-path={target}",
        f"--log-path={target / 'logs'}",
    ]


def environment(target: Path) -> Mapping[str, str]:
    """The warehouse as `profiles.yml` reads it. dbt keeps DBT_ENV_SECRET_ values out of everything that it writes."""
    accounts = cast(Mapping[str, str], settings.STORES["warehouse"]["accounts"])
    url = urlsplit(accounts["loader"])
    options = dict(parse_qsl(url.query))
    database, _, schema = unquote(url.path).strip("/").partition("/")
    protocol = options.get("protocol", "https")
    return {
        "PORTICO_DBT_ACCOUNT": options.get("account", ""),
        "PORTICO_DBT_HOST": url.hostname or "",
        "PORTICO_DBT_PORT": str(url.port or (443 if protocol == "https" else 80)),
        "PORTICO_DBT_PROTOCOL": protocol,
        "PORTICO_DBT_USER": unquote(url.username or ""),
        "DBT_ENV_SECRET_PORTICO_DBT_PASSWORD": unquote(url.password or ""),
        "PORTICO_DBT_DATABASE": database,
        "PORTICO_DBT_SCHEMA": options.get("schema", schema) or "STAGING",
        "PORTICO_DBT_WAREHOUSE": options.get("warehouse", ""),
        "PORTICO_DBT_ROLE": options.get("role", ""),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
        "HOME": str(target),
    }


def _why(code: int, result: BuildResult) -> str:
    failed = result.failed
    if not failed:
        return f"dbt ended with code {code} before it built anything; its log says why."
    first = sorted(failed, key=lambda node: node.is_test)[0]
    rest = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"{_what(first)}{rest}"


def _what(node: NodeResult) -> str:
    if node.is_test and node.status == "fail":
        return f"test {node.name}: {counted(node.failures, 'row')} against it"
    return f"{node.kind} {node.name}: {node.message or node.status}"


def _may_help(code: int, result: BuildResult) -> bool:
    """A test that fails fails again; what the warehouse refused (a lock held by a build that was killed) may pass."""
    return code >= UNHANDLED or any(node.broken and not node.is_test for node in result.nodes)


def _summary(result: BuildResult) -> str:
    built = sum(not node.is_test and node.status == "success" for node in result.nodes)
    passed = sum(node.is_test and node.status == "pass" for node in result.nodes)
    return f"{built} nodes built, {passed} tests passed"


def _take_parse(target: Path) -> None:
    """What the newest earlier build knew of the project: dbt parses only what changed since, which takes a third of
    the time. It checks by itself whether that still fits."""
    if (target / PARSE).exists():
        return
    earlier = [path / PARSE for path in _builds(target.parent) if path != target and (path / PARSE).is_file()]
    if earlier:
        shutil.copyfile(earlier[-1], target / PARSE)


def _builds(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))


def _tidy(folder: Path) -> None:
    for path in _builds(folder)[:-KEPT_TARGETS]:
        shutil.rmtree(path, ignore_errors=True)
