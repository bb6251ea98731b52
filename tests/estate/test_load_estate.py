"""`manage.py load_estate` into real servers: the small folder with its wrong rows, the generator, and both twice."""

import hashlib
import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from estate import load
from estate.oltp.load import TABLES
from estate.pipelines.checks import CHECKS
from portal.stores import open_store
from portal.stores.types import Sql, StoreError
from tests.estate.conftest import SMALL, Ask

SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "olist"
MONEY = (
    "select payment_type, count(*), sum(amount)::bigint from public.charges "
    "where currency = 'BRL' group by 1 order by 1"
)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("load_estate", *arguments, stdout=out)
    return out.getvalue()


def state(ask: Ask) -> dict[str, str]:
    """A hash per table over every value, `updated_at` included."""
    found = {}
    for table in TABLES:
        rows = ask(f"select t::text from public.{table} t order by id")
        found[table] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found


def test_every_payment_that_can_be_read_arrives_to_the_cent(ask: Ask) -> None:
    run("--data", str(SMALL))

    assert ask(MONEY) == [
        ("boleto", 1, 4567),
        ("credit_card", 2, 9990 + 123456),
        ("debit_card", 1, 12000),
        ("not_defined", 1, 0),
        ("voucher", 2, 10 + 3333),
    ]


def test_what_cannot_be_read_is_set_aside_with_line_and_reason(ask: Ask) -> None:
    said = run("--data", str(SMALL))
    rejects = ask("select file, line, reason, outcome from public.load_rejects order by file, line")

    assert "load_rejects" in said
    assert Counter((file, outcome) for file, _, _, outcome in rejects) == {
        ("olist_customers_dataset.csv", "rejected"): 2,
        ("olist_order_items_dataset.csv", "rejected"): 1,
        ("olist_order_payments_dataset.csv", "rejected"): 10,
        ("olist_order_reviews_dataset.csv", "rejected"): 3,
        ("olist_orders_dataset.csv", "rejected"): 2,
        ("olist_orders_dataset.csv", "mended"): 1,
        ("olist_sellers_dataset.csv", "mended"): 1,
    }
    assert ("olist_order_payments_dataset.csv", 12, "payment_value has fractions of a cent", "rejected") in rejects
    assert ("olist_order_reviews_dataset.csv", 7, "its quotes do not match", "rejected") in rejects


def test_no_value_of_a_wrong_row_is_kept(ask: Ask) -> None:
    run("--data", str(SMALL))
    kept = repr(ask("select * from public.load_rejects"))

    assert "vendas@example.com" not in kept
    assert "texto aberto" not in kept
    assert ask("select count(*) from public.merchants where city like '%@%'") == [(0,)]


def test_life_cycle_persons_and_who_is_paid(ask: Ask) -> None:
    run("--data", str(SMALL))

    assert ask("select source_status, status from public.payment_intents order by 1") == [
        ("canceled", "canceled"),
        ("delivered", "succeeded"),
        ("delivered", "succeeded"),
        ("invoiced", "succeeded"),
        ("shipped", "succeeded"),
        ("unavailable", "canceled"),
    ]
    # Two rows of customers are one person, who now lives where the later order went.
    assert ask("select count(*) from public.customers") == [(5,)]
    assert ask("select city from public.customers where city in ('vila nova', 'serra azul')") == [("serra azul",)]
    # An order of two merchants names the one that gets more; its bill says what each gets.
    split = ask(
        "select i.merchant_id = p.merchant_id as main, i.amount + i.shipping as owed from public.invoice_items i "
        "join public.invoices b on b.id = i.invoice_id join public.payment_intents p on p.id = b.payment_intent_id "
        "where b.total = 10000 order by 2"
    )
    assert split == [(False, 3000), (True, 7000)]
    # Orders without items name nobody and are still there.
    assert ask("select count(*) from public.payment_intents where merchant_id is null") == [(2,)]


def test_a_charge_shows_the_card_of_its_method_and_others_none(ask: Ask) -> None:
    run("--data", str(SMALL))

    assert ask(
        "select count(*) from public.charges c left join public.payment_methods m on m.id = c.payment_method_id "
        "where c.card_bin is distinct from m.card_bin or c.card_last4 is distinct from m.card_last4 "
        "or (c.card_bin is null) <> (c.payment_type not in ('credit_card', 'debit_card'))"
    ) == [(0,)]
    assert ask("select payment_method_id from public.charges where payment_type = 'not_defined'") == [(None,)]


def test_reviews_become_feedback(platform: None, documents: Callable[[str], list[dict[str, object]]]) -> None:
    run("--data", str(SMALL))
    found = documents("feedback")

    # One review id stands with two orders: both are kept. A quoted line break is part of the text.
    assert len(found) == 4
    assert any(row["message"] == 'Chegou antes do prazo.\nRecomendo, "de verdade".' for row in found)
    assert len({str(row["_id"])[:35] for row in found}) == 3


def test_twice_is_once(ask: Ask, documents: Callable[[str], list[dict[str, object]]]) -> None:
    run("--data", str(SMALL))
    before, papers = state(ask), documents("feedback")
    said = run("--data", str(SMALL))

    assert "Already loaded" in said
    assert (state(ask), documents("feedback")) == (before, papers)


