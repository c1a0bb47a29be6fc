/*
 * The notifier's desk, dispatcher and reports against a real PostgreSQL (DCS_TEST_PG) with all migrations and as its own role,
 * librdkafka's mock cluster, and gateways that misbehave (tests/io/gateways.py).
 */

#include "tests/io/child.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "../old_seal.h"
#include "base/array.h"
#include "base/day.h"
#include "consumers/notifier/dispatch.h"
#include "consumers/notifier/inbox.h"
#include "consumers/notifier/report.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "model/command.h"
#include "schemas/communications.h"
#include "tests/io/database.h"
#include "tests/io/mock_cluster.h"
#include "wire/envelope.h"

#define DEADLINE_MS     30000
#define TIMEOUT_MS      20000
#define CONNINFO_MAX    512
#define TOPIC           "dcs.communications.commands.v1"
#define CUSTOMERS_TOPIC "dcs.customers.commands.v1"
#define PARTS           3

static char keys_dir[] = "/tmp/dcs-test-notifier-XXXXXX";
static const uint8_t address_key[32] = { 7 };
#define SALT "salt of customer"
static struct err err;
static struct db *admin;
static char conninfo[CONNINFO_MAX];
static struct child servers;
static int http_port, silent_port, smtp_port, busy_port, aio_port;
static struct mock_cluster mock;
static struct bus_conf bus;
static struct token_keys *keys;

/* One notifier: what main.c would hold. */
struct worker {
	struct inbox inbox;
	struct desk desk;
	struct http *http;
	struct dispatch dispatch;
	struct gateway_conf smtp_conf, kannel_conf;
	struct gateway smtp, kannel;
	struct report report;
	char smtp_url[128], kannel_url[128];
};

static struct worker worker, neighbour;
static int64_t deadline_ms; /* of the test */

static void must(int result)
{
	if (result != 0)
		fail_msg("unexpected failure: %s", err.text);
}

/* ---- the database ---- */

/* db remembers what it has prepared by the statement's address: one for each text, for good. */
static const struct db_statement *statement_of(const char *sql)
{
	static struct db_statement statements[96];
	static char names[96][16];
	static size_t count;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(statements[i].sql, sql) == 0)
			return &statements[i];
	}
	assert_true(count < COUNT(statements));
	(void)snprintf(names[count], sizeof(names[count]), "test_%zu", count);
	statements[count] = (struct db_statement){ names[count], sql };
	return &statements[count++];
}

static void run_sql(const char *sql)
{
	must(db_run(admin, statement_of(sql), NULL, NULL, &err));
}

static int64_t number(const char *sql)
{
	struct db_result result = { 0 };
	int64_t answer;

	must(db_run(admin, statement_of(sql), NULL, &result, &err));
	assert_int_equal(result.rows, 1);
	answer = db_int64(&result, 0, 0);
	db_result_release(&result);
	return answer;
}

static void assert_text(const char *sql, const char *expected)
{
	struct db_result result = { 0 };
	char text[512] = "";

	must(db_run(admin, statement_of(sql), NULL, &result, &err));
	if (result.rows > 0)
		assert_true(str_to_chars(text, sizeof(text), db_str(&result, 0, 0)));
	db_result_release(&result);
	assert_string_equal(text, expected);
}

/* The attempts of all messages, in order: "1 accepted 2.0.0 reported". */
static void assert_attempts(const char *expected)
{
	assert_text("SELECT coalesce(string_agg(attempt || ' ' || coalesce(outcome, 'open') || coalesce(' ' || provider_code, '')"
		    " || CASE WHEN reported THEN ' reported' ELSE '' END, ', ' ORDER BY communication_id, attempt), '') FROM "
		    "notifier.attempt",
		    expected);
}

static void assert_states(const char *expected)
{
	assert_text("SELECT coalesce(string_agg(state, ', ' ORDER BY communication_id), '') FROM notifier.dispatch", expected);
}

/* ---- messages ---- */

static struct uuid id_of(char kind, unsigned n)
{
	struct uuid id = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80, [11] = (uint8_t)kind, [15] = (uint8_t)n } };

	return id;
}

static void param_sealed(struct db_params *params, const char *text, const struct sealed_column *column, unsigned n)
{
	const struct seal_place place = { column, id_of('c', n), SEALED_MESSAGE_VERSION, id_of('k', n) };
	uint8_t sealed[1024], key[32];

	assert_true(strlen(text) + SEAL_OVERHEAD <= sizeof(sealed));
	person_key(key, address_key, STR(SALT));
	seal(sealed, str_of(text), &place, key);
	db_param_bytes(params, (struct str){ .data = (char *)sealed, .size = strlen(text) + SEAL_OVERHEAD });
}

static void put_customer(const struct uuid *customer)
{
	struct db_params params;

	db_params_init(&params, 65536);
	db_param_uuid(&params, customer);
	must(db_run(admin,
		    statement_of(
			    "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version,"
			    " key_salt, full_name_sealed) VALUES ($1, $1::text, 'natural', 'active', 'de', 'DE', 1, '" SALT "', "
			    "'')"),
		    &params, NULL, &err));
	db_params_release(&params);
}

/* His address; the contact point has the message's id. */
static void put_contact_point(const struct uuid *communication, const struct uuid *customer, const char *channel)
{
	struct db_params params;

	db_params_init(&params, 65536);
	db_param_uuid(&params, communication);
	db_param_uuid(&params, customer);
	db_param_text(&params, str_of(channel));
	must(db_run(admin,
		    statement_of(
			    "INSERT INTO customers.contact_point (contact_point_id, customer_id, channel, place, source, state,"
			    " version, address_hash, address_sealed) VALUES ($1, $2, $3, 'home', 'consumer', 'usable', 1,"
			    " '0123456789abcdef', '')"),
		    &params, NULL, &err));
	must(db_run(admin,
		    statement_of(
			    "INSERT INTO communications.communication (communication_id, customer_id, version, attempt, state,"
			    " channel, requested_on, message_class, template_name, language, contact_point_id)"
			    " VALUES ($1, $2, 1, 0, 'released', $3, '2025-01-01', 'demand', 'demand', 'de', $1)"),
		    &params, NULL, &err));
	db_params_release(&params);
}

static bool with_html; /* the messages that are put into the outbox have an HTML part */

/* What the communications module does: the customer agreed, the message lies in the outbox. */
static void put_into_outbox(unsigned n, const char *channel, const char *address, int64_t seconds)
{
	struct uuid communication = id_of('c', n), customer = id_of('k', n);
	struct db_params params;

	put_customer(&customer);
	put_contact_point(&communication, &customer, channel);
	db_params_init(&params, 65536);
	db_param_uuid(&params, &communication);
	db_param_uuid(&params, &customer);
	db_param_text(&params, str_of(channel));
	db_param_instant(&params, clock_now_ms() + seconds * 1000);
	param_sealed(&params, address, &sealed_message_address, n);
	param_sealed(&params, "Your account", &sealed_message_subject, n);
	param_sealed(&params, "Please pay.", &sealed_message_body, n);
	if (with_html)
		param_sealed(&params, "<p>Please <b>pay</b>.</p>", &sealed_message_html, n);
	else
		db_param_null(&params);
	must(db_run(admin,
		    statement_of(
			    "INSERT INTO communications.outbox (communication_id, customer_id, channel, state, send_by, "
			    "address_sealed,"
			    " subject_sealed, body_sealed, html_sealed) VALUES ($1, $2, $3, 'released', $4, $5, $6, $7, $8)"),
		    &params, NULL, &err));
	db_params_reset(&params);
	db_param_uuid(&params, &customer);
	db_param_text(&params, str_of(channel));
	must(db_run(admin,
		    statement_of("INSERT INTO communications.permission (customer_id, channel, purpose, basis, obtained_at)"
				 " VALUES ($1, $2, 'collect', 'express', now())"),
		    &params, NULL, &err));
	db_params_release(&params);
}

/* The event comes to the notifier. */
static void read_event(struct worker *reader_of, unsigned n, const char *channel, int64_t seconds)
{
	struct reader reader = inbox_reader(&reader_of->inbox);
	struct communication_released released = { .communication_id = id_of('c', n),
						   .customer_id = id_of('k', n),
						   .channel = str_of(channel),
						   .send_by = clock_now_ms() + seconds * 1000 };
	struct communication_suppressed other = { .communication_id = id_of('x', n) };
	const struct read_event events[] = { { .type = &communication_suppressed_type, .body = &other },
					     { .type = &communication_released_type, .body = &released } };
	struct db *db = NULL;

	must(db_open(conninfo, "test_notifier", TIMEOUT_MS, &db, &err));
	must(reader.apply(reader.self, db, events, 2, &err));
	must(reader.apply(reader.self, db, events, 1, &err)); /* nothing of interest */
	db_close(db);
	dispatch_look(&reader_of->dispatch);
}

static void release_until(unsigned n, const char *channel, const char *address, int64_t seconds)
{
	put_into_outbox(n, channel, address, seconds);
	read_event(&worker, n, channel, seconds);
}

static void release(unsigned n, const char *channel, const char *address)
{
	release_until(n, channel, address, 3600);
}

/* ---- a notifier ---- */

