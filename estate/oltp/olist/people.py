"""Who buys, with what, and who sells. What the sample does not tell of them is derived from their ids."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from estate.oltp.olist.derive import Card, Person, number, token
from estate.oltp.olist.records import Customer, Payment, Sheet

COUNTRY, CURRENCY = "BR", "BRL"
# Before the first order: for who is in the files without any.
EARLIEST = datetime(2016, 9, 1, tzinfo=UTC)
CARDS = ("credit_card", "debit_card")
# What the shop cannot keep: there is nothing to pay with again.
NOT_KEPT = ("not_defined",)
Fields = dict[str, Any]


def merchants(sheet: Sheet) -> Iterator[Fields]:
    first: dict[str, datetime] = {}
    trade: dict[str, str] = {}
    for item in sheet.items:
        first[item.seller] = min(first.get(item.seller, item.order.purchased), item.order.purchased)
        if item.category:
            trade.setdefault(item.seller, item.category)
    for seller in sheet.sellers.values():
        contact = Person(f"seller/{seller.id}")
        yield {
            "id": f"acct_{seller.id}",
            "legal_name": f"{contact.name} Comércio Ltda",
            "display_name": f"Loja {contact.name.split()[-1]} {seller.id[:4]}",
            "contact_name": contact.name,
            "email": contact.email,
            "phone": contact.phone,
            "category_code": trade.get(seller.id),
            "city": seller.city,
            "region": seller.state,
            "postal_code": seller.postal_code,
            "country": COUNTRY,
            "default_currency": CURRENCY,
            "bank_account_token": token("ba_", seller.id),
            "bank_account_last4": f"{number('bank', seller.id, 10_000):04d}",
            "created_at": first.get(seller.id) or EARLIEST,
        }


def customers(sheet: Sheet) -> Iterator[Fields]:
    """One row a person: the address of the latest order, known since the first."""
    first: dict[str, datetime] = {}
    latest: dict[str, tuple[datetime, str]] = {}
    address: dict[str, Customer] = {}
    for customer in sheet.customers.values():
        address.setdefault(customer.person, customer)
    for order in sheet.orders.values():
        key, at = order.customer.person, (order.purchased, order.id)
        first[key] = min(first.get(key, order.purchased), order.purchased)
        if key not in latest or at > latest[key]:
            latest[key], address[key] = at, order.customer
    for key, customer in address.items():
        person = Person(key)
        yield {
            "id": f"cus_{key}",
            "external_ref": key,
            "email": person.email,
            "full_name": person.name,
            "phone": person.phone,
            "city": customer.city,
            "region": customer.state,
            "postal_code": customer.postal_code,
            "country": COUNTRY,
            "locale": "pt-BR",
            "created_at": first.get(key) or EARLIEST,
        }


def method_of(payment: Payment) -> str | None:
    if payment.type in NOT_KEPT:
        return None
    return f"pm_{payment.order.customer.person}_{payment.type}"


def payment_methods(payments: Iterable[Payment]) -> Iterator[Fields]:
    """One a person and kind; it is known since the first charge with it."""
    first: dict[str, Payment] = {}
    for payment in payments:
        key = method_of(payment)
        if key and (key not in first or payment.order.purchased < first[key].order.purchased):
            first[key] = payment
    for key, payment in first.items():
        person = payment.order.customer.person
        card = Card(key) if payment.type in CARDS else None
        yield {
            "id": key,
            "customer_id": f"cus_{person}",
            "payment_type": payment.type,
            "card_token": card and token("tok_", key),
            "card_bin": card and card.bin,
            "card_last4": card and card.last4,
            "card_brand": card and card.brand,
            "card_exp_month": card and card.expiry[0],
            "card_exp_year": card and card.expiry[1],
            "holder_name": card and Person(person).name.upper(),
            "fingerprint": card and token("fp_", key),
            "created_at": payment.order.purchased,
        }
