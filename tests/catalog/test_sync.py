import pytest

from apps.catalog import services
from apps.catalog.models import Column, Dataset, Source, SyncRun
from portal.audit.models import Event
from tests.catalog.builders import HOUSE, column, dataset, info, ref, seen, shop

pytestmark = pytest.mark.django_db


def test_a_first_look_writes_what_is_there() -> None:
    report = seen("oltp", [info("payments.public.customers", "id text", "email text", row_count=12)])
    assert (report.datasets, report.columns, report.added) == (1, 2, 3)
    found = dataset("oltp", "customers")
    assert (found.path, found.namespace, found.row_count) == (
        ["payments", "public", "customers"],
        "payments.public",
        12,
    )
    assert [c.name for c in found.columns.order_by("position")] == ["id", "email"]
    assert Source.objects.get(name="oltp").default_path == ["payments", "public"]
    assert SyncRun.objects.get().counts["columns"] == 2
    assert Event.objects.filter(action="catalog.source_synced").count() == 1


def test_a_second_look_at_the_same_changes_nothing_and_keeps_the_revision() -> None:
    infos = [info("payments.public.customers", "id text", "email text", row_count=12)]
    first = seen("oltp", infos)
    second = seen("oltp", infos)
    assert (second.added, second.changed, second.retired) == (0, 0, 0)
    assert second.revision == first.revision


def test_a_row_count_moves_without_a_new_revision() -> None:
    first = seen("oltp", [info("payments.public.customers", "id text", row_count=12)])
    second = seen("oltp", [info("payments.public.customers", "id text", row_count=13)])
    assert dataset("oltp", "customers").row_count == 13
    assert second.revision == first.revision


def test_a_new_column_starts_unclassified_and_raises_the_revision() -> None:
    first = seen("oltp", [info("payments.public.customers", "id text")])
    second = seen("oltp", [info("payments.public.customers", "id text", "iban text")])
    assert second.added == 1
    assert second.revision > first.revision
    assert column("oltp/public.customers/iban").certainty == "none"


def test_what_vanished_is_retired_and_comes_back_as_it_was() -> None:
    both = [info("payments.public.customers", "id text"), info("payments.public.orders", "id text")]
    seen("oltp", both)
    pk = dataset("oltp", "orders").pk
    assert seen("oltp", both[:1]).retired == 1
    assert Dataset.objects.get(pk=pk).retired_at is not None
    seen("oltp", both)
    assert Dataset.objects.get(pk=pk).retired_at is None
    assert Dataset.objects.count() == 2


@pytest.mark.parametrize(("type_name", "category"), [("text", "user.contact.email"), ("jsonb", "")])
def test_a_column_that_returns_with_another_type_is_another_column(type_name: str, category: str) -> None:
    shop()
    services.classify(actor=HOUSE, items={ref("oltp/public.customers/email"): "user.contact.email"}, evidence="steward")
    without = [info("payments.public.customers", "id text", "status text")]
    seen("oltp", without)
    assert Column.objects.get(name="email").retired_at is not None
    seen("oltp", [info("payments.public.customers", "id text", f"email {type_name}", "status text")])
    assert column("oltp/public.customers/email").category == category


def test_paths_of_documents_know_what_contains_them() -> None:
    shop()
    assert column("documents/sessions/events[].ip").within == column("documents/sessions/events[]")
    assert column("documents/sessions/events[]").within == column("documents/sessions/events")
    assert column("documents/sessions/_id").within is None


def test_a_source_that_nobody_configured_is_refused() -> None:
    with pytest.raises(services.UnknownSource):
        services.sync_source(actor=HOUSE, source="nowhere")
