"""`python -m tests.e2e.demo_model FOLDER`, with PORTICO_HOME: promotes a tiny model in the portal of that home.

The end-to-end portal holds some hundred charges, from which nothing can be learned. Its scoring service does not mind
where a version comes from, as long as the ledger approved it.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
NUMBER = 900


def main() -> None:
    import django

    django.setup()
    from tests.models import serving

    serving.promote(serving.version(serving.artifact(Path(sys.argv[1])), number=NUMBER))


if __name__ == "__main__":
    main()
