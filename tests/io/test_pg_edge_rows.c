/* The engine's edge to PostgreSQL: parked commands, dead letters and the event log come back as they were written, in pieces that
 * fit. */

#include "base/array.h"
#include "tests/io/pg_edge_spec.h"
#include "tests/packed_bodies.h"
#include "worker/packed.h"

/* ---- parked commands ---- */

static const struct scope bound = { .creditors_count = 2,
				    .creditors = { { { 1, 2 } }, { { 3, 4 } } },
				    .sources_count = 2,
				    .sources = { "bank-1", "bank; \"two\"" } };

/* What the commands of one key hold here. */
static struct str holds_of(unsigned key)
{
	static struct uuid ids[4][2];

	ids[key][0] = spec_id('H', key);
	ids[key][1] = spec_id('I', key);
	return (struct str){ .data = (const char *)ids[key], .size = sizeof(ids[key]) };
}

static struct parked parked_at(int64_t offset, enum parked_kind kind, unsigned key)
{
	return (struct parked){
		.part = OWNED,
		.kind = kind,
		.roles = 5,
		.scope = offset % 2 == 0 ? &scope_all : &bound,
		.token_version = offset,
		.offset = offset,
		.since_ms = 1700000000000 + offset,
		.expires_ms = offset % 2 == 0 ? 0 : 1700000099000,
		.key = spec_id('K', key),
		.command_id = spec_id('C', (unsigned)offset),
		.correlation_id = spec_id('R', 1),
		.digest = "ddddddddddddddd",
		.actor = STR("somebody"),
		.reason = STR("why"),
		.traceparent = offset % 2 == 0 ? STR("") : STR("00-trace"),
		.value = STR("the value"),
		.holds = holds_of(key),
	};
}

static void read_parked(struct world *world, int64_t after, size_t max, struct parked **ret_rows, size_t *ret_count,
			bool *ret_is_end)
{
	must(world, world->database.read_parked(world->database.self, OWNED, after, max, &world->arena, ret_rows, ret_count,
						ret_is_end, &world->err));
}

static void park(struct world *world, struct head *head, const struct parked *parked, size_t count)
{
	struct changes changes = { .park = parked, .park_count = count };

	head->next_offset++;
	do_batch(world, &changes, head);
}

static void test_pg_edge_rows__parked_commands_come_back_as_they_were(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct parked given[] = { parked_at(12, PARKED_WAIT, 1), parked_at(3, PARKED_BUG, 2),
					parked_at(7, PARKED_BEHIND, 1) };
	const size_t order[] = { 1, 2, 0 };
	struct parked *rows;
	size_t count;
	bool is_end;

	park(world, &head, given, 3);
	read_parked(world, -1, 10, &rows, &count, &is_end);
	assert_int_equal(count, 3);
	assert_true(is_end);
	for (size_t index = 0; index < count; index++) {
		const struct parked *row = &rows[index];
		const struct parked *expected = &given[order[index]];

		assert_int_equal(row->offset, expected->offset);
		assert_int_equal(row->kind, expected->kind);
		assert_int_equal(row->roles, expected->roles);
		assert_memory_equal(row->scope, expected->scope, sizeof(*row->scope));
		assert_int_equal(row->token_version, expected->token_version);
		assert_int_equal(row->since_ms, expected->since_ms);
		assert_int_equal(row->expires_ms, expected->expires_ms);
		assert_false(row->released);
		assert_true(uuid_equal(&row->key, &expected->key));
		assert_true(uuid_equal(&row->command_id, &expected->command_id));
		assert_true(uuid_equal(&row->correlation_id, &expected->correlation_id));
		assert_memory_equal(row->digest, expected->digest, DIGEST_SIZE);
		assert_true(str_equal(row->actor, expected->actor));
		assert_true(str_equal(row->traceparent, expected->traceparent));
		assert_true(str_equal(row->value, expected->value));
		assert_true(str_equal(row->reason, expected->reason));
		assert_true(str_equal(row->holds, expected->holds));
	}
}

