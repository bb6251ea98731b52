"""Where workers of the fault tests kill themselves (SIGKILL), each point once.

The points are wrapped around the pipeline's own functions; nothing of it is replaced.
"""

import importlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from apps.pipelines import dbt_log

PIPELINES = "apps.pipelines"
# name of the point -> (module, attribute, before or after)
POINTS = {
    "extract-before-the-window": (f"{PIPELINES}.steps", "window_after", "before"),
    "extract-first-batch-written": (f"{PIPELINES}.staging", "Part.write", "after"),
    "extract-staged-not-receipted": (f"{PIPELINES}.receipts", "write_staged", "before"),
    "extract-receipted": (f"{PIPELINES}.receipts", "write_staged", "after"),
    "load-intended": (f"{PIPELINES}.loading", "load", "before"),
    "load-in-copy": ("portal.stores.snowflake.store", "run", "copy into"),
    "load-copied-not-inserted": (f"{PIPELINES}.loading", "_insert", "before"),
    "load-inserted-not-receipted": (f"{PIPELINES}.loading", "_receipt", "before"),
    "load-not-committed": ("portal.stores.snowflake.store", "run", "commit"),
    "load-committed-not-receipted": (f"{PIPELINES}.receipts", "write_loaded", "before"),
    "load-receipted-files-remain": (f"{PIPELINES}.receipts", "remove_staged", "before"),
    "build-in-the-middle": (f"{PIPELINES}.dbt_log", "_finished", "after"),
    "build-not-receipted": (f"{PIPELINES}.findings", "write_tests", "before"),
    "check-not-written": (f"{PIPELINES}.checking", "compare", "after"),
    "publish-in-the-middle": (f"{PIPELINES}.publishing", "replace_edges", "before"),
}
IN_FLIGHT_S = 0.005


@contextmanager
def arm(marks: Path) -> Iterator[None]:
    """While it lasts, forks of this process die at the points; the process itself (which only looks on) does not."""
    with pytest.MonkeyPatch.context() as patch:
        for point, (module, attribute, when) in POINTS.items():
            _wrap(patch, Death(marks / point, os.getpid()), module, attribute, when)
        patch.setattr(dbt_log, "EVENTS", {**dbt_log.EVENTS, "LogModelResult": dbt_log._finished})
        yield


@dataclass(frozen=True)
class Death:
    mark: Path
    spared: int

    def __call__(self) -> None:
        """Only the first one that comes here; the mark on disk outlives it."""
        if os.getpid() == self.spared:
            return
        try:
            os.close(os.open(self.mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def _wrap(patch: pytest.MonkeyPatch, die: Death, module: str, attribute: str, when: str) -> None:
    holder: Any = importlib.import_module(module)
    *path, name = attribute.split(".")
    for part in path:
        holder = getattr(holder, part)
    patch.setattr(holder, name, _dying(die, getattr(holder, name), when))


def _dying(die: Death, function: Callable[..., Any], when: str) -> Callable[..., Any]:
    def before(*args: Any, **kwargs: Any) -> Any:
        die()
        return function(*args, **kwargs)

    def after(*args: Any, **kwargs: Any) -> Any:
        answer = function(*args, **kwargs)
        die()
        return answer

    def statement(*args: Any, **kwargs: Any) -> Any:
        text = args[3].text
        if text.startswith(when) and "LANDING" in text:
            threading.Timer(IN_FLIGHT_S, die).start()
        elif text == when:
            die()
        return function(*args, **kwargs)

    return {"before": before, "after": after}.get(when, statement)
