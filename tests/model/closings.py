"""The five ends of a debt: charged off and back, written off, transferred, recalled (consumers/DOMAIN.md 4, 5)."""

from debts import COMPONENTS, CREDIT, LEFT, OPEN, WORDS, Kept, activate, command, end_arrangements, end_promise, expect_debt_version, parts_of, \
    reached, refuse, second_person, text_of

WRITE_OFF_ALONE = 100_000


def amounts_of(debt):
    return {"due_on": text_of(debt.due_on), "amount_minor": debt.owed, **parts_of(debt.balances, COMPONENTS)}


@command
def charge_off(world, body, issuer, approved):
    refuse("bad_value", "reason", not body["reason"])
    debt = reached(world, body, issuer)
    expect_debt_version(debt, body)
    refuse("bad_transition", "debt_id", debt.lifecycle not in OPEN or debt.lifecycle == "CHARGED_OFF")

    end_arrangements(world, debt, "debt_charged_off")
    debt.charge_off = world.today, debt.lifecycle, len(debt.entries)
    debt.lifecycle = "CHARGED_OFF"
    world.about("DebtChargedOff", debt, {"charged_off_on": text_of(world.today), "previous_lifecycle": debt.charge_off[1], **amounts_of(debt),
                                         "reason": body["reason"]})
    end_promise(world, debt, "debt_charged_off")
    if debt.charge_off[1] == "NEW":  # Read: the others age on, by their own day
        world.aged.append(debt)


@command
def undo_charge_off(world, body, issuer, approved):
    refuse("bad_value", "reason", not body["reason"])
    debt = reached(world, body, issuer)
    expect_debt_version(debt, body)
    refuse("bad_transition", "debt_id", debt.lifecycle != "CHARGED_OFF" or len(debt.entries) != debt.charge_off[2])

    debt.lifecycle = debt.charge_off[1]
    debt.charge_off = None
    world.about("ChargeOffUndone", debt, {"due_on": text_of(debt.due_on), "undone_on": text_of(world.today), "lifecycle": debt.lifecycle,
                                          "balance_minor": debt.owed, "reason": body["reason"]})
    activate(world, debt)


def leave(world, debt, lifecycle, reason, kind, contra, event, members):
    """All that is owed is posted away, and of a paid debt that is recalled its credit."""
    end_arrangements(world, debt, reason)
    amounts, credit = amounts_of(debt), debt.balances[CREDIT]
    entry = None
    if any(debt.balances):
        entry = world.entry(debt, kind, contra, [-amount for amount in debt.balances[:CREDIT]] + [credit], world.today)
    debt.lifecycle = lifecycle
    world.about(event, debt, amounts | members, entry)
    if contra == "CREDITOR_CLAIM":  # Read: what went back to the creditor is not charged any more; the credit that he took over is
        debt.charged += credit - amounts["amount_minor"]
        world.changed[f"debt_terms {debt.id}"] = debt.shown_terms
    end_promise(world, debt, reason)


@command
def write_off(world, body, issuer, approved):
    refuse("bad_value", "reason", not body["reason"])
    debt = reached(world, body, issuer)
    is_much = debt.owed > WRITE_OFF_ALONE
    # Read: a value is missing, none is in conflict.
    refuse("bad_value", "expected_version", is_much and not approved and "expected_version" not in body)
    expect_debt_version(debt, body)
    refuse("bad_transition", "debt_id", debt.lifecycle not in OPEN)
    if is_much and not approved:
        raise Kept
    leave(world, debt, "WRITTEN_OFF", "debt_written_off", "WRITE_OFF", "WRITE_OFF", "DebtWrittenOff", {
        "written_off_on": text_of(world.today), "reason": body["reason"], "approved_by": second_person(approved)})


@command
def transfer_debt(world, body, issuer, approved):
    refuse("bad_value", "kind", body["kind"] not in WORDS["transfer"])
    refuse("bad_value", "transferee", not body["transferee"])
    refuse("bad_value", "reason", not body["reason"])
    day = world.day(body["transferred_on"]) if "transferred_on" in body else world.today
    refuse("bad_date", "transferred_on", day > world.today)
    debt = reached(world, body, issuer)
    # Read: who names no day has named no wrong one, though the debt be opened ahead.
    refuse("bad_date", "transferred_on", "transferred_on" in body and day < debt.opened_on)
    expect_debt_version(debt, body)
    refuse("bad_transition", "debt_id", debt.lifecycle not in OPEN)
    refuse("held", "debt_id", "sale" in debt.stopped)
    leave(world, debt, "TRANSFERRED", "debt_transferred", "TRANSFER_OUT", "CREDITOR_CLAIM", "DebtTransferred", {
        "booked_on": text_of(world.today), "transferred_on": text_of(day), "kind": body["kind"], "transferee": body["transferee"],
        "reason": body["reason"]})


@command
def recall_debt(world, body, issuer, approved):
    refuse("bad_value", "reason", not body["reason"])
    debt = reached(world, body, issuer)
    expect_debt_version(debt, body)
    refuse("bad_transition", "debt_id", debt.lifecycle in LEFT)
    leave(world, debt, "TRANSFERRED", "debt_recalled", "TRANSFER_OUT", "CREDITOR_CLAIM", "DebtRecalled", {
        "recalled_on": text_of(world.today), "credit_minor": debt.balances[CREDIT], "reason": body["reason"]})
