"""From rows to a version, on a real MLflow: registered once whatever happens, and never without labels."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.conf import settings as portal
from django.db import connections

from apps.models import aliases, registry, selectors, services, snapshots, steps, work
from apps.models.models import ModelVersion, RegisteredModel, Snapshot
from apps.models.types import AliasState
from apps.pipelines import services as pipelines
from estate.training.fraud_model import FRAUD_MODEL
from portal.accounts.models import User
from portal.audit.types import Actor
from portal.holders import HolderSilent, Traces
from portal.runs.types import Outcome
from tests.models import builders
from tests.people import HOUSE

ROWS = 3000
REGISTER = [sys.executable, "-m", "apps.models.training.child", "register"]


class Context:
    """A step's context without a worker: children run as they do there."""

    def __init__(self, run_id: int, key: str, inputs: dict[str, Any] | None = None) -> None:
        self.run_id, self.step_key, self.attempt = run_id, key, 1
        self.params, self.inputs = {"training": "fraud_model"}, inputs or {}

    def fenced(self) -> Any:
        from django.db import transaction

        return transaction.atomic()

    def run_process(self, args: list[str], *, env: dict[str, str], cwd: str, line: Any) -> int:
        return subprocess.run(args, env={**os.environ, **env}, cwd=cwd, check=False).returncode


def rows(labelled: bool = True) -> pd.DataFrame:
    dice = np.random.default_rng(11)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    frame = pd.DataFrame({name: dice.random(ROWS) for name in FRAUD_MODEL.inputs})
    fraud = (frame["AMOUNT"] * frame["HOUR_OF_DAY"] + 0.1 * dice.random(ROWS) > 0.85).astype("int8")
    return pd.DataFrame(
        {
            "CHARGE_ID": [f"ch_{n:05}" for n in range(ROWS)],
            "CUSTOMER_ID": [f"cus_{n % 300:04}" for n in range(ROWS)],
            "AS_OF": [start + timedelta(minutes=n) for n in range(ROWS)],
            **{name: frame[name] for name in FRAUD_MODEL.inputs},
            "IS_FRAUD": fraud if labelled else np.int8(0),
        }
    )


@pytest.fixture
def folders(tmp_path: Path, settings: Any) -> Path:
    settings.HOME, settings.SNAPSHOT_DIR = tmp_path, tmp_path / "snapshots"
    return tmp_path


def kept(run_id: int) -> Snapshot:
    """A snapshot on disk with its row, as the step leaves it."""
    label = f"fraud_model/run-{run_id}"
    path = snapshots.path_of(f"{label}.parquet")
    path.parent.mkdir(parents=True)
    rows().to_parquet(path)
    fields = {
        "run_id": run_id, "path": f"{label}.parquet", "datasets": [["warehouse", *FRAUD_MODEL.path]],
        "columns": steps.columns_of(FRAUD_MODEL), **vars(snapshots.described(path, label="IS_FRAUD")),
    }  # fmt: skip
    return services.write_snapshot(actor=HOUSE, model=builders.model(), label=label, fields=fields)


def trained(run_id: int) -> tuple[Snapshot, Outcome]:
    source = kept(run_id)
    return source, steps.train(Context(run_id, "train", {"snapshot": {"snapshot": source.pk}}))


@pytest.fixture
def run_id(any_db: None, engineer: User) -> int:
    pipeline = pipelines.pipeline_named("fraud_model")
    return pipelines.start(actor=Actor.of(engineer), pipeline=pipeline, started_by=engineer).run_id


def versions_in_mlflow() -> list[dict[str, Any]]:
    found = registry.ask("GET", "/model-versions/search", filter="name='fraud_model'")
    return list(found.get("model_versions", []))


