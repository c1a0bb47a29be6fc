"""Confluent's newest Python client, in a process of its own: .cache/python/bin/python registry_client.py URL BOOTSTRAP COMMAND ...

    read TOPIC             all that is on a topic, one JSON line a record: [topic, key, decoded body]
    decode TOPIC HEX       one value of the topic, as JSON
    lookup SUBJECT FILE    what the registry says of the schema in the file, as JSON
    send TOPIC KEY FILE    standard input: a body as JSON, by AvroSerializer as it comes (subject after the topic, registering); headers
                           are JSON in the environment variable HEADERS
"""

import datetime
import json
import os
import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext


def read(registry, bootstrap, topic):
    deserialise = AvroDeserializer(registry)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "another", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, 30).topics[topic].partitions
    places = [TopicPartition(topic, partition, 0) for partition in partitions]
    ends = [consumer.get_watermark_offsets(place, 30) for place in places]
    consumer.assign(places)
    for _ in range(sum(high - low for low, high in ends)):
        message = consumer.poll(60)
        assert message is not None and not message.error(), message
        body = deserialise(message.value(), SerializationContext(topic, MessageField.VALUE))
        print(json.dumps([topic, message.key().decode() if message.key() else None, body], default=str))
    consumer.close()


def decode(registry, _bootstrap, topic, value):
    body = AvroDeserializer(registry)(bytes.fromhex(value), SerializationContext(topic, MessageField.VALUE))
    print(json.dumps(body, default=str))


def lookup(registry, _bootstrap, subject, path):
    found = registry.lookup_schema(subject, Schema(open(path).read(), "AVRO"))
    latest = registry.get_latest_version(subject)
    print(json.dumps({"id": found.schema_id, "version": found.version, "latest": latest.schema_id}))


def send(registry, bootstrap, topic, key, path):
    body = json.load(sys.stdin)
    for name in ("opened_on", "due_on"):
        body[name] = datetime.date.fromisoformat(body[name])
    serialise = AvroSerializer(registry, open(path).read())
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random"})
    value = serialise(body, SerializationContext(topic, MessageField.VALUE))
    producer.produce(topic, value, key, headers=list(json.loads(os.environ["HEADERS"]).items()))
    assert producer.flush(60) == 0


url, bootstrap, command, *arguments = sys.argv[1:]
{"read": read, "decode": decode, "lookup": lookup, "send": send}[command](SchemaRegistryClient({"url": url}), bootstrap, *arguments)
