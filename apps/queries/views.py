import json
import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.queries import console as asking
from apps.queries import selectors, services
from apps.queries.access import dataset_of, own, person, typed_in
from apps.queries.budget import budget_of
from apps.queries.formatting import formatted
from apps.queries.look_ups.selectors import is_look_up, places_for
from apps.queries.models import SavedQuery, SavedVersion
from apps.queries.parameters import TYPES, Typed, Unfit
from apps.queries.roles import QUERIERS
from apps.queries.samples import sample_text, starter
from apps.queries.saved import selectors as kept
from apps.queries.saved.types import Draft
from apps.queries.showing import shown, with_chart
from portal.accounts.guards import requires_role
from portal.accounts.models import User
from portal.accounts.selectors import current_purpose, has_role
from portal.accounts.types import PURPOSES, Purpose, Role
from portal.audit.types import Actor

PAST_A_PAGE = 50
VIEW_AS = (Role.OFFICER, Role.STEWARD)  # of those who query, the ones who answer for rules and categories


@requires_role(*QUERIERS)
@require_http_methods(["GET", "POST"])
def console(request: HttpRequest) -> HttpResponse:
    """All of its state is in the address: an execution, or a source and a text to start from."""
    if request.method == "POST":
        return run(request)
    user = person(request)
    execution = own(request, request.GET["execution"]) if request.GET.get("execution") else None
    if execution is not None and is_look_up(execution):
        return redirect(f"{reverse('queries:look-up')}?execution={execution.pk}")
    context = {
        "sources": asking.sources_for(user),
        "history": selectors.history_of(user),
        "examples": asking.examples_for(user),
        "budget": budget_of(user),
        "kinds": TYPES,
        **may_view_as(user),
        **(shown(execution, request.GET.get("chart", "")) if execution else started(request)),
    }
    return render(request, "queries/console.html", context)


def run(request: HttpRequest) -> HttpResponse:
    user = person(request)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    source = request.POST.get("source", "")
    if not text.strip():
        messages.error(request, "Type a query first.")
        return redirect("queries:console")
    try:
        execution = services.start_execution(
            actor=Actor.of(user),
            user=user,
            purpose=current_purpose(request),
            source=source,
            text=text,
            typed=typed_in(request),
        )
    except Unfit as unfit:
        return console_again(request, unfit.message)
    return redirect(with_chart(execution, request.POST.get("chart", "")))


def may_view_as(user: User) -> dict[str, object]:
    if not has_role(user, *VIEW_AS):
        return {}
    return {"view_as": QUERIERS, "purposes": list(Purpose)}


def console_again(request: HttpRequest, problem: str) -> HttpResponse:
    """The console with what was typed still in it: nothing is lost for want of a value or a title."""
    messages.error(request, problem)
    user = person(request)
    source, text = request.POST.get("source", ""), request.POST.get("text", "")
    context = {
        "sources": asking.sources_for(user),
        "examples": asking.examples_for(user),
        "budget": budget_of(user),
        "source": source,
        "text": text,
        "parameters": asking.fields(source, text, typed_in(request)),
        "chart_kept": request.POST.get("chart", ""),
        "kinds": TYPES,
    }
    return render(request, "queries/console.html", context, status=400)


def started(request: HttpRequest) -> dict[str, object]:
    chosen = asking.example(request.GET.get("example", ""))
    if chosen is not None:
        return {"source": chosen.source, "text": chosen.text}
    saved = saved_draft(request)
    if saved is not None:
        fields = asking.fields(saved.source, saved.text, saved.typed)
        kept_chart = json.dumps(dict(saved.chart)) if saved.chart else ""
        return {"source": saved.source, "text": saved.text, "parameters": fields, "chart_kept": kept_chart}
    return {"source": request.GET.get("source", "warehouse"), "text": request.GET.get("text", "")}


def saved_draft(request: HttpRequest) -> Draft | None:
    """The version that `saved` and `version` name, as far as the gate lets this person read it."""
    key, number = request.GET.get("saved", ""), request.GET.get("version", "")
    if not key:
        return None
    try:
        query = kept.query_for(person(request), uuid.UUID(key))
        found = kept.opened(
            person=person(request),
            purpose=current_purpose(request),
            query=query,
            number=int(number) if number.isdigit() and len(number) < 9 else query.head,
        )
    except (ValueError, SavedQuery.DoesNotExist, SavedVersion.DoesNotExist):
        raise Http404("There is no such saved query.") from None
    return found.draft


@requires_role(*QUERIERS)
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """All of one's own, with the columns that each touched."""
    found = Paginator(selectors.executions_of(person(request)), PAST_A_PAGE).get_page(request.GET.get("page"))
    lines = [(row, selectors.first_line(selectors.text_of(row)), selectors.outcome_of(row)) for row in found]
    return render(request, "queries/history.html", {"page": found, "lines": lines})


