"""A file that one can hold in the head. Past the limit it is split along an idea, or its reason stands here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FILE_LIMIT = 350
FUNCTION_LIMIT = 45
REASONED = {"portal/settings.py": "one settings file, so that every setting is found in one place"}


def python_files() -> list[Path]:
    return [
        file
        for folder in ("portal", "apps", "estate", "bench")
        for file in sorted(ROOT.glob(f"{folder}/**/*.py"))
        if "migrations" not in file.parts
    ]


def front_files() -> list[Path]:
    found = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("frontend/js/**/*.js"), *ROOT.glob("frontend/css/**/*.css")]
    return sorted(found)


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_files_are_short() -> None:
    long = {
        str(file.relative_to(ROOT)): lines
        for file in [*python_files(), *front_files()]
        if (lines := len(file.read_text().splitlines())) > FILE_LIMIT
    }
    assert {name: lines for name, lines in long.items() if name not in REASONED} == {}


@pytest.mark.parametrize("file", python_files(), ids=lambda file: str(file.relative_to(ROOT)))
def test_functions_are_short(file: Path) -> None:
    long = {node.name: size for node in functions(file) if (size := node.end_lineno - node.lineno) > FUNCTION_LIMIT}
    assert long == {}