static void test_pg_edge_rows__parked_commands_are_read_in_pieces(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct parked given[] = { parked_at(1, PARKED_WAIT, 1), parked_at(2, PARKED_WAIT, 2),
					parked_at(3, PARKED_WAIT, 3) };
	struct parked *rows;
	size_t count;
	bool is_end;

	park(world, &head, given, 3);
	read_parked(world, -1, 2, &rows, &count, &is_end);
	assert_int_equal(count, 2);
	assert_false(is_end);
	read_parked(world, 2, 2, &rows, &count, &is_end);
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].offset, 3);
	assert_true(is_end);
	read_parked(world, 3, 2, &rows, &count, &is_end);
	assert_int_equal(count, 0);
	assert_true(is_end);
}

/* The commands are decoded beside them: a quarter of the arena, and never nothing. */
static void test_pg_edge_rows__large_parked_commands_leave_room(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct parked given[3];
	char *large = calloc(1, ARENA_SIZE / 3);
	struct parked *rows;
	size_t count;
	bool is_end;

	assert_non_null(large);
	for (size_t index = 0; index < 3; index++) {
		given[index] = parked_at((int64_t)index + 1, PARKED_WAIT, 1);
		given[index].value = (struct str){ .data = large, .size = ARENA_SIZE / 3 };
	}
	park(world, &head, given, 3);
	read_parked(world, -1, 10, &rows, &count, &is_end);
	assert_int_equal(count, 1);
	assert_false(is_end);
	assert_int_equal(rows[0].value.size, ARENA_SIZE / 3);
	free(large);
}

static void test_pg_edge_rows__held_is_what_the_parked_hold(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct parked given[] = { parked_at(1, PARKED_WAIT, 1), parked_at(2, PARKED_BEHIND, 1),
					parked_at(3, PARKED_BUG, 2) };
	struct uuid first = spec_id('H', 1);
	struct uuid second = spec_id('I', 2);
	struct uuid third = spec_id('H', 3);
	struct keyset keys;
	struct keyset small;

	park(world, &head, given, 3);
	keyset_init(&keys, 10);
	keyset_init(&small, 0);
	must(world, world->database.read_held(world->database.self, OWNED, INT64_MAX, &keys, &world->err));
	assert_int_equal(keys.count, 4);
	assert_true(keyset_has(&keys, &first));
	assert_true(keyset_has(&keys, &second));
	assert_false(keyset_has(&keys, &third));
	keyset_clear(&keys);
	must(world, world->database.read_held(world->database.self, OTHER, INT64_MAX, &keys, &world->err));
	assert_int_equal(keys.count, 0);
	keyset_release(&keys);
	keyset_release(&small);
}

static void test_pg_edge_rows__parked_commands_change_their_kind_and_leave(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct parked given[] = { parked_at(1, PARKED_WAIT, 1), parked_at(2, PARKED_BUG, 2) };
	struct parked repark = parked_at(2, PARKED_WAIT, 2);
	struct changes changes = { .unpark = &given[0], .unpark_count = 1, .repark = &repark, .repark_count = 1 };
	struct parked *rows;
	size_t count;
	bool is_end;

	park(world, &head, given, 2);
	store_sql(&spec, "release", "UPDATE customers.parked SET released = true");
	read_parked(world, 1, 10, &rows, &count, &is_end);
	assert_true(rows[0].released);
	repark.reason = STR("another reason");
	repark.holds = holds_of(3);
	head.next_offset++;
	do_batch(world, &changes, &head);
	read_parked(world, -1, 10, &rows, &count, &is_end);
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].offset, 2);
	assert_int_equal(rows[0].kind, PARKED_WAIT);
	assert_false(rows[0].released);
	assert_true(str_equal(rows[0].holds, holds_of(3)));
	assert_int_equal(store_number(&spec, "reparked", "SELECT count(*) FROM customers.parked WHERE reason = 'another reason'"),
			 1);
}

/* ---- dead letters ---- */

static struct dead_letter letter_at(int64_t offset)
{
	struct str none = { .data = NULL };
	struct uuid nobody = { .bytes = { 0 } };

	return (struct dead_letter){
		.part = OWNED,
		.offset = offset,
		.code = "bad_bytes",
		.reason = STR("it is"),
		.at_ms = 1700000000000 + offset,
		.key = offset % 2 == 0 ? none : STR("key"),
		.value = STR("value"),
		.headers = STR("packed"),
		.command_id = offset % 2 == 0 ? nobody : spec_id('C', (unsigned)offset),
		.about = offset % 2 == 0 ? spec_id('A', 1) : nobody,
	};
}

