"""The fraud that hides in generated payments, with the labels an investigator would find later.

- card testing: forty intents of one address and device within half an hour, tiny amounts, most refused;
- stolen card: a large amount at night from an address and device never seen with that customer, later disputed;
- refund abuse: a few customers who have most of what they buy refunded.
"""

import numpy as np
import pyarrow as pa

from estate.generator.draw import Dice, Flags, Ints, digits, join, labelled, pick

NONE, CARD_TESTING, STOLEN_CARD, REFUND_ABUSE = 0, 1, 2, 3
LABELS = (None, "card_testing", "stolen_card", "refund_abuse")
BURST_EVERY, BURST_AT, BURST_SIZE = 4000, 100, 40
DAY, HOUR, SECOND = 86_400_000_000, 3_600_000_000, 1_000_000


def burst_of(intent: Ints) -> Ints:
    return intent // BURST_EVERY


def card_testing(intent: Ints) -> Flags:
    place = intent % BURST_EVERY
    return (place >= BURST_AT) & (place < BURST_AT + BURST_SIZE)


def stolen(dice: Dice, intent: Ints) -> Flags:
    return dice.happens("stolen", intent, 0.004) & ~card_testing(intent)


def label(dice: Dice, intent: Ints, customer: Ints) -> Ints:
    abuser = dice.happens("abuser", customer, 0.003)
    return np.select(
        [card_testing(intent), stolen(dice, intent), abuser], [CARD_TESTING, STOLEN_CARD, REFUND_ABUSE], NONE
    ).astype(np.int64)


def moment(dice: Dice, intents: int, intent: Ints, usual: Ints) -> Ints:
    """A burst's intents follow each other by seconds; a stolen card is used between one and five at night."""
    burst = burst_of(intent)
    midnight = usual // DAY * DAY
    night = midnight + HOUR + dice.below("night", intent, 4 * 3600) * SECOND
    first = (burst * BURST_EVERY + BURST_AT) / max(intents, 1)
    start = np.datetime64("2024-11-01", "us").astype(np.int64) + (first**0.8 * 730).astype(np.int64) * DAY
    within = start + 3 * HOUR + ((intent % BURST_EVERY) - BURST_AT) * 45 * SECOND
    return np.select([card_testing(intent), stolen(dice, intent)], [within, night], usual).astype(np.int64)


def amount(dice: Dice, intent: Ints, labels: Ints, usual: Ints) -> Ints:
    tiny = 100 + dice.below("tiny", intent, 150)
    return np.select([labels == CARD_TESTING, labels == STOLEN_CARD], [tiny, usual * 6], usual).astype(np.int64)


def _whose(intent: Ints, customer: Ints, labels: Ints) -> Ints:
    """The number an address or a device follows from: the customer's own, or one of the fraud's."""
    return np.select(
        [labels == CARD_TESTING, labels == STOLEN_CARD], [-1 - burst_of(intent), -1_000_000_000 - intent], customer
    ).astype(np.int64)


def address(dice: Dice, intent: Ints, customer: Ints, labels: Ints) -> pa.Array:
    """198.18.0.0/15 belongs to nobody (RFC 2544)."""
    place = dice.below("address", _whose(intent, customer, labels), 1 << 17)
    parts = (digits(18 + (place >> 16), 1), digits((place >> 8) & 255, 1), digits(place & 255, 1))
    return join("198.", parts[0], ".", parts[1], ".", parts[2])


def device(dice: Dice, intent: Ints, customer: Ints, labels: Ints) -> pa.Array:
    return labelled("dev_", dice.words("device", _whose(intent, customer, labels)))


def score(dice: Dice, row: Ints, labels: Ints) -> pa.Array:
    """The model of the day sees most of it, not all, and suspects some who are innocent."""
    base = (dice.share("risk", row) ** 3 * 60).astype(np.int64)
    lift = np.select([labels == CARD_TESTING, labels == STOLEN_CARD, labels == REFUND_ABUSE], [55, 40, 10], 0)
    return pa.array(np.minimum(base + lift, 100).astype(np.int16))


def label_name(labels: Ints) -> pa.Array:
    return pick(LABELS, labels)
