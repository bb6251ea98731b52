"""Whether one value is what a category holds. Plain functions of a text; none keeps it."""

import ipaddress
import re
from functools import lru_cache

from apps.catalog.suggestions.given_names import GIVEN

EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
)
IN_TEXT = re.compile(r"\s")
DIGITS = re.compile(r"[0-9]")
CARD = re.compile(r"[0-9](?:[ -]?[0-9]){12,18}")
# Issuer ranges (first digits) and the lengths of their numbers, ISO/IEC 7812.
ISSUERS = (
    (("4",), (13, 16, 19)),
    (tuple(str(n) for n in range(51, 56)), (16,)),
    (tuple(str(n) for n in range(2221, 2721)), (16,)),
    (("34", "37"), (15,)),
    (("6011", "65", *(str(n) for n in range(644, 650))), (16, 19)),
    (tuple(str(n) for n in range(3528, 3590)), (16, 19)),
    (("36", "38", "39", *(str(n) for n in range(300, 306))), (14, 16, 19)),
    (("62",), (16, 17, 18, 19)),
)
# Length of an IBAN by country, from the registry of ISO 13616.
IBANS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "ES": 24, "FI": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IS": 26,
    "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24,
    "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29,
    "VG": 24, "XK": 20,
}  # fmt: skip
STREET = re.compile(
    r"\b(street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|court|ct|square|rue|avenida|av|calle|via|viale"
    r"|piazza|rua|plaza|weg|platz|allee|gasse|straat|laan|ulica|ul|gatan|vej|carrera)\b|\w{3,}(straße|strasse|str\.|weg"
    r"|platz|gasse|allee|straat|gatan|vägen|vej)\b",
    re.IGNORECASE,
)
NAME = re.compile(r"[^\W\d_]+(?:['\u2019.-][^\W\d_]+)*\.?(?: [^\W\d_]+(?:['\u2019.-][^\W\d_]+)*\.?){1,3}")


def email(value: str) -> bool:
    return len(value) <= 254 and EMAIL.fullmatch(value.strip()) is not None


def phone(value: str) -> str:
    """The country that the number is valid in, as an ISO code; empty for anything else. Only with a country's code in
    front: any digits would be a number somewhere."""
    text = value.strip()
    if not text.startswith(("+", "00")) or len(text) > 30:
        return ""
    import phonenumbers  # brings every country's numbering plan with it

    try:
        found = phonenumbers.parse("+" + text[2:] if text.startswith("00") else text, None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.region_code_for_number(found) or "" if phonenumbers.is_valid_number(found) else ""


def iban(value: str) -> bool:
    """Country, length and checksum (ISO 7064, mod 97-10)."""
    text = value.replace(" ", "").upper()
    if IBANS.get(text[:2]) != len(text) or not text.isascii() or not text.isalnum():
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1


def card(value: str) -> bool:
    """An issuer's range, a length that it gives, and Luhn's checksum."""
    text = value.strip()
    if not CARD.fullmatch(text):
        return False
    digits = "".join(DIGITS.findall(text))
    if not any(digits.startswith(starts) and len(digits) in lengths for starts, lengths in ISSUERS):
        return False
    doubled = [int(digit) * (2 if at % 2 else 1) for at, digit in enumerate(reversed(digits))]
    return len(set(digits)) > 1 and sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


def ip(value: str) -> bool:
    try:
        found = ipaddress.ip_address(value.strip())
    except ValueError:
        return False
    # "1.2.3.4" is a version far more often than an address.
    return found.version == 6 or max(found.packed) > 31


def address(value: str) -> bool:
    return 6 <= len(value) <= 200 and bool(DIGITS.search(value)) and STREET.search(value) is not None


def person(value: str) -> bool:
    text = value.strip()
    if len(text) > 60 or not NAME.fullmatch(text):
        return False
    words = text.split(" ")
    return all(
        word[:1].isupper() or word.lower() in ("de", "da", "van", "von", "der", "la", "el", "bin") for word in words
    )


def given_name(value: str) -> bool:
    return value.strip().partition(" ")[0].casefold() in GIVEN


def prose(value: str) -> bool:
    """A text that people wrote, as against a name, a code or an address."""
    return len(value) >= 25 and value.count(" ") >= 4


@lru_cache(maxsize=1)
def _embedded() -> tuple[re.Pattern[str], ...]:
    return (
        EMAIL,
        re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}\b"),
        CARD,
        re.compile(r"\+[0-9][0-9 ()/-]{7,20}[0-9]"),
    )


def holds_personal(value: str) -> bool:
    """Whether a text has an e-mail address, an IBAN, a card or a phone number in it."""
    checks = (email, iban, card, lambda text: bool(phone(text)))
    return any(
        check(found.group())
        for pattern, check in zip(_embedded(), checks, strict=True)
        for found in pattern.finditer(value)
    )
