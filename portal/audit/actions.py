"""The fixed vocabulary of the trail. A word that is not here cannot be recorded."""

from enum import StrEnum


class Action(StrEnum):
    SIGNED_IN = "accounts.signed_in"
    SIGN_IN_FAILED = "accounts.sign_in_failed"
    SIGNED_OUT = "accounts.signed_out"
    USER_CREATED = "accounts.user_created"
    ROLE_GRANTED = "accounts.role_granted"
    TOKEN_CREATED = "accounts.token_created"  # noqa: S105
    TOKEN_REVOKED = "accounts.token_revoked"  # noqa: S105
    PURPOSE_CHANGED = "accounts.purpose_changed"
    ACCESS_GRANTED = "compliance.access_granted"
    ACCESS_REVOKED = "compliance.access_revoked"
    ACCESS_REQUESTED = "compliance.access_requested"
    GOVERNANCE_APPLIED = "compliance.governance_applied"
    POLICY_CHANGED = "compliance.policy_changed"
    SOURCE_SYNCED = "catalog.source_synced"
    COLUMN_CLASSIFIED = "catalog.column_classified"
    OWNER_CHANGED = "catalog.owner_changed"
    DESCRIPTION_CHANGED = "catalog.description_changed"
    DBT_IMPORTED = "catalog.dbt_imported"
    RUN_STARTED = "runs.started"
    RUN_FINISHED = "runs.finished"
    RUN_CANCELLED = "runs.cancelled"
    RUN_RESUMED = "runs.resumed"
    STEP_FINISHED = "runs.step_finished"
    STEP_FAILED = "runs.step_failed"
    LEASE_LOST = "runs.lease_lost"
    LOAD_INTENDED = "pipelines.load_intended"
    LOAD_RECEIPTED = "pipelines.load_receipted"
    QUERY_DECIDED = "queries.decided"
    QUERY_REFUSED = "queries.refused"
    QUERY_FINISHED = "queries.finished"
    QUERY_EXPORTED = "queries.exported"
    QUERY_CANCELLED = "queries.cancelled"
