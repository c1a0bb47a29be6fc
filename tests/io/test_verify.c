/* `dcs verify` over a database that the modules have filled: silent where nothing is wrong, and finding what was tampered with.
 */
#include "producers/cli/fold.h"
#include "tests/io/verify_world.h"

static struct verify_world world;
static struct findings findings;

static int open_world(void **state)
{
	uint8_t key[32];

	(void)state;
	store_key_file(key);
	world_open(&world);
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	world_close(&world);
	store_key_file_remove();
	return 0;
}

static void create_customer(unsigned number)
{
	char reference[16];
	struct create_customer body = { .customer_id = spec_id('C', number),
					.kind = STR("natural"),
					.full_name = STR("Erika Mustermann"),
					.locale = STR("de-DE"),
					.country = STR("DE") };

	snprintf(reference, sizeof(reference), "C-%u", number);
	body.external_ref = str_of(reference);
	world_do(&world, CUSTOMERS, &create_customer_type, &body);
}

static struct grant_consent consent(struct uuid consent_id, unsigned customer)
{
	return (struct grant_consent){ .consent_id = consent_id,
				       .customer_id = spec_id('C', customer),
				       .channel = STR("email"),
				       .purpose = STR("collect"),
				       .basis = STR("express"),
				       .evidence_ref = STR("form 7"),
				       .obtained_at = world.now_ms };
}

static void withdraw(unsigned customer, int64_t offset)
{
	struct withdraw_consent body = { .customer_id = spec_id('C', customer),
					 .via = STR("reply"),
					 .withdrawn_at = world.now_ms };

	world_do_as(&world, COMMUNICATIONS, &withdraw_consent_type, &body, (struct how){ .offset = offset });
	assert_int_equal(world.decision.kind, DECISION_EVENTS);
}

/* ---- false alarms ---- */

static void test_verify__is_silent_about_a_withdrawal_that_overtook_what_waited(void **state)
{
	struct grant_consent grant = consent(spec_id('G', 1), 1);
	int64_t waiting = world.modules[COMMUNICATIONS].heads[1].next_offset + 1;

	(void)state;
	create_customer(1);
	withdraw(1, waiting + 1); /* the consent was set aside */
	world_do_as(&world, COMMUNICATIONS, &grant_consent_type, &grant, (struct how){ .offset = waiting, .waited_ms = 60000 });
	world_verify(&findings);
	then_silent(&findings);
}

static void test_verify__is_silent_about_a_consent_with_the_id_of_its_customer(void **state)
{
	struct grant_consent grant = consent(spec_id('C', 2), 2);

	(void)state;
	create_customer(2);
	world_do(&world, COMMUNICATIONS, &grant_consent_type, &grant);
	withdraw(2, 0);
	withdraw(2, 0);
	world_verify(&findings);
	then_silent(&findings);
}

/* ---- what was tampered with ---- */

static struct uuid create_debt(unsigned number, unsigned customer)
{
	char *reference = arena_take_bytes(&world.spec.life, 16);
	struct create_debt body = { .debt_id = spec_id('D', number),
				    .customer_id = spec_id('C', customer),
				    .creditor_id = spec_id('R', 1),
				    .has_original_creditor_id = true,
				    .original_creditor_id = spec_id('R', 2),
				    .has_portfolio_id = true,
				    .portfolio_id = spec_id('F', 1),
				    .currency = STR("EUR"),
				    .principal_minor = 100000,
				    .interest_minor = 5000,
				    .opened_on = STORE_TODAY - 100,
				    .due_on = STORE_TODAY - 50 };

	snprintf(reference, 16, "D-%u", number);
	body.external_ref = str_of(reference);
	world_do(&world, DEBTS, &create_debt_type, &body);
	return body.debt_id;
}

static void pay(unsigned number, unsigned customer, struct uuid debt_id, int64_t amount_minor)
{
	char *reference = arena_take_bytes(&world.spec.life, 16);
	struct record_payment body = { .payment_id = spec_id('Y', number),
				       .customer_id = spec_id('C', customer),
				       .debt_id = debt_id,
				       .source = STR("bank-1"),
				       .amount_minor = amount_minor,
				       .currency = STR("EUR"),
				       .received_on = STORE_TODAY - 2,
				       .method = STR("transfer") };

	snprintf(reference, 16, "Y-%u", number);
	body.external_ref = str_of(reference);
	world_do(&world, DEBTS, &record_payment_type, &body);
}

