"""One person of the town asks to be forgotten. Trust model: the stores hold anything, the catalog may be behind, and
whoever shares something with the person must not notice."""

from apps.compliance.subjects import collect, discovery
from apps.compliance.subjects.types import Action, FindingKind, Plan, Trace
from apps.pipelines.models import Cursor
from portal.audit.models import Event
from portal.runs.models import LogLine
from portal.stores import open_store
from portal.stores.types import Command, Sql
from tests.compliance.subjects import asks, town
from tests.pipelines import driver

HER_ROWS = (
    '"cus_ann"',
    '"ch_ann',
    '"card_ann"',
    '"re_ann"',
    '"lead_1"',
    '"log_ann"',
    '"log_none"',
    '"log_odd"',
    '"log_wide"',
    "ses_ann",
)


def actions(plan: Plan) -> dict[str, set[Action]]:
    found: dict[str, set[Action]] = {}
    for place in plan.places:
        found.setdefault(place.dataset.title, set()).add(place.action)
    return found


def test_erased_everywhere_and_nobody_else_notices(loaded: None) -> None:
    before = town.everything()
    found = asks.found(town.ANN, "ann")
    plan, keep = found.plan, {Action.KEEP}
    assert not plan.blocking, plan.blocking
    assert actions(plan) == {
        "oltp: town.customers": {Action.MASK},
        "oltp: town.cards": {Action.MASK},
        "oltp: town.charges": keep,
        "oltp: town.refunds": keep,
        "oltp: town.leads": {Action.CUT},
        "documents: town_sessions": {Action.ERASE},
        "documents: town_logs": {Action.MASK, Action.CUT},
        "warehouse: TOWN.RAW_CUSTOMERS": {Action.MASK},
        "warehouse: TOWN.RAW_CHARGES": keep,
        "warehouse: TOWN.RAW_REFUNDS": keep,
        "warehouse: TOWN.RAW_SESSIONS": {Action.ERASE},
        "warehouse: TOWN.RAW_LOGS": {Action.MASK, Action.CUT},
        "warehouse: TOWN.DIM": {Action.MASK},
        "warehouse: TOWN.VALUE": keep,
    }
    charges = next(place for place in plan.places if place.dataset.title == "oltp: town.charges")
    assert charges.rows == 2
    assert charges.until == f"{town.AT.year + 5}{town.AT:-%m-%d}"
    assert {column.name for column in charges.masked} == {"receipt_email", "ip"}
    assert town.ANN not in str(plan) + str(found)
    assert Plan.from_json(plan.as_json()) == plan
    assert Trace.from_bytes(found.trace.to_bytes()) == found.trace
    told = {finding.kind: finding for finding in plan.findings}
    assert told[FindingKind.SHARED].message.startswith("1 name of the person is somebody else's")
    assert told[FindingKind.OTHERS].count

    asks.erased(found)
    after = town.everything()
    hers = [row for rows in town.touched(before, after).values() for row in rows]
    assert [row for row in hers if not any(mark in row for mark in HER_ROWS)] == []
    scan = asks.again(plan, found.trace)
    assert scan.residues == ()
    assert scan.complete
    assert {kept.dataset.title for kept in scan.kept} >= {"oltp: town.charges", "warehouse: TOWN.DIM"}
    assert all(searched.datasets and searched.columns and searched.rows for searched in scan.searched)
    # The receipt that his purchase sent to her, the note that names her and the firm's address are others'.
    assert scan.left_alone >= 3
    for row in after["oltp.customers"]:
        if '"cus_ann"' in row:
            assert '"ZZ"' in row
            assert "Almond" not in row

    for row in [row for place in ("documents.town_logs", "warehouse.RAW_LOGS") for row in after[place]]:
        if '"log_ann"' in row or '"log_wide"' in row:
            assert town.ANN not in row.lower()
            assert "10.1.1.1" not in row

    assert [done.rows for done in asks.erased(found)] == [0] * len(plan.places)
    assert town.everything() == after

    run = driver.run("town_elt")
    assert run.run.state == "done", run.run.reason
    town.make()
    assert town.everything() == after
    assert not LogLine.objects.filter(text__icontains="town.example").exists()
    assert not Event.objects.filter(payload__icontains="town.example").exists()


