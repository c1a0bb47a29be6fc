/* consumers/reports over a real PostgreSQL. */

#include "store_spec.h"

#include "consumers/reports/reports.h"
#include "consumers/reports/store.h"
#include "schemas/reports.h"

static struct store_spec spec;

static int setup_group(void **state)
{
	(void)state;
	return reports_store_prepare(reports_store.self, &spec.err);
}

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &reports_module, &reports_store);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

static void add_report(unsigned number, struct str kind, struct str currency)
{
	struct generate_report body = {
		.report_id = spec_id('R', number), .kind = kind, .has_currency = currency.size > 0, .currency = currency
	};

	store_add(&spec, &generate_report_type, &body);
}

static void test_reports_store__what_was_asked_for_is_kept(void **state)
{
	struct generate_report whole = { .report_id = spec_id('R', 9),
					 .kind = STR("collections"),
					 .has_format = true,
					 .format = STR("json"),
					 .has_as_of = true,
					 .as_of = STORE_TODAY - 1,
					 .has_from_on = true,
					 .from_on = STORE_TODAY - 9,
					 .has_creditor_id = true,
					 .creditor_id = spec_id('K', 1) };

	(void)state;
	add_report(1, STR("ageing"), STR("EUR"));
	add_report(2, STR("communications"), STR(""));
	store_add(&spec, &generate_report_type, &whole);
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_ageing",
				      "SELECT count(*) FROM reports.report WHERE kind = 'ageing' AND format = 'csv' AND open AND "
				      "from_on IS NULL AND currency = 'EUR' AND requested_by = 'test' AND requested_at >= as_of"),
			 1);
	assert_int_equal(
		store_number(&spec, "test_messages",
			     "SELECT count(*) FROM reports.report WHERE kind = 'communications' AND as_of - from_on = 29 "
			     "AND creditor_id IS NULL AND currency IS NULL AND channel IS NULL"),
		1);
	assert_int_equal(
		store_number(&spec, "test_whole",
			     "SELECT count(*) FROM reports.report WHERE format = 'json' AND NOT open AND as_of - from_on = "
			     "8 AND creditor_id IS NOT NULL"),
		1);
}

static void test_reports_store__an_id_is_used_once(void **state)
{
	(void)state;
	add_report(1, STR("ageing"), STR(""));
	store_run(&spec);
	add_report(1, STR("collections"), STR(""));
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	assert_int_equal(store_number(&spec, "test_count", "SELECT count(*) FROM reports.report"), 1);
}

static void test_reports_store__what_was_asked_for_cannot_be_changed_by_the_worker(void **state)
{
	static const struct db_statement change = { "test_change", "UPDATE reports.report SET kind = 'ageing'" };
	static const struct db_statement made = { "test_made", "SELECT count(*) FROM reporting.report" };

	(void)state;
	assert_int_equal(db_run(spec.db, &change, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(spec.db), "42501");
	assert_int_equal(db_run(spec.db, &made, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(spec.db), "42501");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reports_store__what_was_asked_for_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports_store__an_id_is_used_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reports_store__what_was_asked_for_cannot_be_changed_by_the_worker, setup,
						teardown),
	};

	return cmocka_run_group_tests_name("reports_store", tests, setup_group, NULL);
}
