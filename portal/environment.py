"""Reads settings from the environment, once, with types and clear errors.

Order: the process's environment, then `$PORTICO_HOME/env.json`, which the embedded servers write when they start
(addresses with the ports that were free, and secrets made on this machine), then the default.
"""

import json
import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


class Environment:
    def __init__(self, file: Path) -> None:
        self._file = json.loads(file.read_text()) if file.is_file() else {}

    def text(self, name: str, default: str = "") -> str:
        value = os.environ.get(name)
        return str(self._file.get(name, default)) if value is None else value

    def flag(self, name: str, default: bool) -> bool:
        value = self.text(name, "1" if default else "0").strip().lower()
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")

    def number(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        try:
            return int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None

    def words(self, name: str, default: str = "") -> list[str]:
        return [word for word in self.text(name, default).replace(",", " ").split() if word]
