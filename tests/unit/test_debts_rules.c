#include "rule_spec.h"

#include "base/array.h"
#include "base/money.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/reference/reference.h"
#include "schemas/debts.h"

/* ---- given ---- */

static struct spec spec;

static int setup(void **state)
{
	struct debts_customer *customer;

	(void)state;
	spec_init(&spec, &debts_module);
	customer = spec_given(&spec, &debts_customer_entity, spec_id('C', 1));
	customer->is_active = 1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

static struct create_debt a_debt(void)
{
	return (struct create_debt){ .debt_id = spec_id('D', 1),
				     .customer_id = spec_id('C', 1),
				     .creditor_id = spec_id('R', 1),
				     .external_ref = STR("INV-1"),
				     .currency = STR("EUR"),
				     .principal_minor = 10000,
				     .interest_minor = 500,
				     .fee_minor = 300,
				     .cost_minor = 200,
				     .opened_on = SPEC_TODAY - 90,
				     .due_on = SPEC_TODAY,
				     .fees_authorised = true };
}

static struct record_payment a_payment(unsigned number, int64_t amount_minor)
{
	static char references[64][8];
	char *reference = references[number % 64];

	snprintf(reference, sizeof(references[0]), "P-%u", number % 1000);
	return (struct record_payment){ .payment_id = spec_id('P', number),
					.customer_id = spec_id('C', 1),
					.debt_id = spec_id('D', 1),
					.source = STR("bank-1"),
					.external_ref = str_of(reference),
					.amount_minor = amount_minor,
					.currency = STR("EUR"),
					.received_on = SPEC_TODAY - 1,
					.method = STR("transfer") };
}

/* As many letters as its schema takes, of as many bytes as a letter can have. */
static void test_debts__a_reference_of_long_letters_is_kept_whole(void **state)
{
	static char reference[4 * 64];
	struct create_debt body = a_debt();
	const struct debt_terms *terms;

	(void)state;
	for (size_t i = 0; i < sizeof(reference); i += 4)
		memcpy(reference + i, "\U00020000", 4);
	body.external_ref = (struct str){ reference, sizeof(reference) };
	assert_true(field_takes_text(spec_field(&create_debt_type, "external_ref"), body.external_ref));
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
	terms = workset_state(&spec.set, &debt_terms_entity, &body.debt_id);
	assert_memory_equal(terms->external_ref, reference, sizeof(reference));
}

static void given_debt(void)
{
	static struct create_debt body;

	body = a_debt();
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
}

static void when_paid(unsigned number, int64_t amount_minor)
{
	static struct record_payment bodies[64];

	bodies[number] = a_payment(number, amount_minor);
	spec_when(&spec, &record_payment_type, &bodies[number]);
}

static void when_reversed(unsigned number)
{
	static struct reverse_payment bodies[64];

	bodies[number] = (struct reverse_payment){ .payment_id = spec_id('P', number),
						   .customer_id = spec_id('C', 1),
						   .reason = STR("chargeback") };
	spec_when(&spec, &reverse_payment_type, &bodies[number]);
}

static const struct debt *the_debt(void)
{
	struct uuid id = spec_id('D', 1);

	return workset_state(&spec.set, &debt_entity, &id);
}

static void then_balances(int64_t cost, int64_t fee, int64_t interest, int64_t principal, int64_t credit)
{
	const struct balances *balances = &the_debt()->balances;

	assert_int_equal(balances->minor[ACCOUNT_COST], cost);
	assert_int_equal(balances->minor[ACCOUNT_FEE], fee);
	assert_int_equal(balances->minor[ACCOUNT_INTEREST], interest);
	assert_int_equal(balances->minor[ACCOUNT_PRINCIPAL], principal);
	assert_int_equal(balances->minor[ACCOUNT_CREDIT], credit);
}

/* ---- CreateDebt ---- */

static void test_debts__a_debt_is_created_with_its_opening_balances(void **state)
{
	struct create_debt body = a_debt();
	const struct debt_created *event;

	(void)state;
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
	event = then_event(&spec, 0, debt_created);
	assert_int_equal(event->version, 1);
	assert_int_equal(event->balance_minor, 11000);
	assert_true(event->has_booked_on);
	assert_int_equal(event->booked_on, SPEC_TODAY);
	assert_true(str_is(event->external_ref, "INV-1"));
	then_balances(200, 300, 500, 10000, 0);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_ACTIVE);
	assert_int_equal(the_debt()->entries, 1);
}

