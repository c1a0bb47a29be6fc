/* Promises to pay (consumers/DOMAIN.md 7). */

#include "base/money.h"
#include "consumers/debts/promise/promise.h"
#include "schemas/debts.h"

#define OWED 10000
#include "tests/unit/debts_spec.h"

/* 2026-01-01 was a Thursday: due in 4 days, on Monday 5 January, it has its grace until Thursday the 8th. */
#define DUE   (SPEC_TODAY + 4)
#define GRACE (DUE + 3)

static struct make_promise *a_promise(unsigned number, int64_t amount_minor)
{
	struct make_promise *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct make_promise){ .promise_id = spec_id('M', number),
				       .customer_id = CUSTOMER,
				       .debt_id = DEBT,
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .due_on = DUE };
	return body;
}

static void when_promised(unsigned number, int64_t amount_minor)
{
	spec_when(&spec, &make_promise_type, a_promise(number, amount_minor));
}

static void given_promise(unsigned number, int64_t amount_minor)
{
	when_promised(number, amount_minor);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void when_paid_on(unsigned number, int64_t amount_minor, int32_t received_on)
{
	struct record_payment *body = arena_take(&spec.arena, 1, sizeof(*body));
	char *reference = arena_take(&spec.arena, 8, 1);

	snprintf(reference, 8, "P-%u", number % 1000);
	*body = (struct record_payment){ .payment_id = spec_id('P', number),
					 .customer_id = CUSTOMER,
					 .debt_id = DEBT,
					 .source = STR("bank-1"),
					 .external_ref = str_of(reference),
					 .amount_minor = amount_minor,
					 .currency = STR("EUR"),
					 .received_on = received_on,
					 .method = STR("transfer") };
	spec_when(&spec, &record_payment_type, body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void when_paid(unsigned number, int64_t amount_minor)
{
	when_paid_on(number, amount_minor, spec.today);
}

static void when_reversed(unsigned number)
{
	struct reverse_payment *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct reverse_payment){ .payment_id = spec_id('P', number), .customer_id = CUSTOMER, .reason = STR("nsf") };
	spec_when(&spec, &reverse_payment_type, body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void when_the_day_comes(unsigned number, int32_t today)
{
	spec.today = today;
	spec_fire(&spec, &promise_timer, spec_id('M', number), CUSTOMER);
}

static struct cancel_promise *a_cancellation(unsigned number)
{
	struct cancel_promise *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct cancel_promise){ .promise_id = spec_id('M', number),
					 .customer_id = CUSTOMER,
					 .reason = STR("withdrawn") };
	return body;
}

static const struct promise *the_promise(unsigned number)
{
	struct uuid id = spec_id('M', number);

	return workset_state(&spec.set, &promise_entity, &id);
}

static struct debt *the_debt(void)
{
	struct uuid id = DEBT;

	return workset_change(&spec.set, &debt_entity, &id);
}

/* Its state, and that the timer of an open promise, and of no other, is set: the changes of the last decision. */
static void then_state(unsigned number, enum promise_state state, int64_t paid_minor)
{
	assert_string_equal(promise_state_name((enum promise_state)the_promise(number)->state), promise_state_name(state));
	assert_int_equal(the_promise(number)->paid_minor, paid_minor);
}

static void then_timers(size_t count)
{
	assert_int_equal(spec.decision.timers_count, count);
}

static void then_timer(size_t index, unsigned number, bool is_cancelled)
{
	const struct timer_change *change = &spec.decision.timers[index];
	struct uuid id = spec_id('M', number);

	assert_true(index < spec.decision.timers_count);
	assert_ptr_equal(change->timer.kind, &promise_timer);
	assert_true(uuid_equal(&change->timer.subject, &id));
	assert_int_equal(change->is_cancelled, is_cancelled);
	if (!is_cancelled)
		assert_int_equal(change->timer.due_on, the_promise(number)->grace_ends_on + 1);
}

static void then_nothing_happens(void)
{
	assert_int_equal(spec.decision.events_count, 0);
	then_timers(0);
}

/* ---- MakePromise ---- */

static void test_promises__one_is_made(void **state)
{
	const struct promise_made *event;
	struct make_promise *body = a_promise(1, 4000);

	(void)state;
	body->has_channel = true;
	body->channel = STR("voice");
	spec_when(&spec, &make_promise_type, body);
	then_events(&spec, "PromiseMade");
	event = then_event(&spec, 0, promise_made);
	assert_int_equal(event->version, 2);
	assert_int_equal(event->amount_minor, 4000);
	assert_int_equal(event->enough_minor, 4000);
	assert_int_equal(event->balance_minor, OWED);
	assert_int_equal(event->made_on, SPEC_TODAY);
	assert_int_equal(event->due_on, DUE);
	assert_int_equal(event->grace_ends_on, GRACE);
	assert_true(event->has_channel && str_is(event->channel, "voice"));
	assert_true(str_is(event->currency, "EUR"));
	then_state(1, PROMISE_OPEN, 0);
	assert_int_equal(the_promise(1)->channel, CHANNEL_VOICE);
	then_timers(1);
	then_timer(0, 1, false);
	assert_true(uuid_equal(&the_debt()->promise_id, &event->promise_id));
	assert_int_equal(the_debt()->version, 2);
}

static void test_promises__what_is_wrong_with_one_is_refused(void **state)
{
	(void)state;
#define REFUSED(member, value, code, field)                                                                                      \
	do {                                                                                                                     \
		struct make_promise *body = a_promise(1, 4000);                                                                  \
		body->member = (value);                                                                                          \
		spec_when(&spec, &make_promise_type, body);                                                                      \
		then_refused(&spec, code, field);                                                                                \
	} while (0)
	REFUSED(promise_id, (struct uuid){ { 0 } }, REFUSAL_BAD_VALUE, "promise_id");
	REFUSED(amount_minor, 0, REFUSAL_BAD_AMOUNT, "amount_minor");
	REFUSED(amount_minor, -1, REFUSAL_BAD_AMOUNT, "amount_minor");
	REFUSED(amount_minor, INT64_MIN, REFUSAL_BAD_AMOUNT, "amount_minor");
	REFUSED(amount_minor, MONEY_MINOR_MAX + 1, REFUSAL_BAD_AMOUNT, "amount_minor");
	REFUSED(amount_minor, OWED + 1, REFUSAL_BAD_AMOUNT, "amount_minor");
	REFUSED(due_on, SPEC_TODAY - 1, REFUSAL_BAD_DATE, "due_on");
	REFUSED(due_on, SPEC_TODAY + 31, REFUSAL_BAD_DATE, "due_on");
	REFUSED(due_on, INT32_MAX, REFUSAL_BAD_DATE, "due_on");
	REFUSED(debt_id, spec_id('D', 7), REFUSAL_NOT_FOUND, "debt_id");
	REFUSED(customer_id, spec_id('C', 7), REFUSAL_NOT_FOUND, "debt_id");
	REFUSED(currency, STR("USD"), REFUSAL_BAD_CURRENCY, "currency");
#undef REFUSED
	given_promise(1, 4000);
	when_promised(1, 4000);
	then_refused(&spec, REFUSAL_EXISTS, "promise_id");
}

static void test_promises__an_unknown_channel_is_refused(void **state)
{
	struct make_promise *body = a_promise(1, 4000);

	(void)state;
	body->has_channel = true;
	body->channel = STR("pigeon");
	spec_when(&spec, &make_promise_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "channel");
}

static void test_promises__the_bounds_are_taken(void **state)
{
	struct make_promise *body = a_promise(1, 1);

	(void)state;
	body->due_on = SPEC_TODAY;
	spec_when(&spec, &make_promise_type, body);
	then_events(&spec, "PromiseMade");
	body = a_promise(2, OWED);
	body->due_on = SPEC_TODAY + 30;
	spec_when(&spec, &make_promise_type, body);
	then_events(&spec, "PromiseSuperseded", "PromiseMade");
}

static void test_promises__who_is_not_there_promises_nothing(void **state)
{
	struct make_promise *body = a_promise(1, 4000);
	struct uuid id = CUSTOMER;

	(void)state;
	((struct debts_customer *)workset_change(&spec.set, &debts_customer_entity, &id))->is_active = 0;
	when_promised(1, 4000);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "customer_id");
	body->currency = STR("USD"); /* said before who is gone */
	spec_when(&spec, &make_promise_type, body);
	then_refused(&spec, REFUSAL_BAD_CURRENCY, "currency");
}

static void test_promises__only_about_a_debt_that_can_be_paid(void **state)
{
	(void)state;
	for (unsigned lifecycle = LIFECYCLE_NEW; lifecycle < LIFECYCLE_COUNT; lifecycle++) {
		the_debt()->lifecycle = lifecycle;
		when_promised(lifecycle, 4000);
		if (lifecycle == LIFECYCLE_ARRANGED ||
		    lifecycle_after((enum lifecycle)lifecycle, CAUSE_PAID_UP) == LIFECYCLE_NONE)
			then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
		else
			assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	}
}

static void test_promises__an_amount_may_have_a_least_one(void **state)
{
	const struct promise_limits limits = { .least_minor = 500, .least_bp = 1000 };

	(void)state;
	assert_int_equal(promise_least(&limits, 10000), 1000); /* ten per cent is the higher rule */
	assert_int_equal(promise_least(&limits, 10001), 1001); /* rounded up */
	assert_int_equal(promise_least(&limits, 4000), 500);
	assert_int_equal(promise_least(&limits, 300), 300); /* all that is owed */
	assert_int_equal(promise_least(&limits, MONEY_MINOR_MAX), MONEY_MINOR_MAX / 10);
	assert_int_equal(promise_least(&promise_limits, MONEY_MINOR_MAX), 0);
}

static void test_promises__a_little_may_be_missing(void **state)
{
	const struct promise_limits limits = { .tolerance_bp = 500 };

	(void)state;
	assert_int_equal(promise_enough(&limits, 10000), 9500);
	assert_int_equal(promise_enough(&limits, 1), 1);
	assert_int_equal(promise_enough(&limits, MONEY_MINOR_MAX), MONEY_MINOR_MAX / 100 * 95);
	assert_int_equal(promise_enough(&promise_limits, MONEY_MINOR_MAX), MONEY_MINOR_MAX);
}

/* Of a promise that a customer in this country makes on the day on which it is due. */
static void then_grace_ends(struct uuid customer, enum holidays place, const char *due_on, const char *grace_ends_on)
{
	struct make_promise *body = a_promise(100U + spec.commands, 4000);
	int32_t end = 0;

	assert_true(day_parse(str_of(due_on), &spec.today) && day_parse(str_of(grace_ends_on), &end));
	((struct debts_customer *)workset_change(&spec.set, &debts_customer_entity, &customer))->holidays = place;
	body->due_on = spec.today;
	spec_when(&spec, &make_promise_type, body);
	assert_int_equal(then_event(&spec, spec.decision.events_count - 1, promise_made)->grace_ends_on, end);
}

static void test_promises__the_grace_ends_on_a_business_day(void **state)
{
	(void)state;
	then_grace_ends(CUSTOMER, HOLIDAYS_NONE, "2026-04-01", "2026-04-06");
	then_grace_ends(CUSTOMER, HOLIDAYS_US, "2026-04-01", "2026-04-06");
	then_grace_ends(CUSTOMER, HOLIDAYS_GB, "2026-04-01", "2026-04-07");
	then_grace_ends(CUSTOMER, HOLIDAYS_GB, "2026-12-22", "2026-12-29"); /* Christmas, a weekend, the day off for Boxing Day */
	then_grace_ends(CUSTOMER, HOLIDAYS_DE, "2026-04-01", "2026-04-07");
}

static void test_promises__a_new_one_supersedes_an_open_one(void **state)
{
	const struct promise_superseded *event;

	(void)state;
	given_promise(1, 4000);
	when_paid(1, 1000);
	when_promised(2, 9000);
	then_events(&spec, "PromiseSuperseded", "PromiseMade");
	event = then_event(&spec, 0, promise_superseded);
	assert_true(uuid_equal(&event->superseded_by, &then_event(&spec, 1, promise_made)->promise_id));
	assert_int_equal(event->amount_minor, 4000);
	assert_int_equal(then_event(&spec, 1, promise_made)->version, event->version + 1);
	then_timers(2);
	then_timer(0, 1, true);
	then_timer(1, 2, false);
	then_state(1, PROMISE_SUPERSEDED, 1000);
	then_state(2, PROMISE_OPEN, 0);

	when_reversed(1); /* it counts for none now */
	then_events(&spec, "PaymentReversed");
	then_state(1, PROMISE_SUPERSEDED, 1000);
	then_state(2, PROMISE_OPEN, 0);
}

static void test_promises__a_judged_one_is_not_superseded(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_paid(1, 4000);
	when_promised(2, 6000);
	then_events(&spec, "PromiseMade");
	then_state(1, PROMISE_KEPT, 4000);
}

/* ---- kept ---- */

static void test_promises__enough_keeps_one(void **state)
{
	const struct promise_kept *event;

	(void)state;
	given_promise(1, 4000);
	spec.today = SPEC_TODAY + 1;
	when_paid(1, 3999);
	then_events(&spec, "PaymentRecorded");
	then_state(1, PROMISE_OPEN, 3999);
	when_paid(2, 2);
	then_events(&spec, "PaymentRecorded", "PromiseKept");
	event = then_event(&spec, 1, promise_kept);
	assert_int_equal(event->paid_minor, 4001);
	assert_int_equal(event->judged_on, SPEC_TODAY + 1);
	assert_int_equal(event->version, then_event(&spec, 0, payment_recorded)->version + 1);
	assert_true(uuid_equal(&event->payment_id, &then_event(&spec, 0, payment_recorded)->payment_id));
	then_state(1, PROMISE_KEPT, 4001);
	then_timers(1);
	then_timer(0, 1, true);
	when_paid(3, 100); /* one that is kept stays kept */
	then_events(&spec, "PaymentRecorded");
	then_state(1, PROMISE_KEPT, 4101);
}

static void test_promises__what_was_booked_before_does_not_count(void **state)
{
	(void)state;
	when_paid(1, 4000);
	when_promised(1, 4000);
	then_events(&spec, "PromiseMade");
	then_state(1, PROMISE_OPEN, 0);
	when_reversed(1);
	then_events(&spec, "PaymentReversed");
	then_state(1, PROMISE_OPEN, 0);
}

static void test_promises__only_value_dates_of_its_time_count(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_paid_on(1, 4000, SPEC_TODAY - 1);
	then_events(&spec, "PaymentRecorded");
	then_state(1, PROMISE_OPEN, 0);
	when_paid_on(2, 1000, SPEC_TODAY); /* its first day counts whole */
	then_state(1, PROMISE_OPEN, 1000);
	spec.today = GRACE;
	when_paid(3, 1000);
	then_state(1, PROMISE_OPEN, 2000);
	spec.today = GRACE + 1;
	when_the_day_comes(1, GRACE + 1);
	then_events(&spec, "PromisePartlyKept");
	when_paid(4, 4000);
	then_events(&spec, "PaymentRecorded", "DebtPaid");
	then_state(1, PROMISE_PARTLY_KEPT, 2000);
}

static void test_promises__the_payment_of_the_whole_debt_keeps_one(void **state)
{
	(void)state;
	given_promise(1, OWED);
	when_paid(1, OWED);
	then_events(&spec, "PaymentRecorded", "DebtPaid", "PromiseKept");
	assert_int_equal(then_event(&spec, 2, promise_kept)->version, then_event(&spec, 1, debt_paid)->version + 1);
}

/* ---- broken ---- */

static void test_promises__one_is_broken_on_the_day_after_its_grace(void **state)
{
	const struct promise_broken *event;

	(void)state;
	given_promise(1, 4000);
	when_the_day_comes(1, GRACE);
	then_nothing_happens();
	when_the_day_comes(1, GRACE + 1);
	then_events(&spec, "PromiseBroken");
	event = then_event(&spec, 0, promise_broken);
	assert_int_equal(event->paid_minor, 0);
	assert_int_equal(event->shortfall_minor, 4000);
	assert_int_equal(event->judged_on, GRACE + 1);
	assert_false(event->after_kept);
	assert_false(event->has_payment_id);
	assert_int_equal(event->version, 3);
	then_state(1, PROMISE_BROKEN, 0);
	when_the_day_comes(1, GRACE + 2);
	then_nothing_happens();
}

static void test_promises__one_is_partly_kept(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_paid(1, 1);
	when_the_day_comes(1, GRACE + 1);
	then_events(&spec, "PromisePartlyKept");
	assert_int_equal(then_event(&spec, 0, promise_partly_kept)->paid_minor, 1);
	assert_int_equal(then_event(&spec, 0, promise_partly_kept)->shortfall_minor, 3999);
	then_state(1, PROMISE_PARTLY_KEPT, 1);
}

static void test_promises__a_payment_that_is_booked_late_keeps_it_after_all(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_the_day_comes(1, GRACE + 1);
	when_paid_on(1, 1500, GRACE);
	then_events(&spec, "PaymentRecorded", "PromisePartlyKept");
	assert_true(then_event(&spec, 1, promise_partly_kept)->has_payment_id);
	assert_false(then_event(&spec, 1, promise_partly_kept)->after_kept);
	when_paid_on(2, 500, GRACE);
	then_events(&spec, "PaymentRecorded");
	then_state(1, PROMISE_PARTLY_KEPT, 2000);
	when_paid_on(3, 2000, DUE);
	then_events(&spec, "PaymentRecorded", "PromiseKept");
	then_timers(0);
	then_state(1, PROMISE_KEPT, 4000);
}

static void test_promises__the_first_command_after_its_time_judges_it_too(void **state)
{
	(void)state;
	given_promise(1, 4000);
	spec.today = GRACE + 1;
	when_paid(1, 4000);
	then_events(&spec, "PaymentRecorded", "PromiseBroken");
	assert_false(then_event(&spec, 1, promise_broken)->has_payment_id);
	then_timers(1);
	then_timer(0, 1, true);
}

/* A broker's clock may step back over midnight. */
static void test_promises__a_day_before_does_not_open_a_broken_one(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_the_day_comes(1, GRACE + 1);
	then_events(&spec, "PromiseBroken");
	spec.today = GRACE;
	when_paid_on(1, 4000, SPEC_TODAY - 1);
	then_events(&spec, "PaymentRecorded");
	when_reversed(1);
	then_events(&spec, "PaymentReversed");
	then_state(1, PROMISE_BROKEN, 0);
}

/* ---- reversals ---- */

static void test_promises__a_reversal_in_its_time_opens_it_again(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_paid(1, 4000);
	spec.today = GRACE;
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "PromiseReopened");
	assert_int_equal(then_event(&spec, 1, promise_reopened)->paid_minor, 0);
	assert_int_equal(then_event(&spec, 1, promise_reopened)->reopened_on, GRACE);
	assert_int_equal(then_event(&spec, 1, promise_reopened)->grace_ends_on, GRACE);
	then_timers(1);
	then_timer(0, 1, false);
	then_state(1, PROMISE_OPEN, 0);
	when_paid(2, 4000);
	then_events(&spec, "PaymentRecorded", "PromiseKept");
}

static void test_promises__a_reversal_after_its_time_breaks_it(void **state)
{
	const struct promise_broken *event;
	struct uuid payment_id = spec_id('P', 1);

	(void)state;
	given_promise(1, 4000);
	when_paid(1, 4000);
	spec.today = GRACE + 1;
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "PromiseBroken");
	event = then_event(&spec, 1, promise_broken);
	assert_true(event->after_kept);
	assert_true(event->has_payment_id);
	assert_true(uuid_equal(&event->payment_id, &payment_id));
	assert_int_equal(event->shortfall_minor, 4000);
	then_timers(0);
}

