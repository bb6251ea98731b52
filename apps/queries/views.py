import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.catalog.models import Dataset
from apps.catalog.selectors import datasets_for
from apps.queries import console as asking
from apps.queries import selectors, services
from apps.queries.access import QUERIERS, person
from apps.queries.budget import budget_of
from apps.queries.models import Execution, SavedQuery, SavedVersion
from apps.queries.samples import sample_text, starter
from apps.queries.saved import selectors as kept
from apps.queries.saved.types import Draft
from portal.accounts.guards import requires_role
from portal.accounts.selectors import current_purpose
from portal.audit.types import Actor

FIRST_ROWS = 50


def own(request: HttpRequest, key: str) -> Execution:
    try:
        return selectors.execution_of(person(request), uuid.UUID(key))
    except (ValueError, Execution.DoesNotExist):
        raise Http404("There is no such execution.") from None


@requires_role(*QUERIERS)
@require_http_methods(["GET", "POST"])
def console(request: HttpRequest) -> HttpResponse:
    """All of its state is in the address: an execution, or a source and a text to start from."""
    if request.method == "POST":
        return run(request)
    user = person(request)
    execution = own(request, request.GET["execution"]) if request.GET.get("execution") else None
    context = {
        "sources": asking.sources_for(user),
        "history": selectors.history_of(user),
        "examples": asking.examples(),
        "budget": budget_of(user),
        **(shown(execution) if execution else started(request)),
    }
    return render(request, "queries/console.html", context)


def run(request: HttpRequest) -> HttpResponse:
    user = person(request)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    source = request.POST.get("source", "")
    if not text.strip():
        messages.error(request, "Type a query first.")
        return redirect("queries:console")
    execution = services.start_execution(
        actor=Actor.of(user), user=user, purpose=current_purpose(request), source=source, text=text
    )
    return redirect(execution.get_absolute_url())


def started(request: HttpRequest) -> dict[str, object]:
    chosen = asking.example(request.GET.get("example", ""))
    if chosen is not None:
        return {"source": chosen.source, "text": chosen.text}
    saved = saved_draft(request)
    if saved is not None:
        return {"source": saved.source, "text": saved.text}
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


def shown(execution: Execution) -> dict[str, object]:
    execution = services.settle_with_run(execution=execution)
    outcome = selectors.outcome_of(execution)
    page = selectors.page_of(execution, 1, FIRST_ROWS)
    return {
        "execution": execution,
        "outcome": outcome,
        "closed": page.closed,
        "cells": [list(zip(row, outcome.columns, strict=True)) for row in page.rows],
        "source": execution.source,
        "text": selectors.text_of(execution),
    }


@requires_role(*QUERIERS)
@require_POST
def explain(request: HttpRequest) -> HttpResponse:
    user = person(request)
    text = request.POST.get("text", "")
    if not text.strip():
        return HttpResponse("")
    source = request.POST.get("source", "")
    explanation = asking.explain(user=user, purpose=current_purpose(request), source=source, text=text)
    return render(request, "queries/_explanation.html", {"explanation": explanation})


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


def dataset_of(request: HttpRequest, pk: int) -> Dataset:
    try:
        return datasets_for(person(request)).get(pk=pk)
    except Dataset.DoesNotExist:
        raise Http404("There is no such dataset.") from None


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
        "history": [(row, selectors.first_line(selectors.text_of(row))) for row in found],
    }
    return render(request, "queries/_dataset.html", context)
