/* The adapter of Kannel and producers/api against a real Kannel with its fake SMSC: an SMS goes out, its delivery reports come
 * back. */

#include "tests/io/child.h"

#include <stdlib.h>

#include "base/day.h"
#include "bus/bus.h"
#include "consumers/notifier/gateway.h"
#include "crypto/crypto.h"
#include "model/command.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/http/server.h"
#include "producers/api/offer/callbacks.h"
#include "producers/api/writes/outbound.h"
#include "schemas/communications.h"
#include "tests/io/mock_cluster.h"

#define DEADLINE_MS 60000
#define TOPIC       "dcs.communications.commands.v1"

static char keys_dir[] = "/tmp/dcs-test-kannel-XXXXXX";
static char kannel_url[128], callback_url[128];
static struct child kannel;
static struct mock_cluster mock;
static struct bus_conf bus;
static struct token_keys *keys;
static struct outbound outbound;
static struct api api;
static struct http *http;
static struct err err;
static const struct callbacks_conf callbacks = {
	.twilio_token_file = "", .public_url = "", .address_key_file = "", .inbound_secret_file = ""
};

static void must(int result)
{
	if (result != 0)
		fail_msg("unexpected failure: %s", err.text);
}

struct told {
	int calls;
	struct verdict verdict;
	const struct gateway_conf *conf;
};

static void judge(void *told_arg, const struct http_answer *answer)
{
	struct told *told = told_arg;

	told->calls++;
	gateway_kannel.judge(told->conf, NULL, answer, &told->verdict);
}

static void turn(int64_t deadline_ms)
{
	assert_true(clock_monotonic_ms() < deadline_ms);
	must(http_poll(http, -1, 5, &err));
	must(server_run(api.server, 5, &err));
	must(outbound_run(api.outbound, 5, &err));
}

static struct verdict send_sms(const char *password, struct str to, struct str text)
{
	struct gateway_conf conf = { .name = "kannel",
				     .kind = "kannel",
				     .url = kannel_url,
				     .user = "test",
				     .from = "DCS",
				     .callback_url = callback_url,
				     .ca_file = "" };
	struct parcel parcel = { .communication_id = { .bytes = { 1 } },
				 .customer_id = { .bytes = { 2 } },
				 .attempt = 1,
				 .now_ms = 0,
				 .send_by_ms = 3600000,
				 .address = to,
				 .text = text };
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct told told = { .conf = &conf };

	memcpy(conf.callback_key, api.callback_key, sizeof(conf.callback_key));
	assert_true(str_to_chars(conf.password, sizeof(conf.password), str_of(password)));
	must(gateway_kannel.start(&conf, http, &parcel, judge, &told, &err));
	while (told.calls == 0)
		turn(deadline_ms);
	return told.verdict;
}

/* ---- delivery reports as they lie in Kafka ---- */

struct seen {
	int delivered, accepted, others;
};

static void look_at(const struct bus_record *record, struct seen *seen)
{
	const struct record_delivery *delivery;
	const struct message_type *type;
	struct arena arena;
	const void *body;

	must(arena_init(&arena, 65536, &err));
	must(coder_decode(record->value, &arena, &type, &body, &err));
	assert_ptr_equal(type, &record_delivery_type);
	delivery = body;
	assert_int_equal(delivery->communication_id.bytes[0], 1);
	assert_int_equal(delivery->customer_id.bytes[0], 2);
	assert_true(delivery->occurred_at > 0);
	if (str_is(delivery->status, "delivered"))
		seen->delivered++;
	else if (str_is(delivery->status, "accepted"))
		seen->accepted++;
	else
		seen->others++;
	arena_release(&arena);
}

static struct seen read_topic(void)
{
	struct seen seen = { 0 };
	struct bus_reader *reader;

	must(bus_reader_open(&bus, TOPIC, &reader, &err));
	for (int32_t part = 0; part < 3; part++) {
		int64_t low, high;

		must(bus_reader_bounds(reader, part, &low, &high, DEADLINE_MS, &err));
		must(bus_reader_seek(reader, part, low, &err));
		for (int64_t offset = low; offset < high; offset++) {
			struct bus_record record;
			bool found;

			must(bus_reader_next(reader, DEADLINE_MS, &found, &record, &err));
			assert_true(found);
			look_at(&record, &seen);
			bus_record_release(&record);
		}
	}
	bus_reader_close(reader);
	return seen;
}

