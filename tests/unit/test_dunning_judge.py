"""The judge of dunning (tests/system/dunning_judge.py) finds what it is there for, and nothing in a history that is right."""

import datetime
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from dunning_judge import Judge, Line, judge_all, other_choices, read_line, read_script  # noqa: E402

UTC = datetime.timezone.utc
FIRST = datetime.date(2027, 3, 1)
HOURS = (7, 13, 19)  # of Ticks, 08:10 to 20:10 in Berlin
ANNA, CREDITOR, OTHER = "anna", "c-1", "c-2"


def at(day, hour=7):
    return datetime.datetime.combine(FIRST + datetime.timedelta(days=day - 1), datetime.time(hour, 10), UTC)


def on(day):
    return str(FIRST + datetime.timedelta(days=day - 1))


def a_step(number, days, trigger="days_past_due", **members):
    given = {"template": f"t-{number}", "message_class": "demand", "channels": "email sms", "send_days": 3, "action": "send", "otherwise": "move_on"}
    return {"number": number, "trigger": trigger, "days": days, **given, **members}


def a_policy(*steps, name="early", **members):
    given = {"policy_version": 1, "priority": 100, "tolerance_minor": 500, "demands_a_day": 1, "demands_a_week": 3, "catch_up": "one_a_day"}
    return {"$id": name, "publication_id": name, "policy": name, **given, "new_debts": "join", "reopened": "start", **members, "steps": list(steps)}


LADDER = (a_step(1, -3, message_class="reminder"), a_step(2, 5), a_step(3, 10, "days_since_step"))


def published(*policies):
    for policy in policies or (a_policy(*LADDER),):
        yield "PublishPolicy", policy
        yield "ApproveCommand", {"command_id": policy["$id"]}


def anna(*channels):
    yield "CreateCustomer", {"customer_id": ANNA, "kind": "natural", "country": "DE", "locale": "de-DE", "timezone": "Europe/Berlin"}
    for channel in channels or ("email", "sms"):
        yield "AddContactPoint", {"contact_point_id": channel, "customer_id": ANNA, "channel": channel, "address": "anna"}
        yield granted(channel, 0)


def granted(channel, day):
    return "GrantConsent", {"customer_id": ANNA, "channel": channel, "purpose": "collect", "obtained_at": at(day).isoformat()}


def owes(ref="D-1", due=10, amount=10_000, creditor=CREDITOR):
    amounts = {"principal_minor": amount, "interest_minor": 0, "fee_minor": 0, "cost_minor": 0}
    return "CreateDebt", {"debt_id": ref, "customer_id": ANNA, "creditor_id": creditor, "external_ref": ref, "currency": "EUR", "opened_on": on(-30), "due_on": on(due), **amounts}


def about(type_, **body):
    return type_, {"customer_id": ANNA, **body}


def pays(amount, ref="D-1", name="p-1"):
    return about("RecordPayment", payment_id=name, debt_id=ref, amount_minor=amount, received_on=on(1))


def mail(day, template, *refs, hour=7, channel="email", owed=None, **members):
    refs = refs or ("D-1",)
    return Line(at(day, hour), ANNA, channel, template, refs, 10_000 * len(refs) if owed is None else owed, **members)


def history(happened, last=40):
    """happened: {(day, hour): commands}. Setup is on day 0, before the first business date that matters."""
    return ((at(day, hour), list(happened.get((day, hour), ()))) for day in range(0, last) for hour in HOURS)


def findings(happened, *lines):
    judge = Judge(lines)
    judge.judge(history(happened))
    return [f"{finding.kind} {finding.at:%d} {finding.text}" for finding in judge.findings]


def unexplained(happened, *lines):
    """Whatever nobody outside can know."""
    return [str(finding) for finding in judge_all(lines, lambda: history(happened)).findings]


def in_los_angeles(happened):
    happened[0, 7][2] = ("CreateCustomer", {**happened[0, 7][2][1], "timezone": "America/Los_Angeles", "country": "US"})
    return happened


def setup(*commands, policies=(), channels=()):
    return {(0, 7): list(published(*policies)) + list(anna(*channels)) + [owes()] + list(commands)}


