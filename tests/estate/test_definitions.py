"""What the estate declares about itself must be true of its schema: pipeline, governance, models, comments."""

import re
from pathlib import Path

import jinja2
import pytest
import yaml

from estate.documents.collections import COLLECTIONS
from estate.oltp import scripts
from estate.oltp.load import TABLES
from estate.pipelines.payments_elt import PAYMENTS_ELT
from estate.warehouse import ddl

ESTATE = Path(scripts.__file__).resolve().parent.parent
DBT = ESTATE / "dbt"
GOVERNANCE = yaml.safe_load((ESTATE / "governance" / "payments.yaml").read_text())
NOT_EXTRACTED = {("merchants", "bank_account_token"), ("payment_methods", "card_token")}
VARS = yaml.safe_load((DBT / "dbt_project.yml").read_text())["vars"]
MODELS = {path.stem: path for path in (DBT / "models").rglob("*.sql")}


def columns_of_schema() -> dict[str, list[str]]:
    found = {}
    for statement in scripts.statements("schema.sql"):
        made = re.match(r"create table if not exists public\.(\w+) \((.*)\)$", statement.text, re.DOTALL)
        if made:
            lines = [line.strip() for line in made[2].strip().splitlines()]
            found[made[1]] = [line.split()[0] for line in lines if not line.startswith(("check", "primary"))]
    return found


SCHEMA = columns_of_schema()


def paths_of(name: str) -> set[str]:
    """Every path that a collection's validator knows, in the catalog's way of writing them."""
    collection = next(c for c in COLLECTIONS if c.name == name)
    found: set[str] = set()

    def walk(path: str, schema: dict[str, object]) -> None:
        found.add(path)
        for key, inner in schema.get("properties", {}).items():
            walk(f"{path}.{key}", inner)
        if "items" in schema:
            walk(f"{path}[]", schema["items"])

    for key, schema in collection.properties.items():
        walk(key, dict(schema))
    return found


def test_the_schema_is_read_whole() -> None:
    assert set(TABLES) < set(SCHEMA)
    assert len(SCHEMA["charges"]) == 23


@pytest.mark.parametrize("table", SCHEMA)
def test_every_table_and_column_says_what_it_means(table: str) -> None:
    comments = (ESTATE / "oltp" / "comments.sql").read_text()

    assert f"comment on table public.{table} is" in comments
    for column in SCHEMA[table]:
        assert f"comment on column public.{table}.{column} is" in comments, column


@pytest.mark.parametrize("table", TABLES)
def test_extraction_has_its_index(table: str) -> None:
    assert f"on public.{table} (updated_at, id)" in (ESTATE / "oltp" / "keys.sql").read_text()


def test_every_key_can_be_dropped_by_its_name() -> None:
    assert len(scripts.drop_keys()) == len(scripts.keys())
    assert scripts.missing_keys([]) == scripts.keys()
    assert "charges_intent_fk" not in repr(scripts.missing_keys(["charges_intent_fk"]))


@pytest.mark.parametrize("extract", PAYMENTS_ELT.extracts, ids=lambda extract: extract.key)
def test_the_pipeline_takes_what_is_there(extract: object) -> None:
    name = extract.path[-1]
    taken = {column.source for column in extract.columns}
    if extract.source == "oltp":
        left = {column for column in SCHEMA[name] if (name, column) not in NOT_EXTRACTED}
        assert taken == left
    else:
        assert taken <= paths_of(name)
        covered = {path for path in paths_of(name) if path in taken or any(part in taken for part in above(path))}
        assert covered | containers(taken) == paths_of(name)


def above(path: str) -> set[str]:
    parts = re.split(r"(?=\.)|(?=\[\])", path)
    return {"".join(parts[:count]) for count in range(1, len(parts))}


def containers(paths: set[str]) -> set[str]:
    return {part for path in paths for part in above(path)}


@pytest.mark.parametrize("table", SCHEMA)
def test_every_column_has_a_category_and_every_table_an_owner(table: str) -> None:
    said = GOVERNANCE["sources"]["oltp"][f"public.{table}"]

    assert set(said["columns"]) == set(SCHEMA[table])
    assert said["owner"]
    assert said["description"]