/* ---- tests ---- */

static void test_kannel__an_sms_goes_out_and_its_reports_come_back(void **state)
{
	static char text[400]; /* three messages of the network */
	int64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct verdict verdict;
	struct seen seen;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "50% \u20ac & \u00e9?", 13);
	verdict = send_sms("test", STR("+491701234567"), str_of(text));
	assert_int_equal(verdict.outcome, DISPATCH_OUTCOME_ACCEPTED);
	assert_true(verdict.is_well);
	assert_string_equal(verdict.provider_code, "202");
	do {
		turn(deadline_ms);
		seen = read_topic();
	} while (seen.delivered == 0 || seen.accepted == 0);
	assert_int_equal(seen.delivered, 1);
	assert_int_equal(seen.accepted, 1);
	assert_int_equal(seen.others, 0);
}

static void test_kannel__a_wrong_password_is_not_the_message_s_fault(void **state)
{
	struct verdict verdict = send_sms("wrong", STR("+491701234567"), STR("Hello"));

	(void)state;
	assert_int_equal(verdict.outcome, DISPATCH_OUTCOME_NOT_ACCEPTED);
	assert_false(verdict.is_well);
	assert_string_equal(verdict.provider_code, "403");
}

/* ---- all of it ---- */

static int start_kannel(void)
{
	char python[] = "/usr/bin/python3", script[] = "tests/io/kannel.py", line[64];
	char *argv[] = { python, script, NULL };

	kannel = child_start(argv);
	child_line(&kannel, line, sizeof(line));
	(void)snprintf(kannel_url, sizeof(kannel_url), "http://127.0.0.1:%.8s/cgi-bin/sendsms", line);
	return 0;
}

static int open_api(void)
{
	const struct server_conf conf = { .listen = "127.0.0.1:0",
					  .routes = api_routes(),
					  .api = &api,
					  .connections_max = 16,
					  .idle_timeout_s = 30,
					  .admit = api_admit,
					  .handle = api_handle };
	struct part kafka;

	api = (struct api){ .outbound = &outbound, .callback_key = { 9 } };
	must(outbound_open(api.outbound, &bus, keys, "api", ROLE_NOTIFIER, 10000, &err));
	must(callbacks_new(&callbacks, &api.callbacks, &err));
	must(server_open(&conf, &api.server, &err));
	kafka = outbound_part(api.outbound);
	api_add_part(&api, &kafka);
	(void)snprintf(callback_url, sizeof(callback_url), "http://127.0.0.1:%d", server_port(api.server));
	while (!outbound_is_ready(api.outbound))
		must(outbound_run(api.outbound, 10, &err));
	return 0;
}

static int set_up_all(void **state)
{
	const struct http_conf conf = { .exchanges_max = 2,
					.connect_timeout_ms = 5000,
					.total_timeout_ms = 30000,
					.answer_size_max = 4096,
					.user_agent = "dcs-test" };
	char command[512];

	(void)state;
	if (mkdtemp(keys_dir) == NULL)
		return -1;
	(void)snprintf(command, sizeof(command),
		       "umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s/test.pem 2>/dev/null",
		       keys_dir);
	if (system(command) != 0)
		return -1;
	must(crypto_init(&err));
	must(token_keys_load(keys_dir, "dcs", "dcs", &keys, &err));
	must(http_open(&conf, &http, &err));
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, TOPIC, 3);
	bus = (struct bus_conf){ .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test-kannel" };
	return open_api() == 0 ? start_kannel() : -1;
}

static int tear_down_all(void **state)
{
	char command[512];

	(void)state;
	child_end(&kannel, SIGTERM);
	http_abandon(http);
	http_close(http);
	must(api_drain(&api, 0, &err));
	server_close(api.server);
	outbound_release(api.outbound);
	callbacks_free(api.callbacks);
	mock_cluster_stop(&mock);
	token_keys_free(keys);
	(void)snprintf(command, sizeof(command), "rm -r %s", keys_dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kannel__an_sms_goes_out_and_its_reports_come_back),
		cmocka_unit_test(test_kannel__a_wrong_password_is_not_the_message_s_fault),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
