/* The creditor gives a debt up: ChargeOff, UndoChargeOff, WriteOff, TransferDebt, RecallDebt (consumers/DOMAIN.md 4, 5 and 12). */

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
	assert_int_equal(event->due_on, SPEC_TODAY);
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

/* ---- WriteOff ---- */

static struct write_off *a_write_off(void)
{
	struct write_off *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct write_off){ .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("insolvency closed") };
	return body;
}

static void when_written_off(void)
{
	spec_when(&spec, &write_off_type, a_write_off());
}

/* The entry of the last decision's event with this index takes away all components. */
static void then_all_is_posted(size_t index, enum ledger_kind kind, enum contra_account contra, int64_t contra_minor)
{
	struct posting posting;

	assert_true(posting_of(&spec.decision.events[index], &posting));
	assert_string_equal(ledger_kind_name(posting.kind), ledger_kind_name(kind));
	assert_string_equal(contra_account_name(posting.contra), contra_account_name(contra));
	assert_int_equal(posting.contra_minor, contra_minor);
	assert_int_equal(posting.balance_minor, 0);
	assert_int_equal(posting.booked_on, SPEC_TODAY);
	assert_int_equal(balances_owed(&the_debt()->balances), 0);
	assert_int_equal(the_debt()->balances.minor[ACCOUNT_CREDIT], 0);
}

