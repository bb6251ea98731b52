"""What a rule says beside the name of its mask: read from a governance file, kept as JSON, shown to people."""

from collections.abc import Mapping
from typing import Any

from apps.compliance.policy.masks.words import UNITS
from apps.compliance.policy.types import MaskKind, MaskOptions

WIDEST = 10**9
KEYS = {"width", "unit", "bin"}
# What each mask takes, and whether it must have it.
TAKES: dict[MaskKind, tuple[str, bool]] = {
    MaskKind.BUCKET: ("width", True),
    MaskKind.NOISE: ("width", True),
    MaskKind.DATE: ("unit", True),
    MaskKind.PARTIAL_CARD: ("bin", False),
}
EXAMPLES = {
    MaskKind.BUCKET: "mask: bucket, width: 100",
    MaskKind.NOISE: "mask: noise, width: 50",
    MaskKind.DATE: "mask: date, unit: month",
    MaskKind.PARTIAL_CARD: "mask: partial_card, bin: true",
}


class WrongOption(Exception):
    """`key` and a sentence that says the way forward."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key
        self.message = message


def read(rule: str, kind: MaskKind, body: Mapping[str, Any]) -> MaskOptions:
    """Raises WrongOption with the first that is wrong."""
    taken, needed = TAKES.get(kind, ("", False))
    for key in sorted(KEYS & set(body)):
        if key != taken:
            takers = ", ".join(str(other) for other, (name, _needed) in TAKES.items() if name == key)
            raise WrongOption(key, f"the rule {rule!r}: {kind} takes no {key}, only {takers}; remove it")
    if not taken or (taken not in body and not needed):
        return MaskOptions()
    if taken not in body:
        raise WrongOption(taken, f"the rule {rule!r}: {kind} needs it; write for example {EXAMPLES[kind]!r}")
    return checked(rule, kind, taken, body[taken])


def checked(rule: str, kind: MaskKind, key: str, value: Any) -> MaskOptions:
    if key == "width" and isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= WIDEST:
        return MaskOptions(width=value)
    if key == "unit" and value in UNITS:
        return MaskOptions(unit=value)
    if key == "bin" and isinstance(value, bool):
        return MaskOptions(bin=value)
    must = {
        "width": f"a whole number from 1 to {WIDEST:,}",
        "unit": f"one of {', '.join(UNITS)}",
        "bin": "true or false",
    }[key]
    raise WrongOption(key, f"the rule {rule!r}: must be {must}; write for example {EXAMPLES[kind]!r}")


def kept(options: MaskOptions) -> dict[str, Any]:
    """Without what was not said, so that rules of before keep their digest."""
    return {key: value for key, value in vars(options).items() if key in KEYS and value}


def shown(kind: MaskKind, options: MaskOptions) -> str:
    """
    >>> shown(MaskKind.BUCKET, MaskOptions(width=100))
    'bucket, width 100'
    """
    name = str(kind).replace("_", " ")
    said = [
        f"{key} {value:,}" if key == "width" else str(value) for key, value in kept(options).items() if key != "bin"
    ]
    return ", ".join([name, *said, *(["with BIN"] if options.bin else [])])
