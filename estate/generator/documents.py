"""Sessions, API logs, feedback and model features, as nested batches. Personal data lies in them as it does in life:
in contact blocks, in arrays of devices and events, in free text."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from estate.generator import fraud, words
from estate.generator.draw import Flags, Ints, digits, join, moments, only, pick
from estate.generator.payments import Charges, Intents
from estate.generator.people import DAY, FIRST_DAY, SPAN_DAYS, People

SECOND = 1_000_000
SESSIONS_PER, LOGS_PER, FEEDBACK_PER = 16, 10, 40
LAST_DAY = FIRST_DAY + SPAN_DAYS * DAY
PAGES = ("landing", "product", "cart", "checkout", "receipt")
ROUTES = ("/v1/charges", "/v1/payment_intents", "/v1/refunds", "/v1/customers")
ERRORS = ("card_declined", "invalid_request", "rate_limited")


def struct(**fields: pa.Array) -> pa.Array:
    arrays = [value if isinstance(value, pa.Array) else pa.array(value) for value in fields.values()]
    return pa.StructArray.from_arrays(arrays, names=list(fields))


def lists(values: pa.Array, sizes: Ints) -> pa.Array:
    """`values` cut into lists of these sizes, in order."""
    return pa.ListArray.from_arrays(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32), values)


def spread(row: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """For each element of lists of these sizes: its row's number, and its place in the list."""
    starts = np.cumsum(sizes) - sizes
    return np.repeat(row, sizes), np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(starts, sizes)


