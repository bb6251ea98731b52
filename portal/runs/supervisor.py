"""Stands between a worker and the child process of a step: `supervisor.py SILENCE_S STOP_S -- program arguments`.

The worker holds our standard input. It writes `.` whenever it renewed its lease and `T` to stop the child in order.
The child's whole process group dies at once when the worker closes the pipe by dying, and when it says nothing for
SILENCE_S seconds: a worker that is frozen must not leave a child at work while its successor starts another.
The child dies with us, too (PR_SET_PDEATHSIG; this program has one thread, so the signal means our death).
Standard library only, and nothing of Portico's.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def kill_group(child: "subprocess.Popen[bytes]", signal_number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal_number)


class Supervisor:
    def __init__(self, command: list[str], silence_s: float, stop_s: float) -> None:
        self.silence_s, self.stop_s = silence_s, stop_s
        self.kill_at = time.monotonic() + silence_s
        self.stopping = False
        wake, self.woken = os.pipe()[::-1]
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.stop())
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's business
        self.child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )

    def stop(self) -> None:
        if not self.stopping:
            self.stopping = True
            self.kill_at = time.monotonic() + self.stop_s
            kill_group(self.child, signal.SIGTERM)

    def hear(self) -> None:
        said = os.read(0, 4096)
        if not said:
            self.kill_at = 0.0
        elif b"T" in said:
            self.stop()
        elif not self.stopping:
            self.kill_at = time.monotonic() + self.silence_s

    def run(self) -> int:
        while self.child.poll() is None:
            left = self.kill_at - time.monotonic()
            if left <= 0:
                break
            ready, _, _ = select.select([0, self.woken], [], [], left)
            if 0 in ready:
                self.hear()
            if self.woken in ready:
                os.read(self.woken, 4096)
        # Also when it ended by itself: what it left behind in its group would keep our output open.
        kill_group(self.child, signal.SIGKILL)
        return self.child.wait()


def main() -> None:
    split = sys.argv.index("--")
    silence_s, stop_s = (float(word) for word in sys.argv[1:split])
    try:
        code = Supervisor(sys.argv[split + 1 :], silence_s, stop_s).run()
    except FileNotFoundError as error:
        sys.stderr.write(f"{error.filename}: no such program\n")
        code = 127
    except PermissionError as error:
        sys.stderr.write(f"{error.filename}: may not be run\n")
        code = 126
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main()
