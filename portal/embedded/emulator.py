"""The Snowflake emulator: fakesnow on disk, in the tools' environment, with our mends (`warehouse/`)."""

import http.client
import json
import os
import shutil
import signal
from pathlib import Path

from portal.accounts.types import Purpose
from portal.embedded.environment import ACCOUNTS
from portal.embedded.errors import EmbeddedError
from portal.embedded.home import BASE, write_private
from portal.embedded.part import Launch, Setting, plain_env
from portal.tokens.keys import all_pads

# Ours goes to the end of the search path: in front it would hide packages that bear the same names as our files.
RUN = "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('warehouse.launcher', run_name='__main__')"
WRITERS = {"loader", "privacy", "owner"}


class Warehouse:
    name: str = "warehouse"
    stop_signal: int = signal.SIGTERM

    def launch(self, setting: Setting) -> Launch:
        python = tools_python()
        folder = setting.home.data / "warehouse"
        folder.mkdir(mode=0o700, exist_ok=True)
        # Files put on a stage hold people's values: none outlives the server that was to load them.
        shutil.rmtree(folder / "stage", ignore_errors=True)
        (folder / "stage").mkdir(mode=0o700)
        config = setting.home.run / "warehouse-server.json"
        write_private(
            config,
            {
                "port": setting.port(self.name),
                "folder": str(folder),
                "memory_limit": "640MB",
                "accounts": {
                    name: {"password": setting.secret(f"warehouse_{name}"), "writes": name in WRITERS}
                    for name in ACCOUNTS
                },
            },
        )
        env = plain_env(
            PYTHONDONTWRITEBYTECODE="1",
            HOME=str(folder),
            TMPDIR=str(folder / "stage"),
            WAREHOUSE_MASK_KEYS=mask_keys(setting),
        )
        return Launch((str(python), "-c", RUN, str(Path(__file__).parent), str(config)), env)

    def answers(self, setting: Setting) -> bool:
        wire = http.client.HTTPConnection("127.0.0.1", setting.port(self.name), timeout=1)
        try:
            wire.request("GET", "/health")
            return wire.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            wire.close()

    def settle(self, setting: Setting) -> None:
        """The launcher makes the database and its schemas before it listens."""


def mask_keys(setting: Setting) -> str:
    """By the environment, which only this account can read, and into no file or command line."""
    every = all_pads(setting.secret("PORTICO_TOKEN_KEY"), Purpose)
    return json.dumps({key.name: (key.inner.hex(), key.outer.hex()) for key in every})


def tools_python() -> Path:
    place = Path(os.environ.get("PORTICO_TOOLS_BIN", BASE / ".venv-tools" / "bin")) / "python"
    if not place.exists():
        raise EmbeddedError(f"The warehouse emulator is not installed ({place} is missing): run `make up`.")
    return place
