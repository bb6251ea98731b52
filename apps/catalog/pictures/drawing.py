"""Boxes and arrows as SVG: laid out in layers from left to right, without any script, style or outside reference."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, GAP_X, GAP_Y, LINE, PAD = 250, 110, 26, 17, 10
LONGEST = 34  # characters of a line
PAPER, INK, PALE = "#ffffff", "#1b1f24", "#57606a"


@dataclass(frozen=True)
class Box:
    """`lane` puts boxes of a kind under each other in their layer; `lines` are (text, indent)."""

    key: str
    title: str
    lines: tuple[tuple[str, int], ...] = ()
    note: str = ""
    url: str = ""
    lane: str = ""


@dataclass(frozen=True)
class Arrow:
    start: str
    end: str
    label: str = ""
    dotted: bool = False


@dataclass(frozen=True)
class Diagram:
    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...] = ()
    layers: Mapping[str, int] = field(default_factory=dict)  # where the order is not the arrows' own


@dataclass(frozen=True)
class _Placed:
    box: Box
    x: int
    y: int

    @property
    def height(self) -> int:
        return PAD * 2 + LINE * (1 + bool(self.box.note) + len(self.box.lines))


def layered(boxes: Sequence[Box], arrows: Iterable[Arrow]) -> dict[str, int]:
    """The longest way that leads to each box, a loop cut where it closes."""
    incoming: dict[str, list[str]] = defaultdict(list)
    for arrow in arrows:
        if arrow.start != arrow.end:
            incoming[arrow.end].append(arrow.start)
    known: dict[str, int] = {}

    def layer(key: str, on_the_way: frozenset[str]) -> int:
        if key not in known:
            above = [each for each in incoming[key] if each not in on_the_way]
            known[key] = max((layer(each, on_the_way | {key}) + 1 for each in above), default=0)
        return known[key]

    for box in boxes:
        layer(box.key, frozenset())
    return known


def svg(diagram: Diagram, *, ink: str = INK, pale: str = PALE, paper: str = PAPER, linked: bool = False) -> str:
    """A whole SVG document. `linked` makes titles of boxes into links, for the page and not for a file."""
    layers = diagram.layers or layered(diagram.boxes, diagram.arrows)
    placed = _place(diagram.boxes, layers)
    width = max((each.x + WIDTH for each in placed.values()), default=WIDTH) + PAD * 2
    height = max((each.y + each.height for each in placed.values()), default=LINE) + PAD * 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        # With links in it, it is no single image.
        f' role="{"group" if linked else "img"}" aria-label="{escape(diagram.title)}"'
        + ("" if linked else ' font-family="Inter, Helvetica, Arial, sans-serif"')
        + ">",
        "" if linked else f"<title>{escape(diagram.title)}</title>",
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        f'<path d="M0 0L8 4L0 8z" fill="{pale}"/></marker></defs>',
    ]
    parts += [_arrow(arrow, placed, pale) for arrow in diagram.arrows if {arrow.start, arrow.end} <= placed.keys()]
    parts += [_box(each, ink, pale, paper, linked) for each in placed.values()]
    return "\n".join([*parts, "</svg>"])


def _place(boxes: Sequence[Box], layers: Mapping[str, int]) -> dict[str, _Placed]:
    placed: dict[str, _Placed] = {}
    bottom: dict[int, int] = defaultdict(lambda: PAD)
    for box in sorted(boxes, key=lambda box: (layers.get(box.key, 0), box.lane, box.title)):
        layer = layers.get(box.key, 0)
        found = _Placed(box, PAD + layer * (WIDTH + GAP_X), bottom[layer])
        placed[box.key] = found
        bottom[layer] += found.height + GAP_Y
    return placed


def _arrow(arrow: Arrow, placed: Mapping[str, _Placed], pale: str) -> str:
    start, end = placed[arrow.start], placed[arrow.end]
    forward = end.x > start.x
    x1, y1 = (start.x + WIDTH if forward else start.x), start.y + PAD + LINE
    x2, y2 = (end.x if forward else end.x + WIDTH), end.y + PAD + LINE
    bend = GAP_X // 2 if forward else -GAP_X // 2
    if start.x == end.x:
        x2, bend = end.x, -GAP_X // 3
        x1 = start.x
    dash = ' stroke-dasharray="4 4"' if arrow.dotted else ""
    path = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend if start.x != end.x else x2 + bend} {y2} {x2} {y2}"
    told = f"<title>{escape(arrow.label)}</title>" if arrow.label else ""
    return f'<path d="{path}" fill="none" stroke="{pale}" stroke-width="1.2"{dash} marker-end="url(#tip)">{told}</path>'


def _box(each: _Placed, ink: str, pale: str, paper: str, linked: bool) -> str:
    box, y = each.box, each.y + PAD + LINE - 4
    parts = [
        f'<g><rect x="{each.x}" y="{each.y}" width="{WIDTH}" height="{each.height}" rx="6" fill="{paper}"'
        f' stroke="{pale}"/>'
    ]
    title = _text(box.title, each.x + PAD, y, ink, "13", bold=True)
    parts.append(f'<a href="{escape(box.url)}">{title}</a>' if linked and box.url else title)
    if box.note:
        y += LINE
        parts.append(_text(box.note, each.x + PAD, y, pale, "11"))
    for line, indent in box.lines:
        y += LINE
        parts.append(_text(line, each.x + PAD + indent * 12, y, ink, "11"))
    return "".join([*parts, "</g>"])


def _text(text: str, x: int, y: int, ink: str, size: str, *, bold: bool = False) -> str:
    cut = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    whole = f"<title>{escape(text)}</title>" if cut != text else ""
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{ink}"{weight}>{whole}{escape(cut)}</text>'
