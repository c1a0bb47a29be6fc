"""What dunning does next: a second reading of its rules, to judge the module by. It shares nothing with it.

Written from consumers/dunning/README.md ("The evaluation", "A step's life") and consumers/DOMAIN.md 8. `next_step` is pure: the facts of a
group, the policies in force and the business date give a step, a wait with its reason, or nothing. dunning_judge.py keeps the facts of a
history and compares what is said here with what people received.
"""

import calendar
import dataclasses
import datetime
import re

DAY = datetime.timedelta(days=1)
ASKS = frozenset(("reminder", "demand", "settlement_offer", "legal_notice", "promise_reminder", "plan_notice"))  # for money
FORBIDS = frozenset(("attorney", "cease", "restriction", "incapacity", "breathing_space", "crisis", "plan_in_development", "dispute"))
LISTED_MAX = 32
TASKS = frozenset(("call", "review", "assess_fee", "offer_plan", "offer_settlement", "credit_report", "legal_referral", "charge_off"))


# ---- policies ----


@dataclasses.dataclass(frozen=True)
class Step:
    """Of a policy. Its members are those of the file, in the words of Python; what the file leaves out is 0 or empty."""

    number: int
    trigger: str
    days: int = 0
    on_date: datetime.date | None = None
    event: str = ""
    action: str = "send"
    template: str = ""
    message_class: str = ""
    channels: tuple = ()
    send_days: int = 0
    wait_days: int = 0
    arm: str = ""
    min_balance_minor: int = 0
    min_age_days: int = 0
    days_from: int = 0
    days_to: int = 0
    otherwise: str = "move_on"
    retry_days: int = 1
    tries_max: int = 1

    @property
    def is_before_due(self):
        return self.trigger == "days_past_due" and self.days <= 0

    def is_demand(self, channel):
        """Whether caps count it: not the review of a message."""
        return self.action == "call" if channel in TASKS else channel == "letter" or self.message_class in ASKS

    def place_of(self, channel):
        """Behind all of them if it is none: that of a task, or of a version before."""
        return self.channels.index(channel) if channel in self.channels else len(self.channels)


@dataclasses.dataclass(frozen=True)
class Policy:
    name: str
    version: int
    priority: int
    segment: dict
    steps: tuple
    tolerance_minor: int = 0
    demands_a_day: int = 0
    demands_a_week: int = 0
    catch_up: str = "one_a_day"
    new_debts: str = "join"
    reopened: str = "start"
    arms: tuple = ()

    def step(self, number, arm):
        return next((step for step in self.steps if step.number == number and step.arm in ("", arm)), None)


def words_of(text):
    return tuple((text or "").split())


def read_step(source):
    return Step(
        number=source["number"], trigger=source["trigger"], days=source.get("days") or 0,
        on_date=datetime.date.fromisoformat(source["on"]) if source.get("on") else None, event=source.get("event") or "",
        action=source["action"], template=source.get("template") or "", message_class=source.get("message_class") or "",
        channels=words_of(source.get("channels")), send_days=source.get("send_days") or 0, wait_days=source.get("wait_days") or 0,
        arm=source.get("arm") or "", min_balance_minor=source.get("min_balance_minor") or 0, min_age_days=source.get("min_age_days") or 0,
        days_from=source.get("days_from") or 0, days_to=source.get("days_to") or 0, otherwise=source["otherwise"],
        retry_days=source.get("retry_days") or 0, tries_max=source.get("tries_max") or 1)  # fmt: skip


def read_policy(body):
    """Of the command PublishPolicy."""
    return Policy(
        name=body["policy"], version=body["policy_version"], priority=body["priority"],
        segment={name: body[name] for name in FITS if body.get(name)}, steps=tuple(map(read_step, body["steps"])),
        tolerance_minor=body["tolerance_minor"], demands_a_day=body["demands_a_day"], demands_a_week=body["demands_a_week"],
        catch_up=body["catch_up"], new_debts=body["new_debts"], reopened=body["reopened"],
        arms=tuple((arm["name"], arm["weight"]) for arm in body.get("arms") or ()))  # fmt: skip


