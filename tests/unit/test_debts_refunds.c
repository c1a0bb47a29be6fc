/* Refunds: what is left of the credit of a payment is paid back (consumers/DOMAIN.md 3, 5, 12). */

#include "base/array.h"
#include "base/money.h"
#include "consumers/debts/charge/charge.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/settlement/settlement.h"
#include "schemas/debts.h"
#include "tests/unit/debts_spec.h"

static const struct debt *the_debt(void)
{
	struct uuid id = DEBT;

	return workset_state(&spec.set, &debt_entity, &id);
}

static const struct payment *payment_of(unsigned number)
{
	struct uuid id = spec_id('P', number);

	return workset_state(&spec.set, &payment_entity, &id);
}

/* ---- commands ---- */

static void when_paid(unsigned number, int64_t amount_minor)
{
	char *reference = arena_take(&spec.arena, 8, 1);
	struct record_payment body = { .payment_id = spec_id('P', number),
				       .customer_id = CUSTOMER,
				       .debt_id = DEBT,
				       .source = STR("bank-1"),
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .received_on = spec.today,
				       .method = STR("transfer") };

	snprintf(reference, 8, "P-%u", number % 1000);
	body.external_ref = str_of(reference);
	spec_when(&spec, &record_payment_type, &body);
}

static void given_paid(unsigned number, int64_t amount_minor)
{
	when_paid(number, amount_minor);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void when_reversed(unsigned number)
{
	const struct reverse_payment body = { .payment_id = spec_id('P', number),
					      .customer_id = CUSTOMER,
					      .reason = STR("error") };

	spec_when(&spec, &reverse_payment_type, &body);
}

static struct refund_payment a_refund(unsigned number, int64_t amount_minor)
{
	return (struct refund_payment){ .payment_id = spec_id('P', number),
					.customer_id = CUSTOMER,
					.amount_minor = amount_minor,
					.currency = STR("EUR"),
					.reason = STR("overpaid") };
}

static void when_refund(const struct refund_payment *body)
{
	spec_when(&spec, &refund_payment_type, body);
}

static void when_refunded(unsigned number, int64_t amount_minor)
{
	const struct refund_payment body = a_refund(number, amount_minor);

	when_refund(&body);
}

static void given_refunded(unsigned number, int64_t amount_minor)
{
	when_refunded(number, amount_minor);
	then_events(&spec, "PaymentRefunded");
}

static void when_recalled(void)
{
	const struct recall_debt body = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("placement has ended") };

	spec_when(&spec, &recall_debt_type, &body);
	then_events(&spec, "DebtRecalled");
}

static void then_credit(int64_t credit_minor)
{
	assert_int_equal(the_debt()->balances.minor[ACCOUNT_CREDIT], credit_minor);
}

/* ---- what is paid back ---- */

