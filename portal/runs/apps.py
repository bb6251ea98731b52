from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RunsConfig(AppConfig):
    name = "portal.runs"
    label = "runs"

    def ready(self) -> None:
        post_migrate.connect(_pools_as_settings_say, sender=self)


def _pools_as_settings_say(using: str, **_: Any) -> None:
    from portal.runs.pools import sync_pools

    sync_pools(using)
