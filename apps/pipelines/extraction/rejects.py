"""What did not fit and is kept as a reject: which row, which column, why; never the value.

A row is named by the keyed digest of its key. Whether a key can identify a person is the definition's choice (an
e-mail address may be one, and a customer's number is personal data to whoever can look it up), so none is kept in
clear. The digest is the trail's: of the key itself, or of the JSON list of the keys where there are several.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from portal.audit.services import digest

Reason = Literal["type", "moment", "key", "cursor"]
# Rows listed for one load; all of them are counted.
KEPT = 200


@dataclass(frozen=True)
class Rejected:
    """`key` is a digest, empty when the row has no key."""

    key: str
    column: str
    reason: Reason


@dataclass
class Rejects:
    """`counts` is whole, by column and reason; `listed` has the first `KEPT`."""

    counts: Counter[tuple[str, Reason]] = field(default_factory=Counter)
    listed: list[Rejected] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def add(self, column: str, reason: Reason, keys: Iterable[tuple[Any, ...]], *, count: int) -> None:
        """`keys` are only asked for as far as there is room."""
        self.counts[column, reason] += count
        for key in keys:
            if len(self.listed) >= KEPT:
                return
            self.listed.append(Rejected(key_digest(key), column, reason))


def key_digest(key: tuple[Any, ...]) -> str:
    if any(part is None for part in key):
        return ""
    return digest(str(key[0]) if len(key) == 1 else json.dumps([str(part) for part in key]))
