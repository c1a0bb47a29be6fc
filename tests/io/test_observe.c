/* `dcs status` of a module that reacts: what it has not answered, and what it has not sent. The module is made here of the tables of
 * reports, and the rows of the logs are the test's own. */
#include "base/buf.h"
#include "consumers/debts/debts.h"
#include "consumers/modules.h"
#include "consumers/reports/reports.h"
#include "model/topic.h"
#include "producers/cli/cli.h"
#include "producers/cli/observe.h"
#include "producers/cli/rest.h"
#include "producers/cli/status_metrics.h"
#include "tests/io/mock_cluster.h"
#include "tests/io/store_spec.h"
#include "worker/pg_edge.h"

#define PARTS 2

static struct store_spec spec;
static struct mock_cluster mock;
static struct observer observer;
static struct observation seen;

static void exec(const char *sql)
{
	const struct db_statement statement = { "", sql };

	store_must(&spec, db_run(spec.admin, &statement, NULL, NULL, &spec.err));
}

static int open_world(void **state)
{
	static char conninfo[STORE_CONNINFO_MAX];

	(void)state;
	store_spec_init(&spec, &reports_module, &reports_store);
	exec("SELECT dcs_create_reaction('reports')");
	exec("INSERT INTO debts.partition_head (part, epoch, owner, next_offset, log_seq, log_hash)"
	     " SELECT part, 1, 'test', 0, 0, decode(repeat('00', 32), 'hex') FROM generate_series(0, 1) part");
	exec("INSERT INTO reports.partition_head SELECT * FROM debts.partition_head");
	exec("INSERT INTO reports.followed_head SELECT part, 'debts', 0, 0, log_hash FROM debts.partition_head");
	/* A row of a log. */
	exec("CREATE FUNCTION test_row(schema_id integer, its_part integer, its_seq bigint, subject uuid, hours integer) RETURNS "
	     "debts.event_log LANGUAGE sql AS $$ SELECT its_part, its_seq, gen_random_uuid(), schema_id, gen_random_uuid(), "
	     "subject,"
	     " gen_random_uuid(), gen_random_uuid(), now() - hours * interval '1 h', 0, NULL::bytea, ''::bytea, ''::bytea,"
	     " NULL::text $$");
	mock_cluster_start(&mock);
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++) {
		char topic[TOPIC_NAME_MAX];

		topic_name(topic, command_modules[i]->name, TOPIC_COMMANDS);
		mock_cluster_topic(&mock, topic, PARTS);
		topic_name(topic, command_modules[i]->name, TOPIC_EVENTS);
		mock_cluster_topic(&mock, topic, PARTS);
	}
	snprintf(conninfo, sizeof(conninfo), "%s dbname=test_store", getenv("DCS_TEST_PG"));
	store_must(&spec, observer_open(&observer, mock_cluster_bootstrap(&mock), conninfo, "", "", &spec.err));
	return 0;
}

static int close_world(void **state)
{
	(void)state;
	observer_close(&observer);
	mock_cluster_stop(&mock);
	store_spec_release(&spec);
	return 0;
}

static void look(void)
{
	store_must(&spec, observe(&observer, &seen, &spec.err));
}

static const struct followed_status *position(int32_t part)
{
	for (size_t i = 0; i < seen.followed_count; i++)
		if (strcmp(seen.followed[i].module, "reports") == 0 && seen.followed[i].part == part)
			return &seen.followed[i];
	fail_msg("no position of partition %d", part);
	return NULL;
}

static const struct part_status *part_of_reports(int32_t part)
{
	for (size_t i = 0; i < seen.parts_count; i++)
		if (strcmp(seen.parts[i].module, "reports") == 0 && seen.parts[i].part == part)
			return &seen.parts[i];
	fail_msg("no partition %d", part);
	return NULL;
}

static bool has_metric(const char *line)
{
	struct buf text;
	bool has;

	buf_init(&text, (size_t)1 << 20);
	assert_int_equal(status_metrics(&seen, &text), 0);
	buf_add_u8(&text, '\0');
	has = strstr((const char *)text.data, line) != NULL;
	buf_release(&text);
	return has;
}

