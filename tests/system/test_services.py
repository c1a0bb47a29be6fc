"""Services: made by an admin, with tokens by OAuth 2.0 client credentials. Their client is Authlib (oauth_client.py), which shares no code with us."""

import json
import subprocess

import pytest

from client import new_id
from things import Things, a_debt, a_payment, a_service
from world import ROOT

PYTHON = ROOT / ".cache/python/bin/python"


class Service:
    """A client as an integrator has it, with the id and the secret that an admin gave him."""

    def __init__(self, api, client_id, secret, *how):
        command = [PYTHON, ROOT / "tests/system/oauth_client.py", api.url, client_id, *how]
        self.id, self.secret = client_id, secret
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        print(secret, file=self.process.stdin, flush=True)

    def ask(self, *request):
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def token(self):
        return self.ask("token")

    def get(self, path):
        return self.ask("GET", path, None)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(30) == 0


@pytest.fixture(scope="module")
def mine(api, client):
    return Things(api, client)


@pytest.fixture
def services(api):
    """What makes clients."""
    made = []

    def client_of(*arguments):
        made.append(Service(api, *arguments))
        return made[-1]

    yield client_of
    for service in made:
        service.close()


def make(api, services, token, **changes):
    answer = api.post("/auth/services", a_service(**changes), token=token)
    assert answer.status == 201 and answer.headers["Location"] == f"/auth/services/{answer.json['id']}", answer
    return services(answer.json["clientId"], answer.json["clientSecret"])


def test_a_service_works_in_its_source_until_it_is_revoked(api, client, events, people, mine, services):
    creditor = new_id()
    debt = mine.post("/debts", a_debt(mine.customer, creditorId=creditor))["id"]
    service = make(api, services, mine.token, creditors=[creditor], sources=["bank-7"])
    token = service.token()
    assert token["token_type"] == "Bearer" and 0 < token["expires_in"] <= 3600 and "refresh_token" not in token, token
    pay = lambda source: service.ask("POST", f"/debts/{debt}/payments", a_payment(source=source))[0]
    assert (pay("bank-7"), pay("bank-8")) == (201, 403)
    me = service.get("/auth/me")[1]
    assert (me["kind"], me["roles"], me["creditors"], me["sources"]) == ("service", ["creditor"], [creditor], ["bank-7"])
    assert service.get(f"/debts/{mine.debt}")[0] == 404  # another creditor's
    assert service.get("/auth/services")[0] == 403

    # By itself, too: with its token, to Kafka.
    record = lambda source: people.record_payment(mine.customer, debt, token=token["access_token"], source=source)
    sent = record("bank-7")
    client.send(sent)
    events.expect(sent, "PaymentRecorded")
    sent = record("bank-8")
    client.send(sent)
    events.expect_refusal(sent, "not_authorised")

    assert api.post(f"/auth/services/{service.id}/revoke", {"reason": "leaked"}, token=mine.token).json["state"] == "revoked"
    assert pay("bank-7") == 401
    sent = record("bank-7")
    events.expect_dead(sent, client.send(sent), "ended_token")
    assert service.token() == {"error": "invalid_client"}


def test_a_token_that_leaked_is_ended_and_the_service_goes_on(api, mine, services):
    service = make(api, services, mine.token)
    leaked = service.token()["access_token"]
    assert api.get("/auth/me", token=leaked).status == 200
    assert api.post(f"/auth/services/{service.id}/end-tokens", {"reason": "in a log"}, token=mine.token).status == 200
    assert api.get("/auth/me", token=leaked).status == 401
    assert service.token()["access_token"] != leaked
    assert service.get("/auth/me")[0] == 200


def test_a_secret_is_changed_while_the_service_works_or_ended_at_once(api, mine, services):
    first = make(api, services, mine.token)
    place = f"/auth/services/{first.id}"
    second = services(first.id, api.post(f"{place}/secret", {}, token=mine.token).json["clientSecret"])
    assert "access_token" in first.token() and "access_token" in second.token()
    shown = api.get(place, token=mine.token).json
    assert shown["oldSecretEndsAt"] > shown["secretMadeAt"]
    third = api.post(f"{place}/secret", {"endsOld": True, "reason": "leaked"}, token=mine.token).json["clientSecret"]
    assert first.get("/auth/me")[0] == 401
    assert first.token() == second.token() == {"error": "invalid_client"}
    assert "access_token" in services(first.id, third, "client_secret_post").token()


def test_a_repeated_request_makes_no_second_service(api, mine, services):
    body, headers = a_service(), {"Idempotency-Key": new_id()}
    first = api.post("/auth/services", body, token=mine.token, headers=headers)
    again = api.post("/auth/services", body, token=mine.token, headers=headers)
    assert (first.status, again.status, again.json["id"]) == (201, 201, first.json["id"])
    assert "access_token" in services(again.json["id"], again.json["clientSecret"]).token()
    assert api.post("/auth/services", body, token=mine.token).json["code"] == "exists"


def test_secrets_are_nowhere_they_should_not_be(world, api, mine, services):
    service = make(api, services, mine.token)
    token = service.token()["access_token"]
    changed = api.put(f"/auth/services/{service.id}", {"roles": ["agent"]}, token=mine.token, headers={"If-Match": '"1"'})
    assert (changed.status, changed.json["roles"], changed.json["sources"]) == (200, ["agent"], []), changed
    texts = [path.read_text(errors="replace") for path in (world.folder / "log").glob("*.log")]
    texts += [world.dcs("tail", f"dcs.users.{kind}.v1") for kind in ("commands", "events")]
    assert any(service.id in text for text in texts)
    for secret in (service.secret, token.split(".")[2]):
        assert not any(secret in text for text in texts)
