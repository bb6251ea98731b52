import pytest
from django.conf import LazySettings

from portal import settings as portal


@pytest.fixture(autouse=True)
def plain_static(settings: LazySettings) -> None:
    """Pages are asked for before anything was bundled."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**portal.STORAGES, "staticfiles": plain}
