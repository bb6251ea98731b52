"""The answer to an access request as a ZIP: one page to read, and JSON per dataset. Sealed while it is written."""

import hashlib
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from apps.compliance.requests.places import package_place
from apps.compliance.requests.sealing import SealedWriter, read_sealed
from apps.compliance.subjects.types import Check

Record = Mapping[str, object]
Part = tuple[str, Iterator[Record]]
SHOWN = 200  # records of a dataset on the page; the JSON has all
CELL = 300
# The page is read offline, from a folder: it brings its own style, and no script.
STYLE = mark_safe("""<style>
:root { color-scheme: light dark; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; }
body { background: light-dark(#fff, #121212); color: light-dark(#1a1a1a, #eee); }
h2 { overflow-wrap: anywhere; }
main { max-width: 1100px; margin: 0 auto; padding: 24px 16px 64px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: 4px 12px 4px 0; border-bottom: 1px solid #8886; text-align: start; vertical-align: top; }
td { overflow-wrap: anywhere; min-width: 8ch; }
.wide td { overflow-wrap: break-word; min-width: 12ch; max-width: 40ch; }
a { color: light-dark(#0b57d0, #a8c7fa); }
</style>""")


@dataclass
class Section:
    """One dataset as the page shows it."""

    title: str
    file: str
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    count: int = 0


@dataclass(frozen=True)
class Made:
    bytes: int
    sha256: str
    sections: tuple[Section, ...]

    @property
    def records(self) -> int:
        return sum(section.count for section in self.sections)


class Counted:
    """Hashes and counts what passes, on its way into the sealed file."""

    def __init__(self, writer: SealedWriter) -> None:
        self._writer, self.hash, self.bytes = writer, hashlib.sha256(), 0

    def write(self, content: bytes) -> int:
        self.hash.update(content)
        self.bytes += len(content)
        return self._writer.write(content)

    def flush(self) -> None:
        self._writer.flush()


def path_of(package: UUID) -> Path:
    return Path(settings.PACKAGES_DIR) / f"{package}.sealed"


def write(package: UUID, parts: Iterator[Part], head: Mapping[str, object], *, check: Check) -> Made:
    """Whole or not at all: a reader never meets half a file. `head` is what the page says above the data."""
    target = path_of(package)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_suffix(".part")
    part.touch(mode=0o600)
    try:
        with part.open("wb") as file:
            writer = SealedWriter(file, package_place(package))
            counted = Counted(writer)
            sections = fill(counted, parts, head, check)
            writer.finish()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return Made(counted.bytes, counted.hash.hexdigest(), sections)


def fill(out: Counted, parts: Iterator[Part], head: Mapping[str, object], check: Check) -> tuple[Section, ...]:
    sections: list[Section] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for title, records in parts:
            section = Section(title, f"data/{len(sections) + 1:02}-{slug(title)}.json")
            with archive.open(section.file, "w", force_zip64=True) as entry:
                entry.writelines(lines(section, records, check))
            sections.append(section)
        context = {"sections": sections, "shown": SHOWN, "style": STYLE, **head}
        archive.writestr("index.html", render_to_string("compliance/package.html", context))
    return tuple(sections)


def lines(section: Section, records: Iterator[Record], check: Check) -> Iterator[bytes]:
    """A JSON list, one record a line; the first records are remembered for the page."""
    yield b"["
    for record in records:
        yield (b",\n" if section.count else b"\n") + json.dumps(record, ensure_ascii=False, default=str).encode()
        section.count += 1
        if section.count % 500 == 0:
            check()
        if section.count <= SHOWN:
            remember(section, record)
    yield b"\n]\n"


def remember(section: Section, record: Record) -> None:
    section.columns.extend(name for name in record if name not in section.columns)
    section.rows.append([cell(record.get(name)) for name in section.columns])


def cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= CELL else f"{text[: CELL - 1]}…"


def slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:60] or "data"


def read(package: UUID) -> Iterator[bytes]:
    """Raises FileNotFoundError once it was removed, Broken when it is not ours."""
    return read_sealed(path_of(package), package_place(package))


def remove(package: UUID) -> None:
    path_of(package).unlink(missing_ok=True)
