"""What the gateway shows of a customer's story, from the first command to the erasure; every answer is held against its document."""

import datetime
import subprocess
import urllib.parse

import pytest

from client import new_id, now, today
from world import modules


def grant(client, customer_id, **body):
    fields = {"consent_id": new_id(), "customer_id": customer_id, "channel": "email", "purpose": "collect", "basis": "express"}
    return client.command("GrantConsent", "agent", **{**fields, "evidence_ref": "call-1", "obtained_at": now(), **body})


def point(client, customer_id, address):
    fields = {"contact_point_id": new_id(), "customer_id": customer_id, "channel": "email", "place": "home", "source": "consumer"}
    return client.command("AddContactPoint", "agent", **fields, address=address)


@pytest.fixture(scope="module")
def agent(api, client):
    return api.with_token(client.token_of("agent"))


@pytest.fixture(scope="module")
def story(client, events, people):
    """A customer with an address, a consent, a debt that was amended, paid, and owed again."""
    ids = {"customer": people.customer(full_name="Gundula Gläubig", country="AT", locale="de-AT")}
    address, consent = point(client, ids["customer"], "gundula@example.org"), grant(client, ids["customer"])
    client.send(address, consent)
    events.expect(address, "ContactPointAdded")
    events.expect(consent, "ConsentGranted")
    ids["debt"] = people.debt(ids["customer"], principal_minor=100_00, interest_minor=5_00)
    amended = people.amend_debt(ids["customer"], ids["debt"], due_on=today() - datetime.timedelta(days=10))
    paid = people.record_payment(ids["customer"], ids["debt"], 105_00)
    client.send(amended, paid)
    events.expect(amended, "DebtAmended")
    ids["payment"] = events.expect(paid, "PaymentRecorded", "DebtPaid", "DelinquencyChanged").body["payment_id"]
    taken = client.command("ReversePayment", "creditor", payment_id=ids["payment"], customer_id=ids["customer"], reason="chargeback")
    client.send(taken)
    events.expect(taken, "PaymentReversed", "DebtReopened", "DelinquencyChanged")
    return ids


def amounts(money):
    return {name: value["amountMinor"] for name, value in money.items()}


def pages(api, target):
    """All items, by the Link of each page."""
    items = []
    while target:
        answer = api.get(target)
        assert answer.status == 200, answer
        items += answer.json["items"]
        link = answer.headers.get("Link")
        assert (link is None) == (answer.json["nextCursor"] is None)
        target = link and urllib.parse.urljoin(f"http://a{target}", link[link.index("<") + 1 : link.index(">")]).removeprefix("http://a")
    return items


def test_a_debt_shows_balances_name_actions_and_where_to_go(agent, story):
    debt = agent.get(f"/debts/{story['debt']}").json
    assert debt["customerName"] == "Gundula Gläubig" and debt["customerId"] == story["customer"]
    assert amounts(debt["balances"]) == {"total": 105_00, "cost": 0, "fee": 0, "interest": 5_00, "principal": 100_00, "credit": 0}
    assert debt["lifecycle"] == "ACTIVE" and debt["dueOn"] == str(today() - datetime.timedelta(days=10))
    assert debt["actions"] == ["recordPayment", "makePromise", "placeHold", "raiseDispute", "assessFee", "assessCost", "waiveAmount", "proposePlan", "offerSettlement"]  # what an agent may
    for link in debt["links"].values():
        assert agent.get(link).status == 200, link


def test_what_has_not_changed_is_not_sent_again(agent, people, story):
    target = f"/debts/{story['debt']}"
    tag = agent.get(target).headers["ETag"]
    assert agent.get(target, headers={"If-None-Match": tag}).status == 304
    people.pay(story["customer"], story["debt"], 1)
    after = agent.get(target, headers={"If-None-Match": tag})
    assert after.status == 200 and after.headers["ETag"] != tag
    assert after.json["actions"] == ["recordPayment", "makePromise", "placeHold", "raiseDispute", "assessFee", "assessCost", "waiveAmount", "proposePlan", "offerSettlement"]


def test_the_ledger_adds_up_to_the_balance(agent, story):
    entries = agent.get(f"/debts/{story['debt']}/ledger?sort=entryNo").json["items"]
    assert [entry["kind"] for entry in entries][:3] == ["OPENING", "PAYMENT", "PAYMENT_REVERSAL"]
    assert entries[2]["reversesEntryNo"] == 2
    owed = 0
    for entry in entries:
        postings = amounts(entry["postings"])
        assert sum(postings.values()) == 0
        owed += sum(postings[component] for component in ("cost", "fee", "interest", "principal"))
        assert entry["balanceAfter"]["amountMinor"] == owed
    assert owed == agent.get(f"/debts/{story['debt']}").json["balances"]["total"]["amountMinor"]


def test_a_payment_shows_its_allocation_and_that_it_was_taken_back(agent, story):
    payment = agent.get(f"/payments/{story['payment']}").json
    assert payment["state"] == "reversed" and payment["actions"] == []
    assert sum(amounts(payment["allocation"]).values()) == payment["amount"]["amountMinor"] == 105_00


