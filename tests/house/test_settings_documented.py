"""A setting that nobody wrote down is a setting that somebody gets wrong at three in the morning."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
READ = re.compile(r"""["'](PORTICO_[A-Z_]+[A-Z])["']""")


def names_read() -> set[str]:
    files = [*ROOT.glob("portal/**/*.py"), *ROOT.glob("apps/**/*.py"), *ROOT.glob("estate/**/*.py")]
    found = {name for file in files for name in READ.findall(file.read_text())}
    for source in settings.STORES:
        found |= {f"PORTICO_{source.upper()}_{account.upper()}_URL" for account in settings.STORE_ACCOUNTS}
    return found


def names_documented() -> set[str]:
    return set(re.findall(r"^\| `(PORTICO_[A-Z_]+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))


def test_every_setting_that_is_read_is_documented() -> None:
    assert names_read() - names_documented() == set()


def test_every_documented_setting_is_read() -> None:
    assert names_documented() - names_read() == set()