/* Neither money nor anything else. */
static void then_takes_nothing_more(void)
{
	when_paid(2, 1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	when_charged_off();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	when_written_off();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

static void test_closing__a_debt_is_written_off(void **state)
{
	const struct debt_written_off *event;

	(void)state;
	when_paid(1, 2500);
	when_written_off();
	then_events(&spec, "DebtWrittenOff");
	event = then_event(&spec, 0, debt_written_off);
	assert_int_equal(event->version, 3);
	assert_int_equal(event->written_off_on, SPEC_TODAY);
	assert_int_equal(event->amount_minor, 7500);
	assert_int_equal(event->principal_minor, 7500);
	assert_true(str_is(event->reason, "insolvency closed"));
	assert_false(event->has_approved_by);
	then_all_is_posted(0, LEDGER_WRITE_OFF, CONTRA_WRITE_OFF, 7500);
	then_lifecycle(LIFECYCLE_WRITTEN_OFF);
	then_takes_nothing_more();
	when_reversed(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "payment_id");
}

static void test_closing__a_charged_off_debt_is_written_off(void **state)
{
	(void)state;
	when_charged_off();
	when_written_off();
	then_lifecycle(LIFECYCLE_WRITTEN_OFF);
	when_undone();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

static void test_closing__what_is_wrong_with_a_write_off_is_refused(void **state)
{
	struct write_off *body = a_write_off();

	(void)state;
	body->reason = STR("");
	spec_when(&spec, &write_off_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	body = a_write_off();
	body->customer_id = spec_id('C', 2);
	spec_when(&spec, &write_off_type, body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	body = a_write_off();
	body->has_expected_version = true;
	body->expected_version = 7;
	spec_when(&spec, &write_off_type, body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	when_paid(1, OWED);
	when_written_off();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

static void test_closing__above_its_limit_a_write_off_needs_a_second_person(void **state)
{
	const struct approval approval = { .actor = STR("another") };
	struct write_off *body = a_write_off();

	(void)state;
	body->debt_id = spec_id('D', 2);
	given_debt(2, 100001);
	spec_when(&spec, &write_off_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "expected_version");
	body->has_expected_version = true;
	body->expected_version = 1;
	spec_when(&spec, &write_off_type, body);
	assert_int_equal(spec.decision.kind, DECISION_KEPT);
	spec.approval = &approval;
	spec_when(&spec, &write_off_type, body);
	then_events(&spec, "DebtWrittenOff");
	assert_true(str_is(then_event(&spec, 0, debt_written_off)->approved_by, "another"));
	spec.approval = NULL;
	given_debt(3, 100000);
	body->debt_id = spec_id('D', 3);
	body->has_expected_version = false;
	spec_when(&spec, &write_off_type, body);
	then_events(&spec, "DebtWrittenOff");
}

static void test_closing__a_plan_ends_with_the_debt(void **state)
{
	(void)state;
	given_plan();
	when_written_off();
	then_events(&spec, "PlanCancelled", "DebtWrittenOff");
	assert_true(str_is(then_event(&spec, 0, plan_cancelled)->reason, "debt_written_off"));
	then_all_is_posted(1, LEDGER_WRITE_OFF, CONTRA_WRITE_OFF, OWED);
	then_lifecycle(LIFECYCLE_WRITTEN_OFF);
}

static void test_closing__a_promise_ends_with_the_debt(void **state)
{
	(void)state;
	when_promised(1);
	when_written_off();
	then_events(&spec, "DebtWrittenOff", "PromiseCancelled");
	assert_true(str_is(then_event(&spec, 1, promise_cancelled)->reason, "debt_written_off"));
}

/* ---- TransferDebt ---- */

static struct transfer_debt *a_transfer(void)
{
	struct transfer_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct transfer_debt){ .debt_id = DEBT,
					.customer_id = CUSTOMER,
					.kind = STR("sold"),
					.transferee = STR("Example Debt Purchase Ltd"),
					.reason = STR("portfolio sale") };
	return body;
}

static void when_transferred(void)
{
	spec_when(&spec, &transfer_debt_type, a_transfer());
}

static void test_closing__a_debt_is_sold(void **state)
{
	const struct debt_transferred *event;
	struct transfer_debt *body = a_transfer();

	(void)state;
	when_promised(1);
	body->has_transferred_on = true;
	body->transferred_on = SPEC_TODAY - 3;
	spec_when(&spec, &transfer_debt_type, body);
	then_events(&spec, "DebtTransferred", "PromiseCancelled");
	event = then_event(&spec, 0, debt_transferred);
	assert_true(str_is(event->kind, "sold"));
	assert_true(str_is(event->transferee, "Example Debt Purchase Ltd"));
	assert_int_equal(event->transferred_on, SPEC_TODAY - 3);
	assert_int_equal(event->booked_on, SPEC_TODAY);
	assert_int_equal(event->amount_minor, OWED);
	assert_true(str_is(then_event(&spec, 1, promise_cancelled)->reason, "debt_transferred"));
	then_all_is_posted(0, LEDGER_TRANSFER_OUT, CONTRA_CREDITOR_CLAIM, OWED);
	then_lifecycle(LIFECYCLE_TRANSFERRED);
	then_takes_nothing_more();
	when_transferred();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

static void test_closing__without_a_day_a_transfer_is_of_the_business_date(void **state)
{
	(void)state;
	given_plan();
	when_transferred();
	then_events(&spec, "PlanCancelled", "DebtTransferred");
	assert_int_equal(then_event(&spec, 1, debt_transferred)->transferred_on, SPEC_TODAY);
}

static void test_closing__what_is_wrong_with_a_transfer_is_refused(void **state)
{
	struct transfer_debt *body;

	(void)state;
#define REFUSED(change, refusal, field)                                                                                          \
	body = a_transfer();                                                                                                     \
	change;                                                                                                                  \
	spec_when(&spec, &transfer_debt_type, body);                                                                             \
	then_refused(&spec, refusal, field)
	REFUSED(body->kind = STR("given"), REFUSAL_BAD_VALUE, "kind");
	REFUSED(body->transferee = STR(""), REFUSAL_BAD_VALUE, "transferee");
	REFUSED(body->reason = STR(""), REFUSAL_BAD_VALUE, "reason");
	REFUSED(body->customer_id = spec_id('C', 2), REFUSAL_NOT_FOUND, "debt_id");
	REFUSED((body->has_expected_version = true, body->expected_version = 7), REFUSAL_VERSION_CONFLICT, "expected_version");
	REFUSED((body->has_transferred_on = true, body->transferred_on = SPEC_TODAY + 1), REFUSAL_BAD_DATE, "transferred_on");
	REFUSED((body->has_transferred_on = true, body->transferred_on = SPEC_TODAY - 91), REFUSAL_BAD_DATE, "transferred_on");
#undef REFUSED
}

/* In the order of schemas/README.md, Refusals: what the command says, whose debt it is, what the debt allows. */
static void test_closing__a_wrong_day_of_a_transfer_is_named_before_what_the_debt_allows(void **state)
{
	struct transfer_debt *body = a_transfer();

	(void)state;
	body->has_transferred_on = true;
	body->transferred_on = SPEC_TODAY + 1;
	body->customer_id = spec_id('C', 2);
	spec_when(&spec, &transfer_debt_type, body);
	then_refused(&spec, REFUSAL_BAD_DATE, "transferred_on");

	when_paid(1, OWED);
	body = a_transfer();
	body->has_transferred_on = true;
	body->transferred_on = SPEC_TODAY - 91;
	body->has_expected_version = true;
	body->expected_version = 7;
	spec_when(&spec, &transfer_debt_type, body);
	then_refused(&spec, REFUSAL_BAD_DATE, "transferred_on");
	body->customer_id = spec_id('C', 2);
	spec_when(&spec, &transfer_debt_type, body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
}

static void test_closing__a_hold_may_stop_a_sale_and_no_recall(void **state)
{
	const struct recall_debt recall = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("r") };
	const struct place_hold hold = { .hold_id = spec_id('H', 1),
					 .customer_id = CUSTOMER,
					 .debt_id = DEBT,
					 .kind = STR("identity_theft"),
					 .evidence_ref = STR("report") };

	(void)state;
	spec_when(&spec, &place_hold_type, &hold);
	assert_true(debt_is_stopped(the_debt(), HOLD_EFFECT_SALE));
	when_transferred();
	then_refused(&spec, REFUSAL_HELD, "debt_id");
	spec_when(&spec, &recall_debt_type, &recall);
	then_events(&spec, "DebtRecalled");
}

/* 12 CFR 1006.30(b)(1) */
static void test_closing__a_paid_or_settled_debt_is_not_transferred(void **state)
{
	(void)state;
	when_paid(1, OWED);
	when_transferred();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	the_debt()->lifecycle = LIFECYCLE_SETTLED;
	when_transferred();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

/* ---- RecallDebt ---- */

static struct recall_debt *a_recall(void)
{
	struct recall_debt *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct recall_debt){ .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("placement has ended") };
	return body;
}

static void when_recalled(void)
{
	spec_when(&spec, &recall_debt_type, a_recall());
}

static void test_closing__a_debt_is_recalled(void **state)
{
	const struct debt_recalled *event;

	(void)state;
	when_promised(1);
	when_recalled();
	then_events(&spec, "DebtRecalled", "PromiseCancelled");
	event = then_event(&spec, 0, debt_recalled);
	assert_int_equal(event->recalled_on, SPEC_TODAY);
	assert_int_equal(event->amount_minor, OWED);
	assert_int_equal(event->credit_minor, 0);
	assert_true(str_is(event->reason, "placement has ended"));
	assert_true(str_is(then_event(&spec, 1, promise_cancelled)->reason, "debt_recalled"));
	then_all_is_posted(0, LEDGER_TRANSFER_OUT, CONTRA_CREDITOR_CLAIM, OWED);
	then_lifecycle(LIFECYCLE_TRANSFERRED);
	then_takes_nothing_more();
}

/* 12 CFR 1006.30(b)(2): also one that is paid. */
static void test_closing__a_paid_debt_is_recalled_and_moves_nothing(void **state)
{
	struct posting posting;

	(void)state;
	when_paid(1, OWED);
	when_recalled();
	then_events(&spec, "DebtRecalled");
	assert_int_equal(then_event(&spec, 0, debt_recalled)->amount_minor, 0);
	assert_false(posting_of(&spec.decision.events[0], &posting));
	then_lifecycle(LIFECYCLE_TRANSFERRED);
}

static void test_closing__the_credit_of_a_paid_debt_goes_with_it(void **state)
{
	(void)state;
	when_paid(1, OWED + 300);
	when_recalled();
	then_events(&spec, "DebtRecalled");
	assert_int_equal(then_event(&spec, 0, debt_recalled)->credit_minor, 300);
	then_all_is_posted(0, LEDGER_TRANSFER_OUT, CONTRA_CREDITOR_CLAIM, -300);
	then_takes_nothing_more();
}

static void test_closing__what_is_wrong_with_a_recall_is_refused(void **state)
{
	struct recall_debt *body = a_recall();

	(void)state;
	body->reason = STR("");
	spec_when(&spec, &recall_debt_type, body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	body = a_recall();
	body->customer_id = spec_id('C', 2);
	spec_when(&spec, &recall_debt_type, body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	body = a_recall();
	body->has_expected_version = true;
	body->expected_version = 7;
	spec_when(&spec, &recall_debt_type, body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	when_recalled();
	when_recalled();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
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
		TEST(test_closing__a_debt_is_written_off),
		TEST(test_closing__a_charged_off_debt_is_written_off),
		TEST(test_closing__what_is_wrong_with_a_write_off_is_refused),
		TEST(test_closing__above_its_limit_a_write_off_needs_a_second_person),
		TEST(test_closing__a_plan_ends_with_the_debt),
		TEST(test_closing__a_promise_ends_with_the_debt),
		TEST(test_closing__a_debt_is_sold),
		TEST(test_closing__without_a_day_a_transfer_is_of_the_business_date),
		TEST(test_closing__what_is_wrong_with_a_transfer_is_refused),
		TEST(test_closing__a_wrong_day_of_a_transfer_is_named_before_what_the_debt_allows),
		TEST(test_closing__a_hold_may_stop_a_sale_and_no_recall),
		TEST(test_closing__a_paid_or_settled_debt_is_not_transferred),
		TEST(test_closing__a_debt_is_recalled),
		TEST(test_closing__a_paid_debt_is_recalled_and_moves_nothing),
		TEST(test_closing__the_credit_of_a_paid_debt_goes_with_it),
		TEST(test_closing__what_is_wrong_with_a_recall_is_refused),
	};
	return cmocka_run_group_tests_name("debts: closing", tests, NULL, NULL);
}
