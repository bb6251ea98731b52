"""The contract of a query for its audience, and in which words it is broken."""

import hashlib
from collections.abc import Iterable, Iterator

from django.db.models import Sum

from apps.catalog.models import Dataset, Source
from apps.compliance import gate
from apps.compliance.policy.types import Allowed, MaskKind, OutputColumn, Refused
from apps.compliance.selectors import policy_set
from apps.queries.console import complete_text
from apps.queries.library.types import AgreedColumn, Audience, Basis, Content, Contract
from apps.queries.parameters import Unfit
from portal.accounts.access import visible_to_role

# Room to grow: a bound that a busy week breaks would be lifted unread.
HEADROOM = 4
FLOOR_ROWS, FLOOR_BYTES = 1_000_000, 256 * 1024 * 1024


def judged(audience: Audience, source: str, content: Content) -> gate.Judgement | Refused:
    """What the gate says to somebody who holds the audience's role alone; parameters stand for any value."""
    try:
        text, _ = complete_text(source, content.text, content.typed)
    except Unfit as unfit:
        return Refused("parameter", unfit.message)
    found = gate.judge_as(role=audience.role, purpose=audience.purpose, source=source, text=text)
    return found.decision if isinstance(found.decision, Refused) else found


def contract_of(audience: Audience, source: str, content: Content) -> Contract | Refused:
    found = judged(audience, source, content)
    if isinstance(found, Refused):
        return found
    allowed = found.decision
    assert isinstance(allowed, Allowed)
    rows, size = cost_of(allowed.datasets)
    return Contract(
        tuple(agreed(column) for column in allowed.columns),
        allowed.datasets,
        names_of(allowed.datasets),
        allowed.notes,
        max(rows * HEADROOM, FLOOR_ROWS),
        max(size * HEADROOM, FLOOR_BYTES),
    )


def agreed(column: OutputColumn) -> AgreedColumn:
    return AgreedColumn(column.name, str(column.masked), column.mask, how(column), column.origins)


def how(column: OutputColumn) -> str:
    """What the mask leaves, with its width or unit, and without the rule's name: a rule may be renamed and mean the
    same. Empty where the reason does not say it.

    >>> reason = "Masked by the rule “born”: user.demographic, only the year is shown. Officer can lift it."
    >>> how(OutputColumn("a", Masking.YES, reason, mask="year"))
    'only the year is shown'
    """
    if column.mask in ("", MaskKind.NULL):
        return "hidden" if column.mask else ""
    told = column.reason.partition("”: ")[2]
    return told.split(". ")[0].partition(", ")[2].rstrip(".")


def cost_of(datasets: Iterable[int]) -> tuple[int, int]:
    """Rows and bytes that the catalog counts of them now. One query."""
    found = Dataset.objects.filter(pk__in=datasets).aggregate(rows=Sum("row_count"), size=Sum("size_bytes"))
    return found["rows"] or 0, found["size"] or 0


def names_of(datasets: Iterable[int]) -> tuple[str, ...]:
    rows = Dataset.objects.filter(pk__in=datasets).order_by("namespace", "name")
    return tuple(row.title for row in rows)


def basis_of(audience: Audience, source: str) -> Basis:
    """Three queries, however long the text."""
    revision = Source.objects.filter(name=source).values_list("revision", flat=True).first() or 0
    seen = visible_to_role(audience.role, Dataset.objects.filter(source__name=source, retired_at=None))
    ids = ",".join(str(pk) for pk in seen.order_by("pk").values_list("pk", flat=True))
    return Basis(policy_set().version, revision, hashlib.sha256(ids.encode()).hexdigest())


def over_cost(contract: Contract) -> list[str]:
    rows, size = cost_of(contract.datasets)
    found = []
    if rows > contract.rows:
        found.append(f"It reads {rows:,} rows by the catalog's count; {contract.rows:,} at most were agreed.")
    if size > contract.size:
        found.append(f"It reads {size:,} bytes by the catalog's count; {contract.size:,} at most were agreed.")
    return found


def broken(agreed: Contract, now: Contract | Refused) -> list[str]:
    """Every way in which what the audience is given is not what was agreed, a sentence each."""
    if isinstance(now, Refused):
        return [f"It is refused to its audience now: {now.message}"]
    return [*shape(agreed, now), *masks(agreed, now), *reads(agreed, now), *over_cost(agreed)]


def shape(agreed: Contract, now: Contract) -> Iterator[str]:
    before, after = [column.name for column in agreed.columns], [column.name for column in now.columns]
    if before == after:
        return
    gone = [name for name in before if name not in after]
    new = [name for name in after if name not in before]
    if len(gone) == len(new) == 1 and before.index(gone[0]) == after.index(new[0]):
        yield f"Column {gone[0]} is called {new[0]} now."
        return
    for name in gone:
        yield f"Column {name} was agreed and is missing now."
    for name in new:
        yield f"Column {name} was not agreed and is there now."
    if not gone and not new:
        yield f"The columns come in another order: agreed were {', '.join(before)}; now {', '.join(after)}."


def masks(agreed: Contract, now: Contract) -> Iterator[str]:
    found = {column.name: column for column in now.columns}
    for before in agreed.columns:
        after = found.get(before.name)
        if after is None:
            continue
        if differs(before, after):
            yield f"Column {before.name} was agreed {said(before)}; now it is {said(after)}."
        elif before.origins != after.origins:
            yield f"Column {before.name} was agreed made of {made(before)}; now it is made of {made(after)}."


def differs(before: AgreedColumn, after: AgreedColumn) -> bool:
    told = bool(before.how and after.how) and before.how != after.how
    return told or (before.masking, before.mask) != (after.masking, after.mask)


def said(column: AgreedColumn) -> str:
    if column.masking == "no":
        return "shown as it is"
    partly = "partly masked" if column.masking == "partly" else "masked"
    return f"{partly} ({column.how or column.mask})"


def made(column: AgreedColumn) -> str:
    return ", ".join(column.origins) or "no column"


def reads(agreed: Contract, now: Contract) -> Iterator[str]:
    for name in sorted(set(now.names) - set(agreed.names)):
        yield f"It reads {name} now, which was not agreed."
    for note in now.notes:
        if note not in agreed.notes:
            yield f"Not agreed, and so now: {note}"
    for note in agreed.notes:
        if note not in now.notes:
            yield f"Agreed, and no longer so: {note}"
