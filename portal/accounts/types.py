"""Roles and purposes. A role is a Django group of the same name; a person may hold several."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    ANALYST = "analyst"
    STEWARD = "steward"
    OFFICER = "compliance_officer"
    ENGINEER = "ml_engineer"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"

    @property
    def label(self) -> str:
        return ROLE_LABELS[self]


ROLE_LABELS: Mapping[Role, str] = {
    Role.ANALYST: "analyst",
    Role.STEWARD: "steward",
    Role.OFFICER: "compliance officer",
    Role.ENGINEER: "ML engineer",
    Role.AUDITOR: "auditor",
    Role.ADMINISTRATOR: "administrator",
}


class Purpose(StrEnum):
    """Why somebody looks at data; a policy may depend on it."""

    ANALYTICS = "analytics"
    FRAUD_PREVENTION = "fraud_prevention"
    COMPLIANCE = "compliance"
    OPERATIONS = "operations"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ")


# What each role may act for; the first is where a session starts. A purpose nobody's role allows cannot be taken,
# otherwise anyone could choose the one whose masks are lightest.
PURPOSES: Mapping[Role, tuple[Purpose, ...]] = {
    Role.ANALYST: (Purpose.ANALYTICS, Purpose.FRAUD_PREVENTION),
    Role.STEWARD: (Purpose.OPERATIONS, Purpose.ANALYTICS),
    Role.OFFICER: (Purpose.COMPLIANCE, Purpose.ANALYTICS),
    Role.ENGINEER: (Purpose.ANALYTICS, Purpose.FRAUD_PREVENTION),
    Role.AUDITOR: (Purpose.COMPLIANCE,),
    Role.ADMINISTRATOR: (Purpose.OPERATIONS,),
}
