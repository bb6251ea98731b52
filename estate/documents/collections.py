"""The collections of the payments platform: what a document must look like, and how it is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.stores.types import Command

Schema = Mapping[str, Any]


def of(*kinds: str, note: str = "") -> Schema:
    """A value of these BSON types, or none at all: people's systems leave things out."""
    return {"bsonType": [*kinds, "null"], **({"description": note} if note else {})}


TEXT, MOMENT, NUMBER, FLAG = of("string"), of("date"), of("int", "long", "double"), of("bool")
MUST = {"bsonType": "string"}
WHEN = {"bsonType": "date"}


def block(**properties: Schema) -> Schema:
    return {"bsonType": ["object", "null"], "properties": properties}


def many(items: Schema) -> Schema:
    return {"bsonType": ["array", "null"], "items": items}


@dataclass(frozen=True)
class Collection:
    """`required` must be there; `properties` must have their type where they are there. Indexes by their fields."""

    name: str
    required: tuple[str, ...]
    properties: Mapping[str, Schema]
    indexes: tuple[tuple[str, ...], ...]

    @property
    def validator(self) -> dict[str, Any]:
        return {
            "$jsonSchema": {"bsonType": "object", "required": list(self.required), "properties": dict(self.properties)}
        }


SESSIONS = Collection(
    "sessions",
    ("_id", "customer_id", "started_at", "created_at", "updated_at"),
    {
        "_id": MUST,
        "customer_id": MUST,
        "channel": TEXT,
        "started_at": WHEN,
        "ended_at": MOMENT,
        "device": block(id=TEXT, os=TEXT, browser=TEXT, user_agent=TEXT, ip=TEXT),
        "geo": block(country=TEXT, city=TEXT),
        "contact": block(email=TEXT, phone=TEXT),
        "consent": block(marketing=FLAG, analytics=FLAG),
        "events": many(block(type=TEXT, at=MOMENT, ip=TEXT, form_email=TEXT)),
        "charge_ids": many(MUST),
        "created_at": WHEN,
        "updated_at": WHEN,
    },
    (("updated_at", "_id"), ("customer_id",), ("device.ip",), ("contact.email",)),
)
API_LOGS = Collection(
    "api_logs",
    ("_id", "request_id", "created_at", "updated_at"),
    {
        "_id": MUST,
        "request_id": MUST,
        "merchant_id": TEXT,
        "method": TEXT,
        "route": TEXT,
        "status": NUMBER,
        "latency_ms": NUMBER,
        "client": block(ip=TEXT, user_agent=TEXT),
        "request": block(customer_email=TEXT, card=block(bin=TEXT, last4=TEXT), note=TEXT),
        "errors": many(block(code=TEXT, message=TEXT)),
        "occurred_at": MOMENT,
        "received_at": MOMENT,
        "created_at": WHEN,
        "updated_at": WHEN,
    },
    (("updated_at", "_id"), ("request_id",), ("merchant_id", "occurred_at"), ("request.customer_email",)),
)
FEEDBACK = Collection(
    "feedback",
    ("_id", "customer_id", "score", "created_at", "updated_at"),
    {
        "_id": MUST,
        "customer_id": MUST,
        "merchant_id": TEXT,
        "payment_intent_id": TEXT,
        "source": TEXT,
        "score": {"bsonType": ["int", "long"], "minimum": 1, "maximum": 5},
        "title": TEXT,
        "message": TEXT,
        "language": TEXT,
        "contact": block(name=TEXT, email=TEXT),
        "replies": many(block(author=TEXT, text=TEXT, at=MOMENT)),
        "answered_at": MOMENT,
        "created_at": WHEN,
        "updated_at": WHEN,
    },
    (("updated_at", "_id"), ("customer_id",), ("merchant_id",), ("contact.email",)),
)
ML_FEATURES = Collection(
    "ml_features",
    ("_id", "customer_id", "as_of", "features", "created_at", "updated_at"),
    {
        "_id": MUST,
        "customer_id": MUST,
        "as_of": WHEN,
        "features": block(
            charges=NUMBER,
            amount_minor=NUMBER,
            declined=NUMBER,
            cards=NUMBER,
            ips=NUMBER,
            night_share=NUMBER,
            refund_share=NUMBER,
        ),
        "recent_ips": many(MUST),
        "devices": many(block(id=TEXT, ip=TEXT, first_seen_at=MOMENT, last_seen_at=MOMENT)),
        "label": TEXT,
        "created_at": WHEN,
        "updated_at": WHEN,
    },
    (("updated_at", "_id"), ("customer_id",)),
)
COLLECTIONS = (SESSIONS, API_LOGS, FEEDBACK, ML_FEATURES)


def create(collection: Collection) -> Command:
    return Command(
        {"create": collection.name, "validator": collection.validator, "validationAction": "error"},
    )


def change(collection: Collection) -> Command:
    """The same for a collection that is there."""
    return Command({"collMod": collection.name, "validator": collection.validator, "validationAction": "error"})


def index(collection: Collection) -> Command:
    """An index that is there already is left alone."""
    indexes = [
        {"key": dict.fromkeys(fields, 1), "name": "_".join(fields).replace(".", "_")} for fields in collection.indexes
    ]
    return Command({"createIndexes": collection.name, "indexes": indexes})
