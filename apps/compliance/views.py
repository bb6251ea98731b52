from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from apps.compliance import proof, selectors
from apps.compliance.models import MaskPolicy
from apps.compliance.requests.selectors import may_view
from portal.accounts.guards import requires_role
from portal.accounts.types import Role


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Where each reader's work is; those who may not know of requests are never sent towards them."""
    return redirect("compliance:requests" if may_view(request.user) else "compliance:policies")


@requires_role(*selectors.READERS_OF_POLICIES)
@require_GET
def policies(request: HttpRequest) -> HttpResponse:
    """Who sees what: each category, and its mask for each role."""
    masks = selectors.masks_for(request.user)
    context = {
        "version": selectors.current_version(request.user),
        "roles": list(Role),
        "lines": [line(category, list(rules)) for category, rules in groupby(masks, lambda mask: mask.category)],
        "row_filters": selectors.row_filters_for(request.user),
        "group_sizes": selectors.group_sizes_for(request.user),
        "may_see_requests": may_view(request.user),
        "may_see_policies": True,
    }
    return render(request, "compliance/policies.html", context)


@requires_role(*Role)  # whoever queries may know what keeps others' data from them, and theirs from others
@require_GET
def policy_proof(request: HttpRequest) -> HttpResponse:
    try:
        found, problem = proof.newest(), ""
    except ValueError as wrong:
        found, problem = None, str(wrong)
    context = {"proof": found, "whole": found.whole if found else None, "problem": problem}
    return render(request, "compliance/proof.html", context)


def line(category: str, rules: list[MaskPolicy]) -> dict[str, object]:
    """A role that no rule of the category names sees nothing: that is said, not left blank."""
    cells = []
    for role in Role:
        mine = [rule for rule in rules if not rule.roles or role in rule.roles]
        cells.append({"role": role, "rules": mine})
    return {"category": category, "cells": cells}
