/* consumers/debts over a real PostgreSQL: what is saved is what is loaded again, and the tables keep the ledger's promises. */

#include "store_spec.h"

#include "consumers/debts/debts.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/store.h"
#include "schemas/debts.h"

static struct store_spec spec;

static int setup_group(void **state)
{
	(void)state;
	return debts_store_prepare(debts_store.self, &spec.err);
}

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &debts_module, &debts_store);
	store_sql(&spec, "test_customer",
		  "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
		  "full_name_sealed) "
		  "VALUES ('019a0000-0000-7000-8000-004300000001', 'C1', 'natural', 'active', 'de', 'DE', 1, ''), "
		  "('019a0000-0000-7000-8000-004300000002', 'C2', 'natural', 'deceased', 'de', 'DE', 1, '')");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

static void add_debt(unsigned number, struct str reference, unsigned customer)
{
	struct create_debt body = { .debt_id = spec_id('D', number),
				    .customer_id = spec_id('C', customer),
				    .creditor_id = spec_id('R', 1),
				    .has_portfolio_id = true,
				    .portfolio_id = spec_id('F', 1),
				    .external_ref = reference,
				    .currency = STR("EUR"),
				    .principal_minor = 1000,
				    .interest_minor = 50,
				    .fee_minor = 30,
				    .cost_minor = 20,
				    .opened_on = STORE_TODAY - 20,
				    .due_on = STORE_TODAY - 10,
				    .fees_authorised = true };

	store_add(&spec, &create_debt_type, &body);
}

static void add_payment_on(unsigned number, unsigned debt, struct str reference, int64_t amount_minor, int32_t received_on)
{
	struct record_payment body = { .payment_id = spec_id('P', number),
				       .customer_id = spec_id('C', 1),
				       .debt_id = spec_id('D', debt),
				       .source = STR("bank"),
				       .external_ref = reference,
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .received_on = received_on,
				       .method = STR("transfer") };

	store_add(&spec, &record_payment_type, &body);
}

static void add_payment(unsigned number, unsigned debt, struct str reference, int64_t amount_minor)
{
	add_payment_on(number, debt, reference, amount_minor, STORE_TODAY - 1);
}

static void add_reversal(unsigned payment)
{
	struct reverse_payment body = { .payment_id = spec_id('P', payment),
					.customer_id = spec_id('C', 1),
					.reason = STR("nsf") };

	store_add(&spec, &reverse_payment_type, &body);
}

static void add_refund(unsigned payment, int64_t amount_minor)
{
	struct refund_payment body = { .payment_id = spec_id('P', payment),
				       .customer_id = spec_id('C', 1),
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .reason = STR("overpaid") };

	store_add(&spec, &refund_payment_type, &body);
}

static void add_amendment(unsigned debt, struct str reference, int32_t due_on)
{
	struct amend_debt body = { .debt_id = spec_id('D', debt),
				   .customer_id = spec_id('C', 1),
				   .has_due_on = due_on != 0,
				   .due_on = due_on,
				   .has_external_ref = reference.size > 0,
				   .external_ref = reference,
				   .reason = STR("ticket 17") };

	store_add(&spec, &amend_debt_type, &body);
}

static void add_cancellation(unsigned debt)
{
	struct cancel_debt body = { .debt_id = spec_id('D', debt), .customer_id = spec_id('C', 1), .reason = STR("fraud") };

	store_add(&spec, &cancel_debt_type, &body);
}

static void add_promise(unsigned number, unsigned debt, int64_t amount_minor)
{
	struct make_promise body = { .promise_id = spec_id('M', number),
				     .customer_id = spec_id('C', 1),
				     .debt_id = spec_id('D', debt),
				     .amount_minor = amount_minor,
				     .currency = STR("EUR"),
				     .due_on = STORE_TODAY + 2 };

	store_add(&spec, &make_promise_type, &body);
}

static void another_writes_the_debt(struct store_spec *its)
{
	store_sql(its, "test_other", "UPDATE debts.debt SET version = version + 1");
}

/* Debts whose row is not the fold of their entries, or whose entries are not 1..k hanging on each other. */
static void then_books_agree(void)
{
	assert_int_equal(
		store_number(&spec, "test_folds",
			     "SELECT count(*) FROM debts.debt d LEFT JOIN LATERAL (SELECT count(*) AS entries, "
			     "coalesce(sum(cost_minor), 0) AS cost, coalesce(sum(fee_minor), 0) AS fee, "
			     "coalesce(sum(interest_minor), 0) AS interest, coalesce(sum(principal_minor), 0) AS principal, "
			     "coalesce(sum(credit_minor), 0) AS credit, array_agg(entry_no ORDER BY entry_no) AS numbers "
			     "FROM debts.ledger_of(d.debt_id)) e ON true WHERE (d.entries, d.cost_minor, d.fee_minor, "
			     "d.interest_minor, "
			     "d.principal_minor, -d.credit_minor) IS DISTINCT FROM (e.entries, e.cost, e.fee, e.interest, "
			     "e.principal, "
			     "e.credit) OR e.numbers <> (SELECT array_agg(n) FROM generate_series(1, d.entries) n)"),
		0);
	assert_int_equal(store_number(&spec, "test_unreached",
				      "SELECT (SELECT count(*) FROM debts.ledger_entry) - (SELECT coalesce(sum(entries), "
				      "0)::bigint FROM debts.debt)"),
			 0);
	assert_int_equal(
		store_number(
			&spec, "test_used",
			"SELECT count(*) FROM debts.debt d WHERE coalesce(used_cost_minor, 0) + coalesce(used_fee_minor, 0) + "
			"coalesce(used_interest_minor, 0) + coalesce(used_principal_minor, 0) <> (SELECT "
			"coalesce(sum(credit_minor), 0) FROM debts.ledger_of(d.debt_id) WHERE kind = 'CREDIT_APPLIED')"),
		0);
}

/* "1=A 2=B": the debts by number, and the references they have. */
static void then_references(const char *wanted)
{
	static const struct db_statement select = {
		"test_references", "SELECT string_agg(ltrim(right(debt_id::text, 4), '0') || '=' || external_ref, ' ' "
				   "ORDER BY debt_id) FROM debts.debt"
	};
	struct db_result result = { 0 };
	char text[256];
	bool fits;

	store_must(&spec, db_run(spec.admin, &select, NULL, &result, &spec.err));
	fits = str_to_chars(text, sizeof(text), db_str(&result, 0, 0));
	db_result_release(&result);
	assert_true(fits);
	assert_string_equal(text, wanted);
}

static void then_all_answer(size_t count)
{
	for (size_t index = 0; index < count; index++) {
		if (spec.decisions[index].kind != DECISION_EVENTS)
			fail_msg("command %zu: %s", index, spec.decisions[index].text);
	}
}

static int64_t owed(void)
{
	return store_number(&spec, "test_owed", "SELECT balance_minor FROM debts.public_debt WHERE external_ref = 'A'");
}

static int64_t credit(void)
{
	return store_number(&spec, "test_credit", "SELECT credit_minor FROM debts.public_debt WHERE external_ref = 'A'");
}

/* Rows from before references had one form: listed, and left as they are. */
static void test_debts_store__references_of_before_that_look_the_same_are_listed(void **state)
{
	(void)state;
	add_debt(1, STR("INV-1"), 1);
	add_debt(2, STR("INV-2"), 1);
	add_debt(3, STR("INV 3"), 1);
	add_payment(1, 1, STR("B-1"), 10);
	add_payment(2, 1, STR("B-2"), 10);
	add_payment(3, 1, STR("B-3"), 10);
	store_run(&spec);
	store_sql(&spec, "test_same_before",
		  "UPDATE debts.debt SET external_ref = E'\\u00a0INV-\\u200b1\\ufeff' WHERE external_ref = 'INV-2'");
	store_sql(
		&spec, "test_same_payments",
		"UPDATE debts.posting SET external_ref = E'B-1\\u00a0\\n' WHERE external_ref <> 'B-1' AND external_ref = 'B-2'");
	store_sql(&spec, "test_same_payments_too",
		  "UPDATE debts.posting SET external_ref = E'\\u202aB-1\\u202c' WHERE external_ref = 'B-3'");
	assert_int_equal(
		store_number(&spec, "test_same_debts_of",
			     "SELECT things FROM debts.reference_collision WHERE thing = 'debt' AND reference = 'INV-1'"),
		2);
	assert_int_equal(
		store_number(&spec, "test_same_payments_of",
			     "SELECT things FROM debts.reference_collision WHERE thing = 'payment' AND reference = 'B-1'"),
		3);
	assert_int_equal(store_number(&spec, "test_same_all_of", "SELECT count(*) FROM debts.reference_collision"), 2);
}

static void test_debts_store__a_debt_and_its_payments_come_back_as_they_were_saved(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	then_answers(&spec, 0, "DebtCreated");
	add_payment(1, 1, STR("1"), 60);
	store_run(&spec);
	then_answers(&spec, 0, "PaymentRecorded");
	assert_int_equal(owed(), 1040);
	add_payment(2, 1, STR("2"), 2000);
	store_run(&spec);
	assert_int_equal(spec.decisions[0].events_count, 3);
	assert_int_equal(owed(), 0);
	assert_int_equal(credit(), 960);
	assert_int_equal(store_number(&spec, "test_paid",
				      "SELECT count(*) FROM debts.public_debt WHERE lifecycle = 'PAID' AND version = 5"),
			 1);
	then_books_agree();
}

static void test_debts_store__one_batch_may_create_pay_and_reverse(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_payment(1, 1, STR("1"), 1100);
	add_payment(2, 1, STR("2"), 600);
	add_reversal(1);
	add_reversal(2);
	store_run(&spec);
	for (size_t index = 0; index < 5; index++)
		assert_int_equal(spec.decisions[index].kind, DECISION_EVENTS);
	assert_int_equal(owed(), 1100);
	assert_int_equal(store_number(&spec, "test_reversed", "SELECT count(*) FROM debts.payment WHERE state = 'reversed'"), 2);
	then_books_agree();
}

