"""Random histories of a few debts: from a seed, step by step, with the model's own states in view, so that amounts and dates are at the edges
of what the rules allow. A step is a tuple: ("day", day), ("tick",), ("customer", id, is_active, country), ("known", customer, creditor,
portfolio), ("do", name, issuer, approved, body)."""

import datetime
import random

import charges
import closings
import debts
import delinquency
import disputes
import holds
import plans
import refunds
import settlements

COUNTRIES = ("US", "GB", "DE", "FR")
STARTS = [datetime.date(*day).toordinal() for day in (
    (2024, 1, 31), (2024, 2, 27), (2023, 12, 20), (2025, 4, 11), (2026, 6, 29), (2026, 12, 21), (2027, 12, 22), (2028, 2, 25), (2022, 12, 21),
    (2021, 12, 20), (2025, 11, 24), (2029, 5, 7), (2030, 8, 20))]
BAD_CURRENCIES = ("ABC", "eur", "EURO", "", "DEM")
EDGES = (0, -1, 10**15, 10**15 + 1, 2**63 - 1, -(2**63))
BAD_DAYS = (debts.DAY_FIRST - 1, debts.DAY_LAST + 1, 1, datetime.date.max.toordinal())
NOBODY = "019a0000-0000-7000-8000-0000000000cf"


def uuid(kind, number):
    return f"019a0000-0000-7000-8000-0000000{kind}{number:04x}"


class History:
    def __init__(self, seed):
        self.random = random.Random(seed).random
        pick = self.pick
        self.steps, self.answers = [], []
        self.number = 0
        self.world = debts.World(pick(STARTS) + self.between(-3, 3))
        self.creditors = [uuid("e", number) for number in (1, 2)]
        self.portfolios = [uuid("f", number) for number in (1, 2, 3)]
        self.policies = [uuid("a", number) for number in (1, 2)]
        self.customers = [uuid("c", number) for number in (1, 2, 3)]
        self.currency = pick(list(debts.CURRENCIES))
        self.scale = pick((3, 20, 1000, 100000, 10**15))
        self.add("day", self.world.today)
        for number, customer in enumerate(self.customers):
            self.add("customer", customer, number < 2 or self.chance(0.7), pick(COUNTRIES))
        if self.chance(0.3):
            self.add("known", self.customers[0], self.creditors[0], pick((None, self.portfolios[0])))
        for make in pick(((), (publish_debt_policy,) * 2 + (describe_portfolio,) * 3)):
            self.do(make)
        makers = self.pick((MAKERS,) * 5 + (PLANNERS,) * 3 + (SETTLERS,) * 3)
        for _ in range(self.between(70, 240)):
            self.do(pick(makers))

    def chance(self, share):
        return self.random() < share

    def pick(self, things):
        return things[int(self.random() * len(things))]

    def between(self, low, high):
        return low + int(self.random() * (high - low + 1))

    def next(self, kind):
        self.number += 1
        return uuid(kind, self.number)

    def add(self, *step):
        self.steps.append(step)
        self.answers.append(obey(self.world, step))
        if self.world.unchecked:
            self.world.check()
        for name, event, _ in (self.answers[-1] or {}).get("events", ()) if step[0] == "do" else ():
            if name == "DebtCreated":  # so the views of the database say
                self.add("known", event["customer_id"], event["creditor_id"], None)
                self.add("known", event["customer_id"], event["creditor_id"], event.get("portfolio_id"))

    def do(self, make):
        step = make(self)
        if step:
            self.add(*step)
            if step[0] == "do" and self.chance(0.02):
                self.add(*step)  # the same once more, under another id of the command

    # -- choices --

    def mostly(self, good, bad):
        return self.pick(good if self.chance(0.97) else bad)

    def any_debt(self):
        """Mostly one that is still in the books."""
        every = list(self.world.debts.values())
        there = [debt for debt in every if debt.lifecycle not in debts.LEFT]
        return self.pick(there if there and self.chance(0.9) else every) if every else None

    def amount(self, *near):
        """One of these or nearly so, or an edge."""
        roll = self.random()
        if roll < 0.05:
            return self.pick(EDGES)
        if roll < 0.15 or not near:
            return self.between(1, self.scale)
        return max(1, self.pick(near) + self.pick((-1, 0, 0, 0, 0, 1)))

    def issuer(self):
        if self.chance(0.85):
            return debts.ANYBODY
        if self.chance(0.1):
            return debts.Issuer("creditor", None, (), self.pick((None, ("bank-2",))))
        return debts.Issuer("creditor", [self.pick(self.creditors)], self.pick(((), (), (self.portfolios[0],))),
                            self.pick((None, ("bank-1",), ("bank-1", "bank-2"))))

    def version_of(self, version):
        return self.pick((None, None, None, version, version, version - 1, 0))

    def body(self, **members):
        return {name: value for name, value in members.items() if value is not None}


def text(day):
    return debts.text_of(day)


def obey(world, step):
    """What the model makes of a step: the answer as the driver says it; None: it says nothing."""
    if step[0] == "do":
        return world.do(step[1], step[4], step[2], step[3])
    if step[0] == "tick":
        return world.tick()
    if step[0] == "day":
        world.today = step[1]
    elif step[0] == "customer":
        world.customers[step[1]] = step[2], step[3]
    elif step[0] == "known":
        world.known.add(step[1:])
    return None


# ---- one step of each kind ----