static void open_worker(struct worker *opened, int64_t timeout_ms)
{
	const struct http_conf http = { .exchanges_max = 32,
					.connect_timeout_ms = timeout_ms,
					.total_timeout_ms = timeout_ms,
					.answer_size_max = 4096,
					.user_agent = "dcs-test",
					.leaves = dispatch_leaves };
	struct dispatch_conf conf = { .retry_base_ms = 1, .attempts_max = 3 };
	const struct gateway_conf row = { .order = 1,
					  .rate = 1000,
					  .burst = 16,
					  .concurrency = 16,
					  .failures = 5,
					  .pause_ms = 600000,
					  .pause_max_ms = 600000,
					  .user = "",
					  .unsubscribe_url = "",
					  .ca_file = "",
					  .callback_key = { 1 } };

	*opened = (struct worker){ .smtp_conf = row, .kannel_conf = row };
	opened->smtp_conf.name = opened->smtp_conf.kind = "smtp";
	opened->smtp_conf.channel = "email";
	opened->smtp_conf.from_name = "Collections";
	opened->smtp_conf.from = "office@collector.example";
	opened->kannel_conf.name = opened->kannel_conf.kind = "kannel";
	opened->kannel_conf.channel = "sms";
	opened->kannel_conf.user = "dcs";
	opened->kannel_conf.from = "DCS";
	opened->kannel_conf.callback_url = "http://127.0.0.1:1";
	(void)snprintf(opened->smtp_url, sizeof(opened->smtp_url), "smtp://127.0.0.1:%d/our.name", smtp_port);
	(void)snprintf(opened->kannel_url, sizeof(opened->kannel_url), "http://127.0.0.1:%d/ok/sendsms", http_port);
	opened->smtp_conf.url = opened->smtp_url;
	opened->kannel_conf.url = opened->kannel_url;
	memcpy(conf.address_key, address_key, sizeof(address_key));
	inbox_init(&opened->inbox);
	desk_init(&opened->desk, conninfo);
	must(http_open(&http, &opened->http, &err));
	must(dispatch_open(&opened->dispatch, &conf, &opened->desk, opened->http, &err));
	gateway_init(&opened->smtp, &opened->smtp_conf, clock_monotonic_ms());
	gateway_init(&opened->kannel, &opened->kannel_conf, clock_monotonic_ms());
	dispatch_add_gateway(&opened->dispatch, &opened->smtp);
	dispatch_add_gateway(&opened->dispatch, &opened->kannel);
	must(report_open(&opened->report, &bus, conninfo, TOPIC, keys, &err));
}

/* As a crash does: whatever is under way is not ended, its connection just closes. */
static void kill_worker(struct worker *killed)
{
	if (killed->http == NULL)
		return;
	report_release(&killed->report);
	desk_release(&killed->desk);
	http_abandon(killed->http);
	http_close(killed->http);
	dispatch_release(&killed->dispatch);
	inbox_release(&killed->inbox);
	*killed = (struct worker){ 0 };
}

static bool is_module_silent;    /* its commands become dead letters, say */
static bool is_consequence_lost; /* what follows from an outcome is not answered: a withdrawal, an invalidation */

#define ANSWER_OF(module)                                                                                                        \
	{                                                                                                                        \
		"test_answer_" module, "INSERT INTO " module                                                                     \
				       ".event_row (part, seq, event_id, schema_id, key, subject, command_id, correlation_id, "  \
				       "at, command_offset, command_digest, body, hash) SELECT 0, coalesce(max(seq), 0) + 1, "   \
				       "gen_random_uuid(), 1224, "                                                               \
				       "$1, $1, $1, $1, now(), 0, '\\x00', '\\x00', '\\x00' FROM " module ".event_log "          \
				       "HAVING NOT EXISTS (SELECT FROM " module ".event_log WHERE command_id = $1)"              \
	}

/* What a module would do: an event that answers the command. */
static void answer(const struct uuid *command_id, bool is_of_customers)
{
	static const struct db_statement of_communications = ANSWER_OF("communications"), of_customers = ANSWER_OF("customers");
	struct db_params params;

	db_params_init(&params, 1024);
	db_param_uuid(&params, command_id);
	must(db_run(admin, is_of_customers ? &of_customers : &of_communications, &params, NULL, &err));
	db_params_release(&params);
}

static void answer_line(const struct report_line *line)
{
	struct uuid invalidation = uuid_derive(&line->id.communication_id, "bounced", (uint64_t)line->id.attempt);

	answer(&line->commands[0], false);
	for (size_t i = 1; i < line->commands_count && !is_consequence_lost; i++)
		answer(&line->commands[i], uuid_equal(&line->commands[i], &invalidation));
}

static void answer_all(const struct report *report)
{
	for (size_t i = 0; i < report->lines_count && !is_module_silent; i++) {
		if (report->lines[i].unacked == 0)
			answer_line(&report->lines[i]);
	}
}

static void turn(struct worker *turned)
{
	assert_true(clock_monotonic_ms() < deadline_ms);
	must(dispatch_step(&turned->dispatch, true, &err));
	must(report_step(&turned->report, &turned->desk, turned->dispatch.to_report, &err));
	answer_all(&turned->report);
	must(http_poll(turned->http, -1, 10, &err));
}

/* Turns until nothing is open, waiting or unreported. */
static void turn_until_settled(struct worker *turned)
{
	do {
		turn(turned);
		dispatch_look(&turned->dispatch);
	} while (number("SELECT (SELECT count(*) FROM notifier.dispatch WHERE state <> 'done')"
			" + (SELECT count(*) FROM notifier.attempt WHERE NOT reported)") > 0);
}

static void ask_server(const char *path, char *line, size_t line_size)
{
	char command[256];
	FILE *answer;

	(void)snprintf(command, sizeof(command), "curl -s -m 10 --noproxy '*' http://127.0.0.1:%d%s", http_port, path);
	answer = popen(command, "r");
	assert_non_null(answer);
	assert_non_null(fgets(line, (int)line_size, answer));
	assert_int_equal(pclose(answer), 0);
}

static int count_at_server(const char *path)
{
	char full[128], line[32] = "";

	(void)snprintf(full, sizeof(full), "/count%s", path);
	ask_server(full, line, sizeof(line));
	return (int)strtol(line, NULL, 10);
}

/* ---- what was reported ---- */

struct reported {
	struct uuid command_id;
	bool is_withdrawal; /* and nothing else is set, but the channel in `outcome` */
	char outcome[32], provider[32], code[64], ref[160];
	int attempt;
	uint32_t roles;
};

static void read_record(const struct bus_record *record, struct reported *reported)
{
	const struct record_dispatch *body;
	const struct message_type *type;
	struct header headers[HEADERS_MAX];
	struct token_claims claims;
	struct envelope envelope;
	struct arena arena;
	const void *decoded;
	size_t count;

	must(arena_init(&arena, 65536, &err));
	must(coder_decode(record->value, &arena, &type, &decoded, &err));
	if (type == &withdraw_consent_type) {
		const struct withdraw_consent *withdrawal = decoded;

		*reported = (struct reported){ .is_withdrawal = true };
		assert_true(str_to_chars(reported->outcome, sizeof(reported->outcome), withdrawal->channel));
		arena_release(&arena);
		return;
	}
	assert_ptr_equal(type, &record_dispatch_type);
	body = decoded;
	must(bus_record_headers(record, headers, &count, &err));
	must(envelope_read(headers, count, &envelope, &err));
	must(token_verify(keys, envelope.token, &claims, &err));
	*reported = (struct reported){ .command_id = envelope.id, .attempt = body->attempt, .roles = claims.roles };
	assert_true(str_to_chars(reported->outcome, sizeof(reported->outcome), body->outcome));
	assert_true(str_to_chars(reported->provider, sizeof(reported->provider), body->provider));
	assert_true(str_to_chars(reported->code, sizeof(reported->code), body->provider_code));
	assert_true(str_to_chars(reported->ref, sizeof(reported->ref), body->provider_ref));
	arena_release(&arena);
}

static size_t read_reported(struct reported *reported, size_t reported_max)
{
	struct bus_reader *reader;
	size_t count = 0;

	must(bus_reader_open(&bus, TOPIC, &reader, &err));
	for (int32_t part = 0; part < PARTS; part++) {
		int64_t low, high;

		must(bus_reader_bounds(reader, part, &low, &high, TIMEOUT_MS, &err));
		must(bus_reader_seek(reader, part, low, &err));
		for (int64_t offset = low; offset < high; offset++) {
			struct bus_record record;
			bool found;

			must(bus_reader_next(reader, TIMEOUT_MS, &found, &record, &err));
			assert_true(found && count < reported_max);
			read_record(&record, &reported[count++]);
			bus_record_release(&record);
		}
	}
	bus_reader_close(reader);
	return count;
}

/* Commands to the customers module. */
static size_t invalidations(void)
{
	struct bus_reader *reader;
	size_t count = 0;

	must(bus_reader_open(&bus, CUSTOMERS_TOPIC, &reader, &err));
	for (int32_t part = 0; part < PARTS; part++) {
		int64_t low, high;

		must(bus_reader_bounds(reader, part, &low, &high, TIMEOUT_MS, &err));
		count += (size_t)high;
	}
	bus_reader_close(reader);
	return count;
}

/* ---- tests ---- */

static void test_notifier__a_mail_is_claimed_sent_and_reported(void **state)
{
	struct uuid communication = id_of('c', 1), expected;
	struct reported reported[2];

	(void)state;
	release(1, "email", "ok@x.example");
	turn_until_settled(&worker);
	assert_states("done");
	assert_attempts("1 accepted 2.0.0 reported");
	assert_text("SELECT state FROM communications.outbox", "claimed");
	assert_int_equal(read_reported(reported, 2), 1);
	expected = uuid_derive(&communication, "dispatch", 1);
	assert_true(uuid_equal(&reported[0].command_id, &expected));
	assert_string_equal(reported[0].outcome, "accepted");
	assert_string_equal(reported[0].provider, "smtp");
	assert_string_equal(reported[0].code, "2.0.0");
	assert_non_null(strstr(reported[0].ref, "@collector.example"));
	assert_int_equal(reported[0].roles, ROLE_NOTIFIER);
}

