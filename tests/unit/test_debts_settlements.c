/* Settlements (consumers/DOMAIN.md 7): the commands, what payments and days do to a settlement, and its discount in the ledger. */

#include "base/money.h"
#include "consumers/debts/hold/hold.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/settlement/settlement.h"
#include "schemas/debts.h"
#include "tests/unit/debts_spec.h"

/* 80.00 of 100.00; to be paid by Thursday 15 January 2026, so that the third day of the grace is a Sunday and moves to the Monday. */
#define AMOUNT  8000
#define EXPIRES (SPEC_TODAY + 7)
#define PAY_BY  (SPEC_TODAY + 14)
#define GRACE   (SPEC_TODAY + 18)

static struct debt *the_debt(void)
{
	struct uuid id = DEBT;

	return workset_find(&spec.set, &debt_entity, &id)->state;
}

static struct settlement *settlement_of(unsigned number)
{
	struct uuid id = spec_id('Z', number);

	return workset_find(&spec.set, &settlement_entity, &id)->state;
}

/* ---- commands ---- */

static struct offer_settlement *an_offer(unsigned number)
{
	struct offer_settlement *body = arena_take(&spec.arena, 1, sizeof(*body));

	*body = (struct offer_settlement){ .settlement_id = spec_id('Z', number),
					   .customer_id = CUSTOMER,
					   .debt_id = DEBT,
					   .has_amount_minor = true,
					   .amount_minor = AMOUNT,
					   .has_currency = true,
					   .currency = STR("EUR"),
					   .expires_on = EXPIRES,
					   .pay_by = PAY_BY };
	return body;
}

static struct offer_settlement *an_offer_of_share(int32_t share_bp)
{
	struct offer_settlement *body = an_offer(1);

	body->has_amount_minor = body->has_currency = false;
	body->has_share_bp = true;
	body->share_bp = share_bp;
	return body;
}

static void when_offered(const struct offer_settlement *body)
{
	spec_when(&spec, &offer_settlement_type, body);
}

static void when_accepted(unsigned number)
{
	const struct accept_settlement body = { .settlement_id = spec_id('Z', number), .customer_id = CUSTOMER };

	spec_when(&spec, &accept_settlement_type, &body);
}

static void when_withdrawn(unsigned number, struct str reason)
{
	const struct withdraw_settlement body = { .settlement_id = spec_id('Z', number),
						  .customer_id = CUSTOMER,
						  .reason = reason };

	spec_when(&spec, &withdraw_settlement_type, &body);
}

static void given_offer(void)
{
	when_offered(an_offer(1));
	then_events(&spec, "SettlementOffered");
}

static void given_settlement(void)
{
	given_offer();
	when_accepted(1);
	then_events(&spec, "SettlementAccepted");
}

static void when_paid_on(unsigned number, int64_t amount_minor, int32_t received_on)
{
	char *reference = arena_take(&spec.arena, 8, 1);
	struct record_payment body = { .payment_id = spec_id('P', number),
				       .customer_id = CUSTOMER,
				       .debt_id = DEBT,
				       .source = STR("bank-1"),
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .received_on = received_on,
				       .method = STR("transfer") };

	snprintf(reference, 8, "P-%u", number % 1000);
	body.external_ref = str_of(reference);
	spec_when(&spec, &record_payment_type, &body);
}

static void when_paid(unsigned number, int64_t amount_minor)
{
	when_paid_on(number, amount_minor, spec.today);
}

static void when_reversed(unsigned number)
{
	const struct reverse_payment body = { .payment_id = spec_id('P', number),
					      .customer_id = CUSTOMER,
					      .reason = STR("error") };

	spec_when(&spec, &reverse_payment_type, &body);
}

static void given_fulfilled(void)
{
	given_settlement();
	when_paid(1, AMOUNT);
	then_events(&spec, "PaymentRecorded", "SettlementFulfilled");
}

static void when_the_day_comes(int32_t today)
{
	spec.today = today;
	spec_fire(&spec, &settlement_timer, spec_id('Z', 1), CUSTOMER);
}

static void when_promised(void)
{
	const struct make_promise body = { .promise_id = spec_id('M', 1),
					   .customer_id = CUSTOMER,
					   .debt_id = DEBT,
					   .amount_minor = 300,
					   .currency = STR("EUR"),
					   .due_on = spec.today + 4 };

	spec_when(&spec, &make_promise_type, &body);
}

static void when_planned(void)
{
	const struct propose_plan body = { .plan_id = spec_id('L', 1),
					   .customer_id = CUSTOMER,
					   .debt_id = DEBT,
					   .total_minor = balances_owed(&the_debt()->balances),
					   .currency = STR("EUR"),
					   .instalments = 2,
					   .frequency = STR("monthly"),
					   .first_due_on = spec.today + 10 };

	spec_when(&spec, &propose_plan_type, &body);
}

static void when_plan_is_accepted(void)
{
	const struct accept_plan body = { .plan_id = spec_id('L', 1), .customer_id = CUSTOMER };

	spec_when(&spec, &accept_plan_type, &body);
}

