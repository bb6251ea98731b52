"""MLflow's own command line, but the server that it starts takes its place: one process instead of two.

`mlflow server` stays beside its uvicorn as a second process of 260 MB, and whoever kills it by force leaves the first.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def become(command: Sequence[str], *, extra_env: Mapping[str, str] | None = None, **kwargs: Any) -> None:
    os.execvpe(command[0], list(command), {**os.environ, **(extra_env or {})})  # noqa: S606 - this is what it is for


def main() -> None:
    import mlflow.server
    from mlflow.cli import cli

    mlflow.server._exec_cmd = become
    cli(["server", *sys.argv[1:]])


if __name__ == "__main__":
    main()