static void refuse_debt(const struct create_debt *body, enum refusal refusal, const char *field)
{
	spec_when(&spec, &create_debt_type, body);
	then_refused(&spec, refusal, field);
}

static void test_debts__a_debt_needs_an_id_and_a_reference(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	body.debt_id = (struct uuid){ 0 };
	refuse_debt(&body, REFUSAL_BAD_VALUE, "debt_id");
	body = a_debt();
	body.external_ref = STR("");
	refuse_debt(&body, REFUSAL_BAD_VALUE, "external_ref");
	body.external_ref = STR("INV\r\nBcc: all@example.org");
	refuse_debt(&body, REFUSAL_BAD_VALUE, "external_ref");
}

static void test_debts__amounts_are_not_negative_not_too_large_and_something_is_owed(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	body.principal_minor = -1;
	refuse_debt(&body, REFUSAL_BAD_AMOUNT, "principal_minor");
	body = a_debt();
	body.interest_minor = INT64_MIN;
	refuse_debt(&body, REFUSAL_BAD_AMOUNT, "interest_minor");
	body = a_debt();
	body.fee_minor = MONEY_MINOR_MAX + 1;
	refuse_debt(&body, REFUSAL_BAD_AMOUNT, "fee_minor");
	body = a_debt();
	body.cost_minor = INT64_MAX;
	refuse_debt(&body, REFUSAL_BAD_AMOUNT, "cost_minor");
	body = a_debt();
	body.principal_minor = body.interest_minor = body.fee_minor = body.cost_minor = 0;
	refuse_debt(&body, REFUSAL_BAD_AMOUNT, "principal_minor");
}

static void test_debts__amounts_that_overflow_together_are_refused(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	body.principal_minor = body.interest_minor = body.fee_minor = body.cost_minor = MONEY_MINOR_MAX;
	refuse_debt(&body, REFUSAL_BAD_AMOUNT, "principal_minor");
	body.interest_minor = 1;
	body.fee_minor = body.cost_minor = 0;
	refuse_debt(&body, REFUSAL_BAD_AMOUNT, "principal_minor");
	body.interest_minor = 0;
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
}

static void test_debts__fees_and_costs_need_to_be_authorised(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	body.fees_authorised = false;
	refuse_debt(&body, REFUSAL_BAD_AMOUNT, "fee_minor");
	body.fee_minor = 0;
	refuse_debt(&body, REFUSAL_BAD_AMOUNT, "cost_minor");
	body.cost_minor = 0;
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
}

static void test_debts__a_currency_must_be_known(void **state)
{
	static const char *const codes[] = { "", "EU", "eur", "XXQ", "EURO", "EU R" };
	struct create_debt body = a_debt();

	(void)state;
	for (size_t index = 0; index < COUNT(codes); index++) {
		body.currency = str_of(codes[index]);
		refuse_debt(&body, REFUSAL_BAD_CURRENCY, "currency");
	}
}

static void test_debts__dates_are_sane_and_in_order(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	body.due_on = body.opened_on - 1;
	refuse_debt(&body, REFUSAL_BAD_DATE, "due_on");
	body.due_on = DEBTS_DAY_MAX + 1;
	refuse_debt(&body, REFUSAL_BAD_DATE, "due_on");
	body = a_debt();
	body.opened_on = DEBTS_DAY_MIN - 1;
	refuse_debt(&body, REFUSAL_BAD_DATE, "opened_on");
	body.opened_on = INT32_MAX;
	refuse_debt(&body, REFUSAL_BAD_DATE, "opened_on");
	body = a_debt();
	body.due_on = body.opened_on;
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
}

