"""Records to rows: customer_unique_id is a person, an order an intent, a payment a charge, an item a line of a bill."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import pyarrow as pa

from estate.oltp.olist.derive import Card, Person, token
from estate.oltp.olist.people import CARDS, CURRENCY, Fields, customers, merchants, method_of, payment_methods
from estate.oltp.olist.records import Item, Order, Payment, Review, Sheet

CALLED_OFF = ("canceled", "unavailable")
CHUNK = 20_000
Batch = tuple[str, pa.RecordBatch]
MOMENT = pa.timestamp("us", "UTC")
TYPES = {
    **dict.fromkeys(("amount", "subtotal", "shipping", "total", "fee", "net", "amount_refunded"), pa.int64()),
    **dict.fromkeys(("sequence", "installments", "card_exp_month", "card_exp_year"), pa.int16()),
    **dict.fromkeys(("quantity", "score"), pa.int32()),
    "available_on": pa.date32(),
    "contact": pa.struct([("name", pa.string()), ("email", pa.string())]),
    "replies": pa.list_(pa.struct([("author", pa.string()), ("text", pa.string()), ("at", MOMENT)])),
}


def of(sheet: Sheet) -> Iterator[Batch]:
    items: dict[str, list[Item]] = defaultdict(list)
    for item in sheet.items:
        items[item.order.id].append(item)
    paid: dict[str, int] = defaultdict(int)
    for payment in sheet.payments:
        paid[payment.order.id] += payment.amount
    yield from batches("merchants", merchants(sheet))
    yield from batches("customers", customers(sheet))
    yield from batches("payment_methods", payment_methods(sheet.payments))
    yield from batches("payment_intents", (intent(o, items[o.id], paid.get(o.id)) for o in sheet.orders.values()))
    yield from batches("charges", (charge(p, seller_of(items[p.order.id])) for p in sheet.payments))
    yield from batches("balance_transactions", movements(sheet.payments, items))
    billed = [(order, items[order.id]) for order in sheet.orders.values() if items[order.id]]
    yield from batches("invoices", (invoice(order, lines) for order, lines in billed))
    yield from batches("invoice_items", (line(item) for item in sheet.items))


def feedback(sheet: Sheet) -> Iterator[Batch]:
    items: dict[str, list[Item]] = defaultdict(list)
    for item in sheet.items:
        items[item.order.id].append(item)
    yield from batches("feedback", (opinion(r, seller_of(items[r.order.id])) for r in sheet.reviews))


def batches(table: str, rows: Iterable[Fields]) -> Iterator[Batch]:
    """Fields of a name have one type everywhere; what TYPES does not name is text, or a time if its name ends so."""
    held = list(rows)
    for start in range(0, len(held), CHUNK):
        part = held[start : start + CHUNK]
        arrays = {name: pa.array([row[name] for row in part], _type(name)) for name in part[0]}
        yield table, pa.RecordBatch.from_pydict(arrays)


def _type(name: str) -> pa.DataType:
    return TYPES.get(name) or (MOMENT if name.endswith(("_at", "ship_by")) else pa.string())


def seller_of(items: list[Item]) -> str | None:
    """Who gets most of the order; of equals, the first by id. An order without items names nobody."""
    owed: dict[str, int] = defaultdict(int)
    for item in items:
        owed[item.seller] += item.price + item.freight
    best = min(owed, key=lambda seller: (-owed[seller], seller), default=None)
    return best and f"acct_{best}"


def intent_status(order: Order) -> str:
    if order.status in CALLED_OFF:
        return "canceled"
    return "succeeded" if order.approved else "requires_payment"


def intent(order: Order, items: list[Item], paid: int | None) -> Fields:
    goods = sorted({item.category or "goods" for item in items})
    return {
        "id": f"pi_{order.id}",
        "customer_id": f"cus_{order.customer.person}",
        "merchant_id": seller_of(items),
        "amount": sum(item.price + item.freight for item in items) if paid is None else paid,
        "currency": CURRENCY,
        "status": intent_status(order),
        "source_status": order.status,
        "description": ", ".join(goods) or None,
        "approved_at": order.approved,
        "shipped_at": order.shipped,
        "delivered_at": order.delivered,
        "expected_at": order.expected,
        "created_at": order.purchased,
    }


def charge_status(order: Order) -> str:
    """An approved order was paid, whatever became of it later."""
    if order.approved:
        return "succeeded"
    return "canceled" if order.status in CALLED_OFF else "pending"


def charge(payment: Payment, merchant: str | None) -> Fields:
    order, key = payment.order, method_of(payment)
    person = Person(order.customer.person)
    card = Card(key) if key and payment.type in CARDS else None
    return {
        "id": charge_id(payment),
        "payment_intent_id": f"pi_{order.id}",
        "customer_id": f"cus_{person.key}",
        "merchant_id": merchant,
        "payment_method_id": key,
        "payment_type": payment.type,
        "sequence": payment.sequence,
        "installments": payment.installments,
        "amount": payment.amount,
        "currency": CURRENCY,
        "status": charge_status(order),
        "receipt_email": person.email,
        "card_bin": card and card.bin,
        "card_last4": card and card.last4,
        "ip_address": person.address,
        "device_id": token("dev_", person.key),
        "captured_at": order.approved,
        "created_at": order.purchased,
    }


def charge_id(payment: Payment) -> str:
    return f"ch_{payment.order.id}_{payment.sequence}"


def movements(payments: Iterable[Payment], items: dict[str, list[Item]]) -> Iterator[Fields]:
    """What was taken. The sample knows no fees: they are 0, not guessed."""
    for payment in payments:
        taken = payment.order.approved
        if taken:
            yield {
                "id": f"txn_{charge_id(payment)}",
                "merchant_id": seller_of(items[payment.order.id]),
                "type": "charge",
                "charge_id": charge_id(payment),
                "amount": payment.amount,
                "fee": 0,
                "net": payment.amount,
                "currency": CURRENCY,
                "available_on": taken.date(),
                "created_at": taken,
            }


def invoice(order: Order, items: list[Item]) -> Fields:
    person = Person(order.customer.person)
    goods, freight = sum(item.price for item in items), sum(item.freight for item in items)
    return {
        "id": f"in_{order.id}",
        "payment_intent_id": f"pi_{order.id}",
        "customer_id": f"cus_{person.key}",
        "number": f"OL-{order.id[:12]}",
        "status": "paid" if order.approved else "open",
        "subtotal": goods,
        "shipping": freight,
        "total": goods + freight,
        "currency": CURRENCY,
        "billing_name": person.name,
        "billing_email": person.email,
        "paid_at": order.approved,
        "created_at": order.purchased,
    }


def line(item: Item) -> Fields:
    return {
        "id": f"ii_{item.order.id}_{item.place}",
        "invoice_id": f"in_{item.order.id}",
        "merchant_id": f"acct_{item.seller}",
        "product_ref": item.product,
        "product_category": item.category,
        "quantity": 1,
        "amount": item.price,
        "shipping": item.freight,
        "currency": CURRENCY,
        "ship_by": item.ship_by,
        "created_at": item.order.purchased,
    }


def opinion(review: Review, merchant: str | None) -> Fields:
    person = Person(review.order.customer.person)
    return {
        "_id": f"fb_{review.id}_{review.order.id}",
        "customer_id": f"cus_{person.key}",
        "merchant_id": merchant,
        "payment_intent_id": f"pi_{review.order.id}",
        "source": "review",
        "score": review.score,
        "title": review.title,
        "message": review.message,
        "language": "pt-BR",
        "contact": {"name": person.name, "email": person.email},
        "replies": [],
        "answered_at": review.answered,
        "created_at": review.created,
    }