def body_of_file(source):
    """Of the JSON that people write (consumers/dunning/policies/): the command's members, in JSON's spelling."""
    return {snake(name): value for name, value in source.items() if name != "steps"} | {
        "steps": [{snake(name): value for name, value in step.items()} for step in source["steps"]],
    }


def snake(name):
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


# ---- facts ----


@dataclasses.dataclass
class Debt:
    id: str
    ref: str
    opened_on: datetime.date
    due_on: datetime.date
    owed: int
    credit: int = 0
    portfolio: str | None = None
    is_cancelled: bool = False
    disputes: int = 0
    level: int = 0
    level_policy: str = ""  # whose level it is
    level_on: datetime.date | None = None  # the day on which it was reached
    stepped_on: datetime.date | None = None  # the day of its last step
    free_on: datetime.date = datetime.date.min  # that step's wait_days are over
    before: tuple = (0, "", None, datetime.date.min)  # level, policy, day and free day of when it was paid

    def days_past_due(self, today):
        return (today - self.due_on).days

    def is_past_due(self, today):
        return today > self.due_on

    @property
    def is_open(self):
        return self.owed > 0 and not self.is_cancelled

    @property
    def age_key(self):
        return self.due_on, self.id

    def begin_anew(self):
        self.level, self.level_policy, self.level_on, self.free_on = self.before = 0, "", None, datetime.date.min

    def cure(self):
        before = (self.level, self.level_policy, self.level_on, self.free_on)
        self.begin_anew()
        self.before = before

    def resume(self):
        self.level, self.level_policy, self.level_on, self.free_on = self.before


@dataclasses.dataclass
class Person:
    id: str
    kind: str = "natural"
    country: str = "DE"
    locale: str = "de"
    is_active: bool = True
    points: dict = dataclasses.field(default_factory=dict)  # id: channel, of usable contact points
    refused: set = dataclasses.field(default_factory=set)  # channels
    circumstances: list = dataclasses.field(default_factory=list)  # (kind, from, until or None, debt or None)
    inbound_on: datetime.date | None = None
    demands: list = dataclasses.field(default_factory=list)  # days of the steps that count, taken or under way, of all groups
    arms: dict = dataclasses.field(default_factory=dict)  # policy: arm
    as_of: datetime.date | None = None  # the day whose circumstances are in force, if it is not today

    def is_in_force(self, first, until, today):
        return first <= today and (until is None or (self.as_of or today) < until)

    def open_kinds(self, today):
        """Of circumstances that are about all debts."""
        return {kind for kind, first, until, debt in self.circumstances if debt is None and self.is_in_force(first, until, today)}

    def is_disputed(self, debt, today):
        return debt.disputes > 0 or any(
            kind == "dispute" and of == debt.id and self.is_in_force(first, until, today)
            for kind, first, until, of in self.circumstances
        )


@dataclasses.dataclass
class Failing:
    """A step that has failed and was not taken since."""

    policy: str
    number: int
    channel: str  # the last that failed
    on: datetime.date
    rounds: int = 0  # how often it had failed on all of its channels before this round
    is_anew: bool = False  # it waits for a channel, since it failed: it goes on with its first one
    retry_on: datetime.date | None = None  # the next round's day, since it was found that no channel is left


@dataclasses.dataclass
class Group:
    creditor: str
    currency: str
    debts: list = dataclasses.field(default_factory=list)
    is_under_way: bool = False
    rests_on: datetime.date | None = None  # the last day on which a step was taken or withdrawn
    failing: Failing | None = None
    waits_with: tuple = ()  # policy and number of the step, as of when it was last asked about


@dataclasses.dataclass(frozen=True)
class Answer:
    """kind: none, wait, step or skip (its debts rise without a message). channel: of a message; of a step that a person does, its action."""

    kind: str
    reason: str = ""
    policy: Policy | None = None
    step: Step | None = None
    channel: str = ""
    debts: tuple = ()

    def __str__(self):
        named = f"{self.policy.name}/{self.step.number}" if self.step else ""
        return " ".join(filter(None, (self.kind, named, self.reason or self.channel, *(debt.ref for debt in self.debts))))


