#!/usr/bin/python3
"""make bench: dunning on a private stack, with PostgreSQL, Kafka and the real programs.

1  a million groups are due at once: the Ticks of an ordinary second, and commands beside them; how long does the longest one wait?
2  the same, with more Ticks than in life: how many groups are evaluated a second, whose evaluation changes nothing?
3  groups whose step is due: the step, and a command to communications
4  events of customers and debts that wait in their topics: how many are answered a second?

environment: DUE=1000000, PERSONS=100000 (of 4: each with a debt, every other one with a payment), SECONDS=60 (of 1, and of 2 and 3 at
most); QUICK=1: less of all
"""

import contextlib
import datetime
import io
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import types
import uuid

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent / "system")]

from chaos_people import part_of  # noqa: E402
from client import Client, Events  # noqa: E402
from machine import BIN, ROOT, Cpu, children_of, run, say, until  # noqa: E402
from sides import Side  # noqa: E402
from stack import Stack, ask  # noqa: E402

QUICK = os.environ.get("QUICK", "") not in ("", "0")
GROUPS = int(os.environ.get("DUE") or (100000 if QUICK else 1000000))
PERSONS = int(os.environ.get("PERSONS") or (10000 if QUICK else 100000))
SECONDS = int(os.environ.get("SECONDS") or (10 if QUICK else 60))
STEPS_PART = 10  # of so many groups one has a step that is due
FAST_MS, COMMANDS_A_SECOND = 100, 20
PARTS = 6
TODAY = datetime.datetime.now(datetime.timezone.utc).date()
DEADLINE_S = 3600
PSQL = "/usr/lib/postgresql/15/bin/psql"

# Every group has debts of 10 days past due. Of one in STEPS_PART none has had a step; the others had one three days ago, and wait for the next.
DEBTS = f"""
INSERT INTO dunning.debt SELECT pg_temp.id('D', d), pg_temp.id('C', g.person), pg_temp.id('K', g.n % 50), NULL, pg_temp.id('G', g.n), 1, 'EUR',
	date :'today' - 60, date :'today' - 10, 2000 + d * 7919::bigint % 200000, 0, 0, 2, 0, t.policy, t.level, t.level_on
	FROM generate_series(1, :debts) d JOIN g ON g.n = (d * 4 / 5)::bigint + CASE WHEN d * 4 % 5 = 0 THEN 0 ELSE 1 END
	CROSS JOIN LATERAL (SELECT CASE WHEN g.n % {STEPS_PART} > 0 THEN 'consumer_early' END AS policy, CASE WHEN g.n % {STEPS_PART} > 0 THEN 2 ELSE 0 END AS level,
		CASE WHEN g.n % {STEPS_PART} > 0 THEN date :'today' - 3 END AS level_on) t;
CREATE TABLE public.bench_timer AS SELECT customer_id AS key, group_id AS subject, g.n % {STEPS_PART} = 0 AS has_step
	FROM dunning.debt_group JOIN g ON group_id = pg_temp.id('G', g.n);
"""

# An evaluation is due today. Its id says nothing about its group, as in life.
TIMERS = """
INSERT INTO dunning.timer (part, kind, key, subject, id, due_on, set_at)
	SELECT p.part, 1, t.key, t.subject, overlay(md5(t.subject::text) placing '7' from 13 for 1)::uuid, %s, -1
	FROM public.bench_timer t JOIN public.bench_part p USING (key) WHERE t.has_step = %s
"""


def memory_mb(pid):
    return Side.status_mb(pid, "VmHWM:")


# ---- before the clock starts ----


