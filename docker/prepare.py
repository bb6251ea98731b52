"""Makes what the containers of compose.yaml need, once: passwords, keys, certificates, accounts.

Runs without a network. What is there already is kept: passwords outlive an upgrade, data would be lost without them.
"""

import datetime
import ipaddress
import json
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from portal.accounts.types import Purpose
from portal.embedded import environment, mongo, postgres_sql
from portal.tokens import mongo as tokens
from portal.tokens.keys import all_pads

MADE = Path("/made")
SERVER_USER = 999  # of the images of PostgreSQL, MongoDB and Valkey
PORTAL_USER = 10001  # of ours
CA = "/certificates/ca.crt"
YEARS = datetime.timedelta(days=5 * 365)
HBA = "local all all trust\nhostssl all all all scram-sha-256\n"
VALKEY = """port 0
tls-port 6379
tls-cert-file /made/server.crt
tls-key-file /made/server.key
tls-ca-cert-file /made/ca.crt
tls-auth-clients no
requirepass {password}
save ""
appendonly no
maxmemory 512mb
maxmemory-policy volatile-lru
"""
ACCOUNTS_JS = """const admin = db.getSiblingDB("admin");
const signedIn = () => {{ try {{ return admin.auth("admin", "{admin}").ok === 1; }} catch (e) {{ return false; }} }};
if (!signedIn()) {{
  const members = [{{_id: 0, host: "documents:27017"}}];
  try {{ rs.initiate({{_id: "rs0", members}}); }} catch (e) {{ print(e.codeName); }}
  while (!db.hello().isWritablePrimary) sleep(200);
  admin.createUser({{user: "admin", pwd: "{admin}", roles: ["root"]}});
  signedIn();
}}
for (const role of {roles}) if (!admin.getRole(role.role)) admin.createRole(role);
for (const account of {accounts}) if (!admin.getUser(account.user)) admin.createUser(account);
const keys = {keys}, place = db.getSiblingDB("payments").getCollection("system.js");
place.deleteMany({{_id: {{$in: keys.map((key) => key._id)}}}});
place.insertMany(keys);
"""


class Authority:
    """Signs a certificate for each server; its own key is forgotten when this program ends."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Portico")])
        limits = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = (
            self._build(self._name, self._key).add_extension(limits, critical=True).sign(self._key, hashes.SHA256())
        )

    def issue(self, host: str) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        names: list[x509.GeneralName] = [x509.DNSName(host), x509.DNSName("localhost")]
        names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._build(name, key).add_extension(x509.SubjectAlternativeName(names), critical=False)
        plain = serialization.NoEncryption()
        return (
            certificate.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain),
        )

    def _build(self, name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + YEARS)
        )


def addresses(secret: dict[str, str]) -> dict[str, str]:
    """As env.json of a local start, with these servers' names and with TLS that knows whom it talks to."""

    def postgres(user: str, host: str, database: str) -> str:
        return f"postgresql://{user}:{secret[user]}@{host}:5432/{database}?sslmode=verify-full&sslrootcert={CA}"

    def mongo(account: str) -> str:
        options = f"replicaSet=rs0&authSource=admin&tls=true&tlsCAFile={CA}"
        return f"mongodb://{account}:{secret['mongo_' + account]}@documents:27017/payments?{options}"

    valkey = f"rediss://:{secret['valkey']}@broker:6379/{{}}?ssl_cert_reqs=required&ssl_ca_certs={CA}"
    kept = [name for name in environment.KEYS if name != "PORTICO_DEMO_PASSWORD"]
    readers = [account for account in environment.ACCOUNTS if account != "owner"]
    return {
        **{name: secret[name] for name in kept},
        "PORTICO_DATABASE_URL": postgres("portico_app", "portal-db", "portal"),
        "PORTICO_BROKER_URL": valkey.format(0),
        "PORTICO_CACHE_URL": valkey.format(1),
        "PORTICO_SCORING_URL": f"https://scoring:8100/?sslrootcert={CA}",
        **{f"PORTICO_OLTP_{a.upper()}_URL": postgres(f"payments_{a}", "oltp", "payments") for a in readers},
        **{f"PORTICO_DOCUMENTS_{a.upper()}_URL": mongo(a) for a in readers},
    }


def owner_address(secret: dict[str, str]) -> str:
    user = "portico_owner"
    return f"postgresql://{user}:{secret[user]}@portal-db:5432/portal?sslmode=verify-full&sslrootcert={CA}"


def sql(*parts: tuple[str, list[str]]) -> str:
    return "".join(f"\\connect {database}\n" + "\n".join(statements) + "\n" for database, statements in parts)


def files(secret: dict[str, str]) -> dict[str, dict[str, str]]:
    """What each server finds in its folder beside its certificate."""
    accounts = [
        {"user": account, "pwd": secret[f"mongo_{account}"], "roles": list(roles)}
        for account, roles in mongo.ROLES.items()
        if account != "owner"
    ]
    roles = [{"role": role, "privileges": list(rights), "roles": []} for role, rights in mongo.RIGHTS.items()]
    keys = all_pads(secret["PORTICO_TOKEN_KEY"], Purpose)
    portal = sql(
        ("postgres", postgres_sql.portal_cluster(secret.__getitem__)), ("portal", postgres_sql.portal_rights())
    )
    payments = sql(
        ("postgres", postgres_sql.payments_cluster(secret.__getitem__)),
        ("payments", [*postgres_sql.payments_rights(), *postgres_sql.payments_tokens(secret.__getitem__)]),
    )
    superuser = {"superuser": secret["portico_superuser"], "pg_hba.conf": HBA}
    return {
        "portal-db": {"init.sql": portal, **superuser},
        "oltp": {"init.sql": payments, **superuser},
        "documents": {
            "key": secret["mongo_key"],
            "accounts.js": ACCOUNTS_JS.format(
                admin=secret["mongo_admin"],
                accounts=json.dumps(accounts),
                roles=json.dumps(roles),
                keys=json.dumps(tokens.documents(keys)),
            ),
        },
        "broker": {"valkey.conf": VALKEY.format(password=secret["valkey"])},
        "scoring": {},
    }


def write(file: Path, content: str | bytes, *, owner: int, mode: int = 0o400) -> None:
    file.unlink(missing_ok=True)
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    file.chmod(mode)
    os.chown(file, owner, owner)


def prepare(made: Path, *, server_user: int = SERVER_USER, portal_user: int = PORTAL_USER) -> None:
    authority = Authority()
    root = authority.certificate.public_bytes(serialization.Encoding.PEM)
    secret = environment.fill_secrets({})
    for server, content in files(secret).items():
        certificate, key = authority.issue(server)
        parts = {"server.crt": certificate, "server.key": key, "server.pem": certificate + key, "ca.crt": root}
        user = portal_user if server == "scoring" else server_user
        for name, text in {**parts, **content}.items():
            write(made / server / name, text, owner=user)
    write(made / "authority" / "ca.crt", root, owner=portal_user, mode=0o444)
    for folder in ("portal", "owner"):  # the portal writes results, staged files and tree heads beside its settings
        os.chown(made / folder, portal_user, portal_user)
    known = addresses(secret)
    with_owner = {**known, "PORTICO_OWNER_DATABASE_URL": owner_address(secret)}
    write(made / "owner" / "env.json", json.dumps(with_owner, indent=1), owner=portal_user)
    # Last: its being there says that all the rest is.
    write(made / "portal" / "env.json", json.dumps(known, indent=1), owner=portal_user)


if __name__ == "__main__" and not (MADE / "portal" / "env.json").exists():
    prepare(MADE)
