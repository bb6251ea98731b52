"""The whole path on real stores: a town of people, one of whom asks. Steps run in this process, as a worker does them;
in each store one worker is killed in the middle of an erasure."""

import io
import json
import os
import signal
import time
import zipfile
from copy import deepcopy

from django.db import connections
from django.test import Client
from django.utils import timezone

from apps.compliance.requests import packages, planning, running
from apps.compliance.requests.models import SubjectRequest
from apps.compliance.requests.selectors import candidates_of, plan_in
from apps.compliance.requests.types import Kind, State
from portal.accounts.models import User
from portal.audit.models import Event
from portal.runs import sweeper
from portal.runs.executor import work
from portal.runs.keeper import keeper
from portal.runs.models import Attempt, LogLine, Run, Step
from portal.stores import open_store
from portal.stores.types import Command, Sql
from tests.compliance.requests.builders import opened, plan_of
from tests.compliance.subjects import town
from tests.compliance.subjects.conftest import loaded, streets

__all__ = ["loaded", "streets"]
NEW_CHARGE = "insert into town.charges values ('ch_ann3', 'cus_ann', null, 300, null, null, now(), now())"


def drain(run: Run) -> Run:
    """Works until nothing is queued."""
    while (step := run.steps.filter(state="queued").order_by("position").first()) is not None:
        work(step.pk)
    run.refresh_from_db()
    return run


def searched(officer: User, email: str, **more) -> SubjectRequest:  # type: ignore[no-untyped-def]
    request: SubjectRequest = opened(officer, email=email, **more)
    run = drain(running.start_search(actor=officer, request=request))
    request.refresh_from_db()
    assert run.state == "done", run.reason
    return request


def approved(request: SubjectRequest, officer: User, second: User) -> Run:
    planning.freeze_plan(actor=officer, request=request)
    planning.approve(actor=second, request=request, sha256=plan_of(request).sha256)
    return running.start_erasure(actor=second, request=request)


def killed_within(step: Step) -> None:
    """A worker that is killed once it has said what it is about to erase; the lease it held then runs out."""
    connections.close_all()  # a connection must not be shared by two processes
    pid = os.fork()
    if not pid:
        try:
            keeper.start(f"fork {os.getpid()}")
            work(step.pk)
        finally:
            os._exit(0)
    source = f'"source":"{step.params["source"]}"'
    intended = Event.objects.filter(action="compliance.erasure_intended", payload__contains=source)
    until = time.monotonic() + 20
    while not intended.exists() and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    Attempt.objects.filter(step=step, state="running").update(lease_until=timezone.now())
    sweeper.sweep()


def hers(rows: dict[str, list[str]]) -> list[str]:
    """Rows of her own in which something of her still stands; the receipts and notes of others stay theirs."""
    own = ('"cus_ann"', '"ch_ann', '"lead_1"', '"log_ann"', "ses_ann")
    values = (town.ANN, town.WORK, town.PHONE, "ann almond", "elm road")
    return [
        row
        for each in rows.values()
        for row in each
        if any(mark in row for mark in own) and any(value in row.lower() for value in values)
    ]


def test_an_erasure_from_the_address_to_the_certificate(loaded: None, officer: User, second_officer: User) -> None:
    request = searched(officer, town.ANN.upper().replace("TOWN.EXAMPLE", "town.example"))
    assert request.state == State.DISCOVERED
    before = town.everything()
    assert hers(before)

    # The stores change between approval and work: nothing is erased, and a new plan is asked for.
    run = approved(request, officer, second_officer)
    first = plan_of(request)
    open_store("oltp", "owner").execute(Sql(NEW_CHARGE))
    drain(run)
    request.refresh_from_db()
    assert (request.state, run.state) == (State.DISCOVERED, "failed")
    assert "changed since the plan was approved" in run.reason
    assert town.touched(before, town.everything()) == {}
    assert plan_in(request.discoveries.first()).digest != json.loads(first.content)["digest"]  # type: ignore[arg-type]

    run = approved(request, officer, second_officer)
    assert plan_of(request).number == 2
    while (step := run.steps.filter(state="queued").order_by("position").first()) is not None:
        if step.key.startswith("erase-") and step.attempt == 0:
            killed_within(step)
        else:
            work(step.pk)
    run.refresh_from_db()
    request.refresh_from_db()
    assert run.state == "done", run.reason
    stores = run.steps.filter(key__startswith="erase-").values_list("key", "attempt")
    assert dict(stores) == {"erase-documents": 2, "erase-oltp": 2, "erase-warehouse": 2}
    assert (request.state, request.residual, request.silent) == (State.COMPLETE, 0, 0)
    after = town.everything()
    assert hers(after) == []
    assert any('"cus_bob"' in row and "bob@town.example" in row for row in after["oltp.customers"])

    body = json.loads(request.certificates.get().content)
    assert body["result"] == "complete"
    assert body["plan"]["approved_by"] == second_officer.username
    assert {each["source"] for each in body["searched"]} == {"documents", "oltp", "warehouse"}
    assert any(line["dataset"] == "oltp: town.charges" and line["ground"] for line in body["done"])
    for written in (
        *LogLine.objects.values_list("text", flat=True),
        *Event.objects.values_list("payload", flat=True),
        *Step.objects.filter(run__kind="subject_request").values_list("output", flat=True),
        *request.certificates.values_list("content", flat=True),
        *request.plans.values_list("content", flat=True),
        *request.discoveries.values_list("content", flat=True),
    ):
        assert "town.example" not in str(written).lower()
        assert town.PHONE not in str(written)

    # Asked for again, she is nobody: every store was searched, and that is certified without a second officer.
    again = searched(officer, "nobody.at.all@town.example")
    drain(running.start_rescan(actor=officer, request=again))
    again.refresh_from_db()
    assert again.state == State.COMPLETE
    proof = json.loads(again.certificates.get().content)
    assert proof["plan"] is None
    assert all(each["columns"] and each["rows"] for each in proof["searched"])
    assert len(proof["searched"]) == 3