static void when_waived(int64_t amount_minor)
{
	const struct waive_amount body = { .debt_id = DEBT,
					   .customer_id = CUSTOMER,
					   .component = STR("principal"),
					   .amount_minor = amount_minor,
					   .currency = STR("EUR"),
					   .reason = STR("a rest") };

	spec_when(&spec, &waive_amount_type, &body);
}

static void when_charged_fee(int64_t amount_minor)
{
	const struct assess_fee body = { .debt_id = DEBT,
					 .customer_id = CUSTOMER,
					 .amount_minor = amount_minor,
					 .currency = STR("EUR"),
					 .basis = STR("contract"),
					 .reason = STR("a letter") };

	spec_when(&spec, &assess_fee_type, &body);
}

/* ---- then ---- */

static void then_state(enum settlement_state state, enum lifecycle lifecycle)
{
	assert_string_equal(settlement_state_name((enum settlement_state)settlement_of(1)->state), settlement_state_name(state));
	assert_string_equal(lifecycle_name((enum lifecycle)the_debt()->lifecycle), lifecycle_name(lifecycle));
}

static void then_owed(int64_t minor)
{
	assert_int_equal(balances_owed(&the_debt()->balances), minor);
}

/* Another that the last decision may have set is that of the debt's days past due. */
static void then_timer_on(int32_t due_on)
{
	const struct timer_change *change = spec.decision.timers + spec.decision.timers_count;

	do {
		assert_ptr_not_equal(change, spec.decision.timers);
		change--;
	} while (change->timer.kind == &delinquency_timer);
	assert_ptr_equal(change->timer.kind, &settlement_timer);
	assert_false(change->is_cancelled);
	assert_int_equal(change->timer.due_on, due_on);
}

static void then_timer_is_cancelled(void)
{
	assert_int_equal(spec.decision.timers_count, 1);
	assert_ptr_equal(spec.decision.timers[0].timer.kind, &settlement_timer);
	assert_true(spec.decision.timers[0].is_cancelled);
}

static void then_posted(size_t index, enum ledger_kind kind, int64_t contra_minor)
{
	struct posting posting;

	assert_true(posting_of(&spec.decision.events[index], &posting));
	assert_string_equal(ledger_kind_name(posting.kind), ledger_kind_name(kind));
	assert_int_equal(posting.contra, CONTRA_SETTLEMENT_LOSS);
	assert_int_equal(posting.contra_minor, contra_minor);
	assert_int_equal(posting.debits.minor[ACCOUNT_PRINCIPAL], -contra_minor);
}

#define REFUSED(change, refusal, field)                                                                                          \
	do {                                                                                                                     \
		struct offer_settlement *body = an_offer(1);                                                                     \
		change;                                                                                                          \
		when_offered(body);                                                                                              \
		then_refused(&spec, refusal, field);                                                                             \
	} while (0)

/* ---- OfferSettlement ---- */

static void test_settlements__an_offer_holds_nothing(void **state)
{
	const struct settlement_offered *event;
	struct uuid id = spec_id('Z', 1);
	struct offer_settlement *body = an_offer(1);

	(void)state;
	body->has_reason = true;
	body->reason = STR("can pay at once");
	when_offered(body);
	then_events(&spec, "SettlementOffered");
	event = then_event(&spec, 0, settlement_offered);
	assert_int_equal(event->version, 2);
	assert_int_equal(event->amount_minor, AMOUNT);
	assert_int_equal(event->balance_minor, OWED);
	assert_int_equal(event->expires_on, EXPIRES);
	assert_int_equal(event->pay_by, PAY_BY);
	assert_int_equal(event->grace_ends_on, GRACE);
	assert_int_equal(event->offered_on, SPEC_TODAY);
	assert_true(str_is(event->reason, "can pay at once"));
	assert_false(event->has_approved_by);
	then_state(SETTLEMENT_OFFERED, LIFECYCLE_ACTIVE);
	then_timer_on(EXPIRES + 1);
	assert_true(uuid_equal(&the_debt()->settlement_id, &id));
	when_paid(1, 100);
	then_events(&spec, "PaymentRecorded");
	assert_int_equal(settlement_of(1)->paid_minor, 0);
}

static void test_settlements__a_share_is_rounded_up(void **state)
{
	(void)state;
	when_paid(1, 1);
	when_offered(an_offer_of_share(8050));
	assert_int_equal(then_event(&spec, 0, settlement_offered)->amount_minor, 8050); /* of 8049.195 */
}

static void test_settlements__the_grace_ends_on_a_business_day_of_the_customer(void **state)
{
	struct uuid customer = CUSTOMER;
	struct offer_settlement *body = an_offer(1);

	(void)state;
	((struct debts_customer *)workset_change(&spec.set, &debts_customer_entity, &customer))->holidays = HOLIDAYS_DE;
	body->expires_on = body->pay_by = day_of(2026, 3, 31); /* the third day is Good Friday */
	spec.today = body->pay_by - 10;
	when_offered(body);
	assert_int_equal(then_event(&spec, 0, settlement_offered)->grace_ends_on, day_of(2026, 4, 7));
}

