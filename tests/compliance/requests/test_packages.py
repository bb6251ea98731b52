"""The answer to an access request: sealed on the disk, opened by a link for a time, removed afterwards."""

import io
import json
import os
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.compliance.requests import delivery, outcomes, packages, running
from apps.compliance.requests.holder import Packages
from apps.compliance.requests.identity import Broken
from apps.compliance.requests.models import SubjectLink, SubjectPackage, SubjectRequest
from apps.compliance.requests.sealing import CHUNK, TAG, SealedWriter, read_sealed
from apps.compliance.requests.types import Kind, Refused, State
from portal.accounts.models import User
from portal.audit.models import Event
from portal.holders import Traces
from tests.compliance.requests.builders import discovered
from tests.compliance.requests.test_pages import signed_in

HTML = "<script>alert('zoe.kanarie@example.org')</script>"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    settings.PACKAGES_DIR = tmp_path / "packages"
    return tmp_path / "packages"


def parts() -> Iterator[packages.Part]:
    yield "oltp: public.customers", iter([{"id": "cus_1", "name": HTML, "made": timezone.now()}])
    yield "documents: sessions", ({"_id": number, "device": {"os": "ios"}} for number in range(1_000))
    yield "warehouse: CORE.EMPTY", iter(())


def go_on() -> None:
    """The check of a run that nobody stops."""


def packaged(officer: User, **more: str) -> SubjectRequest:
    request = discovered(officer, kind=Kind.ACCESS, **more)
    run = running.start_package(actor=officer, request=request)
    key = uuid4()
    made = packages.write(key, parts(), {"law": "GDPR", "made": timezone.now(), "request": request}, check=go_on)
    outcomes.packaged(request, key, made)
    run.steps.filter(key="package").update(state="done")
    outcomes.certified(request, {"package": {"sections": []}}, run=run.pk)
    return request


def newest(request: SubjectRequest) -> SubjectPackage:
    return SubjectPackage.objects.select_related("request").get(request=request)


def unzipped(content: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(content))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_what_is_sealed_in_chunks_comes_back(folder: Path, size: int) -> None:
    folder.mkdir()
    content, file = os.urandom(size), folder / "x.sealed"
    with file.open("wb") as out:
        writer = SealedWriter(out, "here")
        for start in range(0, size, 99_991):
            writer.write(content[start : start + 99_991])
        writer.finish()
    assert b"".join(read_sealed(file, "here")) == content
    with pytest.raises(Broken):
        list(read_sealed(file, "there"))


def test_a_chunk_that_is_changed_moved_or_cut_off_is_noticed(folder: Path) -> None:
    folder.mkdir()
    file = folder / "x.sealed"
    with file.open("wb") as out:
        writer = SealedWriter(out, "here")
        writer.write(os.urandom(3 * CHUNK))
        writer.finish()
    whole, size = file.read_bytes(), CHUNK + TAG
    head, one, two, three = whole[:7], whole[7 : 7 + size], whole[7 + size : 7 + 2 * size], whole[7 + 2 * size :]
    for broken in (
        head + two + one + three,
        head + one + three,
        head + one + two,
        head + one + two + three[:-1],
        head + one + two + three[:-1] + bytes([three[-1] ^ 1]),
        head + one + two + three + three,
        b"",
    ):
        file.write_bytes(broken)
        with pytest.raises(Broken):
            list(read_sealed(file, "here"))


def test_the_package_is_a_page_to_read_and_json_per_dataset(folder: Path, officer: User) -> None:
    request = packaged(officer)
    package = request.packages.get()
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    raw = file.read_bytes()
    assert b"cus_1" not in raw
    assert b"PK\x03\x04" not in raw[:64]
    content = b"".join(packages.read(package.pk))
    assert len(content) == package.bytes
    with unzipped(content) as archive:
        names = archive.namelist()
        assert names[-1] == "index.html"
        assert len(json.loads(archive.read("data/02-documents-sessions.json"))) == 1_000
        assert json.loads(archive.read("data/03-warehouse-core-empty.json")) == []
        page = archive.read("index.html").decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page
    assert "The first 200 of 1000 records" in page
    assert (package.records, package.datasets) == (1_001, 3)


def test_memory_stays_bounded_while_much_is_written(folder: Path) -> None:
    import tracemalloc

    wide = "x" * 10_000
    records = ({"n": number, "text": wide + os.urandom(2_000).hex()} for number in range(6_000))
    tracemalloc.start()
    made = packages.write(uuid4(), iter([("oltp: big", records)]), {"request": None}, check=go_on)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made.records == 6_000
    assert peak < 24 * 1024 * 1024


def test_a_worker_that_dies_leaves_no_half_package(folder: Path) -> None:
    def broken() -> Iterator[packages.Part]:
        yield "oltp: one", iter([{"id": 1}])
        raise RuntimeError("the store went away")

    with pytest.raises(RuntimeError):
        packages.write(uuid4(), broken(), {"request": None}, check=go_on)
    assert list(folder.iterdir()) == []


