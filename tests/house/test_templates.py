"""Every template compiles, and something renders it."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted(str(file.relative_to(ROOT / "templates")) for file in ROOT.glob("templates/**/*.html"))


def sources() -> str:
    files = [*ROOT.glob("portal/**/*.py"), *ROOT.glob("apps/**/*.py"), *ROOT.glob("templates/**/*.html")]
    return "\n".join(file.read_text() for file in files)


TEXT = sources()


def is_used(name: str) -> bool:
    if name.startswith("cotton/"):
        tag = name.removeprefix("cotton/").removesuffix(".html").replace("/index", "").replace("/", ".")
        return re.search(rf"<c-{re.escape(tag.replace('_', '-'))}[\s/>]", TEXT) is not None
    return name in TEXT


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_used(name: str) -> None:
    assert is_used(name), f"nothing renders {name}"


def test_no_inline_style_or_script_in_any_template() -> None:
    """The Content-Security-Policy would silently drop them in the browser; here it is said."""
    inline = re.compile(
        r"""\sstyle=|\son[a-z]+=["']|\shx-on|<style\b|<script(?![^>]*\b(?:nonce|src|type="application/json"))"""
    )
    found = {name for name in TEMPLATES if inline.search((ROOT / "templates" / name).read_text())}
    assert found == set()
