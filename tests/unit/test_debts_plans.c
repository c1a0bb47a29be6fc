/* Payment plans (consumers/DOMAIN.md 7): the commands, and what payments do to a plan. The schedule: test_debts_plan_schedule.c. */

#include "base/money.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/promise/promise.h"
#include "schemas/debts.h"

#define OWED 100000
#include "tests/unit/debts_spec.h"

/* Ten parts of 100.00, weekly from Monday 5 January 2026 on: the grace of each ends on the next Monday, as its fifth day is a Saturday. */
#define FIRST         (SPEC_TODAY + 4)
#define DUE(number)   (FIRST + 7 * ((number)-1))
#define GRACE(number) (DUE(number) + 7)
#define BIT(number)   ((int64_t)1 << (number))

static struct debt *the_debt(void)
{
	struct uuid id = DEBT;

	return workset_change(&spec.set, &debt_entity, &id);
}

static struct plan *plan_of(unsigned number)
{
	struct uuid id = spec_id('L', number);

	return workset_change(&spec.set, &plan_entity, &id);
}

static struct plan *the_plan(void)
{
	return plan_of(1);
}

static struct propose_plan *a_proposal(unsigned number)
{
	struct propose_plan *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct propose_plan){ .plan_id = spec_id('L', number),
				       .customer_id = CUSTOMER,
				       .debt_id = DEBT,
				       .total_minor = balances_owed(&the_debt()->balances),
				       .currency = STR("EUR"),
				       .instalments = 10,
				       .frequency = STR("weekly"),
				       .first_due_on = FIRST };
	return body;
}

static void when_proposed(const struct propose_plan *body)
{
	spec_when(&spec, &propose_plan_type, body);
}

static void when_accepted(unsigned number)
{
	struct accept_plan *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct accept_plan){ .plan_id = spec_id('L', number), .customer_id = CUSTOMER };
	spec_when(&spec, &accept_plan_type, body);
}

static void then_done(void)
{
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void given_proposal(unsigned number)
{
	when_proposed(a_proposal(number));
	then_done();
}

static void given_plan(unsigned number)
{
	given_proposal(number);
	when_accepted(number);
	then_done();
}

static void when_cancelled(unsigned number, struct str reason)
{
	struct cancel_plan *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct cancel_plan){ .plan_id = spec_id('L', number), .customer_id = CUSTOMER, .reason = reason };
	spec_when(&spec, &cancel_plan_type, body);
}

static void when_reinstated(unsigned number)
{
	struct reinstate_plan *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct reinstate_plan){ .plan_id = spec_id('L', number), .customer_id = CUSTOMER };
	spec_when(&spec, &reinstate_plan_type, body);
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
	then_done();
}

static void when_paid(unsigned number, int64_t amount_minor)
{
	when_paid_on(number, amount_minor, spec.today);
}

static void when_reversed_for(unsigned number, struct str reason)
{
	struct reverse_payment *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct reverse_payment){ .payment_id = spec_id('P', number), .customer_id = CUSTOMER, .reason = reason };
	spec_when(&spec, &reverse_payment_type, body);
	then_done();
}

static void when_reversed(unsigned number)
{
	when_reversed_for(number, STR("error"));
}

static void when_promised(int64_t amount_minor)
{
	struct make_promise *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct make_promise){ .promise_id = spec_id('M', 1),
				       .customer_id = CUSTOMER,
				       .debt_id = DEBT,
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .due_on = spec.today + 4 };
	spec_when(&spec, &make_promise_type, body);
}

/* The plan's timer, on the day for which it was set. */
static void when_the_day_comes(int32_t today)
{
	spec.today = today;
	spec_fire(&spec, &plan_timer, spec_id('L', 1), CUSTOMER);
}

/* The type of an event of the decision. */
static void then_is(size_t index, const struct message_type *type)
{
	assert_true(index < spec.decision.events_count);
	assert_string_equal(spec.decision.events[index].type->record.name, type->record.name);
}

static void then_count(size_t count)
{
	assert_int_equal(spec.decision.events_count, count);
}