static void test_promises__a_reversal_may_leave_a_part(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_paid(1, 3000);
	when_paid(2, 1000);
	spec.today = GRACE + 1;
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "PromisePartlyKept");
	assert_true(then_event(&spec, 1, promise_partly_kept)->after_kept);
	then_state(1, PROMISE_PARTLY_KEPT, 1000);
	when_reversed(2);
	then_events(&spec, "PaymentReversed", "PromiseBroken");
	assert_false(then_event(&spec, 1, promise_broken)->after_kept);
	then_state(1, PROMISE_BROKEN, 0);
}

static void test_promises__a_reversal_that_opens_the_debt_again_is_judged_last(void **state)
{
	(void)state;
	given_promise(1, OWED);
	when_paid(1, OWED);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened", "PromiseReopened");
	assert_int_equal(the_debt()->version, then_event(&spec, 2, promise_reopened)->version);
}

/* ---- cancelled ---- */

static void test_promises__people_cancel_an_open_one(void **state)
{
	(void)state;
	given_promise(1, 4000);
	spec_when(&spec, &cancel_promise_type, a_cancellation(1));
	then_events(&spec, "PromiseCancelled");
	assert_true(str_is(then_event(&spec, 0, promise_cancelled)->reason, "withdrawn"));
	assert_int_equal(then_event(&spec, 0, promise_cancelled)->version, 3);
	then_timers(1);
	then_timer(0, 1, true);
	then_state(1, PROMISE_CANCELLED, 0);
	when_paid(1, 4000); /* it is not judged any more */
	then_events(&spec, "PaymentRecorded");
	then_state(1, PROMISE_CANCELLED, 0);
	when_the_day_comes(1, GRACE + 1);
	then_nothing_happens();
	spec_when(&spec, &cancel_promise_type, a_cancellation(1));
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "promise_id");
}

