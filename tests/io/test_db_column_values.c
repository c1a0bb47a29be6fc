/* lib/db/db_columns.h against a real PostgreSQL: what is written by a list is what is read by it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/day.h"
#include "db/db_columns.h"

#define TIMEOUT_MS 20000

struct thing {
	struct uuid id, owner_id;
	int64_t amount_minor, optional_minor, changed_at_ms;
	int32_t count, due_on;
	uint32_t state, is_open, channel;
	char currency[4];
	char note[8];
};

enum { CHANGES = 1 << 0 };

static const char *const channels[] = { "", "email", "sms" };

static const struct db_column rows[] = {
	{ "id", DB_UUID(struct thing, id) },
	{ "owner_id", DB_UUID(struct thing, owner_id), .or_null = true },
	{ "amount_minor", DB_INT64(struct thing, amount_minor), .set = CHANGES },
	{ "optional_minor", DB_INT64(struct thing, optional_minor), .set = CHANGES, .or_null = true },
	{ "changed_at", DB_INSTANT(struct thing, changed_at_ms), .set = CHANGES },
	{ "count", DB_INT32(struct thing, count) },
	{ "due_on", DB_DATE(struct thing, due_on), .set = CHANGES },
	{ "state", DB_SMALLINT(struct thing, state), .set = CHANGES },
	{ "is_open", DB_FLAG(struct thing, is_open), .set = CHANGES },
	{ "channel", DB_WORD(struct thing, channel, channels), .set = CHANGES, .or_null = true },
	{ "currency", DB_CHARS(struct thing, currency) },
	{ "note", DB_CHARS(struct thing, note), .set = CHANGES, .or_null = true },
};
static const struct db_columns columns = DB_COLUMNS(rows, 0);
static const struct db_columns changes = DB_COLUMNS(rows, CHANGES);

static const struct db_statement create = {
	"create",
	"CREATE TEMP TABLE thing (place integer, id uuid, owner_id uuid, amount_minor bigint NOT NULL, optional_minor bigint, "
	"changed_at timestamptz NOT NULL, count integer NOT NULL, due_on date NOT NULL, state smallint NOT NULL, "
	"is_open boolean NOT NULL, channel text, currency char(3) NOT NULL, note text)"
};
static const struct db_table table = { .name = "thing", .columns = "place integer", .list = &columns };

static struct db_template select_things = { .name = "select",
					    .columns = &columns,
					    .sql = "SELECT t.place, {t.columns} FROM thing t ORDER BY t.place" };

static struct db_template update_things = {
	.name = "update",
	.columns = &changes,
	.sql = "UPDATE thing t SET {columns = $2} FROM unnest($1::integer[]) WITH ORDINALITY AS u (place, n) WHERE t.place = "
	       "u.place",
};

static const struct thing full = {
	.id = { { 1 } },
	.owner_id = { { 2, 3 } },
	.amount_minor = INT64_MIN,
	.optional_minor = 7,
	.changed_at_ms = 86400001,
	.count = -5,
	.due_on = -25567,
	.state = 11,
	.is_open = 1,
	.channel = 2,
	.currency = "EUR",
	.note = "ein Fal",
};
static const struct thing bare = { .id = { { 4 } }, .currency = "USD" };

static struct err err;
static struct db *db;
static struct db_params params;
static struct db_copy copy;

static void must(int rc)
{
	if (rc != 0)
		fail_msg("unexpected failure: %s", err.text);
}

static int set_up(void **state)
{
	(void)state;
	err = (struct err)ERR_INIT;
	must(db_open(getenv("DCS_TEST_PG"), "test_db_column_values", TIMEOUT_MS, &db, &err));
	must(db_run(db, &create, NULL, NULL, &err));
	db_params_init(&params, 1 << 20);
	db_copy_init(&copy, &table, 1 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	db_copy_release(&copy);
	db_params_release(&params);
	db_close(db);
	return 0;
}

static void add_row(int32_t place, const struct thing *thing)
{
	db_copy_row(&copy);
	db_copy_int32(&copy, place);
	db_copy_columns(&copy, &columns, thing);
}

static void then_thing_is(const struct thing *thing, const struct thing *wanted)
{
	for (size_t i = 0; i < columns.count; i++) {
		const char *read_member = (const char *)thing + rows[i].at;
		const char *wanted_member = (const char *)wanted + rows[i].at;

		if (rows[i].chars_size > 0)
			assert_string_equal(read_member, wanted_member);
		else
			assert_memory_equal(read_member, wanted_member, rows[i].type == DB_ARRAY_UUID ? 16 : 4);
	}
	assert_true(thing->amount_minor == wanted->amount_minor);
	assert_true(thing->optional_minor == wanted->optional_minor);
	assert_true(thing->changed_at_ms == wanted->changed_at_ms);
}

static void then_streamed_things_are(const struct thing *things, int count)
{
	struct db_stream stream = { 0 };
	bool is_found = false;
	int row = 0;

	must(db_stream_open(&stream, db, db_template_statement(&select_things), &err));
	for (; db_stream_next(&stream, &is_found, &err) == 0 && is_found; row++) {
		struct thing thing;

		assert_true(row < count);
		memset(&thing, 0xaa, sizeof(thing));
		db_columns_read_stream(&columns, &stream, 1, &thing);
		then_thing_is(&thing, &things[row]);
	}
	db_stream_close(&stream);
	assert_int_equal(row, count);
}

/* All rows in order of their places, as a result and as a stream; dirty memory shows a member that is not read. */
static void then_things_are(const struct thing *things, int count)
{
	struct db_result result = { 0 };

	must(db_run(db, db_template_statement(&select_things), NULL, &result, &err));
	assert_int_equal(result.rows, count);
	for (int row = 0; row < count; row++) {
		struct thing thing;

		memset(&thing, 0xaa, sizeof(thing));
		db_columns_read(&columns, &result, row, 1, &thing);
		then_thing_is(&thing, &things[row]);
	}
	db_result_release(&result);
	then_streamed_things_are(things, count);
}

