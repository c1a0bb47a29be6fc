"""Days past due, without those on which a hold stops ageing, and their buckets (consumers/DOMAIN.md 4, axis 2)."""

from debts import AGES, BUCKET_NAMES, BUCKETS, LEFT, TIMERS, bucket_of, text_of

def stops_ageing(hold):
    return "ageing" in hold.effects


def covers(hold, day):
    """Read: one that is active is not over before its Tick, nor has one begun before its own."""
    if not stops_ageing(hold) or day < hold.from_on:
        return False
    return hold.state == "active" or (hold.state in ("released", "expired") and day < hold.ended_on)


def paused_days(world, debt):
    """Those after the due day, up to today. However many holds cover a day, it is one."""
    holds = [hold for hold in world.holds.values() if hold.debt is debt and stops_ageing(hold)]
    return sum(any(covers(hold, day) for hold in holds) for day in range(debt.due_on + 1, world.today + 1)) if holds else 0


def is_aged(debt):
    return debt.owed > 0 and debt.lifecycle != "NEW" and debt.lifecycle not in LEFT


def days_past_due(world, debt):
    return max(0, world.today - debt.due_on - paused_days(world, debt)) if debt.owed > 0 else 0


def age(world, debt):
    """It may be in another bucket today."""
    bucket = bucket_of(days_past_due(world, debt))
    if bucket == debt.bucket or debt.lifecycle == "NEW" or debt.lifecycle in LEFT:
        return
    before, debt.bucket = debt.bucket, bucket
    world.about("DelinquencyChanged", debt, {
        "due_on": text_of(debt.due_on), "balance_minor": debt.owed, "bucket_from": before, "bucket_to": bucket,
        "days_past_due": days_past_due(world, debt), "paused_days": paused_days(world, debt), "changed_on": text_of(world.today)})


AGES.append(age)


def next_days(world):
    """The days on which debts that are not paused enter their next buckets."""
    for debt in world.debts.values():
        holds = [hold for hold in world.holds.values() if hold.debt is debt and stops_ageing(hold)]
        place = BUCKET_NAMES.index(debt.bucket) + 1
        if is_aged(debt) and place < len(BUCKET_NAMES) and not any(hold.state == "active" for hold in holds):
            yield debt.due_on + paused_days(world, debt) + BUCKETS[place], debt


def day_has_come(world, debt):
    # Read: a hold whose first day has come pauses that day, though its own timer is the later one of the Tick.
    if is_aged(debt) and not any(hold.debt is debt and stops_ageing(hold) and hold.state == "planned" and hold.from_on <= world.today
                                 for hold in world.holds.values()):
        age(world, debt)


TIMERS.append((13, "delinquency", next_days, day_has_come))
