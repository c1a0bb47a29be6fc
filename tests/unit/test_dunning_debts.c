/* What the debts module says of debts: DebtNoted, the timers of their group, and the step that a change withdraws (decide_debt.c). */

#include "tests/unit/dunning_spec.h"

#define DUE_ON (SPEC_TODAY - 10)

static const struct debt_noted *noted(void)
{
	assert_true(spec.decision.events_count > 0);
	assert_ptr_equal(spec.decision.events[0].type, &debt_noted_type);
	return then_event(&spec, 0, debt_noted);
}

/* ---- a debt begins ---- */

static void test_created__is_noted_and_its_group_is_asked_about_at_the_next_tick(void **state)
{
	(void)state;
	when_debt(1, 1000, DUE_ON);
	then_events(&spec, "DebtNoted");
	then_asked_again_on(SPEC_TODAY);
	assert_int_equal(the_debt(1)->version, 1);
	assert_int_equal(the_debt(1)->balance_minor, 1000);
	assert_int_equal(the_debt(1)->due_on, DUE_ON);
	assert_int_equal(the_debt(1)->lifecycle, LIFECYCLE_ACTIVE);
	assert_int_equal(the_debt(1)->level, 0);
	assert_string_equal(the_group()->currency, "EUR");
	assert_int_equal(the_group_debts()->count, 1);
}

static void test_created__one_that_is_due_later_than_any_reminder_has_a_timer_of_its_own(void **state)
{
	(void)state;
	when_debt(1, 1000, SPEC_TODAY + REMINDER_DAYS_MAX);
	then_asked_again_on(SPEC_TODAY);
	when_debt(2, 1000, SPEC_TODAY + REMINDER_DAYS_MAX + 1);
	assert_int_equal(then_timer(&entry_timer, DEBT(2), false)->due_on, SPEC_TODAY + 1);
}

/* The group is asked about each day from the day on that the first reminder may be due. */
static void test_created__its_own_timer_begins_the_days_of_the_group(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, -REMINDER_DAYS_MAX, "email")->message_class = MESSAGE_CLASS_REMINDER;
	when_reachable_person();
	when_debt(1, 1000, SPEC_TODAY + REMINDER_DAYS_MAX + 5);
	spec.today = SPEC_TODAY + 5;
	spec_fire(&spec, &entry_timer, DEBT(1), PERSON);
	then_step(1, "email");
	then_asked_again_on(SPEC_TODAY + 6);
}

static void test_created__a_second_time_says_nothing(void **state)
{
	(void)state;
	when_debt(1, 1000, DUE_ON);
	when_debt(1, 2000, DUE_ON);
	then_nothing();
	assert_int_equal(the_debt(1)->balance_minor, 1000);
}

static void test_unknown__an_event_of_a_debt_that_is_not_known_says_nothing(void **state)
{
	const struct debt_activated activated = {
		.debt_id = DEBT(1), .customer_id = PERSON, .creditor_id = CREDITOR, .currency = STR("EUR")
	};

	(void)state;
	when_payment(1, 0, 0);
	then_nothing();
	when_cancelled(1);
	then_nothing();
	spec_follow(&spec, &debt_activated_type, &activated);
	then_nothing();
	spec_fire(&spec, &entry_timer, DEBT(1), PERSON);
	then_nothing();
	assert_null(the_debt(1));
}

/* ---- money ---- */

static void when_reversed(unsigned number, int64_t balance_minor, int64_t credit_minor)
{
	const struct payment_reversed body = { .payment_id = spec_id('P', number),
					       .customer_id = PERSON,
					       .debt_id = DEBT(number),
					       .creditor_id = CREDITOR,
					       .currency = STR("EUR"),
					       .credit_minor = credit_minor,
					       .balance_minor = balance_minor };

	spec_follow(&spec, &payment_reversed_type, &body);
}

static void when_credit_applied(unsigned number, int64_t amount_minor, int64_t balance_minor)
{
	const struct credit_applied body = { .debt_id = DEBT(number),
					     .customer_id = PERSON,
					     .creditor_id = CREDITOR,
					     .currency = STR("EUR"),
					     .amount_minor = amount_minor,
					     .balance_minor = balance_minor };

	spec_follow(&spec, &credit_applied_type, &body);
}

static void when_reopened(unsigned number, int64_t balance_minor)
{
	const struct debt_reopened body = { .debt_id = DEBT(number),
					    .customer_id = PERSON,
					    .creditor_id = CREDITOR,
					    .currency = STR("EUR"),
					    .balance_minor = balance_minor };

	spec_follow(&spec, &debt_reopened_type, &body);
}

static void test_money__a_part_payment_lowers_what_is_owed(void **state)
{
	(void)state;
	when_debt(1, 1000, DUE_ON);
	when_payment(1, 400, 0);
	then_events(&spec, "DebtNoted");
	assert_int_equal(spec.decision.timers_count, 0);
	assert_int_equal(the_debt(1)->balance_minor, 400);
	assert_int_equal(the_debt(1)->version, 2);
	assert_int_equal(the_group_debts()->count, 1);
}

static void test_money__a_paid_debt_leaves_the_group(void **state)
{
	(void)state;
	when_debt(1, 1000, DUE_ON);
	when_paid(1);
	assert_int_equal(the_debt(1)->balance_minor, 0);
	assert_int_equal(the_debt(1)->lifecycle, LIFECYCLE_PAID);
	assert_int_equal(the_group_debts()->count, 0);
}

/* Its credit is netted with what else is owed. */
static void test_money__an_overpaid_debt_stays_in_the_group(void **state)
{
	(void)state;
	when_debt(1, 1000, DUE_ON);
	when_payment(1, 0, 250);
	when_paid(1);
	assert_int_equal(the_debt(1)->credit_minor, 250);
	assert_int_equal(the_group_debts()->count, 1);
}