static void test_db_column_values__copied_rows_are_read_again(void **state)
{
	const struct thing wanted[] = { full, bare };

	(void)state;
	add_row(1, &full);
	add_row(2, &bare);
	must(db_copy_run(db, &copy, &err));
	then_things_are(wanted, 2);
}

static void test_db_column_values__inserted_rows_are_read_again(void **state)
{
	const struct thing wanted[] = { full, bare };

	(void)state;
	add_row(1, &full);
	add_row(2, &bare);
	must(db_write_copy(db, &copy, &err));
	must(db_write_end(db, &err));
	then_things_are(wanted, 2);
}

static void add_arrays(const struct thing *const things[], const int32_t places[], size_t count)
{
	db_params_reset(&params);
	db_array_begin(&params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(&params, places[i]);
	for (const struct db_column *column = db_columns_next(&changes, NULL); column != NULL;
	     column = db_columns_next(&changes, column)) {
		db_array_begin(&params, column->type);
		for (size_t i = 0; i < count; i++)
			db_array_column(&params, column, things[i]);
	}
}

static void test_db_column_values__an_update_sets_its_columns_of_each_row(void **state)
{
	static const int32_t places[] = { 2, 1 };
	struct thing first = bare, second = full;
	const struct thing *const things[] = { &first, &second };
	struct thing wanted[] = { full, bare };

	(void)state;
	add_row(1, &full);
	add_row(2, &bare);
	must(db_copy_run(db, &copy, &err));

	first.amount_minor = 12;
	first.is_open = 1;
	first.state = 3;
	first.channel = 1;
	second.channel = 0;
	second.optional_minor = 0;
	second.note[0] = '\0';
	second.due_on = day_of(2026, 2, 28);
	second.count = 99; /* not of this set */
	add_arrays(things, places, 2);
	must(db_write(db, db_template_statement(&update_things), &params, 2, &err));
	must(db_write_end(db, &err));

	second.count = full.count;
	wanted[0] = second;
	wanted[1] = first;
	then_things_are(wanted, 2);
}

static void test_db_column_values__zero_is_null_where_a_column_says_so(void **state)
{
	static const struct db_statement count_nulls = { "nulls", "SELECT count(*) FROM thing WHERE owner_id IS NULL AND "
								  "optional_minor IS NULL AND note IS NULL AND count = 0" };
	struct db_result result = { 0 };

	(void)state;
	add_row(1, &full);
	add_row(2, &bare);
	must(db_copy_run(db, &copy, &err));
	must(db_run(db, &count_nulls, NULL, &result, &err));
	assert_int_equal(db_int64(&result, 0, 0), 1);
	db_result_release(&result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_db_column_values__copied_rows_are_read_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_db_column_values__inserted_rows_are_read_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_db_column_values__an_update_sets_its_columns_of_each_row, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_db_column_values__zero_is_null_where_a_column_says_so, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
