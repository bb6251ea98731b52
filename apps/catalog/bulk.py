"""Many rows at once. Django's own bulk writes build one long statement for every few hundred rows, which for the
columns of ten thousand tables takes minutes."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import JSONField, Model

if TYPE_CHECKING:  # Django's own class takes no parameters
    from django.db.models import Field

    Fields = Sequence[Field[Any, Any]]


def insert(rows: Sequence[Model]) -> None:
    """By COPY. The rows do not learn their ids."""
    if not rows:
        return
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor, cursor.copy(f'COPY "{meta.db_table}" ({names}) FROM STDIN') as copy:
        for row in rows:
            copy.write_row(_values(row, fields, add=True))


def update(rows: Sequence[Model], names: Sequence[str]) -> None:
    """One prepared statement, sent for each row without waiting for the answers."""
    if not rows:
        return
    meta = rows[0]._meta
    fields: Fields = [meta.get_field(name) for name in names]  # type: ignore[misc]
    assigned = ", ".join(f'"{field.column}" = %s' for field in fields)
    with connection.cursor() as cursor:
        cursor.executemany(
            f'UPDATE "{meta.db_table}" SET {assigned} WHERE id = %s',  # noqa: S608 - names of our own model
            [(*_values(row, fields, add=False), row.pk) for row in rows],
        )


def _values(row: Model, fields: "Fields", *, add: bool) -> list[Any]:
    return [_value(field, field.pre_save(row, add)) for field in fields]


# What the driver takes as it is; asking the field about each of four million values takes longer than to send them.
PLAIN = frozenset({int, float, bool, str, datetime, type(None)})


def _value(field: "Field[Any, Any]", value: Any) -> Any:
    if type(value) in PLAIN and not isinstance(field, JSONField):
        return value
    return field.get_db_prep_save(value, connection)
