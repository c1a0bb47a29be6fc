"""One story from registration to erasure, told by three clients that share nothing: curl, Python's requests, Node's fetch. What is asserted is
what a person reads."""

import json
import subprocess

import pytest
import requests

from client import new_id
from things import a_consent, a_contact_point, a_customer, a_debt, a_message, a_payment, a_template, money
from world import wait_for

PASSWORD = "correct horse battery"
NODE = """
const [method, url, headers, body] = JSON.parse(require("fs").readFileSync(0));
fetch(url, { method, headers, body: body ?? undefined }).then(async (answer) =>
    console.log(JSON.stringify([answer.status, Object.fromEntries(answer.headers), await answer.text()])));
"""


def by_curl(method, url, headers, body):
    command = ["curl", "-sS", "-X", method, "--max-time", "60", "-w", "\n%{http_code}\n%{header_json}", url]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    if body is not None:
        command += ["--data-binary", "@-"]
    done = subprocess.run(command, input=body, capture_output=True, text=True, check=True)
    rest, _, told = done.stdout.rpartition("\n{")
    text, _, status = rest.rpartition("\n")
    return int(status), {name: values[0] for name, values in json.loads("{" + told).items()}, text


def by_requests(method, url, headers, body):
    answer = requests.request(method, url, headers=headers, data=body, timeout=60)
    return answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, answer.text


def by_node(method, url, headers, body):
    asked = json.dumps([method, url, headers, body])
    done = subprocess.run(["node", "-e", NODE], input=asked, capture_output=True, text=True, check=True, timeout=60)
    return tuple(json.loads(done.stdout))