static void then_state(enum plan_state state, enum lifecycle lifecycle)
{
	assert_string_equal(plan_state_name((enum plan_state)the_plan()->state), plan_state_name(state));
	assert_string_equal(lifecycle_name((enum lifecycle)the_debt()->lifecycle), lifecycle_name(lifecycle));
}

/* Another that the last decision may have set is that of the debt's days past due. */
static void then_timer_on(int32_t due_on)
{
	const struct timer_change *change = spec.decision.timers + spec.decision.timers_count;

	do {
		assert_ptr_not_equal(change, spec.decision.timers);
		change--;
	} while (change->timer.kind == &delinquency_timer);
	assert_ptr_equal(change->timer.kind, &plan_timer);
	assert_false(change->is_cancelled);
	assert_int_equal(change->timer.due_on, due_on);
}

static void then_timer_is_cancelled(void)
{
	assert_int_equal(spec.decision.timers_count, 1);
	assert_ptr_equal(spec.decision.timers[0].timer.kind, &plan_timer);
	assert_true(spec.decision.timers[0].is_cancelled);
}

/* But for that of the debt's days past due. */
static void then_no_timer(void)
{
	for (size_t index = 0; index < spec.decision.timers_count; index++)
		assert_ptr_equal(spec.decision.timers[index].timer.kind, &delinquency_timer);
}

/* ---- ProposePlan ---- */

static void test_debts_plans__a_proposal_holds_nothing(void **state)
{
	const struct plan_proposed *event;

	(void)state;
	when_proposed(a_proposal(1));
	then_count(1);
	then_is(0, &plan_proposed_type);
	event = spec.decision.events[0].body;
	assert_int_equal(event->total_minor, OWED);
	assert_int_equal(event->last_due_on, DUE(10));
	assert_false(event->has_calendar);
	then_state(PLAN_PROPOSED, LIFECYCLE_ACTIVE);
	then_no_timer();
	assert_true(uuid_is_none(&the_debt()->plan_id));
	when_paid(1, 100);
	then_count(1);
	assert_int_equal(the_plan()->paid_minor, 0);
}

static void test_debts_plans__a_proposal_has_its_customers_holidays(void **state)
{
	const struct plan_proposed *event;
	struct uuid customer = CUSTOMER;

	(void)state;
	((struct debts_customer *)workset_change(&spec.set, &debts_customer_entity, &customer))->holidays = HOLIDAYS_DE;
	when_proposed(a_proposal(1));
	event = spec.decision.events[0].body;
	assert_true(event->has_calendar);
	assert_true(str_is(event->calendar, "DE"));
	assert_int_equal(the_plan()->holidays, HOLIDAYS_DE);
}

#define REFUSED(change, refusal, field)                                                                                          \
	do {                                                                                                                     \
		struct propose_plan *body = a_proposal(1);                                                                       \
		change;                                                                                                          \
		when_proposed(body);                                                                                             \
		then_refused(&spec, refusal, field);                                                                             \
	} while (0)

static void test_debts_plans__an_id_that_is_no_id(void **state)
{
	(void)state;
	REFUSED(body->plan_id = (struct uuid){ { 0 } }, REFUSAL_BAD_VALUE, "plan_id");
}

static void test_debts_plans__too_few_or_too_many_instalments(void **state)
{
	(void)state;
	REFUSED(body->instalments = 1, REFUSAL_BAD_VALUE, "instalments");
	REFUSED(body->instalments = 61, REFUSAL_BAD_VALUE, "instalments");
}

static void test_debts_plans__no_such_frequency(void **state)
{
	(void)state;
	REFUSED(body->frequency = STR("daily"), REFUSAL_BAD_VALUE, "frequency");
}

static void test_debts_plans__half_a_down_payment(void **state)
{
	(void)state;
	REFUSED(body->has_down_payment_minor = true; body->down_payment_minor = 5, REFUSAL_BAD_VALUE, "down_payment_on");
	REFUSED(body->has_down_payment_on = true; body->down_payment_on = FIRST, REFUSAL_BAD_VALUE, "down_payment_on");
}

