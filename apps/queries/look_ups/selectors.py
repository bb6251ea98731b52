"""What a person may look up by, and the look-ups that there were."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from apps.catalog.selectors import SourceNotSynced, schema_for_gate
from apps.compliance.access.readers import reader_of
from apps.compliance.access.selectors import held_by
from apps.compliance.look_ups import ROWS, Sought, identifying
from apps.compliance.policy.types import Limits
from apps.compliance.selectors import policy_set
from apps.queries.look_ups.types import Kept
from apps.queries.models import Execution, LookUp
from apps.queries.sealing import open_sealed
from portal.accounts.models import User
from portal.accounts.selectors import Someone, has_role
from portal.accounts.types import Purpose, Role

CHECKERS = (Role.OFFICER, Role.AUDITOR)
LISTED = 200


@dataclass(frozen=True)
class Place:
    """A dataset and its columns that somebody may look up by."""

    dataset: int
    source: str
    name: str
    columns: tuple[str, ...]


def places_for(user: User, purpose: Purpose) -> list[Place]:
    """Nothing of a source that the catalog has not looked at."""
    reader, policies, found = reader_of(user, purpose, held_by(user, purpose)), policy_set(), []
    for source in settings.STORES:
        try:
            schema = schema_for_gate(source=source, user=user)
        except SourceNotSynced:
            continue
        for dataset in schema.datasets:
            columns = tuple(column.name for column in identifying(dataset, schema, reader, policies))
            if columns:
                found.append(Place(dataset.id, source, ".".join(dataset.path[1:]), columns))
    return found


def is_look_up(execution: Execution) -> bool:
    return LookUp.objects.filter(execution=execution).exists()


def kept_of(row: LookUp) -> Kept:
    body = json.loads(open_sealed(bytes(row.body), f"look-up:{row.pk}"))
    return Kept(body["reason"], tuple(body["path"]), body["token"])


def sought_of(execution: Execution) -> Sought | None:
    """What the worker compares; None for what is no look-up."""
    row = LookUp.objects.filter(execution=execution).first()
    if row is None:
        return None
    kept = kept_of(row)
    return Sought(kept.path, row.column, kept.token)


def limits() -> Limits:
    return Limits(ROWS, settings.QUERY_TIMEOUT_SECONDS)


def look_ups_for(person: Someone) -> QuerySet[LookUp]:
    """Everybody's, for those who check them."""
    if not has_role(person, *CHECKERS):
        return LookUp.objects.none()
    return LookUp.objects.select_related("user", "execution")


def listed(person: Someone) -> Sequence[tuple[LookUp, str]]:
    """The newest with the reason of each."""
    return [(row, kept_of(row).reason) for row in look_ups_for(person)[:LISTED]]