REMINDED, DEMANDED, AGAIN = mail(7, "t-1"), mail(15, "t-2"), mail(25, "t-3")
RIGHT = (REMINDED, DEMANDED, AGAIN)


def test_a_ladder_that_is_right():
    assert findings(setup(), *RIGHT) == []


@pytest.mark.parametrize(
    "lines, found",
    [
        ((REMINDED, DEMANDED), "missing 25 t-3 by email about D-1, asked for on 2027-03-25 did not come"),
        ((REMINDED, DEMANDED, AGAIN, mail(30, "t-3")), "unasked 30 t-3 by email about D-1 at 2027-03-30 07:10, not none"),
        ((REMINDED, mail(15, "t-2", channel="sms"), AGAIN), "wrong 15 t-2 by sms about D-1 at 2027-03-15 07:10, not t-2 by email about D-1, asked for on 2027-03-15"),
        ((REMINDED, mail(15, "t-3")), "wrong 15 t-3 by email about D-1 at 2027-03-15 07:10, not t-2 by email about D-1, asked for on 2027-03-15"),
        ((REMINDED, mail(15, "t-2", "D-1", "D-2"), AGAIN), "wrong 15 t-2 by email about D-1 D-2 at 2027-03-15 07:10, not t-2 by email about D-1, asked for on 2027-03-15"),
        ((REMINDED, mail(15, "t-2", owed=1), AGAIN), "balance 15 t-2 by email about D-1 at 2027-03-15 07:10: states 1"),
        ((REMINDED, mail(15, "t-2", "D-9"), AGAIN), "missing 15 t-2 by email about D-1, asked for on 2027-03-15 did not come"),
    ],
)
def test_what_is_wrong_is_found_once(lines, found):
    assert findings(setup(), *lines)[:1] == [found]


def test_a_day_too_late_is_found_and_the_ladder_goes_on_from_there():
    assert findings(setup(), REMINDED, mail(16, "t-2"), mail(26, "t-3")) == ["missing 15 t-2 by email about D-1, asked for on 2027-03-15 did not come"]


def test_a_time_that_the_script_does_not_have_is_found():
    assert findings(setup(), *RIGHT, mail(27, "t-3", hour=9)) != []


# ---- a step's life ----


def test_a_payment_ends_the_ladder_and_a_reversal_begins_it_anew():
    happened = setup() | {(16, 7): [pays(10_000)], (19, 19): [about("ReversePayment", payment_id="p-1")]}
    assert findings(happened, REMINDED, DEMANDED, mail(20, "t-2", hour=13), mail(30, "t-3")) == []


def test_or_goes_on_where_it_was():
    happened = setup(policies=[a_policy(*LADDER, reopened="resume")]) | {(16, 7): [pays(10_000)], (20, 13): [about("ReversePayment", payment_id="p-1")]}
    assert findings(happened, *RIGHT) == []


def test_as_the_policy_of_that_day_says():
    newer = {**a_policy(*LADDER, reopened="resume"), "$id": "newer", "publication_id": "newer", "policy_version": 2}
    happened = setup() | {(16, 7): [pays(10_000)], (17, 7): list(published(newer)), (20, 13): [about("ReversePayment", payment_id="p-1")]}
    assert findings(happened, *RIGHT) == []


def test_a_group_takes_one_step_a_day_whatever_the_caps_allow():
    happened = setup(policies=[a_policy(*LADDER, demands_a_day=2)]) | {(15, 7): [owes("D-2", 9)]}
    assert findings(happened, REMINDED, DEMANDED, mail(16, "t-2", "D-2"), mail(25, "t-3", "D-2", "D-1")) == []


def test_a_part_payment_leaves_the_level():
    assert findings(setup() | {(16, 7): [pays(1000)]}, REMINDED, DEMANDED, mail(25, "t-3", owed=9000)) == []


