"""What an entry and its steps seal, written and opened."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from apps.queries.library.models import LibraryEntry, LibraryStep
from apps.queries.library.types import AgreedColumn, Content, Contract, State
from apps.queries.sealing import open_sealed, seal
from portal.accounts.models import User
from portal.audit.services import digest


@dataclass(frozen=True)
class Told:
    """What a step says, in sentences, and the contract if one was agreed with it."""

    words: tuple[str, ...]
    contract: Contract | None = None


def sealed_content(key: uuid.UUID, content: Content) -> bytes:
    return seal(json.dumps(asdict(content)).encode(), f"library:{key}")


def content_of(entry: LibraryEntry) -> Content:
    return Content(**json.loads(open_sealed(bytes(entry.body), f"library:{entry.pk}")))


def digest_of(content: Content) -> str:
    return digest(json.dumps(asdict(content), sort_keys=True))


def seen_of(content: Content, contract: Contract | None) -> str:
    """Stands for what a reviewer was shown: an approval is of this and of nothing that came between."""
    shown = None if contract is None else [asdict(column) for column in contract.columns]
    return digest(json.dumps([asdict(content), shown, contract and contract.names], sort_keys=True))


def write_step(
    *,
    entry: LibraryEntry,
    state: State,
    name: str,
    person: User | None,
    words: Iterable[str],
    contract: Contract | None,
) -> LibraryStep:
    key = uuid.uuid4()
    told = json.dumps(asdict(Told(tuple(words), contract)))
    return LibraryStep.objects.create(
        id=key,
        entry=entry,
        state=state,
        author_id=entry.author_id,
        person=person,
        name=name,
        body=seal(told.encode(), f"step:{key}"),
    )


def told_in(step: LibraryStep) -> Told:
    body = json.loads(open_sealed(bytes(step.body), f"step:{step.pk}"))
    return Told(tuple(body["words"]), contract_in(body["contract"]))


def contract_in(body: Mapping[str, object] | None) -> Contract | None:
    if body is None:
        return None
    values: dict[str, object] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in body.items()
    }
    columns = values["columns"]
    assert isinstance(columns, tuple)
    values["columns"] = tuple(AgreedColumn(**{**one, "origins": tuple(one["origins"])}) for one in columns)
    return Contract(**values)  # type: ignore[arg-type]


def agreement_of(entry: LibraryEntry) -> Contract | None:
    """The contract of the last approval; None before the first."""
    step = entry.steps.filter(state=State.APPROVED).last()
    return None if step is None else told_in(step).contract
