from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


def register(app_config: AppConfig, using: str, **kwargs: Any) -> None:
    from apps.pipelines import services

    services.register(using=using)


class PipelinesConfig(AppConfig):
    name = "apps.pipelines"
    label = "pipelines"

    def ready(self) -> None:
        # A configured pipeline has its page before it ever ran.
        post_migrate.connect(register, sender=self, dispatch_uid="apps.pipelines.register")