def load_policy(connection):
    """The ready-made policy, as if two people had published it."""
    policy = json.loads((ROOT / "consumers/dunning/policies/consumer_early.json").read_text())
    publication = str(uuid.uuid4())
    ask(connection, f"INSERT INTO dunning.policy_change VALUES (1, '{publication}', false, now(), 'bench', 'bench')")
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dunning.policy_version (publication_id, name, version, title, priority, customer_kind, creditor_ids, portfolio_ids, languages, "
            "charged_off, tolerance_minor, demands_a_day, demands_a_week, catch_up, new_debts, reopened, arms) "
            "VALUES (%s, %s, 1, %s, %s, %s, '', '', %s, %s, %s, %s, %s, %s, %s, %s, '')",
            (publication, policy["policy"], policy["title"], policy["priority"], policy["customerKind"], " ".join(policy["languages"]),
             policy["chargedOff"], policy["toleranceMinor"], policy["demandsADay"], policy["demandsAWeek"], policy["catchUp"], policy["newDebts"],
             policy["reopened"]),
        )
        for place, step in enumerate(policy["steps"], 1):
            cursor.execute(
                "INSERT INTO dunning.policy_step (publication_id, place, number, trigger, days, min_balance_minor, action, template, message_class, "
                "channels, send_days, otherwise, retry_days, tries_max) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                (publication, place, step["number"], step["trigger"], step["days"], step.get("minBalanceMinor"), step["action"], step.get("template"),
                 step.get("messageClass"), step.get("channels", ""), step.get("sendDays"), step["otherwise"], step.get("retryDays"), step.get("triesMax")),
            )


def load(stack, connection):
    """The groups, and of each customer the partition in which his timers are."""
    run(BIN / "dcs", "migrate", env=stack.env)
    run(BIN / "dcs", "topics", env=stack.env)
    script = (ROOT / "tests/bench/dunning_world.sql").read_text() + DEBTS
    flags = ["-qAtX", "-v", "ON_ERROR_STOP=1", "-v", f"debts={GROUPS * 5 // 4}", "-v", f"today={TODAY}"]
    subprocess.run([PSQL, *flags, stack.env["DCS_PG"]], input=script, text=True, check=True)
    load_policy(connection)
    keys = [key for (key,) in ask(connection, "SELECT DISTINCT key::text FROM public.bench_timer ORDER BY 1")]
    ask(connection, "CREATE TABLE public.bench_part (key uuid PRIMARY KEY, part integer)")
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY public.bench_part FROM STDIN", io.StringIO("".join(f"{key}\t{part_of(key.encode(), PARTS)}\n" for key in keys)))
    ask(connection, "VACUUM ANALYZE")
    return keys


# ---- the programs ----


