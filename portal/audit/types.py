"""Who acts and on what: the two values every audit event is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Detail = Mapping[str, object]


class Person(Protocol):
    """What this floor needs to know of `settings.AUTH_USER_MODEL`."""

    pk: int

    def get_username(self) -> str: ...

    def has_perm(self, perm: str) -> bool: ...


@dataclass(frozen=True)
class Actor:
    """A person, or a named part of the portal (`system("scheduler")`). Names are kept as text: they outlive rows."""

    kind: Literal["user", "system"]
    id: str
    name: str

    @classmethod
    def of(cls, person: Person) -> "Actor":
        return cls("user", str(person.pk), person.get_username())

    @classmethod
    def system(cls, part: str) -> "Actor":
        return cls("system", part, part)


@dataclass(frozen=True)
class Target:
    """What the event is about: `Target("dataset", "42", "warehouse: CORE.FCT_CHARGES")`."""

    kind: str
    id: str
    name: str = ""