static void test_notifier__a_mail_has_html_and_a_way_out_where_the_row_says_so(void **state)
{
	char line[8192] = "";

	(void)state;
	(void)snprintf(worker.smtp_url, sizeof(worker.smtp_url), "smtp://127.0.0.1:%d/our.name", aio_port);
	worker.smtp_conf.html = true;
	worker.smtp_conf.unsubscribe_url = "https://collector.example/out";
	release(1, "email", "reader@x.example");
	turn_until_settled(&worker);
	assert_attempts("1 accepted 2.0.0 reported");
	ask_server("/mail", line, sizeof(line));
	assert_non_null(strstr(line, "[\"List-Unsubscribe\", \"<https://collector.example/out?c=019a0000-"));
	assert_non_null(strstr(line, "[\"List-Unsubscribe-Post\", \"List-Unsubscribe=One-Click\"]"));
	assert_non_null(strstr(line, "\"text\": \"Please pay.\""));
	assert_non_null(strstr(line, "<p>Please pay.</p>"));
	assert_non_null(strstr(line, "\"defects\": []"));
}

static void test_notifier__a_mail_has_the_html_of_its_message_beside_the_text(void **state)
{
	char line[8192] = "";

	(void)state;
	(void)snprintf(worker.smtp_url, sizeof(worker.smtp_url), "smtp://127.0.0.1:%d/our.name", aio_port);
	with_html = true;
	release(1, "email", "reader@x.example");
	with_html = false;
	turn_until_settled(&worker);
	assert_attempts("1 accepted 2.0.0 reported");
	ask_server("/mail", line, sizeof(line));
	assert_non_null(strstr(line, "\"text\": \"Please pay.\""));
	assert_non_null(strstr(line, "<p>Please <b>pay</b>.</p>"));
	assert_non_null(strstr(line, "\"defects\": []"));
}

/* The broker has the command, and it became a dead letter: the outcome must not be lost. */
static void test_notifier__an_outcome_is_reported_when_it_is_answered_and_sent_again_until_then(void **state)
{
	struct reported reported[8];
	size_t count;

	(void)state;
	is_module_silent = true;
	release(77, "email", "ok@x.example");
	while (worker.report.patience_ms == 0)
		turn(&worker);
	assert_attempts("1 accepted 2.0.0");
	is_module_silent = false;
	turn_until_settled(&worker);
	assert_attempts("1 accepted 2.0.0 reported");
	assert_int_equal(worker.report.patience_ms, 0);
	count = read_reported(reported, 8);
	assert_int_equal(count, 2);
	assert_true(uuid_equal(&reported[0].command_id, &reported[1].command_id));
}

static void test_notifier__an_answer_that_was_heard_is_not_waited_for(void **state)
{
	(void)state;
	release(78, "email", "ok@x.example");
	while (worker.report.lines_count == 0 || report_is_waiting(&worker.report))
		turn(&worker);
	worker.report.ask_at_ms = INT64_MAX; /* the next question would come late */
	turn(&worker);
	turn(&worker);
	assert_attempts("1 accepted 2.0.0");
	report_hear(&worker.report);
	turn(&worker);
	assert_attempts("1 accepted 2.0.0 reported");
}

static void test_notifier__an_sms_is_claimed_sent_and_reported(void **state)
{
	struct reported reported[2];
	int before = count_at_server("/ok/sendsms");

	(void)state;
	release(1, "sms", "+491701234567");
	turn_until_settled(&worker);
	assert_attempts("1 accepted 202 reported");
	assert_int_equal(count_at_server("/ok/sendsms"), before + 1);
	assert_int_equal(read_reported(reported, 2), 1);
	assert_string_equal(reported[0].provider, "kannel");
	assert_string_equal(reported[0].ref, "");
}

static void test_notifier__a_refused_recipient_has_failed_for_good(void **state)
{
	(void)state;
	release(1, "email", "refuse@x.example");
	turn_until_settled(&worker);
	assert_attempts("1 failed 5.1.1 reported");
	assert_int_equal(invalidations(), 0); /* where it went is not known */
}

static void test_notifier__an_address_that_is_not_there_is_reported_as_bounced(void **state)
{
	(void)state;
	release(1, "email", "refuse@x.example");
	run_sql("UPDATE notifier.dispatch SET contact_point_id = gen_random_uuid()");
	turn_until_settled(&worker);
	assert_attempts("1 failed 5.1.1 reported");
	assert_int_equal(invalidations(), 1);
}

static void test_notifier__an_invalidation_that_is_not_answered_is_published_again(void **state)
{
	(void)state;
	is_consequence_lost = true;
	release(79, "email", "refuse@x.example");
	run_sql("UPDATE notifier.dispatch SET contact_point_id = gen_random_uuid()");
	while (worker.report.patience_ms == 0) {
		dispatch_look(&worker.dispatch);
		turn(&worker);
	}
	assert_attempts("1 failed 5.1.1");
	is_consequence_lost = false;
	turn_until_settled(&worker);
	assert_attempts("1 failed 5.1.1 reported");
	assert_int_equal(invalidations(), 2);
}

static void test_notifier__what_cannot_be_sent_has_failed_without_a_byte(void **state)
{
	(void)state;
	release(1, "sms", "+49 170 1");
	release(2, "email", "a@b\r\nRCPT TO:<evil@x.example>");
	run_sql("UPDATE communications.outbox SET body_sealed = address_sealed WHERE channel = 'x'");
	turn_until_settled(&worker);
	assert_attempts("1 failed unsendable reported, 1 failed unsendable reported");
}

static void test_notifier__a_text_that_does_not_open_has_failed(void **state)
{
	(void)state;
	release(1, "email", "ok@x.example");
	run_sql("UPDATE communications.outbox SET body_sealed = set_byte(body_sealed, 30, get_byte(body_sealed, 30) # 1)");
	turn_until_settled(&worker);
	assert_attempts("1 failed unreadable reported");
}

/* Each is a good text of the same person's. */
static void test_notifier__a_text_out_of_its_place_has_failed(void **state)
{
	(void)state;
	release(1, "email", "ok@x.example");
	run_sql("UPDATE communications.outbox SET body_sealed = subject_sealed");
	turn_until_settled(&worker);
	assert_attempts("1 failed unreadable reported");
}

static void test_notifier__an_emptied_text_has_failed(void **state)
{
	(void)state;
	release(1, "email", "ok@x.example");
	run_sql("UPDATE communications.outbox SET body_sealed = ''");
	turn_until_settled(&worker);
	assert_attempts("1 failed unreadable reported");
}

static void put_old(const char *sql, const char *text)
{
	struct uuid customer = id_of('k', 1);
	struct db_params params;
	uint8_t sealed[256], key[32];

	person_key(key, address_key, STR(SALT));
	db_params_init(&params, 65536);
	db_param_bytes(&params, old_seal(sealed, str_of(text), &customer, key));
	must(db_run(admin, statement_of(sql), &params, NULL, &err));
	db_params_release(&params);
}

/* What lay in the outbox when the programs were replaced. */
static void test_notifier__a_message_sealed_the_old_way_is_sent(void **state)
{
	(void)state;
	release(1, "email", "elsewhere@x.example");
	put_old("UPDATE communications.outbox SET address_sealed = $1", "ok@x.example");
	put_old("UPDATE communications.outbox SET subject_sealed = $1", "Your account");
	put_old("UPDATE communications.outbox SET body_sealed = $1", "Please pay.");
	turn_until_settled(&worker);
	assert_attempts("1 accepted 2.0.0 reported");
}

static void test_notifier__not_accepted_is_tried_again_until_the_last_try(void **state)
{
	int before = count_at_server("/rcpt/later");
	struct reported reported[4];
	size_t failed = 0;

	(void)state;
	release(1, "email", "later@x.example");
	turn_until_settled(&worker);
	assert_attempts("1 not_accepted 4.7.1 reported, 2 not_accepted 4.7.1 reported, 3 failed 4.7.1 reported");
	assert_int_equal(count_at_server("/rcpt/later"), before + 3);
	assert_int_equal(read_reported(reported, 4), 3);
	for (size_t i = 0; i < 3; i++)
		failed += strcmp(reported[i].outcome, "failed") == 0;
	assert_int_equal(failed, 1);
}

static void test_notifier__ambiguous_is_unknown_and_never_sent_again(void **state)
{
	int before = count_at_server("/rcpt/afterdot");

	(void)state;
	release(1, "email", "afterdot@x.example");
	turn_until_settled(&worker);
	assert_attempts("1 unknown reported");
	assert_states("done");
	for (int i = 0; i < 5; i++) {
		dispatch_look(&worker.dispatch);
		turn(&worker);
	}
	assert_int_equal(count_at_server("/rcpt/afterdot"), before + 1);
}

/* What the communications module does when a person has found out that the message was not sent. */
static void resolve_not_sent(unsigned n, int32_t attempt)
{
	struct reader reader = inbox_reader(&worker.inbox);
	struct communication_progressed progressed = { .communication_id = id_of('c', n),
						       .customer_id = id_of('k', n),
						       .previous_state = STR("unknown"),
						       .state = STR("retry_wait"),
						       .attempt = attempt,
						       .provider = STR("person") };
	const struct read_event event = { .type = &communication_progressed_type, .body = &progressed };
	struct db *db = NULL;

	run_sql("UPDATE communications.outbox SET state = 'waiting'");
	must(db_open(conninfo, "test_notifier", TIMEOUT_MS, &db, &err));
	must(reader.apply(reader.self, db, &event, 1, &err));
	must(reader.apply(reader.self, db, &event, 1, &err)); /* once more changes nothing */
	db_close(db);
	dispatch_look(&worker.dispatch);
}