class Programs:
    """Started, and ended the last first."""

    def __init__(self, stack):
        self.stack, self.processes = stack, {}

    def start(self, name, **variables):
        log = open(self.stack.folder / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen([BIN / f"dcs-{name}"], env={**self.stack.env, **variables}, stdout=log, stderr=log)

    def stop(self, name):
        process = self.processes.pop(name)
        process.terminate()
        process.wait(60)

    def check(self):
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"dcs-{name} ended: {(self.stack.folder / f'{name}.log').read_text()[-2000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        for name in reversed(list(self.processes)):
            self.stop(name)

    def cpu(self):
        stack = self.stack
        return Cpu(dunning=lambda: [self.processes["dunning"].pid], postgres=lambda: [stack.postgres, *children_of(stack.postgres)], broker=lambda: [stack.kafka])


class Run:
    """One run of dcs-dunning, which owns its partitions; afterwards, what it cost."""

    def __init__(self, programs, connection):
        self.programs, self.connection = programs, connection

    def __enter__(self):
        self.programs.start("dunning")
        until("dunning owns its partitions", self.owns_all, 60)
        self.cpu, self.started = self.programs.cpu(), time.monotonic()
        return self

    def owns_all(self):
        self.programs.check()
        pid = self.programs.processes["dunning"].pid
        return ask(self.connection, f"SELECT count(*) FROM dunning.partition_head WHERE owner LIKE '%:{pid}'")[0][0] == PARTS

    def __exit__(self, *failure):
        self.programs.stop("dunning")

    def tell(self, what, count, seconds=None):
        seconds = seconds or time.monotonic() - self.started
        used = {name: cpu * 1e6 / count for name, cpu in self.cpu.used().items()}
        parts = ", ".join(f"{name} {us:.0f}" for name, us in used.items())
        say(f"  {what:<40}{count:>11,}{seconds:>9.1f} s{count / seconds:>9,.0f} a second   CPU us of each: {parts}, all {sum(used.values()):.0f}")
        say(f"  {'':<40}memory of dcs-dunning, peak: {memory_mb(self.programs.processes['dunning'].pid):.0f} MB; load average {os.getloadavg()[0]:.1f}")


def due(connection):
    return ask(connection, f"SELECT count(*) FROM dunning.timer WHERE due_on <= '{TODAY}'")[0][0]


def rows_of_log(connection):
    return ask(connection, "SELECT sum(log_seq) FROM dunning.partition_head")[0][0]


def is_any_due(connection):
    """By the index, a partition at a time: this is asked often."""
    of_part = f"(SELECT min(due_on) FROM dunning.timer WHERE part = p AND due_on IS NOT NULL AND tried_at IS NULL) <= '{TODAY}'"
    return ask(connection, f"SELECT bool_or({of_part}) FROM generate_series(0, {PARTS - 1}) p")[0][0]


# ---- commands meanwhile ----


class Commands(threading.Thread):
    """TakeTask of tasks that nobody has, of people whose groups are due: decided and answered like any other command, COMMANDS_A_SECOND of
    them, whatever becomes of them. Each is put down with the broker's time, and so is its answer."""

    def __init__(self, stack, keys):
        super().__init__(daemon=True)
        world = types.SimpleNamespace(environment=stack.env)
        self.client, self.events = Client(world), Events(world, ["dunning"])
        self.keys, self.sent, self.ending = keys, {}, threading.Event()

    def run(self):
        token, dice, started = self.client.token("agent", "supervisor"), random.Random(1), time.monotonic()
        while not self.ending.wait(max(0.0, started + len(self.sent) / COMMANDS_A_SECOND - time.monotonic())):
            record = self.client.command("TakeTask", token=token, task_id=str(uuid.UUID(int=dice.getrandbits(128))), customer_id=dice.choice(self.keys), expected_version=None)
            self.sent[record.id] = None
            self.client.producer.produce(record.topic, record.value, record.key, headers=record.headers, on_delivery=self.note(record.id))
            self.client.producer.poll(0)

    def note(self, command_id):
        def delivered(error, message):
            if error is None:
                self.sent[command_id] = message.timestamp()[1]

        return delivered

    def waits(self):
        """Ends, and answers how long each command waited, in milliseconds, the shortest first."""
        self.ending.set()
        self.join()
        self.client.producer.flush(60)

        def all_answered():
            while self.events.poll(0.2):
                pass
            return all(command_id in self.events.by_cause for command_id in self.sent)

        until("every command is answered", all_answered, DEADLINE_S)
        self.events.close()
        return sorted(self.events.by_cause[command_id][0].at_ms - at_ms for command_id, at_ms in self.sent.items())


def tell_waits(name, waits):
    say(f"  {name:<40}{len(waits):>11,}   wait p50 {waits[len(waits) // 2]} ms, p99 {waits[len(waits) * 99 // 100]} ms, longest {waits[-1]} ms")


# ---- what is measured ----


def put_timers(connection, has_step):
    ask(connection, "TRUNCATE dunning.timer")
    with connection.cursor() as cursor:
        cursor.execute(TIMERS, (TODAY, has_step))
    ask(connection, "VACUUM ANALYZE dunning.timer")
    ask(connection, "CHECKPOINT")


def in_ordinary_seconds(stack, programs, connection, keys):
    """A Tick a second, as the clock sends it."""
    with Run(programs, connection):
        idle = Commands(stack, keys)
        programs.start("clock")
        idle.start()
        time.sleep(min(SECONDS, 10))
        tell_waits("no timer is due: commands", idle.waits())
        programs.stop("clock")
    put_timers(connection, False)
    with Run(programs, connection) as dunning:
        programs.start("clock")
        before = due(connection)
        until("the first groups are evaluated", lambda: due(connection) < before)
        commands = Commands(stack, keys)
        commands.start()
        dunning.cpu.reset()
        before, started = due(connection), time.monotonic()
        time.sleep(SECONDS)
        dunning.tell(f"of {before:,} due groups, a Tick a second", before - due(connection), time.monotonic() - started)
        tell_waits("meanwhile: commands", commands.waits())
        programs.stop("clock")


def as_fast_as_it_goes(programs, connection, what):
    """More Ticks than can be worked off, for SECONDS at most."""
    with Run(programs, connection) as dunning:
        programs.start("clock", DCS_CLOCK_INTERVAL_MS=str(FAST_MS), DCS_CLOCK_MODULES="dunning")
        before, rows_before = due(connection), rows_of_log(connection)
        dunning.cpu.reset()
        dunning.started = time.monotonic()
        until("the time is over", lambda: time.monotonic() > dunning.started + SECONDS or not is_any_due(connection), DEADLINE_S)
        seconds = time.monotonic() - dunning.started
        dunning.tell(f"{what} ({rows_of_log(connection) - rows_before:,} events)", before - due(connection), seconds)
        programs.stop("clock")


def write_csv(path, header, rows):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def publish_events(stack, programs):
    """Customers, debts and payments are imported: their modules publish the events, and dunning does not run."""
    days = [str(TODAY - datetime.timedelta(days=back)) for back in (60, 10, 1)]
    numbers = range(PERSONS)
    files = [
        write_csv(stack.folder / "customers.csv", "external_ref,full_name,locale,country,email",
                  [f"B-{n},Jane Doe,de-DE,DE,b{n}@example.org" for n in numbers]),
        write_csv(stack.folder / "debts.csv", "external_ref,creditor,currency,principal,opened_on,due_on,customer_ref",
                  [f"D-{n},creditor-{n % 50},EUR,120.00,{days[0]},{days[1]},B-{n}" for n in numbers]),
        write_csv(stack.folder / "payments.csv", "source,external_ref,amount,currency,received_on,method,customer_ref,creditor,debt_ref",
                  [f"bank,P-{n},20.00,EUR,{days[2]},transfer,B-{n},creditor-{n % 50},D-{n}" for n in numbers if n % 2]),
    ]
    for name in ("customers", "debts"):
        programs.start(name)
    for path in files:
        subprocess.run([BIN / "dcs", "import", path], env=stack.env, stdout=subprocess.DEVNULL, check=True)
    for name in ("customers", "debts"):
        programs.stop(name)


def fold(stack, programs, connection):
    publish_events(stack, programs)
    logged = ask(connection, "SELECT (SELECT sum(log_seq) FROM customers.partition_head) + (SELECT sum(log_seq) FROM debts.partition_head)")[0][0]
    answered = "SELECT coalesce(sum(last_seq), 0) FROM dunning.followed_head"
    before = ask(connection, answered)[0][0]
    with Run(programs, connection) as dunning:
        until("all events are answered", lambda: ask(connection, answered)[0][0] == logged, DEADLINE_S)
        dunning.tell("events of customers and debts", int(logged - before))


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dcs-bench."))
    folder.chmod(0o711)
    try:
        with Stack(folder) as stack, contextlib.closing(stack.connect("dcs")) as connection, Programs(stack) as programs:
            say(f"\ndunning: {GROUPS:,} groups")
            keys = load(stack, connection)
            in_ordinary_seconds(stack, programs, connection, keys)
            as_fast_as_it_goes(programs, connection, "groups with nothing to do")
            put_timers(connection, True)
            as_fast_as_it_goes(programs, connection, "groups with a step")
            fold(stack, programs, connection)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