/* In place of the evaluation of the day, which would otherwise be as early and might take the day's step before that of the event. */
static void then_asked_with(const struct timer_kind *cause, int32_t day)
{
	const struct timer_change *changes = spec.decision.timers;

	assert_int_equal(spec.decision.timers_count, 2);
	assert_ptr_equal(changes[0].timer.kind, &evaluation_timer);
	assert_true(changes[0].is_cancelled);
	assert_ptr_equal(changes[1].timer.kind, cause);
	assert_false(changes[1].is_cancelled);
	assert_int_equal(changes[1].timer.due_on, day);
	assert_memory_equal(&changes[0].timer.subject, &changes[1].timer.subject, sizeof(struct uuid));
}

static void test_money__a_reversal_is_asked_about_at_the_next_tick(void **state)
{
	(void)state;
	when_debt(1, 1000, DUE_ON);
	when_payment(1, 400, 0);
	spec.today = SPEC_TODAY + 3;
	when_reversed(1, 1000, 0);
	then_asked_with(&reversal_timer, SPEC_TODAY + 3);
	assert_int_equal(the_debt(1)->balance_minor, 1000);
}

/* As the debts module says it: the credit that the reversed payment had left is taken back first. */
static void test_money__credits_are_used_and_taken_back(void **state)
{
	(void)state;
	when_debt(1, 1000, DUE_ON);
	when_payment(1, 0, 300);
	when_payment(1, 0, 200);
	assert_int_equal(the_debt(1)->credit_minor, 500);
	when_reversed(1, 1000, 300);
	assert_int_equal(the_debt(1)->credit_minor, 200);
	when_credit_applied(1, 200, 800);
	assert_int_equal(the_debt(1)->credit_minor, 0);
	assert_int_equal(the_debt(1)->balance_minor, 800);
	then_asked_again_on(SPEC_TODAY);
	when_credit_applied(1, -200, 1000);
	assert_int_equal(the_debt(1)->credit_minor, 200);
	assert_int_equal(the_debt(1)->balance_minor, 1000);
}

/* Less is netted: the group is asked about on the next day, as on every day, and what was said stays true. */
static void test_money__what_was_refunded_is_netted_no_more(void **state)
{
	struct payment_refunded body = { .payment_id = spec_id('P', 1),
					 .customer_id = PERSON,
					 .debt_id = DEBT(1),
					 .creditor_id = CREDITOR,
					 .currency = STR("EUR"),
					 .amount_minor = 200,
					 .refunded_minor = 200,
					 .credit_minor = 100 };

	(void)state;
	when_debt(1, 1000, DUE_ON);
	when_payment(1, 0, 300);
	when_paid(1);
	spec_follow(&spec, &payment_refunded_type, &body);
	then_events(&spec, "DebtNoted");
	assert_int_equal(spec.decision.timers_count, 0);
	assert_int_equal(the_debt(1)->credit_minor, 100);
	assert_int_equal(the_group_debts()->count, 1);
	body.credit_minor = 0;
	spec_follow(&spec, &payment_refunded_type, &body);
	assert_int_equal(the_debt(1)->credit_minor, 0);
	assert_int_equal(the_group_debts()->count, 0);
}

static void when_taken_at(int32_t today, int32_t number, const char *channel)
{
	when_day(today);
	when_progressed(then_step(number, channel), "submitted");
	then_events(&spec, "DunningStepTaken");
}

static void when_paid_and_reopened(enum dunning_reopened reopened)
{
	given_policy("p")->reopened = reopened;
	given_step(&((struct policies *)spec_given(&spec, &policies_entity, policies_id))->items[0], 3, 1, "email");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_taken_at(SPEC_TODAY, 3, "email");
	assert_int_equal(the_debt(1)->level, 3);
	when_paid(1);
	assert_int_equal(the_debt(1)->level, 3);
	when_reversed(1, 1000, 0);
	then_asked_with(&reversal_timer, SPEC_TODAY);
	when_reopened(1, 1000);
	assert_int_equal(spec.decision.timers_count, 0); /* the reversal has one */
	assert_int_equal(the_debt(1)->lifecycle, LIFECYCLE_ACTIVE);
	assert_int_equal(the_group_debts()->count, 1);
}

static void test_reopened__begins_the_ladder_anew(void **state)
{
	(void)state;
	when_paid_and_reopened(REOPENED_START);
	assert_int_equal(the_debt(1)->level, 0);
	assert_string_equal(the_debt(1)->policy, "");
}

static void test_reopened__goes_on_where_it_was(void **state)
{
	(void)state;
	when_paid_and_reopened(REOPENED_RESUME);
	assert_int_equal(the_debt(1)->level, 3);
	assert_int_equal(the_debt(1)->level_on, SPEC_TODAY);
	assert_string_equal(the_debt(1)->policy, "p");
}

/* ---- other changes ---- */

static void test_activated__is_noted(void **state)
{
	const struct debt_activated activated = {
		.debt_id = DEBT(1), .customer_id = PERSON, .creditor_id = CREDITOR, .currency = STR("EUR"), .due_on = DUE_ON
	};

	(void)state;
	when_debt(1, 1000, DUE_ON);
	spec_follow(&spec, &debt_activated_type, &activated);
	assert_int_equal(noted()->version, 2);
	assert_int_equal(the_debt(1)->lifecycle, LIFECYCLE_ACTIVE);
}

static void test_amended__another_due_day_is_asked_about_in_its_time(void **state)
{
	(void)state;
	when_debt(1, 1000, DUE_ON);
	when_amended(1, SPEC_TODAY + 100);
	assert_int_equal(then_timer(&entry_timer, DEBT(1), false)->due_on, SPEC_TODAY + 100 - REMINDER_DAYS_MAX);
	when_amended(1, SPEC_TODAY - 1);
	then_asked_again_on(SPEC_TODAY);
	assert_int_equal(the_debt(1)->due_on, SPEC_TODAY - 1);
	when_amended(1, SPEC_TODAY - 1); /* only a reference */
	then_events(&spec, "DebtNoted");
	assert_int_equal(spec.decision.timers_count, 0);
}

