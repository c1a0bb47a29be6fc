"""A private stack (compose/stack.sh) for one run: PostgreSQL as on a machine for a database, the broker, and the databases that are measured."""

import contextlib
import os
import pathlib
import subprocess

import psycopg2

from machine import BIN, ROOT, children_of, memory_mb, run

STACK = ROOT / "compose/stack.sh"

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

HUGE_PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
HUGE_PAGE, SMALL_PAGE = 2 << 20, 4096


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


def shared_memory(pid):
    """Where the buffers lie: writable, shared, and of no file."""
    for line in open(f"/proc/{pid}/maps"):
        addresses, rights, _, _, _, *path = line.split()
        if rights == "rw-s" and (path[:1] in ([], ["/dev/zero"], ["/anon_hugepage"])):
            yield [int(address, 16) for address in addresses.split("-")]


class Stack:
    def __init__(self, folder):
        self.folder = folder
        self.own_backends = set()  # of this driver's connections: its questions are not the work that is measured
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
        self.env = self.sourced(self.call("env"))
        self.postgres = int(self.call("pid", "postgres"))
        self.kafka = int(self.call("pid", "kafka"))
        for name, value in SETTINGS.items():
            self.sql("postgres", f"ALTER SYSTEM SET {name} = '{value}'")
        self.sql("postgres", "SELECT pg_reload_conf()")

    @staticmethod
    def sourced(lines):
        """Our environment after a shell has read these lines: some keep what is set already."""
        result = subprocess.run(["bash", "-c", 'eval "$0" && env -0', lines], stdout=subprocess.PIPE, text=True, check=True)
        return dict(pair.split("=", 1) for pair in result.stdout.split("\0") if pair)

    def has_huge_pages(self):
        status = pathlib.Path(f"/proc/{self.postgres}/status").read_text()
        return int(status.partition("HugetlbPages:")[2].split()[0]) > 0

    def touch_buffers(self):
        """Makes the kernel zero all of PostgreSQL's shared memory now, as on a server that has run for a day: a page that is used for the first
        time is zeroed by the backend that does so. True if that was allowed."""
        step = HUGE_PAGE if self.has_huge_pages() else SMALL_PAGE
        try:
            with open(f"/proc/{self.postgres}/mem", "rb", buffering=0) as memory:
                for first, behind in shared_memory(self.postgres):
                    for at in range(first, behind, step):
                        memory.seek(at)
                        memory.read(1)
        except OSError:
            return False
        return True

    def conninfo(self, database):
        return f"{self.env['DCS_PG'].rpartition(' dbname=')[0]} dbname={database}"

    def env_of(self, database):
        return dict(self.env, DCS_PG=self.conninfo(database))

    def connect(self, database):
        connection = psycopg2.connect(self.conninfo(database))
        connection.autocommit = True
        self.own_backends.add(connection.info.backend_pid)
        return connection

    def server_pids(self):
        return [self.postgres, *(pid for pid in children_of(self.postgres) if pid not in self.own_backends)]

    def sql(self, database, statement):
        with contextlib.closing(self.connect(database)) as connection:
            return ask(connection, statement)


def ask(connection, statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else None


def wal_lsn(connection):
    return ask(connection, "SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")[0][0]


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
    for table in ("customers.customer", "debts.debt", "debts.posting"):
        stack.sql("dcs", f"VACUUM (ANALYZE) {table}")
    stack.sql("postgres", "CREATE DATABASE floor TEMPLATE dcs STRATEGY wal_log")
    stack.sql("floor", "SELECT dcs_grant_module('debts')")  # settings of a role in a database are not copied with it


def prepare_peer(stack, debts):
    """The same world in the peer's tables, and its topics."""
    stack.sql("postgres", "CREATE DATABASE peer")
    stack.sql("peer", (pathlib.Path(__file__).parent / "peer.sql").read_text() + "CREATE EXTENSION pg_prewarm")
    run(BIN / "bench/peer_load", "--debts", debts, env=stack.env_of("peer"))
    stack.sql("peer", "VACUUM (ANALYZE) peer.debt")


def warm_up(stack, database):
    stack.sql(
        database,
        "SELECT pg_prewarm(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN ('customers', 'debts', 'peer') AND c.relkind IN ('r', 'i')",
    )
    os.sync()  # the preparation's writing is not the run's
