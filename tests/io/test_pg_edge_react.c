/* The engine's edge to PostgreSQL: the positions of a module that reacts move with its batches, and only with them. */

#include "tests/io/pg_edge_spec.h"

#include "base/array.h"

static const struct follow follows[] = { { .module = "debts" }, { .module = "users" } };
static const struct module reacting = { .name = "customers", .follows = follows, .follows_count = 2, .sends_as = 1 };

/* The tables are made once, as a migration would, and are empty for each test. */
static int set_up_reaction(void **state)
{
	static bool has_tables;

	if (!has_tables)
		store_sql(&spec, "react", "SELECT dcs_create_reaction('customers')");
	has_tables = true;
	if (set_up(state) != 0)
		return -1;
	store_sql(&spec, "empty_react", "TRUNCATE customers.followed_head, customers.sent_head");
	pg_edge_react(((struct world *)*state)->edge, &reacting);
	return 0;
}

static struct followed_head position(int64_t number)
{
	struct followed_head followed = { .next_offset = number, .last_seq = number };

	memset(followed.last_hash, (int)number, SHA256_SIZE);
	return followed;
}

static void move(struct world *world, struct head *head)
{
	struct changes changes = { .log_count = 0 };

	head->next_offset++;
	do_batch(world, &changes, head);
}

static void test_pg_edge_react__positions_come_back_as_they_were(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct head again;

	assert_int_equal(head.followed[0].next_offset, 0);
	assert_int_equal(head.sent_seq, 0);
	head.followed[1] = position(7);
	head.sent_seq = 3;
	move(world, &head);
	head.followed[0] = position(9);
	head.sent_seq = 5;
	move(world, &head);
	again = claim(world, OWNED);
	assert_memory_equal(again.followed, head.followed, sizeof(head.followed));
	assert_int_equal(again.sent_seq, 5);
	again = claim(world, OTHER);
	assert_int_equal(again.followed[0].next_offset + again.followed[1].next_offset + again.sent_seq, 0);
}

static void test_pg_edge_react__a_batch_that_is_abandoned_moves_nothing(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct head before = head;
	struct changes changes = { .log_count = 0 };

	open_batch(world, &before);
	head.followed[0] = position(4);
	head.sent_seq = 2;
	write_changes(world, &changes, &head);
	world->database.abandon(world->database.self);
	head = claim(world, OWNED);
	assert_int_equal(head.followed[0].next_offset, 0);
	assert_int_equal(head.sent_seq, 0);
}

/* A partition of which nothing was read yet is behind as well: who asks for the lag finds a row of each followed module. */
static void test_pg_edge_react__a_claim_makes_the_positions(void **state)
{
	static const struct db_statement select = { "test_positions",
						    "SELECT source, next_offset + last_seq FROM customers.followed_head"
						    " WHERE part = 2 ORDER BY source" };
	struct world *world = *state;
	struct db_result result = { 0 };

	claim(world, OWNED);
	store_must(&spec, db_run(spec.admin, &select, NULL, &result, &spec.err));
	assert_int_equal(result.rows, 2);
	assert_true(str_is(db_str(&result, 0, 0), "debts"));
	assert_int_equal(db_int64(&result, 0, 1) + db_int64(&result, 1, 1), 0);
	db_result_release(&result);
}

/* The epoch of the module's own head is the fence: who has lost the partition moves no position of it. */
static void test_pg_edge_react__an_earlier_owner_moves_nothing(void **state)
{
	struct world *world = *state;
	struct world next;
	struct head old = claim(world, OWNED);
	struct head head;
	int32_t fenced;

	world_open(&next);
	pg_edge_react(next.edge, &reacting);
	head = claim(&next, OWNED);
	head.followed[0] = position(6);
	move(&next, &head);
	assert_int_equal(try_open(world, &old, &fenced), OPEN_FENCED);
	world->database.abandon(world->database.self);
	assert_int_equal(claim(world, OWNED).followed[0].next_offset, 6);
	world_close(&next);
}

