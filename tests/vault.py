"""A small estate with planted values, in real stores: what no reader without rights may ever see is a canary.

`ungoverned` reads as an attacker would without the portal; `asked` goes through the gate as a person.
"""

import datetime as dt
import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils import timezone

from apps.catalog import services as catalog
from apps.catalog.models import Source
from apps.compliance import gate, governance, services
from apps.compliance.policy.types import OutputColumn
from apps.queries.results import chosen
from apps.queries.values import plain
from portal.accounts.models import User
from portal.accounts.types import Purpose
from portal.audit.types import Actor
from portal.stores import open_store
from portal.stores.types import Documents, Sql, Store

HOUSE = Actor.system("tests")
CANARIES = ("kanarie", "5550142", "4242424242424242", "geheim", "1984-05-17", "10.66.77.88")
KINDS = {"oltp": "postgres", "documents": "mongo", "warehouse": "snowflake"}

CUSTOMERS = [
    (1, "zoë.kanarie@example.org", "Zoë Kanarie", "+44 20 5550142", "1984-05-17", "GB", "geheim-1"),
    (2, "li.kanarie@mail.test", "李 Kanarie", "+86 5550142 7", "1991-01-01", "CN", "geheim-2"),
    (3, None, None, None, None, "GB", None),
    (4, "no-at-sign-kanarie", "", "12", "2001-12-31", "DE", "geheim-4"),
]
CHARGES = [
    (10, 1, 1500, "GBP", "paid", "4242424242424242", "2025-01-05T10:00:00+00:00"),
    (11, 1, 700, "GBP", "refunded", "4242424242424242", "2025-02-05T11:30:00+00:00"),
    (12, 2, 99000, "CNY", "paid", None, "2025-02-20T00:00:00+00:00"),
    (13, 3, 250, "GBP", "paid", "4242424242424242", "2025-03-01T23:59:59+00:00"),
    (14, 4, 0, "EUR", "failed", "4242", "2024-12-31T23:59:59+00:00"),
]
SESSIONS = [
    {
        "_id": "s1",
        "customer_id": 1,
        "email": "zoë.kanarie@example.org",
        "status": "open",
        "minutes": 12,
        "started_at": dt.datetime(2025, 1, 5, 9, 0, tzinfo=dt.UTC),
        "device": {"os": "ios", "ip": "10.66.77.88", "secret": "geheim-d"},
        "events": [{"type": "login", "note": "geheim-e"}, {"type": "pay", "note": "geheim-f", "phone": "5550142"}],
        "tags": ["vip", "eu"],
        "unknown": {"deep": "geheim-u"},
        # Keys that are data: of a map that nobody has classified, of addresses, and of one that everybody may see.
        "seen": {"zoë.kanarie@example.org": {"n": 1, "note": "geheim-s"}, "kanarie": {"n": 1}},
        "mails": {"zoë.kanarie@example.org": 1},
        "pages": {"/a.b": {"hits": 3, "by": "geheim-p"}, "$x": {"hits": 1}, "": {"hits": 2}},
    },
    {
        "_id": "s2",
        "customer_id": 2,
        "email": "li.kanarie@mail.test",
        "status": "closed",
        "minutes": 3,
        "started_at": dt.datetime(2025, 2, 1, 9, 0, tzinfo=dt.UTC),
        "device": {"os": "android", "ip": "10.66.77.88"},
        "events": [],
        "tags": [],
    },
    {"_id": "s3", "customer_id": 3, "email": None, "status": "open", "device": "geheim-not-an-object", "events": None},
]
FEEDBACK = [
    {"_id": "f1", "session_id": "s1", "email": "zoë.kanarie@example.org", "score": 5, "text": "geheim text"},
    {"_id": "f2", "session_id": "s2", "email": "li.kanarie@mail.test", "score": 1, "text": "geheim text"},
    {"_id": "f3", "session_id": "s1", "email": None, "score": 3, "text": None},
]

