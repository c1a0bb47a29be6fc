"""What is missing comes back, what was broken is told: PostgreSQL and Kafka away, topics cut and made anew.

A world of its own: these stories end what the others stand on.
"""

import contextlib
import json
import signal

import pytest

from client import Client, Events, new_id
from people import People
from world import MODULES, World, modules, wait_for

BACK_S = 30  # P11: work resumes by itself within this time after the fault has ended
PROGRAMS = modules.names()
TICKED = [name for name in MODULES if name != "users"]
END_S = 10  # SIGTERM: five seconds are meant; the supervisor kills after ten


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("faults") / "run")
    try:
        world.start("postgres", "kafka", programs=False)
        yield world
    finally:
        world.destroy()


@pytest.fixture(scope="module")
def client(world):
    return Client(world)


@pytest.fixture(scope="module")
def events(world):
    events = Events(world, MODULES)
    yield events
    events.close()


@pytest.fixture(scope="module")
def people(client, events):
    return People(client, events)


@pytest.fixture(autouse=True)
def nothing_is_lost(world):
    """After every story: all is decided and published, and no promise is broken."""
    world.programs("start", *[f"{name}=1" for name in PROGRAMS], "clock=1")
    yield
    world.stack("up", "postgres")
    world.stack("up", "kafka")
    world.programs("start", *[f"{name}=1" for name in PROGRAMS])
    world.wait_idle()
    assert world.verify() == []


@pytest.fixture
def debtor(people):
    customer_id = people.customer()
    return customer_id, people.debt(customer_id, principal_minor=1_000_000)


def serves(client, people, events, debtor, seconds=BACK_S):
    """A payment is answered within the time of P11."""
    payment = people.record_payment(*debtor)
    client.send(payment)
    wait_for(lambda: events.poll(0.05) >= 0 and events.of(payment), "a payment is answered", seconds)
    assert [event.type for event in events.of(payment)] == ["PaymentRecorded"]


# ---- PostgreSQL and Kafka away ----


@pytest.mark.parametrize("part", ["postgres", "kafka"])
def test_what_was_away_comes_back_and_work_resumes_by_itself(world, client, people, events, debtor, part):
    owners = world.sql("SELECT part, owner FROM debts.partition_head ORDER BY part")
    warnings = world.log("debts.1").count("level=warn")
    if part == "postgres":
        world.stack("kill", part)
        payments = [people.record_payment(*debtor) for _ in range(50)]
        client.send(*payments)  # while it is away
    else:
        payments = [people.record_payment(*debtor) for _ in range(50)]
        client.send(*payments)
        world.stack("kill", part)
    wait_for(lambda: world.log("debts.1").count("level=warn") > warnings, "the worker has noticed")
    world.stack("up", part)
    serves(client, people, events, debtor)
    assert all([event.type for event in events.of(payment)] == ["PaymentRecorded"] for payment in payments)
    # The same processes: they have waited, not died.
    assert world.sql("SELECT part, owner FROM debts.partition_head ORDER BY part") == owners


@pytest.mark.parametrize("part", ["postgres", "kafka"])
def test_sigterm_ends_every_program_cleanly_while_something_is_away(world, part):
    world.programs("start", *[f"{name}=0" for name in PROGRAMS])
    with contextlib.ExitStack() as stack:
        workers = {name: stack.enter_context(world.worker(name)) for name in PROGRAMS}
        for name, worker in workers.items():
            wait_for(lambda worker=worker: "claimed" in worker.log or "started" in worker.log, f"{name} works")
        world.stack("kill", part)
        for name, worker in workers.items():
            if part == "kafka" or name in TICKED:  # the others have nothing to do, and do not know
                wait_for(lambda worker=worker: "level=warn" in worker.log, f"{name} has noticed that {part} is away")
        for worker in workers.values():
            worker.signal(signal.SIGTERM)
        statuses = {name: worker.process.wait(END_S) for name, worker in workers.items()}
        wrong = [f"{name}: status {statuses[name]}\n{worker.log[-3000:]}" for name, worker in workers.items() if statuses[name] != 0]
        assert not wrong, "\n".join(wrong)


# ---- a topic that is not what it was ----


def delete_records(world, topic, part, before):
    path = world.folder / "delete.json"
    path.write_text(json.dumps({"partitions": [{"topic": topic, "partition": part, "offset": before}], "version": 1}))
    world.java("DeleteRecordsCommand", "--offset-json-file", str(path))


def make_anew(world, topic):
    world.java("TopicCommand", "--delete", "--topic", topic)
    wait_for(lambda: topic not in world.java("TopicCommand", "--list").split(), f"{topic} is gone")
    world.dcs("topics")


def fill_up_to(client, record, place):
    """Sends it until one stands at this place or behind it; repetitions change nothing."""
    wait_for(lambda: client.send(record)[1] >= place[1], f"something stands at {place}")
    return record


def dead_letters(world, part, where):
    return world.value(f"SELECT count(*) FROM debts.dead_letter WHERE part = %s AND command_offset {where}", part)


def halted(world, part):
    """Why the partition of debts is halted, as `dcs status` says; None when it is not."""
    row = next(row for row in world.status()["partitions"] if (row["module"], row["part"]) == ("debts", part))
    return row["reason"] if row["state"] == "halted" else None


def wait_halted(world, part):
    return wait_for(lambda: halted(world, part), f"debts {part} is halted")


