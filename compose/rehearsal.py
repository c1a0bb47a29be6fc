#!/usr/bin/env python3
"""A rehearsal's year: what people do in it, and what may never have happened at its end. The one file of the scenario.

usage: rehearsal.py script [--customers 500] [--days 365] [--start 2027-01-01] [--seed 1]   the script for `dcs rehearse`
       rehearsal.py faults [the same flags]           what its gateways refuse: nothing
       rehearsal.py judge FOLDER [the same flags]     judges FOLDER/sink.jsonl, what people received

To extend it: a fact of a person is an attribute of Person, what he does on a day is a few lines of `days_of`, and what must hold of it is
a function of RULES. Everything is a function of the flags, so both commands know the same people. Nobody in it exists: domains of
RFC 2606, telephone numbers that regulators keep free for fiction.
"""

import argparse
import collections
import datetime
import json
import pathlib
import random
import sys
import uuid
import zoneinfo

DAY = datetime.timedelta(days=1)
UTC = datetime.timezone.utc

# When Ticks come, in UTC: Europe's morning, afternoon and night; America's night, morning and noon.
HOURS = [datetime.time(7, 10), datetime.time(13, 10), datetime.time(19, 10)]
STOPPING = ["cease", "deceased", "restriction"]  # circumstances that end reminders in every country
WRITES_ON = [1, 3]  # the collector's days: Tuesday and Thursday

# Country, region, zone, locale, language, currency, telephone of the i-th person.
PLACES = [
    ("GB", None, "Europe/London", "en-GB", "GBP", "+447700900{:03}"),
    ("DE", None, "Europe/Berlin", "de-DE", "EUR", "+4969900096{:02}"),
    ("FR", None, "Europe/Paris", "fr-FR", "EUR", "+3319900{:04}"),
    ("US", "NY", "America/New_York", "en-US", "USD", "+1212555{:04}"),
    ("US", "CA", "America/Los_Angeles", "en-US", "USD", "+1310555{:04}"),
    ("NL", None, "Europe/Amsterdam", "nl-NL", "EUR", None),
]
DUNNED = "NL"  # nobody asks for messages to them: a dunning policy does
COUNTRIES = {place[0] for place in PLACES}
CREDITORS = {currency: uuid.uuid5(uuid.NAMESPACE_URL, f"urn:rehearsal:creditor:{currency}") for currency in ("GBP", "EUR", "USD")}

# What law and house allow (consumers/communications/profiles/): hours of the person's own zone, in the Union until eight; demands on a day and
# in seven days; in the United States a text within 60 days of a consent, and a validation notice within five days of the first message.
FROM, TO, TO_IN_UNION = datetime.time(8), datetime.time(21), datetime.time(20)
MOST_A_DAY, MOST, IN_DAYS = 1, 3, 7
FRESH, NOTICE_WITHIN = 60 * DAY, 5 * DAY
RENEWS_EVERY = 45  # days, if at all
PROMISED, GRACE = 2_000, 3 * DAY  # minor units; at least so long is a promise that was not kept open behind its day

# What befalls a debt, beside payments and promises: to one in two of them one of these. What stops messages meanwhile, and what ends them.
TURNS = ["charged", "corrected", "held", "disputed", "planned", "charged_off", "written_off", "sold", "recalled", "overpaid"]
STOPS, ENDS = ["held", "disputed"], ["sold", "recalled"]
TURNS_FROM, TURN_DAYS = 100, 20  # days: the first after he joined; from its beginning to its end, if it has one
INSTALMENTS = 4