static void test_notifier__an_unknown_message_is_sent_once_more_when_a_person_says_that_it_was_not(void **state)
{
	(void)state;
	release(1, "email", "afterdot@x.example");
	turn_until_settled(&worker);
	assert_attempts("1 unknown reported");
	resolve_not_sent(1, 2); /* not of this attempt */
	assert_states("done");
	resolve_not_sent(1, 1);
	assert_states("waiting");
	turn_until_settled(&worker);
	assert_attempts("1 unknown reported, 2 unknown reported");
	resolve_not_sent(1, 1); /* that was the other one */
	assert_states("done");
	assert_text("SELECT string_agg(not_sent::text, ' ' ORDER BY attempt) FROM notifier.attempt", "true false");
}

static void test_notifier__a_cancelled_message_is_not_sent(void **state)
{
	int before = count_at_server("/rcpt/cancelled");

	(void)state;
	release(1, "email", "cancelled@x.example");
	run_sql("UPDATE communications.outbox SET state = 'cancelled'");
	turn_until_settled(&worker);
	assert_attempts("");
	assert_states("done");
	assert_int_equal(count_at_server("/rcpt/cancelled"), before);
}

static void erase_customers(void)
{
	run_sql("UPDATE customers.customer SET status = 'erased', key_salt = NULL, full_name_sealed = NULL");
}

static void test_notifier__a_message_to_an_erased_customer_has_failed_without_a_byte(void **state)
{
	int before = count_at_server("/rcpt/erased");
	struct reported reported[2];

	(void)state;
	release(1, "email", "erased@x.example");
	erase_customers();
	turn_until_settled(&worker);
	assert_attempts("1 failed erased reported");
	assert_states("done");
	assert_int_equal(read_reported(reported, 2), 1);
	assert_string_equal(reported[0].outcome, "failed");
	assert_int_equal(count_at_server("/rcpt/erased"), before);
}

static void test_notifier__an_erasure_between_two_tries_ends_them(void **state)
{
	(void)state;
	release(1, "email", "later@x.example");
	while (number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'not_accepted'") == 0)
		turn(&worker);
	erase_customers();
	turn_until_settled(&worker);
	/* one may have been under way already; the last one was not sent */
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt WHERE provider_code = 'erased' AND outcome = 'failed'"),
			 1);
	assert_true(number("SELECT max(attempt)::bigint FROM notifier.attempt") <= 3);
	assert_states("done");
}

/* Somebody else would read it. The refusal is reported: communications wait for a first try, too. */
static void test_notifier__a_message_to_an_address_that_was_given_up_has_failed_without_a_byte(void **state)
{
	int before = count_at_server("/rcpt/stranger");
	struct reported reported[2];

	(void)state;
	release(1, "email", "stranger@x.example");
	run_sql("UPDATE customers.contact_point SET state = 'wrong_party'");
	turn_until_settled(&worker);
	assert_attempts("1 failed address_invalid reported");
	assert_states("done");
	assert_text("SELECT state FROM communications.outbox", "released");
	assert_int_equal(read_reported(reported, 2), 1);
	assert_string_equal(reported[0].outcome, "failed");
	assert_string_equal(reported[0].provider, "notifier");
	assert_string_equal(reported[0].code, "address_invalid");
	assert_int_equal(count_at_server("/rcpt/stranger"), before);
}

static void test_notifier__an_address_given_up_between_two_tries_ends_them(void **state)
{
	(void)state;
	release(1, "email", "later@x.example");
	while (number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'not_accepted'") == 0)
		turn(&worker);
	run_sql("UPDATE customers.contact_point SET state = 'bounced'");
	turn_until_settled(&worker);
	/* one may have been under way already; the last one was not sent */
	assert_int_equal(
		number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'failed' AND gateway = 'notifier'"
		       " AND provider_code = 'address_invalid' AND attempt = (SELECT max(attempt) FROM notifier.attempt)"),
		1);
	assert_states("done");
}

/* Only what it was written to counts: another address of his may be gone, and his other messages leave. */
static void test_notifier__an_address_given_up_stops_what_was_written_to_it_only(void **state)
{
	int before = count_at_server("/rcpt/ok");

	(void)state;
	release(1, "email", "stranger@x.example");
	release(2, "email", "ok@x.example");
	run_sql("UPDATE customers.contact_point SET state = 'reassigned' WHERE contact_point_id = "
		"(SELECT min(communication_id::text)::uuid FROM communications.outbox)");
	turn_until_settled(&worker);
	assert_attempts("1 failed address_invalid reported, 1 accepted 2.0.0 reported");
	assert_int_equal(count_at_server("/rcpt/ok"), before + 1);
}

static void test_notifier__a_withdrawal_between_two_tries_wins(void **state)
{
	(void)state;
	release(1, "email", "later@x.example");
	while (number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'not_accepted'") == 0)
		turn(&worker);
	run_sql("INSERT INTO communications.opt_out SELECT customer_id, channel, now() + interval '1 s' FROM "
		"communications.outbox");
	turn_until_settled(&worker);
	/* one may have been under way already */
	assert_true(number("SELECT count(*) FROM notifier.attempt WHERE gateway <> 'notifier'") <= 2);
	assert_states("done");
}

/* Communications wait for another try: they must hear that there will be none. */
static void test_notifier__a_try_that_is_not_permitted_any_more_is_reported_as_failed(void **state)
{
	struct reported reported[4];

	(void)state;
	release(1, "email", "later@x.example");
	while (number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'not_accepted'") == 0)
		turn(&worker);
	run_sql("UPDATE communications.permission SET obtained_at = 'epoch'");
	run_sql("INSERT INTO communications.opt_out SELECT customer_id, channel, now() FROM communications.outbox");
	turn_until_settled(&worker);
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'failed' AND provider_code = 'withdrawn'"
				" AND attempt = (SELECT max(attempt) FROM notifier.attempt)"),
			 1);
	assert_in_range(read_reported(reported, 4), 2, 3);
	assert_states("done");
}

static void test_notifier__what_is_late_is_reported_and_not_sent(void **state)
{
	struct reported reported[2];
	int before = count_at_server("/rcpt/late");

	(void)state;
	release_until(1, "email", "late@x.example", -1);
	turn_until_settled(&worker);
	assert_attempts("1 failed expired reported");
	assert_int_equal(count_at_server("/rcpt/late"), before);
	assert_int_equal(read_reported(reported, 2), 1);
	assert_string_equal(reported[0].provider, "notifier");
}

/* ---- the time in which a message may leave ---- */

static void fit_until_now(void)
{
	run_sql("UPDATE communications.outbox SET fit_until = engine.now()");
}

static void test_notifier__what_may_not_leave_now_goes_back_and_may_come_again(void **state)
{
	int before = count_at_server("/rcpt/ok");
	struct reported reported[2];

	(void)state;
	put_into_outbox(1, "email", "ok@x.example", 3600);
	fit_until_now();
	read_event(&worker, 1, "email", 3600);
	turn_until_settled(&worker);
	assert_attempts("1 not_accepted not_now reported");
	assert_text("SELECT state FROM communications.outbox", "released");
	assert_int_equal(count_at_server("/rcpt/ok"), before);
	assert_int_equal(read_reported(reported, 2), 1);
	assert_string_equal(reported[0].outcome, "not_accepted");
	assert_string_equal(reported[0].provider, "notifier");
	assert_string_equal(reported[0].code, "not_now");
	run_sql("UPDATE communications.outbox SET fit_until = NULL");
	read_event(&worker, 1, "email", 3600);
	turn_until_settled(&worker);
	assert_attempts("1 not_accepted not_now reported, 2 accepted 2.0.0 reported");
	assert_int_equal(count_at_server("/rcpt/ok"), before + 1);
}

/* What the communications module does with a message that gets another time; `again`: the same events have its next release. */
static void reschedule(unsigned n, int64_t seconds, bool again)
{
	struct reader reader = inbox_reader(&worker.inbox);
	struct communication_rescheduled rescheduled = { .communication_id = id_of('c', n), .customer_id = id_of('k', n) };
	struct communication_released released = { .communication_id = id_of('c', n),
						   .customer_id = id_of('k', n),
						   .channel = STR("email"),
						   .send_by = clock_now_ms() + seconds * 1000 };
	const struct read_event events[] = { { .type = &communication_rescheduled_type, .body = &rescheduled },
					     { .type = &communication_released_type, .body = &released },
					     { .type = &communication_rescheduled_type, .body = &rescheduled } };
	struct db *db = NULL;

	must(db_open(conninfo, "test_notifier", TIMEOUT_MS, &db, &err));
	must(reader.apply(reader.self, db, events, again ? 2 : 3, &err));
	db_close(db);
	dispatch_look(&worker.dispatch);
}

static void test_notifier__what_gets_another_time_is_sent_at_it_and_not_expired_before(void **state)
{
	int before = count_at_server("/rcpt/ok");

	(void)state;
	put_into_outbox(1, "email", "ok@x.example", 3600);
	read_event(&worker, 1, "email", -1); /* its send_by has passed when the notifier comes to it */
	reschedule(1, 3600, false);
	assert_states("done");
	run_sql("UPDATE communications.outbox SET state = 'scheduled'");
	turn_until_settled(&worker);
	assert_attempts("");
	run_sql("UPDATE communications.outbox SET state = 'released'");
	reschedule(1, 3600, true);
	assert_states("queued");
	turn_until_settled(&worker);
	assert_attempts("1 accepted 2.0.0 reported");
	assert_int_equal(count_at_server("/rcpt/ok"), before + 1);
	reschedule(1, 3600, true); /* what has left is not sent again, whatever is read */
	assert_states("done");
}