OPERATIONS = "system.operations"
CATEGORIES = {
    "customers": {
        "id": OPERATIONS,
        "email": "user.contact.email",
        "full_name": "user.name",
        "phone": "user.contact.phone_number",
        "birth_date": "user.demographic.date_of_birth",
        "country": OPERATIONS,
    },
    "charges": {
        "id": OPERATIONS,
        "customer_id": OPERATIONS,
        "amount": OPERATIONS,
        "currency": OPERATIONS,
        "status": OPERATIONS,
        "card": "user.financial.credit_card",
        "created_at": OPERATIONS,
    },
    "sessions": {
        "_id": OPERATIONS,
        "customer_id": OPERATIONS,
        "email": "user.contact.email",
        "status": OPERATIONS,
        "minutes": OPERATIONS,
        "started_at": OPERATIONS,
        "device.os": OPERATIONS,
        "device.ip": "user.device.ip_address",
        "events[].type": OPERATIONS,
        "events[].phone": "user.contact.phone_number",
        "tags[]": OPERATIONS,
        "seen.*.n": OPERATIONS,
        "mails.*": "user.contact.email",
        "pages.*": OPERATIONS,
        "pages.*.hits": OPERATIONS,
    },
    "feedback": {
        "_id": OPERATIONS,
        "session_id": OPERATIONS,
        "email": "user.contact.email",
        "score": OPERATIONS,
        "text": "user.content",
    },
}
MASKS = [
    {"id": "operational", "category": OPERATIONS, "mask": "clear"},
    {"id": "email-domain", "category": "user.contact.email", "mask": "partial_email", "approver": "compliance_officer"},
    {"id": "phone-tail", "category": "user.contact.phone_number", "mask": "partial_phone"},
    {"id": "initials", "category": "user.name", "mask": "initial"},
    {"id": "birth-year", "category": "user.demographic.date_of_birth", "mask": "year"},
    {"id": "card-tail", "category": "user.financial.credit_card", "mask": "partial_card"},
    {"id": "content", "category": "user.content", "mask": "redact"},
    {"id": "devices", "category": "user.device", "mask": "null"},
]


@dataclass(frozen=True)
class Told:
    columns: tuple[OutputColumn, ...]
    rows: list[list[Any]]
    truncated: bool

    @property
    def masked(self) -> list[str]:
        return [str(column.masked) for column in self.columns]