static void test_debts_store__the_same_over_many_batches(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	add_payment(1, 1, STR("1"), 1100);
	store_run(&spec);
	add_payment(2, 1, STR("2"), 600);
	store_run(&spec);
	add_reversal(1);
	store_run(&spec);
	assert_int_equal(spec.decisions[0].events_count, 4);
	assert_int_equal(owed(), 500);
	assert_int_equal(credit(), 0);
	then_books_agree();
	add_reversal(2);
	store_run(&spec);
	assert_int_equal(owed(), 1100);
	assert_int_equal(
		store_number(&spec, "test_mirrors",
			     "SELECT count(*) FROM debts.ledger_entry r JOIN debts.ledger_entry e ON e.part = r.part AND e.seq = "
			     "r.reverses_seq WHERE r.kind = 'PAYMENT_REVERSAL' AND e.payment_id = r.payment_id AND "
			     "e.contra_minor = -r.contra_minor AND coalesce(e.credit_minor, 0) = -coalesce(r.credit_minor, 0)"),
		2);
	then_books_agree();
	add_reversal(2);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
}

/* As a client with another partitioner made it, when nobody looked at that: its entries are in another partition's numbers. */
static void the_debt_came_to_another_partition(void)
{
	store_sql(&spec, "test_moved_entries",
		  "UPDATE debts.posting SET part = 9, seq = seq + 1000, previous_seq = previous_seq + 1000");
	store_sql(&spec, "test_moved_debt", "UPDATE debts.debt SET part = 9, last_entry_seq = last_entry_seq + 1000");
}

static void test_debts_store__a_debt_that_came_to_the_wrong_partition_goes_on_in_the_right_one(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_payment(1, 1, STR("1"), 60);
	store_run(&spec);
	the_debt_came_to_another_partition();
	add_payment(2, 1, STR("2"), 1100);
	add_payment(3, 1, STR("3"), 5);
	store_run(&spec);
	then_all_answer(2);
	then_books_agree();
	add_reversal(1);
	add_amendment(1, STR("A"), STORE_TODAY + 5);
	store_run(&spec);
	then_all_answer(2);
	assert_int_equal(owed(), 0);
	assert_int_equal(credit(), 5);
	then_books_agree();
	assert_int_equal(
		store_number(&spec, "test_parts",
			     "SELECT count(*) FROM debts.debt d JOIN debts.ledger_entry e ON e.part = d.part AND e.seq = "
			     "d.last_entry_seq WHERE d.part <> 9 AND e.entry_no = d.entries"),
		1);
	assert_int_equal(store_number(&spec, "test_bridges", "SELECT count(previous_part) FROM debts.ledger_entry"), 1);
}

static void test_debts_store__ids_and_references_that_are_taken_are_seen(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_payment(1, 1, STR("1"), 10);
	store_run(&spec);
	add_debt(1, STR("B"), 1);
	add_debt(2, STR("A"), 1);
	add_payment(1, 1, STR("2"), 10);
	add_payment(2, 1, STR("1"), 10);
	add_payment(3, 9, STR("3"), 10);
	store_run(&spec);
	for (size_t index = 0; index < 4; index++)
		then_refuses(&spec, index, REFUSAL_EXISTS);
	then_refuses(&spec, 4, REFUSAL_NOT_FOUND);
}

static void test_debts_store__an_amended_debt_comes_back_as_it_was_saved(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_payment(1, 1, STR("1"), 60);
	store_run(&spec);
	add_amendment(1, STR("B"), STORE_TODAY + 5);
	store_run(&spec);
	then_answers(&spec, 0, "DebtAmended");
	then_references("1=B");
	assert_int_equal(store_number(&spec, "test_due",
				      "SELECT count(*) FROM debts.debt WHERE due_on = '2026-01-06' AND version = 4"),
			 1);
	add_amendment(1, STR("C"), 0);
	add_payment(2, 1, STR("2"), 40);
	store_run(&spec);
	then_all_answer(2);
	assert_int_equal(((const struct payment_recorded *)spec.decisions[1].events[0].body)->due_on, STORE_TODAY + 5);
	then_references("1=C");
	then_books_agree();
}

/* The statement that writes what a reference is in the end meets the unique index in an order that nobody knows. */
static void test_debts_store__references_are_swapped_and_passed_on_in_one_batch(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_debt(2, STR("B"), 1);
	add_debt(3, STR("C"), 1);
	store_run(&spec);
	add_amendment(1, STR("X"), 0);
	add_amendment(2, STR("A"), STORE_TODAY);
	add_amendment(3, STR("B"), 0);
	add_amendment(1, STR("C"), 0);
	add_debt(4, STR("X"), 1);
	add_payment(1, 2, STR("1"), 5);
	add_amendment(3, STR("Y"), 0);
	add_amendment(2, STR("B"), 0);
	add_debt(5, STR("A"), 1);
	store_run(&spec);
	then_all_answer(9);
	then_references("1=C 2=B 3=Y 4=X 5=A");
	add_debt(6, STR("Y"), 1);
	add_debt(7, STR("D"), 1);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	then_answers(&spec, 1, "DebtCreated");
	then_books_agree();
}

static void test_debts_store__a_reference_is_taken_until_it_is_given_up(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	add_debt(2, STR("A"), 1);
	add_amendment(1, STR("B"), 0);
	add_debt(3, STR("A"), 1);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	then_answers(&spec, 1, "DebtAmended");
	then_answers(&spec, 2, "DebtCreated");
	then_references("1=B 3=A");
}

/* A debt of the same batch: its due date is amended at once. Its reference waits, unless others have asked for both. */
static void test_debts_store__one_batch_may_create_and_amend(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_amendment(1, STR(""), STORE_TODAY + 5);
	add_amendment(1, STR("B"), 0);
	store_run(&spec);
	then_answers(&spec, 1, "DebtAmended");
	assert_int_equal(spec.decisions[2].kind, DECISION_WAIT);
	then_references("1=A");
	assert_int_equal(store_number(&spec, "test_due_new", "SELECT count(*) FROM debts.debt WHERE due_on = '2026-01-06'"), 1);
	add_debt(2, STR("B"), 1);
	add_debt(3, STR("C"), 1);
	add_amendment(1, STR("D"), 0);
	add_amendment(2, STR("A"), 0);
	add_amendment(3, STR("B"), 0);
	store_run(&spec);
	then_all_answer(5);
	then_references("1=D 2=A 3=B");
	then_books_agree();
}

static void another_takes_the_debts_reference(struct store_spec *its)
{
	store_sql(
		its, "test_debt_meanwhile",
		"INSERT INTO debts.debt SELECT gen_random_uuid(), customer_id, creditor_id, version, last_entry_seq, cost_minor, "
		"fee_minor, interest_minor, principal_minor, credit_minor, entries, lifecycle, part, opened_on, due_on, "
		"currency, "
		"'B' FROM debts.debt");
}

static void test_debts_store__a_debts_reference_taken_meanwhile_is_seen_when_the_batch_is_repeated(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	add_amendment(1, STR("B"), 0);
	spec.after_load = another_takes_the_debts_reference;
	assert_int_equal(store_try(&spec), -1);
	assert_string_equal(db_sqlstate(spec.db), DB_UNIQUE_VIOLATION);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
}

static void test_debts_store__an_amendment_of_a_row_that_another_wrote_stops_the_batch(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	add_amendment(1, STR("B"), 0);
	spec.after_load = another_writes_the_debt;
	assert_int_equal(store_try(&spec), -1);
	assert_int_equal(spec.err.kind, ERR_FATAL);
	then_references("1=A");
}

static void test_debts_store__a_cancellation_is_the_mirror_of_the_opening(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_payment(1, 1, STR("1"), 700);
	store_run(&spec);
	add_cancellation(1);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
	add_reversal(1);
	add_cancellation(1);
	add_payment(2, 1, STR("2"), 10);
	add_reversal(1);
	store_run(&spec);
	then_answers(&spec, 1, "DebtCancelled");
	then_refuses(&spec, 2, REFUSAL_BAD_TRANSITION);
	then_refuses(&spec, 3, REFUSAL_BAD_TRANSITION);
	assert_int_equal(owed(), 0);
	assert_int_equal(store_number(&spec, "test_cancelled",
				      "SELECT count(*) FROM debts.public_debt WHERE lifecycle = 'CANCELLED' AND version = 4"),
			 1);
	assert_int_equal(
		store_number(&spec, "test_mirror",
			     "SELECT count(*) FROM debts.ledger_entry c JOIN debts.ledger_entry o ON o.debt_id = c.debt_id "
			     "AND o.kind = 'OPENING' WHERE c.kind = 'CANCELLATION' AND c.entry_no = 4 AND (c.contra, "
			     "c.contra_minor, c.cost_minor, c.fee_minor, c.interest_minor, c.principal_minor) = (o.contra, "
			     "-o.contra_minor, -o.cost_minor, -o.fee_minor, -o.interest_minor, -o.principal_minor)"),
		1);
	then_books_agree();
	add_cancellation(1);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
}

static void test_debts_store__one_batch_may_create_and_cancel(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_payment(1, 1, STR("1"), 2000);
	add_reversal(1);
	add_cancellation(1);
	store_run(&spec);
	then_all_answer(4);
	assert_int_equal(owed(), 0);
	then_books_agree();
}

static void test_debts_store__customers_are_read_through_their_view(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 2);
	add_debt(2, STR("B"), 3);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
	assert_int_equal(spec.decisions[1].kind, DECISION_WAIT);
}

