"""Queries that nobody thought of: hypothesis makes them, and through the gate they tell the two worlds of `worlds.py` apart
as little as those of the corpus. What it makes is wild, so that some are refused or fail; most run, and without the gate
many tell the worlds apart."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from portal.accounts.models import User
from tests.attacks.corpus import Attack
from tests.attacks.proof import counted
from tests.attacks.test_worlds import Verdict, told_apart
from tests.attacks.ways import seen

SOURCES = ("oltp", "warehouse", "documents")
EACH = 30  # queries of one example: a world is filled for all of them at once
MADE = settings(
    max_examples=3,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)

# --- SQL -------------------------------------------------------------------------------------------------------------
C, H = "vault.customers", "vault.charges"
LITERALS = st.sampled_from(
    [
        "zoë.kanarie@example.org",
        "geheim-1",
        "g",
        "Zoë Kanarie",
        "example.org",
        "%kanarie%",
        "z%",
        "4242",
        "42",
        "",
        "1984",
    ]
).map(lambda text: f"'{text}'")
NUMBERS = st.integers(0, 12).map(str)
COMPARED = st.sampled_from(["=", "<>", "<", ">=", "like"])


def texts(alias: str) -> st.SearchStrategy[str]:
    columns = st.sampled_from(["email", "full_name", "phone", "note", "country"]).map(lambda name: f"{alias}.{name}")

    def wider(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("{}({})".format, st.sampled_from(["upper", "lower", "reverse", "trim"]), inner),
            st.builds("substring({}, {}, {})".format, inner, st.integers(1, 9), st.integers(1, 5)),
            st.builds("left({}, {})".format, inner, NUMBERS),
            st.builds(
                "split_part({}, {}, {})".format, inner, st.sampled_from(["'@'", "'.'", "'-'"]), st.integers(1, 2)
            ),
            st.builds("coalesce({}, {})".format, inner, inner),
            st.builds("({} || {})".format, inner, inner),
            st.builds("replace({}, {}, {})".format, inner, st.sampled_from(["'*'", "'e'", "'[redacted]'"]), LITERALS),
            st.builds("nullif({}, {})".format, inner, LITERALS),
            st.builds("case when {} then {} else {} end".format, where(alias, inner), inner, LITERALS),
        )

    return st.recursive(columns, wider, max_leaves=4)


def numbers(alias: str) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("length({})".format, texts(alias)),
        st.builds(
            "extract({} from {}.birth_date)".format, st.sampled_from(["year", "month", "day", "dow"]), st.just(alias)
        ),
        st.builds("case when {} then 1 else 0 end".format, where(alias, texts(alias))),
        st.builds("100 / (case when {} then 0 else 1 end)".format, where(alias, texts(alias))),
        st.builds("cast({} as int)".format, texts(alias)),
    )


def where(alias: str, of: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{} {} {}".format, of, COMPARED, LITERALS),
        st.builds("{} {} {}".format, of, COMPARED, of),
        st.builds("{} is null".format, of),
        st.builds("{} in ({}, {})".format, of, LITERALS, LITERALS),
        st.builds("{} in (select n.note from {} n)".format, of, st.just(C)),
        st.builds("length({}) > {}".format, of, NUMBERS),
        st.builds("{}.birth_date > '{}'".format, st.just(alias), st.sampled_from(["1984-05-16", "1984-05-18"])),
        st.builds(
            "exists (select 1 from {} h where h.customer_id = {}.id and h.card like {})".format,
            st.just(H), st.just(alias), st.sampled_from(["'4242424242424242'", "'%4242'", "'42424242%'"]),
        ),
    )  # fmt: skip


def queries() -> st.SearchStrategy[str]:
    value = st.one_of(texts("c"), numbers("c"))
    test = where("c", texts("c"))
    plain = st.builds("select {} as a, {} as b from {} c where {}".format, value, value, st.just(C), test)
    grouped = st.builds(
        "select {} as a, {} as b from {} c group by 1".format,
        value,
        st.one_of(
            st.just("count(*)"),
            st.builds("{}({})".format, st.sampled_from(["max", "min", "count", "count"]), value),
            st.builds("count(distinct {})".format, value),
            st.builds("sum(case when {} then 1 else 0 end)".format, test),
        ),
        st.just(C),
    )
    windows = st.builds(
        "select c.id as a, {}() over (partition by {} order by {}, c.id) as b from {} c".format,
        st.sampled_from(["row_number", "rank"]), value, value, st.just(C),
    )  # fmt: skip
    joined = st.builds(
        "select c.id as a, count(*) as b from {} c join {} d on {} = {} group by c.id".format,
        st.just(C), st.just(C), texts("c"), texts("d"),
    )  # fmt: skip
    one = st.one_of(plain, grouped, windows, joined)
    sets = st.builds(
        "select {} as a, 1 as b from {} c {} select {}, 1 from {} c".format,
        texts("c"), st.just(C), st.sampled_from(["union", "union all", "intersect", "except"]), texts("c"), st.just(C),
    )  # fmt: skip
    nested = st.one_of(
        st.builds("select t.a as a, count(*) as b from ({}) t group by t.a".format, one),
        st.builds("with customers as ({}) select a, b from customers".format, one),
    )
    return st.one_of(one, sets, nested).map(lambda text: f"select * from ({text}) q order by 1, 2")


# --- documents -------------------------------------------------------------------------------------------------------
PATHS = st.sampled_from(
    [
        "email",
        "status",
        "device",
        "device.ip",
        "device.secret",
        "device.os",
        "events",
        "events.note",
        "events.phone",
        "events.0.note",
        "tags",
        "seen",
        "seen.kanarie",
        "mails",
        "pages",
        "unknown",
        "unknown.deep",
        "_id",
        "minutes",
    ]
)
VALUES = st.sampled_from(
    ["zoë.kanarie@example.org", "geheim-u", "geheim-e", "10.66.77.88", "open", None, 1, {"deep": "geheim-u"}, "^z"]
)
Tree = st.SearchStrategy[Any]


def expressions() -> Tree:
    def wider(inner: Tree) -> Tree:
        def one(name: str) -> Tree:
            return inner.map(lambda item: {name: item})

        def two(name: str) -> Tree:
            return st.tuples(inner, inner).map(lambda pair: {name: list(pair)})

        return st.one_of(
            *map(one, ["$type", "$toString", "$objectToArray", "$isArray", "$toInt", "$toBool", "$max", "$sum"]),
            *map(two, ["$eq", "$gt", "$cmp", "$ifNull", "$concat", "$mergeObjects", "$in", "$concatArrays"]),
            st.tuples(inner, inner, inner).map(lambda parts: {"$cond": list(parts)}),
            inner.map(lambda item: {"$map": {"input": item, "as": "e", "in": "$$e.note"}}),
            inner.map(lambda item: {"$filter": {"input": item, "as": "e", "cond": {"$ne": ["$$e", None]}}}),
            inner.map(lambda item: {"$let": {"vars": {"v": item}, "in": "$$v.deep"}}),
            inner.map(lambda item: {"$getField": {"field": "secret", "input": item}}),
            inner.map(lambda item: {"$size": {"$cond": [{"$isArray": [item]}, item, []]}}),
        )

    base = st.one_of(PATHS.filter(lambda path: ".0." not in path).map("${}".format), st.just("$$ROOT"), VALUES.map(lambda v: {"$literal": v}))  # fmt: skip
    return st.recursive(base, wider, max_leaves=5)


def conditions() -> Tree:
    operators = st.sampled_from(["$eq", "$ne", "$gt", "$lte", "$in", "$nin", "$exists", "$type", "$size", "$regex"])
    one = st.tuples(PATHS, operators, VALUES).map(lambda parts: {parts[0]: {parts[1]: argument(parts[1], parts[2])}})
    by_value = st.tuples(PATHS, VALUES).map(lambda pair: {pair[0]: pair[1]})
    leaf = st.one_of(one, by_value, expressions().map(lambda item: {"$expr": item}))
    return st.recursive(
        leaf, lambda inner: st.tuples(st.sampled_from(["$and", "$or", "$nor"]), st.lists(inner, min_size=1, max_size=2)).map(lambda pair: dict([pair])), max_leaves=3
    )  # fmt: skip


def argument(operator: str, value: Any) -> Any:
    """What the operator takes."""
    fixed = {"$exists": value is not None, "$type": "object" if isinstance(value, dict) else "string", "$size": 2}
    if operator in ("$in", "$nin"):
        return [value]
    return "^z|geheim|@" if operator == "$regex" else fixed.get(operator, value)


def pipelines() -> Tree:
    expression = expressions()
    stages = st.one_of(
        conditions().map(lambda query: {"$match": query}),
        expression.map(lambda item: {"$addFields": {"status": item}}),
        expression.map(lambda item: {"$addFields": {"device.os": item}}),
        PATHS.filter(lambda path: ".0." not in path).map(lambda path: {"$unwind": {"path": f"${path}", "preserveNullAndEmptyArrays": True}}),
        PATHS.map(lambda path: {"$sort": {path: 1, "_id": 1}}),
        st.tuples(st.sampled_from(["email", "text", "_id"]), st.sampled_from(["email", "_id", "status"])).map(
            lambda pair: {"$lookup": {"from": "feedback", "localField": pair[1], "foreignField": pair[0], "as": "tags"}}
        ),
        expression.map(lambda item: {"$setWindowFields": {"partitionBy": item, "sortBy": {"_id": 1}, "output": {"status": {"$push": "$_id"}}}}),
        conditions().map(lambda query: {"$unionWith": {"coll": "sessions", "pipeline": [{"$match": query}]}}),
    )  # fmt: skip
    ends = st.one_of(
        expression.map(lambda item: {"$project": {"x": item}}),
        st.tuples(expression, expression).map(
            lambda pair: {"$group": {"_id": pair[0], "n": {"$sum": 1}, "x": {"$max": pair[1]}}}
        ),
    )
    return st.tuples(st.lists(stages, max_size=2), ends).map(
        lambda parts: {
            "collection": "sessions",
            "pipeline": [{"$sort": {"_id": 1}}, *parts[0], parts[1], {"$sort": {"_id": 1, "x": 1}}],
        }
    )


@pytest.mark.parametrize("source", SOURCES)
def test_made_queries_tell_two_worlds_apart_no_more(ana: User, source: str) -> None:
    each = pipelines() if source == "documents" else queries()
    verdicts: list[Verdict] = []

    @MADE
    @given(st.lists(each, min_size=EACH, max_size=EACH))
    def run(made: list[Any]) -> None:
        verdicts.extend(told_apart(ana, source, [Attack(source, str(text), text) for text in made]))

    run()
    told = [f"{verdict.attack.text}: {verdict.told}" for verdict in verdicts if verdict.told]
    counted(source, made=len(verdicts), made_leaks=len(told))
    assert not told, "\n".join(told)
    full = [verdict for verdict in verdicts if not verdict.empty]
    ran = [each for each in full if not seen(ana, source, each.attack.text).startswith(("refused", "failed"))]
    print(f"{source}: {len(full)} of {len(verdicts)} tell without the gate, {len(ran)} of these run through it")
    assert len(full) * 4 > len(verdicts), "too few tell anything without the gate"
    assert len(ran) * 4 > len(full), "too few run through it"