NOTHING = Answer("none")


# ---- whose policy ----


def is_between(value, least, most):
    """most: 0, no limit."""
    return value >= least and (not most or value <= most)


def speaks_one_of(locale, languages):
    return not languages or any(locale.lower() == word.lower() or locale.lower().startswith(word.lower() + "-") for word in languages)


def is_past_due_between(debt, today, least, most):
    return is_between(max(0, debt.days_past_due(today)), least, most)


# What a member of a segment demands. Members that a policy leaves out demand nothing.
FITS = {
    "jurisdiction": lambda wanted, group, person, debt, today: person.country == wanted,
    "customer_kind": lambda wanted, group, person, debt, today: person.kind == wanted,
    "debt_currency": lambda wanted, group, person, debt, today: group.currency == wanted,
    "creditor_ids": lambda wanted, group, person, debt, today: group.creditor in wanted,
    "portfolio_ids": lambda wanted, group, person, debt, today: debt.portfolio in wanted,
    "languages": lambda wanted, group, person, debt, today: speaks_one_of(person.locale, wanted),
    "days_from": lambda wanted, group, person, debt, today: is_past_due_between(debt, today, wanted, 0),
    "days_to": lambda wanted, group, person, debt, today: is_past_due_between(debt, today, 0, wanted),
    "balance_from_minor": lambda wanted, group, person, debt, today: debt.owed >= wanted,
    "balance_to_minor": lambda wanted, group, person, debt, today: debt.owed < wanted,
}


def has(policy, group, person, debt, today):
    """Whether the policy's segment has the debt."""
    for name, wanted in policy.segment.items():
        if not FITS[name](wanted, group, person, debt, today):
            return False
    return True


def policy_of(debt, group, person, policies, today):
    """policies: the newest version of each, none retired."""
    fitting = [policy for policy in policies if has(policy, group, person, debt, today)]
    return min(fitting, key=lambda policy: (policy.priority, policy.name), default=None)


# ---- the step of a debt ----


@dataclasses.dataclass
class Place:
    """Where a debt stands in the ladder of a policy."""

    debt: Debt
    policy: Policy
    level: int
    reached_on: datetime.date | None  # None: no days run since its step
    free_on: datetime.date  # no step comes sooner
    arm: str  # in which its person is
    step: Step | None = None  # due for it

    @property
    def order(self):
        return self.debt.age_key


def ladder(place):
    return [step for step in place.policy.steps if step.number > place.level and step.arm in ("", place.arm)]


def month_end(day):
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def own_day(step, place, is_next):
    """The first day of a step; None: no day brings it. Days since a step count from the step before it only."""
    debt, days = place.debt, step.days * DAY
    if step.trigger == "days_past_due":
        day = debt.due_on + days
    elif step.trigger == "days_since_step":
        day = place.reached_on + days if place.reached_on is not None and is_next else None
    elif step.trigger == "month_end":
        day = month_end(debt.due_on) + days
    else:
        day = step.on_date if step.trigger == "on_date" else None
    return None if day is None else max(day, first_free_day(step, place))


def first_free_day(step, place):
    """Whatever its trigger says, it comes no sooner."""
    return place.free_on if step.is_before_due else max(place.free_on, place.debt.due_on + DAY)


def free_after(step, day):
    """One step a day, and its wait_days."""
    return day + max(1, step.wait_days if step else 0) * DAY


def has_lapsed(step, debt, today):
    return step.is_before_due and today >= debt.due_on


def steps_ahead(place, today):
    """(step, its day) of those that time brings, in order."""
    steps = [step for step in ladder(place) if step.trigger != "event" and not has_lapsed(step, place.debt, today)]
    return [(step, own_day(step, place, index == 0)) for index, step in enumerate(steps)]


