"""Dunning policies: published by command or by `dcs dunning`, in force once a second person agrees, replaced, retired."""

import json
import re
from contextlib import contextmanager

import pytest

from client import new_id
from things import a_customer, a_debt, a_payment, a_portfolio, money
from world import ROOT, wait_for

READY = ROOT / "consumers/dunning/policies"


@pytest.fixture(scope="module")
def author(api, client):
    return api.with_token(client.token_of("compliance", "supervisor"))


@contextmanager
def a_stack_that_collects(world, collector, jurisdiction):
    [before] = world.sql("SELECT collector, jurisdiction FROM engine.stack")
    world.sql("UPDATE engine.stack SET collector = %s, jurisdiction = %s", collector, jurisdiction)
    try:
        yield
    finally:
        world.sql("UPDATE engine.stack SET collector = %s, jurisdiction = %s", *before)


@pytest.fixture(scope="module")
def texts(world):
    """Of every template that the ready-made policies name, in all languages, where each is asked for a disclosure; the same once more changes nothing."""
    with a_stack_that_collects(world, "third_party", "US"):
        for path in sorted(READY.glob("*.json")):
            for _ in range(2):
                done = world.dcs("dunning", "texts", path.stem, check=False)
                assert done.returncode == 0, done.stderr


def a_user(api, client, *roles):
    """Somebody of flesh and blood: whose id is an account's."""
    user = new_id()
    data = {"userId": user, "login": f"u{user}", "roles": list(roles)}
    assert api.post("/commands", {"type": "RegisterUser", "data": data}, token=client.token("admin", subject="admin")).status == 200
    return user, api.with_token(client.token(*roles, subject=user))


def ready(name, **changes):
    """A ready-made policy under a name and a priority of its own, for debts of a creditor that nobody owes: no other story meets it."""
    body = json.loads((READY / f"{name}.json").read_text())
    number = int(new_id()[-6:], 16)
    return {**body, "policy": f"p{number:06x}", "priority": 1000 + number % 9000, "creditorIds": [new_id()], **changes}


def versions(author, name):
    return [(item["version"], item["state"]) for item in author.get(f"/dunning/policies?policy={name}&sort=createdAt").json["items"]]


class Two:
    """Who sends and who approves."""

    def __init__(self, api, client):
        self.writer_id, self.writer = a_user(api, client, "supervisor")
        self.reader_id, self.reader = a_user(api, client, "compliance")

    def kept(self, path, body):
        answer = self.writer.post(path, body)
        assert answer.status == 409 and answer.json["code"] == "needs_second_person", answer
        return f"/commands/{answer.json['commandId']}"

    def agree(self, command):
        assert self.writer.post(f"{command}/approval", {}).json["code"] == "needs_second_person"  # not the sender
        assert self.reader.post(f"{command}/approval", {"reason": "read it"}).json["state"] == "approved"
        wait_for(lambda: self.reader.get(command).json["status"] == "succeeded", "the approved command")

    def publish(self, body):
        self.agree(self.kept("/dunning/policies", body))
        found = self.reader.get(f"/dunning/policies?policy={body['policy']}&state=in_force").json["items"]
        assert [item["version"] for item in found] == [body["policyVersion"]]
        return found[0]


@pytest.fixture(scope="module")
def two(api, client):
    return Two(api, client)


def test_dcs_shows_the_ready_made_policies_in_sentences(world):
    listed = world.dcs("dunning", "policies")
    for path in READY.glob("*.json"):
        source = json.loads(path.read_text())
        assert f"{source['policy']}/1  {source['title']}" in listed, listed
        shown = world.dcs("dunning", "policies", path.stem, "--ready")
        assert shown.count("\n  ") >= 3 + len(source["steps"]), shown
    assert "3 days before the due date: send friendly_reminder (reminder) by email, else sms" in world.dcs("dunning", "policies", "consumer_early", "--ready")
    missing = world.dcs("dunning", "policies", "nothing", check=False)
    assert missing.returncode == 1 and "no ready-made policy nothing" in missing.stderr