static void read_dead(struct world *world, int64_t after, struct dead_letter **ret_rows, size_t *ret_count)
{
	must(world,
	     world->database.read_dead(world->database.self, OWNED, after, 10, &world->arena, ret_rows, ret_count, &world->err));
}

static void test_pg_edge_rows__dead_letters_are_read_until_they_are_published(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct dead_letter given[] = { letter_at(1), letter_at(2), letter_at(3) };
	struct changes changes = { .dead = given, .dead_count = 3 };
	const int32_t parts[] = { OWNED, OWNED };
	const int64_t offsets[] = { 1, 3 };
	struct dead_letter *rows;
	size_t count;

	head.next_offset = 1;
	do_batch(world, &changes, &head);
	read_dead(world, 1, &rows, &count);
	assert_int_equal(count, 2);
	assert_int_equal(rows[0].offset, 2);
	assert_null(rows[0].key.data);
	assert_string_equal(rows[0].code, "bad_bytes");
	assert_true(str_is(rows[1].key, "key"));
	assert_true(str_is(rows[1].headers, "packed"));
	assert_int_equal(store_number(&spec, "dead_ids",
				      "SELECT count(*) FROM customers.dead_letter WHERE CASE WHEN command_offset % 2 = 0"
				      " THEN command_id IS NULL AND about IS NOT NULL"
				      " ELSE command_id IS NOT NULL AND about IS NULL END"),
			 3);
	must(world, world->database.mark_dead_published(world->database.self, parts, offsets, 2, &world->err));
	read_dead(world, -1, &rows, &count);
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].offset, 2);
}

static void test_pg_edge_rows__old_dead_letters_lose_their_bytes(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct dead_letter given[] = { letter_at(1), letter_at(2), letter_at(3), letter_at(4) };
	struct changes changes = { .dead = given, .dead_count = 4 };
	size_t counts[3];

	head.next_offset = 1;
	do_batch(world, &changes, &head);
	for (size_t step = 0; step < 3; step++)
		must(world,
		     world->database.forget_dead(world->database.self, OWNED, 1700000000004, 2, &counts[step], &world->err));
	assert_int_equal(counts[0], 2);
	assert_int_equal(counts[1], 1);
	assert_int_equal(counts[2], 0);
	assert_int_equal(store_number(&spec, "forgotten",
				      "SELECT count(*) FROM customers.dead_letter WHERE key IS NULL AND value IS NULL"
				      " AND headers = '' AND replayed_at IS NOT NULL"),
			 3);
	assert_int_equal(store_number(&spec, "kept", "SELECT count(*) FROM customers.dead_letter WHERE value IS NOT NULL"), 1);
}

/* The module's own are forgotten in the same steps: no step is the last while either has more. */
static void test_pg_edge_rows__the_module_forgets_what_is_nobodys(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct dead_letter given[] = { letter_at(1) };
	struct changes changes = { .dead = given, .dead_count = 1 };
	size_t counts[3];

	head.next_offset = 1;
	do_batch(world, &changes, &head);
	world->fake.forgets = 5;
	for (size_t step = 0; step < 3; step++)
		must(world,
		     world->database.forget_dead(world->database.self, OWNED, 1700000000004, 2, &counts[step], &world->err));
	assert_int_equal(counts[0], 2);
	assert_int_equal(counts[1], 2);
	assert_int_equal(counts[2], 1);
	assert_int_equal(world->fake.forgot_before_ms, 1700000000004);
}

static void test_pg_edge_rows__a_dead_letter_larger_than_a_record_stays_in_the_table(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct dead_letter given[] = { letter_at(1), letter_at(2) };
	struct changes changes = { .dead = given, .dead_count = 2 };
	char *large = calloc(1, BUS_RECORD_MAX);
	struct dead_letter *rows;
	size_t count;

	assert_non_null(large);
	given[0].value = (struct str){ .data = large, .size = BUS_RECORD_MAX };
	head.next_offset = 1;
	do_batch(world, &changes, &head);
	read_dead(world, -1, &rows, &count);
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].offset, 2);
	free(large);
}

/* ---- the log, for publishing ---- */