/* A debt that is not past due any more is cured; one that stays past due is not. */
static void test_amended__a_debt_that_is_not_past_due_is_at_its_beginning(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_taken_at(SPEC_TODAY, 1, "email");
	when_amended(1, SPEC_TODAY - 1);
	assert_int_equal(the_debt(1)->level, 1);
	assert_int_equal(noted()->level, 1);
	when_amended(1, SPEC_TODAY);
	assert_int_equal(the_debt(1)->level, 0);
	assert_string_equal(the_debt(1)->policy, "");
}

static void test_cancelled__a_debt_leaves_the_group(void **state)
{
	(void)state;
	given_policy("p");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_cancelled(1);
	then_events(&spec, "DebtNoted");
	assert_int_equal(spec.decision.timers_count, 0);
	assert_int_equal(the_debt(1)->balance_minor, 0);
	assert_int_equal(the_group_debts()->count, 0);
	when_day(SPEC_TODAY);
	then_nothing(); /* and its group is asked about no more */
}

/* ---- a step under way ---- */

/* Of debt 1, which is past due; debt 2 is not. */
static struct uuid given_a_step_under_way(void)
{
	given_step(given_policy("p"), 1, 1, "email sms");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_debt(2, 1000, SPEC_TODAY + 20);
	when_day(SPEC_TODAY);
	return then_step(1, "email");
}

static void then_withdrawn(struct uuid step_id, const char *reason)
{
	const struct dunning_step_withdrawn *withdrawn = then_event(&spec, 1, dunning_step_withdrawn);
	const struct cancel_communication *cancel = spec.decision.sendings[0].body;
	const struct uuid cancellation_id = cancellation_id_of(&step_id);

	then_events(&spec, "DebtNoted", "DunningStepWithdrawn");
	assert_memory_equal(&withdrawn->step_id, &step_id, sizeof(step_id));
	assert_true(str_is(withdrawn->reason, reason));
	assert_int_equal(withdrawn->version, 2);
	assert_int_equal(spec.decision.sendings_count, 1);
	assert_ptr_equal(spec.decision.sendings[0].type, &cancel_communication_type);
	assert_memory_equal(&spec.decision.sendings[0].id, &cancellation_id, sizeof(cancellation_id));
	assert_memory_equal(&cancel->communication_id, &step_id, sizeof(step_id));
	assert_int_equal(the_step(step_id)->state, STEP_STATE_WITHDRAWN);
	assert_true(uuid_is_none(&the_group()->step_id));
	assert_int_equal(demands_now(), 0);
}

static void test_withdrawn__by_a_part_payment(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	assert_int_equal(demands_now(), 1);
	when_payment(1, 999, 0);
	then_withdrawn(step_id, "paid");
}

/* The other debt is not due yet, so the message does not list it; its credit is in what the message says is owed. */
static void test_withdrawn__by_a_credit_of_another_debt_of_the_group(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_payment(2, 0, 0);
	then_events(&spec, "DebtNoted");
	when_payment(2, 0, 1);
	then_withdrawn(step_id, "paid");
}

static void test_withdrawn__by_a_cancellation(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_cancelled(1);
	then_withdrawn(step_id, "cancelled");
}

static void test_withdrawn__by_another_due_day(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_amended(1, DUE_ON + 1);
	then_withdrawn(step_id, "amended");
}

static void test_withdrawn__not_by_what_happens_to_a_debt_that_it_does_not_list(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_payment(2, 0, 0);
	then_events(&spec, "DebtNoted");
	assert_int_equal(the_step(step_id)->state, STEP_STATE_ASKED);
	when_reversed(1, 1100, 0);
	then_events(&spec, "DebtNoted");
	when_amended(1, DUE_ON); /* the same day */
	then_events(&spec, "DebtNoted");
	assert_int_equal(the_step(step_id)->state, STEP_STATE_ASKED);
}

/* Nothing is withdrawn twice: DebtPaid comes behind its payment. */
static void test_withdrawn__once(void **state)
{
	(void)state;
	given_a_step_under_way();
	when_payment(1, 500, 0);
	when_payment(1, 0, 0);
	then_events(&spec, "DebtNoted");
	assert_int_equal(spec.decision.sendings_count, 0);
}

static void test_withdrawn__a_task_has_no_message_to_cancel(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "")->action = ACTION_CALL;
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_day(SPEC_TODAY);
	then_events(&spec, "DunningStepDue", "TaskOpened");
	assert_int_equal(spec.decision.sendings_count, 0);
	assert_int_equal(demands_now(), 1);
	when_payment(1, 0, 0);
	then_events(&spec, "DebtNoted", "DunningStepWithdrawn", "TaskCancelled");
	assert_int_equal(spec.decision.sendings_count, 0);
	assert_int_equal(demands_now(), 0);
}

/* The group is asked about again, with what is owed now. */
static void test_withdrawn__the_next_day_asks_for_what_is_still_owed(void **state)
{
	struct uuid step_id, again_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_payment(1, 400, 0);
	when_day(SPEC_TODAY + 1);
	again_id = then_step(1, "email");
	assert_false(uuid_equal(&again_id, &step_id));
	assert_int_equal(then_event(&spec, 0, dunning_step_due)->net_minor, 400);
	assert_int_equal(then_event(&spec, 0, dunning_step_due)->ask, 2);
}

/* ---- promises ---- */

