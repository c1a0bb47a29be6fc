/* Fees, costs, waivers and corrections: what is owed is changed by people, and not by money (consumers/DOMAIN.md 5). */

#include "base/money.h"
#include "consumers/debts/charge/charge.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/promise/promise.h"
#include "schemas/debts.h"
#include "tests/unit/rule_spec.h"

static struct spec spec;

#define CUSTOMER (spec_id('C', 1))
#define DEBT     (spec_id('D', 1))

static void given_debt(unsigned number, int64_t principal_minor, int64_t fee_minor)
{
	struct create_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct create_debt){ .debt_id = spec_id('D', number),
				      .customer_id = CUSTOMER,
				      .creditor_id = spec_id('R', 1),
				      .external_ref = number == 1 ? STR("INV-1") : STR("INV-2"),
				      .currency = STR("EUR"),
				      .principal_minor = principal_minor,
				      .fee_minor = fee_minor,
				      .fees_authorised = true,
				      .opened_on = SPEC_TODAY - 90,
				      .due_on = SPEC_TODAY };
	spec_when(&spec, &create_debt_type, body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static int set_up(void **state)
{
	(void)state;
	spec_init(&spec, &debts_module);
	((struct debts_customer *)spec_given(&spec, &debts_customer_entity, CUSTOMER))->is_active = 1;
	given_debt(1, 10000, 500);
	spec.roles = ROLE_SUPERVISOR;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

/* ---- commands ---- */

static struct assess_fee *a_fee(int64_t amount_minor)
{
	struct assess_fee *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct assess_fee){ .debt_id = DEBT,
				     .customer_id = CUSTOMER,
				     .amount_minor = amount_minor,
				     .currency = STR("EUR"),
				     .basis = STR("contract"),
				     .reason = STR("returned debit") };
	return body;
}

static void when_fee(int64_t amount_minor)
{
	spec_when(&spec, &assess_fee_type, a_fee(amount_minor));
}

static void when_cost(int64_t amount_minor)
{
	const struct assess_cost body = { .debt_id = DEBT,
					  .customer_id = CUSTOMER,
					  .amount_minor = amount_minor,
					  .currency = STR("EUR"),
					  .basis = STR("court"),
					  .reason = STR("payment order") };
	spec_when(&spec, &assess_cost_type, &body);
}

static struct waive_amount *a_waiver(const char *component, int64_t amount_minor)
{
	struct waive_amount *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct waive_amount){ .debt_id = DEBT,
				       .customer_id = CUSTOMER,
				       .component = str_of(component),
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .reason = STR("goodwill") };
	return body;
}

static void when_waived(const char *component, int64_t amount_minor)
{
	spec_when(&spec, &waive_amount_type, a_waiver(component, amount_minor));
}

static struct adjust_balance *an_adjustment(const char *direction, const char *component, int64_t amount_minor)
{
	struct adjust_balance *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct adjust_balance){ .debt_id = DEBT,
					 .customer_id = CUSTOMER,
					 .component = str_of(component),
					 .direction = str_of(direction),
					 .amount_minor = amount_minor,
					 .currency = STR("EUR"),
					 .reason = STR("credit note") };
	return body;
}

static void when_adjusted(const char *direction, const char *component, int64_t amount_minor)
{
	spec_when(&spec, &adjust_balance_type, an_adjustment(direction, component, amount_minor));
}