static void test_settlements__an_id_that_is_no_id(void **state)
{
	(void)state;
	REFUSED(body->settlement_id = (struct uuid){ { 0 } }, REFUSAL_BAD_VALUE, "settlement_id");
}

static void test_settlements__a_reason_that_says_nothing(void **state)
{
	(void)state;
	REFUSED(body->has_reason = true; body->reason = STR(" "), REFUSAL_BAD_VALUE, "reason");
}

static void test_settlements__an_amount_or_a_share(void **state)
{
	(void)state;
	REFUSED(body->has_share_bp = true; body->share_bp = 8000, REFUSAL_BAD_VALUE, "share_bp");
	REFUSED(body->has_amount_minor = body->has_currency = false, REFUSAL_BAD_VALUE, "share_bp");
	REFUSED(*body = *an_offer_of_share(0), REFUSAL_BAD_VALUE, "share_bp");
	REFUSED(*body = *an_offer_of_share(10000), REFUSAL_BAD_VALUE, "share_bp");
	REFUSED(body->amount_minor = 0, REFUSAL_BAD_AMOUNT, "amount_minor");
	REFUSED(body->amount_minor = MONEY_MINOR_MAX + 1, REFUSAL_BAD_AMOUNT, "amount_minor");
	REFUSED(body->has_currency = false, REFUSAL_BAD_CURRENCY, "currency");
	REFUSED(*body = *an_offer_of_share(8000); body->has_currency = true;
		body->currency = STR("EUR"), REFUSAL_BAD_CURRENCY, "currency");
}

static void test_settlements__days_that_are_not_ahead(void **state)
{
	(void)state;
	REFUSED(body->expires_on = SPEC_TODAY - 1, REFUSAL_BAD_DATE, "expires_on");
	REFUSED(body->expires_on = body->pay_by = SPEC_TODAY + 63, REFUSAL_BAD_DATE, "expires_on");
	REFUSED(body->pay_by = EXPIRES - 1, REFUSAL_BAD_DATE, "pay_by");
	REFUSED(body->pay_by = SPEC_TODAY + 367, REFUSAL_BAD_DATE, "pay_by");
}

static void test_settlements__a_debt_of_somebody_else(void **state)
{
	(void)state;
	REFUSED(body->customer_id = spec_id('C', 2), REFUSAL_NOT_FOUND, "debt_id");
	REFUSED(body->debt_id = spec_id('D', 9), REFUSAL_NOT_FOUND, "debt_id");
}

static void test_settlements__another_version_of_the_debt(void **state)
{
	(void)state;
	REFUSED(body->has_expected_version = true; body->expected_version = 2, REFUSAL_VERSION_CONFLICT, "expected_version");
}

static void test_settlements__an_id_that_is_taken(void **state)
{
	(void)state;
	given_offer();
	REFUSED((void)body, REFUSAL_EXISTS, "settlement_id");
	REFUSED(body->has_expected_version = true; body->expected_version = 1, REFUSAL_EXISTS, "settlement_id"); /* sent again */
}

static void test_settlements__a_customer_who_is_not_there(void **state)
{
	struct uuid customer = CUSTOMER;

	(void)state;
	given_offer();
	((struct debts_customer *)workset_change(&spec.set, &debts_customer_entity, &customer))->is_active = 0;
	REFUSED(body->settlement_id = spec_id('Z', 2), REFUSAL_BAD_TRANSITION, "customer_id");
	REFUSED((body->settlement_id = spec_id('Z', 2), body->currency = STR("USD")), REFUSAL_BAD_CURRENCY, "currency");
	REFUSED((body->settlement_id = spec_id('Z', 2), body->has_expected_version = true, body->expected_version = 77),
		REFUSAL_VERSION_CONFLICT, "expected_version");
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "customer_id");
}

static void test_settlements__another_currency(void **state)
{
	(void)state;
	REFUSED(body->currency = STR("GBP"), REFUSAL_BAD_CURRENCY, "currency");
}

static void test_settlements__a_debt_that_is_not_active(void **state)
{
	(void)state;
	for (enum lifecycle lifecycle = LIFECYCLE_NEW; lifecycle < LIFECYCLE_COUNT; lifecycle++) {
		if (lifecycle == LIFECYCLE_ACTIVE)
			continue;
		the_debt()->lifecycle = lifecycle;
		REFUSED((void)body, REFUSAL_BAD_TRANSITION, "debt_id");
	}
}

static void test_settlements__a_debt_on_which_nothing_is_owed(void **state)
{
	(void)state;
	when_paid(1, OWED);
	REFUSED((void)body, REFUSAL_BAD_TRANSITION, "debt_id");
}

static void test_settlements__a_debt_that_is_not_asked_for(void **state)
{
	(void)state;
	the_debt()->stopped = 1U << (HOLD_EFFECT_DUNNING - 1);
	assert_true(debt_is_stopped(the_debt(), HOLD_EFFECT_DUNNING));
	REFUSED(body->amount_minor = OWED, REFUSAL_BAD_AMOUNT, "amount_minor");
	REFUSED((void)body, REFUSAL_HELD, "debt_id");
}

