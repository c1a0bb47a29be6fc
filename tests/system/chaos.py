#!/usr/bin/python3
"""Kills what it can, under load, and asks afterwards whether anything was lost or done twice.

usage: tests/system/chaos.py [KILLS=100] [PG_KILLS=5] [KAFKA_KILLS=5] [FREEZES=2] [SEED=1]

SIGKILL of a random program of ours (workers with their publishers, readers, notifier, clock, gateway), of PostgreSQL, of Kafka; workers frozen past their
session and woken again. Each fault comes when the system has answered commands since the one before: it is always killed at work. The second of each
program runs on a host whose clock is 90 s ahead, or behind, or a day off; people take their consent back and are erased while messages to them wait; strangers
put records where their partitioners want them; callers ask two gateways (chaos_people.py). Afterwards every command must have its answer, every record of a
stranger its answer or its dead letter, nobody a message twice or after he took his consent back, and `dcs verify` must find nothing.
"""

import bisect
import collections
import datetime
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time

from client import MESSAGES, Client, Events, new_id, now, today
from chaos_people import Callers, Mailing, Strangers, messages_told, wrong_messages
from people import People, ask_report
from world import MODULES, World, free_port, modules, off_clock_library, wait_for

PROGRAMS = dict.fromkeys(modules.names(), 1) | dict.fromkeys((*modules.names("customer"), "notifier", "clock", "api"), 2)
OFF_BY_S = (90, -90, 25 * 3600)
# What messages wait for comes soon or never; a message that is not accepted is tried again soon, and then is done with.
SETTINGS = {"DCS_WAIT_MAX_MS": "30000", "DCS_NOTIFIER_RETRY_MS": "1000", "DCS_NOTIFIER_ATTEMPTS": "4", "DCS_API_OUTCOME_MS": "2000"}
VICTIMS = [f"{name}.{number}" for name, count in PROGRAMS.items() for number in range(1, count + 1)]
ANSWERS_BETWEEN_FAULTS = 60
RECOVER_S = 180  # a deadline, not a goal: the summary tells what it took


def wrong_reports(world):
    """Every report that was asked for is made, once, and shows what the log says up to the place that the report names."""
    asked, made = world.value("SELECT count(*) FROM reports.report"), world.value("SELECT count(*) FROM reporting.report WHERE state = 'ready'")
    if asked != made:
        yield f"{asked} reports were asked for, {made} are made"
    payment = MESSAGES["PaymentRecorded"]
    received = collections.defaultdict(lambda: ([0], [0]))  # by partition: seq, and the sum up to it
    query = "SELECT part, seq, body FROM debts.event_log WHERE schema_id = %s ORDER BY part, seq"
    for part, seq, body in world.sql(query, payment.schema_id):
        seqs, sums = received[part]
        seqs.append(seq)
        sums.append(sums[-1] + payment.decode(bytes(body))["amount_minor"])
    for report, positions, content in world.sql("SELECT report_id, positions, content FROM reporting.report WHERE state = 'ready'"):
        told = sum(row["received"]["amountMinor"] for row in json.loads(bytes(content))["rows"])
        logged = sum(sums[bisect.bisect_right(seqs, positions.get(str(part), 0)) - 1] for part, (seqs, sums) in received.items())
        if told != logged:
            yield f"report {report}: {told} received, {logged} in the log up to {positions}"


