"""`%s` to the store's own placeholder, outside quotes and comments only, with a map back for error positions."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_COMMON = r"""
    (?P<skip> "(?:[^"]|"")*" | \$(?P<tag>[A-Za-z_]\w*)?\$.*?\$(?(tag)(?P=tag))\$
      | --[^\n]* | /\*.*?\*/ | {quoted} )
    | (?P<mark> %s ) | (?P<percent> %% )
"""
_FLAGS = re.VERBOSE | re.DOTALL
# A backslash escapes in PostgreSQL's E'' only, in Snowflake in every string.
POSTGRES = re.compile(
    _COMMON.replace("{quoted}", r"""\b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*'"""),
    _FLAGS,
)
SNOWFLAKE = re.compile(_COMMON.replace("{quoted}", r"""//[^\n]* | '(?:[^'\\]|\\.|'')*'"""), _FLAGS)


@dataclass(frozen=True)
class Bound:
    """`text` with the store's placeholders; `moves` are (position in it, position in the original) after each."""

    text: str
    marks: int
    moves: tuple[tuple[int, int], ...]

    def original(self, position: int | None) -> int | None:
        """The 1-based character of the original text that stands at this one."""
        if position is None:
            return None
        here, there = max((move for move in self.moves if move[0] < position), default=(0, 0))
        return there + position - here


def bind(text: str, dialect: re.Pattern[str], placeholder: Callable[[int], str]) -> Bound:
    """`placeholder(n)` writes the n-th (from 1) parameter."""
    out: list[str] = []
    moves: list[tuple[int, int]] = []
    end = length = marks = 0
    for found in dialect.finditer(text):
        if found["skip"] is not None:
            continue
        if found["mark"] is not None:
            marks += 1
            written = placeholder(marks)
        else:
            written = "%"
        out += [text[end : found.start()], written]
        length += found.start() - end + len(written)
        end = found.end()
        moves.append((length, end))
    return Bound("".join([*out, text[end:]]), marks, tuple(moves))
