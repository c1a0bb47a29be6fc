"""Hosts whose clocks are wrong: what a program signs is good all the same, and how wrong is told."""

import datetime
import json
import subprocess

import pytest

from client import new_id
from things import Things
from world import BIN, modules, wait_for

PROGRAMS = (*modules.names(), "clock", "api")


def skew(world, name, pid=None):
    return world.value("SELECT broker_skew_ms FROM engine.program WHERE name = %s AND pid = coalesce(%s, pid)", name, pid)


def test_every_program_gives_a_sign_of_life_and_its_clocks_skew(world):
    for name in PROGRAMS:
        wait_for(lambda: skew(world, name) is not None, f"{name} tells its skew")
        assert abs(skew(world, name)) < 60_000
        assert world.value("SELECT bool_and(seen_at > now() - interval '1 minute') FROM engine.program WHERE name = %s", name)


@pytest.fixture
def own_notifier(world):
    world.programs("start", "notifier=0")
    yield
    world.programs("start", "notifier=1")


@pytest.mark.parametrize("seconds", [90])  # beyond the leeway of tokens
def test_a_notifier_with_a_wrong_clock_loses_no_outcome(world, api, client, own_notifier, off_clock, seconds):
    things = Things(api, client)
    with world.worker("notifier", **off_clock(seconds)) as notifier:
        state = lambda: api.get(f"/communications/{things.communication}", token=things.token).json["state"]
        wait_for(lambda: state() in ("submitted", "delivered"), lambda: f"the outcome is known: {state()}")
        wait_for(lambda: skew(world, "notifier", notifier.pid) is not None, "it tells its skew")
        assert abs(skew(world, "notifier", notifier.pid) + seconds * 1000) < 30_000
    assert skew(world, "notifier", notifier.pid) is None


@pytest.mark.parametrize("seconds", [-7200])  # beyond a token's life
def test_a_command_published_on_a_host_with_a_wrong_clock_is_taken(world, off_clock, seconds):
    customer_id = new_id()
    record = {"customer_id": customer_id, "external_ref": customer_id, "kind": "natural", "full_name": "Ann", "locale": "de-DE", "country": "DE"}
    done = subprocess.run([BIN / "dcs", "publish", "CreateCustomer", "--role", "creditor", "--no-wait"], input=json.dumps(record),
                          env={**world.environment, **off_clock(seconds)}, capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    wait_for(lambda: world.value("SELECT count(*) FROM customers.customer WHERE customer_id = %s", customer_id) == 1, "the customer is there")


def test_a_business_date_that_is_wrong_is_taken_back_and_ticks_do_not_move_it_there_again(world, people):
    customer_id = people.customer()
    today = world.value("SELECT (now() AT TIME ZONE 'UTC')::date")
    world.sql("UPDATE reports.partition_head SET business_date = '2035-01-01', epoch = epoch + 1 WHERE part IN (1, 2)")
    date = lambda part: world.value("SELECT business_date FROM reports.partition_head WHERE part = %s", part)
    assert world.dcs("business-date", "reports", "--set", "2020-01-01", check=False).returncode == 2
    world.dcs("business-date", "reports", "--part", "1", "--set", str(today))
    assert (date(1), str(date(2))) == (today, "2035-01-01")
    world.dcs("business-date", "reports", "--set", str(today))
    assert world.dcs("business-date", "reports", "--set", str(today + datetime.timedelta(days=1)), check=False).returncode == 1
    ticked = world.value("SELECT min(next_offset) FROM reports.partition_head WHERE part IN (1, 2)")
    wait_for(lambda: world.value("SELECT min(next_offset) FROM reports.partition_head WHERE part IN (1, 2)") > ticked + 2, "Ticks go on")
    assert date(1) <= today + datetime.timedelta(days=1) and date(2) <= today + datetime.timedelta(days=1)
    assert world.value("SELECT count(*) FROM engine.date_correction WHERE module = 'reports' AND was = '2035-01-01'") == 2
    people.pay(customer_id, people.debt(customer_id))