static void test_pg_edge_rows__the_log_is_read_from_where_one_is(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct log_row given[4];
	struct changes changes = { .log = given, .log_count = 4 };
	struct log_row *rows;
	size_t count;

	head.next_offset = 1;
	for (unsigned index = 0; index < 4; index++)
		given[index] = log_row(&head, index, index == 0 ? digest_a : NULL);
	given[2].traceparent = STR("00-trace");
	do_batch(world, &changes, &head);
	must(world, world->database.read_log(world->database.self, OWNED, 2, 2, &world->arena, &rows, &count, &world->err));
	assert_int_equal(count, 2);
	for (size_t index = 0; index < 2; index++) {
		const struct log_row *expected = &given[index + 1];

		assert_int_equal(rows[index].seq, expected->seq);
		assert_int_equal(rows[index].part, OWNED);
		assert_int_equal(rows[index].at_ms, expected->at_ms);
		assert_int_equal(rows[index].schema_id, expected->schema_id);
		assert_true(uuid_equal(&rows[index].event_id, &expected->event_id));
		assert_true(uuid_equal(&rows[index].subject, &expected->subject));
		assert_true(str_equal(rows[index].body, expected->body));
		assert_true(str_equal(rows[index].traceparent, expected->traceparent));
		assert_memory_equal(rows[index].hash, expected->hash, SHA256_SIZE);
	}
	must(world, world->database.read_log(world->database.self, OWNED, 5, 2, &world->arena, &rows, &count, &world->err));
	assert_int_equal(count, 0);
}

static void test_pg_edge_rows__a_small_arena_cuts_the_log_short(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct log_row given[3];
	struct changes changes = { .log = given, .log_count = 3 };
	struct log_row *rows;
	struct arena small;
	size_t count;

	head.next_offset = 1;
	for (unsigned index = 0; index < 3; index++) {
		given[index] = log_row(&head, index, NULL);
		given[index].body = (struct str){ .data = (char *)world->arena.block, .size = 2000 };
	}
	do_batch(world, &changes, &head);
	must(world, arena_init(&small, 6000, &world->err));
	must(world, world->database.read_log(world->database.self, OWNED, 1, 10, &small, &rows, &count, &world->err));
	assert_in_range(count, 1, 2);
	arena_release(&small);
	must(world, arena_init(&small, 2000, &world->err));
	assert_int_equal(world->database.read_log(world->database.self, OWNED, 1, 10, &small, &rows, &count, &world->err), -1);
	assert_int_equal(world->err.kind, ERR_FATAL);
	arena_release(&small);
}

/* ---- the log, packed ---- */

/* Rows of all kinds of bodies; of every third the correlation is its own. */
static void write_packed_rows(struct world *world, struct head *head, struct log_row given[PACKED_BODIES])
{
	struct changes changes = { .log = given, .log_count = PACKED_BODIES };
	struct buf body;

	buf_init(&body, PACKED_BODY_MAX);
	head->next_offset++;
	for (unsigned number = 0; number < PACKED_BODIES; number++) {
		struct log_row *row = &given[number];

		packed_body(&body, number);
		*row = log_row(head, number, NULL);
		row->schema_id = PACKED_SCHEMA_ID;
		row->key = packed_key;
		row->subject = packed_subject;
		if (number % 3 != 0)
			row->correlation_id = row->command_id;
		row->body = str_copy(&world->arena, buf_str(&body));
		assert_non_null(row->body.data);
	}
	buf_release(&body);
	do_batch(world, &changes, head);
}

/* The relation that schemas/README.md describes, and with it the database's own function. */
static void test_pg_edge_rows__the_relation_event_log_has_the_published_bytes(void **state)
{
	static const struct db_statement select = {
		"test_published",
		"SELECT seq, body, correlation_id, command_id, event_id, hash FROM customers.event_log ORDER BY seq"
	};
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct log_row given[PACKED_BODIES];
	struct db_result result = { 0 };

	write_packed_rows(world, &head, given);
	store_must(&spec, db_run(spec.admin, &select, NULL, &result, &spec.err));
	assert_int_equal(result.rows, PACKED_BODIES);
	for (int row = 0; row < result.rows; row++) {
		struct uuid correlation_id = db_uuid(&result, row, 2), command_id = db_uuid(&result, row, 3);
		struct uuid event_id = db_uuid(&result, row, 4);
		struct str hash = db_str(&result, row, 5);

		assert_int_equal(db_int64(&result, row, 0), given[row].seq);
		assert_true(uuid_equal(&event_id, &given[row].event_id));
		assert_int_equal(hash.size, sizeof(given[row].hash));
		assert_memory_equal(hash.data, given[row].hash, sizeof(given[row].hash));
		assert_true(str_equal(db_str(&result, row, 1), given[row].body));
		assert_true(uuid_equal(&correlation_id, &given[row].correlation_id));
		assert_true(uuid_equal(&command_id, &given[row].command_id));
	}
	db_result_release(&result);
	/* Or nothing was tested. */
	assert_true(store_number(&spec, "packed", "SELECT count(*) FROM customers.event_row WHERE get_byte(body, 0) = 1") > 100);
	assert_true(store_number(&spec, "own", "SELECT count(*) FROM customers.event_row WHERE correlation_id IS NULL") > 100);
}