def debts_heads(world):
    """The next offset of each of its partitions."""
    return {row["part"]: row["next_offset"] for row in world.status()["partitions"] if row["module"] == "debts"}


def debtor_elsewhere(people, client, events, part):
    """Whose commands go to another partition."""
    for _ in range(60):
        customer_id = people.customer()
        debt = people.create_debt(customer_id, principal_minor=1_000_000)
        if client.send(debt)[0] != part:
            return customer_id, events.expect(debt, "DebtCreated").body["debt_id"]
    raise AssertionError("no key fell into another partition")


def test_a_truncated_topic_halts_its_partition_until_it_is_told_where_to_go_on(world, client, people, events, debtor):
    world.programs("start", "debts=0")
    lost, kept = people.record_payment(*debtor), people.record_payment(*debtor)
    (part, _), (_, kept_at) = client.send(lost, kept)
    delete_records(world, "dcs.debts.commands.v1", part, kept_at)
    world.programs("start", "debts=1")
    assert "topic truncated" in wait_halted(world, part)
    serves(client, people, events, debtor_elsewhere(people, client, events, part))
    # Let go as it is, it halts again: nothing is skipped in silence.
    world.dcs("unhalt", "debts", str(part))
    assert "topic truncated" in wait_halted(world, part)
    world.dcs("unhalt", "debts", str(part), "--at", str(kept_at))
    serves(client, people, events, debtor)
    assert [len(events.of(record)) for record in (lost, kept)] == [0, 1]


def test_a_topic_made_anew_halts_until_it_is_told_to_begin_again(world, client, people, events, debtor):
    """What was set aside before, a dead letter and a command that waits, keeps its place beside what comes to the same offsets."""
    no_token = people.record_payment(*debtor).header("authorization", None)
    dead_at = client.send(no_token)
    events.expect_dead(no_token, dead_at, "no_token")
    waiting = people.create_debt(new_id())
    waiting_at = client.send(waiting)
    wait_for(lambda: world.value("SELECT count(*) FROM debts.parked WHERE command_id::text = %s", waiting.id) == 1, "it waits")
    # All its partitions, once every one has had Ticks; the other modules go on.
    wait_for(lambda: all(next_offset > 0 for next_offset in debts_heads(world).values()), "Ticks everywhere")
    world.programs("start", "clock=0")  # from now on, what stands where is ours to say
    make_anew(world, "dcs.debts.commands.v1")
    parts = list(debts_heads(world))
    assert all("topic recreated" in wait_halted(world, part) for part in parts)
    people.customer()
    for part in parts:
        world.dcs("unhalt", "debts", str(part), "--at", "0")
    serves(client, people, events, debtor)
    # Dead letters up to the old offset and beyond, so that one comes to it.
    fill_up_to(client, no_token.but(partition=dead_at[0]), dead_at)
    also_waiting = fill_up_to(client, people.create_debt(waiting.key.decode()), waiting_at)
    world.programs("start", "clock=1")
    wait_for(lambda: dead_letters(world, dead_at[0], f"= {dead_at[1]}") == 1, "a dead letter at the same offset")
    assert dead_letters(world, dead_at[0], "< 0") == 1
    wait_for(lambda: world.value("SELECT count(*) FROM debts.parked WHERE command_id::text = %s", also_waiting.id) >= 1, "it waits too")
    client.send(people.create_customer(waiting.key.decode()))
    for debt in (waiting, also_waiting):
        events.expect(debt, "DebtCreated")


def moved_payment(people, client, events, stranger, parts):
    """Sent twice: as the topic's number of partitions says now, and as it said before, to another one of the first `parts`."""
    for _ in range(60):
        customer_id = people.customer()
        payment = people.record_payment(customer_id, people.debt(customer_id))
        place, right = stranger.send(payment), client.send(payment)
        if place[0] != right[0] and place[0] < parts:
            return payment, place
    raise AssertionError("no key moves to another of the old partitions")


def test_a_topic_that_was_given_more_partitions_moves_nobody(world, client, people, events, debtor):
    topic, begun_with = "dcs.debts.commands.v1", len(debts_heads(world))
    client.send(people.record_payment(*debtor))  # this client knows the old number
    world.programs("start", "debts=0")
    world.java("TopicCommand", "--alter", "--topic", topic, "--partitions", str(begun_with + 2))
    world.programs("start", "debts=1")
    try:
        for part in (begun_with, begun_with + 1):
            assert f"more partitions: it has {begun_with + 2}, keys stay in the first {begun_with}" in wait_halted(world, part)
        serves(client, people, events, debtor)
        payment, place = moved_payment(people, client, events, Client(world), begun_with)
        events.expect(payment, "PaymentRecorded")
        where = (topic, *place)
        wait_for(lambda: events.poll(0.05) >= 0 and where in events.dead, "what went by the new number is a dead letter")
        assert events.dead[where].headers["dcs_error_code"] == b"wrong_partition"
    finally:
        world.programs("start", "clock=0", "debts=0")
        make_anew(world, topic)
        world.sql("DELETE FROM debts.partition_head WHERE part >= %s", begun_with)
        world.programs("start", "debts=1")
        for part in range(begun_with):
            assert "topic recreated" in wait_halted(world, part)
            world.dcs("unhalt", "debts", str(part), "--at", "0")
        world.programs("start", "clock=1")
