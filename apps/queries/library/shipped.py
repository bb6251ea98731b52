"""Queries that come with the estate: proposed by nobody, approved by the system, their contract computed like any."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from django.conf import settings
from django.db import transaction

from apps.queries.library import services
from apps.queries.library.contracts import contract_of
from apps.queries.library.keeping import digest_of, sealed_content
from apps.queries.library.models import LibraryEntry
from apps.queries.library.types import Audience, Content, Contract, Topic
from portal.accounts.types import Purpose, Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor

FOLDER = Path(settings.BASE_DIR) / "estate" / "queries"
AUTHOR, EVIDENCE = "estate", "Shipped with the estate."
LOCK = 7_210_002  # advisory lock: two loaders would both make the next version


@dataclass(frozen=True)
class Shipped:
    """One file of `estate/queries/`; `key` is its name."""

    key: str
    topic: Topic
    source: str
    audience: Audience
    content: Content


@dataclass(frozen=True)
class Report:
    """`refused` are those that their audience may not run (yet): key and reason."""

    added: int
    unchanged: int
    refused: tuple[str, ...]


@lru_cache(maxsize=4)
def queries(folder: Path = FOLDER) -> tuple[Shipped, ...]:
    """Raises KeyError or ValueError for a file that does not say what it must."""
    return tuple(read(file) for file in sorted(folder.glob("*.yaml")))


def read(file: Path) -> Shipped:
    body = yaml.safe_load(file.read_text(encoding="utf-8"))
    content = Content(body["title"], " ".join(body["about"].split()), body["text"].strip(), body.get("parameters", {}))
    audience = Audience(Role(body["role"]), Purpose(body["purpose"]))
    return Shipped(file.stem, Topic(body["topic"]), body["source"], audience, content)


def load(*, actor: Actor, found: Iterable[Shipped] | None = None) -> Report:
    """Brings the library up to date with the files. The same again changes nothing; a changed file is a new version.
    What a reviewer has retired stays so until its file changes."""
    added = unchanged = 0
    refused = []
    for query in queries() if found is None else found:
        reason = enter(actor=actor, query=query)
        added += reason == ""
        unchanged += reason is None
        if reason:
            refused.append(f"{query.key}: {reason}")
    return Report(added, unchanged, tuple(refused))


@transaction.atomic
def enter(*, actor: Actor, query: Shipped) -> str | None:
    """None when it is there as it is, why its audience may not run it, or "" once it is in force."""
    lock()
    last = LibraryEntry.objects.filter(key=query.key).order_by("-number").first()
    whole = digest_of(query.content) if last is not None else ""
    if last is not None and same(last, query, whole):
        return None
    contract = contract_of(query.audience, query.source, query.content)
    if not isinstance(contract, Contract):
        return contract.message
    entry = entry_of(query, 1 if last is None else last.number + 1)
    entry.save(force_insert=True)
    record(actor=actor, action=Action.LIBRARY_PROPOSED, target=services.target_of(entry), detail=services.told(entry))
    services.supersede(actor=actor, entry=entry)
    services.enforce(actor=actor, entry=entry, contract=contract, words=[EVIDENCE], user=None)
    return ""


def same(entry: LibraryEntry, query: Shipped, digest: str) -> bool:
    there = (entry.digest, entry.audience, entry.source, entry.topic)
    return there == (digest, query.audience, query.source, query.topic)


def entry_of(query: Shipped, number: int) -> LibraryEntry:
    entry = LibraryEntry(number=number, key=query.key, author_name=AUTHOR, source=query.source, topic=str(query.topic))
    entry.role, entry.purpose = str(query.audience.role), str(query.audience.purpose)
    entry.body, entry.digest = sealed_content(entry.pk, query.content), digest_of(query.content)
    return entry


def lock() -> None:
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