def is_taken_late(group, policy, step):
    """What the group waits with, or what has failed, has not passed with its day."""
    failing = group.failing
    return group.waits_with == (policy.name, step.number) or (failing is not None and (failing.policy, failing.number) == (policy.name, step.number))


def leave_behind(place, group, today):
    """SKIP_TO_CURRENT: what was due on an earlier day counts as done on its day. From a reminder that nobody has got no days run."""
    while True:
        step, day = next(iter(steps_ahead(place, today)), (None, None))
        if day is None or day >= today or is_taken_late(group, place.policy, step):
            return
        place.level = step.number
        if not step.is_before_due:
            place.reached_on, place.free_on = day, free_after(step, day)


def place_of(debt, group, policy, person, today):
    is_its = debt.level_policy == policy.name and debt.level > 0
    arm = person.arms.get(policy.name, "")
    days = [debt.free_on]
    if debt.level:
        days.append(debt.level_on + DAY)
    if is_its:
        days.append(free_after(policy.step(debt.level, arm), debt.level_on))
    place = Place(debt, policy, debt.level if is_its else 0, debt.level_on if is_its else None, max(days), arm)
    if policy.catch_up == "skip_to_current":
        leave_behind(place, group, today)
    return place


def step_of_day(place, today):
    ahead = steps_ahead(place, today)
    due = [step for step, day in ahead if day is not None and day <= today]
    if place.policy.catch_up == "most_severe":
        return due[-1] if due else None
    return due[0] if due and due[0] is ahead[0][0] else None


def step_of_event(place, today, event):
    for step in ladder(place):
        if step.trigger == "event" and step.event == event and today >= first_free_day(step, place):
            return step
    return None


def precondition_holds(place, net, today):
    step = place.step
    return (
        net >= step.min_balance_minor
        and (today - place.debt.opened_on).days >= step.min_age_days
        and is_between(place.debt.days_past_due(today), step.days_from or -10**6, step.days_to)
    )


# ---- the step of a group ----


def credits_of(group):
    return sum(debt.credit for debt in group.debts)


def net_of(group, person, today):
    """Owed in debts that may be asked for, less all credits."""
    return sum(debt.owed for debt in group.debts if debt.is_open and not person.is_disputed(debt, today)) - credits_of(group)


def listed(chosen, places, today):
    """The places that a message of the chosen one is about."""
    step = chosen.step
    same = [place for place in places if place.policy is chosen.policy]
    if step.is_before_due or chosen.policy.new_debts == "own":
        return [place for place in same if place.step is step]
    return [place for place in same if place.debt.is_past_due(today) and place.level < step.number and place.debt.stepped_on != today]


def stop_of(person, today):
    kinds = person.open_kinds(today)
    if not person.is_active:
        return "person"
    for kind in ("deceased", "bankruptcy"):
        if kind in kinds:
            return kind
    return "restriction" if kinds & FORBIDS else ""


def is_beyond_cap(policy, person, today):
    ages = [(today - day).days for day in person.demands]
    a_day = policy.demands_a_day and sum(age <= 0 for age in ages) >= policy.demands_a_day
    return bool(a_day or policy.demands_a_week and sum(age < 7 for age in ages) >= policy.demands_a_week)


def usable_channels(step, person):
    """(those that may be used, whether there is one that the person refuses)"""
    reachable = [channel for channel in step.channels if channel in person.points.values()]
    wanted = [channel for channel in reachable if channel not in person.refused]
    return wanted, len(wanted) < len(reachable)


def after_failure(answer, group, person, today):
    """A step that has failed: the channel behind the one that failed, or what the policy says."""
    failing, step = group.failing, answer.step
    if failing.retry_on and today < failing.retry_on:
        return dataclasses.replace(answer, kind="wait", reason="retry")
    if failing.retry_on or failing.is_anew:
        return first_channel(answer, person)
    usable = usable_channels(step, person)[0]
    behind = [channel for channel in usable if step.channels.index(channel) > step.place_of(failing.channel)]
    if behind:
        return dataclasses.replace(answer, channel=behind[0])
    if step.action == "send" and not usable:
        failing.is_anew = True
        return first_channel(answer, person)
    if step.otherwise == "retry" and failing.rounds + 1 < step.tries_max:
        failing.retry_on = today + step.retry_days * DAY
        return after_failure(answer, group, person, today)
    if step.otherwise == "review":
        return dataclasses.replace(answer, kind="task", channel="review")
    return dataclasses.replace(answer, kind="skip")


