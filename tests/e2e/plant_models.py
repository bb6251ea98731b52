"""`python -m tests.e2e.plant_models versions|evidence`, with PORTICO_HOME: what two engineers argue about.

The end-to-end portal holds some hundred charges, from which nothing can be learned. So two tiny models are logged to
the portal's own MLflow the way a training does it, and the first serves, asked for by mila and approved by mateo. Only
the gates' evidence is written by hand: the checks themselves are tested in tests/models.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
NAME = "fraud_model"
MLFLOW_WITHIN_S = 120


def versions() -> None:
    from apps.models import promotions
    from portal.accounts.models import User
    from portal.audit.types import Actor
    from tests.models import builders

    await_mlflow()
    mila, mateo = (User.objects.get(username=name) for name in ("mila", "mateo"))
    first, _ = registered(1, pr_auc=0.71), registered(2, pr_auc=0.74)
    entry = builders.checked(builders.requested(mila, first))
    promotions.approve(actor=Actor.of(mateo), person=mateo, entry=entry)


def await_mlflow() -> None:
    from apps.models import registry

    until = time.monotonic() + MLFLOW_WITHIN_S
    while True:
        try:
            registry.alias_of(NAME)
            return
        except registry.RegistryDown:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)


def registered(number: int, *, pr_auc: float):  # type: ignore[no-untyped-def]
    """Intent, MLflow, outcome, as the steps of a training write them."""
    from apps.models import services, tracking
    from apps.models.steps import order_of
    from estate.training.fraud_model import FRAUD_MODEL
    from tests.models import builders, serving
    from tests.people import HOUSE

    estimator, sample = serving.fitted()
    kept = serving.snapshot(builders.model())
    kept.datasets = [["warehouse", *FRAUD_MODEL.path]]
    kept.save()
    trained = {"params": {"max_iter": 100}, "metrics": {**builders.METRICS, "pr_auc": pr_auc}, "threshold": 0.5}
    label = f"{NAME}/planted-{number}"
    version = services.intend_version(
        actor=HOUSE, snapshot=kept, label=label, run_id=1, trained=trained, trained_by="mila"
    )
    with tempfile.TemporaryDirectory() as place:
        tracking.save(estimator, Path(place) / "model", sample=sample)
        told = tracking.register(Path(place) / "model", tracking.Order(**order_of(version)))
    return services.write_registered(actor=HOUSE, version=version, registered=vars(told))


def evidence() -> None:
    from apps.models.models import Promotion
    from tests.models import builders

    builders.checked(Promotion.objects.get(state="requested"))


def main() -> None:
    import django

    django.setup()
    from apps.models import work

    os.environ.update(work.environment())
    {"versions": versions, "evidence": evidence}[sys.argv[1]]()


if __name__ == "__main__":
    main()
