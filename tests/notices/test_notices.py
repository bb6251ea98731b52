from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts.models import User
from portal.notices.models import Notice
from portal.notices.selectors import notices_for
from portal.notices.services import notify, resolve

pytestmark = pytest.mark.django_db


def raised(subject: str = "1", **fields) -> Notice:  # type: ignore[no-untyped-def]
    given = {"title": "Approve plan", "url": "/x/", "roles": ["analyst"], **fields}
    return notify(kind="approval", subject_kind="plan", subject_id=subject, **given)


def test_a_notice_reaches_a_role_or_a_person_and_nobody_else(analyst: User, steward: User, outsider: User) -> None:
    for_role, for_person = raised("1"), raised("2", roles=[], users=[outsider.pk])
    assert list(notices_for(analyst)) == [for_role]
    assert list(notices_for(outsider)) == [for_person]
    assert not notices_for(steward).exists()


def test_a_second_notice_about_the_same_thing_brings_the_first_up_to_date(analyst: User) -> None:
    raised(title="Approve plan")
    raised(title="Approve plan, version 2")
    assert [n.title for n in notices_for(analyst)] == ["Approve plan, version 2"]


def test_what_is_resolved_is_gone_and_can_be_raised_again(analyst: User) -> None:
    raised()
    assert resolve(kind="approval", subject_kind="plan", subject_id="1") == 1
    assert not notices_for(analyst).exists()
    assert resolve(kind="approval", subject_kind="plan", subject_id="1") == 0
    raised()
    assert notices_for(analyst).count() == 1
    assert Notice.objects.count() == 2


def test_what_is_due_comes_first(analyst: User) -> None:
    raised("later", due_at=timezone.now() + timedelta(days=9))
    raised("sometime")
    raised("soon", due_at=timezone.now())
    assert [n.subject_id for n in notices_for(analyst)] == ["soon", "later", "sometime"]


def test_a_notice_for_nobody_is_refused_by_us_and_by_the_database() -> None:
    with pytest.raises(ValueError, match="role or a person"):
        raised(roles=[])
    notice = raised()
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(roles=[])


def test_someone_who_was_deactivated_gets_none(analyst: User) -> None:
    raised()
    analyst.is_active = False
    assert not notices_for(analyst).exists()
