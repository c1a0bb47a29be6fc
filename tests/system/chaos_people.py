"""Who takes part in the chaos beside the load: people who are written to and take their consent back while messages wait; clients with other
partitioners; callers of two gateways. And the judges of what came of them, who look at what was handed over and at the topics only."""

import collections
import datetime
import email
import email.policy
import json
import re
import threading
import time
import uuid

import confluent_kafka

from client import Client, new_id, now
from contract import Api
from things import a_customer

# A claim may be committed before a withdrawal, and its bytes leave behind it: an attempt that is still under way. Far above what one takes.
UNDER_WAY_S = 20
MARK = re.compile(r"chaos(?: |%20|\+|_)([0-9a-f]{32})")


def murmur2(key):
    """As Java clients do (org.apache.kafka.common.utils.Utils)."""
    mask = 0xFFFFFFFF
    digest = 0x9747B28C ^ len(key)
    for at in range(0, len(key) - len(key) % 4, 4):
        word = int.from_bytes(key[at : at + 4], "little") * 0x5BD1E995 & mask
        digest = (digest * 0x5BD1E995 & mask) ^ ((word ^ word >> 24) * 0x5BD1E995 & mask)
    rest = key[len(key) - len(key) % 4 :]
    if rest:
        digest = (digest ^ int.from_bytes(rest, "little")) * 0x5BD1E995 & mask
    digest = (digest ^ digest >> 13) * 0x5BD1E995 & mask
    return digest ^ digest >> 15


def part_of(key, parts):
    return (murmur2(key) & 0x7FFFFFFF) % parts


# ---- people who are written to ----


class Mailing:
    """Messages to people: for texts and debts that come later, to addresses that are never there or hang up; meanwhile consent is taken back."""

    def __init__(self, client, people, dice):
        self.client, self.people, self.dice = client, people, dice
        self.channels = {}  # by customer, as long as he may be written to
        self.texts = {}  # by channel: names that are published
        self.later = []  # records that make what messages wait for
        self.count = 0

    def text(self, channel, name):
        body = "chaos {{mark}} {{opt_out}}"
        return self.client.command(
            "PublishTemplate", "supervisor", template_id=new_id(), name=name, version=1, channel=channel, language="de",
            message_class="account_service", subject="chaos {{mark}}" if channel == "email" else "", body=body,
        )  # fmt: skip

    def begin(self):
        self.texts = {channel: [f"chaos-{channel}"] for channel in ("email", "sms")}
        return [self.text(channel, names[0]) for channel, names in self.texts.items()]

    def recipient(self):
        channel = self.dice.choice(["email", "email", "sms"])
        self.count += 1
        kind = self.dice.choice(["", "", "", "", "", "later", "hangup", "refuse", "blocked"])
        address = f"{kind}{self.count}@example.org" if channel == "email" else f"+4915112{self.count:06}"
        customer = self.people.create_customer()
        customer_id = customer.key.decode()
        self.channels[customer_id] = channel
        return [
            customer,
            self.client.command(
                "AddContactPoint", "agent", contact_point_id=new_id(), customer_id=customer_id, channel=channel, address=address,
                place="home" if channel == "email" else "mobile", source="consumer",
            ),
            self.client.command(
                "GrantConsent", "agent", consent_id=new_id(), customer_id=customer_id, channel=channel, purpose="collect",
                basis="express", evidence_ref="form", obtained_at=now(),
            ),
        ]  # fmt: skip

    def message(self, customer_id):
        channel = self.channels[customer_id]
        name, debts = self.dice.choice(self.texts[channel]), []
        if self.dice.random() < 0.1:  # waits for its text
            name = f"chaos-{channel}-{new_id()[-12:]}"
            self.later.append(self.text(channel, name))
        if self.dice.random() < 0.2:  # waits for its debt
            debts = [new_id()]
            self.later.append(self.people.create_debt(customer_id, debt_id=debts[0]))
        communication_id = new_id()
        return self.client.command(
            "SendCommunication", "agent", communication_id=communication_id, customer_id=customer_id, debt_ids=debts, channel=channel,
            template_name=name, language="de", message_class="account_service",
            parameters=[{"name": "mark", "value": uuid.UUID(communication_id).hex}], send_by=now() + datetime.timedelta(hours=1),
        )  # fmt: skip

    def withdrawal(self, customer_id):
        channel = self.channels.pop(customer_id)
        return self.client.command(
            "WithdrawConsent", "agent", customer_id=customer_id, channel=self.dice.choice([None, channel]), via="keyword", keyword="STOP",
            withdrawn_at=now(),
        )  # fmt: skip

    def erasure(self, customer_id):
        del self.channels[customer_id]
        return self.client.command("EraseCustomer", "compliance", customer_id=customer_id, expected_version=None, basis="request")

    def next(self):
        """Some records, in this order."""
        roll = self.dice.random()
        if self.later and roll < 0.15:
            return [self.later.pop(self.dice.randrange(len(self.later)))]
        if roll < 0.25 or len(self.channels) < 5:
            return self.recipient()
        customer_id = self.dice.choice(list(self.channels))
        if roll < 0.94:
            return [self.message(customer_id)]
        messages = [self.message(customer_id) for _ in range(self.dice.randrange(3))]
        return messages + [self.withdrawal(customer_id) if roll < 0.985 else self.erasure(customer_id)]

    def end(self):
        left, self.later = self.later, []
        return left


