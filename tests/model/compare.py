#!/usr/bin/env python3
"""Compares the rules of debts with the model: every event, entry, refusal and state, after every command of random histories.

usage: compare.py DRIVER SEEDS [FIRST]       seeds FIRST (1) .. FIRST + SEEDS - 1, in as many processes as there are processors
       compare.py DRIVER --replay FILE       a history that differed, once more

A history that differs is made as short as it can be and still differs, and is written to build/model/seed-N.txt, a step a line. The last line
is `N passed, N failed`, of seeds.
"""

import json
import os
import pathlib
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import debts
import histories
import holidays

SCHEMAS = pathlib.Path("schemas/debts")
FOUND = pathlib.Path("build/model")
SEEDS_AT_ONCE = 25
FAILED_MAX = 5

encode = json.JSONEncoder(check_circular=False).encode

# ---- the driver ----


def line_of(step):
    """A step in the language of driver.c."""
    verb = step[0]
    if verb == "do":
        _, name, issuer, approved, body = step
        scope = "-" if issuer.role == "-" else issuer.scope()
        return f"do {name} {issuer.role} {scope} {'yes' if approved else 'no'} {encode(body)}\n"
    if verb == "day":
        return f"day {debts.text_of(step[1])}\n"
    if verb == "customer":
        return f"customer {step[1]} {'active' if step[2] else 'gone'} {step[3]}\n"
    if verb == "known":
        return f"known {step[1]} {step[2]} {step[3] or '00000000-0000-0000-0000-000000000000'}\n"
    if verb == "off":
        return f"off {step[1]} {debts.text_of(step[2])} {debts.text_of(step[3])}\n"
    return "tick\n"


class Driver:
    def __init__(self, program):
        self.program = program
        self.process = None

    def play(self, steps):
        """Its answers: one for each step that has one, and last all states. None: it has ended over the history."""
        if self.process is None:
            self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.process.stdin.write(("history\n" + "".join(map(line_of, steps)) + "end\n").encode())
            self.process.stdin.flush()
            answers = self.process.stdout.readline()
            if answers:
                return json.loads(answers)
        except BrokenPipeError:
            pass
        self.process.wait()
        self.process = None
        return None


# ---- comparing ----


class Difference(Exception):
    def __init__(self, index, theirs, ours):
        super().__init__(index)
        self.index, self.theirs, self.ours = index, theirs, ours


def compare(driver, steps, answers, states):
    """Raises the first Difference. `answers` are the model's, `states` its last."""
    said = driver.play(steps)
    ours = [answer for answer in answers if answer is not None] + [{"states": states}]
    if said == ours:
        return
    if said is None:
        raise Difference(len(steps) - 1, "the driver has ended", "")
    at = [index for index, answer in enumerate(answers) if answer is not None] + [len(steps)]
    raise next(Difference(index, theirs, mine) for index, theirs, mine in zip(at, said, ours) if theirs != mine)


def play(driver, steps):
    """The same for steps that were not made by the model at hand."""
    world = debts.World(0)
    answers = [histories.obey(world, step) for step in steps]
    compare(driver, steps, answers, world.states())


def kind_of(steps, difference):
    """What two differences have in common that are the same finding."""
    step = steps[difference.index] if difference.index < len(steps) else ("end",)
    parts = [[path, theirs, ours] if path in ("/refused", "/field") else [path.rsplit("/", 1)[-1]]
             for path, theirs, ours in different_parts(difference.theirs, difference.ours)]
    return step[:2] if step[0] == "do" else step[:1], parts


def difference_of(driver, steps):
    try:
        play(driver, steps)
    except Difference as difference:
        return kind_of(steps, difference)
    except (KeyError, AssertionError):  # a shortened history may make no sense to the model
        pass
    return None


def shorten(driver, steps):
    """Drops steps as long as the same difference is there; the first is the day on which it begins."""
    kind = difference_of(driver, steps)
    size = len(steps) // 2
    while size > 0:
        at = 1
        while at < len(steps):
            fewer = steps[:at] + steps[at + size:]
            if difference_of(driver, fewer) == kind:
                steps = fewer
            else:
                at += size
        size //= 2
    return steps