static void test_debts_plans__amounts_that_are_none(void **state)
{
	(void)state;
	REFUSED(body->total_minor = 0, REFUSAL_BAD_AMOUNT, "total_minor");
	REFUSED(body->total_minor = MONEY_MINOR_MAX + 1, REFUSAL_BAD_AMOUNT, "total_minor");
	REFUSED(body->has_down_payment_minor = body->has_down_payment_on = true;
		body->down_payment_on = FIRST, REFUSAL_BAD_AMOUNT, "down_payment_minor");
	REFUSED(body->has_down_payment_minor = body->has_down_payment_on = true; body->down_payment_on = FIRST;
		body->down_payment_minor = OWED, REFUSAL_BAD_AMOUNT, "down_payment_minor");
	REFUSED(body->total_minor = 9, REFUSAL_BAD_AMOUNT, "instalments");
}

static void test_debts_plans__days_that_are_not_ahead(void **state)
{
	(void)state;
	REFUSED(body->first_due_on = SPEC_TODAY - 1, REFUSAL_BAD_DATE, "first_due_on");
	REFUSED(body->first_due_on = SPEC_TODAY + 63, REFUSAL_BAD_DATE, "first_due_on");
	REFUSED(body->has_down_payment_minor = body->has_down_payment_on = true; body->down_payment_minor = 5;
		body->down_payment_on = SPEC_TODAY - 1, REFUSAL_BAD_DATE, "down_payment_on");
	REFUSED(body->has_down_payment_minor = body->has_down_payment_on = true; body->down_payment_minor = 5;
		body->down_payment_on = FIRST + 1, REFUSAL_BAD_DATE, "down_payment_on");
}

static void test_debts_plans__more_than_an_agent_may(void **state)
{
	(void)state;
	spec.roles = ROLE_AGENT;
	REFUSED(body->instalments = 13, REFUSAL_LIMIT_EXCEEDED, "instalments");
	spec.roles = ROLE_SUPERVISOR;
	given_proposal(1);
}

static void test_debts_plans__a_long_plan_needs_a_second_person(void **state)
{
	const struct approval approval = { .user_id = spec_id('U', 2), .actor = STR("the second") };
	struct propose_plan *body = a_proposal(1);

	(void)state;
	body->instalments = 36;
	when_proposed(body);
	then_done();
	body = a_proposal(2);
	body->instalments = 37;
	when_proposed(body);
	assert_int_equal(spec.decision.kind, DECISION_KEPT);
	spec.approval = &approval;
	when_proposed(body);
	then_done();
	assert_true(str_is(((const struct plan_proposed *)spec.decision.events[0].body)->approved_by, "the second"));
}

static void test_debts_plans__a_debt_of_somebody_else(void **state)
{
	(void)state;
	REFUSED(body->customer_id = spec_id('C', 2), REFUSAL_NOT_FOUND, "debt_id");
	REFUSED(body->debt_id = spec_id('D', 9), REFUSAL_NOT_FOUND, "debt_id");
}

static void test_debts_plans__an_id_that_is_taken(void **state)
{
	(void)state;
	given_proposal(1);
	REFUSED((void)body, REFUSAL_EXISTS, "plan_id");
}

static void test_debts_plans__a_customer_who_is_not_there(void **state)
{
	struct uuid customer = CUSTOMER;

	(void)state;
	given_proposal(2);
	((struct debts_customer *)workset_change(&spec.set, &debts_customer_entity, &customer))->is_active = 0;
	REFUSED((void)body, REFUSAL_BAD_TRANSITION, "customer_id");
	REFUSED(body->currency = STR("USD"), REFUSAL_BAD_CURRENCY, "currency");
	when_accepted(2);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "customer_id");
}

static void test_debts_plans__another_currency(void **state)
{
	(void)state;
	REFUSED(body->currency = STR("GBP"), REFUSAL_BAD_CURRENCY, "currency");
}

static void test_debts_plans__a_debt_that_is_not_active(void **state)
{
	(void)state;
	the_debt()->lifecycle = LIFECYCLE_NEW;
	REFUSED((void)body, REFUSAL_BAD_TRANSITION, "debt_id");
	the_debt()->lifecycle = LIFECYCLE_ARRANGED;
	REFUSED((void)body, REFUSAL_BAD_TRANSITION, "debt_id");
	spec.roles = ROLE_AGENT;
	REFUSED(body->instalments = 13, REFUSAL_BAD_TRANSITION, "debt_id"); /* a supervisor could not, either */
}

