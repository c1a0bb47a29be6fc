#!/usr/bin/env python3
"""A rehearsal of dunning: what happens to people who owe in two years, and the judgement of what they received (dunning_judge.py).

usage: dunning_history.py script [--customers 2000] [--debts 5000] [--days 730] [--start 2027-01-01] [--seed 1]   for compose/rehearsal.sh
       dunning_history.py faults [the same flags]            what the gateways refuse, and when
       dunning_history.py judge FOLDER                       judges FOLDER/script.txt (or played.script) and FOLDER/sink.jsonl
       dunning_history.py compare CALM FOLDER                whose messages differ from those of the same history when all went well, and why
--disturb 1: commands come twice; 2: and late, and Ticks of days are missing (dunning_disturbed.py)

Everything is a function of the flags. A person does one thing at a time, so that the order of what is done does not matter; nobody in it
exists (RFC 2606, numbers that regulators keep free for fiction).
"""

import argparse
import collections
import datetime
import json
import pathlib
import random
import sys
import uuid

from dunning_disturbed import compare, disturb
from dunning_judge import judge_all, may_differ, read_line, read_script

DAY = datetime.timedelta(days=1)
UTC = datetime.timezone.utc
HOURS = [datetime.time(7, 10), datetime.time(13, 10), datetime.time(19, 10)]
APPROVED = datetime.time(19, 20)
AGENT = str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:rehearsal:agent"))  # who does the tasks (dunning_player.py)
SECOND_PERSON = str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:rehearsal:second-person"))

# Country, region, zone, locale, currency, telephone of the i-th person.
PLACES = [
    ("DE", None, "Europe/Berlin", "de-DE", "EUR", "+4969900096{:02}"),
    ("FR", None, "Europe/Paris", "fr-FR", "EUR", "+3319900{:04}"),
    ("GB", None, "Europe/London", "en-GB", "GBP", "+447700900{:03}"),
    ("US", "US-NY", "America/New_York", "en-US", "USD", "+1212555{:04}"),
    ("US", "US-CA", "America/Los_Angeles", "en-US", "USD", "+1310555{:04}"),
]
CURRENCIES = ("EUR", "GBP", "USD")
STOPS = ("cease", "attorney", "incapacity", "restriction", "breathing_space", "bankruptcy", "dispute", "plan_in_development", "deceased")
FRESH_US = 40  # days after which a person in the United States renews the consent to texts


def name_of(*words):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:dunning:" + ":".join(map(str, words))))


CREDITORS = {currency: [name_of("creditor", currency, number) for number in range(3)] for currency in CURRENCIES}
PORTFOLIOS = [name_of("portfolio", number) for number in range(2)]


