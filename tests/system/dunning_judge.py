"""Judges a rehearsal's dunning: from the commands that were sent and what the gateways were handed, never from our tables.

A history is a script of `dcs rehearse` and its sink.jsonl. The judge keeps what the commands say (debts, consents, circumstances), asks
dunning_model.py what is due whenever a Tick comes, and expects the message at the gateway at the first instant at which law and house
allow it (guard_until, from consumers/communications/profiles/). It leaves to the log only what nobody outside can know: which of two groups
of a person comes first on a day that has room for one, and how often a failing gateway is tried. Anything else that differs is a finding; the
group's facts are then taken from the log, so that one fault is one finding.

A template's text must have its name, what is owed and its debts in this form: "[early-2] 12.34 EUR <D-1, D-2>".
"""

import collections
import dataclasses
import datetime
import json
import re
import zoneinfo

from dunning_model import DAY, Answer, Debt, Failing, Group, Person, hold_due, next_step, read_policy, stop_of

UTC = datetime.timezone.utc
UNION = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
COUNTED = frozenset(("reminder", "demand", "settlement_offer", "legal_notice"))  # HOUSE-1, HOUSE-2
MOST_A_DAY, MOST, IN_DAYS, AFTER_INBOUND = 1, 3, 7, datetime.timedelta(hours=24)
FROM, TO, TO_IN_UNION = datetime.time(8), datetime.time(21), datetime.time(20)
ASKED_BEFORE = 30 * DAY  # a group is asked about from so long before a due day on
ELECTRONIC = ("email", "sms")
STOPS = ("person", "deceased", "bankruptcy", "restriction")  # days that pass meanwhile have passed
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
    is_retried: bool = False  # a gateway was busy

    @property
    def step(self):
        return self.answer.step

    @property
    def refs(self):
        return tuple(debt.ref for debt in self.answer.debts)


@dataclasses.dataclass
class Known:
    """A person, with what the model does not need."""

    person: Person
    zone: zoneinfo.ZoneInfo
    groups: dict = dataclasses.field(default_factory=dict)  # (creditor, currency): Group
    asked: dict = dataclasses.field(default_factory=dict)  # the same key: Asked
    ask_on: dict = dataclasses.field(default_factory=dict)  # the same key: day and Tick before which it is not asked about, and the Tick at which it may be
    events: dict = dataclasses.field(default_factory=dict)  # the same key: event, and the Tick at which it is asked about
    is_lost: set = dataclasses.field(default_factory=set)  # keys about which something was found, until the log says where they are
    granted: dict = dataclasses.field(default_factory=dict)  # channel: instant
    withdrawn: dict = dataclasses.field(default_factory=dict)
    stops: dict = dataclasses.field(default_factory=dict)  # group: the Tick at which what is under way ends, because of a circumstance
    blocked: set = dataclasses.field(default_factory=set)  # channels of the preference
    contacts: list = dataclasses.field(default_factory=list)  # instants of messages that HOUSE-1 counts
    wrote_at: datetime.datetime | None = None
    unanswered: set = dataclasses.field(default_factory=set)  # channels on which he wrote, and nobody has since
    named: dict = dataclasses.field(default_factory=dict)  # circumstance id: its row in person.circumstances

    def local_day(self, at):
        return at.astimezone(self.zone).date()

    def begins(self, day):
        """The first instant of a local day."""
        return datetime.datetime.combine(day, datetime.time(), self.zone).astimezone(UTC)

    def may_have(self, channel):
        """Whether the permission on record is in force: letters need none, nor does one answer to who wrote."""
        if channel in self.unanswered:
            return True
        granted, withdrawn = self.granted.get(channel), self.withdrawn.get(channel)
        if channel not in ELECTRONIC:
            return withdrawn is None or (granted is not None and granted > withdrawn)
        return granted is not None and (withdrawn is None or granted > withdrawn)

    def note_refused(self):
        opted_out = {channel for channel, at in self.withdrawn.items() if self.granted.get(channel) is None or self.granted[channel] <= at}
        self.person.refused = opted_out | self.blocked


