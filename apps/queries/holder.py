"""What people typed and what they were answered: both sealed, both may hold a person's data."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic, sleep

from django.conf import settings
from django.db.models import QuerySet

from apps.compliance.subjects.kept import Sought as Names
from apps.compliance.subjects.match import Matcher, matcher_of
from apps.queries import results
from apps.queries.look_ups import kept as reasons
from apps.queries.models import Execution
from apps.queries.saved import kept
from apps.queries.sealing import Broken, open_sealed, seal
from apps.queries.services import settle_with_run
from portal.holders import Held, HolderSilent, Traces

GRACE_S, PAUSE_S = 15, 0.25
RESULTS, TEXTS = "results of queries", "texts of queries"
SAVED, REASONS = "saved and approved queries, comments", "reasons of look-ups"


@dataclass(frozen=True)
class Sought:
    matcher: Matcher
    keys: frozenset[str]
    names: Names  # of paths, in what was decided about a query on documents

    def has(self, value: object) -> bool:
        """In whatever a cell holds: texts, numbers, arrays and documents with their keys, dates."""
        if isinstance(value, Mapping):
            return any(self.has(key) or self.has(each) for key, each in value.items())
        if isinstance(value, list | tuple | set):
            return any(self.has(each) for each in value)
        if value is None or isinstance(value, bool):
            return False
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        return text in self.keys or bool(self.matcher.found(text))


class Answers:
    title = "Queries and their results"

    def find(self, traces: Traces) -> Sequence[Held]:
        sought = sought_of(traces)
        rows = texts = 0
        for row in ended():
            rows += rows_of(row, sought)
            texts += any(tells(row, name, text, sought) for name, text in opened(row).items())
        return [
            Held(RESULTS, rows, "rows"),
            Held(TEXTS, texts, "queries"),
            Held(SAVED, kept.find(sought.matcher), "texts"),
            Held(REASONS, reasons.find(sought.matcher), "texts"),
        ]

    def collect(self, traces: Traces) -> Iterator[tuple[str, Mapping[str, object]]]:
        """A result is somebody's work over rows of many people; what it shows of the person stands in the stores."""
        return iter(())

    def erase(self, traces: Traces, *, check: Callable[[], None]) -> Sequence[Held]:
        """A result with the person in it goes as a whole (it can be asked again); of a text, their values."""
        sought = sought_of(traces)
        rows = texts = 0
        for row in ended(check):
            check()
            if found := rows_of(row, sought):
                Execution.objects.filter(pk=row.pk).update(has_result=False)
                results.remove(row.pk)
                rows += found
            texts += cut(row, sought)
        saved = kept.erase(sought.matcher, check=check)
        told = reasons.erase(sought.matcher, check=check)
        return [
            Held(RESULTS, rows, "rows"),
            Held(TEXTS, texts, "queries"),
            Held(SAVED, saved, "texts"),
            Held(REASONS, told, "texts"),
        ]


def sought_of(traces: Traces) -> Sought:
    return Sought(matcher_of(traces.values), frozenset().union(*traces.keys.values()), Names(traces))


def ended(check: Callable[[], None] = lambda: None) -> QuerySet[Execution]:
    """Those that run now may have read before the erasure: they are waited for, no longer than a query may run. Those
    that begin meanwhile read what the erasure left. Raises HolderSilent for one that does not end."""
    running = Execution.objects.filter(status=Execution.Status.RUNNING)
    then = list(running.values_list("pk", flat=True))
    until = monotonic() + settings.QUERY_TIMEOUT_SECONDS + GRACE_S
    while left := [row for row in running.filter(pk__in=then) if not settle_with_run(execution=row).ended]:
        check()
        if monotonic() >= until:
            raise HolderSilent(f"{len(left)} of the queries that were running did not end in time: ask again later.")
        sleep(PAUSE_S)
    return Execution.objects.exclude(status=Execution.Status.RUNNING).order_by("pk")


def opened(row: Execution) -> dict[str, str]:
    """The sealed texts by field. Raises HolderSilent for one that does not open: nobody knows what it holds."""
    sealed = {"text": row.text, "outcome": row.outcome, "parameters": row.parameters}
    try:
        return {
            name: open_sealed(bytes(content), f"{name}:{row.pk}").decode()
            for name, content in sealed.items()
            if content
        }
    except Broken:
        raise HolderSilent(f"{row} does not open with the key for results.") from None


def rows_of(row: Execution, sought: Sought) -> int:
    outcome = json.loads(opened(row).get("outcome", "{}"))  # the file itself has no names
    named = any(sought.has(column["name"]) for column in outcome.get("columns", ()))
    found = 0
    try:
        for table in results.tables_of(row.pk):
            if named:
                found += max(int(table.num_rows), 1)  # a pivot: the column is theirs in every row
            else:
                found += sum(any(sought.has(value) for value in line.values()) for line in table.to_pylist())
    except FileNotFoundError:
        return 0
    except Broken:
        raise HolderSilent(f"The result of {row} does not open with the key for results.") from None
    return found


def tells(row: Execution, name: str, text: str, sought: Sought) -> bool:
    return bool(sought.matcher.found(text)) or (has_paths(row, name) and sought.names.found(text))


def has_paths(row: Execution, name: str) -> bool:
    """Where a path of a document may hold a key of it, from before keys were known to be data."""
    return name == "outcome" and settings.STORES.get(row.source, {}).get("kind") == "mongo"


def cut(row: Execution, sought: Sought) -> bool:
    changed = {}
    for name, text in opened(row).items():
        if not tells(row, name, text, sought):
            continue
        after = sought.matcher.cut(text)
        if name != "text":  # JSON stays JSON: its texts are cut one by one.
            body = sought.matcher.cut_all(json.loads(text))
            after = json.dumps(sought.names.cut(body) if has_paths(row, name) else body)
        changed[name] = seal(after.encode(), f"{name}:{row.pk}")
    if changed:
        Execution.objects.filter(pk=row.pk).update(**changed)
    return bool(changed)
