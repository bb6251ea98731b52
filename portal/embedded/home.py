"""The one folder everything local lives in, and the two files that outlive a start: ports and secrets."""

import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.embedded.errors import EmbeddedError

BASE = Path(__file__).resolve().parents[2]
Json = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Home:
    path: Path

    @property
    def data(self) -> Path:
        return self.path / "data"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def done(self) -> Path:
        """A mark for each thing that this home was filled with."""
        return self.path / "done"

    @property
    def loaded(self) -> Path:
        """Says which payments are here, once all of them are."""
        return self.done / "estate"

    @property
    def env_file(self) -> Path:
        return self.path / "env.json"

    @property
    def state_file(self) -> Path:
        return self.path / "state.json"

    def make(self) -> None:
        """The top may be passed through by an unprivileged PostgreSQL, but not listed; the rest is private."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o711)
            for folder, mode in ((self.data, 0o711), (self.run, 0o700), (self.logs, 0o700)):
                folder.mkdir(exist_ok=True)
                folder.chmod(mode)
        except PermissionError as error:
            raise EmbeddedError(
                f"{self.path} belongs to somebody else ({error.strerror}): start as the user who made it, "
                "or remove it as that user with `make reset`."
            ) from None

    def read_state(self) -> Json:
        if not self.state_file.is_file():
            return {"ports": {}, "secrets": {}, "settled": {}}
        state: Json = json.loads(self.state_file.read_text())
        return state

    def write_state(self, state: Json) -> None:
        write_private(self.state_file, state)


def write_private(file: Path, content: Mapping[str, object]) -> None:
    write_whole(file, json.dumps(content, indent=1, sort_keys=True))


def write_whole(file: Path, text: str) -> None:
    """Written beside and moved into place, so that a full disk or a kill never leaves half a file."""
    beside = file.with_suffix(f".{os.getpid()}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "w") as out:
            out.write(text)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port(taken: set[int]) -> int:
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in taken:
            return port


def hex_key() -> str:
    return secrets.token_hex(32)


def password() -> str:
    """Letters and digits only: it goes into addresses and SQL, where nothing then needs escaping."""
    return secrets.token_hex(16)


def demo_password() -> str:
    """Typed by people at the sign-in page."""
    return "-".join(secrets.token_hex(2) for _ in range(4))
