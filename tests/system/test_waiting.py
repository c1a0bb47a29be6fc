"""Commands that come before what they name, commands that break our code: set aside, and the order of what they are about kept."""

import contextlib
import datetime

import pytest

from client import new_id, now
from world import wait_for


def parked(world, *records):
    """Kind by command id of those that are set aside."""
    rows = world.sql("SELECT command_id::text, kind FROM debts.parked WHERE command_id::text = ANY (%s)", [r.id for r in records])
    return dict(rows)


def wait_parked(world, kinds):
    """kinds: record -> kind"""
    expected = {record.id: kind for record, kind in kinds}
    wait_for(lambda: parked(world, *(record for record, _ in kinds)) == expected, f"parked as {list(expected.values())}")


@pytest.fixture
def next_customer_is_served(people):
    """After the test: somebody else's records, in whatever partition, are not held up."""
    yield
    customer_id = people.customer()
    people.pay(customer_id, people.debt(customer_id))


def test_a_debt_before_its_customer_waits_and_is_applied(world, client, people, events, next_customer_is_served):
    customer_id = new_id()
    debt = people.create_debt(customer_id)
    customer = people.create_customer(customer_id)
    client.send(debt)
    wait_parked(world, [(debt, "wait")])
    client.send(customer)
    events.expect(customer, "CustomerCreated")
    events.expect(debt, "DebtCreated")
    assert parked(world, debt) == {}


def test_commands_behind_one_that_waits_keep_their_order(world, client, people, events, next_customer_is_served):
    customer_id, debt_id = new_id(), new_id()
    debt = people.create_debt(customer_id, debt_id=debt_id, principal_minor=300)
    payments = [people.record_payment(customer_id, debt_id, amount_minor=amount) for amount in (100, 150, 50)]
    client.send(debt, *payments)
    wait_parked(world, [(debt, "wait"), *((payment, "behind") for payment in payments)])
    listed = world.dcs("parked", "list", "debts")
    assert listed.count("behind") >= 3 and f"the customer {customer_id} is not known yet" in listed
    client.send(people.create_customer(customer_id))
    created = events.expect(debt, "DebtCreated")
    first, second = (events.expect(payment, "PaymentRecorded") for payment in payments[:2])
    last = events.expect(payments[2], "PaymentRecorded", "DebtPaid", "DelinquencyChanged")
    assert [event.body["balance_minor"] for event in (first, second, last)] == [200, 50, 0]
    assert created.seq < first.seq < second.seq < last.seq
    assert [event.body["version"] for event in (created, first, second, last)] == [1, 2, 3, 4]


def a_template(client, name):
    return client.command(
        "PublishTemplate",
        "compliance",
        template_id=new_id(),
        name=name,
        version=1,
        channel="sms",
        language="en",
        message_class="reminder",
        subject="",
        body="Please call us. {{opt_out}}",
    )


def test_a_withdrawal_of_consent_overtakes_what_waits(world, client, people, events):
    """P9 before P4: a message with a mistyped template must not hold up a STOP."""
    customer_id = people.customer()
    message = client.command(
        "SendCommunication",
        "agent",
        communication_id=new_id(),
        customer_id=customer_id,
        debt_ids=[],
        channel="sms",
        template_name="no-such-template",
        language="en",
        message_class="reminder",
        parameters=[],
        send_by=now() + datetime.timedelta(days=1),
    )
    stop = client.command(
        "WithdrawConsent", "agent", customer_id=customer_id, channel=None, via="keyword", keyword="STOP", withdrawn_at=now()
    )
    client.send(message, stop)
    events.expect(stop, "ConsentWithdrawn")
    assert events.of(message) == []
    assert world.value("SELECT kind FROM communications.parked WHERE command_id::text = %s", message.id) == "wait"
    # With its template it is decided, and nothing is left behind.
    client.send(a_template(client, "no-such-template"))
    events.expect_refusal(message, "no_usable_contact_point")


