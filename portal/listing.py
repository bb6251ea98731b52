"""What any part shows of its things on pages that are not its own: home, and search from anywhere."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class Item:
    kind: str
    title: str
    path: str
    url: str
    why: str = ""
    state: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class Section:
    """A block of home. `empty` is what stands there without items."""

    title: str
    url: str
    empty: str
    items: list[Item] = field(default_factory=list)
