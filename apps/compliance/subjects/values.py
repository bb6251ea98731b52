"""What identifies the person in text, and what of it has somebody else as its owner now.

An address or a number that the person had once may be another's today. It stays in the trace, set aside: it reaches
no row while it is somebody else's, and is asked about again by each later search.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.conf import settings

from apps.compliance.subjects.fates import is_part
from apps.compliance.subjects.identities import identity_sites
from apps.compliance.subjects.match import Matcher, normal
from apps.compliance.subjects.reach import Keys, Reach, Target, reach
from apps.compliance.subjects.rules import EMAIL
from apps.compliance.subjects.territory import Territory, survey
from apps.compliance.subjects.types import Check, Finding, FindingKind, Subject, Trace
from portal.stores.names import is_entry

KINDS = {"user.contact.email": "email", "user.contact.phone_number": "phone", "user.name": "name"}
WORDS = {"email": "e-mail address", "phone": "telephone number", "name": "name"}
Sets = Mapping[str, frozenset[str]]
NONE: frozenset[str] = frozenset()
SHORT, LONG = 7, 10  # digits of a telephone number with its country, and without


@dataclass(frozen=True)
class Values:
    """By kind. `own` are the addresses of the identity itself: by them alone, rows that name nobody else are the
    person's. `aside` are values that somebody else has, `EMAIL` the own addresses among them."""

    followed: Sets = field(repr=False)
    own: frozenset[str] = field(repr=False)
    aside: Sets = field(repr=False)
    findings: tuple[Finding, ...]


def values_of(
    territory: Territory,
    reaches: Mapping[str, Reach],
    *,
    keys: Keys,
    subject: Subject,
    before: Trace,
    check: Check,
) -> Values:
    """`keys` are the person's; `before` is what the same request knew."""
    now, own = _standing(territory, reaches, keys, subject, check)
    known = {kind: now[kind] | before.values.get(kind, NONE) | before.aside.get(kind, NONE) for kind in WORDS}
    own |= before.keys.get(EMAIL, NONE) | before.aside.get(EMAIL, NONE)
    theirs = of_others(territory, reaches, keys, known, check)
    return Values(
        followed={kind: each - theirs[kind] for kind, each in known.items()},
        own=own - theirs["email"],
        aside={**{kind: each & theirs[kind] for kind, each in known.items()}, EMAIL: own & theirs["email"]},
        findings=tuple(_tell(theirs, now)),
    )


def _standing(
    territory: Territory, reaches: Mapping[str, Reach], keys: Keys, subject: Subject, check: Check
) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Values in rows of the person as they are now, and those of the identity itself."""
    found: dict[str, set[str]] = {kind: set() for kind in WORDS}
    found["email"].add(plain(subject.email))
    own = {plain(subject.email)}
    identity = {(site.id, address) for site, _, address in identity_sites(territory)}
    for site in [each for each in territory.owned() if each.is_table]:
        owners = tuple(owner for owner in territory.owners_of(site) if owner.domain != EMAIL)
        if not owners:
            continue
        for column in site.columns.values():
            kind = KINDS.get(column.category, "")
            if not kind or is_part(site, column) or column.name in {o.column for o in owners}:
                continue
            if is_entry(column.name):
                continue  # a map in a row of the person names others, as a list of contacts does
            check()
            texts = reaches[site.dataset.source].keys(Target(site.dataset, owners, keys), column.name)
            clean = {each for text in texts if (each := normal(kind, text)) and fits(kind, text)}
            found[kind] |= clean
            own |= clean if (site.id, column.name) in identity else set()
    return {kind: frozenset(each) for kind, each in found.items()}, frozenset(own)


def plain(email: str) -> str:
    return email.strip().lower()


def fits(kind: str, text: str) -> bool:
    """Documents and malformed rows have anything in these columns; a remark is no telephone number. What would stand in
    many texts by chance is not looked for outside of the person's own rows: one word, which may be `Payout`, and a
    number that does not say its country, which may be an amount or a day."""
    if text[:1] in "{[":
        return False
    digits = sum(character.isdigit() for character in text)
    if kind == "phone":
        return digits >= (SHORT if text.strip().startswith(("+", "00")) else LONG)
    return "@" in text if kind == "email" else digits == 0 and len(text.split()) > 1


def of_others(
    territory: Territory, reaches: Mapping[str, Reach], keys: Keys, values: Sets, check: Check
) -> dict[str, frozenset[str]]:
    """Those of the values that stand, whole, in the identity row of somebody else."""
    matcher = Matcher(values)
    theirs: dict[str, set[str]] = {kind: set() for kind in values}
    for site in {site.id: site for site, _, _ in identity_sites(territory)}.values() if matcher else ():
        target = Target(site.dataset, territory.owners_of(site), keys)
        for document in reaches[site.dataset.source].scan(site.dataset.path, matcher, check=check):
            if target.whose(document) != "other":
                continue
            for value in document.values():
                if isinstance(value, str) and (whole := matcher.whole(value)):
                    theirs[whole[0]].add(whole[1])
    return {kind: frozenset(each) for kind, each in theirs.items()}


def still_theirs(trace: Trace, check: Check) -> Trace:
    """The trace without what has become somebody else's since it was found: days may lie between a search and the
    work, in which a step waits for a store or for its next worker."""
    reaches = {source: reach(source) for source in settings.STORES}
    theirs = of_others(survey(), reaches, trace.keys, trace.values, check)
    own = trace.keys.get(EMAIL, NONE) - theirs.get("email", NONE)
    values = {kind: each - theirs[kind] for kind, each in trace.values.items()}
    return replace(trace, keys={**trace.keys, EMAIL: own}, values=values)


def _tell(theirs: Sets, now: Sets) -> list[Finding]:
    """How many, never which, nor whose they are."""
    findings = []
    for kind, each in theirs.items():
        if shared := each & now[kind]:
            said = f"{_count(kind, shared)} of the person {_is(shared)} somebody else's, too"
            findings.append(Finding(FindingKind.SHARED, f"{said}: nothing is found by it alone.", count=len(shared)))
        if passed := each - now[kind]:
            said = f"{_count(kind, passed)} that the person had now {_belongs(passed)} to somebody else: not followed."
            findings.append(Finding(FindingKind.PASSED_ON, said, count=len(passed)))
    return findings


def _count(kind: str, values: frozenset[str]) -> str:
    ending = "" if len(values) == 1 else "es" if kind == "email" else "s"
    return f"{len(values)} {WORDS[kind]}{ending}"


def _is(values: frozenset[str]) -> str:
    return "is" if len(values) == 1 else "are"


def _belongs(values: frozenset[str]) -> str:
    return "belongs" if len(values) == 1 else "belong"