@pytest.mark.parametrize("changes, status, code, pointer", [
    ({"policyVersion": 2}, 412, "version_conflict", "/policyVersion"),
    ({"debtCurrency": "ABC"}, 422, "bad_value", "/debtCurrency"),
    ({"steps": []}, 422, "bad_value", "/steps"),
    ({"languages": ["it"]}, 422, "not_found", "/steps"),
    ({"arms": [{"name": "alone", "weight": 1}]}, 422, "bad_value", "/arms"),
])
def test_what_is_no_policy_is_refused(author, texts, changes, status, code, pointer):
    answer = author.post("/dunning/policies", ready("consumer_early", **changes))
    assert (answer.status, answer.json["code"]) == (status, code), answer
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer], answer


@pytest.mark.parametrize("collector, jurisdiction", [("first_party", "US"), ("third_party", "DE")])
def test_who_need_not_say_that_he_is_a_debt_collector_gets_texts_without_it(world, texts, collector, jurisdiction):
    """They are other texts under the same names and versions, so here they are refused: the fixture's are there."""
    with a_stack_that_collects(world, collector, jurisdiction):
        done = world.dcs("dunning", "texts", "business", check=False)
    assert done.returncode == 1 and "0 accepted" in done.stderr and "refused exists version" in done.stderr, done.stderr


def test_who_does_not_wait_is_told_where_to_look(author):
    for path, body in (("/dunning/policies", ready("business", policyVersion=7)), (f"/dunning/policies/{new_id()}/retirement", {})):
        answer = author.post(path, body, headers={"Prefer": "respond-async"})
        assert answer.status == 202 and answer.headers["Preference-Applied"] == "respond-async", answer
        wait_for(lambda: author.get(answer.headers["Location"]).json["status"] == "failed", "the end of what is refused")


def test_a_policy_is_in_force_once_a_second_person_agrees_until_it_is_retired(world, two, author, texts):
    body = ready("consumer_early", debtCurrency="EUR", arms=[{"name": "control", "weight": 1}, {"name": "soft", "weight": 3}])
    two.kept("/dunning/policies", body)
    assert versions(author, body["policy"]) == []  # nobody agreed
    shown = two.publish(body)
    same = ("policy", "title", "priority", "customerKind", "debtCurrency", "creditorIds", "portfolioIds", "languages", "chargedOff", "toleranceMinor",
            "demandsADay", "demandsAWeek", "catchUp", "newDebts", "reopened", "arms", "steps")
    assert {name: shown[name] for name in same} == {"portfolioIds": [], **{name: body[name] for name in same if name in body}}
    assert (shown["publishedBy"], shown["approvedBy"], shown["retiredBy"]) == (two.writer_id, two.reader_id, None)
    assert author.get(f"/dunning/policies/{shown['id']}").json == shown
    assert f"{body['policy']}/1" in world.dcs("dunning", "policies")
    taken = author.post("/dunning/policies", ready("business", priority=body["priority"]))
    assert (taken.json["code"], taken.json["errors"][0]["pointer"]) == ("exists", "/priority")
    second = two.publish({**body, "policyVersion": 2, "steps": body["steps"][:2]})
    assert versions(author, body["policy"]) == [(1, "replaced"), (2, "in_force")]
    assert author.post(f"/dunning/policies/{shown['id']}/retirement", {}).json["code"] == "policy_not_published"
    two.agree(two.kept(f"/dunning/policies/{second['id']}/retirement", {}))
    assert versions(author, body["policy"]) == [(1, "replaced"), (2, "retired")]
    retired = author.get(f"/dunning/policies/{second['id']}").json
    assert retired["retiredBy"] == two.writer_id and retired["retiredAt"] > retired["createdAt"]
    assert body["policy"] not in world.dcs("dunning", "policies")
    assert author.post(f"/dunning/policies/{new_id()}/retirement", {}).status == 404
    assert "dunning.policy" not in world.dcs("verify")


