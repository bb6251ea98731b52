"""PostgreSQL refuses to run as root. Started by root, it is run as somebody who may nothing."""

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from portal.embedded.errors import EmbeddedError

NOBODY = 65534
AS_NOBODY = ("unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")


def may_pass(path: Path, uid: int = NOBODY) -> bool:
    """Whether this user can reach `path`: every folder above it (and itself, when a folder) can be entered."""
    for folder in (path, *path.parents):
        about = folder.stat()
        needed = stat.S_IXUSR if about.st_uid == uid else stat.S_IXOTH
        if stat.S_ISDIR(about.st_mode) and not about.st_mode & needed:
            return False
    return True


def namespaces_work() -> bool:
    """Containers often forbid user namespaces."""
    probe = [*AS_NOBODY, "true"]
    return bool(shutil.which("unshare")) and subprocess.run(probe, capture_output=True, check=False).returncode == 0


def has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def give(folder: Path, uid: int) -> None:
    """Makes the user the owner of the folder and all in it; nothing is touched when it already is."""
    if folder.stat().st_uid == uid:
        return
    for top, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(top, name), uid, uid if uid else 0, follow_symlinks=False)
    os.chown(folder, uid, uid if uid else 0)


def unprivileged(data: Path, programs: Path) -> tuple[str, tuple[str, ...]]:
    """How to run a server that refuses root: ("UID:GID" to become, or a command to put in front).

    Becoming nobody is plainest. Below a folder that nobody can enter (an administrator's home, a 0700 scratch
    folder) the server stays root outside and is an ordinary user inside a user namespace of its own.
    """
    if os.getuid() != 0:
        # initdb wants its user to have a name; in a container the user is often a bare number.
        return "", AS_NOBODY if not has_name(os.getuid()) and namespaces_work() else ()
    if may_pass(data.parent) and may_pass(programs):
        give(data, NOBODY)
        return f"{NOBODY}:{NOBODY}", ()
    if namespaces_work():
        give(data, 0)
        return "", AS_NOBODY
    raise EmbeddedError(
        f"PostgreSQL does not run as root, an ordinary user cannot enter {data}, and this machine allows no user "
        "namespaces. Start as an ordinary user, put the folder where others may pass (chmod o+x the folders above "
        "it), or set PORTICO_HOME to such a place."
    )
