"""What whoever runs the portal defines (pipelines, trainings) and no floor of it may import: the settings name each
definition by its dotted path."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.module_loading import import_string


def defined(setting: str, name: str, *, what: str, unknown: type[LookupError]) -> object:
    """Raises `unknown`, with the names that there are, also when the path cannot be imported."""
    paths: Mapping[str, str] = getattr(settings, setting)
    path = paths.get(name)
    if path is None:
        known = ", ".join(sorted(paths)) or "none"
        raise unknown(f"There is no {what} `{name}`. Configured: {known}.")
    try:
        return import_string(path)
    except ImportError as error:
        raise unknown(f"{setting} names {path} for `{name}`, which cannot be imported: {error}") from error
