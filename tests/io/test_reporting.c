/* consumers/reporting/store.c and sql/0005_reporting.sql against a real PostgreSQL (DCS_TEST_PG), run from the root. */

#include "reporting_world.h"

#include "base/array.h"
#include "schemas/communications.h"
#include "schemas/customers.h"

/* ---- a history ---- */

#define DEBTS 200

static struct debt_created created[DEBTS];
static struct payment_recorded recorded[DEBTS];
static struct payment_reversed reversed[DEBTS];
static struct communication_released released[DEBTS];
static struct communication_progressed progressed[DEBTS];
static struct customer_created other[DEBTS];
static struct read_event history[DEBTS * 6];

static void add_event(size_t at, const struct message_type *type, const void *body)
{
	history[at] = (struct read_event){ .type = type, .body = body, .seq = (int64_t)at + 1, .module = type->module };
}

static void write_history(void)
{
	for (size_t i = 0; i < DEBTS; i++) {
		struct uuid creditor_id = { { (uint8_t)(i % 5) } };
		struct str currency = i % 7 == 0 ? STR("JPY") : STR("EUR");
		int32_t due_on = 20000 + (int32_t)(i * 31 % 13);

		created[i] = (struct debt_created){
			.creditor_id = creditor_id, .currency = currency, .due_on = due_on, .balance_minor = 1000 + (int64_t)i
		};
		recorded[i] = (struct payment_recorded){ .creditor_id = creditor_id,
							 .currency = currency,
							 .due_on = due_on,
							 .received_on = 20100 + (int32_t)(i % 3),
							 .has_booked_on = true,
							 .booked_on = 20100 + (int32_t)(i % 3),
							 .amount_minor = 100,
							 .principal_minor = 90,
							 .credit_minor = 10 };
		reversed[i] = (struct payment_reversed){ .creditor_id = creditor_id,
							 .currency = currency,
							 .due_on = due_on,
							 .reversed_on = 20101 + (int32_t)(i % 3),
							 .amount_minor = 100,
							 .principal_minor = 90,
							 .credit_minor = 10 };
		released[i] = (struct communication_released){ .channel = i % 2 == 0 ? STR("sms") : STR("email"),
							       .requested_on = 20200 + (int32_t)(i % 2) };
		progressed[i] = (struct communication_progressed){ .channel = released[i].channel,
								   .requested_on = released[i].requested_on,
								   .previous_state = STR("released"),
								   .state = i % 3 == 0 ? STR("failed") : STR("submitted") };
		add_event(i * 6, &debt_created_type, &created[i]);
		add_event(i * 6 + 1, &communication_released_type, &released[i]);
		add_event(i * 6 + 2, &payment_recorded_type, &recorded[i]);
		add_event(i * 6 + 3, &customer_created_type, &other[i]);
		add_event(i * 6 + 4, &communication_progressed_type, &progressed[i]);
		add_event(i * 6 + 5, i % 4 == 0 ? &payment_reversed_type : &receipt_ignored_type, &reversed[i]);
	}
}

static void test_reporting__tables_are_equal_however_the_events_are_cut_into_batches(void **state)
{
	static const size_t sizes[] = { 1, 7, 1000 };
	static char whole[65536], pieces[65536];

	(void)state;
	write_history();
	apply(history, DEBTS * 6);
	dump(whole, sizeof(whole));
	assert_true(strlen(whole) > 1000);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		must(db_run(owner, &statement_truncate, NULL, NULL, &err));
		for (size_t at = 0; at < DEBTS * 6; at += sizes[i])
			apply(history + at, at + sizes[i] > DEBTS * 6 ? DEBTS * 6 - at : sizes[i]);
		dump(pieces, sizeof(pieces));
		assert_string_equal(pieces, whole);
	}
}

static void test_reporting__a_rebuild_under_another_name_comes_out_equal(void **state)
{
	static const struct db_statement statements[] = {
		{ "schema", "CREATE SCHEMA rebuilt" },
		{ "outstanding", "CREATE TABLE rebuilt.outstanding (LIKE reporting.outstanding INCLUDING ALL)" },
		{ "change", "CREATE TABLE rebuilt.outstanding_change (LIKE reporting.outstanding_change INCLUDING ALL)" },
		{ "collected", "CREATE TABLE rebuilt.collected (LIKE reporting.collected INCLUDING ALL)" },
		{ "communications", "CREATE TABLE rebuilt.communications (LIKE reporting.communications INCLUDING ALL)" },
	};
	struct db *rebuilt = open_as("test_reporting", NULL, "rebuilt");
	static char text[65536], again[65536];

	(void)state;
	for (size_t i = 0; i < COUNT(statements); i++)
		must(db_run(owner, &statements[i], NULL, NULL, &err));
	write_history();
	for (size_t at = 0; at < DEBTS * 6; at += 100)
		apply(history + at, 100);
	apply_to(rebuilt, history, DEBTS * 6);
	dump(text, sizeof(text));
	dump_of(rebuilt, again, sizeof(again));
	assert_string_equal(again, text);
	db_close(rebuilt);
}

