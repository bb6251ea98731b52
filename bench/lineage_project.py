"""A made-up dbt project of a given size: 67 models, 6,667 lines, 1,700 columns, each standing on earlier ones."""

import json
from pathlib import Path
from typing import Any

MODELS, LINES, COLUMNS, RAW = 67, 6_667, 1_700, 15
DATABASE = "ANALYTICS"


def widths() -> list[int]:
    """How many columns each model has."""
    least, more = divmod(COLUMNS, MODELS)
    return [least + (number < more) for number in range(MODELS)]


def names(width: int) -> list[str]:
    """Two keys, a time, and figures and texts by turns."""
    return ["id", "parent_id", "created_at", *(f"{'amount' if n % 2 else 'label'}_{n:02}" for n in range(width - 3))]


def listed(columns: list[str], indent: str = "        ") -> str:
    return ",\n".join(f"{indent}{column}" for column in columns)


def model(number: int, width: int, lines: int) -> str:
    """CTEs that filter, join, rank and aggregate, one column a line, over one or two earlier relations."""
    columns = names(width)
    first, second = parents(number)
    shared = [f"a.{name}" for name in columns[:3]]
    joined = [*shared, *(f"coalesce(a.{n}, b.{n}) as {n}" for n in columns[3:])]
    text = (
        f"with left_side as (\n    select\n{listed(columns)}\n    from {first}\n    where created_at is not null\n),\n"
        f"joined as (\n    select\n{listed(joined)}\n    from left_side as a\n"
        f"    left join {second} as b on a.parent_id = b.id\n),\n"
        "ranked as (\n    select\n        *,\n"
        "        row_number() over (partition by id order by created_at desc) as rn\n"
        "    from joined\n)\n"
        f"select\n{listed(columns, '    ')}\nfrom ranked\nwhere rn = 1"
    )
    missing = lines - len(text.splitlines())
    return "\n".join([*(f"-- line {n}" for n in range(missing)), text])


def parents(number: int) -> tuple[str, str]:
    """A chain as deep as the models after the first layer, a fifth of it at a time."""
    if number < RAW:
        return relation(-1 - number), relation(-1 - (number + 1) % RAW)
    return relation(number - 5), relation(number - RAW)


def relation(number: int) -> str:
    return f"{DATABASE}.RAW.raw_{-number:02}" if number < 0 else f"{DATABASE}.{schema(number)}.model_{number:02}"


def schema(number: int) -> str:
    return "STAGING" if number < RAW else "CORE" if number < 50 else "MARTS"


def relations() -> dict[tuple[str, ...], list[str]]:
    """Path in upper case to columns: what a sync sees."""
    made = {relation(number): names(width) for number, width in enumerate(widths())}
    raw = {relation(-1 - number): names(max(widths())) for number in range(RAW)}
    return {tuple(path.upper().split(".")): [c.upper() for c in columns] for path, columns in {**raw, **made}.items()}


def write(target: Path) -> tuple[int, int, int]:
    """manifest.json; returns how many models, lines and columns it holds."""
    least, more = divmod(LINES, MODELS)
    texts = [model(n, width, least + (n < more)) for n, width in enumerate(widths())]
    nodes = dict(node(number, text) for number, text in enumerate(texts))
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "adapter_type": "snowflake",
        "project_name": "generated",
        "invocation_id": "generated",
        "generated_at": "2026-01-01T00:00:00Z",
    }
    (target / "manifest.json").write_text(json.dumps({"metadata": metadata, "nodes": nodes, "groups": {}}))
    return len(nodes), sum(len(text.splitlines()) for text in texts), sum(widths())


def node(number: int, text: str) -> tuple[str, dict[str, Any]]:
    uid = f"model.generated.model_{number:02}"
    name = f"model_{number:02}"
    return uid, {
        "unique_id": uid,
        "resource_type": "model",
        "database": DATABASE,
        "schema": schema(number),
        "name": name,
        "alias": name,
        "columns": {},
        "config": {"materialized": "table"},
        "compiled_code": text,
        "checksum": {"name": "sha256", "checksum": str(number)},
    }
