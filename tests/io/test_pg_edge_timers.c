/* The engine's edge to PostgreSQL: timers are set, found when they are due in their order, and leave. */

#include "tests/io/pg_edge_spec.h"

#include "base/array.h"

#define NOW_MS INT64_C(1700000000000) /* in day 19675 */
#define TODAY  19675
#define TICK   100 /* its offset */

static const struct timers_due due_now = { .before = TICK, .at_ms = NOW_MS, .on = TODAY };

static struct timer_write write_of(enum timer_fate fate, unsigned number, int64_t due_at_ms)
{
	return (struct timer_write){
		.fate = fate,
		.at_offset = TICK,
		.row = { .part = OWNED,
			 .kind = 7,
			 .due_at_ms = due_at_ms,
			 .set_at = 5,
			 .id = spec_id('T', number),
			 .key = spec_id('K', number % 2),
			 .subject = spec_id('S', number) },
	};
}

static struct timer_write set_on(unsigned number, int32_t due_on)
{
	struct timer_write write = write_of(TIMER_SET, number, 0);

	write.row.is_on_day = true;
	write.row.due_on = due_on;
	return write;
}

static void apply(struct world *world, struct head *head, const struct timer_write *writes, size_t count)
{
	struct changes changes = { .timers = writes, .timers_count = count };

	head->next_offset++;
	do_batch(world, &changes, head);
}

/* As numbers, in the order in which they come: "3 1 2 ". */
static const char *numbers_of(const struct timer_row *rows, size_t count)
{
	static char text[64];

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		for (unsigned number = 0; number < 10; number++) {
			const struct uuid id = spec_id('T', number);

			if (uuid_equal(&rows[i].id, &id))
				snprintf(text + strlen(text), sizeof(text) - strlen(text), "%u ", number);
		}
	return text;
}

static const char *due_as_of(struct world *world, struct timers_due due, size_t rows_max)
{
	struct timer_row *rows;
	size_t count;

	must(world,
	     world->database.read_timers(world->database.self, OWNED, &due, rows_max, &world->arena, &rows, &count, &world->err));
	return numbers_of(rows, count);
}

static struct timers_next next_of(struct world *world)
{
	struct timers_next next;

	must(world, world->database.read_next_timer(world->database.self, OWNED, &next, &world->err));
	return next;
}

static void test_pg_edge_timers__due_ones_are_read_in_the_order_of_their_time(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct timer_write writes[] = {
		write_of(TIMER_SET, 1, NOW_MS),
		write_of(TIMER_SET, 2, NOW_MS + 1),
		write_of(TIMER_SET, 3, NOW_MS - 9 * 86400000LL),
		set_on(4, TODAY),
		set_on(5, TODAY + 1),
		set_on(6, TODAY - 1),
	};
	struct timers_due later = due_now;

	apply(world, &head, writes, COUNT(writes));
	assert_string_equal(due_as_of(world, due_now, 10), "3 6 4 1 ");
	assert_string_equal(due_as_of(world, due_now, 2), "3 6 ");
	later.at_ms++;
	later.on++;
	assert_string_equal(due_as_of(world, later, 10), "3 6 4 1 2 5 ");
	later.before = 5; /* they were set at this offset */
	assert_string_equal(due_as_of(world, later, 10), "");
	assert_int_equal(next_of(world).at_ms, NOW_MS - 9 * 86400000LL);
	assert_int_equal(next_of(world).on, TODAY - 1);
	assert_false(next_of(world).is_tried);
}

static void test_pg_edge_timers__rows_come_back_as_they_were(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct timer_write writes[] = { write_of(TIMER_SET, 1, NOW_MS), set_on(4, TODAY) };
	struct timer_row *rows;
	size_t count;

	apply(world, &head, writes, COUNT(writes));
	must(world,
	     world->database.read_timers(world->database.self, OWNED, &due_now, 10, &world->arena, &rows, &count, &world->err));
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++) {
		const struct timer_row *expected = &writes[1 - i].row; /* the day begins before the instant */

		assert_int_equal(rows[i].part, OWNED);
		assert_int_equal(rows[i].kind, 7);
		assert_int_equal(rows[i].set_at, 5);
		assert_true(uuid_equal(&rows[i].key, &expected->key));
		assert_true(uuid_equal(&rows[i].subject, &expected->subject));
		assert_int_equal(rows[i].is_on_day, expected->is_on_day);
		assert_int_equal(rows[i].due_on, expected->due_on);
		assert_int_equal(rows[i].due_at_ms, expected->due_at_ms);
	}
}

static void test_pg_edge_timers__one_is_replaced_cancelled_and_fired(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct timer_write writes[] = { write_of(TIMER_SET, 1, NOW_MS), write_of(TIMER_SET, 2, NOW_MS),
					      write_of(TIMER_SET, 3, NOW_MS) };
	struct timer_write ends[] = { write_of(TIMER_SET, 1, NOW_MS + 60000), write_of(TIMER_CANCELLED, 2, 0),
				      write_of(TIMER_FIRED, 3, 0), write_of(TIMER_CANCELLED, 9, 0) };

	apply(world, &head, writes, COUNT(writes));
	apply(world, &head, ends, COUNT(ends));
	assert_string_equal(due_as_of(world, due_now, 10), "");
	assert_int_equal(store_number(&spec, "timers", "SELECT count(*) FROM customers.timer"), 1);
	assert_int_equal(next_of(world).at_ms, NOW_MS + 60000);
}