static void test_debts__an_id_or_a_creditors_reference_is_used_once(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	given_debt();
	refuse_debt(&body, REFUSAL_EXISTS, "debt_id");
	body.debt_id = spec_id('D', 2);
	refuse_debt(&body, REFUSAL_EXISTS, "external_ref");
	body.creditor_id = spec_id('R', 2);
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
}

static void test_debts__a_debt_waits_for_its_customer(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	body.customer_id = spec_id('C', 9);
	spec_when(&spec, &create_debt_type, &body);
	then_waits(&spec, "customer_id");
}

static void test_debts__no_debt_is_created_for_a_customer_who_is_no_longer_active(void **state)
{
	struct create_debt body = a_debt();

	(void)state;
	body.customer_id = spec_id('C', 2);
	spec_given(&spec, &debts_customer_entity, body.customer_id);
	refuse_debt(&body, REFUSAL_BAD_TRANSITION, "customer_id");
}

/* In a portfolio; 0: in any, as somebody asks who is bound to none. */
static void given_acquaintance_in(unsigned creditor, unsigned portfolio, unsigned customer)
{
	struct scope_pair pair = { .creditor_id = spec_id('R', creditor) };
	struct uuid customer_id = spec_id('C', customer);
	struct reference_key key;
	struct slot *slot;
	struct uuid id;
	struct str text;

	if (portfolio > 0)
		pair.portfolio_id = spec_id('F', portfolio);
	reference_key_of_acquaintance(&key, &pair, &customer_id);
	id = reference_id(&key);
	text = str_copy(&spec.arena, (struct str){ .data = key.text, .size = key.size });
	slot = workset_touch(&spec.set, &debts_acquaintance_entity, &id, text);
	assert_non_null(slot);
	slot->loaded = slot->exists = true;
}

static void given_acquaintance(unsigned creditor, unsigned customer)
{
	given_acquaintance_in(creditor, 0, customer);
}

/* Another's, another's who is no longer active, one that there is not: the same answer. */
static void test_debts__others_customers_do_not_exist_for_a_creditor(void **state)
{
	struct scope scope = { .creditors = { spec_id('R', 1), spec_id('R', 3) }, .creditors_count = 2 };
	struct create_debt body = a_debt();

	(void)state;
	given_acquaintance(2, 1); /* none of his */
	spec_given(&spec, &debts_customer_entity, spec_id('C', 2));
	spec.roles = ROLE_CREDITOR;
	spec.scope = &scope;
	for (unsigned customer = 1; customer <= 3; customer++) {
		char text[sizeof(spec.decision.text)];
		char id[UUID_TEXT_SIZE + 1];

		body.customer_id = spec_id('C', customer);
		uuid_format(id, &body.customer_id);
		snprintf(text, sizeof(text), "the customer %s is not known yet", id);
		spec_when(&spec, &create_debt_type, &body);
		then_waits(&spec, "customer_id");
		assert_string_equal(spec.decision.text, text);
	}
	scope.creditors_count = 0;
	body.customer_id = spec_id('C', 1);
	spec_when(&spec, &create_debt_type, &body);
	then_waits(&spec, "customer_id");
}

static void test_debts__a_creditor_creates_debts_of_customers_that_one_of_his_knows(void **state)
{
	struct scope scope = { .creditors = { spec_id('R', 1), spec_id('R', 3) }, .creditors_count = 2 };
	struct create_debt body = a_debt();

	(void)state;
	given_acquaintance(3, 1);
	given_acquaintance(3, 2);
	spec_given(&spec, &debts_customer_entity, spec_id('C', 2));
	spec.roles = ROLE_CREDITOR;
	spec.scope = &scope;
	body.customer_id = spec_id('C', 2);
	refuse_debt(&body, REFUSAL_BAD_TRANSITION, "customer_id");
	body.customer_id = spec_id('C', 1);
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
}

