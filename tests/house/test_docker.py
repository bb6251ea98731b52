"""What docker/ promises, read from its files: nobody needs an engine to see that a door was opened."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from portal.embedded import postgres_sql

ROOT = Path(settings.BASE_DIR)
DOCKER = ROOT / "docker"
TEXT = (DOCKER / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROCESSES = ("web", "queries", "loads", "beat", "scoring", "migrate")
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
# A version has at least two numbers; "18" and "latest" are whatever was built this morning.
PINNED = re.compile(r"[a-z/-]+:\d+\.\d+(\.\d+)?(-[a-z0-9.-]+)?(@sha256:[0-9a-f]{64})?")
NETWORKS = {
    "control": {"web", "queries", "loads", "beat", "scoring", "migrate", "portal-db", "broker"},
    "ingestion": {"loads", "oltp", "documents"},
    "transformation": {"loads"},
    "analysis": {"web", "queries", "oltp", "documents"},
    "serving": {"scoring"},
}


def instructions(name: str) -> list[str]:
    lines = DOCKERFILE.replace("\\\n", " ").splitlines()
    return [line.split(maxsplit=1)[1] for line in lines if line.startswith(f"{name} ")]


def variables(service: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in service.get("environment", {}).items()}


def test_only_the_web_is_published_and_only_to_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["web"]
    assert all(str(port).startswith("127.0.0.1:") for port in published["web"])
    assert not any("network_mode" in service for name, service in SERVICES.items() if name != "prepare")


def test_networks_are_split_as_the_readme_says() -> None:
    found = {net: {name for name, s in SERVICES.items() if net in s.get("networks", [])} for net in COMPOSE["networks"]}
    assert found == NETWORKS
    closed = {name for name, network in COMPOSE["networks"].items() if (network or {}).get("internal")}
    assert closed == {"control", "ingestion"}
    readme = (DOCKER / "README.md").read_text()
    assert all(f"| `{name}` |" in readme for name in NETWORKS)


def test_every_setting_named_here_is_documented() -> None:
    files = [file for file in DOCKER.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    # Without the halves of composed names: f"PORTICO_OLTP_{account}_URL".
    named = {name for file in files for name in re.findall(r"PORTICO_[A-Z_]*[A-Z](?![A-Z_])", file.read_text())}
    documented = set(re.findall(r"^\| `(PORTICO_[A-Z_]+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    # Roles and warehouses of Snowflake are no settings.
    snowflake = {
        "PORTICO_GATE",
        "PORTICO_CATALOG",
        "PORTICO_LOADER",
        "PORTICO_PRIVACY",
        "PORTICO_QUERIES",
        "PORTICO_LOADS",
    }
    assert "PORTICO_WAREHOUSE_GATE_URL" in named
    assert named - documented - snowflake == set()


def test_what_only_the_operator_knows_has_no_default_and_stops_the_start() -> None:
    required = set(re.findall(r"\$\{([A-Z_]+):\?[^}]+\}", TEXT))
    assert set(re.findall(r"\$\{([A-Z_]+)", TEXT)) - required == {"PORT"}
    lines = (DOCKER / "env.example").read_text().splitlines()
    asked = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(asked) == required
    assert set(asked.values()) == {""}


@pytest.mark.parametrize("name", SERVICES)
def test_no_password_stands_in_the_compose_file(name: str) -> None:
    for variable, value in variables(SERVICES[name]).items():
        if re.search("PASSWORD|SECRET|KEY|TOKEN", variable):
            assert variable.endswith("_FILE"), variable
        assert not re.search(r"://[^/\s]*:[^/\s]+@", value), variable
        assert not variable.endswith("_URL") or value in {"", "None"} or value.startswith("${"), variable


def test_images_are_pinned_to_a_version() -> None:
    images = {name: str(service["image"]) for name, service in SERVICES.items()}
    assert {name: image for name, image in images.items() if not PINNED.fullmatch(image)} == {}
    assert images["web"] == f"portico:{settings.VERSION}"
    bases = dict(argument.split("=", 1) for argument in instructions("ARG"))
    assert {name: image for name, image in bases.items() if not PINNED.fullmatch(image)} == {}
    assert {base.split()[0] for base in instructions("FROM")} == {f"${{{name}}}" for name in bases}


def test_the_image_runs_as_somebody_without_rights() -> None:
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    # `prepare` gives each server its key, so it is root; it hears and speaks to nobody.
    assert [name for name, service in SERVICES.items() if "user" in service] == ["prepare"]
    assert SERVICES["prepare"]["network_mode"] == "none"


@pytest.mark.parametrize("name", PROCESSES)
def test_processes_of_the_portal_can_write_nothing_but_their_home(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "privileged" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    writable = [volume for volume in service["volumes"] if not volume.endswith(":ro")]
    assert [volume.split(":")[1] for volume in writable] == ["/var/lib/portico"]


@pytest.mark.parametrize("name", PROCESSES)
def test_each_process_starts_by_a_word_that_the_entry_knows(name: str) -> None:
    (word,) = SERVICES[name]["command"]
    assert re.search(rf"^{word}\)", (DOCKER / "entry.sh").read_text(), re.MULTILINE)


def test_an_unsafe_configuration_stops_every_process_that_listens_or_works() -> None:
    entry = (DOCKER / "entry.sh").read_text()
    starts = [part for part in re.split(r"(?m)^(?=\w+\)|worker\(\))", entry) if "exec python -m " in part]
    assert len(starts) == 4  # web, beat, scoring, and the workers' common start
    assert all(part.index("checked") < part.index("exec python -m ") for part in starts)


def test_the_image_is_checked_by_its_own_health_page() -> None:
    (check,) = instructions("HEALTHCHECK")
    assert "docker/healthcheck.py" in check
    assert SERVICES["web"]["healthcheck"]["test"][-1] == "docker/healthcheck.py"
    assert "/healthz" in (DOCKER / "healthcheck.py").read_text()


def test_the_scoring_service_is_asked_over_tls_by_its_own_check() -> None:
    check = SERVICES["scoring"]["healthcheck"]["test"]
    assert check[-2:] == ["docker/healthcheck.py", "https://localhost:8100/healthz"]
    assert "--certificate /made/server.crt --key /made/server.key" in (DOCKER / "entry.sh").read_text()
    assert "scoring-made:/made:ro" in SERVICES["scoring"]["volumes"]


def test_no_secret_and_no_index_address_reaches_the_image() -> None:
    given = " ".join(instructions("ENV") + [argument.split("=")[0] for argument in instructions("ARG")])
    assert not re.search("PASSWORD|SECRET|TOKEN|_KEY|_URL", given)
    assert "://" not in DOCKERFILE
    assert "--index" not in DOCKERFILE
    assert DOCKERFILE.count("--require-hashes") == 3
    assert "npm ci --ignore-scripts" in DOCKERFILE


def test_only_what_is_named_reaches_the_build() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert lines[0] == "*"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = {source for words in instructions("COPY") if "--from" not in words for source in words.split()[:-1]}
    assert {path for path in copied if not (ROOT / path).exists()} == set()
    assert copied - let_in - {path for path in copied if path.startswith("requirements/")} == set()
    assert let_in - copied == {"requirements"}


def test_the_set_of_mongodb_is_made_from_localhost() -> None:
    """While it has no account, MongoDB lets only localhost make the set and the first one."""
    assert "--host localhost " in SERVICES["documents"]["healthcheck"]["test"][1]


def test_the_readme_gives_the_rights_that_the_portal_is_tested_with() -> None:
    readme = (DOCKER / "README.md").read_text()
    wanted = [*postgres_sql.portal_rights(), "ALTER ROLE payments_gate SET default_transaction_read_only = on;"]
    assert [statement for statement in wanted if statement not in readme] == []
