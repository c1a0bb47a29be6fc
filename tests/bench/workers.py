"""Who is measured: the debts worker's processes, which own all partitions of a stack; what is published to them, and what they answer."""

import signal
import subprocess

from machine import BIN, run, say, until
from stack import ask


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
        return ask(self.connection, f"SELECT count(DISTINCT xmin::text) FROM debts.event_log WHERE {starts}")[0][0]

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
