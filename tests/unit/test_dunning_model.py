"""The second reading of dunning (tests/system/dunning_model.py): a case for each sentence of consumers/dunning/README.md, "The evaluation"."""

import datetime
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from dunning_model import Debt, Failing, Group, Person, Policy, Step, next_step  # noqa: E402

DUE = datetime.date(2027, 1, 31)


def day(number):
    """So many days past due."""
    return DUE + datetime.timedelta(days=number)


def step(number, days=None, trigger="days_past_due", **members):
    given = {"template": f"t-{number}", "message_class": "demand", "channels": ("email", "sms", "letter"), "send_days": 3, **members}
    return Step(number, trigger, days or 0, **given)


def policy(*steps, **members):
    given = {"name": "early", "version": 1, "priority": 100, "segment": {}, "tolerance_minor": 500, "demands_a_day": 1, "demands_a_week": 3}
    return Policy(**{**given, **members}, steps=steps)


def debt(ref="D-1", due_on=DUE, owed=10_000, **members):
    return Debt(ref.lower(), ref, due_on - datetime.timedelta(days=30), due_on, owed, **members)


def at_level(level, on, ref="D-1", **members):
    return debt(ref, level=level, level_policy="early", level_on=on, stepped_on=on, **members)


def person(*channels, **members):
    return Person("anna", points={f"{channel}-1": channel for channel in channels or ("email",)}, **members)


def said(today, policies, *debts, who=None, event=None, **group):
    """What is next, in a word."""
    policies = policies if isinstance(policies, list) else [policies]
    return str(next_step(Group("creditor", "EUR", list(debts), **group), who or person(), policies, today, event))


LADDER = policy(step(1, -3, message_class="reminder"), step(2, 5), step(3, 14, "days_since_step"))


# ---- 4: the step that is due for a debt ----


@pytest.mark.parametrize(
    "today, answer",
    [
        (day(-4), "none"),
        (day(-3), "step early/1 email D-1"),
        (day(-1), "step early/1 email D-1"),
        (day(0), "none"),  # lapsed, and nothing else goes out on the due day
        (day(4), "none"),
        (day(5), "step early/2 email D-1"),
        (day(50), "step early/2 email D-1"),  # never jumps
    ],
)
def test_days_past_due(today, answer):
    assert said(today, LADDER, debt()) == answer


def test_a_reminder_of_day_zero_has_no_day():
    assert {said(day(days), policy(step(1, 0)), debt()) for days in (-1, 0, 1)} == {"none"}


def test_days_since_a_step_count_from_the_day_of_the_level():
    assert said(day(19), LADDER, at_level(2, day(6))) == "none"
    assert said(day(20), LADDER, at_level(2, day(6))) == "step early/3 email D-1"


def test_days_since_a_step_are_never_over_without_one():
    assert said(day(90), policy(step(1, 0, "days_since_step")), debt()) == "none"


@pytest.mark.parametrize("due, days, first", [((2027, 1, 31), 2, (2027, 2, 2)), ((2027, 2, 3), 2, (2027, 3, 2)), ((2028, 2, 1), 0, (2028, 2, 29))])
def test_month_end_is_that_of_the_due_day(due, days, first):
    due, first = datetime.date(*due), datetime.date(*first)
    ladder = policy(step(1, days, "month_end"))
    assert said(first - datetime.timedelta(days=1), ladder, debt(due_on=due)) == "none"
    assert said(first, ladder, debt(due_on=due)) == "step early/1 email D-1"


def test_no_step_but_a_reminder_goes_out_on_the_due_day():
    ladder = policy(step(1, 0, "month_end"))
    assert said(DUE, ladder, debt()) == "none"
    assert said(day(1), ladder, debt()) == "step early/1 email D-1"


def test_a_day_of_the_calendar():
    ladder = policy(step(1, trigger="on_date", on_date=day(7)))
    assert said(day(6), ladder, debt()) == "none"
    assert said(day(8), ladder, debt()) == "step early/1 email D-1"
    assert said(day(7), ladder, debt(due_on=day(7))) == "none"


def test_a_step_waits_for_the_days_of_the_one_before():
    ladder = policy(step(1, 1, wait_days=10), step(2, 2))
    assert said(day(10), ladder, at_level(1, day(1))) == "none"
    assert said(day(11), ladder, at_level(1, day(1))) == "step early/2 email D-1"


def test_a_debt_takes_one_step_a_day():
    ladder = policy(step(1, 1), step(2, 1))
    assert said(day(1), ladder, at_level(1, day(1))) == "none"
    assert said(day(2), ladder, at_level(1, day(1))) == "step early/2 email D-1"


