"""What an older release kept of a person's value as a name, in the portal's own tables: found, and removed or told."""

import json
import uuid

import pytest
from django.db import transaction
from django.utils import timezone

from apps.catalog.finding.models import SearchWord
from apps.catalog.findings.services import state
from apps.catalog.findings.types import FindingKind, Found
from apps.catalog.history.models import SchemaChange
from apps.catalog.inference import publish
from apps.catalog.models import Check as CatalogCheck
from apps.catalog.models import CheckOutcome, Column, Dataset
from apps.compliance.access.models import AccessRequest
from apps.compliance.subjects import holders
from apps.compliance.subjects.types import Action, ColumnFate, Rescan, Trace
from apps.pipelines.models import Check, Cursor
from apps.queries import services
from apps.queries.models import Execution
from apps.queries.sealing import open_sealed
from apps.queries.types import AnswerColumn, Outcome
from portal.accounts.models import User
from portal.audit.actions import Action as Word
from portal.audit.models import Event
from portal.audit.services import record
from portal.audit.types import Actor, Target
from portal.notices.models import Notice
from portal.runs.models import LogLine
from tests.catalog.builders import HOUSE, info, seen
from tests.compliance.requests.builders import a_plan, place, plan_of, planned
from tests.compliance.subjects import asks
from tests.pipelines import builders

BOB, CARL = "bob.b@example.com", "carl@example.com"
PATH, OTHER = f"seen.{BOB}.n", f"seen.{CARL}"
TRACE = Trace(values={"email": frozenset({BOB}), "phone": frozenset({"12015550142"}), "name": frozenset({"status"})})


def there() -> dict[str, int]:
    return {thing.place: thing.count for thing in holders.find(TRACE) if thing.count}


@pytest.fixture
def kept(db: None, officer: User, analyst: User, settings) -> None:  # type: ignore[no-untyped-def]
    names = ("compliance.names", "pipelines.names", "runs.logs")
    settings.HOLDERS = {name: settings.HOLDERS[name] for name in names}
    # As a sync of then wrote it, and one of today has not been yet.
    seen("documents", [info("payments.docs", "_id int", "status text", kind="collection")])
    seen("oltp", [info("payments.public.odd", "status text", f"{BOB} text")])
    docs = Dataset.objects.get(name="docs")
    for name in (PATH, OTHER, "calls.+1 (201) 555-0142"):
        Column.objects.create(dataset=docs, name=name, type="int", retired_at=timezone.now())
    check = CatalogCheck.objects.create(dataset=docs, name="known", column=PATH, passed=True, checked_at=timezone.now())
    CheckOutcome.objects.create(check_of=check, passed=False, detail=f"{PATH} is new", checked_at=timezone.now())
    AccessRequest.objects.create(user=analyst, subject=f"documents/payments/docs/{PATH}", approver="steward")
    Notice.objects.create(kind="x", subject_kind="x", subject_id="1", title=f"{PATH} is new", url="/", people=[1])
    run = builders.ended()
    builders.receipt(run, columns=["_id", PATH, OTHER, "status"])
    Cursor.objects.create(
        pipeline=run.pipeline, dataset="docs", at=timezone.now(), run_id=1, columns=[PATH, OTHER, "status"]
    )
    for name in (PATH, OTHER):
        Check.objects.create(pipeline_run=run, kind="drift", name=f"docs.{name}", column=name, passed=False)
    step = run.run.steps.first()
    run.run.steps.filter(pk=step.pk).update(summary=f"new: {PATH}", output={"residues": [{"column": PATH}, OTHER]})
    LogLine.objects.create(
        run=run.run, step=step, attempt=1, at=timezone.now(), level="info", text=f"New column in docs: {PATH}."
    )


def test_names_are_found_everywhere_and_go(kept: None) -> None:
    assert there() == {
        "columns of the catalog": 3,
        "checks of the catalog": 1,
        "earlier answers of checks": 1,
        "requests for access to columns": 1,
        "notices": 1,
        "summaries of steps": 1,
        "results of steps": 1,
        "paths that cursors remember": 1,
        "paths that receipts remember": 1,
        "what runs said of columns": 1,
        "log lines of runs": 1,
    }
    done = {thing.place: thing.count for thing in holders.erase(TRACE, check=asks.go_on)}
    assert done["columns of the catalog"] == 2
    # A column of a table is the store's to rename: it is told until somebody did.
    assert there() == {"columns of the catalog": 1}
    Dataset.objects.filter(name="odd").update(retired_at=timezone.now())  # somebody dropped the table
    holders.erase(TRACE, check=asks.go_on)
    assert there() == {}
    assert {OTHER, "status"} <= set(Column.objects.values_list("name", flat=True))
    assert Cursor.objects.get().columns == [OTHER, "status"]
    assert Check.objects.get().column == OTHER
    assert LogLine.objects.get().text == "New column in docs: seen.[erased].n."
    event = Event.objects.filter(action=Word.NAMES_FORGOTTEN).earliest("at")
    assert json.loads(event.payload)["detail"] == {"datasets": 1, "checks": 1, "answers": 1}
    assert "'bob'" not in str(Dataset.objects.get(name="docs").words)
    assert not SearchWord.objects.filter(word="bob").exists()
    assert there() == {}