def test_a_version_is_registered_once_though_the_first_attempt_was_killed(
    live_db: None, mlflow: str, folders: Path, run_id: int
) -> None:
    before = len(versions_in_mlflow())
    source, outcome = trained(run_id)
    assert outcome.output["trained"]["metrics"]["pr_auc"] > 0.9
    killed_while_registering(run_id, source, outcome)
    done = steps.register(Context(run_id, "register", {"train": dict(outcome.output)}))
    again = steps.register(Context(run_id, "register", {"train": dict(outcome.output)}))
    version = ModelVersion.objects.get()
    assert done.output == again.output == {"version": version.pk}
    assert len(versions_in_mlflow()) == before + 1
    assert [column["name"] for column in version.signature["inputs"]] == list(FRAUD_MODEL.inputs)
    the_files_are_those_of_the_fingerprint_and_name_nobody(version)
    an_alias_that_is_moved_in_mlflow_is_seen(version)


def killed_while_registering(run_id: int, source: Snapshot, outcome: Outcome) -> None:
    """SIGKILL once MLflow knows the run, before anything was written down here."""
    version = services.intend_version(
        actor=HOUSE, snapshot=source, label=source.label, run_id=run_id, trained=outcome.output["trained"],
        trained_by="mila",
    )  # fmt: skip
    file = work.folder_of(run_id) / "killed.json"
    model = work.folder_of(run_id) / outcome.output["model"]
    file.write_text(json.dumps({"model": str(model), "version": steps.order_of(version)}))
    child = subprocess.Popen([*REGISTER, str(file)], env={**os.environ, **work.environment()}, cwd=portal.BASE_DIR)
    deadline = time.monotonic() + 90
    while not known_runs(source.label) and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert known_runs(source.label) == 1
    assert not file.with_suffix(".answer.json").exists()


def known_runs(label: str) -> int:
    try:
        experiment = registry.ask("GET", "/experiments/get-by-name", experiment_name="fraud_model")["experiment"]
    except registry.NotThere:
        return 0
    fields = {"experiment_ids": [experiment["experiment_id"]], "filter": f"tags.`portico.label` = '{label}'"}
    return len(registry.ask("POST", "/runs/search", **fields).get("runs", []))  # type: ignore[arg-type]


def the_files_are_those_of_the_fingerprint_and_name_nobody(version: ModelVersion) -> None:
    from apps.models.holder import HOLDS

    person = Traces(
        {"customer": frozenset({"cus_0007"}), "charge": frozenset({"ch_00007"})}, frozenset({"a@b.example"})
    )
    assert [(held.place, held.count) for held in HOLDS.find(person)] == [
        ("training snapshots", 10),
        ("rows of unfinished trainings", 0),
        ("files of models in MLflow", 0),
    ]
    shown = Traces({}, frozenset({"DEVICE_CHARGES_1H"}))  # the scan does look: inputs stand in the signature
    assert HOLDS.find(shown)[2].count > 0


def an_alias_that_is_moved_in_mlflow_is_seen(version: ModelVersion) -> None:
    number = version.number or 0
    assert aliases.look(actor=HOUSE, model=version.model) == AliasState.NONE
    registry.set_alias("fraud_model", number)
    assert registry.alias_of("fraud_model") == number
    assert aliases.look(actor=HOUSE, model=version.model) == AliasState.MOVED
    with pytest.raises(registry.NotThere):
        registry.set_alias("fraud_model", number + 100)
    assert registry.version_exists("fraud_model", number)
    assert not registry.version_exists("fraud_model", number + 100)
    assert selectors.champion(version.model) is None


