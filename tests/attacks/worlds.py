"""Two worlds: stores that agree, mask by mask, in exactly what the mask declares to leak, and differ in all else that the
reader may not see. Whoever can tell one from the other through the gate has seen what they may not.

Without the gate each attack must tell them apart, or it is none.
"""

import copy
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from apps.compliance.policy.masks.leaks import EQUALITY, leaks
from apps.compliance.policy.types import MaskKind
from portal.stores import open_store
from portal.stores.types import Command
from tests import vault

Masks = list[dict[str, Any]]
Leaks = Callable[[MaskKind, Any], Hashable]
CUSTOMER_COLUMNS = ("id", "email", "full_name", "phone", "birth_date", "country", "note")
CHARGE_COLUMNS = ("id", "customer_id", "amount", "currency", "status", "card", "created_at")
OTHER = "anders"


def kind_of(collection: str, column: str, masks: Masks) -> MaskKind:
    """What the rules give the vault's analyst."""
    category = vault.CATEGORIES[collection].get(column, "")
    rule = next((rule for rule in masks if category and category.startswith(str(rule["category"]))), None)
    return MaskKind(rule["mask"]) if rule else MaskKind.NULL


def another(kind: MaskKind, value: Any, *, leak: Leaks = leaks, date: bool = False) -> Any:
    """A value that leaks the same through the mask and is otherwise as different as can be.

    >>> another(MaskKind.PARTIAL_EMAIL, "zoë.kanarie@example.org")
    'anders@example.org'
    """
    if kind is MaskKind.CLEAR or (kind in EQUALITY and value is None):
        return value
    if kind in EQUALITY:  # which are equal is told: each value has another of its own
        return f"{OTHER}-{value[::-1]}"
    fits = [each for each in candidates(value, date) if each != value and leak(kind, each) == leak(kind, value)]
    return fits[0] if fits else value


def candidates(value: Any, date: bool) -> Iterator[Any]:
    """The most different first."""
    text = value if isinstance(value, str) else ""
    if date:
        yield from (None, "2011-11-11", *([f"{text[:4]}-11-30"] if text else []))
        return
    digits = "".join(filter(str.isdigit, text))
    yield from (OTHER if value is None else None, OTHER, text[:1] + OTHER)
    yield from [f"{OTHER}@{text.rpartition('@')[2]}"] if "@" in text else []
    yield from (f"+99 9999999 {digits[-2:]}", "9" * 12 + digits[-4:], "99999")


def other_rows(
    collection: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]], leak: Leaks, masks: Masks
) -> list[tuple[Any, ...]]:
    return [
        tuple(
            another(kind_of(collection, column, masks), value, leak=leak, date=column == "birth_date")
            for column, value in zip(columns, row, strict=True)
        )
        for row in rows
    ]


def other_documents(
    collection: str, documents: list[dict[str, Any]], leak: Leaks, masks: Masks
) -> list[dict[str, Any]]:
    return [changed(collection, document, leak, masks) for document in copy.deepcopy(documents)]


def changed(collection: str, document: dict[str, Any], leak: Leaks, masks: Masks) -> dict[str, Any]:
    """What nobody has classified is another in the other world, or is not there, or is there where it was not."""
    for name in [name for name in ("email", "text") if name in document]:
        document[name] = another(kind_of(collection, name, masks), document[name], leak=leak)
    return document if collection == "feedback" else {**document, **session(document, leak)}


def session(document: dict[str, Any], leak: Leaks) -> dict[str, Any]:
    unknown = {"deep": OTHER, "more": [1, 2]}
    other: dict[str, Any] = {"unknown": unknown if "unknown" not in document else OTHER}
    other["seen"] = {OTHER: {"n": 5}, "b": {"n": 6}, "c": {"n": 7}}
    if "mails" in document:  # its entries' mask tells whether there is anything
        other["mails"] = {f"{OTHER}@example.org": 2, "x@y.example": 3}
    if "device" in document:
        device = document["device"]
        other["device"] = gadget(device) if isinstance(device, dict) else OTHER
    if document.get("events"):
        other["events"] = [event(each, leak) for each in document["events"]]
    if "pages" in document:
        other["pages"] = {key: {**page, "by": [OTHER]} for key, page in document["pages"].items()}
    return other


def gadget(device: dict[str, Any]) -> dict[str, Any]:
    known = {"os": device["os"], "ip": "203.0.113.9"}
    return known if "secret" in device else {**known, "secret": OTHER}


def event(each: dict[str, Any], leak: Leaks) -> dict[str, Any]:
    phone = {"phone": another(MaskKind.PARTIAL_PHONE, each["phone"], leak=leak)} if "phone" in each else {}
    return {**each, **phone, "note": [OTHER, 7]}


def fill(source: str, world: str, leak: Leaks = leaks, masks: Masks = vault.MASKS) -> None:
    if source == "documents":
        for name, documents in (("sessions", vault.SESSIONS), ("feedback", vault.FEEDBACK)):
            put_documents(name, documents if world == "a" else other_documents(name, documents, leak, masks))
        return
    for name, columns, rows in (
        ("customers", CUSTOMER_COLUMNS, vault.CUSTOMERS),
        ("charges", CHARGE_COLUMNS, vault.CHARGES),
    ):
        put_rows(source, name, rows if world == "a" else other_rows(name, columns, rows, leak, masks))


def put_rows(source: str, name: str, rows: list[tuple[Any, ...]]) -> None:
    table = f"vault.{name}" if source == "oltp" else f"ANALYTICS.VAULT.{name.upper()}"
    statements = (f"delete from {table}", f"insert into {table} values {vault.values(rows)}")
    # What the planner knows of the values, and shows in its statistics, is of this world, too.
    vault.run(open_store(source, "owner"), *statements, *([f"analyze {table}"] if source == "oltp" else []))


def put_documents(name: str, documents: list[dict[str, Any]]) -> None:
    store = open_store("documents", "owner")
    store.execute(Command({"delete": name, "deletes": [{"q": {}, "limit": 0}]}))
    store.execute(Command({"insert": name, "documents": documents}))


@contextmanager
def worlds(
    source: str, leak: Leaks = leaks, masks: Masks = vault.MASKS
) -> Iterator[Callable[[Callable[[], Any]], Mapping[str, Any]]]:
    """Hands out what asks something in both worlds; afterwards the first one is there again."""

    def ask(question: Callable[[], Any]) -> Mapping[str, Any]:
        answers = {}
        for world in ("b", "a"):
            fill(source, world, leak, masks)
            answers[world] = question()
        return answers

    try:
        yield ask
    finally:
        fill(source, "a")