/* The gateway said no, and the message waited for its new time. */
static void test_notifier__what_was_tried_and_gets_another_time_is_tried_again(void **state)
{
	(void)state;
	put_into_outbox(1, "email", "ok@x.example", 3600);
	fit_until_now();
	read_event(&worker, 1, "email", 3600);
	turn_until_settled(&worker);
	run_sql("UPDATE communications.outbox SET fit_until = NULL, state = 'released'");
	reschedule(1, 3600, true);
	turn_until_settled(&worker);
	assert_attempts("1 not_accepted not_now reported, 2 accepted 2.0.0 reported");
}

/* Attempts in which no gateway was asked; the gateway gets as many tries as ever. */
static void test_notifier__evenings_that_came_too_soon_are_no_tries(void **state)
{
	(void)state;
	put_into_outbox(1, "email", "later@x.example", 3600);
	fit_until_now();
	for (int evening = 1; evening <= 4; evening++) {
		read_event(&worker, 1, "email", 3600);
		turn_until_settled(&worker);
		assert_int_equal(number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'not_accepted' AND reported"),
				 evening);
	}
	run_sql("UPDATE communications.outbox SET fit_until = NULL");
	read_event(&worker, 1, "email", 3600);
	turn_until_settled(&worker);
	assert_text("SELECT string_agg(outcome || ' ' || provider_code, ', ' ORDER BY attempt) FROM notifier.attempt WHERE "
		    "attempt > 4",
		    "not_accepted 4.7.1, not_accepted 4.7.1, failed 4.7.1");
}

static void test_notifier__a_time_that_ends_after_the_claim_stops_the_first_byte(void **state)
{
	int before = count_at_server("/rcpt/ok");

	(void)state;
	run_sql("CREATE FUNCTION pg_temp.end_time() RETURNS trigger LANGUAGE plpgsql AS "
		"'BEGIN NEW.fit_until := engine.now(); RETURN NEW; END'");
	run_sql("CREATE TRIGGER end_time BEFORE UPDATE ON communications.outbox FOR EACH ROW WHEN (NEW.state = 'claimed')"
		" EXECUTE FUNCTION pg_temp.end_time()");
	release(1, "email", "ok@x.example");
	turn_until_settled(&worker);
	run_sql("DROP TRIGGER end_time ON communications.outbox");
	assert_attempts("1 not_accepted not_now reported, 2 not_accepted not_now reported");
	assert_text("SELECT string_agg(gateway, ' ' ORDER BY attempt) FROM notifier.attempt", "smtp notifier");
	assert_int_equal(count_at_server("/rcpt/ok"), before);
}

static void test_notifier__a_message_read_twice_is_queued_once(void **state)
{
	(void)state;
	release(1, "email", "ok@x.example");
	read_event(&worker, 1, "email", 3600);
	turn_until_settled(&worker);
	read_event(&worker, 1, "email", 3600);
	turn_until_settled(&worker);
	assert_attempts("1 accepted 2.0.0 reported");
}

/* A gateway of the test's own: looks at the database at the moment when bytes would leave, and never answers. */
static int64_t claimed_at_start, open_at_start;

static int look_and_hold(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, http_done *done,
			 void *done_arg, struct err *failure)
{
	(void)conf, (void)http, (void)done, (void)done_arg, (void)failure;
	claimed_at_start = number("SELECT count(*) FROM communications.outbox WHERE state = 'claimed'");
	open_at_start = number("SELECT count(*) FROM notifier.attempt WHERE outcome IS NULL");
	assert_true(str_is(parcel->address, "hold@x.example"));
	assert_true(str_is(parcel->subject, "Your account"));
	assert_true(str_is(parcel->text, "Please pay."));
	return 0;
}

static void hold_one(void)
{
	static const struct gateway_kind holding = { .name = "smtp", .start = look_and_hold };

	worker.smtp.kind = &holding;
	release(1, "email", "hold@x.example");
	while (worker.dispatch.busy == 0)
		turn(&worker);
}

static void test_notifier__the_claim_is_committed_before_a_byte_leaves(void **state)
{
	(void)state;
	hold_one();
	assert_int_equal(claimed_at_start, 1);
	assert_int_equal(open_at_start, 1);
}

static void test_notifier__what_a_dead_notifier_had_under_way_is_unknown(void **state)
{
	struct reported reported[2];

	(void)state;
	hold_one();
	kill_worker(&worker);
	open_worker(&neighbour, 10000);
	turn_until_settled(&neighbour);
	assert_attempts("1 unknown reported");
	assert_states("done");
	assert_int_equal(read_reported(reported, 2), 1);
	assert_string_equal(reported[0].outcome, "unknown");
	assert_string_equal(reported[0].provider, "smtp");
}

static void test_notifier__what_a_living_one_has_under_way_is_left_alone(void **state)
{
	(void)state;
	hold_one();
	open_worker(&neighbour, 10000);
	for (int i = 0; i < 5; i++) {
		neighbour.dispatch.sweep_at_ms = 0;
		dispatch_look(&neighbour.dispatch);
		turn(&neighbour);
	}
	assert_attempts("1 open");
	assert_states("sending");
}

static void test_notifier__outcomes_that_a_dead_one_did_not_report_are_reported(void **state)
{
	struct uuid communication = id_of('c', 1), expected = uuid_derive(&communication, "dispatch", 1);
	struct reported reported[2];

	(void)state;
	release(1, "email", "ok@x.example");
	while (number("SELECT count(*) FROM notifier.attempt WHERE outcome IS NOT NULL") == 0) {
		assert_true(clock_monotonic_ms() < deadline_ms);
		must(dispatch_step(&worker.dispatch, true, &err));
		must(http_poll(worker.http, -1, 10, &err));
	}
	assert_attempts("1 accepted 2.0.0");
	kill_worker(&worker);
	open_worker(&neighbour, 10000);
	turn_until_settled(&neighbour);
	assert_attempts("1 accepted 2.0.0 reported");
	assert_int_equal(read_reported(reported, 2), 1);
	assert_true(uuid_equal(&reported[0].command_id, &expected));
	assert_string_equal(reported[0].outcome, "accepted");
}

static void kill_sessions(void)
{
	run_sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'dcs_notifier'");
}

static void test_notifier__an_outcome_survives_a_lost_database_connection(void **state)
{
	(void)state;
	release(1, "email", "ok@x.example");
	while (worker.dispatch.busy == 0)
		turn(&worker);
	kill_sessions();
	turn_until_settled(&worker);
	assert_attempts("1 accepted 2.0.0 reported");
}

static void test_notifier__a_claim_whose_answer_was_lost_is_not_lost(void **state)
{
	const struct desk_wish wish = { .channel = "email", .gateway = "smtp", .count_max = 10 };
	struct db_result taken = { 0 };
	int64_t looked;

	(void)state;
	release(1, "email", "ok@x.example");
	must(desk_open(&worker.desk, NULL, 0, &err));
	must(desk_take(&worker.desk, &wish, &taken, &looked, &err));
	assert_int_equal(taken.rows, 1);
	db_result_release(&taken); /* as if it had not come: nobody knows of it but the table */
	assert_attempts("1 open");
	kill_sessions();
	turn_until_settled(&worker);
	assert_attempts("1 not_accepted not_started reported, 2 accepted 2.0.0 reported");
}