#define PROMISE_ABOUT(number)                                                                                                    \
	.promise_id = spec_id('M', (number)), .debt_id = DEBT(number), .customer_id = PERSON, .creditor_id = CREDITOR,           \
	.currency = STR("EUR")

static void when_promised(unsigned number)
{
	const struct promise_made body = { PROMISE_ABOUT(number) };

	spec_follow(&spec, &promise_made_type, &body);
}

static void when_promise_reopened(unsigned number)
{
	const struct promise_reopened body = { PROMISE_ABOUT(number) };

	spec_follow(&spec, &promise_reopened_type, &body);
}

static void when_kept(unsigned number)
{
	const struct promise_kept body = { PROMISE_ABOUT(number) };

	spec_follow(&spec, &promise_kept_type, &body);
}

static void when_partly_kept(unsigned number)
{
	const struct promise_partly_kept body = { PROMISE_ABOUT(number) };

	spec_follow(&spec, &promise_partly_kept_type, &body);
}

static void when_broken(unsigned number, bool has_payment_id)
{
	const struct promise_broken body = { PROMISE_ABOUT(number), .has_payment_id = has_payment_id };

	spec_follow(&spec, &promise_broken_type, &body);
}

static void when_promise_cancelled(unsigned number)
{
	const struct promise_cancelled body = { PROMISE_ABOUT(number) };

	spec_follow(&spec, &promise_cancelled_type, &body);
}

/* What all holds of the debt stop together. */
#define HOLD_ABOUT(number, its_words, its_count)                                                                                 \
	.hold_id = spec_id('H', (number)), .debt_id = DEBT(number), .customer_id = PERSON, .creditor_id = CREDITOR,              \
	.currency = STR("EUR"), .stopped = (its_words), .stopped_count = (its_count)

static const struct str asking[] = { { .data = "fees", .size = 4 }, { .data = "contact", .size = 7 } };

static void when_held(unsigned number, size_t words)
{
	const struct hold_placed body = { HOLD_ABOUT(number, asking, words) };

	spec_follow(&spec, &hold_placed_type, &body);
}

static void when_hold_ended(unsigned number, size_t words)
{
	const struct hold_expired body = { HOLD_ABOUT(number, asking, words) };

	spec_follow(&spec, &hold_expired_type, &body);
}

static void when_dispute_resolved(unsigned number, const char *outcome)
{
	const struct dispute_resolved body = { .dispute_id = spec_id('S', number),
					       .debt_id = DEBT(number),
					       .customer_id = PERSON,
					       .creditor_id = CREDITOR,
					       .currency = STR("EUR"),
					       .outcome = str_of(outcome) };

	spec_follow(&spec, &dispute_resolved_type, &body);
}

static void then_held(unsigned number, bool is_held)
{
	then_events(&spec, "DebtNoted");
	assert_true(noted()->has_is_held);
	assert_int_equal(noted()->is_held, is_held);
	assert_int_equal(the_debt(number)->is_held, is_held);
}

static void then_promised(unsigned number, bool is_promised)
{
	then_events(&spec, "DebtNoted");
	assert_true(noted()->has_is_promised);
	assert_int_equal(noted()->is_promised, is_promised);
	assert_int_equal(the_debt(number)->is_promised, is_promised);
}

static void test_hold__its_debt_is_not_asked_for_until_it_has_ended(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_held(1, 2);
	then_held(1, true);
	assert_int_equal(spec.decision.timers_count, 0);
	when_day(SPEC_TODAY);
	assert_int_equal(spec.decision.events_count, 0);
	when_hold_ended(1, 2); /* another one goes on */
	then_held(1, true);
	assert_int_equal(spec.decision.timers_count, 0);
	when_hold_ended(1, 1); /* what is left stops fees only */
	then_held(1, false);
	then_asked_again_on(SPEC_TODAY);
	when_day(SPEC_TODAY);
	then_step(1, "email");
}

static void test_hold__withdraws_the_step_about_its_debt(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_held(1, 1);
	then_held(1, false);
	when_held(2, 2);
	then_held(2, true);
	when_held(1, 2);
	then_withdrawn(step_id, "held");
}

static struct policy *given_a_promise(void)
{
	struct policy *policy = given_policy("p");

	given_step(policy, 1, 1, "email");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_promised(1);
	return policy;
}

static void test_promise__its_debt_is_not_asked_for(void **state)
{
	(void)state;
	given_a_promise();
	then_promised(1, true);
	assert_int_equal(spec.decision.timers_count, 0);
	when_day(SPEC_TODAY);
	assert_int_equal(spec.decision.events_count, 0);
	then_asked_again_on(SPEC_TODAY + 1);
	when_debt(2, 700, DUE_ON);
	when_day(SPEC_TODAY + 1);
	then_step(1, "email");
	assert_int_equal(then_event(&spec, 0, dunning_step_due)->net_minor, 700);
}

static void test_promise__withdraws_the_step_about_its_debt(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_promised(2);
	then_promised(2, true);
	when_promised(1);
	then_withdrawn(step_id, "promise");
}

static bool is_followed(const struct message_type *type)
{
	for (size_t at = 0; at < dunning_module.follows_count; at++) {
		const struct follow *follow = &dunning_module.follows[at];

		for (size_t rule = 0; rule < follow->rules_count; rule++) {
			if (follow->rules[rule].type == type)
				return true;
		}
	}
	return false;
}

/* That a promise is superseded says nothing: the new one comes behind it, in the same command. In between the debt is promised, too. */
static void test_promise__another_one_in_its_place_changes_nothing(void **state)
{
	(void)state;
	assert_false(is_followed(&promise_superseded_type));
	given_a_promise();
	when_promised(1);
	then_promised(1, true);
	assert_int_equal(spec.decision.timers_count, 0);
}

static void then_step_follows_on(int32_t day)
{
	assert_int_equal(the_debt(1)->is_promised, 0);
	when_day(day);
	then_step(1, "email");
}

