"""Killed in the middle, planted where no plan looks, a holder that is silent, a file that says nothing."""

import os
import signal
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.conf import settings as portal
from django.db import connection, connections, transaction
from django.utils import timezone

from apps.compliance.models import Forgotten, ForgottenKey
from apps.compliance.subjects import dialects, erasure, holders, ledger, rescan
from apps.compliance.subjects.discovery import NoRules
from apps.compliance.subjects.types import FindingKind
from apps.pipelines.models import StagedFile
from apps.queries import results, services
from apps.queries.models import Execution
from apps.queries.sealing import open_sealed, seal
from apps.queries.types import AnswerColumn, Outcome
from portal.accounts.models import User
from portal.holders import Held, HolderSilent, Traces
from portal.runs.models import LogLine
from portal.stores import open_store
from portal.stores.types import Command, Sql, StoreError
from tests.compliance.subjects import asks, town
from tests.pipelines import builders


class Silent:
    title = "Silent ones"

    def find(self, traces: Traces) -> list[Held]:
        raise HolderSilent("It is away.")


class SilentOnce:
    title = "Silent at first"
    asked = 0

    def find(self, traces: Traces) -> list[Held]:
        type(self).asked += 1
        if type(self).asked == 1:
            raise HolderSilent("A load is under way.")
        return [Held("rows", 0, "rows")]