def days_pass(history):
    """The next day, or some; mostly with a Tick. Without one the timers of the day are late, as after a parked command."""
    world, pick = history.world, history.pick
    edges = [promise.grace_ends_on + days for promise in world.promises.values() for days in (0, 1, 2)]
    edges += [debt.due_on + days for debt in world.debts.values() for days in (-1, 0, 1)]
    edges += [day + days for day, _ in plans.due_plans(world) for days in (-2, -1, 0, 1) * 3]
    edges += [plan.broken_on + days for plan in world.plans.values() if plan.state == "broken" for days in (29, 30, 31)]
    edges += [settlement.last_day() + days for settlement in world.settlements.values() if settlement.last_day() for days in (0, 1, 1, 2)]
    edges += [hold.next_day() + days for hold in world.holds.values() if hold.is_open() for days in (-1, 0, 1)]
    edges += [day + days for day, _ in delinquency.next_days(world) for days in (-1, 0, 1)]
    edges = [day for day in edges if world.today < day <= world.today + 60]
    day = pick(edges) if edges and history.chance(0.6) else world.today + pick((1, 1, 1, 2, 3, 7, 30))
    history.add("day", day)
    return ("tick",) if history.chance(0.85) else None


def customer_changes(history):
    number = history.between(0, len(history.customers) - 1)
    return "customer", history.customers[number], history.chance(0.8), history.pick(COUNTRIES)


def create_debt(history):
    world, pick = history.world, history.pick
    if sum(debt.lifecycle not in debts.LEFT for debt in world.debts.values()) >= 6 and history.chance(0.8):
        return None
    amounts = [history.amount(history.between(1, history.scale)) if history.chance(share) else 0 for share in (0.4, 0.4, 0.5, 0.9)]
    opened_on = world.today - pick((0, 0, 1, 5, 40, 400))
    due_on = pick((opened_on, opened_on + 1, world.today, world.today + 1, world.today - 1, world.today + 14, opened_on + 30))
    if history.chance(0.03):
        opened_on = pick(BAD_DAYS + (world.today + 1,))
    if history.chance(0.03):
        due_on = pick(BAD_DAYS + (max(1, opened_on - 1),))
    there = history.any_debt()
    return "do", "CreateDebt", history.issuer(), False, history.body(
        debt_id=there.id if there and history.chance(0.04) else history.next("d"),
        customer_id=NOBODY if history.chance(0.03) else pick(history.customers),
        creditor_id=pick(history.creditors), original_creditor_id=pick((None, None, history.creditors[1])),
        portfolio_id=pick((None, *history.portfolios)),
        external_ref="" if history.chance(0.02) else there.reference if there and history.chance(0.05) else f"ref {history.number}",
        currency=pick(BAD_CURRENCIES) if history.chance(0.03) else history.currency if history.chance(0.8) else "EUR",
        **debts.parts_of(amounts, debts.COMPONENTS), opened_on=text(opened_on), due_on=text(due_on), fees_authorised=history.chance(0.9))


def amend_debt(history):
    world, pick = history.world, history.pick
    debt = history.any_debt()
    if debt is None:
        return None
    other = history.any_debt()
    due_on = pick((debt.opened_on, debt.opened_on - 1, world.today, world.today + 1, world.today - 1, debt.due_on, world.today + 10))
    return "do", "AmendDebt", history.issuer(), False, history.body(
        debt_id=uuid("d", 0) if history.chance(0.03) else debt.id, customer_id=pick(history.customers) if history.chance(0.05) else debt.customer,
        expected_version=history.version_of(debt.version),
        due_on=text(pick(BAD_DAYS) if history.chance(0.04) else due_on) if history.chance(0.7) else None,
        external_ref=pick((None, None, None, f"ref {history.number + 1000}", other.reference, debt.reference, "")),
        reason="" if history.chance(0.04) else "for the model")


def cancel_debt(history):
    pick = history.pick
    debt = history.any_debt()
    if debt is None:
        return None
    return "do", "CancelDebt", history.issuer(), False, history.body(
        debt_id=uuid("d", 0) if history.chance(0.05) else debt.id, customer_id=pick(history.customers) if history.chance(0.05) else debt.customer,
        expected_version=history.version_of(debt.version), reason=pick(debts.WORDS["cancel"] + (["no"] if history.chance(0.2) else [])),
        comment=pick((None, None, "letter 7", "")))


def receipt_day(history, debt):
    """A value date: mostly today, and the edges of the debt and of its promise."""
    days = [history.world.today] * 5 + [history.world.today - 1, history.world.today - 7, debt.opened_on, debt.opened_on - 1]
    if debt.plan:
        due = [plan_day for plan_day in map(debt.plan.grace, debt.plan.numbers()) if plan_day <= history.world.today]
        days += [day + more for day in due[-2:] for more in (0, 1)] * 2
    if debt.settlement and debt.settlement.accepted_on:
        days += [debt.settlement.accepted_on, debt.settlement.accepted_on - 1] + [debt.settlement.grace_ends_on] * 2 + [
            debt.settlement.grace_ends_on + 1]
    if debt.promise:
        days += [debt.promise.made_on, debt.promise.made_on - 1] * 2 + [debt.promise.grace_ends_on, debt.promise.grace_ends_on + 1] * 2
    if history.chance(0.03):
        days = [history.world.today + 1, *BAD_DAYS]
    day = history.pick(days)
    return day if day <= history.world.today or history.chance(0.1) else history.world.today