static void test_promise_ended__by_its_time_or_a_person_the_group_is_asked_about_at_the_next_tick(void **state)
{
	(void)state;
	given_a_promise();
	when_partly_kept(1);
	then_promised(1, false);
	then_asked_again_on(SPEC_TODAY);
	when_promised(1);
	when_promise_cancelled(1);
	then_promised(1, false);
	then_asked_again_on(SPEC_TODAY);
	then_step_follows_on(SPEC_TODAY);
}

static void test_promise_ended__broken_by_its_time_it_is_asked_about_with_its_step(void **state)
{
	struct policy_step *step;

	(void)state;
	step = given_step(given_a_promise(), 3, 0, "sms");
	step->trigger = TRIGGER_EVENT;
	step->event = DUNNING_EVENT_PROMISE_BROKEN;
	when_broken(1, false);
	then_promised(1, false);
	then_asked_with(&broken_timer, SPEC_TODAY);
	spec_fire(&spec, &broken_timer, the_group_id(), PERSON);
	then_step(3, "sms");
}

/* Its hold ended before it; upheld, or held all the same, it brings nothing of its own. */
static void test_dispute__rejected_it_is_asked_about_with_its_step(void **state)
{
	struct policy_step *step;

	(void)state;
	step = given_step(given_a_promise(), 3, 0, "sms");
	step->trigger = TRIGGER_EVENT;
	step->event = DUNNING_EVENT_DISPUTE_REJECTED;
	when_promise_cancelled(1);
	when_held(1, 2);
	when_dispute_resolved(1, "rejected");
	assert_int_equal(spec.decision.timers_count, 0);
	when_hold_ended(1, 0);
	when_dispute_resolved(1, "upheld");
	assert_int_equal(spec.decision.timers_count, 0);
	when_dispute_resolved(1, "rejected");
	then_asked_with(&rejected_timer, SPEC_TODAY);
	spec_fire(&spec, &rejected_timer, the_group_id(), PERSON);
	then_step(3, "sms");
	when_payment(1, 0, 0); /* nobody is asked because of a debt that owes nothing */
	when_dispute_resolved(1, "rejected");
	assert_int_equal(spec.decision.timers_count, 0);
}

/* A policy without a step for that goes on with those of the day. */
static void test_promise_ended__broken_by_its_time_it_is_asked_about(void **state)
{
	(void)state;
	given_a_promise();
	when_broken(1, false);
	spec_fire(&spec, &broken_timer, the_group_id(), PERSON);
	then_step(1, "email");
}

/* What is left is asked for on the next day. */
static void test_promise_ended__kept_leaves_the_group_to_the_next_day(void **state)
{
	(void)state;
	given_a_promise();
	when_payment(1, 400, 0);
	when_kept(1);
	then_promised(1, false);
	assert_int_equal(spec.decision.timers_count, 0);
	then_step_follows_on(SPEC_TODAY + 1);
	assert_int_equal(then_event(&spec, 0, dunning_step_due)->net_minor, 400);
}

/* The evaluation of the day must not come before that of the reversal. */
static void test_promise_ended__by_a_reversal_the_group_is_asked_about_with_it(void **state)
{
	(void)state;
	given_a_promise();
	when_payment(1, 400, 0);
	when_reversed(1, 1000, 0);
	then_asked_with(&reversal_timer, SPEC_TODAY);
	when_broken(1, true);
	then_promised(1, false);
	assert_int_equal(spec.decision.timers_count, 0);
}

static void test_promise_ended__a_second_time_asks_about_nothing(void **state)
{
	(void)state;
	given_a_promise();
	when_kept(1);
	when_broken(1, false); /* judged anew */
	then_promised(1, false);
	assert_int_equal(spec.decision.timers_count, 0);
}

/* A reversal has taken back what had kept it, and there is still time: what was asked for meanwhile is withdrawn. */
static void test_promise__one_that_is_open_again_withdraws_the_step(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_reversed(1, 1100, 0);
	when_promise_reopened(1);
	then_withdrawn(step_id, "promise");
	assert_int_equal(the_debt(1)->is_promised, 1);
}

static void test_promise__the_debt_keeps_its_level(void **state)
{
	struct policy *policy = given_policy("p");

	(void)state;
	given_step(policy, 1, 1, "email");
	given_step(policy, 2, 2, "email");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_taken_at(SPEC_TODAY, 1, "email");
	when_promised(1);
	when_day(SPEC_TODAY + 5);
	assert_int_equal(spec.decision.events_count, 0);
	when_broken(1, false);
	assert_int_equal(the_debt(1)->level, 1);
	when_day(SPEC_TODAY + 5);
	then_step(2, "email");
}

/* ---- plans ---- */

#define PLAN_ABOUT(number)                                                                                                       \
	.plan_id = spec_id('L', (number)), .debt_id = DEBT(number), .customer_id = PERSON, .creditor_id = CREDITOR,              \
	.currency = STR("EUR")

static void when_arranged(unsigned number)
{
	const struct plan_activated body = { PLAN_ABOUT(number) };

	spec_follow(&spec, &plan_activated_type, &body);
}

static void when_reinstated(unsigned number)
{
	const struct plan_reinstated body = { PLAN_ABOUT(number) };

	spec_follow(&spec, &plan_reinstated_type, &body);
}

static void when_resumed(unsigned number)
{
	const struct plan_resumed body = { PLAN_ABOUT(number) };

	spec_follow(&spec, &plan_resumed_type, &body);
}

static void when_plan_broken(unsigned number, bool has_payment_id)
{
	const struct plan_broken body = { PLAN_ABOUT(number), .has_payment_id = has_payment_id };

	spec_follow(&spec, &plan_broken_type, &body);
}

