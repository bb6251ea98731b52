"""Random-looking numbers and texts as functions of a row's number, a vector at a time."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

HEX = np.frombuffer("".join(f"{n:02x}" for n in range(256)).encode(), dtype=np.uint8).reshape(256, 2)


@dataclass(frozen=True)
class Dice:
    """`seed` and the name of what is drawn decide everything; drawing has no state and no order."""

    seed: int

    def words(self, what: str, rows: Ints) -> Words:
        """SplitMix64 (Steele, Lea, Flood 2014): a bijection, so different rows never give the same word."""
        salt = np.uint64(zlib.crc32(what.encode()) << 32 | zlib.adler32(what.encode()))
        start = np.uint64(self.seed * 0xD1342543DE82EF95 % (1 << 64))
        z = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + (start ^ salt)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return cast(Words, z ^ (z >> np.uint64(31)))

    def share(self, what: str, rows: Ints) -> Floats:
        """Uniform in [0, 1)."""
        return (self.words(what, rows) >> np.uint64(11)).astype(np.float64) / float(1 << 53)

    def below(self, what: str, rows: Ints, limit: int) -> Ints:
        return (self.share(what, rows) * limit).astype(np.int64)

    def happens(self, what: str, rows: Ints, chance: float) -> Flags:
        return self.share(what, rows) < chance

    def normal(self, what: str, rows: Ints) -> Floats:
        """Box-Muller."""
        radius = np.sqrt(-2.0 * np.log1p(-self.share(what, rows)))
        return cast(Floats, radius * np.cos(2.0 * np.pi * self.share(what + "'", rows)))

    def weighted(self, what: str, rows: Ints, weights: Sequence[float]) -> Ints:
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.searchsorted(edges / edges[-1], self.share(what, rows), side="right")

    def ids(self, prefix: str, rows: Ints) -> pa.Array:
        """`prefix` and 16 hexadecimal digits, different for every row."""
        return labelled(prefix, self.words("id " + prefix, rows))


def labelled(prefix: str, words: Words) -> pa.Array:
    """Strings built as one buffer: formatting a million numbers one by one would take seconds."""
    rows, lead = len(words), np.frombuffer(prefix.encode(), dtype=np.uint8)
    width = len(lead) + 16
    text = np.empty((rows, width), dtype=np.uint8)
    text[:, : len(lead)] = lead
    text[:, len(lead) :] = HEX[words.astype(">u8").view(np.uint8).reshape(rows, 8)].reshape(rows, 16)
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(text))


def pick(choices: Sequence[str | None], which: Ints) -> pa.Array:
    return pa.array(choices, type=pa.string()).take(pa.array(which))


def digits(numbers: Ints, width: int) -> pa.Array:
    return pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width=width, padding="0")


def join(*parts: Any) -> pa.Array:
    """Texts side by side; a plain string stands in every row. One that is null makes the whole null."""
    return pc.binary_join_element_wise(*parts, "")


def when(flags: Flags, then: Any, otherwise: Any) -> pa.Array:
    return pc.if_else(pa.array(flags), then, otherwise)


def only(flags: Flags, values: Any) -> pa.Array:
    """`values` where the flag stands, null elsewhere."""
    array = values if isinstance(values, pa.Array) else pa.array(values)
    return pc.if_else(pa.array(flags), array, pa.scalar(None, array.type))


def moments(microseconds: Ints) -> pa.Array:
    return pa.array(microseconds).cast(pa.timestamp("us", "UTC"))


def days(microseconds: Ints) -> pa.Array:
    return pa.array((microseconds // 86_400_000_000).astype(np.int32)).cast(pa.date32())
