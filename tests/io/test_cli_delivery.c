/* What `dcs import` and `dcs publish` send and hear, against librdkafka's mock cluster; the test is the module that answers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "bus/bus.h"
#include "crypto/crypto.h"
#include "producers/cli/delivery.h"
#include "schemas/debts.h"
#include "schemas/engine.h"
#include "tests/io/mock_cluster.h"
#include "wire/coder.h"

#define COMMANDS "dcs.debts.commands.v1"
#define EVENTS   "dcs.debts.events.v1"
#define DEAD     "dcs.dead-letter.v1"
#define WINDOW   4
#define FLUSH_MS 20000

static struct mock_cluster mock;
static struct bus_producer *module; /* what it says goes out by this */
static struct delivery_conf conf;
static struct tally *tally;
static struct delivery *delivery;
static char told[1024], token_path[64];
static struct err err;

static void must(int result)
{
	if (result != 0)
		fail_msg("%s", err.text);
}

static void tell(void *tell_arg, const struct told *row)
{
	size_t used = strlen(told);

	(void)tell_arg;
	(void)snprintf(told + used, sizeof(told) - used, "%lld %s %.*s|", (long long)row->line, outcome_text(row->outcome),
		       (int)row->reason->code.size, row->reason->code.data);
}

static int set_up(void **state)
{
	int fd = -1;

	(void)state;
	err = (struct err)ERR_INIT;
	told[0] = '\0';
	(void)snprintf(token_path, sizeof(token_path), "/tmp/dcs-token-XXXXXX");
	fd = mkstemp(token_path);
	assert_int_equal(write(fd, "token\n", 6), 6);
	assert_int_equal(close(fd), 0);
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, COMMANDS, 1);
	mock_cluster_topic(&mock, EVENTS, 1);
	mock_cluster_topic(&mock, DEAD, 1);
	conf = (struct delivery_conf){ .sender = { .bootstrap = mock_cluster_bootstrap(&mock),
						   .token_file = token_path,
						   .correlation = "",
						   .timeout_s = 20 },
				       .pg = "host=/nowhere",
				       .pg_user = "" };
	must(bus_producer_open(&(struct bus_conf){ .bootstrap = conf.sender.bootstrap, .client_id = "test" }, &module, &err));
	must(tally_new(WINDOW, tell, NULL, &tally, &err));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	delivery_close(delivery);
	delivery = NULL;
	tally_free(tally);
	bus_producer_close(module);
	mock_cluster_stop(&mock);
	return unlink(token_path);
}

static struct uuid id_of(int line)
{
	return (struct uuid){ .bytes = { 0x01, [6] = 0x70, [8] = 0x80, [15] = (uint8_t)line } };
}

static void when_sent(int line)
{
	struct uuid id = id_of(line);
	const struct cancel_debt body = { .debt_id = id, .customer_id = id, .reason = STR("not_the_debtor") };
	const struct delivery_command command = { .type = &cancel_debt_type, .body = &body, .id = id };

	must(delivery_send(delivery, line, STR("row"), &command, 1, &err));
}

static void say(const char *topic, struct str value, const struct header *headers, size_t count)
{
	must(bus_produce(module, topic, 0, STR("key"), value, headers, count, NULL, NULL, &err));
	must(bus_producer_flush(module, FLUSH_MS, &err));
}

static void when_accepted(int line)
{
	struct uuid id = id_of(line);
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, &id);
	say(EVENTS, STR("an event"), (const struct header[]){ { "ce_causationid", str_of(text) } }, 1);
}

static void when_refused(int line, const char *code)
{
	struct uuid id = id_of(line);
	const struct command_rejected rejected = { .command_id = id,
						   .customer_id = id,
						   .command_type = STR("CancelDebt"),
						   .code = str_of(code),
						   .field = STR("reason") };
	char text[UUID_TEXT_SIZE + 1];
	struct buf value;

	buf_init(&value, 4096);
	uuid_format(text, &id);
	must(coder_encode(&command_rejected_type, &rejected, &value, &err));
	say(EVENTS, buf_str(&value), (const struct header[]){ { "ce_causationid", str_of(text) } }, 1);
	buf_release(&value);
}

