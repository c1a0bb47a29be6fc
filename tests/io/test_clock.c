/* producers/clock against librdkafka's mock cluster. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/day.h"
#include "crypto/crypto.h"
#include "model/command.h"
#include "producers/clock/ticker.h"
#include "schemas/clock.h"
#include "tests/io/mock_cluster.h"
#include "token/token.h"
#include "wire/coder.h"
#include "wire/envelope.h"

#define DEBTS       "dcs.debts.commands.v1"
#define CUSTOMERS   "dcs.customers.commands.v1"
#define DEADLINE_MS 30000
#define NOON_MS     1795348800000LL /* 2026-11-22T12:00:00Z */

static struct mock_cluster mock;
static struct ticker_conf conf;
static char keys_dir[] = "/tmp/dcs-test-clock-XXXXXX";
static char command[512];
static struct ticker *ticker;

/* A P-256 key pair that nobody else has. */
static int make_key(void **state)
{
	(void)state;
	if (mkdtemp(keys_dir) == NULL)
		return -1;
	snprintf(command, sizeof(command),
		 "umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s/test.pem 2>/dev/null",
		 keys_dir);
	return system(command);
}

static int drop_key(void **state)
{
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", keys_dir);
	return system(command);
}

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, CUSTOMERS, 2);
	mock_cluster_topic(&mock, DEBTS, 3);
	conf = (struct ticker_conf){
		.bootstrap = mock_cluster_bootstrap(&mock),
		.client_id = "test-clock",
		.modules = "customers,debts",
		.timezone = "UTC",
		.keys_dir = keys_dir,
		.token_issuer = "dcs",
		.token_audience = "dcs",
	};
	return crypto_init(&err) == 0 ? ticker_new(&conf, &ticker, &err) : -1;
}

static int tear_down(void **state)
{
	(void)state;
	ticker_free(ticker);
	ticker = NULL;
	mock_cluster_stop(&mock);
	return 0;
}

/* ---- helpers ---- */

static void tick_at(int64_t now_ms)
{
	struct err error = ERR_INIT;

	if (ticker_tick(ticker, now_ms, &error) != 0)
		fail_msg("%s", error.text);
}

/* Polls until this many were delivered or lost. */
static void settle(uint64_t count)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (ticker_counts(ticker).delivered + ticker_counts(ticker).lost < count) {
		assert_true(clock_monotonic_ms() < until_ms);
		ticker_poll(ticker, 50);
	}
}

struct seen {
	size_t count;
	struct tick last;
	struct envelope envelope; /* borrows from nothing that is left: ids and numbers only */
	bool has_key;
	struct token_claims claims;
};

static void look(struct seen *seen, const struct bus_record *record)
{
	static char block[8192];
	struct err error = ERR_INIT;
	struct arena arena = { .block = (unsigned char *)block, .size = sizeof(block) };
	struct header headers[HEADERS_MAX];
	struct token_keys *keys = NULL;
	const struct message_type *type;
	const void *body;
	size_t count;

	assert_int_equal(coder_decode(record->value, &arena, &type, &body, &error), 0);
	assert_ptr_equal(type, &tick_type);
	assert_int_equal(bus_record_headers(record, headers, &count, &error), 0);
	assert_int_equal(envelope_read(headers, count, &seen->envelope, &error), 0);
	assert_int_equal(token_keys_load(keys_dir, "dcs", "dcs", &keys, &error), 0);
	assert_int_equal(token_verify(keys, seen->envelope.token, &seen->claims, &error), 0);
	seen->last = *(const struct tick *)body;
	seen->has_key = record->key.data != NULL;
	seen->count++;
	token_keys_free(keys);
}

static struct seen read_part(const char *topic, int32_t part)
{
	struct err error = ERR_INIT;
	struct bus_conf bus = { .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test" };
	struct bus_reader *reader = NULL;
	struct bus_record record;
	struct seen seen = { .count = 0 };
	bool found;

	assert_int_equal(bus_reader_open(&bus, topic, &reader, &error), 0);
	assert_int_equal(bus_reader_seek(reader, part, 0, &error), 0);
	for (;;) {
		assert_int_equal(bus_reader_next(reader, DEADLINE_MS, &found, &record, &error), 0);
		if (!found)
			break;
		look(&seen, &record);
		bus_record_release(&record);
	}
	bus_reader_close(reader);
	return seen;
}

/* ---- tests ---- */

static void test_clock__every_partition_gets_the_tick(void **state)
{
	(void)state;
	tick_at(NOON_MS);
	settle(5);
	for (int32_t part = 0; part < 5; part++) {
		struct seen seen = part < 2 ? read_part(CUSTOMERS, part) : read_part(DEBTS, part - 2);

		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.last.at, NOON_MS);
		assert_int_equal(seen.last.business_date, day_of(2026, 11, 22));
		assert_false(seen.has_key);
		assert_false(uuid_is_none(&seen.envelope.id));
		assert_int_equal(seen.claims.roles, ROLE_CLOCK);
		assert_string_equal(seen.claims.subject, "clock");
		assert_true(token_is_valid_at(&seen.claims, NOON_MS));
	}
}

