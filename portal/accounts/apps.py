from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        from portal.accounts import described  # noqa: F401 - known once it is imported
        from portal.accounts.roles import sync_roles

        # After `migrate`, and after the flush between tests: a data migration alone would not survive the second.
        post_migrate.connect(sync_roles, dispatch_uid="portal.accounts.roles")
