"""What a request must look like: made from the signature of the version that serves, so that both always agree."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError, create_model

LONGEST_WORD = 100
BIGGEST = 2**63 - 1
Whole = Annotated[int, Field(strict=True, ge=-BIGGEST - 1, le=BIGGEST)]
Decimal = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Word = Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST_WORD, pattern=r"^[^\x00-\x1f]+$")]
# MLflow's words for the types of a signature.
TYPES: dict[str, Any] = {
    "double": Decimal,
    "float": Decimal,
    "long": Whole,
    "integer": Whole,
    "string": Word,
    "boolean": StrictBool,
}
NUMBERS = frozenset({"double", "float", "long", "integer"})
# By input: the least and the most it can be, wherever it comes from.
Limits = Mapping[str, tuple[float, float | None]]
CHARGE = Annotated[str, Field(strict=True, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
UNKNOWN = "(an unknown name)"
CLOSED = ConfigDict(extra="forbid", strict=True)


class UnknownType(Exception):
    """The signature has a type that a request cannot carry."""


def form_of(model: str, inputs: Mapping[str, str], optional: frozenset[str], limits: Limits) -> type[BaseModel]:
    """The pydantic model of a request: `{"model": ..., "features": {...}, "charge": ...}`."""
    if strange := sorted({kind for kind in inputs.values() if kind not in TYPES}):
        raise UnknownType(", ".join(strange))
    kinds = {name: _within(kind, limits.get(name)) for name, kind in inputs.items()}
    fields: dict[str, Any] = {
        f"f{place}": (kind | None if name in optional else kind, Field(alias=name))
        for place, (name, kind) in enumerate(kinds.items())
    }
    features = create_model("Features", __config__=CLOSED, **fields)
    return create_model(
        "ScoreRequest",
        __config__=CLOSED,
        model=(Annotated[str, Field(strict=True, max_length=100)], model),
        features=(features, ...),
        charge=(CHARGE | None, None),
    )


def _within(kind: str, limits: tuple[float, float | None] | None) -> Any:
    """A model scores whatever number it is given: that no day has an hour 99, only we can say."""
    if limits is None or kind not in NUMBERS:
        return TYPES[kind]
    least, most = limits
    return Annotated[TYPES[kind], Field(ge=least, le=most)]


def problems(error: ValidationError) -> list[dict[str, str]]:
    """Which fields are wrong, and how; never what was sent, and a name that nobody knows is just that."""
    return [
        {"field": _field(found["loc"], known=found["type"] != "extra_forbidden"), "problem": found["msg"][:200]}
        for found in error.errors(include_input=False, include_url=False, include_context=False)[:50]
    ]


def _field(place: tuple[int | str, ...], *, known: bool) -> str:
    parts = [str(part) for part in place]
    if not known:
        parts[-1] = UNKNOWN
    return ".".join(parts[:2]) or "body"