def test_a_step_of_an_event_fires_by_its_event_only_and_from_any_place():
    ladder = policy(step(1, 5), step(2, 14, "days_since_step"), step(3, trigger="event", event="payment_reversed"))
    assert said(day(60), ladder, at_level(2, day(20))) == "none"
    assert said(day(3), ladder, debt(), event="payment_reversed") == "step early/3 email D-1"
    assert said(day(3), ladder, debt(), event="contact_point_added") == "none"
    assert said(day(0), ladder, debt(), event="payment_reversed") == "none"
    assert said(day(30), ladder, at_level(3, day(20)), event="payment_reversed") == "none"


def test_a_step_of_an_event_is_not_in_the_way_of_the_ladder():
    ladder = policy(step(1, trigger="event", event="payment_reversed"), step(2, 5))
    assert said(day(5), ladder, debt()) == "step early/2 email D-1"


def test_a_person_has_the_steps_of_one_arm():
    ladder = policy(step(1, 5, arm="a"), step(1, 7, arm="b", template="t-b"), step(2, 20), arms=(("a", 1), ("b", 1)))
    assert said(day(6), ladder, debt(), who=person(arms={"early": "a"})) == "step early/1 email D-1"
    assert said(day(6), ladder, debt(), who=person(arms={"early": "b"})) == "none"
    assert said(day(30), ladder, at_level(1, day(5)), who=person(arms={"early": "b"})) == "step early/2 email D-1"


# ---- catching up ----

LATE = (step(1, 5), step(2, 10), step(3, 30))


@pytest.mark.parametrize("mode, number", [("one_a_day", 1), ("most_severe", 2)])
def test_of_several_due_steps(mode, number):
    assert said(day(12), policy(*LATE, catch_up=mode), debt()) == f"step early/{number} email D-1"


def test_the_most_severe_step_leaves_those_below_behind():
    assert said(day(13), policy(*LATE, catch_up="most_severe"), at_level(2, day(12))) == "none"


def test_skip_to_current_sends_none_whose_day_has_passed():
    ladder = policy(*LATE, catch_up="skip_to_current")
    assert said(day(5), ladder, debt()) == "step early/1 email D-1"
    assert said(day(6), ladder, debt()) == "none"
    assert said(day(10), ladder, debt()) == "step early/2 email D-1"
    assert said(day(29), ladder, debt()) == "none"
    assert said(day(30), ladder, debt()) == "step early/3 email D-1"
    assert said(day(31), ladder, debt()) == "none"


def test_what_waits_or_has_failed_is_not_skipped():
    ladder = policy(*LATE, catch_up="skip_to_current")
    assert said(day(6), ladder, debt(), waits_with=("early", 1)) == "step early/1 email D-1"
    assert said(day(30), ladder, debt(), waits_with=("early", 1)) == "step early/1 email D-1"
    assert said(day(6), ladder, debt(), failing=Failing("early", 1, "email", day(5))) != "none"
    assert said(day(6), ladder, debt(), waits_with=("late", 1), failing=Failing("late", 1, "email", day(5))) == "none"


def test_what_was_skipped_counts_as_done_on_its_day():
    ladder = policy(step(1, 5), step(2, 14, "days_since_step"), catch_up="skip_to_current")
    assert said(day(18), ladder, debt()) == "none"
    assert said(day(19), ladder, debt()) == "step early/2 email D-1"


# ---- 3: whose policy ----


@pytest.mark.parametrize(
    "segment, fits",
    [
        ({}, True),
        ({"jurisdiction": "DE"}, True),
        ({"jurisdiction": "GB"}, False),
        ({"customer_kind": "legal"}, False),
        ({"debt_currency": "GBP"}, False),
        ({"creditor_ids": ["creditor", "other"]}, True),
        ({"creditor_ids": ["other"]}, False),
        ({"portfolio_ids": ["p-1"]}, False),
        ({"languages": ["fr", "de"]}, True),
        ({"languages": ["de-AT"]}, False),
        ({"days_from": 5, "days_to": 5}, True),
        ({"days_from": 6}, False),
        ({"days_to": 4}, False),
        ({"balance_from_minor": 10_000}, True),
        ({"balance_from_minor": 10_001}, False),
        ({"balance_to_minor": 10_001}, True),
        ({"balance_to_minor": 10_000}, False),
    ],
)
def test_a_segment(segment, fits):
    assert said(day(5), policy(step(1, 5), segment=segment), debt()) == ("step early/1 email D-1" if fits else "none")


def test_a_language_has_those_of_its_places():
    assert said(day(5), policy(step(1, 5), segment={"languages": ["de"]}), debt(), who=person(locale="de-AT")) == "step early/1 email D-1"


