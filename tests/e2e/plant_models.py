"""Run inside the portal's home: three versions that two engineers may argue about, known to its MLflow, with evidence.

The demo of the browser tests is too small to train on; what trains is tested in tests/models.
"""

import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from apps.models import registry
from apps.models.models import Promotion
from portal.accounts.models import User
from tests.models import builders


def in_mlflow(numbers: range) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            registry.ask("POST", "/registered-models/create", name="fraud_model")
            break
        except registry.RegistryDown:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
    for _ in numbers:
        registry.ask("POST", "/model-versions/create", name="fraud_model", source="mlflow-artifacts:/planted")


def main() -> None:
    mila = User.objects.get(username="mila")
    match sys.argv[1]:
        case "versions":
            in_mlflow(range(2))
            for number in (1, 2):
                builders.version(number)
            builders.checked(builders.requested(mila, builders.version(1)))
        case "evidence":
            builders.checked(Promotion.objects.get(state="requested"))


if __name__ == "__main__":
    main()