def handed_over(world):
    """By communication: when the mail server had it, or None for a telephone, as often as it came."""
    found = collections.defaultdict(list)
    index = world.folder / "mail" / "index.jsonl"
    for line in index.read_text().splitlines() if index.exists() else []:
        mail = json.loads(line)
        text = email.message_from_bytes((world.folder / "mail" / mail["file"]).read_bytes(), policy=email.policy.default)
        for mark in MARK.findall(text["subject"]):
            found[str(uuid.UUID(mark))].append(mail["at"])
    for line in world.log("smsc").splitlines():
        if "Got message" in line:
            for mark in MARK.findall(line):
                found[str(uuid.UUID(mark))].append(None)
    return found


def wrong_messages(world, events):
    """What was handed over, beside the topics: nothing twice (P8), nothing after its consent was taken back or its person erased (P9)."""
    found = handed_over(world)
    every = [event for causes in events.by_cause.values() for event in causes]
    of_type = lambda name: [event for event in every if event.type == name]
    released = {event.body["communication_id"]: event for event in of_type("CommunicationReleased")}
    yield from (f"{message} was handed over {len(times)} times" for message, times in found.items() if len(times) > 1)
    yield from (f"{message} was handed over and never released" for message in found if message not in released)
    cancelled = {one["communication_id"] for event in of_type("ConsentWithdrawn") for one in event.body["cancelled"]}
    cancelled |= {event.body["communication_id"] for event in of_type("CommunicationCancelled")}
    yield from (f"{message} was handed over although it was cancelled" for message in found if message in cancelled)
    ends = collections.defaultdict(list)
    for event in of_type("ConsentWithdrawn") + of_type("CustomerErased"):
        ends[event.body["customer_id"]].append(event)
    for message, event in released.items():
        for end in ends[event.body["customer_id"]]:
            if end.type == "ConsentWithdrawn" and end.body["channel"] not in (None, event.body["channel"]):
                continue
            if end.topic == event.topic and end.seq < event.seq:
                yield f"{message} was released after consent was taken back"
            late = [at for at in found.get(message, []) if at is not None and at > end.at_ms / 1000 + UNDER_WAY_S]
            if late:
                yield f"{message} was handed over {late[0] - end.at_ms / 1000:.1f} s after {end.type}"
    states = dict(world.sql("SELECT communication_id::text, state FROM communications.communication"))
    for message, state in states.items():
        if state in ("submitted", "delivered") and message not in found:
            yield f"{message} is {state} and nobody has it"
        if state not in ("submitted", "delivered", "unknown") and message in found:
            yield f"{message} is {state} and was handed over"


def messages_told(world, events):
    states = world.sql("SELECT state, count(*) FROM communications.communication GROUP BY 1 ORDER BY 1")
    withdrawn = [event for causes in events.by_cause.values() for event in causes if event.type == "ConsentWithdrawn"]
    taken_back = sum(len(event.body["cancelled"]) for event in withdrawn)
    yield f"messages: {', '.join(f'{count} {state}' for state, count in states)}; handed over: {len(handed_over(world))}"
    yield f"withdrawals: {len(withdrawn)}, which took back {taken_back} messages"


# ---- clients with another partitioner ----