/* Known to the creditor, and in another of his portfolios: not to him. */
static void test_debts__who_is_bound_to_a_portfolio_creates_debts_of_whom_it_knows(void **state)
{
	struct scope scope = { .creditors = { spec_id('R', 1) },
			       .creditors_count = 1,
			       .portfolios = { spec_id('F', 1), spec_id('F', 2) },
			       .portfolios_count = 2 };
	struct create_debt body = a_debt();

	(void)state;
	body.has_portfolio_id = true;
	body.portfolio_id = spec_id('F', 1);
	given_acquaintance(1, 1);
	given_acquaintance_in(1, 3, 1);
	given_acquaintance_in(2, 1, 1);
	spec.roles = ROLE_CREDITOR;
	spec.scope = &scope;
	spec_when(&spec, &create_debt_type, &body);
	then_waits(&spec, "customer_id");
	given_acquaintance_in(1, 2, 1);
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
}

/* And nothing is looked up for them. */
static void test_debts__who_is_not_bound_creates_debts_of_anybody(void **state)
{
	struct scope scope = { .creditors = { spec_id('R', 1) }, .creditors_count = 1 };
	struct create_debt body = a_debt();

	(void)state;
	spec.roles = ROLE_CREDITOR;
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
	spec.roles = ROLE_CREDITOR | ROLE_SUPERVISOR;
	spec.scope = &scope;
	body.debt_id = spec_id('D', 2);
	body.external_ref = STR("INV-2");
	spec_when(&spec, &create_debt_type, &body);
	then_events(&spec, "DebtCreated");
	for (size_t index = 0; index < spec.set.slots_count; index++)
		assert_ptr_not_equal(spec.set.slots[index]->entity, &debts_acquaintance_entity);
}

/* ---- RecordPayment ---- */

static void test_debts__a_payment_goes_to_cost_fee_interest_principal(void **state)
{
	const struct payment_recorded *event;

	(void)state;
	given_debt();
	when_paid(1, 700);
	then_events(&spec, "PaymentRecorded");
	event = then_event(&spec, 0, payment_recorded);
	assert_int_equal(event->version, 2);
	assert_int_equal(event->cost_minor, 200);
	assert_int_equal(event->fee_minor, 300);
	assert_int_equal(event->interest_minor, 200);
	assert_int_equal(event->principal_minor, 0);
	assert_int_equal(event->credit_minor, 0);
	assert_int_equal(event->balance_minor, 10300);
	assert_true(event->has_booked_on);
	assert_int_equal(event->booked_on, SPEC_TODAY);
	then_balances(0, 0, 300, 10000, 0);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_ACTIVE);
}

static void test_debts__the_last_payment_pays_the_debt(void **state)
{
	const struct debt_paid *event;

	(void)state;
	given_debt();
	when_paid(1, 10999);
	then_events(&spec, "PaymentRecorded");
	when_paid(2, 1);
	then_events(&spec, "PaymentRecorded", "DebtPaid");
	event = then_event(&spec, 1, debt_paid);
	assert_int_equal(event->version, 4);
	assert_int_equal(event->paid_on, SPEC_TODAY - 1);
	assert_true(event->has_booked_on);
	assert_int_equal(event->booked_on, SPEC_TODAY);
	then_balances(0, 0, 0, 0, 0);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_PAID);
}

static void test_debts__what_is_paid_too_much_is_credit(void **state)
{
	(void)state;
	given_debt();
	when_paid(1, 11001);
	then_events(&spec, "PaymentRecorded", "DebtPaid");
	assert_int_equal(then_event(&spec, 0, payment_recorded)->credit_minor, 1);
	then_balances(0, 0, 0, 0, 1);
}