static void test_observe__counts_events_that_are_not_answered(void **state)
{
	(void)state;
	exec("INSERT INTO debts.event_row SELECT r.* FROM generate_series(1, 3) n,"
	     " test_row(1, 1, n, gen_random_uuid(), 4 - n::integer) r");
	exec("UPDATE debts.partition_head SET log_seq = 3 WHERE part = 1");
	exec("UPDATE reports.followed_head SET next_offset = 9, last_seq = 1 WHERE part = 1");
	look();
	assert_string_equal(position(1)->follows, "debts");
	assert_int_equal(position(1)->lag, 2);
	assert_int_equal(position(1)->next_offset, 9);
	assert_in_range(position(1)->late_s, 2 * 3600, 3 * 3600 - 1); /* of event 2 */
	assert_int_equal(position(0)->lag, 0);
	assert_int_equal(position(0)->late_s, 0);
	assert_false(observation_is_idle(&seen));
	assert_true(has_metric("dcs_followed_lag_events{module=\"reports\",follows=\"debts\",partition=\"1\"} 2\n"));
	exec("UPDATE reports.followed_head SET last_seq = 3 WHERE part = 1");
	look();
	assert_int_equal(position(1)->lag, 0);
}

/* Of three commands of the log one is below the position, and one is known to its module: it was sent, whatever the position says. */
static void test_observe__counts_commands_that_no_module_knows(void **state)
{
	(void)state;
	exec("INSERT INTO reports.event_row SELECT r.* FROM generate_series(1, 4) n,"
	     " test_row(CASE WHEN n = 3 THEN 1 ELSE (dcs_schema_ids('CommandIssued'))[1] END, 0, n,"
	     " ('019a0000-0000-7000-8000-00000000000' || n)::uuid, 5 - n::integer) r");
	exec("UPDATE reports.partition_head SET log_seq = 4 WHERE part = 0");
	exec("INSERT INTO reports.sent_head VALUES (0, 1)");
	look();
	assert_int_equal(part_of_reports(0)->sent_seq, 1);
	assert_int_equal(part_of_reports(0)->unsent, 2);
	assert_in_range(part_of_reports(0)->unsent_s, 3 * 3600, 4 * 3600 - 1);
	assert_false(part_of_reports(1)->unsent > 0);
	exec("INSERT INTO debts.dead_letter (part, command_offset, code, reason, at, headers, command_id)"
	     " VALUES (0, 1, 'not_authorised', '', now(), '', '019a0000-0000-7000-8000-000000000002')");
	look();
	assert_int_equal(part_of_reports(0)->unsent, 1);
	assert_in_range(part_of_reports(0)->unsent_s, 3600, 2 * 3600 - 1);
	assert_false(observation_is_idle(&seen));
	assert_true(has_metric("dcs_unsent_commands{module=\"reports\",partition=\"0\"} 1\n"));
	assert_false(has_metric("dcs_unsent_commands{module=\"debts\""));
}

/* An event broke our code, and killed some owners before. After a mended program was put in, the operator lets it go. */
static void test_observe__a_partition_that_an_event_halted_says_why_and_goes_on(void **state)
{
	char pg[STORE_CONNINFO_MAX], name[] = "unhalt", module[] = "reports", part[] = "1", flag[] = "--pg";
	char *arguments[] = { name, module, part, flag, pg };

	(void)state;
	exec("UPDATE reports.partition_head SET state = 'halted', reason = 'events of debts, offset 9: DebtPaid breaks our code' "
	     "WHERE part = 1");
	exec("UPDATE reports.followed_head SET tries = 5, crashes = 2, quarantine = 1, quarantine_left = 7 WHERE part = 1");
	look();
	assert_true(part_of_reports(1)->halted);
	assert_string_equal(part_of_reports(1)->reason, "events of debts, offset 9: DebtPaid breaks our code");
	snprintf(pg, sizeof(pg), "%s dbname=test_store", getenv("DCS_TEST_PG"));
	assert_int_equal(run_unhalt(COUNT(arguments), arguments), 0);
	look();
	assert_false(part_of_reports(1)->halted);
	assert_int_equal(
		store_number(&spec, "counts",
			     "SELECT sum(tries + crashes + quarantine + quarantine_left)::bigint FROM reports.followed_head"),
		0);
	assert_int_equal(position(1)->last_seq, 3); /* what was answered stays answered */
}

