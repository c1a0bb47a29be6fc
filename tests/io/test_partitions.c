/* Keys stay in as many partitions as a module was begun with, whatever number its topic has by now. */

#include "tests/io/pg_edge_spec.h"

#include "base/array.h"
#include "tests/io/mock_cluster.h"
#include "worker/partitions.h"

#define DEBTS     "dcs.debts.commands.v1"
#define CUSTOMERS "dcs.customers.commands.v1"
#define BEGUN     5
#define NOW       6
#define KEY       "abc"

static void note_part(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	(void)offset;
	assert_null(failure);
	*(int32_t *)done_arg = part;
}

/* Where this producer puts it. */
static int32_t part_of(struct world *world, struct bus_producer *producer, const char *topic)
{
	int32_t part = -1;

	must(world, bus_produce(producer, topic, -1, STR(KEY), STR("value"), NULL, 0, note_part, &part, &world->err));
	must(world, bus_producer_flush(producer, STORE_TIMEOUT_MS, &world->err));
	return part;
}

static void test_partitions__a_module_keeps_the_number_it_was_begun_with(void **state)
{
	struct world *world = *state;
	int32_t parts;

	claim(world, OWNED);
	must(world, world->database.fix_parts(world->database.self, BEGUN, &parts, &world->err));
	assert_int_equal(parts, BEGUN);
	must(world, world->database.fix_parts(world->database.self, NOW, &parts, &world->err));
	assert_int_equal(parts, BEGUN);
}

static void test_partitions__nobody_begins_another_module(void **state)
{
	static const struct db_statement statement = { "foreign", "SELECT engine.fix_partitions('reports', 3)" };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(db_run(spec.db, &statement, NULL, NULL, &err), 0);
	assert_int_equal(store_number(&spec, "begun", "SELECT count(*) FROM engine.partitions WHERE module = 'reports'"), 0);
}

/* One call makes all that its program needs. */
static void test_partitions__a_module_to_come_can_begin(void **state)
{
	static const struct db_statement begin = { "begin", "SELECT engine.fix_partitions('coming', 3)" };
	static const struct db_statement live = { "live", "SELECT engine.sign_of_life('host', 1, NULL, true)" };
	static const struct db_statement claim = { "claim", "INSERT INTO coming.partition_head (part, epoch, owner, next_offset, "
							    "log_seq, log_hash) VALUES (0, 1, 'test', 0, 0, '')" };
	struct db *db = NULL;

	(void)state;
	store_sql(&spec, "create", "SELECT dcs_create_module('coming')");
	store_open(&spec, "test_store", "dcs_coming", &db);
	store_must(&spec, db_run(db, &begin, NULL, NULL, &spec.err));
	store_must(&spec, db_run(db, &live, NULL, NULL, &spec.err));
	store_must(&spec, db_run(db, &claim, NULL, NULL, &spec.err));
	assert_int_equal(store_number(&spec, "begun_with", "SELECT parts::bigint FROM engine.partitions WHERE module = 'coming'"),
			 3);
	assert_int_equal(store_number(&spec, "gave_sign", "SELECT count(*) FROM engine.program WHERE name = 'coming'"), 1);
	db_close(db);
}

static void test_partitions__a_sender_s_keys_stay_where_they_were(void **state)
{
	struct world *world = *state;
	struct mock_cluster mock;
	struct bus_producer *producer = NULL;
	char gateway[STORE_CONNINFO_MAX];

	assert_int_not_equal(bus_part_of(STR(KEY), BEGUN), bus_part_of(STR(KEY), NOW));
	snprintf(gateway, sizeof(gateway), "%s dbname=test_store user=dcs_api", getenv("DCS_TEST_PG"));
	store_sql(&spec, "begin", "INSERT INTO engine.partitions VALUES ('debts', 5) ON CONFLICT DO NOTHING");
	mock_cluster_start(&mock);
	mock_cluster_topic(&mock, DEBTS, NOW);
	mock_cluster_topic(&mock, CUSTOMERS, NOW);
	const struct bus_conf bus = { .bootstrap = mock_cluster_bootstrap(&mock), .client_id = "test" };

	must(world, bus_producer_open(&bus, &producer, &world->err));
	must(world, partitions_keep(gateway, producer, &world->err));
	assert_int_equal(part_of(world, producer, DEBTS), bus_part_of(STR(KEY), BEGUN));
	bus_producer_close(producer);
	producer = NULL;

	/* Who cannot ask goes by what there is. */
	must(world, bus_producer_open(&bus, &producer, &world->err));
	must(world, partitions_keep("host=/nowhere user=dcs_api", producer, &world->err));
	assert_int_equal(part_of(world, producer, DEBTS), bus_part_of(STR(KEY), NOW));
	assert_int_equal(bus_producer_spread(producer, DEBTS, NOW + 1, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_POISON);
	bus_producer_close(producer);
	producer = NULL;

	/* Who gets no answer from Kafka does not go on without. */
	must(world, bus_producer_open(&bus, &producer, &world->err));
	mock_cluster_broker_down(&mock);
	assert_int_equal(partitions_keep(gateway, producer, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	bus_producer_close(producer);
	mock_cluster_stop(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_partitions__a_module_keeps_the_number_it_was_begun_with),
		IN_WORLD(test_partitions__nobody_begins_another_module),
		IN_WORLD(test_partitions__a_module_to_come_can_begin),
		IN_WORLD(test_partitions__a_sender_s_keys_stay_where_they_were),
	};

	return run_in_database("partitions", tests, COUNT(tests));
}
