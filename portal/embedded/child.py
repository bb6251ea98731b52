"""Becomes a server: `python -I child.py OPTIONS -- program arguments`. Standard library only, and nothing of Portico's.

A small program of its own because code between fork and exec in a process with threads may hang; here everything
happens after exec. The process id stays the same all the way to the server.
"""

import argparse
import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent(signal_number: int, parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)


def become(user: str) -> None:
    uid, gid = (int(part) for part in user.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def filter_output(program: str) -> None:
    """What this process says from now on goes through `program`, which ends when we close our output by ending."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.dup2(reading, 0)
        os.closerange(3, max(reading, writing) + 1)
        os.execv(sys.executable, [sys.executable, "-I", "-S", program])  # noqa: S606
    os.close(reading)
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(writing)


def main() -> None:
    split = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("--signal", type=int, required=True, help="sent to this process when its parent dies")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--user", help="UID:GID to become")
    parser.add_argument("--umask", default="077")
    parser.add_argument("--log-filter", help="a Python program")
    options = parser.parse_args(sys.argv[1:split])
    if options.user:
        become(options.user)
    # After the change of user, which would clear it.
    die_with_parent(options.signal, options.parent)
    os.umask(int(options.umask, 8))
    if options.log_filter:
        filter_output(options.log_filter)
    command = sys.argv[split + 1 :]
    os.execvp(command[0], command)  # noqa: S606 - becoming the server is what this is for


main()
