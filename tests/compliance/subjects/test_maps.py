"""Documents whose keys are people. Trust model: any key may be anybody's value; nobody's value stands in what is said
of another person; an entry is its key's, and nobody else's goes with it."""

import json
from typing import Any

import pytest

from apps.catalog.models import Column, Dataset
from apps.compliance import governance
from apps.compliance.subjects import collect, papers
from apps.compliance.subjects.territory import Site
from apps.compliance.subjects.types import Action, FindingKind
from apps.compliance.subjects.types import Dataset as TheirDataset
from estate.pipelines.definition import Pipeline
from portal.audit.models import Event
from portal.runs.models import LogLine
from portal.stores import open_store
from portal.stores.types import Command, Documents, Sql
from tests.compliance.subjects import asks, town
from tests.pipelines import driver

BOB, CARL = "bob@town.example", "carl@town.example"
HOSTILE = {"$where": 1, "": 2, "a.b": 3, BOB: {"n": 4, f"{CARL} x": [5]}}
MAPS: list[dict[str, Any]] = [
    {"_id": "map_nobody", "seen": {town.ANN: {"n": 1}, town.WORK: 2, **HOSTILE}, "status": 1, "updated_at": town.AT},
    {"_id": "map_deep", "updated_at": town.AT,
     "errors": [{"code": "x", "who": {f"to {town.ANN.title()}": 1, BOB: f"she is {town.ANN}"}}, {"who": {CARL: 1}}, 7],
     "list": [[{"+1 (201) 555-0142": {"k": 1}, "+12015550143": int(town.PHONE)}]]},
    {"_id": "map_ann", "request": {"customer_email": town.ANN, "note": "x"}, "seen": {BOB: 1, "fri day": 2},
     "errors": [{"code": "declined", "who": {CARL: 3}}], "status": 2, "updated_at": town.AT},
    {"_id": "map_bob", "request": {"customer_email": BOB}, "seen": {town.ANN: 1}, "status": 3, "updated_at": town.AT},
]  # fmt: skip


LOGS = Pipeline("town_logs", "Logs", "Loads the logs.", "tests", town.EXTRACTS[-1:], (), ())


def put(*documents: dict[str, Any], name: str = "town_logs") -> None:
    open_store("documents", "owner").execute(Command({"insert": name, "documents": list(documents)}))


def document(key: str, name: str = "town_logs") -> dict[str, Any]:
    pipeline = ({"$match": {"_id": key}}, {"$project": {"_id": 0, "t": "$$ROOT"}})
    (text,) = town.rows("documents", Documents(name, pipeline))
    return json.loads(text)


LEAD = {"by": {town.ANN: 1, BOB: {"n": 2, f"for {town.WORK}": 3}}, "status": [{town.PHONE: 1, "x y": 2}]}


@pytest.fixture
def mapped(streets: None) -> None:
    put(*MAPS)
    town.put("leads", [("lead_map", "", json.dumps(LEAD), [], town.AT)])
    town.govern()