static void test_reporting__the_figures_are_those_of_the_events(void **state)
{
	char text[1024];

	(void)state;
	write_history();
	apply(history, 5);
	dump(text, sizeof(text));
	assert_string_equal(text, "change (1970-01-01,00000000-0000-0000-0000-000000000000,JPY,2024-10-04,1,1000)\n"
				  "change (2025-01-12,00000000-0000-0000-0000-000000000000,JPY,2024-10-04,0,-90)\n"
				  "collected (2025-01-12,00000000-0000-0000-0000-000000000000,JPY,1,100,0,0,0,0)\n"
				  "messages (2025-04-22,sms,failed,1)\n"
				  "messages (2025-04-22,sms,released,0)\n"
				  "outstanding (00000000-0000-0000-0000-000000000000,JPY,2024-10-04,1,910)");
	apply(history + 5, 1);
	dump(text, sizeof(text));
	assert_string_equal(text, "change (1970-01-01,00000000-0000-0000-0000-000000000000,JPY,2024-10-04,1,1000)\n"
				  "change (2025-01-12,00000000-0000-0000-0000-000000000000,JPY,2024-10-04,0,-90)\n"
				  "change (2025-01-13,00000000-0000-0000-0000-000000000000,JPY,2024-10-04,0,90)\n"
				  "collected (2025-01-12,00000000-0000-0000-0000-000000000000,JPY,1,100,0,0,0,0)\n"
				  "collected (2025-01-13,00000000-0000-0000-0000-000000000000,JPY,0,0,1,100,0,0)\n"
				  "messages (2025-04-22,sms,failed,1)\n"
				  "messages (2025-04-22,sms,released,0)\n"
				  "outstanding (00000000-0000-0000-0000-000000000000,JPY,2024-10-04,1,1000)");
}

static void test_reporting__events_of_no_interest_write_nothing(void **state)
{
	static const struct db_statement statement_assigned = { "assigned", "SELECT pg_current_xact_id_if_assigned()::text" };
	struct db_result result = { 0 };

	(void)state;
	write_history();
	must(db_begin(db, &err));
	must(reporting_apply(&reporting, db, history + 3, 1, &err));
	must(reporting_apply(&reporting, db, history, 0, &err));
	must(db_run(db, &statement_assigned, NULL, &result, &err));
	assert_true(db_is_null(&result, 0, 0));
	db_result_release(&result);
	must(db_commit(db, &err));
}

static void test_reporting__a_sum_over_the_range_is_poison_and_leaves_the_session_usable(void **state)
{
	struct debt_created huge = { .currency = STR("EUR"), .balance_minor = INT64_MAX };
	const struct read_event twice[] = { { .type = &debt_created_type, .body = &huge, .module = "debts" },
					    { .type = &debt_created_type, .body = &huge, .module = "debts" } };

	(void)state;
	must(db_begin(db, &err));
	assert_int_equal(reporting_apply(&reporting, db, twice, 2, &err), -1);
	assert_int_equal(err.kind, ERR_POISON);
	must(reporting_apply(&reporting, db, twice, 1, &err));
	assert_int_equal(reporting_apply(&reporting, db, twice, 1, &err), -1); /* PostgreSQL finds this one */
	assert_int_equal(err.kind, ERR_POISON);
	db_rollback(db);
	write_history();
	apply(history, 1);
}