static void reverse(unsigned number, unsigned customer)
{
	struct reverse_payment body = { .payment_id = spec_id('Y', number),
					.customer_id = spec_id('C', customer),
					.reason = STR("nsf") };

	world_do(&world, DEBTS, &reverse_payment_type, &body);
}

/* Two debts alike, paid in part; one paid too much, whose credit then pays a reversed payment; one amended and cancelled. */
static void tell_debts(void)
{
	struct amend_debt amend = { .debt_id = spec_id('D', 14),
				    .customer_id = spec_id('C', 11),
				    .has_due_on = true,
				    .due_on = STORE_TODAY + 30,
				    .has_external_ref = true,
				    .external_ref = STR("D-NEW"),
				    .reason = STR("asked for") };
	struct cancel_debt cancel = { .debt_id = spec_id('D', 14),
				      .customer_id = spec_id('C', 11),
				      .reason = STR("not_the_debtor") };

	pay(11, 10, create_debt(11, 10), 40000);
	pay(12, 10, create_debt(12, 10), 40000);
	pay(13, 11, create_debt(13, 11), 60000);
	pay(14, 11, spec_id('D', 13), 80000);
	reverse(13, 11);
	create_debt(14, 11);
	world_do(&world, DEBTS, &amend_debt_type, &amend);
	world_do(&world, DEBTS, &cancel_debt_type, &cancel);
}

static void test_verify__is_silent_where_nothing_was_tampered_with(void **state)
{
	(void)state;
	create_customer(10);
	create_customer(11);
	tell_debts();
	world_verify(&findings);
	then_silent(&findings);
}

/* What somebody does to the database, and what must be said of it. */
struct wrong {
	const char *table, *sql;
	const char *promise, *words;
};

#define DEBT_11    "debt_id = '019a0000-0000-7000-8000-00440000000b'"
#define DEBT_12    "debt_id = '019a0000-0000-7000-8000-00440000000c'"
#define PAYMENT_11 "payment_id = '019a0000-0000-7000-8000-00590000000b'"

static const struct wrong wrongs[] = {
	{ "debts.debt", "UPDATE debts.debt SET customer_id = gen_random_uuid() WHERE " DEBT_11, "P7", "customer_id is not" },
	{ "debts.debt", "UPDATE debts.debt SET creditor_id = gen_random_uuid() WHERE " DEBT_11, "P7", "creditor_id is not" },
	{ "debts.debt", "UPDATE debts.debt SET version = version + 1 WHERE " DEBT_11, "P7", "version is not" },
	{ "debts.debt", "UPDATE debts.debt SET lifecycle = 2 WHERE " DEBT_11, "P7", "lifecycle is not" },
	{ "debts.debt", "UPDATE debts.debt SET part = 1 - part WHERE " DEBT_11, "P7", "part is not" },
	{ "debts.debt", "UPDATE debts.debt SET opened_on = opened_on - 1 WHERE " DEBT_11, "P7", "opened_on is not" },
	{ "debts.debt", "UPDATE debts.debt SET due_on = due_on + 1 WHERE " DEBT_11, "P7", "due_on is not" },
	{ "debts.debt", "UPDATE debts.debt SET currency = 'USD' WHERE " DEBT_11, "P7", "currency is not" },
	{ "debts.debt", "UPDATE debts.debt SET external_ref = 'D-0' WHERE " DEBT_11, "P7", "external_ref is not" },
	{ "debts.debt", "UPDATE debts.debt SET portfolio_id = NULL WHERE " DEBT_11, "P7", "portfolio_id is not" },
	{ "debts.debt", "UPDATE debts.debt SET used_principal_minor = 1 WHERE " DEBT_11, "P7", "used_principal_minor is not" },
	{ "debts.debt", "DELETE FROM debts.debt WHERE " DEBT_11, "P7", "the row is missing" },
	{ "debts.debt",
	  "INSERT INTO debts.debt SELECT (jsonb_populate_record(d, '{\"debt_id\": \"019a0000-0000-7000-8000-004400000fff\", "
	  "\"external_ref\": \"forged\"}')).* FROM debts.debt d LIMIT 1",
	  "P7", "no event made this row" },
	{ "debts.payment", "UPDATE debts.payment SET received_on = received_on + 1 WHERE " PAYMENT_11, "P7",
	  "received_on is not" },
	{ "debts.payment", "UPDATE debts.payment SET debt_id = gen_random_uuid() WHERE " PAYMENT_11, "P7", "debt_id is not" },
	{ "debts.payment", "UPDATE debts.payment SET method = 'cash' WHERE " PAYMENT_11, "P7", "method is not" },
	{ "debts.payment", "UPDATE debts.payment SET source = 'bank-2' WHERE " PAYMENT_11, "P7", "source is not" },
	{ "debts.payment", "UPDATE debts.payment SET external_ref = 'Y-0' WHERE " PAYMENT_11, "P7", "external_ref is not" },
	{ "debts.payment", "UPDATE debts.payment SET state = 'reversed' WHERE " PAYMENT_11, "P7", "state is not" },
	{ "debts.ledger_entry", "UPDATE debts.ledger_entry SET occurred_on = occurred_on - 1 WHERE entry_no = 2 AND " DEBT_11,
	  "P5", "occurred_on is not" },
	{ "debts.ledger_entry", "UPDATE debts.ledger_entry SET business_date = business_date + 1 WHERE entry_no = 2 AND " DEBT_11,
	  "P5", "business_date is not" },
	{ "debts.ledger_entry", "UPDATE debts.ledger_entry SET payment_id = NULL WHERE entry_no = 2 AND " DEBT_11, "P5",
	  "payment_id is not" },
	{ "debts.ledger_entry", "UPDATE debts.ledger_entry SET reverses_seq = 1 WHERE kind = 'PAYMENT_REVERSAL'", "P5",
	  "reverses_seq is not" },
	{ "debts.ledger_entry", "UPDATE debts.ledger_entry SET kind = 'CREDIT_APPLIED' WHERE entry_no = 2 AND " DEBT_11, "P5",
	  "kind is not" },
	{ "debts.ledger_entry", "DELETE FROM debts.ledger_entry WHERE entry_no = 2 AND " DEBT_11, "P5", "the row is missing" },
};