/* After the events were published anew. The answers' place in the log stays. */
static void test_observe__a_position_among_events_is_moved(void **state)
{
	char pg[STORE_CONNINFO_MAX], name[] = "unhalt", module[] = "reports", part[] = "1", flag[] = "--pg", of[] = "--of",
				     debts[] = "debts", at[] = "--at", offset[] = "700", users[] = "users";
	char *right[] = { name, module, part, flag, pg, of, debts, at, offset };
	char *of_nobody[] = { name, module, part, flag, pg, of, users, at, offset };
	char *nowhere[] = { name, module, part, flag, pg, of, debts };

	(void)state;
	snprintf(pg, sizeof(pg), "%s dbname=test_store", getenv("DCS_TEST_PG"));
	exec("UPDATE reports.partition_head SET state = 'halted', reason = 'events of debts', next_offset = 40 WHERE part = 1");
	assert_int_equal(run_unhalt(COUNT(nowhere), nowhere), 2);
	assert_int_equal(run_unhalt(COUNT(of_nobody), of_nobody), 1);
	look();
	assert_true(part_of_reports(1)->halted);
	assert_int_equal(run_unhalt(COUNT(right), right), 0);
	look();
	assert_false(part_of_reports(1)->halted);
	assert_int_equal(part_of_reports(1)->next_offset, 40);
	assert_int_equal(position(1)->next_offset, 700);
	assert_int_equal(position(1)->last_seq, 3);
}

/* ---- whether all rest, as a rehearsal asks (rest.h) ---- */

static struct rest rest;

static const char *still_missing(void)
{
	struct err err = ERR_INIT;
	int waited;

	waited = rest_wait(&rest, observer.producer, 0, &err);
	for (int look = 0; look < 3 && waited != 0; look++) { /* two in a row must agree */
		err = (struct err)ERR_INIT;
		waited = rest_wait(&rest, observer.producer, 50, &err);
	}
	return waited == 0 ? "nothing" : rest.missing;
}

static const char *missing(void)
{
	rest_release(&rest);
	store_must(&spec, rest_open(&rest, spec.admin, observer.producer, &spec.err));
	return still_missing();
}

static void test_observe__a_rehearsal_waits_for_what_modules_cause_in_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++) {
		char sql[256];

		snprintf(sql, sizeof(sql),
			 "INSERT INTO %s.partition_head SELECT * FROM debts.partition_head ON CONFLICT DO NOTHING",
			 command_modules[i]->name);
		if (command_modules[i] != &debts_module)
			exec(sql);
	}
	exec("UPDATE customers.partition_head SET log_seq = 0");
	exec("UPDATE communications.partition_head SET log_seq = 0");
	exec("UPDATE users.partition_head SET log_seq = 0");
	assert_string_equal(missing(), "what modules send to each other"); /* the last of the test before */
	exec("INSERT INTO debts.dead_letter (part, command_offset, code, reason, at, headers, command_id)"
	     " VALUES (0, 2, 'not_authorised', '', now(), '', '019a0000-0000-7000-8000-000000000004'),"
	     " (0, 3, 'not_authorised', '', now(), '', '019a0000-0000-7000-8000-000000000001')");
	assert_string_equal(missing(), "nothing");
	exec("UPDATE reports.followed_head SET last_seq = 2 WHERE part = 1");
	assert_string_equal(missing(), "reports debts/1");
	exec("UPDATE reports.followed_head SET last_seq = 3 WHERE part = 1");
	assert_string_equal(missing(), "nothing");
	/* A command that is in its topic, and of which its module does not know yet, however much was written behind it. */
	exec("INSERT INTO reports.event_row SELECT r.* FROM generate_series(5, 300) n,"
	     " test_row(CASE WHEN n = 5 THEN (dcs_schema_ids('CommandIssued'))[1] ELSE 1 END, 0, n,"
	     " '019a0000-0000-7000-8000-000000000005', 0) r");
	exec("UPDATE reports.partition_head SET log_seq = 300 WHERE part = 0");
	exec("UPDATE reports.sent_head SET log_seq = 300 WHERE part = 0");
	assert_string_equal(still_missing(), "what modules send to each other");
	exec("INSERT INTO debts.dead_letter (part, command_offset, code, reason, at, headers, command_id)"
	     " VALUES (0, 4, 'not_authorised', '', now(), '', '019a0000-0000-7000-8000-000000000005')");
	assert_string_equal(still_missing(), "nothing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_observe__counts_events_that_are_not_answered),
		cmocka_unit_test(test_observe__counts_commands_that_no_module_knows),
		cmocka_unit_test(test_observe__a_rehearsal_waits_for_what_modules_cause_in_each_other),
		cmocka_unit_test(test_observe__a_partition_that_an_event_halted_says_why_and_goes_on),
		cmocka_unit_test(test_observe__a_position_among_events_is_moved),
	};

	return cmocka_run_group_tests_name("observe", tests, open_world, close_world);
}
