"""The masks of numbers, and tokens, as templates of SQL: `{c}` is the column."""

from sqlglot import exp

from apps.compliance.policy.masks.numbers import LARGEST
from apps.compliance.policy.masks.sql_types import FLOATS, TEXT, is_whole, name_of
from apps.compliance.policy.types import MaskKind, MaskOptions
from portal.sql.parse import Dialect

# Where each store keeps the two functions, and nobody but the rewriter may name them (portal.tokens).
SCHEMAS = {"postgres": "portico", "snowflake": "PORTICO.MASKS"}
AS_TEXT = {"postgres": "CAST({c} AS TEXT)", "snowflake": "CAST({c} AS VARCHAR)"}
FITS = f"{{c}} BETWEEN -{LARGEST} AND {LARGEST}"
# A number that is none, and the infinities, are larger than every number in every store.
NUMBER = f"{{c}} BETWEEN -{'9' * 38} AND {'9' * 38}"


def bucket(known: exp.DataType | None, dialect: Dialect, options: MaskOptions) -> str:
    """Floats lose their fraction first: what is divided then is whole, and so exact and never too small to divide."""
    width, name = options.width, name_of(known)
    if name in FLOATS:
        wide = "CAST({c} AS DOUBLE PRECISION)"
        shown = f"FLOOR(FLOOR({wide}) / {width}) * {width}"
    elif is_whole(known, dialect):
        shown = exactly("CAST({c} AS BIGINT)" if name != "DECIMAL" else "{c}", width)
    elif name == "DECIMAL":
        shown = exactly("{c}", width)
    else:
        return ""
    return f"CASE WHEN {FITS} THEN {shown} ELSE NULL END"


def exactly(column: str, width: int) -> str:
    return f"{column} - MOD(MOD({column}, {width}) + {width}, {width})"


def noise(known: exp.DataType | None, dialect: Dialect, options: MaskOptions) -> str:
    if not is_whole(known, dialect):
        return ""
    wide = "CAST({c} AS BIGINT)" if name_of(known) != "DECIMAL" else "{c}"
    call = f"{SCHEMAS[dialect]}.{function('noise', dialect)}({AS_TEXT[dialect]}, {options.width})"
    return f"CASE WHEN {FITS} THEN {wide} + {call} ELSE NULL END"


def token(known: exp.DataType | None, dialect: Dialect, options: MaskOptions) -> str:
    """Of texts and whole numbers. The purpose is one of ours and no text of anybody's."""
    if not options.purpose.isidentifier():
        return ""
    call = f"{SCHEMAS[dialect]}.{function('token', dialect)}('{options.purpose}', {AS_TEXT[dialect]})"
    if name_of(known) in TEXT:
        return call
    return f"CASE WHEN {NUMBER} THEN {call} ELSE NULL END" if is_whole(known, dialect) else ""


def function(name: str, dialect: Dialect) -> str:
    return name.upper() if dialect == "snowflake" else name


TEMPLATES = {MaskKind.BUCKET: bucket, MaskKind.NOISE: noise, MaskKind.TOKEN: token}
