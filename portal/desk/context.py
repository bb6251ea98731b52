"""What the frame of every page needs. Asked only when a template reads it, so that fragments pay nothing."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.accounts.models import User
from portal.accounts.selectors import current_purpose, purposes_of, roles_of
from portal.accounts.types import Purpose, Role
from portal.desk.areas import AREAS, EXTRAS, Area, area_of, areas_for
from portal.notices.selectors import notices_for

THEMES = ("system", "light", "dark")
THEME_COOKIE = "theme"


@dataclass(frozen=True)
class Entry:
    name: str
    path: str
    icon: str
    key: str
    here: bool
    exact: bool
    count: int


class Frame:
    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.themes = THEMES

    @property
    def theme(self) -> str:
        chosen = self.request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else "system"

    @cached_property
    def roles(self) -> frozenset[Role]:
        return roles_of(self.request.user)

    @property
    def role_words(self) -> str:
        return ", ".join(role.label for role in Role if role in self.roles)

    @property
    def may_audit(self) -> bool:
        return bool(areas_for(self.roles, EXTRAS))

    @property
    def purpose(self) -> Purpose:
        return current_purpose(self.request)

    @property
    def purposes(self) -> tuple[Purpose, ...]:
        return purposes_of(self.request.user)

    @cached_property
    def _notices(self) -> Counter[str]:
        """Open notices by the path of the area that their address lies in."""
        user = self.request.user
        if not isinstance(user, User):
            return Counter()
        areas = (area_of(url) for url in notices_for(user).values_list("url", flat=True))
        return Counter(area.path if area else "/" for area in areas)

    @property
    def inbox(self) -> int:
        return self._notices.total()

    @cached_property
    def areas(self) -> list[Entry]:
        return self._entries(AREAS)

    @cached_property
    def extras(self) -> list[Entry]:
        return self._entries(EXTRAS)

    def _entries(self, areas: tuple[Area, ...]) -> list[Entry]:
        path = self.request.path
        return [
            Entry(
                name=area.name,
                path=area.path,
                icon=area.icon,
                key=area.key,
                here=path == area.path or (area.path != "/" and path.startswith(area.path)),
                exact=path == area.path,
                count=0 if area.path == "/" else self._notices[area.path],
            )
            for area in areas_for(self.roles, areas)
        ]


def frame(request: HttpRequest) -> dict[str, Any]:
    return {"frame": SimpleLazyObject(lambda: Frame(request))}