static void test_clock__an_instant_is_never_earlier_than_the_last(void **state)
{
	(void)state;
	tick_at(NOON_MS);
	settle(5);
	tick_at(NOON_MS - 60000);
	settle(10);
	struct seen seen = read_part(DEBTS, 0);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.last.at, NOON_MS);
}

static void test_clock__the_token_is_renewed_before_it_ends(void **state)
{
	(void)state;
	tick_at(NOON_MS);
	settle(5);
	tick_at(NOON_MS + 50 * 60000);
	settle(10);
	struct seen seen = read_part(DEBTS, 0);
	assert_true(seen.claims.expires_at_ms > NOON_MS + 100 * 60000);
}

static void test_clock__a_stall_is_followed_by_the_current_tick_only(void **state)
{
	(void)state;
	tick_at(NOON_MS);
	settle(5);
	mock_cluster_broker_down(&mock);
	for (int second = 1; second <= 100; second++)
		tick_at(NOON_MS + second * 1000);
	assert_int_equal(ticker_counts(ticker).sent, 10);
	assert_int_equal(ticker_counts(ticker).skipped, 99 * 5);
	mock_cluster_broker_up(&mock);
	settle(10);
	tick_at(NOON_MS + 200000); /* with a new producer, if giving up has broken the first */
	settle(15);
	assert_int_equal(ticker_counts(ticker).delivered + ticker_counts(ticker).lost, 15);
	for (int32_t part = 0; part < 3; part++)
		assert_int_equal(read_part(DEBTS, part).last.at, NOON_MS + 200000);
	assert_true(read_part(DEBTS, 0).count <= 3);
}

static void test_clock__a_missing_topic_leaves_the_others_alone(void **state)
{
	struct err error = ERR_INIT;

	(void)state;
	mock_cluster_lose_topic(&mock, CUSTOMERS);
	assert_int_equal(ticker_tick(ticker, NOON_MS, &error), -1);
	assert_int_equal(error.kind, ERR_RETRY);
	settle(3);
	assert_int_equal(read_part(DEBTS, 2).count, 1);
}

static void expect_refused(const char *modules, const char *timezone)
{
	struct err error = ERR_INIT;
	struct ticker *other = NULL;
	struct ticker_conf wrong = conf;

	wrong.modules = modules;
	wrong.timezone = timezone;
	assert_int_equal(ticker_new(&wrong, &other, &error), -1);
	assert_int_equal(error.kind, ERR_FATAL);
}

static void test_clock__wrong_settings_are_refused(void **state)
{
	(void)state;
	expect_refused("", "UTC");
	expect_refused("debts,,customers", "UTC");
	expect_refused("Debts", "UTC");
	expect_refused("debts", "Europe/Atlantis");
	expect_refused("debts", "../../../etc/passwd");
	expect_refused("debts", "");
}

static void test_clock__the_business_day_is_the_one_of_the_place(void **state)
{
	struct err error = ERR_INIT;
	struct ticker *other = NULL;
	struct ticker_conf berlin = conf;

	(void)state;
	assert_int_equal(ticker_business_date(NOON_MS + 11 * 3600000 + 1800000), day_of(2026, 11, 22)); /* 23:30 UTC */
	berlin.timezone = "Europe/Berlin";
	assert_int_equal(ticker_new(&berlin, &other, &error), 0);
	assert_int_equal(ticker_business_date(NOON_MS + 11 * 3600000 - 1), day_of(2026, 11, 22)); /* 23:59:59.999 there */
	assert_int_equal(ticker_business_date(NOON_MS + 11 * 3600000), day_of(2026, 11, 23));
	assert_int_equal(ticker_business_date(1782856799999LL), day_of(2026, 6, 30)); /* summer time: 22:00 UTC is midnight */
	assert_int_equal(ticker_business_date(1782856800000LL), day_of(2026, 7, 1));
	ticker_free(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_clock__every_partition_gets_the_tick),
		TEST(test_clock__an_instant_is_never_earlier_than_the_last),
		TEST(test_clock__the_token_is_renewed_before_it_ends),
		TEST(test_clock__a_stall_is_followed_by_the_current_tick_only),
		TEST(test_clock__a_missing_topic_leaves_the_others_alone),
		TEST(test_clock__wrong_settings_are_refused),
		TEST(test_clock__the_business_day_is_the_one_of_the_place),
	};

	return cmocka_run_group_tests(tests, make_key, drop_key);
}
