"""Judges a rehearsal's dunning: from the commands that were sent and what the gateways were handed, never from our tables.

A history is a script of `dcs rehearse` and its sink.jsonl. The judge keeps what the commands say (debts, consents, circumstances), asks
dunning_model.py what is due whenever a Tick comes, and expects the message at the gateway at the first instant at which law and house
allow it (guard_until, from consumers/communications/profiles/). It leaves to the log only what nobody outside can know: which of two groups
of a person comes first on a day that has room for one, and how often a failing gateway is tried. Anything else that differs is a finding; the
group's facts are then taken from the log, so that one fault is one finding.

A template's text must have its name, what is owed and its debts in this form: "[early-2] 12.34 EUR <D-1, D-2>".
"""

import bisect
import collections
import copy
import dataclasses
import datetime
import itertools
import json
import math
import re
import zoneinfo

from dunning_model import DAY, Answer, Debt, Failing, Group, Person, next_step, read_policy, rests, stop_of, wait_with

UTC = datetime.timezone.utc
UNION = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
COUNTED = frozenset(("reminder", "demand", "settlement_offer", "legal_notice"))  # HOUSE-1, HOUSE-2, UK-03
MOST_A_DAY, MOST, IN_DAYS, AFTER_INBOUND = 1, 3, 7, datetime.timedelta(hours=24)
ANSWERED_WITHIN, FRESH = datetime.timedelta(days=62), datetime.timedelta(days=60)  # of a text that the person wrote; US-13
PAIRS = 2000  # of choices that are made otherwise together, at most
CHOICES = 24  # possibilities that are tried; of orders: those of four groups
CHOSEN_BEFORE = 30, 75  # days before something was found: a step may wait for weeks
TRIES_MAX, TRIES_SOON = 8, 4  # of a message by a busy gateway (consumers/notifier/README.md); behind the latter the next one may be more than a Tick away
PLANNING_DAYS = 30  # UK-03
DENYING = frozenset(("attorney", "cease", "deceased", "bankruptcy", "dispute", "incapacity", "breathing_space", "crisis", "restriction"))
FROM, TO, TO_IN_UNION = datetime.time(8), datetime.time(21), datetime.time(20)
ASKED_BEFORE = 30 * DAY  # a group is asked about from so long before a due day on
ELECTRONIC = ("email", "sms")
# Where the person of a telephone number may be, too, whatever the channel (US-01).
NUMBERS = {"+49": "Europe/Berlin", "+33": "Europe/Paris", "+44": "Europe/London", "+1212": "America/New_York", "+1310": "America/Los_Angeles"}
TEXT = re.compile(r"\[(?P<template>[a-z0-9_.-]+)\]\s+(?P<balance>\d+)\.(?P<cents>\d\d)\s+(?P<currency>[A-Z]{3})\s+<(?P<refs>[^<>]*)>")


def read_instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def read_day(text):
    return datetime.date.fromisoformat(text)


def read_script(lines):
    """(instant, [(type, body)...]) in order."""
    commands = None
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        if word == "at":
            if commands is not None:
                yield at, commands
            at, commands = read_instant(rest.strip()), []
        elif word == "#" and rest.startswith("tasks "):
            commands.append(("Tasks", json.loads(rest.partition(" ")[2])))
        elif word and word != "as" and not word.startswith("#"):
            commands.append((word, json.loads(rest)))
    if commands is not None:
        yield at, commands


@dataclasses.dataclass
class Line:
    """What a gateway was handed; outcome: accepted, refused (for good) or busy (to be tried again)."""

    at: datetime.datetime
    customer: str
    channel: str
    template: str
    refs: tuple
    balance: int = 0
    outcome: str = "accepted"

    def __str__(self):
        return f"{self.template} by {self.channel} about {' '.join(self.refs)} at {self.at:%Y-%m-%d %H:%M}"


def read_line(source):
    found = TEXT.search(source["text"])
    place = read_instant(source["at"]), source["customerId"], source["channel"]
    if found is None:
        return Line(*place, "", ())
    refs = tuple(re.split(r",\s+", found["refs"]))
    return Line(*place, found["template"], refs, int(found["balance"] + found["cents"]), source.get("outcome", "accepted"))


# ---- what the judge keeps of a person ----


@dataclasses.dataclass
class Asked:
    """A step that the model has asked for and that nobody has accepted yet."""

    answer: Answer
    group: Group
    on: datetime.date
    not_before: datetime.datetime
    send_by: datetime.datetime
    release_at: datetime.datetime
    tries: int = 0  # of a gateway that was busy
    stated: int = 0  # what it said at the first of them that is due
    is_back: bool = False  # at one of them it was not the time: the guard is asked anew at the next Tick
    fit_until: datetime.datetime = datetime.datetime.max.replace(tzinfo=UTC)  # as of when it was released
    contact_at: datetime.datetime | None = None  # when it was let go: what HOUSE-1 counts, as long as it has not failed
    task: "Task | None" = None  # a person does it: it has no message

    @property
    def step(self):
        return self.answer.step

    @property
    def is_retried(self):
        return self.tries > 0

    @property
    def is_demand(self):
        return self.answer.step.is_demand(self.answer.channel)

    def net(self):
        """What its message says is due: what was overpaid to the creditor, by any debt, counts against it."""
        return max(0, sum(debt.owed for debt in self.answer.debts) - sum(debt.credit for debt in self.group.debts))

    @property
    def refs(self):
        return tuple(debt.ref for debt in self.answer.debts)


@dataclasses.dataclass
class Task:
    """That somebody must find in the queue."""

    key: tuple  # of its group
    kind: str
    policy: str
    step: int
    opened_on: datetime.date
    id: str = ""  # in the queue; empty: nobody has seen it yet
    is_over: bool = False
    ticks: int = 0  # a trace: the Tick at which it was opened
    places: list = dataclasses.field(default_factory=list)  # a trace: group, policy and step of all that waited for it at that Tick

    def is_at(self, *place):
        return place in (self.places or [(self.key, self.policy, self.step)])

    def __str__(self):
        return f"a task ({self.kind}) of step {self.policy}/{self.step} for {self.key[0]}, {self.key[1]}, opened on {self.opened_on}"


