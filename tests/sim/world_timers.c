#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "tests/sim/world.h"

/* The timers of a world's database: read as the real edge reads them (lib/worker/pg_edge_timers.c), and what COMMIT makes of them. */

static struct sim_database *database_of(struct sim_session *session)
{
	return &session->world->databases[session->module];
}

static int64_t first_ms(const struct timer_row *row)
{
	return row->is_on_day ? row->due_on * DAY_MS : row->due_at_ms;
}

static bool is_due(const struct sim_timer *timer, const struct timers_due *due)
{
	return !timer->is_gone && !timer->is_broken && timer->row.set_at < due->before &&
	       (!timer->is_tried || timer->tried_at < due->before) &&
	       (timer->row.is_on_day ? timer->row.due_on <= due->on : timer->row.due_at_ms <= due->at_ms);
}

static int compare_due(const struct timer_row *a, const struct timer_row *b)
{
	if (first_ms(a) != first_ms(b))
		return first_ms(a) < first_ms(b) ? -1 : 1;
	return uuid_compare(&a->id, &b->id);
}

static int in_order_of_ticks(const void *one, const void *other)
{
	const struct sim_timer *a = one;
	const struct sim_timer *b = other;

	if (a->is_tried != b->is_tried)
		return a->is_tried ? 1 : -1;
	if (a->is_tried && a->tried_at != b->tried_at)
		return a->tried_at < b->tried_at ? -1 : 1;
	return compare_due(&a->row, &b->row);
}

static int in_order_of_due(const void *one, const void *other)
{
	return compare_due(&((const struct sim_timer *)one)->row, &((const struct sim_timer *)other)->row);
}

/* Those of a partition that are due; of one customer, if there is a key. free() them. */
static struct sim_timer *list_due(const struct sim_database *database, int32_t part, const struct uuid *key,
				  const struct timers_due *due, size_t *ret_count)
{
	struct sim_timer *list = calloc(database->timers_count + 1, sizeof(*list));

	MUST(list);
	*ret_count = 0;
	for (size_t i = 0; i < database->timers_count; i++) {
		const struct sim_timer *timer = &database->timers[i];

		if (timer->row.part == part && (!key || uuid_equal(key, &timer->row.key)) && is_due(timer, due))
			list[(*ret_count)++] = *timer;
	}
	return list;
}

static int edge_read_timers(void *self, int32_t part, const struct timers_due *due, size_t rows_max, struct arena *arena,
			    struct timer_row **ret_rows, size_t *ret_count, struct err *err)
{
	struct sim_session *session = self;
	struct sim_timer *list;

	if (session_fault(session, err) < 0)
		return -1;
	list = list_due(database_of(session), part, NULL, due, ret_count);
	qsort(list, *ret_count, sizeof(*list), in_order_of_ticks);
	if (*ret_count > rows_max)
		*ret_count = rows_max;
	*ret_rows = arena_take(arena, *ret_count, sizeof(**ret_rows));
	MUST(*ret_rows);
	for (size_t i = 0; i < *ret_count; i++)
		(*ret_rows)[i] = list[i].row;
	free(list);
	return 0;
}

static int edge_read_timers_of(void *self, const struct timers_ask *asks, size_t asks_count, size_t rows_max, struct arena *arena,
			       struct timer_row **ret_rows, size_t **ret_asks, size_t *ret_count, struct err *err)
{
	struct sim_session *session = self;

	if (session_fault(session, err) < 0)
		return -1;
	*ret_count = 0;
	*ret_rows = arena_take(arena, rows_max, sizeof(**ret_rows));
	*ret_asks = arena_take(arena, rows_max, sizeof(**ret_asks));
	if (!*ret_rows || !*ret_asks)
		return err_set(err, ERR_POISON, "arena full");
	for (size_t ask = 0; ask < asks_count; ask++) {
		size_t count;
		struct sim_timer *list = list_due(database_of(session), asks[ask].part, &asks[ask].key, &asks[ask].due, &count);

		qsort(list, count, sizeof(*list), in_order_of_due);
		for (size_t i = 0; i < count && *ret_count < rows_max; i++) {
			(*ret_rows)[*ret_count] = list[i].row;
			(*ret_asks)[(*ret_count)++] = ask;
		}
		free(list);
	}
	return 0;
}