static void test_promises__what_is_wrong_with_a_cancellation_is_refused(void **state)
{
	struct cancel_promise *body;

	(void)state;
	given_promise(1, 4000);
	body = a_cancellation(1);
	body->reason = STR("debt_paid"); /* a reason of the rules, not of people */
	spec_when(&spec, &cancel_promise_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	spec_when(&spec, &cancel_promise_type, a_cancellation(2));
	then_refused(&spec, REFUSAL_NOT_FOUND, "promise_id");
	body = a_cancellation(1);
	body->customer_id = spec_id('C', 2);
	spec_when(&spec, &cancel_promise_type, body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "promise_id");
}

static void test_promises__only_an_open_one_is_cancelled(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_the_day_comes(1, GRACE + 1);
	spec_when(&spec, &cancel_promise_type, a_cancellation(1));
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "promise_id");
}

static void test_promises__a_debt_that_is_paid_otherwise_ends_it(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_paid_on(1, OWED, SPEC_TODAY - 1);
	then_events(&spec, "PaymentRecorded", "DebtPaid", "PromiseCancelled");
	assert_true(str_is(then_event(&spec, 2, promise_cancelled)->reason, "debt_paid"));
	then_timers(1);
	then_timer(0, 1, true);
	when_reversed(1); /* it stays cancelled: the debtor may promise anew */
	then_events(&spec, "PaymentReversed", "DebtReopened");
	then_state(1, PROMISE_CANCELLED, 0);
}

