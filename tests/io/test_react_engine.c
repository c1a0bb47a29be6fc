/*
 * A whole program of a module that reacts, over a real PostgreSQL and librdkafka's mock cluster, killed where it hurts: it answers the
 * events of debts and sends each debt an amendment. This test program is the worker, too, when it is told so. Debts is here what the
 * world's own rules have written, published by the test; nobody reads the commands but the test.
 */
#include "base/array.h"
#include "bus/bus.h"
#include "model/topic.h"
#include "tests/io/child.h"
#include "tests/io/mock_cluster.h"
#include "tests/io/verify_world.h"
#include "token/token.h"
#include "wire/envelope.h"
#include "worker/worker.h"

#define EVENTS      "dcs.debts.events.v1"
#define TARGET      "dcs.debts.commands.v1"
#define AS_WORKER   "DCS_TEST_WORKER"
#define DEBTS_FIRST 30 /* published before anybody reads: the topic has a lag */
#define DEBTS_COUNT 60
#define DEADLINE_MS 60000

/* ---- the module ---- */

static void touch_nothing(const struct command *command, struct workset *set)
{
	(void)command;
	(void)set;
}

static struct uuid amendment_id(const struct uuid *debt_id)
{
	return uuid_derive(debt_id, "amendment", 0);
}

static void decide(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct debt_created *created = command->body;
	const struct uuid id = amendment_id(&created->debt_id);
	struct report_requested *event = decision_event(decision, &report_requested_type);
	struct amend_debt *body = decision_send(decision, &amend_debt_type, &id);

	(void)set;
	event->report_id = created->debt_id;
	event->version = 1;
	event->kind = STR("ageing");
	event->format = STR("csv");
	event->requested_by = STR("event");
	body->debt_id = created->debt_id;
	body->customer_id = command->key;
	body->reason = STR("such is the plan");
	decision_read(decision, "debt", &created->debt_id, 1);
}

static void evolve(struct workset *set, const struct event *event)
{
	(void)set;
	(void)event;
}

static int load_nothing(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	(void)self;
	(void)db;
	(void)err;
	for (size_t i = 0; i < count; i++)
		slots[i]->loaded = true;
	return 0;
}

static int save_nothing(void *self, struct db *db, const struct workset *set, const struct logged_event *events, size_t count,
			struct err *err)
{
	(void)self;
	(void)db;
	(void)set;
	(void)events;
	(void)count;
	(void)err;
	return 0;
}

static const struct rule rule = { &debt_created_type, touch_nothing, decide, false, false };
static const struct follow follows[] = { { .module = "debts", .rules = &rule, .rules_count = 1 } };
static const struct module reacting = {
	.name = "reports", .follows = follows, .follows_count = 1, .sends_as = ROLE_SUPERVISOR, .evolve = evolve
};
static const struct store no_store = { .load = load_nothing, .save = save_nothing };

/* ---- the world ---- */

static char keys_dir[] = "/tmp/dcs-test-react-engine-XXXXXX";
static struct verify_world world;
static struct mock_cluster mock;
static struct bus_conf conf;
static struct bus_producer *producer;
static struct token_keys *keys;
static struct child worker;
static unsigned customers;
static size_t published[WORLD_PARTS]; /* events of debts */

static void must(int rc)
{
	store_must(&world.spec, rc);
}

/* Partitions are told by the last byte here, and by the hash of the key in Kafka: both agree about these customers. */
static struct uuid next_customer(void)
{
	char key[UUID_TEXT_SIZE + 1];
	struct uuid id;

	do {
		id = spec_id('C', ++customers);
		uuid_format(key, &id);
	} while (bus_part_of(str_of(key), WORLD_PARTS) != id.bytes[15] % WORLD_PARTS);
	return id;
}

