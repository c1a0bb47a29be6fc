"""Settlements: a part is paid, and the rest waived (consumers/DOMAIN.md 7; consumers/debts/README.md, Settlements)."""

import holidays
from debts import COMPONENTS, CREDIT, ENDS, GRACE_DAYS, MOST, REVIEWS, TIMERS, WORDS, Kept, command, end_promise, expect_debt_version, \
    parts_of, reached, refuse, second_person, text_of

ACCEPTED_DAYS, PAID_DAYS = 62, 366
AGENT_SHARE, SUPERVISOR_SHARE = 20, 50  # per cent of what is owed, that each may waive alone
ALL = 10_000  # a share is in hundredths of a per cent


class Settlement:
    def __init__(self, world, body, debt, amount):
        self.id, self.debt, self.amount, self.balance = body["settlement_id"], debt, amount, debt.owed
        self.offered_on, self.expires_on, self.pay_by = world.today, world.day(body["expires_on"]), world.day(body["pay_by"])
        self.grace_ends_on = holidays.business_day_from(world.customers[debt.customer][1], self.pay_by + GRACE_DAYS)
        self.accepted_on, self.after_entries, self.paid, self.discount = None, 0, 0, [0] * 4
        self.state, self.version = "offered", 0

    def stands(self):
        return self.state in ("offered", "accepted", "fulfilled")

    def counts(self, payment):
        return self.is_since(payment) and self.accepted_on <= payment.received_on <= self.grace_ends_on

    def is_since(self, payment):
        """Booked since the acceptance."""
        return payment.entry_no > self.after_entries

    def last_day(self):
        """Of what is waited for; None: of nothing."""
        return {"offered": self.expires_on, "accepted": self.grace_ends_on}.get(self.state)

    def is_free(self):
        """Nothing takes its place, and no more would be waived than was agreed on."""
        debt = self.debt
        return debt.lifecycle == "ACTIVE" and debt.promise is None and debt.plan is None \
            and debt.owed + sum(self.discount) - max(0, self.amount - self.paid) <= self.balance - self.amount

    def check(self):
        assert not self.stands() or self.debt.settlement is self, "a settlement stands that is not the latest"
        assert sum(self.discount) <= self.balance - self.amount, "more was waived than was agreed on"
        assert (self.state == "fulfilled") == any(self.discount), "waived, and not fulfilled"

    def shown(self):
        return {"is": True, "customer": self.debt.customer, "debt": self.debt.id, "discount": [*self.discount, 0], "amount": self.amount,
                "balance": self.balance, "paid": self.paid, "version": self.version, "offered_on": text_of(self.offered_on),
                "expires_on": text_of(self.expires_on), "pay_by": text_of(self.pay_by), "grace_ends_on": text_of(self.grace_ends_on),
                "accepted_on": text_of(self.accepted_on) if self.accepted_on else None, "after_entries": self.after_entries, "state": self.state}


def settlement_event(world, name, settlement, members, entry=None):
    settlement.version += 1
    world.note("settlement", settlement)
    world.about(name, settlement.debt, {"settlement_id": settlement.id, "amount_minor": settlement.amount, **members}, entry)