static void test_debts__a_paid_debt_takes_more_payments_as_credit(void **state)
{
	(void)state;
	given_debt();
	when_paid(1, 11000);
	when_paid(2, 50);
	then_events(&spec, "PaymentRecorded");
	assert_int_equal(then_event(&spec, 0, payment_recorded)->credit_minor, 50);
	then_balances(0, 0, 0, 0, 50);
}

static void refuse_payment(const struct record_payment *body, enum refusal refusal, const char *field)
{
	spec_when(&spec, &record_payment_type, body);
	then_refused(&spec, refusal, field);
}

static void test_debts__a_payment_needs_its_texts(void **state)
{
	struct record_payment body = a_payment(1, 100);

	(void)state;
	given_debt();
	body.payment_id = (struct uuid){ 0 };
	refuse_payment(&body, REFUSAL_BAD_VALUE, "payment_id");
	body = a_payment(1, 100);
	body.source = STR("");
	refuse_payment(&body, REFUSAL_BAD_VALUE, "source");
	body = a_payment(1, 100);
	body.external_ref = STR("");
	refuse_payment(&body, REFUSAL_BAD_VALUE, "external_ref");
	body = a_payment(1, 100);
	body.method = STR("");
	refuse_payment(&body, REFUSAL_BAD_VALUE, "method");
	body.method = STR("bitcoin");
	refuse_payment(&body, REFUSAL_BAD_VALUE, "method");
	body.method = STR("cheque");
	spec_when(&spec, &record_payment_type, &body);
	then_events(&spec, "PaymentRecorded");
}

static void test_debts__a_payment_before_its_debt_was_opened_says_why(void **state)
{
	struct record_payment body = a_payment(1, 100);

	(void)state;
	given_debt();
	body.received_on = the_debt()->opened_on - 1;
	refuse_payment(&body, REFUSAL_BAD_DATE, "received_on");
	body.has_reason = true;
	body.reason = STR(" ");
	refuse_payment(&body, REFUSAL_BAD_VALUE, "reason");
	body.reason = STR("paid in advance, order 17");
	spec_when(&spec, &record_payment_type, &body);
	then_events(&spec, "PaymentRecorded");
	assert_true(str_is(then_event(&spec, 0, payment_recorded)->reason, "paid in advance, order 17"));
	body = a_payment(2, 100);
	body.received_on = the_debt()->opened_on;
	spec_when(&spec, &record_payment_type, &body);
	then_events(&spec, "PaymentRecorded");
	assert_false(then_event(&spec, 0, payment_recorded)->has_reason);
}

static void test_debts__an_amount_is_above_zero_and_within_limits(void **state)
{
	static const int64_t amounts[] = { 0, -1, INT64_MIN, INT64_MAX, MONEY_MINOR_MAX + 1 };
	struct record_payment body = a_payment(1, 100);

	(void)state;
	given_debt();
	for (size_t index = 0; index < COUNT(amounts); index++) {
		body.amount_minor = amounts[index];
		refuse_payment(&body, REFUSAL_BAD_AMOUNT, "amount_minor");
	}
}

static void test_debts__credit_does_not_overflow(void **state)
{
	struct record_payment body = a_payment(2, MONEY_MINOR_MAX);

	(void)state;
	given_debt();
	when_paid(1, MONEY_MINOR_MAX);
	then_events(&spec, "PaymentRecorded", "DebtPaid");
	refuse_payment(&body, REFUSAL_BAD_AMOUNT, "amount_minor");
}

static void test_debts__a_payment_is_not_from_the_future_nor_from_long_ago(void **state)
{
	struct record_payment body = a_payment(1, 100);

	(void)state;
	given_debt();
	body.received_on = SPEC_TODAY + 1;
	refuse_payment(&body, REFUSAL_BAD_DATE, "received_on");
	body.received_on = DEBTS_DAY_MIN - 1;
	refuse_payment(&body, REFUSAL_BAD_DATE, "received_on");
	body.received_on = SPEC_TODAY;
	spec_when(&spec, &record_payment_type, &body);
	then_events(&spec, "PaymentRecorded");
}

