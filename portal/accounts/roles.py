"""Keeps a group per role, with the permissions that `settings.ROLE_PERMISSIONS` gives it everywhere."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.models import Group, Permission

from portal.accounts.types import Role


def sync_roles(app_config: AppConfig, using: str, **kwargs: Any) -> None:
    """After every `migrate`, once per app, when the app's permissions exist. Adds and removes only that app's."""
    for role in Role:
        group, _ = Group.objects.using(using).get_or_create(name=role.value)
        wanted = {
            name.partition(".")[2]
            for name in settings.ROLE_PERMISSIONS.get(role.value, ())
            if name.partition(".")[0] == app_config.label
        }
        held = group.permissions.filter(content_type__app_label=app_config.label)
        if set(held.values_list("codename", flat=True)) == wanted:
            continue
        found = Permission.objects.using(using).filter(content_type__app_label=app_config.label, codename__in=wanted)
        group.permissions.remove(*held.exclude(codename__in=wanted))
        group.permissions.add(*found)
