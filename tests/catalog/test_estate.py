"""The estate as it is: real stores, dbt's own compiled statements, the governance file. Nothing made up."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from apps.catalog import services
from apps.catalog.models import Column, Dataset, Derivation
from apps.compliance.services import apply_governance
from apps.pipelines.building import arguments, environment
from apps.pipelines.publishing import load_edges
from estate.load import load_generated
from estate.pipelines.payments_elt import PAYMENTS_ELT
from tests.catalog.builders import HOUSE, column

BASE = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.django_db


def quiet(*_: Any, **__: Any) -> None:
    """Nobody watches the progress."""


@pytest.fixture(scope="module")
def built(mongo: None, warehouse: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few payments and documents, empty RAW tables, every model built over them. dbt's target folder."""
    load_generated(7, 0.01, progress=quiet)
    target = tmp_path_factory.mktemp("target")
    command = arguments(PAYMENTS_ELT.transforms[0], target)
    command[command.index("build")] = "run"
    ended = subprocess.run(
        command, env={**os.environ, **environment(target)}, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stdout[-3000:]
    return target


def test_the_estate_is_known_from_end_to_end(built: Path, db: None) -> None:
    """One test, because building the estate is what takes the time."""
    for source in ("oltp", "documents", "warehouse"):
        services.sync_source(actor=HOUSE, source=source)
    edges = services.replace_edges(actor=HOUSE, origin="pipeline:payments_elt", edges=load_edges(PAYMENTS_ELT, 1))
    report = services.import_dbt(actor=HOUSE, target_dir=built, source="warehouse")
    apply_governance(actor=HOUSE, file=BASE / "estate" / "governance" / "payments.yaml")

    assert edges.unmatched == ()
    assert report.incomplete == {}
    assert report.unmatched == ()
    assert report.complete == report.models >= 20
    assert not Derivation.objects.filter(how="unknown").exists()
    live = Column.objects.filter(retired_at=None, dataset__retired_at=None, dataset__source__name="warehouse")
    hidden = live.filter(certainty="none").order_by("dataset__name", "position")
    assert [f"{c.dataset.title}.{c.name}: {c.evidence}" for c in hidden.select_related("dataset")] == []
    email = column("warehouse/CORE.DIM_CUSTOMERS/EMAIL")
    assert (email.category, email.certainty) == ("user.contact.email", "inferred")
    assert not Dataset.objects.filter(namespace="ANALYTICS.CORE", lineage=Dataset.Lineage.UNKNOWN).exists()