/* What was cut is no body: both say so, and the view is still read. */
static void test_pg_edge_rows__a_body_that_was_cut_is_shown_as_it_is_kept(void **state)
{
	static const struct db_statement select = {
		"test_cut", "SELECT cut, dcs_event_body(cut, schema_id, key, subject) FROM customers.event_row, "
			    "generate_series(1, length(body)) size, substr(body, 1, size) cut "
			    "WHERE seq <= 60 AND length(body) < 300 AND get_byte(body, 0) = 1"
	};
	const struct packed_beside beside = { .schema_id = PACKED_SCHEMA_ID, .key = packed_key, .subject = packed_subject };
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct log_row given[PACKED_BODIES];
	struct db_result result = { 0 };
	struct buf body;
	int kept = 0;

	write_packed_rows(world, &head, given);
	store_must(&spec, db_run(spec.admin, &select, NULL, &result, &spec.err));
	buf_init(&body, PACKED_BODY_MAX);
	for (int row = 0; row < result.rows; row++) {
		struct str cut = db_str(&result, row, 0);
		bool is_body;

		buf_reset(&body);
		is_body = packed_read(&body, cut, &beside);
		assert_true(str_equal(db_str(&result, row, 1), is_body ? buf_str(&body) : cut));
		kept += !is_body;
	}
	assert_in_range(kept, 100, result.rows - 100);
	buf_release(&body);
	db_result_release(&result);
}

static void test_pg_edge_rows__what_is_published_after_a_restart_are_the_same_bytes(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct log_row given[PACKED_BODIES];
	struct log_row *rows;
	size_t count;

	write_packed_rows(world, &head, given);
	must(world,
	     world->database.read_log(world->database.self, OWNED, 1, PACKED_BODIES, &world->arena, &rows, &count, &world->err));
	assert_int_equal(count, PACKED_BODIES);
	for (size_t row = 0; row < count; row++) {
		assert_true(str_equal(rows[row].body, given[row].body));
		assert_true(uuid_equal(&rows[row].correlation_id, &given[row].correlation_id));
		assert_true(uuid_equal(&rows[row].key, &given[row].key));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_pg_edge_rows__parked_commands_come_back_as_they_were),
		IN_WORLD(test_pg_edge_rows__parked_commands_are_read_in_pieces),
		IN_WORLD(test_pg_edge_rows__large_parked_commands_leave_room),
		IN_WORLD(test_pg_edge_rows__held_is_what_the_parked_hold),
		IN_WORLD(test_pg_edge_rows__parked_commands_change_their_kind_and_leave),
		IN_WORLD(test_pg_edge_rows__dead_letters_are_read_until_they_are_published),
		IN_WORLD(test_pg_edge_rows__old_dead_letters_lose_their_bytes),
		IN_WORLD(test_pg_edge_rows__the_module_forgets_what_is_nobodys),
		IN_WORLD(test_pg_edge_rows__a_dead_letter_larger_than_a_record_stays_in_the_table),
		IN_WORLD(test_pg_edge_rows__the_log_is_read_from_where_one_is),
		IN_WORLD(test_pg_edge_rows__a_small_arena_cuts_the_log_short),
		IN_WORLD(test_pg_edge_rows__the_relation_event_log_has_the_published_bytes),
		IN_WORLD(test_pg_edge_rows__a_body_that_was_cut_is_shown_as_it_is_kept),
		IN_WORLD(test_pg_edge_rows__what_is_published_after_a_restart_are_the_same_bytes),
	};

	return run_in_database("pg_edge_rows", tests, COUNT(tests));
}
