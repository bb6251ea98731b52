"""From a column's name, type and a sample of its values to what it may hold. No value leaves this module."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from apps.catalog.finding.words import words_of
from apps.catalog.suggestions import validators

EMAIL, PHONE = "user.contact.email", "user.contact.phone_number"
IBAN, CARD = "user.financial.bank_account", "user.financial.credit_card"
IP, ADDRESS = "user.device.ip_address", "user.contact.address"
NAME, TEXT, BIRTH = "user.name", "user.content", "user.demographic.date_of_birth"
WORDS = {
    EMAIL: "valid e-mail addresses",
    PHONE: "valid phone numbers",
    IBAN: "IBANs with a right checksum",
    CARD: "card numbers of a known issuer with a right checksum",
    IP: "IP addresses",
    ADDRESS: "postal addresses",
    NAME: "names of people",
    TEXT: "texts with an e-mail address, a phone number, an IBAN or a card number in them",
}
# Words of a column's name or comment, one set of which must all be there.
HINTS: dict[str, tuple[frozenset[str], ...]] = {
    EMAIL: tuple(map(frozenset, (["email"], ["mail", "address"], ["e", "mail"], ["mail"]))),
    PHONE: tuple(map(frozenset, (["phone"], ["telephone"], ["mobile"], ["msisdn"], ["fax"], ["telefon"], ["handy"]))),
    IBAN: tuple(map(frozenset, (["iban"], ["bank", "account"], ["kontonummer"]))),
    CARD: tuple(map(frozenset, (["card", "number"], ["pan"], ["creditcard"], ["cc", "number"], ["kartennummer"]))),
    IP: tuple(map(frozenset, (["ip"], ["ip", "address"], ["ipaddress"]))),
    ADDRESS: tuple(map(frozenset, (["street"], ["address", "line"], ["postal", "address"], ["shipping", "address"]))),
    NAME: tuple(
        map(frozenset, (["first", "name"], ["last", "name"], ["full", "name"], ["surname"], ["vorname"], ["nachname"]))
    ),
    BIRTH: tuple(map(frozenset, (["birth"], ["dob"], ["birthdate"], ["birthday"], ["geburtsdatum"]))),
}
ENOUGH = 8  # values under which content says nothing
SURE, LIKELY, RARE = 0.8, 0.3, 0.02
BY_NAME = 0.4  # how sure a name alone makes


@dataclass(frozen=True)
class Profile:
    """What a sample was: shares of valid values by category, of `sampled` values that are neither NULL nor empty."""

    sampled: int
    shares: dict[str, float]
    countries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guess:
    """`score` is 0..1; `content` whether values said so, and not the name alone."""

    category: str
    score: float
    evidence: str
    content: bool


def profile(values: Iterable[object]) -> Profile:
    hits: Counter[str] = Counter()
    countries: Counter[str] = Counter()
    total = names = given = 0
    for value in values:
        text = value if isinstance(value, str) else ""
        if not text.strip():
            continue
        total += 1
        country = validators.phone(text)
        countries.update([country] if country else [])
        hits[EMAIL] += validators.email(text)
        hits[PHONE] += bool(country)
        hits[IBAN] += validators.iban(text)
        hits[CARD] += validators.card(text)
        hits[IP] += validators.ip(text)
        hits[ADDRESS] += validators.address(text)
        hits[TEXT] += validators.prose(text) and validators.holds_personal(text)
        names += validators.person(text)
        given += validators.given_name(text)
    shares = {category: count / total for category, count in hits.items() if count} if total else {}
    if total and names / total >= SURE and given / total >= 0.2:
        shares[NAME] = names / total
    return Profile(total, shares, tuple(country for country, _ in countries.most_common(3)))


def guess(name: str, comment: str, type_name: str, found: Profile) -> Guess | None:
    """The best guess, or None. What values say comes before what a name says."""
    hinted = _hinted(f"{name} {comment}")
    best = max(found.shares, key=lambda category: found.shares[category], default="")
    share = found.shares.get(best, 0.0)
    if found.sampled >= ENOUGH and best == TEXT and share >= RARE:
        return Guess(TEXT, min(1.0, 0.6 + share), _said(TEXT, found, hinted), True)
    if found.sampled >= ENOUGH and (share >= SURE or (share >= LIKELY and best in hinted)):
        return Guess(best, round(share, 2), _said(best, found, hinted), True)
    if found.shares.get(TEXT, 0.0) >= RARE and found.sampled >= ENOUGH:
        return Guess(TEXT, 0.6, _said(TEXT, found, hinted), True)
    by_name = next((category for category in hinted if _could_be(category, type_name, found)), "")
    return Guess(by_name, BY_NAME, "its name says so; no value was tried or few fit", False) if by_name else None


def _hinted(text: str) -> list[str]:
    words = set(words_of(text))
    return [category for category, sets in HINTS.items() if any(each <= words for each in sets)]


def _could_be(category: str, type_name: str, found: Profile) -> bool:
    """A name is believed where values do not speak against it: the type fits, and some of them are such a thing."""
    kind = type_name.lower()
    if category == BIRTH:
        return any(word in kind for word in ("date", "time", "text", "char", "string"))
    is_text = any(word in kind for word in ("text", "char", "string", "inet"))
    return is_text and (found.sampled < ENOUGH or found.shares.get(category, 0.0) >= 0.05)


def _said(category: str, found: Profile, hinted: list[str]) -> str:
    share = found.shares[category]
    words = f"{share:.0%} of {found.sampled:,} sampled values are {WORDS[category]}".replace("%", " %")
    if category == PHONE and found.countries:
        words += f" ({', '.join(found.countries)})"
    return f"{words}; its name says so, too" if category in hinted else words
