"""Dunning over the real stack: a policy is published by two persons, a debt that is past due gets its step, and what was sent counts once."""

import csv
import datetime

import pytest

from client import Client, new_id, today
from contract import Api
from things import Things, a_debt, a_payment, a_template, money
from world import World, wait_for


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One of its own: a policy in force would write to the people of every other story."""
    world = World(tmp_path_factory.mktemp("dunning") / "run")
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


def a_step(number, days, template, **changes):
    return {"number": number, "trigger": "days_past_due", "days": days, "action": "send", "template": template, "messageClass": "demand",
            "channels": "email", "sendDays": 3, "otherwise": "move_on", **changes}


def a_policy(*steps, **changes):
    fields = {"policy": "p" + new_id()[-12:].replace("-", ""), "policyVersion": 1, "title": "A test", "priority": 100, "languages": ["en"], "chargedOff": False,
              "toleranceMinor": 100, "demandsADay": 1, "demandsAWeek": 3, "catchUp": "one_a_day", "newDebts": "join", "reopened": "start"}
    return {**fields, "steps": list(steps), **changes}


class Office:
    """Who publishes templates and policies: a person of each kind that it takes."""

    def __init__(self, api, client):
        self.api, self.client = api, client
        self.author, self.second = self.person("supervisor", "compliance"), self.person("supervisor", "compliance")

    def person(self, *roles):
        user = new_id()
        data = {"userId": user, "login": f"u{user}", "roles": list(roles)}
        assert self.api.post("/commands", {"type": "RegisterUser", "data": data}, token=self.client.token("admin", subject="admin")).status == 200
        return self.api.with_token(self.client.token(*roles, subject=user))

    def approved(self, answer):
        assert answer.json["code"] == "needs_second_person", answer
        approval = f"/commands/{answer.json['commandId']}/approval"
        assert self.second.post(approval, {"reason": "read it"}).json["state"] == "approved"

    def publish_template(self, name):
        body = a_template(name=name, messageClass="demand")
        self.api.post("/templates", body, token=self.client.token_of("supervisor"))

    def publish(self, policy):
        answer = self.author.post("/commands", {"type": "PublishPolicy", "data": {"publicationId": new_id(), **policy}})
        self.approved(answer)


@pytest.fixture(scope="module")
def office(api, client):
    return Office(api, client)


@pytest.fixture(scope="module")
def ladder(office):
    """Two demands, 5 and 20 days after the due day."""
    for name in ("first_demand", "second_demand"):
        office.publish_template(name)
    office.publish(a_policy(a_step(1, 5, "first_demand"), a_step(2, 20, "second_demand")))


def a_debtor(api, client):
    things = Things(api, client)
    assert things.consent
    return things


def levels(world, things):
    return dict(world.sql("SELECT debt_id::text, level FROM dunning.debt WHERE customer_id = %s", things.customer))


def steps(world, things):
    return world.sql("SELECT step, state FROM dunning.step WHERE customer_id = %s ORDER BY asked_on, step", things.customer)


def test_a_debt_past_due_gets_its_first_step_and_one_a_day(world, api, client, ladder):
    things = a_debtor(api, client)
    first = things.post("/debts", a_debt(things.customer))
    other = things.post("/debts", a_debt(things.customer, creditorId=first["creditorId"]))
    wait_for(lambda: levels(world, things) == {first["id"]: 1, other["id"]: 1}, "the level of both debts")
    assert steps(world, things) == [(1, "taken")]  # one message about both
    world.wait_idle()
    assert steps(world, things) == [(1, "taken")]  # the second is due, too: tomorrow
    assert not (wrong := world.verify()), "\n".join(wrong)


def explain(api, things):
    answer = api.get(f"/customers/{things.customer}/explain", token=things.token)
    assert answer.status == 200, answer
    return [item["sentence"] for item in answer.json["happened"]], answer.json["next"]


def place_of(sentences, *parts):
    """Of the only sentence that has all parts."""
    found = [place for place, sentence in enumerate(sentences) if all(part in sentence for part in parts)]
    assert len(found) == 1, (parts, sentences)
    return found[0]


def test_an_explanation_says_what_happened_what_comes_next_when_and_why(world, api, client, ladder):
    things = a_debtor(api, client)
    debt = things.post("/debts", a_debt(things.customer))
    wait_for(lambda: levels(world, things) == {debt["id"]: 1}, "the level of the debt")
    things.post(f"/debts/{debt['id']}/payments", a_payment(amount=money(1_000)))
    world.wait_idle()
    happened, coming = explain(api, things)
    parts = [(f"Debt {debt['id']} was created: ",), ("Step 1 of ", " was due: first_demand by email"), (" by email was sent: ",),
             (f"10.00 EUR was paid on debt {debt['id']}",)]
    places = [place_of(happened, *part) for part in parts]
    assert places == sorted(places), happened
    [group] = coming
    assert group["kind"] == "group" and group["creditorId"] == debt["creditorId"] and group["currency"] == "EUR", coming
    assert group["sentence"].startswith("Step 2 of ") and f"is due on {group['when']}: demand by email (template second_demand)" in group["sentence"], coming
    assert group["when"] > str(world.sql("SELECT max(taken_on) FROM dunning.step WHERE customer_id = %s", things.customer)[0][0]), coming  # one a day
    reasons = [reason["sentence"] for reason in group["reasons"]]
    assert "the highest level is 1" in reasons[0] and "step 2 comes 20 days past due" in reasons[1], reasons
    assert [reason for reason in reasons if reason.startswith("By the rules, a demand by email ")], reasons
    text = world.dcs("explain", things.customer)
    for sentence in [*happened, group["sentence"], reasons[0]]:
        assert sentence in text, text
    rest = debt["balances"]["total"]["amountMinor"] - 1_000
    things.post(f"/debts/{debt['id']}/payments", a_payment(amount=money(rest)))
    world.wait_idle()
    happened, coming = explain(api, things)
    assert f"Debt {debt['id']} is paid." in happened, happened
    assert [(item["kind"], item["when"]) for item in coming] == [("nothing", None)] and coming[0]["sentence"].startswith("Nothing is planned: "), coming
    stranger = world.dcs("explain", new_id(), check=False)
    assert stranger.returncode == 1 and "there is no such customer" in stranger.stderr, stranger


def test_an_explanation_says_why_nothing_is_sent(world, api, client, ladder):
    things = a_debtor(api, client)
    circumstance = things.post(f"/customers/{things.customer}/circumstances", {"kind": "bankruptcy", "fromOn": "2026-01-01", "evidenceRef": "letter-1"})["id"]
    debt = things.post("/debts", a_debt(things.customer))
    wait_for(lambda: world.sql("SELECT wait FROM dunning.debt_group WHERE customer_id = %s", things.customer) == [("bankruptcy",)], "a wait")
    world.wait_idle()
    happened, coming = explain(api, things)
    place_of(happened, "A circumstance was recorded: bankruptcy from 2026-01-01")
    place_of(happened, "Dunning waits", ": the person is bankrupt")
    [group] = coming
    assert group["sentence"].startswith("Dunning waits: the person is bankrupt") and group["when"] is None, coming
    assert group["creditorId"] == debt["creditorId"], coming
    assert [reason["rules"] for reason in group["reasons"] if circumstance in reason["sentence"]] == [["bankruptcy"]], coming
    denied = [reason for reason in group["reasons"] if reason["sentence"].startswith("By the rules, a reminder by email ")]
    assert len(denied) == 1 and "may not be sent" in denied[0]["sentence"] and denied[0]["rules"], denied


def test_what_comes_is_foreseen(world, api, client, office, ladder):
    """By the operator's tools, with the key: the guard is asked, too. Some days ahead, so that no zone's midnight counts."""
    things = a_debtor(api, client)
    debt = things.post("/debts", a_debt(things.customer))
    wait_for(lambda: levels(world, things) == {debt["id"]: 1}, "the level of the debt")
    day = str(today() + datetime.timedelta(days=3))
    before = world.sql("SELECT d::text FROM dunning.debt d WHERE customer_id = %s", things.customer)

    rows = csv.DictReader(world.dcs("dunning", "preview", "--as-of", day, "--by", "person").splitlines())
    (row,) = [row for row in rows if row["customer_id"] == things.customer]
    assert (row["outcome"], row["step"], row["by"], row["debts"], row["net_minor"]) == ("step", "2", "email", "1", "12345")
    assert row["guard"] in ("allow", "later")  # at night it waits for the morning

    told = world.dcs("dunning", "simulate", "--as-of", day, "--customer", things.customer, "--if", f"pays 123.45 on {day}")
    as_it_is, changed = told.split("if the person pays")
    assert "demand by email (template second_demand), about 123.45 EUR of 1 debt" in as_it_is
    assert "nothing happens" in changed

    call = a_policy({"number": 1, "trigger": "days_past_due", "days": 5, "action": "call", "otherwise": "move_on"})
    answer = office.author.post(f"/dunning/preview?alone=true&asOf={day}", call)
    assert answer.status == 200, answer
    assert {(step["policy"], step["action"]) for step in answer.json["steps"]} == {(call["policy"], "call")}
    assert world.sql("SELECT d::text FROM dunning.debt d WHERE customer_id = %s", things.customer) == before


def results(world, policy):
    lines = world.dcs("dunning", "results", policy).splitlines()
    names = lines[0].replace("under way", "under_way").replace("by tasks", "by_tasks").replace("opted out", "opted_out").split()[:11]
    return [dict(zip(names, line.split())) for line in lines[1:]]


def test_what_came_of_each_arm_is_a_table(world, api, client, office):
    """Everybody is in one of two arms, which differ in the text; who pays counts for the step that reached him."""
    for name in ("friendly", "firm"):
        office.publish_template(name)
    arms = [{"name": "soft", "weight": 1}, {"name": "hard", "weight": 1}]
    creditor = new_id()
    policy = a_policy(a_step(1, 5, "friendly", arm="soft"), a_step(1, 5, "firm", arm="hard"), priority=50, arms=arms, creditorIds=[creditor])
    office.publish(policy)
    debtors = [a_debtor(api, client) for _ in range(6)]
    debts = [things.post("/debts", a_debt(things.customer, creditorId=creditor)) for things in debtors]
    for things, debt in zip(debtors, debts):
        wait_for(lambda: levels(world, things) == {debt["id"]: 1}, "a level")
    debtors[0].post(f"/debts/{debts[0]['id']}/payments", a_payment(amount=money(20_00)))
    world.wait_idle()
    rows = results(world, policy["policy"])
    assert {row["arm"] for row in rows} <= {"soft", "hard"}
    assert [sum(int(row[name]) for row in rows) for name in ("asked", "reached", "paid")] == [6, 6, 1]
    arm = world.value("SELECT arm FROM dunning.step WHERE customer_id = %s", debtors[0].customer)
    assert [row["paid"] for row in rows if row["arm"] == arm] == ["1"]
    scans = world.value("""WITH found AS MATERIALIZED (SELECT count(*) FROM dunning.results(%s, '2000-01-01'))
        SELECT (SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relid = 'debts.posting'::regclass) FROM found""", policy["policy"])
    assert scans == 2  # payments and reversals, however many steps there are: no index of the ledger is on the debt
    assert not (wrong := world.verify()), "\n".join(wrong)