TEMPLATES = {
    "en": ("Reminder of {{debt_reference}}",
           "Dear {{customer_name}},\n\n{{balance}} {{currency}} of {{debt_reference}} are due to {{creditor}}.\n\n{{disclosure}}\n\n{{opt_out}}\n"),
    "de": ("Erinnerung zu {{debt_reference}}",
           "Guten Tag {{customer_name}},\n\nzu {{debt_reference}} sind bei {{creditor}} noch {{balance}} {{currency}} offen.\n\n{{opt_out}}\n"),
    "fr": ("Rappel : {{debt_reference}}",
           "Bonjour {{customer_name}},\n\n{{balance}} {{currency}} restent dus à {{creditor}} pour {{debt_reference}}.\n\n{{opt_out}}\n"),
}
# The ladder of those who are dunned: its steps, and their texts.
SECOND_PERSON = uuid.uuid5(uuid.NAMESPACE_URL, "urn:rehearsal:second-person")
PROPOSED, APPROVED, PLACED = datetime.time(7, 15), datetime.time(7, 20), datetime.time(7, 25)
FIRST_STEP = 5  # days past due
LADDER = [{"number": number, "trigger": trigger, "days": days, "action": "send", "template": f"ladder-{number}", "message_class": "demand",
           "channels": "email", "send_days": 3, "otherwise": "move_on"}
          for number, trigger, days in [(1, "days_past_due", FIRST_STEP), (2, "days_since_step", 14), (3, "days_since_step", 21)]]
LADDER += [{"number": 4, "trigger": "days_since_step", "days": 21, "action": "call", "otherwise": "move_on"}]
POLICY = {"publication_id": str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:rehearsal:policy")), "policy": "ladder", "policy_version": 1,
          "title": "Three demands and a call", "priority": 1, "jurisdiction": DUNNED, "languages": ["nl"], "charged_off": False, "tolerance_minor": 500,
          "demands_a_day": 1, "demands_a_week": 3, "catch_up": "one_a_day", "new_debts": "join", "reopened": "start", "steps": LADDER}
# What the debts in euros are placed with: their payments pay costs first, then interest (BGB 367).
ORDER = {"policy_id": str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:rehearsal:order")), "kind": "allocation", "title": "BGB 367",
         "allocation_order": "cost_interest_principal"}
PORTFOLIO = str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:rehearsal:portfolio"))
LADDER_TEXT = ("Openstaand: {{debt_reference}}", "Beste {{customer_name}},\n\nvan {{debt_reference}} staat {{balance}} {{currency}} open.\n\n{{opt_out}}\n")

NOTICE = ("What you owe to {{creditor}}",
          "Dear {{customer_name}},\n\n{{balance}} {{currency}} of {{debt_reference}} are owed to {{creditor}}. You may dispute it within 30 days."
          "\n\n{{disclosure}}\n\n{{opt_out}}\n")


def name_of(*words):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:rehearsal:" + ":".join(map(str, words))))


