"""How an attack is tried: first on the store itself, where it must work, then through the gate, where it must not.

`Leak` shows a planted value where there is no gate. `Oracle` asks two questions whose answers differ only by a value
that the asker may not see: without a gate they differ, through it they must not.
"""

import json
from dataclasses import dataclass
from typing import Any

from apps.compliance import gate
from portal.accounts.models import User
from portal.audit.models import Event
from portal.stores.types import StoreError
from tests.vault import CANARIES, asked, ungoverned


@dataclass(frozen=True)
class Leak:
    """`bare` is the text for the store where it has to differ. `would` says why it cannot be shown to leak here."""

    name: str
    text: Any
    bare: Any = None
    would: str = ""


@dataclass(frozen=True)
class Oracle:
    name: str
    right: Any
    wrong: Any


def raw(source: str, text: Any) -> str:
    """What the store says without a gate, its errors included."""
    try:
        return ungoverned(source, text)
    except StoreError as error:
        return f"error: {error}"


def seen(user: User, source: str, text: Any, *, ordered: bool = True) -> str:
    """All that a person gets to see: rows, columns with their reasons, a refusal, an error. Rows of a query that asks for
    no order come in any, so that `ordered=False` sorts them."""
    try:
        told = asked(user, source, text)
    except gate.QueryRefused as refusal:
        return f"refused: {refusal.refused}"
    except gate.QueryFailed as failure:
        return f"failed: {failure.message} {failure.code}"
    rows = told.rows if ordered else sorted(told.rows, key=repr)
    return str((rows, [(c.name, str(c.masked), c.reason) for c in told.columns]))


def shape(answer: str) -> str:
    """A refusal may point at another place of another text; nothing else of two answers may differ."""
    return answer.split("line=", maxsplit=1)[0] if answer.startswith("refused:") else answer


def told_elsewhere(log: str) -> list[str]:
    """Planted values in the portal's log or trail, typed or not: a guess that is right is a value too."""
    trail = json.dumps(list(Event.objects.values_list("payload", flat=True)), ensure_ascii=False)
    return [canary for canary in CANARIES if canary in (log + trail).lower()]