@pytest.mark.parametrize("collection", [c.name for c in COLLECTIONS])
def test_every_path_has_a_category(collection: str) -> None:
    said = GOVERNANCE["sources"]["documents"][collection]

    assert set(said["columns"]) == paths_of(collection)
    assert said["owner"]


def categories() -> set[str]:
    found = set()
    for datasets in GOVERNANCE["sources"].values():
        for dataset in datasets.values():
            for said in dataset.get("columns", {}).values():
                found.add(said if isinstance(said, str) else said["category"])
    return found


def mask_of(role: str, category: str, purpose: str) -> set[str]:
    return {
        rule["mask"]
        for rule in GOVERNANCE["policies"]["masks"]
        if rule["category"] == category
        and role in rule.get("roles", [role])
        and purpose in rule.get("purposes", [purpose])
    }


@pytest.mark.parametrize("category", sorted(categories()))
def test_every_category_has_its_rules(category: str) -> None:
    for role in ("analyst", "ml_engineer", "steward", "compliance_officer"):
        assert mask_of(role, category, "analytics") or role == "compliance_officer", role
    assert mask_of("compliance_officer", category, "compliance")


@pytest.mark.parametrize("category", sorted(c for c in categories() if c.startswith("user.")))
@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_auditor_and_administrator_see_nothing_personal(role: str, category: str) -> None:
    for purpose in ("analytics", "compliance", "operations"):
        assert not mask_of(role, category, purpose)


@pytest.mark.parametrize(
    "category", ["user.contact.email", "user.contact.phone_number", "user.name", "user.financial.credit_card"]
)
def test_no_analyst_sees_it_in_clear(category: str) -> None:
    for purpose in ("analytics", "fraud_prevention"):
        assert mask_of("analyst", category, purpose)
        assert "clear" not in mask_of("analyst", category, purpose)


def test_raw_tables_hold_what_is_extracted() -> None:
    made = {statement.text for statement in ddl.statements()}
    charges = next(text for text in made if "ANALYTICS.RAW.OLTP_CHARGES" in text)

    assert "AMOUNT NUMBER(38,0)" in charges
    assert "_LOADED_AT TIMESTAMP_TZ not null" in charges
    assert {text.split()[5] for text in made if text.startswith("create schema")} == {
        f"ANALYTICS.{name}" for name in ddl.SCHEMAS
    }


@pytest.mark.parametrize("model", sorted(MODELS))
def test_models_name_their_columns(model: str) -> None:
    """Lineage by column is computed from the compiled statement."""
    text = MODELS[model].read_text()

    assert not re.search(r"select\s+(distinct\s+)?(\w+\.)?\*", text, re.IGNORECASE)


def described() -> dict[str, dict[str, str]]:
    found = {}
    for path in (DBT / "models").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text()).get("models", []):
            found[model["name"]] = {c["name"]: c.get("description", "") for c in model["columns"]}
            assert model["description"], model["name"]
    return found


def rendered(model: str, **places: str) -> str:
    """The statement as the warehouse gets it; `places` are tables that stand for what the model refers to."""
    told = {
        "ref": lambda name: places.get(name, name),
        "source": lambda schema, name: name,
        "var": VARS.__getitem__,
        "newest_version": lambda *a, **k: "",
    }
    macros = (DBT / "macros" / "earlier.sql").read_text()
    return jinja2.Environment(autoescape=False).from_string(macros + MODELS[model].read_text()).render(**told)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_output_column_of_a_model_is_described(model: str) -> None:
    import sqlglot

    outputs = sqlglot.parse_one(rendered(model), dialect="snowflake").named_selects

    assert outputs == list(described()[model])
    assert all(described()[model].values())


def test_what_personal_data_the_fact_table_carries() -> None:
    """An analyst opens the fact table and sees masked columns at once."""
    assert {"CUSTOMER_EMAIL", "CARD_BIN", "CARD_LAST4", "IP_ADDRESS"} <= set(described()["fct_charges"])
