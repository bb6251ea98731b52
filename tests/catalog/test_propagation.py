"""The flow of categories, without a database."""

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.catalog.categories import OPERATIONS, PSEUDONYM, most_sensitive, rank
from apps.catalog.propagation import UNKNOWN, WAITS, Graph, infer

EMAIL, NAME, IP = "user.contact.email", "user.name", "user.device.ip_address"


def graph(confirmed: dict[int, str], *edges: tuple[int, int, str], derived: dict[int, str] | None = None) -> Graph:
    columns = sorted({*confirmed, *(e[0] for e in edges), *(e[1] for e in edges), *(derived or {})})
    return Graph(columns, confirmed, edges, {k: frozenset([v]) for k, v in (derived or {}).items()})


def test_the_most_sensitive_of_two_wins_and_both_are_carried() -> None:
    found = infer(graph({1: NAME, 2: EMAIL}, (1, 3, "expression"), (2, 3, "expression")))[3]
    assert (found.category, found.origin, found.steps, found.carries) == (EMAIL, 2, 1, (EMAIL, NAME))


def test_the_shortest_way_is_the_evidence() -> None:
    found = infer(graph({1: EMAIL}, (1, 2, "copy"), (2, 3, "copy"), (3, 4, "copy"), (1, 4, "copy")))
    assert (found[4].origin, found[4].steps) == (1, 1)
    assert found[3].steps == 2


def test_a_count_stops_a_category() -> None:
    found = infer(graph({1: EMAIL}, (1, 2, "count"), (2, 3, "copy")))
    assert (found[2].category, found[2].evidence) == (OPERATIONS, "count")
    assert (found[3].category, found[3].evidence) == (OPERATIONS, "count")


def test_a_keyed_hash_leaves_a_pseudonym_and_a_plain_one_leaves_everything() -> None:
    found = infer(graph({1: EMAIL}, (1, 2, "keyed_hash"), (1, 3, "hash")))
    assert (found[2].category, found[3].category) == (PSEUDONYM, EMAIL)


def test_one_unknown_upstream_keeps_a_column_hidden() -> None:
    found = infer(graph({1: OPERATIONS}, (1, 3, "expression"), (2, 3, "expression")))
    assert (found[3].category, found[3].evidence) == ("", WAITS)
    assert found[2].evidence == UNKNOWN


def test_a_lineage_that_is_partly_unknown_keeps_a_column_hidden() -> None:
    assert infer(graph({1: OPERATIONS}, (1, 2, "copy"), derived={2: "unknown"}))[2].category == ""


def test_constants_are_about_nobody() -> None:
    found = infer(graph({}, (2, 3, "copy"), derived={2: "constant"}))
    assert (found[2].category, found[2].evidence) == (OPERATIONS, "constant")
    assert found[3].category == OPERATIONS


def test_a_confirmed_column_is_not_overruled() -> None:
    found = infer(graph({1: EMAIL, 2: OPERATIONS}, (1, 2, "copy"), (2, 3, "copy")))
    assert 2 not in found
    assert found[3].category == OPERATIONS


def test_a_loop_settles_and_alone_it_knows_nothing() -> None:
    found = infer(graph({1: EMAIL}, (1, 2, "copy"), (2, 3, "copy"), (3, 2, "copy"), (4, 5, "copy"), (5, 4, "copy")))
    assert found[3].category == EMAIL
    assert found[4].category == ""


def test_a_loop_that_nothing_feeds_keeps_what_it_feeds_hidden() -> None:
    found = infer(graph({1: EMAIL}, (1, 3, "copy"), (2, 3, "copy"), (2, 4, "copy"), (4, 2, "copy")))
    assert found[3].category == ""


def test_a_key_nobody_ranked_counts_as_the_most_sensitive() -> None:
    assert rank("user.new_thing") == 100
    assert most_sensitive([EMAIL, "user.new_thing"]) == "user.new_thing"
    assert rank("user.financial.credit_card.number") == rank("user.financial.credit_card")


pairs = st.tuples(st.integers(0, 11), st.integers(0, 11), st.sampled_from(["copy", "expression", "count"]))


@settings(deadline=None)  # a machine that is busy is no fault of the flow
@given(
    st.lists(pairs, max_size=25),
    st.dictionaries(st.integers(0, 11), st.sampled_from([EMAIL, NAME, IP, OPERATIONS]), max_size=5),
)
def test_nothing_personal_is_ever_played_down(edges: list[tuple[int, int, str]], confirmed: dict[int, str]) -> None:
    """A column that some value of a person reaches is either personal too, or hidden."""
    found = infer(Graph(list(range(12)), confirmed, edges))
    known = dict(confirmed) | {pk: each.category for pk, each in found.items()}
    for upstream, downstream, transform in edges:
        if transform == "count" or downstream in confirmed or upstream == downstream:
            continue
        if known[upstream] == "":
            assert known[downstream] == ""
        elif known[downstream]:
            assert rank(known[downstream]) >= rank(known[upstream])
