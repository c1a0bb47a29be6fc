"""Who is measured. A side is processes that own all partitions of a stack, and what is published to them: our workers, or the peer."""

import signal
import subprocess

from machine import BIN, end, run, say, until
from stack import ask

PARTS = 6
PEER_BATCH = 8192  # at which it is fastest


class Side:
    """Processes that own all partitions and are idle. What differs from side to side is below."""

    name = database = positions_table = log_table = events_topic = None

    def __init__(self, stack, debts, count):
        self.stack, self.debts, self.count, self.processes = stack, debts, count, []
        self.published = 0

    def __enter__(self):
        try:
            for number in range(self.count):
                log = open(self.log_file(number), "wb")
                command = [str(word) for word in self.command(number)]
                self.processes.append(subprocess.Popen(command, env=self.env(), stdout=log, stderr=log))
            self.connection = self.stack.connect(self.database)
            until(f"every {self.name} owns partitions", self.own_all, 60)
        except BaseException:
            self.__exit__(True)
            raise
        return self

    def __exit__(self, *failure):
        for process in self.processes:
            process.send_signal(signal.SIGCONT)
        end(self.processes)
        if failure and failure[0]:
            for number in range(len(self.processes)):
                say(self.log_file(number).read_text()[-2000:])

    def log_file(self, number):
        return self.stack.folder / f"{self.name}-{number}.log"

    def publish(self, count, rate=0):
        """The next commands of the world, all of them as fast as that goes or so many a second."""
        first, self.published = self.published, self.published + int(count)
        return self.publish_from(first, int(count), int(rate))

    def own_all(self):
        self.check()
        owners = ask(self.connection, f"SELECT count(*), count(DISTINCT owner) FROM {self.positions_table}")[0]
        return owners == (PARTS, self.count)

    def check(self):
        for process in self.processes:
            if process.poll() is not None:
                raise RuntimeError(f"a {self.name} ended with status {process.returncode}")

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
        rows = ask(self.connection, f"SELECT next_offset, log_seq FROM {self.positions_table} ORDER BY part")
        return [row[0] for row in rows], [row[1] for row in rows]

    def wait_for_positions(self, commands):
        def done():
            self.check()
            return sum(self.positions()[0]) >= commands

        until(f"{commands} commands are applied", done)

    def wait_for(self, commands):
        self.wait_for_positions(commands)
        until("their events are acknowledged", lambda: self.events_published() >= sum(self.positions()[1]))

    def batches(self, before):
        """Transactions since these positions."""
        starts = " OR ".join(f"(part = {part} AND seq > {seq})" for part, seq in enumerate(before[1]))
        return ask(self.connection, f"SELECT count(DISTINCT xmin::text) FROM {self.log_table} WHERE {starts}")[0][0]

    def events_published(self):
        topics = [f"{self.events_topic}:{part}:-1" for part in range(PARTS)]
        words = [word for topic in topics for word in ("-t", topic)]
        answer = subprocess.run(["kcat", "-Q", "-b", self.stack.env["DCS_KAFKA_BOOTSTRAP"], *words], stdout=subprocess.PIPE, text=True, check=True)
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


class Workers(Side):
    """The debts module's own."""

    name, database = "worker", "dcs"
    positions_table, log_table, events_topic = "debts.partition_head", "debts.event_row", "dcs.debts.events.v1"

    def command(self, number):
        return [BIN / "dcs-debts"]

    def env(self):
        # Frozen while the topic is filled: not to be thrown out of the group for it.
        return dict(self.stack.env, DCS_KAFKA_SESSION_MS="120000")

    def publish_from(self, first, count, rate):
        return run(BIN / "bench/publish", "--debts", self.debts, "--from", first, "--count", count, "--rate", rate, env=self.stack.env)

    def measure(self, before, since_ms=0):
        places = ("--commands-from", offsets(before[0]), "--events-from", offsets(before[1]))
        return run(BIN / "bench/measure", *places, "--since", since_ms, env=self.stack.env)


class Peer(Side):
    """peer.c, in a database of its own (prepare_peer)."""

    name, database = "peer", "peer"
    positions_table, log_table, events_topic = "peer.position", "peer.event", "peer.events"

    def command(self, number):
        return [BIN / "bench/peer", "--session", number, "--sessions", self.count, "--batch", PEER_BATCH]

    def env(self):
        return self.stack.env_of(self.database)

    def publish_from(self, first, count, rate):
        if rate:
            raise ValueError("the peer's publisher knows no rate")
        return run(BIN / "bench/peer_publish", "--debts", self.debts, "--from", first, "--count", count, env=self.stack.env)

    def measure(self, before, since_ms=0):
        """Each command has one event, but a repetition: no record needs to be read but the last of each partition."""
        now = self.positions()
        commands, events = (sum(now[kind]) - sum(before[kind]) for kind in (0, 1))
        seconds = (max(self.last_event_ms(part) for part in range(PARTS)) - since_ms) / 1000
        return {"rate": events / seconds, "unanswered": commands - events}

    def last_event_ms(self, part):
        place = ("-t", self.events_topic, "-p", str(part), "-o", "-1", "-c", "1", "-e")
        answer = subprocess.run(
            ["kcat", "-q", "-C", "-b", self.stack.env["DCS_KAFKA_BOOTSTRAP"], *place, "-f", "%T\n"], stdout=subprocess.PIPE, text=True, check=True
        )
        return int(answer.stdout or 0)


def offsets(positions):
    return ",".join(str(position) for position in positions)