def record_payment(history):
    world, pick = history.world, history.pick
    debt = history.any_debt()
    if debt is None:
        return None
    arranged = [other for other in world.debts.values() if other.plan and other.plan.state in ("active", "broken") and other.owed]
    settled = [other for other in world.debts.values() if other.settlement and other.settlement.state in ("accepted", "fulfilled", "breached")]
    if arranged and history.chance(0.5):
        debt = pick(arranged)
    elif settled and history.chance(0.4):
        debt = pick(settled)
    owed = [debt.balances[account] for account in debts.ORDERS[debt.order]]
    near = [debt.owed, debt.owed, debt.owed + history.scale // 3, max(1, debt.owed // 2), max(1, debt.owed // 3), owed[0], owed[0] + owed[1] // 2,
            sum(owed[:3]), debt.balances[debts.CREDIT]]
    if debt.plan:
        number = min(debt.plan.covered() + 1, debt.plan.count)
        near += [max(1, debt.plan.fallen_due(world.today) - debt.plan.paid)] * 6
        near += [max(1, debt.plan.reached(number) - debt.plan.paid), max(1, debt.plan.reached(min(number + 1, debt.plan.count)) - debt.plan.paid)] * 3
    if debt.settlement:
        missing = max(1, debt.settlement.amount - debt.settlement.paid)
        near += [missing, missing, missing, max(1, missing // 2), max(1, missing // 3)] * 2
    if debt.promise:
        near += [debt.promise.amount, debt.promise.amount - debt.promise.paid] * 2
    payment = pick(list(world.payments.values())) if world.payments else None
    received_on = receipt_day(history, debt)
    issuer = history.issuer() if history.chance(0.95) else debts.Issuer("agent", None, (), ("bank-1",))
    return "do", "RecordPayment", issuer, False, history.body(
        payment_id=payment.id if payment and history.chance(0.03) else history.next("b"),
        customer_id=pick(history.customers) if history.chance(0.04) else debt.customer,
        debt_id=uuid("d", 0) if history.chance(0.02) else debt.id, source=pick(("bank-1", "bank-1", "bank-2", "bank-3")) if history.chance(0.98) else "",
        external_ref=f"no {history.number}" if history.chance(0.95) else pick(("", f"no {history.number - 1}", f"no {history.number - 2}")),
        amount_minor=history.amount(*near), currency=pick(("EUR", *BAD_CURRENCIES)) if history.chance(0.03) else debt.currency,
        received_on=text(received_on), method=history.mostly(debts.WORDS["method"], ("", "gold", "Card")),
        reason=pick((None, "advance")) if received_on < debt.opened_on else pick((None,) * 20 + ("", "for fun")))


def reverse_payment(history):
    world, pick = history.world, history.pick
    if not world.payments:
        return None
    payments = list(world.payments.values())
    settled = [payment for payment in payments if payment.state == "settled"]
    of_settlement = [payment for payment in settled if payment.debt.settlement and payment.debt.settlement.state in ("accepted", "fulfilled")]
    if of_settlement and history.chance(0.4):
        settled = of_settlement
    payment = pick(settled[-3:] if history.chance(0.5) else settled) if settled and history.chance(0.9) else pick(payments)
    return "do", "ReversePayment", history.issuer(), False, history.body(
        payment_id=uuid("b", 0) if history.chance(0.03) else payment.id,
        customer_id=pick(history.customers) if history.chance(0.04) else payment.debt.customer,
        reason=history.mostly(debts.WORDS["reversal"], ("", "recal")))


def refund_payment(history):
    """Mostly of a payment that has credit left, and of what is left."""
    world, pick = history.world, history.pick
    if not world.payments:
        return None
    payments = list(world.payments.values())
    left = [(payment, refunds.left_of(payment)) for payment in payments]
    payment, most = pick([row for row in left if row[1] > 0] if any(row[1] > 0 for row in left) and history.chance(0.9) else left)
    issuer = debts.Issuer("supervisor") if history.chance(0.4) else debts.ANYBODY
    return "do", "RefundPayment", issuer, history.chance(0.3), history.body(
        payment_id=uuid("b", 0) if history.chance(0.03) else payment.id,
        customer_id=pick(history.customers) if history.chance(0.04) else payment.debt.customer,
        amount_minor=history.amount(*([most, max(1, most // 2), 1] if most else [payment.amount])),
        currency=pick(("EUR", *BAD_CURRENCIES)) if history.chance(0.03) else payment.debt.currency,
        reason=history.mostly(("overpaid",), ("",)), transfer_ref=history.mostly((None, f"out {history.number}"), ("",)))


def make_promise(history):
    world, pick = history.world, history.pick
    debt = history.any_debt()
    if debt is None:
        return None
    due_on = world.today + pick((0, 1, 2, 3, 5, 29, 30, history.between(0, 30)))
    if history.chance(0.06):
        due_on = pick((world.today - 1, world.today + 31, *BAD_DAYS))
    promises = list(world.promises)
    return "do", "MakePromise", debts.ANYBODY, False, history.body(
        promise_id=pick(promises) if promises and history.chance(0.03) else history.next("9"),
        customer_id=pick(history.customers) if history.chance(0.04) else debt.customer, debt_id=uuid("d", 0) if history.chance(0.02) else debt.id,
        amount_minor=history.amount(debt.owed, max(1, debt.owed // 2), max(1, debt.owed // 5)),
        currency=pick(("EUR", *BAD_CURRENCIES)) if history.chance(0.03) else debt.currency, due_on=text(due_on),
        channel=history.mostly((None, *debts.WORDS["channel"]), ("", "fax")))


def cancel_promise(history):
    pick = history.pick
    promises = list(history.world.promises.values())
    if not promises:
        return None
    promise = pick(promises[-3:])
    return "do", "CancelPromise", debts.ANYBODY, False, history.body(
        promise_id=uuid("9", 0) if history.chance(0.03) else promise.id,
        customer_id=pick(history.customers) if history.chance(0.05) else promise.debt.customer,
        reason=history.mostly(debts.WORDS["promise_cancel"], ("", "debt_paid")))


# ---- the ends of a debt ----


def about_debt(history, debt, issuer=None, **members):
    """The members of each command about a debt that people close or correct; now and then another debt or customer."""
    return history.body(debt_id=uuid("d", 0) if history.chance(0.02) else debt.id,
                        customer_id=history.pick(history.customers) if history.chance(0.03) else debt.customer,
                        reason=history.mostly(("for the model",), ("",)), **members)


def staff(history, *roles):
    return debts.ANYBODY if history.chance(0.5) else debts.Issuer(history.pick(roles))


def close(name, issuers=lambda history: staff(history, "supervisor"), is_kept=False, members=lambda history, debt: {}):
    def make(history):
        debt = history.any_debt()
        if debt is None:
            return None
        charged_off = [other for other in history.world.debts.values() if other.lifecycle == "CHARGED_OFF"]
        if debt.lifecycle == "ARRANGED" and history.chance(0.7):
            return None
        if name == "UndoChargeOff" and charged_off and history.chance(0.7):
            debt = history.pick(charged_off)
        # Not above the limit: nobody would be asked for the approval.
        approved = is_kept and debt.owed > closings.WRITE_OFF_ALONE and history.chance(0.7)
        return "do", name, issuers(history), approved, about_debt(
            history, debt, expected_version=debt.version if approved and history.chance(0.9) else history.version_of(debt.version),
            **members(history, debt))
    return make


def transfer_members(history, debt):
    today = history.world.today
    day = history.pick((None, None, today, debt.opened_on, max(1, debt.opened_on - 1), today - 1, today + 1)) if history.chance(0.95) \
        else history.pick(BAD_DAYS)
    return {"kind": history.mostly(debts.WORDS["transfer"], ("", "lost")), "transferee": history.mostly(("Others Ltd",), ("",)),
            "transferred_on": text(day) if day else None}


charge_off, undo_charge_off = close("ChargeOff"), close("UndoChargeOff")
write_off = close("WriteOff", is_kept=True)
transfer_debt = close("TransferDebt", History.issuer, members=transfer_members)
recall_debt = close("RecallDebt", History.issuer)


# ---- charges, waivers, corrections ----


def charge(name, members, *near):
    limits = charges.ALONE[name]

    def make(history):
        debt = history.any_debt()
        if debt is None:
            return None
        more = members(history)
        component = more.get("component")
        account = debts.COMPONENTS.index(component) if component in debts.COMPONENTS else debts.FEE
        amounts = [max(1, debt.balances[account]), max(1, debts.MOST - debt.charged), max(1, debt.owed // 9)] if near or history.chance(0.1) \
            else [max(1, debt.owed // 9)]
        amount = history.amount(*amounts, *limits.values()) if history.chance(0.8) else history.between(1, 3)
        issuer = staff(history, *limits)
        limit = limits.get(issuer.role, max(limits.values()))
        approved = amount > limit and issuer.role in ("-", "supervisor") and history.chance(0.7)
        return "do", name, issuer, approved, about_debt(
            history, debt, amount_minor=amount, currency=history.pick(("EUR", *BAD_CURRENCIES)) if history.chance(0.03) else debt.currency, **more)
    return make


def basis(history):
    return {"basis": history.mostly(debts.WORDS["basis"], ("", "other"))}


def component(history):
    return {"component": history.mostly(debts.WORDS["component"], ("", "credit"))}


assess_fee, assess_cost = charge("AssessFee", basis), charge("AssessCost", basis)
waive_amount = charge("WaiveAmount", component, "all of it")
adjust_balance = charge("AdjustBalance", lambda history: component(history) | {
    "direction": history.mostly(debts.WORDS["direction"], ("", "sideways"))}, "all of it")


# ---- holds ----


def hold_days(history, debt):
    """First day, day of its end: now and ahead, and at the edges of those that are there."""
    today, pick = history.world.today, history.pick
    from_days, until_days = [None] * 3 + [today - 1, today + 1, today + 5], [None] * 2 + [today + 1, today + 2, today + 9, today + 40]
    for hold in holds.open_holds(history.world, debt):
        from_days += [day for day in (hold.end + days for days in (-1, 0, 1)) if day <= today + 400]
        until_days += [hold.from_on + days for days in (-1, 0, 1)]
    from_on, until_on = pick(from_days), pick(until_days)
    if history.chance(0.04):
        from_on = pick((today - 367, today - 366, today + 366, today + 367, *BAD_DAYS))
    if history.chance(0.04):
        until_on = pick((today, (from_on or today) + 3660, (from_on or today) + 3661, *BAD_DAYS))
    return from_on, until_on if history.chance(0.5) or until_on is None or until_on > max(from_on or 0, today) else today + 3


def review_day(history):
    today = history.world.today
    return history.pick((today + 1, today + 2, today + 7, today + 30)) if history.chance(0.95) else \
        history.pick((today, today + 366, today + 367, *BAD_DAYS))


def optional(day):
    return text(max(1, min(day, datetime.date.max.toordinal()))) if day is not None else None


def place_hold(history):
    pick = history.pick
    debt = history.any_debt()
    if debt is None:
        return None
    open_now = [hold for hold in holds.open_holds(history.world, debt) if hold.kind != "dispute"]
    there = [hold.kind for hold in open_now]
    kind = history.mostly([kind for kind in holds.KINDS if kind != "dispute"] + ["manual"] * 3, ("", "dispute", "holiday"))
    if there and history.chance(0.4):
        kind = pick(there)
    effects = [effect for effect in debts.WORDS["effect"] if history.chance(0.3)] or ["fees"] if kind == "manual" else []
    if history.chance(0.03):
        effects = pick(([], ["sale", "contact"], ["sale", "sale"], ["everything"]))
    from_on, until_on = hold_days(history, debt)
    if history.chance(0.05):  # some of a kind that do not meet, more than a debt takes
        for number in range(holds.OF_KIND_MAX):
            history.add("do", "PlaceHold", debts.ANYBODY, False, history.body(
                hold_id=history.next("8"), customer_id=debt.customer, debt_id=debt.id, kind=kind, from_on=text(history.world.today + 20 + 9 * number),
                until_on=text(history.world.today + 25 + 9 * number), effects=effects, review_on=text(history.world.today + 2), evidence_ref="many"))
        from_on, until_on = history.world.today + pick((2, 14, 60)), None
    return "do", "PlaceHold", debts.ANYBODY, False, history.body(
        hold_id=pick(list(history.world.holds)) if history.world.holds and history.chance(0.03) else history.next("8"),
        customer_id=pick(history.customers) if history.chance(0.03) else debt.customer, debt_id=uuid("d", 0) if history.chance(0.02) else debt.id,
        kind=kind, from_on=optional(from_on), until_on=optional(until_on), effects=effects,
        review_on=text(review_day(history)) if history.chance(0.9 if kind == "manual" else 0.3) else None,
        evidence_ref=history.mostly((f"proof {history.number}",), ("",)))


def any_hold(history):
    every = list(history.world.holds.values())
    there = [hold for hold in every if hold.is_open()]
    return history.pick(there if there and history.chance(0.85) else every) if every else None


def about_hold(history, hold, **members):
    return history.body(hold_id=uuid("8", 0) if history.chance(0.03) else hold.id,
                        customer_id=history.pick(history.customers) if history.chance(0.04) else hold.debt.customer, **members)


def release_hold(history):
    hold = any_hold(history)
    if hold is None:
        return None
    return "do", "ReleaseHold", staff(history, "agent", "supervisor", "compliance"), False, about_hold(
        history, hold, reason=history.mostly(("over",), ("",)))


def review_hold(history):
    hold = any_hold(history)
    if hold is None:
        return None
    return "do", "ReviewHold", debts.ANYBODY, False, about_hold(
        history, hold, review_on=text(review_day(history)) if history.chance(0.7) else None, evidence_ref=history.mostly(("seen",), ("",)))


# ---- disputes ----


def raise_dispute(history):
    pick, world = history.pick, history.world
    debt = history.any_debt()
    if debt is None:
        return None
    there = [dispute for dispute in world.disputes.values() if dispute.debt is debt]
    before = pick(there) if there and history.chance(0.5) else None
    portion = before.portion if before else pick((None, None, history.amount(max(1, debt.owed), max(1, debt.owed // 2))))
    currency = debt.currency if portion is not None else None
    if history.chance(0.04):
        currency = pick((None, "EUR", "USD", *BAD_CURRENCIES))
    received_on = pick((None, None, None, world.today, world.today - 1, world.today - 30)) if history.chance(0.95) else \
        pick((world.today + 1, world.today - disputes.DAYS_BACK, world.today - disputes.DAYS_BACK - 1, *BAD_DAYS))
    issuer = debts.Issuer("consumer") if history.chance(0.3) else history.issuer()
    return "do", "RaiseDispute", issuer, False, history.body(
        dispute_id=pick([*world.disputes, *world.holds]) if world.disputes and history.chance(0.03) else history.next("7"),
        customer_id=pick(history.customers) if history.chance(0.03) else debt.customer, debt_id=uuid("d", 0) if history.chance(0.02) else debt.id,
        grounds=before.grounds if before else history.mostly(debts.WORDS["grounds"], ("", "bored")), portion_minor=portion, currency=currency,
        received_on=text(received_on) if received_on else None, in_writing=history.chance(0.5), within_validation=pick((None, False, True)),
        evidence_refs=pick(([], [], [], ["letter"], ["a", "b"], [str(number) for number in range(8)])) if history.chance(0.97) else [""])


def any_dispute(history):
    every = list(history.world.disputes.values())
    there = [dispute for dispute in every if dispute.is_open()]
    return history.pick(there if there and history.chance(0.85) else every) if every else None


def about_dispute(history, dispute, **members):
    return history.body(dispute_id=uuid("7", 0) if history.chance(0.03) else dispute.id,
                        customer_id=history.pick(history.customers) if history.chance(0.04) else dispute.debt.customer, **members)


def add_dispute_evidence(history):
    dispute = any_dispute(history)
    if dispute is None:
        return None

    def evidence():
        return "do", "AddDisputeEvidence", history.issuer(), False, about_dispute(
            history, dispute, evidence_ref=history.mostly((f"paper {history.number}",), ("",)))

    for _ in range(15 if history.chance(0.04) else 0):
        history.add(*evidence())
    return evidence()


def resolve_dispute(history):
    dispute = any_dispute(history)
    if dispute is None:
        return None
    today = history.world.today
    sent_on = history.pick((today, today, today, today - 1, dispute.received_on)) if history.chance(0.93) else \
        history.pick((dispute.received_on - 1, today + 1, *BAD_DAYS))
    return "do", "ResolveDispute", staff(history, "supervisor", "compliance"), False, about_dispute(
        history, dispute, outcome=history.mostly(("upheld", "rejected", "rejected"), ("", "duplicate")),
        verification_ref=history.mostly(("copy 1",), ("",)), sent_on=text(max(1, sent_on)))


# ---- plans ----


def propose_plan(history):
    pick, world = history.pick, history.world
    there = [debt for debt in world.debts.values() if debt.lifecycle == "ACTIVE"]
    debt = pick(there) if there and history.chance(0.9) else history.any_debt()
    if debt is None:
        return None
    total = history.amount(debt.owed) if history.chance(0.08) else debt.owed
    count = history.mostly((2, 2, 3, 4, 6, 12, 13, 36, 37, 60), (0, 1, 61, -1))
    first = world.today + pick((0, 1, 3, 7, 20, 31, 62)) if history.chance(0.96) else pick((world.today - 1, world.today + 63, *BAD_DAYS))
    down = history.amount(max(1, total // 4), max(1, total - count)) if history.chance(0.3) else None
    down_on = pick((world.today, first, world.today + 2)) if (down is not None) != history.chance(0.02) else None
    if history.chance(0.03):
        down_on = pick((world.today - 1, first + 1))
    issuer = staff(history, "agent", "supervisor")
    return "do", "ProposePlan", issuer, count > plans.SUPERVISOR_MAX and issuer.role != "agent" and history.chance(0.7), history.body(
        plan_id=pick(list(world.plans)) if world.plans and history.chance(0.03) else history.next("6"),
        customer_id=pick(history.customers) if history.chance(0.03) else debt.customer, debt_id=uuid("d", 0) if history.chance(0.02) else debt.id,
        total_minor=total, currency=pick(("EUR", *BAD_CURRENCIES)) if history.chance(0.03) else debt.currency, instalments=count,
        frequency=history.mostly(debts.WORDS["frequency"], ("", "daily")), first_due_on=optional(first), down_payment_minor=down,
        down_payment_on=optional(down_on))


def about_plan(name, states, **members):
    def make(history):
        every = list(history.world.plans.values())
        if not every:
            return None
        there = [plan for plan in every if plan.state in states and plan.debt.lifecycle in ("ACTIVE", "ARRANGED")
                 and plan.debt.owed == plan.total - plan.paid and plan.paid < plan.total]
        ready = [plan for plan in there if plan.debt.plan is plan and plan.paid >= plan.fallen_due(history.world.today)]
        plan = history.pick(ready if ready and history.chance(0.7) else there[-3:] if there and history.chance(0.9) else every)
        return "do", name, debts.ANYBODY, False, history.body(
            plan_id=uuid("6", 0) if history.chance(0.03) else plan.id,
            customer_id=history.pick(history.customers) if history.chance(0.04) else plan.debt.customer,
            **{member: history.mostly(*words) for member, words in members.items()})
    return make


accept_plan, ask_again = about_plan("AcceptPlan", ("proposed",)), about_plan("ReinstatePlan", ("broken",))


def reinstate_plan(history):
    """Mostly what has fallen due is paid before it, and sometimes the last day passes."""
    world, pick = history.world, history.pick
    broken = [plan for plan in world.plans.values() if plan.state == "broken" and plan.debt.plan is plan and plan.debt.lifecycle == "ACTIVE"]
    if not broken or history.chance(0.3):
        return ask_again(history)
    plan = pick(broken)
    arrears = plan.fallen_due(world.today) - plan.paid
    if arrears > 0:
        history.add("do", "RecordPayment", debts.ANYBODY, False, history.body(
            payment_id=history.next("b"), customer_id=plan.debt.customer, debt_id=plan.debt.id, source="bank-1", external_ref=f"no {history.number}",
            amount_minor=max(1, arrears - history.chance(0.1)), currency=plan.debt.currency, received_on=text(world.today), method="cash"))
    if history.chance(0.2):
        history.add("day", max(world.today, plan.broken_on + pick((29, 30, 31)) if plan.broken_on else world.today))
    return "do", "ReinstatePlan", debts.ANYBODY, False, {"plan_id": plan.id, "customer_id": plan.debt.customer}


cancel_plan = about_plan("CancelPlan", ("proposed", "active"), reason=(debts.WORDS["promise_cancel"], ("", "debt_paid")))


# ---- settlements ----


def offer_settlement(history):
    pick, world = history.pick, history.world
    there = [debt for debt in world.debts.values() if debt.lifecycle == "ACTIVE" and not (debt.settlement and debt.settlement.stands())]
    debt = pick(there) if there and history.chance(0.9) else history.any_debt()
    if debt is None:
        return None
    today, owed = world.today, debt.owed
    is_share = history.chance(0.4)
    amount = history.amount(*(max(1, owed * (100 - share) // 100) for share in (20, 20, 50, 50, 51, 75)), max(1, owed - 1), max(1, owed)) \
        if is_share == history.chance(0.02) else None
    share = history.mostly((5000, 4999, 8000, 7999, 8001, 9999, 1, 3333, 9000), (0, 10000, -1)) if is_share else None
    waived = owed - (-(-owed * share // settlements.ALL) if share is not None else amount or owed)
    issuer = staff(history, "agent", "supervisor")
    approved = issuer.role != "agent" and waived * 2 > owed and history.chance(0.7)  # nobody else would be asked
    expires_on = today + pick((0, 1, 2, 5, 14, 62)) if history.chance(0.96) else pick((today - 1, today + 63, *BAD_DAYS))
    pay_by = expires_on + pick((0, 0, 1, 3, 7, 14)) if history.chance(0.96) else pick((expires_on - 1, today + 366, today + 367, *BAD_DAYS))
    currency = pick(("EUR", *BAD_CURRENCIES)) if history.chance(0.03) else debt.currency
    offer = "do", "OfferSettlement", issuer, approved, history.body(
        settlement_id=pick(list(world.settlements)) if world.settlements and history.chance(0.03) else history.next("5"),
        customer_id=pick(history.customers) if history.chance(0.03) else debt.customer, debt_id=uuid("d", 0) if history.chance(0.02) else debt.id,
        expected_version=debt.version if approved and history.chance(0.95) else history.version_of(debt.version), amount_minor=amount,
        currency=currency if (amount is not None) != history.chance(0.02) else None, share_bp=share, expires_on=optional(expires_on),
        pay_by=optional(pay_by), reason=history.mostly((None, "they can pay no more"), ("",)))
    if history.chance(0.6):
        return offer
    history.add(*offer)  # and taken at once
    return about_settlement(history, "AcceptSettlement", debt.settlement) if debt.settlement else None


def about_settlement(history, name, settlement, *more, **members):
    issuer = debts.Issuer(history.pick(("agent", "supervisor", *more))) if history.chance(0.5) else debts.ANYBODY
    return "do", name, issuer, False, history.body(
        settlement_id=uuid("5", 0) if history.chance(0.03) else settlement.id,
        customer_id=history.pick(history.customers) if history.chance(0.04) else settlement.debt.customer, **members)


def accept_settlement(history):
    """Mostly one that can be accepted, and now and then the day after its last."""
    every = list(history.world.settlements.values())
    there = [settlement for settlement in every if settlement.state == "offered" and settlement.debt.lifecycle == "ACTIVE"
             and settlement.amount < settlement.debt.owed <= settlement.balance]
    if not every or not there and history.chance(0.8):
        return None
    settlement = history.pick(there if there and history.chance(0.9) else every)
    if history.chance(0.1) and settlement.expires_on >= history.world.today:
        history.add("day", settlement.expires_on + history.pick((0, 1)))
    return about_settlement(history, "AcceptSettlement", settlement, "consumer")


def withdraw_settlement(history):
    every = list(history.world.settlements.values())
    if not every:
        return None
    there = [settlement for settlement in every if settlement.state in ("offered", "accepted")]
    return about_settlement(history, "WithdrawSettlement", history.pick(there if there and history.chance(0.8) else every),
                            reason=history.mostly(debts.WORDS["settlement_withdraw"], ("", "debt_paid")))


def pay_settlement(history):
    """What is missing, in one part or some, to an accepted one or to one that was breached: mostly in time, though it may be booked late."""
    world, pick = history.world, history.pick
    there = [debt.settlement for debt in world.debts.values() if debt.settlement and debt.settlement.state in ("accepted", "breached")
             and debt.lifecycle in ("ACTIVE", "ARRANGED") and debt.settlement.paid < debt.settlement.amount]
    if not there:
        return None
    settlement = pick([one for one in there if one.state == "accepted"] or there) if history.chance(0.6) else pick(there)
    debt, missing, first = settlement.debt, settlement.amount - settlement.paid, settlement.accepted_on
    if history.chance(0.15) and settlement.grace_ends_on >= world.today:
        history.add("day", settlement.grace_ends_on + pick((0, 1)))
    received_on = pick((world.today, history.between(first, max(first, min(world.today, settlement.grace_ends_on)))))
    if history.chance(0.15):
        received_on = pick((world.today, first - 1, min(world.today, settlement.grace_ends_on + 1)))
    parts = (missing, missing + 1, missing // 2, missing // 3, missing - 1, (missing + debt.owed) // 2)
    amount = max(1, pick(parts * 3 + (missing,) * 6 + (debt.owed,)))
    return "do", "RecordPayment", debts.ANYBODY, False, history.body(
        payment_id=history.next("b"), customer_id=debt.customer, debt_id=debt.id, source="bank-1", external_ref=f"no {history.number}",
        amount_minor=amount, currency=debt.currency, received_on=text(received_on), method="transfer",
        reason="late" if received_on < debt.opened_on else None)


def comes_between(history, debt):
    """What people arrange meanwhile: a promise, a plan, a charge-off, sometimes undone, a fee; or nothing."""
    def do(name, **members):
        history.add("do", name, debts.ANYBODY, False, history.body(customer_id=debt.customer, **members))

    what = history.pick(("", "promise", "plan", "charge-off", "charge-off", "undone", "fee"))
    today = text(history.world.today)
    if what == "promise":
        do("MakePromise", promise_id=history.next("9"), debt_id=debt.id, amount_minor=max(1, debt.owed // 3), currency=debt.currency, due_on=today)
    elif what == "plan":
        do("ProposePlan", plan_id=history.next("6"), debt_id=debt.id, total_minor=debt.owed, currency=debt.currency, instalments=2,
           frequency="monthly", first_due_on=today)
        do("AcceptPlan", plan_id=uuid("6", history.number))
    elif what in ("charge-off", "undone"):
        do("ChargeOff", debt_id=debt.id, reason="for the model")
        if what == "undone":
            do("UndoChargeOff", debt_id=debt.id, reason="for the model")
    elif what == "fee":
        do("AssessFee", debt_id=debt.id, amount_minor=1, currency=debt.currency, basis="contract", reason="for the model")


def late_settlement(history):
    """A breached one: all that is missing, booked late with a value date in time, whatever has been arranged meanwhile. Of one whose amount is
    paid, as too much would be waived: what makes room, in time or not."""
    there = [debt.settlement for debt in history.world.debts.values() if debt.settlement and debt.settlement.state == "breached"
             and debt.lifecycle == "ACTIVE"]
    if not there:
        return None
    settlement = history.pick([one for one in there if one.paid >= one.amount] or there)
    debt, amount, received_on = settlement.debt, settlement.amount - settlement.paid, min(history.world.today, settlement.grace_ends_on)
    if amount <= 0:
        amount, received_on = max(1, debt.owed - (settlement.balance - settlement.amount)), history.pick((received_on, history.world.today))
    else:
        comes_between(history, debt)
    return "do", "RecordPayment", debts.ANYBODY, False, history.body(
        payment_id=history.next("b"), customer_id=debt.customer, debt_id=debt.id, source="bank-1", external_ref=f"no {history.number}",
        amount_minor=amount, currency=debt.currency, received_on=text(received_on), method="transfer",
        reason="late" if received_on < debt.opened_on else None)


def undo_settlement(history):
    """A fulfilled one: a payment of before its acceptance is returned, then one that has fulfilled it, whatever was arranged between the two."""
    payments = [payment for payment in history.world.payments.values() if payment.state == "settled" and payment.debt.settlement
                and payment.debt.settlement.state == "fulfilled" and payment.debt.lifecycle in ("ACTIVE", "SETTLED")]
    old = [payment for payment in payments if not payment.debt.settlement.is_since(payment)]
    since = [payment for payment in payments if payment.debt.settlement.is_since(payment)]
    if not since:
        return None

    def reversal(payment):
        return "do", "ReversePayment", debts.ANYBODY, False, {
            "payment_id": payment.id, "customer_id": payment.debt.customer, "reason": history.pick(debts.WORDS["reversal"])}

    if not old:
        return reversal(history.pick(since))
    first = history.pick(old)
    history.add(*reversal(first))
    if first.debt.lifecycle == "ACTIVE":
        comes_between(history, first.debt)
    return reversal(history.pick([payment for payment in since if payment.debt is first.debt] or since))


def known_version(history, things, key):
    return history.version_of(things[key].version if key in things else 0)


def describe_creditor(history):
    pick = history.pick
    creditor = pick(history.creditors)
    return "do", "DescribeCreditor", debts.ANYBODY, False, history.body(
        creditor_id=creditor, expected_version=known_version(history, history.world.creditors, creditor),
        name=history.mostly(("A & B", "Zoë plc"), ("",)), legal_address=history.mostly((None, "1 Road\nTown"), ("",)), is_original=history.chance(0.5),
        regulated_class=history.mostly(debts.WORDS["regulated_class"], ("", "bank")), licence_refs=history.mostly((None, "L 1"), ("",)))


def describe_portfolio(history):
    pick = history.pick
    portfolio = pick(history.portfolios[:2])
    creditor = history.creditors[portfolio == history.portfolios[1]]
    return "do", "DescribePortfolio", debts.ANYBODY, False, history.body(
        portfolio_id=portfolio, expected_version=known_version(history, history.world.portfolios, portfolio),
        creditor_id=history.mostly((creditor,), history.creditors), name=history.mostly(("cards", "loans"), ("",)),
        product_kind=history.mostly(debts.WORDS["product_kind"], ("", "fun")), jurisdiction=history.mostly((None, "DE", "US"), ("us", "D", "")),
        allocation_policy_id=history.mostly(list(history.world.policies) * 3 + [None], history.policies))


def publish_debt_policy(history):
    pick = history.pick
    policy = pick(history.policies)
    return "do", "PublishDebtPolicy", debts.ANYBODY, history.chance(0.8), history.body(
        policy_id=policy, expected_version=known_version(history, history.world.policies, policy),
        kind=history.mostly(("allocation",), ("", "interest")), title=history.mostly(("order", "another order"), ("",)),
        allocation_order=history.mostly(debts.WORDS["order"], (None, "", "random")))


CHANCES = {days_pass: 20, record_payment: 26, reverse_payment: 13, refund_payment: 7, create_debt: 10, make_promise: 11, amend_debt: 6, cancel_debt: 3,
           cancel_promise: 3, charge_off: 5, undo_charge_off: 4, write_off: 2, transfer_debt: 2, recall_debt: 2, assess_fee: 4, assess_cost: 3,
           waive_amount: 5, adjust_balance: 4, place_hold: 9, release_hold: 6, review_hold: 3, raise_dispute: 7, add_dispute_evidence: 4,
           resolve_dispute: 6, propose_plan: 9, accept_plan: 10, cancel_plan: 1, reinstate_plan: 6, offer_settlement: 7, accept_settlement: 7,
           pay_settlement: 5, late_settlement: 1, undo_settlement: 1, withdraw_settlement: 1, publish_debt_policy: 3, describe_portfolio: 3,
           describe_creditor: 1, customer_changes: 1}
# Mostly about plans: nobody gives the debt up, holds it or disputes it.
SELDOM = (charge_off, undo_charge_off, write_off, transfer_debt, recall_debt, place_hold, release_hold, review_hold, raise_dispute,
          add_dispute_evidence, resolve_dispute, cancel_debt, describe_creditor)
MAKERS = [make for make, weight in CHANCES.items() for _ in range(weight)]
PLANNERS = [make for make in MAKERS if make not in SELDOM] + [days_pass] * 12
# Mostly about settlements: the same, and plans are few.
SETTLERS = [make for make in PLANNERS if make not in (propose_plan, accept_plan, reinstate_plan)] + [propose_plan, accept_plan] + \
    [offer_settlement, accept_settlement, pay_settlement, reverse_payment] * 8 + \
    [late_settlement, undo_settlement] * 6 + [days_pass] * 6
