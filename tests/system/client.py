"""A client of the system that shares no code with it: confluent-kafka, python3-avro, PyJWT.

Knows the protocol from schemas/ and the two documents (CloudEvents headers, Confluent framing) only, so that what it sends and
understands is what anybody's client would.
"""

import dataclasses
import datetime
import io
import json
import os
import pathlib
import struct
import time
import uuid

import avro.io
import avro.schema
import confluent_kafka
import jwt

from world import ROOT, wait_for

DEAD_LETTERS = "dcs.dead-letter.v1"
UTC = datetime.timezone.utc


def now():
    return datetime.datetime.now(UTC)


def today():
    return now().date()


def new_id():
    """A UUIDv7 (RFC 9562), as text: python3-avro takes and gives UUIDs so."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62))


# ---- schemas ----


def without_uuids(schema):
    """python3-avro 1.11.1 stumbles over a nullable UUID that is null. The type without its name has the same bytes."""
    if isinstance(schema, list):
        return [without_uuids(branch) for branch in schema]
    if isinstance(schema, dict):
        return "string" if schema.get("logicalType") == "uuid" else {name: without_uuids(value) for name, value in schema.items()}
    return schema


class Message:
    """A version of a command or an event: its schema, as the .avsc says."""

    def __init__(self, path, ids):
        source = json.loads(path.read_text())
        self.name = source["name"]
        self.module = source["namespace"].removeprefix("dcs.")
        self.key_field = source.get("dcs.key")
        self.aggregate_field = source.get("dcs.aggregate")
        self.subject = f"dcs.{self.module}.{self.name}"
        self.ce_type = f"{self.subject}.v1"
        self.path = path
        self.version = int(path.stem.partition(".v")[2] or 1)
        self.schema_id = ids[f"dcs.{self.module}.{path.stem}"]
        self.schema = avro.schema.parse(json.dumps(without_uuids(source)))

    def encode(self, body):
        out = io.BytesIO()
        avro.io.DatumWriter(self.schema).write(body, avro.io.BinaryEncoder(out))
        return struct.pack(">bI", 0, self.schema_id) + out.getvalue()

    def decode(self, value):
        return avro.io.DatumReader(self.schema).read(avro.io.BinaryDecoder(io.BytesIO(value[5:])))


def load_messages():
    ids = json.loads((ROOT / "schemas/ids.json").read_text())
    return sorted((Message(path, ids) for path in ROOT.glob("schemas/*/*.avsc")), key=lambda message: message.schema_id)


BY_SCHEMA_ID = {message.schema_id: message for message in load_messages()}  # all versions
MESSAGES = {message.name: message for message in BY_SCHEMA_ID.values()}  # the newest of each: its id is the highest


# ---- what is sent ----


@dataclasses.dataclass
class Record:
    topic: str
    key: bytes
    value: bytes
    headers: list  # of (name, bytes)
    id: str
    partition: int = -1  # -1: by the key

    def but(self, **changes):
        """The same with something else in it."""
        return dataclasses.replace(self, **changes)

    def header(self, name, value):
        """The same with this header, or without it when the value is None."""
        headers = [(other, old) for other, old in self.headers if other != name]
        if value is not None:
            headers.append((name, value.encode() if isinstance(value, str) else value))
        return dataclasses.replace(self, headers=headers)


class Client:
    def __init__(self, world):
        self.keys = pathlib.Path(world.environment["DCS_KEYS_DIR"])
        self.producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": world.environment["DCS_KAFKA_BOOTSTRAP"],
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "message.max.bytes": 8_000_000,
                "socket.nagle.disable": True,
                "linger.ms": 0,
            }
        )
        self.tokens = {}

    def token(self, *roles, subject="somebody-else", lifetime_s=3600, key=None, **claims):
        """Signed with the stack's key, or with another one in PEM; for all creditors and sources, unless the claims say less."""
        path = sorted(self.keys.glob("*.pem"))[0]
        at = int(time.time()) + min(0, lifetime_s)
        body = {"iss": "dcs", "aud": "dcs", "sub": subject, "iat": at - 1, "exp": int(time.time()) + lifetime_s, "roles": list(roles)}
        body |= {"creditors": ["*"], "sources": ["*"]}
        return jwt.encode({**body, **claims}, key or path.read_text(), "ES256", {"kid": path.stem})

    def token_of(self, *roles):
        if roles not in self.tokens:
            self.tokens[roles] = self.token(*roles)
        return self.tokens[roles]

    def command(self, name, /, *roles, command_id=None, token=None, **body):
        """A record that is in order."""
        message = MESSAGES[name]
        key = body[message.key_field] if message.key_field else None  # of a Tick
        command_id = command_id or new_id()
        headers = {
            "ce_specversion": "1.0",
            "ce_id": command_id,
            "ce_source": "/somebody/else",
            "ce_type": message.ce_type,
            "ce_time": now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "content-type": "application/avro",
            "authorization": "Bearer " + (token or self.token_of(*roles)),
        }
        return Record(
            topic=f"dcs.{message.module}.commands.v1",
            key=key and key.encode(),
            value=message.encode(body),
            headers=[(header, value.encode()) for header, value in headers.items()],
            id=command_id,
        )

    def send(self, *records):
        """In this order; waits until the broker has them. The partition and offset of each; of one record, its own."""
        places = [None] * len(records)

        def delivered(index):
            def callback(error, message):
                places[index] = error or (message.partition(), message.offset())

            return callback

        for index, record in enumerate(records):
            arguments = {} if record.partition < 0 else {"partition": record.partition}
            self.producer.produce(
                record.topic, record.value, record.key, headers=record.headers, on_delivery=delivered(index), **arguments
            )
            self.producer.poll(0)
        assert self.producer.flush(60) == 0
        errors = [place for place in places if isinstance(place, confluent_kafka.KafkaError)]
        if errors:
            raise confluent_kafka.KafkaException(errors[0])
        return places[0] if len(places) == 1 else places


