"""The part of SHA-256 that the standard library does not give: one block, from any state (FIPS 180-4).

With it a key becomes the two states that HMAC begins with, so that a function of MongoDB hashes half as much.
"""

import struct
from itertools import count, islice
from math import isqrt

State = tuple[int, ...]
WORD = 0xFFFFFFFF


def primes() -> list[int]:
    return list(islice((n for n in count(2) if all(n % k for k in range(2, isqrt(n) + 1))), 64))


def cube_root(number: int) -> int:
    low, high = 0, number
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


# The first 32 bits of the fractions of the roots of the first primes.
START: State = tuple(isqrt(prime << 64) & WORD for prime in primes()[:8])
CONSTANTS: State = tuple(cube_root(prime << 96) & WORD for prime in primes())


def turned(word: int, by: int) -> int:
    return (word >> by | word << (32 - by)) & WORD


def after(block: bytes, state: State = START) -> State:
    """The state after a block of 64 bytes."""
    words = schedule(block)
    a, b, c, d, e, f, g, h = state
    for constant, word in zip(CONSTANTS, words, strict=True):
        one = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + constant + word
        two = (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
        a, b, c, d, e, f, g, h = (one + two) & WORD, a, b, c, (d + one) & WORD, e, f, g
    return tuple((old + new) & WORD for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True))


def schedule(block: bytes) -> list[int]:
    words = list(struct.unpack(">16I", block))
    for at in range(16, 64):
        x, y = words[at - 15], words[at - 2]
        first = turned(x, 7) ^ turned(x, 18) ^ x >> 3
        words.append((words[at - 16] + first + words[at - 7] + (turned(y, 17) ^ turned(y, 19) ^ y >> 10)) & WORD)
    return words


def signed(state: State) -> list[int]:
    """As JavaScript's and MongoDB's whole numbers of 32 bits."""
    return [word - 2**32 if word >= 2**31 else word for word in state]