static void test_refunds__what_was_paid_too_much_is_paid_back(void **state)
{
	struct refund_payment body = a_refund(1, 2500);
	const struct payment_refunded *event;
	struct posting posting;
	struct uuid id = spec_id('P', 1);

	(void)state;
	given_paid(1, OWED + 2500);
	body.has_transfer_ref = true;
	body.transfer_ref = STR("OUT-7");
	when_refund(&body);
	then_events(&spec, "PaymentRefunded");
	event = then_event(&spec, 0, payment_refunded);
	assert_true(uuid_equal(&event->payment_id, &id));
	assert_int_equal(event->version, 4); /* created, paid, DebtPaid */
	assert_int_equal(event->due_on, SPEC_TODAY);
	assert_int_equal(event->received_on, SPEC_TODAY);
	assert_int_equal(event->refunded_on, SPEC_TODAY);
	assert_true(str_is(event->currency, "EUR"));
	assert_true(str_is(event->reason, "overpaid"));
	assert_true(str_is(event->transfer_ref, "OUT-7"));
	assert_int_equal(event->amount_minor, 2500);
	assert_int_equal(event->refunded_minor, 2500);
	assert_int_equal(event->credit_minor, 0);
	assert_int_equal(event->balance_minor, 0);
	assert_false(event->has_approved_by);
	assert_true(posting_of(&spec.decision.events[0], &posting));
	assert_int_equal(posting.kind, LEDGER_REFUND);
	assert_int_equal(posting.contra, CONTRA_REFUND_PAYABLE);
	assert_int_equal(posting.contra_minor, -2500);
	assert_int_equal(posting.debits.minor[ACCOUNT_CREDIT], 2500);
	assert_int_equal(balances_sum(&posting.debits), 2500);
	assert_true(uuid_equal(posting.payment_id, &id));
	assert_int_equal(posting.occurred_on, SPEC_TODAY);
	assert_int_equal(posting.booked_on, SPEC_TODAY);

	then_credit(0);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_PAID);
	assert_int_equal(the_debt()->entries, 3);
	assert_int_equal(payment_of(1)->state, PAYMENT_SETTLED);
	assert_int_equal(payment_of(1)->refunded_minor, 2500);
	assert_int_equal(payment_of(1)->amount_minor, OWED + 2500);
}

static void test_refunds__a_credit_is_paid_back_in_parts_and_never_more_than_it(void **state)
{
	(void)state;
	given_paid(1, OWED + 100);
	given_paid(2, 500);
	given_refunded(1, 30);
	when_refunded(1, 71);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor"); /* though there is credit of another payment */
	given_refunded(1, 70);
	assert_int_equal(then_event(&spec, 0, payment_refunded)->refunded_minor, 100);
	assert_int_equal(then_event(&spec, 0, payment_refunded)->credit_minor, 500);
	when_refunded(1, 1);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	given_refunded(2, 500);
	then_credit(0);
}

/* Credit is the debt's: which payment's has paid what another's reversal left owed, nobody can say. */
static void test_refunds__credit_that_has_paid_something_is_not_paid_back(void **state)
{
	(void)state;
	given_paid(1, OWED);
	given_paid(2, 700);
	given_paid(3, 500);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "CreditApplied", "DebtReopened");
	when_refunded(2, 1);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	given_paid(4, OWED - 1200 + 200);
	when_refunded(2, 201);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	given_refunded(2, 200);
	when_refunded(4, 1);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");

	/* The others are taken back all the same: what is left of their credit has paid something. */
	when_reversed(3);
	then_events(&spec, "CreditApplied", "PaymentReversed", "DebtReopened");
	when_reversed(4);
	then_events(&spec, "CreditApplied", "PaymentReversed");
	assert_int_equal(balances_owed(&the_debt()->balances), OWED - 500);
	then_credit(0);
}

static void test_refunds__an_ordinary_payment_leaves_nothing_to_be_paid_back(void **state)
{
	(void)state;
	given_paid(1, OWED - 1);
	when_refunded(1, 1);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	given_paid(2, 1);
	when_refunded(2, 1);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
}

/* ---- refusals ---- */

/* In the order of precedence: each body has the fault of its row and those of all rows below it. */
static void test_refunds__faults_are_named_in_their_order(void **state)
{
	struct refund_payment body = a_refund(9, 0);

	(void)state;
	given_paid(1, OWED + 100);
	when_recalled();
	body.currency = STR("USD");
	body.reason = STR("");
	body.has_transfer_ref = true;
	when_refund(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "transfer_ref");
	body.transfer_ref = STR("OUT-7");
	when_refund(&body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	body.reason = STR("overpaid");
	when_refund(&body);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	body.amount_minor = MONEY_MINOR_MAX + 1;
	when_refund(&body);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	body.amount_minor = 101;
	when_refund(&body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "payment_id");
	body.payment_id = spec_id('P', 1);
	body.customer_id = spec_id('C', 2);
	when_refund(&body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "payment_id");
	body.customer_id = CUSTOMER;
	when_refund(&body);
	then_refused(&spec, REFUSAL_BAD_CURRENCY, "currency");
	body.currency = STR("EUR");
	when_refund(&body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "payment_id"); /* the creditor has the credit of a recalled debt */
}

static void test_refunds__a_reversed_payment_is_not_paid_back(void **state)
{
	(void)state;
	given_paid(1, OWED);
	given_paid(2, 100);
	when_reversed(2);
	then_events(&spec, "PaymentReversed");
	when_refunded(2, 101);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "payment_id");
}