static void test_promises__a_debt_that_is_cancelled_ends_it(void **state)
{
	struct cancel_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	(void)state;
	*body = (struct cancel_debt){ .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("fraud") };
	given_promise(1, 4000);
	spec.today = GRACE + 1; /* though its time is over, and its timer has not fired yet */
	spec_when(&spec, &cancel_debt_type, body);
	then_events(&spec, "DebtCancelled", "PromiseCancelled");
	assert_true(str_is(then_event(&spec, 1, promise_cancelled)->reason, "debt_cancelled"));
	assert_int_equal(then_event(&spec, 1, promise_cancelled)->version, then_event(&spec, 0, debt_cancelled)->version + 1);
	then_timer(0, 1, true);
}

static void test_promises__a_cancelled_debt_leaves_a_judged_one(void **state)
{
	struct cancel_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	(void)state;
	*body = (struct cancel_debt){ .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("fraud") };
	given_promise(1, 4000);
	when_the_day_comes(1, GRACE + 1);
	spec_when(&spec, &cancel_debt_type, body);
	then_events(&spec, "DebtCancelled");
	then_state(1, PROMISE_BROKEN, 0);
}

/* Credit of another payment pays what a reversal leaves: nothing is owed, and nothing of the promise is paid. */
static void test_promises__a_reversal_that_credit_makes_good_ends_it(void **state)
{
	(void)state;
	given_promise(1, 4000);
	when_paid(1, 4000);
	spec.today = SPEC_TODAY + 1;
	when_paid_on(2, OWED, SPEC_TODAY - 1);
	then_events(&spec, "PaymentRecorded", "DebtPaid");
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "CreditApplied", "PromiseCancelled");
	assert_true(str_is(then_event(&spec, 2, promise_cancelled)->reason, "debt_paid"));
	then_timers(0);
}