static void test_debts__a_payment_id_and_a_sources_reference_are_used_once(void **state)
{
	struct record_payment body = a_payment(1, 100);

	(void)state;
	given_debt();
	when_paid(1, 100);
	refuse_payment(&body, REFUSAL_EXISTS, "payment_id");
	body.payment_id = spec_id('P', 2);
	refuse_payment(&body, REFUSAL_EXISTS, "external_ref");
	body.source = STR("bank-2");
	spec_when(&spec, &record_payment_type, &body);
	then_events(&spec, "PaymentRecorded");
}

static void test_debts__source_and_reference_are_not_mixed_up(void **state)
{
	struct record_payment first = a_payment(1, 100);
	struct record_payment second = a_payment(2, 100);

	(void)state;
	given_debt();
	first.source = STR("ab");
	first.external_ref = STR("c");
	second.source = STR("a");
	second.external_ref = STR("bc");
	spec_when(&spec, &record_payment_type, &first);
	then_events(&spec, "PaymentRecorded");
	spec_when(&spec, &record_payment_type, &second);
	then_events(&spec, "PaymentRecorded");
}

static void test_debts__a_payment_for_an_unknown_debt_or_anothers_is_not_found(void **state)
{
	struct record_payment body = a_payment(1, 100);

	(void)state;
	given_debt();
	body.debt_id = spec_id('D', 2);
	refuse_payment(&body, REFUSAL_NOT_FOUND, "debt_id");
	body = a_payment(1, 100);
	body.customer_id = spec_id('C', 2);
	refuse_payment(&body, REFUSAL_NOT_FOUND, "debt_id");
}

static void test_debts__a_payment_is_in_the_debts_currency(void **state)
{
	struct record_payment body = a_payment(1, 100);

	(void)state;
	given_debt();
	body.currency = STR("USD");
	refuse_payment(&body, REFUSAL_BAD_CURRENCY, "currency");
}

static void given_lifecycle(enum lifecycle lifecycle)
{
	struct uuid id = spec_id('D', 1);
	struct debt *debt = workset_change(&spec.set, &debt_entity, &id);

	debt->lifecycle = lifecycle;
}

static void test_debts__a_debt_that_left_the_books_takes_no_payment_and_no_reversal(void **state)
{
	static const enum lifecycle terminal[] = { LIFECYCLE_WRITTEN_OFF, LIFECYCLE_TRANSFERRED, LIFECYCLE_CANCELLED };
	struct record_payment body = a_payment(2, 100);

	(void)state;
	given_debt();
	when_paid(1, 100);
	for (size_t index = 0; index < COUNT(terminal); index++) {
		given_lifecycle(terminal[index]);
		refuse_payment(&body, REFUSAL_BAD_TRANSITION, "debt_id");
		when_reversed(1);
		then_refused(&spec, REFUSAL_BAD_TRANSITION, "payment_id");
	}
}

/* ---- ReversePayment ---- */

static void test_debts__a_reversal_mirrors_its_payment(void **state)
{
	const struct payment_reversed *event;

	(void)state;
	given_debt();
	when_paid(1, 700);
	when_reversed(1);
	then_events(&spec, "PaymentReversed");
	event = then_event(&spec, 0, payment_reversed);
	assert_int_equal(event->version, 3);
	assert_int_equal(event->amount_minor, 700);
	assert_int_equal(event->cost_minor, 200);
	assert_int_equal(event->fee_minor, 300);
	assert_int_equal(event->interest_minor, 200);
	assert_int_equal(event->balance_minor, 11000);
	assert_int_equal(event->received_on, SPEC_TODAY - 1);
	assert_int_equal(event->reversed_on, SPEC_TODAY);
	then_balances(200, 300, 500, 10000, 0);
}

static void test_debts__a_payment_is_reversed_once(void **state)
{
	(void)state;
	given_debt();
	when_paid(1, 700);
	when_reversed(1);
	when_reversed(1);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "payment_id");
}