def test_an_officer_downloads_it_by_a_link_and_the_trail_knows(officer: User) -> None:
    request = packaged(officer)
    assert request.state == State.COMPLETE
    answer = signed_in(officer).post(reverse("compliance:request-link", args=[request.pk]))
    link = SubjectLink.objects.get()
    token = answer.content.decode().split("/compliance/requests/packages/")[1].split("/")[0]
    assert token not in str(list(SubjectLink.objects.values()))
    address = reverse("compliance:download", args=[token])
    for _ in range(2):
        file = signed_in(officer).get(address)
        assert file.status_code == 200
        assert file["Content-Type"] == "application/zip"
        content = b"".join(file)  # type: ignore[arg-type]
        assert int(file["Content-Length"]) == len(content)
        with unzipped(content) as archive:
            assert archive.testzip() is None
    link.refresh_from_db()
    assert link.downloads == 2
    events = Event.objects.filter(action="compliance.package_downloaded")
    assert [event.actor_name for event in events] == [officer.username] * 2
    assert token not in str(list(Event.objects.values_list("payload", flat=True)))


def test_a_link_is_one_persons(officer: User, second_officer: User, auditor: User, administrator: User) -> None:
    request = packaged(officer)
    token = delivery.make_link(actor=officer, request=request)
    address = reverse("compliance:download", args=[token])
    for person in (second_officer, auditor, administrator):
        assert signed_in(person).get(address).status_code == 404
    assert signed_in(officer).post(address).status_code == 405
    assert signed_in(officer).get(reverse("compliance:download", args=["guessed"])).status_code == 404
    assert not Event.objects.filter(action="compliance.package_downloaded").exists()


def test_after_its_time_a_link_is_gone_and_so_is_the_file(folder: Path, officer: User) -> None:
    request = packaged(officer)
    client, now = signed_in(officer), timezone.now()
    token = delivery.make_link(actor=officer, request=request)
    address = reverse("compliance:download", args=[token])
    SubjectLink.objects.update(expires_at=now - timedelta(seconds=1))
    answer = client.get(address)
    assert answer.status_code == 410
    assert "past its time" in answer.content.decode()
    SubjectLink.objects.update(expires_at=now + timedelta(days=9))
    SubjectPackage.objects.update(expires_at=now - timedelta(seconds=1))
    assert client.get(address).status_code == 410
    assert len(list(folder.iterdir())) == 1
    assert delivery.remove_expired() == 1
    assert list(folder.iterdir()) == []
    assert delivery.remove_expired() == 0
    assert Event.objects.filter(action="compliance.package_removed").count() == 1
    assert "Past its time, and removed" in client.get(request.get_absolute_url()).content.decode()
    with pytest.raises(Refused):
        delivery.make_link(actor=officer, request=request)


def test_files_that_a_dead_worker_left_are_removed_and_young_ones_are_not(folder: Path, officer: User) -> None:
    request = packaged(officer)
    known = request.packages.get().pk
    left, fresh = folder / f"{uuid4()}.part", folder / f"{uuid4()}.sealed"
    for file in (left, fresh):
        file.write_bytes(b"x")
    old = timezone.now().timestamp() - delivery.ORPHAN_S - 60
    os.utime(left, (old, old))
    os.utime(packages.path_of(known), (old, old))
    delivery.remove_expired()
    assert {UUID(file.stem) for file in folder.iterdir()} == {known, UUID(fresh.stem)}


def test_an_identity_is_deleted_when_its_time_is_over(officer: User) -> None:
    request = packaged(officer)
    assert delivery.forget_identities() == 0
    SubjectRequest.objects.filter(pk=request.pk).update(identity_until=timezone.now())
    assert delivery.forget_identities() == 1
    request.refresh_from_db()
    assert (request.identity, request.note) == (None, None)
    assert "deleted" in signed_in(officer).get(request.get_absolute_url()).content.decode()
    assert Event.objects.filter(action="compliance.identity_deleted").count() == 1
    assert delivery.forget_identities() == 0


def test_an_erasure_takes_the_packages_of_the_same_person(officer: User) -> None:
    """Whoever has the link would otherwise have all of it, after the certificate said that nothing is left."""
    hers, others = (newest(packaged(officer, email=email)) for email in ("zoe.kanarie@example.org", "zoe@example.org"))
    traces = Traces({}, frozenset({"zoe.kanarie@example.org", "zoe kanarie"}))
    holder = Packages()
    assert [held.count for held in holder.find(traces)] == [1]
    assert [held.count for held in holder.erase(traces, check=lambda: None)] == [1]
    assert [held.count for held in holder.find(traces)] == [0]
    assert not packages.path_of(hers.pk).exists()
    assert packages.path_of(others.pk).exists()
    removed = Event.objects.get(action="compliance.package_removed")
    assert json.loads(removed.payload)["detail"] == {"package": str(hers.pk), "why": "erasure"}
    with pytest.raises(Refused, match="past its time"):
        delivery.make_link(actor=officer, request=hers.request)
