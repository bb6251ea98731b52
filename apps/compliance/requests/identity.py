"""Whose request it is: sealed under a key of its own, recognised by a keyed digest, shown masked.

The request's id is bound to what is sealed, so that an identity moved to another request does not open.
"""

import hashlib
import hmac
import os
import re
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from apps.compliance.requests.types import Refused

NONCE = 12
LONGEST = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
# One @, no space, no control character, a dotted domain: what mail can be sent to. Not the whole of RFC 5322, whose
# quoted and commented forms no store of payments holds.
LOCAL = re.compile(r"[^\s@\"(),:;<>\[\\\]]{1,64}")
LABEL = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?")


class Broken(Exception):
    """What is there was not sealed with this key for this place."""


def clean_address(typed: str) -> str:
    """The address as it is looked for. Raises Refused, naming what is wrong and repeating nothing of it."""
    text = unicodedata.normalize("NFC", typed.strip())
    if not text:
        raise Refused("Type the e-mail address that the request is about.", "email")
    if len(text) > LONGEST:
        raise Refused(f"An e-mail address has at most {LONGEST} characters.", "email")
    if not text.isprintable():
        raise Refused("The address holds a character that cannot be printed.", "email")
    local, at, domain = text.rpartition("@")
    if not at or "@" in local:
        raise Refused("An e-mail address has exactly one @, as in name@example.com.", "email")
    if not LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise Refused("What stands before the @ is no name that mail can be sent to.", "email")
    labels = domain.split(".")
    if len(labels) < 2 or not all(LABEL.fullmatch(label) for label in labels):
        raise Refused("What stands after the @ is no domain, as in example.com.", "email")
    return f"{local}@{domain.lower()}"


def digest_of(address: str) -> str:
    """HMAC-SHA256 of the address without its case: the same person's requests find each other by it."""
    key = hmac.new(key_bytes(), b"digest of an identity", hashlib.sha256).digest()
    return hmac.new(key, address.casefold().encode(), hashlib.sha256).hexdigest()


def masked(address: str) -> str:
    """`anna@example.com` as `a***@example.com`; a name of one letter does not show it."""
    local, _, domain = address.rpartition("@")
    return f"{local[0] if len(local) > 1 else ''}***@{domain}"


def seal(content: bytes, place: str) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key_bytes()).encrypt(nonce, content, place.encode())


def open_sealed(sealed: bytes, place: str) -> bytes:
    """Raises Broken."""
    try:
        return AESGCM(key_bytes()).decrypt(sealed[:NONCE], sealed[NONCE:], place.encode())
    except (InvalidTag, ValueError):
        raise Broken(place) from None


def key_bytes() -> bytes:
    return bytes.fromhex(settings.SUBJECTS_KEY)
