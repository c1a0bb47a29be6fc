"""A small dose of `make chaos`, with every test run; `make long` has a large one."""

import chaos
from world import World


def test_kills_of_programs_of_postgresql_and_of_kafka_lose_nothing(tmp_path):
    world = World(tmp_path / "run", **chaos.SETTINGS)
    try:
        world.start(programs=False)
        wrong, lines = chaos.run(world, kills=4, pg_kills=1, kafka_kills=1, freezes=0, seed=7)
        print("\n".join(lines))
        assert wrong == []
    finally:
        world.destroy()
