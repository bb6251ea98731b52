from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from apps.catalog.marks.models import Mark
from apps.catalog.marks.services import NotMarked, certify, deprecate, unmark
from apps.catalog.models import Dataset
from apps.catalog.selectors import datasets_for, visible_ids
from portal.accounts.models import User
from portal.accounts.selectors import Someone, has_role
from portal.accounts.types import Role
from portal.audit.types import Actor

MARKERS = (Role.STEWARD, Role.ADMINISTRATOR)


def of_dataset(person: Someone, dataset: Dataset) -> dict[str, Any]:
    """What the dataset's page says of its mark: a successor that the reader may not know of is not named."""
    mark = Mark.objects.filter(dataset=dataset).select_related("successor__source").first()
    seen = mark is not None and mark.successor_id is not None and mark.successor_id in visible_ids(person)
    return {
        "mark": mark,
        "successor": mark.successor if mark and seen else None,
        "may_mark": has_role(person, *MARKERS),
    }


@require_http_methods(["GET", "POST"])
def marks(request: HttpRequest, pk: int) -> HttpResponse:
    found = datasets_for(request.user).filter(pk=pk).first()
    if found is None:
        raise Http404(f"No dataset {pk}.")
    if not has_role(request.user, *MARKERS) or not isinstance(request.user, User):
        raise PermissionDenied("Stewards certify and deprecate datasets.")
    problem, status = "", 200
    if request.method == "POST":
        try:
            _mark(request.user, found, request.POST)
            return redirect(reverse("catalog:dataset", args=[pk]))
        except NotMarked as wrong:
            problem, status = str(wrong), 400
    others = datasets_for(request.user).filter(source=found.source).exclude(pk=pk).order_by("namespace", "name")[:1_000]
    context = {"dataset": found, "problem": problem, "others": others, "typed": request.POST}
    return render(request, "catalog/marks.html", {**context, **of_dataset(request.user, found)}, status=status)


def _mark(user: User, dataset: Dataset, typed: Any) -> None:
    actor, answer = Actor.of(user), typed.get("answer", "")
    if answer == "certify":
        certify(actor=actor, dataset=dataset, rests_on=typed.get("rests_on", ""))
    elif answer == "deprecate":
        deprecate(actor=actor, dataset=dataset, reason=typed.get("reason", ""), successor=_successor(user, typed))
    elif answer == "unmark":
        unmark(actor=actor, dataset=dataset)
    else:
        raise NotMarked("Choose what to do.")


def _successor(user: User, typed: Any) -> Dataset | None:
    text = typed.get("successor", "")
    if not text:
        return None
    found = datasets_for(user).filter(pk=int(text)).first() if text.isdecimal() and len(text) < 18 else None
    if found is None:
        raise NotMarked("There is no such successor.")
    return found
