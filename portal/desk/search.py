"""Search over everything that the settings name, and what the palette offers."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from django.conf import settings
from django.utils.module_loading import import_string

from portal.accounts.models import User
from portal.accounts.selectors import roles_of
from portal.desk.areas import AREAS, EXTRAS, areas_for
from portal.desk.types import Hit

SHORTEST = 2  # one letter matches everything and helps nobody
LONGEST = 200


@dataclass(frozen=True)
class Found:
    kind: str
    title: str
    path: str
    url: str
    why: str = ""


ACTIONS = (
    Found("inbox", "Open inbox", "what needs you", "/inbox/"),
    Found("token", "API tokens", "create or revoke", "/account/tokens/"),
)


def search(user: User, text: str, limit: int) -> list[Hit]:
    """What the person may see and that matches, the best of every provider first."""
    wanted = text.strip()[:LONGEST]
    if len(wanted) < SHORTEST:
        return []
    answers = [import_string(name)(user, wanted, limit) for name in settings.SEARCH_PROVIDERS]
    mixed = chain.from_iterable(zip_longest(*answers))
    return [hit for hit in mixed if hit is not None][:limit]


def places(user: User) -> list[Found]:
    shown = areas_for(roles_of(user), AREAS + EXTRAS)
    return [Found(area.icon, area.name, "", area.path, f"g {area.key}" if area.key else "") for area in shown]


def palette_groups(user: User, text: str, limit: int) -> list[tuple[str, Sequence[Hit]]]:
    """Groups with names, in order. Without text: where one can go and what one can do."""
    wanted = text.strip().lower()
    go = [place for place in places(user) if wanted in place.title.lower()]
    do = [action for action in ACTIONS if wanted in f"{action.title} {action.path}".lower()]
    if not wanted:
        return [("Go to", go), ("Do", do)]
    return [("Found", search(user, text, limit)), ("Go to", go), ("Do", do)]
