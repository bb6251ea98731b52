"""Charts of answers: which is suggested, what is kept, and that nothing but kinds and columns is."""

import json
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from apps.queries import charts, results, services
from apps.queries.charts import Chart, Placed
from apps.queries.models import Execution, SavedQuery, SavedVersion
from apps.queries.saved import selectors
from apps.queries.saved.types import Draft
from apps.queries.sealing import seal
from apps.queries.types import AnswerColumn, Outcome
from portal.accounts.models import User
from tests.vault import govern


def columns(*types: str) -> list[AnswerColumn]:
    return [AnswerColumn(f"{kind}{at}" if "=" not in kind else kind.split("=")[0], kind.split("=")[-1], "no")
            for at, kind in enumerate(types)]  # fmt: skip


@pytest.mark.parametrize(
    ("types", "word"),
    [
        (["date", "decimal"], "line.0.1."),
        (["integer", "timestamp"], "line.1.0."),
        (["date", "text", "float"], "line.0.2.1"),
        (["text", "integer"], "bar.0.1."),
        (["customer_id=integer", "text", "integer"], "bar.1.2."),
        (["text", "boolean", "integer"], "bar.0.2.1"),
        (["float", "decimal"], "scatter.0.1."),
        (["integer"], "histogram.0.."),
        (["id=integer"], None),
        (["text", "list<item: string>"], None),
        ([], None),
    ],
)
def test_what_fits(types: list[str], word: str | None) -> None:
    found = charts.suggest(columns(*types))
    assert (found.word if found else None) == word
    if found and word:
        assert charts.from_word(word, len(types)) == found


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["99000", None, "-1.50"], "decimal"),
        (["0", "0.5"], "decimal"),
        (["01234", "5"], "text"),
        (["1e9"], "text"),
        ([None], "text"),
        ([], "text"),
    ],
)
def test_a_sum_that_a_store_tells_as_text_is_a_number(values: list[str | None], kind: str) -> None:
    rows = [[value] for value in values]
    assert [column.type for column in charts.recognised(columns("total=text"), rows)] == [kind]
    masked = [AnswerColumn("phone", "text", "yes")]
    assert charts.recognised(masked, rows) == masked


@pytest.mark.parametrize(
    "word",
    ["", "pie.0.1.", "line.0", "line.0.1", "line..1.", "line.0..", "line.0.9.", "line.0.1.x", "line.²..", "a.b.c.d"],
)
def test_an_address_that_is_no_chart(word: str) -> None:
    assert charts.from_word(word, 3) is None


@pytest.mark.parametrize(
    "body",
    ["[]", "{", '"x"', '{"kind": "pie", "x": "a", "y": "b"}', '{"kind": "line", "x": "a"}', '{"kind": "line", "y": "a"}',
     '{"kind": "line", "x": "a", "y": ["b"]}', '{"kind": "line", "x": "a", "y": "b", "data": "c"}',
     json.dumps({"kind": "line", "x": "a" * 301, "y": "b"})],
)  # fmt: skip
def test_what_is_no_chart_is_not_kept(body: str) -> None:
    with pytest.raises(charts.Invalid):
        charts.read(body)


def test_names_and_places() -> None:
    chart = Chart("line", "day", "amount", "country")
    assert charts.placed(chart, ["amount", "day", "country"]) == Placed("line", 1, 0, 2)
    assert charts.named(Placed("line", 1, 0, 2), ["amount", "day", "country"]) == chart
    assert charts.placed(chart, ["amount", "day"]) is None
    assert charts.read(json.dumps(chart.kept())) == chart
    assert charts.read('{"kind": "histogram", "x": "a", "y": "b", "group": ""}') == Chart("histogram", "a")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def answered(db: None, analyst: User) -> Execution:
    import pyarrow as pa

    govern("oltp")
    text = "select country, count(*) as n from customers group by country"
    signed_in(analyst).post(reverse("queries:console"), {"source": "oltp", "text": text})
    row = Execution.objects.get(owner=analyst)
    types = results.write(
        row.pk, [pa.RecordBatch.from_pydict({"country": ["GB", "CN"], "n": [2, 1]})], ["country", "n"], by_name=False
    )
    told = tuple(AnswerColumn(name, kind, "no") for name, kind in zip(("country", "n"), types, strict=True))
    services.finish(key=row.pk, outcome=Outcome(told, (), "select 1"), rows=2, truncated=False)
    row.refresh_from_db()
    return row