class Strangers:
    """confluent_kafka.Producer as it is without settings, and one that chooses partitions itself."""

    def __init__(self, world, people, dice):
        self.people, self.dice = people, dice
        self.producers = [confluent_kafka.Producer({"bootstrap.servers": world.environment["DCS_KAFKA_BOOTSTRAP"]}) for _ in range(2)]
        topic = "dcs.customers.commands.v1"
        self.parts = len(self.producers[0].list_topics(topic, timeout=30).topics[topic].partitions)
        self.sent = []  # record, and the places where the broker has it

    def send(self):
        record = self.people.create_customer()
        places = []

        def delivered(error, message):
            if not error:
                places.append((message.partition(), message.offset()))

        number = self.dice.randrange(2)
        chosen = {"partition": self.dice.randrange(self.parts)} if number == 1 else {}
        try:
            self.producers[number].produce(record.topic, record.value, record.key, headers=record.headers, on_delivery=delivered, **chosen)
        except BufferError:
            return
        self.sent.append((record, places))
        self.producers[number].poll(0)

    def end(self, seconds):
        for producer in self.producers:
            assert producer.flush(seconds) == 0, "Kafka did not take everything of the strangers"

    def wrong(self, events):
        """Each record is answered where it stands right, and a dead letter where it does not."""
        for record, places in self.sent:
            right = part_of(record.key, self.parts)
            for place in places:
                letter = events.dead.get((record.topic, *place))
                code = letter.headers["dcs_error_code"].decode() if letter else None
                if place[0] == right and (code or not events.of(record)):
                    yield f"a stranger's {record.id} at {place}, where it belongs: {code or 'no answer'}"
                if place[0] != right and code != "wrong_partition":
                    yield f"a stranger's {record.id} at {place}, not in {right}: {code or 'no dead letter'}"

    def told(self):
        places = [(place, part_of(record.key, self.parts)) for record, places in self.sent for place in places]
        yield f"strangers' records: {len(places)}; in the right partition by chance: {sum(place[0] == right for place, right in places)}"


# ---- callers of gateways ----


class Callers(threading.Thread):
    """Customers over HTTP, each asked for under a key until it was taken, now at this gateway and now at that."""

    def __init__(self, world, urls, dice):
        super().__init__(daemon=True)
        self.world, self.dice = world, dice
        self.doors = [Api(url, document=object()) for url in urls]  # answers are compared with the document by other tests
        self.token = Client(world).token("creditor")
        self.answers = collections.defaultdict(list)  # by key
        self.wrong_answers = []
        self.ending = threading.Event()

    def ask(self, key, body):
        """False: again."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", "Idempotency-Key": key}
        if self.dice.random() < 0.5:
            headers["Prefer"] = "respond-async"
        try:
            answer = self.dice.choice(self.doors).ask("POST", "/customers", json.dumps(body).encode(), headers)
        except OSError:
            return False
        if answer.status in (201, 202):
            self.answers[key].append(answer)
        elif answer.status not in (409, 503):
            self.wrong_answers.append(f"HTTP {answer.status}: {answer}")
        return answer.status not in (409, 503)

    def run(self):
        while not self.ending.is_set():
            key, body = new_id(), a_customer(externalRef=new_id())
            until = time.monotonic() + 60
            while not self.ask(key, body) and time.monotonic() < until:
                time.sleep(0.1)
            if self.dice.random() < 0.2:
                self.ask(key, body)  # and once more: the same answer, or the same customer
            self.ending.wait(0.02)

    def end(self):
        self.ending.set()
        self.join()

    def wrong(self):
        yield from self.wrong_answers
        for key, answers in self.answers.items():
            ids = {answer.json["id"] for answer in answers if answer.status == 201}
            commands = {answer.json["commandId"] for answer in answers if answer.status == 202}
            if len(ids) > 1 or len(commands) > 1:
                yield f"one key made {len(ids)} customers by {len(commands)} commands"
            for command_id in commands:
                told = self.doors[0].ask("GET", f"/commands/{command_id}", None, {"Authorization": f"Bearer {self.token}"})
                if told.json.get("status") != "succeeded":
                    yield f"a command that was taken: {told}"

    def told(self):
        statuses = collections.Counter(answer.status for answers in self.answers.values() for answer in answers)
        yield f"over HTTP: {', '.join(f'{count} x {status}' for status, count in sorted(statuses.items()))}"