class Load(threading.Thread):
    """Somebody upstream: customers, debts, payments, reversals, amended and cancelled debts, consents, reports; some commands twice."""

    def __init__(self, world, seed):
        super().__init__(daemon=True)
        self.client = Client(world)
        self.people = People(self.client, None)
        self.dice = random.Random(seed)
        self.sent = {}  # by id
        self.acknowledged = set()
        self.repeated = 0
        self.ending = threading.Event()
        self.customers, self.debts, self.payments = [], [], []
        self.mailing = Mailing(self.client, self.people, random.Random(seed + 1))
        self.strangers = Strangers(world, self.people, random.Random(seed + 2))

    def new_command(self):
        roll = self.dice.random()
        if roll < 0.1 or not self.customers:
            record = self.people.create_customer()
            self.customers.append(record.key.decode())
            return record
        customer = self.dice.choice(self.customers[-200:])
        if roll < 0.25 or not self.debts:
            debt = new_id()
            self.debts.append((customer, debt))
            return self.people.create_debt(customer, debt_id=debt, principal_minor=self.dice.randrange(1, 10_000))
        if roll < 0.30:
            return self.client.command(
                "GrantConsent",
                "agent",
                consent_id=new_id(),
                customer_id=customer,
                channel=self.dice.choice(["sms", "email"]),
                purpose="collect",
                basis="express",
                evidence_ref="form",
                obtained_at=now(),
            )
        if roll < 0.40 and self.payments:
            customer, payment = self.dice.choice(self.payments[-500:])
            return self.client.command("ReversePayment", "creditor", payment_id=payment, customer_id=customer, reason="nsf")
        customer, debt = self.dice.choice(self.debts[-500:])
        if roll < 0.45:
            return self.people.amend_debt(customer, debt, due_on=today() + datetime.timedelta(days=self.dice.randrange(30)))
        if roll < 0.47:
            return self.people.cancel_debt(customer, debt)
        if roll < 0.49:
            return ask_report(self.client, "collections", format="json")
        payment = new_id()
        self.payments.append((customer, payment))
        return self.people.record_payment(customer, debt, self.dice.randrange(1, 5_000), payment_id=payment)

    def send(self, record):
        def delivered(error, _message):
            if not error:
                self.acknowledged.add(record.id)

        while True:
            try:
                self.client.producer.produce(record.topic, record.value, record.key, headers=record.headers, on_delivery=delivered)
                break
            except BufferError:  # Kafka is away: wait for room
                self.client.producer.poll(0.2)
        self.client.producer.poll(0)

    def run(self):
        self.send_all(self.mailing.begin())
        while not self.ending.is_set():
            self.send_all(self.mailing.next() if self.dice.random() < 0.25 else [self.new_command()])
            if self.dice.random() < 0.1:
                self.strangers.send()
            if self.dice.random() < 0.02:
                self.repeated += 1
                self.send(self.dice.choice(list(self.sent.values())[-100:]))
            self.ending.wait(0.002)  # a steady trickle: some 300 commands a second

    def send_all(self, records):
        for record in records:
            self.sent[record.id] = record
            self.send(record)

    def end(self):
        self.ending.set()
        self.join()
        self.send_all(self.mailing.end())
        self.strangers.end(RECOVER_S)
        assert self.client.producer.flush(RECOVER_S) == 0, "Kafka did not take everything"


