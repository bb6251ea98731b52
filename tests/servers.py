"""The servers of one test run: started once, in a folder of their own, gone with the run.

Loaded with `-p` before Django reads its settings, because the settings read the addresses that are chosen here.
PostgreSQL and Valkey start at once; MongoDB and the warehouse when the first test asks (fixtures in conftest.py).
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from portal.embedded.servers import Embedded

for name in [name for name in os.environ if name.startswith("PORTICO_")]:
    if name != "PORTICO_TEST_HOME":
        del os.environ[name]  # a shell's own addresses must not decide what the tests talk to

KEPT = os.environ.get("PORTICO_TEST_HOME")
HOME = Path(KEPT or tempfile.mkdtemp(prefix="portico-test-"))
os.environ["PORTICO_HOME"] = str(HOME)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

servers = Embedded(HOME)
servers.prepare()
servers.start("postgres", "valkey")


@atexit.register
def stop() -> None:
    servers.stop()
    if not KEPT:
        shutil.rmtree(HOME, ignore_errors=True)
