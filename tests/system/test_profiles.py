"""Compliance profiles: published by command, by two persons, asked from then on; every verdict is decided again by the version that it names."""

import datetime
import json
import pathlib

import pytest

from client import Client, new_id
from contract import Api
from things import a_template
from world import World, wait_for

BUILT_IN = pathlib.Path(__file__).parents[2] / "consumers/communications/profiles"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One of its own: what is published here would bind every other story."""
    world = World(tmp_path_factory.mktemp("profiles") / "run", DCS_PROFILES="basic person published")
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
def author(api, client):
    return api.with_token(client.token_of("compliance"))


def a_user(api, client, *roles):
    """Somebody of flesh and blood: whose id is an account's."""
    user = new_id()
    data = {"userId": user, "login": f"u{user}", "roles": list(roles)}
    assert api.post("/commands", {"type": "RegisterUser", "data": data}, token=client.token("admin", subject="admin")).status == 200
    return user, api.with_token(client.token(*roles, subject=user))


def body_of(name, **changes):
    """A built-in profile, as its file has it, in the form of the API."""
    source = json.loads((BUILT_IN / f"{name}.json").read_text())
    rules = [{"rule": rule["rule"], "choice": rule["choice"],
              "numbers": " ".join(f"{key}={value}" for key, value in rule.items() if key not in ("rule", "choice"))} for rule in source["rules"]]
    body = {key: source[key] for key in ("title", "countries", "region", "collector")}
    return {"profile": name, "profileVersion": source["version"] + 1, **body, "rules": rules, **changes}


def with_hours(body, rule, numbers):
    return {**body, "rules": [{**item, "numbers": numbers} if item["rule"] == rule else item for item in body["rules"]]}


def versions(author, name, state=""):
    return author.get(f"/profiles?profile={name}&sort=createdAt" + (f"&state={state}" if state else "")).json["items"]


def test_the_built_in_profiles_are_shown_with_the_law(author):
    shown = {item["profile"]: item for item in author.get("/profiles?limit=50").json["items"] if item["builtIn"]}
    assert set(shown) == {path.stem for path in BUILT_IN.glob("*.json")}
    for name, profile in shown.items():
        source = body_of(name)
        assert [{key: rule[key] for key in ("rule", "choice", "numbers")} for rule in profile["rules"]] == source["rules"]
        assert all(rule["law"] for rule in profile["rules"]) and profile["publishedBy"] is None
    assert author.get(f"/profiles/{shown['uk']['id']}").json["title"].startswith("United Kingdom")
    assert [rule["law"] for rule in shown["us_third_party"]["rules"] if rule["rule"] == "US-05"] == ["12 CFR 1006.6(c)"]


def test_dcs_lists_the_profiles_with_their_numbers(world):
    listed = world.dcs("profiles")
    for name in (path.stem for path in BUILT_IN.glob("*.json")):
        assert f"{name}/1  " in listed
    assert "\n  US-01 law from=08:00 to=21:00 (12 CFR 1006.6(b)(1)(i)" in listed, listed


def test_who_does_not_wait_is_told_where_to_look(author):
    answer = author.post("/profiles", body_of("house", profileVersion=7), headers={"Prefer": "respond-async"})
    assert answer.status == 202 and answer.headers["Preference-Applied"] == "respond-async", answer
    place = answer.headers["Location"]
    wait_for(lambda: author.get(place).json["status"] == "failed", "the end of a publication that skips versions")


@pytest.mark.parametrize("body, code, pointer", [
    (body_of("house", profileVersion=1), "exists", "/profileVersion"),
    (body_of("house", profileVersion=7), "version_conflict", "/profileVersion"),
    (with_hours(body_of("house"), "HOUSE-3", "from=21:00 to=08:00"), "bad_value", "/rules"),
    (with_hours(body_of("us_third_party"), "US-01", "from=07:00 to=21:00"), "bad_value", "/rules"),
    (body_of("uk", rules=[]), "bad_value", "/rules"),
    (body_of("uk", countries="IE"), "bad_value", "/countries"),
    (body_of("ours", rules=[{"rule": "US-99", "choice": "law", "numbers": ""}]) if (BUILT_IN / "ours.json").exists() else
     {**body_of("house"), "profile": "ours", "profileVersion": 1, "rules": [{"rule": "US-99", "choice": "law", "numbers": ""}]}, "bad_value", "/rules"),
])
def test_what_is_no_profile_or_relaxes_the_law_is_refused(author, body, code, pointer):
    answer = author.post("/profiles", body)
    status = {"bad_value": 422, "version_conflict": 412, "exists": 409}[code]
    assert (answer.status, answer.json["code"]) == (status, code), answer
    assert [fault["pointer"] for fault in answer.json["errors"]] == [pointer]