@requires_role(*QUERIERS)
@require_POST
def explain(request: HttpRequest) -> HttpResponse:
    user = person(request)
    text = request.POST.get("text", "")
    if not text.strip():
        return HttpResponse("")
    source = request.POST.get("source", "")
    typed = typed_in(request)
    explanation = asking.explain(
        user=user, purpose=current_purpose(request), source=source, text=text, typed=typed, cost=True
    )
    context = {
        "explanation": explanation,
        "parameters": asking.fields(source, text, typed),
        "kinds": TYPES,
        "fragment": True,
        **as_role(request, source, text, typed),
    }
    return render(request, "queries/_explanation.html", context)


def as_role(request: HttpRequest, source: str, text: str, typed: dict[str, Typed]) -> dict[str, object]:
    """What another role would be told, for those who answer for the rules. Nothing is run."""
    role = next((one for one in Role if one == request.POST.get("as_role")), None)
    if role is None or not has_role(request.user, *VIEW_AS):
        return {}
    purpose = next((one for one in PURPOSES[role] if one == request.POST.get("as_purpose")), PURPOSES[role][0])
    seen = asking.explain_as(role=role, purpose=purpose, source=source, text=text, typed=typed)
    return {"as_role": role.label, "as_purpose": purpose.label, "as_seen": seen}


@requires_role(*QUERIERS)
@require_POST
def tidy(request: HttpRequest) -> JsonResponse:
    """The typed text in lines. Touches neither store nor catalog."""
    text = request.POST.get("text", "").replace("\r\n", "\n")
    return JsonResponse({"text": formatted(request.POST.get("source", ""), text)})


@requires_role(*QUERIERS)
@require_GET
def complete(request: HttpRequest) -> JsonResponse:
    prefix, source = request.GET.get("prefix", ""), request.GET.get("source", "")
    found = asking.completions(user=person(request), source=source, prefix=prefix) if prefix else []
    return JsonResponse({"names": found})


@requires_role(*QUERIERS)
@require_POST
def cancel(request: HttpRequest, execution: uuid.UUID) -> HttpResponse:
    row = own(request, str(execution))
    services.cancel_execution(actor=Actor.of(person(request)), execution=row)
    return redirect(row.get_absolute_url())


@requires_role(*QUERIERS)
@require_GET
def ask(request: HttpRequest, execution: uuid.UUID) -> HttpResponse:
    """To the form that asks to see what one column of an answer is made of."""
    row = own(request, str(execution))
    columns = selectors.outcome_of(row).columns
    number = request.GET.get("column", "")
    if not (number.isascii() and number.isdigit() and len(number) < 6 and int(number) < len(columns)):
        raise Http404("There is no such column.")
    origin = selectors.origin_of(row, columns[int(number)])
    if origin is None:
        raise Http404("The catalog no longer knows where this column comes from.")
    dataset, column = origin
    query = urlencode({"dataset": dataset, "column": column, "purpose": row.purpose})
    return redirect(f"{reverse('compliance:access-ask')}?{query}")


@requires_role(*QUERIERS)
@require_http_methods(["GET", "POST"])
def sample(request: HttpRequest, pk: int) -> HttpResponse:
    """The first rows of a dataset, as any query: through the gate, under the person's own masks."""
    dataset = dataset_of(request, pk)
    context: dict[str, object] = {"dataset": dataset}
    if request.method == "POST":
        user = person(request)
        execution = services.start_execution(
            actor=Actor.of(user),
            user=user,
            purpose=current_purpose(request),
            source=dataset.source.name,
            text=sample_text(dataset),
        )
        context |= shown(execution)
    elif request.GET.get("execution"):
        context |= shown(own(request, request.GET["execution"]))
    return render(request, "queries/_sample.html", context)


@requires_role(*QUERIERS)
@require_GET
def start(request: HttpRequest, pk: int) -> HttpResponse:
    """The console with a query over one dataset in it."""
    return redirect(f"{reverse('queries:console')}?{starter(dataset_of(request, pk))}")


@requires_role(*QUERIERS)
@require_GET
def of_dataset(request: HttpRequest, pk: int) -> HttpResponse:
    """The person's own executions that read a dataset, and where to start one."""
    dataset = dataset_of(request, pk)
    found = selectors.executions_of(request.user).filter(datasets__contains=[dataset.pk])[:20]
    context = {
        "dataset": dataset,
        "can_look_up": dataset.pk in {one.dataset for one in places_for(person(request), current_purpose(request))},
        "history": [(row, selectors.first_line(selectors.text_of(row))) for row in found],
    }
    return render(request, "queries/_dataset.html", context)