def instant(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- policies ----


def step(number, trigger, days=None, **members):
    given = {"action": "send", "message_class": "demand", "channels": "email sms letter", "send_days": 3, "otherwise": "move_on"}
    return {"number": number, "trigger": trigger, "days": days, **given, **members}


def task(number, trigger, days, action, **members):
    return {"number": number, "trigger": trigger, "days": days, "action": action, "otherwise": "move_on", **members}


def policy(name, version, priority, steps, **members):
    given = {"title": f"{name} {version}", "charged_off": False, "tolerance_minor": 500, "demands_a_day": 1, "demands_a_week": 3}
    modes = {"catch_up": "one_a_day", "new_debts": "join", "reopened": "start"}
    steps = [{"template": f"{name}-{one['number']}{one.get('arm') or ''}", **one} if one["action"] == "send" else one for one in steps]
    return {"policy": name, "policy_version": version, "priority": priority, **given, **modes, **members, "steps": steps}


EARLY = [
    step(1, "days_past_due", -3, message_class="reminder", channels="email sms", send_days=2),
    step(2, "days_past_due", 5, arm="mild", otherwise="retry", retry_days=2, tries_max=3),
    step(2, "days_past_due", 3, arm="firm", channels="sms email", otherwise="retry", retry_days=1, tries_max=2),
    step(4, "days_since_step", 9, channels="letter email", send_days=5, otherwise="review"),
    step(5, "month_end", 20, message_class="settlement_offer", wait_days=10, min_balance_minor=3000),
    task(7, "days_since_step", 6, "call", otherwise="retry", retry_days=4, tries_max=2),
    step(9, "event", event="payment_reversed", channels="email letter"),
]
ARMS = [{"name": "mild", "weight": 2}, {"name": "firm", "weight": 1}]
LATE = [
    step(1, "days_past_due", 61, channels="letter", send_days=4),
    step(2, "days_since_step", 14, min_age_days=100),
    step(3, "days_past_due", 90, channels="email letter", otherwise="retry", retry_days=3, tries_max=2),
    step(4, "days_past_due", 120, message_class="settlement_offer", channels="letter email", send_days=10),
    task(6, "days_past_due", 200, "legal_referral", min_balance_minor=10_000),
]
SMALL = [
    step(1, "days_past_due", 10, channels="email sms"),
    step(2, "days_past_due", 30, channels="email sms", send_days=2),
    step(3, "days_since_step", 30, channels="sms email"),
    task(4, "days_since_step", 25, "call"),
]
FIRMS = [
    step(1, "days_past_due", -7, message_class="reminder", channels="email"),
    step(2, "days_past_due", 1, channels="email letter", wait_days=2),
    step(3, "days_past_due", 2, channels="letter email", days_to=40),
    step(4, "event", event="contact_point_added", channels="email sms letter"),
    step(5, "days_past_due", 30, channels="letter"),
]
FOLDER = [
    step(1, "days_past_due", 4, channels="email letter", wait_days=3),
    step(3, "days_since_step", 12, channels="letter sms email", otherwise="retry", retry_days=2, tries_max=2),
    task(5, "days_since_step", 10, "call"),
]
ISLAND = [
    step(2, "days_past_due", 7, channels="sms email letter"),
    step(4, "days_since_step", 14, channels="letter email", otherwise="review"),
]
CAMPAIGN = [
    step(1, "on_date", on="2028-03-06", message_class="settlement_offer", channels="email sms"),
    step(2, "days_since_step", 20, days_from=30),
]

# (day, its policy; a name: it is retired)
PUBLISHED = [
    (0, policy("early", 1, 100, EARLY, arms=ARMS)),
    (0, policy("late", 1, 50, LATE, days_from=61, catch_up="most_severe", demands_a_week=2, reopened="resume")),
    (0, policy("small", 1, 20, SMALL, balance_to_minor=6000, tolerance_minor=300, catch_up="skip_to_current", new_debts="own", languages=["de", "fr"])),
    (0, policy("firms", 1, 10, FIRMS, customer_kind="legal", demands_a_day=2, demands_a_week=4)),
    (90, policy("folder", 1, 30, FOLDER, portfolio_ids=PORTFOLIOS[:1], days_from=1)),
    (130, policy("island", 1, 15, ISLAND, jurisdiction="GB", customer_kind="natural", balance_to_minor=40_000)),
    (170, policy("folder", 2, 30, FOLDER, portfolio_ids=PORTFOLIOS[1:], days_from=1, reopened="resume")),
    (180, policy("early", 2, 100, [one if one["number"] != 4 else {**one, "days": 7} for one in EARLY], arms=ARMS, reopened="resume")),
    (240, policy("late", 2, 50, LATE, days_from=61, catch_up="most_severe", demands_a_week=1, reopened="resume")),
    (300, "small"),
    (400, policy("campaign", 1, 5, CAMPAIGN, creditor_ids=[CREDITORS["EUR"][0]], portfolio_ids=PORTFOLIOS[:1], days_from=1)),
]


def publish(body):
    members = {name: value for name, value in body.items() if value is not None}
    publication = name_of("publication", body["policy"], body["policy_version"])
    return publication, "PublishPolicy", {**members, "publication_id": publication}


def changes_of(day):
    """(record key, type, body) of the policies that are published or retired on a day."""
    versions = {}
    for when, what in PUBLISHED:
        if isinstance(what, str):
            key = name_of("publication", what, versions[what])
            if when == day:
                yield key, "RetirePolicy", {"publication_id": key}
        else:
            versions[what["policy"]] = what["policy_version"]
            if when == day:
                yield publish(what)


def templates():
    """Each step's, in each language and channel: a text that says what the judge must know."""
    seen = {}
    for _, what in PUBLISHED:
        for one in what["steps"] if isinstance(what, dict) else ():
            for channel in one.get("channels", "").split():
                seen[one["template"], channel] = one["message_class"]
    for (name, channel), message_class in seen.items():
        for language in ("de", "fr", "en"):
            yield "PublishTemplate", {
                "template_id": name_of("template", name, channel, language), "name": name, "version": 1, "channel": channel, "language": language,
                "message_class": message_class, "subject": "" if channel == "sms" else "{{debt_reference}}",
                "body": f"[{name}] {{{{balance}}}} {{{{currency}}}} <{{{{debt_reference}}}}> {{{{opt_out}}}}"}  # fmt: skip


# ---- people ----


class Person:
    """One who owes, and all that he and others do about it."""

    def __init__(self, index, flags):
        self.dice = dice = random.Random(f"{flags.seed}:{index}")
        self.flags, self.index, self.id = flags, index, name_of("customer", flags.seed, index)
        self.country, self.region, self.zone, self.locale, self.currency, telephone = PLACES[index % len(PLACES)]
        self.kind = "legal" if dice.random() < 0.15 else "natural"
        self.joins = dice.randrange(max(1, min(flags.days // 2, 120)))
        self.addresses = {"email": f"person.{index}@example.com", "sms": telephone.format(index % 100), "letter": f"{index + 1} High Street\nOldtown"}
        self.channels = [channel for channel, chance in (("email", 0.85), ("sms", 0.6), ("letter", 0.7)) if dice.random() < chance] or ["letter"]
        self.consents = [channel for channel in self.channels if channel != "letter" and dice.random() < 0.85]
        self.taken = {(self.joins, 0), (self.joins, 1)}  # his times
        self.found = []

    def at(self, day, hour):
        return datetime.datetime.combine(self.flags.start + day * DAY, HOURS[hour], UTC)

    def do(self, day, type_, hour=None, **body):
        """At the next time at which he does nothing else, at most once. None: after the end."""
        hour = self.dice.randrange(len(HOURS)) if hour is None else hour
        while (day, hour) in self.taken:
            day, hour = (day, hour + 1) if hour + 1 < len(HOURS) else (day + 1, 0)
        if day >= self.flags.days:
            return None
        self.taken.add((day, hour))
        self.found.append((day, hour, type_, {"customer_id": self.id, **body}))
        return day, hour

    def add(self, hour, type_, **body):
        self.found.append((self.joins, hour, type_, {"customer_id": self.id, **body}))

    def days_of(self, debts):
        self.arrive()
        for number in range(debts):
            self.owe(number, self.joins if number == 0 else self.joins + self.dice.choice([0, self.dice.randrange(30), self.dice.randrange(self.flags.days)]))
        self.change_his_mind()
        self.be_protected()
        self.write()
        self.move()
        self.become_another()
        self.be_forgotten()
        return self.found

    def arrive(self):
        self.add(0, "CreateCustomer", external_ref=f"R-{self.flags.seed}-{self.index}", kind=self.kind, full_name=f"Person {self.index}", locale=self.locale,
                 country=self.country, region=self.region, timezone=self.zone)  # fmt: skip
        for channel in self.channels:
            self.add(0, "AddContactPoint", contact_point_id=name_of("point", self.id, channel), channel=channel, address=self.addresses[channel],
                     place="home", source="consumer")  # fmt: skip
        for channel in self.consents:
            self.add(0, "GrantConsent", **self.consent(channel, "first", self.joins, 0))
        for day in range(self.joins + FRESH_US, self.flags.days, FRESH_US) if self.country == "US" and "sms" in self.consents else ():
            at = self.do(day, "GrantConsent", hour=0)
            if at is not None:
                self.found[-1][3].update(self.consent("sms", f"renewed-{day}", *at))

    def consent(self, channel, occasion, day, hour):
        return {"consent_id": name_of("consent", self.id, channel, occasion), "channel": channel, "purpose": "collect", "basis": "express",
                "evidence_ref": f"{occasion}-{self.index}", "obtained_at": instant(self.at(day, hour))}  # fmt: skip

    # ---- a debt ----

    def owe(self, number, day):
        dice = self.dice
        currency = self.currency if dice.random() < 0.95 else dice.choice(CURRENCIES)
        amount = dice.choice([dice.randrange(400, 6000), dice.randrange(6000, 60_000), dice.randrange(6000, 300_000)])
        late = dice.choice([-40, -20, -14, -10, -5, -1, 0, 1, 6, 30, 75])  # days past due when it comes
        due = day - late
        debt = name_of("debt", self.id, number)
        on = lambda day: str(self.flags.start + day * DAY)
        at = self.do(day, "CreateDebt", hour=1 if day == self.joins else None, debt_id=debt, creditor_id=dice.choice(CREDITORS[currency][: 1 + number % 3]),
                     portfolio_id=dice.choice([None, *PORTFOLIOS]), external_ref=f"D-{self.index}-{number}", currency=currency, principal_minor=amount,
                     interest_minor=0, fee_minor=0, cost_minor=0, opened_on=on(min(due - 30, day)), due_on=on(due), fees_authorised=False)  # fmt: skip
        if at is not None:
            self.pay(debt, number, currency, amount, at[0], due)
            self.correct(debt, number, at[0], due)

    def pay(self, debt, number, currency, amount, day, due):
        dice, left = self.dice, amount
        for turn in range(dice.choice([0, 1, 1, 1, 2, 4])):
            day = max(day + 1, due - dice.choice([5, 0]) if turn == 0 and dice.random() < 0.4 else day + dice.randrange(1, 50))
            part = dice.choice([left, left, max(1, left // 3), max(1, left - dice.choice([100, 700])), left + dice.randrange(1, 3000)])
            payment = name_of("payment", debt, turn)
            at = self.do(day, "RecordPayment", payment_id=payment, debt_id=debt, source="bank-1", external_ref=f"P-{self.index}-{number}-{turn}",
                         amount_minor=part, currency=currency, received_on="", method="transfer")  # fmt: skip
            if at is None:
                return
            self.found[-1][3]["received_on"] = str(self.flags.start + at[0] * DAY)
            day, left = at[0], max(0, left - part)
            if dice.random() < 0.15:
                back = self.do(day + dice.randrange(1, 25), "ReversePayment", payment_id=payment, reason=dice.choice(["nsf", "chargeback"]))
                day, left = (back[0], left + part) if back is not None else (day, left)
            if left == 0:
                return

    def correct(self, debt, number, day, due):
        dice = self.dice
        if dice.random() < 0.06:
            when = day + dice.randrange(1, 60)
            self.do(when, "AmendDebt", debt_id=debt, due_on=str(self.flags.start + max(due, when + dice.randrange(-20, 30)) * DAY), reason="asked for")
        if dice.random() < 0.04:
            self.do(day + dice.randrange(1, 60), "CancelDebt", debt_id=debt, reason="created_in_error")
        if dice.random() < 0.05:
            self.circumstance("dispute", day + dice.randrange(1, 60), debt)

    # ---- the person ----

    def some_day(self):
        return self.joins + 1 + self.dice.randrange(max(1, self.flags.days - self.joins))

    def change_his_mind(self):
        dice = self.dice
        if dice.random() < 0.2:
            channel = dice.choice([*self.channels, None])
            at = self.do(self.some_day(), "WithdrawConsent", channel=channel, via="link", withdrawn_at="")
            if at is not None:
                self.found[-1][3]["withdrawn_at"] = instant(self.at(*at))
                if dice.random() < 0.5:
                    self.come_back(channel or dice.choice(self.channels), at[0] + dice.randrange(5, 90))

    def come_back(self, channel, day):
        at = self.do(day, "GrantConsent")
        if at is not None:
            self.found[-1][3].update(self.consent(channel, "again", *at))

    def circumstance(self, kind, day, debt=None):
        dice = self.dice
        name = name_of("circumstance", self.id, kind, debt, day)
        days = dice.randrange(5, 60) if kind != "plan_in_development" else dice.randrange(5, 30)
        has_end = kind == "plan_in_development" or dice.random() < 0.3
        at = self.do(day, "RecordCircumstance", circumstance_id=name, kind=kind, debt_id=debt, from_on="", until_on=None, evidence_ref=f"letter-{self.index}")
        if at is None:
            return
        self.found[-1][3].update(from_on=str(self.flags.start + at[0] * DAY), until_on=str(self.flags.start + (at[0] + days) * DAY) if has_end else None)
        if not has_end and dice.random() < 0.7:
            self.do(at[0] + days, "EndCircumstance", circumstance_id=name, evidence_ref=f"answer-{self.index}")

    def be_protected(self):
        for _ in range(self.dice.choice([0, 0, 0, 0, 1, 1, 2])):
            self.circumstance(self.dice.choice(STOPS), self.some_day())

    def write(self):
        channels = [channel for channel in self.channels if channel != "letter"]
        for turn in range(self.dice.choice([0, 0, 0, 1, 3]) if channels else 0):
            channel = self.dice.choice(channels)
            at = self.do(self.some_day(), "RecordInbound", inbound_id=name_of("inbound", self.id, turn), contact_point_id=name_of("point", self.id, channel),
                         channel=channel, text="When do I have to pay?", provider="sink", received_at="")  # fmt: skip
            if at is not None:
                self.found[-1][3]["received_at"] = instant(self.at(*at))

    def move(self):
        """An address is no longer his; sometimes another one is."""
        dice = self.dice
        if dice.random() < (0.4 if self.kind == "legal" else 0.12):
            channel = dice.choice(self.channels)
            at = self.do(self.some_day(), "InvalidateContactPoint", contact_point_id=name_of("point", self.id, channel), reason="bounced")
            if at is not None and dice.random() < 0.7:
                address = {"email": f"person.{self.index}.new@example.com", "sms": self.addresses["sms"], "letter": "2 New Street\nNewtown"}[channel]
                self.do(at[0] + dice.randrange(1, 40), "AddContactPoint", contact_point_id=name_of("point", self.id, channel, "new"), channel=channel,
                        address=address, place="home", source="consumer")  # fmt: skip


    def become_another(self):
        """His language or his country is another one, and so may be his policy; a channel is blocked, which is no opt-out."""
        dice = self.dice
        if dice.random() < 0.12:
            self.do(self.some_day(), "UpdateCustomer", locale=dice.choice(["de-DE", "fr-FR", "en-GB"]))
        if dice.random() < 0.05 and self.country != "US":
            country, _, zone = dice.choice([place[:3] for place in PLACES if place[0] != "US"])
            self.do(self.some_day(), "UpdateCustomer", country=country, timezone=zone)
        if dice.random() < 0.08:
            at = self.do(self.some_day(), "SetPreference", preference_id=name_of("preference", self.id), blocked_times=[], blocked_places=[],
                         blocked_channels=[dice.choice(self.channels)])  # fmt: skip
            if at is not None and dice.random() < 0.5:
                self.do(at[0] + dice.randrange(5, 90), "SetPreference", preference_id=name_of("preference", self.id, "again"), blocked_times=[], blocked_places=[],
                        blocked_channels=[])  # fmt: skip


    def be_forgotten(self):
        """The last thing that he does. Who still owes something is refused; of the others a payment may be taken back all the same."""
        dice = self.dice
        if dice.random() >= 0.3:
            return
        at = self.do(max(day for day, *_ in self.found) + dice.randrange(1, 30), "EraseCustomer", basis="request")
        reversed_ids = {body["payment_id"] for _, _, type_, body in self.found if type_ == "ReversePayment"}
        payments = [body["payment_id"] for _, _, type_, body in self.found if type_ == "RecordPayment" and body["payment_id"] not in reversed_ids]
        if at is not None and payments and dice.random() < 0.5:
            self.do(at[0] + dice.randrange(1, 20), "ReversePayment", payment_id=dice.choice(payments), reason="chargeback")


def people(flags):
    dice = random.Random(f"{flags.seed}:debts")
    counts = collections.Counter(dice.randrange(flags.customers) for _ in range(max(0, flags.debts - flags.customers)))
    for index in range(flags.customers):
        yield Person(index, flags), 1 + counts[index]


# ---- the script ----


def with_id(type_, at, body):
    members = {name: value for name, value in body.items() if value is not None}
    return {"$id": name_of("command", type_, instant(at), json.dumps(members, sort_keys=True)), **members}


def second_person():
    return "RegisterUser", {"user_id": SECOND_PERSON, "login": "second-person", "roles": ["compliance", "supervisor"]}


def agent():
    return "RegisterUser", {"user_id": AGENT, "login": "an-agent", "roles": ["agent"]}


def times(flags):
    """(instant, who, [(type, body)...]) in order. who: empty, the one who sends everything else."""
    by_time = collections.defaultdict(list)
    by_time[0, 0] += [second_person(), agent(), *templates()]
    for person, debts in people(flags):
        for day, hour, type_, body in person.days_of(debts):
            by_time[day, hour].append((type_, body))
    for day in range(flags.days):
        for hour, time in enumerate(HOURS):
            at = datetime.datetime.combine(flags.start + day * DAY, time, UTC)
            commands = [(type_, with_id(type_, at, body)) for type_, body in by_time[day, hour]]
            changes = [(key, type_, with_id(type_, at, body)) for key, type_, body in changes_of(day)] if hour == 2 else []
            yield at, "", commands + [(type_, body) for _, type_, body in changes]
            if changes:
                approvals = [("dunning.ApproveCommand", {"command_id": body["$id"], "record_key": key, "reason": ""}) for key, _, body in changes]
                yield datetime.datetime.combine(flags.start + day * DAY, APPROVED, UTC), SECOND_PERSON, approvals


def write_script(flags):
    """A line `as WHO` says who sends from here on: a play of its own (compose/rehearsal.sh)."""
    before = ""
    happens = times(flags) if flags.disturb == 0 else disturb(times(flags), flags, {0} | {day for day, _ in PUBLISHED})
    for at, who, commands in happens:
        if who != before:
            print("as", who or "dcs-cli")
            before = who
        print("at", instant(at))
        for type_, body in commands:
            print(type_, json.dumps(body, ensure_ascii=False))


def write_faults(flags):
    """Some addresses are refused for a time, and each gateway has a bad day now and then."""
    dice = random.Random(f"{flags.seed}:faults")
    span = lambda day, days: f"{instant(datetime.datetime.combine(flags.start + day * DAY, datetime.time(), UTC))} {instant(datetime.datetime.combine(flags.start + (day + days) * DAY, datetime.time(), UTC))}"
    for channel in ("email", "sms", "letter"):
        for _ in range(flags.days // 60):
            print(channel, span(dice.randrange(flags.days), dice.randrange(1, 4)), "refused")
            print(channel, span(dice.randrange(flags.days), dice.randrange(1, 3)), "busy")
    for person, _ in people(flags):
        if dice.random() < 0.08:
            channel = dice.choice(["email", "sms"])
            print(channel, span(dice.randrange(flags.days), dice.randrange(5, 200)), "refused", person.addresses[channel])


def lines_of(folder):
    return [read_line(json.loads(line)) for line in (folder / "sink.jsonl").read_text(encoding="utf-8").splitlines()]


def history_of(folder):
    script = next(path for path in (folder / "played.script", folder / "script.txt") if path.exists())
    return read_script(script.read_text(encoding="utf-8").splitlines())


def compare_with(calm, folder):
    calm_history, lines = list(history_of(calm)), lines_of(folder)
    counts, faults = compare(lines_of(calm), calm_history, lines, list(history_of(folder)))
    unknown = [person for person, at, _ in faults if may_differ(person, at, lines, calm_history)]
    faults = [fault for fault in faults if fault[0] not in unknown]
    counts["for nothing"] -= len(unknown)
    counts["an order that nobody outside knows"] = len(unknown)
    for person, at, differ in faults[:50]:
        print(f"for nothing: {person} since {at:%Y-%m-%d %H:%M}:", *differ)
    print("people by their messages:", ", ".join(f"{count} {why}" for why, count in counts.most_common()))
    return 1 if faults else 0


def judge(folder):
    lines = lines_of(folder)
    judge = judge_all(lines, lambda: history_of(folder))
    findings = judge.findings
    for finding in findings[:300]:
        print(finding)
    for what, count in sorted(judge.counts.items()):
        print(f"{count:8} {what}")
    (folder / "found.txt").write_text("".join(f"{customer}\n" for customer in dict.fromkeys(finding.customer for finding in findings)), encoding="utf-8")
    kinds = collections.Counter(finding.kind for finding in findings)
    print(f"{len(lines)} messages to {len({line.customer for line in lines})} of {len(judge.people)} people,", *(f"{count} {kind}," for kind, count in sorted(kinds.items())),
          f"{len(findings)} findings")  # fmt: skip
    return 1 if findings else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["script", "faults", "judge", "compare"])
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--debts", type=int, default=5000)
    parser.add_argument("--days", type=int, default=730)
    parser.add_argument("--start", type=datetime.date.fromisoformat, default=datetime.date(2027, 1, 1))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disturb", type=int, default=0)
    flags = parser.parse_args()
    if flags.what in ("judge", "compare"):
        return judge(*flags.folders) if flags.what == "judge" else compare_with(*flags.folders)
    write_script(flags) if flags.what == "script" else write_faults(flags)
    return 0


if __name__ == "__main__":
    sys.exit(main())