static void test_reporting__each_age_is_in_exactly_one_bucket(void **state)
{
	static const struct db_statement statement_ageing = {
		"ageing", "SELECT bucket_no, bucket, debts, outstanding_minor FROM reporting.ageing($1)"
	};
	static const struct {
		int32_t days_min, days_max;
		const char *bucket;
	} buckets[] = { { 0, 0, "0" },         { 1, 30, "1-30" },       { 31, 60, "31-60" },     { 61, 90, "61-90" },
			{ 91, 120, "91-120" }, { 121, 180, "121-180" }, { 181, 365, "181-365" }, { 366, 5000, "366+" } };
	static struct debt_created debts[24];
	static struct read_event events[24];
	int32_t today = day_of(2026, 11, 22);
	struct db_result result = { 0 };
	struct db_params params;

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		const int32_t ages[] = { buckets[i].days_min, buckets[i].days_max, i == 0 ? -100 : buckets[i].days_min };

		for (size_t j = 0; j < 3; j++) {
			debts[i * 3 + j] = (struct debt_created){ .currency = STR("EUR"),
								  .due_on = today - ages[j],
								  .balance_minor = (int64_t)1 << i };
			events[i * 3 + j] =
				(struct read_event){ .type = &debt_created_type, .body = &debts[i * 3 + j], .module = "debts" };
		}
	}
	apply(events, 24);
	db_params_init(&params, 64);
	db_param_date(&params, today);
	must(db_run(db, &statement_ageing, &params, &result, &err));
	assert_int_equal(result.rows, 8);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(db_int32(&result, i, 0), i + 1);
		assert_true(str_is(db_str(&result, i, 1), buckets[i].bucket));
		assert_int_equal(db_int64(&result, i, 2), 3);
		assert_int_equal(db_int64(&result, i, 3), 3 << i);
	}
	db_result_release(&result);
	db_params_release(&params);
}

/* ---- reports ---- */

#define CREDITOR_0 "00000000-0000-0000-0000-000000000000"
#define CREDITOR_1 "01000000-0000-0000-0000-000000000000"

static void test_reporting__reports_are_files_of_the_tables_as_they_are(void **state)
{
	struct report_requested ageing = asked_for(1, STR("ageing"), STR("csv"));
	struct report_requested collections = asked_for(2, STR("collections"), STR("csv"));
	struct report_requested communications = asked_for(3, STR("communications"), STR("csv"));
	struct report_requested json = asked_for(4, STR("collections"), STR("json"));

	(void)state;
	write_history();
	apply(history, 12); /* two debts */
	collections.as_of = json.as_of = 20102;
	request(&ageing, 1);
	request(&collections, 1);
	request(&communications, 1);
	request(&json, 1);
	then_report_is(1, 2,
		       "as_of,creditor_id,currency,past_due,debts,outstanding\r\n"
		       "2025-04-22," CREDITOR_0 ",JPY,181-365 days,1,1000\r\n"
		       "2025-04-22," CREDITOR_1 ",EUR,181-365 days,1,9.11\r\n");
	then_report_is(2, 3,
		       "day,creditor_id,currency,payments,received,reversals,reversed,net,refunds,refunded\r\n"
		       "2025-01-12," CREDITOR_0 ",JPY,1,100,0,0,100,0,0\r\n"
		       "2025-01-13," CREDITOR_0 ",JPY,0,0,1,100,-100,0,0\r\n"
		       "2025-01-13," CREDITOR_1 ",EUR,1,1.00,0,0.00,1.00,0,0.00\r\n");
	/* what fell to zero is no row; the next day is not asked for */
	then_report_is(3, 1, "day,channel,state,messages\r\n2025-04-22,sms,failed,1\r\n");
	read_report(4);
	assert_non_null(strstr(report_content, "{\"kind\":\"collections\",\"asOf\":\"2025-01-14\",\"open\":false,"
					       "\"fromOn\":\"2024-10-04\",\"rows\":[\n"));
	assert_non_null(strstr(report_content, "\"reversed\":{\"amountMinor\":100,\"currency\":\"JPY\"}"));
}

static void test_reporting__reports_show_what_their_filters_let_through(void **state)
{
	struct report_requested creditor = asked_for(1, STR("ageing"), STR("csv"));
	struct report_requested currency = asked_for(2, STR("collections"), STR("csv"));
	struct report_requested channel = asked_for(3, STR("communications"), STR("csv"));
	struct report_requested days = asked_for(4, STR("collections"), STR("csv"));

	(void)state;
	write_history();
	apply(history, 12);
	creditor.has_creditor_id = true;
	creditor.creditor_id = (struct uuid){ { 1 } };
	currency.has_currency = true;
	currency.currency = STR("EUR");
	channel.as_of = 20201;
	channel.has_channel = true;
	channel.channel = STR("email");
	days.from_on = days.as_of = 20100;
	request(&creditor, 1);
	request(&currency, 1);
	request(&channel, 1);
	request(&days, 1);
	then_report_is(1, 1,
		       "as_of,creditor_id,currency,past_due,debts,outstanding\r\n"
		       "2025-04-22," CREDITOR_1 ",EUR,181-365 days,1,9.11\r\n");
	then_report_is(2, 1,
		       "day,creditor_id,currency,payments,received,reversals,reversed,net,refunds,refunded\r\n"
		       "2025-01-13," CREDITOR_1 ",EUR,1,1.00,0,0.00,1.00,0,0.00\r\n");
	then_report_is(3, 1, "day,channel,state,messages\r\n2025-04-23,email,submitted,1\r\n");
	then_report_is(4, 1,
		       "day,creditor_id,currency,payments,received,reversals,reversed,net,refunds,refunded\r\n"
		       "2025-01-12," CREDITOR_0 ",JPY,1,100,0,0,100,0,0\r\n");
}

