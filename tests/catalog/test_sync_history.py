"""What each look at a store leaves in the history."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.catalog import services, sync_runs
from apps.catalog.history.models import SchemaChange
from apps.catalog.models import Source, SyncRun
from portal.stores import open_store
from portal.stores.types import ColumnInfo, DatasetInfo, KeyInfo, Sql
from tests.catalog.builders import HOUSE, column, dataset, info, seen

pytestmark = pytest.mark.django_db
CUSTOMERS = "payments.public.customers"
SECRETS = info("payments.public.secrets", "token text")


def rows() -> list[tuple[str, str, str, str, bool]]:
    return list(SchemaChange.objects.order_by("pk").values_list("column", "what", "before", "after", "breaking"))


def test_a_first_look_tells_no_changes_and_an_unchanged_one_none_either() -> None:
    looked = [info(CUSTOMERS, "id text", "email text")]
    seen("oltp", looked)
    seen("oltp", looked)
    assert rows() == []


def test_every_change_is_kept_with_what_it_was() -> None:
    seen("oltp", [info(CUSTOMERS, "id bigint", "email text", "gone text"), SECRETS])
    base = info(CUSTOMERS, "id text", "email text", "iban text", comment="Who pays.")
    first = replace(base.columns[0], nullable=False)
    later = replace(base, columns=(first, *base.columns[1:]), keys=(KeyInfo("primary", ("id",)),), indexes=("pk (id)",))
    seen("oltp", [later, info("payments.public.orders", "id text", "total numeric")])
    assert sorted(rows()) == [
        ("", "comment", "", "Who pays.", False),
        ("", "dataset", "", "table", False),
        ("", "dataset", "table", "", True),
        ("", "indexes", "", "pk (id)", False),
        ("", "keys", "", "primary key (id)", False),
        ("gone", "column", "text", "", True),
        ("iban", "column", "", "text", False),
        ("id", "nullable", "nullable", "not null", False),
        ("id", "type", "bigint", "text", True),
    ]
    assert SchemaChange.objects.exclude(sync=SyncRun.objects.latest("pk")).count() == 0


def test_a_view_that_reads_otherwise_is_told_without_its_statement() -> None:
    seen("oltp", [info("payments.public.v", "id text", kind="view", definition="select 'secret@example.com'")])
    seen("oltp", [info("payments.public.v", "id text", kind="view", definition="select 'other@example.com'")])
    ((_, what, before, after, _),) = rows()
    assert what == "definition"
    assert before != after
    assert "example" not in before + after


def test_history_stays_with_what_is_retired_and_says_when_it_came_back() -> None:
    both = [info(CUSTOMERS, "id text"), SECRETS]
    seen("oltp", both)
    seen("oltp", both[:1])
    seen("oltp", both)
    assert [(before, after) for _, what, before, after, _ in rows() if what == "dataset"] == [
        ("table", ""),
        ("", "table"),
    ]


def sample(sampled: int, **paths: tuple[str, float, dict[str, float]]) -> list[DatasetInfo]:
    columns = tuple(
        ColumnInfo(name, types, position=place, presence=share, types=by_type)
        for place, (name, (types, share, by_type)) in enumerate(paths.items(), 1)
    )
    return [DatasetInfo(("payments", "logs"), "collection", columns, sampled=sampled)]


def test_a_rare_path_and_a_rare_type_are_not_gone_because_one_sample_missed_them() -> None:
    _id = ("objectId", 1.0, {"objectId": 1.0})
    common = ("string", 0.5, {"string": 0.5})
    seen("documents", sample(1500, _id=_id, rare=("int", 0.001, {"int": 0.001}), common=common))
    mixed = ("int|string", 0.5, {"string": 0.498, "int": 0.002})
    seen("documents", sample(1500, _id=_id, common=mixed))
    seen("documents", sample(1500, _id=_id, common=common))
    assert column("documents/logs/rare").retired_at is None
    assert column("documents/logs/common").type == "int|string"
    assert sorted(column("documents/logs/common").types) == ["int", "string"]
    seen("documents", sample(1500, _id=_id))
    assert column("documents/logs/common").retired_at is not None
    assert column("documents/logs/rare").last_seen_at < column("documents/logs/_id").last_seen_at


def test_a_path_that_was_missed_for_a_month_is_retired() -> None:
    _id = ("objectId", 1.0, {"objectId": 1.0})
    seen("documents", sample(1500, _id=_id, rare=("int", 0.001, {"int": 0.001})))
    rare = column("documents/logs/rare")
    rare.last_seen_at = timezone.now() - timedelta(days=31)
    rare.save()
    seen("documents", sample(1500, _id=_id))
    assert column("documents/logs/rare").retired_at is not None


def test_a_look_that_came_too_late_says_so() -> None:
    source, now = Source.objects.create(name="oltp", kind="postgres"), timezone.now()
    seen("oltp", [info(CUSTOMERS, "id text")])
    old = [info(CUSTOMERS, "id text", "old text")]
    report = services.write_sync(actor=HOUSE, source=source, infos=old, started=now - timedelta(minutes=5))
    assert report.added == 0
    assert SyncRun.objects.latest("pk").error == sync_runs.OVERTAKEN
    assert not dataset("oltp", "customers").columns.filter(name="old").exists()


def test_a_real_table_from_its_first_look_to_its_last() -> None:
    name, owner = f"h_{uuid4().hex[:12]}", open_store("oltp", "owner")

    def look() -> None:
        services.sync_source(actor=HOUSE, source="oltp")

    def told() -> list[tuple[str, str, str, str]]:
        rows = SchemaChange.objects.filter(dataset__name=name).order_by("pk")
        return list(rows.values_list("column", "what", "before", "after"))

    look()
    owner.execute(Sql(f"create table {name} (id bigint primary key, n integer not null, gone text)"))
    try:
        look()
        look()
        assert told() == [("", "dataset", "", "table")]
        owner.execute(Sql(f"alter table {name} alter n drop not null, alter n type bigint, drop gone, add late date"))
        owner.execute(Sql(f"create index {name}_late on {name} (late)"))
        look()
    finally:
        owner.execute(Sql(f"drop table {name}"))
    look()
    changed = {(column, what): (before, after) for column, what, before, after in told()[1:]}
    assert changed.pop(("", "indexes"))[1].count("btree (late)") == 1
    assert changed == {
        ("n", "nullable"): ("not null", "nullable"),
        ("n", "type"): ("integer", "bigint"),
        ("gone", "column"): ("text", ""),
        ("late", "column"): ("", "date"),
        ("", "dataset"): ("table", ""),
    }
    breaking = SchemaChange.objects.filter(dataset__name=name, breaking=True).values_list("column", "what")
    assert set(breaking) == {("n", "nullable"), ("gone", "column"), ("", "dataset")}
