"""The rows of the files as records that have passed: keys unique, references found, amounts in cents."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from estate.oltp.olist.files import Folder, Row, Unfit
from estate.oltp.olist.values import cents, moment, moment_or_none, required, town, whole

T = TypeVar("T")


@dataclass(frozen=True)
class Seller:
    id: str
    postal_code: str | None
    city: str | None
    state: str | None


@dataclass(frozen=True)
class Customer:
    """One address of a person; `person` is the same for all of them."""

    id: str
    person: str
    postal_code: str | None
    city: str | None
    state: str | None


@dataclass(frozen=True)
class Order:
    id: str
    customer: Customer
    status: str
    purchased: datetime
    approved: datetime | None
    shipped: datetime | None
    delivered: datetime | None
    expected: datetime | None


@dataclass(frozen=True)
class Payment:
    order: Order
    sequence: int
    type: str
    installments: int
    amount: int


@dataclass(frozen=True)
class Item:
    order: Order
    place: int
    product: str
    category: str | None
    seller: str
    ship_by: datetime | None
    price: int
    freight: int


@dataclass(frozen=True)
class Review:
    id: str
    order: Order
    score: int
    title: str | None
    message: str | None
    created: datetime
    answered: datetime | None


@dataclass
class Sheet:
    """Reads the files in the order in which they refer to each other."""

    folder: Folder
    sellers: dict[str, Seller] = field(default_factory=dict)
    customers: dict[str, Customer] = field(default_factory=dict)
    categories: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    payments: list[Payment] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Folder) -> "Sheet":
        sheet = cls(folder)
        sheet.sellers = {s.id: s for s in folder.take("sellers", once("seller_id")(seller))}
        sheet.categories = _categories(folder)
        sheet.customers = {c.id: c for c in folder.take("customers", once("customer_id")(customer))}
        sheet.orders = {o.id: o for o in folder.take("orders", once("order_id")(sheet._order))}
        sheet.payments = folder.take("payments", once("order_id", "payment_sequential")(sheet._payment))
        sheet.items = folder.take("items", once("order_id", "order_item_id")(sheet._item))
        sheet.reviews = folder.take("reviews", once("review_id", "order_id")(sheet._review))
        return sheet

    def _order(self, row: Row) -> Order:
        return Order(
            id=required(row, "order_id"),
            customer=found(self.customers, row, "customer_id"),
            status=required(row, "order_status"),
            purchased=moment(row, "order_purchase_timestamp"),
            approved=moment_or_none(row, "order_approved_at"),
            shipped=moment_or_none(row, "order_delivered_carrier_date"),
            delivered=moment_or_none(row, "order_delivered_customer_date"),
            expected=moment_or_none(row, "order_estimated_delivery_date"),
        )

    def _payment(self, row: Row) -> Payment:
        return Payment(
            order=found(self.orders, row, "order_id"),
            sequence=whole(row, "payment_sequential", least=1),
            type=required(row, "payment_type"),
            installments=whole(row, "payment_installments", least=0),
            amount=cents(row, "payment_value"),
        )

    def _item(self, row: Row) -> Item:
        return Item(
            order=found(self.orders, row, "order_id"),
            place=whole(row, "order_item_id", least=1),
            product=required(row, "product_id"),
            category=self.categories.get(row["product_id"]),
            seller=found(self.sellers, row, "seller_id").id,
            ship_by=moment_or_none(row, "shipping_limit_date"),
            price=cents(row, "price"),
            freight=cents(row, "freight_value"),
        )

    def _review(self, row: Row) -> Review:
        return Review(
            id=required(row, "review_id"),
            order=found(self.orders, row, "order_id"),
            score=whole(row, "review_score", least=1, most=5),
            title=row["review_comment_title"] or None,
            message=row["review_comment_message"] or None,
            created=moment(row, "review_creation_date"),
            answered=moment_or_none(row, "review_answer_timestamp"),
        )


def once(*columns: str) -> Callable[[Callable[[Row], T]], Callable[[Row], T]]:
    """Of rows with the same key the first that can be taken is taken."""

    def wrap(make: Callable[[Row], T]) -> Callable[[Row], T]:
        lines: dict[tuple[str, ...], int] = {}

        def take(row: Row) -> T:
            key = tuple(row[column] for column in columns)
            if key in lines:
                raise Unfit(f"the same {' and '.join(columns)} stands on line {lines[key]}")
            made = make(row)
            lines[key] = row.line
            return made

        return take

    return wrap


def found(known: dict[str, T], row: Row, column: str) -> T:
    try:
        return known[required(row, column)]
    except KeyError:
        raise Unfit(f"{column} names a row that is not there, or was rejected") from None


def seller(row: Row) -> Seller:
    return Seller(
        id=required(row, "seller_id"),
        postal_code=row["seller_zip_code_prefix"] or None,
        city=town(row, "seller_city"),
        state=row["seller_state"] or None,
    )


def customer(row: Row) -> Customer:
    return Customer(
        id=required(row, "customer_id"),
        person=required(row, "customer_unique_id"),
        postal_code=row["customer_zip_code_prefix"] or None,
        city=town(row, "customer_city"),
        state=row["customer_state"] or None,
    )


def _categories(folder: Folder) -> dict[str, str]:
    """Product to category, in English where the translation knows it. A product without one has none."""
    english = dict(folder.take("translation", once("product_category_name")(_translation)))
    products = folder.take("products", once("product_id")(_product))
    return {product: english.get(name, name) for product, name in products if name}


def _translation(row: Row) -> tuple[str, str]:
    return required(row, "product_category_name"), required(row, "product_category_name_english")


def _product(row: Row) -> tuple[str, str]:
    return required(row, "product_id"), row["product_category_name"]
