"""Reads, cut to what the person may know of."""

from django.db.models import Exists, OuterRef, QuerySet

from apps.catalog import schemas
from apps.catalog.models import Dataset, Source
from apps.catalog.types import SourceSchema
from portal.accounts.access import known_ids, visible, visible_to_role
from portal.accounts.models import User
from portal.accounts.selectors import Someone
from portal.accounts.types import Role
from portal.runs.flows import ACTIVE
from portal.runs.models import Run


class SourceNotSynced(LookupError):
    """The catalog has never seen this source."""


def datasets_for(person: Someone) -> QuerySet[Dataset]:
    """Live datasets the person may know of."""
    return visible(person, Dataset.objects.filter(retired_at=None)).select_related("source")


def visible_ids(person: Someone) -> frozenset[int]:
    return frozenset(datasets_for(person).order_by().values_list("pk", flat=True))


def schema_for_gate(*, source: str, user: User | None) -> SourceSchema:
    """Everything of `source` that `user` may know of; None is a machine, which may know all.

    Two queries when the schema is already in this process. Raises SourceNotSynced.
    """
    row = Source.objects.filter(name=source).first()
    if row is None:
        raise SourceNotSynced(f"The catalog has not looked at {source!r} yet.")
    return schemas.schema_of(row, None if user is None else visible_ids(user))


def schema_for_role(*, source: str, role: Role) -> SourceSchema:
    """What somebody would know of who held this role alone. Raises SourceNotSynced."""
    row = Source.objects.filter(name=source).first()
    if row is None:
        raise SourceNotSynced(f"The catalog has not looked at {source!r} yet.")
    found = visible_to_role(role, Dataset.objects.filter(retired_at=None))
    return schemas.schema_of(row, frozenset(found.order_by().values_list("pk", flat=True)))


def catalog_schema(source: str) -> SourceSchema:
    """The whole source, for machine paths."""
    return schema_for_gate(source=source, user=None)


def sources_for(person: Someone) -> list[Source]:
    """Sources of which the person may know at least one dataset."""
    ids = known_ids(person, Dataset)
    known = Dataset.objects.filter(retired_at=None, source=OuterRef("pk"))
    return list(Source.objects.filter(Exists(known if ids is None else known.filter(pk__in=ids))).order_by("name"))


def filling() -> str:
    """Why the catalog holds nothing at all, for anybody: "run" while one that may fill it works, "nothing" when none
    does, empty when it holds something. Says no more than that: neither which run, nor whose."""
    if Dataset.objects.exists():
        return ""
    return "run" if Run.objects.filter(kind="pipeline", state__in=ACTIVE).exists() else "nothing"