@command
def offer_settlement(world, body, issuer, approved):
    amount, share = body.get("amount_minor"), body.get("share_bp")
    expires_on, pay_by = world.day(body["expires_on"]), world.day(body["pay_by"])
    refuse("bad_value", "reason", body.get("reason") == "")
    refuse("bad_value", "share_bp", (amount is None) == (share is None))
    refuse("bad_value", "share_bp", share is not None and not 1 <= share < ALL)
    refuse("bad_amount", "amount_minor", amount is not None and not 1 <= amount <= MOST)
    refuse("bad_currency", "currency", ("currency" in body) != (amount is not None))
    refuse("bad_date", "expires_on", not world.today <= expires_on <= world.today + ACCEPTED_DAYS)
    refuse("bad_date", "pay_by", not expires_on <= pay_by <= world.today + PAID_DAYS)
    debt = reached(world, body, issuer)
    refuse("exists", "settlement_id", body["settlement_id"] in world.settlements)
    refuse("bad_currency", "currency", amount is not None and body["currency"] != debt.currency)
    field = "amount_minor"
    if amount is None:
        amount, field = -(-debt.owed * share // ALL), "share_bp"
    waived = debt.owed - amount
    is_much = waived * 100 > debt.owed * SUPERVISOR_SHARE and issuer.role != "agent"
    expect_debt_version(debt, body)
    refuse("bad_transition", "customer_id", not world.customers[debt.customer][0])
    refuse("bad_transition", "debt_id", debt.lifecycle != "ACTIVE" or debt.settlement is not None and debt.settlement.stands())
    refuse("bad_amount", field, waived <= 0)
    refuse("held", "debt_id", "dunning" in debt.stopped)
    refuse("limit_exceeded", field, issuer.role == "agent" and waived * 100 > debt.owed * AGENT_SHARE)
    if is_much and not approved:
        refuse("bad_value", "expected_version", "expected_version" not in body)  # Read: here, where it is known that a second person has to agree
        raise Kept
    settlement = world.settlements[body["settlement_id"]] = debt.settlement = Settlement(world, body, debt, amount)
    settlement_event(world, "SettlementOffered", settlement, {
        "balance_minor": settlement.balance, "expires_on": body["expires_on"], "pay_by": body["pay_by"],
        "grace_ends_on": text_of(settlement.grace_ends_on), "reason": body.get("reason"), "approved_by": second_person(approved),
        "offered_on": text_of(world.today)})


def named(world, body):
    settlement = world.settlements.get(body["settlement_id"])
    refuse("not_found", "settlement_id", settlement is None or settlement.debt.customer != body["customer_id"])
    return settlement


@command
def accept_settlement(world, body, issuer, approved):
    settlement = named(world, body)
    debt = settlement.debt
    refuse("bad_transition", "customer_id", not world.customers[debt.customer][0])
    refuse("bad_transition", "settlement_id", settlement.state != "offered")
    refuse("bad_transition", "settlement_id", debt.lifecycle != "ACTIVE" or not settlement.amount < debt.owed <= settlement.balance)
    refuse("bad_date", "settlement_id", world.today > settlement.expires_on)
    settlement.state, settlement.balance, settlement.accepted_on, settlement.after_entries = "accepted", debt.owed, world.today, len(debt.entries)
    debt.lifecycle = "ARRANGED"
    end_promise(world, debt, "arranged")
    debt.promise = debt.plan = None
    settlement_event(world, "SettlementAccepted", settlement, {
        "balance_minor": settlement.balance, "pay_by": text_of(settlement.pay_by), "grace_ends_on": text_of(settlement.grace_ends_on),
        "accepted_on": text_of(world.today)})


@command
def withdraw_settlement(world, body, issuer, approved):
    refuse("bad_value", "reason", body["reason"] not in WORDS["settlement_withdraw"])
    settlement = named(world, body)
    refuse("bad_transition", "settlement_id", settlement.state not in ("offered", "accepted"))
    withdraw(world, settlement, body["reason"])


def withdraw(world, settlement, reason):
    was_accepted = leaves_debt(settlement)
    settlement.state = "withdrawn"
    settlement_event(world, "SettlementWithdrawn", settlement, {"reason": reason, "was_accepted": was_accepted, "withdrawn_on": text_of(world.today)})


def leaves_debt(settlement):
    """Its debt is ARRANGED by it no more. Whether it was accepted."""
    if settlement.state != "accepted":
        return False
    if settlement.debt.lifecycle == "ARRANGED":  # not PAID
        settlement.debt.lifecycle = "ACTIVE"
    return True


def end_settlement(world, debt, reason):
    if debt.settlement and debt.settlement.state in ("offered", "accepted"):
        withdraw(world, debt.settlement, reason)


def withdraw_paid(world, debt):
    """Nothing is owed any more: all of it was paid, or nothing but a rest of it was waived."""
    if debt.owed == 0:
        end_settlement(world, debt, "debt_paid")


ENDS.append(end_settlement)


# ---- what is paid ----


def waived_parts(parts):
    return {"discount_minor": sum(parts), **parts_of(parts, COMPONENTS)}


def fulfil(world, settlement, payment):
    debt = settlement.debt
    settlement.discount = debt.balances[:CREDIT]
    entry = world.entry(debt, "SETTLEMENT_DISCOUNT", "SETTLEMENT_LOSS", [-part for part in settlement.discount] + [0], world.today)
    settlement.state, debt.lifecycle = "fulfilled", "SETTLED"
    world.aged.append(debt)
    settlement_event(world, "SettlementFulfilled", settlement, {
        "due_on": text_of(debt.due_on), "paid_minor": settlement.paid, **waived_parts(settlement.discount), "payment_id": payment.id,
        "booked_on": text_of(world.today)}, entry)


def take_back(world, settlement):
    """(what was waived, the mirror of its entry)"""
    parts = settlement.discount
    settlement.discount = [0] * 4
    if not any(parts):
        return parts, None
    return parts, world.entry(settlement.debt, "DISCOUNT_REVERSAL", "SETTLEMENT_LOSS", parts + [0], world.today)


def breach(world, settlement, payment):
    debt = settlement.debt
    parts, entry = take_back(world, settlement)
    leaves_debt(settlement)
    settlement.state = "breached"
    settlement_event(world, "SettlementBreached", settlement, {
        "due_on": text_of(debt.due_on), "paid_minor": settlement.paid, "shortfall_minor": max(0, settlement.amount - settlement.paid),
        **waived_parts(parts), "balance_minor": debt.owed, "payment_id": payment and payment.id, "breached_on": text_of(world.today)}, entry)


def reopen(world, settlement, payment):
    """A reversal, in its time: it is to be paid as before."""
    debt = settlement.debt
    parts, entry = take_back(world, settlement)
    settlement.state, debt.lifecycle = "accepted", "ARRANGED"
    settlement_event(world, "SettlementReopened", settlement, {
        "due_on": text_of(debt.due_on), "paid_minor": settlement.paid, **waived_parts(parts), "balance_minor": debt.owed,
        "grace_ends_on": text_of(settlement.grace_ends_on), "payment_id": payment.id, "reopened_on": text_of(world.today)}, entry)


def review_payment(world, payment, amount, reason):
    """A payment was booked, or reversed (below 0): what follows for the settlement of its debt that was offered last."""
    settlement = payment.debt.settlement
    if settlement is None:
        return
    counts = settlement.state in ("accepted", "fulfilled", "breached") and settlement.counts(payment)
    if counts:
        settlement.paid += amount
        settlement.version += 1
        world.note("settlement", settlement)
    if settlement.state in REVIEWED:
        REVIEWED[settlement.state](world, settlement, payment, amount)


def review_offered(world, settlement, payment, amount):
    withdraw_paid(world, settlement.debt)


def review_accepted(world, settlement, payment, amount):
    if settlement.debt.owed == 0:
        withdraw(world, settlement, "debt_paid")
    elif settlement.paid >= settlement.amount:
        fulfil(world, settlement, payment)
    elif world.today > settlement.grace_ends_on:
        breach(world, settlement, None)  # Read: whoever comes first after the grace judges it; no payment has done it
    elif amount < 0 and not settlement.is_since(payment):
        withdraw(world, settlement, "payment_reversed")


def review_fulfilled(world, settlement, payment, amount):
    if amount > 0 or settlement.debt.owed == 0 or not settlement.is_since(payment):
        return
    is_paid, is_free = settlement.paid >= settlement.amount, settlement.is_free()
    if is_free and (is_paid or world.today <= settlement.grace_ends_on):
        reopen(world, settlement, payment)
        if is_paid:
            fulfil(world, settlement, payment)
    elif not is_paid:  # else nothing is taken back: what is owed is what an older payment had paid
        breach(world, settlement, payment)


def review_breached(world, settlement, payment, amount):
    """A payment that was booked late."""
    if amount > 0 and settlement.counts(payment) and settlement.paid >= settlement.amount and settlement.is_free():
        fulfil(world, settlement, payment)


REVIEWED = {"offered": review_offered, "accepted": review_accepted, "fulfilled": review_fulfilled, "breached": review_breached}
REVIEWS.append(review_payment)


def day_has_come(world, settlement):
    """Its timer: it was not accepted in its time, or not paid."""
    last_day = settlement.last_day()
    if last_day is None or last_day >= world.today:
        return
    if settlement.state == "accepted":
        breach(world, settlement, None)
        return
    settlement.state = "expired"
    settlement_event(world, "SettlementExpired", settlement, {"expires_on": text_of(settlement.expires_on), "expired_on": text_of(world.today)})


TIMERS.append((12, "settlement", lambda world: [(settlement.last_day() + 1, settlement) for settlement in world.settlements.values()
                                                if settlement.last_day()], day_has_come))
