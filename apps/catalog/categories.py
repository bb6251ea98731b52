"""Data categories (fideslang keys) and which of two is the more sensitive."""

import re
from collections.abc import Iterable

OPERATIONS = "system.operations"  # data about no person
PSEUDONYM = "user.unique_id.pseudonymous"  # what a keyed hash leaves of a person (GDPR, article 4(5))
FORM = re.compile(r"(user|system)(\.[a-z0-9_]+)*")

# The longest key that contains the category decides. A key that is not below any of these counts as the most
# sensitive: what we do not know we do not play down.
RANKS = {
    "system": 0,
    "user.behavior": 10,
    "user.privacy_preferences": 10,
    "user.content": 45,
    "user.unique_id": 30,
    "user.unique_id.pseudonymous": 15,
    "user.device": 35,
    "user.device.ip_address": 42,
    "user.location": 38,
    "user.location.imprecise": 25,
    "user.demographic": 44,
    "user.name": 50,
    "user.contact": 56,
    "user.contact.email": 58,
    "user.contact.phone_number": 57,
    "user.account": 48,
    "user.payment": 65,
    "user.financial": 66,
    "user.financial.bank_account": 75,
    "user.financial.credit_card": 80,
    "user.financial.credit_card.last4": 70,  # alone; beside more of the number it counts as the number
    "user.government_id": 85,
    "user.health_and_medical": 90,
    "user.biometric": 90,
    "user.authorization": 95,
    "user.authorization.password": 99,
}
UNKNOWN_RANK = 100


class UnknownCategory(ValueError):
    """The text is not of the form of a fideslang key, such as `user.contact.email`."""


def checked(category: str) -> str:
    if not FORM.fullmatch(category):
        raise UnknownCategory(f"{category!r} is not a data category such as user.contact.email or {OPERATIONS}.")
    return category


def rank(category: str) -> int:
    key = category
    while key:
        if key in RANKS:
            return RANKS[key]
        key = key.rpartition(".")[0]
    return UNKNOWN_RANK


def most_sensitive(categories: Iterable[str]) -> str:
    """The highest rank; among equals the longer key, then the alphabet, so that the answer never wavers."""
    return max(categories, key=lambda category: (rank(category), len(category), category))