static void test_notifier__reports_wait_for_the_broker(void **state)
{
	(void)state;
	release(1, "email", "ok@x.example");
	turn_until_settled(&worker); /* Kafka is known */
	mock_cluster_broker_down(&mock);
	release(2, "email", "ok@x.example");
	while (number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'accepted'") < 2 || worker.report.waiting == 0)
		turn(&worker);
	for (int i = 0; i < 10; i++)
		turn(&worker);
	assert_attempts("1 accepted 2.0.0 reported, 1 accepted 2.0.0");
	mock_cluster_broker_up(&mock);
	turn_until_settled(&worker);
	assert_attempts("1 accepted 2.0.0 reported, 1 accepted 2.0.0 reported");
}

static void test_notifier__a_gateway_that_is_away_gets_probes_not_all_messages(void **state)
{
	(void)state;
	(void)snprintf(worker.smtp_url, sizeof(worker.smtp_url), "smtp://127.0.0.1:%d/our.name", busy_port); /* "421 too busy" */
	for (unsigned n = 1; n <= 60; n++)
		release(n, "email", "ok@x.example");
	while (worker.smtp.throttle.state != THROTTLE_OPEN)
		turn(&worker);
	for (int i = 0; i < 20; i++) {
		dispatch_look(&worker.dispatch);
		turn(&worker);
	}
	/* 16 under way when it opened, and one in the place of each failure before the fifth. */
	assert_true(number("SELECT count(*) FROM notifier.attempt") <= 16 + 4);
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt WHERE outcome <> 'not_accepted'"), 0);
	assert_true(number("SELECT count(*) FROM communications.outbox WHERE state = 'released'") >= 60 - (16 + 4));
	run_sql("DELETE FROM notifier.dispatch"); /* tear_down need not wait for them */
}

/* The busy server first, and the good one, as another gateway of the channel. */
static void add_relay(struct worker *changed)
{
	changed->kannel_conf.name = "relay";
	changed->kannel_conf.kind = "smtp";
	changed->kannel_conf.channel = "email";
	changed->kannel_conf.from = changed->smtp_conf.from;
	changed->kannel_conf.from_name = "";
	changed->kannel_conf.order = 2;
	(void)snprintf(changed->kannel_url, sizeof(changed->kannel_url), "smtp://127.0.0.1:%d/our.name", smtp_port);
	(void)snprintf(changed->smtp_url, sizeof(changed->smtp_url), "smtp://127.0.0.1:%d/our.name", busy_port);
	gateway_init(&changed->kannel, &changed->kannel_conf, clock_monotonic_ms());
	changed->dispatch.conf.retry_base_ms = 3600000; /* nothing here waits for a retry */
}

static void test_notifier__what_one_gateway_did_not_accept_goes_to_the_next_at_once(void **state)
{
	(void)state;
	add_relay(&worker);
	release(1, "email", "ok@x.example");
	turn_until_settled(&worker);
	assert_attempts("1 not_accepted reported, 2 accepted 2.0.0 reported");
	assert_text("SELECT string_agg(gateway, ' ' ORDER BY attempt) FROM notifier.attempt", "smtp relay");
}

static void test_notifier__behind_an_open_breaker_the_next_gateway_takes_everything(void **state)
{
	(void)state;
	add_relay(&worker);
	for (unsigned n = 1; n <= 40; n++)
		release(n, "email", "ok@x.example");
	turn_until_settled(&worker);
	assert_int_equal(worker.smtp.throttle.state, THROTTLE_OPEN);
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'accepted' AND gateway = 'relay'"), 40);
	assert_true(number("SELECT count(*) FROM notifier.attempt WHERE gateway = 'smtp'") <= 16 + 4);
}

static void test_notifier__a_refusal_for_good_goes_to_no_other_gateway(void **state)
{
	(void)state;
	add_relay(&worker);
	(void)snprintf(worker.smtp_url, sizeof(worker.smtp_url), "smtp://127.0.0.1:%d/our.name", smtp_port);
	release(1, "email", "refuse@x.example");
	release(2, "email", "afterdot@x.example");
	turn_until_settled(&worker);
	assert_attempts("1 failed 5.1.1 reported, 1 unknown reported");
}

/* The SMS gateway is one of another kind. */
static void change_kind(struct worker *changed, const char *kind, const char *path)
{
	changed->kannel_conf.name = changed->kannel_conf.kind = kind;
	changed->kannel_conf.callback_url = "";
	changed->dispatch.conf.ask_base_ms = 1;
	assert_true(str_to_chars(changed->kannel_conf.password, sizeof(changed->kannel_conf.password),
				 STR("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")));
	(void)snprintf(changed->kannel_url, sizeof(changed->kannel_url), "http://127.0.0.1:%d%s", http_port, path);
	gateway_init(&changed->kannel, &changed->kannel_conf, clock_monotonic_ms());
}

static void test_notifier__a_doubtful_webhook_is_repeated_with_its_id_and_counts_once(void **state)
{
	char path[128], id[UUID_TEXT_SIZE + 1];
	struct uuid communication = id_of('c', 71);

	(void)state;
	change_kind(&worker, "webhook", "/hook/once");
	release(71, "sms", "+491701234567");
	turn_until_settled(&worker);
	assert_attempts("1 accepted 204 reported");
	uuid_format(id, &communication);
	(void)snprintf(path, sizeof(path), "/hook-id/%s_1", id);
	assert_int_equal(count_at_server(path), 2);
	assert_int_equal(number("SELECT asks::bigint FROM notifier.dispatch"), 1);
}

static void test_notifier__a_webhook_that_never_answers_is_unknown_in_the_end(void **state)
{
	char path[128], id[UUID_TEXT_SIZE + 1];
	struct uuid communication = id_of('c', 72);

	(void)state;
	change_kind(&worker, "webhook", "/hook/never");
	worker.kannel_conf.failures = 100;
	gateway_init(&worker.kannel, &worker.kannel_conf, clock_monotonic_ms());
	release(72, "sms", "+491701234567");
	turn_until_settled(&worker);
	assert_attempts("1 unknown reported");
	uuid_format(id, &communication);
	(void)snprintf(path, sizeof(path), "/hook-id/%s_1", id);
	assert_int_equal(count_at_server(path), 1 + ASKS_MAX);
}

static void test_notifier__a_doubtful_webhook_is_not_repeated_after_a_withdrawal(void **state)
{
	int before = count_at_server("/hook/withdrawn");

	(void)state;
	change_kind(&worker, "webhook", "/hook/withdrawn");
	worker.dispatch.conf.ask_base_ms = 0;
	release(73, "sms", "+491701234567");
	while (number("SELECT count(*) FROM notifier.dispatch WHERE state = 'asking'") == 0) {
		run_sql("UPDATE notifier.dispatch SET next_at = 'infinity' WHERE state = 'asking'");
		turn(&worker);
	}
	run_sql("INSERT INTO communications.opt_out SELECT customer_id, channel, now() + interval '1 s' FROM "
		"communications.outbox");
	run_sql("UPDATE notifier.dispatch SET next_at = now()");
	turn_until_settled(&worker);
	assert_attempts("1 unknown not_repeated reported");
	assert_in_range(count_at_server("/hook/withdrawn"), before + 1, before + 2); /* a repetition may have been under way */
}

static void test_notifier__a_doubtful_message_is_looked_up_where_there_is_a_list(void **state)
{
	int before = count_at_server("/twilio/silent/Messages.json");

	(void)state;
	change_kind(&worker, "twilio", "/twilio/silent/Messages.json");
	release(74, "sms", "+491701234574");
	turn_until_settled(&worker);
	assert_attempts("1 accepted reported");
	assert_true(number("SELECT count(*) FROM notifier.attempt WHERE provider_ref LIKE 'SM%'") == 1);
	assert_int_equal(count_at_server("/twilio/silent/Messages.json"), before + 2); /* one sent, one asked */
}

static void test_notifier__who_opted_out_at_the_provider_has_withdrawn_the_consent(void **state)
{
	struct reported reported[8];

	(void)state;
	change_kind(&worker, "twilio", "/twilio/optedout/Messages.json");
	release(77, "sms", "+491701234577");
	turn_until_settled(&worker);
	assert_attempts("1 failed 21610 reported");
	assert_int_equal(read_reported(reported, 8), 2);
	assert_true(reported[0].is_withdrawal); /* first: it cancels what else is released */
	assert_string_equal(reported[0].outcome, "sms");
	assert_string_equal(reported[1].outcome, "failed");
}

static void test_notifier__a_withdrawal_that_is_not_answered_is_reported_again(void **state)
{
	struct reported reported[16];

	(void)state;
	is_consequence_lost = true;
	change_kind(&worker, "twilio", "/twilio/optedout/Messages.json");
	release(78, "sms", "+491701234578");
	while (worker.report.patience_ms == 0)
		turn(&worker);
	assert_attempts("1 failed 21610");
	is_consequence_lost = false;
	turn_until_settled(&worker);
	assert_attempts("1 failed 21610 reported");
	assert_int_equal(read_reported(reported, 16), 4);
}

static void test_notifier__what_a_dead_notifier_left_doubtful_is_asked_about(void **state)
{
	(void)state;
	change_kind(&worker, "webhook", "/hook/dead");
	release(75, "sms", "+491701234567");
	while (worker.dispatch.busy == 0)
		turn(&worker);
	kill_worker(&worker);
	open_worker(&neighbour, 10000);
	change_kind(&neighbour, "webhook", "/ok/dead");
	turn_until_settled(&neighbour);
	assert_attempts("1 accepted 202 reported");
}

/* ---- letters ---- */

static char spool[64]; /* a folder */

static void open_spool(struct worker *changed)
{
	changed->kannel_conf.name = "printer";
	changed->kannel_conf.kind = "spool";
	changed->kannel_conf.channel = "letter";
	changed->kannel_conf.from = "Collector, 1 Road";
	changed->kannel_conf.paper = "a4";
	changed->dispatch.conf.ask_base_ms = 1;
	if (spool[0] == '\0') {
		(void)snprintf(spool, sizeof(spool), "/tmp/dcs-spool.XXXXXX");
		assert_non_null(mkdtemp(spool));
	}
	(void)snprintf(changed->kannel_url, sizeof(changed->kannel_url), "file://%s", spool);
	gateway_init(&changed->kannel, &changed->kannel_conf, clock_monotonic_ms());
	must(changed->kannel.kind->check(&changed->kannel_conf, &err));
}

static void release_letter(unsigned n)
{
	struct seal_place place = { &sealed_name, id_of('k', n), 1, id_of('k', n) };
	uint8_t sealed[256], key[32];
	struct db_params params;

	put_into_outbox(n, "letter", "1 Street\nSome Town", 3600);
	person_key(key, address_key, STR(SALT));
	seal(sealed, STR("Anna <Quoted\">"), &place, key);
	db_params_init(&params, 65536);
	db_param_bytes(&params, (struct str){ .data = (char *)sealed, .size = 14 + SEAL_OVERHEAD });
	must(db_run(admin, statement_of("UPDATE customers.customer SET full_name_sealed = $1"), &params, NULL, &err));
	db_params_release(&params);
	run_sql("DELETE FROM communications.permission"); /* a letter needs none */
	read_event(&worker, n, "letter", 3600);
}

static void spool_path(char path[160], unsigned n, const char *folder, const char *ending)
{
	struct uuid communication = id_of('c', n);
	char id[UUID_TEXT_SIZE + 1];

	uuid_format(id, &communication);
	(void)snprintf(path, 160, "%s/%s%s%s", spool, folder, id, ending);
}

static void read_file(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");

	if (file == NULL)
		fail_msg("no %s", path);
	size = fread(text, 1, size - 1, file);
	text[size] = '\0';
	(void)fclose(file);
}

static void hand_over_and_die(unsigned n)
{
	open_spool(&worker);
	release_letter(n);
	while (worker.dispatch.busy == 0)
		turn(&worker);
	kill_worker(&worker); /* what it knew of the outcome is lost */
	open_worker(&neighbour, 10000);
	open_spool(&neighbour);
}

static void test_notifier__a_letter_is_a_file_and_its_manifest(void **state)
{
	char path[160], manifest[4096], pdf[8];
	struct stat about;

	(void)state;
	open_spool(&worker);
	release_letter(1);
	turn_until_settled(&worker);
	assert_attempts("1 accepted reported");
	spool_path(path, 1, "", ".json");
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	read_file(path, manifest, sizeof(manifest));
	assert_non_null(strstr(manifest, "\"pages\":1,"));
	assert_non_null(
		strstr(manifest, "\"to\":[\"Anna <Quoted\\\">\",\"1 Street\",\"Some Town\"],\"messageClass\":\"demand\""));
	spool_path(path, 1, "", ".pdf");
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	read_file(path, pdf, sizeof(pdf));
	assert_memory_equal(pdf, "%PDF-", 5);
}

static void test_notifier__a_letter_that_was_handed_over_is_not_written_again(void **state)
{
	char path[160], moved[160], manifest[4096], again[4096];

	(void)state;
	hand_over_and_die(2);
	spool_path(path, 2, "", ".json");
	read_file(path, manifest, sizeof(manifest));
	turn_until_settled(&neighbour);
	assert_attempts("1 accepted reported");
	read_file(path, again, sizeof(again));
	assert_string_equal(manifest, again);

	/* Nor when it was acknowledged meanwhile. */
	kill_worker(&neighbour);
	run_sql("TRUNCATE notifier.dispatch, notifier.attempt, communications.outbox, communications.permission, "
		"communications.communication, customers.contact_point, customers.customer");
	open_worker(&worker, 10000);
	hand_over_and_die(3);
	spool_path(path, 3, "", ".json");
	spool_path(moved, 3, "done/", ".json");
	assert_int_equal(rename(path, moved), 0);
	turn_until_settled(&neighbour);
	assert_attempts("1 accepted reported");
	assert_int_equal(access(path, F_OK), -1);
}

static void test_notifier__a_kill_between_the_file_and_its_manifest_makes_one_letter(void **state)
{
	char path[160], manifest[4096];

	(void)state;
	hand_over_and_die(4);
	spool_path(path, 4, "", ".json");
	assert_int_equal(unlink(path), 0); /* as if it had died a moment before */
	turn_until_settled(&neighbour);
	assert_attempts("1 accepted reported");
	read_file(path, manifest, sizeof(manifest));
	assert_non_null(strstr(manifest, "\"sha256\":\""));
}

static void test_notifier__a_letter_that_cannot_be_printed_has_failed(void **state)
{
	char path[160];

	(void)state;
	open_spool(&worker);
	release_letter(5);
	run_sql("UPDATE communications.outbox SET address_sealed = ''");
	turn_until_settled(&worker);
	assert_attempts("1 failed unreadable reported");
	spool_path(path, 5, "", ".json");
	assert_int_equal(access(path, F_OK), -1);
}

static void test_notifier__no_letter_is_printed_after_an_opt_out_of_letters(void **state)
{
	char path[160];

	(void)state;
	open_spool(&worker);
	release_letter(6);
	run_sql("INSERT INTO communications.opt_out (customer_id, channel, withdrawn_at) SELECT customer_id, 'letter', now() "
		"FROM "
		"customers.customer");
	turn_until_settled(&worker);
	assert_attempts("1 failed withdrawn reported");
	spool_path(path, 6, "", ".pdf");
	assert_int_equal(access(path, F_OK), -1);
}

static void test_notifier__a_lost_statement_does_not_send_a_doubtful_message_anew(void **state)
{
	struct db_result taken = { 0 };

	(void)state;
	change_kind(&worker, "webhook", "/hook/lost");
	release(76, "sms", "+491701234567");
	while (number("SELECT count(*) FROM notifier.dispatch WHERE state = 'asking'") == 0) {
		worker.dispatch.conf.ask_base_ms = 3600000;
		turn(&worker);
	}
	run_sql("UPDATE notifier.dispatch SET next_at = now()");
	must(desk_ask(&worker.desk, "webhook", 10, &taken, &err));
	assert_int_equal(taken.rows, 1);
	db_result_release(&taken); /* as if it had not come */
	assert_states("sending");
	kill_sessions();
	turn_until_settled(&worker);
	assert_attempts("1 accepted 204 reported");
}

static void test_notifier__giving_up_at_the_end_tells_the_truth(void **state)
{
	(void)state;
	release(1, "email", "silent@x.example");
	while (count_at_server("/data/silent") == 0) /* it has the whole message, and says nothing */
		turn(&worker);
	must(dispatch_give_up(&worker.dispatch, &err));
	assert_int_equal(worker.dispatch.busy, 0);
	assert_attempts("1 unknown");
}

static void test_notifier__what_has_not_left_at_the_end_is_given_back(void **state)
{
	int before = count_at_server("/rcpt/ok");

	(void)state;
	worker.smtp_conf.rate = 8; /* one now, and two ahead */
	worker.smtp_conf.burst = 1;
	gateway_init(&worker.smtp, &worker.smtp_conf, clock_monotonic_ms());
	for (unsigned n = 1; n <= 4; n++)
		release(n, "email", "ok@x.example");
	must(dispatch_step(&worker.dispatch, true, &err));
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt"), 3);
	must(dispatch_give_up(&worker.dispatch, &err));
	assert_int_equal(worker.dispatch.busy, 0);
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt a JOIN notifier.dispatch d USING (communication_id)"
				" WHERE provider_code = 'not_started' AND last_gateway IS NULL AND state = 'waiting'"),
			 2); /* no other gateway is better for them */
	turn_until_settled(&worker);
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'accepted'"), 4);
	assert_int_equal(count_at_server("/rcpt/ok"), before + 4);
}