def test_a_restored_source_brings_nobody_back(loaded: None) -> None:
    found = asks.found(town.ANN, "ann")
    asks.erased(found)
    owner = open_store("oltp", "owner")
    for name in reversed(list(town.TABLES)):
        owner.execute(Sql(f"delete from town.{name}"))
    documents = open_store("documents", "owner")
    town.fill_oltp()
    for name, listed in (("town_sessions", town.SESSIONS), ("town_logs", town.LOGS)):
        documents.execute(Command({"delete": name, "deletes": [{"q": {}, "limit": 0}]}))
        documents.execute(Command({"insert": name, "documents": listed}))
    warehouse = open_store("warehouse", "owner")
    for each in town.EXTRACTS:
        warehouse.execute(Sql(f"delete from {'.'.join(each.target)}"))
    Cursor.objects.all().delete()  # a full load, as into a new warehouse
    run = driver.run("town_elt")
    town.make()
    rows = town.everything()
    hers = [
        row for place, each in rows.items() if place.startswith("warehouse") for row in each if "ann" in row.lower()
    ]
    assert not [row for row in hers if '"cus_ann"' in row and ("@" in row or "+1201" in row or "Elm" in row)]
    assert not any("ses_ann" in row for row in rows["warehouse.RAW_SESSIONS"])
    assert sum('"cus_ann"' in row for row in rows["warehouse.RAW_CHARGES"]) == 2
    assert any('"ch_bob"' in row and town.ANN in row for row in rows["warehouse.RAW_CHARGES"])
    (log,) = [row for row in rows["warehouse.RAW_LOGS"] if '"log_ann"' in row]
    assert "town.example" not in log.lower()
    lines = "\n".join(LogLine.objects.filter(run=run.run_id).values_list("text", flat=True))
    assert "People who were erased: 2 rows left out, 0 masked." in lines
    assert "People who were erased: 0 rows left out, 1 masked." in lines
    assert run.run.steps.get(key="extract:oltp.charges").counts["masked"] == 2


def test_who_has_the_address(governed: None) -> None:
    eve = discovery.identify(email="Eve@Town.example ", check=asks.go_on)
    assert [candidate.key for candidate in eve.candidates] == ["cus_eve1", "cus_eve2"]
    assert eve.candidates[0].found_in[0] == "oltp: town.customers"
    assert "cus_eve1" in repr(eve)
    assert discovery.identify(email="nobody@town.example", check=asks.go_on).candidates == ()

    one = asks.found("eve@town.example", "eve1")
    assert one.trace.values["email"] == frozenset()
    assert "documents: town_logs" not in actions(one.plan), "the address alone says not whose the request was"
    both = asks.found("eve@town.example", "eve1", "eve2")
    assert "documents: town_logs" in actions(both.plan)

    nobody = asks.found("nobody@town.example")
    assert nobody.plan.places == ()
    assert {searched.source for searched in nobody.plan.searched} == {"oltp", "documents", "warehouse"}
    assert asks.again(nobody.plan, nobody.trace).complete


def test_without_a_ground_all_of_it_goes(governed: None) -> None:
    for name in ("gus", "old"):
        found = asks.found(f"{name}@town.example", name)
        assert {place.action for place in found.plan.places} == {Action.ERASE}, name
        asks.erased(found, request=name)
        assert asks.again(found.plan, found.trace).complete
    assert not any("cus_gus" in row or "cus_old" in row for each in town.sources().values() for row in each)


def test_an_answer_to_the_person(governed: None) -> None:
    found = asks.found(town.ANN, "ann")
    answer = {}
    for title, records in collect.collect(plan=found.plan, trace=found.trace, check=asks.go_on):
        answer.setdefault(title, []).extend(records)
    (customer,) = answer["oltp: town.customers"]
    assert (customer["email"], customer["country"]) == (town.ANN, "GB")
    assert {row["id"] for row in answer["oltp: town.charges"]} == {"ch_ann1", "ch_ann2"}
    assert len(answer["documents: town_sessions"]) == 2
    assert {"remark": f"met {town.ANN.upper()} at the fair"}.items() <= answer["oltp: town.leads"][0].items()
    assert "bob" not in str(answer)
