#!/usr/bin/env python3
"""Plays the script of a rehearsal (dunning_history.py) and does what people do in it: looks into the queue of tasks, takes and ends them.

usage: dunning_player.py FOLDER STACK [--seed 1] [--disturb] -- dcs rehearse FLAGS...

Writes FOLDER/played.script: the script as it was played, with what was seen in the queue (lines `# tasks {"new": [...]}`) and what was
sent because of it. So the judge reads what people saw and sent, never a table. Which of two things somebody does is a function of the
seed and of the task, not of its id: the same history has the same ends.

--disturb: at seeded times a program is killed while it works, and a few times the broker is killed and started again. Nothing of that
may change a message.
"""

import argparse
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE))

from dunning_history import AGENT, DAY  # noqa: E402

USUAL = "dcs-cli"  # who sends the script
COLUMNS = ("task", "kind", "state", "since", "back_on", "taken_by", "customer", "creditor", "owed", "currency", "policy", "step", "reason")
VICTIMS = subprocess.run([ROOT / "consumers/modules.py"], check=True, capture_output=True, text=True).stdout.split()
KILLS = 0.02  # of Ticks
BROKER_RESTARTS = 0.002
PATIENCE_S = 120


def is_visit(at):
    """When somebody looks into the queue: about noon on working days."""
    return at.hour == 13 and at.weekday() < 5


def outcome_of(seed, seen, at):
    """(outcome, or what he does instead; the day on which it is open again) of a task that is looked at; None: not today."""
    dice = random.Random(f"{seed}:{seen['customer']}:{seen['creditor']}:{seen['currency']}:{seen['kind']}:{seen['policy']}:{seen['step']}:{seen['since']}:{at:%Y-%m-%d}")
    if dice.random() < 0.4:
        return None
    outcome = dice.choice(["done"] * 5 + ["not_needed", "not_possible", "later", "given_back", "forgotten"])
    return outcome, str(at.date() + dice.randrange(3, 12) * DAY) if outcome == "later" else None


def commands_of(seen, at, outcome, back_on):
    key = {"task_id": seen["task"], "customer_id": seen["customer"]}
    yield "TakeTask", key
    if outcome == "given_back":
        yield "ReleaseTask", key
    elif outcome != "forgotten":  # which opens again by itself
        yield "FinishTask", {**key, "outcome": outcome, **({"back_on": back_on} if back_on else {})}


class Player:
    def __init__(self, flags):
        self.flags = flags
        self.played = (flags.folder / "played.script").open("w", encoding="utf-8")
        self.rehearsal = subprocess.Popen(flags.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self.known = set()  # ids of tasks that were seen
        self.dice = random.Random(f"{flags.seed}:disturbed")
        self.who, self.at, self.has_visited = USUAL, None, True
        self.kills = self.restarts = 0

    def tell(self, line):
        self.rehearsal.stdin.write(line + "\n")

    def note(self, line):
        self.played.write(line + "\n")

    def come_to_rest(self):
        self.tell("say rest")
        self.rehearsal.stdin.flush()
        if self.rehearsal.stdout.readline() != "rest\n":
            raise SystemExit("dunning_player.py: the rehearsal has ended")

    def become(self, who):
        if who != self.who:
            self.who = who
            self.tell(f"as {who}")
            self.note(f"as {who}")

    def play(self, lines):
        for line in lines:
            line = line.strip()
            word, _, rest = line.partition(" ")
            if word == "at":
                self.end_time()
                self.at = datetime.datetime.fromisoformat(rest.replace("Z", "+00:00"))
                self.has_visited = False
            if word == "as":
                self.become(rest)
                continue
            self.tell(line)
            self.note(line)
            if word == "at" and self.flags.disturb:
                self.disturb()
        self.end_time()
        self.rehearsal.stdin.close()
        print(f"{len(self.known)} tasks were seen, {self.kills} programs and {self.restarts} brokers killed")
        return self.rehearsal.wait()

    def end_time(self):
        """All that happens at a time has happened, but for what somebody does about it."""
        if self.at is not None and not self.has_visited and is_visit(self.at):
            self.come_to_rest()
            self.look_into_queue()
        self.has_visited = True

    # ---- tasks ----

    def queue(self):
        text = subprocess.run([self.flags.command[0], "tasks"], check=True, capture_output=True, text=True).stdout
        return [dict(zip(COLUMNS, line.split("  "))) for line in text.splitlines()]

    def look_into_queue(self):
        open_now = self.queue()
        new = [seen for seen in open_now if seen["task"] not in self.known]
        self.known.update(seen["task"] for seen in new)
        self.note("# tasks " + json.dumps({"new": new}))
        for seen in open_now:
            what = outcome_of(self.flags.seed, seen, self.at)
            if what is None:
                continue
            before = self.who
            self.become(AGENT)
            for type_, body in commands_of(seen, self.at, *what):
                self.tell(f"{type_} {json.dumps(body)}")
                self.note(f"{type_} {json.dumps(body)}")
        if self.who == AGENT:
            self.become(USUAL)

    # ---- what goes wrong ----

    def disturb(self):
        if self.dice.random() < BROKER_RESTARTS:
            self.restart_broker()
        if self.dice.random() < KILLS:
            self.kill(self.dice.choice(VICTIMS), self.dice.random() * 0.3)

    def kill(self, name, after_s):
        """In the middle of what the Tick causes: how far it is by then is for the machine to say."""
        self.rehearsal.stdin.flush()
        time.sleep(after_s)
        found = subprocess.run([ROOT / "compose/programs.sh", "--dir", self.flags.stack, "pid", f"{name}.1"], capture_output=True, text=True)
        if found.returncode == 0:
            os.kill(int(found.stdout), signal.SIGKILL)
            self.kills += 1

    def restart_broker(self):
        """At rest, as who tells the time needs it."""
        self.come_to_rest()
        for word in ("kill", "start"):
            subprocess.run([ROOT / "compose/stack.sh", "--dir", self.flags.stack, word, "kafka"], check=True, timeout=PATIENCE_S, stdout=subprocess.DEVNULL)
        self.restarts += 1


def main():
    words = sys.argv[1:]
    cut = words.index("--")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("stack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disturb", action="store_true")
    flags = parser.parse_args(words[:cut])
    flags.command = words[cut + 1 :]
    with (flags.folder / "script.txt").open(encoding="utf-8") as lines:
        return Player(flags).play(lines)


if __name__ == "__main__":
    sys.exit(main())
