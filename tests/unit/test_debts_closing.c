/* The creditor gives a debt up: ChargeOff, UndoChargeOff (consumers/DOMAIN.md 4, 5 and 12). */

#include "consumers/debts/closing/closing.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/promise/promise.h"
#include "schemas/debts.h"
#include "tests/unit/debts_spec.h"

/* ---- commands ---- */

static struct charge_off *a_charge_off(void)
{
	struct charge_off *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct charge_off){ .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("180 days past due") };
	return body;
}

static void when_charged_off(void)
{
	spec_when(&spec, &charge_off_type, a_charge_off());
}

static struct undo_charge_off *an_undoing(void)
{
	struct undo_charge_off *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct undo_charge_off){ .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("by mistake") };
	return body;
}

static void when_undone(void)
{
	spec_when(&spec, &undo_charge_off_type, an_undoing());
}

static void when_paid(unsigned number, int64_t amount_minor)
{
	const struct str references[] = { STR("P-0"), STR("P-1"), STR("P-2") };
	const struct record_payment body = { .payment_id = spec_id('P', number),
					     .customer_id = CUSTOMER,
					     .debt_id = DEBT,
					     .source = STR("bank-1"),
					     .external_ref = references[number],
					     .amount_minor = amount_minor,
					     .currency = STR("EUR"),
					     .received_on = SPEC_TODAY,
					     .method = STR("transfer") };
	spec_when(&spec, &record_payment_type, &body);
}

static void when_reversed(unsigned number)
{
	const struct reverse_payment body = { .payment_id = spec_id('P', number), .customer_id = CUSTOMER, .reason = STR("nsf") };

	spec_when(&spec, &reverse_payment_type, &body);
}

