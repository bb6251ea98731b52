import pytest
from django.conf import settings as portal


@pytest.fixture(autouse=True)
def plain_static(settings) -> None:  # type: ignore[no-untyped-def]
    """Pages are rendered without collecting static files first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**portal.STORAGES, "staticfiles": plain}