# ---- what is answered ----


@dataclasses.dataclass
class Event:
    topic: str
    part: int
    offset: int
    key: bytes
    value: bytes
    headers: dict
    at_ms: int

    @property
    def id(self):
        return self.headers["ce_id"].decode()

    @property
    def cause(self):
        return self.headers["ce_causationid"].decode()

    @property
    def seq(self):
        return int(self.headers["ce_sequence"])

    @property
    def message(self):
        return BY_SCHEMA_ID[struct.unpack(">I", self.value[1:5])[0]]

    @property
    def type(self):
        return self.message.name

    @property
    def body(self):
        return self.message.decode(self.value)


class Events:
    """Everything on the events topics and the dead-letter topic, from the beginning. Repetitions (same id) are counted only."""

    def __init__(self, world, modules):
        self.consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": world.environment["DCS_KAFKA_BOOTSTRAP"],
                "group.id": "somebody-else",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",
                "fetch.wait.max.ms": 50,
                "socket.nagle.disable": True,
            }
        )
        self.by_cause = {}
        self.ids = set()
        self.repeated = 0
        self.dead = {}  # by (topic, part, offset) of the command
        topics = [f"dcs.{module}.events.v1" for module in modules] + [DEAD_LETTERS]
        known = self.consumer.list_topics(timeout=30).topics
        self.consumer.assign(
            [
                confluent_kafka.TopicPartition(topic, part, confluent_kafka.OFFSET_BEGINNING)
                for topic in topics
                for part in known[topic].partitions
            ]
        )

    def close(self):
        self.consumer.close()

    def poll(self, timeout_s=0.0):
        """Takes in what is there."""
        count = 0
        for message in self.consumer.consume(1000, timeout_s):
            if message.error():
                continue
            self.take(message)
            count += 1
        return count

    def take(self, message):
        headers = dict(message.headers() or [])
        event = Event(
            message.topic(), message.partition(), message.offset(), message.key(), message.value(), headers, message.timestamp()[1]
        )
        if event.topic == DEAD_LETTERS:
            place = (headers["dcs_error_topic"].decode(), int(headers["dcs_error_partition"]), int(headers["dcs_error_offset"]))
            self.dead[place] = event
        elif event.id in self.ids:
            self.repeated += 1
        else:
            self.ids.add(event.id)
            self.by_cause.setdefault(event.cause, []).append(event)

    def of(self, record):
        return self.by_cause.get(record.id, [])

    def expect(self, record, *types):
        """Waits until the answer to this command has as many events as named, and looks whether they are these."""

        def is_there():
            self.poll(0.05)
            found = [event.type for event in self.of(record)]
            return len(found) >= len(types) or "CommandRejected" in found

        wait_for(is_there, lambda: f"{types} in answer to {record.id}, only {[event.type for event in self.of(record)]}")
        events = self.of(record)
        found = [(event.type, event.body if event.type == "CommandRejected" else None) for event in events]
        assert [event.type for event in events] == list(types), found
        return events[0]

    def expect_refusal(self, record, code, field=None):
        body = self.expect(record, "CommandRejected").body
        assert body["code"] == code, body
        assert field is None or body["field"] == field, body
        return body

    def expect_dead(self, record, place, code):
        where = (record.topic, *place)

        def is_there():
            self.poll(0.05)
            return where in self.dead

        wait_for(is_there, f"a dead letter of {where}")
        letter = self.dead[where]
        assert letter.headers["dcs_error_code"].decode() == code, letter.headers["dcs_error_message"]
        assert self.of(record) == []
        return letter