@pytest.mark.parametrize("command", [pays(1000), about("AmendDebt", debt_id="D-1", due_on=on(9))])
def test_what_changes_a_debt_withdraws_its_step_until_the_next_day(command):
    """In Los Angeles the Tick of 07:10 is at night, and that of 13:10: the message waits for the last one."""
    happened = in_los_angeles(setup())
    left = 9000 if command[0] == "RecordPayment" else 10_000
    assert findings(happened, mail(7, "t-1", hour=19), mail(15, "t-2", hour=19), mail(25, "t-3", hour=19)) == []
    happened[15, 13] = [command]
    assert findings(happened, mail(7, "t-1", hour=19), mail(16, "t-2", hour=19, owed=left), mail(26, "t-3", hour=19, owed=left)) == []


def test_a_cancelled_debt_has_no_ladder():
    assert findings(setup() | {(8, 7): [about("CancelDebt", debt_id="D-1")]}, REMINDED) == []


def test_a_debt_whose_due_day_was_moved_begins_anew():
    assert findings(setup() | {(20, 7): [about("AmendDebt", debt_id="D-1", due_on=on(27))]}, REMINDED, DEMANDED, mail(24, "t-1"), mail(32, "t-2")) == []


def test_a_refused_message_goes_by_the_next_channel_soon():
    refused = mail(15, "t-2", outcome="refused")
    assert findings(setup(), REMINDED, refused, mail(16, "t-2", channel="sms"), mail(26, "t-3")) == []


def test_a_step_that_failed_on_all_channels_is_moved_on_from():
    assert findings(setup(channels=["email"]), REMINDED, mail(15, "t-2", outcome="refused"), AGAIN) == []


def test_or_is_tried_again():
    steps = (a_step(2, 5, otherwise="retry", retry_days=2, tries_max=2), a_step(3, 10, "days_since_step"))
    failed = mail(15, "t-2", outcome="refused")
    assert findings(setup(policies=[a_policy(*steps)], channels=["email"]), failed, mail(17, "t-2"), mail(27, "t-3")) == []
    assert findings(setup(policies=[a_policy(*steps)], channels=["email"]), failed, mail(17, "t-2", outcome="refused"), mail(27, "t-3")) == []


def test_what_a_busy_gateway_takes_later_counts_then():
    assert findings(setup(), REMINDED, mail(15, "t-2", outcome="busy"), mail(16, "t-2", hour=13), mail(26, "t-3")) == []


def test_it_may_be_tried_again_at_once():
    assert findings(setup(), REMINDED, mail(15, "t-2", outcome="busy"), mail(15, "t-2", outcome="busy"), mail(16, "t-2"), mail(26, "t-3")) == []


@pytest.mark.parametrize("day, hour", [(18, 13), (19, 7)])
def test_what_it_never_takes_goes_by_the_next_channel(day, hour):
    busy = [mail(day, "t-2", hour=hour, outcome="busy") for day in (15, 16, 17) for hour in (7, 13)]
    assert unexplained(setup(), REMINDED, *busy, mail(day, "t-2", hour=hour, channel="sms"), mail(day + 10, "t-3")) == []


def test_what_is_tried_again_behind_its_hours_waits_for_the_guard():
    """It was released on the 4th of April, until 21:00 in London; on the morning behind it the guard is asked again, and it is a contact of the 5th."""
    happened = {(0, 7): list(published(a_policy(a_step(2, 5)))) + list(anna()) + [owes(due=30)]}
    happened[0, 7][2] = ("CreateCustomer", {**happened[0, 7][2][1], "timezone": "Europe/London", "country": "GB"})
    judge = Judge([*(mail(35, "t-2", hour=hour, outcome="busy") for hour in HOURS), mail(36, "t-2", hour=13)])
    assert judge.judge(history(happened)) == []
    assert judge.people[ANNA].contacts == [at(36, 13)]


# ---- what the guard does to it ----


def test_a_channel_without_permission_is_passed_over():
    happened = setup(channels=["sms"])
    happened[0, 7].append(("AddContactPoint", {"contact_point_id": "email", "customer_id": ANNA, "channel": "email", "address": "anna"}))
    assert findings(happened, mail(8, "t-1", channel="sms"), mail(16, "t-2", channel="sms"), mail(27, "t-3", channel="sms")) == []