def ours(version, hours):
    return {"profile": "ours", "profileVersion": version, "title": "Our own hours", "countries": "", "region": "", "collector": "any",
            "rules": [{"rule": "HOUSE-3", "choice": "house", "numbers": hours}]}


def another_hour():
    """An hour of the day that is not now, nor within the next hours."""
    return "from=20:00 to=21:00" if datetime.datetime.now(datetime.timezone.utc).hour < 12 else "from=02:00 to=03:00"


def test_hours_bind_once_a_second_person_agrees(world, api, client, author):
    """409, an approval, and then the person is written to by these hours; verdicts of before are decided again by the version of then."""
    publisher, writer = a_user(api, client, "compliance")
    approver, reader = a_user(api, client, "supervisor")
    customer = a_reachable_person(api, client)
    zero = send(api, client, customer)

    def publish(body):
        kept = writer.post("/profiles", body)
        assert kept.status == 409 and kept.json["code"] == "needs_second_person", kept
        return f"/commands/{kept.json['commandId']}"

    def approve(command, version):
        assert reader.post(f"{command}/approval", {"reason": "read it"}).json["state"] == "approved"
        assert reader.get(command).json["status"] == "succeeded"
        wait_for(lambda: [item["version"] for item in versions(author, "ours", "in_force")] == [version], "the version")

    approve(publish(ours(1, "from=00:00 to=24:00")), 1)
    assert ask(author, customer)["verdict"] == "allow"
    first = send(api, client, customer)
    command = publish(ours(2, another_hour()))
    assert author.post("/profiles", ours(2, another_hour())).json["code"] == "needs_second_person"  # a program's, too
    assert ask(author, customer)["verdict"] == "allow"  # nobody agreed yet
    assert writer.post(f"{command}/approval", {}).json["code"] == "needs_second_person"
    approve(command, 2)
    shown = versions(author, "ours", "in_force")[0]
    assert (shown["publishedBy"], shown["approvedBy"], shown["builtIn"]) == (publisher, approver, False)
    assert [(item["version"], item["state"]) for item in versions(author, "ours")] == [(1, "replaced"), (2, "in_force")]
    answer = ask(author, customer)
    assert answer["verdict"] == "defer" and {"rule": "HOUSE-3", "profile": "ours", "version": 2} in answer["reasons"]
    second = send(api, client, customer)
    assert second["state"] == "scheduled" and "scheduled" not in (zero["state"], first["state"])
    facts = {item["communicationId"]: item["facts"] for item in author.get(f"/customers/{customer}/decisions").json["items"]}
    assert "profile=ours" not in facts[zero["id"]]
    assert "profile=ours/1" in facts[first["id"]] and "profile=ours/2" in facts[second["id"]]
    assert " 0 differ, 0 cannot be decided again" in world.dcs("decisions", "replay")
    assert "profile_version" not in world.dcs("verify")


def made(answer):
    assert answer.status == 201, answer
    return answer.json


def a_reachable_person(api, client):
    boss = api.with_token(client.token("agent", "supervisor", "compliance", subject="boss"))
    person = {"externalRef": new_id(), "kind": "natural", "fullName": "Jane Doe", "locale": "en", "country": "GB", "timezone": "UTC"}
    customer = made(boss.post("/customers", person))["id"]
    point = {"channel": "email", "address": f"{new_id()}@example.org", "place": "home", "source": "consumer"}
    made(boss.post(f"/customers/{customer}/contact-points", point))
    consent = {"channel": "email", "purpose": "collect", "basis": "express", "evidenceRef": "form-7", "obtainedAt": "2026-01-01T00:00:00Z"}
    made(boss.post(f"/customers/{customer}/consents", consent))
    return customer


def ask(author, customer):
    return author.get(f"/customers/{customer}/contactability?channel=email&messageClass=account_service").json


def send(api, client, customer):
    boss = api.with_token(client.token("agent", "system", "compliance", subject="boss"))
    name = f"hours-{new_id()[-12:]}"
    made(boss.post("/templates", a_template(name=name, messageClass="account_service", language="en")))
    until = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)).isoformat()
    message = {"customerId": customer, "channel": "email", "templateName": name, "language": "en", "messageClass": "account_service", "sendBy": until}
    return made(boss.post("/communications", message))