static void test_settlements__a_debt_has_one_at_a_time(void **state)
{
	(void)state;
	given_offer();
	REFUSED(body->settlement_id = spec_id('Z', 2), REFUSAL_BAD_TRANSITION, "debt_id");
	when_withdrawn(1, STR("error"));
	when_offered(an_offer(2));
	then_events(&spec, "SettlementOffered");
}

static void test_settlements__an_amount_by_which_nothing_is_waived(void **state)
{
	(void)state;
	REFUSED(body->amount_minor = OWED, REFUSAL_BAD_AMOUNT, "amount_minor");
	when_paid(1, OWED - 1);
	REFUSED(*body = *an_offer_of_share(9999), REFUSAL_BAD_AMOUNT, "share_bp");
}

static void test_settlements__more_than_an_agent_may_waive(void **state)
{
	(void)state;
	spec.roles = ROLE_AGENT;
	REFUSED(body->amount_minor = AMOUNT - 1, REFUSAL_LIMIT_EXCEEDED, "amount_minor");
	REFUSED(*body = *an_offer_of_share(7999), REFUSAL_LIMIT_EXCEEDED, "share_bp");
	given_offer();
}

static void test_settlements__more_than_half_needs_a_second_person(void **state)
{
	const struct approval approval = { .user_id = spec_id('U', 2), .actor = STR("the second") };
	struct offer_settlement *body = an_offer(1);

	(void)state;
	spec.roles = ROLE_SUPERVISOR;
	body->amount_minor = OWED / 2 - 1;
	when_offered(body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "expected_version");
	body->has_expected_version = true;
	body->expected_version = the_debt()->version;
	when_offered(body);
	assert_int_equal(spec.decision.kind, DECISION_KEPT);
	spec.approval = &approval;
	when_offered(body);
	then_events(&spec, "SettlementOffered");
	assert_true(str_is(then_event(&spec, 0, settlement_offered)->approved_by, "the second"));
}

static void test_settlements__half_is_offered_by_a_supervisor_alone(void **state)
{
	struct offer_settlement *body = an_offer(1);

	(void)state;
	spec.roles = ROLE_SUPERVISOR;
	body->amount_minor = OWED / 2;
	when_offered(body);
	then_events(&spec, "SettlementOffered");
}

/* ---- AcceptSettlement, WithdrawSettlement ---- */

static void test_settlements__an_accepted_one_arranges_its_debt(void **state)
{
	const struct settlement_accepted *event;

	(void)state;
	given_offer();
	spec.today = EXPIRES;
	spec.roles = ROLE_CONSUMER;
	when_accepted(1);
	then_events(&spec, "SettlementAccepted");
	event = then_event(&spec, 0, settlement_accepted);
	assert_int_equal(event->balance_minor, OWED);
	assert_int_equal(event->accepted_on, EXPIRES);
	then_state(SETTLEMENT_ACCEPTED, LIFECYCLE_ARRANGED);
	then_timer_on(GRACE + 1);
}

static void test_settlements__an_open_promise_gives_way(void **state)
{
	(void)state;
	given_offer();
	when_promised();
	when_accepted(1);
	then_events(&spec, "PromiseCancelled", "SettlementAccepted");
	assert_true(str_is(then_event(&spec, 0, promise_cancelled)->reason, "arranged"));
	assert_true(uuid_is_none(&the_debt()->promise_id));
	when_promised();
	assert_int_equal(spec.decision.kind, DECISION_REFUSED);
}

static void test_settlements__while_it_is_accepted_there_is_no_plan(void **state)
{
	(void)state;
	when_planned();
	given_settlement();
	when_plan_is_accepted();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "plan_id");
	when_waived(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

static void test_settlements__while_a_plan_is_active_nothing_is_accepted(void **state)
{
	(void)state;
	given_offer();
	when_planned();
	when_plan_is_accepted();
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "settlement_id");
	spec.today = EXPIRES + 1;
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "settlement_id");
}

static void test_settlements__one_that_is_not_there(void **state)
{
	(void)state;
	when_accepted(1);
	then_refused(&spec, REFUSAL_NOT_FOUND, "settlement_id");
	when_withdrawn(1, STR("error"));
	then_refused(&spec, REFUSAL_NOT_FOUND, "settlement_id");
	given_offer();
	settlement_of(1)->customer_id = spec_id('C', 2);
	when_accepted(1);
	then_refused(&spec, REFUSAL_NOT_FOUND, "settlement_id");
}

static void test_settlements__one_is_accepted_once(void **state)
{
	(void)state;
	given_settlement();
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "settlement_id");
}

static void test_settlements__an_offer_is_accepted_in_its_time(void **state)
{
	(void)state;
	given_offer();
	spec.today = EXPIRES + 1;
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_DATE, "settlement_id");
}

static void test_settlements__less_is_owed_by_the_acceptance(void **state)
{
	(void)state;
	given_offer();
	when_paid(1, 500);
	when_accepted(1);
	then_events(&spec, "SettlementAccepted");
	assert_int_equal(then_event(&spec, 0, settlement_accepted)->balance_minor, OWED - 500);
	assert_int_equal(settlement_of(1)->paid_minor, 0);
}

