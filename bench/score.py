"""The scoring service under a bounded load on 127.0.0.1, and how soon it serves what the ledger approved.

    .venv/bin/python bench/score.py [--seconds 5] [--clients 4]

Servers of its own, in a folder that is gone afterwards; the model is one of the size of the portal's own (17 inputs,
120 trees). Exit code 1: a swap took over five seconds, or the slowest of twenty requests over a quarter of a second.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import quantiles

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))
SWAP_S, P95_MS = 5.0, 250.0
INPUTS = [f"INPUT_{number}" for number in range(17)]
ROWS = 10_000


def model(folder: Path, seed: int) -> Path:
    import numpy as np
    import pandas as pd
    import skops.io
    import yaml
    from sklearn.ensemble import HistGradientBoostingClassifier

    draw = np.random.default_rng(seed)
    features = pd.DataFrame(draw.gamma(2.0, 50.0, (ROWS, len(INPUTS))), columns=INPUTS)
    labels = features["INPUT_0"] + features["INPUT_1"] > 350
    fitted = HistGradientBoostingClassifier(max_iter=120, max_leaf_nodes=15, early_stopping=False).fit(features, labels)
    folder.mkdir(parents=True)
    skops.io.dump(fitted, folder / "model.skops")
    flavour = {"pickled_model": "model.skops", "serialization_format": "skops"}
    (folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"sklearn": flavour}}))
    features.to_parquet(folder.with_suffix(".parquet"))
    return folder


def promote(files: Path, number: int) -> None:
    """A version and its entry of the ledger, as the portal leaves them behind."""
    from django.utils import timezone

    from apps.models.fingerprints import of_folder
    from apps.models.models import ModelVersion, Promotion, RegisteredModel, Snapshot
    from portal.accounts.models import User

    name, now = "fraud_model", timezone.now()
    known, _ = RegisteredModel.objects.get_or_create(name=name, defaults={"title": name})
    rows = Snapshot.objects.create(
        model=known, label=f"bench-{number}", run_id=number, path=str(files.with_suffix(".parquet")), taken_at=now,
        rows=ROWS, fingerprint="0" * 64,
    )  # fmt: skip
    inputs = [{"name": each, "type": "double"} for each in INPUTS]
    version = ModelVersion.objects.create(
        model=known, snapshot=rows, label=f"bench-{number}", number=number, state="registered", run_id=number,
        mlflow_run_id="0" * 32, artifact_uri=files.as_uri(), artifact_sha256=of_folder(files), trained_by="bench",
        signature={"inputs": inputs},
    )  # fmt: skip
    people = [User.objects.get_or_create(username=each)[0] for each in ("asks", "decides")]
    entry = Promotion.objects.create(model=known, version=version, requested_by=people[0])
    mine = Promotion.objects.filter(pk=entry.pk)
    mine.update(state="approved", decided_by=people[1], decided_at=now)
    mine.update(state="applied", applied_at=now)


def token() -> str:
    from portal.accounts.services import create_service, create_token, grant_permission
    from portal.audit.types import Actor

    actor = Actor.system("bench")
    user = create_service(actor=actor, username="bench", full_name="Bench")
    grant_permission(actor=actor, service=user, permission="ml.score")
    return create_token(actor=actor, user=user, name="bench", lifetime=timedelta(hours=1))[1]


def serves(port: int, number: int, within_s: float) -> float:
    began = time.perf_counter()
    while time.perf_counter() - began < within_s:
        wire = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            wire.request("GET", "/healthz")
            if json.load(wire.getresponse()).get("version") == number:
                return time.perf_counter() - began
        except OSError:
            pass
        finally:
            wire.close()
        time.sleep(0.02)
    raise SystemExit(f"version {number} was not served within {within_s:g} s")


def load(port: int, secret: str, *, seconds: float, clients: int) -> list[float]:
    """Latencies in milliseconds; each client asks again when it has its answer."""
    body = json.dumps({"features": {each: 100.0 for each in INPUTS}, "charge": "ch_bench"})
    headers = {"Authorization": f"Bearer {secret}"}
    took: list[float] = []
    until = time.perf_counter() + seconds

    def ask() -> None:
        wire = HTTPConnection("127.0.0.1", port, timeout=10)
        while time.perf_counter() < until:
            began = time.perf_counter()
            wire.request("POST", "/score", body, headers)
            answer = wire.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise SystemExit(f"{answer.status}: {content.decode()}")
            took.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def measure(folder: Path, port: int, options: argparse.Namespace) -> bool:
    from apps.models.observed import Inference, ScoringService

    promote(model(folder / "one", 1), 1)
    serves(port, 1, 90)
    secret = token()
    load(port, secret, seconds=1, clients=1)
    took = load(port, secret, seconds=options.seconds, clients=options.clients)
    p50, p95 = (quantiles(took, n=20)[place] for place in (9, 18))
    print(
        f"  {len(took) / options.seconds:,.0f} requests/s with {options.clients} clients, each with reasons and logged"
    )
    print(f"  half within {p50:.1f} ms, 95 % within {p95:.1f} ms (limit: {P95_MS:.0f})")
    second = model(folder / "two", 2)
    promote(second, 2)
    swap = serves(port, 2, 30)
    print(f"  a promoted version is served after {swap:.1f} s (limit: {SWAP_S:g})")
    time.sleep(2.5)
    print(f"  {ScoringService.objects.get().memory_mib} MiB; {Inference.objects.count():,} inferences logged")
    return swap < SWAP_S and p95 < P95_MS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--clients", type=int, default=4)
    asked = parser.parse_args()
    from portal.embedded.servers import Embedded

    with tempfile.TemporaryDirectory(prefix="portico-bench-home-") as home, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        os.environ |= {
            "PORTICO_HOME": home,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTICO_SCORING_RATE": "5000",
        }
        servers = Embedded(Path(home))
        servers.prepare()
        servers.start("postgres", "valkey")
        service = None
        try:
            manage = [sys.executable, str(BASE / "manage.py"), "migrate", "--database", "owner", "-v", "0"]
            subprocess.run(manage, check=True)
            import django

            django.setup()
            service = subprocess.Popen([sys.executable, "-m", "apps.models.scoring", "--port", str(port)], cwd=BASE)
            print("The scoring service")
            return 0 if measure(Path(home) / "models", port, asked) else 1
        finally:
            if service:
                service.terminate()
                service.wait(20)
            servers.stop()


if __name__ == "__main__":
    sys.exit(main())
