"""The web process starts without what only workers need: with all of it, it would be four times as large."""

import subprocess
import sys

HEAVY = {"pandas", "pyarrow", "snowflake", "mlflow", "evidently", "sklearn", "plotly", "scipy", "numpy", "ray"}
SCRIPT = """
import sys
import portal.asgi
from django.urls import get_resolver
get_resolver().url_patterns  # imports every view
import django.template.loader
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_no_heavy_import_on_the_web_path() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert HEAVY & set(done.stdout.split()) == set()