@dataclasses.dataclass
class Known:
    """A person, with what the model does not need."""

    person: Person
    zone: zoneinfo.ZoneInfo
    groups: dict = dataclasses.field(default_factory=dict)  # (creditor, currency): Group
    asked: dict = dataclasses.field(default_factory=dict)  # the same key: Asked
    tasks: list = dataclasses.field(default_factory=list)
    trace: Task | None = None  # to trace him, not over
    is_traced: bool = False  # somebody was asked to, since a step was taken
    is_reached: bool = False  # a step was taken at this Tick: mostly nobody who is asked at it has heard of that
    ask_on: dict = dataclasses.field(default_factory=dict)  # the same key: day and Tick before which it is not asked about, and the Tick at which it may be
    entries: dict = dataclasses.field(default_factory=dict)  # debt: its group's key, the day on which that is asked about because of this debt, whatever else is, and the Tick from which on
    events: dict = dataclasses.field(default_factory=dict)  # (the same key, event): the day and the Tick at which it is asked about, and the Tick at which it may be
    is_lost: set = dataclasses.field(default_factory=set)  # keys about which something was found, until the log says where they are
    granted: dict = dataclasses.field(default_factory=dict)  # channel: instant
    withdrawn: dict = dataclasses.field(default_factory=dict)
    stops: dict = dataclasses.field(default_factory=dict)  # group: the day and the Tick at which what is under way ends, because of a circumstance
    blocked: set = dataclasses.field(default_factory=set)  # channels of the preference
    contacts: list = dataclasses.field(default_factory=list)  # instants of messages that HOUSE-1 counts
    doubtful: list = dataclasses.field(default_factory=list)  # those of messages that failed at this Tick: they may have counted before
    wrote_at: datetime.datetime | None = None
    wrote: dict = dataclasses.field(default_factory=dict)  # channel: instant
    unanswered: set = dataclasses.field(default_factory=set)  # channels on which he wrote, and nobody has since
    named: dict = dataclasses.field(default_factory=dict)  # circumstance id: its row in person.circumstances
    numbers: dict = dataclasses.field(default_factory=dict)  # contact point id: the zone of its telephone number

    def zones(self):
        """In which the guard thinks that he may be; dunning thinks of `zone` alone."""
        return {self.zone, *(zone for point, zone in self.numbers.items() if point in self.person.points)}

    def local_day(self, at, zone=None):
        return at.astimezone(zone or self.zone).date()

    def begins(self, day, zone=None):
        """The first instant of a local day."""
        return datetime.datetime.combine(day, datetime.time(), zone or self.zone).astimezone(UTC)

    def is_answer(self, channel, at):
        """To who wrote lately, once."""
        return channel in self.unanswered and self.wrote[channel] > at - ANSWERED_WITHIN

    def may_have(self, channel, at):
        """Whether the permission on record is in force: letters need none, nor does an answer."""
        if self.is_answer(channel, at):
            return True
        granted, withdrawn = self.granted.get(channel), self.withdrawn.get(channel)
        if channel not in ELECTRONIC:
            return withdrawn is None or (granted is not None and granted > withdrawn)
        return granted is not None and (withdrawn is None or granted > withdrawn) and not self.is_stale(channel, at)

    def is_stale(self, channel, at):
        """US-13: a text needs a consent, or a text from the person, of the last 60 days."""
        last = max(self.granted[channel], self.wrote.get(channel, self.granted[channel]))
        return self.person.country == "US" and channel == "sms" and at > last + FRESH

    def note_refused(self):
        opted_out = {channel for channel, at in self.withdrawn.items() if self.granted.get(channel) is None or self.granted[channel] <= at}
        self.person.refused = opted_out


# ---- the guard, as far as a message of dunning meets it ----


def last_hour(known):
    return TO_IN_UNION if known.person.country in UNION else TO


def hour_begins(known, at, channel, zone):
    """The first instant from this one on that is fit in the zone."""
    if channel == "letter":
        return at
    local = at.astimezone(zone)
    if FROM <= local.time() < last_hour(known):
        return at
    day = local.date() if local.time() < FROM else local.date() + DAY
    return datetime.datetime.combine(day, FROM, zone).astimezone(UTC)


def hours_end(known, at, channel):
    """Until when what is released now may leave: the guard is asked again behind it."""
    if channel == "letter":
        return datetime.datetime.max.replace(tzinfo=UTC)
    return min(datetime.datetime.combine(known.local_day(at, zone), last_hour(known), zone).astimezone(UTC) for zone in known.zones())


def cap_ends(known, at, most, days, contacts, zone):
    """HOUSE-1: the first instant at which fewer than `most` messages are in `days` local days of the zone."""
    sent = sorted((known.local_day(contact, zone) for contact in contacts), reverse=True)
    if len(sent) < most or known.local_day(at, zone) >= sent[most - 1] + days * DAY:
        return at
    return known.begins(sent[most - 1] + days * DAY, zone)


def planning_ends(known, at):
    """UK-03: who develops a plan with an adviser is left alone for a while."""
    days = [first + PLANNING_DAYS * DAY for kind, first, until, _ in known.person.circumstances if kind == "plan_in_development" and (until is None or at.date() < until)]
    return max([at, *(known.begins(day) for day in days if known.person.country == "GB")])


def guard_until(known, at, asked, doubtful=()):
    """The first instant from this one on at which no rule defers it; it does not count against itself. doubtful: instants that are counted, too."""
    contacts = [*known.contacts, *doubtful]
    if asked.contact_at in contacts:
        contacts.remove(asked.contact_at)
    channel, is_counted = asked.answer.channel, asked.step.message_class in COUNTED
    while True:
        until = max(hour_begins(known, at, channel, zone) for zone in known.zones())
        for zone in known.zones() if is_counted else ():
            until = max(until, cap_ends(known, at, MOST_A_DAY, 1, contacts, zone), cap_ends(known, at, MOST, IN_DAYS, contacts, zone))
        if is_counted and known.wrote_at is not None:
            until = max(until, known.wrote_at + AFTER_INBOUND)
        if asked.step.message_class in COUNTED:
            until = max(until, planning_ends(known, at))
        if until == at:
            return at
        at = until


def guard_denies(known, at, asked, today):
    """Why a message is suppressed; empty: it is not."""
    person, channel = known.person, asked.answer.channel
    if not known.may_have(channel, at):
        return "permission"
    if channel in known.blocked and (person.country == "GB" or not known.is_answer(channel, at)):  # UK-01; US-10: but for one answer
        return "preference"
    if asked.answer.channel not in person.points.values():
        return "address"
    if person.open_kinds(today) & DENYING or any(person.is_disputed(debt, today) for debt in asked.answer.debts):
        return "circumstance"
    return ""