def test_an_opt_out_moves_to_the_next_channel():
    assert findings(setup() | {(12, 7): [about("WithdrawConsent", channel="email")]}, REMINDED, mail(15, "t-2", channel="sms"), mail(25, "t-3", channel="sms")) == []


def test_all_opted_out_waits_for_a_new_consent():
    happened = setup() | {(12, 7): [about("WithdrawConsent", channel=None)], (20, 7): [granted("email", 20)]}
    assert findings(happened, REMINDED, mail(21, "t-2"), mail(31, "t-3")) == []


def test_nobody_is_asked_on_the_day_on_which_he_wrote_nor_within_24_hours():
    wrote = about("RecordInbound", channel="email", text="when?", received_at=at(14, 13).isoformat())
    assert findings(setup() | {(14, 13): [wrote]}, REMINDED, mail(15, "t-2", hour=13), AGAIN) == []
    wrote = about("RecordInbound", channel="email", text="when?", received_at=at(15, 13).isoformat())
    assert findings(setup() | {(14, 13): [owes("D-2", 10)], (15, 13): [wrote]}, REMINDED, mail(15, "t-2", "D-1", "D-2"), mail(25, "t-3", "D-1", "D-2")) == []


def test_the_house_defers_what_the_policy_allows():
    """A reminder of another creditor on the same day: one message a day, whoever is first."""
    happened = setup(owes("D-2", 18, creditor=OTHER))
    assert findings(happened, REMINDED, DEMANDED, mail(16, "t-1", "D-2"), mail(23, "t-2", "D-2"), AGAIN, mail(33, "t-3", "D-2")) == []
    assert findings(happened, REMINDED, mail(15, "t-1", "D-2"), mail(16, "t-2"), mail(23, "t-2", "D-2"), mail(26, "t-3"), mail(33, "t-3", "D-2")) == []


def test_what_failed_at_a_tick_may_have_held_back_another_one():
    """Of two creditors: at 20:10 it is too late in Berlin, so on the next day both ask the guard, and the first one fails only then."""
    happened = setup(owes("D-2", creditor=OTHER), policies=[a_policy(a_step(2, 5), demands_a_day=2, demands_a_week=4)])
    first = mail(15, "t-2", outcome="busy"), mail(15, "t-2", hour=13, outcome="busy"), mail(16, "t-2", outcome="refused"), mail(16, "t-2", hour=13, channel="sms")
    assert unexplained(happened, *first, mail(17, "t-2", "D-2")) == []


def test_a_telephone_number_of_another_country_says_where_he_may_be():
    """At 08:10 in Berlin it is 07:10 in London."""
    number = about("AddContactPoint", contact_point_id="another", channel="sms", address="+447700900001")
    assert findings(setup(number), *(mail(line.at.day, line.template, hour=13) for line in RIGHT)) == []
    assert findings(setup(number, about("InvalidateContactPoint", contact_point_id="another")), *RIGHT) == []


def test_a_demand_at_night_is_found():
    assert findings(setup(policies=[a_policy(a_step(2, 5))]), mail(15, "t-2", hour=19)) != []


# ---- the person ----


def test_a_stop_ends_and_the_ladder_goes_on_one_step_a_day():
    stops = about("RecordCircumstance", circumstance_id="x", kind="cease", from_on=on(14))
    ladder = (a_step(2, 5), a_step(3, 6))
    happened = setup(policies=[a_policy(*ladder)]) | {(14, 7): [stops], (25, 7): [about("EndCircumstance", circumstance_id="x")]}
    assert findings(happened, mail(26, "t-2"), mail(27, "t-3")) == []


@pytest.mark.parametrize("lines", [(), (mail(15, "t-2", hour=19),)])
def test_a_stop_and_its_message_at_one_tick_come_in_any_order(lines):
    plans = about("RecordCircumstance", circumstance_id="x", kind="plan_in_development", from_on=on(15))
    assert findings(in_los_angeles(setup(policies=[a_policy(a_step(2, 5))])) | {(15, 7): [plans]}, *lines) == []