static void test_debts_plans__not_what_is_owed(void **state)
{
	(void)state;
	REFUSED(body->total_minor = OWED - 1, REFUSAL_BAD_AMOUNT, "total_minor");
	REFUSED(body->total_minor = OWED + 1, REFUSAL_BAD_AMOUNT, "total_minor");
}

/* ---- AcceptPlan ---- */

static void test_debts_plans__an_accepted_plan_arranges_its_debt(void **state)
{
	const struct uuid plan_id = spec_id('L', 1);

	(void)state;
	given_proposal(1);
	when_accepted(1);
	then_count(1);
	then_is(0, &plan_activated_type);
	then_state(PLAN_ACTIVE, LIFECYCLE_ARRANGED);
	then_timer_on(GRACE(1) + 1);
	assert_true(uuid_equal(&the_debt()->plan_id, &plan_id));
}

static void test_debts_plans__a_plan_that_is_not_there(void **state)
{
	(void)state;
	when_accepted(1);
	then_refused(&spec, REFUSAL_NOT_FOUND, "plan_id");
	when_cancelled(1, STR("error"));
	then_refused(&spec, REFUSAL_NOT_FOUND, "plan_id");
	when_reinstated(1);
	then_refused(&spec, REFUSAL_NOT_FOUND, "plan_id");
	given_proposal(1);
	the_plan()->customer_id = spec_id('C', 2);
	when_accepted(1);
	then_refused(&spec, REFUSAL_NOT_FOUND, "plan_id");
}

