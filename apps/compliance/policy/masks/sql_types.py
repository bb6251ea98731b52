"""What a column's type is to the masks."""

from sqlglot import exp
from sqlglot.errors import SqlglotError

from portal.sql.parse import Dialect

TEXT = frozenset({"TEXT", "VARCHAR", "CHAR", "NVARCHAR", "NCHAR", "BPCHAR", "NAME"})
DATES = frozenset({"DATE", "DATE32"})
ZONED = frozenset({"TIMESTAMPTZ", "TIMESTAMPLTZ"})
UNZONED = frozenset({"TIMESTAMP", "DATETIME", "TIMESTAMPNTZ"})
WHOLE = frozenset({"INT", "BIGINT", "SMALLINT", "TINYINT"})
FLOATS = frozenset({"FLOAT", "DOUBLE"})


def data_type(column_type: str, dialect: Dialect) -> exp.DataType | None:
    """None for a type of the store's own (an enumeration): its masked form is text."""
    try:
        built = exp.DataType.build(column_type, dialect=dialect)
    except (SqlglotError, ValueError):
        return None
    return None if name_of(built) in {"USERDEFINED", "UNKNOWN"} else built


def name_of(known: exp.DataType | None) -> str:
    return "" if known is None else str(getattr(known.this, "value", known.this)).upper()


def is_whole(known: exp.DataType | None, dialect: Dialect) -> bool:
    """Whether the column's type holds whole numbers only: NUMBER alone does in Snowflake, NUMERIC in PostgreSQL not."""
    if name_of(known) in WHOLE:
        return True
    if known is None or name_of(known) != "DECIMAL":
        return False
    sizes = [size.name for size in known.expressions]
    return sizes[1] == "0" if len(sizes) > 1 else bool(sizes) or dialect == "snowflake"
