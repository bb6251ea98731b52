"""A worker's first query does not pay for what it needs to import."""

import os
import subprocess
import sys

PROGRAM = """
import sys
import portal.celery, django
django.setup()
portal.celery.app.loader.import_default_modules()
from celery.signals import worker_ready
heavy = ("pyarrow.parquet", "portal.stores.postgres.read", "portal.stores.mongo.read", "portal.stores.snowflake.rows")
assert not [name for name in heavy if name in sys.modules]
import portal.runs.keeper as keeping
keeping.keeper.start = lambda name: None
threads = [found for _, found in worker_ready.send(sender=None) if found is not None]
for thread in threads:
    thread.join(60)
print(*[name for name in heavy if name not in sys.modules])
"""


def test_what_a_query_needs_is_imported_when_a_worker_starts(live_db: None) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=dict(os.environ), check=False, capture_output=True, text=True, timeout=90
    )
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
