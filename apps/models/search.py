"""Models where people look for everything: search from anywhere, and home."""

from django.db.models import Q
from django.urls import reverse

from apps.models.pages import lines
from apps.models.selectors import models_for
from portal.accounts.models import User
from portal.listing import Item, Section

SHOWN = 5


def find(user: User, text: str, limit: int) -> list[Item]:
    """For search from anywhere (`settings.SEARCH_PROVIDERS`)."""
    found = models_for(user).filter(Q(name__icontains=text) | Q(title__icontains=text))
    return [Item("model", each.title, each.name, reverse("models:model", args=[each.name])) for each in found[:limit]]


def section(user: User) -> Section | None:
    """For home (`settings.HOME_SECTIONS`): what serves, and since when."""
    items = []
    for line in lines(models_for(user)[:SHOWN]):
        state, why = line.health
        serves = f"version {line.serves.version.number} serves" if line.serves and not why else why
        items.append(
            Item(
                kind="model",
                title=line.model.title,
                path=line.model.name,
                url=reverse("models:model", args=[line.model.name]),
                why=serves,
                state=state,
                at=line.serves.applied_at if line.serves else None,
            )
        )
    return Section("Models", reverse("models:index"), "", items) if items else None