static void add_debt_by(unsigned number, struct str reference, unsigned customer, const struct scope *scope)
{
	add_debt(number, reference, customer);
	spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
	spec.commands[spec.count - 1].scope = scope;
}

/* Customers 4 and 5 are known to no creditor of his: to another, and to nobody. */
static void test_debts_store__who_is_bound_reaches_the_customers_that_his_creditors_know(void **state)
{
	static struct scope scope;

	(void)state;
	scope = (struct scope){ .creditors = { spec_id('R', 1), spec_id('R', 2) }, .creditors_count = 2 };
	store_sql(&spec, "more_customers",
		  "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
		  "full_name_sealed) SELECT ('019a0000-0000-7000-8000-00430000000' || n)::uuid, 'C' || n, 'natural', 'active', "
		  "'de', 'DE', 1, '' FROM generate_series(3, 5) n");
	store_sql(&spec, "made_known",
		  "INSERT INTO customers.creditor_customer (creditor_id, customer_id, created_at) VALUES "
		  "('019a0000-0000-7000-8000-005200000002', '019a0000-0000-7000-8000-004300000003', now()), "
		  "('019a0000-0000-7000-8000-005200000009', '019a0000-0000-7000-8000-004300000004', now())");
	add_debt(1, STR("OF-STAFF"), 1);
	store_run(&spec);
	add_debt_by(2, STR("BY-A-DEBT"), 1, &scope);
	add_debt_by(3, STR("MADE-KNOWN"), 3, &scope);
	add_debt_by(4, STR("ANOTHERS"), 4, &scope);
	add_debt_by(5, STR("NOBODYS"), 5, &scope);
	add_debt_by(6, STR("NONE"), 6, &scope);
	store_run(&spec);
	then_answers(&spec, 0, "DebtCreated");
	then_answers(&spec, 1, "DebtCreated");
	for (size_t index = 2; index < 5; index++)
		assert_int_equal(spec.decisions[index].kind, DECISION_WAIT);
	assert_int_equal(store_number(&spec, "test_reached", "SELECT count(*) FROM debts.debt"), 3);
}

/* A debt of the customer in the portfolio, or whoever made him known in it; what the creditor knows elsewhere is no matter. */
static void test_debts_store__who_is_bound_to_a_portfolio_reaches_whom_it_knows(void **state)
{
	static struct scope scope, elsewhere;

	(void)state;
	scope = (struct scope){ .creditors = { spec_id('R', 1) },
				.creditors_count = 1,
				.portfolios = { spec_id('F', 2), spec_id('F', 1) },
				.portfolios_count = 2 };
	elsewhere = scope;
	elsewhere.portfolios[1] = spec_id('F', 3);
	store_sql(&spec, "more_people",
		  "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
		  "full_name_sealed) SELECT ('019a0000-0000-7000-8000-00430000000' || n)::uuid, 'C' || n, 'natural', 'active', "
		  "'de', 'DE', 1, '' FROM generate_series(3, 5) n");
	store_sql(&spec, "made_known_whole", /* by nobody of a portfolio; by one of F 1 */
		  "INSERT INTO customers.creditor_customer (creditor_id, customer_id, created_at) VALUES "
		  "('019a0000-0000-7000-8000-005200000001', '019a0000-0000-7000-8000-004300000003', now()), "
		  "('019a0000-0000-7000-8000-005200000001', '019a0000-0000-7000-8000-004300000004', now())");
	store_sql(&spec, "made_known_in",
		  "INSERT INTO customers.portfolio_customer (portfolio_id, customer_id) VALUES "
		  "('019a0000-0000-7000-8000-004600000001', '019a0000-0000-7000-8000-004300000004')");
	add_debt(1, STR("OF-STAFF"), 1); /* in F 1 */
	store_run(&spec);
	add_debt_by(2, STR("BY-A-DEBT"), 1, &scope);
	add_debt_by(3, STR("WHOLE"), 3, &scope);
	add_debt_by(4, STR("MADE-KNOWN"), 4, &scope);
	add_debt_by(5, STR("ELSEWHERE-DEBT"), 1, &elsewhere);
	add_debt_by(6, STR("ELSEWHERE-KNOWN"), 4, &elsewhere);
	add_debt_by(1, STR("ANOTHER"), 1, &elsewhere);
	add_debt_by(7, STR("OF-STAFF"), 1, &elsewhere);
	store_run(&spec);
	then_answers(&spec, 0, "DebtCreated");
	assert_int_equal(spec.decisions[1].kind, DECISION_WAIT);
	then_answers(&spec, 2, "DebtCreated");
	assert_int_equal(spec.decisions[3].kind, DECISION_WAIT);
	assert_int_equal(spec.decisions[4].kind, DECISION_WAIT);
	for (size_t index = 5; index < 7; index++) { /* an id and a reference that F 1 has */
		then_refuses(&spec, index, REFUSAL_NOT_AUTHORISED);
		assert_string_equal(spec.decisions[index].text, COMMAND_UNBOUND_TEXT);
	}
}

/* The payment's source is the one it was recorded with, in this batch or long ago. */
static void test_debts_store__a_creditor_reverses_what_came_in_at_his_sources(void **state)
{
	static struct scope scope;

	(void)state;
	scope = (struct scope){
		.creditors = { spec_id('R', 1) }, .creditors_count = 1, .sources = { "another" }, .sources_count = 1
	};
	add_debt(1, STR("A"), 1);
	add_payment(1, 1, STR("1"), 60);
	add_reversal(1);
	spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
	spec.commands[spec.count - 1].scope = &scope;
	store_run(&spec);
	then_refuses(&spec, 2, REFUSAL_NOT_AUTHORISED);
	add_reversal(1);
	spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
	spec.commands[spec.count - 1].scope = &scope;
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_NOT_AUTHORISED);
	assert_true(scope_add_source(&scope, STR("bank")));
	add_reversal(1);
	spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
	spec.commands[spec.count - 1].scope = &scope;
	store_run(&spec);
	then_answers(&spec, 0, "PaymentReversed");
}

static void test_debts_store__a_row_that_another_wrote_stops_the_batch(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	add_payment(1, 1, STR("1"), 10);
	spec.after_load = another_writes_the_debt;
	assert_int_equal(store_try(&spec), -1);
	assert_int_equal(spec.err.kind, ERR_FATAL);
	assert_int_equal(store_number(&spec, "test_payments", "SELECT count(*) FROM debts.payment"), 0);
}

