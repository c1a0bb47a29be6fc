"""What people change of what is owed: fees, costs, waivers, corrections (consumers/DOMAIN.md 5; consumers/debts/README.md has the limits)."""

import plans
import settlements
from debts import COMPONENTS, COST, FEE, MOST, OPEN, WORDS, Kept, command, judge, pay_off, reached, refuse, second_person, text_of

# What each role may do alone, in minor units of whatever currency. Above it a supervisor needs a second person; another is refused.
ALONE = {
    "AssessFee": {"agent": 5_000, "supervisor": 50_000, "system": 5_000},
    "AssessCost": {"agent": 10_000, "supervisor": 200_000},
    "WaiveAmount": {"agent": 5_000, "supervisor": 50_000},
    "AdjustBalance": {"supervisor": 50_000},
    "RefundPayment": {"supervisor": 100_000},
}


def ask_limit(name, amount, issuer, approved):
    limits = ALONE[name]
    if issuer.role == "-":  # all roles that the command has
        limit, is_kept = max(limits.values()), True
    else:
        limit, is_kept = limits[issuer.role], issuer.role == "supervisor"
    if amount > limit and not approved:
        refuse("limit_exceeded", "amount_minor", not is_kept)
        raise Kept


def chargeable(world, body, issuer):
    """The debt, while it is open: nothing is charged or corrected beside credit."""
    refuse("bad_value", "reason", not body["reason"])
    refuse("bad_amount", "amount_minor", not 1 <= body["amount_minor"] <= MOST)
    debt = reached(world, body, issuer)
    refuse("bad_currency", "currency", body["currency"] != debt.currency)
    refuse("bad_transition", "debt_id", debt.lifecycle not in OPEN or debt.lifecycle == "ARRANGED")  # a plan is about all that is owed
    return debt


def change(world, debt, account, kind, contra, amount, event, body, members, approved):
    debits = [0] * 5
    debits[account] = amount
    entry = world.entry(debt, kind, contra, debits, world.today)
    debt.charged += amount
    world.about(event, debt, {"due_on": text_of(debt.due_on), "booked_on": text_of(world.today), "component": COMPONENTS[account],
                              "amount_minor": abs(amount), "balance_minor": debt.owed, "reason": body["reason"],
                              "approved_by": second_person(approved), **members}, entry)
    world.changed[f"debt_terms {debt.id}"] = debt.shown_terms
    pay_off(world, debt, world.today)
    plans.complete_paid(world, debt)
    settlements.withdraw_paid(world, debt)
    if debt.promise and debt.promise.state == "open":
        judge(world, debt.promise)  # Read: also when something is charged, though that changes nothing of what was paid


def assess(world, body, issuer, approved, name, account, kind):
    refuse("bad_value", "basis", body["basis"] not in WORDS["basis"])
    debt = chargeable(world, body, issuer)
    refuse("bad_amount", "amount_minor", debt.charged + body["amount_minor"] > MOST)
    refuse("held", "debt_id", "fees" in debt.stopped or (debt.promise and debt.promise.state == "open"))
    ask_limit(name, body["amount_minor"], issuer, approved)
    change(world, debt, account, kind, "FEE_INCOME", body["amount_minor"], "ChargeAssessed", body, {"basis": body["basis"]}, approved)


@command
def assess_fee(world, body, issuer, approved):
    assess(world, body, issuer, approved, "AssessFee", FEE, "ASSESS_FEE")


@command
def assess_cost(world, body, issuer, approved):
    assess(world, body, issuer, approved, "AssessCost", COST, "ASSESS_COST")


@command
def waive_amount(world, body, issuer, approved):
    refuse("bad_value", "component", body["component"] not in WORDS["component"])
    debt = chargeable(world, body, issuer)
    account, amount = COMPONENTS.index(body["component"]), body["amount_minor"]
    refuse("bad_amount", "amount_minor", amount > debt.balances[account])
    ask_limit("WaiveAmount", amount, issuer, approved)
    change(world, debt, account, "WAIVE", "WAIVER", -amount, "AmountWaived", body, {}, approved)


@command
def adjust_balance(world, body, issuer, approved):
    refuse("bad_value", "component", body["component"] not in WORDS["component"])
    refuse("bad_value", "direction", body["direction"] not in WORDS["direction"])
    debt = chargeable(world, body, issuer)
    account, amount, is_up = COMPONENTS.index(body["component"]), body["amount_minor"], body["direction"] == "up"
    refuse("bad_amount", "amount_minor", debt.charged + amount > MOST if is_up else amount > debt.balances[account])
    ask_limit("AdjustBalance", amount, issuer, approved)
    change(world, debt, account, "ADJUST_UP" if is_up else "ADJUST_DOWN", "CREDITOR_CLAIM", amount if is_up else -amount, "BalanceAdjusted", body,
           {"direction": body["direction"]}, approved)
