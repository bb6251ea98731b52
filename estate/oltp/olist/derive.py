"""What the sample leaves out of a person, derived from an id: reserved domains, telephones and card numbers only."""

import hashlib
from dataclasses import dataclass

from estate.generator.words import BINS, BRANDS, DOMAINS, FIRST, LAST


def number(what: str, key: str, limit: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{what}/{key}".encode()).digest()[:8], "big") % limit


def token(prefix: str, key: str) -> str:
    return prefix + hashlib.sha256(f"{prefix}/{key}".encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Person:
    key: str

    @property
    def first(self) -> str:
        return FIRST[number("first", self.key, len(FIRST))]

    @property
    def name(self) -> str:
        return f"{self.first} {LAST[number('last', self.key, len(LAST))]}"

    @property
    def email(self) -> str:
        """Different for different people: it ends in eight digits of the key's own hash."""
        local = self.name.lower().replace(" ", ".")
        domain = DOMAINS[number("domain", self.key, len(DOMAINS))]
        return f"{local}.{number('mailbox', self.key, 10**8):08d}@{domain}"

    @property
    def phone(self) -> str:
        """555-0100 to 555-0199 belong to nobody."""
        return f"+1{201 + number('area', self.key, 700)}55501{number('line', self.key, 100):02d}"

    @property
    def address(self) -> str:
        """198.18.0.0/15 belongs to nobody (RFC 2544)."""
        place = number("address", self.key, 1 << 17)
        return f"198.{18 + (place >> 16)}.{place >> 8 & 255}.{place & 255}"


@dataclass(frozen=True)
class Card:
    key: str

    @property
    def bin(self) -> str:
        return BINS[number("bin", self.key, len(BINS))]

    @property
    def brand(self) -> str:
        return BRANDS[number("bin", self.key, len(BINS))]

    @property
    def last4(self) -> str:
        return f"{number('last4', self.key, 10_000):04d}"

    @property
    def expiry(self) -> tuple[int, int]:
        """(month, year)"""
        return 1 + number("month", self.key, 12), 2019 + number("year", self.key, 5)
