"""The same command twice: one effect; what was refused is decided again. The same id with other content: refused, and the first stands."""

import pytest
from client import new_id


@pytest.fixture(scope="module")
def debtor(people):
    customer_id = people.customer()
    return customer_id, people.debt(customer_id, principal_minor=10_000_00)


def balance(world, debt_id):
    return world.value("SELECT balance_minor FROM debts.public_debt WHERE debt_id = %s", debt_id)


def answers(world, record):
    """How often a command was applied: once, or it was done twice."""
    return world.value("SELECT count(*) FROM debts.event_log WHERE command_id = %s AND command_digest IS NOT NULL", record.id)


def check_one_effect(world, people, events, debtor, record, before):
    """After the next record of the same customer has been applied, nothing more can come of this one."""
    people.pay(*debtor, amount_minor=1)
    assert [event.type for event in events.of(record)] == ["PaymentRecorded"]
    assert answers(world, record) == 1
    assert balance(world, debtor[1]) == before - 100 - 1


def test_twice_in_one_batch(world, own_workers, client, people, events, debtor):
    """Published while nobody works: the worker finds both at once."""
    before = balance(world, debtor[1])
    record = people.record_payment(*debtor, amount_minor=100)
    client.send(record, record)
    with world.worker("debts"):
        events.expect(record, "PaymentRecorded")
        check_one_effect(world, people, events, debtor, record, before)


def test_twice_across_batches(world, client, people, events, debtor):
    before = balance(world, debtor[1])
    record = people.record_payment(*debtor, amount_minor=100)
    client.send(record)
    events.expect(record, "PaymentRecorded")
    client.send(record)
    check_one_effect(world, people, events, debtor, record, before)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_twice_with_a_restart_between(world, own_workers, client, people, events, debtor, end):
    before = balance(world, debtor[1])
    record = people.record_payment(*debtor, amount_minor=100)
    with world.worker("debts") as worker:
        client.send(record)
        events.expect(record, "PaymentRecorded")
        getattr(worker, end)()
    client.send(record)
    with world.worker("debts"):
        check_one_effect(world, people, events, debtor, record, before)


def test_what_was_refused_may_be_accepted_when_it_comes_again(world, client, people, events, debtor):
    debt_id = new_id()
    record = people.record_payment(debtor[0], debt_id)
    client.send(record)
    events.expect_refusal(record, "not_found", "debt_id")
    people.debt(debtor[0], debt_id=debt_id)
    client.send(record, record)
    people.pay(*debtor)
    assert [event.type for event in events.of(record)] == ["CommandRejected", "PaymentRecorded"]
    assert answers(world, record) == 1


def test_same_id_and_other_content_is_refused(world, client, people, events, debtor):
    before = balance(world, debtor[1])
    first = people.record_payment(*debtor, amount_minor=100)
    other = people.record_payment(*debtor, amount_minor=200, command_id=first.id)
    client.send(first)
    events.expect(first, "PaymentRecorded")
    client.send(other)
    events.expect(first, "PaymentRecorded", "CommandRejected")
    refusal = events.of(first)[1].body
    assert refusal["code"] == "duplicate_different_body"
    people.pay(*debtor, amount_minor=1)
    assert balance(world, debtor[1]) == before - 100 - 1
    assert answers(world, first) == 1


def test_same_id_and_other_content_in_one_batch_is_refused(world, own_workers, client, people, events, debtor):
    before = balance(world, debtor[1])
    first = people.record_payment(*debtor, amount_minor=100)
    other = people.record_payment(*debtor, amount_minor=200, command_id=first.id)
    client.send(first, other)
    with world.worker("debts"):
        events.expect(first, "PaymentRecorded", "CommandRejected")
        assert events.of(first)[1].body["code"] == "duplicate_different_body"
        people.pay(*debtor, amount_minor=1)
        assert balance(world, debtor[1]) == before - 100 - 1


def test_same_command_to_two_customers_partitions_is_not_taken_twice(world, client, people, events, debtor):
    """A sender that changes the key of a repetition has made another command of it, under an id that is taken."""
    other_customer = people.customer()
    other_debt = people.debt(other_customer)
    first = people.record_payment(*debtor, amount_minor=100)
    client.send(first)
    events.expect(first, "PaymentRecorded")
    client.send(people.record_payment(other_customer, other_debt, command_id=first.id))
    events.expect(first, "PaymentRecorded", "CommandRejected")
    assert events.of(first)[1].body["code"] == "duplicate_different_body"
    assert events.of(first)[1].key.decode() == other_customer


def test_a_payment_that_the_bank_reports_twice_is_taken_once(client, people, events, debtor):
    """Two commands, one payment: the source's own number is known."""
    first = people.record_payment(*debtor, external_ref="twice")
    again = people.record_payment(*debtor, external_ref="twice")
    client.send(first, again)
    events.expect(first, "PaymentRecorded")
    events.expect_refusal(again, "exists", "external_ref")