static void test_debts_plans__a_plan_is_accepted_once(void **state)
{
	(void)state;
	given_plan(1);
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

static void test_debts_plans__one_of_two_proposals_is_accepted(void **state)
{
	(void)state;
	given_proposal(2);
	given_plan(1);
	when_accepted(2);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

static void test_debts_plans__what_is_owed_has_changed_since_the_proposal(void **state)
{
	(void)state;
	given_proposal(1);
	when_paid(1, 100);
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

static void test_debts_plans__a_proposal_lapses_with_its_first_day(void **state)
{
	(void)state;
	given_proposal(1);
	spec.today = FIRST + 1;
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_DATE, "plan_id");
	spec.today = FIRST;
	when_accepted(1);
	then_done();
}

static void test_debts_plans__a_plan_takes_the_place_of_a_promise(void **state)
{
	(void)state;
	when_promised(500);
	given_proposal(1);
	when_accepted(1);
	then_count(2);
	then_is(0, &promise_cancelled_type);
	assert_true(str_is(((const struct promise_cancelled *)spec.decision.events[0].body)->reason, "arranged"));
	then_is(1, &plan_activated_type);
	assert_true(uuid_is_none(&the_debt()->promise_id));
	when_paid(1, 500); /* no promise is judged by it */
	then_count(1);
}

static void test_debts_plans__nothing_is_promised_while_a_plan_is_open(void **state)
{
	(void)state;
	given_plan(1);
	when_promised(500);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	when_cancelled(1, STR("withdrawn"));
	when_promised(500);
	then_done();
}

/* ---- payments ---- */

static void test_debts_plans__a_payment_pays_instalments(void **state)
{
	const struct instalment_paid *event;

	(void)state;
	given_plan(1);
	when_paid(1, 9999);
	then_count(1); /* not wholly */
	then_no_timer();
	when_paid(2, 10001);
	then_count(2);
	then_is(1, &instalment_paid_type);
	event = spec.decision.events[1].body;
	assert_int_equal(event->number, 2);
	assert_int_equal(event->paid_minor, 20000);
	assert_int_equal(event->missed, 0);
	then_timer_on(GRACE(3) + 1);
	assert_int_equal(the_plan()->paid_minor, 20000);
}

static void test_debts_plans__a_payment_with_an_older_value_date_counts_too(void **state)
{
	(void)state;
	given_plan(1);
	when_paid_on(1, 10000, SPEC_TODAY - 20);
	assert_int_equal(the_plan()->paid_minor, 10000);
}

static void test_debts_plans__all_is_paid_and_so_is_the_debt(void **state)
{
	(void)state;
	given_plan(1);
	when_paid(1, OWED);
	then_count(3);
	then_is(1, &debt_paid_type);
	then_is(2, &plan_completed_type);
	then_state(PLAN_COMPLETED, LIFECYCLE_PAID);
	then_timer_is_cancelled();
}

static void test_debts_plans__a_grace_is_over(void **state)
{
	const struct instalment_missed *event;

	(void)state;
	given_plan(1);
	when_paid(1, 4000);
	when_the_day_comes(GRACE(1) + 1);
	then_count(1);
	then_is(0, &instalment_missed_type);
	event = spec.decision.events[0].body;
	assert_int_equal(event->number, 1);
	assert_int_equal(event->due_on, FIRST);
	assert_int_equal(event->shortfall_minor, 6000);
	assert_int_equal(event->missed, BIT(1));
	assert_false(event->has_payment_id);
	then_state(PLAN_ACTIVE, LIFECYCLE_ARRANGED);
	then_timer_on(GRACE(2) + 1);
}

static void test_debts_plans__two_in_a_row_break_it(void **state)
{
	const struct plan_broken *event;

	(void)state;
	given_plan(1);
	when_the_day_comes(GRACE(1) + 1);
	when_the_day_comes(GRACE(2) + 1);
	then_count(2);
	then_is(0, &instalment_missed_type);
	then_is(1, &plan_broken_type);
	event = spec.decision.events[1].body;
	assert_true(str_is(event->reason, "missed_in_row"));
	assert_int_equal(event->arrears_minor, 30000); /* number 3 is due since yesterday */
	assert_true(event->has_reinstatable_until);
	assert_int_equal(event->reinstatable_until, spec.today + 30);
	then_state(PLAN_BROKEN, LIFECYCLE_ACTIVE);
	assert_int_equal(the_plan()->broken_on, spec.today);
}

static void test_debts_plans__three_in_all_break_it(void **state)
{
	(void)state;
	given_plan(1);
	for (unsigned number = 1; number <= 5; number += 2) {
		when_the_day_comes(GRACE((int32_t)number) + 1);
		if (number < 5)
			when_paid(number, 20000);
	}
	then_count(2);
	assert_true(str_is(((const struct plan_broken *)spec.decision.events[1].body)->reason, "missed_in_all"));
}

static void test_debts_plans__a_timer_of_a_plan_that_ended_finds_nothing(void **state)
{
	(void)state;
	given_plan(1);
	when_cancelled(1, STR("withdrawn"));
	when_the_day_comes(GRACE(1) + 1);
	then_count(0);
	then_no_timer();
}

static void test_debts_plans__a_payment_of_the_day_after_the_grace_is_late(void **state)
{
	(void)state;
	given_plan(1);
	spec.today = GRACE(1) + 1;
	when_paid(1, 10000); /* before the timer of that day */
	then_count(3);
	then_is(1, &instalment_missed_type);
	then_is(2, &instalment_paid_type);
	then_timer_on(GRACE(2) + 1);
	assert_int_equal(the_plan()->missed, BIT(1));
}

static void test_debts_plans__all_is_paid_on_the_day_after_the_grace(void **state)
{
	(void)state;
	given_plan(1);
	spec.today = GRACE(1) + 1;
	when_paid(1, OWED); /* before the timer of that day */
	assert_int_equal(the_plan()->state, PLAN_COMPLETED);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_PAID);
}

static void test_debts_plans__a_payment_that_is_booked_late_takes_a_break_back(void **state)
{
	(void)state;
	given_plan(1);
	when_the_day_comes(GRACE(1) + 1);
	when_the_day_comes(GRACE(2) + 1);
	when_paid_on(1, 20000, GRACE(2));
	then_count(2);
	then_is(1, &plan_resumed_type);
	then_state(PLAN_ACTIVE, LIFECYCLE_ARRANGED);
	assert_int_equal(the_plan()->missed, BIT(1));
	assert_int_equal(the_plan()->broken_on, 0);
	then_timer_on(GRACE(3) + 1);
}

static void test_debts_plans__a_promise_has_taken_the_place_of_a_broken_plan(void **state)
{
	(void)state;
	given_plan(1);
	when_the_day_comes(GRACE(1) + 1);
	when_the_day_comes(GRACE(2) + 1);
	when_promised(500);
	then_done();
	when_paid_on(1, 20000, GRACE(2));
	then_is(1, &instalment_paid_type);
	then_state(PLAN_BROKEN, LIFECYCLE_ACTIVE);
	assert_int_equal(the_plan()->missed, BIT(1));
}

static void test_debts_plans__a_late_payment_leaves_a_broken_plan_broken(void **state)
{
	(void)state;
	given_plan(1);
	when_the_day_comes(GRACE(1) + 1);
	when_the_day_comes(GRACE(2) + 1);
	when_paid(1, 30000);
	then_count(1);
	then_state(PLAN_BROKEN, LIFECYCLE_ACTIVE);
	assert_int_equal(the_plan()->paid_minor, 30000);
}

static void test_debts_plans__a_reversal_opens_an_earlier_number_again(void **state)
{
	(void)state;
	given_plan(1);
	when_paid(1, 30000);
	then_timer_on(GRACE(4) + 1);
	when_reversed(1);
	then_count(1);
	then_timer_on(GRACE(1) + 1);
	assert_int_equal(the_plan()->paid_minor, 0);
}

static void test_debts_plans__a_reversal_after_the_grace_is_a_miss(void **state)
{
	const struct instalment_missed *event;
	const struct uuid payment_id = spec_id('P', 1);

	(void)state;
	given_plan(1);
	when_paid(1, 10000);
	when_paid(2, 10000);
	spec.today = GRACE(2) + 1;
	when_reversed(1);
	then_count(2);
	then_is(1, &instalment_missed_type);
	event = spec.decision.events[1].body;
	assert_int_equal(event->number, 2);
	assert_int_equal(event->shortfall_minor, 10000);
	assert_true(event->has_payment_id);
	assert_true(uuid_equal(&event->payment_id, &payment_id));
	then_no_timer(); /* the next is number 3, as before */
}

static void test_debts_plans__two_payments_without_funds_break_it_for_good(void **state)
{
	const struct plan_broken *event;

	(void)state;
	given_plan(1);
	when_paid(1, 10000);
	when_paid(2, 10000);
	when_reversed_for(1, STR("nsf"));
	then_state(PLAN_ACTIVE, LIFECYCLE_ARRANGED);
	when_reversed_for(2, STR("nsf"));
	event = spec.decision.events[spec.decision.events_count - 1].body;
	assert_true(str_is(event->reason, "returned"));
	assert_false(event->has_reinstatable_until);
	then_state(PLAN_BROKEN, LIFECYCLE_ACTIVE);
	then_timer_is_cancelled();
	when_reinstated(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

static void test_debts_plans__a_reversal_opens_a_completed_plan_again(void **state)
{
	(void)state;
	given_plan(1);
	when_paid(1, OWED - 10000);
	when_paid(2, 10000);
	then_state(PLAN_COMPLETED, LIFECYCLE_PAID);
	when_reversed(2);
	then_count(3);
	then_is(1, &debt_reopened_type);
	then_is(2, &plan_resumed_type);
	then_state(PLAN_ACTIVE, LIFECYCLE_ARRANGED);
	then_timer_on(GRACE(10) + 1);
}

static void test_debts_plans__a_reversal_breaks_a_completed_plan(void **state)
{
	(void)state;
	given_plan(1);
	when_paid(1, OWED);
	spec.today = GRACE(2) + 1;
	when_reversed(1);
	then_count(5);
	then_is(2, &instalment_missed_type);
	then_is(3, &plan_broken_type);
	then_is(4, &delinquency_changed_type);
	then_state(PLAN_BROKEN, LIFECYCLE_ACTIVE);
	then_no_timer();
}

static void test_debts_plans__a_reversal_of_a_payment_before_the_plan_does_not_count(void **state)
{
	(void)state;
	when_paid(1, 10000);
	given_plan(1);
	when_reversed(1);
	then_count(1);
	assert_int_equal(the_plan()->paid_minor, 0);
	when_paid(2, OWED - 10000);
	then_is(spec.decision.events_count - 1, &plan_completed_type);
	then_state(PLAN_COMPLETED, LIFECYCLE_ACTIVE); /* the plan is paid, and something is owed all the same */
}

/* The Tick is late: what the reversal finds missed was so before it. */
static void test_debts_plans__a_miss_is_of_no_payment_that_does_not_count(void **state)
{
	(void)state;
	when_paid(1, 10000);
	given_plan(1);
	spec.today = GRACE(1) + 1;
	when_reversed(1);
	then_count(2);
	then_is(1, &instalment_missed_type);
	assert_false(((const struct instalment_missed *)spec.decision.events[1].body)->has_payment_id);
}

static void test_debts_plans__the_last_instalment_is_missed(void **state)
{
	(void)state;
	given_plan(1);
	when_paid(1, OWED - 1);
	when_the_day_comes(GRACE(10) + 1);
	then_count(2);
	assert_true(str_is(((const struct plan_broken *)spec.decision.events[1].body)->reason, "ended"));
}

/* ---- CancelPlan ---- */

static void test_debts_plans__a_cancelled_plan_lets_its_debt_go(void **state)
{
	(void)state;
	given_plan(1);
	when_cancelled(1, STR("withdrawn"));
	then_count(1);
	then_is(0, &plan_cancelled_type);
	then_state(PLAN_CANCELLED, LIFECYCLE_ACTIVE);
	then_timer_is_cancelled();
	when_paid(1, 10000);
	then_count(1);
	assert_int_equal(the_plan()->paid_minor, 0);
}

static void test_debts_plans__a_proposal_is_cancelled_without_a_trace_on_its_debt(void **state)
{
	(void)state;
	given_proposal(2);
	given_plan(1);
	when_cancelled(2, STR("error"));
	then_count(1);
	then_no_timer();
	then_state(PLAN_ACTIVE, LIFECYCLE_ARRANGED);
	assert_int_equal(plan_of(2)->state, PLAN_CANCELLED);
}

static void test_debts_plans__no_such_reason(void **state)
{
	(void)state;
	given_plan(1);
	when_cancelled(1, STR("mood"));
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
}

static void test_debts_plans__a_plan_that_has_ended_is_not_cancelled(void **state)
{
	(void)state;
	given_plan(1);
	when_cancelled(1, STR("withdrawn"));
	when_cancelled(1, STR("withdrawn"));
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

/* ---- ReinstatePlan ---- */

/* On the day on which number 3 is due since yesterday. */
static void given_broken_plan(void)
{
	given_plan(1);
	when_the_day_comes(GRACE(1) + 1);
	when_the_day_comes(GRACE(2) + 1);
	then_state(PLAN_BROKEN, LIFECYCLE_ACTIVE);
}

static void test_debts_plans__a_plan_whose_arrears_are_paid_holds_again(void **state)
{
	const struct plan_reinstated *event;

	(void)state;
	given_broken_plan();
	when_paid(1, 30000);
	when_promised(500);
	when_reinstated(1);
	then_count(2);
	then_is(0, &promise_cancelled_type);
	then_is(1, &plan_reinstated_type);
	event = spec.decision.events[1].body;
	assert_int_equal(event->counts_from, 4);
	then_state(PLAN_ACTIVE, LIFECYCLE_ARRANGED);
	then_timer_on(GRACE(4) + 1);
	assert_true(uuid_is_none(&the_debt()->promise_id));
}

static void test_debts_plans__a_second_break_is_final(void **state)
{
	(void)state;
	given_broken_plan();
	when_paid(1, 30000);
	when_reinstated(1);
	when_the_day_comes(GRACE(4) + 1);
	then_state(PLAN_ACTIVE, LIFECYCLE_ARRANGED); /* the counts have started anew */
	when_the_day_comes(GRACE(5) + 1);
	then_state(PLAN_BROKEN, LIFECYCLE_ACTIVE);
	assert_false(((const struct plan_broken *)spec.decision.events[1].body)->has_reinstatable_until);
	when_paid(2, 40000);
	when_reinstated(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

static void test_debts_plans__the_thirtieth_day_counts(void **state)
{
	(void)state;
	given_broken_plan();
	when_paid(1, 80000);
	spec.today = the_plan()->broken_on + 31;
	when_reinstated(1);
	then_refused(&spec, REFUSAL_BAD_DATE, "plan_id");
	spec.today = the_plan()->broken_on + 30;
	when_reinstated(1);
	then_done();
}

static void test_debts_plans__arrears_that_are_not_paid(void **state)
{
	(void)state;
	given_broken_plan();
	when_paid(1, 29999);
	when_reinstated(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

static void test_debts_plans__a_plan_that_is_not_broken(void **state)
{
	(void)state;
	given_plan(1);
	when_reinstated(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

static void test_debts_plans__another_plan_has_taken_its_place(void **state)
{
	struct propose_plan *body;

	(void)state;
	given_broken_plan();
	when_paid(1, 30000);
	body = a_proposal(2);
	body->first_due_on = spec.today + 7;
	when_proposed(body);
	when_accepted(2);
	then_done();
	when_reinstated(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
	when_paid(2, 100);
	assert_int_equal(the_plan()->paid_minor, 30000);
	assert_int_equal(plan_of(2)->paid_minor, 100);
}

static void test_debts_plans__a_broken_plan_on_a_debt_that_is_paid(void **state)
{
	(void)state;
	given_broken_plan();
	when_paid(1, OWED);
	then_state(PLAN_BROKEN, LIFECYCLE_PAID);
	when_reinstated(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

static void test_debts_plans__a_broken_plan_of_which_nothing_is_left(void **state)
{
	(void)state;
	when_paid(1, 10000);
	given_broken_plan();
	when_reversed(1);
	when_paid(2, OWED - 10000);
	then_state(PLAN_BROKEN, LIFECYCLE_ACTIVE);
	when_reinstated(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
}

static void test_debts_plans__who_is_not_there_reinstates_nothing(void **state)
{
	struct uuid customer = CUSTOMER;

	(void)state;
	given_broken_plan();
	when_paid(1, 30000);
	((struct debts_customer *)workset_change(&spec.set, &debts_customer_entity, &customer))->is_active = 0;
	when_reinstated(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "customer_id");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_debts_plans__a_proposal_holds_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_proposal_has_its_customers_holidays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__an_id_that_is_no_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__too_few_or_too_many_instalments, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__no_such_frequency, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__half_a_down_payment, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__amounts_that_are_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__days_that_are_not_ahead, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__more_than_an_agent_may, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_long_plan_needs_a_second_person, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_debt_of_somebody_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__an_id_that_is_taken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_customer_who_is_not_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__another_currency, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_debt_that_is_not_active, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__not_what_is_owed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__an_accepted_plan_arranges_its_debt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_plan_that_is_not_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_plan_is_accepted_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__one_of_two_proposals_is_accepted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__what_is_owed_has_changed_since_the_proposal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_proposal_lapses_with_its_first_day, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_plan_takes_the_place_of_a_promise, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__nothing_is_promised_while_a_plan_is_open, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_payment_pays_instalments, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_payment_with_an_older_value_date_counts_too, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__all_is_paid_and_so_is_the_debt, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_grace_is_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__two_in_a_row_break_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__three_in_all_break_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_timer_of_a_plan_that_ended_finds_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_payment_of_the_day_after_the_grace_is_late, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__all_is_paid_on_the_day_after_the_grace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_payment_that_is_booked_late_takes_a_break_back, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_promise_has_taken_the_place_of_a_broken_plan, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_late_payment_leaves_a_broken_plan_broken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_reversal_opens_an_earlier_number_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_reversal_after_the_grace_is_a_miss, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__two_payments_without_funds_break_it_for_good, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_reversal_opens_a_completed_plan_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_reversal_breaks_a_completed_plan, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_reversal_of_a_payment_before_the_plan_does_not_count, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__the_last_instalment_is_missed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_cancelled_plan_lets_its_debt_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_proposal_is_cancelled_without_a_trace_on_its_debt, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__no_such_reason, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_plan_that_has_ended_is_not_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_plan_whose_arrears_are_paid_holds_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_second_break_is_final, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_miss_is_of_no_payment_that_does_not_count, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__the_thirtieth_day_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__arrears_that_are_not_paid, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_plan_that_is_not_broken, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__another_plan_has_taken_its_place, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_broken_plan_on_a_debt_that_is_paid, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__a_broken_plan_of_which_nothing_is_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_debts_plans__who_is_not_there_reinstates_nothing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
