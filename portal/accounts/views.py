from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal.accounts import services
from portal.accounts.addresses import local_address
from portal.accounts.demo import DEMO_PEOPLE
from portal.accounts.forms import PurposeForm, SignInForm, TokenForm
from portal.accounts.models import User
from portal.accounts.selectors import tokens_of
from portal.accounts.sign_in import SignInRefused, sign_in, sign_out
from portal.accounts.types import Purpose
from portal.audit.types import Actor


@login_not_required
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def sign_in_page(request: HttpRequest) -> HttpResponse:
    onward = local_address(request, request.POST.get("next", request.GET.get("next", "")))
    if request.headers.get("HX-Request"):  # a fragment asked after the session ended: the whole page goes
        return HttpResponse(headers={"HX-Redirect": request.get_full_path()})
    if request.user.is_authenticated:
        return redirect(onward or settings.LOGIN_REDIRECT_URL)
    form = SignInForm(request.POST or None)
    problem, status = "", HTTPStatus.OK
    if request.method == "POST" and form.is_valid():
        try:
            sign_in(request=request, **form.cleaned_data)
            return redirect(onward or settings.LOGIN_REDIRECT_URL)
        except SignInRefused as refusal:
            problem, status = explain(refusal)
    context = {"form": form, "problem": problem, "next": onward, "people": DEMO_PEOPLE if settings.DEMO else ()}
    context["demo_password"] = settings.DEMO_PASSWORD if settings.DEMO else ""
    return render(request, "accounts/sign_in.html", context, status=status)


def explain(refusal: SignInRefused) -> tuple[str, HTTPStatus]:
    if refusal.until:
        minutes = max(1, round((refusal.until - timezone.now()).total_seconds() / 60))
        unit = "minute" if minutes == 1 else "minutes"
        return f"Too many failed tries. Try again in {minutes} {unit}.", HTTPStatus.TOO_MANY_REQUESTS
    left = f"{refusal.left} tries left." if refusal.left != 1 else "1 try left."
    return f"That name and password do not go together. {left}", HTTPStatus.OK


@require_POST
def sign_out_action(request: HttpRequest) -> HttpResponse:
    sign_out(request=request)
    return redirect(settings.LOGOUT_REDIRECT_URL)


@require_POST
def choose_purpose(request: HttpRequest) -> HttpResponse:
    form = PurposeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("No such purpose.")
    purpose = Purpose(form.cleaned_data["purpose"])
    try:
        services.choose_purpose(actor=Actor.of(person(request)), request=request, purpose=purpose)
        messages.success(request, f"You now act for {purpose.label}.")
    except services.PurposeNotAllowed:
        messages.error(request, f"None of your roles may act for {purpose.label}. An administrator gives roles.")
    return redirect(local_address(request, request.POST.get("next", "")) or "/")


def person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # LoginRequiredMiddleware let nobody else in
    return request.user


@require_GET
def tokens(request: HttpRequest) -> HttpResponse:
    return token_page(request, TokenForm())


def token_page(request: HttpRequest, form: TokenForm, made: str = "") -> HttpResponse:
    context = {"tokens": tokens_of(person(request)), "form": form, "made": made, "now": timezone.now()}
    return render(request, "accounts/tokens.html", context)


@require_POST
@never_cache
def create_token(request: HttpRequest) -> HttpResponse:
    """Answers with the page itself: the token is shown here, once, and is in no session, message or address."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return token_page(request, form)
    user = person(request)
    lifetime = timedelta(days=form.cleaned_data["days"])
    _, token = services.create_token(actor=Actor.of(user), user=user, name=form.cleaned_data["name"], lifetime=lifetime)
    return token_page(request, TokenForm(), made=token)


@require_POST
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    user = person(request)
    token = get_object_or_404(tokens_of(user), pk=token_id)
    services.revoke_token(actor=Actor.of(user), token=token)
    messages.success(request, f"The token “{token.name}” no longer works.")
    return redirect("accounts:tokens")