static void exec(const char *sql)
{
	const struct db_statement statement = { "", sql };

	store_must(&world.spec, db_run(world.spec.admin, &statement, NULL, NULL, &world.spec.err));
}

static void exec_in(const char *before, const char *table, const char *after)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "%s%s%s", before, table, after);
	exec(sql);
}

static void try_wrong(const struct wrong *wrong)
{
	exec_in("CREATE TABLE kept AS TABLE ", wrong->table, "");
	exec(wrong->sql);
	world_verify(&findings);
	exec_in("DELETE FROM ", wrong->table, "");
	exec_in("INSERT INTO ", wrong->table, " TABLE kept");
	exec("DROP TABLE kept");
	findings.cause = wrong->sql;
	then_found(&findings, wrong->promise, wrong->words);
	then_found(&findings, wrong->promise, wrong->table);
	assert_true(findings.count < 8); /* one wrong is not a flood */
}

static void test_verify__finds_each_column_that_was_tampered_with(void **state)
{
	(void)state;
	for (size_t index = 0; index < sizeof(wrongs) / sizeof(wrongs[0]); index++)
		try_wrong(&wrongs[index]);
	world_verify(&findings);
	then_silent(&findings);
}

/* 400.00 of a debt's payment become another debt's: entries, payments and balances alike, so that all sums are right. */
static void test_verify__finds_money_that_was_moved_from_one_debt_to_another(void **state)
{
	(void)state;
	exec("CREATE TABLE kept AS TABLE debts.ledger_entry");
	exec("UPDATE debts.ledger_entry e SET contra_minor = contra_minor + d, interest_minor = NULL, principal_minor = "
	     "-(contra_minor + d) FROM (VALUES ('019a0000-0000-7000-8000-00440000000b'::uuid, -20000), "
	     "('019a0000-0000-7000-8000-00440000000c', 20000)) m (id, d) WHERE kind = 'PAYMENT' AND debt_id = m.id");
	exec("UPDATE debts.payment SET amount_minor = amount_minor - 20000 WHERE " DEBT_11);
	exec("UPDATE debts.payment SET amount_minor = amount_minor + 20000 WHERE " DEBT_12);
	exec("UPDATE debts.debt SET interest_minor = 5000, principal_minor = 80000 WHERE " DEBT_11);
	exec("UPDATE debts.debt SET interest_minor = 5000, principal_minor = 40000 WHERE " DEBT_12);
	world_verify(&findings);
	then_found(&findings, "P5", "contra_minor is not what the log says");
	then_found(&findings, "P5", "principal_minor is not what the log says");
	then_found(&findings, "P7", "debts.debt 019a0000-0000-7000-8000-00440000000b: principal_minor is not what the log says");
	then_found(&findings, "P7", "debts.debt 019a0000-0000-7000-8000-00440000000c: principal_minor is not what the log says");
	then_found(&findings, "P7", "amount_minor is not what the log says");
	exec("UPDATE debts.payment SET amount_minor = 40000 WHERE " DEBT_11 " OR " DEBT_12);
	exec("UPDATE debts.debt SET interest_minor = 0, principal_minor = 65000 WHERE " DEBT_11 " OR " DEBT_12);
	exec("DELETE FROM debts.ledger_entry");
	exec("INSERT INTO debts.ledger_entry TABLE kept");
	exec("DROP TABLE kept");
	world_verify(&findings);
	then_silent(&findings);
}

