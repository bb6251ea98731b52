"""Run inside the portal's home: two versions that two engineers may argue about, known to its MLflow, with evidence.

The demo of the browser tests is too small to train on; what trains is tested in tests/models.
"""

import os
import sys
import time

import django

MODEL = "fraud_model"


def in_mlflow(versions: int) -> None:
    from apps.models import registry

    deadline = time.monotonic() + 120
    while True:
        try:
            registry.ask("POST", "/registered-models/create", name=MODEL)
            break
        except registry.RegistryDown:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
    for _ in range(versions):
        registry.ask("POST", "/model-versions/create", name=MODEL, source="mlflow-artifacts:/planted")


def plant(what: str) -> None:
    from apps.models.models import Promotion
    from portal.accounts.models import User
    from tests.models import builders

    if what == "versions":
        in_mlflow(2)
        for number in (1, 2):
            builders.version(number)
        mila = User.objects.get(username="mila")
        builders.checked(builders.requested(mila, builders.version(1)))
    else:
        builders.checked(Promotion.objects.get(state="requested"))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    plant(sys.argv[1])
