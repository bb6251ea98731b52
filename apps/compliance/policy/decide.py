"""The one question that is put to the engine."""

from apps.catalog.types import SourceSchema
from apps.compliance.policy.mongo.decide import decide_documents
from apps.compliance.policy.sql.decide import decide_sql
from apps.compliance.policy.sql.work import Work
from apps.compliance.policy.types import Decision, Limits, PolicySet, Reader, Refused


def decide(query: str, reader: Reader, schema: SourceSchema, policies: PolicySet, limits: Limits) -> Decision:
    """What runs in place of `query` for this reader, or why nothing does."""
    if not policies.rules:
        return Refused(
            "not_configured",
            "No rule says yet who may see what.",
            "An administrator applies a governance file first: manage.py apply_governance FILE.",
        )
    if schema.kind == "postgres":
        return decide_sql(Work(query, "postgres", reader, schema, policies, limits))
    if schema.kind == "snowflake":
        return decide_sql(Work(query, "snowflake", reader, schema, policies, limits))
    if schema.kind == "mongo":
        return decide_documents(query, reader, schema, policies, limits)
    return Refused("not_configured", f"Queries on a store of the kind {schema.kind} are not supported.")
