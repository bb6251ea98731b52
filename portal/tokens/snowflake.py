"""What a Snowflake account holds: a table of keys, and secure functions that read it for whoever may not.

The keys arrive in a staged file, for texts stay in QUERY_HISTORY, and values of bound variables can be read there, too.
The digest itself is Python of the account's own (its SQL has no HMAC), called with expressions and never with keys in a
text. The local emulator has the same two functions by `portal/embedded/warehouse/tokens.py`.
"""

from portal.tokens.keys import HEX_SHOWN, NOISE_HEX, PREFIX

SCHEMA = "PORTICO.MASKS"
KEYS_TABLE = f"{SCHEMA}.MASK_KEYS"
# One look for all keys, which depends on no argument: a subquery that does is not supported in a function.
KEYS = "(SELECT OBJECT_AGG(NAME, HEX_ENCODE({pad})::VARIANT) FROM MASK_KEYS)"
PAD = "TO_BINARY(GET(" + KEYS + ", {name})::VARCHAR, 'HEX')"
DIGEST = f"""CREATE OR REPLACE SECURE FUNCTION {SCHEMA}.DIGEST(INNER_PAD BINARY, OUTER_PAD BINARY, MESSAGE VARCHAR)
RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '3.11' HANDLER = 'digest' IMMUTABLE STRICT AS $$
import hashlib

def digest(inner_pad, outer_pad, message):
    inner = hashlib.sha256(inner_pad + message.encode()).digest()
    return hashlib.sha256(outer_pad + inner).hexdigest()
$$"""


def structure() -> list[str]:
    return [
        "CREATE DATABASE IF NOT EXISTS PORTICO",
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA} WITH MANAGED ACCESS",
        f"CREATE OR REPLACE TABLE {KEYS_TABLE} "
        "(NAME VARCHAR NOT NULL, INNER_PAD BINARY NOT NULL, OUTER_PAD BINARY NOT NULL)",
        DIGEST,
    ]


def functions(role: str) -> list[str]:
    """`role` is that of the account of people's queries, as SQL writes it."""
    token = digest("'token:' || PURPOSE", "VALUE")
    noise = digest("'noise'", "WIDTH::VARCHAR || ':' || VALUE")
    number = f"TO_NUMBER(LEFT({noise}, {NOISE_HEX}), '{'X' * NOISE_HEX}')"
    return [
        f"CREATE OR REPLACE SECURE FUNCTION {SCHEMA}.TOKEN(PURPOSE VARCHAR, VALUE VARCHAR) RETURNS VARCHAR "
        f"AS $$ '{PREFIX}' || LEFT({token}, {HEX_SHOWN}) $$",
        f"CREATE OR REPLACE SECURE FUNCTION {SCHEMA}.NOISE(VALUE VARCHAR, WIDTH NUMBER) RETURNS NUMBER "
        f"AS $$ MOD({number}, 2 * WIDTH + 1) - WIDTH $$",
        f"GRANT USAGE ON DATABASE PORTICO TO ROLE {role}",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO ROLE {role}",
        f"GRANT USAGE ON FUNCTION {SCHEMA}.TOKEN(VARCHAR, VARCHAR) TO ROLE {role}",
        f"GRANT USAGE ON FUNCTION {SCHEMA}.NOISE(VARCHAR, NUMBER) TO ROLE {role}",
    ]


def digest(name: str, message: str) -> str:
    inner, outer = (PAD.format(pad=pad, name=name) for pad in ("INNER_PAD", "OUTER_PAD"))
    return f"DIGEST({inner}, {outer}, {message})"


def quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
