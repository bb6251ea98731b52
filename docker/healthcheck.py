"""Exit code 0 when /healthz of the web process in this container says that all is well."""

import sys
import urllib.error
import urllib.request

ADDRESS = "http://127.0.0.1:8000/healthz"

try:
    # As a proxy in front would ask; without one the header is not believed and changes nothing.
    asked = urllib.request.Request(ADDRESS, headers={"X-Forwarded-Proto": "https"})
    with urllib.request.urlopen(asked, timeout=9) as answer:  # noqa: S310
        sys.exit(0 if answer.status == 200 else 1)
except urllib.error.HTTPError as error:
    sys.exit(error.read(2000).decode(errors="replace"))
except OSError as error:
    sys.exit(f"{ADDRESS} does not answer: {error}")