static void test_refunds__a_payment_that_was_paid_back_is_not_reversed(void **state)
{
	(void)state;
	given_paid(1, OWED + 100);
	given_refunded(1, 1);
	when_reversed(1);
	then_refused(&spec, REFUSAL_HELD, "payment_id");
	when_recalled();
	when_reversed(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "payment_id"); /* which comes before */
}

/* ---- the second person ---- */

static void test_refunds__above_its_limit_a_supervisor_needs_a_second_person(void **state)
{
	const struct approval approval = { .actor = STR("second") };
	const int64_t alone_minor = charge_alone(&refund_payment_type, ROLE_SUPERVISOR);

	(void)state;
	assert_true(alone_minor > 0);
	assert_int_equal(charge_alone(&refund_payment_type, ROLE_AGENT | ROLE_CREDITOR | ROLE_SYSTEM), 0);
	spec.roles = ROLE_SUPERVISOR | ROLE_AGENT;
	given_paid(1, OWED + 2 * alone_minor);
	given_refunded(1, alone_minor - 1);
	when_refunded(1, alone_minor + 2);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor"); /* nobody is asked to approve what would be refused */
	when_refunded(1, alone_minor + 1);
	assert_int_equal(spec.decision.kind, DECISION_KEPT);
	assert_true(spec.decision.text[0] != '\0');
	spec.approval = &approval;
	when_refunded(1, alone_minor + 1);
	then_events(&spec, "PaymentRefunded");
	assert_true(str_is(then_event(&spec, 0, payment_refunded)->approved_by, "second"));
}

/* ---- what was arranged ---- */

static const struct promise *the_promise(void)
{
	struct uuid id = spec_id('M', 1);

	return workset_state(&spec.set, &promise_entity, &id);
}

/* The money that was paid back does not keep the promise a second time. */
static void test_refunds__what_was_paid_back_keeps_no_promise(void **state)
{
	const struct make_promise body = { .promise_id = spec_id('M', 1),
					   .customer_id = CUSTOMER,
					   .debt_id = DEBT,
					   .amount_minor = OWED,
					   .currency = STR("EUR"),
					   .due_on = SPEC_TODAY + 4 };

	(void)state;
	spec_when(&spec, &make_promise_type, &body);
	given_paid(1, OWED);
	given_paid(2, OWED - 1);
	given_refunded(2, OWED - 1);
	assert_int_equal(the_promise()->state, PROMISE_KEPT);
	assert_int_equal(the_promise()->paid_minor, OWED);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened", "PromiseReopened");
	assert_int_equal(the_promise()->paid_minor, 0);
	when_paid(3, 1);
	then_events(&spec, "PaymentRecorded");
}

/* The promise was kept by more than was owed by then; what comes later does not break it. */
static void test_refunds__a_kept_promise_stays_kept(void **state)
{
	const struct make_promise body = { .promise_id = spec_id('M', 1),
					   .customer_id = CUSTOMER,
					   .debt_id = DEBT,
					   .amount_minor = OWED,
					   .currency = STR("EUR"),
					   .due_on = SPEC_TODAY + 4 };

	(void)state;
	spec_when(&spec, &make_promise_type, &body);
	spec.today--; /* a value date of before the promise, which does not count */
	given_paid(1, OWED - 1000);
	spec.today++;
	when_paid(2, OWED);
	then_events(&spec, "PaymentRecorded", "DebtPaid", "PromiseKept");
	given_refunded(2, OWED - 1000);
	assert_int_equal(the_promise()->paid_minor, 1000);
	when_paid(3, 5);
	then_events(&spec, "PaymentRecorded");
	assert_int_equal(the_promise()->state, PROMISE_KEPT);
}

