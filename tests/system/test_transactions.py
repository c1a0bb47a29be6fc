"""Commands of a producer that uses Kafka's transactions: they count when it commits, and not at all when it takes them back."""

import uuid

import confluent_kafka
import pytest

from client import new_id
from world import wait_for


class Transactions:
    """A producer with a transactional id, as somebody's stream processor has one."""

    def __init__(self, world):
        self.producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": world.environment["DCS_KAFKA_BOOTSTRAP"],
                "transactional.id": f"somebody-{uuid.uuid4()}",
                "partitioner": "murmur2_random",
                "linger.ms": 0,
            }
        )
        self.producer.init_transactions(60)

    def begin(self, *records):
        """In the broker's log when this returns, and undecided."""
        self.producer.begin_transaction()
        for record in records:
            self.producer.produce(record.topic, record.value, record.key, headers=record.headers)
        assert self.producer.flush(60) == 0

    def commit(self):
        self.producer.commit_transaction(60)

    def abort(self):
        self.producer.abort_transaction(60)


@pytest.fixture(scope="module")
def transactions(world):
    return Transactions(world)


def wait_idle_and_in_order(world):
    """Also where the last offset of a partition is the mark of a transaction's end, and no record."""
    world.wait_idle()
    assert world.verify() == []
    wait_for(lambda: all(part["lag"] == 0 for part in world.status()["partitions"]), "no lag, but for a Tick that has just come")


def served_elsewhere(client, people, events, part):
    """Another partition goes on: its turns are this one's, so what is here and can be read would have been read long since."""
    for _ in range(60):
        customer_id = people.customer()
        debt = people.create_debt(customer_id)
        if client.send(debt)[0] != part:
            events.expect(debt, "DebtCreated")
            return
    raise AssertionError("no key fell into another partition")


def test_what_was_taken_back_is_not_executed_and_what_stands_behind_it_is(world, client, people, events, transactions):
    customer_id = people.customer()
    debt_id = people.debt(customer_id, principal_minor=100_00)
    taken_back = [people.record_payment(customer_id, debt_id, 10_00) for _ in range(3)]
    transactions.begin(*taken_back)
    transactions.abort()
    people.pay(customer_id, debt_id, 1_00)
    assert [events.of(record) for record in taken_back] == [[], [], []]
    assert world.value("SELECT principal_minor FROM debts.debt WHERE debt_id = %s", debt_id) == 99_00
    wait_idle_and_in_order(world)


def test_what_is_committed_is_executed_in_order(world, client, people, events, transactions):
    customer_id = people.customer()
    debt_id = new_id()
    created = people.create_debt(customer_id, debt_id=debt_id, principal_minor=100_00)
    paid = people.record_payment(customer_id, debt_id, 100_00)
    transactions.begin(created, paid)
    transactions.commit()
    events.expect(paid, "PaymentRecorded", "DebtPaid", "DelinquencyChanged")
    assert [event.type for event in events.of(created)] == ["DebtCreated"]
    wait_idle_and_in_order(world)


def test_what_stands_behind_an_open_transaction_waits_for_its_end(world, client, people, events, transactions):
    customer_id = people.customer()
    debt_id = people.debt(customer_id)
    first, second = people.record_payment(customer_id, debt_id, 1), people.record_payment(customer_id, debt_id, 2)
    transactions.begin(first)
    part = client.send(second)[0]
    served_elsewhere(client, people, events, part)
    assert events.of(first) == events.of(second) == []
    transactions.commit()
    events.expect(second, "PaymentRecorded")
    assert [event.type for event in events.of(first)] == ["PaymentRecorded"]
    order = [events.of(record)[0].seq for record in (first, second)]
    assert order == sorted(order)
    wait_idle_and_in_order(world)


def test_tail_ends_where_a_transaction_ended(world, client, people, events, transactions):
    record = people.create_customer()
    transactions.begin(record)
    transactions.abort()
    wait_for(lambda: record.id not in world.dcs("tail", record.topic, "--from=-5"), "nothing of what was taken back is shown", 30)
