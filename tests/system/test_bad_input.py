"""What nobody should send: each ends where it belongs, and the next record is applied."""

import binascii
import datetime
import json
import struct
import time
import uuid

import confluent_kafka
import jwt
import pytest

from client import MESSAGES, new_id, today
from world import wait_for

INT64_MAX = 2**63 - 1


@pytest.fixture(scope="module")
def debtor(people):
    customer_id = people.customer()
    return customer_id, people.debt(customer_id, principal_minor=10_000_00)


@pytest.fixture
def payment(people, debtor):
    """One that is in order, to be spoilt."""
    return people.record_payment(*debtor)


@pytest.fixture
def goes_on(people, debtor):
    """After the test: the next record of the same customer, so of the same partition, is applied."""
    yield
    people.pay(*debtor)


def send_spoilt(client, debtor, record):
    """Into the debtor's partition, whatever its key says."""
    spoilt = record.but(partition=partition_of(client, debtor[0]))
    return spoilt, client.send(spoilt)


def partition_of(client, customer_id, cache={}):
    """Where murmur2 puts the key: told by a record that is sent there to be refused."""
    if customer_id not in cache:
        probe = client.command("VerifyContactPoint", "agent", contact_point_id=new_id(), customer_id=customer_id)
        cache[customer_id] = client.send(probe)[0]
    return cache[customer_id]


# ---- dead letters ----


def longer(value, bytes_count):
    return value + b"\0" * bytes_count


def with_text(record, before, after):
    """The same length, so that the bytes around it stay as they are."""
    assert len(before) == len(after) and record.value.count(before) == 1
    return record.but(value=record.value.replace(before, after))


def other_id():
    return new_id().encode()


