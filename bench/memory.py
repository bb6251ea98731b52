"""How much memory a worker takes that runs the whole pipeline over a large estate.

    .venv/bin/python bench/memory.py [--scale 50] [--minutes 30]

A real Celery worker, started as `make up` starts it, on servers of its own, in a folder that is gone afterwards: first
a run that loads everything, then one that finds nothing new. What is measured is the worker's own peak (VmHWM); dbt and
other children are processes beside it. Exit code 1: a run failed, took too long, or the worker took over 500 MiB.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))
MEMORY_MIB = 500
# A larger estate needs more than this beside the servers: the bench says so and takes a smaller one.
SMALL_SCALE, SMALL_BELOW_GIB = 5.0, 8.0


def manage(*arguments: str, seconds: float) -> None:
    command = [sys.executable, str(BASE / "manage.py"), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=seconds)


def run_pipeline(worker: int, seconds: float) -> dict[float, float]:
    """What the worker held (MiB) at each moment of a run."""
    command = [sys.executable, str(BASE / "manage.py"), "run_pipeline", "payments_elt", "--timeout", f"{seconds:g}"]
    held: dict[float, float] = {}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            held[time.time()] = status_mib(worker, "VmRSS")
            time.sleep(0.1)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return held


def tell_steps(held: dict[float, float]) -> None:
    """The steps that were under way when the worker held most."""
    import django

    django.setup()
    from portal.runs.models import Attempt

    begun, ended = min(held), max(held)
    found = []
    for attempt in Attempt.objects.select_related("step"):
        first, last = attempt.started_at.timestamp(), (attempt.finished_at or attempt.started_at).timestamp()
        during = [mib for at, mib in held.items() if first <= at <= last]
        if during and begun <= first <= ended:
            found.append((during[-1] - during[0], max(during), attempt.step.key))
    for grown, most, key in sorted(found, reverse=True)[:5]:
        print(f"    during {key}: {grown:+,.0f} to at most {most:,.0f} MiB")


@contextmanager
def programs(home: Path) -> Iterator[int]:
    """The worker and the scheduler of `make up`; gives the worker's process id."""
    from portal.embedded.up import programs_of

    running = {}
    try:
        for program in programs_of(8000):
            if program.name in ("worker", "beat"):
                log = (home / f"{program.name}.log").open("wb")
                env = {**os.environ, **program.env}
                running[program.name] = subprocess.Popen(program.command, cwd=BASE, env=env, stdout=log, stderr=log)
        yield running["worker"].pid
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.wait(60)


def status_mib(pid: int, name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def free_gib() -> float:
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    assert found
    return int(found[1]) / 1024**2


def scale_for(asked: float) -> float:
    free = free_gib()
    if asked > SMALL_SCALE and free < SMALL_BELOW_GIB:
        print(f"  Only {free:.1f} GiB are free: scale {SMALL_SCALE:g} instead of {asked:g}")
        return SMALL_SCALE
    return asked


def measure(home: Path, scale: float, seconds: float) -> bool:
    manage("migrate", "--database", "owner", "-v", "0", seconds=seconds)
    manage("load_estate", "--scale", f"{scale:g}", seconds=seconds)
    with programs(home) as worker:
        for what in ("everything", "nothing new"):
            held = run_pipeline(worker, seconds)
            peak = status_mib(worker, "VmHWM")
            print(f"  {what}: {max(held) - min(held):.0f} s, worker {peak:,.0f} MiB peak (limit: {MEMORY_MIB})")
            tell_steps(held)
        return peak < MEMORY_MIB


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=50)
    parser.add_argument("--minutes", type=float, default=30, help="for each command")
    asked = parser.parse_args()
    from portal.embedded.servers import Embedded

    with tempfile.TemporaryDirectory(prefix="portico-bench-home-") as home:
        os.environ |= {"PORTICO_HOME": home, "DJANGO_SETTINGS_MODULE": "portal.settings"}
        servers = Embedded(Path(home))
        servers.prepare()
        servers.start()
        try:
            scale = scale_for(asked.scale)
            print(f"The whole pipeline through a worker, {scale * 20_000:,.0f} charges", flush=True)
            return 0 if measure(Path(home), scale, asked.minutes * 60) else 1
        except subprocess.SubprocessError as error:
            print(f"  Not measured: {error}")
            return 1
        finally:
            servers.stop()


if __name__ == "__main__":
    sys.exit(main())