def test_history_and_timeline_leave_nothing_out(agent, world, story):
    history = pages(agent, f"/debts/{story['debt']}/history?limit=2")
    types = [event["type"] for event in reversed(history)]
    assert types[:6] == ["DebtCreated", "DebtAmended", "PaymentRecorded", "DebtPaid", "DelinquencyChanged", "PaymentReversed"]
    timeline = pages(agent, f"/customers/{story['customer']}/timeline?limit=3")
    assert [event["at"] for event in timeline] == sorted((event["at"] for event in timeline), reverse=True)
    assert {event["id"] for event in history} < {event["id"] for event in timeline}
    assert {event["type"] for event in timeline} >= {"CustomerCreated", "ContactPointAdded", "ConsentGranted", "PaymentReversed"}
    for module in modules.names("customer"):
        logged = {event_id for event_id, in world.sql(f"SELECT event_id::text FROM {module}.event_log WHERE key = %s", story["customer"])}
        shown = {event["id"] for event in timeline if event["module"] == module}
        assert shown == logged or (module == "dunning" and shown < logged)  # what it only noted is left out


def test_everything_of_a_customer(agent, api, client, story):
    assert agent.get(f"/customers/{story['customer']}").json["fullName"] == "Gundula Gläubig"
    assert [one["address"] for one in agent.get(f"/customers/{story['customer']}/contact-points").json["items"]] == ["gundula@example.org"]
    consents = agent.get(f"/customers/{story['customer']}/consents").json["items"]
    assert [(one["channel"], one["purpose"], one["inForce"]) for one in consents] == [("email", "collect", True)]
    auditor = api.with_token(client.token_of("auditor"))
    assert "fullName" not in auditor.get(f"/customers/{story['customer']}").json
    assert [one["address"] for one in auditor.get(f"/customers/{story['customer']}/contact-points").json["items"]] == ["g***@e***"]


def test_lists_page_to_the_end_and_filter(agent, people, story):
    others = {people.debt(story["customer"], currency="EUR" if n % 2 else "USD") for n in range(5)}
    listed = pages(agent, f"/debts?customer={story['customer']}&limit=2")
    assert {debt["id"] for debt in listed} == others | {story["debt"]} and len(listed) == 6
    by_day = pages(agent, f"/debts?customer={story['customer']}&sort=-dueOn&limit=1")
    assert [debt["dueOn"] for debt in by_day] == sorted((debt["dueOn"] for debt in by_day), reverse=True)
    dollars = pages(agent, f"/debts?customer={story['customer']}&currency=USD")
    assert len(dollars) == 3 and all(debt["currency"] == "USD" for debt in dollars)
    reference = urllib.parse.quote(listed[0]["externalRef"])
    found = pages(agent, f"/debts?creditor={listed[0]['creditorId']}&externalRef={reference}")
    assert [debt["id"] for debt in found] == [listed[0]["id"]]
    assert story["customer"] in {customer["id"] for customer in pages(agent, "/customers?country=AT")}


def test_a_bad_query_is_told_with_its_name(agent):
    answer = agent.get("/debts?customer=nobody&colour=red&limit=1000", check=False)
    assert answer.status == 400 and answer.content_type == "application/problem+json"
    assert {error["pointer"] for error in answer.json["errors"]} == {"customer", "colour", "limit"}
    assert agent.get(f"/debts/{new_id()}").status == 404


def test_curl_reads_the_same(world, client, story):
    url = f"{world.environment['DCS_API_URL']}/debts/{story['debt']}"
    done = subprocess.run(
        ["curl", "-sS", "--fail-with-body", "-H", f"Authorization: Bearer {client.token_of('agent')}", "-w", "%{http_code}", url],
        stdout=subprocess.PIPE, text=True, check=True, timeout=30,
    )
    assert done.stdout.endswith("200") and story["debt"] in done.stdout


def test_an_erased_customer_has_ids_and_amounts_only(client, events, people, agent):
    customer = people.customer(full_name="Weg Weggegangen")
    debt = people.debt(customer, principal_minor=1)
    paid = people.record_payment(customer, debt, 1)
    client.send(paid)
    events.expect(paid, "PaymentRecorded", "DebtPaid", "DelinquencyChanged")
    officer = agent.with_token(client.token_of("compliance"))
    assert agent.get(f"/customers/{customer}").json["actions"] == ["updateCustomer", "addContactPoint"]
    assert officer.get(f"/customers/{customer}").json["actions"] == ["eraseCustomer"]
    gone = client.command("EraseCustomer", "compliance", customer_id=customer, expected_version=None, basis="request")
    client.send(gone)
    events.expect(gone, "CustomerErased")
    shown = agent.get(f"/customers/{customer}")
    assert shown.json["status"] == "erased" and shown.json["fullName"] is None and shown.json["actions"] == []
    assert agent.get(f"/debts/{debt}").json["customerName"] is None
    for target in (f"/customers/{customer}", f"/debts/{debt}", f"/customers/{customer}/timeline", f"/debts?customer={customer}"):
        assert "Weggegangen" not in agent.get(target).text


def test_a_cursor_outlives_the_gateway(world, agent, story):
    first = agent.get(f"/debts?customer={story['customer']}&limit=1").json
    world.programs("start", "api=0")
    world.programs("start", "api=1")
    agent.wait_until_ready()
    second = agent.get(f"/debts?customer={story['customer']}&limit=1&cursor={first['nextCursor']}").json
    assert second["items"][0]["id"] != first["items"][0]["id"]
