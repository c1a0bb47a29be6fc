/* The engine's edge to PostgreSQL: commands that are kept for a second person come back as they were, and end once. */

#include "tests/io/pg_edge_spec.h"

#include "base/array.h"

#define NOW_MS INT64_C(1700000000000)

static struct kept_command kept_of(unsigned number)
{
	struct kept_command kept = {
		.part = OWNED,
		.state = APPROVAL_WAITING,
		.roles = ROLE_SUPERVISOR | ROLE_COMPLIANCE,
		.scope = &scope_all,
		.token_version = 3,
		.offset = 7,
		.received_ms = NOW_MS - 5,
		.kept_ms = NOW_MS,
		.expires_ms = NOW_MS + 86400000,
		.key = spec_id('K', number % 2),
		.command_id = spec_id('C', number),
		.correlation_id = spec_id('R', number),
		.type = STR("PublishTemplate"),
		.actor = STR("somebody"),
		.reason = STR("a template needs two"),
		.value = STR("\0 the bytes \xff"),
	};

	memcpy(kept.digest, digest_a, DIGEST_SIZE);
	return kept;
}

static void keep(struct world *world, struct head *head, unsigned number)
{
	const struct kept_command kept = kept_of(number);
	struct changes changes = { .keep = &kept, .keep_count = 1 };

	head->next_offset++;
	do_batch(world, &changes, head);
}

static struct kept_end end_of(unsigned number, enum approval_state state)
{
	return (struct kept_end){ .part = OWNED,
				  .state = state,
				  .command_id = spec_id('C', number),
				  .actor = STR("another"),
				  .at_ms = NOW_MS + 1,
				  .outcome_seq = 12 };
}

static size_t read_them(struct world *world, const struct head *head, int32_t part, unsigned first, size_t count,
			struct kept_command **ret_rows)
{
	struct kept_ask asks[4];
	size_t found;

	for (size_t i = 0; i < count; i++)
		asks[i] = (struct kept_ask){ .part = part, .command_id = spec_id('C', first + (unsigned)i) };
	open_batch(world, head);
	must(world, world->database.read_kept(world->database.self, asks, count, &world->arena, ret_rows, &found, &world->err));
	world->database.abandon(world->database.self);
	return found;
}

static void test_pg_edge_kept__one_comes_back_as_it_was(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct kept_command was = kept_of(1);
	struct kept_command *rows;

	keep(world, &head, 1);
	keep(world, &head, 2);
	assert_int_equal(read_them(world, &head, OWNED, 1, 1, &rows), 1);
	assert_int_equal(rows->part, OWNED);
	assert_int_equal(rows->state, APPROVAL_WAITING);
	assert_int_equal(rows->roles, was.roles);
	assert_true(rows->scope->all_creditors);
	assert_int_equal(rows->token_version, 3);
	assert_int_equal(rows->received_ms, was.received_ms);
	assert_int_equal(rows->kept_ms, was.kept_ms);
	assert_int_equal(rows->expires_ms, was.expires_ms);
	assert_true(uuid_equal(&rows->key, &was.key) && uuid_equal(&rows->command_id, &was.command_id));
	assert_true(uuid_equal(&rows->correlation_id, &was.correlation_id));
	assert_true(str_equal(rows->type, was.type) && str_equal(rows->actor, was.actor) && str_equal(rows->value, was.value));
	assert_int_equal(read_them(world, &head, OWNED, 1, 4, &rows), 2);
	assert_int_equal(read_them(world, &head, OTHER, 1, 4, &rows), 0); /* of another partition: none of its own */
}

static void test_pg_edge_kept__one_ends_once_and_loses_its_bytes(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct kept_end end = end_of(1, APPROVAL_APPROVED);
	struct changes changes = { .ends = &end, .ends_count = 1 };
	struct kept_command *rows;
	struct head before;
	bool conflict;

	keep(world, &head, 1);
	head.next_offset++;
	do_batch(world, &changes, &head);
	assert_int_equal(read_them(world, &head, OWNED, 1, 1, &rows), 1);
	assert_int_equal(rows->state, APPROVAL_APPROVED);
	assert_null(rows->value.data);
	assert_int_equal(
		store_number(&spec, "ended",
			     "SELECT outcome_seq FROM customers.approval WHERE ended_by = 'another' AND ended_at IS NOT NULL"),
		12);
	before = head;
	head.next_offset++;
	open_batch(world, &before);
	changes.set = &world->set;
	changes.heads = &head;
	changes.heads_count = 1;
	assert_int_equal(try_write(world, &changes, &conflict), -1); /* a row that is not there is a bug of ours */
	assert_int_equal(world->err.kind, ERR_FATAL);
	world->database.abandon(world->database.self);
}

/* An erasure takes the bytes away, in every module and of these people only. */
static void test_pg_edge_kept__an_erasure_leaves_no_bytes(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct kept_command *rows;

	keep(world, &head, 1);
	keep(world, &head, 2);
	store_sql(&spec, "forget",
		  "SELECT public.dcs_forget_kept(ARRAY(SELECT key FROM customers.approval ORDER BY command_id LIMIT 1))");
	assert_int_equal(read_them(world, &head, OWNED, 1, 1, &rows), 1);
	assert_int_equal(rows->state, APPROVAL_WAITING);
	assert_null(rows->value.data);
	assert_int_equal(read_them(world, &head, OWNED, 2, 1, &rows), 1);
	assert_non_null(rows->value.data);
}

static void test_pg_edge_kept__what_does_not_fit_is_told(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct kept_ask ask = { .part = OWNED, .command_id = spec_id('C', 1) };
	struct kept_command *rows;
	struct arena small;
	size_t count;

	keep(world, &head, 1);
	must(world, arena_init(&small, 4096, &world->err));
	assert_non_null(arena_take_bytes(&small, small.size - sizeof(*rows) - 16)); /* the row fits, its texts do not */
	open_batch(world, &head);
	assert_int_equal(world->database.read_kept(world->database.self, &ask, 1, &small, &rows, &count, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_POISON);
	world->database.abandon(world->database.self);
	arena_release(&small);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_pg_edge_kept__one_comes_back_as_it_was),
		IN_WORLD(test_pg_edge_kept__one_ends_once_and_loses_its_bytes),
		IN_WORLD(test_pg_edge_kept__an_erasure_leaves_no_bytes),
		IN_WORLD(test_pg_edge_kept__what_does_not_fit_is_told),
	};

	return run_in_database("test_pg_edge_kept", tests, COUNT(tests));
}