@pytest.mark.parametrize("day", [16, 17])
def test_what_is_over_on_a_day_may_be_over_before_its_first_question(day):
    """Not by e-mail, which he does not permit, and by text at 20:10 no more: so no message of the 15th tells."""
    ceases = about("RecordCircumstance", circumstance_id="x", kind="cease", from_on=on(10), until_on=on(15))
    happened = setup(policies=[a_policy(a_step(2, 5))]) | {(10, 7): [ceases]}
    happened[0, 7].remove(granted("email", 0))
    assert unexplained(happened, mail(day, "t-2", channel="sms")) == []


@pytest.mark.parametrize("creditor", [CREDITOR, OTHER])
def test_a_search_names_any_of_the_groups_that_wait_at_its_tick(creditor):
    """One of them is asked about because of a reversal."""
    seen = {"task": "x", "kind": "trace", "customer": ANNA, "creditor": creditor, "currency": "EUR", "policy": "early", "step": "2", "since": on(15)}
    happened = setup(owes("D-2", creditor=OTHER), policies=[a_policy(a_step(2, 5, channels="letter"))])
    happened |= {(12, 7): [pays(10_000, "D-2")], (14, 13): [about("ReversePayment", payment_id="p-1")], (15, 13): [("Tasks", {"new": [seen]})]}
    assert findings(happened) == []


@pytest.mark.parametrize("day", [15, 16])
def test_a_step_taken_at_a_tick_may_let_a_search_begin_at_it(day):
    """There was a search before, on the 13th; whether the end of the step is known to the question of the same Tick is told by nobody."""
    seen = {"kind": "trace", "customer": ANNA, "creditor": OTHER, "currency": "EUR", "policy": "late", "step": "1"}
    policies = (a_policy(*LADDER, creditor_ids=[CREDITOR], demands_a_day=3), a_policy(a_step(1, 5, channels="letter"), name="late", creditor_ids=[OTHER], demands_a_day=3))
    happened = setup(owes("D-2", due=8, creditor=OTHER), policies=policies)
    happened |= {(13, 13): [("Tasks", {"new": [{"task": "x", **seen, "since": on(13)}]}), about("FinishTask", task_id="x", outcome="done")]}
    happened |= {(day, 13): [("Tasks", {"new": [{"task": "y", **seen, "since": on(day)}]})]}
    assert unexplained(happened, *RIGHT) == []


def a_call(task, day):
    return {"task": task, "kind": "call", "customer": ANNA, "creditor": CREDITOR, "currency": "EUR", "policy": "early", "step": "2", "since": on(day)}


def test_what_somebody_says_of_a_task_counts_during_a_stop():
    """The call of the 15th is not needed, which is a failure: it is retried after five days, and not on the 17th, behind the stop."""
    calls = a_policy(a_step(2, 5, action="call", otherwise="retry", retry_days=5, tries_max=2))
    ceases = about("RecordCircumstance", circumstance_id="x", kind="cease", from_on=on(15), until_on=on(17))
    ends = [("Tasks", {"new": [a_call("x", 15)]}), about("TakeTask", task_id="x"), about("FinishTask", task_id="x", outcome="not_needed")]
    again = {(day, 13): [("Tasks", {"new": [a_call("y", 23)] if day == 23 else []})] for day in range(16, 24)}
    assert findings(setup(policies=[calls]) | {(15, 7): [ceases], (15, 13): ends} | again) == []


@pytest.mark.parametrize("first", [0, 1])
def test_two_messages_that_may_leave_at_one_tick_come_in_any_order(first):
    """One was asked for before its hours, the other one about a debt that came meanwhile; HOUSE-1 lets one of them leave on the day."""
    happened = in_los_angeles(setup(owes("D-2", due=1, creditor=OTHER), policies=[a_policy(a_step(2, 5), demands_a_day=0)]))
    happened[0, 7] = [command for command in happened[0, 7] if command[1].get("debt_id") != "D-2"]
    happened |= {(15, 7): [owes("D-2", due=1, creditor=OTHER)]}
    lines = [mail(15, "t-2", ("D-1", "D-2")[first], hour=19), mail(16, "t-2", ("D-2", "D-1")[first], hour=19)]
    assert unexplained(happened, *lines) == []


