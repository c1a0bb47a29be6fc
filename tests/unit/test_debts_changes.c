#include "rule_spec.h"

#include "consumers/debts/debts.h"
#include "consumers/debts/reference/reference.h"
#include "schemas/debts.h"

/* AmendDebt and CancelDebt. */

/* ---- given ---- */

#define COMMANDS 64

static struct spec spec;
static struct {
	struct create_debt create;
	struct record_payment record;
	struct reverse_payment reverse;
	struct amend_debt amend;
	struct cancel_debt cancel;
	char text[8];
} bodies[COMMANDS];
static size_t bodies_count;

static int setup(void **state)
{
	struct debts_customer *customer;

	(void)state;
	bodies_count = 0;
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

static void when_created(unsigned number, unsigned creditor, struct str external_ref)
{
	struct create_debt *body = &bodies[bodies_count++].create;

	*body = (struct create_debt){ .debt_id = spec_id('D', number),
				      .customer_id = spec_id('C', 1),
				      .creditor_id = spec_id('R', creditor),
				      .external_ref = external_ref,
				      .currency = STR("EUR"),
				      .principal_minor = 10000,
				      .interest_minor = 500,
				      .fee_minor = 300,
				      .cost_minor = 200,
				      .opened_on = SPEC_TODAY - 90,
				      .due_on = SPEC_TODAY,
				      .fees_authorised = true };
	spec_when(&spec, &create_debt_type, body);
}

static void given_debt(unsigned number, struct str external_ref)
{
	when_created(number, 1, external_ref);
	then_events(&spec, "DebtCreated");
}

static void given_payment(unsigned number, int64_t amount_minor)
{
	struct record_payment *body = &bodies[bodies_count].record;
	char *reference = bodies[bodies_count++].text;

	snprintf(reference, sizeof(bodies[0].text), "P-%u", number % 1000);
	*body = (struct record_payment){ .payment_id = spec_id('P', number),
					 .customer_id = spec_id('C', 1),
					 .debt_id = spec_id('D', 1),
					 .source = STR("bank"),
					 .external_ref = str_of(reference),
					 .amount_minor = amount_minor,
					 .currency = STR("EUR"),
					 .received_on = SPEC_TODAY,
					 .method = STR("transfer") };
	spec_when(&spec, &record_payment_type, body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void given_reversal(unsigned number)
{
	struct reverse_payment *body = &bodies[bodies_count++].reverse;

	*body = (struct reverse_payment){ .payment_id = spec_id('P', number),
					  .customer_id = spec_id('C', 1),
					  .reason = STR("error") };
	spec_when(&spec, &reverse_payment_type, body);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static struct debt *the_debt(void)
{
	struct uuid id = spec_id('D', 1);

	return workset_change(&spec.set, &debt_entity, &id);
}

static struct amend_debt *an_amendment(unsigned debt)
{
	struct amend_debt *body = &bodies[bodies_count++].amend;

	*body = (struct amend_debt){ .debt_id = spec_id('D', debt), .customer_id = spec_id('C', 1), .reason = STR("ticket 17") };
	return body;
}

static void when_due_on(int32_t due_on)
{
	struct amend_debt *body = an_amendment(1);

	body->has_due_on = true;
	body->due_on = due_on;
	spec_when(&spec, &amend_debt_type, body);
}

static void when_renamed(unsigned debt, struct str external_ref)
{
	struct amend_debt *body = an_amendment(debt);

	body->has_external_ref = true;
	body->external_ref = external_ref;
	spec_when(&spec, &amend_debt_type, body);
}

static struct cancel_debt *a_cancellation(void)
{
	struct cancel_debt *body = &bodies[bodies_count++].cancel;

	*body = (struct cancel_debt){ .debt_id = spec_id('D', 1),
				      .customer_id = spec_id('C', 1),
				      .reason = STR("not_the_debtor") };
	return body;
}

static void when_cancelled(void)
{
	spec_when(&spec, &cancel_debt_type, a_cancellation());
}

/* ---- AmendDebt ---- */

static void test_debts__an_amended_due_date_is_told_with_the_one_before_and_what_is_owed(void **state)
{
	const struct debt_amended *event;

	(void)state;
	given_debt(1, STR("INV-1"));
	given_payment(1, 1000);
	when_due_on(SPEC_TODAY + 30);
	then_events(&spec, "DebtAmended");
	event = then_event(&spec, 0, debt_amended);
	assert_int_equal(event->version, 3);
	assert_int_equal(event->previous_due_on, SPEC_TODAY);
	assert_int_equal(event->due_on, SPEC_TODAY + 30);
	assert_true(str_is(event->previous_external_ref, "INV-1"));
	assert_true(str_is(event->external_ref, "INV-1"));
	assert_int_equal(event->balance_minor, 10000);
	assert_int_equal(event->amended_on, SPEC_TODAY);
	assert_true(str_is(event->reason, "ticket 17"));
	assert_true(str_is(event->by, "test"));
	assert_int_equal(the_debt()->due_on, SPEC_TODAY + 30);
	assert_int_equal(the_debt()->entries, 2);
}

static void test_debts__payments_after_an_amendment_carry_the_new_due_date(void **state)
{
	(void)state;
	given_debt(1, STR("INV-1"));
	when_due_on(SPEC_TODAY + 30);
	given_payment(1, 11000);
	then_events(&spec, "PaymentRecorded", "DebtPaid");
	assert_int_equal(then_event(&spec, 0, payment_recorded)->due_on, SPEC_TODAY + 30);
	assert_int_equal(then_event(&spec, 1, debt_paid)->due_on, SPEC_TODAY + 30);
}

static void test_debts__a_reference_given_up_is_free_at_once_and_the_new_one_is_taken(void **state)
{
	const struct debt_amended *event;

	(void)state;
	given_debt(1, STR("A"));
	when_renamed(1, STR("B"));
	then_events(&spec, "DebtAmended");
	event = then_event(&spec, 0, debt_amended);
	assert_true(str_is(event->previous_external_ref, "A"));
	assert_true(str_is(event->external_ref, "B"));
	assert_int_equal(event->due_on, event->previous_due_on);
	when_created(2, 1, STR("B"));
	then_refused(&spec, REFUSAL_EXISTS, "external_ref");
	when_created(2, 1, STR("A"));
	then_events(&spec, "DebtCreated");
	when_renamed(1, STR("A"));
	then_refused(&spec, REFUSAL_EXISTS, "external_ref");
}

static void test_debts__two_debts_can_swap_their_references(void **state)
{
	(void)state;
	given_debt(1, STR("A"));
	given_debt(2, STR("B"));
	when_renamed(1, STR("B"));
	then_refused(&spec, REFUSAL_EXISTS, "external_ref");
	when_renamed(1, STR("C"));
	when_renamed(2, STR("A"));
	then_events(&spec, "DebtAmended");
	when_renamed(1, STR("B"));
	then_events(&spec, "DebtAmended");
	when_created(3, 1, STR("A"));
	then_refused(&spec, REFUSAL_EXISTS, "external_ref");
	when_created(3, 1, STR("C"));
	then_events(&spec, "DebtCreated");
}

static void test_debts__what_an_event_says_stays_when_the_debt_is_amended_again(void **state)
{
	const struct debt_amended *first;

	(void)state;
	given_debt(1, STR("A"));
	when_renamed(1, STR("B"));
	first = then_event(&spec, 0, debt_amended);
	when_renamed(1, STR("C"));
	assert_true(str_is(first->previous_external_ref, "A"));
	assert_true(str_is(first->external_ref, "B"));
}

static void test_debts__another_creditors_reference_is_no_matter(void **state)
{
	(void)state;
	given_debt(1, STR("A"));
	when_created(2, 2, STR("B"));
	when_renamed(1, STR("B"));
	then_events(&spec, "DebtAmended");
}

static void test_debts__a_put_of_what_is_there_is_taken(void **state)
{
	struct amend_debt *body;

	(void)state;
	given_debt(1, STR("A"));
	body = an_amendment(1);
	body->has_due_on = true;
	body->due_on = SPEC_TODAY;
	body->has_external_ref = true;
	body->external_ref = STR("A");
	spec_when(&spec, &amend_debt_type, body);
	then_events(&spec, "DebtAmended");
	when_created(2, 1, STR("A"));
	then_refused(&spec, REFUSAL_EXISTS, "external_ref");
}

static void refuse_amendment(const struct amend_debt *body, enum refusal refusal, const char *field)
{
	spec_when(&spec, &amend_debt_type, body);
	then_refused(&spec, refusal, field);
}

static void test_debts__an_amendment_says_what_and_why(void **state)
{
	struct amend_debt *body;

	(void)state;
	given_debt(1, STR("A"));
	refuse_amendment(an_amendment(1), REFUSAL_BAD_VALUE, "");
	body = an_amendment(1);
	body->has_external_ref = true;
	refuse_amendment(body, REFUSAL_BAD_VALUE, "external_ref");
	body = an_amendment(1);
	body->has_external_ref = true;
	body->external_ref = STR("A\nB");
	refuse_amendment(body, REFUSAL_BAD_VALUE, "external_ref");
	body = an_amendment(1);
	body->has_due_on = true;
	body->due_on = SPEC_TODAY;
	body->reason = STR("");
	refuse_amendment(body, REFUSAL_BAD_VALUE, "reason");
}

static void test_debts__a_debt_is_not_due_before_it_was_opened_nor_in_another_age(void **state)
{
	(void)state;
	given_debt(1, STR("A"));
	when_due_on(SPEC_TODAY - 91);
	then_refused(&spec, REFUSAL_BAD_DATE, "due_on");
	when_due_on(DEBTS_DAY_MAX + 1);
	then_refused(&spec, REFUSAL_BAD_DATE, "due_on");
	when_due_on(INT32_MIN);
	then_refused(&spec, REFUSAL_BAD_DATE, "due_on");
	when_due_on(SPEC_TODAY - 90);
	then_events(&spec, "DebtAmended", "DelinquencyChanged");
}

static void test_debts__an_amendment_of_an_unknown_debt_or_anothers_is_not_found(void **state)
{
	struct amend_debt *body;

	(void)state;
	given_debt(1, STR("A"));
	when_renamed(2, STR("B"));
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	body = an_amendment(1);
	body->has_due_on = true;
	body->due_on = SPEC_TODAY;
	body->customer_id = spec_id('C', 2);
	refuse_amendment(body, REFUSAL_NOT_FOUND, "debt_id");
}

static void test_debts__an_amendment_of_another_version_is_a_conflict(void **state)
{
	struct amend_debt *body;

	(void)state;
	given_debt(1, STR("A"));
	body = an_amendment(1);
	body->has_due_on = true;
	body->due_on = SPEC_TODAY;
	body->has_expected_version = true;
	body->expected_version = 2;
	refuse_amendment(body, REFUSAL_VERSION_CONFLICT, "expected_version");
	body->expected_version = 1;
	spec_when(&spec, &amend_debt_type, body);
	then_events(&spec, "DebtAmended");
}

static void test_debts__only_a_debt_that_left_the_books_is_not_amended(void **state)
{
	(void)state;
	given_debt(1, STR("A"));
	for (unsigned lifecycle = LIFECYCLE_NEW; lifecycle < LIFECYCLE_COUNT; lifecycle++) {
		the_debt()->lifecycle = lifecycle;
		when_due_on(lifecycle == LIFECYCLE_NEW ? SPEC_TODAY + 1 : SPEC_TODAY);
		if (lifecycle_is_terminal(lifecycle))
			then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
		else
			then_events(&spec, "DebtAmended");
	}
}

/* The states that the commands of a batch need are asked for before any is decided: then the debt was not there. */
static void when_amended_in_one_batch_with_its_creation(struct amend_debt *body)
{
	const struct rule *rule = spec_rule(&spec, &amend_debt_type);
	static struct command command;

	command = (struct command){
		.type = &amend_debt_type, .body = body, .actor = STR("test"), .scope = &scope_all, .today = SPEC_TODAY
	};
	spec_touch(&spec, rule, &command);
	given_debt(1, STR("A"));
	decision_init(&spec.decision, &spec.arena, &command);
	rule->decide(&command, &spec.set, &spec.decision);
}

static void test_debts__a_due_date_can_be_amended_in_the_batch_that_creates_the_debt(void **state)
{
	struct amend_debt *body = an_amendment(1);

	(void)state;
	body->has_due_on = true;
	body->due_on = SPEC_TODAY;
	when_amended_in_one_batch_with_its_creation(body);
	then_events(&spec, "DebtAmended");
}

static void test_debts__a_reference_amended_in_the_batch_that_creates_the_debt_waits(void **state)
{
	struct amend_debt *body = an_amendment(1);

	(void)state;
	body->has_external_ref = true;
	body->external_ref = STR("B");
	when_amended_in_one_batch_with_its_creation(body);
	then_waits(&spec, "debt_id");
	when_renamed(1, STR("B"));
	then_events(&spec, "DebtAmended");
}

/* ---- CancelDebt ---- */

static void test_debts__a_cancellation_takes_back_what_was_charged(void **state)
{
	const struct debt_cancelled *event;
	struct cancel_debt *body = a_cancellation();

	(void)state;
	given_debt(1, STR("A"));
	body->has_comment = true;
	body->comment = STR("letter 2026-17");
	spec_when(&spec, &cancel_debt_type, body);
	then_events(&spec, "DebtCancelled");
	event = then_event(&spec, 0, debt_cancelled);
	assert_int_equal(event->version, 2);
	assert_int_equal(event->amount_minor, 11000);
	assert_int_equal(event->cost_minor, 200);
	assert_int_equal(event->fee_minor, 300);
	assert_int_equal(event->interest_minor, 500);
	assert_int_equal(event->principal_minor, 10000);
	assert_int_equal(event->due_on, SPEC_TODAY);
	assert_int_equal(event->cancelled_on, SPEC_TODAY);
	assert_true(str_is(event->reason, "not_the_debtor"));
	assert_true(event->has_comment);
	assert_true(str_is(event->comment, "letter 2026-17"));
	assert_true(str_is(event->by, "test"));
	assert_int_equal(the_debt()->lifecycle, LIFECYCLE_CANCELLED);
	assert_int_equal(the_debt()->entries, 2);
	assert_int_equal(balances_owed(&the_debt()->balances), 0);
}

static void test_debts__a_cancelled_debt_takes_nothing_more(void **state)
{
	struct record_payment *body = &bodies[bodies_count++].record;

	(void)state;
	given_debt(1, STR("A"));
	given_payment(1, 100);
	given_reversal(1);
	when_cancelled();
	then_events(&spec, "DebtCancelled");
	when_cancelled();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	when_renamed(1, STR("B"));
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	*body = (struct record_payment){ .payment_id = spec_id('P', 2),
					 .customer_id = spec_id('C', 1),
					 .debt_id = spec_id('D', 1),
					 .source = STR("bank"),
					 .external_ref = STR("P-2"),
					 .amount_minor = 100,
					 .currency = STR("EUR"),
					 .received_on = SPEC_TODAY,
					 .method = STR("cash") };
	spec_when(&spec, &record_payment_type, body);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
}

static void test_debts__a_cancelled_debts_reference_stays_taken(void **state)
{
	(void)state;
	given_debt(1, STR("A"));
	when_cancelled();
	when_created(2, 1, STR("A"));
	then_refused(&spec, REFUSAL_EXISTS, "external_ref");
}

static void test_debts__money_that_was_paid_goes_back_before_the_debt_is_cancelled(void **state)
{
	(void)state;
	given_debt(1, STR("A"));
	given_payment(1, 100);
	given_payment(2, 5000);
	given_reversal(1);
	when_cancelled();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	assert_non_null(strstr(spec.decision.text, "50.00 EUR"));
	given_reversal(2);
	when_cancelled();
	then_events(&spec, "DebtCancelled");
	assert_int_equal(then_event(&spec, 0, debt_cancelled)->amount_minor, 11000);
}

static void test_debts__a_paid_debt_is_cancelled_after_its_payments_were_reversed(void **state)
{
	(void)state;
	given_debt(1, STR("A"));
	given_payment(1, 11000);
	given_payment(2, 12000);
	when_cancelled();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	given_reversal(1); /* the other one's credit pays the debt now: it is used, and stands */
	when_cancelled();
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	given_reversal(2);
	when_cancelled();
	then_events(&spec, "DebtCancelled");
}

static void test_debts__only_a_new_or_active_debt_is_cancelled(void **state)
{
	(void)state;
	for (unsigned lifecycle = LIFECYCLE_NEW; lifecycle < LIFECYCLE_COUNT; lifecycle++) {
		teardown(NULL);
		setup(NULL);
		given_debt(1, STR("A"));
		the_debt()->lifecycle = lifecycle;
		when_cancelled();
		if (lifecycle == LIFECYCLE_NEW || lifecycle == LIFECYCLE_ACTIVE)
			then_events(&spec, "DebtCancelled");
		else
			then_refused(&spec, REFUSAL_BAD_TRANSITION, "debt_id");
	}
}

static void refuse_cancellation(const struct cancel_debt *body, enum refusal refusal, const char *field)
{
	spec_when(&spec, &cancel_debt_type, body);
	then_refused(&spec, refusal, field);
}

static void test_debts__a_cancellation_needs_a_known_reason_and_a_decent_comment(void **state)
{
	struct cancel_debt *body = a_cancellation();

	(void)state;
	given_debt(1, STR("A"));
	body->reason = STR("whim");
	refuse_cancellation(body, REFUSAL_BAD_VALUE, "reason");
	body = a_cancellation();
	body->has_comment = true;
	refuse_cancellation(body, REFUSAL_BAD_VALUE, "comment");
	body->comment = STR("two\nlines");
	refuse_cancellation(body, REFUSAL_BAD_VALUE, "comment");
}

static void test_debts__a_cancellation_of_an_unknown_debt_or_version_is_refused(void **state)
{
	struct cancel_debt *body = a_cancellation();

	(void)state;
	refuse_cancellation(body, REFUSAL_NOT_FOUND, "debt_id");
	given_debt(1, STR("A"));
	body->customer_id = spec_id('C', 2);
	refuse_cancellation(body, REFUSAL_NOT_FOUND, "debt_id");
	body = a_cancellation();
	body->has_expected_version = true;
	body->expected_version = 7;
	refuse_cancellation(body, REFUSAL_VERSION_CONFLICT, "expected_version");
}

/* ---- whose debt it is ---- */

static void then_all_are_refused(const struct record_payment *record, const struct reverse_payment *reverse,
				 const struct amend_debt *amend, const struct cancel_debt *cancel)
{
	spec_when(&spec, &record_payment_type, record);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	spec_when(&spec, &reverse_payment_type, reverse);
	then_refused(&spec, REFUSAL_NOT_FOUND, "payment_id");
	spec_when(&spec, &amend_debt_type, amend);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	spec_when(&spec, &cancel_debt_type, cancel);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
}

static void test_debts__others_debts_do_not_exist_for_a_creditor(void **state)
{
	struct record_payment record = { .payment_id = spec_id('P', 2),
					 .customer_id = spec_id('C', 1),
					 .debt_id = spec_id('D', 1),
					 .source = STR("bank"),
					 .external_ref = STR("other"),
					 .amount_minor = 1,
					 .currency = STR("EUR"),
					 .received_on = SPEC_TODAY,
					 .method = STR("transfer") };
	struct reverse_payment reverse = { .payment_id = spec_id('P', 1),
					   .customer_id = spec_id('C', 1),
					   .reason = STR("error") };
	struct cancel_debt cancel = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("fraud") };
	struct amend_debt *amend = an_amendment(1);
	struct scope scope = { .all_sources = true };

	(void)state;
	amend->has_due_on = true;
	amend->due_on = SPEC_TODAY;
	given_debt(1, STR("A-1"));
	given_payment(1, 100);

	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	then_all_are_refused(&record, &reverse, amend, &cancel);
	scope.creditors[scope.creditors_count++] = spec_id('R', 2);
	then_all_are_refused(&record, &reverse, amend, &cancel);
	scope.creditors[scope.creditors_count++] = spec_id('R', 1);
	spec_when(&spec, &record_payment_type, &record);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	spec_when(&spec, &reverse_payment_type, &reverse);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	spec_when(&spec, &amend_debt_type, amend);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

/* A debt in another of the creditor's portfolios, and one in none. */
static void test_debts__others_portfolios_debts_do_not_exist(void **state)
{
	struct record_payment record = { .payment_id = spec_id('P', 2),
					 .customer_id = spec_id('C', 1),
					 .debt_id = spec_id('D', 1),
					 .source = STR("bank"),
					 .external_ref = STR("other"),
					 .amount_minor = 1,
					 .currency = STR("EUR"),
					 .received_on = SPEC_TODAY,
					 .method = STR("transfer") };
	struct reverse_payment reverse = { .payment_id = spec_id('P', 1),
					   .customer_id = spec_id('C', 1),
					   .reason = STR("error") };
	struct cancel_debt cancel = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("fraud") };
	struct amend_debt *amend = an_amendment(1);
	struct scope scope = { .all_sources = true,
			       .creditors = { spec_id('R', 1) },
			       .creditors_count = 1,
			       .portfolios = { spec_id('F', 2) },
			       .portfolios_count = 1 };
	struct debt *debt;

	(void)state;
	amend->has_due_on = true;
	amend->due_on = SPEC_TODAY;
	given_debt(1, STR("A-1"));
	given_payment(1, 100);
	debt = workset_change(&spec.set, &debt_entity, &record.debt_id);
	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	then_all_are_refused(&record, &reverse, amend, &cancel);
	debt->portfolio_id = spec_id('F', 1);
	then_all_are_refused(&record, &reverse, amend, &cancel);
	debt->portfolio_id = spec_id('F', 2);
	scope.creditors[0] = spec_id('R', 2); /* who names the portfolio as his */
	then_all_are_refused(&record, &reverse, amend, &cancel);
	scope.creditors[0] = spec_id('R', 1);
	spec_when(&spec, &record_payment_type, &record);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	spec_when(&spec, &reverse_payment_type, &reverse);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
	spec_when(&spec, &amend_debt_type, amend);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

/* The answer says neither whose it is nor that there is anything: the words for a creditor that is not his. */
static void then_is_no_matter_of_his(const char *field)
{
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, field);
	assert_string_equal(spec.decision.text, COMMAND_UNBOUND_TEXT);
}

static void given_acquaintance(const struct scope *scope)
{
	const struct scope_pair pair = scope_pair(scope, 0);
	struct uuid customer_id = spec_id('C', 1), id;
	struct reference_key key;
	struct slot *slot;
	struct str text;

	reference_key_of_acquaintance(&key, &pair, &customer_id);
	id = reference_id(&key);
	text = str_copy(&spec.arena, (struct str){ .data = key.text, .size = key.size });
	slot = workset_touch(&spec.set, &debts_acquaintance_entity, &id, text);
	assert_non_null(slot);
	slot->loaded = slot->exists = true;
}

/* Of another creditor, and in another of his portfolios; his own is told as ever. */
static void test_debts__an_id_or_a_reference_that_is_anothers_tells_nothing(void **state)
{
	struct scope scope = { .creditors = { spec_id('R', 2) }, .creditors_count = 1, .all_sources = true };
	struct create_debt create = { .debt_id = spec_id('D', 1),
				      .customer_id = spec_id('C', 1),
				      .creditor_id = spec_id('R', 2),
				      .external_ref = STR("mine"),
				      .currency = STR("EUR"),
				      .principal_minor = 1,
				      .opened_on = SPEC_TODAY,
				      .due_on = SPEC_TODAY };
	struct amend_debt *amend = an_amendment(2);
	struct uuid first = spec_id('D', 1);

	(void)state;
	given_debt(1, STR("A-1")); /* of creditor 1 */
	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	given_acquaintance(&scope);
	spec_when(&spec, &create_debt_type, &create);
	then_is_no_matter_of_his("debt_id");

	scope.creditors[0] = create.creditor_id = spec_id('R', 1);
	given_acquaintance(&scope);
	spec_when(&spec, &create_debt_type, &create);
	then_refused(&spec, REFUSAL_EXISTS, "debt_id");
	scope.portfolios[scope.portfolios_count++] = create.portfolio_id = spec_id('F', 1);
	create.has_portfolio_id = true;
	given_acquaintance(&scope);
	spec_when(&spec, &create_debt_type, &create);
	then_is_no_matter_of_his("debt_id");
	create.debt_id = spec_id('D', 2);
	create.external_ref = STR("A-1");
	spec_when(&spec, &create_debt_type, &create);
	then_is_no_matter_of_his("external_ref");

	create.external_ref = STR("A-2");
	spec_when(&spec, &create_debt_type, &create);
	then_events(&spec, "DebtCreated");
	create.debt_id = spec_id('D', 3);
	spec_when(&spec, &create_debt_type, &create);
	then_refused(&spec, REFUSAL_EXISTS, "external_ref");
	amend->has_external_ref = true;
	amend->external_ref = STR("A-1");
	spec_when(&spec, &amend_debt_type, amend);
	then_is_no_matter_of_his("external_ref");
	assert_non_null(workset_state(&spec.set, &debt_entity, &first));
}

/* On a debt of others it is not said that a payment is there; on his own, another debt's payment is nobody's he could name. */
static void test_debts__a_payments_id_that_is_anothers_tells_nothing(void **state)
{
	struct scope scope = { .creditors = { spec_id('R', 2) }, .creditors_count = 1, .all_sources = true };
	struct record_payment record = { .payment_id = spec_id('P', 1),
					 .customer_id = spec_id('C', 1),
					 .debt_id = spec_id('D', 1),
					 .source = STR("bank"),
					 .external_ref = STR("other"),
					 .amount_minor = 1,
					 .currency = STR("EUR"),
					 .received_on = SPEC_TODAY,
					 .method = STR("transfer") };

	(void)state;
	given_debt(1, STR("A-1"));
	given_payment(1, 100);
	when_created(2, 2, STR("A-2"));
	then_events(&spec, "DebtCreated");
	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	spec_when(&spec, &record_payment_type, &record);
	then_refused(&spec, REFUSAL_NOT_FOUND, "debt_id");
	record.debt_id = spec_id('D', 2);
	spec_when(&spec, &record_payment_type, &record);
	then_is_no_matter_of_his("payment_id");
	scope.creditors[0] = spec_id('R', 1);
	record.debt_id = spec_id('D', 1);
	spec_when(&spec, &record_payment_type, &record);
	then_refused(&spec, REFUSAL_EXISTS, "payment_id");
}

/* What came in at another's source is not his to take back, though the debt is his; a supervisor is not asked. */
static void test_debts__a_creditor_reverses_what_came_in_at_his_sources(void **state)
{
	struct reverse_payment reverse = { .payment_id = spec_id('P', 1),
					   .customer_id = spec_id('C', 1),
					   .reason = STR("error") };
	struct scope scope = { .creditors = { spec_id('R', 1) }, .creditors_count = 1 };

	(void)state;
	given_debt(1, STR("A-1"));
	given_payment(1, 100);
	spec.scope = &scope;
	spec.roles = ROLE_CREDITOR;
	spec_when(&spec, &reverse_payment_type, &reverse);
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, "payment_id");
	assert_true(scope_add_source(&scope, STR("another")));
	spec_when(&spec, &reverse_payment_type, &reverse);
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, "payment_id");
	assert_true(scope_add_source(&scope, STR("bank")));
	spec_when(&spec, &reverse_payment_type, &reverse);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);

	given_payment(2, 100);
	reverse.payment_id = spec_id('P', 2);
	spec.scope = &scope_none;
	spec.roles = ROLE_CREDITOR | ROLE_SUPERVISOR;
	spec_when(&spec, &reverse_payment_type, &reverse);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

static void test_debts__who_is_more_than_a_creditor_is_not_bound(void **state)
{
	struct amend_debt *amend = an_amendment(1);

	(void)state;
	amend->has_due_on = true;
	amend->due_on = SPEC_TODAY;
	given_debt(1, STR("A-1"));
	spec.scope = &scope_none;
	spec.roles = ROLE_CREDITOR | ROLE_SUPERVISOR;
	spec_when(&spec, &amend_debt_type, amend);
	then_events(&spec, "DebtAmended");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_debts__an_amended_due_date_is_told_with_the_one_before_and_what_is_owed),
		TEST(test_debts__payments_after_an_amendment_carry_the_new_due_date),
		TEST(test_debts__a_reference_given_up_is_free_at_once_and_the_new_one_is_taken),
		TEST(test_debts__two_debts_can_swap_their_references),
		TEST(test_debts__what_an_event_says_stays_when_the_debt_is_amended_again),
		TEST(test_debts__another_creditors_reference_is_no_matter),
		TEST(test_debts__a_put_of_what_is_there_is_taken),
		TEST(test_debts__an_amendment_says_what_and_why),
		TEST(test_debts__others_debts_do_not_exist_for_a_creditor),
		TEST(test_debts__others_portfolios_debts_do_not_exist),
		TEST(test_debts__an_id_or_a_reference_that_is_anothers_tells_nothing),
		TEST(test_debts__a_payments_id_that_is_anothers_tells_nothing),
		TEST(test_debts__a_creditor_reverses_what_came_in_at_his_sources),
		TEST(test_debts__who_is_more_than_a_creditor_is_not_bound),
		TEST(test_debts__a_debt_is_not_due_before_it_was_opened_nor_in_another_age),
		TEST(test_debts__an_amendment_of_an_unknown_debt_or_anothers_is_not_found),
		TEST(test_debts__an_amendment_of_another_version_is_a_conflict),
		TEST(test_debts__only_a_debt_that_left_the_books_is_not_amended),
		TEST(test_debts__a_due_date_can_be_amended_in_the_batch_that_creates_the_debt),
		TEST(test_debts__a_reference_amended_in_the_batch_that_creates_the_debt_waits),
		TEST(test_debts__a_cancellation_takes_back_what_was_charged),
		TEST(test_debts__a_cancelled_debt_takes_nothing_more),
		TEST(test_debts__a_cancelled_debts_reference_stays_taken),
		TEST(test_debts__money_that_was_paid_goes_back_before_the_debt_is_cancelled),
		TEST(test_debts__a_paid_debt_is_cancelled_after_its_payments_were_reversed),
		TEST(test_debts__only_a_new_or_active_debt_is_cancelled),
		TEST(test_debts__a_cancellation_needs_a_known_reason_and_a_decent_comment),
		TEST(test_debts__a_cancellation_of_an_unknown_debt_or_version_is_refused),
	};

	return cmocka_run_group_tests_name("debts changes", tests, NULL, NULL);
}
