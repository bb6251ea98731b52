"""AES-256-GCM for what an execution holds. The name of the place is bound to the content: a sealed text moved to
another execution, or a result put under another id, does not open."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE = 12


class Broken(Exception):
    """What is there was not sealed with this key for this place."""


def seal(content: bytes, place: str) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + cipher().encrypt(nonce, content, place.encode())


def open_sealed(sealed: bytes, place: str) -> bytes:
    try:
        return cipher().decrypt(sealed[:NONCE], sealed[NONCE:], place.encode())
    except InvalidTag:
        raise Broken(place) from None


def cipher() -> AESGCM:
    return AESGCM(bytes.fromhex(settings.RESULTS_KEY))