/* ---- by chance ---- */

/* Whatever happens: what was paid is the sum of the payments that count, and the state is what follows from it. */
static void test_promises__any_history_has_one_judgement(void **state)
{
	uint64_t seed = 20260101;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct {
			int64_t amount_minor;
			int32_t received_on;
			bool is_after, is_reversed;
		} payments[12] = { 0 };
		unsigned count = 0;
		int64_t counted = 0;

		tear_down(NULL);
		set_up(NULL);
		the_debt()->balances.minor[ACCOUNT_PRINCIPAL] = 10 * OWED;
		for (unsigned step = 0; step < 12; step++) {
			seed = seed * 6364136223846793005U + 1442695040888963407U;
			if (step == 3)
				given_promise(1, 4000);
			else if ((seed >> 33) % 3 == 0 && count > 0 && !payments[(seed >> 40) % count].is_reversed) {
				payments[(seed >> 40) % count].is_reversed = true;
				when_reversed((unsigned)((seed >> 40) % count) + 1);
			} else {
				payments[count].amount_minor = 1 + (int64_t)((seed >> 35) % 3000);
				payments[count].received_on = spec.today - (int32_t)((seed >> 50) % 6);
				payments[count].is_after = step > 3;
				payments[count].is_reversed = false;
				when_paid_on(count + 1, payments[count].amount_minor, payments[count].received_on);
				count++;
			}
			if ((seed >> 60) % 2 == 0)
				spec.today++;
		}
		if (spec.today > GRACE)
			when_the_day_comes(1, spec.today);
		for (unsigned i = 0; i < count; i++)
			if (payments[i].is_after && !payments[i].is_reversed &&
			    payments[i].received_on >= the_promise(1)->made_on &&
			    payments[i].received_on <= the_promise(1)->grace_ends_on)
				counted += payments[i].amount_minor;
		assert_int_equal(the_promise(1)->paid_minor, counted);
		assert_int_equal(the_promise(1)->state, promise_verdict(the_promise(1), counted, spec.today));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_promises__one_is_made),
		TEST(test_promises__what_is_wrong_with_one_is_refused),
		TEST(test_promises__an_unknown_channel_is_refused),
		TEST(test_promises__the_bounds_are_taken),
		TEST(test_promises__who_is_not_there_promises_nothing),
		TEST(test_promises__only_about_a_debt_that_can_be_paid),
		TEST(test_promises__an_amount_may_have_a_least_one),
		TEST(test_promises__a_little_may_be_missing),
		TEST(test_promises__the_grace_ends_on_a_business_day),
		TEST(test_promises__a_new_one_supersedes_an_open_one),
		TEST(test_promises__a_judged_one_is_not_superseded),
		TEST(test_promises__enough_keeps_one),
		TEST(test_promises__what_was_booked_before_does_not_count),
		TEST(test_promises__only_value_dates_of_its_time_count),
		TEST(test_promises__the_payment_of_the_whole_debt_keeps_one),
		TEST(test_promises__one_is_broken_on_the_day_after_its_grace),
		TEST(test_promises__one_is_partly_kept),
		TEST(test_promises__a_payment_that_is_booked_late_keeps_it_after_all),
		TEST(test_promises__the_first_command_after_its_time_judges_it_too),
		TEST(test_promises__a_day_before_does_not_open_a_broken_one),
		TEST(test_promises__a_reversal_in_its_time_opens_it_again),
		TEST(test_promises__a_reversal_after_its_time_breaks_it),
		TEST(test_promises__a_reversal_may_leave_a_part),
		TEST(test_promises__a_reversal_that_opens_the_debt_again_is_judged_last),
		TEST(test_promises__people_cancel_an_open_one),
		TEST(test_promises__what_is_wrong_with_a_cancellation_is_refused),
		TEST(test_promises__only_an_open_one_is_cancelled),
		TEST(test_promises__a_debt_that_is_paid_otherwise_ends_it),
		TEST(test_promises__a_debt_that_is_cancelled_ends_it),
		TEST(test_promises__a_cancelled_debt_leaves_a_judged_one),
		TEST(test_promises__a_reversal_that_credit_makes_good_ends_it),
		TEST(test_promises__any_history_has_one_judgement),
	};
	return cmocka_run_group_tests_name("debts: promises", tests, NULL, NULL);
}