def test_the_lowest_priority_counts_and_another_policy_begins_anew():
    late = policy(step(1, 60, template="l"), name="late", priority=10, segment={"days_from": 60})
    assert said(day(59), [LADDER, late], at_level(3, day(30))) == "none"
    assert said(day(60), [LADDER, late], at_level(3, day(30))) == "step late/1 email D-1"


def test_a_new_version_keeps_the_level():
    assert said(day(20), policy(*LADDER.steps, version=2), at_level(2, day(6))) == "step early/3 email D-1"


# ---- 2: stops ----


@pytest.mark.parametrize(
    "who, reason",
    [
        ({"is_active": False}, "person"),
        ({"circumstances": [("deceased", day(1), None, None)]}, "deceased"),
        ({"circumstances": [("bankruptcy", day(1), None, None)]}, "bankruptcy"),
        ({"circumstances": [("attorney", day(1), None, None)]}, "restriction"),
        ({"circumstances": [("plan_in_development", day(1), day(6), None)]}, "restriction"),
        ({"circumstances": [("dispute", day(1), None, None)]}, "restriction"),
    ],
)
def test_what_stops_a_person(who, reason):
    assert said(day(5), LADDER, debt(), who=person(**who)) == f"wait {reason}"


@pytest.mark.parametrize(
    "circumstance", [("cease", day(6), None, None), ("cease", day(1), day(5), None), ("said_barred", day(1), None, None), ("employer_forbids", day(1), None, None)]
)
def test_what_does_not_stop_a_person(circumstance):
    assert said(day(5), LADDER, debt(), who=person(circumstances=[circumstance])) == "step early/2 email D-1"


def test_nobody_is_asked_on_the_day_on_which_he_wrote():
    assert said(day(5), LADDER, debt(), who=person(inbound_on=day(5))) == "wait early/2 inbound D-1"


def test_a_disputed_debt_is_left_out():
    who = person(circumstances=[("dispute", day(1), None, "d-1")])
    assert said(day(5), LADDER, debt(), who=who) == "none"
    assert said(day(5), LADDER, debt(), debt("D-2"), who=who) == "step early/2 email D-2"


@pytest.mark.parametrize("owed, credit, answer", [(500, 0, "step early/2 email D-1"), (499, 0, "wait balance"), (1000, 501, "wait balance")])
def test_the_balance_is_below_the_tolerance_after_all_credits(owed, credit, answer):
    assert said(day(5), LADDER, debt(owed=owed), debt("D-2", owed=0, credit=credit)) == answer


def test_credits_are_netted_with_what_a_message_lists():
    assert said(day(5), LADDER, debt(), debt("D-2", day(40), owed=9000, credit=0), debt("D-3", owed=0, credit=10_000)) == "wait early/2 balance D-1"


def test_a_step_under_way_ends_by_an_event():
    assert said(day(5), LADDER, debt(), is_under_way=True) == "none"


# ---- 5: preconditions ----


@pytest.mark.parametrize(
    "members, first", [({"min_age_days": 40}, 10), ({"days_from": 8}, 8), ({"days_to": 6}, 5), ({"min_balance_minor": 10_001}, None), ({"min_balance_minor": 10_000}, 5)]
)
def test_a_false_precondition_waits(members, first):
    ladder = policy(step(1, 5, **members))
    days = [days for days in range(5, 20) if said(day(days), ladder, debt()) != "wait early/1 precondition"]
    assert days[:1] == ([] if first is None else [first])


# ---- 6: the step of a group ----


def test_a_message_lists_all_past_due_debts_below_its_level():
    assert said(day(5), LADDER, debt(), debt("D-2", day(3)), debt("D-3", day(5)), at_level(2, day(1), "D-4")) == "step early/2 email D-1 D-2"


def test_or_those_for_which_it_is_due():
    own = policy(*LADDER.steps, new_debts="own")
    assert said(day(5), own, debt(), debt("D-2", day(3)), debt("D-3", day(0))) == "step early/2 email D-1 D-3"


def test_the_highest_step_is_the_groups():
    assert said(day(20), LADDER, debt("D-2", day(12)), at_level(2, day(6))) == "step early/3 email D-1 D-2"


def test_a_reminder_lists_those_that_are_to_be_reminded_of():
    assert said(day(-2), LADDER, debt(), debt("D-2", day(0)), debt("D-3", day(20)), debt("D-4", day(-9), level=2, level_policy="early", level_on=day(-2))) == (
        "step early/1 email D-1 D-2"
    )


