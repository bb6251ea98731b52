"""Precision and recall of suggested categories on labelled columns.

    .venv/bin/python bench/categories.py

Columns are made up from several languages, with what is hard to tell apart beside them: order numbers that pass Luhn's
check, versions that look like addresses, product names, tokens, texts without anybody in them. The generator knows
nothing of the detectors' lists but the rules of the formats; names of people are drawn from lists of its own. Where
`../shared/data/olist` is there, its columns are held against labels given by hand. Exit code 1: a precision below 0.9
or a recall below 0.8 over all categories.
"""

import csv
import random
import string
import sys
import uuid
from collections import Counter
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))
SHARED = BASE.parent / "shared" / "data" / "olist"
VALUES, LEAST_PRECISION, LEAST_RECALL = 200, 0.9, 0.8
FIRST = ["Ana", "Björn", "Chloé", "Dmitri", "Elif", "Farid", "Giulia", "Hanna", "Iker", "Jonas", "Keiko", "Luis", "Maria",
         "Nadia", "Olga", "Paul", "Qi", "Rosa", "Sara", "Tariq", "Uma", "Viktor", "Wanda", "Ximena", "Yusuf", "Zoe"]  # fmt: skip
LAST = ["Almeida", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Huang", "Ivanov", "Jansen", "Kaya", "Lopez",
        "Moreau", "Nakamura", "O'Brien", "Petrov", "Quintero", "Rossi", "Silva", "Tanaka", "Ulrich", "Vega", "Weber"]  # fmt: skip
STREETS = [
    "Main Street",
    "Hauptstraße",
    "Rue de la Paix",
    "Via Roma",
    "Calle Mayor",
    "Kerkstraat",
    "Oak Avenue",
    "Ringweg",
]
GOODS = [
    "Cotton Shirt",
    "Green Tea",
    "Desk Lamp",
    "Running Shoes",
    "Garden Chair",
    "Blue Mug",
    "Steel Pan",
    "Wool Scarf",
]
TALK = ["the parcel came late but whole", "please send the bill once more", "works as described and looks fine",
        "the colour is not the one I chose", "nobody answered when I called the shop"]  # fmt: skip
LABELS = {  # of the real sample: what each column holds, by hand
    "olist_customers_dataset.csv": {"customer_city": None, "customer_state": None, "customer_id": None},
    "olist_orders_dataset.csv": {"order_id": None, "order_status": None, "customer_id": None},
    "olist_order_payments_dataset.csv": {"payment_type": None, "order_id": None},
    "olist_order_reviews_dataset.csv": {"review_id": None, "review_comment_title": None},
    "olist_products_dataset.csv": {"product_id": None, "product_category_name": None},
    "olist_sellers_dataset.csv": {"seller_city": None, "seller_id": None},
}


def luhn(body: str) -> str:
    total = sum(sum(divmod(int(d) * 2, 10)) if at % 2 == 0 else int(d) for at, d in enumerate(reversed(body)))
    return body + str(-total % 10)


def iban(draw: random.Random) -> str:
    country, size = draw.choice([("DE", 18), ("ES", 20), ("AT", 16), ("PL", 24), ("DK", 14)])
    body = "".join(draw.choices(string.digits, k=size))
    check = 98 - int(body + "".join(str(int(sign, 36)) for sign in country) + "00") % 97
    return f"{country}{check:02}{body}"


