"""What every local server has in common, and what it needs to be told."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from portal.embedded.home import Home, Json


@dataclass(frozen=True)
class Setting:
    """What a part is started with. `settled` remembers, per part, the hash of accounts already made."""

    home: Home
    state: Json
    for_tests: bool

    def port(self, part: str) -> int:
        return int(self.state["ports"][part])

    def secret(self, name: str) -> str:
        return self.state["secrets"][name]


@dataclass(frozen=True)
class Launch:
    command: tuple[str, ...]
    env: Mapping[str, str]
    user: str = ""  # "UID:GID" to become
    log_filter: str = ""  # a Python program that the output passes on its way to the log


class Part(Protocol):
    name: str
    stop_signal: int

    def launch(self, setting: Setting) -> Launch:
        """The command, after whatever must be on disk has been written. May take seconds the first time."""

    def answers(self, setting: Setting) -> bool:
        """Speaks its protocol right now. Never raises, never takes longer than a second."""

    def settle(self, setting: Setting) -> None:
        """Makes accounts and schemas inside the running server; does nothing when they are there."""


def plain_env(**extra: str) -> dict[str, str]:
    """Servers get nothing of our environment but where programs are: no keys, no tokens."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", **extra}
