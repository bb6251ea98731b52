"""Keys that are data, in the catalog: what was kept of them before goes without a trace, and nobody guesses what a map
holds."""

from uuid import uuid4

import pytest

from apps.catalog import services
from apps.catalog.finding.models import SearchWord
from apps.catalog.history.models import SchemaChange
from apps.catalog.models import Check, Column, Dataset, LineageEdge
from apps.catalog.propagation import KEYS
from portal.audit.models import Event
from portal.stores import open_store
from portal.stores.types import Command, DatasetInfo
from tests.catalog.builders import HOUSE, column, dataset, edge, info, ref, seen

pytestmark = pytest.mark.django_db
BOB = "bob.b@example.com"
BEFORE = ("_id int", "seen object", "seen.ana int", f"seen.{BOB} int", f"seen.{BOB}.n int", "seen.total int", "at date")
AFTER = ("_id int", "seen object", "seen.* int|object", "seen.*.n int", "seen.total int", "at date")
VALIDATOR = '{"$jsonSchema": {"properties": {"seen": {"properties": {"total": {}}}}}}'


def docs(*columns: str) -> list[DatasetInfo]:
    return [info("payments.seen", *columns, kind="collection", definition=VALIDATOR)]


def names() -> set[str]:
    return set(Column.objects.values_list("name", flat=True))


def kept_before() -> None:
    """As a sync, a load and a check left it while keys became columns."""
    seen("documents", docs(*BEFORE))
    seen("warehouse", [info("ANALYTICS.RAW.SEEN", "ID TEXT", "SEEN VARIANT"), info("ANALYTICS.CORE.S", "SEEN VARIANT")])
    loads()
    Check.objects.create(
        dataset=dataset("documents", "seen"),
        column=f"seen.{BOB}",
        name="x",
        passed=True,
        checked_at="2026-01-01T00:00Z",
    )


def loads() -> None:
    first = edge("documents/seen/seen", "warehouse/RAW.SEEN/SEEN")
    services.replace_edges(actor=HOUSE, origin="load", edges=[first])
    services.replace_edges(actor=HOUSE, origin="dbt", edges=[edge("warehouse/RAW.SEEN/SEEN", "warehouse/CORE.S/SEEN")])


def test_what_was_kept_goes_with_its_history() -> None:
    kept_before()
    assert f"SEEN:{BOB}" in names()
    assert "'bob'" in str(dataset("documents", "seen").words)
    assert SearchWord.objects.filter(word="bob").exists()
    seen("documents", docs("_id int", "seen object"))  # retired, and not deleted: nothing told yet that it is a map
    report = seen("documents", docs(*AFTER))
    left = names()
    assert not [name for name in left if BOB in name or "ana" in name]
    assert left >= {"seen.*", "seen.*.n", "seen.total", "SEEN:total"}
    assert not any("'bob'" in str(each.words) or "'ana'" in str(each.words) for each in Dataset.objects.all())
    assert not SearchWord.objects.filter(word__in=["bob", "ana"]).exists()
    assert not [c for c in SchemaChange.objects.all() if BOB in c.column or "ana" in c.column]
    assert not Check.objects.exists()
    assert not Event.objects.filter(payload__contains=BOB).exists()
    assert report.columns == len(AFTER)
    loads()
    assert {"SEEN:*", "SEEN:*.n"} <= names()
    assert seen("documents", docs(*AFTER)).revision == report.revision, "the same again changes nothing"
    assert {"SEEN:*", "SEEN:*.n"} <= names()


def test_history_does_not_keep_a_name_that_is_a_value() -> None:
    seen("documents", docs("_id int", "seen object"))
    seen("documents", docs(*BEFORE))
    assert SchemaChange.objects.filter(column__contains=BOB).exists()
    seen("documents", docs(*AFTER))
    assert not SchemaChange.objects.filter(column__contains=BOB).exists()
    assert SchemaChange.objects.filter(column="at").exists()


def test_what_hangs_in_the_warehouse_without_lineage_goes_too() -> None:
    kept_before()
    LineageEdge.objects.all().delete()
    seen("documents", docs(*AFTER))
    assert not [name for name in names() if BOB in name]


def test_a_map_stays_one_when_no_telling_key_is_in_the_sample() -> None:
    seen("documents", docs(*AFTER))
    seen("documents", docs("_id int", "seen object", "seen.carl int", "seen.total int"))
    assert names() == {"_id", "at", "seen", "seen.*", "seen.*.n", "seen.total"}
    assert column("documents/seen/seen.*").retired_at is None
    assert column("documents/seen/seen.*").type == "int|object"
    # Without the object there is no map to keep, and when it is back it is one.
    seen("documents", docs("_id int"))
    assert column("documents/seen/seen.*").retired_at is not None
    seen("documents", docs("_id int", "seen object", "seen.carl int"))
    assert column("documents/seen/seen.*").retired_at is None
    assert "seen.carl" not in names()


def test_what_is_inside_says_nothing_of_the_keys() -> None:
    seen("documents", docs(*AFTER))
    seen("warehouse", [info("ANALYTICS.RAW.SEEN", "ID TEXT", "SEEN VARIANT"), info("ANALYTICS.CORE.S", "SEEN VARIANT")])
    loads()
    values = {ref(f"documents/seen/{name}"): "system.operations" for name in ("_id", "seen.*.n", "seen.total", "at")}
    services.classify(actor=HOUSE, items=values, evidence="steward")
    entry = column("documents/seen/seen.*")
    assert (entry.certainty, entry.evidence) == ("none", KEYS)
    assert {column(f"documents/seen/{name}").certainty for name in ("seen", "seen.*")} == {"none"}
    assert column("warehouse/CORE.S/SEEN").certainty == "none"
    services.classify(actor=HOUSE, items={ref("documents/seen/seen.*"): "user.contact.email"}, evidence="steward")
    assert column("warehouse/CORE.S/SEEN").category == "user.contact.email"
    assert column("warehouse/CORE.S/SEEN:*").certainty == "inferred"


def test_a_sync_of_the_real_store(mongo: None) -> None:
    name, store = f"c_{uuid4().hex[:12]}", open_store("documents", "owner")
    everybody = [{"seen": {f"p{n}@example.com": n, "ana": 1}, "+1 201 555 01 42": n, "n": n} for n in range(3)]
    store.execute(Command({"insert": name, "documents": everybody}))
    store.execute(Command({"createIndexes": name, "indexes": [{"key": {"seen.ana b": 1}, "name": "seen.ana b_1"}]}))
    try:
        (found,) = open_store("documents", "catalog").introspect(namespaces=[name])
    finally:
        store.execute(Command({"drop": name}))
    seen("documents", [found])
    assert names() == {"_id", "*", "*.*"}
    assert "ana" not in repr(found)
    assert "201" not in repr(found)
    assert found.indexes == ("_id_ (_id: 1)", "on a key of a map (seen.*: 1)")