static void when_dead(int line, const char *offset)
{
	struct uuid id = id_of(line);
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, &id);
	say(DEAD, STR("a record"),
	    (const struct header[]){ { "ce_id", str_of(text) },
				     { "dcs_error_topic", STR(COMMANDS) },
				     { "dcs_error_partition", STR("0") },
				     { "dcs_error_offset", str_of(offset) },
				     { "dcs_error_code", STR("not_authorised") },
				     { "dcs_error_message", STR("why") } },
	    6);
}

static void then_summary(const char *expected)
{
	char text[TALLY_SUMMARY_SIZE];

	tally_summary(tally, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_delivery__hears_what_the_module_answers(void **state)
{
	(void)state;
	must(delivery_open(&conf, "debts", tally, &delivery, &err));
	for (int line = 1; line <= 3; line++)
		when_sent(line);
	when_accepted(2);
	when_accepted(77); /* somebody else's */
	when_refused(3, "bad_transition");
	when_dead(1, "17"); /* a stranger's record with our id: not where ours stands */
	when_dead(1, "0");
	must(delivery_finish(delivery, &err));
	then_summary("1 accepted, 1 refused (1 bad_transition), 1 dead");
	assert_non_null(strstr(told, "1 dead not_authorised|"));
	assert_non_null(strstr(told, "3 refused bad_transition|"));
}

static void test_delivery__gives_up_when_nothing_moves_and_goes_on(void **state)
{
	(void)state;
	conf.sender.timeout_s = 3;
	must(delivery_open(&conf, "debts", tally, &delivery, &err));
	for (int line = 1; line <= WINDOW + 2; line++)
		when_sent(line); /* the fifth finds no room until the first four are given up */
	assert_string_equal(told,
			    "1 unanswered unanswered|2 unanswered unanswered|3 unanswered unanswered|4 unanswered unanswered|");
	when_accepted(1); /* too late: nobody waits for it */
	when_accepted(6);
	must(delivery_finish(delivery, &err));
	then_summary("1 accepted, 0 refused, 5 unanswered");
	assert_false(tally_is_good(tally));
}

static void test_delivery__tells_what_the_brokers_do_not_take(void **state)
{
	(void)state;
	must(delivery_open(&conf, "debts", tally, &delivery, &err));
	when_sent(1);
	when_accepted(1);
	must(delivery_finish(delivery, &err));
	mock_cluster_fail(&mock, MOCK_PRODUCE, MOCK_INVALID_RECORD, 1);
	when_sent(2);
	(void)!delivery_finish(delivery, &err); /* the producer is broken by it */
	delivery_close(delivery);
	delivery = NULL;
	then_summary("1 accepted, 0 refused, 1 not sent");
	assert_string_equal(told, "2 not sent not_sent|");
}

static void test_delivery__ends_with_the_acknowledgements_when_nobody_waits(void **state)
{
	(void)state;
	conf.no_wait = true;
	must(delivery_open(&conf, "debts", tally, &delivery, &err));
	for (int line = 1; line <= 3 * WINDOW; line++)
		when_sent(line);
	must(delivery_finish(delivery, &err));
	then_summary("12 acknowledged, 0 refused");
	assert_true(tally_is_good(tally));
}

static void test_delivery__says_that_the_brokers_are_away(void **state)
{
	(void)state;
	conf.sender.timeout_s = 3;
	must(delivery_open(&conf, "debts", tally, &delivery, &err));
	when_sent(1);
	when_accepted(1);
	must(delivery_finish(delivery, &err));
	mock_cluster_broker_down(&mock);
	when_sent(2);
	assert_int_equal(delivery_finish(delivery, &err), -1);
	assert_int_equal(err.kind, ERR_RETRY);
	delivery_close(delivery);
	delivery = NULL;
	assert_int_equal(tally_counts(tally)->under_way, 0);
	assert_int_equal(tally_counts(tally)->rows[OUTCOME_UNANSWERED], 1); /* it may be there or not */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_delivery__hears_what_the_module_answers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delivery__gives_up_when_nothing_moves_and_goes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delivery__tells_what_the_brokers_do_not_take, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_delivery__ends_with_the_acknowledgements_when_nobody_waits, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_delivery__says_that_the_brokers_are_away, set_up, tear_down),
	};

	if (crypto_init(&err) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
