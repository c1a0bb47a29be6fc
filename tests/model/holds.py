"""Holds on a debt: what each kind stops, how those of one kind become one, and their days (consumers/DOMAIN.md 9)."""

import delinquency
from debts import LEFT, TIMERS, WORDS, command, reached, refuse, text_of

DAYS_AROUND, DAYS_MAX, OF_KIND_MAX = 366, 3660, 3
FOR_EVER = 10**9  # of a hold without an end
NEEDS = []  # other parts say whether they need a hold

ASKING, CHARGING = ("contact", "dunning"), ("interest", "fees", "ageing")

# What each kind stops (the table of DOMAIN.md 9; the word of a policy, or of a condition, is read as "stopped"), how many days it lasts, on which
# day somebody looks at it (None: on none), and whether a law knows it: then compliance alone releases it.
KINDS = {
    "dispute": ((*ASKING, *CHARGING, "legal", "sale"), None, None, True),
    "original_creditor_request": ((*ASKING, "legal"), None, None, True),
    "bankruptcy": ((*ASKING, *CHARGING, "legal", "credit_report", "sale"), None, None, True),
    "deceased": ((*ASKING, *CHARGING, "legal", "credit_report"), None, None, True),
    "incapacity": ((*ASKING, *CHARGING, "legal", "sale"), None, None, True),
    "vulnerable": (("dunning", *CHARGING, "legal", "sale"), None, 90, False),
    "breathing_space": ((*ASKING, *CHARGING, "legal"), 60, 29, True),
    "crisis": ((*ASKING, *CHARGING, "legal"), None, 29, True),
    "plan_in_development": ((*ASKING, "interest", "fees", "legal"), 30, None, True),
    "identity_theft": ((*ASKING, *CHARGING, "legal", "credit_report", "sale"), None, None, True),
    "time_barred": (("interest", "legal", "credit_report"), None, None, True),
    "payment_pending": ((*ASKING, "fees", "legal"), None, None, False),
    "manual": ((), None, None, False),
}


def in_order(effects):
    return [effect for effect in WORDS["effect"] if effect in effects]


def text_or_none(day):
    return text_of(day) if day else None


class Hold:
    def __init__(self, hold_id, debt, kind, effects, days, evidence):
        self.id, self.debt, self.kind, self.effects, self.evidence = hold_id, debt, kind, frozenset(effects), evidence
        self.from_on, self.until_on, self.review_on = days
        self.review_asked_on, self.merged_into, self.state, self.version = None, None, "planned", 0
        self.ended_on = None  # the first day that it does not cover any more

    @property
    def end(self):
        return self.until_on or FOR_EVER

    def is_open(self):
        return self.state in ("planned", "active")

    def meets(self, other):
        """Their days overlap or adjoin."""
        return self.kind == other.kind and self.from_on <= other.end and other.from_on <= self.end

    def ends(self, state, on):
        self.state, self.ended_on, self.review_on, self.review_asked_on = state, on, None, None

    def next_day(self):
        days = [self.from_on] if self.state == "planned" else []
        days += [self.review_on] if self.review_on else []
        return min(days + [self.end])

    def shown(self):
        return {"is": True, "customer": self.debt.customer, "debt": self.debt.id, "merged_into": self.merged_into and self.merged_into.id,
                "version": self.version, "from_on": text_of(self.from_on), "until_on": text_or_none(self.until_on),
                "review_on": text_or_none(self.review_on), "review_asked_on": text_or_none(self.review_asked_on), "ended_on": text_or_none(self.ended_on), "kind": self.kind,
                "state": self.state, "effects": in_order(self.effects), "evidence_ref": self.evidence}


def open_holds(world, debt):
    return [hold for hold in world.holds.values() if hold.debt is debt and hold.is_open()]


def stop(world, debt):
    """What is stopped now: the union of the active ones."""
    debt.stopped = frozenset().union(*(hold.effects for hold in open_holds(world, debt) if hold.state == "active"))
    return in_order(debt.stopped)


def hold_event(world, name, hold, members):
    hold.version += 1
    world.note("hold", hold)
    world.about(name, hold.debt, {"hold_id": hold.id, "kind": hold.kind, **members})
    if "stopped" in members and delinquency.stops_ageing(hold):  # it begins, grows or ends
        delinquency.age(world, hold.debt)


def days_of(hold):
    return {"from_on": text_of(hold.from_on), "until_on": text_or_none(hold.until_on), "review_on": text_or_none(hold.review_on)}


def place(world, asked):
    """As asked, or a part of the oldest that it meets; the state of each follows from its days."""
    debt = asked.debt
    met = sorted((hold for hold in open_holds(world, debt) if hold.meets(asked)), key=lambda hold: hold.id)
    world.holds[asked.id] = asked
    if not met:
        asked.state = "active" if asked.from_on <= world.today else "planned"
        stopped = stop(world, debt)
        hold_event(world, "HoldPlaced", asked, {"effects": in_order(asked.effects), "stopped": stopped, **days_of(asked),
                                                "evidence_ref": asked.evidence, "placed_on": text_of(world.today)})
        return
    hold, others = met[0], met[1:]
    hold.from_on, end = min(part.from_on for part in (asked, *met)), max(part.end for part in (asked, *met))
    hold.until_on = None if end == FOR_EVER else end
    hold.effects = hold.effects.union(asked.effects, *(other.effects for other in others))
    # Read: of two days on which somebody looks, the earlier; the proof of each stays with the one that was asked for.
    hold.review_on = min((part.review_on for part in (asked, *met) if part.review_on), default=None)
    asked.effects = hold.effects  # Read: HoldExtended does not say what the part would have stopped alone
    for part in (asked, *others):
        # Read: that somebody was asked to look at a part, and nobody has, stays on record.
        part.state, part.review_on, part.merged_into = "merged", None, hold
        part.version += 1
        world.note("hold", part)
    if hold.from_on <= world.today:
        hold.state = "active"
    stopped = stop(world, debt)
    hold_event(world, "HoldExtended", hold, {
        "merged_hold_id": asked.id, "asked_from_on": text_of(asked.from_on), "asked_until_on": text_or_none(asked.until_on),
        "also_merged_ids": [other.id for other in others], "effects": in_order(hold.effects), "stopped": stopped, **days_of(hold),
        "evidence_ref": asked.evidence, "extended_on": text_of(world.today)})