static const struct plan *the_plan(void)
{
	struct uuid id = spec_id('L', 1);

	return workset_state(&spec.set, &plan_entity, &id);
}

static void test_refunds__what_was_paid_back_is_not_paid_of_a_plan(void **state)
{
	const struct propose_plan proposal = { .plan_id = spec_id('L', 1),
					       .customer_id = CUSTOMER,
					       .debt_id = DEBT,
					       .total_minor = OWED,
					       .currency = STR("EUR"),
					       .instalments = 10,
					       .frequency = STR("weekly"),
					       .first_due_on = SPEC_TODAY + 4 };
	const struct accept_plan acceptance = { .plan_id = spec_id('L', 1), .customer_id = CUSTOMER };

	(void)state;
	spec_when(&spec, &propose_plan_type, &proposal);
	spec_when(&spec, &accept_plan_type, &acceptance);
	then_events(&spec, "PlanActivated");
	given_paid(1, OWED - 1000);
	given_paid(2, 1500);
	given_refunded(2, 500);
	assert_int_equal(the_plan()->state, PLAN_COMPLETED);
	assert_int_equal(the_plan()->paid_minor, OWED);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened", "PlanResumed");
	assert_int_equal(the_plan()->paid_minor, 1000);
	assert_int_equal(balances_owed(&the_debt()->balances), OWED - 1000);
}

static const struct settlement *the_settlement(void)
{
	struct uuid id = spec_id('Z', 1);

	return workset_state(&spec.set, &settlement_entity, &id);
}

/* Who has credit on a settled debt gets it back; it does not pay the settlement a second time. */
static void test_refunds__what_was_paid_back_is_not_paid_of_a_settlement(void **state)
{
	const struct offer_settlement offer = { .settlement_id = spec_id('Z', 1),
						.customer_id = CUSTOMER,
						.debt_id = DEBT,
						.has_amount_minor = true,
						.amount_minor = 8000,
						.has_currency = true,
						.currency = STR("EUR"),
						.expires_on = SPEC_TODAY + 7,
						.pay_by = SPEC_TODAY + 14 };
	const struct accept_settlement acceptance = { .settlement_id = spec_id('Z', 1), .customer_id = CUSTOMER };

	(void)state;
	spec_when(&spec, &offer_settlement_type, &offer);
	spec_when(&spec, &accept_settlement_type, &acceptance);
	then_events(&spec, "SettlementAccepted");
	given_paid(1, 8000);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_SETTLED);
	given_paid(2, 3000);
	given_refunded(2, 3000);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_SETTLED);
	assert_int_equal(the_settlement()->state, SETTLEMENT_FULFILLED);
	assert_int_equal(the_settlement()->paid_minor, 8000);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened", "SettlementReopened");
	assert_int_equal(the_settlement()->paid_minor, 0);
	when_paid(3, 5000);
	then_events(&spec, "PaymentRecorded");
	when_paid(4, 3000);
	then_events(&spec, "PaymentRecorded", "SettlementFulfilled");
	assert_int_equal(then_event(&spec, 1, settlement_fulfilled)->discount_minor, 2000);
}

/* ---- and the debt ---- */

