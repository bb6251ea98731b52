"""Asking for a function, and closing what was asked."""

import re

from django.db import transaction
from django.urls import reverse

from apps.compliance.openings import LABELS, Language
from portal.accounts.models import User
from portal.accounts.types import Role
from portal.audit.actions import Action
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.notices.services import notify, resolve

KIND, SUBJECT = "function_asked", "function"
NAME = re.compile(r"\$?[A-Za-z_][A-Za-z0-9_]{0,62}")


class Invalid(Exception):
    """What cannot be asked for; the message says why."""


def ask_for_function(*, actor: Actor, user: User, language: Language, name: str) -> None:
    """Tells the compliance officers; asking again changes nothing but who asked last. Raises Invalid."""
    name = name.strip()
    if not NAME.fullmatch(name):
        raise Invalid("Type the name of a function alone, without what it is called with.")
    if language.opens(name):
        raise Invalid(f"{name} is open on {language.label} already.")
    key = f"{language.kind}:{name.lower()}"
    with transaction.atomic():
        notify(
            kind=KIND,
            subject_kind=SUBJECT,
            subject_id=key,
            title=f"{user.label} asks to open {name} on {LABELS[language.kind]}",
            url=f"{reverse('queries:functions')}?asked={key}",
            roles=[Role.OFFICER],
        )
        record(actor=actor, action=Action.FUNCTION_ASKED, target=Target("function", key, key))


def close_request(*, actor: Actor, key: str) -> None:
    """An officer has opened it by configuration, or decided not to."""
    with transaction.atomic():
        if resolve(kind=KIND, subject_kind=SUBJECT, subject_id=key):
            record(actor=actor, action=Action.FUNCTION_ANSWERED, target=Target("function", key, key))