static void create_debts(unsigned from, unsigned to)
{
	for (unsigned number = from; number < to; number++) {
		char reference[16];
		struct create_customer person = { .customer_id = next_customer(),
						  .kind = STR("natural"),
						  .full_name = STR("Erika Mustermann"),
						  .locale = STR("de-DE"),
						  .country = STR("DE") };
		struct create_debt debt = { .debt_id = spec_id('D', number),
					    .customer_id = person.customer_id,
					    .creditor_id = spec_id('R', 1),
					    .currency = STR("EUR"),
					    .principal_minor = 100000,
					    .opened_on = STORE_TODAY - 100,
					    .due_on = STORE_TODAY - 50 };

		snprintf(reference, sizeof(reference), "X-%u", number);
		person.external_ref = debt.external_ref = str_of(reference);
		world_do(&world, CUSTOMERS, &create_customer_type, &person);
		world_do(&world, DEBTS, &create_debt_type, &debt);
	}
}

static void publish_row(const struct db_result *result, int row, int32_t part)
{
	const struct uuid customer_id = db_uuid(result, row, 3);
	const struct event_head head = { .module = "debts",
					 .seq = db_int64(result, row, 0),
					 .schema_id = (uint32_t)db_int32(result, row, 1),
					 .id = db_uuid(result, row, 2),
					 .command_id = db_uuid(result, row, 4),
					 .correlation_id = db_uuid(result, row, 5),
					 .at_ms = db_instant(result, row, 6),
					 .hash = db_str(result, row, 8) };
	struct header headers[HEADERS_MAX];
	char key[UUID_TEXT_SIZE + 1];
	size_t count;

	arena_reset(&world.arena);
	uuid_format(key, &customer_id);
	must(envelope_write_event(&head, &world.arena, headers, &count, &world.spec.err));
	must(bus_produce(producer, EVENTS, part, str_of(key), db_str(result, row, 7), headers, count, NULL, NULL,
			 &world.spec.err));
}

/* What the log of debts has more than the topic. */
static void publish(void)
{
	static const struct db_statement select = {
		"test_published",
		"SELECT seq, schema_id, event_id, key, command_id, correlation_id, at, body, hash FROM debts.event_log "
		"WHERE part = $1 AND seq > $2 ORDER BY seq"
	};

	for (int32_t part = 0; part < WORLD_PARTS; part++) {
		struct db_result result = { 0 };
		struct db_params params;

		db_params_init(&params, 64);
		db_param_int32(&params, part);
		db_param_int64(&params, (int64_t)published[part]);
		must(db_run(world.spec.admin, &select, &params, &result, &world.spec.err));
		for (int row = 0; row < result.rows; row++)
			publish_row(&result, row, part);
		published[part] += (size_t)result.rows;
		db_result_release(&result);
		db_params_release(&params);
	}
	must(bus_producer_flush(producer, STORE_TIMEOUT_MS, &world.spec.err));
}

