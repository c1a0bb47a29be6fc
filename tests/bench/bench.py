#!/usr/bin/python3
"""make bench: how fast the debts worker is on this machine, and how far from what PostgreSQL alone would do.

For each number of debts: a private stack (compose/stack.sh), a database with that many debts, the commands published before the
clock starts, two worker processes with the partitions split between them, and then, on a copy of the same database, the floor
(floor.c). For the first number also the latency at 10 % and at 80 % of the rate that was measured. Prints a table; changes nothing
outside its own folder, which it removes, also after a failure or Ctrl-C.

environment: DEBTS=1000000 (and a tenth, and twice as many), COMMANDS=300000, WORKERS=2; QUICK=1: only DEBTS, and short latency runs
"""

import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = ROOT / "build/release"
STACK = ROOT / "compose/stack.sh"
TICK = os.sysconf("SC_CLK_TCK")
WARM_PART = 1 / 3  # of the commands, before the clock starts: statements are prepared, caches filled, the broker's JVM has compiled itself
DEADLINE_S = 300
LOW_RATE = 500  # commands a second

# What a benchmark of PostgreSQL must state. The rest is what compose/stack.sh sets for everybody; both are printed.
SETTINGS = {
    "max_wal_size": "16GB",
    "min_wal_size": "6GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "lz4",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "jit": "off",
}
SHOWN = ["server_version", "shared_buffers", "fsync", "autovacuum", *SETTINGS]


def say(text=""):
    print(text, flush=True)


def memory_mb():
    for line in open("/proc/meminfo"):
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) // 1024
    raise RuntimeError("no MemTotal")


def run(*command, env=None):
    """Runs a program to its end; what it prints as key=value lines is the answer."""
    result = subprocess.run([str(word) for word in command], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    if result.returncode != 0:
        raise RuntimeError(f"{pathlib.Path(command[0]).name} failed with status {result.returncode}: {result.stderr[-1000:]}")
    return key_values(result.stdout)


def key_values(text):
    return {key: float(value) for key, _, value in (line.partition("=") for line in text.splitlines() if "=" in line)}


def until(what, condition, seconds=DEADLINE_S):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"after {seconds} s still not: {what}")
        time.sleep(0.1)  # tidy: the condition is polled, with a deadline


# ---- CPU ----


