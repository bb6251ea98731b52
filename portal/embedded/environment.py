"""env.json: every address and key that `portal/settings.py` reads, for the servers of this home."""

from collections.abc import Mapping

from portal.embedded import home

# Programs of the portal's own that listen; the servers' ports are chosen with them.
LISTENERS = ("tracking", "scoring")
KEYS = {
    "PORTICO_SECRET_KEY": home.hex_key,
    "PORTICO_AUDIT_DIGEST_KEY": home.hex_key,
    "PORTICO_AUDIT_SIGNING_KEY": home.hex_key,  # an Ed25519 private seed
    "PORTICO_RESULTS_KEY": home.hex_key,
    "PORTICO_ERASURE_KEY": home.hex_key,
    "PORTICO_SUBJECTS_KEY": home.hex_key,
    "PORTICO_TOKEN_KEY": home.hex_key,
    "PORTICO_DEMO_PASSWORD": home.demo_password,
}
ACCOUNTS = ("gate", "catalog", "loader", "privacy", "owner")
PASSWORDS = (
    "portico_superuser",
    "portico_owner",
    "portico_app",
    "portico_mlflow",
    *(f"payments_{account}" for account in ACCOUNTS),
    "mongo_admin",
    "mongo_key",
    *(f"mongo_{account}" for account in ACCOUNTS),
    "valkey",
    *(f"warehouse_{account}" for account in ACCOUNTS),
)


def fill_secrets(known: dict[str, str]) -> dict[str, str]:
    """Secrets are made once and stay: sign-ins, encrypted results and the audit tree depend on them."""
    for name, make in KEYS.items():
        known.setdefault(name, make())
    for name in PASSWORDS:
        known.setdefault(name, home.password())
    return known


def environment(ports: Mapping[str, str], secret: Mapping[str, str]) -> dict[str, str]:
    def postgres(user: str, database: str) -> str:
        return f"postgresql://{user}:{secret[user]}@127.0.0.1:{ports['postgres']}/{database}"

    def mongo(account: str) -> str:
        return (
            f"mongodb://{account}:{secret['mongo_' + account]}@127.0.0.1:{ports['mongo']}/payments"
            "?replicaSet=rs0&authSource=admin&directConnection=true"
        )

    def warehouse(account: str) -> str:
        return (
            f"snowflake://{account}:{secret['warehouse_' + account]}@127.0.0.1:{ports['warehouse']}/ANALYTICS"
            "?account=fakesnow&protocol=http"
        )

    valkey = f"redis://:{secret['valkey']}@127.0.0.1:{ports['valkey']}"
    return {
        **{name: secret[name] for name in KEYS},
        "PORTICO_DATABASE_URL": postgres("portico_app", "portal"),
        "PORTICO_OWNER_DATABASE_URL": postgres("portico_owner", "portal"),
        "PORTICO_BROKER_URL": f"{valkey}/0",
        "PORTICO_CACHE_URL": f"{valkey}/1",
        "PORTICO_TRACKING_URL": f"http://127.0.0.1:{ports['tracking']}",
        "PORTICO_SCORING_URL": f"http://127.0.0.1:{ports['scoring']}",
        **{f"PORTICO_OLTP_{a.upper()}_URL": postgres(f"payments_{a}", "payments") for a in ACCOUNTS},
        **{f"PORTICO_DOCUMENTS_{a.upper()}_URL": mongo(a) for a in ACCOUNTS},
        **{f"PORTICO_WAREHOUSE_{a.upper()}_URL": warehouse(a) for a in ACCOUNTS},
    }