def test_a_payment_may_overtake_the_message_of_its_instant_but_nothing_else_does():
    assert unexplained(setup() | {(15, 7): [pays(10_000)]}, REMINDED) == []
    assert unexplained(setup() | {(15, 7): [pays(10_000)]}, REMINDED, DEMANDED) == []
    assert unexplained(setup() | {(15, 13): [pays(10_000)]}, REMINDED) != []


@pytest.mark.parametrize("lines", [[], [mail(16, "t-9")]])
def test_a_reversal_and_the_end_of_a_task_are_asked_about_in_any_order(lines):
    """A call that is not needed is moved on from, which is the step of its day, and leaves none for the reversal; or that one comes first."""
    policy = a_policy(a_step(2, 5, action="call"), a_step(9, 0, "event", event="payment_reversed"))
    ends = [("Tasks", {"new": [a_call("x", 15)]}), about("TakeTask", task_id="x"), about("FinishTask", task_id="x", outcome="not_needed")]
    happened = setup(policies=[policy]) | {(12, 7): [pays(4_000)], (15, 13): [about("ReversePayment", payment_id="p-1"), *ends]}
    assert unexplained(happened, *lines) == []


def test_a_dispute_before_a_task_is_taken_ends_it_at_the_next_tick():
    """A record of dunning's own topic is behind the event: the group rests on this day, and has a new task on the next."""
    disputes = about("RecordCircumstance", circumstance_id="x", kind="dispute", from_on=on(15), debt_id="D-2")
    calls = setup(owes("D-2"), policies=[a_policy(a_step(2, 5, action="call"))])
    put_off = [about("TakeTask", task_id="x"), about("FinishTask", task_id="x", outcome="later")]
    happened = {(15, 13): [disputes, ("Tasks", {"new": [a_call("x", 15)]}), *put_off], (16, 13): [("Tasks", {"new": [a_call("y", 16)]})]}
    assert findings(calls | happened) == []


@pytest.mark.parametrize("due, hour", [(45, 7), (50, 13)])
def test_a_debt_that_is_due_soon_has_its_group_asked_about_whatever_another_event_has_put_off(due, hour):
    happened = setup(owes("D-2", due=due), owes("D-3", due=20)) | {(14, 19): [about("AmendDebt", debt_id="D-3", due_on=on(22))], (16, 7): [pays(10_000, ref="D-3")]}
    assert findings(happened, REMINDED, mail(15, "t-2", hour=hour), AGAIN) == []


@pytest.mark.parametrize("first", ["D-1", "D-2"])
def test_groups_of_an_event_are_asked_about_in_any_order(first):
    """A new contact point is about both; the house allows one message a day."""
    steps = a_policy(a_step(2, None, "event", event="contact_point_added"), demands_a_day=2)
    happened = setup(owes("D-2", creditor=OTHER), policies=[steps]) | {(13, 19): [about("AddContactPoint", contact_point_id="new", channel="email", address="anna")]}
    second = "D-2" if first == "D-1" else "D-1"
    assert findings(happened, mail(14, "t-2", first, hour=13), mail(15, "t-2", second)) == []


@pytest.mark.parametrize("first", ["D-1", "D-2"])
def test_a_reversal_and_the_day_of_another_group_come_in_any_order(first):
    """Both are asked about at the second Tick behind 20:10, as the other debt is due a day earlier from then on."""
    happened = setup(owes("D-2", creditor=OTHER), policies=[a_policy(a_step(2, 5), demands_a_day=2)])
    happened |= {(12, 7): [pays(10_000)], (14, 19): [about("ReversePayment", payment_id="p-1"), about("AmendDebt", debt_id="D-2", due_on=on(9))]}
    second = "D-2" if first == "D-1" else "D-1"
    assert findings(happened, mail(15, "t-2", first, hour=13), mail(16, "t-2", second)) == []


@pytest.mark.parametrize("line", [mail(20, "t-2", "D-2"), mail(19, "t-2", "D-2", hour=13)])
def test_a_policy_that_is_published_may_bring_the_question_about_an_event_forward(line):
    """A debt comes at 07:10, and somebody publishes a policy: dunning may hear of the one or of the other first."""
    stern = a_policy(a_step(1, 90, template="s-1"), name="stern", priority=200)
    happened = setup(policies=[a_policy(a_step(2, 5))]) | {(11, 7): [about("CancelDebt", debt_id="D-1")], (19, 7): [owes("D-2"), ("PublishPolicy", stern)]}
    assert unexplained(happened, line) == []


