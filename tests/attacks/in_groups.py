"""Worlds and attacks for datasets in groups: two worlds that differ in whose values are whose in groups that are too small.

What the small groups have together is alike in both, so that sums over all tell nothing: what such sums tell of a group
by the difference of two is beyond this rule (`docs/threat-model.md`).
"""

import datetime as dt
import re
from typing import Any, NamedTuple

from portal.stores import open_store
from portal.stores.types import Command
from tests import vault

AT_LEAST = 5
TABLES = {"oltp": "vault.payers", "warehouse": "ANALYTICS.VAULT.PAYERS"}
Q, OTHERS = "vault.payers", "vault.charges"
PLACES = re.compile(r"(?<![\w'.])[PHL](?![\w'])")
COLUMNS = {
    "id": ("int", "NUMBER(38,0)"),
    "customer_id": ("int", "NUMBER(38,0)"),
    "country": ("text", "TEXT"),
    "amount": ("int", "NUMBER(38,0)"),
    "note": ("text", "TEXT"),
    "paid_on": ("date", "DATE"),
}
OPERATIONS = "system.operations"
# The key is masked for the reader; groups are measured by what it is in the store.
CATEGORIES = {name: "user.unique_id" if name == "customer_id" else OPERATIONS for name in COLUMNS}
MASKS = [
    {"id": "operational", "category": OPERATIONS, "mask": "clear"},
    {"id": "keys", "category": "user.unique_id", "mask": "null"},
]


class Payer(NamedTuple):
    id: int
    customer_id: int | None
    country: str
    amount: int
    note: str
    paid_on: str


LARGE = [
    *(Payer(n, n % 12, "NL", 100 + n, "card", f"2025-01-{n % 4 + 1:02}") for n in range(18)),
    *(Payer(20 + n, 20 + n, "DE", 200 + n, "bank", "2025-02-01") for n in range(6)),
    Payer(30, None, "DE", 206, "bank", "2025-02-01"),  # nobody, in a group of six people
]
WHOSE = [(40, 40, "FI"), (41, 40, "FI"), (42, 41, "FI"), (43, 41, "FI"), (44, 42, "FI"), (45, 42, "FI"), (46, 43, "MT"),
    *((50 + n, None, "XX") for n in range(6))]  # fmt: skip
# Of world a: what is a number, and what is short, is in FI alone.
VALUES = [(901 + n, str(n) if n < 6 else "odd", f"2025-03-{n + 1:02}") for n in range(len(WHOSE))]


def payers(world: str) -> list[Payer]:
    given = VALUES if world == "a" else [*VALUES[5:], *VALUES[:5]]
    return [*LARGE, *(Payer(*whose, *values) for whose, values in zip(WHOSE, given, strict=True))]


def made(source: str) -> None:
    if source == "documents":
        put("documents", "a")
        return
    columns = ", ".join(f"{name} {types[source == 'warehouse']}" for name, types in COLUMNS.items())
    vault.run(
        open_store(source, "owner"),
        f"drop table if exists {TABLES[source]}",
        f"create table {TABLES[source]} ({columns})",
    )
    put(source, "a")


def put(source: str, world: str) -> None:
    store = open_store(source, "owner")
    if source == "documents":
        if any(info.path[-1] == "payers" for info in store.introspect(namespaces=["payers"])):
            store.execute(Command({"drop": "payers"}))
        store.execute(Command({"insert": "payers", "documents": [document(each) for each in payers(world)]}))
        return
    rows = [tuple(each) for each in payers(world)]
    vault.run(
        store,
        f"delete from {TABLES[source]}",
        f"insert into {TABLES[source]} values {vault.values(rows)}",
        *([f"analyze {TABLES[source]}"] if source == "oltp" else []),
    )


def document(payer: Payer) -> dict[str, Any]:
    found = {"_id": payer.id, **payer._asdict()}
    found.update(paid_on=dt.datetime.fromisoformat(payer.paid_on).replace(tzinfo=dt.UTC), tags=[payer.note, "all"])
    if payer.customer_id is None and payer.id % 2:
        del found["customer_id"]  # not there, or null: nobody either way
    return found


def gone(source: str) -> None:
    store = open_store(source, "owner")
    if source == "documents":
        store.execute(Command({"drop": "payers"}))
    else:
        vault.run(store, f"drop table if exists {TABLES[source]}")


