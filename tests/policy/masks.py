"""Every mask with every kind of option that it takes, and keys to run those that need one."""

from typing import Any

import pytest

from apps.compliance.policy.types import PLAIN, MaskKind, MaskOptions
from portal.tokens.keys import derived

Mask = tuple[MaskKind, MaskOptions]
WIDTHS = [MaskOptions(width=width) for width in (1, 7, 100, 10**9)]
VARIANTS = {
    MaskKind.DATE: [MaskOptions(unit=unit) for unit in ("day", "week", "month", "quarter", "year")],
    MaskKind.BUCKET: WIDTHS,
    MaskKind.NOISE: WIDTHS,
    MaskKind.PARTIAL_CARD: [PLAIN, MaskOptions(bin=True)],
    MaskKind.TOKEN: [MaskOptions(purpose="analytics"), MaskOptions(purpose="compliance")],
}
MASKS: list[Mask] = [(kind, options) for kind in MaskKind for options in VARIANTS.get(kind, [PLAIN])]


def some(*kinds: MaskKind) -> list[Mask]:
    return [mask for mask in MASKS if mask[0] in kinds]


def named(masks: list[Mask]) -> list[Any]:
    """Each with its name, so that a failure says which."""
    return [
        pytest.param(mask, id="-".join([mask[0], *(str(v) for v in vars(mask[1]).values() if v)])) for mask in masks
    ]


def of_zeros(name: str) -> bytes:
    return derived("00" * 32, name)
