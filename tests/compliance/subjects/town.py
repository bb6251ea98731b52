"""A town of planted people in all three stores. Some share an address, a device, a card, a telephone or a name; one
writes of another; a firm has the address of one of them. Datasets of its own, so that it meets nobody else's."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from apps.catalog import services as catalog
from apps.catalog.models import Source
from apps.catalog.types import ColumnRef, Edge, EdgeEvidence, EdgeKind
from apps.compliance import governance, services
from estate.pipelines.definition import Agreement, Column, Extract, Measure, Pipeline
from portal.audit.types import Actor
from portal.stores import open_store
from portal.stores.types import Command, Documents, Sql, StoreError

HOUSE = Actor.system("tests")
NOW = datetime.now(UTC).replace(microsecond=0)
AT = NOW - timedelta(days=40)
OLD = NOW - timedelta(days=365 * 7)
ANN, WORK, PHONE = "ann@town.example", "ann.work@town.example", "+12015550142"
ROAD = "1 Elm Road"
TABLES: dict[str, str] = {
    "customers": "id text primary key, email text, full_name text, phone text, address text, country char(2) not null, "
    "consent boolean not null, status text, updated_at timestamptz not null",
    "cards": "id text primary key, customer_id text not null references town.customers (id), token text, "
    "updated_at timestamptz not null",
    "charges": "id text primary key, customer_id text not null references town.customers (id), "
    "card_id text references town.cards (id), amount bigint not null, receipt_email text, ip text, "
    "created_at timestamptz not null, updated_at timestamptz not null",
    "refunds": "id text primary key, charge_id text not null references town.charges (id), note text, "
    "updated_at timestamptz not null",
    "leads": "id text primary key, remark text, info jsonb, tags text[], updated_at timestamptz not null",
    "firms": "id text primary key, email text, updated_at timestamptz not null",
}
PEOPLE = [
    ("ann", ANN, "Ann Almond", PHONE, ROAD),
    ("bob", "bob@town.example", "Bob Almond", "+12015550143", ROAD),  # her household
    ("carl", "carl@town.example", "Carl Cole", "+12015550144", "2 Elm Road"),
    ("dora", "dora@town.example", "Ann Almond", "+12015550145", "3 Elm Road"),  # her name
    ("joan", "jo" + ANN, "Joan Jones", "+12015550146", "4 Elm Road"),  # her address, with something in front
    ("eve1", "eve@town.example", "Eve Ames", "+12015550147", "5 Elm Road"),
    ("eve2", " EVE@town.example", "Eva Ames", "+12015550147", "5 Elm Road"),  # one mailbox, two people
    ("gus", "gus@town.example", "Gus Green", "+12015550148", "6 Elm Road"),  # never bought anything
    ("old", "old@town.example", "Olga Olden", "+12015550149", "7 Elm Road"),  # bought long ago
]
CARDS = [("card_ann", "ann"), ("card_bob", "bob"), ("card_gus", "gus"), ("card_old", "old")]
CHARGES = [
    ("ch_ann1", "ann", "card_ann", 100, ANN, AT),
    ("ch_ann2", "ann", None, 200, WORK, AT),
    ("ch_bob", "bob", "card_ann", 300, ANN, AT),  # his purchase, her card, receipt to her
    ("ch_joan", "joan", None, 400, "jo" + ANN, AT),
    ("ch_old", "old", "card_old", 500, "old@town.example", OLD),
]
REFUNDS = [("re_ann", "ch_ann1", f"call {PHONE}"), ("re_bob", "ch_bob", f"his wife is {ANN}"), ("re_old", "ch_old", "")]
LEADS = [
    ("lead_1", f"met {ANN.upper()} at the fair", {"by": {"mail": ANN, "n": 1}}, ["x", WORK]),
    ("lead_2", f"met jo{ANN} and {ANN}.uk", {"by": {"mail": "jo" + ANN}}, ["x"]),
]


def people(name: str) -> list[dict[str, Any]]:
    address = dict((each[0], each[1]) for each in PEOPLE)[name]
    return [
        {
            "_id": f"ses_{name}_{n}",
            "customer_id": f"cus_{name}",
            "contact": {"email": address},
            "events": [{"type": "form", "form_email": address, "ip": "10.1.1.1"}, {"type": "end"}],
            "ips": ["10.1.1.1"],
            "updated_at": AT,
        }
        for n in range(2)
    ]


SESSIONS = [document for name, *_ in PEOPLE for document in people(name)]
LOGS: list[dict[str, Any]] = [
    {
        "_id": "log_ann",
        "request": {"customer_email": " " + ANN.title(), "note": "in a hurry"},
        "errors": [{"code": "declined", "message": f"refused for {ANN}"}, {"code": "late"}],
        "client": {"ip": "10.1.1.1"},
        "status": 402,
        "updated_at": AT,
    },
    {"_id": "log_joan", "request": {"customer_email": "jo" + ANN}, "errors": None, "status": 200, "updated_at": AT},
    {"_id": "log_none", "request": {"note": f"call {PHONE[1:]} first"}, "status": 200, "updated_at": AT},
    {"_id": "log_wide", "request": {"customer_email": f"Ann <{ANN}>"}, "status": 200, "updated_at": AT},
    {"_id": "log_eve", "request": {"customer_email": "eve@town.example"}, "status": 200, "updated_at": AT},
    {"_id": "log_odd", "errors": [{"code": "x", "deep": {"why": [f"<{ANN}>"]}}], "status": 200, "updated_at": AT},
]


def extract(source: str, name: str, columns: str) -> Extract:
    pairs = (word.rsplit(":", 1) for word in columns.split())
    types = {"text": "VARCHAR", "int": "NUMBER(38,0)", "time": "TIMESTAMP_TZ", "bool": "BOOLEAN", "json": "VARIANT"}
    return Extract(
        key=f"{source}.{name}",
        source=source,
        path=("town", name) if source == "oltp" else (f"town_{name}",),
        target=("ANALYTICS", "TOWN", f"RAW_{name.upper()}"),
        columns=tuple(Column(p, p.lstrip("_").replace(".", "_").upper(), types[kind]) for p, kind in pairs),
        keys=("id",) if source == "oltp" else ("_id",),
    )


EXTRACTS = (
    extract("oltp", "customers", "id:text email:text full_name:text phone:text address:text country:text consent:bool "
            "status:text updated_at:time"),
    extract("oltp", "charges", "id:text customer_id:text card_id:text amount:int receipt_email:text ip:text "
            "created_at:time updated_at:time"),
    extract("oltp", "refunds", "id:text charge_id:text note:text updated_at:time"),
    extract("documents", "sessions", "_id:text customer_id:text contact.email:text events:json ips:json "
            "updated_at:time"),
    extract("documents", "logs", "_id:text request.customer_email:text request.note:text errors:json client.ip:text "
            "status:int updated_at:time"),
)  # fmt: skip
NEWEST = "select * from ANALYTICS.TOWN.{} qualify row_number() over (partition by ID order by UPDATED_AT desc) = 1"


def agree(name: str, figure: str) -> Agreement:
    newest = NEWEST.format(f"RAW_{name.upper()}")
    return Agreement(
        f"{name}_agree", f"{name} agree", (), ("rows", "sum"),
        (
            Measure("oltp", "PostgreSQL", f"select count(*) as n, {figure} as s from town.{name}", ("town", name)),
            Measure("warehouse", "RAW", f"select count(*) as n, {figure} as s from ({newest}) as newest"),
        ),
    )  # fmt: skip


CHECKS = (agree("charges", "coalesce(sum(amount), 0)"), agree("customers", "count(*)"))
ELT = Pipeline("town_elt", "Town", "Loads the town.", "tests", EXTRACTS, (), CHECKS)
PIPELINES = {"town_elt": "tests.compliance.subjects.town.ELT"}
# What dbt would build: the same statement again is the next build.
BUILT = {
    "DIM": "select ID || '/1' as VERSION_ID, ID as CUSTOMER_ID, EMAIL, COUNTRY, CONSENT from ({}) as newest".format(
        NEWEST.format("RAW_CUSTOMERS")
    ),
    "VALUE": "select c.CUSTOMER_ID, d.EMAIL, sum(c.AMOUNT) as AMOUNT from ({}) as c join ANALYTICS.TOWN.DIM d "
    "on d.CUSTOMER_ID = c.CUSTOMER_ID group by c.CUSTOMER_ID, d.EMAIL".format(NEWEST.format("RAW_CHARGES")),
}
EDGES = {
    "DIM/VERSION_ID": ("RAW_CUSTOMERS/ID", "expression"),
    "DIM/CUSTOMER_ID": ("RAW_CUSTOMERS/ID", "copy"),
    "DIM/EMAIL": ("RAW_CUSTOMERS/EMAIL", "copy"),
    "DIM/COUNTRY": ("RAW_CUSTOMERS/COUNTRY", "copy"),
    "DIM/CONSENT": ("RAW_CUSTOMERS/CONSENT", "copy"),
    "VALUE/CUSTOMER_ID": ("RAW_CHARGES/CUSTOMER_ID", "copy"),
    "VALUE/EMAIL": ("DIM/EMAIL", "copy"),
    "VALUE/AMOUNT": ("RAW_CHARGES/AMOUNT", "aggregate"),
}
PSEUDONYM, MAIL, WORDS, PLAIN = (
    "user.unique_id.pseudonymous",
    "user.contact.email",
    "user.content.private",
    "system.operations",
)
CATEGORIES: dict[str, dict[str, dict[str, str]]] = {
    "oltp": {
        "town.customers": {"id": PSEUDONYM, "email": MAIL, "full_name": "user.name",
                           "phone": "user.contact.phone_number",
                           "address": "user.contact.address.street", "country": "user.contact.address.country",
                           "consent": "user.privacy_preferences", "status": PLAIN, "updated_at": PLAIN},
        "town.cards": {"id": PSEUDONYM, "customer_id": PSEUDONYM, "token": "user.financial.credit_card",
                       "updated_at": PLAIN},
        "town.charges": {"id": PLAIN, "customer_id": PSEUDONYM, "card_id": PSEUDONYM, "amount": PLAIN,
                         "receipt_email": MAIL, "ip": "user.device.ip_address", "created_at": PLAIN,
                         "updated_at": PLAIN},
        "town.refunds": {"id": PLAIN, "charge_id": PLAIN, "note": WORDS, "updated_at": PLAIN},
        "town.leads": {"id": PLAIN, "remark": WORDS, "info": WORDS, "tags": WORDS, "updated_at": PLAIN},
        "town.firms": {"id": PLAIN, "email": MAIL, "updated_at": PLAIN},
    },
    "documents": {
        "town_sessions": {"_id": PLAIN, "customer_id": PSEUDONYM, "contact.email": MAIL, "events[].form_email": MAIL,
                          "events[].ip": "user.device.ip_address", "events[].type": "user.behavior",
                          "ips[]": "user.device.ip_address", "updated_at": PLAIN},
        "town_logs": {"_id": PLAIN, "request.customer_email": MAIL, "request.note": WORDS, "errors[].code": PLAIN,
                      "errors[].message": WORDS, "errors[].deep.why[]": WORDS, "client.ip": "user.device.ip_address",
                      "status": PLAIN, "updated_at": PLAIN},
    },
}  # fmt: skip
SUBJECTS: dict[str, Any] = {
    "identities": [{"source": "oltp", "dataset": "town.customers", "key": "id", "email": "email", "shown": ["status"]}],
    "others": [{"source": "oltp", "dataset": "town.firms", "key": "id"}],
    "references": [
        {"source": "documents", "dataset": "town_sessions", "column": "customer_id", "to": "oltp/town.customers/id"},
        {"source": "documents", "dataset": "town_logs", "column": "request.customer_email", "to": "email"},
    ],
    "grounds": [{"id": "law", "text": "Five years.", "years": 5, "after": "oltp/town.charges/created_at"}],
    "rules": [
        {"source": "oltp", "datasets": ["town.customers", "town.cards"], "action": "erase"},
        {"source": "oltp", "datasets": ["town.charges", "town.refunds"], "action": "keep", "ground": "law"},
        {"source": "oltp", "datasets": ["town.leads"], "action": "mask"},
        {"source": "documents", "datasets": ["town_sessions"], "action": "erase"},
        {"source": "documents", "datasets": ["town_logs"], "action": "mask"},
    ],
}


def build() -> None:
    drop()
    store = open_store("oltp", "owner")
    store.execute(Sql("create schema town"))
    for name, columns in TABLES.items():
        store.execute(Sql(f"create table town.{name} ({columns})"))
    fill_oltp()
    documents = open_store("documents", "owner")
    documents.execute(Command({"insert": "town_sessions", "documents": SESSIONS}))
    documents.execute(Command({"insert": "town_logs", "documents": LOGS}))
    open_store("warehouse", "owner").execute(Sql("create schema if not exists ANALYTICS.TOWN"))


def fill_oltp() -> None:
    """Whoever is there already stays as they are: also what a restored backup does."""
    put(
        "customers",
        [(f"cus_{n}", mail, name, phone, road, "GB", True, "active", AT) for n, mail, name, phone, road in PEOPLE],
    )
    put("cards", [(card, f"cus_{name}", "tok", AT) for card, name in CARDS])
    put(
        "charges", [(c, f"cus_{n}", card, amount, mail, "10.1.1.1", at, AT) for c, n, card, amount, mail, at in CHARGES]
    )
    put("refunds", [(refund, charge, note, AT) for refund, charge, note in REFUNDS])
    put("leads", [(lead, remark, json.dumps(info), tags, AT) for lead, remark, info, tags in LEADS])
    put("firms", [("firm_1", ANN, AT)])


def put(table: str, rows: list[tuple[Any, ...]]) -> None:
    marks = ", ".join(["%s"] * len(rows[0]))
    text = f"insert into town.{table} values ({marks}) on conflict do nothing"
    open_store("oltp", "owner").execute(*(Sql(text, row) for row in rows))


def make() -> None:
    """The next dbt build."""
    store = open_store("warehouse", "owner")
    for name, text in BUILT.items():
        store.execute(Sql(f"create or replace table ANALYTICS.TOWN.{name} as {text}"))


def drop() -> None:
    open_store("oltp", "owner").execute(Sql("drop schema if exists town cascade"))
    documents = open_store("documents", "owner")
    for name in ("town_sessions", "town_logs", "town_odd"):
        with suppress(StoreError):
            documents.execute(Command({"drop": name}))
    with suppress(StoreError):
        open_store("warehouse", "owner").execute(Sql("drop schema ANALYTICS.TOWN cascade"))


def govern(rules: list[dict[str, Any]] | None = None) -> None:
    """Catalog, lineage and rules, as a sync, a run and a governance file would have left them."""
    looks = {"oltp": ["town"], "documents": ["town_sessions", "town_logs"], "warehouse": ["TOWN"]}
    kinds = {"oltp": "postgres", "documents": "mongo", "warehouse": "snowflake"}
    for source, namespaces in looks.items():
        row, _ = Source.objects.get_or_create(name=source, defaults={"kind": kinds[source]})
        infos = list(open_store(source, "catalog").introspect(namespaces=namespaces))
        catalog.write_sync(actor=HOUSE, source=row, infos=infos, started=timezone.now())
    Source.objects.filter(name="warehouse").update(default_path=["ANALYTICS", "TOWN"])
    Source.objects.filter(name="oltp").update(default_path=["payments", "town"])
    Source.objects.filter(name="documents").update(default_path=["payments"])
    catalog.replace_edges(actor=HOUSE, origin="town", edges=list(edges()))
    raw = {
        f"TOWN.{e.target[-1]}": {"columns": dict.fromkeys(("_LOADED_AT", "_RUN_ID", "_BATCH"), PLAIN)} for e in EXTRACTS
    }
    sources = {
        source: {name: {"columns": each} for name, each in names.items()} for source, names in CATEGORIES.items()
    }
    content = {
        "version": 1,
        "sources": {**sources, "warehouse": raw},
        "subjects": {**SUBJECTS, "rules": SUBJECTS["rules"] if rules is None else rules},
    }
    services.write_governance(actor=HOUSE, rules=governance.read("town.yaml", content), content=content)


def edges() -> list[Edge]:
    found = [
        Edge(ColumnRef(e.source, e.path, c.source), ColumnRef("warehouse", e.target, c.target), EdgeKind.VALUE,
             EdgeEvidence("load", "town"))
        for e in EXTRACTS
        for c in e.columns
    ]  # fmt: skip
    for down, (up, transform) in EDGES.items():
        (table, column), (above, origin) = down.split("/"), up.split("/")
        refs = [ColumnRef("warehouse", ("ANALYTICS", "TOWN", t), c) for t, c in ((above, origin), (table, column))]
        found.append(Edge(refs[0], refs[1], EdgeKind.VALUE, EdgeEvidence("dbt", "town"), transform))
    return found


def everything() -> dict[str, list[str]]:
    """Every row of the town, each as text: what nobody may have touched is the same afterwards."""
    found = sources()
    for name in (*(e.target[-1] for e in EXTRACTS), *BUILT):
        text = f"select to_json(object_construct(*)) as t from ANALYTICS.TOWN.{name}"
        found[f"warehouse.{name}"] = rows("warehouse", Sql(text))
    return found


def sources() -> dict[str, list[str]]:
    found = {f"oltp.{name}": rows("oltp", Sql(f"select to_jsonb(t)::text as t from town.{name} t")) for name in TABLES}
    for name in ("town_sessions", "town_logs"):
        found[f"documents.{name}"] = rows("documents", Documents(name, ({"$project": {"_id": 0, "t": "$$ROOT"}},)))
    return found


def rows(source: str, statement: Any) -> list[str]:
    with open_store(source, "owner").read(statement) as found:
        return sorted(next(iter(row.values())) for batch in found for row in batch.to_pylist())


def touched(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, list[str]]:
    """Rows that are not what they were, by place, as they were."""
    gone = {place: [row for row in each if row not in after[place]] for place, each in before.items()}
    return {place: each for place, each in gone.items() if each}