static void test_settlements__nothing_would_be_waived_by_now(void **state)
{
	(void)state;
	given_offer();
	when_paid(1, OWED - AMOUNT);
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "settlement_id");
}

static void test_settlements__more_is_owed_than_when_it_was_offered(void **state)
{
	(void)state;
	given_offer();
	when_charged_fee(1);
	when_accepted(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "settlement_id");
}

static void test_settlements__one_is_withdrawn(void **state)
{
	(void)state;
	given_offer();
	when_withdrawn(1, STR("mood"));
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	when_withdrawn(1, STR("debt_paid"));
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
	when_withdrawn(1, STR("withdrawn"));
	then_events(&spec, "SettlementWithdrawn");
	assert_false(then_event(&spec, 0, settlement_withdrawn)->was_accepted);
	then_timer_is_cancelled();
	then_state(SETTLEMENT_WITHDRAWN, LIFECYCLE_ACTIVE);
	when_withdrawn(1, STR("withdrawn"));
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "settlement_id");
}

static void test_settlements__an_accepted_one_is_withdrawn(void **state)
{
	(void)state;
	given_settlement();
	when_withdrawn(1, STR("withdrawn"));
	then_events(&spec, "SettlementWithdrawn");
	assert_true(then_event(&spec, 0, settlement_withdrawn)->was_accepted);
	then_timer_is_cancelled();
	then_state(SETTLEMENT_WITHDRAWN, LIFECYCLE_ACTIVE);
	when_paid(1, AMOUNT);
	then_events(&spec, "PaymentRecorded");
}

/* ---- payments ---- */

static void test_settlements__its_amount_is_paid_in_parts(void **state)
{
	const struct settlement_fulfilled *event;

	(void)state;
	given_settlement();
	when_paid(1, AMOUNT - 1);
	then_events(&spec, "PaymentRecorded");
	then_state(SETTLEMENT_ACCEPTED, LIFECYCLE_ARRANGED);
	when_paid(2, 1);
	then_events(&spec, "PaymentRecorded", "SettlementFulfilled");
	event = then_event(&spec, 1, settlement_fulfilled);
	assert_int_equal(event->paid_minor, AMOUNT);
	assert_int_equal(event->discount_minor, OWED - AMOUNT);
	assert_int_equal(event->principal_minor, OWED - AMOUNT);
	assert_int_equal(event->due_on, SPEC_TODAY);
	then_posted(1, LEDGER_SETTLEMENT_DISCOUNT, OWED - AMOUNT);
	then_state(SETTLEMENT_FULFILLED, LIFECYCLE_SETTLED);
	then_owed(0);
	then_timer_is_cancelled();
}

static void test_settlements__the_discount_is_what_the_payments_left(void **state)
{
	const struct settlement_fulfilled *event;

	(void)state;
	when_charged_fee(500);
	given_settlement();
	when_paid(1, AMOUNT + 100);
	event = then_event(&spec, 1, settlement_fulfilled);
	assert_int_equal(event->discount_minor, OWED + 500 - AMOUNT - 100);
	assert_int_equal(event->fee_minor, 0); /* paid first */
	assert_int_equal(event->principal_minor, event->discount_minor);
}

static void test_settlements__a_payment_of_before_does_not_count(void **state)
{
	(void)state;
	given_offer();
	spec.today++;
	when_accepted(1);
	when_paid_on(1, AMOUNT, SPEC_TODAY);
	then_events(&spec, "PaymentRecorded");
	assert_int_equal(settlement_of(1)->paid_minor, 0);
	then_state(SETTLEMENT_ACCEPTED, LIFECYCLE_ARRANGED);
}

static void test_settlements__all_that_is_owed_is_paid(void **state)
{
	(void)state;
	given_settlement();
	when_paid(1, OWED);
	then_events(&spec, "PaymentRecorded", "DebtPaid", "SettlementWithdrawn");
	assert_true(str_is(then_event(&spec, 2, settlement_withdrawn)->reason, "debt_paid"));
	then_state(SETTLEMENT_WITHDRAWN, LIFECYCLE_PAID);
	then_timer_is_cancelled();
}

static void test_settlements__an_offer_ends_with_what_is_owed(void **state)
{
	(void)state;
	given_offer();
	when_paid(1, OWED);
	then_events(&spec, "PaymentRecorded", "DebtPaid", "SettlementWithdrawn");
	then_state(SETTLEMENT_WITHDRAWN, LIFECYCLE_PAID);
}

static void test_settlements__an_offer_ends_with_a_waiver_of_the_rest(void **state)
{
	(void)state;
	given_offer();
	when_waived(OWED);
	then_events(&spec, "AmountWaived", "DebtPaid", "SettlementWithdrawn");
	assert_int_equal(then_event(&spec, 2, settlement_withdrawn)->version, the_debt()->version);
}

static void test_settlements__a_payment_that_is_more_is_credit(void **state)
{
	(void)state;
	given_fulfilled();
	when_paid(2, 700);
	then_events(&spec, "PaymentRecorded");
	assert_int_equal(the_debt()->balances.minor[ACCOUNT_CREDIT], 700);
	then_state(SETTLEMENT_FULFILLED, LIFECYCLE_SETTLED);
}

