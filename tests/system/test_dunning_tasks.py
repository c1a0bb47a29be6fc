"""What people have to do: a call becomes due, is taken, put off, comes back and is done; money takes one away."""

import datetime

import pytest

from client import Client, new_id, now
from contract import Api
from things import Things, a_payment, money
from world import World, wait_for


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One of its own: its business date goes on by a day."""
    world = World(tmp_path_factory.mktemp("tasks") / "run")
    try:
        world.start()
        yield world
    finally:
        world.destroy()


@pytest.fixture(scope="module")
def client(world):
    return Client(world)


@pytest.fixture(scope="module")
def api(world):
    return Api(world.environment["DCS_API_URL"])


@pytest.fixture(scope="module")
def things(api, client):
    return Things(api, client)


@pytest.fixture
def agent(api, client, things):
    """Makes agents: the id of one, and the gateway as they see it."""

    def make(*roles):
        user = things.new_user(*(roles or ("agent",)))
        return user, api.with_token(client.token(*(roles or ("agent",)), subject=user))

    return make


def business_date(world):
    return world.value("SELECT max(business_date) FROM dunning.partition_head")


def next_day(world, client):
    """Every partition of dunning hears of the next business date."""
    day = business_date(world) + datetime.timedelta(days=1)
    for (part,) in world.sql("SELECT part FROM dunning.partition_head"):
        client.send(client.command("Tick", "clock", at=now(), business_date=day).but(topic="dcs.dunning.commands.v1", partition=part))


def test_a_call_is_taken_put_off_comes_back_and_is_done(world, client, things, agent):
    (jane_id, jane), (john_id, john) = agent(), agent()
    task = things.a_task()
    place = f"/tasks/{task['id']}"
    assert (task["kind"], task["reason"], task["state"], task["step"]) == ("call", "step_due", "open", 1)
    assert task["owed"] == money(123_45) and task["creditorId"] == things.creditor_with_calls and len(task["debtIds"]) == 1
    assert jane.get(place).json["actions"] == ["takeTask"]

    # Of two who take it one has it.
    version = {"If-Match": jane.get(place).headers["ETag"]}
    taken = jane.post(f"{place}/take", {}, headers=version)
    assert taken.status == 200 and taken.json["takenBy"] == jane_id and taken.json["actions"] == ["releaseTask", "finishTask"]
    assert john.post(f"{place}/take", {}, headers=version).status == 412
    assert john.post(f"{place}/take", {}).json["code"] == "bad_transition"
    assert john.post(f"{place}/finish", {"outcome": "done"}).json["code"] == "bad_transition"
    assert [item["id"] for item in jane.get(f"/tasks?state=taken&takenBy={jane_id}&kind=call&creditor={task['creditorId']}").json["items"]] == [task["id"]]
    assert jane.get(f"/tasks?takenBy={john_id}").json["items"] == []

    # Given back, taken again, put off. The day may change meanwhile.
    assert jane.post(f"{place}/release", {}).json["state"] == "open"
    assert jane.post(f"{place}/take", {}).status == 200
    later = lambda: {"outcome": "later", "backOn": str(business_date(world) + datetime.timedelta(days=1))}
    wait_for(lambda: jane.post(f"{place}/finish", later()).status == 200, "a task that is put off")
    assert jane.get(place).json["state"] == "put_off" and task["id"] not in world.dcs("tasks")
    next_day(world, client)
    wait_for(lambda: jane.get(place).json["state"] == "open", "a task that is back")
    assert task["id"] in world.dcs("tasks", "--kind", "call")

    # Done: the level of its debt rises.
    level = lambda: world.value("SELECT level FROM dunning.debt WHERE debt_id = %s", task["debtIds"][0])
    assert level() == 0 and john.post(f"{place}/take", {}).status == 200
    done = john.post(f"{place}/finish", {"outcome": "done"})
    assert done.status == 200 and (done.json["state"], done.json["outcome"], done.json["takenBy"], done.json["actions"]) == ("finished", "done", john_id, [])
    assert level() == 1
    happened = [item["type"] for item in jane.get(f"/customers/{task['customerId']}/timeline?limit=200").json["items"]]
    assert {"TaskOpened", "TaskTaken", "TaskPutOff", "TaskReleased", "TaskFinished", "DunningStepTaken"} <= set(happened)
    world.wait_idle()
    assert world.verify() == []


def test_money_takes_a_task_away(world, things, agent):
    (_, jane), (_, boss) = agent(), agent("supervisor")
    task = things.a_task()
    place = f"/tasks/{task['id']}"
    assert jane.post(f"{place}/take", {}).status == 200
    things.post(f"/debts/{task['debtIds'][0]}/payments", a_payment())
    wait_for(lambda: jane.get(place).json["state"] == "cancelled", "a task that is cancelled")
    assert jane.post(f"{place}/finish", {"outcome": "done"}).json["code"] == "bad_transition"
    assert boss.post(f"{place}/release", {}).json["code"] == "bad_transition"


def test_tasks_are_listed_by_portfolio_and_only_for_the_staff(api, client, things, agent):
    _, jane = agent()
    portfolio = new_id()
    task = things.a_task(portfolioId=portfolio)
    assert [item["id"] for item in jane.get(f"/tasks?portfolio={portfolio}").json["items"]] == [task["id"]]
    assert jane.get(f"/tasks?customer={task['customerId']}&portfolio={new_id()}").json["items"] == []
    assert api.get("/tasks", token=client.token_of("creditor")).status == 403
    assert api.post(f"/tasks/{task['id']}/take", {}, token=client.token_of("agent")).status == 403  # a service