def is_around(day, today):
    return today < day <= today + DAYS_AROUND


@command
def place_hold(world, body, issuer, approved):
    kind, effects, today = body["kind"], body["effects"], world.today
    refuse("bad_value", "kind", kind not in KINDS or kind == "dispute")
    refuse("bad_value", "evidence_ref", not body["evidence_ref"])
    refuse("bad_value", "effects", any(effect not in WORDS["effect"] for effect in effects) or (kind == "manual") != bool(effects))
    refuse("bad_value", "review_on", kind == "manual" and "review_on" not in body)
    _, days, review_days, _ = KINDS[kind]
    from_on = world.day(body["from_on"]) if "from_on" in body else today
    refuse("bad_date", "from_on", not today - DAYS_AROUND <= from_on <= today + DAYS_AROUND)
    until_on = world.day(body["until_on"]) if "until_on" in body else from_on + days if days else None
    refuse("bad_date", "until_on", until_on is not None and not max(from_on, today) < until_on <= from_on + DAYS_MAX)
    review_on = world.day(body["review_on"]) if "review_on" in body else None
    refuse("bad_date", "review_on", review_on is not None and not is_around(review_on, today))
    if review_on is None and review_days:
        review_on = max(from_on + review_days, today + 1)
    debt = reached(world, body, issuer)
    refuse("exists", "hold_id", body["hold_id"] in world.holds)
    refuse("bad_transition", "debt_id", debt.lifecycle in LEFT)
    asked = Hold(body["hold_id"], debt, kind, effects or KINDS[kind][0], (from_on, until_on, review_on), body["evidence_ref"])
    same = [hold for hold in open_holds(world, debt) if hold.kind == kind]
    refuse("limit_exceeded", "kind", len(same) >= OF_KIND_MAX and not any(hold.meets(asked) for hold in same))
    place(world, asked)


def is_needed(world, hold):
    """A dispute ends its hold."""
    return hold.kind == "dispute" or any(ask(world, hold) for ask in NEEDS)


def named(world, body):
    hold = world.holds.get(body["hold_id"])
    refuse("not_found", "hold_id", hold is None or hold.debt.customer != body["customer_id"])
    return hold


def release(world, hold, reason):
    hold.ends("released", world.today)
    stopped = stop(world, hold.debt)
    hold_event(world, "HoldReleased", hold, {"stopped": stopped, "reason": reason, "released_on": text_of(world.today)})


@command
def release_hold(world, body, issuer, approved):
    refuse("bad_value", "reason", not body["reason"])
    hold = named(world, body)
    refuse("not_authorised", "hold_id", KINDS[hold.kind][3] and issuer.role not in ("-", "compliance"))
    refuse("bad_transition", "hold_id", not hold.is_open() or is_needed(world, hold))
    release(world, hold, body["reason"])


@command
def review_hold(world, body, issuer, approved):
    review_on = world.day(body["review_on"]) if "review_on" in body else None
    refuse("bad_value", "evidence_ref", not body["evidence_ref"])
    refuse("bad_date", "review_on", review_on is not None and not is_around(review_on, world.today))
    hold = named(world, body)
    refuse("bad_value", "review_on", review_on is None and hold.kind == "manual")
    refuse("bad_transition", "hold_id", not hold.is_open())
    hold.review_on, hold.review_asked_on = review_on, None
    hold_event(world, "HoldReviewed", hold, {"review_on": text_or_none(review_on), "evidence_ref": body["evidence_ref"],
                                             "reviewed_on": text_of(world.today)})


def day_has_come(world, hold):
    """Its timer: it begins, is looked at, is over."""
    today = text_of(world.today)
    if not hold.is_open():
        return
    if hold.end <= world.today:
        hold.ends("expired", hold.end)
        stopped = stop(world, hold.debt)
        hold_event(world, "HoldExpired", hold, {"stopped": stopped, "until_on": text_of(hold.until_on), "expired_on": today})
        return
    if hold.state == "planned" and hold.from_on <= world.today:
        hold.state = "active"
        stopped = stop(world, hold.debt)
        hold_event(world, "HoldBegun", hold, {"effects": in_order(hold.effects), "stopped": stopped, "begun_on": today})
    if hold.review_on and hold.review_on <= world.today:
        due_on, hold.review_on, hold.review_asked_on = hold.review_on, None, world.today
        hold_event(world, "HoldReviewDue", hold, {"due_on": text_of(due_on), "asked_on": today})


TIMERS.append((10, "hold", lambda world: [(hold.next_day(), hold) for hold in world.holds.values() if hold.is_open()], day_has_come))
