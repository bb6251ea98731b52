"""What the engine says of each model against what was seen when it ran: recall and precision of both kinds of edge."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BASE = Path(__file__).resolve().parent.parent
MOST_TOLD = 12
Pair = tuple[str, str]  # source column, output column


@dataclass
class Claims:
    """What the engine says of a model: value edges as (source column, output), row edges as source columns."""

    values: set[Pair] = field(default_factory=set)
    rows: set[str] = field(default_factory=set)


@dataclass
class Tally:
    confirmed: int = 0
    unconfirmed: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def line(self, word: str) -> str:
        found, said = self.confirmed + len(self.missed), self.confirmed + len(self.unconfirmed)
        return (
            f"  {word}: recall {share(self.confirmed, found)} ({self.confirmed} of {found} seen), "
            f"precision {share(self.confirmed, said)} ({self.confirmed} of {said} said)"
        )


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "nothing to measure"


@dataclass
class Verdict:
    values: Tally = field(default_factory=Tally)
    rows: Tally = field(default_factory=Tally)
    explained: int = 0
    untried: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    moving: int = 0
    runs: int = 0


def claims_of(lineage: Any) -> Claims:
    found = Claims()
    for output in lineage.columns:
        found.values |= {(key(o.table, o.column), output.name.upper()) for o in output.origins}
    found.rows = {key(o.table, o.column) for o in lineage.rows}
    return found


def key(path: Iterable[str], column: str) -> str:
    return ".".join([*path, column]).upper()


def executed(task: Mapping[str, Any], folder: Path) -> Iterable[dict[str, Any]]:
    file = folder / "task.json"
    file.write_text(json.dumps(task))
    command = [str(BASE / ".venv-tools" / "bin" / "python"), str(BASE / "bench" / "lineage_child.py"), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            yield json.loads(line)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def judge(said: Mapping[str, Claims], ran: Iterable[dict[str, Any]]) -> Verdict:
    verdict = Verdict()
    for model in ran:
        if "error" in model:
            verdict.untried.append(f"{model['model']}: {model['error'].splitlines()[0]}")
        elif not model["rows"]:
            verdict.empty.append(model["model"])
        else:
            verdict.moving += len(model["moving"])
            judge_model(said[model["model"]], model, verdict)
    return verdict


def judge_model(claims: Claims, model: dict[str, Any], verdict: Verdict) -> None:
    """A change that leaves the number of rows shows values; one of a column that decides about rows shows both at
    once, so an output that such a column changes without a value edge is explained, and not decided."""
    outputs = [name.upper() for name in model["outputs"]]
    changed: dict[str, set[str]] = defaultdict(set)
    counted: set[str] = set()
    tried: set[str] = set()
    for each in model["changes"]:
        if "error" in each:
            continue
        column = key(each["path"], each["column"])
        verdict.runs += 1
        tried.add(column)
        changed[column] |= {outputs[n] for n in each["outputs"]}
        if each["rows"]:
            counted.add(column)
    steady = {name for n, name in enumerate(outputs) if n not in model["moving"]}
    for column in sorted(tried):
        mine = {output for source, output in claims.values if source == column and output in steady}
        place = f"{model['model']}: {column}"
        beside = changed[column] - mine
        judge_values(place, mine, changed[column], verdict)
        judge_rows(place, beside, verdict, said=column in claims.rows, counted=column in counted)


def judge_values(place: str, mine: set[str], changed: set[str], verdict: Verdict) -> None:
    verdict.values.confirmed += len(mine & changed)
    verdict.values.unconfirmed += [f"{place} -> {output}" for output in sorted(mine - changed)]


def judge_rows(place: str, beside: set[str], verdict: Verdict, *, said: bool, counted: bool) -> None:
    """`beside` are outputs that changed and that the column gives no value to, as the engine says."""
    if said:
        verdict.explained += len(beside)
        if counted or beside:
            verdict.rows.confirmed += 1
        else:
            verdict.rows.unconfirmed.append(place)
    elif counted:
        verdict.rows.missed.append(place)
    else:
        verdict.values.missed += [f"{place} -> {output}" for output in sorted(beside)]


def tell(verdict: Verdict) -> None:
    print(verdict.values.line("value edges"))
    print(verdict.rows.line("row edges  "))
    print(f"  {verdict.runs:,} runs, each with one column changed")
    for title, listed in (
        ("VALUE EDGES THAT ARE MISSED", verdict.values.missed),
        ("ROW EDGES THAT ARE MISSED", verdict.rows.missed),
        ("value edges that no change showed", verdict.values.unconfirmed),
        ("row edges that no change showed", verdict.rows.unconfirmed),
        ("models not tried: the emulator could not run them", verdict.untried),
        ("models not tried: no row came out", verdict.empty),
    ):
        if listed:
            print(f"  {title}: {len(listed)}")
            print("\n".join(f"    {each}" for each in listed[:MOST_TOLD]))
            if len(listed) > MOST_TOLD:
                print(f"    and {len(listed) - MOST_TOLD} more")
    print(f"  Not decided: {verdict.explained} outputs that changed with a column that decides about rows; whether")
    print(
        f"  its values reach them too is not tried. {verdict.moving} outputs (clocks) change by themselves: left out."
    )
    print("  Not tried: changes of two columns at once, and of one path inside a document (the document is changed).")
