"""Governance files: all or nothing, errors with their place, applying twice changes nothing."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Column, Dataset
from apps.compliance import services
from apps.compliance.models import MaskPolicy, PolicyVersion
from apps.compliance.policy.types import PLAIN, GroupSize, MaskOptions
from apps.compliance.selectors import policy_set
from portal.accounts.models import User
from portal.audit.models import Event
from tests.vault import HOUSE, govern

BODY: dict[str, Any] = {
    "version": 1,
    "sources": {
        "oltp": {
            "vault.customers": {
                "owner": "payments-data",
                "description": "People.",
                "columns": {"email": {"category": "user.contact.email", "description": "Where to write."}},
            },
            "vault.later": {"columns": {"id": "system.operations"}},
        }
    },
    "policies": {"masks": [{"id": "mail", "category": "user.contact", "mask": "redact", "roles": ["analyst"]}]},
    "access": [{"roles": ["ml_engineer"], "source": "oltp", "datasets": ["vault.cust*"]}],
}

GROUPS: dict[str, Any] = {
    "id": "few",
    "source": "oltp",
    "dataset": "vault.customers",
    "entity": "id",
    "at_least": 1000,
    "roles": ["analyst"],
}


def written(folder: Path, body: Any, name: str = "more.yaml") -> Path:
    file = folder / name
    file.write_text(body if isinstance(body, str) else yaml.safe_dump(body))
    return file


@pytest.fixture
def estate(db: None) -> None:
    govern("oltp")


def test_a_file_sets_categories_owners_rules_and_access(estate: None, tmp_path: Path) -> None:
    report = services.apply_governance(actor=HOUSE, file=written(tmp_path, BODY))

    assert (report.changed, report.granted, report.missing) == (True, 1, ("oltp: vault.later",))
    dataset = Dataset.objects.get(name="customers")
    assert (dataset.owner, dataset.description) == ("payments-data", "People.")
    assert Column.objects.get(dataset=dataset, name="email").description == "Where to write."
    assert {rule.id for rule in policy_set().rules} >= {"mail", "email-domain"}
    assert Event.objects.filter(action="compliance.governance_applied").count() == 2


def test_again_changes_nothing(estate: None, tmp_path: Path) -> None:
    file = written(tmp_path, BODY)
    services.apply_governance(actor=HOUSE, file=file)
    before = (PolicyVersion.objects.count(), Event.objects.count())
    report = services.apply_governance(actor=HOUSE, file=file)
    assert (report.changed, report.classified, report.granted) == (False, 0, 0)
    assert (PolicyVersion.objects.count(), Event.objects.count()) == before


def test_a_file_replaces_its_own_rules_alone(estate: None, tmp_path: Path) -> None:
    services.apply_governance(actor=HOUSE, file=written(tmp_path, BODY))
    services.apply_governance(actor=HOUSE, file=written(tmp_path, {"version": 1}))
    ids = set(MaskPolicy.objects.filter(version=PolicyVersion.objects.first()).values_list("rule", flat=True))
    assert "mail" not in ids
    assert "email-domain" in ids


def test_a_table_that_appears_later_obeys(estate: None, tmp_path: Path) -> None:
    body = {**BODY, "sources": {"oltp": {"vault.customers": {"columns": {"note": "system.operations"}}}}}
    Column.objects.filter(name="note").update(certainty="none", category="")
    services.apply_governance(actor=HOUSE, file=written(tmp_path, body))
    Column.objects.filter(name="note").update(certainty="none", category="")
    services.refresh_governance(actor=HOUSE)
    assert Column.objects.get(name="note").category == "system.operations"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"version": 2}, "more.yaml: version: must be 1"),
        ({"sourcess": {}}, "more.yaml: sourcess: unknown key"),
        ({"sources": {"lake": {}}}, "more.yaml: sources.lake: no such source"),
        (
            {"sources": {"oltp": {"a.b": {"columns": {"x": "email"}}}}},
            "more.yaml: sources.oltp.a.b.columns.x: 'email' is not a data category",
        ),
        ({"sources": {"oltp": {"a.b": {"columns": ["x"]}}}}, "more.yaml: sources.oltp.a.b.columns: must be a mapping"),
        (
            {"policies": {"masks": [{"id": "x", "category": "user.name", "mask": "blur"}]}},
            "more.yaml: policies.masks[0].mask: 'blur' is not a mask",
        ),
        (
            {"policies": {"masks": [{"id": "x", "category": "user.name", "mask": "null", "roles": ["boss"]}]}},
            "more.yaml: policies.masks[0].roles: 'boss' is unknown",
        ),
        *(
            ({"policies": {"masks": [{"id": "salary", "category": "user.name", **said}]}}, f"policies.masks[0].{wrong}")
            for said, wrong in (
                (
                    {"mask": "bucket"},
                    "width: the rule 'salary': bucket needs it; write for example 'mask: bucket, width: 100'",
                ),
                (
                    {"mask": "bucket", "width": 0},
                    "width: the rule 'salary': must be a whole number from 1 to 1,000,000,000; write for",
                ),
                ({"mask": "noise", "width": 1.5}, "width: the rule 'salary': must be a whole number"),
                ({"mask": "noise", "width": True}, "width: the rule 'salary': must be a whole number"),
                ({"mask": "noise", "width": 10**9 + 1}, "width: the rule 'salary': must be a whole number"),
                (
                    {"mask": "date", "unit": "decade"},
                    "unit: the rule 'salary': must be one of day, week, month, quarter, year; write for example",
                ),
                (
                    {"mask": "date"},
                    "unit: the rule 'salary': date needs it; write for example 'mask: date, unit: month'",
                ),
                ({"mask": "date", "unit": ["day"]}, "unit: the rule 'salary': must be one of"),
                ({"mask": "partial_card", "bin": "yes please"}, "bin: the rule 'salary': must be true or false"),
                (
                    {"mask": "partial_email", "width": 5},
                    "width: the rule 'salary': partial_email takes no width, only bucket, noise; remove it",
                ),
                ({"mask": "bucket", "width": 5, "unit": "day"}, "unit: the rule 'salary': bucket takes no unit"),
            )
        ),
        (
            {"policies": {"masks": [{"category": "user.name", "mask": "null"}]}},
            "more.yaml: policies.masks[0].id: is missing",
        ),
        (
            {"policies": {"masks": [{"id": "email-domain", "category": "user.name", "mask": "null"}]}},
            "more.yaml: policies: the id 'email-domain' is another file's",
        ),
        *(
            ({"policies": {"group_sizes": [{**GROUPS, **said}]}}, f"more.yaml: policies.group_sizes[0].{wrong}")
            for said, wrong in (
                (
                    {"at_least": 1},
                    "at_least: must be a whole number from 2 to 10,000; write for example 'at_least: 10'",
                ),
                ({"at_least": None}, "at_least: must be a whole number"),
                ({"at_least": "10"}, "at_least: must be a whole number"),
                ({"at_least": 2.5}, "at_least: must be a whole number"),
                ({"entity": ""}, "entity: is missing"),
                ({"dataset": ""}, "dataset: is missing"),
                ({"source": "lake"}, "source: 'lake' is no source"),
                ({"roles": []}, "roles: names nobody"),
                ({"roles": ["boss"]}, "roles: 'boss' is unknown"),
                ({"column": "id"}, "column: unknown key"),
            )
        ),
        (
            {"policies": {"group_sizes": [{**GROUPS, "id": "email-domain"}]}},
            "more.yaml: policies: the id 'email-domain' is another file's",
        ),
        ({"policies": {"group_sizes": [GROUPS, GROUPS]}}, "more.yaml: policies: the id 'few' stands twice"),
        ({"access": [{"roles": ["analyst"], "source": "x", "datasets": []}]}, "more.yaml: access[0].source: 'x'"),
        ({"subjects": {"rules": [{"source": "oltp", "datasets": ["a.b"], "action": "burn"}]}}, "'burn' is unknown"),
        (
            {"subjects": {"rules": [{"source": "oltp", "datasets": ["a.b"], "action": "keep"}]}},
            "subjects.rules[0]: a ground is what rows are kept on",
        ),
        (
            {"subjects": {"rules": [{"source": "oltp", "datasets": ["a", "a"], "action": "erase"}]}},
            "subjects.rules: oltp: a has two rules",
        ),
        (
            {"subjects": {"rules": [{"source": "oltp", "datasets": ["a"], "action": "erase"}]}},
            "subjects.identities: is missing",
        ),
        (
            {"subjects": {"references": [{"source": "oltp", "dataset": "a", "column": "x", "to": "here"}]}},
            "subjects.references[0].to: 'here' is not of the form",
        ),
        ({"subjects": {"grounds": [{"id": "g", "text": "t", "years": 5}]}}, "years and after belong together"),
    ],
)
def test_errors_name_file_and_key_and_change_nothing(
    estate: None, tmp_path: Path, change: dict[str, Any], expected: str
) -> None:
    versions = PolicyVersion.objects.count()
    with pytest.raises(CommandError, match="Nothing was changed") as caught:
        call_command("apply_governance", str(written(tmp_path, {**BODY, **change})))
    assert expected in str(caught.value)
    assert PolicyVersion.objects.count() == versions
    assert Dataset.objects.get(name="customers").owner == ""


@pytest.mark.parametrize("text", ["version: 1\nversion: 1\n", "a: [", "- 1\n"])
def test_what_is_not_such_a_file_is_refused(estate: None, tmp_path: Path, text: str) -> None:
    with pytest.raises(CommandError, match=r"more\.yaml"):
        call_command("apply_governance", str(written(tmp_path, text)))


@pytest.mark.parametrize(
    ("name", "status"),
    [("officer", 200), ("steward", 200), ("auditor", 200), ("administrator", 200), ("analyst", 403), ("outsider", 403)],
)
def test_policies_are_shown_to_those_who_answer_for_them(
    estate: None, request: pytest.FixtureRequest, name: str, status: int
) -> None:
    person: User = request.getfixturevalue(name)
    client = Client()
    client.force_login(person)
    answer = client.get(reverse("compliance:policies"))
    assert answer.status_code == status
    assert ("user.contact.email" in answer.content.decode().replace("<wbr>", "")) is (status == 200)


def test_what_a_rule_says_beside_its_mask_is_kept_shown_and_part_of_the_version(
    estate: None, tmp_path: Path, client: Client, officer: User
) -> None:
    masks = [
        {"id": "amounts", "category": "user.behavior", "mask": "bucket", "width": 1000},
        {"id": "days", "category": "user.demographic.date_of_birth", "mask": "date", "unit": "week"},
        {"id": "cards", "category": "user.financial.credit_card", "mask": "partial_card", "bin": True},
        {"id": "mails", "category": "user.contact.email", "mask": "token", "roles": ["ml_engineer"]},
    ]
    services.apply_governance(actor=HOUSE, file=written(tmp_path, {"version": 1, "policies": {"masks": masks}}))
    options = {rule.id: rule.options for rule in policy_set().rules}
    assert options["amounts"] == MaskOptions(width=1000)
    assert options["days"] == MaskOptions(unit="week")
    assert options["cards"] == MaskOptions(bin=True)
    assert options["mails"] == options["email-domain"] == PLAIN
    before = PolicyVersion.objects.count()
    masks[0]["width"] = 2000
    services.apply_governance(actor=HOUSE, file=written(tmp_path, {"version": 1, "policies": {"masks": masks}}))
    assert PolicyVersion.objects.count() == before + 1
    client.force_login(officer)
    page = client.get(reverse("compliance:policies")).content.decode()
    for shown in ("bucket, width 2,000", "date, week", "partial card, with BIN", "token"):
        assert shown in page


def test_sizes_of_groups_are_kept_shown_and_part_of_the_version(
    estate: None, tmp_path: Path, client: Client, officer: User
) -> None:
    def apply(**said: Any) -> int:
        body = {"version": 1, "policies": {"group_sizes": [{**GROUPS, **said}]}}
        services.apply_governance(actor=HOUSE, file=written(tmp_path, body))
        return PolicyVersion.objects.count()

    before = apply()
    assert policy_set().group_sizes == (
        GroupSize("few", ("oltp", "vault", "customers"), "id", 1000, frozenset({"analyst"})),
    )
    assert apply() == before
    assert apply(at_least=1001) == before + 1
    assert apply(entity="email") == before + 2
    services.apply_governance(actor=HOUSE, file=written(tmp_path, BODY, "other.yaml"))
    assert [size.at_least for size in policy_set().group_sizes] == [1000], "another file leaves them"
    client.force_login(officer)
    page = client.get(reverse("compliance:policies")).content.decode()
    assert "only in groups of 1000 or more different <code>email</code>" in page
