"""Tokens as this process makes them: the same as a store makes of the same value for the same purpose."""

from django.conf import settings

from apps.compliance.policy.masks.python import mask_value
from apps.compliance.policy.types import MaskKind, MaskOptions
from portal.accounts.types import Purpose
from portal.tokens.keys import LOOK_UP, derived


def key_of(name: str) -> bytes:
    """Raises ValueError when PORTICO_TOKEN_KEY is not a key."""
    return derived(settings.TOKEN_KEY, name)


def token_of(value: str | int, purpose: Purpose) -> str:
    """What stands for the value in queries for this purpose. To look somebody up by a value without a condition on
    it: the caller says who may, and how often, for this answers whether a guess is right.

    >>> token_of("ann@example.org", Purpose.ANALYTICS)
    'tok_...'
    """
    return str(mask_value(MaskKind.TOKEN, value, MaskOptions(purpose=str(purpose)), key_of))


def look_up_token(value: str) -> str:
    """Under the key of look-ups, which no mask uses: what a store compares inside a scan, and shows to nobody. Raises
    ValueError when PORTICO_TOKEN_KEY is not a key."""
    return str(mask_value(MaskKind.TOKEN, value, MaskOptions(purpose=LOOK_UP), key_of))