BOTH = [
    "select * from P order by id",
    "select amount from P where country = 'FI' order by 1",
    "select amount from P where country = 'FI' order by amount limit 1",
    "select sum(amount) as s from P where country = 'FI'",
    "select sum(amount) as s from P where country = 'XX'",
    "select sum(amount) as s from P where country = 'MT'",
    "select country, sum(amount) as s from P group by country order by 1",
    "select country, avg(amount) as a, stddev(amount) as d from P group by country order by 1",
    "select country from P group by country order by sum(amount) desc",
    "select country from P group by country order by min(amount)",
    "select country from P group by country having sum(amount) > 5441 order by 1",
    "select country from P group by country having sum(amount) > 9999 or count(*) > 0 and max(amount) = 906 order by 1",
    "select country, min(amount) as l, max(amount) as h from P group by country order by 1",
    "select max(amount) as m from P where country = 'FI'",
    "select country, amount, count(*) as n from P group by country, amount order by 1, 2",
    "select id, sum(amount) as s from P group by id order by 1",
    "select amount, sum(id) as s from P group by amount order by 1",
    "select concat(country, note) as k, sum(amount) as s from P group by 1 order by 1",
    "select country, count(distinct note) as n from P group by country order by 1",
    "select country from P where amount between 902 and 905 group by country order by 1",
    "select count(*) as n from P where country = 'FI' and amount = 901",
    "select id, sum(amount) over (partition by country) as s from P order by id",
    "select id, row_number() over (order by amount) as r from P order by id",
    "select country, rank() over (order by sum(amount)) as r from P group by country order by 1",
    "select id, lag(amount) over (order by id) as before from P order by id",
    "select sum(amount) as s from P where country = 'FI' union all select sum(amount) from P where country = 'NL'",
    "select id from P where amount > 906 union select id from H order by 1",
    "select sum(amount) as s from P where country = 'FI' intersect select 5421",
    "select 5421 as s except select sum(amount) from P where country = 'FI'",
    "select a.id, b.amount from P a join P b on a.id = b.id order by 1",
    "select sum(b.amount) as s from P a join P b on a.country = b.country where a.country = 'FI'",
    "select sum(b.amount) as s from P a join P b on b.country = 'FI' where a.country = 'NL'",
    "select h.id, p.amount from H h join P p on p.country = 'FI' order by 1, 2",
    "select max(v.x) as m from P p join (select 901 as x) v on v.x = p.amount where p.country = 'FI'",
    "select sum(h.amount) as s from H h join P p on p.amount = 901 and p.country = 'FI'",
    "select max(s) as m from (select country, sum(amount) as s from P group by country) t where country = 'FI'",
    "select max(s) as m from (select id, sum(amount) as s from P where country = 'FI' group by id) t",
    "select sum(amount) as s from (select amount, country from P) t where country = 'FI'",
    "with t as (select * from P where country = 'FI') select sum(amount) as s from t",
    "with t as (select country, sum(amount) as s from P group by country) select h.id, t.s from H h join t on t.country = 'FI' order by 1",
    "select distinct amount from P where country = 'FI' order by 1",
    "select count(distinct amount) as n from P where country = 'FI' and amount > 905",
    "select exists (select 1 from P where country = 'FI' and amount = 901) as e",
    "select exists (select count(*) from P where country = 'FI' and amount = 901 having count(*) > 0) as e",
    "select id from H where exists (select 1 from P where country = 'FI' and amount = 901) order by 1",
    "select id from H where 901 in (select amount from P where country = 'FI') order by 1",
    "select id from H where amount < (select sum(amount) - 3930 from P where country = 'FI') order by 1",
    "select (select sum(amount) from P where country = 'FI') as s",
    "select h.id, (select sum(p.amount) from P p where p.country = 'FI' and p.amount > h.id + 890) as s from H h order by 1",
    "select case when (select sum(amount) from P where country = 'FI') = 5421 then 1 else 0 end as x",
    "select count(*) as n from P where country = 'FI' and cast(note as int) >= 0",
    "select sum(cast(note as int)) as s from P where country = 'FI'",
    "select sum(1 / (case when country = 'FI' and amount = 901 then 0 else 1 end)) as s from P",
    "select count(*) as n from P where 1 / (case when country = 'FI' and amount = 901 then 0 else 1 end) = 1",
    "select 1 / (case when country = 'FI' and amount = 901 then 0 else 1 end) as k, count(*) as n from P group by 1 order by 1",
    "select country from P where country <> 'XX' group by country having 1 / (case when country = 'FI' and sum(amount) = 5421 then 0 else 1 end) = 1 order by 1",
    "select count(*) as n from P a join P b on a.id = b.id and 1 / (case when a.country = 'FI' and a.amount = 901 then 0 else 1 end) = 1",
    "select n from (select country, note, count(*) as n from P group by country, note) t where 1 / (case when country = 'FI' and length(note) = 3 then 0 else 1 end) = 1 order by 1",
    "with t as (select country, note, count(*) as n from P group by country, note) select n from t where 1 / (case when country = 'FI' and note = 'odd' then 0 else 1 end) = 1 order by 1",
    "select country, note, sum(amount) as s from P group by rollup (country, note) order by 1, 2",
    "select country, note, sum(amount) as s from P group by cube (country, note) order by 1, 2",
    "select country, note, sum(amount) as s from P group by grouping sets ((country), (note)) order by 1, 2",
    "select country, sum(case when amount > 905 then 1 else 0 end) as n from P group by country order by 1",
    "select country, max(case when amount = 901 then 1 else 0 end) as n from P group by country order by 1",
    "select country, percentile_cont(0.5) within group (order by amount) as m from P group by country order by 1",
    "select country, any_value(amount) as a from P where id in (40, 46) group by country order by 1",
    "select country, regexp_replace(note, '[0-9]', 'x') as n, count(*) as c from P group by 1, 2 order by 1, 2, 3",
]  # fmt: skip
OF_POSTGRES = [
    "select country, string_agg(note, ',' order by id) as l from P group by country order by 1",
    "select country, array_agg(amount order by id) as l from P group by country order by 1",
    "select country, bool_or(amount = 901) as b from P group by country order by 1",
    "select country, count(*) filter (where amount > 905) as n from P group by country order by 1",
    "select distinct on (country) country, amount from P order by country, amount desc",
    "select distinct on (max(amount) > 908) country, count(*) as n from P group by country order by max(amount) > 908, country",
    "select h.id, l.s from H h cross join lateral (select sum(amount) as s from P where country = 'FI') l order by 1",
    "select h.id, l.amount from H h cross join lateral (select p.amount from P p where p.country = 'FI' and p.amount > h.id) l order by 1, 2",
    "select count(*) as n from P p, lateral (select 1 / (case when p.country = 'FI' and p.amount = 901 then 0 else 1 end) as z) l where l.z = 1",
    "select country, mode() within group (order by amount) as m from P where id in (40, 46) group by country order by 1",
    "select p.amount from P p tablesample bernoulli (100) where country = 'FI' order by 1",
    "select count(*) as n from P where country = 'FI' and amount = 901 and concat(note, 'x') like concat(note, '\\')",
    "select count(*) as n from P where country = 'FI' and amount = 901 and id = (select id from H)",
    "select count(*) as n from P where country = 'FI' and amount = 901 and note ~ concat('(', note)",
]  # fmt: skip
OF_WAREHOUSE = [
    "select country, listagg(note, ',') within group (order by id) as l from P group by country order by 1",
    "select country, median(amount) as m from P group by country order by 1",
    "select country, max_by(id, amount) as m from P group by country order by 1",
    "select * from P qualify row_number() over (partition by country order by amount) = 1 order by id",
    "select country, sum(amount) as s from P group by country qualify row_number() over (order by sum(amount) desc) = 1",
    "select * from (select country, amount from P) pivot (sum(amount) for country in ('FI', 'NL')) as p",
    "select * from P pivot (sum(amount) for country in ('FI', 'MT')) as p order by id",
    "select id, name, val from (select id, amount, customer_id from P) unpivot (val for name in (amount, customer_id)) order by 1, 2",
    "select country, count_if(amount > 905) as n from P group by all order by 1",
    "select count(*) as n from P where country = 'FI' and note = 1",
    "select f.value::string as w, sum(p.amount) as s from P p, lateral flatten(input => split(p.note, 'x')) f where country = 'FI' group by 1 order by 1",
]  # fmt: skip
FI = {"$match": {"country": "FI"}}
SUM = {"$group": {"_id": "$country", "s": {"$sum": "$amount"}}}
BY_ID = {"$sort": {"_id": 1}}
IS = {"$and": [{"$eq": ["$country", "FI"]}, {"$eq": ["$amount", 901]}]}
ZERO = {"$divide": [1, {"$cond": [IS, 0, 1]}]}
OF_DOCUMENTS: list[Any] = [
    {"collection": "payers", "sort": {"_id": 1}},
    {"collection": "payers", "filter": {"country": "FI", "amount": {"$gt": 905}}, "projection": {"_id": 1}},
    {"collection": "payers", "count": True, "filter": {"country": "FI", "amount": 901}},
    {"collection": "payers", "distinct": "amount", "filter": {"country": "FI"}},
    {"collection": "payers", "distinct": "tags", "filter": {"country": "FI"}},
    *({"collection": "payers", "pipeline": pipeline} for pipeline in (
        [BY_ID, {"$limit": 50}, {"$project": {"amount": 1}}],
        [SUM, BY_ID],
        [FI, SUM],
        [{"$match": {"country": "XX"}}, SUM],
        [SUM, {"$sort": {"s": -1}}, {"$project": {"_id": 1}}],
        [SUM, {"$match": {"s": {"$gt": 5441}}}, BY_ID, {"$project": {"_id": 1}}],
        [{"$group": {"_id": "$country", "l": {"$min": "$amount"}, "h": {"$max": "$amount"}}}, BY_ID],
        [{"$group": {"_id": "$country", "a": {"$push": "$amount"}}}, BY_ID],
        [{"$group": {"_id": "$country", "a": {"$addToSet": "$note"}}}, {"$project": {"n": {"$size": "$a"}}}, BY_ID],
        [{"$sort": {"amount": 1}}, {"$group": {"_id": "$country", "a": {"$first": "$amount"}}}, BY_ID],
        [{"$group": {"_id": "$country", "a": {"$topN": {"n": 1, "sortBy": {"amount": 1}, "output": "$amount"}}}}, BY_ID],
        [{"$group": {"_id": "$country", "a": {"$stdDevPop": "$amount"}}}, BY_ID],
        [{"$group": {"_id": "$country", "a": {"$avg": "$amount"}, "n": {"$count": {}}}}, BY_ID],
        [{"$group": {"_id": "$_id", "a": {"$sum": "$amount"}}}, BY_ID],
        [{"$group": {"_id": {"c": "$country", "a": "$amount"}}}, {"$sort": {"_id.c": 1, "_id.a": 1}}],
        [{"$group": {"_id": "$$ROOT"}}, {"$project": {"a": "$_id.amount"}}, BY_ID],
        [{"$match": {"amount": {"$gt": 905}}}, {"$sortByCount": "$country"}, {"$sort": {"_id": 1}}],
        [FI, {"$match": {"amount": {"$gt": 905}}}, {"$count": "n"}],
        [FI, {"$bucket": {"groupBy": "$amount", "boundaries": [0, 904, 910, 9999], "default": "other"}}],
        [FI, {"$bucketAuto": {"groupBy": "$amount", "buckets": 2}}],
        [{"$match": {"amount": {"$gt": 900}}}, {"$bucket": {"groupBy": {"$cond": [IS, -1, 1]}, "boundaries": [0, 10]}}],
        [FI, {"$unwind": "$tags"}, {"$group": {"_id": "$tags", "n": {"$sum": 1}}}, BY_ID],
        [{"$facet": {"a": [FI, SUM]}}],
        [{"$setWindowFields": {"partitionBy": "$country", "sortBy": {"_id": 1}, "output": {"s": {"$sum": "$amount"}}}}, BY_ID, {"$project": {"s": 1}}],
        [SUM, BY_ID, {"$setWindowFields": {"sortBy": {"s": 1}, "output": {"r": {"$rank": {}}}}}, BY_ID, {"$project": {"r": 1}}],
        [FI, {"$unionWith": {"coll": "payers", "pipeline": [FI]}}, {"$group": {"_id": None, "s": {"$sum": "$amount"}}}],
        [FI, {"$lookup": {"from": "payers", "localField": "country", "foreignField": "country", "as": "o"}}, BY_ID, {"$project": {"o.amount": 1}}],
        [SUM, BY_ID, {"$lookup": {"from": "payers", "localField": "_id", "foreignField": "country", "as": "o"}}, {"$project": {"m": {"$max": "$o.amount"}}}],
        [FI, {"$graphLookup": {"from": "payers", "startWith": "$_id", "connectFromField": "_id", "connectToField": "_id", "as": "o"}}, BY_ID, {"$project": {"o.amount": 1}}],
        [FI, {"$replaceWith": {"a": "$amount"}}, {"$sort": {"a": 1}}],
        [{"$group": {"_id": None, "s": {"$sum": ZERO}}}],
        [{"$match": {"$expr": {"$gt": [ZERO, 0]}}}, {"$count": "n"}],
        [{"$addFields": {"z": ZERO}}, {"$group": {"_id": "$country", "s": {"$sum": "$z"}}}, BY_ID],
        [{"$group": {"_id": {"$cond": [IS, {"$divide": [1, 0]}, 1]}, "n": {"$sum": 1}}}],
        [FI, {"$match": {"amount": 901}}, {"$addFields": {"z": {"$toUpper": "$tags"}}}, {"$count": "n"}],
        [FI, {"$match": {"amount": 901}}, {"$addFields": {"z": {"$year": "$note"}}}, {"$count": "n"}],
        [FI, {"$match": {"amount": 901}}, {"$addFields": {"z": {"$switch": {"branches": [{"case": {"$eq": [1, "$_id"]}, "then": 1}]}}}}, {"$count": "n"}],
        [{"$group": {"_id": {"c": "$country", "n": "$note"}, "n": {"$sum": 1}}}, {"$match": {"$expr": {"$gt": [{"$divide": [1, {"$cond": [{"$and": [{"$eq": ["$_id.c", "FI"]}, {"$eq": ["$_id.n", "odd"]}]}, 0, 1]}]}, 0]}}}, {"$sort": {"n": 1}}, {"$project": {"n": 1, "_id": 0}}],
        [{"$sample": {"size": 100}}, FI, {"$group": {"_id": None, "s": {"$sum": "$amount"}}}],
        [{"$group": {"_id": "$country", "n": {"$sum": {"$cond": [{"$gt": ["$amount", 905]}, 1, 0]}}}}, BY_ID],
        [FI, {"$fill": {"output": {"x": {"value": "$amount"}}}}, BY_ID],
        [{"$group": {"_id": "$amount", "n": {"$sum": "$_id"}}}, BY_ID],
    )),
]  # fmt: skip

