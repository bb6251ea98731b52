"""What erasure finds in look-ups: people may name somebody in a reason."""

import json
from collections.abc import Callable, Iterator

from django.db import transaction

from apps.compliance.subjects.match import Matcher
from apps.queries.models import LookUp
from apps.queries.sealing import Broken, open_sealed, seal
from portal.holders import HolderSilent


def find(matcher: Matcher) -> int:
    return sum(bool(matcher.found(text)) for _, text in texts())


def erase(matcher: Matcher, *, check: Callable[[], None]) -> int:
    touched = [row for row, text in texts() if matcher.found(text)]
    for row in touched:
        check()
        with transaction.atomic():
            found = LookUp.objects.select_for_update().get(pk=row.pk)
            body = json.dumps(matcher.cut_all(json.loads(text_of(found))))
            LookUp.objects.filter(pk=row.pk).update(body=seal(body.encode(), f"look-up:{row.pk}"))
    return len(touched)


def texts() -> Iterator[tuple[LookUp, str]]:
    for row in LookUp.objects.order_by("pk").iterator():
        yield row, text_of(row)


def text_of(row: LookUp) -> str:
    """Raises HolderSilent for one that does not open: nobody knows what it holds."""
    try:
        return open_sealed(bytes(row.body), f"look-up:{row.pk}").decode()
    except Broken:
        raise HolderSilent(f"{row} does not open with the key for results.") from None
