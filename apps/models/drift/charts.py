"""Charts as coordinates, so that a template draws them without a script: the page's policy allows no other way that
also works on paper. Each has its table beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from apps.models.observed import DriftReport

WIDTH, HEIGHT = 640.0, 140.0
BAR_HEIGHT = 56.0


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    at: datetime
    share: float
    state: str
    report: int


@dataclass(frozen=True)
class Line:
    """The share of drifted inputs over time: oldest left, 0 % at the bottom, 100 % on top."""

    dots: tuple[Dot, ...]
    limit_y: float

    @property
    def points(self) -> str:
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.dots)


def line_of(reports: Sequence[DriftReport]) -> Line | None:
    """None where there is nothing to draw: fewer than two reports that could tell."""
    told = sorted((report for report in reports if report.share is not None), key=lambda report: report.at)
    if len(told) < 2:
        return None
    first, last = told[0].at, told[-1].at
    span = max((last - first).total_seconds(), 1)
    dots = tuple(
        Dot(
            8 + (WIDTH - 16) * (report.at - first).total_seconds() / span,
            height(report.share or 0),
            report.at,
            report.share or 0,
            report.state,
            report.pk,
        )
        for report in told
    )
    return Line(dots, height(told[-1].share_limit))


def height(share: float) -> float:
    return 8 + (HEIGHT - 16) * (1 - min(max(share, 0), 1))


@dataclass(frozen=True)
class Bar:
    x: float
    width: float
    y: float
    height: float
    kind: str  # "before" or "now"


@dataclass(frozen=True)
class Bin:
    label: str
    before: float
    now: float


@dataclass(frozen=True)
class Picture:
    """One input: its bins as pairs of bars, and as rows of a table."""

    name: str
    psi: float
    drifted: bool
    bins: tuple[Bin, ...]
    bars: tuple[Bar, ...]
    width: float


def picture_of(figure: dict[str, object]) -> Picture:
    labels, before, now = (list(figure[name]) for name in ("labels", "reference", "current"))  # type: ignore[call-overload]
    bins = tuple(Bin(str(label), b, n) for label, b, n in zip(labels, before, now, strict=True) if b or n)
    top = max([each for one in bins for each in (one.before, one.now)], default=1) or 1
    bars: list[Bar] = []
    for place, one in enumerate(bins):
        for offset, (share, kind) in enumerate(((one.before, "before"), (one.now, "now"))):
            tall = BAR_HEIGHT * share / top
            bars.append(Bar(place * 24 + offset * 10, 9, BAR_HEIGHT - tall, tall, kind))
    return Picture(
        str(figure["name"]), float(str(figure["psi"])), bool(figure["drifted"]), bins, tuple(bars), len(bins) * 24
    )