class Chaos:
    def __init__(self, world, kills, pg_kills, kafka_kills, freezes, seed):
        self.world = world
        self.dice = random.Random(seed)
        self.faults = ["kill"] * kills + ["postgres"] * pg_kills + ["kafka"] * kafka_kills + ["freeze"] * freezes
        self.dice.shuffle(self.faults)
        self.load = Load(world, seed + 1)
        urls = [world.environment["DCS_API_URL"], f"http://{world.second_gateway}"]
        self.callers = Callers(world, urls, random.Random(seed + 2))
        self.events = Events(world, MODULES)
        self.done = collections.Counter()

    # ---- looking ----

    def answered(self):
        self.events.poll(0.05)
        return len(self.events.by_cause)

    def wait_for_work(self):
        before = self.answered()
        wait_for(lambda: self.answered() >= before + ANSWERS_BETWEEN_FAULTS, "answers after a fault", RECOVER_S)

    def sizes(self):
        """Of each program: descriptors and resident memory in MB."""
        found = {}
        for name in VICTIMS:
            pid = self.world.pid(name)
            if pid:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                resident = next(int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS"))
                found[name] = (len(os.listdir(f"/proc/{pid}/fd")), resident)
        return found

    def wait_for_ends(self):
        """Everything is decided and told, and every message is where it stays."""
        under_way = "SELECT count(*) FROM communications.outbox WHERE state IN ('released', 'claimed', 'waiting')"
        self.world.wait_idle(RECOVER_S)
        wait_for(lambda: self.world.value(under_way) == 0, lambda: f"{self.world.value(under_way)} messages under way", RECOVER_S)
        self.world.wait_idle(RECOVER_S)

    # ---- faults ----

    def kill(self):
        name = self.dice.choice(VICTIMS)
        pid = wait_for(lambda: self.world.pid(name), f"{name} is started again")
        os.kill(pid, signal.SIGKILL)
        self.done[f"SIGKILL {name.split('.')[0]}"] += 1

    def part(self, name):
        self.world.stack("kill", name)
        self.world.stack("up", name)
        self.done[f"SIGKILL {name}"] += 1

    def freeze(self):
        """Until another worker has all its partitions, that is, past its session; then it wakes and believes that it still owns them."""
        name = self.dice.choice(["debts.1", "debts.2"])
        pid = wait_for(lambda: self.world.pid(name), f"{name} is started again")
        mine = f"%:{pid}"
        wait_for(
            lambda: self.world.value("SELECT count(*) FROM debts.partition_head WHERE owner LIKE %s", mine) > 0, f"{name} owns partitions", RECOVER_S
        )
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for(
                lambda: self.world.value("SELECT count(*) FROM debts.partition_head WHERE owner LIKE %s", mine) == 0,
                f"another worker takes over from the frozen {name}",
                RECOVER_S,
            )
        finally:
            os.kill(pid, signal.SIGCONT)
        self.done["frozen and woken"] += 1

    def run(self):
        self.load.start()
        self.callers.start()
        self.wait_for_work()
        before = self.sizes()
        for fault in self.faults:
            if fault == "kill":
                self.kill()
            elif fault == "freeze":
                self.freeze()
            else:
                self.part(fault)
            self.wait_for_work()
        self.callers.end()
        self.load.end()
        started = time.monotonic()
        self.wait_for_ends()
        self.recovered_s = time.monotonic() - started
        while self.events.poll(0.5):
            pass
        return before, self.sizes()

    def findings(self):
        lost = [record for record in self.load.sent.values() if record.id not in self.events.by_cause]
        unacknowledged = set(self.load.sent) - self.load.acknowledged
        wrong = [f"no answer to {record.id} on {record.topic}" for record in lost]
        wrong += [f"never acknowledged: {command_id}" for command_id in unacknowledged]
        wrong += list(wrong_messages(self.world, self.events)) + list(self.load.strangers.wrong(self.events)) + list(self.callers.wrong())
        return wrong + list(wrong_reports(self.world)) + self.world.verify()

    def summary(self, before, after):
        yield f"faults: {', '.join(f'{count} x {what}' for what, count in sorted(self.done.items()))}"
        yield f"commands: {len(self.load.sent)} and {self.load.repeated} repetitions; answered: {len(self.events.by_cause)}"
        yield f"events published twice and recognised: {self.events.repeated}"
        yield from self.load.strangers.told()
        yield from self.callers.told()
        yield from messages_told(self.world, self.events)
        yield f"clocks: {', '.join(f'{name} {seconds:+} s' for name, seconds in self.world.off_clocks.items())}"
        yield f"from the end of the load to everything applied and published: {self.recovered_s:.1f} s"
        yield "descriptors and resident MB, at first and at last:"
        for name in sorted(after):
            yield f"  {name:18} {before.get(name)} {after[name]}"


def set_clocks(world, dice):
    """The second of each program runs on another host."""
    library = off_clock_library(world.folder)
    world.second_gateway = f"127.0.0.1:{free_port()}"
    world.off_clocks = {f"{name}.2": dice.choice(OFF_BY_S) for name, count in PROGRAMS.items() if count > 1}
    for name, seconds in world.off_clocks.items():
        variables = {"LD_PRELOAD": library, "OFF_CLOCK_S": seconds}
        if name == "api.2":
            variables["DCS_API_LISTEN"] = world.second_gateway
        world.give_variables(name, variables)


def run(world, **numbers):
    """Of a world whose programs do not run yet: what is wrong, and the lines of a summary."""
    set_clocks(world, random.Random(numbers["seed"]))
    world.programs("start", *[f"{name}={count}" for name, count in PROGRAMS.items()])
    chaos = Chaos(world, **numbers)
    try:
        before, after = chaos.run()
        return chaos.findings(), list(chaos.summary(before, after))
    finally:
        chaos.callers.ending.set()
        chaos.load.ending.set()
        chaos.events.close()


def main():
    given = dict(argument.split("=", 1) for argument in sys.argv[1:] if "=" in argument)
    numbers = {name.lower(): int(given.get(name) or default) for name, default in DEFAULTS.items()}
    with tempfile.TemporaryDirectory(prefix="dcs-chaos-") as folder:
        world = World(pathlib.Path(folder) / "run", **SETTINGS)
        try:
            world.start(programs=False)
            wrong, lines = run(world, **numbers)
        finally:
            world.destroy()
    print("\n".join(lines))
    print("\n".join(wrong) if wrong else "nothing was lost, nothing done twice: dcs verify finds nothing")
    return 1 if wrong else 0


DEFAULTS = {"KILLS": 100, "PG_KILLS": 5, "KAFKA_KILLS": 5, "FREEZES": 2, "SEED": 1}

if __name__ == "__main__":
    sys.exit(main())
