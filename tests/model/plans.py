"""Payment plans: proposed, accepted, paid, missed, broken, reinstated (consumers/DOMAIN.md 7)."""

import datetime

import holidays
from debts import ENDS, MOST, REVIEWS, TIMERS, WORDS, Kept, command, end_promise, reached, refuse, second_person, text_of

GRACE_DAYS, AHEAD_DAYS, REINSTATED_DAYS = 5, 62, 30
IN_ROW, IN_ALL, RETURNED = 2, 3, 2
AGENT_MAX, SUPERVISOR_MAX = 12, 36
CALENDARS = ("US", "GB", "DE")


def months_later(day, months):
    """The same day of the month, or its last."""
    first = datetime.date.fromordinal(day)
    month = first.month - 1 + months
    year, month = first.year + month // 12, month % 12 + 1
    return min(datetime.date(year, month, 1).toordinal() + first.day - 1, datetime.date(year + month // 12, month % 12 + 1, 1).toordinal() - 1)


class Plan:
    def __init__(self, world, body, debt):
        self.id, self.debt, self.total, self.down = body["plan_id"], debt, body["total_minor"], body.get("down_payment_minor", 0)
        self.down_on = world.day(body["down_payment_on"]) if self.down else None
        self.count, self.frequency, self.first = body["instalments"], body["frequency"], world.day(body["first_due_on"])
        country = world.customers[debt.customer][1]
        self.calendar = country if country in CALENDARS else None
        self.state, self.paid, self.missed, self.version, self.after_entries = "proposed", 0, set(), 0, 0
        self.counts_from, self.returned, self.broken_on, self.proposed_on = 0, 0, None, world.today

    def numbers(self):
        return range(0 if self.down else 1, self.count + 1)

    def due(self, number):
        if number == 0:
            return self.down_on
        if self.frequency == "monthly":
            return months_later(self.first, number - 1)
        return self.first + (7 if self.frequency == "weekly" else 14) * (number - 1)

    def reached(self, number):
        """The sum of all up to it."""
        return self.total if number == self.count else self.down + (self.total - self.down) // self.count * number

    def grace(self, number):
        """Read: that of the down payment is not moved."""
        return self.due(number) + GRACE_DAYS if number == 0 else holidays.business_day_from(self.calendar or "FR", self.due(number) + GRACE_DAYS)

    def covered(self):
        """All up to this one are wholly paid."""
        return max((number for number in self.numbers() if self.reached(number) <= self.paid), default=self.numbers()[0] - 1)

    def fallen_due(self, today):
        return max((self.reached(number) for number in self.numbers() if self.due(number) <= today), default=0)

    def bits(self):
        return sum(1 << number for number in self.missed)

    def shown(self):
        return {"is": True, "customer": self.debt.customer, "debt": self.debt.id, "total": self.total, "down": self.down,
                "down_due_on": text_of(self.down_on) if self.down_on else None, "instalments": self.count, "first_due_on": text_of(self.first),
                "frequency": self.frequency, "state": self.state, "paid": self.paid, "missed": self.bits(), "version": self.version,
                "after_entries": self.after_entries, "counts_from": self.counts_from, "returned": self.returned,
                "broken_on": text_of(self.broken_on) if self.broken_on else None, "proposed_on": text_of(self.proposed_on)}


def plan_event(world, name, plan, members):
    plan.version += 1
    world.note("plan", plan)
    world.about(name, plan.debt, {"plan_id": plan.id, **members})


def terms(plan):
    return {"total_minor": plan.total, "instalments": plan.count, "frequency": plan.frequency, "first_due_on": text_of(plan.first),
            "last_due_on": text_of(plan.due(plan.count)), "down_payment_minor": plan.down or None,
            "down_payment_on": text_of(plan.down_on) if plan.down_on else None}


@command
def propose_plan(world, body, issuer, approved):
    total, down, count = body["total_minor"], body.get("down_payment_minor"), body["instalments"]
    first, down_on = world.day(body["first_due_on"]), world.day(body["down_payment_on"]) if "down_payment_on" in body else None
    refuse("bad_value", "instalments", not 2 <= count <= 60)
    refuse("bad_value", "frequency", body["frequency"] not in WORDS["frequency"])
    refuse("bad_value", "down_payment_on", (down is None) != (down_on is None))
    refuse("bad_amount", "total_minor", not 1 <= total <= MOST)
    refuse("bad_amount", "down_payment_minor", down is not None and not 1 <= down < total)
    refuse("bad_amount", "instalments", total - (down or 0) < count)  # Read: there are too many of them
    refuse("bad_date", "first_due_on", not world.today <= first <= world.today + AHEAD_DAYS)
    refuse("bad_date", "down_payment_on", down_on is not None and not world.today <= down_on <= first)
    debt = reached(world, body, issuer)
    refuse("exists", "plan_id", body["plan_id"] in world.plans)
    refuse("bad_currency", "currency", body["currency"] != debt.currency)
    refuse("bad_transition", "customer_id", not world.customers[debt.customer][0])  # Read: as of a promise
    refuse("bad_transition", "debt_id", debt.lifecycle != "ACTIVE")
    refuse("bad_amount", "total_minor", total != debt.owed)
    is_agent = issuer.role == "agent"
    refuse("limit_exceeded", "instalments", is_agent and count > AGENT_MAX)
    if count > SUPERVISOR_MAX and not approved:
        raise Kept
    plan = world.plans[body["plan_id"]] = Plan(world, body, debt)
    plan_event(world, "PlanProposed", plan, {**terms(plan), "calendar": plan.calendar, "approved_by": second_person(approved),
                                             "proposed_on": text_of(world.today)})


def named(world, body):
    plan = world.plans.get(body["plan_id"])
    refuse("not_found", "plan_id", plan is None or plan.debt.customer != body["customer_id"])
    return plan


@command
def accept_plan(world, body, issuer, approved):
    plan = named(world, body)
    debt = plan.debt
    refuse("bad_transition", "customer_id", not world.customers[debt.customer][0])
    refuse("bad_transition", "plan_id", plan.state != "proposed")
    refuse("bad_transition", "plan_id", debt.lifecycle != "ACTIVE" or debt.owed != plan.total)
    refuse("bad_date", "plan_id", (plan.down_on or plan.first) < world.today)
    plan.state, plan.after_entries = "active", len(debt.entries)
    debt.lifecycle, debt.plan = "ARRANGED", plan
    end_promise(world, debt, "arranged")
    debt.promise = None
    plan_event(world, "PlanActivated", plan, {**terms(plan), "activated_on": text_of(world.today)})


def end_plan(world, debt, reason):
    if debt.plan and debt.plan.state == "active":
        cancel(world, debt.plan, reason)


ENDS.append(end_plan)


def cancel(world, plan, reason):
    was_active = plan.state == "active"
    plan.state = "cancelled"
    if was_active:
        plan.debt.lifecycle = "ACTIVE"
    plan_event(world, "PlanCancelled", plan, {"reason": reason, "was_active": was_active, "cancelled_on": text_of(world.today)})


@command
def cancel_plan(world, body, issuer, approved):
    refuse("bad_value", "reason", body["reason"] not in WORDS["promise_cancel"])
    plan = named(world, body)
    refuse("bad_transition", "plan_id", plan.state not in ("proposed", "active"))
    cancel(world, plan, body["reason"])


@command
def reinstate_plan(world, body, issuer, approved):
    plan = named(world, body)
    debt = plan.debt
    refuse("bad_transition", "customer_id", not world.customers[debt.customer][0])
    refuse("bad_transition", "plan_id", plan.state != "broken" or plan.counts_from > 0 or plan.returned >= RETURNED or debt.plan is not plan)
    refuse("bad_transition", "plan_id", debt.lifecycle != "ACTIVE" or plan.paid < plan.total and debt.owed != plan.total - plan.paid)
    refuse("bad_date", "plan_id", world.today > plan.broken_on + REINSTATED_DAYS)
    refuse("bad_transition", "plan_id", plan.paid >= plan.total or plan.paid < plan.fallen_due(world.today))
    plan.state = "active"
    plan.counts_from = next(number for number in plan.numbers() if number > 0 and plan.due(number) > world.today)  # what fell due is paid
    debt.lifecycle = "ARRANGED"
    end_promise(world, debt, "arranged")
    debt.promise = None
    plan_event(world, "PlanReinstated", plan, {"paid_minor": plan.paid, "counts_from": plan.counts_from, "reinstated_on": text_of(world.today)})


# ---- what is paid, and what is missed ----


def break_reason(plan):
    """Read: of several reasons the first of these is named."""
    if plan.returned >= RETURNED:
        return "returned"
    if next_grace(plan) is None:
        return "ended"
    counted = [number for number in plan.missed if number >= plan.counts_from]
    if any(number + 1 in plan.missed for number in counted):
        return "missed_in_row"
    return "missed_in_all" if len(counted) >= IN_ALL else None


def complete(world, plan, payment):
    plan.state = "completed"
    if plan.debt.lifecycle == "ARRANGED":
        plan.debt.lifecycle = "ACTIVE"
    plan_event(world, "PlanCompleted", plan, {"paid_minor": plan.paid, "missed": plan.bits(), "payment_id": payment and payment.id,
                                              "completed_on": text_of(world.today)})


def complete_paid(world, debt):
    """Nothing is owed any more, without a payment."""
    if debt.plan and debt.plan.state == "active" and debt.owed == 0:
        complete(world, debt.plan, None)


def break_if(world, plan, payment):
    reason = break_reason(plan)
    if not reason:
        return
    plan.state, plan.broken_on = "broken", world.today
    plan.debt.lifecycle = "ACTIVE"
    plan_event(world, "PlanBroken", plan, {
        "reason": reason, "paid_minor": plan.paid, "arrears_minor": max(0, plan.fallen_due(world.today) - plan.paid), "missed": plan.bits(),
        "reinstatable_until": text_of(world.today + REINSTATED_DAYS) if plan.counts_from == 0 and reason not in ("returned", "ended") else None,
        "payment_id": payment and payment.id, "broken_on": text_of(world.today)})


def over(plan, today):
    """The numbers whose grace is over."""
    return [number for number in plan.numbers() if plan.grace(number) < today]


def miss(world, plan, numbers, payment):
    if not numbers:
        return
    plan.missed.update(numbers)
    latest = max(numbers)
    plan_event(world, "InstalmentMissed", plan, {
        "number": latest, "due_on": text_of(plan.due(latest)), "shortfall_minor": max(0, plan.reached(latest) - plan.paid), "paid_minor": plan.paid,
        "missed": plan.bits(), "payment_id": payment and payment.id, "judged_on": text_of(world.today)})


def judge(world, plan):
    """The timer: the grace of a number is over."""
    if plan.state != "active" or plan.debt.plan is not plan:
        return
    miss(world, plan, [number for number in over(plan, world.today) if number not in plan.missed and plan.reached(number) > plan.paid], None)
    break_if(world, plan, None)


def review_payment(world, payment, amount, reason):
    """A payment was booked, or reversed (below 0): what follows for the plan of its debt that was activated last."""
    plan = payment.debt.plan
    if plan is None or plan.state in ("proposed", "cancelled"):
        return
    debt, today = payment.debt, world.today
    if payment.entry_no <= plan.after_entries:
        judge(world, plan)  # Read: whoever comes first after a grace judges it
        return
    covered_before, paid_before, day = plan.covered(), plan.paid, payment.received_on
    plan.paid += amount
    plan.returned += reason == "nsf"
    plan.version += 1
    world.note("plan", plan)
    if amount > 0:
        new = [number for number in over(plan, today)
               if number not in plan.missed and plan.reached(number) > paid_before + (amount if day <= plan.grace(number) else 0)]
        back = {number for number in plan.missed if day <= plan.grace(number) and plan.reached(number) <= plan.paid}
    else:
        back = set()
        new = [number for number in over(plan, today) if number not in plan.missed and plan.reached(number) > plan.paid]
    if plan.state == "active":
        review_active(world, plan, payment, new, back, plan.covered() > covered_before)
        return
    is_free = debt.lifecycle == "ACTIVE" and debt.owed == plan.total - plan.paid and debt.promise is None
    if plan.state == "completed":
        if plan.paid >= plan.total or debt.owed == 0 or not is_free:
            return
        miss(world, plan, new, payment)
        if break_reason(plan):
            break_if(world, plan, payment)
        else:
            resume(world, plan, payment)
    elif back:  # a broken plan that is paid otherwise stays broken
        plan.missed = plan.missed - back | set(new)
        if is_free and not break_reason(plan) and plan.paid < plan.total:
            resume(world, plan, payment)
        else:
            paid(world, plan, payment)


def resume(world, plan, payment):
    plan.state, plan.broken_on, plan.debt.lifecycle = "active", None, "ARRANGED"
    plan_event(world, "PlanResumed", plan, {"paid_minor": plan.paid, "missed": plan.bits(), "payment_id": payment.id,
                                            "resumed_on": text_of(world.today)})


REVIEWS.append(review_payment)


def paid(world, plan, payment):
    plan_event(world, "InstalmentPaid", plan, {"number": plan.covered(), "paid_minor": plan.paid, "missed": plan.bits(), "payment_id": payment.id,
                                               "judged_on": text_of(world.today)})


def review_active(world, plan, payment, new, back, is_more):
    is_over = plan.paid >= plan.total or plan.debt.owed == 0
    plan.missed -= back
    miss(world, plan, new, payment)
    if (is_more or back) and not is_over:  # the end says so, too
        paid(world, plan, payment)
    if is_over:
        complete(world, plan, payment)
    else:
        break_if(world, plan, payment)


def next_grace(plan):
    """The first that may be missed."""
    return next((plan.grace(number) + 1 for number in plan.numbers() if number not in plan.missed and plan.reached(number) > plan.paid), None)


def due_plans(world):
    found = []
    for plan in world.plans.values():
        if plan.state == "active":
            day = next_grace(plan)
            if day:
                found.append((day, plan))
    return found


TIMERS.append((11, "plan", due_plans, judge))
