"""The buttons of a request's page: verb -> what it does with the form, and what is said when it is done."""

from collections.abc import Callable, Mapping

from django.http import QueryDict

from apps.compliance.requests import planning, running, services
from apps.compliance.requests.models import SubjectRequest
from portal.accounts.models import User

Act = Callable[[User, SubjectRequest, QueryDict], str]


def verify(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    services.verify(actor=actor, request=request, how=form.get("verified_how", ""))
    return "Verified."


def search(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    running.start_search(actor=actor, request=request)
    return "Every store is being searched."


def choose(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    planning.choose(actor=actor, request=request, keys=form.getlist("keys"))
    return "Every store is being searched for the person you chose."


def plan(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    frozen = planning.freeze_plan(actor=actor, request=request)
    return f"Plan {frozen.number} is frozen; another officer can approve it."


def approve(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    planning.approve(actor=actor, request=request, sha256=form.get("sha256", ""))
    return "Approved. Nothing was erased yet."


def send_back(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    planning.send_back(actor=actor, request=request)
    return "Sent back."


def erase(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    running.start_erasure(actor=actor, request=request)
    return "The plan is being carried out."


def rescan(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    running.start_rescan(actor=actor, request=request)
    return "Every store is being searched again."


def package(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    running.start_package(actor=actor, request=request)
    return "The answer is being collected."


def extend(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    services.extend(actor=actor, request=request, reason=form.get("reason", ""))
    return f"Extended: due on {request.due_on:%-d %B %Y}. Tell the person why, within the first period."


def refuse(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    services.refuse(actor=actor, request=request, ground=form.get("ground", ""))
    return "Refused. Tell the person the ground, and where they can complain."


def cancel(actor: User, request: SubjectRequest, form: QueryDict) -> str:
    services.cancel(actor=actor, request=request)
    return "Cancelled."


ACTS: Mapping[str, Act] = {
    "verify": verify,
    "search": search,
    "choose": choose,
    "plan": plan,
    "approve": approve,
    "send-back": send_back,
    "erase": erase,
    "rescan": rescan,
    "package": package,
    "extend": extend,
    "refuse": refuse,
    "cancel": cancel,
}