def test_a_debt_keeps_the_version_of_its_portfolios_policy(api, client, two):
    """Principal first, once a second person agrees; then fees first, for the debts of from then on."""
    boss = api.with_token(client.token_of("creditor", "agent", "supervisor"))
    policy, creditor = new_id(), new_id()

    def publish(order, **headers):
        body = {"policyId": policy, "kind": "allocation", "title": order, "allocationOrder": order}
        answer = two.writer.request("POST", "/debt-policies", body, headers=headers)
        assert answer.status in (202, 409), answer
        command = f"/commands/{answer.json['commandId']}"
        wait_for(lambda: two.writer.post(f"{command}/approval", {}).json["code"] == "needs_second_person", "a command that waits for a second person")
        two.agree(command)
        return two.reader.get(f"/debt-policies/{policy}").json

    def split_of_50():
        customer = boss.post("/customers", a_customer()).json["id"]
        amounts = {"principal": money(100), "interest": money(20), "fee": money(10), "cost": money(0), "feesAuthorised": True}
        debt = boss.post("/debts", a_debt(customer, creditorId=creditor, portfolioId=portfolio, **amounts)).json
        payment = boss.post(f"/debts/{debt['id']}/payments", a_payment(amount=money(50))).json
        paid = {name: amount["amountMinor"] for name, amount in payment["allocation"].items()}
        return (debt["allocationOrder"], debt["allocationPolicyVersion"], paid["principal"], paid["interest"], paid["fee"])

    unknown = boss.post("/portfolios", a_portfolio(creditorId=creditor, allocationPolicyId=policy))
    assert (unknown.status, unknown.json["code"]) == (422, "policy_not_published")
    shown = publish("principal_first")
    assert (shown["version"], shown["publishedBy"], shown["approvedBy"]) == (1, two.writer_id, two.reader_id)
    portfolio = boss.post("/portfolios", a_portfolio(creditorId=creditor, allocationPolicyId=policy)).json["id"]
    assert split_of_50() == ("principal_first", 1, 50, 0, 0)
    assert publish("fees_first", Prefer="respond-async")["version"] == 2
    assert split_of_50() == ("fees_first", 2, 20, 20, 10)


def test_dcs_publishes_and_retires_as_a_program_which_needs_a_second_person_too(world, two, author, texts, tmp_path):
    body = ready("charged_off")
    path = tmp_path / "ours.json"
    path.write_text(json.dumps(body))

    def kept(*arguments):
        return re.search(r"POST (/commands/[0-9a-f-]{36})/approval", world.dcs("dunning", *arguments))[1]

    assert two.reader.post(f"{kept('publish', str(path))}/approval", {}).json["state"] == "approved"
    wait_for(lambda: versions(author, body["policy"]) == [(1, "in_force")], "the policy")
    assert f"{body['policy']}/1  {body['title']}\n" in world.dcs("dunning", "policies", body["policy"])
    assert two.reader.post(f"{kept('retire', body['policy'])}/approval", {}).json["state"] == "approved"
    wait_for(lambda: versions(author, body["policy"]) == [(1, "retired")], "its retirement")
    assert world.dcs("dunning", "retire", body["policy"], check=False).returncode == 1
    path.write_text(json.dumps({**body, "priority": 0}))
    bad = world.dcs("dunning", "publish", str(path), check=False)
    assert bad.returncode == 1 and "priority: 1 to 9999" in bad.stderr, bad.stderr


def test_who_may_not_publish_may_read(api, client):
    agent = api.with_token(client.token_of("agent"))
    assert agent.get("/dunning/policies?limit=1").status == 200
    assert agent.post("/dunning/policies", ready("business")).status == 403
    assert api.get("/dunning/policies", token=client.token_of("reporting")).status == 403