/* ---- its days ---- */

static void test_settlements__an_offer_expires(void **state)
{
	(void)state;
	given_offer();
	when_the_day_comes(EXPIRES);
	assert_int_equal(spec.decision.events_count, 0);
	when_the_day_comes(EXPIRES + 1);
	then_events(&spec, "SettlementExpired");
	assert_int_equal(then_event(&spec, 0, settlement_expired)->expired_on, EXPIRES + 1);
	then_state(SETTLEMENT_EXPIRED, LIFECYCLE_ACTIVE);
	when_the_day_comes(EXPIRES + 2);
	assert_int_equal(spec.decision.events_count, 0);
}

static void test_settlements__what_is_not_paid_in_time_is_breached(void **state)
{
	const struct settlement_breached *event;
	struct posting posting;

	(void)state;
	given_settlement();
	when_paid(1, 1000);
	when_the_day_comes(GRACE);
	assert_int_equal(spec.decision.events_count, 0);
	when_the_day_comes(GRACE + 1);
	then_events(&spec, "SettlementBreached");
	event = then_event(&spec, 0, settlement_breached);
	assert_int_equal(event->shortfall_minor, AMOUNT - 1000);
	assert_int_equal(event->discount_minor, 0);
	assert_int_equal(event->balance_minor, OWED - 1000);
	assert_false(event->has_payment_id);
	assert_false(posting_of(&spec.decision.events[0], &posting));
	then_state(SETTLEMENT_BREACHED, LIFECYCLE_ACTIVE);
	when_offered(an_offer(2));
	assert_int_equal(spec.decision.kind, DECISION_REFUSED); /* its days are over */
}

static void test_settlements__a_payment_before_the_timer_finds_it_breached(void **state)
{
	(void)state;
	given_settlement();
	spec.today = GRACE + 1;
	when_paid(1, AMOUNT);
	then_events(&spec, "PaymentRecorded", "SettlementBreached");
	assert_false(then_event(&spec, 1, settlement_breached)->has_payment_id); /* it is the time that is over */
	then_timer_is_cancelled();
	then_state(SETTLEMENT_BREACHED, LIFECYCLE_ACTIVE);
}

static void test_settlements__a_payment_in_time_that_is_booked_late_fulfils_it(void **state)
{
	(void)state;
	given_settlement();
	when_the_day_comes(GRACE + 1);
	when_paid_on(1, AMOUNT, GRACE);
	then_events(&spec, "PaymentRecorded", "SettlementFulfilled");
	then_state(SETTLEMENT_FULFILLED, LIFECYCLE_SETTLED);
}

static void test_settlements__booked_late_it_stays_breached_if_more_is_owed(void **state)
{
	(void)state;
	given_settlement();
	when_the_day_comes(GRACE + 1);
	when_charged_fee(1);
	when_paid_on(1, AMOUNT, GRACE);
	then_events(&spec, "PaymentRecorded");
	then_state(SETTLEMENT_BREACHED, LIFECYCLE_ACTIVE);
}

static void test_settlements__booked_late_it_stays_breached_if_something_was_promised(void **state)
{
	(void)state;
	given_settlement();
	when_the_day_comes(GRACE + 1);
	when_promised();
	when_paid_on(1, AMOUNT, GRACE);
	assert_string_equal(spec.decision.events[0].type->record.name, "PaymentRecorded");
	then_state(SETTLEMENT_BREACHED, LIFECYCLE_ACTIVE);
}

/* ---- reversals ---- */

static void test_settlements__a_reversal_in_time_opens_it_again(void **state)
{
	const struct settlement_reopened *event;

	(void)state;
	given_fulfilled();
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened", "SettlementReopened");
	event = then_event(&spec, 2, settlement_reopened);
	assert_int_equal(event->paid_minor, 0);
	assert_int_equal(event->discount_minor, OWED - AMOUNT);
	assert_int_equal(event->balance_minor, OWED);
	then_posted(2, LEDGER_DISCOUNT_REVERSAL, AMOUNT - OWED);
	then_state(SETTLEMENT_ACCEPTED, LIFECYCLE_ARRANGED);
	then_timer_on(GRACE + 1);
	then_owed(OWED);
	when_paid(2, AMOUNT);
	then_events(&spec, "PaymentRecorded", "SettlementFulfilled");
	then_state(SETTLEMENT_FULFILLED, LIFECYCLE_SETTLED);
}

static void test_settlements__a_reversal_after_its_time_breaches_it(void **state)
{
	const struct settlement_breached *event;

	(void)state;
	given_fulfilled();
	spec.today = GRACE + 1;
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened", "SettlementBreached", "DelinquencyChanged");
	event = then_event(&spec, 2, settlement_breached);
	assert_int_equal(event->discount_minor, OWED - AMOUNT);
	assert_int_equal(event->balance_minor, OWED);
	assert_int_equal(event->shortfall_minor, AMOUNT);
	assert_true(event->has_payment_id);
	then_posted(2, LEDGER_DISCOUNT_REVERSAL, AMOUNT - OWED);
	then_state(SETTLEMENT_BREACHED, LIFECYCLE_ACTIVE);
	then_owed(OWED);
	assert_int_equal(balances_owed(&settlement_of(1)->discount), 0);
}

