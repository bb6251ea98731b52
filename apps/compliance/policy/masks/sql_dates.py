"""The masks of dates as templates of SQL."""

from sqlglot import exp

from apps.compliance.policy.masks.sql_types import DATES, TEXT, UNZONED, ZONED, name_of
from apps.compliance.policy.types import MaskOptions
from portal.sql.parse import Dialect

# Of a text: what its first characters must be, and how many are left. Weeks and quarters do not stand in it.
ISO = {
    "day": (11, "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]?", 10),
    "month": (8, "[0-9]{4}-[0-9]{2}-", 7),
    "year": (5, "[0-9]{4}-", 4),
}
MATCHES = {"postgres": "LEFT({{c}}, {n}) ~ '^{form}$'", "snowflake": "REGEXP_LIKE(LEFT({{c}}, {n}), '{form}')"}
# Snowflake's own weeks begin where a session says.
WEEK = "DATEADD(DAY, 1 - DAYOFWEEKISO({0}), DATE_TRUNC('DAY', {0}))"
IN_UTC = {
    "postgres": "{cut} AT TIME ZONE 'UTC'",
    # Snowflake keeps the zone by itself; the emulator needs to be told.
    "snowflake": "CAST({cut} AS TIMESTAMP_TZ)",
}
TO_UTC = {"postgres": "{c} AT TIME ZONE 'UTC'", "snowflake": "CONVERT_TIMEZONE('UTC', {c})"}


def date(known: exp.DataType | None, dialect: Dialect, options: MaskOptions) -> str:
    name, unit = name_of(known), options.unit or "year"
    if name in TEXT:
        return of_text(unit, dialect)
    if name in DATES:
        return f"CAST({cut('CAST({c} AS TIMESTAMP)', unit, dialect)} AS DATE)"
    if name in ZONED:
        return IN_UTC[dialect].format(cut=cut(TO_UTC[dialect], unit, dialect))
    return cut("{c}", unit, dialect) if name in UNZONED else ""


def cut(moment: str, unit: str, dialect: Dialect) -> str:
    if unit == "week" and dialect == "snowflake":
        return WEEK.format(moment)
    return f"DATE_TRUNC('{unit.upper()}', {moment})"


def of_text(unit: str, dialect: Dialect) -> str:
    if unit not in ISO:
        return ""
    looked_at, form, left = ISO[unit]
    # Doubled, because the column is still to be put in.
    matches = MATCHES[dialect].format(n=looked_at, form=form.replace("{", "{{").replace("}", "}}"))
    return f"CASE WHEN {matches} THEN LEFT({{c}}, {left}) ELSE NULL END"