def test_twice_is_once_even_when_the_first_could_not_say_that_it_was_done(
    ask: Ask, documents: Callable[[str], list[dict[str, object]]]
) -> None:
    """Rows are compared inside the stores: none is written again, so that nobody extracts it again."""
    run("--data", str(SMALL))
    before, papers = state(ask), documents("feedback")
    open_store("oltp", "owner").execute(load.Sql("delete from public.loads"))
    said = run("--data", str(SMALL))

    assert "Loaded" in said
    assert (state(ask), documents("feedback")) == (before, papers)


def test_a_changed_row_is_put_right_and_only_that_one(ask: Ask) -> None:
    run("--scale", "0.05")
    owner = open_store("oltp", "owner")
    owner.execute(
        load.Sql("update public.customers set city = 'elsewhere' where id = (select min(id) from public.customers)")
    )
    owner.execute(load.Sql("delete from public.loads"))
    before = dict(ask("select id, updated_at from public.customers"))
    run("--scale", "0.05")
    after = dict(ask("select id, updated_at from public.customers"))

    assert [key for key in before if before[key] != after[key]] == [min(before)]
    assert ask("select count(*) from public.customers where city = 'elsewhere'") == [(0,)]


def test_a_load_that_fails_leaves_nothing(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    from estate.generator.stream import Generated

    whole = Generated.tables

    def breaks_off(self: Generated) -> object:
        for table, batch in whole(self):
            yield table, batch
            if table == "charges":
                # A charge of nobody: the foreign keys refuse it when they come back.
                yield (
                    table,
                    batch.slice(0, 1)
                    .set_column(0, "id", [["ch_stray"]])
                    .set_column(2, "customer_id", [["cus_nobody"]]),
                )

    monkeypatch.setattr(Generated, "tables", breaks_off)
    with pytest.raises(CommandError, match="constraint"):
        run("--scale", "0.02")

    assert ask("select count(*) from public.charges") == [(0,)]
    assert ask("select count(*) from public.merchants") == [(0,)]
    assert ask("select count(*) from public.loads") == [(0,)]
    keys = ask("select count(*) from pg_constraint where contype = 'f' and connamespace = 'public'::regnamespace")
    assert keys == [(19,)]


def test_generated_payments_fill_every_table_and_collection(
    ask: Ask, documents: Callable[[str], list[dict[str, object]]]
) -> None:
    run("--scale", "0.1", "--seed", "4")

    assert all(ask(f"select count(*) from public.{table}")[0][0] for table in TABLES)
    for collection in ("sessions", "api_logs", "feedback", "ml_features"):
        assert documents(collection), collection


def test_documents_refuse_what_they_must_not_hold(platform: None) -> None:
    bad = {"_id": "fb_x", "customer_id": "cus_x", "score": 9}
    with pytest.raises(StoreError):
        open_store("documents", "owner").execute(load.documents.Command({"insert": "feedback", "documents": [bad]}))


def test_what_is_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"^There is no folder .*nothing\.$"):
        run("--data", str(tmp_path / "nothing"))
    with pytest.raises(CommandError, match=r"has no file olist_customers_dataset\.csv, .*_reviews_dataset\.csv\.$"):
        run("--data", str(tmp_path))


@pytest.mark.parametrize("scale", ["0", "-1", "1001", "nan"])
def test_scale_has_limits(scale: str) -> None:
    with pytest.raises(CommandError, match="--scale"):
        run("--scale", scale)


def test_not_into_what_is_no_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DEMO", False)
    with pytest.raises(CommandError, match="PORTICO_DEMO"):
        run("--scale", "0.02")


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the real sample is not here")
def test_the_real_sample_arrives_whole(ask: Ask, documents: Callable[[str], list[dict[str, object]]]) -> None:
    run("--data", str(SAMPLE))

    assert ask(MONEY) == [
        ("boleto", 1580, 24287850),
        ("credit_card", 6255, 109961822),
        ("debit_card", 122, 2615875),
        ("not_defined", 3, 0),
        ("voucher", 964, 5994734),
    ]
    counts = {table: ask(f"select count(*) from public.{table}")[0][0] for table in TABLES}
    assert counts["charges"] == 8924
    assert counts["customers"] == 8016
    assert counts["merchants"] == 1610
    assert counts["payment_intents"] == 8135
    assert counts["invoice_items"] == 8365
    assert len(documents("feedback")) == 8225
    assert ask("select outcome, count(*) from public.load_rejects group by 1") == [("mended", 1)]


def test_the_payments_file_counted_apart_agrees_until_postgres_moves_on(ask: Ask) -> None:
    run("--data", str(SMALL))

    (charges,) = (agreement for agreement in CHECKS if agreement.key == "charges_agree")
    files, postgres = (measure.text for measure in charges.measures[:2])
    assert ask(files) == [(*group, rows, int(str(total))) for *group, rows, total in ask(postgres)]
    assert len(ask(files)) == 5
    open_store("oltp", "owner").execute(Sql("update public.charges set status = 'failed', updated_at = now()"))
    assert ask(files) == []


def test_generated_payments_have_no_files(ask: Ask) -> None:
    run("--scale", "0.002")

    (charges,) = (agreement for agreement in CHECKS if agreement.key == "charges_agree")
    assert ask(charges.measures[0].text) == []


@pytest.mark.parametrize("source", settings.STORES)
def test_the_account_of_requests_may_read_all_of_it(schemas: None, source: str) -> None:
    """Else no request of a person would get past its search."""
    readable = open_store(source, "privacy").readable()
    assert readable
    assert [path for path, may in readable.items() if not may] == []