def first_channel(answer, person):
    """What a person does has no channel."""
    if answer.step.action != "send":
        return dataclasses.replace(answer, kind="task", channel=answer.step.action)
    channels, is_refused = usable_channels(answer.step, person)
    if not channels:
        return dataclasses.replace(answer, kind="wait", reason="opted_out" if is_refused else "no_contact")
    return dataclasses.replace(answer, channel=channels[0])


def with_channel(answer, group, person, today):
    step, failing = answer.step, group.failing
    if failing and (failing.policy, failing.number) == (answer.policy.name, step.number):
        return after_failure(answer, group, person, today)
    return first_channel(answer, person)


def places_of(group, person, policies, today, event=None):
    """Where each debt that may be asked for stands, with the step that is due for it."""
    places = []
    for debt in group.debts:
        policy = policy_of(debt, group, person, policies, today) if debt.is_open and not person.is_disputed(debt, today) else None
        if policy is not None:
            places.append(place_of(debt, group, policy, person, today))
    for place in places:
        if place.debt.stepped_on != today:
            place.step = step_of_event(place, today, event) if event else step_of_day(place, today)
    return places


def above_tolerance(places, net):
    return [place for place in places if net >= place.policy.tolerance_minor]


def highest(places):
    """Of two with the same step the older debt's; None: no step is due."""
    return max(sorted((place for place in places if place.step is not None), key=lambda place: place.order), key=lambda place: place.step.number, default=None)


def wait_with(group, answer):
    """As of an answer that was acted upon."""
    group.waits_with = (answer.policy.name, answer.step.number) if answer.kind == "wait" and answer.step else ()


def owes(group):
    return any(debt.is_open for debt in group.debts)


def why_held_back(answer, group, person, today):
    """Of a step that is due; empty: nothing holds it back."""
    if credits_of(group) >= sum(debt.owed for debt in answer.debts):
        return "balance"
    if person.inbound_on is not None and person.inbound_on >= today:
        return "inbound"
    is_demand = answer.step.is_demand(answer.channel or first_channel(answer, person).channel)
    return "cap" if is_demand and is_beyond_cap(answer.policy, person, today) else ""


def rests(group, today):
    """One step a day, and none on the day on which one was withdrawn."""
    return group.rests_on is not None and group.rests_on >= today


def next_step(group, person, policies, today, event=None):
    """What is to be done about the group. event: it has just happened; only steps that it triggers are looked at."""
    if group.is_under_way or not owes(group):
        return NOTHING
    reason = stop_of(person, today)
    if reason:
        return Answer("wait", reason)
    if rests(group, today):
        return NOTHING
    net = net_of(group, person, today)
    all_places = places_of(group, person, policies, today, event)
    places = above_tolerance(all_places, net)
    if all_places and not places:
        return Answer("wait", "balance")
    waiting = highest(places)
    wait = Answer("wait", "precondition", waiting.policy, waiting.step) if waiting else NOTHING
    for place in places:
        place.step = place.step if place.step is not None and precondition_holds(place, net, today) else None
    chosen = highest(places)
    if chosen is None:
        return wait
    debts = sorted((place.debt for place in listed(chosen, places, today)), key=lambda debt: debt.age_key)[:LISTED_MAX]
    answer = Answer("step", "", chosen.policy, chosen.step, "", tuple(debts))
    reason = why_held_back(answer, group, person, today)
    if reason:
        return dataclasses.replace(answer, kind="wait", reason=reason)
    return with_channel(answer, group, person, today)