static void test_reporting__a_report_of_nothing_is_a_header_and_says_how_far_the_events_were_read(void **state)
{
	static const struct db_statement statement_heads = {
		"heads",
		"INSERT INTO reporting.reader_head (module, part, epoch, owner, next_offset, last_seq, last_hash)"
		" VALUES ('debts', 0, 1, '', 9, 7, ''), ('debts', 1, 1, '', 4, 4, ''), ('communications', 0, 1, '', 3, 2, '')"
	};
	struct report_requested ageing = asked_for(1, STR("ageing"), STR("csv"));
	struct report_requested communications = asked_for(2, STR("communications"), STR("json"));

	(void)state;
	must(db_run(owner, &statement_heads, NULL, NULL, &err));
	request(&ageing, 1);
	request(&communications, 1);
	then_report_is(1, 0, "as_of,creditor_id,currency,past_due,debts,outstanding\r\n");
	assert_string_equal(report_positions, "{\"0\": 7, \"1\": 4}");
	then_report_is(2, 0,
		       "{\"kind\":\"communications\",\"asOf\":\"2025-04-22\",\"open\":false,\"fromOn\":\"2024-10-04\","
		       "\"rows\":[]}\n");
	assert_string_equal(report_positions, "{\"0\": 2}");
}

static void test_reporting__a_report_once_made_stays_as_it_was(void **state)
{
	struct report_requested ageing = asked_for(1, STR("ageing"), STR("csv"));
	char before[sizeof(report_content)];

	(void)state;
	write_history();
	apply(history, 1);
	request(&ageing, 1);
	read_report(1);
	memcpy(before, report_content, sizeof(before));
	apply(history + 6, 1);
	request(&ageing, 1);
	then_report_is(1, 1, before);
}

static void test_reporting__a_report_that_cannot_be_told_says_why_and_others_are_made(void **state)
{
	static const struct db_statement statement_many = {
		"many",
		"INSERT INTO reporting.collected SELECT '2024-10-04'::date + n % 300, md5(n::text)::uuid, 'EUR', 1, 1, 0, 0"
		" FROM generate_series(1, 10001) n"
	};
	struct report_requested many = asked_for(1, STR("collections"), STR("csv"));
	struct report_requested fewer = asked_for(2, STR("collections"), STR("csv"));
	struct report_requested sum = asked_for(3, STR("ageing"), STR("csv"));
	struct report_requested unknown = asked_for(4, STR("ageing"), STR("csv"));
	struct debt_created huge[] = { { .currency = STR("EUR"), .balance_minor = INT64_MAX, .due_on = 20000 },
				       { .currency = STR("EUR"), .balance_minor = 1, .due_on = 20001 },
				       { .creditor_id = { { 7 } }, .currency = STR("XXQ"), .balance_minor = 1 } };
	struct read_event created_three[3];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		created_three[i] = (struct read_event){ .type = &debt_created_type, .body = &huge[i], .module = "debts" };
	must(db_run(owner, &statement_many, NULL, NULL, &err));
	apply(created_three, 3);
	many.as_of = fewer.as_of = 20299;
	fewer.from_on = 20001;
	sum.has_currency = true;
	sum.currency = STR("EUR");
	unknown.has_creditor_id = true;
	unknown.creditor_id = (struct uuid){ { 7 } };
	request(&many, 1);
	request(&fewer, 1);
	request(&sum, 1);
	request(&unknown, 1);
	read_report(1);
	assert_string_equal(report_state, "failed");
	assert_non_null(strstr(report_reason, "more than 10000 rows"));
	assert_string_equal(report_content, "");
	assert_int_equal(report_rows, 0);
	read_report(3);
	assert_string_equal(report_state, "failed");
	assert_non_null(strstr(report_reason, "too large"));
	read_report(4);
	assert_string_equal(report_state, "failed");
	assert_non_null(strstr(report_reason, "decimals"));
	assert_int_equal(count_of("SELECT rows::bigint FROM reporting.report WHERE state = 'ready'"), 10001 - 33);
}

static void test_reporting__the_files_of_old_reports_are_let_go(void **state)
{
	struct report_requested old = asked_for(1, STR("ageing"), STR("csv"));
	struct report_requested young = asked_for(2, STR("ageing"), STR("csv"));
	int64_t now_ms = clock_now_ms();

	(void)state;
	request(&old, now_ms);
	request(&young, now_ms + (REPORT_KEPT_DAYS - 1) * DAY_MS);
	read_report(1);
	assert_string_equal(report_state, "ready");
	young.report_id = (struct uuid){ { 3 } };
	request(&young, now_ms + (REPORT_KEPT_DAYS + 1) * DAY_MS);
	read_report(1);
	assert_string_equal(report_state, "expired");
	assert_string_equal(report_content, "");
}

static void test_reporting__whoever_asks_sees_reports_before_and_after_they_are_made(void **state)
{
	static const struct db_statement statement_asked = {
		"asked",
		"INSERT INTO reports.report VALUES ('01000000-0000-0000-0000-000000000000', 'ageing', 'csv', '2025-04-22', true,"
		" NULL, NULL, NULL, NULL, 'test', now())"
	};
	static const struct db_statement statement_seen = {
		"seen", "SELECT state, file_name, coalesce(size, -1), content IS NULL FROM reporting.public_report"
	};
	struct report_requested ageing = asked_for(1, STR("ageing"), STR("csv"));
	struct db *api = open_as("test_reporting", "dcs_api", "public");
	struct db_result result = { 0 };

	(void)state;
	must(db_run(owner, &statement_asked, NULL, NULL, &err));
	must(db_run(api, &statement_seen, NULL, &result, &err));
	assert_int_equal(result.rows, 1);
	assert_true(str_is(db_str(&result, 0, 0), "requested"));
	assert_true(str_is(db_str(&result, 0, 1), "ageing-2025-04-22-open.csv"));
	assert_true(db_bool(&result, 0, 3));
	db_result_release(&result);
	request(&ageing, 1);
	must(db_run(api, &statement_seen, NULL, &result, &err));
	assert_true(str_is(db_str(&result, 0, 0), "ready"));
	assert_true(db_int32(&result, 0, 2) > 0);
	assert_false(db_bool(&result, 0, 3));
	db_result_release(&result);
	db_close(api);
}

static void test_reporting__the_program_may_not_delete_and_dashboards_may_only_read(void **state)
{
	static const struct db_statement statement_delete = { "delete", "DELETE FROM reporting.collected" };
	static const struct db_statement statement_read = { "read", "SELECT count(*) FROM reporting.ageing('2026-01-01')" };
	static const struct db_statement statement_write = { "write", "UPDATE reporting.communications SET messages = 0" };
	struct db *dashboard = open_as("test_reporting", "dcs_report", "reporting");

	(void)state;
	assert_int_equal(db_run(db, &statement_delete, NULL, NULL, &err), -1);
	assert_string_equal(db_sqlstate(db), "42501");
	must(db_run(dashboard, &statement_read, NULL, NULL, &err));
	assert_int_equal(db_run(dashboard, &statement_write, NULL, NULL, &err), -1);
	assert_string_equal(db_sqlstate(dashboard), "42501");
	db_close(dashboard);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reporting__tables_are_equal_however_the_events_are_cut_into_batches, empty),
		cmocka_unit_test_setup(test_reporting__a_rebuild_under_another_name_comes_out_equal, empty),
		cmocka_unit_test_setup(test_reporting__the_figures_are_those_of_the_events, empty),
		cmocka_unit_test_setup(test_reporting__events_of_no_interest_write_nothing, empty),
		cmocka_unit_test_setup(test_reporting__a_sum_over_the_range_is_poison_and_leaves_the_session_usable, empty),
		cmocka_unit_test_setup(test_reporting__each_age_is_in_exactly_one_bucket, empty),
		cmocka_unit_test_setup(test_reporting__reports_are_files_of_the_tables_as_they_are, empty),
		cmocka_unit_test_setup(test_reporting__reports_show_what_their_filters_let_through, empty),
		cmocka_unit_test_setup(test_reporting__a_report_of_nothing_is_a_header_and_says_how_far_the_events_were_read,
				       empty),
		cmocka_unit_test_setup(test_reporting__a_report_once_made_stays_as_it_was, empty),
		cmocka_unit_test_setup(test_reporting__a_report_that_cannot_be_told_says_why_and_others_are_made, empty),
		cmocka_unit_test_setup(test_reporting__the_files_of_old_reports_are_let_go, empty),
		cmocka_unit_test_setup(test_reporting__whoever_asks_sees_reports_before_and_after_they_are_made, empty),
		cmocka_unit_test_setup(test_reporting__the_program_may_not_delete_and_dashboards_may_only_read, empty),
	};

	return cmocka_run_group_tests_name("reporting", tests, set_up_all, tear_down_all);
}