static int open_world(void **state)
{
	static const char *const topics[] = { EVENTS, TARGET, "dcs.reports.commands.v1", "dcs.reports.events.v1",
					      "dcs.dead-letter.v1" };
	static uint8_t key[32];
	char command[256];

	(void)state;
	assert_non_null(mkdtemp(keys_dir));
	snprintf(command, sizeof(command),
		 "umask 077; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out %s/test.pem 2>/dev/null",
		 keys_dir);
	assert_int_equal(system(command), 0);
	store_key_file(key);
	mock_cluster_start(&mock);
	for (size_t i = 0; i < COUNT(topics); i++)
		mock_cluster_topic(&mock, topics[i], WORLD_PARTS);
	mock_cluster_topic(&mock, BUS_TIME_TOPIC, 1);
	world_open(&world);
	store_sql(&world.spec, "react", "SELECT dcs_create_reaction('reports')");
	conf = (struct bus_conf){ .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test" };
	must(bus_producer_open(&conf, &producer, &world.spec.err));
	must(token_keys_load(keys_dir, "dcs", "dcs", &keys, &world.spec.err));
	return 0;
}

static int close_world(void **state)
{
	char command[128];

	(void)state;
	child_end(&worker, SIGKILL);
	bus_producer_close(producer);
	token_keys_free(keys);
	world_close(&world);
	mock_cluster_stop(&mock);
	store_key_file_remove();
	snprintf(command, sizeof(command), "rm -r %s", keys_dir);
	return system(command) == 0 ? 0 : -1;
}

/* ---- the program ---- */

static void start_worker(void)
{
	static char pg[STORE_CONNINFO_MAX], bootstrap[256];
	char name[] = "/proc/self/exe", kafka[] = "--kafka-bootstrap", database[] = "--pg", folder[] = "--keys-dir",
	     session[] = "--kafka-session-ms", session_ms[] = "6000", batch[] = "--batch-records", two[] = "2",
	     level[] = "--log-level", error[] = "error";
	char *const arguments[] = { name,    kafka,      bootstrap, database, pg,    folder, keys_dir,
				    session, session_ms, batch,     two,      level, error,  NULL };

	snprintf(pg, sizeof(pg), "%s dbname=test_store", getenv("DCS_TEST_PG"));
	snprintf(bootstrap, sizeof(bootstrap), "%s", conf.bootstrap);
	assert_int_equal(setenv(AS_WORKER, "yes", 1), 0);
	worker = child_start(arguments);
	assert_int_equal(unsetenv(AS_WORKER), 0);
}

static void kill_worker(void)
{
	child_end(&worker, SIGKILL);
}

static int64_t count_of(const char *name, const char *sql)
{
	return store_number(&world.spec, name, sql);
}

static int64_t answered(void)
{
	return count_of("answered",
			"SELECT count(*) FROM reports.event_log WHERE schema_id = ANY (dcs_schema_ids('EventAnswered'))");
}

static int64_t sent(void)
{
	return count_of("sent", "SELECT coalesce(sum(log_seq), 0)::bigint FROM reports.sent_head");
}

static int64_t logged(void)
{
	return count_of("logged", "SELECT coalesce(sum(log_seq), 0)::bigint FROM reports.partition_head");
}

static void wait_for(int64_t (*number)(void), int64_t least)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;

	while (number() < least) {
		assert_true(clock_monotonic_ms() < until_ms);
		bus_producer_poll(producer, 5);
	}
}

/* ---- the target's topic ---- */

/* Its commands by their debts; each is checked as its module would. */
struct arrived {
	size_t records, first; /* how many; of these the first of their debt */
	size_t of_debt[DEBTS_COUNT + 16];
	unsigned order[WORLD_PARTS][DEBTS_COUNT + 16]; /* first appearances */
	size_t count[WORLD_PARTS];
};

static void take(struct arrived *arrived, const struct bus_record *record)
{
	struct token_claims claims;
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	const struct message_type *type;
	const struct amend_debt *body;
	const void *decoded;
	struct uuid id;
	size_t count;
	unsigned number;

	arena_reset(&world.arena);
	must(bus_record_headers(record, headers, &count, &world.spec.err));
	must(envelope_read(headers, count, &envelope, &world.spec.err));
	must(token_verify(keys, envelope.token, &claims, &world.spec.err));
	assert_string_equal(claims.subject, "reports");
	assert_int_equal(claims.roles, ROLE_SUPERVISOR);
	assert_true(str_is(envelope.source, "/dcs/reports"));
	must(coder_decode(record->value, &world.arena, &type, &decoded, &world.spec.err));
	assert_ptr_equal(type, &amend_debt_type);
	body = decoded;
	id = amendment_id(&body->debt_id);
	assert_true(uuid_equal(&envelope.id, &id));
	number = (unsigned)body->debt_id.bytes[14] << 8 | body->debt_id.bytes[15];
	assert_in_range(number, 1, COUNT(arrived->of_debt) - 1);
	arrived->records++;
	if (arrived->of_debt[number]++ > 0)
		return;
	arrived->first++;
	arrived->order[record->part][arrived->count[record->part]++] = number;
}

