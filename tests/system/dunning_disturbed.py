"""A history in which things go wrong before anybody's command is sent: outages of days, commands that come late or twice; and what of
its messages may differ from those of the calm one.

What goes wrong while it is played (programs and the broker that are killed) is dunning_player.py's, and may change nothing at all.
"""

import collections
import datetime
import random

OUTAGES_A_YEAR, OUTAGE_DAYS = 3, 5  # at most so many days
LATE, LATE_TICKS = 0.15, 6  # people, each once
TWICE, TWICE_TICKS = 0.03, 40  # commands
# What is refused for good if it is at all: the second of two is the first one's, or refused again.
SAFE = frozenset(("CreateCustomer", "AddContactPoint", "GrantConsent", "WithdrawConsent", "CreateDebt", "RecordPayment", "RecordInbound", "RecordCircumstance", "SetPreference"))


def outages_of(flags, fixed):
    """Days without a Tick, none of them in `fixed`."""
    dice = random.Random(f"{flags.seed}:outages")
    days = set()
    for _ in range(OUTAGES_A_YEAR * flags.days // 365):
        first = dice.randrange(2, max(3, flags.days - OUTAGE_DAYS))
        days |= set(range(first, first + 1 + dice.randrange(OUTAGE_DAYS)))
    return days - fixed


class Late:
    """Commands of people, in their order: what a person does at one time comes at one time."""

    def __init__(self, flags):
        self.chance = LATE / 10 if flags.disturb > 1 else 0  # at each of his times
        self.dice = random.Random(f"{flags.seed}:late")
        self.waiting = collections.defaultdict(collections.deque)  # person: the commands of a time, in order
        self.held = {}  # person: the Tick until which nothing of his comes
        self.seen, self.again = set(), collections.defaultdict(list)  # Tick: commands that come once more

    def put(self, commands, tick):
        by_person = collections.defaultdict(list)
        for type_, body in commands:
            by_person[body.get("customer_id", "")].append((type_, body))
        for person, his in by_person.items():
            self.waiting[person].append(his)
            if person and person in self.seen and person not in self.held and self.dice.random() < self.chance:
                self.held[person] = tick + 1 + self.dice.randrange(LATE_TICKS)
            self.seen.add(person)

    def take(self, tick):
        for person in list(self.waiting):
            if self.held.get(person, 0) <= tick:
                yield from self.doubled(self.waiting[person].popleft(), tick)
                if not self.waiting[person]:
                    del self.waiting[person]
        yield from self.again.pop(tick, ())

    def doubled(self, commands, tick):
        for type_, body in commands:
            yield type_, body
            if type_ in SAFE and self.dice.random() < TWICE:
                self.again[tick + self.dice.randrange(TWICE_TICKS)].append((type_, body))


def disturb(times, flags, fixed):
    """times: (instant, who, commands); who: empty, of all Ticks. fixed: days on which nothing goes wrong. flags.disturb: 1, commands come
    twice, which changes nothing; 2, some come late, and Ticks are missing, too."""
    outages, late, tick = outages_of(flags, fixed) if flags.disturb > 1 else set(), Late(flags), 0
    for at, who, commands in times:
        if who:
            yield at, who, commands
            continue
        late.put(commands, tick)
        if (at.date() - flags.start).days not in outages:
            yield at, who, list(late.take(tick))
        tick += 1


# ---- what may differ ----


def sent_by_person(history):
    """customer: what was sent about him, and when; and the Ticks that came."""
    sent, ticks, heard = collections.defaultdict(list), [], set()
    for at, commands in history:
        ticks.append(at)
        for type_, body in commands:
            if "customer_id" in body and "task_id" not in body and body.get("$id") not in heard:
                heard.add(body.get("$id"))
                sent[body["customer_id"]].append((at, type_, body.get("$id")))
    return sent, ticks


def tasks_by_person(history):
    """customer: what was seen of his tasks and done with them, and when: which of two things somebody does hangs on the day of the task."""
    done = collections.defaultdict(list)
    for at, commands in history:
        for type_, body in commands:
            for seen in body["new"] if type_ == "Tasks" else ():
                done[seen["customer"]].append((at, seen["kind"], seen["since"], seen["policy"], seen["step"]))
            if "task_id" in body:
                done[body["customer_id"]].append((at, type_, body.get("outcome")))
    return done


def taken_at(history):
    """When somebody took a task, whoever's it was: a record of dunning's own, at the Tick behind which what waits for a record is asked about."""
    return {at for at, commands in history for type_, _ in commands if type_ == "TakeTask"}


def first_outage(ticks):
    return next((later for before, later in zip(ticks, ticks[1:]) if later - before > datetime.timedelta(hours=13)), None)


def lines_by_person(lines):
    """Each message as its recipient saw it."""
    by_person = collections.defaultdict(list)
    for line in lines:
        by_person[line.customer].append((line.at, line.channel, line.template, line.refs, line.balance, line.outcome))
    return by_person


def compare(calm_lines, calm_history, lines, history):
    """Counts of people by why their messages differ: `for nothing` is a fault."""
    calm, disturbed = lines_by_person(calm_lines), lines_by_person(lines)
    calm_sent, _ = sent_by_person(calm_history)
    sent, ticks = sent_by_person(history)
    calm_tasks, tasks = tasks_by_person(calm_history), tasks_by_person(history)
    outage, taken, calm_taken = first_outage(ticks), taken_at(history), taken_at(calm_history)
    counts, faults = collections.Counter(), []
    for person in sorted(calm.keys() | disturbed.keys()):
        one, other = calm[person], disturbed[person]
        if one == other:
            counts["the same"] += 1
            continue
        differs_at = min(line[0] for line in set(one) ^ set(other)) if set(one) ^ set(other) else max(line[0] for line in one + other)
        if sent[person] != calm_sent[person]:
            counts["his commands came late"] += 1
        elif outage is not None and differs_at >= outage - datetime.timedelta(days=OUTAGE_DAYS + 1):
            counts["since an outage"] += 1
        elif [task for task in tasks[person] if task[0] < differs_at] != [task for task in calm_tasks[person] if task[0] < differs_at]:
            counts["another task, or something else was done with it"] += 1
        elif any((at in taken) != (at in calm_taken) for at in [at for at in ticks if at < differs_at][-2:]):
            counts["a task of somebody was taken right before, or not"] += 1
        elif any(line[-1] == "busy" for line in one + other):
            counts["a busy gateway draws when it is tried again"] += 1
        else:
            counts["for nothing"] += 1
            faults.append((person, differs_at, sorted(set(one) ^ set(other))[:4]))
    return counts, faults