static void test_debts_store__the_ledger_cannot_be_changed_by_its_own_module(void **state)
{
	static const struct db_statement change = { "test_change", "UPDATE debts.posting SET cost_minor = cost_minor" };
	static const struct db_statement delete = { "test_delete", "DELETE FROM debts.posting" };

	(void)state;
	assert_int_equal(db_run(spec.db, &change, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(spec.db), "42501");
	assert_int_equal(db_run(spec.db, &delete, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(spec.db), "42501");
}

/* Fatal: it stops, and halves no batch to find a bad command. */
static void test_debts_store__a_program_of_before_stops_at_its_first_entry(void **state)
{
	static const struct db_statement insert = { "test_entry_before",
						    "INSERT INTO debts.ledger_entry (part, entry_no, seq, debt_id, command_id, "
						    "occurred_on, business_date, kind) VALUES "
						    "(0, 1, 1, gen_random_uuid(), gen_random_uuid(), now(), now(), 'OPENING')" };
	static const struct db_statement copy = { "test_copy_before", "COPY debts.ledger_entry (part, kind) FROM STDIN" };

	(void)state;
	assert_int_equal(db_run(spec.db, &insert, NULL, NULL, &spec.err), -1);
	assert_int_equal(spec.err.kind, ERR_FATAL);
	spec.err = (struct err)ERR_INIT;
	assert_int_equal(db_run(spec.db, &copy, NULL, NULL, &spec.err), -1);
	assert_int_equal(spec.err.kind, ERR_FATAL);
	spec.err = (struct err)ERR_INIT;
}

static void test_debts_store__an_entry_that_does_not_sum_to_zero_is_not_taken(void **state)
{
	static const struct db_statement insert = {
		"test_insert",
		"INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
		"contra_minor, cost_minor) VALUES (0, 1, 1, gen_random_uuid(), gen_random_uuid(), now(), now(), 1, 1, 100, -99)"
	};

	(void)state;
	assert_int_equal(db_run(spec.admin, &insert, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(spec.admin), "23514");
}

/* clang-format off */
/* Of each account that is owed, nothing but it: what SQL adds up must have it. */
#define OWE_EACH_ACCOUNT_ALONE                                                                                                   \
	"DO $$ DECLARE account text; BEGIN"                                                                                      \
	" FOREACH account IN ARRAY string_to_array(rtrim('" OWED_COLUMNS("", " ") "'), ' ') LOOP"                                \
	" UPDATE debts.debt SET " OWED_COLUMNS("", " = 0, ") "credit_minor = 0;"                                                 \
	" EXECUTE format('UPDATE debts.debt SET %I = 7', account);"                                                              \
	" UPDATE debts.posting SET " ACCOUNT_COLUMNS("", " = NULL, ") "contra_minor = NULL;"                                \
	" EXECUTE format('UPDATE debts.posting SET %I = 7, contra_minor = -7', account);"                                   \
	" ASSERT (SELECT balance_minor FROM debts.public_debt) = 7, 'debts.public_debt without ' || account;"                    \
	" ASSERT EXISTS (SELECT FROM debts.public_open_debt), 'debts.public_open_debt without ' || account;"                     \
	" ASSERT (SELECT total_minor FROM debts.api_debt) = 7, 'debts.api_debt without ' || account;"                            \
	" ASSERT (SELECT l.balance_minor FROM debts.debt d, debts.api_ledger(d.debt_id) l) = 7,"                                 \
	" 'debts.api_ledger without ' || account;"                                                                               \
	" ASSERT (SELECT b.total_minor FROM debts.debt d, debts.api_balances(d.debt_id, NULL) b) = 7,"                           \
	" 'debts.api_balances without ' || account;"                                                                             \
	" END LOOP; END $$"
/* clang-format on */

/* The amount of an account that a sum forgets would be forgiven, and its debtor erased. */
static void test_debts_store__sql_adds_up_every_account_that_is_owed(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	store_sql(&spec, "test_sums", OWE_EACH_ACCOUNT_ALONE);
}

static void add_fee(int64_t amount_minor)
{
	struct assess_fee body = { .debt_id = spec_id('D', 1),
				   .customer_id = spec_id('C', 1),
				   .amount_minor = amount_minor,
				   .currency = STR("EUR"),
				   .basis = STR("contract"),
				   .reason = STR("returned debit") };

	store_add(&spec, &assess_fee_type, &body);
}

static void add_waiver(struct str component, int64_t amount_minor)
{
	struct waive_amount body = { .debt_id = spec_id('D', 1),
				     .customer_id = spec_id('C', 1),
				     .component = component,
				     .amount_minor = amount_minor,
				     .currency = STR("EUR"),
				     .reason = STR("goodwill") };

	store_add(&spec, &waive_amount_type, &body);
}

static void add_adjustment(struct str direction, int64_t amount_minor)
{
	struct adjust_balance body = { .debt_id = spec_id('D', 1),
				       .customer_id = spec_id('C', 1),
				       .component = STR("principal"),
				       .direction = direction,
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .reason = STR("credit note") };

	store_add(&spec, &adjust_balance_type, &body);
}

/*
 * In one batch and over many. What was charged is summed from the ledger, over all kinds of entries: by it the cancellation knows, first,
 * that a payment stands, and then, that none does.
 */
static void test_debts_store__what_was_charged_is_the_sum_of_the_ledger(void **state)
{
	for (int batches = 0; batches < 2; batches++) {
		if (batches > 0) {
			teardown(state);
			setup(state);
		}
#define NEXT                                                                                                                     \
	if (batches > 0)                                                                                                         \
	store_run(&spec)
		add_debt(1, STR("A"), 1);
		NEXT;
		add_fee(500);
		NEXT;
		add_payment(1, 1, STR("1"), 300);
		NEXT;
		add_waiver(STR("fee"), 100);
		NEXT;
		add_adjustment(STR("up"), 40);
		NEXT;
		add_adjustment(STR("down"), 60);
		store_run(&spec);
		then_books_agree();
		add_cancellation(1);
		store_run(&spec);
		then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
		add_reversal(1);
		add_cancellation(1);
		store_run(&spec);
		then_answers(&spec, 1, "DebtCancelled");
		assert_int_equal(owed(), 0);
		then_books_agree();
		assert_int_equal(
			store_number(
				&spec, "test_kinds",
				"SELECT count(*) FROM (SELECT string_agg(kind || ' ' || contra, ',' ORDER BY entry_no) AS kinds "
				"FROM debts.ledger_entry) e WHERE kinds = 'OPENING CREDITOR_CLAIM,ASSESS_FEE FEE_INCOME,PAYMENT "
				"CASH_CLEARING,WAIVE WAIVER,ADJUST_UP CREDITOR_CLAIM,ADJUST_DOWN CREDITOR_CLAIM,PAYMENT_REVERSAL "
				"CASH_CLEARING,CANCELLATION CREDITOR_CLAIM'"),
			1);
#undef NEXT
	}
}

/* A timer reads nothing but the debt, and its event posts nothing. Readers find the debt's last change all the same (updatedAt). */
static void test_debts_store__an_event_without_an_entry_is_noted_in_the_row(void **state)
{
	const struct timer timer = { .kind = &activation_timer, .subject = spec_id('D', 1), .is_on_day = true };

	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	store_sql(&spec, "test_new", "UPDATE debts.debt SET lifecycle = 1"); /* as before sql/0253 */
	store_fire(&spec, &timer, spec_id('C', 1), STORE_TODAY * DAY_MS);
	store_run(&spec);
	then_answers(&spec, 0, "DebtActivated");
	assert_int_equal(
		store_number(&spec, "test_noted",
			     "SELECT count(*) FROM debts.debt WHERE external_ref = 'A' AND version = 2 AND lifecycle = 2 "
			     "AND amended_seq IS NOT NULL AND amended_at IS NOT NULL"),
		1);
	then_books_agree();
}

/* Another partition's worker took the reference after this batch had looked: the batch fails, and finds it when it is repeated.
 */
static void another_takes_the_reference(struct store_spec *its)
{
	store_sql(
		its, "test_meanwhile",
		"INSERT INTO debts.posting (part, entry_no, seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
		"contra_minor, principal_minor, payment_id, method, source, external_ref) SELECT part, 2, 1000, debt_id, "
		"debt_id, "
		"now(), now(), 2, 2, 1, -1, gen_random_uuid(), 'cash', 'bank', '1' FROM debts.debt");
}

static void then_promises(const char *wanted)
{
	struct db_result result = { 0 };

	store_must(&spec, db_run(spec.admin,
				 store_statement("test_promises",
						 "SELECT string_agg(format('%s %s %s', state, paid_minor, version), ',' "
						 "ORDER BY promise_id) FROM debts.promise"),
				 NULL, &result, &spec.err));
	if (!str_is(db_str(&result, 0, 0), wanted))
		fail_msg("%.*s instead of %s", (int)db_str(&result, 0, 0).size, db_str(&result, 0, 0).data, wanted);
	db_result_release(&result);
	assert_int_equal(
		store_number(&spec, "test_latest",
			     "SELECT count(*) FROM debts.promise p JOIN debts.debt d USING (debt_id) WHERE p.state = 'open' "
			     "AND p.promise_id IS DISTINCT FROM d.promise_id"),
		0);
}

/* In one batch and over many: made, paid in part, superseded, kept, and open again. */
static void test_debts_store__promises_come_back_as_they_were_saved(void **state)
{
	for (int batches = 0; batches < 2; batches++) {
		if (batches > 0) {
			teardown(state);
			setup(state);
		}
#define NEXT                                                                                                                     \
	if (batches > 0)                                                                                                         \
	store_run(&spec)
		add_debt(1, STR("A"), 1);
		NEXT;
		add_promise(1, 1, 500);
		NEXT;
		add_payment_on(1, 1, STR("1"), 100, STORE_TODAY);
		NEXT;
		add_promise(2, 1, 300);
		NEXT;
		add_payment_on(2, 1, STR("2"), 400, STORE_TODAY);
		NEXT;
		add_reversal(1);
		store_run(&spec);
		then_promises("superseded 100 3,kept 400 3");
		add_reversal(2);
		store_run(&spec);
		assert_int_equal(spec.decisions[0].events_count, 2);
		then_promises("superseded 100 3,open 0 5");
		then_books_agree();
#undef NEXT
	}
}

static void add_hold(unsigned number, int32_t first, int32_t until)
{
	struct place_hold body = { .hold_id = spec_id('H', number),
				   .customer_id = spec_id('C', 1),
				   .debt_id = spec_id('D', 1),
				   .kind = STR("payment_pending"),
				   .has_from_on = true,
				   .from_on = STORE_TODAY + first,
				   .has_until_on = true,
				   .until_on = STORE_TODAY + until,
				   .evidence_ref = STR("E") };

	store_add(&spec, &place_hold_type, &body);
}

static void add_release(unsigned number)
{
	struct release_hold body = { .hold_id = spec_id('H', number), .customer_id = spec_id('C', 1), .reason = STR("r") };

	store_add(&spec, &release_hold_type, &body);
}

static void then_holds(const char *name, const char *wanted, int64_t stopped)
{
	struct db_result result = { 0 };

	store_must(&spec, db_run(spec.admin,
				 store_statement("test_holds",
						 "SELECT string_agg(format('%s %s %s', state, version, until_on - from_on), ',' "
						 "ORDER BY hold_id) FROM debts.hold"),
				 NULL, &result, &spec.err));
	if (!str_is(db_str(&result, 0, 0), wanted))
		fail_msg("%s: %.*s instead of %s", name, (int)db_str(&result, 0, 0).size, db_str(&result, 0, 0).data, wanted);
	db_result_release(&result);
	assert_int_equal(store_number(&spec, "test_stopped", "SELECT coalesce(stopped, 0)::bigint FROM debts.debt"), stopped);
}

/* In one batch and over many: placed, placed apart, bridged, released. */
static void test_debts_store__holds_come_back_as_they_were_saved(void **state)
{
	for (int batches = 0; batches < 2; batches++) {
		if (batches > 0) {
			teardown(state);
			setup(state);
		}
#define NEXT                                                                                                                     \
	if (batches > 0)                                                                                                         \
	store_run(&spec)
		add_debt(1, STR("A"), 1);
		NEXT;
		add_hold(1, 0, 5);
		NEXT;
		add_hold(2, 8, 12);
		NEXT;
		add_payment(1, 1, STR("1"), 100);
		NEXT;
		add_hold(3, 5, 8);
		store_run(&spec);
		then_holds("bridged", "active 2 12,merged 2 4,merged 1 3", 43);
		add_release(1);
		store_run(&spec);
		then_holds("released", "released 3 12,merged 2 4,merged 1 3", 0);
		add_hold(4, 0, 5);
		store_run(&spec);
		then_holds("again", "released 3 12,merged 2 4,merged 1 3,active 1 5", 43);
		then_books_agree();
#undef NEXT
	}
}

static void add_dispute(unsigned number, struct str grounds, const struct str *evidence_refs, size_t count)
{
	struct raise_dispute body = { .dispute_id = spec_id('S', number),
				      .customer_id = spec_id('C', 1),
				      .debt_id = spec_id('D', 1),
				      .grounds = grounds,
				      .evidence_refs = evidence_refs,
				      .evidence_refs_count = count };

	store_add(&spec, &raise_dispute_type, &body);
}

static void add_dispute_evidence(unsigned number)
{
	struct add_dispute_evidence body = { .dispute_id = spec_id('S', number),
					     .customer_id = spec_id('C', 1),
					     .evidence_ref = STR("E-9") };

	store_add(&spec, &add_dispute_evidence_type, &body);
}

static void add_resolution(unsigned number, struct str outcome)
{
	struct resolve_dispute body = { .dispute_id = spec_id('S', number),
					.customer_id = spec_id('C', 1),
					.outcome = outcome,
					.verification_ref = STR("V"),
					.sent_on = STORE_TODAY };

	store_add(&spec, &resolve_dispute_type, &body);
}

static void then_disputes(const char *wanted)
{
	struct db_result result = { 0 };
	struct str text;

	store_must(&spec,
		   db_run(spec.admin,
			  store_statement("test_disputes", "SELECT string_agg(format('%s %s %s %s', state, version, "
							   "array_to_string(evidence_refs, '+'), array_length(actions, 1)), ',' "
							   "ORDER BY dispute_id) FROM debts.api_dispute"),
			  NULL, &result, &spec.err));
	text = db_str(&result, 0, 0);
	if (!str_is(text, wanted))
		fail_msg("%.*s instead of %s", (int)text.size, text.data, wanted);
	db_result_release(&result);
}

static int64_t stopped_of_debt(void)
{
	return store_number(&spec, "test_disputed", "SELECT coalesce(stopped, 0)::bigint FROM debts.debt");
}

/* In one batch and over many: raised, again, with evidence, resolved, repeated. */
static void test_debts_store__disputes_come_back_as_they_were_saved(void **state)
{
	static const struct str refs[] = { { .data = "E-1", .size = 3 }, { .data = "E-2", .size = 3 } };

	for (int batches = 0; batches < 2; batches++) {
		if (batches > 0) {
			teardown(state);
			setup(state);
		}
#define NEXT                                                                                                                     \
	if (batches > 0)                                                                                                         \
	store_run(&spec)
		add_debt(1, STR("A"), 1);
		NEXT;
		add_dispute(1, STR("paid"), refs, 2);
		NEXT;
		add_dispute(2, STR("other"), NULL, 0);
		NEXT;
		add_dispute(3, STR("identity_theft"), NULL, 0);
		NEXT;
		add_dispute_evidence(1);
		NEXT;
		add_resolution(1, STR("rejected"));
		store_run(&spec);
		then_disputes("rejected 3 E-1+E-2+E-9 ,open 1  2,open 1  2");
		assert_int_equal(stopped_of_debt(), 255);
		add_resolution(3, STR("rejected"));
		NEXT;
		add_dispute(4, STR("paid"), NULL, 0);
		store_run(&spec);
		assert_int_equal(stopped_of_debt(), 191);
		add_release(2); /* another id */
		add_resolution(2, STR("rejected"));
		store_run(&spec);
		then_disputes("rejected 3 E-1+E-2+E-9 ,rejected 2  ,rejected 2  ,duplicate 1  ");
		assert_int_equal(stopped_of_debt(), 0);
		then_books_agree();
#undef NEXT
	}
}

static void add_plan(unsigned number, int64_t total_minor)
{
	struct propose_plan body = { .plan_id = spec_id('L', number),
				     .customer_id = spec_id('C', 1),
				     .debt_id = spec_id('D', 1),
				     .total_minor = total_minor,
				     .currency = STR("EUR"),
				     .instalments = 3,
				     .frequency = STR("monthly"),
				     .first_due_on = STORE_TODAY + 7,
				     .has_down_payment_minor = true,
				     .down_payment_minor = 100,
				     .has_down_payment_on = true,
				     .down_payment_on = STORE_TODAY };

	store_add(&spec, &propose_plan_type, &body);
}

static void add_acceptance(unsigned number)
{
	struct accept_plan body = { .plan_id = spec_id('L', number), .customer_id = spec_id('C', 1) };

	store_add(&spec, &accept_plan_type, &body);
}

static void add_plan_cancellation(unsigned number)
{
	struct cancel_plan body = { .plan_id = spec_id('L', number), .customer_id = spec_id('C', 1), .reason = STR("withdrawn") };

	store_add(&spec, &cancel_plan_type, &body);
}

static void then_sql(const char *name, const char *sql, const char *wanted)
{
	struct db_result result = { 0 };

	store_must(&spec, db_run(spec.admin, store_statement(name, sql), NULL, &result, &spec.err));
	if (!str_is(db_str(&result, 0, 0), wanted))
		fail_msg("%.*s instead of %s", (int)db_str(&result, 0, 0).size, db_str(&result, 0, 0).data, wanted);
	db_result_release(&result);
}

static void add_charge_off(void)
{
	struct charge_off body = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("180 days") };

	store_add(&spec, &charge_off_type, &body);
}

static void add_undoing(void)
{
	struct undo_charge_off body = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("mistake") };

	store_add(&spec, &undo_charge_off_type, &body);
}

/* In one batch and over many: charged off and undone; charged off, paid, the payment reversed. A recovery is a payment to everybody else. */
static void test_debts_store__a_charge_off_comes_back_as_it_was_saved(void **state)
{
	for (int batches = 0; batches < 2; batches++) {
		if (batches > 0) {
			teardown(state);
			setup(state);
		}
#define NEXT                                                                                                                     \
	if (batches > 0)                                                                                                         \
	store_run(&spec)
		add_debt(1, STR("A"), 1);
		NEXT;
		add_payment(1, 1, STR("P-1"), 100);
		NEXT;
		add_charge_off();
		NEXT;
		add_undoing();
		store_run(&spec);
		then_sql("test_undone",
			 "SELECT concat_ws(' ', a.lifecycle, a.charged_off_on, d.charged_off_entries, d.charged_off_from) "
			 "FROM debts.debt d JOIN debts.api_debt a USING (debt_id)",
			 "ACTIVE");
		add_charge_off();
		NEXT;
		add_payment(2, 1, STR("P-2"), 900);
		NEXT;
		add_reversal(2);
		store_run(&spec);
		then_sql("test_recovered", "SELECT string_agg(kind, ' ' ORDER BY entry_no) FROM debts.ledger_entry",
			 "OPENING PAYMENT RECOVERY PAYMENT_REVERSAL");
		then_sql("test_its_payments", "SELECT string_agg(state, ' ' ORDER BY payment_id) FROM debts.payment",
			 "settled reversed");
		then_sql("test_charged_off",
			 "SELECT concat_ws(' ', a.lifecycle, a.charged_off_on - date '1970-01-01', d.charged_off_entries, "
			 "d.charged_off_from) FROM debts.debt d JOIN debts.api_debt a USING (debt_id)",
			 "CHARGED_OFF 20454 2 2");
		then_books_agree();
#undef NEXT
	}
}

static void add_recall(void)
{
	struct recall_debt body = { .debt_id = spec_id('D', 1), .customer_id = spec_id('C', 1), .reason = STR("ended") };

	store_add(&spec, &recall_debt_type, &body);
}

static void add_write_off(unsigned debt)
{
	struct write_off body = { .debt_id = spec_id('D', debt), .customer_id = spec_id('C', 1), .reason = STR("insolvent") };

	store_add(&spec, &write_off_type, &body);
}

static void add_transfer(unsigned debt)
{
	struct transfer_debt body = { .debt_id = spec_id('D', debt),
				      .customer_id = spec_id('C', 1),
				      .kind = STR("placed"),
				      .transferee = STR("Example Ltd"),
				      .reason = STR("r") };

	store_add(&spec, &transfer_debt_type, &body);
}

/* Its credit goes with the one that is paid and recalled; of the paid one without credit nothing moves. */
static void test_debts_store__debts_that_have_left_owe_nothing(void **state)
{
	(void)state;
	for (unsigned debt = 1; debt <= 3; debt++)
		add_debt(debt, debt == 1 ? STR("A") : debt == 2 ? STR("B") : STR("C"), 1);
	add_payment(1, 1, STR("P-1"), 1105);
	add_payment(2, 2, STR("P-2"), 100);
	store_run(&spec);
	add_recall();
	add_write_off(2);
	add_transfer(3);
	store_run(&spec);
	then_sql("test_left", "SELECT string_agg(lifecycle, ' ' ORDER BY debt_id) FROM debts.api_debt",
		 "TRANSFERRED WRITTEN_OFF TRANSFERRED");
	then_sql("test_left_entries",
		 "SELECT string_agg(concat_ws(' ', kind, contra, contra_minor, credit_minor), ',' ORDER BY debt_id) "
		 "FROM debts.ledger_entry WHERE kind IN ('WRITE_OFF', 'TRANSFER_OUT')",
		 "TRANSFER_OUT CREDITOR_CLAIM -5 5,WRITE_OFF WRITE_OFF 1000,TRANSFER_OUT CREDITOR_CLAIM 1100");
	then_books_agree();
}

static void test_debts_store__a_paid_debt_is_recalled_without_an_entry(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_payment(1, 1, STR("P-1"), 1100);
	store_run(&spec);
	add_recall();
	store_run(&spec);
	then_sql("test_paid_recalled", "SELECT concat_ws(' ', lifecycle, total_minor) FROM debts.api_debt", "TRANSFERRED 0");
	then_sql("test_paid_entries", "SELECT count(*)::text FROM debts.ledger_entry", "2");
	then_books_agree();
}

static void then_plans(const char *wanted, const char *lifecycle)
{
	then_sql("test_plans",
		 "SELECT string_agg(format('%s %s %s %s', state, paid_minor, version, after_entries), ',' ORDER BY plan_id) "
		 "FROM debts.plan",
		 wanted);
	then_sql("test_arranged",
		 "SELECT concat(a.lifecycle, ' ', right(d.plan_id::text, 1), d.promise_id) "
		 "FROM debts.debt d JOIN debts.api_debt a USING (debt_id)",
		 lifecycle);
}

/* In one batch and over many: a promise gives way to a plan, which is paid in part; it is cancelled, and another begins. */
static void test_debts_store__plans_come_back_as_they_were_saved(void **state)
{
	for (int batches = 0; batches < 2; batches++) {
		if (batches > 0) {
			teardown(state);
			setup(state);
		}
#define NEXT                                                                                                                     \
	if (batches > 0)                                                                                                         \
	store_run(&spec)
		add_debt(1, STR("A"), 1);
		NEXT;
		add_promise(1, 1, 500);
		NEXT;
		add_plan(1, 1100);
		NEXT;
		add_acceptance(1);
		NEXT;
		add_payment_on(1, 1, STR("1"), 150, STORE_TODAY);
		store_run(&spec);
		then_plans("active 150 4 1", "ARRANGED 1");
		then_promises("cancelled 0 2");
		add_plan_cancellation(1);
		NEXT;
		add_plan(2, 950);
		NEXT;
		add_acceptance(2);
		NEXT;
		add_reversal(1);
		store_run(&spec);
		then_plans("cancelled 150 5 1,active 0 2 2", "ARRANGED 2");
		then_books_agree();
#undef NEXT
	}
}

static void add_offer(unsigned number, int64_t amount_minor)
{
	struct offer_settlement body = { .settlement_id = spec_id('Z', number),
					 .customer_id = spec_id('C', 1),
					 .debt_id = spec_id('D', 1),
					 .has_amount_minor = true,
					 .amount_minor = amount_minor,
					 .has_currency = true,
					 .currency = STR("EUR"),
					 .expires_on = STORE_TODAY,
					 .pay_by = STORE_TODAY + 7 };

	store_add(&spec, &offer_settlement_type, &body);
}

static void add_settlement_acceptance(unsigned number)
{
	struct accept_settlement body = { .settlement_id = spec_id('Z', number), .customer_id = spec_id('C', 1) };

	store_add(&spec, &accept_settlement_type, &body);
}

static void add_settlement_withdrawal(unsigned number)
{
	struct withdraw_settlement body = { .settlement_id = spec_id('Z', number),
					    .customer_id = spec_id('C', 1),
					    .reason = STR("withdrawn") };

	store_add(&spec, &withdraw_settlement_type, &body);
}

static void then_settlements(const char *wanted, const char *lifecycle)
{
	then_sql("test_settlements",
		 "SELECT string_agg(format('%s %s %s %s %s', state, paid_minor, discount_minor, balance_minor, version), ',' "
		 "ORDER BY settlement_id) FROM debts.api_settlement",
		 wanted);
	then_sql("test_settled",
		 "SELECT concat(a.lifecycle, ' ', a.total_minor, ' ', right(d.settlement_id::text, 1), d.promise_id, d.plan_id) "
		 "FROM debts.debt d JOIN debts.api_debt a USING (debt_id)",
		 lifecycle);
}

/* In one batch and over many: one is withdrawn, the next is fulfilled, a reversal opens it again, and another payment fulfils it. */
static void test_debts_store__settlements_come_back_as_they_were_saved(void **state)
{
	for (int batches = 0; batches < 2; batches++) {
		if (batches > 0) {
			teardown(state);
			setup(state);
		}
#define NEXT                                                                                                                     \
	if (batches > 0)                                                                                                         \
	store_run(&spec)
		add_debt(1, STR("A"), 1);
		NEXT;
		add_promise(1, 1, 500);
		NEXT;
		add_offer(1, 900);
		NEXT;
		add_settlement_withdrawal(1);
		NEXT;
		add_offer(2, 800);
		NEXT;
		add_settlement_acceptance(2);
		NEXT;
		add_payment_on(1, 1, STR("1"), 300, STORE_TODAY);
		store_run(&spec);
		then_settlements("withdrawn 0 0 1100 2,accepted 300 0 1100 3", "ARRANGED 800 2");
		then_promises("cancelled 0 2");
		add_payment_on(2, 1, STR("2"), 500, STORE_TODAY);
		store_run(&spec);
		then_settlements("withdrawn 0 0 1100 2,fulfilled 800 300 1100 5", "SETTLED 0 2");
		add_reversal(2);
		store_run(&spec);
		then_settlements("withdrawn 0 0 1100 2,accepted 300 0 1100 7", "ARRANGED 800 2");
		then_sql("test_discount", "SELECT string_agg(kind, ' ' ORDER BY entry_no) FROM debts.ledger_entry",
			 "OPENING PAYMENT PAYMENT SETTLEMENT_DISCOUNT PAYMENT_REVERSAL DISCOUNT_REVERSAL");
		add_payment_on(3, 1, STR("3"), 600, STORE_TODAY);
		NEXT;
		add_payment_on(4, 1, STR("4"), 50, STORE_TODAY);
		store_run(&spec);
		then_settlements("withdrawn 0 0 1100 2,fulfilled 950 200 1100 10", "SETTLED 0 2");
		then_books_agree();
#undef NEXT
	}
}

/* In one batch and in many: what was refunded of a payment is told by its entries, and loaded with it. */
static void test_debts_store__refunds_are_entries_of_their_payment(void **state)
{
	for (int batches = 0; batches < 2; batches++) {
		if (batches > 0) {
			teardown(state);
			setup(state);
		}
#define NEXT                                                                                                                     \
	if (batches > 0)                                                                                                         \
	store_run(&spec)
		add_debt(1, STR("A"), 1);
		NEXT;
		add_promise(1, 1, 1100);
		NEXT;
		add_payment_on(1, 1, STR("1"), 1400, STORE_TODAY);
		NEXT;
		add_refund(1, 100);
		NEXT;
		add_refund(1, 150);
		NEXT;
		add_payment(2, 1, STR("2"), 7);
		store_run(&spec);
		assert_int_equal(credit(), 57);
		then_sql("test_refund_entries",
			 "SELECT string_agg(concat_ws(' ', kind, contra, contra_minor, credit_minor, right(payment_id::text, "
			 "1)), ', ' ORDER BY entry_no) FROM debts.ledger_entry WHERE kind = 'REFUND'",
			 "REFUND REFUND_PAYABLE -100 100 1, REFUND REFUND_PAYABLE -150 150 1");
		then_sql("test_refunded_payments",
			 "SELECT string_agg(concat_ws(' ', state, refunded_minor, left_minor, version, actions), ', ' ORDER BY "
			 "payment_id) FROM debts.api_payment",
			 "settled 250 50 3 {refundPayment}, settled 0 7 1 {reversePayment,refundPayment}");
		then_promises("kept 1150 5");
		then_books_agree();
		add_refund(1, 51);
		add_reversal(1);
		store_run(&spec);
		then_refuses(&spec, 0, REFUSAL_BAD_AMOUNT);
		then_refuses(&spec, 1, REFUSAL_HELD);
		add_refund(1, 50);
		store_run(&spec);
		then_sql("test_refunded_rest",
			 "SELECT concat_ws(' ', refunded_minor, left_minor, version) FROM "
			 "debts.api_payment LIMIT 1",
			 "300 0 4");
		then_books_agree();
#undef NEXT
	}
}

static void add_bankruptcy(unsigned number, int32_t first)
{
	struct place_hold body = { .hold_id = spec_id('H', number),
				   .customer_id = spec_id('C', 1),
				   .debt_id = spec_id('D', 1),
				   .kind = STR("bankruptcy"),
				   .evidence_ref = STR("file-1"),
				   .has_from_on = true,
				   .from_on = STORE_TODAY + first };

	store_add(&spec, &place_hold_type, &body);
}

/* In one batch and over many: a debt that is past due is paused, ages on, is due on another day, is paid, and owed again. */
static void test_debts_store__what_is_past_due_comes_back_as_it_was_saved(void **state)
{
	for (int batches = 0; batches < 2; batches++) {
		if (batches > 0) {
			teardown(state);
			setup(state);
		}
#define NEXT                                                                                                                     \
	if (batches > 0)                                                                                                         \
	store_run(&spec)
		add_debt(1, STR("A"), 1);
		NEXT;
		add_bankruptcy(1, -9);
		store_run(&spec);
		then_sql("test_paused", "SELECT concat(bucket, ' ', paused_days, ' ', paused_since) FROM debts.debt",
			 "  2025-12-23");
		add_release(1);
		NEXT;
		add_bankruptcy(2, -7); /* within the first, which is over */
		NEXT;
		add_release(2);
		NEXT;
		add_amendment(1, STR(""), STORE_TODAY - 12);
		NEXT;
		add_payment(1, 1, STR("1"), 1100);
		NEXT;
		add_reversal(1);
		store_run(&spec);
		then_sql("test_aged", "SELECT concat(bucket, ' ', paused_days, ' ', paused_since) FROM debts.debt", "1 9 ");
		then_sql("test_periods",
			 "SELECT string_agg(concat(from_on, ' ', ended_on), ',' ORDER BY hold_id) FROM debts.hold",
			 "2025-12-23 2026-01-01,2025-12-25 2026-01-01");
		then_sql("test_buckets",
			 "SELECT string_agg(concat(bucket, ' ', days_past_due, ' ', paused_days, ' ', left_on - entered_on), ',' "
			 "ORDER BY version) FROM debts.api_delinquency",
			 "1-30 10 0 0,0 0 10 0,1-30 1 9 0,0 0 10 0,1-30 1 9 0,0 0 9 0,1-30 3 9 ");
		then_books_agree();
#undef NEXT
	}
}

/* One list in C, one in SQL. The lowest bucket has all days before the due day, too. */
static void test_debts_store__buckets_of_the_rules_are_those_of_the_reports(void **state)
{
	char wanted[400] = "";

	(void)state;
	for (uint32_t bucket = 0; bucket < DELINQUENCY_BUCKETS; bucket++) {
		const struct delinquency_bucket *its = &delinquency_buckets[bucket];
		size_t size = strlen(wanted);

		(void)snprintf(wanted + size, sizeof(wanted) - size, "%s%u %s %d %d", bucket == 0 ? "" : ",", bucket, its->name,
			       bucket == 0 ? 0 : its->days_min, its->days_max);
	}
	then_sql("test_ageing_buckets",
		 "SELECT string_agg(concat(bucket_no - 1, ' ', bucket, ' ', days_min, ' ', days_max), ',' ORDER BY bucket_no) "
		 "FROM reporting.ageing_bucket",
		 wanted);
}

static struct plan a_plan(int64_t number)
{
	struct plan plan = { .total_minor = 100000 + number * 997,
			     .instalments = 2 + (int32_t)(number * 7 % 59),
			     .first_due_on = STORE_TODAY + (int32_t)number * 5,
			     .frequency = (uint32_t)(PLAN_FREQUENCY_NONE + 1 + number % 3),
			     .paid_minor = number * 1013 };

	if (number % 2 == 1) {
		plan.down_minor = 1 + number * 13;
		plan.down_due_on = STORE_TODAY;
	}
	return plan;
}

/* The instalments in SQL are those of the rules: months that are short, rests, down payments. */
static void test_debts_store__sql_has_the_instalments_of_the_rules(void **state)
{
	struct db_result result = { 0 };

	(void)state;
	store_sql(&spec, "test_fill_plans",
		  "INSERT INTO debts.plan (plan_id, debt_id, customer_id, total_minor, down_payment_minor, paid_minor, missed, "
		  "version, "
		  "created_at, changed_at, down_payment_on, first_due_on, proposed_on, instalments, after_entries, returned, "
		  "holidays, "
		  "frequency, state, proposed_by) SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 100000 + n * "
		  "997, "
		  "CASE WHEN n % 2 = 1 THEN 1 + n * 13 END, n * 1013, 2, 1, to_timestamp(n), now(), "
		  "CASE WHEN n % 2 = 1 THEN date '2026-01-01' END, "
		  "date '2026-01-01' + n * 5, '2026-01-01', 2 + n * 7 % 59, 0, 0, 0, "
		  "(ARRAY['weekly', 'fortnightly', 'monthly'])[1 + n % 3], 'proposed', 'x' FROM generate_series(0, 199) n");
	store_must(&spec,
		   db_run(spec.admin,
			  store_statement("test_instalments",
					  "SELECT extract(epoch FROM p.created_at)::bigint, i.number, i.due_on, i.amount_minor, "
					  "i.paid_minor, i.state FROM debts.plan p, debts.plan_instalments(p) i"),
			  NULL, &result, &spec.err));
	assert_true(result.rows > 2000);
	for (int row = 0; row < result.rows; row++) {
		const struct plan plan = a_plan(db_int64(&result, row, 0));
		const int32_t number = db_int32(&result, row, 1);
		const struct instalment instalment = plan_instalment(&plan, number);
		const int64_t before_minor = instalment.reached_minor - instalment.amount_minor;
		int64_t paid_minor = plan.paid_minor - before_minor;

		paid_minor = paid_minor < 0 ? 0 : paid_minor > instalment.amount_minor ? instalment.amount_minor : paid_minor;
		assert_int_equal(db_date(&result, row, 2), instalment.due_on);
		assert_int_equal(db_int64(&result, row, 3), instalment.amount_minor);
		assert_int_equal(db_int64(&result, row, 4), paid_minor);
		assert_true(str_is(db_str(&result, row, 5), number == 1                                   ? "missed"
							    : plan.paid_minor >= instalment.reached_minor ? "paid"
													  : "open"));
	}
	db_result_release(&result);
}

static void test_debts_store__a_reference_taken_meanwhile_is_seen_when_the_batch_is_repeated(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	add_payment(1, 1, STR("1"), 10);
	spec.after_load = another_takes_the_reference;
	assert_int_equal(store_try(&spec), -1);
	assert_int_equal(spec.err.kind, ERR_POISON);
	assert_string_equal(db_sqlstate(spec.db), DB_UNIQUE_VIOLATION);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
}

static void a_debt_is_overdrawn(struct store_spec *its)
{
	for (size_t i = 0; i < its->set.slots_count; i++)
		if (its->set.slots[i]->entity == &debt_entity && its->set.slots[i]->exists)
			((struct debt *)its->set.slots[i]->state)->balances.minor[ACCOUNT_COST] = -7;
}

/* As by a bug of ours: nothing is written, and the command is the one that is parked. */
static void test_debts_store__a_debt_that_breaks_its_rules_is_not_written(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	add_amendment(1, STR("B"), 0);
	spec.after_load = a_debt_is_overdrawn;
	assert_int_equal(store_try(&spec), -1);
	assert_int_equal(spec.err.kind, ERR_POISON);
	then_references("1=A");
}

/* The plans that a program makes while a table is empty serve when it is full: each key is looked up, none compared with each row. */
static void then_keys_are_looked_up(const struct db_statement *explain)
{
	struct db_result result = { 0 };

	store_must(&spec, db_run(spec.db, explain, NULL, &result, &spec.err));
	assert_true(result.rows > 1);
	for (int row = 0; row < result.rows; row++) {
		char line[256];
		struct str text = db_str(&result, row, 0);

		(void)snprintf(line, sizeof(line), "%.*s", (int)text.size, text.data);
		if (strstr(line, "Seq Scan") || (strstr(line, "Filter: ") && !strstr(line, "Filter: (id <= ")))
			fail_msg("%s: %s", explain->name, line);
	}
	db_result_release(&result);
}

static void test_debts_store__plans_of_an_empty_table_look_keys_up(void **state)
{
	static const struct db_statement generic = { "test_generic", "SET plan_cache_mode = force_generic_plan" };
	static const struct db_statement plans[] = {
		{ "test_plan_payments", "EXPLAIN EXECUTE debts_select_payments('{}')" },
		{ "test_plan_references", "EXPLAIN EXECUTE debts_select_payment_references('{}', '{}')" },
		{ "test_plan_debts", "EXPLAIN EXECUTE debts_select_debts('{}')" },
	};

	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	store_sql(&spec, "test_analyse", "ANALYZE");
	store_must(&spec, db_run(spec.db, &generic, NULL, NULL, &spec.err));
	add_payment(1, 1, STR("1"), 10);
	store_run(&spec);
	for (size_t i = 0; i < COUNT(plans); i++)
		then_keys_are_looked_up(&plans[i]);
}

/* ---- the migration (sql/0295_posting.sql) ---- */

/* clang-format off */
/* Entries and payments in the tables of before; what they say is kept beside. */
#define AS_BEFORE                                                                                                                \
	"DO $$ BEGIN"                                                                                                            \
	" CREATE TABLE kept_entry AS TABLE debts.ledger_entry;"                                                                  \
	" CREATE TABLE kept_payment AS TABLE debts.payment;"                                                                     \
	" ALTER TABLE kept_payment DROP refunded_minor;"                                                                         \
	" CREATE TABLE kept_api AS SELECT payment_id, customer_id, amount_minor, currency, state, version, principal_minor, actions,"  \
	" created_at, updated_at FROM debts.api_payment;"                                                                        \
	" DROP TABLE debts.posting CASCADE;"                                                                                     \
	" DROP FUNCTION debts.ledger_kind_name(smallint), debts.contra_account_name(smallint);"                                  \
	" CREATE TABLE debts.ledger_entry AS TABLE kept_entry;"                                                                  \
	" CREATE TABLE debts.payment AS TABLE kept_payment;"                                                                     \
	" CREATE FUNCTION debts.ledger_of(wanted uuid) RETURNS integer LANGUAGE sql AS 'SELECT 1';"                              \
	" CREATE FUNCTION debts.allowed_payment_actions(state text, lifecycle smallint) RETURNS text[] LANGUAGE sql"             \
	" AS 'SELECT public.dcs_payment_actions(lifecycle, state <> ''settled'')';"                                              \
	" CREATE VIEW debts.api_payment AS SELECT 1 AS n; CREATE VIEW debts.public_payment AS SELECT 1 AS n;"                    \
	" CREATE VIEW debts.reference_collision AS SELECT 1 AS n; CREATE VIEW debts.api_debt AS SELECT 1 AS n;"                  \
	" CREATE FUNCTION run(script text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE script; END'; END $$"
/* clang-format on */

static void make_books(void)
{
	add_debt(1, STR("A"), 1);
	add_debt(2, STR("B"), 1);
	add_payment(1, 1, STR("1"), 1100);
	add_payment(2, 1, STR("2"), 600);
	add_payment(3, 1, STR("3"), 5);
	add_reversal(1);
	add_cancellation(2);
	store_run(&spec);
	then_all_answer(7);
	store_sql(&spec, "test_as_before", AS_BEFORE);
}

static int run_file(const char *path)
{
	static const struct db_statement run = { "test_run", "SELECT run($1)" };
	static char text[32768];
	struct db_params params;
	FILE *file = fopen(path, "r");
	size_t size;
	int rc;

	assert_non_null(file);
	size = fread(text, 1, sizeof(text), file);
	assert_true(size < sizeof(text));
	(void)fclose(file);
	db_params_init(&params, sizeof(text));
	db_param_text(&params, (struct str){ .data = text, .size = size });
	rc = db_run(spec.admin, &run, &params, NULL, &spec.err);
	db_params_release(&params);
	return rc;
}

/* How many rows of the two differ. */
#define DIFFERENT(kept, columns, view)                                                                                           \
	"SELECT count(*) FROM (SELECT " columns " FROM " view ") a FULL JOIN (SELECT * FROM " kept                               \
	") b ON a = b WHERE a IS NULL OR b IS NULL"

static void test_debts_store__the_migration_keeps_what_entries_and_payments_say(void **state)
{
	(void)state;
	make_books();
	store_must(&spec, run_file("sql/0295_posting.sql"));
	assert_int_equal(store_number(&spec, "test_kept", "SELECT count(*) FROM debts.posting"), 8);
	assert_int_equal(store_number(&spec, "test_same_entries", DIFFERENT("kept_entry", "*", "debts.ledger_entry")), 0);
	assert_int_equal(store_number(&spec, "test_same_payments_now", DIFFERENT("kept_payment", "*", "debts.payment")), 0);
	assert_int_equal(
		store_number(&spec, "test_same_shown",
			     DIFFERENT("kept_api",
				       "payment_id, customer_id, amount_minor, currency, state, version, principal_minor, "
				       "actions, created_at, updated_at",
				       "debts.api_payment")),
		0);
	then_books_agree();
	store_sql(&spec, "test_later", "ALTER TABLE debts.posting ADD is_recovery boolean"); /* sql/0410_charge_off.sql */
	store_must(&spec, run_file("sql/current/debts_payment.sql"));
	add_payment(4, 1, STR("4"), 5);
	add_reversal(2);
	store_run(&spec);
	then_all_answer(2);
	then_books_agree();
}

/* It would lose one of the two. */
static void test_debts_store__the_migration_stops_at_a_payment_that_is_not_its_entry(void **state)
{
	static const char *const wrongs[][2] = {
		{ "wrong_amount", "UPDATE debts.payment SET amount_minor = amount_minor + 1 WHERE external_ref = '2'" },
		{ "wrong_state", "UPDATE debts.payment SET state = 'settled'" },
		{ "wrong_entry", "UPDATE debts.payment SET entry_seq = 77 WHERE external_ref = '2'" },
		{ "wrong_absence", "DELETE FROM debts.payment WHERE external_ref = '2'" },
	};

	(void)state;
	make_books();
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		store_sql(&spec, "test_emptied", "DELETE FROM debts.payment");
		store_sql(&spec, "test_again", "INSERT INTO debts.payment TABLE kept_payment");
		store_sql(&spec, wrongs[i][0], wrongs[i][1]);
		assert_int_equal(run_file("sql/0295_posting.sql"), -1);
		assert_string_equal(db_sqlstate(spec.admin), "P0001");
		spec.err = (struct err)ERR_INIT;
	}
}