static void read_target(struct arrived *arrived)
{
	struct bus_reader *reader;

	memset(arrived, 0, sizeof(*arrived));
	must(bus_reader_open(&conf, TARGET, &reader, &world.spec.err));
	for (int32_t part = 0; part < WORLD_PARTS; part++) {
		int64_t low, high;

		must(bus_reader_bounds(reader, part, &low, &high, STORE_TIMEOUT_MS, &world.spec.err));
		if (low < high)
			must(bus_reader_seek(reader, part, low, &world.spec.err));
		for (int64_t next = low; next < high;) {
			struct bus_record record;
			bool is_found;

			must(bus_reader_next(reader, STORE_TIMEOUT_MS, &is_found, &record, &world.spec.err));
			assert_true(is_found);
			next = record.offset + 1;
			take(arrived, &record);
			bus_record_release(&record);
		}
	}
	bus_reader_close(reader);
}

static int64_t arrived_first(void)
{
	static struct arrived arrived;

	read_target(&arrived);
	return (int64_t)arrived.first;
}

static void verify(void)
{
	static struct findings findings;
	const char *const more[] = { "--only", "P13", "--kafka-bootstrap", conf.bootstrap, NULL };

	/* Nobody has read the commands: in its own world debts did them without a topic. */
	store_sql(&world.spec, "unread", "UPDATE debts.partition_head SET tick_cursor = next_offset, next_offset = 0");
	world_verify_with(&findings, more);
	store_sql(&world.spec, "read", "UPDATE debts.partition_head SET next_offset = tick_cursor, tick_cursor = NULL");
	then_silent(&findings);
}

/* Per partition the first of each command came in the order in which the debts were created. */
static void assert_all_arrived(size_t debts)
{
	static struct arrived arrived;

	read_target(&arrived);
	assert_int_equal(arrived.first, debts);
	for (size_t part = 0; part < WORLD_PARTS; part++)
		for (size_t i = 1; i < arrived.count[part]; i++)
			assert_true(arrived.order[part][i - 1] < arrived.order[part][i]);
}

/* ---- stories ---- */

/* Killed in the middle of a lag, and again while new events come: each event is answered once, each command arrives. */
static void test_react_engine__kills_lose_and_repeat_nothing(void **state)
{
	(void)state;
	create_debts(1, 1 + DEBTS_FIRST);
	publish();
	start_worker();
	wait_for(answered, 5);
	kill_worker();
	create_debts(1 + DEBTS_FIRST, 1 + DEBTS_COUNT);
	start_worker();
	wait_for(answered, DEBTS_FIRST);
	publish();
	wait_for(answered, DEBTS_FIRST + 3);
	kill_worker();
	start_worker();
	wait_for(answered, DEBTS_COUNT);
	wait_for(arrived_first, DEBTS_COUNT);
	assert_int_equal(answered(), DEBTS_COUNT);
	assert_all_arrived(DEBTS_COUNT);
	verify();
	kill_worker();
}

/* The other module's topic is away: answers are committed, their commands are not sent, and then the program dies. */
static void test_react_engine__what_was_committed_is_sent_by_the_next_owner(void **state)
{
	const int64_t before = answered(), arrived_before = arrived_first();
	int64_t sent_before;

	(void)state;
	mock_cluster_lose_topic(&mock, TARGET);
	create_debts(1 + DEBTS_COUNT, 11 + DEBTS_COUNT);
	publish();
	start_worker();
	wait_for(answered, before + 10);
	kill_worker();
	sent_before = sent();
	mock_cluster_find_topic(&mock, TARGET);
	assert_int_equal(arrived_first(), arrived_before);
	start_worker();
	wait_for(arrived_first, arrived_before + 10);
	create_debts(11 + DEBTS_COUNT, 15 + DEBTS_COUNT); /* the position moves with a batch */
	publish();
	wait_for(arrived_first, arrived_before + 14);
	assert_all_arrived((size_t)arrived_before + 14);
	assert_true(sent() > sent_before);
	assert_true(sent() <= logged());
	verify();
	kill_worker();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_react_engine__kills_lose_and_repeat_nothing),
		cmocka_unit_test(test_react_engine__what_was_committed_is_sent_by_the_next_owner),
	};

	if (getenv(AS_WORKER) != NULL)
		return worker_main(argc, argv, &reacting, &no_store, NULL);
	return cmocka_run_group_tests_name("react_engine", tests, open_world, close_world);
}
