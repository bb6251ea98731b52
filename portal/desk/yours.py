"""The blocks of home that are the person's own: what they asked last, and the pipelines they watch."""

from django.db.models import CharField, Q
from django.db.models.functions import Cast
from django.urls import reverse

from apps.compliance.requests.board import board
from apps.compliance.requests.selectors import may_handle, requests_for
from apps.pipelines.selectors import overview, pipelines_for
from apps.queries.selectors import executions_of, first_line, text_of
from portal.accounts.models import User
from portal.accounts.selectors import roles_of
from portal.desk.areas import AREAS
from portal.listing import Item, Section

SHOWN = 5
QUERIES = next(area for area in AREAS if area.name == "Queries")


def requests(user: User) -> Section | None:
    """For those who work on requests of people: what is due first, and what each waits for."""
    if not may_handle(user):
        return None
    items = [
        Item(
            kind="request",
            title=line.title,
            path=line.due,
            url=line.request.get_absolute_url(),
            why=line.needs,
            state=line.state,
        )
        for line in board(user)[:SHOWN]
    ]
    return Section(
        "Requests of people",
        reverse("compliance:requests"),
        "Open requests of people about their own data appear here, those that are due first.",
        items,
    )


def find_requests(user: User, text: str, limit: int) -> list[Item]:
    """By the beginning of their number alone: an address typed here would stand in an address bar."""
    found = requests_for(user).annotate(number=Cast("pk", CharField())).filter(number__startswith=text.lower())
    return [
        Item("request", f"{each.kind.capitalize()} request {str(each.pk)[:8]}", each.state, each.get_absolute_url())
        for each in found[:limit]
    ]


def queries(user: User) -> Section | None:
    if not roles_of(user) & QUERIES.roles:
        return None
    console = reverse("queries:console")
    items = [
        Item(
            kind="query",
            title=first_line(text_of(row)),
            path=row.source,
            url=row.get_absolute_url(),
            state=row.status,
            at=row.created_at,
        )
        for row in executions_of(user)[:SHOWN]
    ]
    return Section("Your last queries", console, "What you run in the console appears here. Only you see it.", items)


def find_pipelines(user: User, text: str, limit: int) -> list[Item]:
    """For search from anywhere (`settings.SEARCH_PROVIDERS`)."""
    found = pipelines_for(user).filter(Q(name__icontains=text) | Q(title__icontains=text))
    return [
        Item("pipeline", each.title, each.name, reverse("pipelines:pipeline", args=[each.name]))
        for each in found[:limit]
    ]


def pipelines(user: User) -> Section | None:
    items = []
    for line in overview(user)[:SHOWN]:
        run = line.active or line.last
        items.append(
            Item(
                kind="pipeline",
                title=line.pipeline.title,
                path=line.pipeline.name,
                url=reverse("pipelines:pipeline", args=[line.pipeline.name]),
                why="late" if line.late else "",
                state=run.run.state if run else "",
                at=run.run.created_at if run else None,
            )
        )
    return Section("Pipelines", reverse("pipelines:list"), "", items) if items else None