static void test_settlements__what_credit_covers_leaves_it_fulfilled(void **state)
{
	(void)state;
	given_fulfilled();
	when_paid(2, AMOUNT);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "CreditApplied");
	then_state(SETTLEMENT_FULFILLED, LIFECYCLE_SETTLED);
	when_reversed(2);
	assert_string_equal(spec.decision.events[spec.decision.events_count - 1].type->record.name, "SettlementReopened");
	then_owed(OWED);
}

static void test_settlements__what_was_paid_beside_it_is_waived_with_it(void **state)
{
	(void)state;
	given_offer();
	spec.today++;
	when_accepted(1);
	when_paid_on(1, 500, SPEC_TODAY); /* does not count */
	when_paid(2, AMOUNT);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened", "SettlementReopened", "SettlementFulfilled");
	assert_int_equal(then_event(&spec, 3, settlement_fulfilled)->discount_minor, OWED - AMOUNT);
	then_state(SETTLEMENT_FULFILLED, LIFECYCLE_SETTLED);
}

static void test_settlements__a_payment_of_before_that_is_reversed_ends_it(void **state)
{
	(void)state;
	when_paid(1, 1000);
	given_settlement();
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "SettlementWithdrawn");
	assert_true(str_is(then_event(&spec, 1, settlement_withdrawn)->reason, "payment_reversed"));
	then_timer_is_cancelled();
	then_state(SETTLEMENT_WITHDRAWN, LIFECYCLE_ACTIVE);
}

static void test_settlements__a_payment_of_before_is_owed_again_beside_it(void **state)
{
	(void)state;
	when_paid(1, 1000);
	given_settlement();
	when_paid(2, AMOUNT);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened");
	then_state(SETTLEMENT_FULFILLED, LIFECYCLE_ACTIVE);
	then_owed(1000);
	REFUSED(body->settlement_id = spec_id('Z', 2); body->amount_minor = 900, REFUSAL_BAD_TRANSITION, "debt_id");
	when_promised();
	when_reversed(2);
	then_events(&spec, "PaymentReversed", "SettlementBreached");
	then_state(SETTLEMENT_BREACHED, LIFECYCLE_ACTIVE);
	then_owed(OWED);
}

static void test_settlements__no_more_is_waived_after_two_reversals(void **state)
{
	(void)state;
	when_paid(1, 1000);
	given_settlement();
	when_paid(2, AMOUNT);
	when_reversed(1);
	when_reversed(2);
	then_events(&spec, "PaymentReversed", "SettlementBreached");
	then_state(SETTLEMENT_BREACHED, LIFECYCLE_ACTIVE);
	then_owed(OWED);
	when_paid(3, AMOUNT);
	then_events(&spec, "PaymentRecorded");
}

static void test_settlements__what_was_agreed_on_is_paid_whatever_else_is_owed(void **state)
{
	(void)state;
	when_paid(1, 1000);
	given_offer();
	spec.today++;
	when_accepted(1);
	when_paid_on(2, 500, SPEC_TODAY); /* does not count */
	when_paid(3, AMOUNT);
	when_reversed(1);
	when_reversed(2);
	then_events(&spec, "PaymentReversed");
	then_state(SETTLEMENT_FULFILLED, LIFECYCLE_ACTIVE);
	then_owed(1500);
}

static void test_settlements__a_reversal_before_it_is_fulfilled(void **state)
{
	(void)state;
	given_settlement();
	when_paid(1, 1000);
	when_reversed(1);
	then_events(&spec, "PaymentReversed");
	assert_int_equal(settlement_of(1)->paid_minor, 0);
	then_state(SETTLEMENT_ACCEPTED, LIFECYCLE_ARRANGED);
}

/* ---- what ends its debt ---- */

static void test_settlements__a_debt_that_leaves_ends_it(void **state)
{
	const struct charge_off charge_off = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("so") };
	const struct transfer_debt transfer = {
		.debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("so"), .kind = STR("sold"), .transferee = STR("X")
	};
	const struct recall_debt recall = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("so") };
	const struct write_off write_off = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("so") };
	const struct {
		const struct message_type *type;
		const void *body;
		const char *event, *reason;
		enum lifecycle lifecycle;
	} ends[] = { { &charge_off_type, &charge_off, "DebtChargedOff", "debt_charged_off", LIFECYCLE_CHARGED_OFF },
		     { &transfer_debt_type, &transfer, "DebtTransferred", "debt_transferred", LIFECYCLE_TRANSFERRED },
		     { &recall_debt_type, &recall, "DebtRecalled", "debt_recalled", LIFECYCLE_TRANSFERRED },
		     { &write_off_type, &write_off, "DebtWrittenOff", "debt_written_off", LIFECYCLE_WRITTEN_OFF } };

	for (size_t index = 0; index < COUNT(ends); index++) {
		if (index > 0) {
			tear_down(state);
			set_up(state);
		}
		given_settlement();
		spec_when(&spec, ends[index].type, ends[index].body);
		assert_int_equal(spec.decision.events_count, 2);
		assert_string_equal(spec.decision.events[1].type->record.name, ends[index].event);
		assert_true(str_is(then_event(&spec, 0, settlement_withdrawn)->reason, ends[index].reason));
		then_state(SETTLEMENT_WITHDRAWN, ends[index].lifecycle);
	}
}

