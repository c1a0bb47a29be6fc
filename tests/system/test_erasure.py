"""Erasing a customer, and taking a message back: what is gone, what stays, what is refused, what does not leave."""

import datetime
import uuid

import pytest

from client import new_id, now
from world import wait_for

NAME = "Walpurga Erasmus"


def consent(client, customer_id):
    return client.command(
        "GrantConsent",
        "agent",
        consent_id=new_id(),
        customer_id=customer_id,
        channel="email",
        purpose="collect",
        basis="express",
        evidence_ref="call-1",
        obtained_at=now(),
    )


def address(client, customer_id, text):
    return client.command(
        "AddContactPoint",
        "agent",
        contact_point_id=new_id(),
        customer_id=customer_id,
        channel="email",
        address=text,
        place="home",
        source="consumer",
    )


@pytest.fixture(scope="module")
def template(client, events):
    """The name of a text that can be sent by e-mail."""
    name = f"erasure-{uuid.uuid4().hex[:8]}"
    record = client.command(
        "PublishTemplate",
        "supervisor",
        template_id=new_id(),
        name=name,
        version=1,
        channel="email",
        language="de",
        message_class="account_service",
        subject="Ihr Konto",
        body="{{customer_name}}: {{opt_out}}",
    )
    client.send(record)
    events.expect(record, "TemplatePublished")
    return name


def message(client, customer_id, template):
    return client.command(
        "SendCommunication",
        "agent",
        communication_id=new_id(),
        customer_id=customer_id,
        debt_ids=[],
        channel="email",
        template_name=template,
        language="de",
        message_class="account_service",
        parameters=[],
        send_by=now() + datetime.timedelta(hours=1),
    )


def erasure(client, customer_id, **body):
    fields = {"customer_id": customer_id, "expected_version": None, "basis": "request"}
    return client.command("EraseCustomer", "compliance", **{**fields, **body})


def cancellation(client, customer_id, communication_id, **body):
    fields = {"communication_id": communication_id, "customer_id": customer_id, "expected_version": None}
    return client.command("CancelCommunication", "agent", **{**fields, **body})


@pytest.fixture
def reachable(client, events, people):
    """A customer who may be written to."""
    customer_id = people.customer(full_name=NAME)
    for record, answer in (
        (address(client, customer_id, f"{uuid.uuid4().hex}@example.org"), "ContactPointAdded"),
        (consent(client, customer_id), "ConsentGranted"),
    ):
        client.send(record)
        events.expect(record, answer)
    return customer_id


def send(client, events, record, *answers):
    client.send(record)
    return events.expect(record, *answers)


def refuse(client, events, record, code):
    client.send(record)
    return events.expect_refusal(record, code)["text"]


def traces(world, customer_id):
    """How much of the person the tables still have, sealed or not."""
    return world.value(
        """SELECT (SELECT num_nonnulls(key_salt, full_name_sealed, birth_date_sealed) FROM customers.customer WHERE customer_id = %s)
            + (SELECT count(*) FROM customers.contact_point WHERE customer_id = %s AND num_nonnulls(address_hash, address_sealed) > 0)
            + (SELECT count(*) FROM communications.outbox WHERE customer_id = %s AND address_sealed || subject_sealed || body_sealed <> '')
            + (SELECT count(*) FROM customers.dead_letter WHERE key = convert_to(%s, 'UTF8') AND value IS NOT NULL)""",
        *[customer_id] * 4,
    )


def test_an_erased_customer_is_gone_and_what_he_owed_stays(world, client, people, events, reachable, template):
    debt_id = people.debt(reachable, principal_minor=100)
    sent = message(client, reachable, template)
    send(client, events, sent, "ComplianceDecided", "CommunicationReleased")
    state = "SELECT state FROM communications.communication WHERE customer_id = %s"
    wait_for(lambda: world.value(state, reachable) == "submitted", "a message that was sent")
    stranger = client.command("UpdateCustomer", "auditor", **update(reachable, full_name=NAME))
    client.send(stranger)  # a name in a dead letter
    letters = "SELECT count(*) FROM customers.dead_letter WHERE key = convert_to(%s, 'UTF8')"
    wait_for(lambda: world.value(letters, reachable) == 1, "a dead letter")

    assert debt_id in refuse(client, events, erasure(client, reachable), "retention_applies")
    assert traces(world, reachable) == 6

    send(client, events, people.record_payment(reachable, debt_id, 100), "PaymentRecorded", "DebtPaid", "DelinquencyChanged")
    erased = send(client, events, erasure(client, reachable, basis="no_longer_needed"), "CustomerErased")
    assert erased.body["basis"] == "no_longer_needed"
    assert traces(world, reachable) == 0
    assert world.value("SELECT status FROM customers.public_customer WHERE customer_id = %s", reachable) == "erased"
    assert world.value("SELECT count(*) FROM debts.debt WHERE debt_id = %s", debt_id) == 1

    for record in (
        client.command("UpdateCustomer", "agent", **update(reachable, full_name=NAME)),
        address(client, reachable, "new@example.org"),
        people.create_debt(reachable),
        message(client, reachable, template),
        erasure(client, reachable),
    ):
        refuse(client, events, record, "bad_transition")
    assert traces(world, reachable) == 0