def sessions(people: People, row: Ints) -> pa.RecordBatch:
    """One session for every sixteenth charge, the one it led to. One in 200 lost its device block on the way."""
    d = people.dice
    charge = row * SESSIONS_PER
    intents = Charges(people, charge).intents()
    customer, label, ended = intents.customer(), intents.label(), intents.created()
    length = (60 + d.below("length", row, 1500)) * SECOND
    sizes = 1 + d.below("events", row, 4)
    _, place = spread(row, sizes)
    each_customer, each_label = np.repeat(customer, sizes), np.repeat(label, sizes)
    each_intent = np.repeat(intents.row, sizes)
    moment = np.repeat(ended - length, sizes) + place * np.repeat(length // 5, sizes)
    whole = ~d.happens("no device", row, 0.005)
    address = fraud.address(d, intents.row, customer, label)
    events = struct(
        type=pick(PAGES, place),
        at=moments(moment),
        ip=fraud.address(d, each_intent, each_customer, each_label),
        form_email=only(place == 3, people.email(each_customer)),
    )
    country = people.country(customer)
    return pa.RecordBatch.from_pydict(
        {
            "_id": d.ids("ses_", row),
            "customer_id": d.ids("cus_", customer),
            "channel": pick(("web", "app", "pos"), d.weighted("channel", row, (60, 37, 3))),
            "started_at": moments(ended - length),
            "ended_at": moments(ended),
            "device": struct(
                id=only(whole, fraud.device(d, intents.row, customer, label)),
                os=only(whole, pick(words.SYSTEMS, d.below("os", customer, len(words.SYSTEMS)))),
                browser=only(whole, pick(words.BROWSERS, d.below("browser", customer, len(words.BROWSERS)))),
                user_agent=only(whole, _agent(people, customer)),
                ip=only(whole, address),
            ),
            "geo": struct(country=pick(words.COUNTRIES, country), city=pick(words.CITIES, country * 4)),
            "contact": struct(email=people.email(customer), phone=people.phone(customer)),
            "consent": struct(
                marketing=d.happens("marketing", customer, 0.4), analytics=d.happens("analytics", customer, 0.7)
            ),
            "events": lists(events, sizes),
            "charge_ids": lists(d.ids("ch_", charge), np.ones(len(row), dtype=np.int64)),
            "created_at": moments(ended - length),
        }
    )


def _agent(people: People, customer: Ints) -> pa.Array:
    d = people.dice
    browser = pick(words.BROWSERS, d.below("browser", customer, len(words.BROWSERS)))
    return join("Mozilla/5.0 (", pick(words.SYSTEMS, d.below("os", customer, len(words.SYSTEMS))), ") ", browser)


def api_logs(people: People, row: Ints) -> pa.RecordBatch:
    """One request in ten is kept. One in fifty is written down hours or days later, one in 500 comes twice, and one in
    300 is malformed: no status, no route."""
    d = people.dice
    charges = Charges(people, row * LOGS_PER)
    intents = charges.intents()
    customer, at = intents.customer(), intents.created()
    broken = d.happens("broken log", row, 1 / 300)
    failed = d.happens("log failed", row, 0.06)
    late = d.below("log late", row, 3 * 86_400) * SECOND * d.happens("is log late", row, 0.02)
    original = np.where(d.happens("twice", row, 0.002) & (row > 0), row - 1, row)
    method = charges.method(intents)
    sizes = failed.astype(np.int64)
    which, _ = spread(row, sizes)
    message = join("refused for ", people.email(np.repeat(customer, sizes)))
    status = np.where(failed, 402, 200).astype(np.int32)
    return pa.RecordBatch.from_pydict(
        {
            "_id": d.ids("log_", row),
            "request_id": d.ids("req_", original),
            "merchant_id": d.ids("acct_", intents.merchant()),
            "method": pick(("POST", "GET"), d.weighted("verb", row, (85, 15))),
            "route": only(~broken, pick(ROUTES, d.weighted("route", row, (60, 25, 5, 10)))),
            "status": only(~broken, status),
            "latency_ms": pa.array(np.round(np.exp(4.2 + 0.6 * d.normal("latency", row)), 1)),
            "client": struct(
                ip=fraud.address(d, intents.row, customer, intents.label()), user_agent=_agent(people, customer)
            ),
            "request": struct(
                customer_email=people.email(customer),
                card=struct(bin=people.bin(method), last4=people.last4(method)),
                note=only(d.happens("has note", row, 0.05), join("call ", people.phone(customer), " before delivery")),
            ),
            "errors": lists(struct(code=pick(ERRORS, d.below("error", which, 3)), message=message), sizes),
            "occurred_at": moments(at),
            "received_at": moments(at + late),
            "created_at": moments(at),
        }
    )


def feedback(people: People, row: Ints) -> pa.RecordBatch:
    d = people.dice
    intents = Intents(people, row * (FEEDBACK_PER * 15 // 16))
    customer, at = intents.customer(), intents.created() + 5 * DAY
    score = 1 + d.weighted("stars", row, (11, 4, 8, 19, 58))
    signed = d.happens("signed", row, 0.2)
    text = pick(words.PRAISE, d.below("praise", row, len(words.PRAISE)))
    greeting = join(text, " ", people.full_name(customer), ", ", people.phone(customer))
    sizes = d.happens("answered", row, 0.3).astype(np.int64)
    which, _ = spread(row, sizes)
    name = people.first(np.repeat(customer, sizes))
    reply = struct(
        author=pick(words.FIRST, d.below("agent", which, 8)),
        text=join("Dear ", name, ", thank you for telling us."),
        at=moments(np.repeat(at, sizes) + DAY),
    )
    answered: Flags = sizes > 0
    country = people.country(customer)
    return pa.RecordBatch.from_pydict(
        {
            "_id": d.ids("fb_", row),
            "customer_id": d.ids("cus_", customer),
            "merchant_id": d.ids("acct_", intents.merchant()),
            "payment_intent_id": d.ids("pi_", intents.row),
            "source": pick(("survey",), np.zeros(len(row), dtype=np.int64)),
            "score": score.astype(np.int32),
            "title": pick(("Very good", "Good", "So so", "Poor", "Bad"), 5 - score),
            "message": pc.if_else(pa.array(signed), greeting, text),
            "language": pick(words.LOCALES, country),
            "contact": struct(name=people.full_name(customer), email=people.email(customer)),
            "replies": lists(reply, sizes),
            "answered_at": only(answered, moments(at + DAY)),
            "created_at": moments(at),
        }
    )


def ml_features(people: People, row: Ints) -> pa.RecordBatch:
    """One document per customer. What a feature store would have counted, drawn instead of counted."""
    d = people.dice
    abuser = d.happens("abuser", row, 0.003)
    cards = 1 + d.below("cards", row, 3)
    sizes = 1 + d.below("devices", row, 2)
    which, place = spread(row, sizes)
    seen = FIRST_DAY + d.below("seen", which * 4 + place, SPAN_DAYS * 86_400) * SECOND
    none = np.zeros(len(which), dtype=np.int64)
    devices = struct(
        id=fraud.device(d, which, which * 4 + place, none),
        ip=fraud.address(d, which, which * 4 + place, none),
        first_seen_at=moments(seen),
        last_seen_at=moments(np.minimum(seen + 90 * DAY, LAST_DAY)),
    )
    bought = 1 + (d.share("bought", row) ** 3 * 60).astype(np.int64)
    quiet = np.zeros(len(row), dtype=np.int64)
    return pa.RecordBatch.from_pydict(
        {
            "_id": join("feat_", digits(row, 9)),
            "customer_id": d.ids("cus_", row),
            "as_of": moments(np.full(len(row), LAST_DAY, dtype=np.int64)),
            "features": struct(
                charges=bought,
                amount_minor=bought * 6200,
                declined=(bought * d.share("declined", row) * 0.2).astype(np.int64),
                cards=cards,
                ips=sizes,
                night_share=np.round(d.share("night share", row) ** 2, 4),
                refund_share=np.where(abuser, 0.6, np.round(d.share("refunds", row) ** 6, 4)),
            ),
            "recent_ips": lists(fraud.address(d, row, row, quiet), np.ones(len(row), dtype=np.int64)),
            "devices": lists(devices, sizes),
            "label": pick(fraud.LABELS, np.where(abuser, fraud.REFUND_ABUSE, 0)),
            "created_at": moments(np.full(len(row), LAST_DAY, dtype=np.int64)),
        }
    )
