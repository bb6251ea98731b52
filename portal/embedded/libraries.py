"""Says which shared library a prebuilt server misses, and which package brings it, before it is started."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from portal.embedded.errors import EmbeddedError

PACKAGES = {
    "libcurl.so.4": "libcurl4",
    "libssl.so.3": "libssl3",
    "libcrypto.so.3": "libssl3",
    "liblzma.so.5": "liblzma5",
    "libresolv.so.2": "libc6",
    "libgcc_s.so.1": "libgcc-s1",
    "libstdc++.so.6": "libstdc++6",
    "libz.so.1": "zlib1g",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libldap-2.5.so.0": "libldap-2.5-0",
}


def missing(ldd_output: str) -> list[str]:
    """Names of libraries in `ldd`'s output that the loader does not find."""
    return [line.split()[0] for line in ldd_output.splitlines() if "=> not found" in line]


def explain(program: str, names: list[str]) -> str:
    packages = sorted({PACKAGES.get(name, "") for name in names} - {""})
    unknown = [name for name in names if name not in PACKAGES]
    how = f" Install: apt-get install {' '.join(packages)}." if packages else ""
    look = f" Find the package of {', '.join(unknown)} with `apt-file search`." if unknown else ""
    return f"{program} cannot start: missing shared library {', '.join(names)}.{how}{look}"


def require(program: Path, env: Mapping[str, str]) -> None:
    """Raises EmbeddedError naming what is missing. Without `ldd` on the machine nothing is checked."""
    if not program.is_file():
        raise EmbeddedError(f"{program.name} is not installed ({program} is missing): run `make up`.")
    try:
        done = subprocess.run(["ldd", str(program)], env=dict(env), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return
    if names := missing(done.stdout):
        raise EmbeddedError(explain(program.name, names))