static void test_debts__a_reversed_payments_reference_stays_taken(void **state)
{
	struct record_payment body = a_payment(1, 700);

	(void)state;
	given_debt();
	when_paid(1, 700);
	when_reversed(1);
	body.payment_id = spec_id('P', 2);
	refuse_payment(&body, REFUSAL_EXISTS, "external_ref");
}

static void test_debts__an_unknown_payment_or_anothers_is_not_found(void **state)
{
	struct reverse_payment body = { .payment_id = spec_id('P', 1), .customer_id = spec_id('C', 2), .reason = STR("nsf") };

	(void)state;
	given_debt();
	when_reversed(1);
	then_refused(&spec, REFUSAL_NOT_FOUND, "payment_id");
	when_paid(1, 700);
	spec_when(&spec, &reverse_payment_type, &body);
	then_refused(&spec, REFUSAL_NOT_FOUND, "payment_id");
}

static void test_debts__a_reversal_needs_a_known_reason(void **state)
{
	struct reverse_payment body = { .payment_id = spec_id('P', 1), .customer_id = spec_id('C', 1), .reason = STR("whim") };

	(void)state;
	given_debt();
	when_paid(1, 700);
	spec_when(&spec, &reverse_payment_type, &body);
	then_refused(&spec, REFUSAL_BAD_VALUE, "reason");
}

static void test_debts__the_reversal_of_the_last_payment_reopens_the_debt(void **state)
{
	const struct debt_reopened *event;

	(void)state;
	given_debt();
	when_paid(1, 11000);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "DebtReopened");
	event = then_event(&spec, 1, debt_reopened);
	assert_int_equal(event->version, 5);
	assert_int_equal(event->balance_minor, 11000);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_ACTIVE);
	when_paid(2, 11000);
	then_events(&spec, "PaymentRecorded", "DebtPaid");
}

static void test_debts__the_reversal_of_pure_credit_leaves_the_debt_paid(void **state)
{
	(void)state;
	given_debt();
	when_paid(1, 11000);
	when_paid(2, 50);
	when_reversed(2);
	then_events(&spec, "PaymentReversed");
	then_balances(0, 0, 0, 0, 0);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_PAID);
}

static void test_debts__credit_pays_what_a_reversal_makes_owed_again(void **state)
{
	const struct credit_applied *event;

	(void)state;
	given_debt();
	when_paid(1, 11000);
	when_paid(2, 600);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "CreditApplied", "DebtReopened");
	event = then_event(&spec, 1, credit_applied);
	assert_int_equal(event->amount_minor, 600);
	assert_int_equal(event->cost_minor, 200);
	assert_int_equal(event->fee_minor, 300);
	assert_int_equal(event->interest_minor, 100);
	assert_int_equal(event->balance_minor, 10400);
	assert_int_equal(then_event(&spec, 2, debt_reopened)->balance_minor, 10400);
	then_balances(0, 0, 400, 10000, 0);
	assert_int_equal(the_debt()->entries, 5);
}

static void test_debts__credit_that_pays_everything_leaves_the_debt_paid(void **state)
{
	(void)state;
	given_debt();
	when_paid(1, 11000);
	when_paid(2, 12000);
	when_reversed(1);
	then_events(&spec, "PaymentReversed", "CreditApplied");
	then_balances(0, 0, 0, 0, 1000);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_PAID);
}

static void test_debts__credit_that_was_used_is_taken_back_before_its_payment_is_reversed(void **state)
{
	const struct credit_applied *event;

	(void)state;
	given_debt();
	when_paid(1, 11000);
	when_paid(2, 600);
	when_reversed(1);
	when_reversed(2);
	then_events(&spec, "CreditApplied", "PaymentReversed");
	event = then_event(&spec, 0, credit_applied);
	assert_int_equal(event->amount_minor, -600);
	assert_int_equal(event->interest_minor, -100);
	assert_int_equal(event->cost_minor, -200);
	assert_int_equal(then_event(&spec, 1, payment_reversed)->credit_minor, 600);
	then_balances(200, 300, 500, 10000, 0);
	assert_int_equal(the_debt()->credit_used.minor[ACCOUNT_COST], 0);
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_ACTIVE);
}