def update(customer_id, **changes):
    fields = {
        name: None for name in ("expected_version", "full_name", "birth_date", "locale", "country", "region", "timezone")
    }
    return {"customer_id": customer_id, "clears": [], **fields, **changes}


def test_only_compliance_may_erase(world, client, events, reachable):
    record = erasure(client, reachable)
    supervisor = record.header("authorization", "Bearer " + client.token_of("supervisor"))
    client.send(supervisor)
    send(client, events, address(client, reachable, "later@example.org"), "ContactPointAdded")
    assert events.of(supervisor) == []
    assert traces(world, reachable) == 6  # with the dead letter


@pytest.fixture
def no_notifier(world):
    world.programs("start", "notifier=0")
    yield
    world.programs("start", "notifier=1")


def test_what_is_released_and_not_claimed_does_not_leave(world, client, events, people, reachable, template, no_notifier):
    """One is taken back, of the other the customer is erased: the notifier comes back and sends neither."""
    taken_back, unreadable = (message(client, reachable, template) for _ in range(2))
    ids = [send(client, events, record, "ComplianceDecided", "CommunicationReleased").body["communication_id"] for record in (taken_back, unreadable)]
    cancelled = send(client, events, cancellation(client, reachable, ids[0], expected_version=1), "CommunicationCancelled")
    assert (cancelled.body["previous_state"], cancelled.body["version"]) == ("released", 2)
    assert "is cancelled" in refuse(client, events, cancellation(client, reachable, ids[0]), "bad_transition")
    send(client, events, erasure(client, reachable), "CustomerErased")

    world.programs("start", "notifier=1")
    state = "SELECT state FROM communications.communication WHERE communication_id = %s"
    wait_for(lambda: world.value(state, ids[1]) == "failed", "the report that it could not be sent")
    assert world.value("SELECT provider_code FROM communications.receipt WHERE communication_id = %s", ids[1]) == "erased"
    assert world.value(state, ids[0]) == "cancelled"
    wait_for(lambda: world.value("SELECT state FROM notifier.dispatch WHERE communication_id = %s", ids[0]) == "done", "a look at the other")
    assert world.value("SELECT count(*) FROM notifier.attempt WHERE communication_id = %s", ids[0]) == 0


def test_what_is_released_to_an_address_that_was_given_up_does_not_leave(world, client, events, people, template, no_notifier):
    """It turns out to be somebody else's: he must not read about another person's debt."""
    customer_id = people.customer()
    send(client, events, consent(client, customer_id), "ConsentGranted")
    point = send(client, events, address(client, customer_id, f"{uuid.uuid4().hex}@example.org"), "ContactPointAdded").body
    released = send(client, events, message(client, customer_id, template), "ComplianceDecided", "CommunicationReleased").body
    given_up = {"contact_point_id": point["contact_point_id"], "customer_id": customer_id, "reason": "wrong_party"}
    send(client, events, client.command("InvalidateContactPoint", "agent", **given_up), "ContactPointInvalidated")

    world.programs("start", "notifier=1")
    state = "SELECT state FROM communications.communication WHERE communication_id = %s"
    wait_for(lambda: world.value(state, released["communication_id"]) == "failed", "the report that it was not sent")
    attempts = "SELECT string_agg(gateway || ' ' || outcome || ' ' || provider_code, ', ') FROM notifier.attempt WHERE communication_id = %s"
    assert world.value(attempts, released["communication_id"]) == "notifier failed address_invalid"


def test_what_has_left_cannot_be_taken_back(world, client, events, reachable, template):
    record = message(client, reachable, template)
    communication_id = send(client, events, record, "ComplianceDecided", "CommunicationReleased").body["communication_id"]
    state = "SELECT state FROM communications.communication WHERE communication_id = %s"
    wait_for(lambda: world.value(state, communication_id) == "submitted", "a message that was sent")
    assert "submitted" in refuse(client, events, cancellation(client, reachable, communication_id), "bad_transition")


def test_the_promises_hold_after_all_that(world):
    world.wait_idle()
    assert world.verify() == []
