#ifndef TESTS_IO_PG_EDGE_SPEC_H
#define TESTS_IO_PG_EDGE_SPEC_H

#include "consumers/customers/customers.h"
#include "tests/io/store_spec.h"
#include "worker/pg_edge.h"

/*
 * The engine's edge over the customers module's schema in a real PostgreSQL, with a store of the test's own that writes nothing:
 * what is looked at here are the engine's own tables.
 */
#define ARENA_SIZE ((size_t)1 << 20)
#define OWNED      2 /* a partition that the tests own */
#define OTHER      5

static struct store_spec spec; /* the database, and a session that sees everything */
static char conninfo[STORE_CONNINFO_MAX];

/* ---- a store of the test's own ---- */

/* What the edge's connection is, for those who break it. */
struct fake_store {
	struct db *db;
	size_t loaded, saved;
	int (*in_save)(struct db *db, struct err *err); /* NULL: nothing */
	size_t forgets;                                 /* rows that it has yet to forget */
	int64_t forgot_before_ms;
};

static inline int fake_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct fake_store *store = self;

	(void)err;
	store->db = db;
	store->loaded += count;
	for (size_t index = 0; index < count; index++)
		slots[index]->loaded = true;
	return 0;
}

static inline int fake_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events,
			    size_t events_count, struct err *err)
{
	struct fake_store *store = self;

	(void)set;
	(void)events;
	store->db = db;
	store->saved += events_count;
	return store->in_save != NULL ? store->in_save(db, err) : 0;
}

static inline int fake_forget(void *self, struct db *db, int64_t before_ms, size_t max, size_t *ret_count, struct err *err)
{
	struct fake_store *store = self;

	(void)db;
	(void)err;
	*ret_count = store->forgets < max ? store->forgets : max;
	store->forgets -= *ret_count;
	store->forgot_before_ms = before_ms;
	return 0;
}

/* ---- an edge ---- */

struct world {
	struct fake_store fake;
	struct store store;
	struct pg_edge *edge;
	struct database database;
	struct arena arena;
	struct workset set;
	struct err err;
};

static inline void must(struct world *world, int rc)
{
	if (rc < 0)
		fail_msg("unexpected failure: %s", world->err.text);
}

static inline void world_open(struct world *world)
{
	*world = (struct world){ .store = { .load = fake_load, .save = fake_save, .forget = fake_forget } };
	world->store.self = &world->fake;
	must(world, arena_init(&world->arena, ARENA_SIZE, &world->err));
	assert_true(workset_init(&world->set, &world->arena, 64));
	must(world, pg_edge_open(conninfo, "customers", &world->store, &world->edge, &world->database, &world->err));
}

static inline void world_close(struct world *world)
{
	pg_edge_close(world->edge);
	arena_release(&world->arena);
}

static inline int try_claim(struct world *world, int32_t part, struct head *ret_head)
{
	*ret_head = (struct head){ .part = part };
	return world->database.claim(world->database.self, ret_head, 1, "test", &world->err);
}

static inline struct head claim(struct world *world, int32_t part)
{
	struct head head;

	must(world, try_claim(world, part, &head));
	return head;
}

static inline enum open_result try_open(struct world *world, const struct head *head, int32_t *ret_fenced)
{
	const struct opening opening = { .heads = head, .heads_count = 1 };
	enum open_result result = OPEN_FENCED;

	must(world, world->database.open(world->database.self, &opening, &result, ret_fenced, &world->err));
	return result;
}

static inline void open_batch(struct world *world, const struct head *head)
{
	int32_t fenced;

	assert_int_equal(try_open(world, head, &fenced), OPEN_READY);
}

static inline int try_write(struct world *world, const struct changes *changes, bool *ret_conflict)
{
	*ret_conflict = false;
	return world->database.write(world->database.self, changes, ret_conflict, &world->err);
}

static inline void write_changes(struct world *world, struct changes *changes, struct head *head)
{
	bool conflict;

	changes->set = &world->set;
	changes->heads = head;
	changes->heads_count = 1;
	must(world, try_write(world, changes, &conflict));
	assert_false(conflict);
}

static inline void commit(struct world *world)
{
	must(world, world->database.commit_send(world->database.self, &world->err));
	must(world, world->database.commit_finish(world->database.self, &world->err));
}

/* A whole batch. */
static inline void do_batch(struct world *world, struct changes *changes, struct head *head)
{
	struct head before = *head;

	before.next_offset = head->next_offset - 1; /* every batch here moves by one */
	open_batch(world, &before);
	write_changes(world, changes, head);
	commit(world);
}

static const uint8_t digest_a[DIGEST_SIZE] = "aaaaaaaaaaaaaaa";

/* The next row of the log; the answer to a command when it has a digest. */
static inline struct log_row log_row(struct head *head, unsigned command, const uint8_t *digest)
{
	struct log_row row = {
		.part = head->part,
		.schema_id = 1120,
		.seq = ++head->log_seq,
		.at_ms = 1700000000000 + head->log_seq,
		.command_offset = head->next_offset - 1,
		.event_id = spec_id('E', (unsigned)head->log_seq),
		.key = spec_id('K', 1),
		.subject = spec_id('S', 1),
		.command_id = spec_id('C', command),
		.correlation_id = spec_id('R', command),
		.command_digest = digest,
		.body = STR("a body"),
	};

	memset(row.hash, (int)head->log_seq, sizeof(row.hash));
	memcpy(head->log_hash, row.hash, sizeof(row.hash));
	return row;
}

static inline int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world_open(world);
	store_sql(&spec, "empty",
		  "TRUNCATE customers.partition_head, customers.event_row, customers.parked, customers.dead_letter, "
		  "customers.timer, customers.approval");
	*state = world;
	return 0;
}

static inline int tear_down(void **state)
{
	world_close(*state);
	free(*state);
	return 0;
}

#define IN_WORLD(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static inline int run_in_database(const char *group, const struct CMUnitTest *tests, size_t count)
{
	struct store store = { .load = fake_load, .save = fake_save };
	int failed;

	store_spec_init(&spec, &customers_module, &store);
	snprintf(conninfo, sizeof(conninfo), "%s dbname=test_store user=dcs_customers", getenv("DCS_TEST_PG"));
	failed = _cmocka_run_group_tests(group, tests, count, NULL, NULL);
	store_spec_release(&spec);
	return failed;
}

#endif