/* What the engine does for states that it has in memory: they have no location. */
static void debts_were_in_memory(struct store_spec *its)
{
	for (size_t i = 0; i < its->set.slots_count; i++) {
		struct slot *slot = its->set.slots[i];

		if (slot->entity != &debt_entity || !slot->exists)
			continue;
		slot->cached = true;
		slot->locator = 0;
	}
}

static void stale_debts_were_in_memory(struct store_spec *its)
{
	debts_were_in_memory(its);
	another_writes_the_debt(its);
}

static void test_debts_store__states_in_memory_are_written_by_their_id(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	add_debt(2, STR("B"), 1);
	store_run(&spec);
	add_payment(1, 1, STR("1"), 1100);
	add_payment(2, 2, STR("2"), 100);
	spec.after_load = debts_were_in_memory;
	store_run(&spec);
	then_all_answer(2);
	add_amendment(1, STR("C"), 0);
	add_amendment(2, STR("A"), STORE_TODAY + 3);
	spec.after_load = debts_were_in_memory;
	store_run(&spec);
	then_all_answer(2);
	then_references("1=C 2=A");
	add_reversal(1);
	spec.after_load = debts_were_in_memory;
	store_run(&spec);
	then_answers(&spec, 0, "PaymentReversed");
	then_books_agree();
	assert_int_equal(store_number(&spec, "test_owed_by_all", "SELECT sum(balance_minor)::bigint FROM debts.public_debt"),
			 2100);
}

