"""What a payment was more than owed is paid back (consumers/DOMAIN.md 5; consumers/debts/README.md has the limit)."""

import charges
from debts import CREDIT, LEFT, MOST, command, refuse, second_person, text_of


def left_of(payment):
    """Of its own credit, as much as there is on the debt."""
    return min(payment.allocated[CREDIT] - payment.refunded, payment.debt.balances[CREDIT])


@command
def refund_payment(world, body, issuer, approved):
    amount = body["amount_minor"]
    refuse("bad_value", "transfer_ref", body.get("transfer_ref") == "")
    refuse("bad_value", "reason", not body["reason"])
    refuse("bad_amount", "amount_minor", not 1 <= amount <= MOST)
    payment = world.payments.get(body["payment_id"])
    refuse("not_found", "payment_id", payment is None or payment.debt.customer != body["customer_id"])
    debt = payment.debt
    refuse("bad_currency", "currency", body["currency"] != debt.currency)
    refuse("bad_transition", "payment_id", payment.state == "reversed" or debt.lifecycle in LEFT)
    refuse("bad_amount", "amount_minor", amount > left_of(payment))
    charges.ask_limit("RefundPayment", amount, issuer, approved)

    entry = world.entry(debt, "REFUND", "REFUND_PAYABLE", [0, 0, 0, 0, amount], world.today)
    payment.refunded += amount
    world.note("payment", payment)
    world.about("PaymentRefunded", debt, {
        "payment_id": payment.id, "due_on": text_of(debt.due_on), "received_on": text_of(payment.received_on),
        "refunded_on": text_of(world.today), "reason": body["reason"], "transfer_ref": body.get("transfer_ref"), "amount_minor": amount,
        "refunded_minor": payment.refunded, "credit_minor": debt.balances[CREDIT], "balance_minor": debt.owed,
        "approved_by": second_person(approved),
    }, entry)
    count_less(world, payment, amount)


def count_less(world, payment, amount):
    """For what was arranged the payment was smaller; nothing is owed, so nothing is judged."""
    promise, plan, settlement = payment.debt.promise, payment.debt.plan, payment.debt.settlement
    if promise and promise.state not in ("cancelled", "superseded") and promise.counts(payment.received_on, payment.entry_no):
        promise.paid -= amount
        promise.version += 1
        world.note("promise", promise)
    if plan and plan.state not in ("proposed", "cancelled") and payment.entry_no > plan.after_entries:
        plan.paid -= amount
        plan.version += 1
        world.note("plan", plan)
    if settlement and settlement.state in ("accepted", "fulfilled", "breached") and settlement.counts(payment):
        settlement.paid -= amount
        settlement.version += 1
        world.note("settlement", settlement)
