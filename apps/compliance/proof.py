"""What the newest run of the tests proved of the policy engine: written by them, read by a page.

The file lies beside the code (`.portico/policy-proof.json`) and names the engine by a digest of its files: a proof of
another engine is told as such.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings

ENGINE = ("apps/compliance/policy", "portal/sql")
FILE = ".portico/policy-proof.json"


@dataclass(frozen=True)
class Store:
    """Counts of one store. Of the queries `tried`, `attacks` tell two worlds apart without the gate, `leaks` through
    it; `made` are queries made at random, `made_leaks` those that tell them apart; `text_only` cannot run here and
    have to be refused; `benign` are everyday queries, `over_blocks` those refused or not exact."""

    tried: int = 0
    attacks: int = 0
    leaks: int = 0
    made: int = 0
    made_leaks: int = 0
    text_only: int = 0
    text_only_allowed: int = 0
    benign: int = 0
    over_blocks: int = 0


@dataclass(frozen=True)
class Proof:
    at: datetime
    engine: str
    stores: Mapping[str, Store]

    @property
    def is_of_this_engine(self) -> bool:
        return self.engine == engine()

    @property
    def whole(self) -> Store:
        return Store(**{name: sum(getattr(each, name) for each in self.stores.values()) for name in asdict(Store())})


@cache
def engine() -> str:
    """SHA-256 over the engine's files, by name."""
    found = hashlib.sha256()
    for folder in ENGINE:
        for file in sorted((Path(settings.BASE_DIR) / folder).rglob("*")):
            if file.suffix in (".py", ".js"):
                found.update(f"{file.relative_to(settings.BASE_DIR)}\0".encode() + file.read_bytes())
    return found.hexdigest()


def newest() -> Proof | None:
    """None where the tests have not run here. Raises ValueError for a file that is none of ours."""
    file = Path(settings.BASE_DIR) / FILE
    if not file.is_file():
        return None
    body = json.loads(file.read_text(encoding="utf-8"))
    try:
        stores = {str(name): Store(**counts) for name, counts in body["stores"].items()}
        return Proof(datetime.fromisoformat(body["at"]), str(body["engine"]), stores)
    except (KeyError, TypeError, AttributeError) as wrong:
        raise ValueError(f"{FILE} is no proof of the policy engine") from wrong


def write(proof: Proof) -> Path:
    file = Path(settings.BASE_DIR) / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    stores = {name: asdict(counts) for name, counts in proof.stores.items()}
    body = {"at": proof.at.isoformat(), "engine": proof.engine, "stores": stores}
    beside = file.with_suffix(".part")
    beside.write_text(json.dumps(body, indent=2), encoding="utf-8")
    beside.replace(file)
    return file