def instant(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def read_instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class Person:
    """One customer with one debt, and all that he will do: drawn from his own dice, so that others may change without him."""

    def __init__(self, index, flags):
        dice = random.Random(f"{flags.seed}:{index}")
        self.index, self.dice = index, dice
        self.country, self.region, self.zone, self.locale, self.currency, telephone = PLACES[index % len(PLACES)]
        self.language = self.locale[:2]
        self.id = name_of("customer", flags.seed, index)
        self.debt = name_of("debt", flags.seed, index)
        self.is_dunned = self.country == DUNNED
        self.channel = "email" if self.is_dunned else dice.choice(["email", "sms"])
        self.address = f"person.{index}@example.com" if self.channel == "email" else telephone.format(index % 100)
        self.joins = dice.randrange(28)  # the day
        self.principal = dice.randrange(12_000, 480_000)  # minor units
        self.pays_monthly = dice.random() < 0.6
        self.stops = dice.randrange(40, flags.days) if flags.days > 40 and dice.random() < 0.3 else None
        self.comes_back = self.stops + dice.randrange(20, 90) if self.stops is not None and dice.random() < 0.4 else None
        self.reverses = dice.random() < 0.05  # his first payment bounces
        self.circumstance = dice.choice(STOPPING) if flags.days > 60 and dice.random() < 0.1 else None
        self.changes = dice.randrange(50, flags.days) if self.circumstance else None  # the day
        self.promises = dice.randrange(60, flags.days) if flags.days > 60 and dice.random() < 0.4 else None  # to pay, on that day
        self.keeps_promise = dice.random() < 0.5
        life = random.Random(f"{flags.seed}:{index}:life")
        self.turn = life.choice(TURNS) if flags.days > TURNS_FROM + 60 and life.random() < 0.5 else None
        self.turns = life.randrange(TURNS_FROM, flags.days - 60) if self.turn else None  # the day
        self.turns_well = life.random() < 0.5  # as the turn says
        self.is_pressed = dice.random() < 0.03 and not self.is_dunned  # somebody writes to him every day, for twelve days
        self.gets_notice = self.country == "US" and dice.random() < 0.9  # to the others the collector forgets to send it
        self.renews = self.country == "US" and self.stops is None and dice.random() < 0.5  # his consent


# ---- what happens ----


def days_of(person, start):
    """(day, hour's index, command, body) in no order."""

    def command(day, hour, type_, **body):
        found.append((day, hour, type_, body))

    found = []
    dice = person.dice
    at = lambda day, hour: datetime.datetime.combine(start + day * DAY, HOURS[hour], UTC)
    command(person.joins, 0, "CreateCustomer", customer_id=person.id, external_ref=f"R-{person.index}", kind="natural",
            full_name=f"Person {person.index}", locale=person.locale, country=person.country, region=person.region, timezone=person.zone)
    command(person.joins, 0, "AddContactPoint", contact_point_id=name_of("point", person.id), customer_id=person.id, channel=person.channel,
            address=person.address, place="home", source="consumer" if person.country == "US" else "creditor")
    command(person.joins, 0, "GrantConsent", **consent(person, "first", at(person.joins, 0)))
    command(person.joins, 1, "CreateDebt", debt_id=person.debt, customer_id=person.id, creditor_id=str(CREDITORS[person.currency]),
            portfolio_id=PORTFOLIO if person.currency == "EUR" else None, external_ref=f"D-{person.index}", currency=person.currency,
            principal_minor=person.principal - 1500, interest_minor=700, fee_minor=300, cost_minor=500, fees_authorised=True,
            opened_on=str(start + person.joins * DAY), due_on=str(start + (person.joins + 14) * DAY))
    if person.gets_notice:
        command(person.joins + 15, 2, "SendCommunication", communication_id=name_of("notice", person.debt), customer_id=person.id,
                debt_ids=[person.debt], channel=person.channel, template_name="validation-notice", language="en",
                message_class="validation_notice", parameters=[{"name": "creditor", "value": "Rehearsal Ltd"}], not_before=None,
                send_by=instant(at(person.joins + 15, 2) + DAY))
    for day in range(RENEWS_EVERY, 365, RENEWS_EVERY) if person.renews else ():
        command(person.joins + day, 0, "GrantConsent", **consent(person, f"renewed-{day}", at(person.joins + day, 0)))
    for day in range(12) if person.is_pressed else ():
        command(person.joins + 48 + day, 1, "SendCommunication", communication_id=name_of("pressed", person.debt, day), customer_id=person.id,
                debt_ids=[person.debt], channel=person.channel, template_name="payment-reminder", language=person.language,
                message_class="reminder", parameters=[{"name": "creditor", "value": "Rehearsal Ltd"}], not_before=None,
                send_by=instant(at(person.joins + 48 + day, 1) + DAY))
    for month in range(12):
        reminded, paid = person.joins + 16 + 30 * month, person.joins + 25 + 30 * month
        while (start + reminded * DAY).weekday() not in WRITES_ON:
            reminded += 1
        hour = dice.randrange(len(HOURS))
        nine = datetime.datetime.combine(start + reminded * DAY, datetime.time(9), zoneinfo.ZoneInfo(person.zone)).astimezone(UTC)
        waits = nine > at(reminded, hour) and dice.random() < 0.7
        if not person.is_dunned:
            command(reminded, hour, "SendCommunication", not_before=instant(nine) if waits else None, communication_id=message_of(person, month), customer_id=person.id, debt_ids=[person.debt],
                    channel=person.channel, template_name="payment-reminder", language=person.language, message_class="reminder",
                    parameters=[{"name": "creditor", "value": "Rehearsal Ltd"}], send_by=instant(at(reminded, hour) + 3 * DAY))
        if person.pays_monthly or dice.random() < 0.2:
            command(paid, dice.randrange(len(HOURS)), "RecordPayment", payment_id=name_of("payment", person.debt, month), customer_id=person.id,
                    debt_id=person.debt, source="bank-1", external_ref=f"P-{person.index}-{month}", amount_minor=max(1, person.principal // 11),
                    currency=person.currency, received_on=str(start + paid * DAY), method="transfer")
            if person.reverses and month == 0:
                command(paid + 3, 1, "ReversePayment", payment_id=name_of("payment", person.debt, month), customer_id=person.id,
                        reason="nsf")
    if person.promises is not None:
        command(person.promises, 1, "MakePromise", promise_id=name_of("promise", person.debt), customer_id=person.id, debt_id=person.debt,
                amount_minor=PROMISED, currency=person.currency, due_on=str(start + promised_for(person) * DAY), channel="voice")
    if person.promises is not None and person.keeps_promise:
        command(promised_for(person), 1, "RecordPayment", payment_id=name_of("payment", person.debt, "promised"), customer_id=person.id,
                debt_id=person.debt, source="bank-1", external_ref=f"P-{person.index}-promised", amount_minor=PROMISED,
                currency=person.currency, received_on=str(start + promised_for(person) * DAY), method="transfer")
    if person.stops is not None:
        hour = dice.randrange(len(HOURS))
        via = {"via": "keyword", "keyword": "STOP"} if person.channel == "sms" else {"via": "link"}
        command(person.stops, hour, "WithdrawConsent", customer_id=person.id, channel=person.channel, withdrawn_at=instant(at(person.stops, hour)),
                **via)
    if person.circumstance is not None:
        command(person.changes, 1, "RecordCircumstance", circumstance_id=name_of("circumstance", person.id), customer_id=person.id,
                kind=person.circumstance, from_on=str(start + person.changes * DAY), evidence_ref=f"letter-{person.index}")
    if person.comes_back is not None:
        command(person.comes_back, 0, "GrantConsent", **consent(person, "again", at(person.comes_back, 0)))
    if person.turn is not None:
        found += [(day, 2, type_, body) for day, type_, body in turn_of(person, owed_before(person, found), start)]
    return found


def owed_before(person, found):
    """By the third hour of the day on which his turn comes, if all payments were taken."""
    before = [(type_, body) for day, hour, type_, body in found if (day, hour) < (person.turns, 2)]
    paid = {body["payment_id"]: body["amount_minor"] for type_, body in before if type_ == "RecordPayment"}
    reversed_ = {body["payment_id"] for type_, body in before if type_ == "ReversePayment"}
    return max(0, person.principal - sum(amount for payment, amount in paid.items() if payment not in reversed_))


def turn_of(person, owed_minor, start):
    """(day, command, body). Some are refused: the debt may be paid by then."""
    day, end, on = person.turns, person.turns + TURN_DAYS, lambda day: str(start + day * DAY)
    debt = {"debt_id": person.debt, "customer_id": person.id}
    money = {"amount_minor": 500, "currency": person.currency}
    if person.turn == "charged":
        yield day, "AssessFee", debt | money | {"basis": "contract", "reason": "a returned debit"}
        yield day, "AssessCost", debt | money | {"basis": "court", "reason": "a payment order"}
        if person.turns_well:
            yield end, "WaiveAmount", debt | money | {"component": "fee", "reason": "goodwill"}
    if person.turn == "corrected":
        yield day, "AdjustBalance", debt | money | {"component": "principal", "direction": "down" if person.turns_well else "up", "reason": "a credit note"}
    if person.turn == "held":
        hold = {"hold_id": name_of("hold", person.debt), "customer_id": person.id}
        yield day, "PlaceHold", hold | {"debt_id": person.debt, "kind": "manual", "until_on": on(end + 10), "review_on": on(day + 10), "effects": ["contact", "dunning"],
                                        "evidence_ref": f"call-{person.index}"}
        if person.turns_well:
            yield end, "ReleaseHold", hold | {"reason": "it was looked into"}
    if person.turn == "disputed":
        dispute = {"dispute_id": name_of("dispute", person.debt), "customer_id": person.id}
        yield day, "RaiseDispute", dispute | {"debt_id": person.debt, "grounds": "wrong_amount", "portion_minor": 1000, "currency": person.currency,
                                              "received_on": on(day), "in_writing": True, "evidence_refs": [f"letter-{person.index}"]}
        yield day + 5, "AddDisputeEvidence", dispute | {"evidence_ref": f"invoice-{person.index}"}
        yield end, "ResolveDispute", dispute | {"outcome": "upheld" if person.turns_well else "rejected", "verification_ref": f"file-{person.index}", "sent_on": on(end)}
    if person.turn == "planned" and owed_minor > 10_000:
        plan = {"plan_id": name_of("plan", person.debt), "customer_id": person.id}
        yield day, "ProposePlan", plan | {"debt_id": person.debt, "total_minor": owed_minor, "currency": person.currency, "instalments": INSTALMENTS,
                                          "frequency": "weekly", "first_due_on": on(day + 7)}
        yield day + 1, "AcceptPlan", plan
        for number in range(INSTALMENTS) if person.turns_well else ():
            yield day + 7 + 7 * number, "RecordPayment", debt | {
                "payment_id": name_of("payment", person.debt, "instalment", number), "source": "bank-1", "external_ref": f"P-{person.index}-instalment-{number}",
                "amount_minor": owed_minor // INSTALMENTS + 1, "currency": person.currency, "received_on": on(day + 7 + 7 * number), "method": "transfer"}
    if person.turn == "charged_off":
        yield day, "ChargeOff", debt | {"reason": "180 days past due"}
        if person.turns_well:
            yield day + 2, "UndoChargeOff", debt | {"reason": "by mistake"}
        else:
            yield end, "RecordPayment", debt | {
                "payment_id": name_of("payment", person.debt, "recovered"), "source": "bank-1", "external_ref": f"P-{person.index}-recovered",
                "amount_minor": 1000, "currency": person.currency, "received_on": on(end), "method": "transfer"}
    if person.turn == "overpaid":
        payment = {"payment_id": name_of("payment", person.debt, "overpaid"), "customer_id": person.id}
        yield day, "RecordPayment", payment | {
            "debt_id": person.debt, "source": "bank-1", "external_ref": f"P-{person.index}-overpaid", "amount_minor": owed_minor + 1500,
            "currency": person.currency, "received_on": on(day), "method": "transfer"}
        yield day + 2, "RefundPayment", payment | {"amount_minor": 1000, "currency": person.currency, "reason": "overpaid"}
        if person.turns_well:
            yield end, "RefundPayment", payment | {"amount_minor": 500, "currency": person.currency, "reason": "overpaid", "transfer_ref": f"out-{person.index}"}
    if person.turn == "written_off":
        yield day, "WriteOff", debt | {"reason": "nothing to be had"}
    if person.turn == "sold":
        yield day, "TransferDebt", debt | {"kind": "sold", "transferee": "Rehearsal Purchase Ltd", "reason": "a sale"}
    if person.turn == "recalled":
        yield day, "RecallDebt", debt | {"reason": "the placement has ended"}


def promised_for(person):
    """The day on which he pays, if he does."""
    return person.promises + 10


def message_of(person, month):
    return name_of("message", person.debt, month)


def consent(person, occasion, at):
    return {"consent_id": name_of("consent", person.id, occasion), "customer_id": person.id, "channel": person.channel, "purpose": "collect",
            "basis": "express", "evidence_ref": f"{occasion}-{person.index}", "obtained_at": instant(at)}


def creditors():
    for currency, creditor in CREDITORS.items():
        yield "DescribeCreditor", {"creditor_id": str(creditor), "name": f"{currency} Lenders", "is_original": True, "regulated_class": "first_party"}


def templates():
    for language, (subject, body) in TEMPLATES.items():
        for channel in ("email", "sms"):
            yield "PublishTemplate", {
                "template_id": name_of("template", language, channel), "name": "payment-reminder", "version": 1, "channel": channel,
                "language": language, "message_class": "reminder", "subject": subject if channel == "email" else "",
                "body": body if channel == "email" else " ".join(body.split("\n\n")[1:]).strip()}
    for step in LADDER[:3]:
        yield "PublishTemplate", {
            "template_id": name_of("ladder", step["number"]), "name": step["template"], "version": 1, "channel": "email", "language": "nl",
            "message_class": "demand", "subject": LADDER_TEXT[0], "body": LADDER_TEXT[1]}
    for channel in ("email", "sms"):
        yield "PublishTemplate", {
            "template_id": name_of("notice", channel), "name": "validation-notice", "version": 1, "channel": channel, "language": "en",
            "message_class": "validation_notice", "subject": NOTICE[0] if channel == "email" else "",
            "body": NOTICE[1] if channel == "email" else " ".join(NOTICE[1].split("\n\n")[1:]).strip()}


def year(flags):
    """(instant, [(type, body)...]) in order."""
    by_time = collections.defaultdict(list)
    by_time[0, 0] += [second_person(), *creditors(), *templates()]
    for index in range(flags.customers):
        for day, hour, type_, body in days_of(Person(index, flags), flags.start):
            by_time[day, hour].append((type_, body))
    for day in range(flags.days):
        for hour, time in enumerate(HOURS):
            yield datetime.datetime.combine(flags.start + day * DAY, time, UTC), by_time[day, hour]


def write_command(at, type_, body):
    members = {name: value for name, value in body.items() if value is not None}
    command = name_of("command", type_, instant(at), json.dumps(members, sort_keys=True))
    print(type_, json.dumps(members | {"$id": command}, ensure_ascii=False))
    return command


def write_policies(at):
    """Published once its templates are there, as there is no order between topics; approved by a second person: a play of its own (rehearsal.sh)."""
    proposed, approved, placed = (datetime.datetime.combine(at.date(), time, UTC) for time in (PROPOSED, APPROVED, PLACED))
    print("at", instant(proposed))
    proposals = [("dunning", POLICY["publication_id"], write_command(proposed, "PublishPolicy", POLICY)),
                 ("debts", ORDER["policy_id"], write_command(proposed, "PublishDebtPolicy", ORDER))]
    print("as", SECOND_PERSON)
    print("at", instant(approved))
    for module, key, proposal in proposals:
        write_command(approved, f"{module}.ApproveCommand", {"command_id": proposal, "record_key": key, "reason": ""})
    print("as dcs-cli")
    print("at", instant(placed))
    write_command(placed, "DescribePortfolio", {"portfolio_id": PORTFOLIO, "creditor_id": str(CREDITORS["EUR"]), "name": "Consumers in euros",
                                                "product_kind": "consumer_other", "allocation_policy_id": ORDER["policy_id"]})


def second_person():
    return "RegisterUser", {"user_id": str(SECOND_PERSON), "login": "second-person", "roles": ["supervisor"], "customer_id": None}


def write_script(flags):
    for index, (at, commands) in enumerate(year(flags)):
        print("at", instant(at))
        for type_, body in commands:
            write_command(at, type_, body)
        if index == 0:
            write_policies(at)


# ---- what must hold: each takes the messages that people received, and yields findings ----


def received(folder):
    path = folder / "sink.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    messages = [json.loads(line) for line in lines]
    for message in messages:
        message["at"] = read_instant(message["at"])
    return messages


class World:
    def __init__(self, flags):
        self.flags = flags
        self.people = {person.id: person for person in (Person(index, flags) for index in range(flags.customers))}
        self.not_before, self.send_by, self.stopped, self.classes = {}, {}, {}, {}
        self.consents, self.paid = collections.defaultdict(list), collections.defaultdict(list)
        for at, commands in year(flags):
            for type_, body in commands:
                if type_ == "SendCommunication":
                    self.send_by[body["communication_id"]] = read_instant(body["send_by"])
                    self.classes[body["communication_id"]] = body["message_class"]
                    self.not_before[body["communication_id"]] = read_instant(body["not_before"] or instant(at))
                if type_ == "RecordPayment":
                    self.paid[body["customer_id"]].append(at)
                if type_ == "RecordCircumstance":
                    self.stopped[body["customer_id"]] = at
                if type_ in ("GrantConsent", "WithdrawConsent"):
                    self.consents[body["customer_id"]].append((at, type_ == "GrantConsent"))

    def may_be_granted(self, customer, at):
        """Whether there was consent before this instant, or came at it: within an instant the order is open."""
        before = [is_granted for when, is_granted in self.consents[customer] if when < at]
        return (bool(before) and before[-1]) or any(when == at for when, _ in self.consents[customer])


def at_most_once(world, messages):
    counts = collections.Counter(message["communicationId"] for message in messages)
    yield from (f"{message} was received {count} times" for message, count in counts.items() if count > 1)


def asked_for_and_in_time(world, messages):
    for message in messages:
        send_by = world.send_by.get(message["communicationId"])
        if world.people[message["customerId"]].is_dunned:
            continue
        if send_by is None:
            yield f"nobody asked for {message['communicationId']}"
        elif message["at"] >= send_by:
            yield f"{message['communicationId']} was received at {message['at']}, after {send_by}"
        elif message["at"] < world.not_before[message["communicationId"]]:
            yield f"{message['communicationId']} was received at {message['at']}, before {world.not_before[message['communicationId']]}"


def in_the_order_of_the_ladder(world, messages):
    """Three messages at most, none before its day: who has paid all owes nothing again, so nobody begins anew."""
    by_person = collections.defaultdict(list)
    for message in sorted(messages, key=lambda message: message["at"]):
        by_person[message["customerId"]].append(message)
    for person in (person for person in world.people.values() if person.is_dunned):
        theirs = by_person[person.id]
        due_on = world.flags.start + (person.joins + 14) * DAY
        days = [local(world, message).date() for message in theirs]
        if len(theirs) > 3:
            yield f"{person.id} was written to {len(theirs)} times by a ladder of three"
        if days and (days[0] - due_on).days < FIRST_STEP:
            yield f"{person.id} was written to on {days[0]}, and the debt was due on {due_on}"
        for one, (before, after) in enumerate(zip(days, days[1:])):
            if (after - before).days < LADDER[min(one + 1, 2)]["days"]:
                yield f"{person.id} was written to on {before} and {after}"


def none_about_what_is_promised(world, messages):
    """By the ladder. He may have paid all before: then it was no promise, and there is no message either."""
    for message in messages:
        person = world.people[message["customerId"]]
        if not person.is_dunned or person.promises is None:
            continue
        made, due = (datetime.datetime.combine(world.flags.start + day * DAY, HOURS[1], UTC) for day in (person.promises, promised_for(person)))
        kept = min((at for at in world.paid[person.id] if at >= made), default=due + GRACE)  # each of his payments is above what he promises
        if made < message["at"] < min(kept, due + GRACE):
            yield f"{message['communicationId']} was received at {message['at']}, and there was a promise of {made}"


def none_about_what_is_stopped_or_gone(world, messages):
    for message in messages:
        person = world.people[message["customerId"]]
        if person.turn not in STOPS + ENDS:
            continue
        begun, ended = (datetime.datetime.combine(world.flags.start + day * DAY, HOURS[2], UTC) for day in (person.turns, person.turns + TURN_DAYS))
        if begun < message["at"] and (person.turn in ENDS or message["at"] < ended):
            yield f"{message['communicationId']} was received at {message['at']}, and the debt was {person.turn} at {begun}"


def none_after_a_withdrawal(world, messages):
    for message in messages:
        if not world.may_be_granted(message["customerId"], message["at"]):
            yield f"{message['communicationId']} was received at {message['at']}, without consent"


def none_to_whom_it_is_stopped(world, messages):
    for message in messages:
        stopped = world.stopped.get(message["customerId"])
        if stopped is not None and message["at"] > stopped:
            yield f"{message['communicationId']} was received at {message['at']}, after {world.people[message['customerId']].circumstance} at {stopped}"


def to_the_right_person(world, messages):
    for message in messages:
        person = world.people.get(message["customerId"])
        if person is None or message["to"] != person.address or message["channel"] != person.channel:
            yield f"{message['communicationId']} went to somebody else"


def local(world, message):
    return message["at"].astimezone(zoneinfo.ZoneInfo(world.people[message["customerId"]].zone))


def demands(world, messages):
    """Of each person, by time: a notice asks for nothing."""
    by_person = collections.defaultdict(list)
    for message in sorted(messages, key=lambda message: message["at"]):
        if world.classes.get(message["communicationId"]) != "validation_notice":
            by_person[message["customerId"]].append(message)
    return by_person.values()


def at_night(world, messages):
    for message in messages:
        person = world.people[message["customerId"]]
        if not FROM <= local(world, message).time() < (TO_IN_UNION if person.country in ("DE", "FR") else TO):
            yield f"{message['communicationId']} was received at night: {local(world, message)}"


def too_often(world, messages):
    for theirs in demands(world, messages):
        days = [local(world, message).date() for message in theirs]
        for index, message in enumerate(theirs):
            if days[: index + 1].count(days[index]) > MOST_A_DAY:
                yield f"{message['communicationId']} was received at {message['at']}, one too many on a day"
            if index >= MOST and (days[index] - days[index - MOST]).days < IN_DAYS:
                yield f"{message['communicationId']} was received at {message['at']}, one too many in {IN_DAYS} days"


def on_a_stale_consent(world, messages):
    for message in messages:
        person = world.people[message["customerId"]]
        granted = [at for at, is_granted in world.consents[person.id] if is_granted and at <= message["at"]]
        if person.country == "US" and person.channel == "sms" and message["at"] > granted[-1] + FRESH:
            yield f"{message['communicationId']} was received at {message['at']}, on a consent of {granted[-1]}"


def without_notice(world, messages):
    notices = {message["customerId"]: message["at"] for message in messages if world.classes.get(message["communicationId"]) == "validation_notice"}
    for theirs in demands(world, messages):
        person = world.people[theirs[0]["customerId"]]
        for message in theirs if person.country == "US" else ():
            is_late = message["at"] - theirs[0]["at"] > NOTICE_WITHIN + DAY  # days are the person's: the sixth is certainly too late
            if is_late and notices.get(person.id, message["at"]) >= message["at"]:
                yield f"{message['communicationId']} was received at {message['at']}, and no validation notice before it"


def somebody_in_each_country_received_something(world, messages):
    written_to = {world.people[message["customerId"]].country for message in messages}
    for country in sorted(COUNTRIES - written_to) if world.flags.days > 45 and world.flags.customers >= len(PLACES) else ():
        yield f"nobody in {country} received anything: the year proves nothing of its law"


RULES = [somebody_in_each_country_received_something, at_most_once, asked_for_and_in_time, in_the_order_of_the_ladder, none_about_what_is_promised, none_about_what_is_stopped_or_gone, none_after_a_withdrawal, none_to_whom_it_is_stopped, to_the_right_person]
LAW = [at_night, too_often, on_a_stale_consent, without_notice]


def judge(flags):
    world, messages = World(flags), received(flags.folder)
    findings = [f"{rule.__name__}: {finding}" for rule in RULES + LAW for finding in rule(world, messages)]
    for finding in findings[:50]:
        print(finding)
    received_by = collections.Counter(message["customerId"] for message in messages)
    per_country = {country: [count for one, count in received_by.items() if world.people[one].country == country] for country in sorted(COUNTRIES)}
    print(f"{len(messages)} messages to {len(received_by)} of {flags.customers} people, {len(world.send_by)} asked for;",
          *(f"{country} {sum(counts)} to {len(counts)}," for country, counts in per_country.items()),
          *(f"{len(list(rule(world, messages)))} {rule.__name__}," for rule in LAW), f"{len(findings)} findings")
    return 1 if findings else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["script", "faults", "judge"])
    parser.add_argument("folder", nargs="?", type=pathlib.Path)
    parser.add_argument("--customers", type=int, default=500)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--start", type=datetime.date.fromisoformat, default=datetime.date(datetime.date.today().year + 1, 1, 1))
    parser.add_argument("--seed", type=int, default=1)
    flags = parser.parse_args()
    if flags.what == "judge":
        return judge(flags)
    if flags.what == "script":
        write_script(flags)
    return 0


if __name__ == "__main__":
    sys.exit(main())
