"""Who queries data at all."""

from portal.accounts.types import Role

QUERIERS = (Role.ANALYST, Role.STEWARD, Role.OFFICER, Role.ENGINEER)