class Person:
    """Somebody with a client. Answers are (status, headers, what it says)."""

    def __init__(self, url, send, token=None):
        self.url, self.send, self.token = url, send, token

    def ask(self, method, target, sent=None, expect=200, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if sent is not None:
            headers["Content-Type"] = "application/json"
        status, heads, text = self.send(method, self.url + target, headers, None if sent is None else json.dumps(sent))
        assert status == expect, (method, target, status, text)
        return heads, json.loads(text) if "json" in heads.get("content-type", "") else text

    def get(self, target, **options):
        return self.ask("GET", target, **options)[1]

    def post(self, target, sent, expect=201, **options):
        return self.ask("POST", target, sent, expect, **options)[1]

    def logged_in(self, login, password):
        session = self.post("/auth/login", {"login": login, "password": password}, expect=200)
        return Person(self.url, self.send, session["accessToken"])


@pytest.fixture(scope="module")
def admin_password(world):
    login = f"admin-{new_id()[-12:]}"
    return login, world.dcs("users", "create", login, "--roles", "admin").strip()


@pytest.mark.parametrize("send", [by_curl, by_requests, by_node])
def test_a_collector_starts_works_and_tidies_up(api, world, admin_password, send):
    stranger = Person(api.url, send)
    assert "openapi" in json.dumps(stranger.get("/"))

    # Somebody registers, may do nothing, and is given roles.
    login = f"collector-{new_id()[-12:]}"
    user = stranger.post("/auth/register", {"login": login, "password": PASSWORD}, expect=202)
    refused = stranger.post("/auth/login", {"login": login, "password": PASSWORD}, expect=403)
    assert refused["code"] == "no_roles"
    admin = stranger.logged_in(*admin_password)
    place = f"/auth/users/{user['id']}"
    heads, _ = admin.ask("GET", place)
    roles = ["agent", "creditor", "supervisor", "compliance"]
    heads, _ = admin.ask("PUT", f"{place}/roles", {"roles": roles, "reason": "new here"}, If_Match=heads["etag"])
    admin.ask("PUT", f"{place}/bindings", {"creditors": ["*"], "sources": ["*"]}, If_Match=heads["etag"])
    collector = stranger.logged_in(login, PASSWORD)
    another = stranger.logged_in(f"{login}-2", world.dcs("users", "create", f"{login}-2", "--roles", "supervisor").strip())
    assert set(collector.get("/auth/me")["roles"]) == set(roles)

    # A customer who owes 123.45 EUR pays 23.45, which the bank takes back.
    customer = collector.post("/customers", a_customer(fullName="Zoë Müller-Ødegård"))
    assert customer["fullName"] == "Zoë Müller-Ødegård"
    about = f"/customers/{customer['id']}"
    debt = collector.post("/debts", a_debt(customer["id"]))
    assert debt["customerName"] == "Zoë Müller-Ødegård" and debt["balances"]["total"] == money(123_45)
    payment = collector.post(f"/debts/{debt['id']}/payments", a_payment(amount=money(23_45)))
    owed = lambda: collector.get(f"/debts/{debt['id']}")["balances"]["total"]["amountMinor"]
    assert payment["state"] and owed() == 100_00
    collector.post(f"/payments/{payment['id']}/reversal", {"reason": "chargeback"}, expect=200)
    assert owed() == 123_45
    again = collector.post(f"/payments/{payment['id']}/reversal", {"reason": "chargeback"}, expect=409)
    assert again["code"] == "bad_transition" and again["detail"]
    ledger = collector.get(f"/debts/{debt['id']}/ledger")["items"]
    assert [entry["balanceAfter"]["amountMinor"] for entry in ledger] == [123_45, 100_00, 123_45]

    # She is written to, and it is her name that stands there.
    point = collector.post(f"{about}/contact-points", a_contact_point())
    assert point["address"].endswith("@example.org") and point["state"] == "usable"
    collector.post(f"/contact-points/{point['id']}/verification", {}, expect=200)
    collector.post(f"{about}/consents", a_consent())
    template = a_template()
    kept = collector.post("/templates", template, expect=409)  # her text needs a second person
    assert kept["code"] == "needs_second_person" and collector.get(f"/commands/{kept['commandId']}")["status"] == "running"
    approval = f"/commands/{kept['commandId']}/approval"
    assert collector.post(approval, {}, expect=409)["code"] == "needs_second_person"
    asked = another.get(f"/approvals/{kept['commandId']}")
    assert asked["state"] == "waiting" and asked["askedBy"] == user["id"] and asked["data"]["body"] == template["body"]
    assert kept["commandId"] in world.dcs("approvals")
    assert another.post(approval, {"reason": "read it"}, expect=200)["state"] == "approved"
    assert collector.get(f"/commands/{kept['commandId']}")["status"] == "succeeded"
    assert another.post(approval, {}, expect=409)["code"] == "bad_transition"
    message = collector.post("/communications", a_message(customer["id"], template["name"]))
    assert message["body"].startswith("Zoë Müller-Ødegård: ") and message["decision"]["verdict"] == "allow"
    wait_for(lambda: collector.get(f"/communications/{message['id']}")["state"] in ("submitted", "delivered"), "a message that has left")

    # The day's figures.
    report = collector.post("/reports", {"kind": "ageing", "creditorId": debt["creditorId"]})
    ready = wait_for(lambda: (found := collector.get(f"/reports/{report['id']}"))["state"] == "ready" and found, "a report")
    assert "123.45" in collector.get(ready["file"]["url"])

    # She cannot be forgotten while she owes; the debt was a mistake; then she is.
    erasure, headers = about + "?basis=no_longer_needed", {"Authorization": f"Bearer {collector.token}"}
    headers["If-Match"] = collector.ask("GET", about)[0]["etag"]
    refused = collector.ask("DELETE", erasure, expect=409, If_Match=headers["If-Match"])[1]
    assert refused["code"] == "retention_applies" and debt["id"] in refused["detail"] + json.dumps(refused.get("errors"))
    gone = collector.ask("DELETE", f"/debts/{debt['id']}?reason=created_in_error")[1]
    assert gone["lifecycle"] == "CANCELLED" and owed() == 0
    # The customers module asks the debts module's tables, which may be a moment behind the answer.
    erased = wait_for(lambda: send("DELETE", api.url + erasure, headers, None)[0] == 200, "an erasure")
    shown = collector.get(about)
    assert erased and shown["status"] == "erased" and shown["fullName"] is None