/* The lock goes when nothing is ready or under way any more, without the desk. */
static int left_meanwhile;

static void pace_until_all_have_left(void *worker_arg, int fd, int max_ms)
{
	struct worker *paced = worker_arg;

	dispatch_pace(&paced->dispatch);
	must(http_poll(paced->http, fd, (int)dispatch_pace_wait_ms(&paced->dispatch, max_ms), &err));
	if (paced->dispatch.ready > 0 || http_running(paced->http) > 0)
		return;
	db_set_meanwhile(NULL, NULL);
	left_meanwhile = count_at_server("/rcpt/ok");
	db_rollback(admin);
}

static void test_notifier__what_is_ready_leaves_while_the_database_takes_its_time(void **state)
{
	int before = count_at_server("/rcpt/ok");

	(void)state;
	worker.smtp_conf.rate = 20; /* one now, and five ahead */
	worker.smtp_conf.burst = 1;
	gateway_init(&worker.smtp, &worker.smtp_conf, clock_monotonic_ms());
	for (unsigned n = 1; n <= 6; n++)
		release(n, "email", "ok@x.example");
	must(dispatch_step(&worker.dispatch, true, &err));
	assert_int_equal(worker.dispatch.busy, 6);
	must(db_begin(admin, &err));
	run_sql("LOCK TABLE notifier.attempt");
	db_set_meanwhile(pace_until_all_have_left, &worker);
	while (left_meanwhile == 0) {
		must(dispatch_step(&worker.dispatch, true, &err));
		must(http_poll(worker.http, -1, 10, &err));
	}
	assert_true(left_meanwhile > before + 1);
	turn_until_settled(&worker);
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'accepted'"), 6);
	assert_int_equal(count_at_server("/rcpt/ok"), before + 6);
}

static void test_notifier__two_share_the_work_and_nothing_is_sent_twice(void **state)
{
	int before = count_at_server("/rcpt/ok");

	(void)state;
	open_worker(&neighbour, 10000);
	for (unsigned n = 1; n <= 100; n++)
		release(n, "email", "ok@x.example");
	while (number("SELECT count(*) FROM notifier.attempt WHERE reported") < 100) {
		dispatch_look(&neighbour.dispatch);
		turn(&worker);
		turn(&neighbour);
	}
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt"), 100);
	assert_int_equal(number("SELECT count(*) FROM notifier.attempt WHERE outcome = 'accepted'"), 100);
	assert_int_equal(number("SELECT count(DISTINCT owner) FROM notifier.attempt"), 2);
	assert_int_equal(count_at_server("/rcpt/ok"), before + 100);
}

/* Rows of the notifier's tables that were read. Sessions add theirs from time to time, and at the latest when they end. */
static int64_t rows_read(void)
{
	return number("SELECT sum(seq_tup_read + idx_tup_fetch)::bigint FROM pg_stat_user_tables WHERE schemaname = 'notifier'");
}

/* A plan is made while the tables are empty, and kept: it must not be one that goes through them. */
static void assert_cheap_beside(const char *insert_others)
{
	int64_t before;

	release(1, "sms", "+491701234567");
	turn_until_settled(&worker);
	run_sql(insert_others);
	run_sql("INSERT INTO notifier.attempt (communication_id, attempt, customer_id, owner, gateway, started_at, outcome, "
		"ended_at,"
		" reported) SELECT communication_id, 1, customer_id, (SELECT min(owner) FROM notifier.attempt), 'kannel', now(),"
		" 'accepted', now(), true FROM notifier.dispatch d WHERE NOT EXISTS (SELECT FROM notifier.attempt a"
		" WHERE a.communication_id = d.communication_id)");
	run_sql("ANALYZE notifier.dispatch, notifier.attempt");   /* as autovacuum does, sooner or later: sessions plan anew */
	(void)number("SELECT count(pg_stat_force_next_flush())"); /* of what this session read */
	before = rows_read();
	for (unsigned n = 2; n <= 11; n++) {
		release(n, "sms", "+491701234567");
		while (worker.report.reported < n)
			turn(&worker);
	}
	kill_worker(&worker);
	while (number("SELECT count(*) FROM pg_stat_activity WHERE usename = 'dcs_notifier'") > 0)
		assert_true(clock_monotonic_ms() < deadline_ms);
	assert_in_range(rows_read() - before, 10, 3000);
}

