"""What was the person's when the request first looked, and is somebody else's when it looks again. Trust model: an
address or a number comes back into use, and nobody tells the portal."""

from typing import Any

from apps.compliance.subjects import discovery, erasure
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.types import Discovery, Finding, FindingKind, Subject, Trace
from portal.stores import open_store
from portal.stores.types import Command, Sql
from tests.compliance.subjects import asks, town

NEW, NUMBER = "ann.new@town.example", "+12015550199"
CARD = "oltp.town.cards.id"


def searched_again(before: Discovery) -> Discovery:
    return discovery.discover(subject=Subject(NEW, ("cus_ann",)), check=asks.go_on, before=before.trace)


def change(name: str, **columns: Any) -> None:
    for column, value in columns.items():
        text = f"update town.customers set {column} = %s where id = %s"
        open_store("oltp", "owner").execute(Sql(text, (value, f"cus_{name}")))


def she_moves() -> None:
    """She has another address and number, and no row of hers tells the old ones any more."""
    change("ann", email=NEW, phone=NUMBER)
    old = Sql("update town.charges set receipt_email = null where customer_id = 'cus_ann' and receipt_email = %s",
              (town.ANN,))  # fmt: skip
    open_store("oltp", "owner").execute(old)
    deletes = [{"q": {"customer_id": "cus_ann"}, "limit": 0}]
    open_store("documents", "owner").execute(Command({"delete": "town_sessions", "deletes": deletes}))


def titles(found: Discovery) -> set[str]:
    return {place.dataset.title for place in found.plan.places}


def passed_on(found: Discovery) -> list[Finding]:
    return [finding for finding in found.plan.findings if finding.kind is FindingKind.PASSED_ON]


def rows_with(mark: str) -> list[str]:
    return [row for each in town.sources().values() for row in each if mark in row]


def test_an_old_address_is_followed_until_somebody_else_has_it(governed: None) -> None:
    first = asks.found(town.ANN, "ann")
    she_moves()
    second = searched_again(first)
    assert {town.ANN, NEW} <= second.trace.values["email"]
    assert "documents: town_logs" in titles(second)
    assert passed_on(second) == []

    change("carl", email=town.ANN, phone=town.PHONE)
    third = searched_again(second)
    assert town.ANN not in third.trace.values["email"] | third.trace.keys[EMAIL]
    assert Trace.from_bytes(third.trace.to_bytes()) == third.trace
    assert "documents: town_logs" not in titles(third)
    assert [(finding.message, finding.blocking) for finding in passed_on(third)] == [
        ("1 e-mail address that the person had now belongs to somebody else: not followed.", False),
        ("1 telephone number that the person had now belongs to somebody else: not followed.", False),
    ]
    before = town.sources()
    asks.erased(third)
    moved = [row for rows in town.touched(before, town.sources()).values() for row in rows]
    assert moved
    assert not [row for row in moved if '"log_' in row or '"cus_carl"' in row]
    (lead,) = rows_with('"lead_1"')
    assert town.ANN.upper() in lead
    assert town.WORK not in lead, "that one is hers alone"
    assert asks.again(third.plan, third.trace).complete

    # He gives it up: it was hers before, and is looked for again.
    change("carl", email="carl@town.example", phone="+12015550144")
    fourth = searched_again(third)
    assert "documents: town_logs" in titles(fourth)
    (finding,) = passed_on(fourth)
    assert finding.message == "1 name that the person had now belongs to somebody else: not followed.", "Dora's, too"


def test_what_is_passed_on_between_the_search_and_the_work_is_left_alone(governed: None) -> None:
    found = asks.found(town.ANN, "ann")
    she_moves()
    change("carl", email=town.ANN, phone=town.PHONE)
    before = town.sources()
    for source in found.plan.sources:
        erasure.erase(plan=found.plan, trace=found.trace, source=source, check=asks.go_on, progress=asks.quiet)
    moved = [row for rows in town.touched(before, town.sources()).values() for row in rows]
    assert moved
    assert not [row for row in moved if '"log_' in row or '"cus_carl"' in row]
    assert not asks.again(found.plan, found.trace).complete, "it was approved as hers: somebody must look again"


def test_a_card_that_is_somebody_elses_now_leads_nowhere(governed: None) -> None:
    first = asks.found(town.ANN, "ann")
    assert first.trace.keys[CARD] == {"card_ann"}
    open_store("oltp", "owner").execute(Sql("update town.cards set customer_id = 'cus_bob' where id = 'card_ann'"))
    second = searched_again(first)
    assert second.trace.keys[CARD] == frozenset()
    (finding,) = passed_on(second)
    assert finding.message == "1 card that the person had now belongs to somebody else: not followed."
    open_store("oltp", "owner").execute(*(Sql(f"delete from town.{name}") for name in ("refunds", "charges", "cards")))
    assert discovery.discover(subject=Subject(NEW, ("cus_ann",)), check=asks.go_on, before=first.trace).trace.keys[
        CARD
    ] == {"card_ann"}, "gone is not somebody else's"