static void test_debts__used_credit_taken_back_reopens_a_paid_debt(void **state)
{
	(void)state;
	given_debt();
	when_paid(1, 11000);
	when_paid(2, 12000);
	when_reversed(1);
	when_reversed(2);
	then_events(&spec, "CreditApplied", "PaymentReversed", "DebtReopened");
	assert_int_equal(then_event(&spec, 0, credit_applied)->amount_minor, -11000);
	then_balances(200, 300, 500, 10000, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_debts__a_debt_is_created_with_its_opening_balances),
		TEST(test_debts__a_reference_of_long_letters_is_kept_whole),
		TEST(test_debts__a_debt_needs_an_id_and_a_reference),
		TEST(test_debts__amounts_are_not_negative_not_too_large_and_something_is_owed),
		TEST(test_debts__amounts_that_overflow_together_are_refused),
		TEST(test_debts__fees_and_costs_need_to_be_authorised),
		TEST(test_debts__a_currency_must_be_known),
		TEST(test_debts__dates_are_sane_and_in_order),
		TEST(test_debts__an_id_or_a_creditors_reference_is_used_once),
		TEST(test_debts__a_debt_waits_for_its_customer),
		TEST(test_debts__no_debt_is_created_for_a_customer_who_is_no_longer_active),
		TEST(test_debts__others_customers_do_not_exist_for_a_creditor),
		TEST(test_debts__a_creditor_creates_debts_of_customers_that_one_of_his_knows),
		TEST(test_debts__who_is_bound_to_a_portfolio_creates_debts_of_whom_it_knows),
		TEST(test_debts__who_is_not_bound_creates_debts_of_anybody),
		TEST(test_debts__a_payment_goes_to_cost_fee_interest_principal),
		TEST(test_debts__the_last_payment_pays_the_debt),
		TEST(test_debts__what_is_paid_too_much_is_credit),
		TEST(test_debts__a_paid_debt_takes_more_payments_as_credit),
		TEST(test_debts__a_payment_needs_its_texts),
		TEST(test_debts__a_payment_before_its_debt_was_opened_says_why),
		TEST(test_debts__an_amount_is_above_zero_and_within_limits),
		TEST(test_debts__credit_does_not_overflow),
		TEST(test_debts__a_payment_is_not_from_the_future_nor_from_long_ago),
		TEST(test_debts__a_payment_id_and_a_sources_reference_are_used_once),
		TEST(test_debts__source_and_reference_are_not_mixed_up),
		TEST(test_debts__a_payment_for_an_unknown_debt_or_anothers_is_not_found),
		TEST(test_debts__a_payment_is_in_the_debts_currency),
		TEST(test_debts__a_debt_that_left_the_books_takes_no_payment_and_no_reversal),
		TEST(test_debts__a_reversal_mirrors_its_payment),
		TEST(test_debts__a_payment_is_reversed_once),
		TEST(test_debts__a_reversed_payments_reference_stays_taken),
		TEST(test_debts__an_unknown_payment_or_anothers_is_not_found),
		TEST(test_debts__a_reversal_needs_a_known_reason),
		TEST(test_debts__the_reversal_of_the_last_payment_reopens_the_debt),
		TEST(test_debts__the_reversal_of_pure_credit_leaves_the_debt_paid),
		TEST(test_debts__credit_pays_what_a_reversal_makes_owed_again),
		TEST(test_debts__credit_that_pays_everything_leaves_the_debt_paid),
		TEST(test_debts__credit_that_was_used_is_taken_back_before_its_payment_is_reversed),
		TEST(test_debts__used_credit_taken_back_reopens_a_paid_debt),
	};

	return cmocka_run_group_tests_name("debts rules", tests, NULL, NULL);
}
