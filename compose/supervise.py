"""Keeps our programs running on the local stack, as systemd would: starts them, starts again what ends, ends all when told.

usage: supervise.py DIR FOLDER_OF_PROGRAMS

DIR/programs says what is wanted, a line each: `debts 2` is two processes of dcs-debts, debts.1 and debts.2. Read at start and at
SIGHUP; when what is not wanted any more has ended, DIR/programs.adopted says the same. DIR/variables/debts.2, where it is there, has
lines NAME=VALUE: what that one process has in its environment beside what all have. Output goes to DIR/log/debts.1.log, the record of the process to DIR/pid/debts.1 (as compose/lib.sh writes them).
SIGTERM ends the programs, the last started first asked, and then this one.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time

PAUSE_MIN_S = 0.2  # before the first new start; doubled until a process has lived for LONG_S
PAUSE_MAX_S = 10.0
LONG_S = 10.0
PATIENCE_S = 10.0  # from SIGTERM to SIGKILL

WAITED = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD}
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


def say(text):
    print(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), text, flush=True)


def replace(path, text):
    """All of it or nothing, for whoever reads meanwhile."""
    with open(path + ".part", "w", encoding="ascii") as file:
        file.write(text)
    os.rename(path + ".part", path)


def before_exec():
    """In the child: signals as usual, and no life without the supervisor."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


class Program:
    def __init__(self, name, folder):
        self.name = name  # debts.1
        self.file = os.path.join(folder, "dcs-" + name.split(".")[0])
        self.process = None
        self.pause = PAUSE_MIN_S
        self.started = 0.0
        self.start_at = 0.0  # monotonic; meaningful while there is no process

    def variables(self, home):
        try:
            with open(os.path.join(home, "variables", self.name), encoding="utf-8") as lines:
                return dict(line.rstrip("\n").split("=", 1) for line in lines)
        except FileNotFoundError:
            return {}

    def start(self, home):
        with open(os.path.join(home, "log", self.name + ".log"), "ab") as log:
            try:
                self.process = subprocess.Popen(
                    [self.file],
                    env={**os.environ, **self.variables(home)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    preexec_fn=before_exec,
                )
            except OSError as error:
                say(f"{self.name} cannot be started: {error.strerror}")
                self.wait_longer()
                return
        self.started = time.monotonic()
        self.record(home)

    def record(self, home):
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as stat:
                start_time = stat.read().rpartition(")")[2].split()[19]
        except OSError:
            return  # it has ended already; SIGCHLD will say so
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            line = f"{self.process.pid} {start_time} {boot.read()}"
        replace(os.path.join(home, "pid", self.name), line)

    def wait_longer(self):
        self.start_at = time.monotonic() + self.pause
        self.pause = min(self.pause * 2, PAUSE_MAX_S)

    def look_whether_ended(self):
        if self.process is None or self.process.poll() is None:
            return
        if time.monotonic() - self.started >= LONG_S:
            self.pause = PAUSE_MIN_S
        status = self.process.returncode
        how = f"signal {-status}" if status < 0 else f"status {status}"
        self.process = None
        say(f"{self.name} ended ({how}), again in {self.pause:.1f} s")
        self.wait_longer()


class Supervisor:
    def __init__(self, home, folder):
        self.home = home
        self.folder = folder
        self.programs = {}  # by name, in the order of their start

    @staticmethod
    def names(text):
        for line in text.splitlines():
            name, count = line.split()
            yield from (f"{name}.{number}" for number in range(1, int(count) + 1))

    def adopt_list(self):
        path = os.path.join(self.home, "programs")
        with open(path, encoding="ascii") as wanted:
            text = wanted.read()
        names = list(self.names(text))
        self.end([name for name in self.programs if name not in names])
        for name in names:
            self.programs.setdefault(name, Program(name, self.folder))
        replace(path + ".adopted", text)

    def end(self, names):
        """Asks, waits, kills. A frozen process is woken, or it could not hear."""
        ending = [self.programs.pop(name) for name in reversed(names)]
        alive = [program for program in ending if program.process is not None]
        for program in alive:
            program.process.send_signal(signal.SIGTERM)
            program.process.send_signal(signal.SIGCONT)
        deadline = time.monotonic() + PATIENCE_S
        for program in alive:
            try:
                program.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"{program.name} does not stop: killed")
                program.process.kill()
                program.process.wait()
        for program in ending:
            try:
                os.unlink(os.path.join(self.home, "pid", program.name))
            except FileNotFoundError:
                pass

    def start_what_is_due(self):
        """Answers in how many seconds the next one is due."""
        next_start = 60.0
        for program in self.programs.values():
            program.look_whether_ended()
            if program.process is None:
                pause = program.start_at - time.monotonic()
                if pause <= 0:
                    program.start(self.home)
                else:
                    next_start = min(next_start, pause)
        return next_start

    def run(self):
        signal.pthread_sigmask(signal.SIG_BLOCK, WAITED)
        self.adopt_list()
        while True:
            received = signal.sigtimedwait(WAITED, self.start_what_is_due())
            number = received.si_signo if received else None
            if number == signal.SIGHUP:
                self.adopt_list()
            elif number in (signal.SIGTERM, signal.SIGINT):
                self.end(list(self.programs))
                return


if __name__ == "__main__":
    Supervisor(sys.argv[1], sys.argv[2]).run()