static void when_paid(int64_t amount_minor)
{
	const struct record_payment body = { .payment_id = spec_id('P', 1),
					     .customer_id = CUSTOMER,
					     .debt_id = DEBT,
					     .source = STR("bank-1"),
					     .external_ref = STR("P-1"),
					     .amount_minor = amount_minor,
					     .currency = STR("EUR"),
					     .received_on = SPEC_TODAY,
					     .method = STR("transfer") };
	spec.roles = 0;
	spec_when(&spec, &record_payment_type, &body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	spec.roles = ROLE_SUPERVISOR;
}

static void when_reversed(void)
{
	const struct reverse_payment body = { .payment_id = spec_id('P', 1), .customer_id = CUSTOMER, .reason = STR("nsf") };

	spec_when(&spec, &reverse_payment_type, &body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void when_cancelled(void)
{
	const struct cancel_debt body = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("fraud") };

	spec_when(&spec, &cancel_debt_type, &body);
}

static void given_promise(int64_t amount_minor)
{
	const struct make_promise body = { .promise_id = spec_id('M', 1),
					   .customer_id = CUSTOMER,
					   .debt_id = DEBT,
					   .amount_minor = amount_minor,
					   .currency = STR("EUR"),
					   .due_on = SPEC_TODAY + 4 };
	spec_when(&spec, &make_promise_type, &body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

/* ---- then ---- */

static const struct debt *the_debt(void)
{
	struct uuid id = DEBT;

	return workset_state(&spec.set, &debt_entity, &id);
}

static void then_owed(int64_t cost_minor, int64_t fee_minor, int64_t principal_minor)
{
	const struct balances *balances = &the_debt()->balances;
	struct uuid id = DEBT;
	const struct debt_terms *terms = workset_state(&spec.set, &debt_terms_entity, &id);

	assert_int_equal(balances->minor[ACCOUNT_COST], cost_minor);
	assert_int_equal(balances->minor[ACCOUNT_FEE], fee_minor);
	assert_int_equal(balances->minor[ACCOUNT_INTEREST], 0);
	assert_int_equal(balances->minor[ACCOUNT_PRINCIPAL], principal_minor);
	assert_true(terms->charged_minor >= balances_owed(balances));
}

static void then_lifecycle(enum lifecycle lifecycle)
{
	assert_string_equal(lifecycle_name(the_debt()->lifecycle), lifecycle_name(lifecycle));
}

/* The entry of the last decision's first event: one component and its contra account. */
static void then_posted(enum ledger_kind kind, enum contra_account contra, enum account account, int64_t debit_minor)
{
	struct posting posting;

	assert_true(posting_of(&spec.decision.events[0], &posting));
	assert_string_equal(ledger_kind_name(posting.kind), ledger_kind_name(kind));
	assert_string_equal(contra_account_name(posting.contra), contra_account_name(contra));
	assert_int_equal(posting.debits.minor[account], debit_minor);
	assert_int_equal(balances_sum(&posting.debits), debit_minor);
	assert_int_equal(posting.contra_minor, -debit_minor);
	assert_int_equal(posting.occurred_on, SPEC_TODAY);
	assert_int_equal(posting.booked_on, SPEC_TODAY);
}

static void then_kept(void)
{
	assert_int_equal(spec.decision.kind, DECISION_KEPT);
	assert_true(spec.decision.text[0] != '\0');
}

/* ---- fees and costs ---- */

static void test_charges__a_fee_is_charged(void **state)
{
	const struct charge_assessed *event;

	(void)state;
	when_fee(2500);
	then_events(&spec, "ChargeAssessed");
	event = then_event(&spec, 0, charge_assessed);
	assert_true(str_is(event->component, "fee"));
	assert_true(str_is(event->basis, "contract"));
	assert_true(str_is(event->reason, "returned debit"));
	assert_true(str_is(event->currency, "EUR"));
	assert_int_equal(event->version, 2);
	assert_int_equal(event->amount_minor, 2500);
	assert_int_equal(event->balance_minor, 13000);
	assert_int_equal(event->due_on, SPEC_TODAY);
	assert_int_equal(event->booked_on, SPEC_TODAY);
	assert_false(event->has_approved_by);
	then_posted(LEDGER_ASSESS_FEE, CONTRA_FEE_INCOME, ACCOUNT_FEE, 2500);
	then_owed(0, 3000, 10000);
}

static void test_charges__a_cost_is_charged(void **state)
{
	(void)state;
	when_cost(3200);
	then_events(&spec, "ChargeAssessed");
	assert_true(str_is(then_event(&spec, 0, charge_assessed)->component, "cost"));
	then_posted(LEDGER_ASSESS_COST, CONTRA_FEE_INCOME, ACCOUNT_COST, 3200);
	then_owed(3200, 500, 10000);
}

static void test_charges__what_is_wrong_with_a_fee_is_refused(void **state)
{
	struct assess_fee *body = a_fee(0);

	(void)state;
	body->basis = STR("custom");
	body->reason = STR("");
	spec_when(&spec, &assess_fee_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "basis");
	body->basis = STR("statute");
	spec_when(&spec, &assess_fee_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	body->reason = STR("a reason");
	body->currency = STR("USD");
	spec_when(&spec, &assess_fee_type, body);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	body->amount_minor = MONEY_MINOR_MAX + 1;
	spec_when(&spec, &assess_fee_type, body);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	body->amount_minor = MONEY_MINOR_MAX;
	body->debt_id = spec_id('D', 2);
	spec_when(&spec, &assess_fee_type, body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	body->debt_id = DEBT;
	body->customer_id = spec_id('C', 2);
	spec_when(&spec, &assess_fee_type, body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	body->customer_id = CUSTOMER;
	spec_when(&spec, &assess_fee_type, body);
	then_refused(&spec, REFUSAL_BAD_CURRENCY, "currency");
	body->currency = STR("EUR");
	spec_when(&spec, &assess_fee_type, body);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	then_owed(0, 500, 10000);
}

/* Charged in all: a payment that is reversed later brings back what it has paid, beside what was charged meanwhile. */
static void test_charges__all_charges_together_have_a_limit(void **state)
{
	const struct approval approval = { .actor = STR("second") };

	(void)state;
	when_paid(10000);
	spec.approval = &approval;
	when_fee(MONEY_MINOR_MAX - 10500 + 1);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	when_fee(MONEY_MINOR_MAX - 10500);
	then_events(&spec, "ChargeAssessed");
	when_reversed();
	assert_int_equal(balances_owed(&the_debt()->balances), MONEY_MINOR_MAX);
}

static void test_charges__nothing_is_charged_on_a_debt_that_is_not_open(void **state)
{
	(void)state;
	when_paid(10500);
	when_fee(100);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	when_cost(100);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	when_adjusted("up", "principal", 100);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	when_waived("fee", 100);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	when_reversed();
	when_fee(100);
	then_events(&spec, "ChargeAssessed");
}

/* What a hold stops is a bit of the debt. */
static void test_charges__a_hold_may_stop_fees(void **state)
{
	struct uuid id = DEBT;

	(void)state;
	((struct debt *)workset_change(&spec.set, &debt_entity, &id))->stopped = 1u << (HOLD_EFFECT_FEES - 1);
	assert_true(debt_is_stopped(the_debt(), HOLD_EFFECT_FEES));
	when_fee(50001);
	then_refused(&spec, REFUSAL_HELD, "debt_id");
	when_cost(100);
	then_refused(&spec, REFUSAL_HELD, "debt_id");
	when_waived("fee", 100);
	then_events(&spec, "AmountWaived");
	when_adjusted("up", "principal", 100);
	then_events(&spec, "BalanceAdjusted");
}

/* ---- waivers ---- */

static void test_charges__an_amount_is_waived(void **state)
{
	const struct amount_waived *event;

	(void)state;
	when_waived("fee", 300);
	then_events(&spec, "AmountWaived");
	event = then_event(&spec, 0, amount_waived);
	assert_true(str_is(event->component, "fee"));
	assert_int_equal(event->amount_minor, 300);
	assert_int_equal(event->balance_minor, 10200);
	then_posted(LEDGER_WAIVE, CONTRA_WAIVER, ACCOUNT_FEE, -300);
	then_owed(0, 200, 10000);
	then_lifecycle(LIFECYCLE_ACTIVE);
}

static void test_charges__what_is_wrong_with_a_waiver_is_refused(void **state)
{
	struct waive_amount *body = a_waiver("credit", 501);

	(void)state;
	spec_when(&spec, &waive_amount_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "component");
	when_waived("fee", 501);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	when_waived("interest", 1);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	body = a_waiver("fee", 500);
	body->reason = STR("");
	spec_when(&spec, &waive_amount_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
}

static void test_charges__who_is_waived_the_rest_has_paid(void **state)
{
	(void)state;
	when_paid(10200);
	when_waived("principal", 300);
	then_events(&spec, "AmountWaived", "DebtPaid");
	assert_int_equal(then_event(&spec, 1, debt_paid)->version, 4);
	assert_int_equal(then_event(&spec, 1, debt_paid)->paid_on, SPEC_TODAY);
	then_lifecycle(LIFECYCLE_PAID);
	when_reversed(); /* what was waived stays so */
	then_owed(0, 500, 9700);
	then_lifecycle(LIFECYCLE_ACTIVE);
}

static void test_charges__a_promise_about_a_debt_that_is_waived_ends(void **state)
{
	(void)state;
	given_promise(300);
	when_paid(200);
	when_waived("principal", 10000);
	then_events(&spec, "AmountWaived");
	when_waived("fee", 300);
	then_events(&spec, "AmountWaived", "DebtPaid", "PromiseCancelled");
	assert_true(str_is(then_event(&spec, 2, promise_cancelled)->reason, "debt_paid"));
	assert_int_equal(then_event(&spec, 2, promise_cancelled)->version, the_debt()->version);
}

static void test_charges__a_promise_stops_fees_until_it_is_judged(void **state)
{
	(void)state;
	given_promise(300);
	when_fee(100);
	then_refused(&spec, REFUSAL_HELD, "debt_id");
	when_cost(100);
	then_refused(&spec, REFUSAL_HELD, "debt_id");
	spec.today += 30; /* its timer has not fired yet */
	when_adjusted("up", "interest", 100);
	then_events(&spec, "BalanceAdjusted", "PromiseBroken");
	when_fee(100);
	then_events(&spec, "ChargeAssessed");
}

/* ---- corrections ---- */

static void test_charges__a_claim_is_corrected_up(void **state)
{
	(void)state;
	when_adjusted("up", "interest", 100);
	then_events(&spec, "BalanceAdjusted");
	assert_true(str_is(then_event(&spec, 0, balance_adjusted)->direction, "up"));
	assert_int_equal(then_event(&spec, 0, balance_adjusted)->balance_minor, 10600);
	then_posted(LEDGER_ADJUST_UP, CONTRA_CREDITOR_CLAIM, ACCOUNT_INTEREST, 100);
}

static void test_charges__a_claim_is_corrected_down(void **state)
{
	(void)state;
	when_adjusted("down", "principal", 4000);
	then_events(&spec, "BalanceAdjusted");
	then_posted(LEDGER_ADJUST_DOWN, CONTRA_CREDITOR_CLAIM, ACCOUNT_PRINCIPAL, -4000);
	then_owed(0, 500, 6000);
	when_adjusted("down", "principal", 6001);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	when_adjusted("down", "principal", 6000);
	then_events(&spec, "BalanceAdjusted");
	when_adjusted("down", "fee", 500);
	then_events(&spec, "BalanceAdjusted", "DebtPaid");
	then_lifecycle(LIFECYCLE_PAID);
}

static void test_charges__what_is_wrong_with_a_correction_is_refused(void **state)
{
	(void)state;
	when_adjusted("sideways", "price", 100);
	then_refused(&spec, REFUSAL_BAD_VALUE, "component");
	when_adjusted("sideways", "principal", 100);
	then_refused(&spec, REFUSAL_BAD_VALUE, "direction");
	when_adjusted("up", "principal", -100);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	when_adjusted("up", "principal", MONEY_MINOR_MAX);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
}

/* ---- a debt that is cancelled ---- */

static void test_charges__a_cancellation_takes_back_what_is_left_of_all_charges(void **state)
{
	(void)state;
	when_fee(700);
	when_waived("fee", 200);
	when_adjusted("up", "principal", 50);
	when_cancelled();
	then_events(&spec, "DebtCancelled");
	assert_int_equal(then_event(&spec, 0, debt_cancelled)->amount_minor, 11050);
	then_owed(0, 0, 0);
}

static void test_charges__a_payment_stands_though_something_was_waived(void **state)
{
	(void)state;
	when_waived("principal", 4000);
	when_paid(1000);
	when_cancelled();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

/* ---- limits ---- */

static void test_charges__each_role_has_its_limit(void **state)
{
	(void)state;
	assert_int_equal(charge_alone(&waive_amount_type, ROLE_AGENT), 5000);
	assert_int_equal(charge_alone(&waive_amount_type, ROLE_AGENT | ROLE_SUPERVISOR), 50000);
	assert_int_equal(charge_alone(&adjust_balance_type, ROLE_AGENT), 0);
	assert_int_equal(charge_alone(&assess_fee_type, ROLE_SYSTEM), 5000);
	assert_int_equal(charge_alone(&assess_cost_type, ROLE_SUPERVISOR), 200000);
}

static void test_charges__above_its_limit_an_agent_is_refused(void **state)
{
	(void)state;
	spec.roles = ROLE_AGENT;
	when_waived("principal", 5000);
	then_events(&spec, "AmountWaived");
	when_waived("principal", 5001);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor"); /* more than is owed, that is */
	when_fee(5001);
	then_refused(&spec, REFUSAL_LIMIT_EXCEEDED, "amount_minor");
	assert_non_null(strstr(spec.decision.text, "50.00 EUR"));
}

static void test_charges__above_its_limit_a_supervisor_needs_a_second_person(void **state)
{
	const struct approval approval = { .actor = STR("second") };

	(void)state;
	when_fee(50000);
	then_events(&spec, "ChargeAssessed");
	when_fee(50001);
	then_kept();
	assert_non_null(strstr(spec.decision.text, "500.00 EUR"));
	then_owed(0, 50500, 10000);
	spec.approval = &approval;
	when_fee(50001);
	then_events(&spec, "ChargeAssessed");
	assert_true(then_event(&spec, 0, charge_assessed)->has_approved_by);
	assert_true(str_is(then_event(&spec, 0, charge_assessed)->approved_by, "second"));
}

/* Nobody is asked to approve what would be refused all the same. */
static void test_charges__only_what_nothing_forbids_is_kept(void **state)
{
	(void)state;
	when_waived("principal", 50001);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	when_paid(10500);
	when_fee(50001);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

/* ---- any history ---- */

/* What a debtor would write down: the amounts that were said, and what was owed before them. */
static void test_charges__any_history_adds_up(void **state)
{
	static const char *const components[] = { "cost", "fee", "interest", "principal" };
	static const char *const directions[] = { "up", "down" };
	int64_t owed_minor = 10500;
	uint32_t dice = 1;

	(void)state;
	for (int turn = 0; turn < 200 && the_debt()->lifecycle == LIFECYCLE_ACTIVE; turn++) {
		int64_t amount_minor = 1 + (int64_t)((dice = dice * 1664525 + 1013904223) >> 22);
		const char *component = components[(dice >> 12) % COUNT(components)];
		const char *direction = directions[(dice >> 9) % COUNT(directions)];
		bool is_up = strcmp(direction, "up") == 0;

		if ((dice >> 5) % 3 == 0)
			when_adjusted(direction, component, amount_minor);
		else if (is_up)
			when_fee(amount_minor);
		else
			when_waived(component, amount_minor);
		if (spec.decision.kind == DECISION_EVENTS)
			owed_minor += is_up ? amount_minor : -amount_minor;
		assert_int_equal(balances_owed(&the_debt()->balances), owed_minor);
		assert_false(balances_are_negative(&the_debt()->balances));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_charges__a_fee_is_charged),
		TEST(test_charges__a_cost_is_charged),
		TEST(test_charges__what_is_wrong_with_a_fee_is_refused),
		TEST(test_charges__all_charges_together_have_a_limit),
		TEST(test_charges__nothing_is_charged_on_a_debt_that_is_not_open),
		TEST(test_charges__a_hold_may_stop_fees),
		TEST(test_charges__an_amount_is_waived),
		TEST(test_charges__what_is_wrong_with_a_waiver_is_refused),
		TEST(test_charges__who_is_waived_the_rest_has_paid),
		TEST(test_charges__a_promise_about_a_debt_that_is_waived_ends),
		TEST(test_charges__a_promise_stops_fees_until_it_is_judged),
		TEST(test_charges__a_claim_is_corrected_up),
		TEST(test_charges__a_claim_is_corrected_down),
		TEST(test_charges__what_is_wrong_with_a_correction_is_refused),
		TEST(test_charges__a_cancellation_takes_back_what_is_left_of_all_charges),
		TEST(test_charges__a_payment_stands_though_something_was_waived),
		TEST(test_charges__each_role_has_its_limit),
		TEST(test_charges__above_its_limit_an_agent_is_refused),
		TEST(test_charges__above_its_limit_a_supervisor_needs_a_second_person),
		TEST(test_charges__only_what_nothing_forbids_is_kept),
		TEST(test_charges__any_history_adds_up),
	};
	return cmocka_run_group_tests_name("debts: charges", tests, NULL, NULL);
}