static void when_plan_cancelled(unsigned number, bool was_active)
{
	const struct plan_cancelled body = { PLAN_ABOUT(number), .was_active = was_active };

	spec_follow(&spec, &plan_cancelled_type, &body);
}

static void when_plan_completed(unsigned number)
{
	const struct plan_completed body = { PLAN_ABOUT(number), .has_payment_id = true };

	spec_follow(&spec, &plan_completed_type, &body);
}

static void given_a_plan(void)
{
	given_step(given_policy("p"), 1, 1, "email");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_arranged(1);
}

static void then_lifecycle(unsigned number, enum lifecycle lifecycle)
{
	assert_true(str_is(noted()->lifecycle, lifecycle_name(lifecycle)));
	assert_int_equal(the_debt(number)->lifecycle, lifecycle);
}

static void test_plan__its_debt_is_not_asked_for(void **state)
{
	(void)state;
	given_a_plan();
	then_lifecycle(1, LIFECYCLE_ARRANGED);
	assert_int_equal(spec.decision.timers_count, 0);
	when_day(SPEC_TODAY);
	assert_int_equal(spec.decision.events_count, 0);
}

static void test_plan__withdraws_the_step_about_its_debt(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_arranged(1);
	then_withdrawn(step_id, "plan");
	assert_int_equal(the_debt(1)->lifecycle, LIFECYCLE_ARRANGED);
}

static void test_plan__one_that_holds_again_withdraws_the_step(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_reinstated(1);
	then_withdrawn(step_id, "plan");
	when_plan_broken(1, false);
	when_day(SPEC_TODAY + 1);
	step_id = then_step(1, "email");
	when_resumed(1);
	then_withdrawn(step_id, "plan");
}

static void test_plan_ended__broken_or_cancelled_the_group_is_asked_about_at_the_next_tick(void **state)
{
	(void)state;
	given_a_plan();
	when_plan_broken(1, false);
	then_lifecycle(1, LIFECYCLE_ACTIVE);
	then_asked_again_on(SPEC_TODAY);
	when_arranged(1);
	when_plan_cancelled(1, true);
	then_lifecycle(1, LIFECYCLE_ACTIVE);
	then_asked_again_on(SPEC_TODAY);
	then_step_follows_on(SPEC_TODAY);
}

static void test_plan_ended__by_a_reversal_the_group_is_asked_about_with_it(void **state)
{
	(void)state;
	given_a_plan();
	when_payment(1, 400, 0);
	when_reversed(1, 1000, 0);
	then_asked_with(&reversal_timer, SPEC_TODAY);
	when_plan_broken(1, true);
	then_lifecycle(1, LIFECYCLE_ACTIVE);
	assert_int_equal(spec.decision.timers_count, 0);
}

static void test_plan_ended__completed_leaves_what_is_owed_to_the_next_day(void **state)
{
	(void)state;
	given_a_plan();
	when_payment(1, 400, 0);
	when_plan_completed(1);
	then_lifecycle(1, LIFECYCLE_ACTIVE);
	assert_int_equal(spec.decision.timers_count, 0);
	then_step_follows_on(SPEC_TODAY + 1);
}

static void test_plan_ended__a_proposal_that_is_cancelled_leaves_the_plan(void **state)
{
	(void)state;
	given_a_plan();
	when_plan_cancelled(1, false);
	then_lifecycle(1, LIFECYCLE_ARRANGED);
	assert_int_equal(spec.decision.timers_count, 0);
}

#define SETTLEMENT_ABOUT(number)                                                                                                 \
	.settlement_id = spec_id('Z', (number)), .debt_id = DEBT(number), .customer_id = PERSON, .creditor_id = CREDITOR,        \
	.currency = STR("EUR")

static void when_settled_by_agreement(unsigned number)
{
	const struct settlement_accepted body = { SETTLEMENT_ABOUT(number) };

	spec_follow(&spec, &settlement_accepted_type, &body);
}

static void when_settlement_withdrawn(unsigned number, bool was_accepted, const char *reason)
{
	const struct settlement_withdrawn body = { SETTLEMENT_ABOUT(number), .reason = str_of(reason),
						   .was_accepted = was_accepted };

	spec_follow(&spec, &settlement_withdrawn_type, &body);
}

static void when_settlement_breached(unsigned number, int64_t balance_minor, bool has_payment_id)
{
	const struct settlement_breached body = { SETTLEMENT_ABOUT(number), .balance_minor = balance_minor,
						  .has_payment_id = has_payment_id };

	spec_follow(&spec, &settlement_breached_type, &body);
}

static void given_a_settlement(void)
{
	given_step(given_policy("p"), 1, 1, "email");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_settled_by_agreement(1);
}

static void test_settlement__withdraws_the_step_about_its_debt(void **state)
{
	struct uuid step_id;

	(void)state;
	step_id = given_a_step_under_way();
	when_settled_by_agreement(1);
	then_withdrawn(step_id, "settlement");
	assert_int_equal(the_debt(1)->lifecycle, LIFECYCLE_ARRANGED);
}

static void test_settlement__its_debt_is_asked_for_when_it_has_ended(void **state)
{
	(void)state;
	given_a_settlement();
	when_day(SPEC_TODAY);
	assert_int_equal(spec.decision.events_count, 0);
	when_settlement_breached(1, 1000, false);
	then_lifecycle(1, LIFECYCLE_ACTIVE);
	then_asked_again_on(SPEC_TODAY);
	when_settled_by_agreement(1);
	when_settlement_withdrawn(1, true, "withdrawn");
	then_lifecycle(1, LIFECYCLE_ACTIVE);
	then_asked_again_on(SPEC_TODAY);
	when_settled_by_agreement(1);
	when_settlement_withdrawn(1, true, "payment_reversed"); /* the reversal has its own timer */
	then_lifecycle(1, LIFECYCLE_ACTIVE);
	assert_int_equal(spec.decision.timers_count, 0);
	when_settlement_withdrawn(1, false, "withdrawn");
	assert_int_equal(spec.decision.timers_count, 0);
}