@pytest.mark.parametrize("lines", [(mail(15, "t-2", "D-1", "D-2"),), (mail(15, "t-2", "D-2"), mail(16, "t-2", "D-1"))])
def test_a_dispute_may_be_over_before_the_first_question_of_its_day_or_not(lines):
    disputes = about("RecordCircumstance", circumstance_id="x", kind="dispute", from_on=on(10), until_on=on(15), debt_id="D-1")
    assert unexplained(setup(owes("D-2"), policies=[a_policy(a_step(2, 5))]) | {(10, 7): [disputes]}, *lines) == []


def test_a_disputed_debt_is_left_out():
    disputes = about("RecordCircumstance", circumstance_id="x", kind="dispute", from_on=on(14), debt_id="D-1")
    assert findings(setup(owes("D-2")) | {(14, 7): [disputes]}, mail(7, "t-1", "D-1", "D-2"), mail(15, "t-2", "D-2"), mail(25, "t-3", "D-2")) == []


def test_a_new_policy_counts_from_the_next_day_on():
    stern = a_policy(a_step(1, 10, template="s-1"), name="stern", priority=1)
    assert findings(setup() | {(20, 7): list(published(stern))}, REMINDED, DEMANDED, mail(21, "s-1")) == []


def test_a_debt_that_is_due_later_while_it_is_paid_has_nothing_to_resume():
    """Its ladder begins anew with the day on which it is due, whatever it had reached before it was paid."""
    happened = setup(policies=[a_policy(*LADDER, reopened="resume")])
    happened |= {(16, 7): [pays(10_000)], (17, 7): [about("AmendDebt", debt_id="D-1", due_on=on(20))], (21, 13): [about("ReversePayment", payment_id="p-1")]}
    assert findings(happened, REMINDED, DEMANDED, mail(25, "t-2"), mail(35, "t-3")) == []


def test_a_contact_point_behind_a_reversal_takes_nothing_from_it():
    """The group is asked about because of the reversal, and every day from then on."""
    happened = setup() | {(12, 7): [pays(4_000)], (14, 7): [about("ReversePayment", payment_id="p-1")]}
    happened |= {(14, 13): [about("AddContactPoint", contact_point_id="more", channel="email", address="anna")]}
    assert findings(happened, *RIGHT) == []


def test_a_step_of_an_event_goes_out_soon():
    steps = (*LADDER, a_step(4, None, "event", event="payment_reversed"))
    happened = setup(policies=[a_policy(*steps, reopened="resume")]) | {(16, 7): [pays(10_000)], (18, 13): [about("ReversePayment", payment_id="p-1")]}
    assert findings(happened, REMINDED, DEMANDED, mail(19, "t-4")) == []


# ---- time ----


def test_after_days_without_ticks_what_was_due_is_asked_about_as_of_the_day():
    """The third step of LADDER is due on the 25th. The business date moves by a day a Tick: the first Tick of the 27th fires the timer of the
    24th, which asks what is due on the 27th."""
    judge = Judge([REMINDED, DEMANDED, mail(27, "t-3")])
    days = [day for day in range(0, 40) if day not in (24, 25, 26)]
    judge.judge((at(day, hour), setup().get((day, hour), [])) for day in days for hour in HOURS)
    assert judge.findings == []


def test_after_days_without_ticks_an_event_is_asked_about_when_its_day_has_come():
    """The contact point comes on the 22nd, with the business date of the 18th, which moves by a day a Tick."""
    judge = Judge([mail(23, "t-2", hour=13)])
    happened = setup(policies=[a_policy(a_step(2, None, "event", event="contact_point_added"))])
    happened[22, 7] = [about("AddContactPoint", contact_point_id="new", channel="email", address="anna")]
    days = [day for day in range(0, 40) if day not in (18, 19, 20, 21)]
    judge.judge((at(day, hour), happened.get((day, hour), [])) for day in days for hour in HOURS)
    assert judge.findings == []


