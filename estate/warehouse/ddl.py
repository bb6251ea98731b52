"""The warehouse's schemas, and the RAW tables as the pipeline's definition lists their columns."""

from estate.pipelines.definition import Extract
from estate.pipelines.payments_elt import PAYMENTS_ELT
from portal.stores.types import Sql

DATABASE = "ANALYTICS"
SCHEMAS = {
    "RAW": "What sources sent, every version of every row, as it came. Loaders write here and nobody else.",
    "STAGING": "One row per key, newest version; names and types made uniform. Built by dbt.",
    "CORE": "Facts and dimensions of payments. Built by dbt.",
    "MARTS": "Answers to the questions people ask, one table a question. Built by dbt.",
    "ML": "Features and predictions.",
}
# Which load brought a row: when, by which run of the pipeline, in which batch of it.
PROVENANCE = "_LOADED_AT TIMESTAMP_TZ not null, _RUN_ID NUMBER(38,0) not null, _BATCH VARCHAR not null"


def statements() -> tuple[Sql, ...]:
    """Each may run again; nothing is dropped."""
    schemas = (
        Sql(f"create schema if not exists {DATABASE}.{name} comment = '{comment}'") for name, comment in SCHEMAS.items()
    )
    return (*schemas, *(raw_table(extract) for extract in PAYMENTS_ELT.extracts))


def raw_table(extract: Extract) -> Sql:
    columns = ", ".join(f"{column.target} {column.type}" for column in extract.columns)
    return Sql(f"create table if not exists {'.'.join(extract.target)} ({columns}, {PROVENANCE})")