static void test_settlement__what_is_left_of_it_is_not_owed(void **state)
{
	const struct settlement_fulfilled fulfilled = { SETTLEMENT_ABOUT(1) };
	const struct settlement_reopened reopened = { SETTLEMENT_ABOUT(1), .balance_minor = 1000 };

	(void)state;
	given_a_settlement();
	when_payment(1, 200, 0);
	spec_follow(&spec, &settlement_fulfilled_type, &fulfilled);
	then_lifecycle(1, LIFECYCLE_SETTLED);
	assert_int_equal(the_debt(1)->balance_minor, 0);
	spec_follow(&spec, &settlement_reopened_type, &reopened);
	then_lifecycle(1, LIFECYCLE_ARRANGED);
	assert_int_equal(the_debt(1)->balance_minor, 1000);
	assert_int_equal(spec.decision.timers_count, 0);
	when_settlement_breached(1, 900, true);
	then_lifecycle(1, LIFECYCLE_ACTIVE);
	assert_int_equal(the_debt(1)->balance_minor, 900);
	assert_int_equal(spec.decision.timers_count, 0);
}

/* ---- charge-off ---- */

static void when_charged_off(unsigned number)
{
	const struct debt_charged_off body = {
		.debt_id = DEBT(number), .customer_id = PERSON, .creditor_id = CREDITOR, .currency = STR("EUR")
	};

	spec_follow(&spec, &debt_charged_off_type, &body);
}

static void when_charge_off_undone(unsigned number)
{
	const struct charge_off_undone body = { .debt_id = DEBT(number),
						.customer_id = PERSON,
						.creditor_id = CREDITOR,
						.currency = STR("EUR"),
						.lifecycle = STR("ACTIVE") };

	spec_follow(&spec, &charge_off_undone_type, &body);
}

/* The policy is for debts that are not. */
static void test_charge_off__a_policy_for_other_debts_asks_no_more_until_it_is_undone(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_charged_off(1);
	then_lifecycle(1, LIFECYCLE_CHARGED_OFF);
	assert_int_equal(the_debt(1)->balance_minor, 1000);
	then_asked_again_on(SPEC_TODAY);
	when_day(SPEC_TODAY);
	assert_int_equal(spec.decision.events_count, 0);
	when_charge_off_undone(1);
	then_lifecycle(1, LIFECYCLE_ACTIVE);
	then_asked_again_on(SPEC_TODAY);
	then_step_follows_on(SPEC_TODAY);
}

static void test_charge_off__a_debt_that_is_owed_again_is_what_it_was(void **state)
{
	const struct debt_reopened body = { .debt_id = DEBT(1),
					    .customer_id = PERSON,
					    .creditor_id = CREDITOR,
					    .currency = STR("EUR"),
					    .balance_minor = 1000,
					    .has_lifecycle = true,
					    .lifecycle = STR("CHARGED_OFF") };

	(void)state;
	when_debt(1, 1000, DUE_ON);
	when_charged_off(1);
	when_payment(1, 0, 0);
	spec_follow(&spec, &debt_reopened_type, &body);
	then_lifecycle(1, LIFECYCLE_CHARGED_OFF);
}

/* ---- a debt that leaves the books ---- */

#define LEFT(number) .debt_id = DEBT(number), .customer_id = PERSON, .creditor_id = CREDITOR, .currency = STR("EUR")

static void then_left(struct uuid step_id, const char *reason, enum lifecycle lifecycle)
{
	then_withdrawn(step_id, reason);
	assert_int_equal(the_debt(1)->balance_minor, 0);
	assert_int_equal(the_debt(1)->lifecycle, lifecycle);
	when_day(SPEC_TODAY + 1);
	assert_int_equal(spec.decision.events_count, 0);
}

static void test_left__written_off_it_is_not_asked_for(void **state)
{
	const struct debt_written_off body = { LEFT(1), .amount_minor = 1000 };
	struct uuid step_id = given_a_step_under_way();

	(void)state;
	spec_follow(&spec, &debt_written_off_type, &body);
	then_left(step_id, "written_off", LIFECYCLE_WRITTEN_OFF);
}

static void test_left__transferred_it_is_not_asked_for(void **state)
{
	const struct debt_transferred body = { LEFT(1), .amount_minor = 1000 };
	struct uuid step_id = given_a_step_under_way();

	(void)state;
	spec_follow(&spec, &debt_transferred_type, &body);
	then_left(step_id, "transferred", LIFECYCLE_TRANSFERRED);
}

static void test_left__recalled_it_is_not_asked_for(void **state)
{
	const struct debt_recalled body = { LEFT(1), .amount_minor = 1000 };
	struct uuid step_id = given_a_step_under_way();

	(void)state;
	spec_follow(&spec, &debt_recalled_type, &body);
	then_left(step_id, "recalled", LIFECYCLE_TRANSFERRED);
}

/* ---- limits ---- */

static void then_is_debt(const struct uuid *debt_id, unsigned number)
{
	assert_true(uuid_equal(debt_id, &(struct uuid[]){ DEBT(number) }[0]));
}

static void test_limits__a_group_has_its_64_oldest_debts(void **state)
{
	(void)state;
	for (unsigned number = GROUP_DEBTS_MAX + 2; number > 0; number--)
		when_debt(number, 100, DUE_ON);
	assert_int_equal(the_group_debts()->count, GROUP_DEBTS_MAX);
	for (unsigned index = 0; index < GROUP_DEBTS_MAX; index++)
		then_is_debt(&the_group_debts()->ids[index], index + 1);
	when_paid(5);
	assert_int_equal(the_group_debts()->count, GROUP_DEBTS_MAX - 1);
	when_payment(GROUP_DEBTS_MAX + 1, 50, 0);
	assert_int_equal(the_group_debts()->count, GROUP_DEBTS_MAX);
}

