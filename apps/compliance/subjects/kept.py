"""Looks for a person's values in the portal's own tables: names of columns and paths, and sentences that name one.

No name that holds somebody's value is kept any more; an older release kept them. In a path a value stands between dots
(`seen.ana@x.org.n`), which in a text would make it a longer address and somebody else's: here it is found, because a
name too many that goes is no loss. A single word is not looked for: nothing tells whether `almond` is a person.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import F, Func, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Lower

from apps.compliance.subjects.match import ERASED, Matcher, matcher_of
from apps.compliance.subjects.patterns import BETWEEN_DIGITS, spelled
from portal.holders import Traces

EDGES = {
    "email": (r"(?<![\w+-])", r"(?![\w-])"),
    "phone": (r"(?<!\d)", r"(?!\d)"),
    "name": (r"(?<!\w)", r"(?!\w)"),
}


class Sought:
    def __init__(self, traces: Traces) -> None:
        self.matcher: Matcher = matcher_of(value for value in traces.values if not value.isalpha())
        parts = [
            f"{EDGES[kind][0]}(?:{spelled(kind, value)}){EDGES[kind][1]}"
            for kind, values in self.matcher.values.items()
            for value in values
        ]
        self._pattern = re.compile("|".join(parts) or r"(?!)", re.IGNORECASE)

    def found(self, text: str) -> bool:
        return bool(self._pattern.search(text))

    def cut(self, value: Any) -> Any:
        """The same text or JSON without the value, which may be in a key as well."""
        if isinstance(value, str):
            return self._pattern.sub(ERASED, value)
        if isinstance(value, list):
            return [self.cut(item) for item in value]
        if isinstance(value, Mapping):
            return {self.cut(key): self.cut(item) for key, item in value.items()}
        return value

    def rows(self, rows: QuerySet[Any], field: str) -> Iterator[tuple[Model, Any]]:
        """(row, what stands in the field) of the rows that name the person: the database looks for the characters,
        Python decides with edges."""
        named = Q()
        for needle in self.matcher.needles:
            named |= Q(plain__contains=needle)
        for digits in self.matcher.digits:
            named |= Q(closed__contains=digits)
        if not named:
            return
        plain = Lower(Cast(field, TextField()))
        closed = Func(F("plain"), Value(BETWEEN_DIGITS), Value(""), function="translate", output_field=TextField())
        for row in rows.annotate(plain=plain).annotate(closed=closed).filter(named).order_by("pk").iterator():
            content = getattr(row, field)
            if self.found(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)):
                yield row, content