def test_after_days_without_ticks_a_stop_is_over_when_its_day_has_come():
    """It is over on the 20th, a day without a Tick. The first Tick of the 22nd has the business date of the 18th: stopped still, the person is
    asked about again when that is the 23rd, at the sixth, which is too late for an e-mail."""
    judge = Judge([mail(24, "t-2")])
    happened = setup(policies=[a_policy(a_step(2, 5))])
    happened[12, 7] = [about("RecordCircumstance", circumstance_id="x", kind="bankruptcy", from_on=on(12), until_on=on(20))]
    days = [day for day in range(0, 40) if day not in (18, 19, 20, 21)]
    judge.judge((at(day, hour), happened.get((day, hour), [])) for day in days for hour in HOURS)
    assert judge.findings == []


# ---- files ----


def test_a_script_and_a_gateways_log_are_read():
    lines = ["at 2027-03-01T08:00:00Z", "# nothing", 'CancelDebt {"debt_id": "x"}', "", "at 2027-03-01T09:00:00Z"]
    assert [(time.hour, commands) for time, commands in read_script(lines)] == [(8, [("CancelDebt", {"debt_id": "x"})]), (9, [])]
    source = {"at": "2027-03-01T08:00:00Z", "customerId": ANNA, "channel": "sms", "text": "Hello [t-2] 123.45 EUR <D-1, D-2> stop"}
    line = read_line(source)
    assert (line.template, line.refs, line.balance, line.outcome) == ("t-2", ("D-1", "D-2"), 12345, "accepted")
    assert read_line({**source, "text": "something else"}).template == ""


@pytest.mark.parametrize("country, line", [("DE", mail(15, "t-2")), ("GB", mail(15, "t-2", hour=19, channel="sms"))])
def test_whoever_does_not_want_a_channel_and_uses_it_gets_one_answer_but_in_britain(country, line):
    wrote = [about("SetPreference", blocked_channels=["email"]), about("RecordInbound", channel="email", text="When?", received_at=at(12, 13).isoformat())]
    happened = setup(policies=[a_policy(a_step(2, 5))]) | {(12, 13): wrote}
    happened[0, 7][2][1]["country"] = country
    assert unexplained(happened, line) == []


def test_a_message_that_is_tried_again_is_not_sent_when_what_it_says_is_not_true_any_more():
    """A reversal between two tries: the next one fails, but if it is night by then: the guard is asked first, and the text is made anew."""
    paid = setup(policies=[a_policy(a_step(2, 5))]) | {(12, 7): [pays(4_000)]}
    in_the_morning, at_noon = (paid | {(15, hour): [about("ReversePayment", payment_id="p-1")]} for hour in (7, 13))
    tries = [mail(15, "t-2", hour=hour, owed=6_000, outcome="busy") for hour in (7, 13)]
    assert unexplained(in_the_morning, tries[0], mail(16, "t-2", channel="sms")) == []
    assert unexplained(in_the_morning, tries[0], mail(16, "t-2")) != []
    assert unexplained(at_noon, *tries, mail(16, "t-2")) == []
    assert unexplained(at_noon, *tries, mail(16, "t-2", owed=6_000)) != []


def test_a_message_that_is_tried_again_is_not_sent_on_a_channel_that_is_not_wanted_any_more():
    happened = setup(policies=[a_policy(a_step(2, 5))]) | {(15, 7): [about("SetPreference", blocked_channels=["email"])]}
    assert findings(happened, mail(15, "t-2", outcome="busy"), mail(16, "t-2", channel="sms")) == []


def test_choices_are_made_otherwise_one_by_one_and_then_two_together():
    judge = Judge([])
    judge.choices = {("order", at(1)): 2, ("over", at(2)): 2}
    both = {("order", at(1)): 1, ("over", at(2)): 1}
    assert list(other_choices(judge, at(0), at(3))) == [{("over", at(2)): 1}, {("order", at(1)): 1}, both]
    assert list(other_choices(judge, at(2), at(3))) == [{("over", at(2)): 1}]
