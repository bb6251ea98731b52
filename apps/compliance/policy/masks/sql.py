"""The masks as SQL expressions, typed: what comes out has the type of the column that went in."""

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from apps.compliance.policy.masks.python import CARD_DIGITS, PHONE_DIGITS, REDACTED
from apps.compliance.policy.types import MaskKind
from portal.sql.parse import Dialect

TEXT = frozenset({"TEXT", "VARCHAR", "CHAR", "NVARCHAR", "NCHAR", "BPCHAR", "NAME"})
DATES = frozenset({"DATE", "DATE32"})
ZONED = frozenset({"TIMESTAMPTZ", "TIMESTAMPLTZ"})
UNZONED = frozenset({"TIMESTAMP", "DATETIME", "TIMESTAMPNTZ"})
DIGITS = {
    "postgres": "REGEXP_REPLACE({c}, '[^0-9]', '', 'g')",
    "snowflake": "REGEXP_REPLACE({c}, '[^0-9]', '')",
}
AT = {"postgres": "STRPOS({c}, '@')", "snowflake": "CHARINDEX('@', {c})"}
ISO_YEAR = {
    "postgres": "LEFT({c}, 5) ~ '^[0-9]{{4}}-$'",
    "snowflake": "REGEXP_LIKE(LEFT({c}, 5), '[0-9]{{4}}-')",
}
YEAR_ZONED = {
    "postgres": "DATE_TRUNC('YEAR', {c} AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'",
    # Snowflake keeps the zone by itself; the emulator needs to be told.
    "snowflake": "CAST(DATE_TRUNC('YEAR', CONVERT_TIMEZONE('UTC', {c})) AS TIMESTAMP_TZ)",
}
YEAR_DATE = "CAST(DATE_TRUNC('YEAR', CAST({c} AS TIMESTAMP)) AS DATE)"
YEAR_UNZONED = "DATE_TRUNC('YEAR', {c})"


def mask_column(kind: MaskKind, name: str, column_type: str, dialect: Dialect) -> exp.Expr:
    """The expression that stands for the column in a scan.

    >>> mask_column(MaskKind.PARTIAL_EMAIL, "email", "text", "postgres").sql("postgres")
    CASE WHEN "email" IS NULL THEN NULL WHEN STRPOS("email", '@') = 0 THEN '***'
    ELSE '***@' || SPLIT_PART("email", '@', -1) END
    """
    column = exp.column(exp.to_identifier(name, quoted=True))
    if kind is MaskKind.CLEAR:
        return column
    known = data_type(column_type, dialect)
    template = year(known, dialect) if kind is MaskKind.YEAR else text(kind, known, dialect)
    if not template:
        return exp.cast(exp.null(), known or exp.DataType.build("TEXT"))
    return parse_one(template.format(c=column.sql(dialect)), read=dialect)


def data_type(column_type: str, dialect: Dialect) -> exp.DataType | None:
    """None for a type of the store's own (an enumeration): its masked form is text."""
    try:
        built = exp.DataType.build(column_type, dialect=dialect)
    except (SqlglotError, ValueError):
        return None
    return None if name_of(built) in {"USERDEFINED", "UNKNOWN"} else built


def name_of(known: exp.DataType | None) -> str:
    return "" if known is None else str(getattr(known.this, "value", known.this)).upper()


def text(kind: MaskKind, known: exp.DataType | None, dialect: Dialect) -> str:
    if kind is MaskKind.NULL or name_of(known) not in TEXT:
        return ""
    digits = DIGITS[dialect]
    shown = {
        MaskKind.REDACT: f"'{REDACTED}'",
        MaskKind.PARTIAL_EMAIL: f"CASE WHEN {AT[dialect]} = 0 THEN '***' ELSE '***@' || SPLIT_PART({{c}}, '@', -1) END",
        MaskKind.PARTIAL_PHONE: f"CASE WHEN LENGTH({digits}) >= {PHONE_DIGITS} "
        f"THEN '***' || RIGHT({digits}, 2) ELSE '***' END",
        MaskKind.PARTIAL_CARD: f"CASE WHEN LENGTH({digits}) >= {CARD_DIGITS} "
        f"THEN '****' || RIGHT({digits}, 4) ELSE '****' END",
        MaskKind.INITIAL: "LEFT({c}, 1) || '.'",
    }[kind]
    return f"CASE WHEN {{c}} IS NULL THEN NULL ELSE {shown} END"


def year(known: exp.DataType | None, dialect: Dialect) -> str:
    name = name_of(known)
    if name in TEXT:
        return f"CASE WHEN {ISO_YEAR[dialect]} THEN LEFT({{c}}, 4) ELSE NULL END"
    if name in DATES:
        return YEAR_DATE
    if name in ZONED:
        return YEAR_ZONED[dialect]
    return YEAR_UNZONED if name in UNZONED else ""