def test_another_customer_of_the_partition_does_not_wait(world, client, people, events):
    """While one waits, the same partition serves the others."""
    waiting = people.create_debt(new_id())
    part = client.send(waiting)[0]
    wait_parked(world, [(waiting, "wait")])
    served = None
    for _ in range(60):
        customer_id = people.customer()
        debt = people.create_debt(customer_id)
        if client.send(debt)[0] == part:
            served = debt
            break
    assert served, "no key fell into the same partition"
    events.expect(served, "DebtCreated")
    assert parked(world, waiting) == {waiting.id: "wait"}
    client.send(people.create_customer(waiting.key.decode()))
    events.expect(waiting, "DebtCreated")


def test_a_waiting_command_that_comes_again_is_applied_once(world, client, people, events):
    customer_id = new_id()
    debt = people.create_debt(customer_id)
    client.send(debt, debt)
    wait_for(lambda: world.value("SELECT count(*) FROM debts.parked WHERE command_id = %s", debt.id) == 2, "both are set aside")
    client.send(people.create_customer(customer_id))
    events.expect(debt, "DebtCreated")
    people.pay(customer_id, events.of(debt)[0].body["debt_id"])
    assert [event.type for event in events.of(debt)] == ["DebtCreated"]


def test_what_never_comes_is_not_found_after_wait_max(world, own_workers, client, people, events):
    customer_id, debt_id = new_id(), new_id()
    debt = people.create_debt(customer_id, debt_id=debt_id)
    payment = people.record_payment(customer_id, debt_id)
    with world.worker("debts", "--wait-max-ms=1000"):
        client.send(debt, payment)
        events.expect_refusal(debt, "not_found", "customer_id")
        events.expect_refusal(payment, "not_found", "debt_id")
        assert parked(world, debt, payment) == {}
        # Too late is no secret: with a new command it works.
        client.send(people.create_customer(customer_id))
        people.debt(customer_id)


def test_waiting_goes_on_after_a_restart(world, own_workers, client, people, events):
    customer_id, debt_id = new_id(), new_id()
    debt = people.create_debt(customer_id, debt_id=debt_id)
    payment = people.record_payment(customer_id, debt_id)
    with world.worker("debts") as worker:
        client.send(debt)
        wait_parked(world, [(debt, "wait")])
        worker.kill()
    client.send(payment)
    with world.worker("debts"):
        wait_parked(world, [(debt, "wait"), (payment, "behind")])
        client.send(people.create_customer(customer_id))
        events.expect(debt, "DebtCreated")
        events.expect(payment, "PaymentRecorded")


# ---- a command that breaks our code ----


@contextlib.contextmanager
def a_bug(world):
    """The database refuses what the rules allowed: what a bug of ours looks like to the engine."""
    world.sql("ALTER TABLE debts.debt ADD CONSTRAINT a_bug CHECK (external_ref <> 'breaks our code')")
    try:
        yield
    finally:
        world.sql("ALTER TABLE debts.debt DROP CONSTRAINT a_bug")


def test_a_command_that_breaks_our_code_is_parked_and_the_others_go_on(world, client, people, events):
    customer_id, other_id = people.customer(), people.customer()
    debt_id = new_id()
    debt = people.create_debt(customer_id, debt_id=debt_id, external_ref="breaks our code")
    payment = people.record_payment(customer_id, debt_id)
    others = [people.create_debt(other_id) for _ in range(20)]
    with a_bug(world):
        client.send(*others[:10], debt, payment, *others[10:])
        wait_parked(world, [(debt, "bug"), (payment, "behind")])
        for other in others:
            events.expect(other, "DebtCreated")
        done = world.dcs("parked", "replay", "debts", "--timeout", "2", check=False)  # before the repair
        assert done.returncode == 1 and "1 waiting" in done.stderr, done.stderr
        wait_for(lambda: "let go" not in world.dcs("parked", "list", "debts"), "it was tried, and is set aside again")
    assert "bug" in world.dcs("parked", "list", "debts")
    # It stays where it is until a person lets it go.
    people.pay(other_id, others[0] and events.of(others[0])[0].body["debt_id"])
    assert parked(world, debt, payment) == {debt.id: "bug", payment.id: "behind"}
    assert "1 accepted" in world.dcs("parked", "replay", "debts", check=False).stderr
    created = events.expect(debt, "DebtCreated")
    paid = events.expect(payment, "PaymentRecorded")
    assert created.seq < paid.seq
    assert parked(world, debt, payment) == {}