def columns(draw: random.Random) -> list[tuple[str, str | None, list[str]]]:
    """(name, category or None, values); each kind under a telling and under a silent name."""

    def name() -> str:
        return f"{draw.choice(FIRST)} {draw.choice(LAST)}"

    def phone() -> str:
        code, size = draw.choice([("+49 151", 8), ("+44 7700 9", 5), ("+34 612", 6), ("+33 6 12", 6), ("+1 650253", 4)])
        return code + "".join(draw.choices(string.digits, k=size))

    kinds = {
        ("user.contact.email", "customer_email", "field_3"): lambda: f"{draw.choice(FIRST).lower()}{draw.randrange(999)}@{draw.choice(['mail', 'post', 'web'])}.example",
        ("user.contact.phone_number", "mobile_phone", "contact_2"): phone,
        ("user.financial.bank_account", "iban", "payout_target"): lambda: iban(draw),
        ("user.financial.credit_card", "card_number", "instrument"): lambda: luhn("4" + "".join(draw.choices(string.digits, k=14))),
        ("user.device.ip_address", "ip_address", "origin"): lambda: f"{draw.randrange(32, 224)}.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(256)}",
        ("user.contact.address", "street_address", "line1"): lambda: f"{draw.choice(STREETS)} {draw.randrange(1, 200)}",
        ("user.name", "full_name", "holder"): name,
        ("user.content", "comment", "body"): lambda: f"{draw.choice(TALK)} {draw.choice(TALK)}" + (f", write to {draw.choice(FIRST).lower()}@mail.example" if draw.random() < 0.1 else ""),
        (None, "order_number", "reference"): lambda: "".join(draw.choices(string.digits, k=16)),
        (None, "version", "release"): lambda: ".".join(str(draw.randrange(20)) for _ in range(4)),
        (None, "product_name", "title"): lambda: draw.choice(GOODS),
        (None, "token", "external_id"): lambda: str(uuid.UUID(int=draw.getrandbits(128))),
        (None, "review", "message"): lambda: f"{draw.choice(TALK)} {draw.choice(TALK)}",
        (None, "email_hash", "digest"): lambda: "".join(draw.choices("0123456789abcdef", k=64)),
        (None, "city", "place"): lambda: draw.choice(["Lisboa", "Berlin", "Porto Alegre", "New York", "Kraków"]),
        (None, "created_at", "at"): lambda: f"2026-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}T10:00:00Z",
    }  # fmt: skip
    return [
        (named, category, [make() if draw.random() > 0.03 else "" for _ in range(VALUES)])
        for (category, *names), make in kinds.items()
        for named in names
        for _ in range(4)
    ]


def real() -> list[tuple[str, str | None, list[str]]]:
    found: list[tuple[str, str | None, list[str]]] = []
    for file, labels in LABELS.items():
        path = SHARED / file
        if path.exists():
            with path.open(newline="", encoding="utf-8") as opened:
                rows = [row for _, row in zip(range(VALUES), csv.DictReader(opened), strict=False)]
            found += [
                (name, label, [row[name] for row in rows]) for name, label in labels.items() if rows and name in rows[0]
            ]
    return found


def main() -> int:
    from apps.catalog.suggestions.detect import guess, profile

    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    errors = []
    listed, sample = columns(random.Random(20)), real()
    for name, category, values in listed + sample:
        found = guess(name, "", "text", profile(values))
        said = found.category if found else None
        if said == category and category:
            right[category] += 1
        elif said != category:
            wrong.update([said] if said else [])
            missed.update([category] if category else [])
            errors.append(f"{name}: {category or 'nobody'}, taken for {said or 'nothing'}")
    print(f"Suggested categories: {len(listed)} columns made up, {len(sample)} of a real sample, {VALUES} values each")
    for category in sorted({*right, *wrong, *missed}):
        found, lost, false = right[category], missed[category], wrong[category]
        print(f"  {category}: precision {found / max(1, found + false):.2f}, recall {found / max(1, found + lost):.2f}")
    for error in sorted(set(errors)):
        print(f"    {error}")
    hits, false, lost = right.total(), wrong.total(), missed.total()
    precision, recall = hits / max(1, hits + false), hits / max(1, hits + lost)
    print(
        f"  over all: precision {precision:.3f} (limit: {LEAST_PRECISION:g}), recall {recall:.3f} (limit: {LEAST_RECALL:g})"
    )
    return 0 if precision >= LEAST_PRECISION and recall >= LEAST_RECALL else 1


if __name__ == "__main__":
    sys.exit(main())