static void test_limits__a_message_lists_the_32_that_are_due_first(void **state)
{
	const struct dunning_step_due *due;

	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_reachable_person();
	for (unsigned number = 1; number <= GROUP_DEBTS_MAX; number++)
		when_debt(number, 100, SPEC_TODAY - (int32_t)number);
	when_day(SPEC_TODAY);
	then_step(1, "email");
	due = then_event(&spec, 0, dunning_step_due);
	assert_int_equal(due->debt_ids_count, STEP_DEBTS_MAX);
	assert_int_equal(due->net_minor, 100 * STEP_DEBTS_MAX);
	for (unsigned index = 0; index < STEP_DEBTS_MAX; index++)
		then_is_debt(&due->debt_ids[index], GROUP_DEBTS_MAX - index);
	when_progressed(due->step_id, "submitted");
	assert_int_equal(the_debt(GROUP_DEBTS_MAX)->level, 1);
	assert_int_equal(the_debt(1)->level, 0);
	when_day(SPEC_TODAY + 1); /* the others */
	then_step(1, "email");
	assert_int_equal(then_event(&spec, 0, dunning_step_due)->debt_ids_count, STEP_DEBTS_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, dunning_set_up, dunning_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_created__is_noted_and_its_group_is_asked_about_at_the_next_tick),
		TEST(test_created__one_that_is_due_later_than_any_reminder_has_a_timer_of_its_own),
		TEST(test_created__its_own_timer_begins_the_days_of_the_group),
		TEST(test_created__a_second_time_says_nothing),
		TEST(test_unknown__an_event_of_a_debt_that_is_not_known_says_nothing),
		TEST(test_money__a_part_payment_lowers_what_is_owed),
		TEST(test_money__a_paid_debt_leaves_the_group),
		TEST(test_money__an_overpaid_debt_stays_in_the_group),
		TEST(test_money__a_reversal_is_asked_about_at_the_next_tick),
		TEST(test_money__credits_are_used_and_taken_back),
		TEST(test_money__what_was_refunded_is_netted_no_more),
		TEST(test_reopened__begins_the_ladder_anew),
		TEST(test_reopened__goes_on_where_it_was),
		TEST(test_activated__is_noted),
		TEST(test_amended__another_due_day_is_asked_about_in_its_time),
		TEST(test_amended__a_debt_that_is_not_past_due_is_at_its_beginning),
		TEST(test_cancelled__a_debt_leaves_the_group),
		TEST(test_withdrawn__by_a_part_payment),
		TEST(test_withdrawn__by_a_credit_of_another_debt_of_the_group),
		TEST(test_withdrawn__by_a_cancellation),
		TEST(test_withdrawn__by_another_due_day),
		TEST(test_withdrawn__not_by_what_happens_to_a_debt_that_it_does_not_list),
		TEST(test_withdrawn__once),
		TEST(test_withdrawn__a_task_has_no_message_to_cancel),
		TEST(test_withdrawn__the_next_day_asks_for_what_is_still_owed),
		TEST(test_promise__its_debt_is_not_asked_for),
		TEST(test_promise__withdraws_the_step_about_its_debt),
		TEST(test_promise__another_one_in_its_place_changes_nothing),
		TEST(test_promise_ended__by_its_time_or_a_person_the_group_is_asked_about_at_the_next_tick),
		TEST(test_promise_ended__broken_by_its_time_it_is_asked_about_with_its_step),
		TEST(test_promise_ended__broken_by_its_time_it_is_asked_about),
		TEST(test_dispute__rejected_it_is_asked_about_with_its_step),
		TEST(test_promise_ended__kept_leaves_the_group_to_the_next_day),
		TEST(test_promise_ended__by_a_reversal_the_group_is_asked_about_with_it),
		TEST(test_promise_ended__a_second_time_asks_about_nothing),
		TEST(test_promise__one_that_is_open_again_withdraws_the_step),
		TEST(test_promise__the_debt_keeps_its_level),
		TEST(test_plan__its_debt_is_not_asked_for),
		TEST(test_plan__withdraws_the_step_about_its_debt),
		TEST(test_plan__one_that_holds_again_withdraws_the_step),
		TEST(test_plan_ended__broken_or_cancelled_the_group_is_asked_about_at_the_next_tick),
		TEST(test_plan_ended__by_a_reversal_the_group_is_asked_about_with_it),
		TEST(test_plan_ended__completed_leaves_what_is_owed_to_the_next_day),
		TEST(test_plan_ended__a_proposal_that_is_cancelled_leaves_the_plan),
		TEST(test_settlement__withdraws_the_step_about_its_debt),
		TEST(test_settlement__its_debt_is_asked_for_when_it_has_ended),
		TEST(test_settlement__what_is_left_of_it_is_not_owed),
		TEST(test_charge_off__a_policy_for_other_debts_asks_no_more_until_it_is_undone),
		TEST(test_charge_off__a_debt_that_is_owed_again_is_what_it_was),
		TEST(test_left__written_off_it_is_not_asked_for),
		TEST(test_left__transferred_it_is_not_asked_for),
		TEST(test_left__recalled_it_is_not_asked_for),
		TEST(test_hold__its_debt_is_not_asked_for_until_it_has_ended),
		TEST(test_hold__withdraws_the_step_about_its_debt),
		TEST(test_limits__a_group_has_its_64_oldest_debts),
		TEST(test_limits__a_message_lists_the_32_that_are_due_first),
	};
	return cmocka_run_group_tests_name("dunning: debts", tests, NULL, NULL);
}
