"""A small dose of `make chaos`, with every test run."""

import chaos
from world import World


def test_ten_kills_and_one_each_of_postgresql_and_kafka_lose_nothing(tmp_path):
    world = World(tmp_path / "run", **chaos.SETTINGS)
    try:
        world.start(programs=False)
        wrong, lines = chaos.run(world, kills=10, pg_kills=1, kafka_kills=1, freezes=0, seed=7)
        print("\n".join(lines))
        assert wrong == []
    finally:
        world.destroy()