# Everyday questions, and the same asked of the store where the small groups are left out by hand.
LARGE_ONES = "('DE', 'NL')"
BENIGN = [
    ("select country, count(*) as n from P group by country order by 1", "select country, count(*) as n from P where country in L group by country order by 1"),
    ("select country, sum(amount) as s, avg(amount) as a from P group by country order by s desc", "select country, sum(amount) as s, avg(amount) as a from P where country in L group by country order by s desc"),
    ("select count(*) as n, sum(amount) as s from P", "select count(*) as n, sum(amount) as s from P"),
    ("select count(distinct amount) as n from P where country = 'NL'", "select count(distinct amount) as n from P where country = 'NL'"),
    ("select date_trunc('month', paid_on) as m, count(*) as n from P group by 1 order by 1", "select date_trunc('month', paid_on) as m, count(*) as n from P where country in L group by 1 order by 1"),
    ("select country, sum(case when note = 'card' then amount else 0 end) as c from P group by country having count(*) > 6 order by 1", "select country, sum(case when note = 'card' then amount else 0 end) as c from P where country in L group by country having count(*) > 6 order by 1"),
    ("select country, round(sum(amount) / count(*), 1) as a from P group by country order by 1", "select country, round(sum(amount) / count(*), 1) as a from P where country in L group by country order by 1"),
    ("select country, stddev(amount) as d, variance(amount) as v from P where country = 'DE' group by country", "select country, stddev(amount) as d, variance(amount) as v from P where country = 'DE' group by country"),
    ("select t.country, h.id from (select country, count(*) as n from P group by country) t join H h on h.id = t.n - 8 order by 1, 2", "select t.country, h.id from (select country, count(*) as n from P where country in L group by country) t join H h on h.id = t.n - 8 order by 1, 2"),
    ("with t as (select country, note, sum(amount) as s from P group by 1, 2) select max(s) as m, count(*) as n from t", "with t as (select country, note, sum(amount) as s from P where country in L group by 1, 2) select max(s) as m, count(*) as n from t"),
    ("select p.country, count(*) as n from P p join H h on h.customer_id <= p.customer_id or h.id > 0 group by 1 order by 1", "select p.country, count(*) as n from P p join H h on h.id > 0 where p.country in L group by 1 order by 1"),
    ("select country, count(*) as n from P where paid_on >= '2025-01-02' and note in ('card', 'bank') group by country order by 1 limit 5", "select country, count(*) as n from P where paid_on >= '2025-01-02' and note in ('card', 'bank') group by country order by 1 limit 5"),
    ("select country from P group by country order by 1", "select country from P where country in L group by country order by 1"),
    ("select 'all' as what, count(*) as n from P union all select country, count(*) from P group by country order by 1", "select 'all' as what, count(*) as n from P union all select country, count(*) from P where country in L group by country order by 1"),
    ("select country, (select count(*) from H) as h, count(*) as n from P where id in (select customer_id from H) or id >= 0 group by country order by 1", "select country, (select count(*) from H) as h, count(*) as n from P where country in L group by country order by 1"),
    ("select case when amount >= 200 then 'much' else 'little' end as k, count(*) as n from P where amount < 900 group by 1 order by 1", "select case when amount >= 200 then 'much' else 'little' end as k, count(*) as n from P where amount < 900 group by 1 order by 1"),
]  # fmt: skip
LARGE_DOCUMENTS = {"$match": {"country": {"$in": ["NL", "DE"]}}}
COUNTED = {"$group": {"_id": "$country", "n": {"$sum": 1}, "a": {"$avg": "$amount"}}}
BENIGN_OF_DOCUMENTS: list[tuple[list[Any], list[Any]]] = [
    ([COUNTED, BY_ID], [LARGE_DOCUMENTS, COUNTED, BY_ID]),
    ([SUM, {"$sort": {"s": -1}}], [LARGE_DOCUMENTS, SUM, {"$sort": {"s": -1}}]),
    ([{"$count": "n"}], [{"$count": "n"}]),
    ([{"$match": {"country": "DE"}}, {"$count": "n"}], [{"$match": {"country": "DE"}}, {"$count": "n"}]),
    ([{"$sortByCount": "$note"}], [LARGE_DOCUMENTS, {"$sortByCount": "$note"}]),
    ([{"$match": {"amount": {"$lt": 900}}}, {"$bucket": {"groupBy": "$amount", "boundaries": [0, 200, 900], "default": "x"}}],
     [{"$match": {"amount": {"$lt": 900}}}, {"$bucket": {"groupBy": "$amount", "boundaries": [0, 200, 900], "default": "x"}}]),
    ([{"$group": {"_id": {"$dateTrunc": {"date": "$paid_on", "unit": "month"}}, "n": {"$sum": 1}}}, BY_ID],
     [LARGE_DOCUMENTS, {"$group": {"_id": {"$dateTrunc": {"date": "$paid_on", "unit": "month"}}, "n": {"$sum": 1}}}, BY_ID]),
    ([{"$project": {"country": 1, "big": {"$cond": [{"$gte": ["$amount", 110]}, 1, 0]}}}, {"$group": {"_id": "$country", "b": {"$sum": "$big"}}}, BY_ID],
     [LARGE_DOCUMENTS, {"$group": {"_id": "$country", "b": {"$sum": {"$cond": [{"$gte": ["$amount", 110]}, 1, 0]}}}}, BY_ID]),
    ([{"$unwind": "$tags"}, {"$group": {"_id": "$tags", "n": {"$sum": 1}}}, {"$match": {"_id": {"$ne": "all"}}}, BY_ID],
     [LARGE_DOCUMENTS, {"$group": {"_id": "$note", "n": {"$sum": 1}}}, BY_ID]),
    ([SUM, {"$facet": {"n": [{"$count": "n"}]}}], [LARGE_DOCUMENTS, SUM, {"$facet": {"n": [{"$count": "n"}]}}]),
    ([{"$match": {"$expr": {"$eq": [{"$month": "$paid_on"}, 1]}}}, COUNTED, {"$project": {"x": {"$divide": ["$a", "$n"]}}}],
     [{"$match": {"country": "NL"}}, COUNTED, {"$project": {"x": {"$divide": ["$a", "$n"]}}}]),
]  # fmt: skip
