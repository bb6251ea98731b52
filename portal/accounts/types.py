"""Roles and purposes. A role is a Django group of the same name; a person may hold several."""

from enum import StrEnum


class Role(StrEnum):
    ANALYST = "analyst"
    STEWARD = "steward"
    OFFICER = "compliance_officer"
    ENGINEER = "ml_engineer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class Purpose(StrEnum):
    """Why somebody looks at data; a policy may depend on it."""

    ANALYTICS = "analytics"
    FRAUD_PREVENTION = "fraud_prevention"
    COMPLIANCE = "compliance"
    OPERATIONS = "operations"
