"""The one question that is put to the engine."""

import logging
import traceback

from sqlglot.errors import SqlglotError

from apps.catalog.types import SourceSchema
from apps.compliance.policy.mongo.decide import decide_documents
from apps.compliance.policy.sql.decide import decide_sql
from apps.compliance.policy.sql.work import Work
from apps.compliance.policy.types import Decision, Limits, PolicySet, Reader, Refused

log = logging.getLogger(__name__)
UNEXPECTED = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    SqlglotError,
    TypeError,
    ValueError,
)


def decide(query: str, reader: Reader, schema: SourceSchema, policies: PolicySet, limits: Limits) -> Decision:
    """What runs in place of `query` for this reader, or why nothing does."""
    if not policies.rules:
        return Refused(
            "not_configured",
            "No rule says yet who may see what.",
            "An administrator applies a governance file first: manage.py apply_governance FILE.",
        )
    try:
        return decided(query, reader, schema, policies, limits)
    except UNEXPECTED as error:
        return not_decided(error)


def decided(query: str, reader: Reader, schema: SourceSchema, policies: PolicySet, limits: Limits) -> Decision:
    if schema.kind == "postgres":
        return decide_sql(Work(query, "postgres", reader, schema, policies, limits))
    if schema.kind == "snowflake":
        return decide_sql(Work(query, "snowflake", reader, schema, policies, limits))
    if schema.kind == "mongo":
        return decide_documents(query, reader, schema, policies, limits)
    return Refused("not_configured", f"Queries on a store of the kind {schema.kind} are not supported.")


def not_decided(error: BaseException) -> Refused:
    """A fault of the engine refuses. Its place is written down; its text is not, for it may repeat what was typed."""
    places = traceback.extract_tb(error.__traceback__)
    place = f"{places[-1].name}, line {places[-1].lineno}" if places else "an unknown place"
    log.error("The engine failed with %s in %s.", type(error).__name__, place)
    return Refused("not_understood", "This query could not be checked, so it does not run.", "Write it another way.")
