"""The figures behind the gates of one promotion, from the files themselves: snapshot, models, current data."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from apps.models import tracking
from apps.models.fingerprints import of_folder
from apps.models.training.evidence import ks, paired_bootstrap, psi
from apps.models.training.fit import Part, parts_of, score
from apps.models.training.measures import Floats

Json = dict[str, Any]


class Altered(Exception):
    """The files that MLflow gives are not those that were registered."""


def weigh(order: Json) -> Json:
    """{"compared": {...} or {"why": ...}, "drift": {...}}; what could not be found out says why."""
    from apps.models.snapshots import fingerprint

    snapshot = Path(order["snapshot"])
    found: Json = {"fingerprint": fingerprint(snapshot)}
    parts = parts_of(snapshot, inputs=order["inputs"], time=order["time"], label=order["label"])
    try:
        found["compared"] = compared(order, parts.holdout)
    except (Altered, KeyError) as error:
        found["compared"] = {"why": str(error)}
    found["drift"] = drift(snapshot, Path(order["current"]), order["inputs"]) if order["current"] else {}
    return found


def compared(order: Json, holdout: Part) -> Json:
    ours = scores(order["candidate"], holdout)
    theirs = scores(order["champion"], holdout) if order["champion"] else None
    result = paired_bootstrap(holdout.labels, ours, theirs)
    figures = {name: value for name, value in asdict(result).items()}
    return {**figures, "difference": result.difference, "passed": result.beyond_chance, "rows": len(holdout.labels)}


def scores(version: Json, holdout: Part) -> Floats:
    """Of the model as MLflow gives it, once its fingerprint is the registered one."""
    missing = [name for name in version["inputs"] if name not in holdout.inputs.columns]
    if missing:
        raise Altered(f"version {version['number']} needs {', '.join(missing)}, which the snapshot does not have")
    with tempfile.TemporaryDirectory() as place:
        folder = tracking.download(version["artifact_uri"], Path(place))
        if of_folder(folder) != version["artifact_sha256"]:
            raise Altered(f"the files of version {version['number']} in MLflow are not those that were registered")
        return score(tracking.load(folder), holdout.inputs[version["inputs"]])


def drift(snapshot: Path, current: Path, inputs: list[str]) -> Json:
    """Of each input, between the whole snapshot and the current rows."""
    import pyarrow.parquet as pq

    before, now = (pq.read_table(path, columns=inputs).to_pandas().astype(np.float64) for path in (snapshot, current))
    columns = {
        name: {"psi": round(psi(before[name].to_numpy(), now[name].to_numpy()), 4),
               "ks": round(ks(before[name].to_numpy(), now[name].to_numpy()), 4)}
        for name in inputs
    }  # fmt: skip
    return {"rows": len(now), "columns": columns}
