"""A small dose of `make faulty`, with every test run."""

import faulty


def test_gateways_that_fail_in_every_way_get_no_message_twice_nor_without_leave(world, client, events, tmp_path):
    run = faulty.Run(world, tmp_path, client, events, sends=300, kills=1, seed=7, faults_percent=20)
    run.run()
    print("\n".join(run.told()))
    assert list(run.wrong()) == []
