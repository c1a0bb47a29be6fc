import pytest

from client import Client, Events
from contract import Api
from people import People
from world import MODULES, World


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The whole system, shared by all tests that leave it as they found it."""
    world = World(tmp_path_factory.mktemp("world") / "run")
    try:
        world.start()
        yield world
    finally:
        world.destroy()


@pytest.fixture(scope="session")
def client(world):
    return Client(world)


@pytest.fixture(scope="session")
def events(world):
    events = Events(world, MODULES)
    yield events
    events.close()


@pytest.fixture(scope="session")
def api(world):
    """The gateway, every answer checked against its own document."""
    return Api(world.environment["DCS_API_URL"])


@pytest.fixture(scope="session")
def people(client, events):
    return People(client, events)


@pytest.fixture
def own_workers(world):
    """The supervisor runs no debts worker meanwhile: the test starts its own, world.worker("debts")."""
    world.programs("start", "debts=0")
    yield
    world.programs("start", "debts=2")
