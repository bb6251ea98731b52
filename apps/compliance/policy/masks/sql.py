"""The masks as SQL expressions, typed: what comes out has the type of the column that went in, or a wider number's."""

from collections.abc import Callable
from functools import lru_cache

from sqlglot import exp, parse_one

from apps.compliance.policy.masks import sql_dates, sql_numbers
from apps.compliance.policy.masks.python import BIN_DIGITS, CARD_DIGITS, IBAN_SIGNS, PHONE_DIGITS, REDACTED
from apps.compliance.policy.masks.sql_types import TEXT, data_type, name_of
from apps.compliance.policy.types import PLAIN, MaskKind, MaskOptions
from portal.sql.parse import Dialect

DIGITS = {
    "postgres": "REGEXP_REPLACE({c}, '[^0-9]', '', 'g')",
    "snowflake": "REGEXP_REPLACE({c}, '[^0-9]', '')",
}
IBAN_SIGN = {dialect: template.replace("[^0-9]", "[^A-Za-z0-9]") for dialect, template in DIGITS.items()}
IBAN = {
    "postgres": "LEFT({signs}, 4) ~ '^[A-Za-z]{{{{2}}}}[0-9]{{{{2}}}}$'",
    "snowflake": "REGEXP_LIKE(LEFT({signs}, 4), '[A-Za-z]{{{{2}}}}[0-9]{{{{2}}}}')",
}
AT = {"postgres": "STRPOS({c}, '@')", "snowflake": "CHARINDEX('@', {c})"}
SPACE = {"postgres": "STRPOS(TRIM({c}), ' ')", "snowflake": "CHARINDEX(' ', TRIM({c}))"}


def mask_column(
    kind: MaskKind, name: str, column_type: str, dialect: Dialect, options: MaskOptions = PLAIN
) -> exp.Expr:
    """The expression that stands for the column in a scan.

    >>> mask_column(MaskKind.PARTIAL_EMAIL, "email", "text", "postgres").sql("postgres")
    CASE WHEN "email" IS NULL THEN NULL WHEN STRPOS("email", '@') = 0 THEN '***'
    ELSE '***@' || SPLIT_PART("email", '@', -1) END
    """
    column = exp.column(exp.to_identifier(name, quoted=True))
    if kind is MaskKind.CLEAR:
        return column
    known = data_type(column_type, dialect)
    template = template_of(kind, known, dialect, options)
    if not template:
        return exp.cast(exp.null(), known or exp.DataType.build("TEXT"))
    return parsed(template.format(c=column.sql(dialect)), dialect).copy()


def has_token(column_type: str, dialect: Dialect) -> bool:
    """Of texts and whole numbers there is one."""
    return bool(template_of(MaskKind.TOKEN, data_type(column_type, dialect), dialect, MaskOptions(purpose="any")))


@lru_cache(maxsize=4_096)
def parsed(text: str, dialect: Dialect) -> exp.Expr:
    """Of names and rules alone: nothing that somebody typed is kept here."""
    return parse_one(text, read=dialect)


def template_of(kind: MaskKind, known: exp.DataType | None, dialect: Dialect, options: MaskOptions) -> str:
    if kind in (MaskKind.YEAR, MaskKind.DATE):
        return sql_dates.date(known, dialect, options)
    if kind in sql_numbers.TEMPLATES:
        return sql_numbers.TEMPLATES[kind](known, dialect, options)
    return text(kind, known, dialect, options)


def text(kind: MaskKind, known: exp.DataType | None, dialect: Dialect, options: MaskOptions) -> str:
    if kind is MaskKind.NULL or name_of(known) not in TEXT:
        return ""
    shown = {
        MaskKind.REDACT: f"'{REDACTED}'",
        MaskKind.PARTIAL_EMAIL: f"CASE WHEN {AT[dialect]} = 0 THEN '***' ELSE '***@' || SPLIT_PART({{c}}, '@', -1) END",
        MaskKind.PARTIAL_PHONE: of_digits(phone, dialect, options),
        MaskKind.PARTIAL_CARD: of_digits(card, dialect, options),
        MaskKind.PARTIAL_IBAN: iban(dialect),
        MaskKind.INITIAL: "LEFT({c}, 1) || '.'",
        MaskKind.INITIALS: f"LEFT(TRIM({{c}}), 1) || '.' || CASE WHEN {SPACE[dialect]} = 0 THEN '' "
        "ELSE ' ' || LEFT(SPLIT_PART(TRIM({c}), ' ', -1), 1) || '.' END",
    }[kind]
    return f"CASE WHEN {{c}} IS NULL THEN NULL ELSE {shown} END"


def of_digits(form: Callable[[str, MaskOptions], str], dialect: Dialect, options: MaskOptions) -> str:
    """PostgreSQL replaces by pattern slowly and finds by one fast: a number without other signs is left alone."""
    taken_out = form(DIGITS[dialect], options)
    if dialect != "postgres":
        return taken_out
    return f"CASE WHEN {{c}} ~ '[^0-9]' THEN {taken_out} ELSE {form('{c}', options)} END"


def phone(digits: str, options: MaskOptions) -> str:
    return f"CASE WHEN LENGTH({digits}) >= {PHONE_DIGITS} THEN '***' || RIGHT({digits}, 2) ELSE '***' END"


def card(digits: str, options: MaskOptions) -> str:
    ending = f"WHEN LENGTH({digits}) >= {CARD_DIGITS} THEN '****' || RIGHT({digits}, 4) ELSE '****' END"
    if not options.bin:
        return f"CASE {ending}"
    return f"CASE WHEN LENGTH({digits}) >= {BIN_DIGITS} THEN LEFT({digits}, 6) || '****' || RIGHT({digits}, 4) {ending}"


def iban(dialect: Dialect) -> str:
    signs, (shortest, longest) = IBAN_SIGN[dialect], IBAN_SIGNS
    is_one = IBAN[dialect].format(signs=signs) + f" AND LENGTH({signs}) BETWEEN {shortest} AND {longest}"
    return f"CASE WHEN {is_one} THEN LEFT({signs}, 2) || '****' || RIGHT({signs}, 4) ELSE '****' END"
