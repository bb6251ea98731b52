"""What erasure finds in saved queries, comments and the library: people type values into all of them."""

import json
from collections.abc import Callable, Iterator

from django.db import transaction

from apps.compliance.subjects.match import Matcher
from apps.queries.library.checks import quarantine
from apps.queries.library.models import LibraryEntry, LibraryStep
from apps.queries.library.types import State
from apps.queries.models import SavedComment, SavedVersion
from apps.queries.sealing import Broken, open_sealed, seal
from portal.audit.types import Actor
from portal.holders import HolderSilent

Kept = SavedVersion | SavedComment | LibraryEntry | LibraryStep
PLACES: dict[type[Kept], str] = {
    SavedVersion: "saved",
    SavedComment: "comment",
    LibraryEntry: "library",
    LibraryStep: "step",
}
ERASER = Actor.system("erasure")
CUT = "A person's data was erased from its text, which is another text since: review it."


def find(matcher: Matcher) -> int:
    return sum(bool(matcher.found(text)) for _, text in texts())


def erase(matcher: Matcher, *, check: Callable[[], None]) -> int:
    """Cuts the person's values out, one row a transaction, locked: a writer in between is not undone."""
    touched = [row for row, text in texts() if matcher.found(text)]
    for row in touched:
        check()
        with transaction.atomic():
            cut(matcher, row)
    return len(touched)


def cut(matcher: Matcher, row: Kept) -> None:
    found = type(row).objects.select_for_update().filter(pk=row.pk).first()
    if found is None:
        return  # deleted meanwhile
    text = text_of(found)
    # What is JSON stays it: its texts are cut one by one.
    after = matcher.cut(text) if isinstance(row, SavedComment) else json.dumps(matcher.cut_all(json.loads(text)))
    type(row).objects.filter(pk=row.pk).update(body=seal(after.encode(), place_of(row)))
    if isinstance(found, LibraryEntry) and found.state == State.APPROVED:
        quarantine(actor=ERASER, entry=found, why=[CUT])


def texts() -> Iterator[tuple[Kept, str]]:
    for kind in PLACES:
        for row in kind.objects.order_by("pk").iterator():
            yield row, text_of(row)


def text_of(row: Kept) -> str:
    """Raises HolderSilent for one that does not open: nobody knows what it holds."""
    try:
        return open_sealed(bytes(row.body), place_of(row)).decode()
    except Broken:
        raise HolderSilent(f"{row._meta.verbose_name} {row.pk} does not open with the key for results.") from None


def place_of(row: Kept) -> str:
    return f"{PLACES[type(row)]}:{row.pk}"
