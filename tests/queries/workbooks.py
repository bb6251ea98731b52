"""Reads a workbook as its XML says: a test must see types, which a library that is kind would hide."""

import zipfile
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet(content: bytes, number: int) -> list[list[Any]]:
    """Rows of texts, numbers, truth values and None by their place; a formula fails."""
    root = part(content, f"xl/worksheets/sheet{number}.xml")
    assert not list(root.iter(f"{MAIN}f")), "a formula"
    return [row_of(row) for row in root.iter(f"{MAIN}row")]


def part(content: bytes, name: str) -> ElementTree.Element:
    with zipfile.ZipFile(BytesIO(content)) as book:
        return ElementTree.fromstring(book.read(name))


def row_of(row: ElementTree.Element) -> list[Any]:
    found: list[Any] = []
    for cell in row.iter(f"{MAIN}c"):
        place = column_of(cell.attrib["r"])
        found += [None] * (place - len(found)) + [value_of(cell)]
    return found


def column_of(reference: str) -> int:
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - 64
    return number - 1


def value_of(cell: ElementTree.Element) -> Any:
    kind = cell.attrib.get("t", "n")
    if kind == "inlineStr":
        return "".join(text.text or "" for text in cell.iter(f"{MAIN}t"))
    value = cell.find(f"{MAIN}v")
    if value is None:
        return None
    return {"n": float, "b": lambda told: told == "1"}[kind](value.text or "")