/* All that had come in has gone back, so nobody has paid it. */
static void test_refunds__a_debt_is_cancelled_when_all_of_its_payments_went_back(void **state)
{
	const struct cancel_debt body = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("fraud") };

	(void)state;
	given_paid(1, OWED);
	given_paid(2, 500);
	given_refunded(2, 499);
	when_reversed(1);
	spec_when(&spec, &cancel_debt_type, &body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id"); /* the last of it has paid something */
	given_paid(3, OWED - 1);
	when_refunded(2, 1);
	then_refused(&spec, REFUSAL_BAD_AMOUNT, "amount_minor");
	given_paid(4, 1);
	given_refunded(2, 1);
	when_reversed(3);
	when_reversed(4);
	spec_when(&spec, &cancel_debt_type, &body);
	then_events(&spec, "DebtCancelled");
}

enum { PAYMENTS = 60 };

/* The credits of the payments that stand are on the debt, have paid something, or were paid back. */
static void then_credits_add_up(unsigned payments)
{
	int64_t credits_minor = 0, refunded_minor = 0;

	for (unsigned number = 1; number <= payments; number++) {
		const struct payment *payment = payment_of(number);

		assert_true(payment->refunded_minor >= 0);
		assert_true(payment->refunded_minor <= payment->allocated.minor[ACCOUNT_CREDIT]);
		if (payment->state == PAYMENT_REVERSED) {
			assert_int_equal(payment->refunded_minor, 0);
			continue;
		}
		credits_minor += payment->allocated.minor[ACCOUNT_CREDIT];
		refunded_minor += payment->refunded_minor;
	}
	assert_int_equal(credits_minor,
			 the_debt()->balances.minor[ACCOUNT_CREDIT] + balances_owed(&the_debt()->credit_used) + refunded_minor);
	assert_false(balances_are_negative(&the_debt()->balances));
}

static uint32_t dice(uint32_t below)
{
	static uint32_t seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static void test_refunds__any_history_adds_up(void **state)
{
	unsigned payments = 0, refunds = 0, reversals = 0;

	(void)state;
	for (int round = 0; round < 230; round++) {
		const unsigned number = payments == 0 ? 0 : 1 + dice(payments);
		const uint32_t what = dice(3);

		if (payments < PAYMENTS && (what == 0 || payments == 0)) {
			given_paid(++payments, 1 + dice(OWED / 3));
		} else if (what == 1 && payment_of(number)->state == PAYMENT_SETTLED) {
			const bool is_held = payment_of(number)->refunded_minor > 0;

			when_reversed(number);
			assert_int_equal(spec.decision.kind, is_held ? DECISION_REFUSED : DECISION_EVENTS);
			reversals += is_held ? 0 : 1;
		} else {
			when_refunded(number, 1 + dice(OWED / 6));
			refunds += spec.decision.kind == DECISION_EVENTS ? 1 : 0;
		}
		then_credits_add_up(payments);
	}
	assert_true(refunds > 5);
	assert_true(reversals > 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_refunds__what_was_paid_too_much_is_paid_back),
		TEST(test_refunds__a_credit_is_paid_back_in_parts_and_never_more_than_it),
		TEST(test_refunds__credit_that_has_paid_something_is_not_paid_back),
		TEST(test_refunds__an_ordinary_payment_leaves_nothing_to_be_paid_back),
		TEST(test_refunds__faults_are_named_in_their_order),
		TEST(test_refunds__a_reversed_payment_is_not_paid_back),
		TEST(test_refunds__a_payment_that_was_paid_back_is_not_reversed),
		TEST(test_refunds__above_its_limit_a_supervisor_needs_a_second_person),
		TEST(test_refunds__what_was_paid_back_keeps_no_promise),
		TEST(test_refunds__a_kept_promise_stays_kept),
		TEST(test_refunds__what_was_paid_back_is_not_paid_of_a_plan),
		TEST(test_refunds__what_was_paid_back_is_not_paid_of_a_settlement),
		TEST(test_refunds__a_debt_is_cancelled_when_all_of_its_payments_went_back),
		TEST(test_refunds__any_history_adds_up),
	};
	return cmocka_run_group_tests_name("debts: refunds", tests, NULL, NULL);
}