# ---- the judge ----


@dataclasses.dataclass
class Finding:
    kind: str
    at: datetime.datetime
    customer: str
    text: str

    def __str__(self):
        return f"{self.kind}: {self.at:%Y-%m-%d %H:%M} {self.customer}: {self.text}"


class Judge:
    """lines: of the gateways, in order. arm: of those of whom no message tells theirs; empty: the first one of the policy. chosen: of what
    nobody outside can know, what is not as the log suggests: (what, instant): which of its possibilities."""

    def __init__(self, lines, arm="", chosen=None):
        self.arm, self.chosen = arm, chosen or {}
        self.choices = {}  # (what, instant): how many possibilities there are
        self.lines = collections.defaultdict(list)  # (customer, instant): lines nobody has asked for yet
        self.written_to = collections.defaultdict(dict)  # instant: customers, each once
        self.ahead = collections.defaultdict(list)  # customer: all of his lines in order
        for line in lines:
            self.lines[line.customer, line.at].append(line)
            self.written_to[line.at][line.customer] = True
            self.ahead[line.customer].append(line)
        self.opened = collections.defaultdict(set)  # (customer, key of a group): days on which a task was opened
        self.traces = collections.defaultdict(list)  # likewise, of traces alone
        self.turns = collections.defaultdict(list)  # likewise, but for traces
        self.policies, self.changes = {}, []  # in force: (business date, name, policy or None), from the next day on
        self.published = {}  # publication id: policy
        self.kept = {}  # command id: its type and body, which wait for a second person
        self.people, self.payments, self.findings = {}, {}, []
        self.at = self.today = None
        self.business_date = None  # which says what is due; behind days without Ticks it is behind the day on which it is asked about
        self.ticks, self.is_ticking, self.is_first_of_day = 0, False, False
        self.record_at = None  # when the module's own topic had its last record
        self.heard = set()  # ids of commands
        self.guessed = set()  # customers of whom no message tells the arm
        self.overtaken = []  # messages of this Tick that a command of its instant has withdrawn, or must
        self.later = []  # (demands, the day on which one counts no more, that on which it counts instead) from the next Tick on
        self.counts = collections.Counter()

    def judge(self, history):
        history = list(history)
        self.look_ahead(history)
        self.play(history)
        self.close()
        return self.findings

    def close(self):
        for (customer, at), lines in sorted(self.lines.items()):
            for line in lines:
                self.find("unheard", customer, f"{line}, a time that the script does not have")

    def play(self, history):
        for at, commands in history:
            self.is_ticking = True
            self.tick(at)
            self.is_ticking = False
            for type_, body in commands:
                self.command(type_, body)
            self.end_of(at)

    def look_ahead(self, history):
        """Tasks that will be seen in the queue: of two groups the log says which came first."""
        for seen in (seen for _, commands in history for type_, body in commands if type_ == "Tasks" for seen in body["new"]):
            place = seen["customer"], (seen["creditor"], seen["currency"])
            self.opened[place].add(read_day(seen["since"]))
            (self.traces if seen["kind"] == "trace" else self.turns)[place].append(read_day(seen["since"]))

    def find(self, kind, customer, text):
        self.findings.append(Finding(kind, self.at, customer, text))

    # ---- time ----

    def tick(self, at):
        before = self.business_date
        self.at, self.ticks = at, self.ticks + 1
        self.today = at.date()
        self.business_date = self.today if before is None else min(self.today, before + DAY)  # a day for each Tick, at most
        self.is_first_of_day = self.business_date != before
        self.in_force()
        for demands, before, instead in self.later:
            demands.remove(before)
            demands.extend([instead] if instead else [])
        self.later.clear()
        for known in self.people.values():
            self.tick_of(known)

    def tick_of(self, known):
        """Messages whose time has come; then the groups whose turn it is: about each what has happened to it first."""
        for debt_id, (key, day, tick) in list(known.entries.items()):
            if day <= self.business_date and tick <= self.ticks:
                del known.entries[debt_id]
                known.ask_on[key] = day, 0, 0
        before = dict(known.ask_on)
        known.doubtful.clear()
        known.is_traced, known.is_reached = known.is_traced and not known.is_reached, False
        due = [key for key, asked in known.asked.items() if asked.task is None and (asked.release_at <= self.at or asked.is_retried)]
        is_overtaken = 0 < len(due) < len(known.groups) and self.choose("sent last", 2) == 1  # by a message that is asked for at this Tick
        for key in self.in_order_of_log(known, [] if is_overtaken else due):
            self.try_to_send(known, key)
        for key, (day, tick) in list(known.stops.items()):
            if day <= self.business_date and tick <= self.ticks:
                del known.stops[key]
                if key in known.asked and self.is_stopped(known, key):
                    self.withdraw_asked(known, key)
        come = [place for place, (day, tick, maybe) in known.events.items() if day <= self.business_date and self.has_come(known, place[0], tick, maybe)]
        happened, day_first = dict(reversed(come)), set()  # of two events of a group the first one
        for key in list(happened):
            del known.events[key, happened[key]]
            if known.ask_on.get(key) != before.get(key):  # a step was still under way when it was asked about, and has ended since
                del happened[key]
            elif happened[key] == "payment_reversed":
                # In place of the day's question, but for one that a task has put since: of two timers of a Tick either may fire first.
                if key in known.ask_on and self.is_its_turn(known, key) and self.choose("day first", 2) == 1:
                    day_first.add(key)
                else:
                    self.ask_daily(known, key)
        now = {key: known.ask_on[key] for key in list(known.ask_on) if self.is_its_turn(known, key)}
        for key in [key for key in now if known.groups[key].is_under_way]:
            self.ask_daily(known, key)
        asked = [key for key in known.groups if key in happened or key in now and not known.groups[key].is_under_way]
        for key in self.in_order_of_log(known, asked):
            if key in happened and key not in day_first:
                self.ask(known, key, happened[key])
            if key in now and known.ask_on.get(key) == now[key]:  # else what the event has asked for has failed by now
                self.ask_daily(known, key)
                self.ask(known, key)
            if key in day_first:
                self.ask(known, key, happened[key])
        for key in self.in_order_of_log(known, [key for key in due if is_overtaken and key in known.asked]):
            self.try_to_send(known, key)

    def ask_daily(self, known, key):
        """A group with an open debt that is due soon is asked about every day; the others when it is."""
        entries = [debt.due_on - ASKED_BEFORE for debt in known.groups[key].debts if debt.is_open]
        known.ask_on.pop(key, None)
        if entries:
            known.ask_on[key] = max(min(entries), self.today + DAY), 0, 0

    def is_its_turn(self, known, key):
        day, tick, maybe = known.ask_on[key]
        return day <= self.business_date and self.has_come(known, key, tick, maybe)

    def has_come(self, known, key, tick, maybe):
        """tick: by which it is asked about; maybe: the one from which on it may be."""
        if tick <= self.ticks:
            return True
        return maybe <= self.ticks and (self.next_line_of(known, key) == self.at or self.choose("soon", 2) == 1)

    def ask_soon(self, known, key, is_of_tick=False):
        """An event's timers are those of the record behind it, which is a Tick here, and fire at the Ticks behind that
        (lib/worker/README.md). is_of_tick: the event came with this Tick, before or after the module had it."""
        known.ask_on[key] = self.today, self.ticks + 2, self.ticks + (1 if is_of_tick else 2)

    def ask_tomorrow(self, known, key, day):
        """The event behind a step's end has the group asked about on the day after: at the second Tick from here on, or at the next
        one if the event came with this Tick."""
        known.ask_on[key] = max(day, self.today) + DAY, self.ticks + 2, self.ticks + 1

    def in_order_of_log(self, known, keys):
        """A person's groups are asked about in an order that nobody outside knows."""
        if len(keys) < 2:
            return keys
        keys = sorted(keys, key=lambda key: (self.next_turn_of(known, key), key))
        number = self.choose("order", math.factorial(len(keys)))
        return list(next(itertools.islice(itertools.permutations(keys), number, None), keys))

    def choose(self, what, count):
        self.choices[what, self.at] = min(count, CHOICES)
        return self.chosen.get((what, self.at), 0)

    def next_turn_of(self, known, key):
        """What is traced on this day was not held back by the cap that another one's step has reached."""
        if self.today in self.traces[known.person.id, key] and known.trace is None and not known.is_traced:
            return self.at
        line = self.next_line_of(known, key)
        return min([line, *(max(self.at, known.begins(day)) for day in self.turns[known.person.id, key] if day >= self.today)])

    def next_line_of(self, known, key):
        refs = {debt.ref for debt in known.groups[key].debts}
        return next((line.at for line in self.ahead[known.person.id] if line.at >= self.at and refs.intersection(line.refs)), datetime.datetime.max.replace(tzinfo=UTC))

    def in_force(self):
        while self.changes and self.changes[0][0] < self.today:
            _, name, policy = self.changes.pop(0)
            self.policies[name] = policy
        return [policy for policy in self.policies.values() if policy is not None]

    def give_arms(self, known):
        """Which arm a person is in is a hash that nobody outside knows: the first message of an arm tells it, for good. Without one it is
        an arm of which none is due."""
        for policy in self.policies.values():
            if policy is not None and policy.arms and policy.name not in known.person.arms:
                arms = {step.template: step.arm for step in policy.steps if step.arm and step.template}
                seen = [arms[line.template] for line in self.ahead[known.person.id] if line.template in arms]
                known.person.arms[policy.name] = seen[0] if seen else self.arm or policy.arms[0][0]
                if not seen:
                    self.guessed.add(known.person.id)

    # ---- a step's life ----

    def ask(self, known, key, event=None):
        if key in known.is_lost or known.groups[key].is_under_way or rests(known.groups[key], self.today):
            return
        known.person.as_of = self.business_date - DAY if self.may_still_be_stopped(known, key) else self.business_date  # a Tick ends what is over
        self.ask_as_of(known, key, event)
        known.person.as_of = None

    def ask_as_of(self, known, key, event):
        group, policies = known.groups[key], self.in_force()
        self.give_arms(known)
        answer = next_step(group, known.person, policies, self.today, event)
        if event and (answer.step is None or answer.reason == "precondition"):
            if event == "contact_point_added":  # it asks for its own steps alone
                return
            answer = next_step(group, known.person, policies, self.today)
        wait_with(group, answer)
        if answer.kind == "skip":
            self.rise(known, key, answer, self.today)
            self.counts["skipped"] += 1
        elif answer.kind == "step":
            self.ask_for(known, key, answer)
        elif answer.kind == "task":
            self.open_task(known, key, answer)
        elif answer.kind == "wait":
            self.counts[f"waits: {answer.reason}"] += 1
            self.trace(known, key, answer)

    def may_still_be_stopped(self, known, key):
        """The first Tick of a day ends what is over from that day on, before or after it has the group asked about: of a dispute that means without its debt."""
        ends = any(until == self.business_date for _, _, until, _ in known.person.circumstances)
        if not (self.is_first_of_day and ends):
            return False
        has_gone_on = self.next_line_of(known, key).date() == self.today or self.today in self.opened[known.person.id, key]
        return has_gone_on == (self.choose("over", 2) == 1)

    def ask_for(self, known, key, answer):
        group = known.groups[key]
        begins = known.begins(self.today)
        asked = Asked(answer, group, self.today, begins, known.begins(self.last_day(answer)), max(begins, self.at))
        self.begin(known, key, asked)
        self.counts["asked for"] += 1
        if asked.release_at <= self.at:
            self.try_to_send(known, key)

    def begin(self, known, key, asked):
        asked.group.is_under_way = True
        known.asked[key] = asked
        if asked.is_demand:
            known.person.demands.append(asked.on)

    def open_task(self, known, key, answer):
        task = Task(key, answer.channel, answer.policy.name, answer.step.number, self.today)
        known.tasks.append(task)
        self.begin(known, key, Asked(answer, known.groups[key], self.today, self.at, self.at, self.at, task=task))
        self.counts[f"opened: {task.kind}"] += 1

    def trace(self, known, key, answer):
        """Nobody knows how to reach the person: somebody finds out, once until a step of the person was taken."""
        if answer.reason != "no_contact":
            return
        place = key, answer.policy.name, answer.step.number
        may_be_known = known.is_reached and self.choose("reached", 2) == 1  # the step's end may be read before the Tick
        if known.trace is None and (not known.is_traced or may_be_known):
            known.is_traced, known.is_reached = True, False
            known.trace = Task(key, "trace", *place[1:], self.today, ticks=self.ticks)
            known.tasks.append(known.trace)
            self.counts["opened: trace"] += 1
        if known.trace is not None and known.trace.ticks == self.ticks:
            known.trace.places.append(place)

    def end_trace(self, known):
        """By a contact point, or a stop of the person."""
        if known.trace is not None:
            known.trace.is_over = True
            known.trace, known.is_traced = None, False

    def last_day(self, answer):
        """The first day on which the message is of no use: a reminder lapses on the due day."""
        until = self.today + answer.step.send_days * DAY
        return min([until, *(debt.due_on for debt in answer.debts)]) if answer.step.is_before_due else until

    def try_to_send(self, known, key):
        """Its time has come: it is expected at the gateway, waits for another time, or is suppressed."""
        asked = known.asked[key]
        line = self.take_line(known, asked)
        if line is not None:
            self.check(known, key, asked, line)
            return
        if asked.is_retried:
            self.wait_for_gateway(known, key, asked)
            return
        if asked.send_by <= self.at or guard_denies(known, self.at, asked, self.today):
            self.fail(known, key)
            return
        until = self.held_until(known, asked)
        if until >= asked.send_by:
            self.fail(known, key)
        elif until > self.at:
            asked.release_at = until
        elif not self.is_ended_now(known, key):  # else this Tick has ended it, and came first
            if self.choose("overtaken", 2) == 1:
                self.overtaken.append((known, key, asked))
            else:
                self.miss(known, key, asked)

    def is_ended_now(self, known, key):
        day, tick = known.stops.get(key, (datetime.date.max, math.inf))
        return day <= self.business_date and tick <= self.ticks

    def miss(self, known, key, asked):
        self.lose(known, key, "missing", f"{self.described(asked)} did not come")

    def held_until(self, known, asked):
        """Of a message that did not come: what failed at this Tick may have counted when the guard was asked."""
        least, most = guard_until(known, self.at, asked), guard_until(known, self.at, asked, known.doubtful)
        if least in (most, self.at):
            return most
        return (most, least)[self.choose("held", 2)]

    def wait_for_gateway(self, known, key, asked):
        """No try at this Tick: it was not the time, or the notifier has not come back to it, which it does at each of the first Ticks. It
        sends nothing that is not true any more; at another time it asks the guard first, and then the text is made anew."""
        until = guard_until(known, self.at, asked)
        comes_back = asked.tries <= TRIES_SOON or self.choose("back", 2) == 1
        is_denied = (comes_back or asked.is_back) and guard_denies(known, self.at, asked, self.today)
        is_fit = until == self.at and self.at < asked.fit_until
        is_untrue = comes_back and not asked.is_back and is_fit and asked.net() != asked.stated
        if is_denied or is_untrue or (asked.is_back and until >= asked.send_by):
            self.fail(known, key)
            return
        asked.is_back = comes_back and not is_fit
        if asked.is_back:
            self.forget_contact(known, asked)
        self.give_up_if_over(known, key, asked)

    def give_up_if_over(self, known, key, asked):
        """A gateway was busy: how often it is tried is its notifier's business, until the time is over."""
        following = next((line for line in self.ahead[known.person.id] if line.at >= self.at and set(asked.refs) & set(line.refs)), None)
        is_other = following is not None and following.at == self.at
        if is_other or asked.send_by <= self.at:
            self.fail(known, key)

    def take_line(self, known, asked):
        """The line at this instant that is about the group; None: none."""
        lines = self.lines[known.person.id, self.at]
        refs = {debt.ref for debt in asked.group.debts}
        for line in lines:
            if refs.intersection(line.refs) and not (asked.is_retried and line.channel != asked.answer.channel):
                lines.remove(line)
                return line
        return None

    def check(self, known, key, asked, line):
        said, wanted = (line.template, line.channel, sorted(line.refs)), (asked.step.template, asked.answer.channel, sorted(asked.refs))
        denied = guard_denies(known, self.at, asked, self.today)
        until = guard_until(known, self.at, asked) if not asked.is_retried else self.at
        if asked.is_back or not asked.is_retried:
            asked.fit_until = hours_end(known, self.at, asked.answer.channel)
        if said != wanted:
            self.find("wrong", known.person.id, f"{line}, not {self.described(asked)}")
            self.adopt(known, key, line)
        elif denied or until > self.at or self.at >= asked.send_by:
            self.find("guard", known.person.id, f"{line}: {denied or f'not before {until}, by {asked.send_by}'}")
            self.adopt(known, key, line)
        elif line.balance != asked.net():
            self.find("balance", known.person.id, f"{line}: states {line.balance}")
            self.adopt(known, key, line)
        elif line.outcome == "refused":
            self.count_contact(known, asked)
            self.fail(known, key)
        elif line.outcome == "busy":
            asked.tries, asked.is_back, asked.stated = asked.tries + 1, False, line.balance
            self.count_contact(known, asked)
            if asked.tries == TRIES_MAX:
                self.fail(known, key)
        else:
            self.taken(known, key, asked, line)

    def described(self, asked):
        return f"{asked.step.template} by {asked.answer.channel} about {' '.join(asked.refs)}, asked for on {asked.on}"

    def count_contact(self, known, asked):
        if asked.step.message_class in COUNTED and asked.contact_at is None:
            asked.contact_at = self.at
            known.contacts.append(self.at)

    def forget_contact(self, known, asked):
        if asked.contact_at is not None:
            known.contacts.remove(asked.contact_at)
            known.doubtful.append(asked.contact_at)
            asked.contact_at = None

    def taken(self, known, key, asked, line):
        known.unanswered.discard(line.channel)
        self.count_contact(known, asked)
        self.taken_now(known, key, asked)
        self.counts[f"taken: {asked.step.template}"] += 1

    def taken_now(self, known, key, asked):
        day = max(asked.on, known.local_day(self.at))
        self.end_asked(known, key, day)
        known.is_reached = True
        self.rest(known, key, day)
        self.rise(known, key, asked.answer, day)
        self.ask_tomorrow(known, key, day)
        if day > asked.on:
            self.counts["on a later day"] += 1

    def end_asked(self, known, key, counts_on=None):
        """counts_on: the day on which caps count it instead; None: on none. From the next Tick on: who asks about a group at this Tick has
        not heard of it."""
        asked = known.asked.pop(key)
        asked.group.is_under_way = False
        if asked.task is not None:
            asked.task.is_over = True
        if not asked.is_demand:
            return
        self.later.append((known.person.demands, asked.on, counts_on))

    def rest(self, known, key, day):
        group = known.groups[key]
        group.rests_on = max(day, group.rests_on or day)

    def rise(self, known, key, answer, day):
        known.groups[key].failing = None
        for debt in answer.debts:
            debt.level, debt.level_policy, debt.level_on, debt.stepped_on = answer.step.number, answer.policy.name, day, day
            debt.free_on = day + answer.step.wait_days * DAY

    def fail(self, known, key):
        """A message that does not leave during a stop has not failed; what a person says of a task counts."""
        asked = known.asked[key]
        if asked.task is None and self.is_stopped(known, key):
            self.withdraw_asked(known, key)
            return
        self.end_asked(known, key)
        self.forget_contact(known, asked)
        before = asked.group.failing
        is_same = before is not None and (before.policy, before.number) == (asked.answer.policy.name, asked.step.number)
        is_next_round = is_same and before.retry_on is not None
        rounds = before.rounds + int(is_next_round) if is_same else 0
        asked.group.failing = Failing(asked.answer.policy.name, asked.step.number, asked.answer.channel, self.today, rounds)
        self.ask_soon(known, key, self.is_ticking)
        if asked.task is not None:  # by a command, and so at the next Tick
            known.ask_on[key] = self.today, self.ticks + 1, self.ticks + 1
        self.counts["failed"] += 1

    def withdraw(self, known, key, debt, is_netted=False):
        """What a message would say of this debt is no longer true."""
        asked = known.asked.get(key)
        if asked is not None and (debt in asked.answer.debts or is_netted):
            self.withdraw_asked(known, key)

    def withdraw_asked(self, known, key):
        """The group is not asked about again on this day."""
        self.forget_contact(known, known.asked[key])
        self.end_asked(known, key)
        self.rest(known, key, self.today)
        self.ask_tomorrow(known, key, self.today)
        self.counts["withdrawn"] += 1

    def is_stopped(self, known, key):
        """Whether what is asked for must not go on: it is withdrawn then, and has not failed."""
        known.person.as_of = self.business_date
        is_stopped = bool(stop_of(known.person, self.today)) or any(known.person.is_disputed(debt, self.today) for debt in known.asked[key].answer.debts)
        known.person.as_of = None
        return is_stopped

    # ---- when the log says otherwise ----

    def lose(self, known, key, kind, text):
        self.find(kind, known.person.id, text)
        self.end_asked(known, key)
        known.is_lost.add(key)

    def adopt(self, known, key, line):
        """The group is where the log says that it is."""
        known.is_lost.discard(key)
        if key in known.asked:
            self.end_asked(known, key)
        group = known.groups[key]
        for policy in self.in_force():
            for step in policy.steps:
                if step.template == line.template and line.outcome == "accepted":
                    debts = tuple(debt for debt in group.debts if debt.ref in line.refs)
                    day = max(self.today, known.local_day(self.at))
                    self.rest(known, key, day)
                    self.rise(known, key, Answer("step", "", policy, step, line.channel, debts), day)
                    if step.message_class in COUNTED:
                        known.contacts.append(self.at)
                    if step.is_demand(line.channel):
                        known.person.demands.append(day)

    def end_of(self, at):
        for known, key, asked in self.overtaken:
            if known.asked.get(key) is asked:
                self.miss(known, key, asked)
        self.overtaken.clear()
        for customer in self.written_to.pop(at, ()):
            lines = self.lines[customer, at]
            for line in lines:
                if not self.is_next_try(customer, line):
                    self.unexpected(customer, line)
            lines.clear()

    def is_next_try(self, customer, line):
        """The pause behind a busy gateway is of any length, of none, too (full jitter)."""
        known = self.people.get(customer)
        for key, asked in list(known.asked.items()) if known else ():
            if asked.is_retried and (line.template, line.channel, sorted(line.refs)) == (asked.step.template, asked.answer.channel, sorted(asked.refs)):
                self.check(known, key, asked, line)
                return True
        return False

    def unexpected(self, customer, line):
        known = self.people.get(customer)
        key = next((key for key, group in known.groups.items() if {debt.ref for debt in group.debts} & set(line.refs)), None) if known else None
        if key is None:
            self.find("unasked", customer, f"{line}: about nothing that he owes")
            return
        if key not in known.is_lost:
            waits = self.described(known.asked[key]) if key in known.asked else next_step(known.groups[key], known.person, self.in_force(), self.today)
            self.find("unasked", customer, f"{line}, not {waits}")
        self.adopt(known, key, line)

    # ---- what the commands say ----

    def command(self, type_, body):
        """The same command twice is one."""
        if "$id" in body and body["$id"] in self.heard:
            return
        self.heard.add(body.get("$id"))
        handle = getattr(self, f"on_{type_.rpartition('.')[2]}", None)
        if handle is not None:
            handle(body)

    def on_PublishPolicy(self, body):
        self.kept[body["$id"]] = ("PublishPolicy", body)
        self.may_be_asked_at_next_tick()

    def on_RetirePolicy(self, body):
        self.kept[body["$id"]] = ("RetirePolicy", body)
        self.may_be_asked_at_next_tick()

    def may_be_asked_at_next_tick(self):
        """A record of the module's own topic, as in on_TakeTask, but sent with all others of this time: the module may have it before or
        behind the events of each."""
        soon = self.ticks + 1
        for known in self.people.values():
            for key, (day, tick, maybe) in known.ask_on.items():
                known.ask_on[key] = day, tick, min(maybe, soon)
            for place, (day, tick, maybe) in known.events.items():
                known.events[place] = day, tick, min(maybe, soon)

    def on_ApproveCommand(self, body):
        type_, kept = self.kept.pop(body["command_id"], ("", None))
        if type_ == "PublishPolicy":
            policy = read_policy(kept)
            self.published[kept["publication_id"]] = policy.name
            self.changes.append((self.today, policy.name, policy))
        elif type_ == "RetirePolicy":
            self.changes.append((self.today, self.published[kept["publication_id"]], None))

    def on_CreateCustomer(self, body):
        person = Person(body["customer_id"], body["kind"], body["country"], body["locale"])
        self.people[person.id] = Known(person, zoneinfo.ZoneInfo(body["timezone"]))

    def on_EraseCustomer(self, body):
        """Refused as long as something is owed by him or to him."""
        known = self.people[body["customer_id"]]
        if any(not debt.is_cancelled and (debt.owed or debt.credit) for group in known.groups.values() for debt in group.debts):
            return
        known.person.is_active = False
        self.end_trace(known)
        self.counts["erased"] += 1

    def on_UpdateCustomer(self, body):
        known = self.people[body["customer_id"]]
        known.person.locale = body.get("locale") or known.person.locale
        known.person.country = body.get("country") or known.person.country
        known.zone = zoneinfo.ZoneInfo(body["timezone"]) if body.get("timezone") else known.zone

    def on_AddContactPoint(self, body):
        known = self.people[body["customer_id"]]
        known.person.points[body["contact_point_id"]] = body["channel"]
        zone = next((zone for start, zone in NUMBERS.items() if body["address"].startswith(start)), None)
        if zone is not None:
            known.numbers[body["contact_point_id"]] = zoneinfo.ZoneInfo(zone)
        self.end_trace(known)
        self.happened(known, list(known.groups), "contact_point_added")

    def on_InvalidateContactPoint(self, body):
        self.people[body["customer_id"]].person.points.pop(body["contact_point_id"], None)

    def on_GrantConsent(self, body):
        known = self.people[body["customer_id"]]
        if body["purpose"] == "collect":
            known.granted[body["channel"]] = read_instant(body["obtained_at"])
        known.note_refused()

    def on_WithdrawConsent(self, body):
        known = self.people[body["customer_id"]]
        for channel in [body["channel"]] if body.get("channel") else ("email", "sms", "voice", "letter", "push"):
            known.withdrawn[channel] = self.at
            known.unanswered.discard(channel)
            for key in [key for key, asked in known.asked.items() if asked.task is None and asked.answer.channel == channel]:
                self.fail(known, key)
        known.note_refused()

    def on_SetPreference(self, body):
        known = self.people[body["customer_id"]]
        known.blocked = set(body.get("blocked_channels") or ())

    def on_RecordInbound(self, body):
        known = self.people[body["customer_id"]]
        known.wrote_at = read_instant(body["received_at"])
        known.unanswered.add(body["channel"])
        known.wrote[body["channel"]] = known.wrote_at
        known.person.inbound_on = known.local_day(known.wrote_at)
        if body["text"].strip().lower() in ("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"):
            self.on_WithdrawConsent({"customer_id": body["customer_id"], "channel": body["channel"]})

    def on_RecordCircumstance(self, body):
        known = self.people[body["customer_id"]]
        until = read_day(body["until_on"]) if body.get("until_on") else None
        known.named[body["circumstance_id"]] = row = (body["kind"], read_day(body["from_on"]), until, body.get("debt_id"))
        known.person.circumstances.append(row)
        if stop_of(known.person, self.today):
            self.end_trace(known)
        for key in known.asked:
            if self.is_stopped(known, key):
                known.stops[key] = self.today, self.ticks + 2

    def on_EndCircumstance(self, body):
        known = self.people[body["customer_id"]]
        row = known.named.pop(body["circumstance_id"], None)
        if row is not None:
            known.person.circumstances.remove(row)

    def on_CreateDebt(self, body):
        known = self.people[body["customer_id"]]
        owed = sum(body[f"{part}_minor"] for part in ("principal", "interest", "fee", "cost"))
        key = (body["creditor_id"], body["currency"])
        group = known.groups.setdefault(key, Group(*key))
        group.debts.append(Debt(body["debt_id"], body["external_ref"], read_day(body["opened_on"]), read_day(body["due_on"]), owed, portfolio=body.get("portfolio_id")))
        self.ask_when_due(known, key, group.debts[-1])

    # ---- tasks: the queue as somebody saw it, and what came of them ----

    def on_Tasks(self, body):
        for seen in body["new"]:
            self.see(seen)
        for known in self.people.values():
            for task in known.tasks:
                if not task.id and not task.is_over and task.key not in known.is_lost:
                    self.find("no task", known.person.id, f"{task} is not in the queue")
                    task.is_over = True
            known.tasks = [task for task in known.tasks if not task.is_over]

    def see(self, seen):
        known, key = self.people[seen["customer"]], (seen["creditor"], seen["currency"])
        task = Task(key, seen["kind"], seen["policy"], int(seen["step"]), read_day(seen["since"]))
        expected = next((other for other in known.tasks if not other.id and (other.kind, other.opened_on) == (task.kind, task.opened_on) and other.is_at(key, task.policy, task.step)), None)
        if expected is not None:
            expected.id, expected.key = seen["task"], key
        elif key not in known.is_lost:
            self.find("unasked task", known.person.id, f"{task}, not {next_step(known.groups[key], known.person, self.in_force(), self.today)}")

    def on_TakeTask(self, body):
        """A record of the module's own topic: timers of events before it are its own, and fire at the next Tick. Whoever takes a task does
        so when all that was sent before has its answer."""
        if self.record_at == self.at:
            return
        self.record_at, soon = self.at, self.ticks + 1
        for known in self.people.values():
            for key, (day, tick, maybe) in known.ask_on.items():
                known.ask_on[key] = day, min(tick, soon), min(maybe, soon)
            for place, (day, tick, maybe) in known.events.items():
                known.events[place] = day, min(tick, soon), min(maybe, soon)
            for debt_id, (key, day, tick) in known.entries.items():
                known.entries[debt_id] = key, day, min(tick, soon)
            for key, (day, tick) in known.stops.items():
                known.stops[key] = day, min(tick, soon)

    def on_FinishTask(self, body):
        known = self.people[body["customer_id"]]
        task = next((task for task in known.tasks if task.id == body["task_id"] and not task.is_over), None)
        if task is None or body["outcome"] == "later":
            return
        task.is_over = True
        asked = known.asked.get(task.key)
        if task is known.trace:
            known.trace, known.is_traced, known.is_reached = None, True, False
        if asked is None or asked.task is not task:
            return
        self.counts[f"{task.kind} {body['outcome']}"] += 1
        if body["outcome"] == "done":
            self.taken_now(known, task.key, asked)
            return
        self.fail(known, task.key)
        if task.kind == "review":  # the last word
            self.rise(known, task.key, asked.answer, self.today)

    def ask_when_due(self, known, key, debt):
        """Something about the debt may be due sooner than the group's day."""
        enters_on = debt.due_on - ASKED_BEFORE
        if enters_on <= self.today:
            self.ask_soon(known, key)
        else:
            known.entries[debt.id] = key, enters_on, self.ticks + 2

    def debt_of(self, body, debt_id):
        known = self.people[body["customer_id"]]
        return next((known, key, debt) for key, group in known.groups.items() for debt in group.debts if debt.id == debt_id)

    def on_RecordPayment(self, body):
        known, key, debt = self.debt_of(body, body["debt_id"])
        if debt.is_cancelled or (read_day(body["received_on"]) < debt.opened_on and not body.get("reason")):
            return
        self.payments[body["payment_id"]] = (body["debt_id"], body["amount_minor"])
        credit = debt.credit
        self.move(known, key, debt, -body["amount_minor"])
        self.withdraw(known, key, debt, is_netted=debt.credit > credit)

    def on_ReversePayment(self, body):
        debt_id, amount = self.payments.pop(body["payment_id"], (None, 0))
        if debt_id is None:
            return
        known, key, debt = self.debt_of(body, debt_id)
        self.move(known, key, debt, amount)
        self.happened(known, [key], "payment_reversed")

    def move(self, known, key, debt, by):
        """What is owed changes; a debt that owes nothing is cured, one that owes again was reopened."""
        net = debt.owed - debt.credit + by
        was_owed = debt.owed > 0
        debt.owed, debt.credit = max(0, net), max(0, -net)
        if was_owed and not debt.owed:
            debt.cure()
        elif debt.owed and not was_owed:
            self.reopen(debt)

    def reopen(self, debt):
        policy = self.policies.get(debt.before[1])
        if policy is not None and policy.reopened == "resume":
            debt.resume()

    def on_AmendDebt(self, body):
        known, key, debt = self.debt_of(body, body["debt_id"])
        if debt.is_cancelled:
            return
        if body.get("external_ref"):
            debt.ref = body["external_ref"]
        if body.get("due_on") and read_day(body["due_on"]) != debt.due_on:
            debt.due_on = read_day(body["due_on"])
            self.withdraw(known, key, debt)
            if not debt.is_past_due(self.today):
                debt.begin_anew()
            if debt.is_open:
                self.ask_when_due(known, key, debt)

    def on_CancelDebt(self, body):
        known, key, debt = self.debt_of(body, body["debt_id"])
        if debt.is_cancelled or any(paid == debt.id for paid, _ in self.payments.values()):
            return
        debt.is_cancelled, debt.owed = True, 0
        self.withdraw(known, key, debt)

    def happened(self, known, keys, event):
        """Steps of the event come before those of the day, or not at all; for a reversal there is one question instead of both. It is of
        this day: after days without a Tick that waits until the Ticks have caught up."""
        for key in keys:
            if event == "payment_reversed":
                known.ask_on.pop(key, None)
            known.events[key, event] = self.today, self.ticks + 2, self.ticks + 2