def test_of_two_policies_the_older_debt_decides():
    small = policy(step(2, 5, template="s-2"), name="small", priority=10, segment={"balance_to_minor": 5000})
    assert said(day(9), [LADDER, small], debt(), debt("D-2", day(1), owed=4000)) == "step early/2 email D-1"
    assert said(day(9), [LADDER, small], debt(), debt("D-2", day(-1), owed=4000)) == "step small/2 email D-2"


def test_a_message_lists_32_debts_at_most():
    debts = [debt(f"D-{number:02}", day(-number)) for number in range(40)]
    assert said(day(5), LADDER, *debts).split()[3:] == [f"D-{number:02}" for number in range(39, 7, -1)]


# ---- 7: caps ----


@pytest.mark.parametrize(
    "demands, answer",
    [
        ([5], "wait early/2 cap D-1"),
        ([4], "step early/2 email D-1"),
        ([-1, 0, 2], "wait early/2 cap D-1"),
        ([-2, 0, 2], "step early/2 email D-1"),
        ([-2, -2, -2, 2], "step early/2 email D-1"),
    ],
)
def test_caps_count_the_days_of_demands(demands, answer):
    assert said(day(5), LADDER, debt(), who=person(demands=[day(days) for days in demands])) == answer


def test_reminders_are_held_back_too():
    assert said(day(-3), LADDER, debt(), who=person(demands=[day(-3)])) == "wait early/1 cap D-1"


def test_a_message_that_asks_for_nothing_is_not():
    ladder = policy(step(1, 5, message_class="account_service", channels=("email",)))
    assert said(day(5), ladder, debt(), who=person(demands=[day(5)])) == "step early/1 email D-1"


def test_calls_count():
    assert said(day(5), policy(step(1, 5, action="call", channels=())), debt(), who=person(demands=[day(5)])) == "wait early/1 cap D-1"


# ---- 8: channels ----


@pytest.mark.parametrize(
    "who, answer",
    [
        (person("sms", "email"), "step early/2 email D-1"),
        (person("sms", "letter"), "step early/2 sms D-1"),
        (person("email", "letter", refused={"email"}), "step early/2 letter D-1"),
        (person("email", refused={"email"}), "wait early/2 opted_out D-1"),
        (person("voice"), "wait early/2 no_contact D-1"),
    ],
)
def test_the_first_channel_that_may_be_used(who, answer):
    assert said(day(5), LADDER, debt(), who=who) == answer


def test_a_failed_step_takes_the_channel_behind():
    who, failing = person("email", "sms", "letter"), Failing("early", 2, "email", day(5))
    assert said(day(5), LADDER, debt(), who=who, failing=failing) == "step early/2 sms D-1"
    assert said(day(25), LADDER, at_level(2, day(6)), who=who, failing=failing) == "step early/3 email D-1"


@pytest.mark.parametrize(
    "otherwise, answers",
    [
        ({"otherwise": "move_on"}, ["skip early/1 D-1"] * 3),
        ({"otherwise": "review"}, ["task early/1 review D-1"] * 3),
        ({"otherwise": "retry", "retry_days": 2, "tries_max": 2}, ["wait early/1 retry D-1", "wait early/1 retry D-1", "step early/1 email D-1"]),
        ({"otherwise": "retry", "retry_days": 2, "tries_max": 1}, ["skip early/1 D-1"] * 3),
    ],
)
def test_with_no_channel_left(otherwise, answers):
    ladder = policy(step(1, 5, channels=("email",), **otherwise))
    failing = Failing("early", 1, "email", day(5))
    assert [said(day(5 + later), ladder, debt(), failing=failing) for later in range(3)] == answers


@pytest.mark.parametrize("otherwise", ["move_on", "review", "retry"])
def test_a_failed_step_waits_for_a_channel_and_goes_on_with_its_first_one(otherwise):
    ladder = policy(step(1, 5, channels=("email", "sms"), otherwise=otherwise, tries_max=3))
    who, failing = person("email"), Failing("early", 1, "email", day(5))
    who.refused = {"email"}
    assert said(day(5), ladder, debt(), who=who, failing=failing) == "wait early/1 opted_out D-1"
    who.points = {}
    assert said(day(6), ladder, debt(), who=who, failing=failing) == "wait early/1 no_contact D-1"
    assert said(day(7), ladder, debt(), who=person("email", "sms"), failing=failing) == "step early/1 email D-1"


def test_a_step_in_its_last_round_moves_on():
    ladder = policy(step(1, 5, channels=("email",), otherwise="retry", retry_days=2, tries_max=2))
    assert said(day(9), ladder, debt(), failing=Failing("early", 1, "email", day(7), rounds=1)) == "skip early/1 D-1"