static void test_notifier__the_cost_of_a_message_does_not_grow_with_those_that_have_ended(void **state)
{
	(void)state;
	assert_cheap_beside(
		"INSERT INTO notifier.dispatch (communication_id, customer_id, channel, send_by, state, attempts, next_at)"
		" SELECT gen_random_uuid(), gen_random_uuid(), 'sms', now() + interval '1 hour', 'done', 1, now()"
		" FROM generate_series(1, 3000)");
}

static void test_notifier__the_cost_of_a_message_does_not_grow_with_those_that_wait(void **state)
{
	(void)state;
	assert_cheap_beside(
		"INSERT INTO notifier.dispatch (communication_id, customer_id, channel, send_by, state, attempts, next_at)"
		" SELECT gen_random_uuid(), gen_random_uuid(), 'sms', now() + interval '2 hours', 'waiting', 1,"
		" now() + interval '1 hour' FROM generate_series(1, 3000)");
}

static void test_notifier__the_database_allows_one_possible_sending(void **state)
{
	static const char *const second[] = { "NULL, NULL", "'accepted', now()", "'unknown', now()" };

	(void)state;
	release(1, "email", "ok@x.example");
	turn_until_settled(&worker);
	for (size_t i = 0; i < 3; i++) {
		char sql[512];
		const struct db_statement statement = { sql, sql };

		(void)snprintf(sql, sizeof(sql),
			       "INSERT INTO notifier.attempt (communication_id, attempt, customer_id, owner, gateway, "
			       "started_at, outcome,"
			       " ended_at) SELECT communication_id, 2, customer_id, 1, 'smtp', now(), %s FROM notifier.dispatch",
			       second[i]);
		assert_int_equal(db_run(admin, &statement, NULL, NULL, &err), -1);
		assert_string_equal(db_sqlstate(admin), DB_UNIQUE_VIOLATION);
		err = (struct err)ERR_INIT;
	}
}

/* ---- all of it ---- */

static int set_up(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
	run_sql("TRUNCATE notifier.dispatch, notifier.attempt, communications.outbox, communications.permission, "
		"communications.opt_out, communications.communication, customers.contact_point, customers.customer");
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, TOPIC, PARTS);
	mock_cluster_topic(&mock, CUSTOMERS_TOPIC, PARTS);
	bus = (struct bus_conf){ .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test-notifier" };
	open_worker(&worker, 10000);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	kill_worker(&worker);
	kill_worker(&neighbour);
	mock_cluster_stop(&mock);
	return 0;
}

static int make_database(void)
{
	char text[CONNINFO_MAX];

	must(test_database_make("test_notifier", &err));
	(void)snprintf(text, sizeof(text), "%s dbname=test_notifier", getenv("DCS_TEST_PG"));
	(void)snprintf(conninfo, sizeof(conninfo), "%s dbname=test_notifier user=dcs_notifier", getenv("DCS_TEST_PG"));
	return db_open(text, "test_notifier", TIMEOUT_MS, &admin, &err);
}

static int set_up_all(void **state)
{
	char python[] = "/usr/bin/python3", script[] = "tests/io/gateways.py", line[512], command[512];
	char *argv[] = { python, script, NULL };

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
	must(make_database());
	servers = child_start(argv);
	child_line(&servers, line, sizeof(line));
	return sscanf(line, "%d %d %d %d %d", &http_port, &silent_port, &smtp_port, &busy_port, &aio_port) == 5 ? 0 : -1;
}

static int tear_down_all(void **state)
{
	char command[512];

	(void)state;
	child_end(&servers, SIGTERM);
	db_close(admin);
	token_keys_free(keys);
	(void)snprintf(command, sizeof(command), "rm -r %s", keys_dir);
	return system(command);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_notifier__a_mail_is_claimed_sent_and_reported),
		TEST(test_notifier__a_mail_has_html_and_a_way_out_where_the_row_says_so),
		TEST(test_notifier__a_mail_has_the_html_of_its_message_beside_the_text),
		TEST(test_notifier__an_outcome_is_reported_when_it_is_answered_and_sent_again_until_then),
		TEST(test_notifier__an_answer_that_was_heard_is_not_waited_for),
		TEST(test_notifier__an_sms_is_claimed_sent_and_reported),
		TEST(test_notifier__a_refused_recipient_has_failed_for_good),
		TEST(test_notifier__an_address_that_is_not_there_is_reported_as_bounced),
		TEST(test_notifier__an_invalidation_that_is_not_answered_is_published_again),
		TEST(test_notifier__what_cannot_be_sent_has_failed_without_a_byte),
		TEST(test_notifier__a_text_that_does_not_open_has_failed),
		TEST(test_notifier__a_text_out_of_its_place_has_failed),
		TEST(test_notifier__an_emptied_text_has_failed),
		TEST(test_notifier__a_message_sealed_the_old_way_is_sent),
		TEST(test_notifier__not_accepted_is_tried_again_until_the_last_try),
		TEST(test_notifier__ambiguous_is_unknown_and_never_sent_again),
		TEST(test_notifier__an_unknown_message_is_sent_once_more_when_a_person_says_that_it_was_not),
		TEST(test_notifier__a_cancelled_message_is_not_sent),
		TEST(test_notifier__a_message_to_an_erased_customer_has_failed_without_a_byte),
		TEST(test_notifier__an_erasure_between_two_tries_ends_them),
		TEST(test_notifier__a_message_to_an_address_that_was_given_up_has_failed_without_a_byte),
		TEST(test_notifier__an_address_given_up_between_two_tries_ends_them),
		TEST(test_notifier__an_address_given_up_stops_what_was_written_to_it_only),
		TEST(test_notifier__a_withdrawal_between_two_tries_wins),
		TEST(test_notifier__a_try_that_is_not_permitted_any_more_is_reported_as_failed),
		TEST(test_notifier__what_is_late_is_reported_and_not_sent),
		TEST(test_notifier__what_may_not_leave_now_goes_back_and_may_come_again),
		TEST(test_notifier__what_gets_another_time_is_sent_at_it_and_not_expired_before),
		TEST(test_notifier__what_was_tried_and_gets_another_time_is_tried_again),
		TEST(test_notifier__evenings_that_came_too_soon_are_no_tries),
		TEST(test_notifier__a_time_that_ends_after_the_claim_stops_the_first_byte),
		TEST(test_notifier__a_message_read_twice_is_queued_once),
		TEST(test_notifier__the_claim_is_committed_before_a_byte_leaves),
		TEST(test_notifier__what_a_dead_notifier_had_under_way_is_unknown),
		TEST(test_notifier__what_a_living_one_has_under_way_is_left_alone),
		TEST(test_notifier__outcomes_that_a_dead_one_did_not_report_are_reported),
		TEST(test_notifier__an_outcome_survives_a_lost_database_connection),
		TEST(test_notifier__a_claim_whose_answer_was_lost_is_not_lost),
		TEST(test_notifier__reports_wait_for_the_broker),
		TEST(test_notifier__a_gateway_that_is_away_gets_probes_not_all_messages),
		TEST(test_notifier__what_one_gateway_did_not_accept_goes_to_the_next_at_once),
		TEST(test_notifier__behind_an_open_breaker_the_next_gateway_takes_everything),
		TEST(test_notifier__a_refusal_for_good_goes_to_no_other_gateway),
		TEST(test_notifier__a_letter_is_a_file_and_its_manifest),
		TEST(test_notifier__a_letter_that_was_handed_over_is_not_written_again),
		TEST(test_notifier__a_kill_between_the_file_and_its_manifest_makes_one_letter),
		TEST(test_notifier__a_letter_that_cannot_be_printed_has_failed),
		TEST(test_notifier__no_letter_is_printed_after_an_opt_out_of_letters),
		TEST(test_notifier__a_doubtful_webhook_is_repeated_with_its_id_and_counts_once),
		TEST(test_notifier__a_webhook_that_never_answers_is_unknown_in_the_end),
		TEST(test_notifier__a_doubtful_webhook_is_not_repeated_after_a_withdrawal),
		TEST(test_notifier__a_doubtful_message_is_looked_up_where_there_is_a_list),
		TEST(test_notifier__who_opted_out_at_the_provider_has_withdrawn_the_consent),
		TEST(test_notifier__a_withdrawal_that_is_not_answered_is_reported_again),
		TEST(test_notifier__what_a_dead_notifier_left_doubtful_is_asked_about),
		TEST(test_notifier__a_lost_statement_does_not_send_a_doubtful_message_anew),
		TEST(test_notifier__giving_up_at_the_end_tells_the_truth),
		TEST(test_notifier__what_has_not_left_at_the_end_is_given_back),
		TEST(test_notifier__what_is_ready_leaves_while_the_database_takes_its_time),
		TEST(test_notifier__two_share_the_work_and_nothing_is_sent_twice),
		TEST(test_notifier__the_cost_of_a_message_does_not_grow_with_those_that_have_ended),
		TEST(test_notifier__the_cost_of_a_message_does_not_grow_with_those_that_wait),
		TEST(test_notifier__the_database_allows_one_possible_sending),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