static void test_debts_store__a_state_in_memory_that_another_wrote_stops_the_batch(void **state)
{
	(void)state;
	add_debt(1, STR("A"), 1);
	store_run(&spec);
	add_payment(1, 1, STR("1"), 10);
	spec.after_load = stale_debts_were_in_memory;
	assert_int_equal(store_try(&spec), -1);
	assert_int_equal(spec.err.kind, ERR_FATAL);
	assert_int_equal(store_number(&spec, "test_payments", "SELECT count(*) FROM debts.payment"), 0);
}

/* As the engine reads them after a claim: pages, the highest id first, as a load would give them. */
static void test_debts_store__debts_are_read_in_pages(void **state)
{
	struct uuid below = { { 0xff } };
	struct slot *slots;
	size_t count;

	(void)state;
	for (unsigned number = 1; number <= 5; number++)
		add_debt(number, str_of((const char *const[]){ "A", "B", "C", "D", "E" }[number - 1]), 1);
	add_payment(1, 4, STR("1"), 60);
	store_run(&spec);
	for (unsigned highest = 5;; highest -= 2) {
		store_must(&spec, debts_store.read_states(debts_store.self, spec.db, &debt_entity, &below, 2, &spec.life, &slots,
							  &count, &spec.err));
		for (size_t i = 0; i < count; i++) {
			const struct debt *debt = slots[i].state;
			unsigned number = highest - (unsigned)i;
			struct uuid id = spec_id('D', number);

			assert_true(uuid_equal(&slots[i].id, &id));
			assert_int_equal(balances_owed(&debt->balances), number == 4 ? 1040 : 1100);
			assert_int_equal(debt->version_stored, debt->version);
			assert_int_equal(debt->entries_stored, number == 4 ? 2 : 1);
			below = slots[i].id;
		}
		if (count < 2)
			break;
	}
	assert_int_equal(count, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_debts_store__references_of_before_that_look_the_same_are_listed),
		TEST(test_debts_store__a_debt_and_its_payments_come_back_as_they_were_saved),
		TEST(test_debts_store__one_batch_may_create_pay_and_reverse),
		TEST(test_debts_store__the_same_over_many_batches),
		TEST(test_debts_store__refunds_are_entries_of_their_payment),
		TEST(test_debts_store__a_debt_that_came_to_the_wrong_partition_goes_on_in_the_right_one),
		TEST(test_debts_store__ids_and_references_that_are_taken_are_seen),
		TEST(test_debts_store__an_amended_debt_comes_back_as_it_was_saved),
		TEST(test_debts_store__references_are_swapped_and_passed_on_in_one_batch),
		TEST(test_debts_store__a_reference_is_taken_until_it_is_given_up),
		TEST(test_debts_store__one_batch_may_create_and_amend),
		TEST(test_debts_store__a_debts_reference_taken_meanwhile_is_seen_when_the_batch_is_repeated),
		TEST(test_debts_store__an_amendment_of_a_row_that_another_wrote_stops_the_batch),
		TEST(test_debts_store__a_cancellation_is_the_mirror_of_the_opening),
		TEST(test_debts_store__one_batch_may_create_and_cancel),
		TEST(test_debts_store__customers_are_read_through_their_view),
		TEST(test_debts_store__who_is_bound_reaches_the_customers_that_his_creditors_know),
		TEST(test_debts_store__who_is_bound_to_a_portfolio_reaches_whom_it_knows),
		TEST(test_debts_store__a_creditor_reverses_what_came_in_at_his_sources),
		TEST(test_debts_store__a_row_that_another_wrote_stops_the_batch),
		TEST(test_debts_store__the_ledger_cannot_be_changed_by_its_own_module),
		TEST(test_debts_store__a_program_of_before_stops_at_its_first_entry),
		TEST(test_debts_store__an_entry_that_does_not_sum_to_zero_is_not_taken),
		TEST(test_debts_store__sql_adds_up_every_account_that_is_owed),
		TEST(test_debts_store__an_event_without_an_entry_is_noted_in_the_row),
		TEST(test_debts_store__promises_come_back_as_they_were_saved),
		TEST(test_debts_store__plans_come_back_as_they_were_saved),
		TEST(test_debts_store__a_charge_off_comes_back_as_it_was_saved),
		TEST(test_debts_store__debts_that_have_left_owe_nothing),
		TEST(test_debts_store__a_paid_debt_is_recalled_without_an_entry),
		TEST(test_debts_store__settlements_come_back_as_they_were_saved),
		TEST(test_debts_store__what_is_past_due_comes_back_as_it_was_saved),
		TEST(test_debts_store__buckets_of_the_rules_are_those_of_the_reports),
		TEST(test_debts_store__sql_has_the_instalments_of_the_rules),
		TEST(test_debts_store__holds_come_back_as_they_were_saved),
		TEST(test_debts_store__disputes_come_back_as_they_were_saved),
		TEST(test_debts_store__what_was_charged_is_the_sum_of_the_ledger),
		TEST(test_debts_store__a_reference_taken_meanwhile_is_seen_when_the_batch_is_repeated),
		TEST(test_debts_store__the_migration_keeps_what_entries_and_payments_say),
		TEST(test_debts_store__the_migration_stops_at_a_payment_that_is_not_its_entry),
		TEST(test_debts_store__a_debt_that_breaks_its_rules_is_not_written),
		TEST(test_debts_store__plans_of_an_empty_table_look_keys_up),
		TEST(test_debts_store__states_in_memory_are_written_by_their_id),
		TEST(test_debts_store__a_state_in_memory_that_another_wrote_stops_the_batch),
		TEST(test_debts_store__debts_are_read_in_pages),
	};

	return cmocka_run_group_tests_name("debts store", tests, setup_group, NULL);
}