def test_what_was_found_at_first_is_looked_for_until_it_is_gone(
    loaded: None, officer: User, second_officer: User
) -> None:
    """Her telephone number is the id of a document, which nothing can cut out; the first erasure takes away every
    row that tells whose number it is, and yet no later search, plan or erasure forgets it."""
    documents = open_store("documents", "owner")
    documents.execute(Command({"insert": "town_logs", "documents": [{"_id": f"sms {town.PHONE}", "status": 200}]}))
    request = searched(officer, town.ANN)
    left = [{"dataset": "documents: town_logs", "column": "_id", "rows": 1, "what": "a value of the person"}]
    for number in (1, 2):
        run = drain(approved(request, officer, second_officer))
        request.refresh_from_db()
        assert (run.state, request.state, request.residual) == ("done", State.INCOMPLETE, 1), (number, run.reason)
        assert run.steps.get(key="rescan").output["residues"] == left
        if number == 1:
            drain(running.start_search(actor=officer, request=request))
            request.refresh_from_db()
            assert [place.dataset.title for place in plan_in(request.discoveries.first()).places][-1:] == [  # type: ignore[arg-type]
                "documents: town_logs"
            ]
    drain(running.start_rescan(actor=officer, request=request))
    request.refresh_from_db()
    assert (request.state, request.residual) == (State.INCOMPLETE, 1)
    documents.execute(Command({"delete": "town_logs", "deletes": [{"q": {"_id": f"sms {town.PHONE}"}, "limit": 1}]}))
    drain(running.start_rescan(actor=officer, request=request))
    request.refresh_from_db()
    assert (request.state, request.residual) == (State.COMPLETE, 0)


def test_an_access_request_to_its_package_and_a_store_that_is_down(
    loaded: None,
    officer: User,
    settings,  # type: ignore[no-untyped-def]
    tmp_path,  # type: ignore[no-untyped-def]
) -> None:
    settings.PACKAGES_DIR = tmp_path / "packages"
    request = opened(officer, kind=Kind.ACCESS, email="eve@town.example")
    run = running.start_search(actor=officer, request=request)
    there = settings.STORES
    settings.STORES = deepcopy(there)
    settings.STORES["oltp"]["accounts"]["privacy"] = "postgresql://u:p@127.0.0.1:9/payments"
    drain(run)
    step = run.steps.get()
    assert (run.state, step.state, step.wait) == ("waiting", "waiting", "store")
    client = Client()
    client.force_login(officer)
    text = client.get(request.get_absolute_url()).content.decode()
    assert "store oltp is down" in text
    request.refresh_from_db()
    assert request.state == State.DISCOVERING
    settings.STORES = there

    Step.objects.filter(pk=step.pk).update(not_before=timezone.now())
    sweeper.sweep()
    drain(run)
    request.refresh_from_db()
    assert request.state == State.DISCOVERED
    people = candidates_of(officer, request.discoveries.first())
    assert [each.key for each in people] == ["cus_eve1", "cus_eve2"]
    planning.choose(actor=officer, request=request, keys=["cus_eve1"])
    run = drain(Run.objects.get(pk=request.run_id))
    assert run.state == "done", run.reason
    request.refresh_from_db()
    run = drain(running.start_package(actor=officer, request=request))
    assert run.state == "done", run.reason
    request.refresh_from_db()
    assert request.state == State.COMPLETE
    content = b"".join(packages.read(request.packages.get().pk))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        told = {name: archive.read(name).decode() for name in archive.namelist()}
    assert "Eve Ames" in told["index.html"]
    everything = "".join(told.values())
    assert "cus_eve1" in everything
    for other in ("cus_eve2", "Eva Ames", "cus_bob", town.ANN):
        assert other not in everything
    body = json.loads(request.certificates.get().content)
    assert body["package"]["records"] == sum(each["records"] for each in body["sections"]) > 0