static void test_settlements__a_cancellation_ends_an_offer(void **state)
{
	const struct cancel_debt body = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("fraud") };

	(void)state;
	given_offer();
	spec_when(&spec, &cancel_debt_type, &body);
	then_events(&spec, "DebtCancelled", "SettlementWithdrawn");
	assert_true(str_is(then_event(&spec, 1, settlement_withdrawn)->reason, "debt_cancelled"));
}

static void test_settlements__a_settled_debt_is_recalled(void **state)
{
	const struct recall_debt recall = { .debt_id = DEBT, .customer_id = CUSTOMER, .reason = STR("so") };

	(void)state;
	given_fulfilled();
	spec_when(&spec, &recall_debt_type, &recall);
	then_events(&spec, "DebtRecalled");
	then_state(SETTLEMENT_FULFILLED, LIFECYCLE_TRANSFERRED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_settlements__an_offer_holds_nothing),
		TEST(test_settlements__a_share_is_rounded_up),
		TEST(test_settlements__the_grace_ends_on_a_business_day_of_the_customer),
		TEST(test_settlements__an_id_that_is_no_id),
		TEST(test_settlements__a_reason_that_says_nothing),
		TEST(test_settlements__an_amount_or_a_share),
		TEST(test_settlements__days_that_are_not_ahead),
		TEST(test_settlements__a_debt_of_somebody_else),
		TEST(test_settlements__another_version_of_the_debt),
		TEST(test_settlements__an_id_that_is_taken),
		TEST(test_settlements__a_customer_who_is_not_there),
		TEST(test_settlements__another_currency),
		TEST(test_settlements__a_debt_that_is_not_active),
		TEST(test_settlements__a_debt_on_which_nothing_is_owed),
		TEST(test_settlements__a_debt_that_is_not_asked_for),
		TEST(test_settlements__a_debt_has_one_at_a_time),
		TEST(test_settlements__an_amount_by_which_nothing_is_waived),
		TEST(test_settlements__more_than_an_agent_may_waive),
		TEST(test_settlements__more_than_half_needs_a_second_person),
		TEST(test_settlements__half_is_offered_by_a_supervisor_alone),
		TEST(test_settlements__an_accepted_one_arranges_its_debt),
		TEST(test_settlements__an_open_promise_gives_way),
		TEST(test_settlements__while_it_is_accepted_there_is_no_plan),
		TEST(test_settlements__while_a_plan_is_active_nothing_is_accepted),
		TEST(test_settlements__one_that_is_not_there),
		TEST(test_settlements__one_is_accepted_once),
		TEST(test_settlements__an_offer_is_accepted_in_its_time),
		TEST(test_settlements__less_is_owed_by_the_acceptance),
		TEST(test_settlements__nothing_would_be_waived_by_now),
		TEST(test_settlements__more_is_owed_than_when_it_was_offered),
		TEST(test_settlements__one_is_withdrawn),
		TEST(test_settlements__an_accepted_one_is_withdrawn),
		TEST(test_settlements__its_amount_is_paid_in_parts),
		TEST(test_settlements__the_discount_is_what_the_payments_left),
		TEST(test_settlements__a_payment_of_before_does_not_count),
		TEST(test_settlements__all_that_is_owed_is_paid),
		TEST(test_settlements__an_offer_ends_with_what_is_owed),
		TEST(test_settlements__an_offer_ends_with_a_waiver_of_the_rest),
		TEST(test_settlements__a_payment_that_is_more_is_credit),
		TEST(test_settlements__an_offer_expires),
		TEST(test_settlements__what_is_not_paid_in_time_is_breached),
		TEST(test_settlements__a_payment_before_the_timer_finds_it_breached),
		TEST(test_settlements__a_payment_in_time_that_is_booked_late_fulfils_it),
		TEST(test_settlements__booked_late_it_stays_breached_if_more_is_owed),
		TEST(test_settlements__booked_late_it_stays_breached_if_something_was_promised),
		TEST(test_settlements__a_reversal_in_time_opens_it_again),
		TEST(test_settlements__a_reversal_after_its_time_breaches_it),
		TEST(test_settlements__what_credit_covers_leaves_it_fulfilled),
		TEST(test_settlements__what_was_paid_beside_it_is_waived_with_it),
		TEST(test_settlements__a_payment_of_before_that_is_reversed_ends_it),
		TEST(test_settlements__a_payment_of_before_is_owed_again_beside_it),
		TEST(test_settlements__no_more_is_waived_after_two_reversals),
		TEST(test_settlements__what_was_agreed_on_is_paid_whatever_else_is_owed),
		TEST(test_settlements__a_reversal_before_it_is_fulfilled),
		TEST(test_settlements__a_debt_that_leaves_ends_it),
		TEST(test_settlements__a_cancellation_ends_an_offer),
		TEST(test_settlements__a_settled_debt_is_recalled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
