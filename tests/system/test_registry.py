"""The schema registry's read endpoints, asked by clients that others wrote: Debian's confluent-kafka, the newest one with its Avro
serialiser, and the requests of Java's deserialiser, Kafka Connect's converter and Kafka UI, as their source makes them."""

import json
import os
import subprocess

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from client import BY_SCHEMA_ID, MESSAGES, new_id, today
from world import ROOT
from words import expand  # world says where it is

PYTHON = ROOT / ".cache/python/bin/python"
AVSC = {message.name: message.path for message in MESSAGES.values()}
EVENTS = "dcs.debts.events.v1"
JSON = {"Content-Type": "application/vnd.schemaregistry.v1+json"}


def published(message):
    """A schema as it is published: the words stand in it, not the name of their list."""
    return json.loads(expand(message.path.read_text()))


@pytest.fixture(scope="module")
def registry(world):
    return SchemaRegistryClient({"url": world.environment["DCS_API_URL"]})


def newest(world, *arguments, text=None, **environment):
    """The newest client, in its own process."""
    command = [PYTHON, ROOT / "tests/system/registry_client.py", world.environment["DCS_API_URL"]]
    command += [world.environment["DCS_KAFKA_BOOTSTRAP"], *arguments]
    done = subprocess.run(command, input=text, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---- consumers ----


def test_a_consumer_of_others_decodes_a_topic(world, people, events, api):
    customer = people.customer()
    debt = people.debt(customer)
    people.pay(customer, debt, 40_00)
    people.pay(customer, debt, 59_00)
    wanted = [event for answers in events.by_cause.values() for event in answers if event.topic == EVENTS]
    assert {"DebtCreated", "PaymentRecorded"} <= {event.type for event in wanted}
    decoded = newest(world, "read", EVENTS).splitlines()
    expected = {json.dumps([EVENTS, event.key.decode(), event.body], default=str) for event in wanted}
    assert expected <= set(decoded)


def test_a_command_topic_is_decoded_ticks_and_all(world, people):
    customer = people.customer()
    lines = [json.loads(line) for line in newest(world, "read", "dcs.customers.commands.v1").splitlines()]
    assert customer in [key for _topic, key, _body in lines]
    assert any(key is None and "business_date" in body for _topic, key, body in lines)


def test_a_standard_serialiser_makes_a_command_that_is_decided(world, client, people, events):
    """As it comes: it names the subject after the topic and registers the schema, which is there already."""
    customer = people.customer()
    record = people.create_debt(customer)
    body = MESSAGES["CreateDebt"].decode(record.value)
    headers = {name: value.decode() for name, value in record.headers}
    text = json.dumps(body, default=str)
    newest(world, "send", record.topic, customer, str(AVSC["CreateDebt"]), text=text, HEADERS=json.dumps(headers))
    assert events.expect(record, "DebtCreated").body["debt_id"] == body["debt_id"]


# ---- clients' questions ----


def test_every_schema_is_found_by_its_id(registry):
    for message in BY_SCHEMA_ID.values():
        schema = registry.get_schema(message.schema_id)
        assert schema.schema_type == "AVRO" and json.loads(schema.schema_str) == published(message)


def test_subjects_are_the_records(registry):
    subjects = registry.get_subjects()
    assert sorted(subjects) == sorted(message.subject for message in MESSAGES.values())
    for subject in subjects:
        latest = registry.get_latest_version(subject)
        versions = [message for message in BY_SCHEMA_ID.values() if message.subject == subject]
        assert registry.get_versions(subject) == [message.version for message in versions]
        assert (latest.schema_id, latest.version) == (versions[-1].schema_id, versions[-1].version)
        for message in versions:
            found = registry.get_version(subject, message.version)
            assert found.schema_id == message.schema_id
            assert json.loads(found.schema.schema_str) == published(message)


def test_a_message_of_several_versions_has_all_and_a_client_decodes_each(world, registry, api):
    """An event of before is in its topic for ever: read with the schema of its frame, whatever is written now."""
    versions = [message for message in BY_SCHEMA_ID.values() if message.name == "DebtPaid"]
    assert registry.get_versions("dcs.debts.DebtPaid") == [1, 2, 3]
    assert registry.get_latest_version("dcs.debts.DebtPaid").schema_id == versions[-1].schema_id
    for message in versions:
        schema = Schema(message.path.read_text(), "AVRO")
        assert registry.lookup_schema("dcs.debts.DebtPaid", schema).version == message.version
        assert registry.register_schema(EVENTS + "-value", schema) == message.schema_id
        assert api.get(f"/schemas/ids/{message.schema_id}/versions").json == [{"subject": "dcs.debts.DebtPaid", "version": message.version}]
    body = {"debt_id": new_id(), "customer_id": new_id(), "version": 3, "creditor_id": new_id(), "currency": "EUR", "due_on": today(), "paid_on": today()}
    bodies = [body, {**body, "booked_on": today()}, {**body, "booked_on": today(), "actor": "bank-1"}]
    decoded = [json.loads(newest(world, "decode", EVENTS, message.encode(sent).hex())) for message, sent in zip(versions, bodies)]
    assert decoded == [json.loads(json.dumps(sent, default=str)) for sent in bodies]


@pytest.mark.parametrize("subject, message, version", [
    ("dcs.debts.CreateDebt", "CreateDebt", 1),
    ("dcs.debts.commands.v1-value", "CreateDebt", 2),
    ("dcs.debts.events.v1-value", "CommandRejected", 2),
    ("dcs.customers.commands.v1-value", "Tick", 1),
])
def test_a_schema_is_found_by_its_content(world, registry, subject, message, version):
    schema = Schema(AVSC[message].read_text(), "AVRO")
    found = registry.lookup_schema(subject, schema)
    assert (found.schema_id, found.version) == (MESSAGES[message].schema_id, version)
    assert registry.register_schema(subject, schema) == MESSAGES[message].schema_id
    told = json.loads(newest(world, "lookup", subject, str(AVSC[message])))
    assert (told["id"], told["version"]) == (MESSAGES[message].schema_id, version)


def test_the_whole_is_read_only_and_full_transitive(registry):
    assert registry.get_compatibility() == "FULL_TRANSITIVE"
    assert registry.get_compatibility("dcs.debts.CreateDebt") == "FULL_TRANSITIVE"
    other = Schema('{"type": "record", "name": "X", "fields": []}', "AVRO")
    with pytest.raises(SchemaRegistryError) as error:
        registry.register_schema("mine-value", other)
    assert (error.value.http_status_code, error.value.error_code) == (422, 42205)


@pytest.mark.parametrize("ask, status, code", [
    (lambda registry: registry.get_schema(7), 404, 40403),
    (lambda registry: registry.get_versions("nobody"), 404, 40401),
    (lambda registry: registry.get_versions("dcs.engine.events.v1-value"), 404, 40401),
    (lambda registry: registry.get_version("nobody", 1), 404, 40401),
    (lambda registry: registry.get_version("dcs.debts.CreateDebt", 2), 404, 40402),
    (lambda registry: registry.get_version("dcs.debts.CreateDebt", 0), 422, 42202),
    (lambda registry: registry.get_version("dcs.debts.CreateDebt", "first"), 422, 42202),
    (lambda registry: registry.lookup_schema("dcs.debts.CreateDebt", Schema(AVSC["RecordPayment"].read_text(), "AVRO")), 404, 40403),
    (lambda registry: registry.lookup_schema("nobody", Schema(AVSC["RecordPayment"].read_text(), "AVRO")), 404, 40401),
    (lambda registry: registry.lookup_schema("dcs.debts.CreateDebt", Schema("{", "JSON")), 422, 42201),
])
def test_what_is_not_there_is_told_in_the_registrys_own_words(registry, ask, status, code):
    with pytest.raises(SchemaRegistryError) as error:
        ask(registry)
    assert (error.value.http_status_code, error.value.error_code) == (status, code), error.value


# ---- the same, request by request, against the document ----


def test_what_javas_deserialiser_and_connects_converter_ask(api):
    """By id with a subject after the topic; the converter then asks for the version of what it got."""
    message = MESSAGES["DebtCreated"]
    for subject in ("dcs.debts.events.v1-value", message.subject):
        answer = api.get(f"/schemas/ids/{message.schema_id}?fetchMaxId=false&subject={subject}")
        assert set(answer.json) == {"schema"}
        body = json.dumps({"schema": answer.json["schema"], "schemaType": "AVRO", "references": []}).encode()
        found = api.post(f"/subjects/{subject}?normalize=false&deleted=true", body=body, headers=JSON)
        assert found.json["id"] == message.schema_id
    assert api.get(f"/schemas/ids/{message.schema_id}?fetchMaxId=true").json["maxId"] == max(BY_SCHEMA_ID)


def test_what_kafka_ui_asks(api):
    assert api.get("/subjects").status == 200
    assert api.get("/subjects?subjectPrefix=dcs.debts.&deleted=false").json[0].startswith("dcs.debts.")
    assert api.get("/config/dcs.debts.CreateDebt?defaultToGlobal=true").json == {"compatibilityLevel": "FULL_TRANSITIVE"}
    assert api.get("/config").status == api.get("/mode").status == api.get("/mode/dcs.debts.CreateDebt").status == 200
    assert api.get("/schemas/types").json == ["AVRO"]
    for version in ("1", "latest", "-1"):
        answer = api.get(f"/subjects/dcs.debts.CreateDebt/versions/{version}")
        assert answer.json["version"] == 1 and answer.json["id"] == MESSAGES["CreateDebt"].schema_id
    assert api.get("/subjects/dcs.debts.CreateDebt/versions/1/schema").json["name"] == "CreateDebt"
    assert api.get("/schemas/ids/1001/schema").json["name"] == "CreateDebt"
    assert api.get("/schemas/ids/1001/versions").json == [{"subject": "dcs.debts.CreateDebt", "version": 1}]
    assert api.get("/schemas/ids/1001/subjects").json == ["dcs.debts.CreateDebt"]


@pytest.mark.parametrize("target, status", [
    ("/schemas/ids/7", 404), ("/schemas/ids/x", 404), ("/schemas/ids/99999999999999999999", 404), ("/schemas/ids/-1001/schema", 404),
    ("/schemas/ids/7/versions", 404), ("/schemas/ids/7/subjects", 404), ("/subjects/x/versions", 404), ("/subjects/x/versions/1", 404),
    ("/subjects/dcs.debts.CreateDebt/versions/x", 422), ("/subjects/dcs.debts.CreateDebt/versions/2147483648", 422),
    ("/subjects/dcs.debts.CreateDebt/versions/2", 404), ("/subjects/dcs.debts.CreateDebt/versions/2/schema", 404),
    ("/subjects/dcs.debts.CreateDebt/versions/x/schema", 422),
])
def test_refusals_are_as_described(api, target, status):
    assert api.get(target).status == status


def test_bodies_that_are_no_schema(api):
    for path in ("/subjects/dcs.debts.CreateDebt", "/subjects/dcs.debts.CreateDebt/versions"):
        for body in (b"", b"x", b"{}", b'{"schema": 7}', b'{"schema": "{}", "schemaType": "PROTOBUF"}', b"[" * 5000):
            assert api.post(path, body=body, headers=JSON).status == 422
        assert api.post(path, body=b'{"schema": "' + b"x" * 70000 + b'"}', headers=JSON).status == 413