def part_of(customers, history):
    """What happens to these and to nobody else: nobody's messages depend on another's."""
    for at, commands in history:
        yield at, [about(customers, *command) for command in commands if command[0] == "TakeTask" or command[1].get("customer_id") in {None, *customers}]


def about(customers, type_, body):
    return (type_, {"new": [seen for seen in body["new"] if seen["customer"] in customers]}) if type_ == "Tasks" else (type_, body)


def judge_all(lines, read_history):
    """A judge that has judged. read_history: a new history each time. What nobody outside can know of somebody is what explains the rest: the
    arm of who got no message of one, the order in which groups were asked about when no message or task tells it."""
    first = Judge(lines)
    first.judge(read_history())
    arms = sorted({name for policy in first.policies.values() if policy for name, _ in policy.arms})
    doubtful = {finding.customer for finding in first.findings}
    history = list(part_of(doubtful, read_history())) if doubtful else []
    for customer in sorted(doubtful):
        his = [line for line in lines if line.customer == customer], list(part_of({customer}, history))
        if any(is_explained(*his, arm) for arm in arms or [""]):
            first.findings = [finding for finding in first.findings if finding.customer != customer]
    return first


def may_differ(customer, at, lines, history):
    """Whether what he was sent until then is predicted by another history than its own, too: two that differ in nothing but an order that
    nobody outside knows."""
    arms = {name for _, commands in history for type_, body in commands if type_ == "PublishPolicy" for name, _ in read_policy(body).arms}
    his = [line for line in lines if line.customer == customer and line.at <= at], list(part_of({customer}, (moment for moment in history if moment[0] <= at)))
    return any(is_explained(*his, arm) for arm in sorted(arms) or [""])