def cpu_of(pid):
    """Seconds of user and system time of a process with all its threads; 0 when it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def children_of(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Cpu:
    """What groups of processes have used since the last reset. A group is a function: its members may come and go."""

    def __init__(self, **groups):
        self.groups = groups
        self.reset()

    def read(self):
        return {name: {pid: cpu_of(pid) for pid in members()} for name, members in self.groups.items()}

    def reset(self):
        self.before = self.read()

    def used(self):
        now = self.read()
        return {name: sum(cpu - self.before[name].get(pid, 0) for pid, cpu in now[name].items()) for name in now}


# ---- the stack ----

HUGE_PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")


class HugePages:
    """Room in huge pages for PostgreSQL's shared memory, as a machine for a database has it: a sixth of PostgreSQL's CPU here. The
    machine's own setting comes back at the end; who may not change it goes without."""

    def __init__(self, megabytes):
        self.wanted = (megabytes + megabytes // 16 + 64) // 2  # locks and buffers' headers on top
        self.before = None

    def __enter__(self):
        with contextlib.suppress(OSError):
            before = HUGE_PAGES.read_text()
            HUGE_PAGES.write_text(str(int(before) + self.wanted))
            self.before = before

    def __exit__(self, *failure):
        if self.before is not None:
            HUGE_PAGES.write_text(self.before)


class Stack:
    def __init__(self, folder):
        self.folder = folder
        self.shared_buffers_mb = max(128, min(6144, memory_mb() // 4))

    def call(self, *arguments):
        env = dict(os.environ, PG_SHARED_BUFFERS=f"{self.shared_buffers_mb}MB")
        result = subprocess.run([STACK, "--dir", self.folder, *arguments], env=env, stdout=subprocess.PIPE, text=True, check=True)
        return result.stdout

    def __enter__(self):
        with contextlib.ExitStack() as starting:
            starting.enter_context(HugePages(self.shared_buffers_mb))
            starting.callback(self.call, "destroy")
            self.start()
            self.held = starting.pop_all()
        return self

    def __exit__(self, *failure):
        self.held.close()

    def start(self):
        self.call("start", "postgres", "kafka")
        self.env = dict(os.environ)
        for line in self.call("env").splitlines():
            name, _, value = line.removeprefix("export ").partition("=")
            if line.startswith("export "):
                self.env[name] = value.strip("'")
        self.postgres = int(self.call("pid", "postgres"))
        self.kafka = int(self.call("pid", "kafka"))
        for name, value in SETTINGS.items():
            self.sql("postgres", f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql("postgres", "SELECT pg_reload_conf()")

    def has_huge_pages(self):
        status = pathlib.Path(f"/proc/{self.postgres}/status").read_text()
        return int(status.partition("HugetlbPages:")[2].split()[0]) > 0

    def conninfo(self, database):
        return f"{self.env['DCS_PG'].rpartition(' dbname=')[0]} dbname={database}"

    def env_of(self, database):
        return dict(self.env, DCS_PG=self.conninfo(database))

    def connect(self, database):
        connection = psycopg2.connect(self.conninfo(database))
        connection.autocommit = True
        return connection

    def sql(self, database, statement):
        with contextlib.closing(self.connect(database)) as connection:
            return ask(connection, statement)


def ask(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None


# ---- before the clock starts ----

WAL_SEGMENTS = 300  # of 16 MB: more than a run writes


def recycle_wal(stack):
    """A server that runs for long overwrites old WAL files; a new one fills each new file with zeros first, an eighth of its CPU here."""
    with contextlib.closing(stack.connect("postgres")) as connection:
        for _ in range(WAL_SEGMENTS):
            ask(connection, "SELECT txid_current(), pg_switch_wal()")
        ask(connection, "CHECKPOINT")


def prepare(stack, debts):
    """Two databases with the same contents: `dcs` for the worker, `floor`. Both were written since the last checkpoint, so the runs
    lie between two checkpoints, as nearly all of a day does: no page is logged whole for being the first after one."""
    recycle_wal(stack)
    run(BIN / "dcs", "migrate", env=stack.env)
    run(BIN / "dcs", "topics", env=stack.env)
    stack.sql("dcs", "CREATE EXTENSION pg_prewarm")
    run(BIN / "bench/load", "--debts", debts, env=stack.env)
    for table in ("customers.customer", "debts.debt", "debts.ledger_entry"):
        stack.sql("dcs", f"VACUUM (ANALYZE) {table}")
    stack.sql("postgres", "CREATE DATABASE floor TEMPLATE dcs STRATEGY wal_log")
    stack.sql("floor", "SELECT dcs_grant_module('debts')")  # settings of a role in a database are not copied with it


def warm_up(stack, database):
    stack.sql(
        database,
        "SELECT pg_prewarm(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN ('customers', 'debts') AND c.relkind IN ('r', 'i')",
    )
    os.sync()  # the preparation's writing is not the run's


# ---- the worker ----


class Workers:
    """Worker processes that have joined their group, own all partitions, and are idle."""

    def __init__(self, stack, count, prefetch):
        self.stack, self.count, self.processes = stack, count, []
        # Frozen while the topic is filled: not to be thrown out of the group for it.
        self.env = dict(stack.env, DCS_KAFKA_SESSION_MS="120000", **prefetch)

    def __enter__(self):
        try:
            for number in range(self.count):
                log = open(self.stack.folder / f"worker-{number}.log", "wb")
                self.processes.append(subprocess.Popen([BIN / "dcs-debts"], env=self.env, stdout=log, stderr=log))
            self.connection = self.stack.connect("dcs")
            until("every worker owns partitions", self.own_all, 60)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *failure):
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if failure and failure[0]:
            for number in range(len(self.processes)):
                say((self.stack.folder / f"worker-{number}.log").read_text()[-2000:])

    def own_all(self):
        self.check()
        owners = ask(self.connection, "SELECT count(*), count(DISTINCT owner) FROM debts.partition_head")[0]
        return owners == (6, self.count)

    def check(self):
        for process in self.processes:
            if process.poll() is not None:
                raise RuntimeError(f"a worker ended with status {process.returncode}")

    def freeze(self):
        for process in self.processes:
            process.send_signal(signal.SIGSTOP)

    def thaw(self):
        for process in self.processes:
            process.send_signal(signal.SIGCONT)

    def pids(self):
        return [process.pid for process in self.processes]

    def positions(self):
        """Offsets of the partitions, and sequence numbers: what was read, and what must come out."""
        rows = ask(self.connection, "SELECT next_offset, log_seq FROM debts.partition_head ORDER BY part")
        return [row[0] for row in rows], [row[1] for row in rows]

    def wait_for(self, commands):
        def done():
            self.check()
            return sum(self.positions()[0]) >= commands

        until(f"{commands} commands are applied", done)
        until("their events are acknowledged", lambda: self.events_published() >= sum(self.positions()[1]))

    def events_published(self):
        topics = [f"dcs.debts.events.v1:{part}:-1" for part in range(6)]
        words = [word for topic in topics for word in ("-t", topic)]
        answer = subprocess.run(["kcat", "-Q", "-b", self.env["DCS_KAFKA_BOOTSTRAP"], *words], stdout=subprocess.PIPE, text=True, check=True)
        return sum(int(line.rpartition(" ")[2]) for line in answer.stdout.splitlines() if line)

    def memory_now_mb(self):
        """Resident now, the largest of them."""
        return max(self.status_mb(pid, "VmRSS:") for pid in self.pids())

    @staticmethod
    def status_mb(pid, name):
        return next(int(line.split()[1]) / 1024 for line in open(f"/proc/{pid}/status") if line.startswith(name))

    def memory_mb(self):
        """The highest that any of them ever had resident."""
        return max(self.status_mb(pid, "VmHWM:") for pid in self.pids())


def offsets(positions):
    return ",".join(str(position) for position in positions)


def publish(stack, debts, first, count, rate=0):
    return run(BIN / "bench/publish", "--debts", debts, "--from", first, "--count", count, "--rate", rate, env=stack.env)


def measure(stack, before, since_ms=0):
    return run(
        BIN / "bench/measure", "--commands-from", offsets(before[0]), "--events-from", offsets(before[1]), "--since", since_ms, env=stack.env
    )


def wal_lsn(connection):
    return ask(connection, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")[0][0]


def full_speed(stack, workers, debts, commands):
    """All commands are there before the first is read."""
    warm = int(commands * WARM_PART)
    idle_mb = workers.memory_now_mb()
    publish(stack, debts, 0, warm)
    workers.wait_for(warm)
    before = workers.positions()
    workers.freeze()
    publish(stack, debts, warm, commands)
    cpu = Cpu(worker=workers.pids, postgres=lambda: [stack.postgres, *children_of(stack.postgres)], broker=lambda: [stack.kafka])
    lsn = wal_lsn(workers.connection)
    since_ms = time.time_ns() // 1000000
    workers.thaw()
    workers.wait_for(warm + commands)
    used = cpu.used()
    wal = wal_lsn(workers.connection) - lsn
    result = measure(stack, before, since_ms)
    if result["unanswered"] > commands // 100:
        raise RuntimeError(f"{result['unanswered']:.0f} commands were not answered")
    starts = " OR ".join(f"(part = {part} AND seq > {seq})" for part, seq in enumerate(before[1]))
    batches = ask(workers.connection, f"SELECT count(DISTINCT xmin::text) FROM debts.event_log WHERE {starts}")[0][0]
    return {
        "rate": result["rate"],
        "batch": round(commands / batches),
        "cpu_us": {name: seconds * 1e6 / commands for name, seconds in used.items()},
        "wal": float(wal) / commands,
        "memory": workers.memory_mb(),
        "memory_idle": idle_mb,
        "answered": result["answered"],
        "events": result["events"],
    }


def latency(stack, workers, debts, rate, first, seconds):
    before = workers.positions()
    count = int(rate * seconds)
    publish(stack, debts, first, count, int(rate))
    workers.wait_for(sum(before[0]) + count)
    result = measure(stack, before)
    return {"rate": rate, "p50": result["p50_ms"], "p99": result["p99_ms"], "max": result["max_ms"], "count": count}


# ---- the floor ----


def floor(stack, debts, commands, batch, sessions):
    warm = int(commands * WARM_PART)
    command = [BIN / "bench/floor", "--debts", debts, "--count", commands, "--warm", warm, "--batch", batch, "--sessions", sessions]
    process = subprocess.Popen(
        [str(word) for word in command], env=stack.env_of("floor"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the floor does not begin")
        with contextlib.closing(stack.connect("floor")) as connection:
            lsn = wal_lsn(connection)
            output, _ = process.communicate("go\n", timeout=DEADLINE_S)
            if process.returncode != 0:
                raise RuntimeError("the floor failed")
            wal = wal_lsn(connection) - lsn
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    result = key_values(output)
    return {"rate": result["rate"], "client_us": result["cpu_us"] / result["commands"], "wal": float(wal) / result["commands"]}


# ---- all of it ----


def one_size(folder, debts, options, with_latency):
    with Stack(folder) as stack:
        say(f"\n{debts:,} debts, {options.commands:,} commands, {options.workers} workers")
        started = time.monotonic()
        prepare(stack, debts)
        shown = ", ".join(f"{name} {stack.sql('postgres', f'SHOW {name}')[0][0]}" for name in SHOWN)
        say(f"  loaded in {time.monotonic() - started:.0f} s; PostgreSQL: {shown}, huge pages {'on' if stack.has_huge_pages() else 'off'}")
        warm_up(stack, "dcs")
        result = {"debts": debts, "latency": []}
        with Workers(stack, options.workers, {}) as workers:
            result["worker"] = full_speed(stack, workers, debts, options.commands)
            say("  worker: {rate:,.0f} commands/s, {batch:,} to a batch".format(**result["worker"]))
            first = 2 * options.commands
            peak = result["worker"]["rate"]
            loads = [("low load", LOW_RATE), ("10 % of the peak", peak / 10), ("80 % of the peak", peak * 0.8)] if with_latency else []
            for name, rate in loads:
                result["latency"].append(dict(latency(stack, workers, debts, rate, first, options.latency_s), name=name))
                first += 100 * options.commands
                say("  at {rate:,.0f} commands/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms, at most {max:.0f} ms".format(**result["latency"][-1]))
        warm_up(stack, "floor")
        result["floor"] = floor(stack, debts, options.commands, result["worker"]["batch"], options.workers)
        say("  floor: {rate:,.0f} commands/s".format(**result["floor"]))
        return result


def table(results):
    def row(name, value):
        say(f"{name:<42}" + "".join(f"{value(result):>16}" for result in results))

    say()
    row("debts there before", lambda r: f"{r['debts']:,}")
    row("worker, commands/s", lambda r: f"{r['worker']['rate']:,.0f}")
    row("floor, commands/s", lambda r: f"{r['floor']['rate']:,.0f}")
    row("worker / floor", lambda r: f"{r['worker']['rate'] / r['floor']['rate']:.2f}")
    row("CPU of a command, us: worker", lambda r: f"{r['worker']['cpu_us']['worker']:.1f}")
    row("                      PostgreSQL", lambda r: f"{r['worker']['cpu_us']['postgres']:.1f}")
    row("                      broker", lambda r: f"{r['worker']['cpu_us']['broker']:.1f}")
    row("                      all", lambda r: f"{sum(r['worker']['cpu_us'].values()):.1f}")
    row("floor's client, CPU us of a command", lambda r: f"{r['floor']['client_us']:.1f}")
    row("WAL of a command, bytes: worker", lambda r: f"{r['worker']['wal']:,.0f}")
    row("                         floor", lambda r: f"{r['floor']['wal']:,.0f}")
    row("commands of a batch", lambda r: f"{r['worker']['batch']:,}")
    row("resident memory of a worker: idle, MB", lambda r: f"{r['worker']['memory_idle']:.0f}")
    row("                             peak, MB", lambda r: f"{r['worker']['memory']:.0f}")
    for result in results:
        for at in result["latency"]:
            say(f"latency at {at['name']} ({at['rate']:,.0f}/s): p50 {at['p50']:.0f} ms, p99 {at['p99']:.0f} ms, max {at['max']:.0f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--debts", type=int, default=int(os.environ.get("DEBTS") or 1000000))
    parser.add_argument("--commands", type=int, default=int(os.environ.get("COMMANDS") or 300000))
    parser.add_argument("--workers", type=int, default=int(os.environ.get("WORKERS") or 2))
    parser.add_argument("--quick", action="store_true", default=os.environ.get("QUICK", "") not in ("", "0"))
    options = parser.parse_args()
    options.latency_s = 5 if options.quick else 20
    sizes = [options.debts] if options.quick else [options.debts, options.debts // 10, options.debts * 2]

    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="dcs-bench."))
    folder.chmod(0o711)
    try:
        results = [one_size(folder / str(debts), debts, options, with_latency=debts == options.debts) for debts in sizes]
        say(f"\nmemory {memory_mb()} MB, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f} now")
        table(sorted(results, key=lambda result: result["debts"]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
