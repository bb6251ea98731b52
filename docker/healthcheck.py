"""Exit code 0 when /healthz of this container's process says that all is well: of web, or at the address given."""

import ssl
import sys
import urllib.error
import urllib.request

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/healthz"
AUTHORITY = "/certificates/ca.crt"

try:
    # As a proxy in front would ask; without one the header is not believed and changes nothing.
    asked = urllib.request.Request(ADDRESS, headers={"X-Forwarded-Proto": "https"})  # noqa: S310
    trusted = ssl.create_default_context(cafile=AUTHORITY) if ADDRESS.startswith("https:") else None
    with urllib.request.urlopen(asked, timeout=9, context=trusted) as answer:  # noqa: S310
        sys.exit(0 if answer.status == 200 else 1)
except urllib.error.HTTPError as error:
    sys.exit(error.read(2000).decode(errors="replace"))
except OSError as error:
    sys.exit(f"{ADDRESS} does not answer: {error}")
