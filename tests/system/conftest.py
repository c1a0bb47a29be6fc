import os

import pytest

from client import Client, Events
from contract import Api
from people import People
from world import MODULES, PORTS_COUNT, PORTS_FROM, World, off_clock_library, wait_for


if "PYTEST_XDIST_WORKER" in os.environ:  # several at once: each has a world of its own, and a range of ports for all its stacks
    number, count = int(os.environ["PYTEST_XDIST_WORKER"][2:]), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    os.environ["DCS_PORTS_COUNT"] = str(PORTS_COUNT // count)
    os.environ["DCS_PORTS_FROM"] = str(PORTS_FROM + number * (PORTS_COUNT // count))


SHARED = []  # the world below, once there is one


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The whole system, shared by all tests that leave it as they found it."""
    world = World(tmp_path_factory.mktemp("world") / "run")
    try:
        world.start()
        SHARED.append(world)
        yield world
    finally:
        SHARED.clear()
        world.destroy()


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left_waiting():
    """A command that waits keeps the system from being idle, in whatever file comes next."""
    yield
    for world in SHARED:
        waiting = lambda: [row for name in MODULES for row in world.sql(f"SELECT %s, command_id::text, reason FROM {name}.parked WHERE kind = 'wait'", name)]
        wait_for(lambda: waiting() == [], lambda: f"nothing waits: {waiting()}")


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


@pytest.fixture(scope="session")
def off_clock(tmp_path_factory):
    """The variables of a program that runs on a host whose clock is so many seconds ahead."""
    library = off_clock_library(tmp_path_factory.mktemp("off_clock"))
    return lambda seconds: {"LD_PRELOAD": str(library), "OFF_CLOCK_S": str(seconds)}


@pytest.fixture
def own_workers(world):
    """The supervisor runs no debts worker meanwhile: the test starts its own, world.worker("debts")."""
    world.programs("start", "debts=0")
    yield
    world.programs("start", "debts=2")
