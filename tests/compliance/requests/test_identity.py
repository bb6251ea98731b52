"""Whose request it is: never in clear in the database, bound to its request, found again by a keyed digest."""

import pytest
from django.db import connection

from apps.compliance.requests import selectors, services
from apps.compliance.requests.identity import Broken, clean_address, digest_of, masked, open_sealed, seal
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.places import identity_place
from apps.compliance.requests.types import Refused
from portal.accounts.models import User
from portal.audit.models import Event
from tests.compliance.requests.builders import EMAIL, opened


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("", "Type the e-mail"),
        ("   ", "Type the e-mail"),
        ("nobody", "exactly one @"),
        ("a@b@example.org", "exactly one @"),
        ("@example.org", "before the @"),
        (".zoe@example.org", "before the @"),
        ("zo..e@example.org", "before the @"),
        ("zoe smith@example.org", "before the @"),
        ("<zoe@example.org>", "before the @"),
        ("zoe@", "after the @"),
        ("zoe@example", "after the @"),
        ("zoe@-example.org", "after the @"),
        ("zoe@exa mple.org", "after the @"),
        ("zoe@example..org", "after the @"),
        ("zoe\0@example.org", "cannot be printed"),
        ("zoe@example.org\nBcc: eve@example.org", "cannot be printed"),
        ("zo\ud800e@example.org", "cannot be printed"),
        ("z" * 65 + "@example.org", "before the @"),
        ("zoe@" + "e" * 250 + ".org", "at most 254"),
        ("'; drop table people; --", "exactly one @"),
    ],
)
def test_a_malformed_address_is_told_and_not_repeated(typed: str, wrong: str) -> None:
    with pytest.raises(Refused, match=wrong) as refused:
        clean_address(typed)
    assert refused.value.field == "email"
    assert not typed.strip() or typed not in refused.value.message


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        (" zoe@Example.ORG ", "zoe@example.org"),
        ("Zoe+shop@example.co.uk", "Zoe+shop@example.co.uk"),
        ("zoë.kanarie@example.org", "zoë.kanarie@example.org"),
        ("o'hara@bücher.example", "o'hara@bücher.example"),
    ],
)
def test_addresses_that_mail_reaches(typed: str, clean: str) -> None:
    assert clean_address(typed) == clean


def test_an_identity_is_shown_without_its_name() -> None:
    assert masked("anna@example.com") == "a***@example.com"
    assert masked("a@example.com") == "***@example.com"


def test_what_is_sealed_opens_only_where_it_was_sealed() -> None:
    sealed = seal(b"anna@example.com", "here")
    assert open_sealed(sealed, "here") == b"anna@example.com"
    for other, place in ((sealed, "there"), (sealed[:-1] + bytes([sealed[-1] ^ 1]), "here"), (sealed[:20], "here")):
        with pytest.raises(Broken):
            open_sealed(other, place)


def test_the_digest_is_keyed_and_knows_no_case(settings) -> None:  # type: ignore[no-untyped-def]
    first = digest_of("Anna@example.com")
    assert first == digest_of("anna@EXAMPLE.com") != digest_of("anne@example.com")
    settings.SUBJECTS_KEY = "cd" * 32
    assert digest_of("anna@example.com") != first


def test_nothing_in_the_database_holds_the_address_or_the_note(officer: User) -> None:
    request = opened(officer, note="she called from +44 20 5550142")
    with connection.cursor() as cursor:
        for table in ("compliance_subjectrequest", "audit_event", "notices_notice"):
            cursor.execute(f"SELECT coalesce(string_agg(to_jsonb(t)::text, ' '), '') FROM {table} t")
            text = cursor.fetchone()[0]
            for value in ("kanarie", EMAIL.encode().hex(), "5550142", b"5550142".hex()):
                assert value not in text, table
    assert selectors.address_of(request) == EMAIL
    assert selectors.note_of(officer, request) == "she called from +44 20 5550142"


def test_an_identity_moved_to_another_request_does_not_open(officer: User) -> None:
    one, other = opened(officer), opened(officer, email="somebody@example.org")
    SubjectRequest.objects.filter(pk=other.pk).update(identity=one.identity)
    other.refresh_from_db()
    with pytest.raises(Broken):
        selectors.address_of(other)
    assert selectors.shown_identity(officer, other) == "cannot be opened with this key"
    assert open_sealed(bytes(one.identity), identity_place(one.pk)) == EMAIL.encode()


def test_looking_at_the_whole_address_is_in_the_trail(officer: User) -> None:
    request = opened(officer)
    assert selectors.shown_identity(officer, request) == "z***@example.org"
    assert services.reveal(actor=officer, request=request) == EMAIL
    event = Event.objects.get(action="compliance.identity_revealed")
    assert (event.actor_name, event.target_id) == (officer.username, str(request.pk))


def test_only_officers_see_even_the_masked_form(officer: User, auditor: User) -> None:
    request = opened(officer, note="a note")
    assert selectors.shown_identity(auditor, request) == "withheld"
    assert selectors.note_of(auditor, request) == ""
    with pytest.raises(Refused):
        services.reveal(actor=auditor, request=request)


def test_requests_of_one_address_find_each_other(officer: User, auditor: User, administrator: User) -> None:
    first, second = opened(officer), opened(officer, email=EMAIL.upper().replace("EXAMPLE.ORG", "example.org"))
    opened(officer, email="somebody@example.org")
    assert [each.pk for each in selectors.earlier_requests(officer, second)] == [first.pk]
    assert list(selectors.earlier_requests(administrator, second)) == []
