"""One setting, and the keys that come from it: one for the tokens of each purpose, one for look-ups, one for noise.

A store never holds the setting itself, only what HMAC needs of a derived key: the two blocks that the key becomes
(RFC 2104). So a function of the store needs SHA-256 and no more, and what one store lost tells nothing of the others'
purposes that it did not serve.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

BLOCK = 64  # bytes of a block of SHA-256
NOISE = "noise"  # one for all purposes: several answers for one value would average out
LOOK_UP = "look_up"  # no purpose of anybody: a token under this key is compared inside a scan and shown by no mask
PREFIX = "tok_"
HEX_SHOWN = 32  # 128 bits
NOISE_HEX = 12  # 48 bits: whole numbers that every store and every language counts with exactly


@dataclass(frozen=True)
class Pads:
    """A key as two blocks. Worth as much as the key: shown to nobody."""

    name: str
    inner: bytes
    outer: bytes

    def __repr__(self) -> str:
        return f"Pads({self.name!r})"


def token_name(purpose: str) -> str:
    return f"token:{purpose}"


def derived(setting: str, name: str) -> bytes:
    """`setting` in hex. Raises ValueError if it is not 32 bytes."""
    master = bytes.fromhex(setting)
    if len(master) != 32:
        raise ValueError("the key of tokens has 32 bytes")
    return hmac.digest(master, f"portico mask\0{name}".encode(), hashlib.sha256)


def pads(setting: str, name: str) -> Pads:
    block = derived(setting, name).ljust(BLOCK, b"\0")
    return Pads(name, bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block))


def all_pads(setting: str, purposes: Iterable[str]) -> list[Pads]:
    """What a store holds that serves all of these purposes."""
    return [pads(setting, name) for name in (NOISE, *map(token_name, (*purposes, LOOK_UP)))]


def digest(key: bytes, text: str) -> str:
    """Hex. Half of a pair that stands for one character, which no store holds, is taken as it is."""
    return hmac.digest(key, text.encode(errors="surrogatepass"), hashlib.sha256).hex()


def token(key: bytes, text: str) -> str:
    """
    >>> token(derived("00" * 32, "token:analytics"), "ann@example.org")
    'tok_...'
    """
    return PREFIX + digest(key, text)[:HEX_SHOWN]


def noise(key: bytes, text: str, width: int) -> int:
    """A whole number from -width to width, always the same for one text and width."""
    return int(digest(key, f"{width}:{text}")[:NOISE_HEX], 16) % (2 * width + 1) - width