static int edge_read_next_timer(void *self, int32_t part, struct timers_next *ret_next, struct err *err)
{
	struct sim_session *session = self;
	const struct sim_database *database = database_of(session);

	*ret_next = (struct timers_next){ .at_ms = INT64_MAX, .on = INT32_MAX };
	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; i < database->timers_count; i++) {
		const struct sim_timer *timer = &database->timers[i];

		if (timer->is_gone || timer->row.part != part)
			continue;
		ret_next->is_tried |= timer->is_tried;
		if (timer->row.is_on_day && timer->row.due_on < ret_next->on)
			ret_next->on = timer->row.due_on;
		if (!timer->row.is_on_day && timer->row.due_at_ms < ret_next->at_ms)
			ret_next->at_ms = timer->row.due_at_ms;
	}
	return 0;
}

void timers_fill(struct database *database)
{
	database->read_timers = edge_read_timers;
	database->read_timers_of = edge_read_timers_of;
	database->read_next_timer = edge_read_next_timer;
}

/* ---- COMMIT ---- */

static struct sim_timer *find(struct sim_database *database, const struct timer_row *row)
{
	for (size_t i = 0; i < database->timers_count; i++) {
		struct sim_timer *timer = &database->timers[i];

		if (!timer->is_gone && timer->row.part == row->part && timer->row.kind == row->kind &&
		    uuid_equal(&timer->row.key, &row->key) && uuid_equal(&timer->row.subject, &row->subject))
			return timer;
	}
	return NULL;
}

static void note_fired(struct sim_database *database, const struct timer_write *write)
{
	database->fired = sim_grow(database->fired, database->fired_count, &database->fired_capacity, sizeof(*database->fired));
	database->fired[database->fired_count++] = (struct sim_fired){ .row = write->row,
								       .at_offset = write->at_offset,
								       .log_seq = database->heads[write->row.part].log_seq };
}

static void set(struct sim_database *database, const struct timer_row *row)
{
	struct sim_timer *timer = find(database, row);

	if (!timer) {
		database->timers =
			sim_grow(database->timers, database->timers_count, &database->timers_capacity, sizeof(*database->timers));
		timer = &database->timers[database->timers_count++];
		timer->was_kept = false;
	}
	*timer = (struct sim_timer){ .row = *row, .was_kept = timer->was_kept };
}

/* The heads are still those before the transaction. */
void timers_apply(struct sim_database *database, const struct sim_stage *stage)
{
	for (size_t i = 0; i < stage->timers_count; i++) {
		const struct timer_write *write = &stage->timers[i];
		struct sim_timer *timer = find(database, &write->row);

		if (write->fate == TIMER_FIRED) {
			MUST(timer && uuid_equal(&timer->row.id, &write->row.id));
			note_fired(database, write);
		}
		if (timer)
			timer->was_kept |= write->fate == TIMER_TRIED || write->fate == TIMER_BROKEN;
		if (write->is_overwritten)
			continue;
		if (write->fate == TIMER_SET) {
			set(database, &write->row);
		} else if (write->fate == TIMER_TRIED || write->fate == TIMER_BROKEN) {
			MUST(timer);
			timer->is_tried = true;
			timer->tried_at = write->at_offset;
			timer->is_broken = write->fate == TIMER_BROKEN;
		} else if (timer) {
			timer->is_gone = true;
		}
	}
}

void timers_release_bugs(struct sim_database *database)
{
	for (size_t i = 0; i < database->timers_count; i++)
		database->timers[i].is_broken = false;
}
