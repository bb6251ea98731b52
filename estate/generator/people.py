"""Customers, their payment methods and merchants. Every name is made up; domains, telephones, addresses and card
BINs are those reserved for examples and tests, so that none of them reaches anybody."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from estate.generator import words
from estate.generator.draw import Dice, Flags, Ints, days, digits, join, moments, only, pick, when

DAY = 86_400_000_000
FIRST_DAY = int(np.datetime64("2024-11-01", "us").astype(np.int64))
SPAN_DAYS = 730
CARDS = ("credit_card", "debit_card")
TYPES = ("credit_card", "debit_card", "wallet", "bank_transfer", "boleto", "voucher", "not_defined")
TYPE_WEIGHTS = (62, 14, 10, 7, 5, 1.9, 0.1)


@dataclass(frozen=True)
class Sizes:
    """How many of each for one scale: 20,000 charges at 1."""

    charges: int
    intents: int
    customers: int
    methods: int
    merchants: int

    @classmethod
    def of(cls, scale: float) -> "Sizes":
        groups = max(1, round(1250 * scale))
        customers = max(40, round(2000 * scale))
        return cls(groups * 16, groups * 15, customers, customers + customers // 5, max(20, round(50 * scale)))


@dataclass(frozen=True)
class People:
    dice: Dice
    sizes: Sizes

    def person(self, customer: Ints) -> Ints:
        """Whose data a customer carries: one in 200 is a second account of the customer before it."""
        twin = self.dice.happens("twin", customer, 0.005) & (customer > 0)
        return np.where(twin, customer - 1, customer)

    def country(self, customer: Ints) -> Ints:
        return self.dice.weighted("country", self.person(customer), words.COUNTRY_WEIGHTS)

    def first(self, customer: Ints) -> pa.Array:
        person = self.person(customer)
        return pick(words.FIRST, self.dice.below("first", person, len(words.FIRST)))

    def last(self, customer: Ints) -> pa.Array:
        person = self.person(customer)
        return pick(words.LAST, self.dice.below("last", person, len(words.LAST)))

    def email(self, customer: Ints) -> pa.Array:
        person = self.person(customer)
        domain = pick(words.DOMAINS, self.dice.below("domain", person, len(words.DOMAINS)))
        local = join(pc.utf8_lower(self.first(customer)), ".", pc.utf8_lower(self.last(customer)))
        address = join(local, digits(person, 1), "@", domain)
        return when(person != customer, pc.utf8_upper(address), address)

    def phone(self, customer: Ints) -> pa.Array:
        """555-0100 to 555-0199 belong to nobody in any North American area."""
        person = self.person(customer)
        area = digits(self.dice.below("area", person, 700) + 201, 3)
        return join("+1", area, "55501", digits(self.dice.below("line", person, 100), 2))

    def full_name(self, customer: Ints) -> pa.Array:
        return join(self.first(customer), " ", self.last(customer))

    def method_of(self, customer: Ints, second: Flags) -> Ints:
        """Every fifth customer has a second payment method."""
        has_second = (customer % 5 == 0) & (customer // 5 < self.sizes.methods - self.sizes.customers)
        return np.where(second & has_second, self.sizes.customers + customer // 5, customer)

    def owner_of(self, method: Ints) -> Ints:
        return np.where(method < self.sizes.customers, method, (method - self.sizes.customers) * 5)

    def payment_type(self, method: Ints) -> Ints:
        return self.dice.weighted("payment type", method, TYPE_WEIGHTS)

    def bin(self, method: Ints) -> pa.Array:
        return pick(words.BINS, self.dice.below("bin", method, len(words.BINS)))

    def last4(self, method: Ints) -> pa.Array:
        return digits(self.dice.below("last4", method, 10_000), 4)

    def merchant_country(self, merchant: Ints) -> Ints:
        return self.dice.weighted("merchant country", merchant, words.COUNTRY_WEIGHTS)

    def currency(self, merchant: Ints) -> pa.Array:
        return pick(words.CURRENCIES, self.merchant_country(merchant))

    def customers(self, row: Ints) -> pa.RecordBatch:
        """One in 300 is malformed: an address without @, an empty name, a telephone that is a remark."""
        d, country = self.dice, self.country(row)
        broken = d.happens("broken customer", row, 1 / 300)
        email, phone = self.email(row), self.phone(row)
        town = d.below("town", self.person(row), 4)
        joined = FIRST_DAY + d.below("joined", row, SPAN_DAYS * 86_400) * 1_000_000 - 90 * DAY
        born = -d.below("born", self.person(row), 50 * 365) * DAY + 35 * 365 * DAY
        return pa.RecordBatch.from_pydict(
            {
                "id": d.ids("cus_", row),
                "external_ref": join("shop-", digits(row, 9)),
                "email": when(broken, pc.replace_substring(email, "@", " at "), email),
                "full_name": when(broken & (row % 2 == 0), "", self.full_name(row)),
                "phone": when(broken, "call after six", phone),
                "birth_date": only(d.happens("has birth", row, 0.6), days(born)),
                "city": pick(words.CITIES, country * 4 + town),
                "region": pick(words.REGIONS, country * 4 + town),
                "postal_code": digits(d.below("postal", self.person(row), 90_000) + 10_000, 5),
                "country": pick(words.COUNTRIES, country),
                "locale": pick(words.LOCALES, country),
                "marketing_consent": pa.array(d.happens("marketing", row, 0.4)),
                "status": pick(("active", "blocked", "closed"), d.weighted("status", row, (97, 1, 2))),
                "created_at": moments(joined),
            }
        )

    def payment_methods(self, row: Ints) -> pa.RecordBatch:
        d, owner, kind = self.dice, self.owner_of(row), self.payment_type(row)
        card = kind < len(CARDS)
        return pa.RecordBatch.from_pydict(
            {
                "id": d.ids("pm_", row),
                "customer_id": d.ids("cus_", owner),
                "payment_type": pick(TYPES, kind),
                "card_token": only(card, d.ids("tok_", row)),
                "card_bin": only(card, self.bin(row)),
                "card_last4": only(card, self.last4(row)),
                "card_brand": only(card, pick(words.BRANDS, d.below("bin", row, len(words.BINS)))),
                "card_exp_month": only(card, (d.below("month", row, 12) + 1).astype(np.int16)),
                "card_exp_year": only(card, (d.below("year", row, 6) + 2026).astype(np.int16)),
                "holder_name": only(card, pc.utf8_upper(self.full_name(owner))),
                "fingerprint": only(card, d.ids("fp_", row)),
                "status": pick(("active", "expired", "removed"), d.weighted("method status", row, (93, 5, 2))),
                "created_at": moments(FIRST_DAY - 60 * DAY + d.below("added", row, 60 * 86_400) * 1_000_000),
            }
        )

    def merchants(self, row: Ints) -> pa.RecordBatch:
        d, country = self.dice, self.merchant_country(row)
        name = join(
            pick(words.LAST, d.below("house", row, len(words.LAST))), " ",
            pick(words.TRADES, d.below("trade", row, len(words.TRADES))),
        )  # fmt: skip
        contact = row + self.sizes.customers  # numbers no customer has
        town = d.below("town", contact, 4)
        return pa.RecordBatch.from_pydict(
            {
                "id": d.ids("acct_", row),
                "legal_name": join(name, " ", pick(words.FORMS, country)),
                "display_name": name,
                "contact_name": self.full_name(contact),
                "email": self.email(contact),
                "phone": self.phone(contact),
                "category_code": pick(words.MCC, d.below("trade", row, len(words.TRADES))),
                "city": pick(words.CITIES, country * 4 + town),
                "region": pick(words.REGIONS, country * 4 + town),
                "postal_code": digits(d.below("postal", contact, 90_000) + 10_000, 5),
                "country": pick(words.COUNTRIES, country),
                "default_currency": pick(words.CURRENCIES, country),
                "bank_account_token": d.ids("ba_", row),
                "bank_account_last4": digits(d.below("bank", row, 10_000), 4),
                "risk_level": pick(("normal", "elevated", "high"), d.weighted("risk", row, (90, 8, 2))),
                "status": pick(("active", "suspended", "closed"), d.weighted("status", contact, (96, 2, 2))),
                "created_at": moments(FIRST_DAY - 200 * DAY + d.below("opened", row, 200 * 86_400) * 1_000_000),
            }
        )