def quoted(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def values(rows: list[tuple[Any, ...]]) -> str:
    return ", ".join(f"({', '.join(quoted(value) for value in row)})" for row in rows)


@cache
def fill_oltp() -> None:
    customers = (
        "id int primary key, email text, full_name text, phone varchar(40), birth_date date, country char(2), note text"
    )
    charges = (
        "id int primary key, customer_id int, amount bigint, currency char(3), status text, card text, "
        "created_at timestamptz"
    )
    run(
        open_store("oltp", "owner"),
        "create schema if not exists vault",
        "grant usage on schema vault to public",
        "drop table if exists vault.customers, vault.charges",
        f"create table vault.customers ({customers})",
        f"create table vault.charges ({charges})",
        f"insert into vault.customers values {values(CUSTOMERS)}",
        f"insert into vault.charges values {values(CHARGES)}",
        "analyze vault.customers",
    )


@cache
def fill_warehouse() -> None:
    customers = "ID NUMBER(38,0), EMAIL TEXT, FULL_NAME TEXT, PHONE TEXT, BIRTH_DATE DATE, COUNTRY TEXT, NOTE TEXT"
    charges = (
        "ID NUMBER(38,0), CUSTOMER_ID NUMBER(38,0), AMOUNT NUMBER(38,0), CURRENCY TEXT, STATUS TEXT, CARD TEXT, "
        "CREATED_AT TIMESTAMP_TZ"
    )
    run(
        open_store("warehouse", "owner"),
        "CREATE SCHEMA IF NOT EXISTS ANALYTICS.VAULT",
        f"CREATE OR REPLACE TABLE ANALYTICS.VAULT.CUSTOMERS ({customers})",
        f"CREATE OR REPLACE TABLE ANALYTICS.VAULT.CHARGES ({charges})",
        f"INSERT INTO ANALYTICS.VAULT.CUSTOMERS VALUES {values(CUSTOMERS)}",
        f"INSERT INTO ANALYTICS.VAULT.CHARGES VALUES {values(CHARGES)}",
    )


def fill_documents() -> None:
    """Every time: the payments platform's own tests put other documents, and validators, under the same names."""
    from portal.stores.types import Command

    store = open_store("documents", "owner")
    known = {info.path[-1] for info in store.introspect(namespaces=["sessions", "feedback"])}
    for name, documents in (("sessions", SESSIONS), ("feedback", FEEDBACK)):
        if name in known:
            store.execute(Command({"drop": name}))
        store.execute(Command({"insert": name, "documents": documents}))


def run(store: Store, *statements: str) -> None:
    for statement in statements:
        store.execute(Sql(statement))


FILL = {"oltp": fill_oltp, "documents": fill_documents, "warehouse": fill_warehouse}
NAMESPACES = {"oltp": ["vault"], "documents": ["sessions", "feedback"], "warehouse": ["VAULT"]}
PREFIX = {"oltp": "vault.", "documents": "", "warehouse": "VAULT."}


def govern(*sources: str, row_filters: list[dict[str, Any]] | None = None, masks: Any = None) -> None:
    """Catalog and rules for the sources, as the portal would have them after a sync and a governance file."""
    for source in sources:
        FILL[source]()
        infos = list(open_store(source, "catalog").introspect(namespaces=NAMESPACES[source]))
        row, _ = Source.objects.get_or_create(name=source, defaults={"kind": KINDS[source]})
        catalog.write_sync(actor=HOUSE, source=row, infos=infos, started=timezone.now())
        default = {"oltp": ["payments", "vault"], "warehouse": ["ANALYTICS", "VAULT"], "documents": ["payments"]}
        Source.objects.filter(pk=row.pk).update(default_path=default[source])
    content = {
        "version": 1,
        "sources": {source: datasets(source) for source in sources},
        "policies": {"masks": MASKS if masks is None else masks, "row_filters": row_filters or []},
        "access": [{"roles": ["analyst"], "source": source, "datasets": ["*"]} for source in sources],
    }
    services.write_governance(actor=HOUSE, rules=governance.read("vault.yaml", content), content=content)


def datasets(source: str) -> dict[str, Any]:
    names = ("sessions", "feedback") if source == "documents" else ("customers", "charges")
    return {f"{PREFIX[source]}{name}": {"columns": CATEGORIES[name]} for name in names}


def asked(user: User, source: str, text: Any, limits: Any = None) -> Told:
    """Through the gate. Raises QueryRefused, QueryFailed."""
    typed = text if isinstance(text, str) else json.dumps(text)
    with gate.run_query(user=user, purpose=Purpose.ANALYTICS, source=source, text=typed, limits=limits) as answer:
        names = [column.name for column in answer.columns]
        tables = [chosen(batch, names, by_name=source == "documents") for batch in answer.batches]
    rows = [[plain(value) for value in row.values()] for table in tables for row in table.to_pylist()]
    return Told(answer.columns, rows, answer.truncated)


def ungoverned(source: str, text: Any) -> str:
    """What the store itself answers to the account that reads everything, as text."""
    if source == "documents":
        statement: Any = Documents(text["collection"], tuple(stages(text)))
    else:
        statement = Sql(text)
    with open_store(source, "loader").read(statement) as rows:
        return "\n".join(str(batch.to_pylist()) for batch in rows)


def stages(text: dict[str, Any]) -> list[dict[str, Any]]:
    if "pipeline" in text:
        return text["pipeline"]
    project = [{"$project": text["projection"]}] if text.get("projection") else []
    return [{"$match": text.get("filter", {})}, *project]


def leaks(told: object) -> list[str]:
    text = str(told).lower()
    return [canary for canary in CANARIES if canary in text]
