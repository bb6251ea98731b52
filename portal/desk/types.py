"""What the floors below hand to the desk. They name their functions in the settings and need not import these."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from portal.accounts.models import User


class Hit(Protocol):
    """Something found: `kind` is a picture's name (table, column, pipeline, query, run, ...), `why` it matched."""

    @property
    def kind(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def why(self) -> str: ...


# settings.SEARCH_PROVIDERS: (person, text, limit) -> what that person may see, best first
SearchProvider = Callable[[User, str, int], Sequence[Hit]]


class HomeItem(Hit, Protocol):
    @property
    def state(self) -> str: ...
    @property
    def at(self) -> datetime | None: ...


class HomeSection(Protocol):
    """A block of home: `title`, `url` of the whole list, `items` (newest first), `empty`: what would be here."""

    @property
    def title(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def empty(self) -> str: ...
    @property
    def items(self) -> Sequence[HomeItem]: ...


# settings.HOME_SECTIONS: person -> a section, or None where it is not this person's
HomeSectionFor = Callable[[User], HomeSection | None]