def different_parts(theirs, ours, path=""):
    """(path, theirs, ours) of each place where two values differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(theirs.keys() | ours.keys()):
            yield from different_parts(theirs.get(key), ours.get(key), f"{path}/{key}")
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (one, other) in enumerate(zip(theirs, ours)):
            yield from different_parts(one, other, f"{path}/{index}")
    elif theirs != ours:
        yield path, theirs, ours


def report(name, steps, difference):
    step = line_of(steps[difference.index]).strip() if difference.index < len(steps) else "the states at the end"
    print(f"\n{name}, step {difference.index + 1} of {len(steps)}: {step}")
    for path, theirs, ours in different_parts(difference.theirs, difference.ours):
        print(f"  {path}\n    rules: {json.dumps(theirs)}\n    model: {json.dumps(ours)}")


def found(driver, seed, steps):
    steps = shorten(driver, steps)
    FOUND.mkdir(parents=True, exist_ok=True)
    file = FOUND / f"seed-{seed}.txt"
    file.write_text("".join(map(line_of, steps)))
    try:
        play(driver, steps)
    except Difference as difference:
        report(f"seed {seed} ({file})", steps, difference)
    sys.stdout.flush()


def compare_holidays(driver):
    """Every day of two centuries, of each country; Juneteenth is one since 2021. The number of countries that differ."""
    first, last = holidays.ordinal(2022, 1, 1), debts.DAY_LAST
    failed = 0
    for country in histories.COUNTRIES:
        theirs = driver.play([("off", country, first, last)])[0]
        ours = [debts.text_of(day) for day in range(first, last + 1)
                if holidays.weekday(day) < holidays.SATURDAY and not holidays.is_business(country, day)]
        if theirs != ours:
            failed += 1
            print(f"days off in {country}: rules {sorted(set(theirs) - set(ours))}, model {sorted(set(ours) - set(theirs))}")
    return failed


# ---- many ----

drivers = {}


def check_seeds(program, seeds):
    """(commands, failed seeds, names of events and codes of refusals that came)"""
    driver = drivers.setdefault(program, Driver(program))
    commands, failed, came = 0, [], {}
    for seed in seeds:
        history = histories.History(seed)
        commands += sum(step[0] == "do" for step in history.steps)
        try:
            compare(driver, history.steps, history.answers, history.world.states())
        except Difference:
            failed.append(seed)
            found(driver, seed, history.steps)
        tally(came, history)
    return commands, failed, came


def tally(came, history):
    """Counts the events, and the refusals of each command."""
    for step, answer in zip(history.steps, history.answers):
        for part in answer if isinstance(answer, list) else [answer or {}]:
            names = [event[0] for event in part.get("events", ())] + [f"{step[1]} {part[key]}" for key in ("refused", "waits") if key in part]
            for name in names:
                came[name] = came.get(name, 0) + 1


def expected():
    """Every event and refusal that the schemas know of the commands of the model. Read there, so that a new one is missed."""
    found = set()
    for file in SCHEMAS.glob("*.avsc"):
        schema = json.loads(file.read_text())
        if schema["dcs.kind"] == "event":
            found.add(schema["name"])
        elif schema["name"] in debts.COMMANDS:
            found.update(f"{schema['name']} {code}" for code in schema.get("dcs.refusals", ()))
    return found


def check_many(program, count, first):
    started = time.monotonic()
    done, commands, failed, came = 0, 0, [], {}
    holidays_failed = compare_holidays(Driver(program))
    pool = ProcessPoolExecutor()
    batches = [range(seed, min(seed + SEEDS_AT_ONCE, first + count)) for seed in range(first, first + count, SEEDS_AT_ONCE)]
    running = []
    while batches or running:
        while batches and len(running) < 2 * os.cpu_count():
            batch = batches.pop(0)
            running.append((batch, pool.submit(check_seeds, program, batch)))
        batch, future = running.pop(0)
        its_commands, its_failed, its_came = future.result()
        done, commands, failed = done + len(batch), commands + its_commands, failed + its_failed
        for name, number in its_came.items():
            came[name] = came.get(name, 0) + number
        if len(failed) >= FAILED_MAX:
            batches.clear()
    pool.shutdown()
    took = time.monotonic() - started
    print(", ".join(f"{name} {number}" for name, number in sorted(came.items())))
    print("never came: " + (", ".join(sorted(expected() - came.keys())) or "nothing"))
    print(f"seeds {first} to {first + done - 1}: {commands} commands in {took:.0f} s")
    failures = len(failed) + holidays_failed
    print(f"{done - len(failed)} passed, {failures} failed")
    return 1 if failures or done == 0 else 0


# ---- one again ----


def step_of(line):
    verb, _, rest = line.strip().partition(" ")
    if verb == "do":
        name, role, scope, approved, body = rest.split(" ", 4)
        return "do", name, issuer_of(role, scope), approved == "yes", json.loads(body)
    if verb == "day":
        return "day", debts.datetime.date.fromisoformat(rest).toordinal()
    words = rest.split(" ")
    if verb == "customer":
        return "customer", words[0], words[1] == "active", words[2]
    if verb == "known":
        return "known", words[0], words[1], None if words[2].startswith("00000000") else words[2]
    return (verb,)


def issuer_of(role, scope):
    if role == "-":
        return debts.ANYBODY
    creditors, _, sources = scope.partition(";")
    creditors, _, portfolios = creditors.partition("/")
    return debts.Issuer(role, None if creditors == "*" else creditors.split(","), tuple(filter(None, portfolios.split(","))),
                        None if sources == "*" else tuple(filter(None, sources.split(","))))


def replay(program, file):
    steps = [step_of(line) for line in pathlib.Path(file).read_text().splitlines()]
    try:
        play(Driver(program), steps)
    except Difference as difference:
        report(file, steps, difference)
        return 1
    print("no difference")
    return 0


if __name__ == "__main__":
    if sys.argv[2] == "--replay":
        sys.exit(replay(sys.argv[1], sys.argv[3]))
    sys.exit(check_many(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1))