/* Of two changes in one batch the later one holds, also of one that fired. */
static void test_pg_edge_timers__one_that_fires_may_be_set_again(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct timer_write writes[] = { write_of(TIMER_SET, 1, NOW_MS) };
	struct timer_write again[] = { write_of(TIMER_FIRED, 1, NOW_MS), write_of(TIMER_SET, 1, NOW_MS + 5) };

	apply(world, &head, writes, COUNT(writes));
	again[0].is_overwritten = true;
	apply(world, &head, again, COUNT(again));
	assert_int_equal(next_of(world).at_ms, NOW_MS + 5);
}

/* Somebody else has written in our partition: another was set in its place. */
static void test_pg_edge_timers__one_that_is_not_there_cannot_fire(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	struct timer_write fired = write_of(TIMER_SET, 1, NOW_MS);
	struct changes changes = { .timers = &fired, .timers_count = 1, .set = &world->set, .heads = &head, .heads_count = 1 };
	bool conflict;

	apply(world, &head, &fired, 1);
	fired.fate = TIMER_FIRED;
	fired.row.id = spec_id('T', 2);
	open_batch(world, &head);
	assert_int_equal(try_write(world, &changes, &conflict), -1);
	assert_int_equal(world->err.kind, ERR_FATAL);
	world->database.abandon(world->database.self);
}

static void test_pg_edge_timers__one_that_stays_comes_last_and_at_a_later_tick(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct timer_write writes[] = { write_of(TIMER_SET, 1, NOW_MS - 3), write_of(TIMER_SET, 2, NOW_MS - 2),
					      write_of(TIMER_SET, 3, NOW_MS - 1) };
	const struct timer_write kept[] = { write_of(TIMER_TRIED, 1, 0), write_of(TIMER_BROKEN, 2, 0) };
	struct timers_due later = due_now;

	apply(world, &head, writes, COUNT(writes));
	apply(world, &head, kept, COUNT(kept));
	assert_string_equal(due_as_of(world, due_now, 10), "3 ");
	assert_true(next_of(world).is_tried);
	later.before++;
	assert_string_equal(due_as_of(world, later, 10), "3 1 ");
	store_sql(&spec, "release", "UPDATE customers.timer SET broken = false");
	assert_string_equal(due_as_of(world, later, 10), "3 1 2 ");
}

static void test_pg_edge_timers__those_of_some_customers_are_read(void **state)
{
	struct world *world = *state;
	struct head head = claim(world, OWNED);
	const struct timer_write writes[] = { write_of(TIMER_SET, 1, NOW_MS), write_of(TIMER_SET, 2, NOW_MS),
					      write_of(TIMER_SET, 3, NOW_MS - 1), write_of(TIMER_SET, 4, NOW_MS + 1) };
	const struct timers_ask asks[] = { { .part = OWNED, .key = spec_id('K', 5), .due = due_now },
					   { .part = OWNED, .key = spec_id('K', 1), .due = due_now },
					   { .part = OWNED, .key = spec_id('K', 0), .due = due_now },
					   { .part = OTHER, .key = spec_id('K', 0), .due = due_now } };
	struct timer_row *rows;
	size_t *of_ask;
	size_t count;

	apply(world, &head, writes, COUNT(writes));
	must(world, world->database.read_timers_of(world->database.self, asks, COUNT(asks), 10, &world->arena, &rows, &of_ask,
						   &count, &world->err));
	assert_string_equal(numbers_of(rows, count), "3 1 2 ");
	assert_int_equal(of_ask[0], 1);
	assert_int_equal(of_ask[1], 1);
	assert_int_equal(of_ask[2], 2);
	must(world, world->database.read_timers_of(world->database.self, asks, COUNT(asks), 2, &world->arena, &rows, &of_ask,
						   &count, &world->err));
	assert_string_equal(numbers_of(rows, count), "3 1 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_pg_edge_timers__due_ones_are_read_in_the_order_of_their_time),
		IN_WORLD(test_pg_edge_timers__rows_come_back_as_they_were),
		IN_WORLD(test_pg_edge_timers__one_is_replaced_cancelled_and_fired),
		IN_WORLD(test_pg_edge_timers__one_that_fires_may_be_set_again),
		IN_WORLD(test_pg_edge_timers__one_that_is_not_there_cannot_fire),
		IN_WORLD(test_pg_edge_timers__one_that_stays_comes_last_and_at_a_later_tick),
		IN_WORLD(test_pg_edge_timers__those_of_some_customers_are_read),
	};

	return run_in_database("test_pg_edge_timers", tests, COUNT(tests));
}