# ---- the guard, as far as a message of dunning meets it ----


def hour_begins(known, at, channel):
    """The first fit instant from this one on."""
    if channel == "letter":
        return at
    local = at.astimezone(known.zone)
    to = TO_IN_UNION if known.person.country in UNION else TO
    if FROM <= local.time() < to:
        return at
    day = local.date() if local.time() < FROM else local.date() + DAY
    return datetime.datetime.combine(day, FROM, known.zone).astimezone(UTC)


def cap_ends(known, at, most, days):
    """HOUSE-1: the first instant at which fewer than `most` messages are in `days` local days."""
    sent = sorted((known.local_day(contact) for contact in known.contacts), reverse=True)
    if len(sent) < most or known.local_day(at) >= sent[most - 1] + days * DAY:
        return at
    return known.begins(sent[most - 1] + days * DAY)


def guard_until(known, at, asked):
    """The first instant from this one on at which no rule defers it."""
    channel, is_counted = asked.answer.channel, asked.step.message_class in COUNTED
    while True:
        until = hour_begins(known, at, channel)
        if is_counted:
            until = max(until, cap_ends(known, at, MOST_A_DAY, 1), cap_ends(known, at, MOST, IN_DAYS))
        if is_counted and known.wrote_at is not None:
            until = max(until, known.wrote_at + AFTER_INBOUND)
        if until == at:
            return at
        at = until


