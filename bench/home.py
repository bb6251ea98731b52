"""A portal of its own for one measurement: servers and a migrated database in a folder that is gone afterwards."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent


@contextmanager
def portal(*names: str) -> Iterator[None]:
    """Starts the embedded servers `names` ("postgres", "mongo", "warehouse", "valkey") and sets Django up."""
    sys.path.insert(0, str(BASE))
    from portal.embedded.servers import Embedded

    with tempfile.TemporaryDirectory(prefix="portico-bench-home-") as home:
        os.environ |= {"PORTICO_HOME": home, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        (Path(home) / "static").mkdir()
        servers = Embedded(Path(home))
        servers.prepare()
        servers.start(*names)
        try:
            command = [sys.executable, str(BASE / "manage.py"), "migrate", "--database", "owner", "-v", "0"]
            subprocess.run(command, check=True)
            import django

            django.setup()
            from django.conf import settings

            # Pages are measured without the names that a web server's cache needs.
            plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
            settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
            settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
            yield
        finally:
            servers.stop()