static void test_pg_edge_react__a_position_never_goes_back(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct head before;
	struct changes changes = { .set = &world->set, .heads = &head, .heads_count = 1 };
	bool conflict;

	head.followed[0] = position(6);
	head.sent_seq = 6;
	move(world, &head);
	before = head;
	head.followed[0] = position(5);
	open_batch(world, &before);
	assert_int_equal(try_write(world, &changes, &conflict), -1);
	world->database.abandon(world->database.self);
	world->err = (struct err)ERR_INIT;
	head.followed[0] = position(6);
	head.sent_seq = 5;
	open_batch(world, &before);
	assert_int_equal(try_write(world, &changes, &conflict), -1);
	world->database.abandon(world->database.self);
}

/* Of the second followed module, of the first, of the commands. */
static void assert_tries(const struct head *head, int32_t second, int32_t first, int32_t commands)
{
	assert_int_equal(head->quarantine[2].tries, second);
	assert_int_equal(head->quarantine[1].tries, first);
	assert_int_equal(head->quarantine[0].tries, commands);
}

/* What one source commits says nothing about the record of another that ends every program. */
static void test_pg_edge_react__claims_are_counted_by_source(void **state)
{
	struct world *world = *state;
	struct head head;

	claim(world, OWNED);
	claim(world, OWNED);
	head = claim(world, OWNED);
	assert_tries(&head, 2, 2, 2);
	head.followed[0] = position(1);
	head.quarantine[1].tries = 0; /* as the engine does after a batch with its records */
	head.quarantine[0].tries = 0;
	move(world, &head);
	head = claim(world, OWNED);
	assert_tries(&head, 3, 1, 1);
	must(world, world->database.claim(world->database.self, &head, 1, "test", &world->err)); /* again: it has not died */
	assert_tries(&head, 3, 1, 1);
	must(world, world->database.release(world->database.self, &head, 1, &world->err));
	head = claim(world, OWNED);
	assert_tries(&head, 3, 1, 1);
}

static void test_pg_edge_react__an_attempt_is_of_its_source(void **state)
{
	struct world *world = *state;
	struct head old = claim(world, OWNED);
	struct head head = claim(world, OWNED);
	bool is_fenced;

	head.quarantine[2].batch_max = 7;
	head.quarantine[2].left = 90;
	must(world, world->database.note_attempt(world->database.self, &head, 2, &is_fenced, &world->err));
	assert_false(is_fenced);
	must(world, world->database.note_attempt(world->database.self, &old, 1, &is_fenced, &world->err));
	assert_true(is_fenced);
	head = claim(world, OWNED);
	assert_int_equal(head.quarantine[0].crashes + head.quarantine[1].crashes, 0);
	assert_int_equal(head.quarantine[2].crashes, 1);
	assert_int_equal(head.quarantine[2].batch_max, 7);
	assert_int_equal(head.quarantine[2].left, 90);
	head.followed[1] = position(1);
	head.quarantine[2] = (struct quarantine){ .batch_max = 7, .left = 89 };
	move(world, &head);
	head = claim(world, OWNED);
	assert_int_equal(head.quarantine[2].crashes, 0);
	assert_int_equal(head.quarantine[2].left, 89);
}

#define REACTING(name) cmocka_unit_test_setup_teardown(name, set_up_reaction, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REACTING(test_pg_edge_react__positions_come_back_as_they_were),
		REACTING(test_pg_edge_react__a_batch_that_is_abandoned_moves_nothing),
		REACTING(test_pg_edge_react__a_claim_makes_the_positions),
		REACTING(test_pg_edge_react__an_earlier_owner_moves_nothing),
		REACTING(test_pg_edge_react__claims_are_counted_by_source),
		REACTING(test_pg_edge_react__an_attempt_is_of_its_source),
		REACTING(test_pg_edge_react__a_position_never_goes_back),
	};

	return run_in_database("pg_edge_react", tests, COUNT(tests));
}
