"""The areas of the portal and whose they are. An entry that a role may not use is not shown to it."""

from dataclasses import dataclass

from portal.accounts.types import Role

EVERY_ROLE = frozenset(Role)


@dataclass(frozen=True)
class Area:
    name: str
    path: str
    icon: str
    key: str = ""  # pressed after `g`
    roles: frozenset[Role] = EVERY_ROLE
    anyone: bool = False  # also for people who hold no role yet


AREAS = (
    Area("Home", "/", "home", "h", anyone=True),
    Area("Catalog", "/catalog/", "catalog", "c"),
    Area("Queries", "/queries/", "queries", "q", frozenset({Role.ANALYST, Role.STEWARD, Role.OFFICER, Role.ENGINEER})),
    Area("Pipelines", "/pipelines/", "pipelines", "p"),
    Area(
        "Compliance",
        "/compliance/",
        "compliance",
        "o",
        frozenset({Role.OFFICER, Role.STEWARD, Role.AUDITOR, Role.ADMINISTRATOR}),
    ),
    Area("Models", "/models/", "models", "m", EVERY_ROLE - {Role.ANALYST}),
)
EXTRAS = (Area("Audit", "/audit/", "audit", "a", frozenset({Role.AUDITOR, Role.ADMINISTRATOR, Role.OFFICER})),)


def areas_for(roles: frozenset[Role], areas: tuple[Area, ...] = AREAS) -> list[Area]:
    return [area for area in areas if area.anyone or area.roles & roles]


def area_of(path: str) -> Area | None:
    """The area that an address lies in; home is only itself."""
    return next((area for area in (*AREAS[1:], *EXTRAS) if path.startswith(area.path)), None)
