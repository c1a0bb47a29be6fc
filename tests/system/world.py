"""A private stack with our programs on it: PostgreSQL, Kafka, mail, SMS in a folder of its own (compose/stack.sh)."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import time

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "consumers"), str(ROOT / "schemas")]

import modules  # noqa: E402

BIN = pathlib.Path(os.environ.get("DCS_BIN", ROOT / "build/release"))
JARS = ROOT / ".cache/kafka-jars"
# Stories run at any hour and write to one person often: rules that deny only.
NO_HOURS = {"DCS_PROFILES": "basic person"}
LAW = {"DCS_PROFILES": ""}  # the profiles of the default, all of them: what test_law.py and the demo ask
DEADLINE_S = 90  # far above what anything here takes; a test that needs it has failed
MODULES = modules.names("command")
PORTS_FROM, PORTS_COUNT = 20000, 12000  # as compose/lib.sh: below those that connections going out sit on


def wait_for(condition, what, seconds=DEADLINE_S):
    """Asks until the answer is true, and returns it. what: a text, or who tells it when it never came."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what() if callable(what) else what}"
        time.sleep(0.05)


def free_port():
    """One for a program of the test's own."""
    first, count = int(os.environ.get("DCS_PORTS_FROM", PORTS_FROM)), int(os.environ.get("DCS_PORTS_COUNT", PORTS_COUNT))
    while True:
        port = random.randrange(first, first + count)
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port


def preload_library(folder, name):
    """One of the libraries beside this file that change what a program meets (LD_PRELOAD), compiled into the folder."""
    library = pathlib.Path(folder) / f"{name}.so"
    subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", library, pathlib.Path(__file__).with_name(f"{name}.c")], check=True)
    return library


def off_clock_library(folder):
    """What gives a program another time."""
    return preload_library(folder, "off_clock")


def start_time(pid):
    """When the process started, as compose/lib.sh writes it down; None when it is not there any more."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


class Worker:
    """A program of ours that the test starts and ends itself, so that it sees the exit status."""

    def __init__(self, world, name, number, flags, variables):
        self.log_path = world.folder / "log" / f"{name}.own{number}.log"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BIN / f"dcs-{name}", *flags], env={**world.environment, **variables}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self):
        return self.process.pid

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        return self.process.wait(DEADLINE_S)

    def stop(self, seconds=DEADLINE_S):
        """SIGTERM; answers the exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.process.send_signal(signal.SIGCONT)
        return self.process.wait(seconds)


class World:
    def __init__(self, folder, **settings):
        self.folder = pathlib.Path(folder)
        # The outcome of a command is waited for long: what would be a 201 is no 202 on a busy machine.
        defaults = {"DCS_CLOCK_INTERVAL_MS": "500", "DCS_KAFKA_SESSION_MS": "6000", "DCS_API_OUTCOME_MS": "30000"}
        defaults["DCS_API_REGISTRATION"] = "true"
        defaults.update(NO_HOURS)
        self.settings = {**defaults, **settings}
        self.environment = {}
        self.workers_count = 0

    # ---- life ----

    def start(self, *parts, programs=True, rehearsal=False):
        """The stack, or some of its parts, the database's schema, the topics, and our programs: those that are built; of a rehearsal, those
        that a script needs (dcs rehearse is its clock)."""
        self.stack(*(["--rehearsal"] if rehearsal else []), "start", *parts)
        self.environment = {**os.environ, **self.settings, **self.stack_variables()}
        self.dcs("migrate")
        self.dcs("topics")
        if programs:
            self.programs("start", *(f"{name}=1" for name in modules.names() if rehearsal))

    def destroy(self):
        self.stack("destroy")

    def keep_logs(self, folder):
        """For whoever looks into a failure: the logs outlive the stack."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder / "log", folder)

    def script(self, name, *arguments, check=True):
        command = [ROOT / "compose" / name, "--dir", self.folder, *arguments]
        done = subprocess.run(
            command, env={**os.environ, **self.settings}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0 or not check, f"{name} {arguments}: {done.stderr}{done.stdout}"
        return done.stdout.strip()

    def stack(self, *arguments, **options):
        return self.script("stack.sh", *arguments, **options)

    def programs(self, *arguments, **options):
        return self.script("programs.sh", "--bin", str(BIN), *arguments, **options)

    def give_variables(self, name, variables):
        """To one process of a program under the supervisor (debts.2), when it is started next."""
        folder = self.folder / "variables"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text("".join(f"{variable}={value}\n" for variable, value in variables.items()))

    def stack_variables(self):
        text = subprocess.run(["bash", "-c", f". '{self.folder}/env'; env -0"], check=True, capture_output=True, text=True).stdout
        pairs = (line.partition("=") for line in text.split("\0"))
        return {name: value for name, _, value in pairs if name.startswith("DCS_")}

    def pid(self, name):
        """Of a part, or of a program under the supervisor (debts.1); None when it does not run."""
        try:
            pid, started, _boot = (self.folder / "pid" / name).read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if start_time(pid) == started else None

    def log(self, name):
        path = self.folder / "log" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @contextlib.contextmanager
    def worker(self, name, *flags, **variables):
        self.workers_count += 1
        worker = Worker(self, name, self.workers_count, flags, variables)
        try:
            yield worker
        finally:
            if worker.process.poll() is None:
                worker.stop()  # leaves its group at once; after a SIGKILL the next one would wait for the session's end

    # ---- questions ----

    def dcs(self, *arguments, check=True, text=None, **more):
        """`more`: variables of its environment."""
        done = subprocess.run(
            [BIN / "dcs", *arguments], env={**self.environment, **more}, input=text or "", capture_output=True, text=True, cwd=ROOT, timeout=300
        )
        assert done.returncode == 0 or not check, f"dcs {arguments}: {done.stderr}{done.stdout}"
        return done if not check else done.stdout

    def sql(self, statement, *values):
        connection = psycopg2.connect(self.environment["DCS_PG"])
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def value(self, statement, *values):
        rows = self.sql(statement, *values)
        return rows[0][0] if rows else None

    def has_table(self, name):
        return self.value("SELECT to_regclass(%s) IS NOT NULL", name)

    def status(self):
        done = self.dcs("status", "--json", check=False)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def wait_idle(self, seconds=DEADLINE_S):
        done = self.dcs("status", "--wait-idle", str(seconds), check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def verify(self):
        """What is wrong, one line each."""
        done = self.dcs("verify", check=False)
        return [] if done.returncode == 0 else (done.stdout + done.stderr).splitlines()

    def java(self, tool, *arguments):
        """One of Kafka's own tools."""
        command = ["java", "-cp", f"{JARS}/*", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", f"org.apache.kafka.tools.{tool}"]
        command += ["--bootstrap-server", self.environment["DCS_KAFKA_BOOTSTRAP"], *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout
