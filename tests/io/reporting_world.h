#ifndef TESTS_IO_REPORTING_WORLD_H
#define TESTS_IO_REPORTING_WORLD_H

/* consumers/reporting's store on a database of its own (DCS_TEST_PG), run from the root: events in, tables and reports out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/day.h"
#include "consumers/reporting/store.h"
#include "schemas/debts.h"
#include "schemas/reports.h"
#include "tests/io/database.h"

static struct err err;
static struct db *admin;
static struct db *owner; /* looks at the tables */
static struct db *db;    /* the program's role */
static struct reporting reporting;

static const struct db_statement statement_drop = { "drop", "DROP DATABASE IF EXISTS test_reporting WITH (FORCE)" };
static const struct db_statement statement_truncate = { "truncate",
							"TRUNCATE reporting.outstanding, reporting.outstanding_change, "
							"reporting.collected, reporting.communications, reporting.report,"
							" reporting.reader_head, reports.report" };
/* All tables as one text. */
static const struct db_statement statement_dump = {
	"dump", "SELECT string_agg(line, E'\\n' ORDER BY line) FROM (SELECT 'outstanding ' || o FROM outstanding o UNION ALL"
		" SELECT 'change ' || x FROM outstanding_change x UNION ALL SELECT 'collected ' || c FROM collected c UNION ALL"
		" SELECT 'messages ' || m FROM communications m) AS lines (line)"
};

static inline void must(int rc)
{
	if (rc != 0)
		fail_msg("unexpected failure: %s", err.text);
}

static inline struct db *open_as(const char *database, const char *role, const char *schema)
{
	char conninfo[1024];
	struct db *one = NULL;

	snprintf(conninfo, sizeof(conninfo), "%s dbname=%s options=-csearch_path=%s", getenv("DCS_TEST_PG"), database, schema);
	if (role != NULL)
		snprintf(conninfo + strlen(conninfo), sizeof(conninfo) - strlen(conninfo), " user=%s", role);
	must(db_open(conninfo, "test_reporting", 0, &one, &err));
	return one;
}

static inline int set_up_all(void **state)
{
	(void)state;
	must(test_database_make("test_reporting", &err));
	admin = open_as("postgres", NULL, "public");
	owner = open_as("test_reporting", NULL, "reporting");
	db = open_as("test_reporting", "dcs_reporting", "reporting");
	reporting_init(&reporting);
	return 0;
}

static inline int tear_down_all(void **state)
{
	(void)state;
	reporting_release(&reporting);
	db_close(db);
	db_close(owner);
	must(db_run(admin, &statement_drop, NULL, NULL, &err));
	db_close(admin);
	return 0;
}

static inline int empty(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	must(db_run(owner, &statement_truncate, NULL, NULL, &err));
	return 0;
}

static inline void apply_to(struct db *on, const struct read_event *events, size_t count)
{
	must(db_begin(on, &err));
	must(reporting_apply(&reporting, on, events, count, &err));
	must(db_commit(on, &err));
}

static inline void apply(const struct read_event *events, size_t count)
{
	apply_to(db, events, count);
}

static inline void dump_of(struct db *on, char *text, size_t size)
{
	struct db_result result = { 0 };

	must(db_run(on, &statement_dump, NULL, &result, &err));
	assert_true(str_to_chars(text, size, db_str(&result, 0, 0)));
	db_result_release(&result);
}

static inline void dump(char *text, size_t size)
{
	dump_of(owner, text, size);
}

static inline int64_t count_of(const char *sql)
{
	const struct db_statement statement = { "count", sql };
	struct db *once = open_as("test_reporting", NULL, "reporting");
	struct db_result result = { 0 };
	int64_t number;

	must(db_run(once, &statement, NULL, &result, &err));
	number = db_int64(&result, 0, 0);
	db_result_release(&result);
	db_close(once);
	return number;
}

/* ---- reports ---- */

static inline struct report_requested asked_for(uint8_t number, struct str kind, struct str format)
{
	return (struct report_requested){ .report_id = { { number } },
					  .version = 1,
					  .kind = kind,
					  .format = format,
					  .as_of = 20200,
					  .has_from_on = !str_is(kind, "ageing"),
					  .from_on = 20000,
					  .requested_by = STR("test") };
}

static inline void request(const struct report_requested *asked, int64_t at_ms)
{
	const struct read_event event = { .type = &report_requested_type, .body = asked, .at_ms = at_ms, .module = "reports" };

	apply(&event, 1);
}

/* What is known of the last report that was read. */
static char report_state[16], report_reason[160], report_content[65536], report_positions[256];
static int32_t report_rows;

static inline void read_report(uint8_t number)
{
	static const struct db_statement statement_report = {
		"report", "SELECT state, coalesce(reason, ''), coalesce(content, ''), positions::text, rows,"
			  " size = coalesce(octet_length(content), size) AND (content IS NULL OR sha256 = sha256(content))"
			  " FROM reporting.report WHERE report_id = $1"
	};
	struct uuid id = { { number } };
	struct db_result result = { 0 };
	struct db_params params;

	db_params_init(&params, 64);
	db_param_uuid(&params, &id);
	must(db_run(owner, &statement_report, &params, &result, &err));
	assert_int_equal(result.rows, 1);
	assert_true(str_to_chars(report_state, sizeof(report_state), db_str(&result, 0, 0)));
	assert_true(str_to_chars(report_reason, sizeof(report_reason), db_str(&result, 0, 1)));
	assert_true(str_to_chars(report_content, sizeof(report_content), db_str(&result, 0, 2)));
	assert_true(str_to_chars(report_positions, sizeof(report_positions), db_str(&result, 0, 3)));
	report_rows = db_int32(&result, 0, 4);
	assert_true(db_bool(&result, 0, 5));
	db_result_release(&result);
	db_params_release(&params);
}

static inline void then_report_is(uint8_t number, int rows, const char *content)
{
	read_report(number);
	assert_string_equal(report_state, "ready");
	assert_string_equal(report_reason, "");
	assert_string_equal(report_content, content);
	assert_int_equal(report_rows, rows);
}

#endif
