"""`make lock` writes the requirement locks from pyproject.toml, keeping versions; `make upgrade` takes the newest.

Hashed, and naming no index address.
"""

import argparse
import sys

from portal.embedded import commands
from portal.embedded.bootstrap import LOCKS, UV, install_uv, uv_environment
from portal.embedded.console import Console, fail
from portal.embedded.errors import EmbeddedError

PLAIN = ("--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet")
# As in the installation (`bootstrap.install`): with more than one index the first must not hide what another has.
STRATEGY = ("--index-strategy", "unsafe-best-match")
OUTPUTS = {
    "portal.txt": ("pyproject.toml",),
    "local.txt": ("pyproject.toml", "--group", "embedded", "--group", "dev"),
    "bench.txt": ("pyproject.toml", "--group", "embedded", "--group", "dev", "--group", "bench"),
    "tools.txt": ("--group", "tools"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true")
    options = parser.parse_args()
    console = Console()
    try:
        with console.step("uv") as report:
            install_uv(report)
        for name, sources in OUTPUTS.items():
            with console.step(f"requirements/{name}") as report:
                more = ("--upgrade",) if options.upgrade else ()
                command = [UV, "pip", "compile", *sources, *PLAIN, *STRATEGY, *more, "--python-version", "3.11"]
                commands.run([*command, "-o", LOCKS / name], report=report, env=uv_environment())
    except EmbeddedError as error:
        return fail(console, error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
