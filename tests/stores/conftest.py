"""One lab per store: a table of its own in the real server, emptied away afterwards."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from portal.stores import open_store
from portal.stores.registry import ADAPTERS, Pool
from portal.stores.types import Store
from tests.stores.labs import LABS, Lab
from tests.stores.wire import Wire

SERVERS = {"mongo": "mongo", "snowflake": "warehouse"}


@pytest.fixture(params=list(LABS))
def kind(request: pytest.FixtureRequest) -> str:
    server = SERVERS.get(request.param)
    if server:
        request.getfixturevalue(server)
    return str(request.param)


@pytest.fixture
def lab(kind: str) -> Iterator[Lab]:
    lab = LABS[kind]()
    owner = open_store(lab.name, "owner")
    lab.create(owner)
    yield lab
    lab.drop(owner)


@pytest.fixture
def store(lab: Lab) -> Store:
    return open_store(lab.name, "owner")


@pytest.fixture
def wire(lab: Lab) -> Iterator[Wire]:
    from urllib.parse import urlsplit

    port = urlsplit(address(lab)).port
    assert port
    wire = Wire(port)
    yield wire
    wire.unplug()


@pytest.fixture
def distant(lab: Lab, wire: Wire) -> Iterator[Store]:
    """The same store over a wire that the test may cut."""
    import importlib
    from urllib.parse import urlsplit

    url = urlsplit(address(lab))
    changed = url._replace(netloc=url.netloc.replace(f":{url.port}", f":{wire.port}")).geturl()
    pool: Pool = importlib.import_module(ADAPTERS[lab.kind]).Pool(lab.name, changed)
    yield pool.open()
    wire.unplug()
    pool.close()


def address(lab: Lab) -> str:
    return str(settings.STORES[lab.name]["accounts"]["owner"])
