"""A schema, rules and readers, as plain values: the engine needs no database."""

from apps.catalog.types import Certainty, ColumnSchema, DatasetSchema, SourceSchema
from apps.compliance.policy.types import Limits, MaskKind, MaskRule, PolicySet, Reader

OPERATIONS = "system.operations"
LIMITS = Limits(rows=1000, timeout_s=60)
CUSTOMERS = {
    "id": ("bigint", OPERATIONS),
    "email": ("text", "user.contact.email"),
    "full_name": ("text", "user.name"),
    "phone": ("character varying(40)", "user.contact.phone_number"),
    "birth_date": ("date", "user.demographic.date_of_birth"),
    "score": ("numeric(9,2)", "user.behavior"),
    "country": ("character(2)", OPERATIONS),
    "note": ("text", ""),
}
CHARGES = {
    "id": ("bigint", OPERATIONS),
    "customer_id": ("bigint", OPERATIONS),
    "amount": ("bigint", OPERATIONS),
    "currency": ("character(3)", OPERATIONS),
    "created_at": ("timestamp with time zone", OPERATIONS),
}
SESSIONS = {
    "_id": ("string", OPERATIONS),
    "email": ("string", "user.contact.email"),
    "status": ("string", OPERATIONS),
    "minutes": ("int", OPERATIONS),
    "device": ("object", ""),
    "device.os": ("string", OPERATIONS),
    "device.ip": ("string", "user.device.ip_address"),
    "events": ("array", ""),
    "events[].type": ("string", OPERATIONS),
    "events[].note": ("string", ""),
}
FEEDBACK = {
    "_id": ("string", OPERATIONS),
    "session_id": ("string", OPERATIONS),
    "email": ("string", "user.contact.email"),
}
RULES = PolicySet(
    version=1,
    rules=(
        MaskRule("operational", OPERATIONS, MaskKind.CLEAR),
        MaskRule("everything", "user", MaskKind.NULL),
        MaskRule("email-domain", "user.contact.email", MaskKind.PARTIAL_EMAIL, approver="compliance_officer"),
        MaskRule("phone-tail", "user.contact.phone_number", MaskKind.PARTIAL_PHONE),
        MaskRule("initials", "user.name", MaskKind.INITIAL),
        MaskRule("birth-year", "user.demographic.date_of_birth", MaskKind.YEAR),
    ),
)
ANA = Reader("1", "ana", frozenset({"analyst"}), "analytics")


def dataset(number: int, path: tuple[str, ...], columns: dict[str, tuple[str, str]]) -> DatasetSchema:
    listed = tuple(
        ColumnSchema(at, name, kind, category, Certainty.CONFIRMED if category else Certainty.NONE)
        for at, (name, (kind, category)) in enumerate(columns.items())
    )
    return DatasetSchema(number, path, listed)


def upper(columns: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    types = {"bigint": "NUMBER(38,0)", "timestamp with time zone": "TIMESTAMP_TZ(9)", "numeric(9,2)": "NUMBER(9,2)"}
    return {name.upper(): (types.get(kind, kind.upper()), category) for name, (kind, category) in columns.items()}


OLTP = SourceSchema(
    "oltp",
    "postgres",
    ("payments", "public"),
    (
        dataset(1, ("payments", "public", "customers"), CUSTOMERS),
        dataset(2, ("payments", "public", "charges"), CHARGES),
    ),
)
WAREHOUSE = SourceSchema(
    "warehouse",
    "snowflake",
    ("ANALYTICS", "CORE"),
    (
        dataset(3, ("ANALYTICS", "CORE", "CUSTOMERS"), upper(CUSTOMERS)),
        dataset(4, ("ANALYTICS", "CORE", "CHARGES"), upper(CHARGES)),
    ),
)
DOCUMENTS = SourceSchema(
    "documents",
    "mongo",
    ("payments",),
    (dataset(5, ("payments", "sessions"), SESSIONS), dataset(6, ("payments", "feedback"), FEEDBACK)),
)