def test_the_console_suggests_one_and_shows_the_one_asked_for(answered: Execution, analyst: User) -> None:
    client = signed_in(analyst)
    page = client.get(answered.get_absolute_url()).content.decode()
    assert 'data-word="bar.0.1."' in page
    assert "data-open" not in page
    assert f'src="{reverse("queries-api:execution", args=[answered.pk])}"' in page
    wanted = client.get(f"{answered.get_absolute_url()}&chart=histogram.1..").content.decode()
    assert 'data-word="histogram.1.."' in wanted
    assert "data-open" in wanted
    assert escape(json.dumps({"kind": "histogram", "x": "n", "y": "", "group": ""})) in wanted
    assert client.get(f"{answered.get_absolute_url()}&chart=<script>").status_code == 200
    assert signed_in(analyst).get(answered.get_absolute_url()).status_code == 200


def test_another_persons_chart_is_not_there(answered: Execution, colleague: User) -> None:
    assert signed_in(colleague).get(f"{answered.get_absolute_url()}&chart=bar.0.1.").status_code == 404


def test_a_saved_query_opens_with_its_chart(answered: Execution, analyst: User) -> None:
    client = signed_in(analyst)
    chart = {"kind": "bar", "x": "country", "y": "n", "group": ""}
    body = {"title": "By country", "source": "oltp", "text": "select country, count(*) as n from customers group by 1"}
    client.post(reverse("queries:save"), {**body, "chart": json.dumps(chart)})
    saved = SavedQuery.objects.get()
    assert selectors.draft_of(saved.versions.get()).chart == chart
    assert "Opens with a chart: bar, n by country" in client.get(saved.get_absolute_url()).content.decode()
    console = client.get(reverse("queries:console"), {"saved": saved.pk}).content.decode()
    assert escape(json.dumps(chart)) in console
    run = client.post(reverse("queries:console"), {**body, "chart": json.dumps(chart)})
    assert run["Location"].endswith("&chart=bar.0.1.")
    gone = client.post(reverse("queries:console"), {**body, "chart": json.dumps({**chart, "y": "gone"})})
    assert "chart" not in gone["Location"]
    assert "chart" not in client.post(reverse("queries:console"), {**body, "chart": "{"})["Location"]
    revised = {**body, "based_on": "1", "title": "Later", "chart": json.dumps(chart)}
    client.post(reverse("queries:saved-revise", args=[saved.pk]), revised)
    assert selectors.draft_of(saved.versions.get(number=2)).chart == chart


def test_a_wrong_chart_is_not_saved_and_nothing_is_lost(answered: Execution, analyst: User) -> None:
    body = {"title": "x", "source": "oltp", "text": "select 1", "chart": '{"kind": "pie", "x": "a", "y": "b"}'}
    answer = signed_in(analyst).post(reverse("queries:save"), body)
    assert answer.status_code == 400
    assert "select 1" in answer.content.decode()
    assert not SavedQuery.objects.exists()


def test_versions_from_before_charts_open(answered: Execution, analyst: User) -> None:
    client = signed_in(analyst)
    client.post(reverse("queries:save"), {"title": "Old", "source": "oltp", "text": "select 1"})
    version = SavedVersion.objects.get()
    old = json.dumps({"title": "Old", "source": "oltp", "text": "select 1", "folder": ""})
    SavedVersion.objects.update(body=seal(old.encode(), f"saved:{version.pk}"))
    assert selectors.draft_of(SavedVersion.objects.get()) == Draft("Old", "oltp", "select 1")
    assert client.get(version.query.get_absolute_url()).status_code == 200


def test_no_page_imports_the_library() -> None:
    code = (
        "import django; django.setup(); import portal.urls, apps.queries.views, sys; sys.exit('plotly' in sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        env={**__import__("os").environ, "DJANGO_SETTINGS_MODULE": "portal.settings"},
    )


def test_the_columns_of_a_chart_stay_out_of_the_address(answered: Execution, analyst: User) -> None:
    """An alias can be anything that somebody typed, and addresses are logged."""
    text = 'select country as "kanarie", count(*) as n from customers group by country'
    chart: Any = {"kind": "bar", "x": "kanarie", "y": "n"}
    run = signed_in(analyst).post(
        reverse("queries:console"), {"source": "oltp", "text": text, "chart": json.dumps(chart)}
    )
    assert run["Location"].endswith("&chart=bar.0.1.")
    assert "kanarie" not in run["Location"]