def test_killed_in_the_middle_and_resumed(streets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    town.govern()
    open_store("oltp", "owner").execute(
        Sql("insert into town.charges select 'ch_ann_' || n, 'cus_ann', null, 1, %s, '1', %s, %s from "
            "generate_series(1, 100) n", (town.ANN, town.AT, town.AT))
    )  # fmt: skip
    found = asks.found(town.ANN, "ann")
    monkeypatch.setattr(dialects.Postgres, "batch_rows", 20)
    connections.close_all()
    pid = os.fork()
    if not pid:
        die_after(50, found)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    assert 0 < unmasked() < 102, "some of it was done"
    done = asks.erased(found)
    assert unmasked() == 0
    assert max(each.rows for each in done) < 102
    assert asks.again(found.plan, found.trace).complete


def die_after(rows: int, found) -> None:  # type: ignore[no-untyped-def]
    """In the child: SIGKILL when so many rows are done."""

    def progress(done: int) -> None:
        if done >= rows:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        erasure.erase(plan=found.plan, trace=found.trace, source="oltp", check=asks.go_on, progress=progress)
    finally:
        os._exit(0)


def unmasked() -> int:
    text = "select count(*)::text as n from town.charges where customer_id = 'cus_ann' and receipt_email is not null"
    return int(town.rows("oltp", Sql(text))[0])


def test_what_no_plan_knows_is_found_by_the_rescan(streets: None) -> None:
    town.govern()
    found = asks.found(town.ANN, "ann")
    asks.erased(found)
    assert asks.again(found.plan, found.trace).complete
    open_store("oltp", "owner").execute(
        # Named as the searches name their row.
        Sql("create table town.unknown (t int, deep jsonb)"),
        Sql("insert into town.unknown values (1, %s::jsonb)", ('{"a": [{"b": "to Ann@Town.example, urgent"}]}',)),
        Sql(f'create table town."of {town.ANN}" (n int, "{town.PHONE}" int)'),
    )
    odd = {"_id": "odd", "list": [[{"who": town.PHONE}]]}
    open_store("documents", "owner").execute(Command({"insert": "town_odd", "documents": [odd]}))
    warehouse = open_store("warehouse", "owner")
    warehouse.execute(Sql("create table ANALYTICS.TOWN.EXTRA (V VARIANT)"))
    warehouse.execute(Sql(f"insert into ANALYTICS.TOWN.EXTRA select parse_json('[\"{town.WORK}\"]')"))
    scan = asks.again(found.plan, found.trace)
    assert not scan.complete
    left = {(residue.dataset.title, residue.column, residue.rows) for residue in scan.residues}
    assert left == {
        ("oltp: town.unknown", "deep.a[].b", 1),
        ("documents: town_odd", "list[][].who", 1),
        ("warehouse: TOWN.EXTRA", "V[]", 1),
        ("oltp: town.of [erased]", "", 0),
        ("oltp: town.of [erased]", "[erased]", 0),
    }
    second = asks.found(town.ANN, "ann").plan
    assert town.ANN not in str(second.as_json())
    named = "oltp: town.of [erased] is named after the person: rename it in the store, sync oltp, and search again."
    assert named in [finding.message for finding in second.blocking]
    assert {(f.kind, f.dataset.title) for f in second.blocking if f.dataset} >= {
        (FindingKind.NO_RULE, "oltp: town.unknown")
    }


def test_a_number_of_hers_in_somebody_elses_address_leaves_the_row_theirs(streets: None) -> None:
    town.govern()
    log = {"_id": "log_sms", "request": {"customer_email": f"{town.PHONE}@sms.example"}, "updated_at": town.AT}
    open_store("documents", "owner").execute(Command({"insert": "town_logs", "documents": [log]}))
    before = town.sources()
    asks.erased(asks.found(town.ANN, "ann"))
    changed = town.touched(before, town.sources())
    assert changed
    assert [row for rows in changed.values() for row in rows if "sms.example" in row] == []


def test_a_row_that_points_at_nobody_is_nobodys(streets: None) -> None:
    town.govern()
    gus = asks.found("gus@town.example", "gus")
    asks.erased(gus, request="gus")
    pointers = ["guest", "", " ", "cus_bob", "cus_gus", None, "cus_bob ", "CUS_BOB"]
    notes = [{"_id": f"ses_{n}", "customer_id": key, "note": f"to {town.ANN}"} for n, key in enumerate(pointers)]
    open_store("documents", "owner").execute(Command({"insert": "town_sessions", "documents": notes}))
    open_store("oltp", "owner").execute(
        Sql("alter table town.charges drop constraint charges_customer_id_fkey"),
        Sql("insert into town.charges (id, customer_id, amount, receipt_email, created_at, updated_at) "
            "values ('ch_gone', 'cus_gone', 1, %s, %s, %s)", (town.ANN, town.AT, town.AT)),
    )  # fmt: skip
    found = asks.found(town.ANN, "ann")
    asks.erased(found)
    assert asks.again(found.plan, found.trace).residues == ()
    sessions = "".join(town.sources()["documents.town_sessions"])
    assert [f"ses_{n}" for n in range(8) if f'"ses_{n}"' in sessions] == [f"ses_{n}" for n in range(8)]
    left = [row for row in town.sources()["documents.town_sessions"] if f"to {town.ANN}" in row]
    assert [key for key in pointers if key and any(f'"{key}"' in row for row in left)] == [
        "cus_bob", "cus_gus", "cus_bob ", "CUS_BOB",
    ]  # fmt: skip
    assert len(left) == 4, "an erased person's rows are still theirs"


def test_a_table_that_nobody_knows_names_the_person_by_key_alone(streets: None) -> None:
    town.govern()
    found = asks.found(town.ANN, "ann")
    asks.erased(found)
    open_store("oltp", "owner").execute(
        Sql("create table town.unknown (n int, who text)"),
        Sql("insert into town.unknown values (1, 'cus_ann'), (2, 'cus_anna'), (3, 'cus_bob'), (4, 'from ch_ann1')"),
    )
    odd = [{"_id": 1, "of": {"card": "card_ann"}}, {"_id": 2, "of": {"card": "card_bob"}}]
    open_store("documents", "owner").execute(Command({"insert": "town_odd", "documents": odd}))
    warehouse = open_store("warehouse", "owner")
    warehouse.execute(Sql("create table ANALYTICS.TOWN.EXTRA as select 'cus_ann' as WHO union all select 'cus_bob'"))
    left = {(each.dataset.title, each.column, each.rows) for each in asks.again(found.plan, found.trace).residues}
    assert left == {
        ("oltp: town.unknown", "who", 2),
        ("documents: town_odd", "of.card", 1),
        ("warehouse: TOWN.EXTRA", "WHO", 1),
    }
    blocked = [finding.message for finding in asks.found(town.ANN, "ann").plan.blocking]
    assert "No rule for oltp: town.unknown, where 2 rows name the person: say erase, mask or keep." in blocked


def test_a_file_that_says_nothing_of_a_dataset_stops_the_plan(streets: None) -> None:
    town.govern([rule for rule in town.SUBJECTS["rules"] if "town_sessions" not in rule["datasets"]])
    plan = asks.found(town.ANN, "ann").plan
    assert [finding.message for finding in plan.blocking] == [
        "No rule for documents: town_sessions, which has 2 rows of the person: say erase, mask or keep."
    ]
    with pytest.raises(erasure.NotSettled):
        asks.erased(asks.found(town.ANN, "ann"))


def test_without_rules_nobody_is_found(db: None) -> None:
    with pytest.raises(NoRules):
        asks.found(town.ANN, "ann")


def test_the_ledger_can_only_be_added_to(db: None) -> None:
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        ForgottenKey.objects.all().delete()
    with connection.cursor() as cursor, pytest.raises(Exception, match="permission denied"), transaction.atomic():
        cursor.execute("update compliance_forgotten set request = 'x'")


def test_the_account_adds_nothing_and_makes_nothing(mongo: None) -> None:
    refused = [
        ("oltp", Sql("insert into public.of_town values (1)")),
        ("oltp", Sql("create table public.of_privacy (n int)")),
        ("oltp", Sql("truncate public.of_town")),
        ("documents", Command({"insert": "town_odd", "documents": [{"_id": "x"}]})),
        ("documents", Command({"create": "of_privacy"})),
        ("documents", Command({"drop": "town_odd"})),
    ]
    open_store("oltp", "owner").execute(Sql("create table if not exists public.of_town (n int)"))
    for source, statement in refused:
        with pytest.raises(StoreError) as caught:
            open_store(source, "privacy").execute(statement)
        assert caught.value.code == "forbidden", statement
    open_store("oltp", "owner").execute(Sql("drop table public.of_town"))


def test_a_later_plan_adds_to_the_ledger(db: None) -> None:
    domain = "oltp.town.customers.id"
    first, second, both = (asks.Trace({domain: frozenset(keys)}) for keys in (["cus_1"], ["cus_2"], ["cus_1", "cus_2"]))
    for trace, kept in ((first, 1), (first, 1), (second, 2), (second, 2), (both, 2)):
        with transaction.atomic():
            assert ledger.enter(actor=town.HOUSE, request="7", plan=asks.Plan((), (), (), ()), trace=trace) == kept
    assert list(Forgotten.objects.order_by("pk").values_list("request", flat=True)) == ["7", "7/2"]
    newest = Forgotten.objects.get(request="7/2").pk
    assert ledger.remembered([domain])[domain] == {
        ledger.digest(domain, key): newest for key in ("cus_1", "cus_2")
    }  # fmt: skip


def test_a_holder_that_was_silent_when_the_search_began_is_not_forgotten(db: None, settings) -> None:  # type: ignore[no-untyped-def]
    settings.STORES, settings.HOLDERS = {}, {"once": f"{__name__}.SilentOnce"}
    scan = rescan.rescan(plan=asks.Plan((), (), (), ()), trace=asks.Trace(), check=asks.go_on, progress=asks.quiet)
    assert [(thing.silent, thing.count) for thing in scan.held] == [("A load is under way.", 0), ("", 0)]
    assert not scan.complete


def test_a_run_that_holds_a_pipeline_is_silent_without_any_file(db: None, settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    settings.STAGE_DIR = tmp_path / "nothing"
    settings.HOLDERS = {"pipelines.staged": settings.HOLDERS["pipelines.staged"]}
    run = builders.started()
    (thing,) = holders.find(asks.Trace())
    assert thing.silent.startswith(f"Run {run.run_id} is on its way")
    # It has ended, and holds its pipeline until the next one asks.
    type(run.run).objects.filter(pk=run.run_id).update(state="done", finished_at=timezone.now())
    assert [thing.silent for thing in holders.find(asks.Trace()) if thing.silent] == []
    receipt = builders.receipt(run)
    type(receipt).objects.filter(pk=receipt.pk).update(upper_key="cus_ann")
    _, bounds = holders.find(asks.Trace({"oltp.town.customers.id": frozenset({"cus_ann"})}))
    assert (bounds.place, bounds.count) == ("bounds of load windows", 1)
    assert "where it stopped" in bounds.keep


@pytest.mark.parametrize(
    "column",
    [
        {"x": [["a", town.ANN], ["b"]]},
        {"x": [[{"deep": {"who": town.ANN}}], [{"deep": {"who": "z"}}]]},
        {"x": [{"n": int(town.PHONE)}, {"n": 1}]},
        {"x": [int(town.PHONE), 1]},
        {"x": [["cus_ann"], ["cus_bob"]]},
        {town.ANN: [1]},
    ],
)
def test_a_person_in_arrays_numbers_and_names_of_columns(
    db: None,
    analyst: User,
    settings,
    tmp_path: Path,
    column: dict[str, list[object]],  # type: ignore[no-untyped-def]
) -> None:
    settings.STAGE_DIR, settings.RESULTS_DIR = tmp_path / "stage", tmp_path / "results"
    row = executed(analyst, "select 1", ["x"])
    Execution.objects.filter(pk=row.pk).update(
        outcome=services.sealed_outcome(row.pk, Outcome(tuple(AnswerColumn(name, "", "") for name in column)))
    )
    results.write(row.pk, [pa.record_batch(column)], list(column), by_name=False)
    settings.STAGE_DIR.mkdir()
    pq.write_table(pa.table(column), settings.STAGE_DIR / "a.parquet")
    values = {"email": frozenset({town.ANN}), "phone": frozenset({town.PHONE})}
    trace = asks.Trace({"oltp.town.customers.id": frozenset({"cus_ann"})}, values)
    places = ("results of queries", "rows staged for the warehouse")
    assert [thing.count for thing in holders.find(trace) if thing.place in places] == [1, 1]
    holders.erase(trace, check=asks.go_on)
    assert not results.path_of(row.pk).exists()
    assert not (settings.STAGE_DIR / "a.parquet").exists()


def test_a_silent_holder_is_said(settings) -> None:  # type: ignore[no-untyped-def]
    settings.HOLDERS = {"silent": f"{__name__}.Silent"}
    (thing,) = holders.find(asks.Trace())
    assert (thing.silent, thing.place) == ("It is away.", "Silent ones")
    assert not asks.Rescan((), (), (), (thing,)).complete


def executed(owner: User, text: str, rows: list[str]) -> Execution:
    row = Execution(owner=owner, source="oltp", purpose="analytics", status="done", has_result=True, id=uuid.uuid4())
    row.text = seal(text.encode(), f"text:{row.pk}")
    row.outcome = seal(f'{{"rewritten": "{text}"}}'.encode(), f"outcome:{row.pk}")
    row.save(force_insert=True)
    results.write(row.pk, [pa.record_batch({"x": rows})], ["x"], by_name=False)
    return row


def test_results_texts_logs_and_staged_rows(db: None, analyst: User, settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    settings.STAGE_DIR, settings.RESULTS_DIR = tmp_path / "stage", tmp_path / "results"
    mine = executed(analyst, f"select 1 where e = '{town.ANN}'", ["x", "cus_ann"])
    other = executed(analyst, f"select 1 where e = 'jo{town.ANN}'", ["jo" + town.ANN])
    run = builders.started()
    run.run.steps.update(reason="")
    step = run.run.steps.first()
    LogLine.objects.create(run=run.run, step=step, attempt=1, at=timezone.now(), level="info", text=f"x {town.ANN} y")
    receipt = builders.receipt(run)
    folder = tmp_path / "stage" / "1"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"E": [town.ANN, "z"]}), folder / "a.parquet")
    StagedFile.objects.create(receipt=receipt, path="1/a.parquet", rows=2, bytes=1, sha256="")
    trace = asks.Trace({"oltp.town.customers.id": frozenset({"cus_ann"})}, {"email": frozenset({town.ANN})})

    assert {thing.holder for thing in holders.find(trace) if thing.silent} == {"pipelines.staged"}, "a run holds it"
    # It has ended, and holds its pipeline until the next one asks.
    type(run.run).objects.filter(pk=run.run_id).update(state="done", finished_at=timezone.now())
    counts = {thing.place: thing.count for thing in holders.find(trace)}
    assert (
        counts.items()
        >= {
            "rows staged for the warehouse": 1,
            "results of queries": 1,
            "texts of queries": 1,
            "log lines of runs": 1,
            "reasons of runs": 0,
            "reasons of steps": 0,
            "errors of attempts": 0,
        }.items()
    )
    holders.erase(trace, check=asks.go_on)
    assert {thing.count for thing in holders.find(trace)} == {0}
    mine.refresh_from_db()
    assert open_sealed(bytes(mine.text), f"text:{mine.pk}").decode() == "select 1 where e = '[erased]'"
    assert not mine.has_result
    assert not results.path_of(mine.pk).exists()
    assert results.path_of(other.pk).exists()
    assert LogLine.objects.get(run=run.run).text == "x [erased] y"
    assert not (folder / "a.parquet").exists()
    assert portal.HOLDERS.keys() >= {"pipelines.staged", "queries.executions", "runs.logs"}