def test_a_dataset_of_that_name_is_told_until_its_store_has_it_no_more(kept: None) -> None:
    Column.objects.all().delete()
    holders.erase(TRACE, check=asks.go_on)
    Dataset.objects.filter(name="odd").update(name=BOB, path=["payments", "public", BOB])
    row = Dataset.objects.get(name=BOB)
    assert there() == {"datasets of the catalog": 1}
    holders.erase(TRACE, check=asks.go_on)
    assert there() == {"datasets of the catalog": 1}
    Dataset.objects.filter(pk=row.pk).update(retired_at=timezone.now())
    holders.erase(TRACE, check=asks.go_on)
    assert there() == {}
    row.refresh_from_db()
    assert BOB not in f"{row.name} {row.path}"
    assert "'bob'" not in str(row.words)


def test_what_nobody_can_change_keeps_a_request_open(kept: None, officer: User) -> None:
    holders.erase(TRACE, check=asks.go_on)
    Column.objects.filter(name=BOB).delete()
    columns = (ColumnFate(PATH, True, "personal"),)
    request = planned(officer, plan=a_plan(place("documents", "payments", "docs", action=Action.MASK, columns=columns)))
    with transaction.atomic():
        detail = {"columns": {PATH: ["", "user.contact.email"]}}
        record(actor=HOUSE, action=Word.COLUMN_CLASSIFIED, target=Target("dataset", "1", "docs"), detail=detail)
        somebody = Actor("user", str(officer.pk), BOB)
        record(actor=somebody, action=Word.COLUMN_CLASSIFIED, target=Target("dataset", "1", "docs"), detail={})
    assert there() == {"searches for people": 1, "frozen plans": 1, "events of the trail": 1}
    holders.erase(TRACE, check=asks.go_on)
    left = holders.find(TRACE)
    assert {thing.place: thing.count for thing in left if thing.count} == {"frozen plans": 1, "events of the trail": 1}
    assert not Rescan((), (), (), left).complete
    assert BOB in plan_of(request).content
    content = json.dumps(request.discoveries.get().content)
    assert BOB not in content
    assert "seen." in content


def test_what_was_decided_about_queries_named_paths(db: None, analyst: User, settings) -> None:  # type: ignore[no-untyped-def]
    settings.HOLDERS = {"queries.executions": settings.HOLDERS["queries.executions"]}
    reason = f"Holds docs.{PATH} and others."
    for source in ("documents", "oltp"):
        row = Execution(owner=analyst, source=source, purpose="analytics", status="done", id=uuid.uuid4())
        told = Outcome((AnswerColumn("seen", "text", "yes", reason),), (), f'{{"n": "$$ROOT.{PATH}"}}')
        row.outcome = services.sealed_outcome(row.pk, told)
        row.save(force_insert=True)
    assert there() == {"texts of queries": 1}, "in SQL it is somebody else's address"
    holders.erase(TRACE, check=asks.go_on)
    assert there() == {}
    row = Execution.objects.get(source="documents")
    body = json.loads(open_sealed(bytes(row.outcome), f"outcome:{row.pk}"))
    assert body["columns"][0]["reason"] == "Holds docs.seen.[erased].n and others."
    assert json.loads(body["rewritten"]) == {"n": "$$ROOT.seen.[erased].n"}


def test_a_description_that_names_somebody_is_cut_and_search_with_it(db: None, settings) -> None:  # type: ignore[no-untyped-def]
    settings.HOLDERS = {"compliance.names": settings.HOLDERS["compliance.names"]}
    seen("oltp", [info("payments.public.notes", "id int", "note text")])
    Dataset.objects.filter(name="notes").update(description=f"Ask {BOB} or {CARL}.")
    Column.objects.filter(name="note").update(description=f"as {BOB.upper()} wrote")
    publish({Dataset.objects.get(name="notes").pk})
    assert "'bob'" in str(Dataset.objects.get(name="notes").words)
    assert SearchWord.objects.filter(word="bob").exists()
    assert there() == {"descriptions of datasets": 1, "descriptions of columns": 1}
    holders.erase(TRACE, check=asks.go_on)
    assert there() == {}
    dataset = Dataset.objects.get(name="notes")
    assert dataset.description == f"Ask [erased] or {CARL}."
    assert dataset.columns.get(name="note").description == "as [erased] wrote"
    assert "'bob'" not in str(dataset.words)
    assert "'carl'" in str(dataset.words)
    assert not SearchWord.objects.filter(word="bob").exists()


def test_history_of_schemas_and_findings_that_name_somebody_are_cut(db: None, settings) -> None:  # type: ignore[no-untyped-def]
    settings.HOLDERS = {"compliance.names": settings.HOLDERS["compliance.names"]}
    seen("oltp", [info("payments.public.odd", "id text")])
    seen("oltp", [info("payments.public.odd", "id text", f"{BOB} text", indexes=(f"on ({BOB})",))])
    odd = Dataset.objects.get(name="odd")
    state(
        actor=HOUSE,
        source="oltp",
        origin="tests",
        kind=FindingKind.BREAKING_CHANGE,
        found=[Found(odd.pk, "1", f"{BOB} is gone", f"read {BOB}", BOB)],
    )
    assert there() == {"columns of the catalog": 1, "history of schemas": 2, "findings of the catalog": 1}
    holders.erase(TRACE, check=asks.go_on)
    assert there() == {"columns of the catalog": 1}  # the store's to rename, and told until then
    assert not SchemaChange.objects.filter(column__contains=BOB).exists()
