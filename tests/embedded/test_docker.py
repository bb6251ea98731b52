"""The compose file's promises, as far as they can be checked without Docker."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from apps.models.scoring.patience import Patient
from portal.accounts.types import Purpose
from portal.embedded.home import BASE
from portal.stores.reach import reach_http
from portal.tokens.keys import all_pads

COMPOSE: dict[str, Any] = yaml.safe_load((BASE / "docker" / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
WAREHOUSE = {
    f"PORTICO_WAREHOUSE_{account}_URL": "snowflake://u:p@x.snowflakecomputing.com/ANALYTICS?account=x"
    for account in ("GATE", "CATALOG", "LOADER", "PRIVACY")
}


def networks(service: str) -> set[str]:
    return set(SERVICES[service].get("networks", []))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("prepare", BASE / "docker" / "prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    place = tmp_path_factory.mktemp("made")
    for folder in ("portal", "owner", "authority", "portal-db", "oltp", "documents", "broker", "scoring"):
        (place / folder).mkdir()
    module.prepare(place, server_user=os.getuid(), portal_user=os.getuid())
    return place


def test_the_keys_of_tokens_go_to_the_stores_and_to_nobody_else_there(made: Path) -> None:
    key = json.loads((made / "portal" / "env.json").read_text())["PORTICO_TOKEN_KEY"]
    script, accounts = (made / "oltp" / "init.sql").read_text(), (made / "documents" / "accounts.js").read_text()
    assert all_pads(key, Purpose)[1].outer.hex() in script
    assert script.index("portico.mask_keys") > script.index("\\connect payments")
    roles = {user["user"]: [role["role"] for role in user["roles"]] for user in accounts_of(accounts)}
    assert {user for user, held in roles.items() if "readsTokenKeys" in held} == {"gate"}
    assert not [user for user, held in roles.items() if "read" in held]
    assert "portico_token_analytics" in accounts


def accounts_of(script: str) -> list[dict[str, Any]]:
    line = next(line for line in script.splitlines() if line.startswith("for (const account of "))
    found: list[dict[str, Any]] = json.JSONDecoder().raw_decode(line.removeprefix("for (const account of "))[0]
    return found


def test_who_loads_and_who_answers_people_share_only_the_portals_own_network() -> None:
    assert networks("loads") & networks("queries") == {"control"}
    assert networks("loads") & networks("web") == {"control"}


def test_the_portals_database_and_broker_are_reached_from_one_closed_network() -> None:
    assert networks("portal-db") == networks("broker") == {"control"}
    assert COMPOSE["networks"]["control"] == COMPOSE["networks"]["ingestion"] == {"internal": True}


def test_only_the_web_is_published_and_only_on_this_machine() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["web"]
    assert SERVICES["web"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]


def test_volumes_and_networks_that_are_used_are_declared() -> None:
    for name, service in SERVICES.items():
        assert networks(name) <= set(COMPOSE["networks"])
        used = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert used <= set(COMPOSE["volumes"]), name


@pytest.mark.parametrize("folder", ["portal", "owner"])
def test_what_is_made_passes_the_checks_of_a_production_start(made: Path, folder: str) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_")}
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--fail-level", "ERROR"],
        cwd=BASE,
        env={**clean, **WAREHOUSE, "PORTICO_HOME": str(made / folder), "PORTICO_EMBEDDED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_only_the_migration_gets_the_owners_account(made: Path) -> None:
    portal = json.loads((made / "portal" / "env.json").read_text())
    owner = json.loads((made / "owner" / "env.json").read_text())
    assert "PORTICO_OWNER_DATABASE_URL" not in portal
    assert set(owner) - set(portal) == {"PORTICO_OWNER_DATABASE_URL"}
    holders = [name for name, service in SERVICES.items() if "owner:/var/lib/portico" in service.get("volumes", [])]
    assert holders == ["migrate"]


@pytest.mark.parametrize("server", ["portal-db", "oltp", "documents", "broker", "scoring"])
def test_each_certificate_names_its_server_and_is_signed_by_ours(made: Path, server: str) -> None:
    root = x509.load_pem_x509_certificate((made / "authority" / "ca.crt").read_bytes())
    own = x509.load_pem_x509_certificate((made / server / "server.crt").read_bytes())
    own.verify_directly_issued_by(root)
    assert isinstance(root.public_key(), ec.EllipticCurvePublicKey)
    names = own.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert server in names.get_values_for_type(x509.DNSName)
    assert (made / server / "server.key").stat().st_mode & 0o077 == 0


async def serving(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"7")]})
    await send({"type": "http.response.body", "body": b"fraud 3"})


def test_the_scoring_services_certificate_is_believed_by_whoever_knows_our_authority(made: Path) -> None:
    folder = made / "scoring"
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            serving, http=Patient, ws="none", lifespan="off", log_config=None,
            ssl_certfile=folder / "server.crt", ssl_keyfile=folder / "server.key",
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        address = f"https://localhost:{bound.getsockname()[1]}/"
        known = reach_http("scoring", f"{address}?sslrootcert={made / 'authority' / 'ca.crt'}", "/version", "serves")
        strange = reach_http("scoring", address, "/version", "serves")
        nowhere = reach_http("scoring", f"{address}?sslrootcert={made / 'none.crt'}", "/version", "serves")
        server.should_exit = True
        thread.join(5)
    assert (known.ok, known.version) == (True, "serves fraud 3")
    assert (strange.ok, strange.detail) == (False, "It does not answer.")
    assert (nowhere.ok, nowhere.detail) == (False, "The certificate that its address names cannot be read.")