def test_only_the_entry_of_the_person_goes(mapped: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(papers, "BATCH", 1)
    before = town.sources()
    found = asks.found(town.ANN, "ann")
    plan = found.plan
    assert not plan.blocking, plan.blocking
    told = str(plan) + str(plan.as_json()) + str(found)
    assert [name for name in (town.ANN, town.WORK, BOB, CARL, "555", "fri day") if name in told.lower()] == []
    maps = {f.column: f.message for f in plan.findings if f.kind is FindingKind.UNCLASSIFIED}
    assert maps == {
        name: f"Nobody has classified documents: town_logs.{name}, whose keys are data: it goes with all its entries, "
        "unless somebody says what they hold."
        for name in ("seen.*", "errors[].who.*", "list[][].*")
    }
    (cut,) = [each for each in plan.of("documents") if each.action is Action.CUT]
    assert {"seen.*", "errors[].who.*", "list[][].*"} <= {column.name for column in cut.columns}

    asks.erased(found)
    assert document("map_nobody")["seen"] == HOSTILE
    assert list(document("map_nobody")) == ["_id", "seen", "status", "updated_at"], "in their order"
    deep = document("map_deep")
    assert deep["errors"] == [{"code": "x", "who": {BOB: "she is [erased]"}}, {"who": {CARL: 1}}, 7]
    assert deep["list"] == [[{"+12015550143": None}]]
    assert document("map_ann")["seen"] == {}
    assert document("map_ann")["errors"] == [{"code": "declined", "who": {}}]
    assert document("map_bob")["seen"] == {town.ANN: 1}, "a row of somebody else"
    (lead,) = town.rows("oltp", Sql("select info::text as t from town.leads where id = 'lead_map'"))
    assert json.loads(lead) == {"by": {BOB: {"n": 2}}, "status": [{"x y": 2}]}
    scan = asks.again(plan, found.trace)
    assert scan.residues == ()
    assert scan.left_alone
    hers = ("ann", "lead_1", "lead_map", "map_nobody", "map_deep", "log_")
    left = [row for rows in town.touched(before, town.sources()).values() for row in rows]
    assert [row for row in left if not any(mark in row for mark in hers)] == []
    after = town.sources()
    assert sum(done.rows for done in asks.erased(found)) == 0
    assert town.sources() == after
    assert not Event.objects.filter(payload__icontains="town.example").exists()


def test_however_deep_it_lies(mapped: None) -> None:
    inner: Any = {town.ANN: 1, BOB: 2}
    for n in range(15):
        inner = {f"x.{n}": [inner], "n": n} if n % 2 else {"a": inner}
    put({"_id": "map_low", "deep": inner, "updated_at": town.AT})
    found = asks.found(town.ANN, "ann")
    asks.erased(found)
    assert asks.again(found.plan, found.trace).residues == ()
    assert f'{{"{BOB}": 2}}' in json.dumps(document("map_low"))


def test_a_rescan_sees_keys_and_says_no_name(mapped: None) -> None:
    found = asks.found(town.ANN, "ann")
    asks.erased(found)
    assert asks.again(found.plan, found.trace).residues == ()
    put({"_id": "top", town.ANN: {"n": 1}, "x": {CARL: {town.ANN: 1}}}, name="town_odd")
    put({"_id": "late", "seen": {town.ANN: {"n": 1}}, "updated_at": town.AT})
    scan = asks.again(found.plan, found.trace)
    left = {(residue.dataset.title, residue.column, residue.rows) for residue in scan.residues}
    assert left == {
        ("documents: town_odd", "*", 1),
        ("documents: town_odd", "*.*.*", 1),
        ("documents: town_logs", "seen.*", 1),
    }
    again = asks.found(town.ANN, "ann")
    assert [f.message for f in again.plan.blocking] == [
        "No rule for documents: town_odd, where 1 rows name the person: say erase, mask or keep."
    ]


def test_names_that_were_kept_before_are_told_to_nobody(mapped: None) -> None:
    """The catalog of an older release, before the next sync."""
    logs = Dataset.objects.get(name="town_logs")
    Column.objects.filter(dataset=logs, name__contains="*").delete()
    for name in (f"seen.{BOB}", "seen.dora", f"errors[].who.{CARL}", f"list[][].{BOB}", f"list[][].{BOB}.k"):
        Column.objects.create(dataset=logs, name=name, type="int")
    found = asks.found(town.ANN, "ann")
    told = str(found.plan.as_json())
    assert [name for name in (BOB, CARL, "dora") if name in told] == []
    assert not found.plan.blocking
    asks.erased(found)
    assert document("map_ann")["seen"] == {}
    town.govern()
    assert not Column.objects.filter(name__regex="town.example|dora").exists()


def test_a_steward_says_what_the_keys_hold(mapped: None, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"seen.*": town.PLAIN, "seen.*.n": town.PLAIN, "seen.*.*": town.PLAIN, "seen.*.*[]": town.PLAIN}
    logs = {**town.CATEGORIES["documents"]["town_logs"], **said, "errors[].who.*": town.MAIL}
    monkeypatch.setitem(town.CATEGORIES["documents"], "town_logs", logs)
    town.govern()
    found = asks.found(town.ANN, "ann")
    (place,) = [p for p in found.plan.of("documents") if p.action is Action.MASK]
    fates = {column.name: (column.masked, column.why) for column in place.columns if "*" in column.name}
    assert fates["seen.*"] == (False, "not personal: system.operations")
    assert fates["errors[].who.*"] == (True, "personal: user.contact.email")
    asks.erased(found)
    assert document("map_ann")["seen"] == {BOB: 1, "fri day": 2}
    assert document("map_ann")["errors"] == [{"code": "declined", "who": {}}]
    assert document("map_nobody")["seen"] == HOSTILE
    assert asks.again(found.plan, found.trace).residues == ()


def test_what_no_search_can_read_stops_the_plan(streets: None) -> None:
    put({**MAPS[2], "packed": {BOB: b"\x1f\x8b"}})
    town.govern()
    (finding,) = asks.found(town.ANN, "ann").plan.blocking
    assert finding.message == (
        "Nobody has classified documents: town_logs.packed.*, whose keys are data, and which holds bytes that no "
        "search can read."
    )


def test_a_declared_key_stays_when_a_map_is_emptied(streets: None) -> None:
    owner = open_store("documents", "owner")
    named = {"seen": {"bsonType": "object", "properties": {"total": {}, "fri day": {}}}, "request": {
        "properties": {"customer_email": {}}}, "status": {}, "updated_at": {}}  # fmt: skip
    owner.execute(Command({"collMod": "town_logs", "validator": {"$jsonSchema": {"properties": named}}}))
    put(
        {**MAPS[2], "seen": {BOB: 1, "total": 2, "fri day": 3}},
        {
            "_id": "top",
            "request": {"customer_email": town.ANN},
            f"x {CARL}": {"n": 1},
            "status": 5,
            "updated_at": town.AT,
        },
    )
    town.govern()
    found = asks.found(town.ANN, "ann")
    blocking = {finding.column for finding in found.plan.blocking}
    assert blocking == {"seen.total", "seen.fri day"}, "ordinary columns stop a plan as ever"
    rules = [{**rule, "keep": ["seen.total", "seen.fri day"]} if "town_logs" in rule["datasets"] else rule
             for rule in town.SUBJECTS["rules"]]  # fmt: skip
    town.govern(rules)
    found = asks.found(town.ANN, "ann")
    assert not found.plan.blocking
    asks.erased(found)
    assert document("map_ann")["seen"] == {"total": 2, "fri day": 3}
    assert document("top") == {"_id": "top", "request": {}, "status": 5, "updated_at": document("top")["updated_at"]}
    assert asks.again(found.plan, found.trace).residues == ()


def test_a_key_at_the_top_that_hides_whose_a_document_is_stops_the_plan(streets: None) -> None:
    put({"_id": "top", f"x {CARL}": 1}, name="town_sessions")
    town.govern()
    (finding,) = [f for f in asks.found(town.ANN, "ann").plan.blocking if f.kind is FindingKind.NO_KEY]
    assert (finding.column, finding.dataset and finding.dataset.title) == ("customer_id", "documents: town_sessions")
    assert "(*)" in finding.message
    assert CARL not in finding.message


def test_a_governance_file_cannot_point_at_keys() -> None:
    reference = {"source": "documents", "dataset": "town_logs", "column": "seen.*", "to": "email"}
    content = {"version": 1, "subjects": {"identities": town.SUBJECTS["identities"], "references": [reference]}}
    with pytest.raises(governance.GovernanceErrors, match="the keys of a map are in no column"):
        governance.read("x.yaml", content)


def test_an_answer_tells_nobody_elses_key(mapped: None) -> None:
    found = asks.found(town.ANN, "ann")
    answer: dict[str, list[Any]] = {}
    for title, records in collect.collect(plan=found.plan, trace=found.trace, check=asks.go_on):
        answer.setdefault(title, []).extend(records)
    logs = answer["documents: town_logs"]
    assert [name for name in (BOB, CARL, "fri day") if name in str(logs)] == []
    mine = next(row for row in logs if row.get("_id") == "map_ann")
    assert mine["seen"] == {"*": collect.NOT_KNOWN}
    assert {"seen.*": [town.ANN, f"{town.WORK}: 2"]} in logs


def test_maps_on_their_way_into_the_warehouse(streets: None, settings) -> None:  # type: ignore[no-untyped-def]
    put(*MAPS)
    settings.PIPELINES = {"town_logs": f"{__name__}.LOGS"}
    run = driver.run("town_logs")
    assert run.run.state == "done", run.run.reason
    town.govern()
    found = asks.found(town.ANN, "ann")
    assert not found.plan.blocking, found.plan.blocking
    assert any(f.column == "ERRORS" and "a map in it" in f.message for f in found.plan.findings)
    assert [name for name in (town.ANN, BOB, CARL) if name in str(found.plan.as_json()).lower()] == []
    asks.erased(found)
    text = "select ID || coalesce(to_json(ERRORS), '') as t from ANALYTICS.TOWN.RAW_LOGS where ID like 'map_%'"
    rows = town.rows("warehouse", Sql(text))
    (deep,) = [row for row in rows if row.startswith("map_deep")]
    assert json.loads(deep.removeprefix("map_deep"))[0] == {"code": "x", "who": {BOB: "she is [erased]"}}
    assert "map_ann" in rows, "nobody has said what the map in it holds"
    assert asks.again(found.plan, found.trace).residues == ()
    lines = "\n".join(LogLine.objects.values_list("text", flat=True))
    kept = json.dumps([list(run.receipts.values_list("columns", flat=True)), list(run.checks.values("name", "column"))])
    assert [name for name in (town.ANN, BOB, CARL) if name in lines.lower() + kept.lower()] == []


def test_a_date_or_what_looks_like_one_is_shown_where_somebody_has_said_what_it_holds() -> None:
    known = Column(name="at", category="system.operations")
    site = Site(
        1, TheirDataset("documents", ("payments", "town_logs")), "collection", {"at": known, "t": Column(name="t")}
    )
    document = {"at": {"$date": "2026-01-01T00:00:00Z"}, "t": {"$date": f"of {BOB}"}}
    assert collect._shown_keys(site, None, "", document) == {"at": "2026-01-01T00:00:00Z", "t": collect.NOT_KNOWN}
