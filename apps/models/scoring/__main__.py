"""`python -m apps.models.scoring --port 8100`: the scoring service, on 127.0.0.1 unless told otherwise."""

import argparse
import os
from urllib.parse import urlsplit

# A request is small: more threads in the numeric libraries would only wait for each other. Before numpy is imported.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


def main() -> None:
    import django

    django.setup()
    import uvicorn
    from django.conf import settings

    from apps.models.scoring.app import build
    from apps.models.scoring.loaded import warm
    from apps.models.scoring.patience import MOST, Patient

    parser = argparse.ArgumentParser(prog="apps.models.scoring", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=urlsplit(settings.SCORING_URL).port)
    parser.add_argument("--certificate", help="serve over TLS with this certificate (PEM)")
    parser.add_argument("--key", help="its key")
    options = parser.parse_args()
    if not options.port:
        parser.error("name a port: --port 8100, or PORTICO_SCORING_URL with one")
    Patient.most_each = settings.SCORING_CONNECTIONS
    warm()
    uvicorn.run(
        build(name=f"{options.host}:{options.port}"),
        host=options.host,
        port=options.port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
        limit_concurrency=MOST + 1,  # it refuses at the number, not above it
        ssl_certfile=options.certificate,
        ssl_keyfile=options.key,
        http=Patient,
        ws="none",
        h11_max_incomplete_event_size=16 * 1024,
    )


main()