static void when_promised(unsigned number)
{
	const struct make_promise body = { .promise_id = spec_id('M', number),
					   .customer_id = CUSTOMER,
					   .debt_id = DEBT,
					   .amount_minor = 300,
					   .currency = STR("EUR"),
					   .due_on = SPEC_TODAY + 4 };
	spec_when(&spec, &make_promise_type, &body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void given_plan(void)
{
	const struct propose_plan proposal = { .plan_id = spec_id('L', 1),
					       .customer_id = CUSTOMER,
					       .debt_id = DEBT,
					       .total_minor = OWED,
					       .currency = STR("EUR"),
					       .instalments = 4,
					       .frequency = STR("monthly"),
					       .first_due_on = SPEC_TODAY + 10 };
	const struct accept_plan acceptance = { .plan_id = spec_id('L', 1), .customer_id = CUSTOMER };

	spec_when(&spec, &propose_plan_type, &proposal);
	spec_when(&spec, &accept_plan_type, &acceptance);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

/* ---- then ---- */

static struct debt *the_debt(void)
{
	struct uuid id = DEBT;

	return workset_find(&spec.set, &debt_entity, &id)->state;
}

static void then_lifecycle(enum lifecycle lifecycle)
{
	assert_string_equal(lifecycle_name((enum lifecycle)the_debt()->lifecycle), lifecycle_name(lifecycle));
}

static void then_first_posts(enum ledger_kind kind)
{
	struct posting posting;

	assert_true(posting_of(&spec.decision.events[0], &posting));
	assert_string_equal(ledger_kind_name(posting.kind), ledger_kind_name(kind));
}

/* ---- ChargeOff ---- */

static void test_closing__a_debt_is_charged_off(void **state)
{
	const struct debt_charged_off *event;
	struct posting posting;

	(void)state;
	when_paid(1, 2500);
	when_charged_off();
	then_events(&spec, "DebtChargedOff");
	event = then_event(&spec, 0, debt_charged_off);
	assert_int_equal(event->version, 3);
	assert_int_equal(event->charged_off_on, SPEC_TODAY);
	assert_int_equal(event->amount_minor, 7500);
	assert_int_equal(event->principal_minor, 7500);
	assert_int_equal(event->due_on, SPEC_TODAY - 60);
	assert_true(str_is(event->previous_lifecycle, "ACTIVE"));
	assert_true(str_is(event->reason, "180 days past due"));
	assert_false(posting_of(&spec.decision.events[0], &posting));
	then_lifecycle(LIFECYCLE_CHARGED_OFF);
	assert_int_equal(balances_owed(&the_debt()->balances), 7500);
	assert_int_equal(the_debt()->charged_off_on, SPEC_TODAY);
}

static void test_closing__what_is_wrong_with_a_charge_off_is_refused(void **state)
{
	struct charge_off *body = a_charge_off();

	(void)state;
	body->reason = STR("");
	spec_when(&spec, &charge_off_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	body = a_charge_off();
	body->customer_id = spec_id('C', 2);
	spec_when(&spec, &charge_off_type, body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	body = a_charge_off();
	body->has_expected_version = true;
	body->expected_version = 7;
	spec_when(&spec, &charge_off_type, body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
}

static void test_closing__a_debt_is_charged_off_once_and_only_while_it_is_open(void **state)
{
	(void)state;
	when_charged_off();
	when_charged_off();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	for (enum lifecycle lifecycle = LIFECYCLE_PAID; lifecycle < LIFECYCLE_COUNT; lifecycle++) {
		the_debt()->lifecycle = lifecycle;
		when_charged_off();
		then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	}
}

static void test_closing__a_plan_ends_with_the_charge_off(void **state)
{
	(void)state;
	given_plan();
	then_lifecycle(LIFECYCLE_ARRANGED);
	when_charged_off();
	then_events(&spec, "PlanCancelled", "DebtChargedOff");
	assert_true(str_is(then_event(&spec, 0, plan_cancelled)->reason, "debt_charged_off"));
	assert_true(then_event(&spec, 0, plan_cancelled)->was_active);
	assert_int_equal(then_event(&spec, 1, debt_charged_off)->version, then_event(&spec, 0, plan_cancelled)->version + 1);
	assert_true(str_is(then_event(&spec, 1, debt_charged_off)->previous_lifecycle, "ACTIVE"));
	assert_int_equal(spec.decision.timers_count, 1);
	assert_true(spec.decision.timers[0].is_cancelled);
	then_lifecycle(LIFECYCLE_CHARGED_OFF);
	when_undone();
	then_events(&spec, "ChargeOffUndone");
	then_lifecycle(LIFECYCLE_ACTIVE); /* nothing brings the plan back */
}

static void test_closing__a_plan_that_has_ended_stays_as_it_is(void **state)
{
	(void)state;
	given_plan();
	spec_when(&spec, &cancel_plan_type,
		  &(struct cancel_plan){ .plan_id = spec_id('L', 1), .customer_id = CUSTOMER, .reason = STR("withdrawn") });
	when_charged_off();
	then_events(&spec, "DebtChargedOff");
}

static void test_closing__an_open_promise_ends_with_the_charge_off(void **state)
{
	(void)state;
	when_promised(1);
	when_charged_off();
	then_events(&spec, "DebtChargedOff", "PromiseCancelled");
	assert_true(str_is(then_event(&spec, 1, promise_cancelled)->reason, "debt_charged_off"));
	assert_int_equal(then_event(&spec, 1, promise_cancelled)->version, the_debt()->version);
	when_promised(2); /* about what is collected on, one may be made */
	then_events(&spec, "PromiseMade");
}

/* ---- recoveries ---- */

static void test_closing__what_is_paid_afterwards_is_a_recovery(void **state)
{
	(void)state;
	when_paid(1, 1000);
	assert_false(then_event(&spec, 0, payment_recorded)->has_is_recovery);
	then_first_posts(LEDGER_PAYMENT);
	when_charged_off();
	when_paid(2, 9000);
	then_events(&spec, "PaymentRecorded", "DebtPaid");
	assert_true(then_event(&spec, 0, payment_recorded)->is_recovery);
	then_first_posts(LEDGER_RECOVERY);
	then_lifecycle(LIFECYCLE_PAID);
}

static void test_closing__a_recovery_that_is_reversed_leads_back_to_charged_off(void **state)
{
	(void)state;
	when_charged_off();
	when_paid(1, OWED);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened");
	assert_true(str_is(then_event(&spec, 1, debt_reopened)->lifecycle, "CHARGED_OFF"));
	then_lifecycle(LIFECYCLE_CHARGED_OFF);
	when_paid(2, 1);
	assert_true(then_event(&spec, 0, payment_recorded)->is_recovery);
}

static void test_closing__without_a_charge_off_a_reversal_leads_to_active(void **state)
{
	(void)state;
	when_paid(1, OWED);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened");
	assert_true(str_is(then_event(&spec, 1, debt_reopened)->lifecycle, "ACTIVE"));
	then_lifecycle(LIFECYCLE_ACTIVE);
}

/* ---- UndoChargeOff ---- */

static void test_closing__a_charge_off_is_undone(void **state)
{
	const struct charge_off_undone *event;

	(void)state;
	when_paid(1, 1000);
	when_charged_off();
	when_undone();
	then_events(&spec, "ChargeOffUndone");
	event = then_event(&spec, 0, charge_off_undone);
	assert_int_equal(event->version, 4);
	assert_int_equal(event->undone_on, SPEC_TODAY);
	assert_int_equal(event->balance_minor, 9000);
	assert_true(str_is(event->lifecycle, "ACTIVE"));
	assert_true(str_is(event->reason, "by mistake"));
	then_lifecycle(LIFECYCLE_ACTIVE);
	assert_int_equal(the_debt()->charged_off_on, 0);
	when_paid(2, 100);
	assert_false(then_event(&spec, 0, payment_recorded)->has_is_recovery);
	when_charged_off();
	then_events(&spec, "DebtChargedOff");
}

static void test_closing__what_is_wrong_with_an_undoing_is_refused(void **state)
{
	struct undo_charge_off *body = an_undoing();

	(void)state;
	when_undone();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	body->reason = STR("");
	spec_when(&spec, &undo_charge_off_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	body = an_undoing();
	body->debt_id = spec_id('D', 9);
	spec_when(&spec, &undo_charge_off_type, body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	body = an_undoing();
	body->has_expected_version = true;
	body->expected_version = 7;
	spec_when(&spec, &undo_charge_off_type, body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
}

static void test_closing__nothing_is_undone_once_something_was_booked(void **state)
{
	(void)state;
	when_charged_off();
	when_paid(1, 100);
	when_undone();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	when_reversed(1);
	when_undone();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

/* A debt that was not due; its timer may have passed meanwhile. */
static void given_new_debt(int32_t due_on)
{
	the_debt()->due_on = due_on;
	the_debt()->lifecycle = LIFECYCLE_NEW;
}

static void test_closing__a_new_debt_is_new_again_and_waits_for_its_day(void **state)
{
	(void)state;
	given_new_debt(SPEC_TODAY + 9);
	when_charged_off();
	when_undone();
	then_events(&spec, "ChargeOffUndone");
	then_lifecycle(LIFECYCLE_NEW);
	assert_int_equal(spec.decision.timers_count, 1);
	assert_false(spec.decision.timers[0].is_cancelled);
}

static void test_closing__a_new_debt_that_became_due_meanwhile_is_active(void **state)
{
	(void)state;
	given_new_debt(SPEC_TODAY + 9);
	when_charged_off();
	spec.today += 9;
	when_undone();
	then_events(&spec, "ChargeOffUndone", "DebtActivated");
	assert_int_equal(then_event(&spec, 1, debt_activated)->version, the_debt()->version);
	then_lifecycle(LIFECYCLE_ACTIVE);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_closing__a_debt_is_charged_off),
		TEST(test_closing__what_is_wrong_with_a_charge_off_is_refused),
		TEST(test_closing__a_debt_is_charged_off_once_and_only_while_it_is_open),
		TEST(test_closing__a_plan_ends_with_the_charge_off),
		TEST(test_closing__a_plan_that_has_ended_stays_as_it_is),
		TEST(test_closing__an_open_promise_ends_with_the_charge_off),
		TEST(test_closing__what_is_paid_afterwards_is_a_recovery),
		TEST(test_closing__a_recovery_that_is_reversed_leads_back_to_charged_off),
		TEST(test_closing__without_a_charge_off_a_reversal_leads_to_active),
		TEST(test_closing__a_charge_off_is_undone),
		TEST(test_closing__what_is_wrong_with_an_undoing_is_refused),
		TEST(test_closing__nothing_is_undone_once_something_was_booked),
		TEST(test_closing__a_new_debt_is_new_again_and_waits_for_its_day),
		TEST(test_closing__a_new_debt_that_became_due_meanwhile_is_active),
	};
	return cmocka_run_group_tests_name("debts: closing", tests, NULL, NULL);
}
