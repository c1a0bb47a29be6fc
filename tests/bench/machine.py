"""This machine, as the benches see it: programs that are run, conditions that are waited for, CPU that is used."""

import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = ROOT / "build/release"
TICK = os.sysconf("SC_CLK_TCK")
DEADLINE_S = 300


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


def end(processes):
    """All at once, and each within ten seconds."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


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