SPOILT = {
    "no value": ("no_value", lambda r: r.but(value=None)),
    "empty value": ("no_frame", lambda r: r.but(value=b"")),
    "no frame": ("no_frame", lambda r: r.but(value=b"\x01" + r.value[1:])),
    "half a frame": ("no_frame", lambda r: r.but(value=r.value[:3])),
    "JSON instead of Avro": ("no_frame", lambda r: r.but(value=b'{"amount": 1}')),
    "unknown schema id": ("unknown_schema", lambda r: r.but(value=b"\0\x7f\xff\xff\xff" + r.value[5:])),
    "undecodable bytes": ("bad_bytes", lambda r: r.but(value=r.value[:5] + b"\xff" * 100)),
    "cut short": ("bad_bytes", lambda r: r.but(value=r.value[:-1])),
    "bytes behind the body": ("bad_bytes", lambda r: r.but(value=longer(r.value, 1))),
    "a length below zero": ("bad_bytes", lambda r: r.but(value=r.value[:5] + b"\x01" + r.value[6:])),
    "a length beyond the end": ("bad_bytes", lambda r: r.but(value=r.value[:5] + b"\xfe\xff\xff\xff\x0f" + r.value[6:])),
    "invalid UTF-8": ("bad_bytes", lambda r: with_text(r, b"transfer", b"tran\xc3\x28er")),
    "UTF-16 surrogate": ("bad_bytes", lambda r: with_text(r, b"transfer", b"tra\xed\xa0\x80er")),
    "NUL in a text": ("bad_bytes", lambda r: with_text(r, b"transfer", b"tran\0fer")),
    "number over 64 bits": ("bad_bytes", lambda r: r.but(value=r.value.replace(b"\x02\x06EUR", b"\xff" * 10 + b"\x06EUR"))),
    "too large": ("too_large", lambda r: r.but(value=longer(r.value, 64 * 1024))),
    "no headers": ("missing_header", lambda r: r.but().header("ce_id", None).header("ce_type", None)),
    "no ce_specversion": ("missing_header", lambda r: r.header("ce_specversion", None)),
    "no ce_id": ("missing_header", lambda r: r.header("ce_id", None)),
    "no ce_source": ("missing_header", lambda r: r.header("ce_source", None)),
    "no ce_type": ("missing_header", lambda r: r.header("ce_type", None)),
    "ce_specversion of tomorrow": ("bad_header", lambda r: r.header("ce_specversion", "2.0")),
    "ce_id is no UUID": ("bad_header", lambda r: r.header("ce_id", "4711")),
    "ce_id is empty": ("bad_header", lambda r: r.header("ce_id", "")),
    "ce_id twice": ("bad_header", lambda r: r.but(headers=r.headers + [("ce_id", other_id())])),
    "ce_expirytime is no time": ("bad_header", lambda r: r.header("ce_expirytime", "tomorrow")),
    "a header that is no text": ("bad_header", lambda r: r.header("ce_source", b"\xff\0")),
    "too many headers": ("bad_header", lambda r: r.but(headers=r.headers + [(f"x{i}", b"") for i in range(40)])),
    "no token": ("no_token", lambda r: r.header("authorization", None)),
    "another scheme": ("bad_header", lambda r: r.header("authorization", "Basic ZGNzOmRjcw==")),
    "ce_type of another command": ("wrong_type", lambda r: r.header("ce_type", MESSAGES["CreateDebt"].ce_type)),
    "ce_type of an older version": ("wrong_type", lambda r: r.header("ce_type", "dcs.debts.RecordPayment.v0")),
    "no key": ("bad_key", lambda r: r.but(key=None)),
    "key is no UUID": ("bad_key", lambda r: r.but(key=b"4711")),
    "key in sixteen bytes": ("bad_key", lambda r: r.but(key=uuid.UUID(r.key.decode()).bytes)),
    "key of another customer": ("bad_key", lambda r: r.but(key=other_id())),
    "key in capitals": ("bad_key", lambda r: r.but(key=r.key.upper())),
    "key of nobody": ("bad_key", lambda r: r.but(key=str(uuid.UUID(int=0)).encode())),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_record_becomes_a_dead_letter(client, events, debtor, payment, goes_on, name):
    code, spoil = SPOILT[name]
    spoilt, place = send_spoilt(client, debtor, spoil(payment))
    assert (spoilt.key, spoilt.value, spoilt.headers) != (payment.key, payment.value, payment.headers)
    letter = events.expect_dead(spoilt, place, code)
    assert (letter.key, letter.value) == (spoilt.key, spoilt.value)
    for header, value in spoilt.headers:
        assert header.startswith("x") or header in letter.headers, header


def test_a_dead_letter_keeps_key_value_and_headers(client, events, debtor, payment, goes_on):
    spoilt, place = send_spoilt(client, debtor, payment.header("authorization", None).header("x-mine", b"\0\xff"))
    letter = events.expect_dead(spoilt, place, "no_token")
    assert (letter.key, letter.value) == (spoilt.key, spoilt.value)
    assert {name: letter.headers[name] for name, _ in spoilt.headers} == dict(spoilt.headers)
    about = {name for name in letter.headers if name.startswith("dcs_error_")}
    names = ("topic", "partition", "offset", "group", "code", "message", "attempts", "time")
    assert about == {f"dcs_error_{name}" for name in names}


def test_a_command_of_another_module_becomes_a_dead_letter(client, people, events, debtor, goes_on):
    record = people.create_customer(debtor[0]).but(topic="dcs.debts.commands.v1")
    events.expect_dead(*send_spoilt(client, debtor, record), "wrong_type")


def test_an_event_is_no_command(client, events, debtor, payment, goes_on):
    paid = MESSAGES["DebtPaid"]
    body = dict(debt_id=debtor[1], customer_id=debtor[0], version=2, creditor_id=new_id(), currency="EUR")
    value = paid.encode({**body, "due_on": today(), "paid_on": today()})
    record = payment.but(value=value).header("ce_type", paid.ce_type)
    events.expect_dead(*send_spoilt(client, debtor, record), "wrong_type")


def test_a_record_larger_than_the_topic_allows_is_refused_by_the_broker(client, debtor, payment, goes_on):
    with pytest.raises(confluent_kafka.KafkaException):
        send_spoilt(client, debtor, payment.but(value=longer(payment.value, 5 * 1024 * 1024)))


# ---- tokens ----


def forged(client, *roles, algorithm="ES256", key=None, **headers):
    """A token of the right form that we never signed."""
    claims = jwt.decode(client.token(*roles), options={"verify_signature": False})
    kid = sorted(client.keys.glob("*.pem"))[0].stem
    return jwt.encode(claims, key, algorithm, {"kid": kid, **headers})


def strangers_key():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def cut_signature(token):
    return token.rsplit(".", 1)[0] + "."


TOKENS = {
    "wrong role": ("not_authorised", lambda c: c.token("auditor")),
    "no role": ("not_authorised", lambda c: c.token()),
    "expired an hour ago": ("expired_token", lambda c: c.token("agent", lifetime_s=-3600)),
    "not valid yet": ("expired_token", lambda c: c.token("agent", nbf=int(time.time()) + 7200, lifetime_s=10800)),
    "not a token": ("bad_token", lambda c: "open sesame"),
    "no signature": ("bad_token", lambda c: cut_signature(c.token("agent"))),
    "alg none": ("bad_token", lambda c: forged(c, "agent", algorithm="none", key=None)),
    "HS256 with the name of our key": ("bad_token", lambda c: forged(c, "agent", algorithm="HS256", key="secret")),
    "a stranger's key": ("bad_token", lambda c: forged(c, "agent", key=strangers_key())),
    "a key we do not have": ("bad_token", lambda c: forged(c, "agent", key=strangers_key(), kid="../../etc/passwd")),
    "another issuer": ("bad_token", lambda c: c.token("agent", iss="somebody")),
    "another audience": ("bad_token", lambda c: c.token("agent", aud="somebody")),
}


@pytest.mark.parametrize("name", TOKENS)
def test_who_may_not_is_dead_lettered(client, events, debtor, payment, goes_on, name):
    code, make = TOKENS[name]
    record = payment.header("authorization", "Bearer " + make(client))
    events.expect_dead(*send_spoilt(client, debtor, record), code)


def test_an_id_that_somebody_tried_without_a_token_is_not_used_up(client, events, debtor, payment):
    events.expect_dead(*send_spoilt(client, debtor, payment.header("authorization", None)), "no_token")
    client.send(payment)
    events.expect(payment, "PaymentRecorded")


def test_the_scheme_bearer_may_be_spelt_in_any_case(client, events, payment):
    client.send(payment.header("authorization", "bearer " + client.token("agent")))
    events.expect(payment, "PaymentRecorded")


# ---- refused by the rules ----

REFUSED_PAYMENTS = {
    "amount of zero": ("bad_amount", dict(amount_minor=0)),
    "amount below zero": ("bad_amount", dict(amount_minor=-1)),
    "amount that overflows": ("bad_amount", dict(amount_minor=INT64_MAX)),
    "currency of another debt": ("bad_currency", dict(currency="USD")),
    "unknown currency": ("bad_currency", dict(currency="ZZZ")),
    "received tomorrow": ("bad_date", dict(received_on=today() + datetime.timedelta(days=3))),
    "unknown debt": ("not_found", dict(debt_id=new_id())),
    "empty reference": ("bad_value", dict(external_ref="")),
}


@pytest.mark.parametrize("name", REFUSED_PAYMENTS)
def test_a_payment_against_the_rules_is_refused(client, people, events, debtor, goes_on, name):
    code, body = REFUSED_PAYMENTS[name]
    record = people.record_payment(debtor[0], **{"debt_id": debtor[1], **body})
    client.send(record)
    events.expect_refusal(record, code)


REFUSED_DEBTS = {
    "amount that overflows": ("bad_amount", dict(principal_minor=INT64_MAX)),
    "amounts whose sum overflows": ("bad_amount", dict(principal_minor=INT64_MAX, interest_minor=INT64_MAX)),
    "amount below zero": ("bad_amount", dict(principal_minor=-(2**63))),
    "unknown currency": ("bad_currency", dict(currency="ZZZ")),
    "currency in lower case": ("bad_currency", dict(currency="eur")),
    "currency that is none": ("bad_currency", dict(currency="")),
    "due before it was opened": ("bad_date", dict(due_on=datetime.date(1950, 1, 1))),
    "fees that nothing allows": ("bad_amount", dict(fee_minor=1, fees_authorised=False)),
}


@pytest.mark.parametrize("name", REFUSED_DEBTS)
def test_a_debt_against_the_rules_is_refused(client, people, events, debtor, goes_on, name):
    code, body = REFUSED_DEBTS[name]
    record = people.create_debt(debtor[0], **body)
    client.send(record)
    events.expect_refusal(record, code)


def test_a_debt_id_that_exists_is_refused(client, people, events, debtor, goes_on):
    record = people.create_debt(debtor[0], debt_id=debtor[1], external_ref="another")
    client.send(record)
    events.expect_refusal(record, "exists", "debt_id")


def test_a_reference_of_the_creditor_that_exists_is_refused(client, people, events, debtor, goes_on):
    record = people.create_debt(debtor[0], external_ref=f"D-{debtor[1]}")
    client.send(record)
    events.expect_refusal(record, "exists", "external_ref")


def test_a_customer_that_exists_is_refused(client, people, events, debtor):
    record = people.create_customer(debtor[0], external_ref="another")
    client.send(record)
    events.expect_refusal(record, "exists", "customer_id")


def test_a_command_past_its_own_deadline_is_refused(client, events, payment, goes_on):
    client.send(payment.header("ce_expirytime", "2020-01-01T00:00:00Z"))
    events.expect_refusal(payment, "expired")


# ---- clients that partition in their own way ----


def misplaced(client, people, events):
    """A customer with a debt, and the partition that a client with default settings chooses for the key: CRC32, not murmur2."""
    while True:
        customer_id = people.customer()
        debt = people.create_debt(customer_id)
        right, _ = client.send(debt)
        wrong = binascii.crc32(customer_id.encode()) % len(client.producer.list_topics(debt.topic).topics[debt.topic].partitions)
        debt_id = events.expect(debt, "DebtCreated").body["debt_id"]
        if wrong != right:
            return customer_id, debt_id, wrong


def test_a_record_in_the_wrong_partition_is_told_and_is_done_when_it_is_replayed(world, client, people, events):
    customer_id, debt_id, wrong = misplaced(client, people, events)
    record = people.record_payment(customer_id, debt_id)
    default = confluent_kafka.Producer({"bootstrap.servers": world.environment["DCS_KAFKA_BOOTSTRAP"]})
    places = []
    default.produce(record.topic, record.value, record.key, headers=record.headers,
                    on_delivery=lambda error, message: places.append((message.partition(), message.offset())))  # fmt: skip
    assert default.flush(30) == 0 and places[0][0] == wrong
    letter = events.expect_dead(record, places[0], "wrong_partition")
    assert b"partitioner=murmur2_random" in letter.headers["dcs_error_message"]
    people.pay(customer_id, debt_id)
    done = replay(world, places[0], "--role", "agent")
    assert done.returncode == 0 and "1 replayed, 0 failed: 1 accepted, 0 refused" in done.stderr, done.stderr
    events.expect(record, "PaymentRecorded")


def test_what_is_refused_when_it_is_replayed_is_told(world, client, people, events, debtor):
    record = people.record_payment(*debtor, amount_minor=0, token=client.token("agent", lifetime_s=-3600))
    place = client.send(record)
    events.expect_dead(record, place, "expired_token")
    done = replay(world, place, "--role", "agent")
    assert done.returncode == 1 and "refused (bad_amount, amount_minor)" in done.stderr, done.stderr
    assert replay(world, place, "--role", "agent", "--all", "--no-wait").returncode == 0
    events.expect(record, "CommandRejected", "CommandRejected")


# ---- dead letters, put right ----


def replay(world, place, *flags):
    return world.dcs("dead-letters", "replay", "debts", "--part", str(place[0]), "--offset", str(place[1]), *flags, check=False)


def test_a_dead_letter_is_listed_and_replayed_with_a_renewed_token(world, client, people, events, debtor):
    record = people.record_payment(*debtor, token=client.token("agent", lifetime_s=-3600))
    place = client.send(record)
    letter = events.expect_dead(record, place, "expired_token")
    bearer = dict(record.headers)["authorization"]
    assert letter.headers["authorization"] == bearer[: bearer.rindex(b".") + 1]  # what opens is cut off
    flags = ["--part", str(place[0]), "--offset", str(place[1]), "--json"]
    listed = json.loads(world.dcs("dead-letters", "list", "debts", *flags))
    assert listed["code"] == "expired_token"
    assert replay(world, place, "--role", "agent").returncode == 0
    events.expect(record, "PaymentRecorded")
    assert world.dcs("dead-letters", "list", "debts", *flags).strip() == ""


def test_a_dead_letter_replayed_as_it_is_comes_back(world, client, events, debtor, payment, goes_on):
    spoilt, place = send_spoilt(client, debtor, payment.header("ce_source", None))
    events.expect_dead(spoilt, place, "missing_header")
    before = len(events.dead)
    assert replay(world, place).returncode == 2  # with which rights?
    done = replay(world, place, "--role", "agent")
    assert done.returncode == 1 and f"debts partition {place[0]} offset {place[1]}: dead (missing_header)" in done.stderr, done.stderr
    wait_for(lambda: events.poll(0.05) >= 0 and len(events.dead) > before, "a second dead letter")
    assert events.of(spoilt) == []
