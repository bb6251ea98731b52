"""`python -m apps.models.training.child train|register|weigh order.json`: the heavy half of a step.

Reads an order, writes an answer beside it. Exit codes: 0 done, 3 nothing to learn from, 4 MLflow does not answer.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # sums in one order: the same rows give the same model

Json = dict[str, Any]
NO_LABELS, TRACKING_DOWN = 3, 4


def train(order: Json) -> Json:
    from apps.models import tracking
    from apps.models.training.fit import fit, parts_of

    parts = parts_of(Path(order["snapshot"]), inputs=order["inputs"], time=order["time"], label=order["label"])
    fitted = fit(parts, params=order["params"], fewest_positives=order["fewest_positives"])
    sys.stdout.write(f"Fitted on {len(parts.fit.labels):,} rows, measured on {len(parts.holdout.labels):,}.\n")
    tracking.save(fitted.model, Path(order["model"]), sample=fitted.sample)
    return {"threshold": fitted.threshold, "metrics": fitted.metrics, "params": fitted.params}


def register(order: Json) -> Json:
    from apps.models import tracking

    return asdict(tracking.register(Path(order["model"]), tracking.Order(**order["version"])))


def weigh(order: Json) -> Json:
    from apps.models.training.weigh import weigh

    return weigh(order)


COMMANDS: dict[str, Callable[[Json], Json]] = {"train": train, "register": register, "weigh": weigh}


def main() -> int:
    from apps.models.tracking import TrackingDown
    from apps.models.training.fit import TooFewLabels

    command, file = sys.argv[1], Path(sys.argv[2])
    answer = file.with_suffix(".answer.json")
    try:
        found = COMMANDS[command](json.loads(file.read_text()))
    except TooFewLabels as error:
        answer.write_text(json.dumps({"reason": str(error)}))
        return NO_LABELS
    except TrackingDown as error:
        answer.write_text(json.dumps({"reason": str(error)}))
        return TRACKING_DOWN
    answer.write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
