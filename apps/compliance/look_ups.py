"""A look-up: the rows of one dataset in which one column has one value, without a condition that anybody typed.

The value stays with whoever asks. What goes on is its token under a key of its own, which the scan compares with the
token of the column, beside the row filters: in front of the masks, where no condition of a person can stand.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.conf import settings

from apps.catalog.types import ColumnSchema, DatasetSchema, SourceSchema
from apps.compliance.policy.choose import choose, covers
from apps.compliance.policy.decide import decide
from apps.compliance.policy.masks.sql import has_token
from apps.compliance.policy.types import Decision, Limits, PolicySet, Reader, Refused, RowFilter
from apps.compliance.tokens.probes import DIALECTS, PROBE, told
from apps.compliance.tokens.values import look_up_token
from portal.stores.types import Store
from portal.tokens.keys import LOOK_UP

# Whose values are one person's, and so many that trying them out at the rate of look-ups leads nowhere.
IDENTIFYING = ("user.contact.email", "user.contact.phone_number", "user.unique_id", "user.account")
ROWS = 20
NAMED = ", ".join(IDENTIFYING)


@dataclass(frozen=True)
class Sought:
    """`token` is what `tokens.values.look_up_token` makes of the value. A Sought is sealed wherever it is kept."""

    path: tuple[str, ...]
    column: str
    token: str

    def text(self, kind: str) -> str:
        """The query that the scan's condition is added to. It names the dataset and nothing else."""
        if kind == "mongo":
            return json.dumps({"collection": self.path[-1]})
        quoted = ".".join('"' + part.replace('"', '""') + '"' for part in self.path)
        return f"SELECT * FROM {quoted}"  # noqa: S608 - a name of the catalog, decided like any text


def decide_look_up(
    sought: Sought, reader: Reader, schema: SourceSchema, policies: PolicySet, limits: Limits
) -> Decision:
    """As the query over the whole dataset is decided for this reader, with one condition more inside its scan."""
    text = sought.text(schema.kind)
    dataset = next((one for one in schema.datasets if one.path == sought.path), None)
    if dataset is None:
        return decide(text, reader, schema, policies, limits)  # refused as any name that is not known
    if sought.column not in {column.name for column in identifying(dataset, schema, reader, policies)}:
        message = f"{sought.column} is not a column to look up by."
        return Refused("not_identifying", message, f"Those with a rule for one of these categories are: {NAMED}.")
    where = (schema.source, *sought.path)
    condition = RowFilter("look-up", where, sought.column, (sought.token,), reader.roles, key=LOOK_UP)
    return decide(text, reader, schema, replace(policies, row_filters=(*policies.row_filters, condition)), limits)


def identifying(
    dataset: DatasetSchema, schema: SourceSchema, reader: Reader, policies: PolicySet
) -> Sequence[ColumnSchema]:
    """The columns of a dataset that this reader may look up by, masked or not."""
    return [
        column
        for column in dataset.columns
        if is_identifier(column)
        and can_be_compared(column, schema.kind)
        and choose(column, dataset, schema.source, reader, policies).answer != "not_configured"
    ]


def is_identifier(column: ColumnSchema) -> bool:
    """All that it carries: beside an address, free text would be searched, too."""
    categories = {column.category, *column.carries}
    return all(any(covers(known, category) for known in IDENTIFYING) for category in categories)


def can_be_compared(column: ColumnSchema, kind: str) -> bool:
    """What has one value a row, of a type that has a token."""
    if kind in DIALECTS:
        return has_token(column.type, DIALECTS[kind])
    return "[]" not in column.name and "*" not in column.name


def without_key(store: Store, source: str) -> Refused | None:
    """A store without the key of look-ups, or with another, would answer that there is no such row. Raises
    StoreError."""
    if told(store, str(settings.STORES[source]["kind"]), LOOK_UP) == look_up_token(PROBE):
        return None
    hint = f"An administrator runs manage.py install_tokens {source} first."
    return Refused("not_configured", f"{source} has no key to look values up by, or an old one.", hint)
