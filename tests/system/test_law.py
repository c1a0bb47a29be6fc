"""The law binds by default: a stack that nobody set otherwise writes at a lawful hour, once a day, and to nobody whose law it does not know.

On a rehearsal, whose time is told: so it is night and morning at once, whatever the time is here.
"""

import json
import uuid

import pytest

from world import LAW, World

CREDITOR = str(uuid.uuid4())
ANNA, TANE = str(uuid.uuid4()), str(uuid.uuid4())
PEOPLE = {ANNA: ("DE", None, "de", "+4915100000001"), TANE: ("NZ", "Pacific/Auckland", "en", "+6421000001")}
DEBTS = {person: str(uuid.uuid4()) for person in PEOPLE}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("law") / "run", **LAW)
    try:
        world.start("postgres", "kafka", rehearsal=True)
        yield world
    finally:
        world.destroy()


def play(world, at, *commands):
    """It is this time, these are sent, and all that follows from them is done."""
    lines = [f"at {at}"] + [f"{type_} {json.dumps(body)}" for type_, body in commands]
    world.dcs("rehearse", "--creditor", "*", "--source", "*", text="\n".join(lines) + "\n")


def template(language):
    return "PublishTemplate", {
        "template_id": str(uuid.uuid4()), "name": "reminder", "version": 1, "channel": "sms", "language": language, "message_class": "reminder",
        "subject": "", "body": "{{balance}} {{currency}}: {{debt_reference}}. {{disclosure}} {{opt_out}}"}  # fmt: skip


def person(customer):
    country, zone, language, number = PEOPLE[customer]
    known = {"timezone": zone} if zone else {}
    yield "CreateCustomer", {"customer_id": customer, "external_ref": customer[:8], "kind": "natural", "full_name": "Somebody", "locale": language, "country": country, **known}
    yield "AddContactPoint", {
        "contact_point_id": str(uuid.uuid4()), "customer_id": customer, "channel": "sms", "address": number, "place": "mobile", "source": "consumer"}  # fmt: skip
    yield "GrantConsent", {
        "consent_id": str(uuid.uuid4()), "customer_id": customer, "channel": "sms", "purpose": "collect", "basis": "express",
        "evidence_ref": "form", "obtained_at": "2027-02-01T10:00:00Z"}  # fmt: skip
    yield "CreateDebt", {
        "debt_id": DEBTS[customer], "customer_id": customer, "creditor_id": CREDITOR, "external_ref": customer[:8], "currency": "EUR",
        "principal_minor": 5000, "interest_minor": 0, "fee_minor": 0, "cost_minor": 0, "opened_on": "2027-01-01", "due_on": "2027-02-01",
        "fees_authorised": False}  # fmt: skip


def message(customer):
    """A reminder, and its id."""
    identity = str(uuid.uuid4())
    return identity, ("SendCommunication", {
        "communication_id": identity, "customer_id": customer, "debt_ids": [DEBTS[customer]], "channel": "sms", "template_name": "reminder",
        "language": PEOPLE[customer][2], "message_class": "reminder", "parameters": [], "send_by": "2027-03-31T00:00:00Z"})  # fmt: skip


def what_became_of(world, identity):
    rows = world.sql(
        "SELECT state, verdict, rules, to_char(release_at AT TIME ZONE 'UTC', 'DD HH24:MI') FROM communications.api_communication"
        " WHERE communication_id = %s", identity)  # fmt: skip
    assert len(rows) == 1
    return rows[0]


def received(world):
    path = world.folder / "sink.jsonl"
    return {line["communicationId"]: line["at"][:16] for line in map(json.loads, path.read_text().splitlines())} if path.exists() else {}


def test_nobody_is_written_to_at_night_or_twice_a_day(stack):
    first, send_first = message(ANNA)
    there, send_there = message(TANE)
    play(stack, "2027-03-01T21:40:00Z", template("de"), template("en"), *person(ANNA), *person(TANE))
    play(stack, "2027-03-01T21:50:00Z")  # a debt that came before its customer has waited
    play(stack, "2027-03-01T22:00:00Z", send_first, send_there)

    # 23:00 in Berlin, where Anna is, because her country has no other zone; eleven in the morning in Auckland
    assert what_became_of(stack, first) == ("scheduled", "defer", ["EU-02", "HOUSE-3"], "02 07:00")
    assert what_became_of(stack, there)[:2] == ("submitted", "allow")
    assert received(stack) == {there: "2027-03-01T22:00"}

    play(stack, "2027-03-02T06:59:00Z")
    assert received(stack).keys() == {there}
    play(stack, "2027-03-02T07:00:00Z")
    assert what_became_of(stack, first)[:2] == ("submitted", "allow")
    assert received(stack)[first] == "2027-03-02T07:00"

    second, send_second = message(ANNA)
    play(stack, "2027-03-02T10:00:00Z", send_second)
    state, verdict, rules, at = what_became_of(stack, second)
    assert (state, verdict, rules, at) == ("scheduled", "defer", ["HOUSE-1"], "03 07:00")
    play(stack, "2027-03-03T07:00:00Z")
    assert received(stack)[second] == "2027-03-03T07:00"


def test_a_message_whose_evening_is_over_leaves_in_the_morning(stack):
    """Its gateway is away in the evening: the claim at night hands nothing out, and the guard is asked again."""
    sink, aside = stack.folder / "sink.jsonl", stack.folder / "sink.aside"
    identity, send = message(ANNA)
    sink.rename(aside)
    sink.mkdir()
    play(stack, "2027-03-04T17:30:00Z", send)
    assert what_became_of(stack, identity)[:2] == ("retry_wait", "allow")
    play(stack, "2027-03-04T22:00:00Z")
    assert what_became_of(stack, identity)[0] == "scheduled"
    play(stack, "2027-03-04T22:01:00Z")
    assert what_became_of(stack, identity) == ("scheduled", "defer", ["EU-02", "HOUSE-3"], "05 07:00")

    sink.rmdir()
    aside.rename(sink)
    play(stack, "2027-03-05T06:59:00Z")
    assert identity not in received(stack)
    play(stack, "2027-03-05T07:00:00Z")
    assert what_became_of(stack, identity)[:2] == ("submitted", "allow")
    assert received(stack)[identity] == "2027-03-05T07:00"


def test_for_whom_a_debt_is_collected_is_not_guessed(stack):
    assert stack.status()["collector"] == "third_party"
    stack.sql("UPDATE engine.stack SET collector = NULL")
    identity, send = message(TANE)
    play(stack, "2027-03-08T00:00:00Z", send)
    state, verdict, rules, _ = what_became_of(stack, identity)
    assert (state, verdict) == ("suppressed", "deny") and "FACT-1" in rules
    assert stack.status()["collector"] == "unknown"
    stack.dcs("migrate")  # its setting says it again
    assert stack.status()["collector"] == "third_party"
    assert identity not in received(stack)


def test_every_verdict_is_decided_alike_again(stack):
    assert " 0 differ, 0 cannot be decided again" in stack.dcs("decisions", "replay")