def guard_denies(known, asked, today):
    """Why a message is suppressed; empty: it is not."""
    person = known.person
    if not known.may_have(asked.answer.channel) or asked.answer.channel in known.blocked:
        return "permission"
    if asked.answer.channel not in person.points.values():
        return "address"
    if person.open_kinds(today) - {"said_barred", "employer_forbids"} or any(person.is_disputed(debt, today) for debt in asked.answer.debts):
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
    """lines: of the gateways, in order. arm: of those of whom no message tells theirs; empty: the first one of the policy."""

    def __init__(self, lines, arm=""):
        self.arm = arm
        self.lines = collections.defaultdict(list)  # (customer, instant): lines nobody has asked for yet
        self.written_to = collections.defaultdict(dict)  # instant: customers, each once
        self.ahead = collections.defaultdict(list)  # customer: all of his lines in order
        for line in lines:
            self.lines[line.customer, line.at].append(line)
            self.written_to[line.at][line.customer] = True
            self.ahead[line.customer].append(line)
        self.policies, self.changes = {}, []  # in force: (business date, name, policy or None), from the next day on
        self.published = {}  # publication id: policy
        self.kept = {}  # command id: its type and body, which wait for a second person
        self.people, self.payments, self.findings = {}, {}, []
        self.at = self.today = None
        self.ticks, self.is_ticking, self.is_first_of_day = 0, False, False
        self.guessed = set()  # customers of whom no message tells the arm
        self.freed = []  # demands that count no more from the next Tick on
        self.counts = collections.Counter()

    def judge(self, history):
        for at, commands in history:
            self.is_ticking = True
            self.tick(at)
            self.is_ticking = False
            for type_, body in commands:
                self.command(type_, body)
            self.end_of(at)
        for (customer, at), lines in sorted(self.lines.items()):
            for line in lines:
                self.find("unheard", customer, f"{line}, a time that the script does not have")
        return self.findings

    def find(self, kind, customer, text):
        self.findings.append(Finding(kind, self.at, customer, text))

    # ---- time ----

    def tick(self, at):
        before = self.today
        self.at, self.ticks = at, self.ticks + 1
        self.today = at.date() if self.today is None else min(at.date(), self.today + DAY)  # a day for each Tick, at most
        self.is_first_of_day = self.today != before
        while self.freed:
            demands, day = self.freed.pop()
            demands.remove(day)
        for known in self.people.values():
            self.tick_of(known)

    def tick_of(self, known):
        """Messages whose time has come; then the groups whose turn it is, those that something has happened to first."""
        due = [key for key, asked in known.asked.items() if asked.release_at <= self.at or asked.is_retried]
        for key in self.in_order_of_log(known, due):
            self.try_to_send(known, key)
        for key, tick in list(known.stops.items()):
            if tick <= self.ticks:
                del known.stops[key]
                if key in known.asked and self.is_stopped(known, key):
                    self.withdraw_asked(known, key)
        for key, (event, tick) in list(known.events.items()):
            if tick <= self.ticks:
                del known.events[key]
                self.ask_daily(known, key)
                self.ask(known, key, event)
        now = [key for key in known.ask_on if self.is_its_turn(known, key)]
        for key in now:
            self.ask_daily(known, key)
        now = [key for key in now if not known.groups[key].is_under_way]
        for key in self.in_order_of_log(known, now):
            self.ask(known, key)

    def ask_daily(self, known, key):
        """A group with an open debt that is due soon is asked about every day; the others when it is."""
        entries = [debt.due_on - ASKED_BEFORE for debt in known.groups[key].debts if debt.is_open]
        known.ask_on.pop(key, None)
        if entries:
            known.ask_on[key] = max(min(entries), self.today + DAY), 0, 0

    def is_its_turn(self, known, key):
        day, tick, maybe = known.ask_on[key]
        if day > self.today:
            return False
        return tick <= self.ticks or (maybe <= self.ticks and self.next_line_of(known, key) == self.at)

    def ask_soon(self, known, key, is_of_tick=False):
        """An event's timers are those of the record behind it, which is a Tick here, and fire at the Ticks behind that
        (lib/worker/README.md). is_of_tick: the event came with this Tick, before or after the module had it."""
        known.ask_on[key] = self.today, self.ticks + 2, self.ticks + (1 if is_of_tick else 2)

    def in_order_of_log(self, known, keys):
        """A person's groups are asked about in an order that nobody outside knows."""
        return sorted(keys, key=lambda key: (self.next_line_of(known, key), key)) if len(keys) > 1 else keys

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
        if key in known.is_lost or known.groups[key].is_under_way or known.groups[key].withdrawn_on == self.today or self.may_still_be_stopped(known, key):
            return
        group, policies = known.groups[key], self.in_force()
        self.give_arms(known)
        answer = next_step(group, known.person, policies, self.today, event)
        if event and answer.kind != "step":
            answer = next_step(group, known.person, policies, self.today)
        if answer.reason not in STOPS:
            hold_due(group, known.person, policies, self.today)
        if answer.kind == "skip":
            self.rise(known, key, answer, self.today)
            self.counts["skipped"] += 1
        elif answer.kind == "step" and answer.channel:
            self.ask_for(known, key, answer)
        elif answer.kind == "step":
            self.counts["tasks"] += 1
            group.is_under_way = True
            known.person.demands.append(self.today)
        elif answer.kind == "wait":
            self.counts[f"waits: {answer.reason}"] += 1

    def may_still_be_stopped(self, known, key):
        """The first Tick of a day ends what is over from that day on, before or after it has the group asked about."""
        ends = any(until == self.today for _, _, until, _ in known.person.circumstances)
        return self.is_first_of_day and ends and self.next_line_of(known, key).date() != self.today

    def ask_for(self, known, key, answer):
        group = known.groups[key]
        begins = known.begins(self.today)
        asked = Asked(answer, group, self.today, begins, known.begins(self.last_day(answer)), max(begins, self.at))
        group.is_under_way = True
        known.asked[key] = asked
        if answer.step.is_demand(answer.channel):
            known.person.demands.append(asked.on)
        self.counts["asked for"] += 1
        if asked.release_at <= self.at:
            self.try_to_send(known, key)

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
            self.give_up_if_over(known, key, asked)
            return
        if asked.send_by <= self.at or guard_denies(known, asked, self.today):
            self.fail(known, key)
            return
        until = guard_until(known, self.at, asked)
        if until >= asked.send_by:
            self.fail(known, key)
        elif until > self.at:
            asked.release_at = until
        else:
            self.lose(known, key, "missing", f"{self.described(asked)} did not come")

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
        denied = guard_denies(known, asked, self.today)
        until = guard_until(known, self.at, asked) if not asked.is_retried else self.at
        if said != wanted:
            self.find("wrong", known.person.id, f"{line}, not {self.described(asked)}")
            self.adopt(known, key, line)
        elif denied or until > self.at or self.at >= asked.send_by:
            self.find("guard", known.person.id, f"{line}: {denied or f'not before {until}, by {asked.send_by}'}")
            self.adopt(known, key, line)
        elif line.balance != sum(debt.owed for debt in asked.answer.debts):
            self.find("balance", known.person.id, f"{line}: states {line.balance}")
            self.adopt(known, key, line)
        elif line.outcome == "refused":
            self.fail(known, key)
        elif line.outcome == "busy":
            asked.is_retried = True
            if len(known.contacts) == 0 or known.contacts[-1] != self.at:
                self.count_contact(known, asked)
        else:
            self.taken(known, key, asked, line)

    def described(self, asked):
        return f"{asked.step.template} by {asked.answer.channel} about {' '.join(asked.refs)}, asked for on {asked.on}"

    def count_contact(self, known, asked):
        if asked.step.message_class in COUNTED:
            known.contacts.append(self.at)

    def taken(self, known, key, asked, line):
        day = max(asked.on, known.local_day(self.at))
        self.end_asked(known, key, day)
        known.unanswered.discard(line.channel)
        self.count_contact(known, asked)
        self.rise(known, key, asked.answer, day)
        self.counts[f"taken: {asked.step.template}"] += 1
        if day > asked.on:
            self.counts["on a later day"] += 1

    def end_asked(self, known, key, counts_on=None):
        """counts_on: the day on which caps count it from now on; None: they do not, from the next Tick on, as who asks about a group at
        this Tick has not heard of it."""
        asked = known.asked.pop(key)
        asked.group.is_under_way = False
        if not asked.step.is_demand(asked.answer.channel):
            return
        if counts_on is None:
            self.freed.append((known.person.demands, asked.on))
        else:
            known.person.demands.remove(asked.on)
            known.person.demands.append(counts_on)

    def rise(self, known, key, answer, day):
        known.groups[key].failing = None
        for debt in answer.debts:
            debt.level, debt.level_policy, debt.level_on, debt.stepped_on = answer.step.number, answer.policy.name, day, day
            debt.free_on = day + answer.step.wait_days * DAY

    def fail(self, known, key):
        if self.is_stopped(known, key):
            self.withdraw_asked(known, key)
            return
        asked = known.asked[key]
        self.end_asked(known, key)
        channels, before = asked.step.channels, asked.group.failing
        is_same = before is not None and (before.policy, before.number) == (asked.answer.policy.name, asked.step.number)
        is_next_round = is_same and channels.index(asked.answer.channel) <= channels.index(before.channel)
        rounds = before.rounds + int(is_next_round) if is_same else 0
        asked.group.failing = Failing(asked.answer.policy.name, asked.step.number, asked.answer.channel, self.today, rounds)
        self.ask_soon(known, key, self.is_ticking)
        self.counts["failed"] += 1

    def withdraw(self, known, key, debt):
        """What a message would say of this debt is no longer true."""
        asked = known.asked.get(key)
        if asked is not None and debt in asked.answer.debts:
            self.withdraw_asked(known, key)

    def withdraw_asked(self, known, key):
        """The group is not asked about again on this day."""
        self.end_asked(known, key)
        known.groups[key].withdrawn_on = self.today
        self.ask_daily(known, key)
        self.counts["withdrawn"] += 1

    def is_stopped(self, known, key):
        """Whether what is asked for must not go on: it is withdrawn then, and has not failed."""
        return bool(stop_of(known.person, self.today)) or any(known.person.is_disputed(debt, self.today) for debt in known.asked[key].answer.debts)

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
                    self.rise(known, key, Answer("step", "", policy, step, line.channel, debts), day)
                    if step.message_class in COUNTED:
                        known.contacts.append(self.at)
                    if step.is_demand(line.channel):
                        known.person.demands.append(day)

    def end_of(self, at):
        for customer in self.written_to.pop(at, ()):
            lines = self.lines[customer, at]
            for line in lines:
                self.unexpected(customer, line)
            lines.clear()

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
        handle = getattr(self, f"on_{type_.rpartition('.')[2]}", None)
        if handle is not None:
            handle(body)

    def on_PublishPolicy(self, body):
        self.kept[body["$id"]] = ("PublishPolicy", body)

    def on_RetirePolicy(self, body):
        self.kept[body["$id"]] = ("RetirePolicy", body)

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

    def on_AddContactPoint(self, body):
        known = self.people[body["customer_id"]]
        known.person.points[body["contact_point_id"]] = body["channel"]
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
            for key in [key for key, asked in known.asked.items() if asked.answer.channel == channel]:
                self.fail(known, key)
        known.note_refused()

    def on_SetPreference(self, body):
        known = self.people[body["customer_id"]]
        known.blocked = set(body.get("blocked_channels") or ())
        known.note_refused()

    def on_RecordInbound(self, body):
        known = self.people[body["customer_id"]]
        known.wrote_at = read_instant(body["received_at"])
        known.unanswered.add(body["channel"])
        known.person.inbound_on = known.local_day(known.wrote_at)
        if body["text"].strip().lower() in ("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"):
            self.on_WithdrawConsent({"customer_id": body["customer_id"], "channel": body["channel"]})

    def on_RecordCircumstance(self, body):
        known = self.people[body["customer_id"]]
        until = read_day(body["until_on"]) if body.get("until_on") else None
        known.named[body["circumstance_id"]] = row = (body["kind"], read_day(body["from_on"]), until, body.get("debt_id"))
        known.person.circumstances.append(row)
        for key in known.asked:
            if self.is_stopped(known, key):
                known.stops[key] = self.ticks + 2

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

    def ask_when_due(self, known, key, debt):
        """Something about the debt may be due sooner than the group's day."""
        enters_on = debt.due_on - ASKED_BEFORE
        if enters_on <= self.today:
            self.ask_soon(known, key)
        elif key not in known.ask_on or enters_on < known.ask_on[key][0]:
            known.ask_on[key] = enters_on, 0, 0

    def debt_of(self, body, debt_id):
        known = self.people[body["customer_id"]]
        return next((known, key, debt) for key, group in known.groups.items() for debt in group.debts if debt.id == debt_id)

    def on_RecordPayment(self, body):
        known, key, debt = self.debt_of(body, body["debt_id"])
        if debt.is_cancelled or (read_day(body["received_on"]) < debt.opened_on and not body.get("reason")):
            return
        self.payments[body["payment_id"]] = (body["debt_id"], body["amount_minor"])
        self.move(known, key, debt, -body["amount_minor"])
        self.withdraw(known, key, debt)

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
        """Steps of the event come before those of the day, or not at all."""
        for key in keys:
            known.events[key] = event, self.ticks + 2


def judge_all(lines, read_history):
    """A judge that has judged. read_history: a new history each time. Who got no message of an arm is in one that explains the others."""
    first = Judge(lines)
    first.judge(read_history())
    doubtful = first.guessed.intersection(finding.customer for finding in first.findings)
    arms = {name for policy in first.policies.values() if policy for name, _ in policy.arms}
    for arm in sorted(arms) if doubtful else ():
        other = Judge([line for line in lines if line.customer in doubtful], arm)
        other.judge((at, [command for command in commands if command[1].get("customer_id", "") in doubtful | {""}]) for at, commands in read_history())
        explained = doubtful - {finding.customer for finding in other.findings}
        first.findings = [finding for finding in first.findings if finding.customer not in explained]
        doubtful -= explained
    return first
