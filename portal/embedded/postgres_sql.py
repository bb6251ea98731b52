"""Who may what in the local PostgreSQL. One statement a line (single-user mode), each of them repeatable."""

from collections.abc import Callable

from portal.accounts.types import Purpose
from portal.tokens import postgres as tokens
from portal.tokens.keys import all_pads

READERS = ("payments_gate", "payments_catalog", "payments_loader")
PRIVACY = "payments_privacy"  # changes and removes rows of one person; adds none and makes nothing
PORTAL_ROLES = ("portico_superuser", "portico_owner", "portico_app", "portico_mlflow")
TOKENS = "portico_tokens"  # owns the keys of tokens; nobody signs in as it
EXTENSIONS = ("pg_trgm", "unaccent", "pgcrypto")
Script = list[tuple[str, list[str]]]


def role(name: str, password: str) -> list[str]:
    return [
        f"DO $$BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') "
        f"THEN CREATE ROLE {name}; END IF; END$$;",
        f"ALTER ROLE {name} LOGIN PASSWORD '{password}';",
    ]


def database(name: str, owner: str, *guests: str) -> list[str]:
    return [
        f"CREATE DATABASE {name} OWNER {owner};",
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;",
        *(f"GRANT CONNECT ON DATABASE {name} TO {guest};" for guest in guests),
    ]


def portal_cluster(secret: Callable[[str], str], *, for_tests: bool = False) -> list[str]:
    return [
        *(line for name in PORTAL_ROLES for line in role(name, secret(name))),
        f"ALTER ROLE portico_owner {'CREATEDB' if for_tests else 'NOCREATEDB'};",
        "REVOKE ALL ON DATABASE template1 FROM PUBLIC;",
        *database("portal", "portico_owner", "portico_app"),
        # MLflow's account reaches its own database and nothing else of the portal's.
        *database("mlflow", "portico_mlflow"),
        "ALTER DATABASE mlflow OWNER TO portico_mlflow;",
        *(["GRANT CONNECT ON DATABASE postgres TO portico_owner;"] if for_tests else []),
    ]


def payments_cluster(secret: Callable[[str], str]) -> list[str]:
    return [
        *(line for name in ("payments_owner", *READERS, PRIVACY) for line in role(name, secret(name))),
        # The door for people can only read, whatever anyone sends through it.
        "ALTER ROLE payments_gate SET default_transaction_read_only = on;",
        *database("payments", "payments_owner", *READERS, PRIVACY),
    ]


def portal_rights() -> list[str]:
    """The role of web and workers owns nothing: what the owner makes, it may use but not change the shape of."""
    change = "ALTER DEFAULT PRIVILEGES FOR ROLE portico_owner GRANT"
    return [
        *(f"CREATE EXTENSION IF NOT EXISTS {name};" for name in EXTENSIONS),
        f"{change} SELECT, INSERT, UPDATE, DELETE ON TABLES TO portico_app;",
        f"{change} USAGE ON SEQUENCES TO portico_app;",
        f"{change} USAGE ON SCHEMAS TO portico_app;",
        "GRANT CREATE ON SCHEMA public TO portico_owner;",
    ]


def payments_rights() -> list[str]:
    readers = ", ".join(READERS)
    change = "ALTER DEFAULT PRIVILEGES FOR ROLE payments_owner GRANT"
    return [
        "ALTER SCHEMA public OWNER TO payments_owner;",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
        f"GRANT USAGE ON SCHEMA public TO {readers}, {PRIVACY};",
        f"{change} SELECT ON TABLES TO {readers};",
        f"{change} SELECT, UPDATE, DELETE ON TABLES TO {PRIVACY};",
        f"{change} USAGE ON SCHEMAS TO {readers}, {PRIVACY};",
        # Tables of a home that is older than this account.
        f"GRANT SELECT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {PRIVACY};",
    ]


def payments_tokens(secret: Callable[[str], str]) -> list[str]:
    """Said to a server that does not listen yet and logs no statement."""
    return [
        *tokens.structure("payments_gate"),
        *tokens.filled(all_pads(secret("PORTICO_TOKEN_KEY"), Purpose)),
        *tokens.with_owner(TOKENS),
    ]


def script(secret: Callable[[str], str], *, for_tests: bool) -> Script:
    """(database, statements) in order. For tests, databases made later inherit the portal's rights by template."""
    return [
        ("postgres", [*portal_cluster(secret, for_tests=for_tests), *payments_cluster(secret)]),
        ("portal", portal_rights()),
        ("payments", [*payments_rights(), *payments_tokens(secret)]),
        *([("template1", portal_rights())] if for_tests else []),
    ]