@pytest.mark.django_db
def test_without_labels_the_run_ends_well_and_says_so(
    folders: Path, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa

    batch = pa.Table.from_pandas(rows(labelled=False), preserve_index=False).to_batches()
    monkeypatch.setattr(steps.stores, "rows", lambda context, training, since=None: iter(batch))
    told = steps.snapshot(Context(run_id, "snapshot"))  # type: ignore[arg-type]
    assert told.summary == "not trainable: no labels"
    for step in (steps.train, steps.register, steps.lineage):
        told = step(Context(run_id, "next", {"before": dict(told.output)}))  # type: ignore[arg-type]
        assert told.summary == "not trainable: no labels"
    assert RegisteredModel.objects.get().untrainable == "no labels"
    assert not Snapshot.objects.exists()
    assert not list(folders.rglob("*.parquet"))


@pytest.mark.django_db
def test_a_person_is_taken_out_of_a_snapshot_and_the_others_stay(folders: Path, run_id: int) -> None:
    from apps.models.holder import HOLDS

    source = kept(run_id)
    path = snapshots.path_of(source.path)
    before = pd.read_parquet(path)
    person = Traces({"customer": frozenset({"cus_0007"})}, frozenset())
    assert len(list(HOLDS.collect(person))) == 10
    assert HOLDS.erase(person, check=lambda: None)[0].count == 10
    assert HOLDS.erase(person, check=lambda: None)[0].count == 0
    after = pd.read_parquet(path)
    pd.testing.assert_frame_equal(after, before[before["CUSTOMER_ID"] != "cus_0007"].reset_index(drop=True))
    print_before = source.fingerprint
    source.refresh_from_db()
    assert (source.rows, source.erased_rows) == (ROWS - 10, 10)
    assert source.fingerprint == snapshots.fingerprint(path) != print_before


@pytest.mark.django_db
def test_a_snapshot_that_cannot_be_read_is_not_answered_for(folders: Path, run_id: int) -> None:
    from apps.models.holder import HOLDS

    source = kept(run_id)
    snapshots.path_of(source.path).unlink()
    with pytest.raises(HolderSilent, match="cannot be read"):
        HOLDS.find(Traces({"customer": frozenset({"cus_0007"})}, frozenset()))


@pytest.mark.django_db
def test_files_in_mlflow_are_not_answered_for_while_it_is_down(
    folders: Path, run_id: int, nobody_listens: None
) -> None:
    from apps.models.holder import HOLDS

    version = builders.version(run_id)
    path = snapshots.path_of(version.snapshot.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows().to_parquet(path)
    with pytest.raises(HolderSilent, match="MLflow does not answer"):
        HOLDS.find(Traces({"customer": frozenset({"cus_0007"})}, frozenset()))


def test_the_same_rows_have_the_same_fingerprint_however_they_are_written(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    one, two = tmp_path / "one.parquet", tmp_path / "two.parquet"
    rows().to_parquet(one)
    pq.write_table(pq.read_table(one), two, compression="gzip", row_group_size=100)
    assert snapshots.fingerprint(one) == snapshots.fingerprint(two)
    changed = rows()
    changed.loc[2999, "AMOUNT"] += 1e-12
    changed.to_parquet(two)
    assert snapshots.fingerprint(one) != snapshots.fingerprint(two)


def test_two_erasures_take_turns_at_a_snapshot(
    live_db: None, folders: Path, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reads the file, writes what is left beside it and moves that over: together one would undo the other."""
    from apps.models import holder

    source = kept(run_id)
    put = snapshots.put
    monkeypatch.setattr(snapshots, "put", lambda path, table: (time.sleep(0.3), put(path, table)))
    keys = ("cus_0007", "cus_0008", "cus_0009")

    def erase(key: str) -> int:
        try:
            return holder.HOLDS.erase(Traces({"customer": frozenset({key})}, frozenset()), check=lambda: None)[0].count
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(erase, keys)) == [10, 10, 10]
    left = pd.read_parquet(snapshots.path_of(source.path))
    assert not set(left["CUSTOMER_ID"]) & set(keys)
    source.refresh_from_db()
    assert (source.rows, source.fingerprint) == (ROWS - 30, snapshots.fingerprint(snapshots.path_of(source.path)))


def test_a_file_that_names_somebody_as_people_write_it_is_found() -> None:
    from apps.compliance.subjects.match import matcher_of
    from apps.models.holder import tells

    matcher = matcher_of(["percy centworth", "percy.cent@example.org", "491705559991"])
    said = (b'{"name": "Percy Centworth"}', b"\xff Percy.Cent@Example.org", b"call +49 170 5559991 now")
    assert [tells(content, matcher) for content in (*said, b"somebody else", b"xpercy.cent@example.org")] == [
        True, True, True, False, False,
    ]  # fmt: skip
