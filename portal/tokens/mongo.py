"""What MongoDB holds: one document for each key, in the collection that no right over a whole database covers.

MongoDB 6 has no digest among its operators, so the rewriter puts a function into the pipeline. The key stands in
`system.js` and reaches the function as a value of the document: the text of the pipeline, and so every log, profile
and list of operations, holds the function and the name of a field. A role over all collections of a database
(`collection: ""`) does not reach `system.js`; the account `gate` gets that right by itself, no other does.
"""

from collections.abc import Iterable
from typing import Any

from portal.tokens.keys import Pads
from portal.tokens.sha256 import after, signed

COLLECTION = "system.js"


def key_id(name: str) -> str:
    """`token:analytics` is `portico_token_analytics`: what stands in this collection is named like a function."""
    return f"portico_{name.replace(':', '_')}"


def documents(keys: Iterable[Pads]) -> list[dict[str, Any]]:
    return [
        {"_id": key_id(key.name), "value": {"inner": signed(after(key.inner)), "outer": signed(after(key.outer))}}
        for key in keys
    ]
