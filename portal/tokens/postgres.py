"""What PostgreSQL holds: a schema with the keys, and two functions that use them for whoever may not read them.

The functions run as their owner (SECURITY DEFINER) on names that no caller's search_path can bend. A statement that
calls one, its plan, and every log and view of statements hold the function's name and nothing of a key.
"""

from collections.abc import Iterable, Sequence

from portal.tokens.keys import HEX_SHOWN, NOISE_HEX, PREFIX, Pads

SCHEMA = "portico"
KEYS_TABLE = f"{SCHEMA}.mask_keys"
SAFE = "STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
FIND = f"SELECT * INTO STRICT k FROM {KEYS_TABLE} m WHERE m.name ="  # noqa: S608 - names of ours
HMAC = "encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to({message}, 'UTF8'))), 'hex')"
TOKEN = HMAC.format(message="value")
NOISE = HMAC.format(message="width::text || ':' || value")
NUMBER = f"('x' || lpad(left({NOISE}, {NOISE_HEX}), 16, '0'))::bit(64)::bigint"
TAKE_BACK = (
    "DO $$DECLARE other regrole; BEGIN FOR other IN SELECT DISTINCT a.grantee FROM pg_class c, "  # noqa: S608
    f"aclexplode(c.relacl) a WHERE c.oid = '{KEYS_TABLE}'::regclass AND a.grantee NOT IN (c.relowner, 0) "
    f"LOOP EXECUTE format('REVOKE ALL ON {KEYS_TABLE} FROM %s', other); END LOOP; "
    f"REVOKE ALL ON {KEYS_TABLE} FROM PUBLIC; END$$;"
)


def structure(gate: str) -> list[str]:
    """Repeatable, one statement a line. Whatever default rights gave to others is taken back."""
    token, noise = f"{SCHEMA}.token(text, text)", f"{SCHEMA}.noise(text, bigint)"
    return [
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA};",
        f"CREATE TABLE IF NOT EXISTS {KEYS_TABLE} "
        "(name text PRIMARY KEY, inner_pad bytea NOT NULL, outer_pad bytea NOT NULL);",
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.token(purpose text, value text) RETURNS text LANGUAGE plpgsql {SAFE} "
        f"AS $f$ DECLARE k {KEYS_TABLE}; BEGIN {FIND} 'token:' || purpose; "
        f"RETURN '{PREFIX}' || left({TOKEN}, {HEX_SHOWN}); END $f$;",
        f"CREATE OR REPLACE FUNCTION {SCHEMA}.noise(value text, width bigint) RETURNS bigint LANGUAGE plpgsql {SAFE} "
        f"AS $f$ DECLARE k {KEYS_TABLE}; BEGIN {FIND} 'noise'; RETURN {NUMBER} % (2 * width + 1) - width; END $f$;",
        *(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC;" for function in (token, noise)),
        TAKE_BACK,
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {gate};",
        *(f"GRANT EXECUTE ON FUNCTION {function} TO {gate};" for function in (token, noise)),
    ]


def with_owner(owner: str) -> list[str]:
    """For who may give it away: an owner that nobody can sign in as."""
    return [
        f"DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{owner}') "
        f"THEN CREATE ROLE {owner} NOLOGIN; END IF; END$$;",
        f"ALTER SCHEMA {SCHEMA} OWNER TO {owner};",
        f"ALTER TABLE {KEYS_TABLE} OWNER TO {owner};",
        f"ALTER FUNCTION {SCHEMA}.token(text, text) OWNER TO {owner};",
        f"ALTER FUNCTION {SCHEMA}.noise(text, bigint) OWNER TO {owner};",
    ]


def filled(keys: Iterable[Pads]) -> list[str]:
    """Holds the keys: for a server that does not listen yet, and logs no statement (single-user mode)."""
    rows = ", ".join(f"('{key.name}', '\\x{key.inner.hex()}', '\\x{key.outer.hex()}')" for key in keys)
    return [f"TRUNCATE {KEYS_TABLE};", f"INSERT INTO {KEYS_TABLE} VALUES {rows};"]  # noqa: S608 - names and hex of ours


def rows(keys: Sequence[Pads]) -> dict[str, list[object]]:
    """For COPY, whose data stands in no statement and so in no log of statements."""
    return {
        "name": [key.name for key in keys],
        "inner_pad": [key.inner for key in keys],
        "outer_pad": [key.outer for key in keys],
    }