/* A log that no engine wrote must end no program, and hides nobody but the one it is about. */
static void test_verify__goes_on_behind_an_event_that_does_not_follow(void **state)
{
	(void)state;
	exec("CREATE TABLE kept AS TABLE debts.event_log");
	exec("DELETE FROM debts.event_log WHERE seq = (SELECT min(seq) FROM debts.event_log WHERE subject = "
	     "'019a0000-0000-7000-8000-00440000000b') AND subject = '019a0000-0000-7000-8000-00440000000b'");
	exec("UPDATE debts.debt SET due_on = due_on + 1 WHERE debt_id = '019a0000-0000-7000-8000-00440000000d'");
	world_verify(&findings);
	then_found(&findings, "P7", "does not follow from the events before it");
	then_found(&findings, "P7", "debts.debt 019a0000-0000-7000-8000-00440000000d: due_on is not what the log says");
	exec("UPDATE debts.debt SET due_on = due_on - 1 WHERE debt_id = '019a0000-0000-7000-8000-00440000000d'");
	exec("DELETE FROM debts.event_log");
	exec("INSERT INTO debts.event_log TABLE kept");
	exec("DROP TABLE kept");
	world_verify(&findings);
	then_silent(&findings);
}

/* Whoever adds a column to a module's table tells verify what it must be, or why that cannot be known. */
static void test_verify__reads_every_column(void **state)
{
	static const struct db_statement select = {
		"test_columns",
		"SELECT column_name::text FROM information_schema.columns WHERE table_schema || '.' || table_name = $1"
	};
	struct db_params params;

	(void)state;
	db_params_init(&params, 256);
	for (size_t table = 0; table < folded_debts.tables_count; table++) {
		struct db_result result = { 0 };
		char column[64];

		db_params_reset(&params);
		db_param_text(&params, str_of(folded_debts.tables[table].name));
		store_must(&world.spec, db_run(world.spec.admin, &select, &params, &result, &world.spec.err));
		assert_true(result.rows > 0);
		for (int row = 0; row < result.rows; row++) {
			assert_true(str_to_chars(column, sizeof(column), db_str(&result, row, 0)));
			if (strstr(folded_debts.tables[table].select, column) == NULL)
				fail_msg("%s: %s is not compared", folded_debts.tables[table].name, column);
		}
		db_result_release(&result);
	}
	db_params_release(&params);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verify__is_silent_about_a_withdrawal_that_overtook_what_waited),
		cmocka_unit_test(test_verify__is_silent_about_a_consent_with_the_id_of_its_customer),
		cmocka_unit_test(test_verify__is_silent_where_nothing_was_tampered_with),
		cmocka_unit_test(test_verify__finds_each_column_that_was_tampered_with),
		cmocka_unit_test(test_verify__finds_money_that_was_moved_from_one_debt_to_another),
		cmocka_unit_test(test_verify__goes_on_behind_an_event_that_does_not_follow),
		cmocka_unit_test(test_verify__reads_every_column),
	};

	return cmocka_run_group_tests_name("verify", tests, open_world, close_world);
}
