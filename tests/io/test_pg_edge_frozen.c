/* An owner that is frozen while the server waits for its next byte keeps its locks, without any limit of time: who takes over
 * ends its connection (P11). */

#include <signal.h>
#include <sys/wait.h>

#include "base/array.h"
#include "db/connection.h"
#include "tests/io/pg_edge_spec.h"
#include "worker/reader.h"

#define DEADLINE_MS 30000 /* P11 */

/* In the child: begins a COPY, and sends no row before it is woken up. */
static int freeze_in_copy(struct db *db, struct err *err)
{
	PGresult *answer = NULL;
	int rc;

	if (db_write_end(db, err) < 0 || !PQsendQuery(db->pg, "COPY parked FROM STDIN"))
		return -1;
	while (PQflush(db->pg) > 0)
		;
	PQclear(PQgetResult(db->pg));
	raise(SIGSTOP);
	if (PQputCopyEnd(db->pg, NULL) != 1)
		return connection_lost(db, "in a COPY", err);
	if (connection_flush(db, err) < 0 || connection_answer(db, &answer, err) < 0)
		return -1;
	rc = connection_check(db, answer, "COPY", err);
	PQclear(answer);
	return rc;
}

/* In the child: the log's rows are written, their pipeline is open. */
static int freeze_in_pipeline(struct db *db, struct err *err)
{
	static const struct db_statement one = { "one", "SELECT 1" };
	struct db_result result = { 0 };

	if (db_write(db, &one, NULL, DB_ROWS_ANY, err) < 0 || db_pipeline_flush(db, err) < 0 || db_receive(db, &result, err) < 0)
		return -1;
	raise(SIGSTOP);
	return db_write_end(db, err);
}

/* A program that owns the partition and is frozen inside of save; it is dead when it comes that far. */
static pid_t frozen_owner(int (*in_save)(struct db *db, struct err *err))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		static struct world world;
		struct log_row row;
		struct changes changes = { .log = &row, .log_count = 1 };
		struct head head;
		bool conflict;

		world_open(&world);
		world.fake.in_save = in_save;
		head = claim(&world, OWNED);
		open_batch(&world, &head);
		row = log_row(&head, 1, digest_a);
		changes.set = &world.set;
		(void)try_write(&world, &changes, &conflict);
		_exit(world.err.kind == ERR_RETRY ? 0 : 1); /* woken up, it finds its connection lost */
	}
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	return child;
}

/* As the engine does it: again, until it is its own. */
static struct head take_over(struct world *world)
{
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct head head;

	while (try_claim(world, OWNED, &head) < 0) {
		assert_int_equal(world->err.kind, ERR_RETRY);
		assert_true(clock_monotonic_ms() < until_ms);
	}
	return head;
}

static void taken_over_from(struct world *world, int (*in_save)(struct db *db, struct err *err))
{
	pid_t owner = frozen_owner(in_save);
	struct head head = take_over(world);
	struct changes changes = { .log_count = 0 };
	int status;

	assert_int_equal(head.epoch, 2);
	assert_int_equal(head.log_seq, 0); /* what the frozen one had begun is undone */
	head.next_offset = 1;
	do_batch(world, &changes, &head);
	assert_int_equal(kill(owner, SIGCONT), 0);
	assert_int_equal(waitpid(owner, &status, 0), owner);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_pg_edge_frozen__an_owner_frozen_in_a_copy_is_taken_over_from(void **state)
{
	taken_over_from(*state, freeze_in_copy);
}

static void test_pg_edge_frozen__an_owner_frozen_in_a_pipeline_is_taken_over_from(void **state)
{
	taken_over_from(*state, freeze_in_pipeline);
}

/* A person who looks at the head in a transaction is no program of ours: waited for, not ended. */
static void test_pg_edge_frozen__a_persons_lock_is_waited_for(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);

	store_sql(&spec, "begin", "BEGIN");
	store_sql(&spec, "lock", "SELECT * FROM customers.partition_head FOR UPDATE");
	assert_int_equal(try_claim(world, OWNED, &head), -1);
	assert_int_equal(world->err.kind, ERR_RETRY);
	store_sql(&spec, "end", "COMMIT");
	assert_int_equal(claim(world, OWNED).epoch, 2);
}

static int reader_freezes(void *self, struct db *db, const struct read_event *events, size_t count, struct err *err)
{
	(void)self;
	(void)events;
	(void)count;
	return freeze_in_pipeline(db, err);
}

static const char *const read_modules[] = { "customers", NULL };

static int reader_claim(const struct reader_database *database, struct reader_head *ret_head, struct err *err)
{
	const int32_t part = OWNED;

	return database->claim(database->self, "customers", &part, 1, "test", ret_head, err);
}

static void freeze_reader(const char *reader_conninfo)
{
	const struct reader rules = { .name = "reporting", .modules = read_modules, .apply = reader_freezes };
	const struct read_event event = { .part = OWNED };
	struct reader_database database;
	struct reader_pg *pg;
	struct reader_head head;
	struct err err = ERR_INIT;
	bool is_fenced;

	if (reader_pg_open(reader_conninfo, &rules, &pg, &database, &err) == 0 && reader_claim(&database, &head, &err) == 0)
		(void)!database.apply(database.self, "customers", &head, &head, 1, &event, 1, &is_fenced, &err);
	_exit(1);
}

static void test_pg_edge_frozen__a_frozen_reader_is_taken_over_from(void **state)
{
	const struct reader rules = { .name = "reporting", .modules = read_modules, .apply = reader_freezes };
	char reader_conninfo[STORE_CONNINFO_MAX];
	int64_t until_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct reader_database database;
	struct reader_pg *pg;
	struct reader_head head;
	struct err err = ERR_INIT;
	pid_t child;
	int status;

	(void)state;
	snprintf(reader_conninfo, sizeof(reader_conninfo), "%s dbname=test_store user=dcs_reporting", getenv("DCS_TEST_PG"));
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		freeze_reader(reader_conninfo);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(reader_pg_open(reader_conninfo, &rules, &pg, &database, &err), 0);
	while (reader_claim(&database, &head, &err) < 0) {
		assert_int_equal(err.kind, ERR_RETRY);
		assert_true(clock_monotonic_ms() < until_ms);
	}
	reader_pg_close(pg);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_pg_edge_frozen__an_owner_frozen_in_a_copy_is_taken_over_from),
		IN_WORLD(test_pg_edge_frozen__an_owner_frozen_in_a_pipeline_is_taken_over_from),
		IN_WORLD(test_pg_edge_frozen__a_persons_lock_is_waited_for),
		IN_WORLD(test_pg_edge_frozen__a_frozen_reader_is_taken_over_from),
	};

	return run_in_database("pg_edge_frozen", tests, COUNT(tests));
}