def is_explained(lines, history, arm):
    """Whether some choices leave nothing to find: one that brings the first finding later is kept, and so on."""
    best = gone_on(begun(lines, history, arm, {}), history, {})
    while best.findings:
        best = next((better for days in CHOSEN_BEFORE for better in bettered(lines, history, arm, best, days * DAY)), None)
        if best is None:
            return False
    return True


def bettered(lines, history, arm, judge, before):
    """Judges whose first finding is later, or who have none. What was before the choices that are tried is the same for each, and is judged once."""
    at = judge.findings[0].at
    start = begun(lines, history, arm, judge.chosen)
    played = bisect.bisect_left(history, at - before, key=lambda moment: moment[0])
    start.play(history[:played])
    for chosen in other_choices(judge, at - before, at):
        other = gone_on(copy.deepcopy(start), history[played:], chosen)
        if not other.findings or other.findings[0].at > at:
            yield other


def other_choices(judge, from_at, to_at):
    """One of the choices made otherwise, the last ones first; then two of them."""
    places = [place for place in sorted(judge.choices, key=lambda place: place[1], reverse=True) if from_at <= place[1] <= to_at]
    singles = [(place, number) for place in places for number in range(judge.choices[place]) if number != judge.chosen.get(place, 0)]
    pairs = [(one, other) for one, other in itertools.combinations(singles, 2) if one[0] != other[0]]
    pairs.sort(key=lambda pair: pair[0][0][1] - pair[1][0][1])  # what was open at once depends on each other most
    for changes in itertools.chain(((single,) for single in singles), pairs[:PAIRS]):
        yield {**judge.chosen, **dict(changes)}


def begun(lines, history, arm, chosen):
    judge = Judge(lines, arm, chosen)
    judge.look_ahead(history)
    return judge


def gone_on(judge, history, chosen):
    """This judge, gone on with these choices to the first finding."""
    judge.chosen = chosen
    for moment in history:
        judge.play([moment])
        if judge.findings:
            return judge
    judge.close()
    return judge
