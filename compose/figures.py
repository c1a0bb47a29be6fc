"""Rate and latency as the topics tell them: an event's ce_time is the broker's time of its command, its own timestamp is the
broker's too, so both ends are measured with one clock.

usage: figures.py import         over everything in the events topics: commands, events, seconds, rate
       figures.py refusals DCS   how often which command was refused with which code
       figures.py probe DCS      publishes PROBES commands on the idle system and tells from command to event

The environment is that of DIR/env.
"""

import json
import os
import pathlib
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime

from confluent_kafka import Consumer, TopicPartition

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "consumers"))

import modules  # noqa: E402

MODULES = modules.names("customer")  # what the import is about
PROBES = 200
DEADLINE_S = 30


def instant_ms(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


class Events:
    """The events topics of some modules, from a place on."""

    def __init__(self, modules):
        self.consumer = Consumer(
            {"bootstrap.servers": os.environ["DCS_KAFKA_BOOTSTRAP"], "group.id": "dcs-figures", "enable.auto.commit": False}
        )
        self.partitions = []
        for module in modules:
            topic = f"dcs.{module}.events.v1"
            found = self.consumer.list_topics(topic, 10).topics[topic].partitions
            self.partitions += [TopicPartition(topic, part) for part in found]

    def ends(self):
        return [self.consumer.get_watermark_offsets(partition, 10) for partition in self.partitions]

    def seek(self, offsets):
        self.consumer.assign(
            [TopicPartition(at.topic, at.partition, offset) for at, offset in zip(self.partitions, offsets)]
        )

    def until(self, enough, deadline_s):
        """(command id, command's time, event's time) of each event, until `enough(count)`."""
        read = []
        deadline = time.monotonic() + deadline_s
        while not enough(len(read)) and time.monotonic() < deadline:
            for message in self.consumer.consume(1000, 0.1):
                if message.error():
                    continue
                headers = dict(message.headers() or [])
                read.append(
                    (headers["ce_causationid"].decode(), instant_ms(headers["ce_time"].decode()), message.timestamp()[1])
                )
        return read


def percentile(sorted_numbers, percent):
    return sorted_numbers[min(len(sorted_numbers) - 1, len(sorted_numbers) * percent // 100)]


def show_import():
    events = Events(MODULES)
    ends = events.ends()
    events.seek([low for low, _ in ends])
    whole = sum(high - low for low, high in ends)
    read = events.until(lambda count: count >= whole, DEADLINE_S)
    if not read:
        print("no events")
        return
    commands = len({cause for cause, _, _ in read})
    seconds = max(0.001, (max(at for _, _, at in read) - min(at for _, at, _ in read)) / 1000)
    print(
        f"The import: {commands} commands and {len(read)} events in {seconds:.1f} s from the first command to the last event, "
        f"sending included: {commands / seconds:.0f} commands/s on {os.cpu_count()} processors."
    )


def show_refusals(dcs):
    counts = Counter()
    for module in MODULES:
        tail = subprocess.Popen([dcs, "tail", f"dcs.{module}.events.v1"], stdout=subprocess.PIPE, text=True)
        for line in tail.stdout:
            if '"type":"CommandRejected"' in line:
                body = json.loads(line)["body"]
                counts[(body["command_type"].split(".")[-1], body["code"], body["field"])] += 1
        if tail.wait() != 0:
            sys.exit("dcs tail failed")
    for (command, code, field), count in counts.most_common():
        print(f"  {count:6}  {command:18} {code:20} {field}")


def customer_ids():
    query = f"SELECT customer_id, locale, country FROM customers.public_customer LIMIT {PROBES}"
    done = subprocess.run(["psql", os.environ["DCS_PG"], "-XAtc", query], capture_output=True, text=True, check=True)
    return [line.split("|") for line in done.stdout.split()]


def show_probe(dcs):
    """Tells every customer of a sample his own locale again: an answer each, and nothing changes."""
    events = Events(["customers"])
    events.seek([high for _, high in events.ends()])
    events.until(lambda count: True, 0)
    people = customer_ids()
    lines = "".join(json.dumps({"customer_id": person, "locale": locale}) + "\n" for person, locale, _ in people)
    subprocess.run([dcs, "publish", "UpdateCustomer", "--role", "agent", "--no-wait"], input=lines, text=True, capture_output=True, check=True)
    read = events.until(lambda count: count >= len(people), DEADLINE_S)
    if len(read) < len(people):
        print(f"Only {len(read)} of {len(people)} probes were answered in {DEADLINE_S} s.")
        return
    latencies = sorted(at - command_at for _, command_at, at in read)
    print(
        f"Now, idle: {len(people)} commands at once, from a command in Kafka to its event in Kafka "
        f"p50 {percentile(latencies, 50):.0f} ms, p99 {percentile(latencies, 99):.0f} ms."
    )


if __name__ == "__main__":
    if sys.argv[1] == "import":
        show_import()
    elif sys.argv[1] == "refusals":
        show_refusals(sys.argv[2])
    else:
        show_probe(sys.argv[2])
