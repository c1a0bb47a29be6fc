/* Timers: those that are due, and what a batch does to them. */
#include "worker/pg_edge_inside.h"

#define ROW       "t.part, t.kind, t.key, t.subject, t.id, t.due_at, t.due_on, t.set_at"
#define DUE_ORDER "coalesce(t.due_at, t.due_on::timestamp AT TIME ZONE 'UTC'), t.id"

/*
 * $1 part, $2 before, $3 instant, $4 day, $5 rows. Each of the first two arms follows an index in its order and ends with the
 * last row, so a page costs the same, however many are due. Of the third there are few.
 */
static const struct db_statement statement_read = {
	"engine_read_timers",
	"SELECT " ROW " FROM ("
	"(SELECT 0 AS round, 0 AS tried_at, part, kind, key, subject, id, due_at, due_on, set_at FROM timer"
	" WHERE part = $1 AND due_at <= $3 AND set_at < $2 AND tried_at IS NULL ORDER BY due_at, id LIMIT $5)"
	" UNION ALL (SELECT 0, 0, part, kind, key, subject, id, due_at, due_on, set_at FROM timer"
	" WHERE part = $1 AND due_on <= $4 AND set_at < $2 AND tried_at IS NULL ORDER BY due_on, id LIMIT $5)"
	" UNION ALL (SELECT 1, tried_at, part, kind, key, subject, id, due_at, due_on, set_at FROM timer t"
	" WHERE part = $1 AND tried_at < $2 AND NOT broken AND (due_at <= $3 OR due_on <= $4) AND set_at < $2"
	" ORDER BY tried_at, " DUE_ORDER " LIMIT $5)"
	") t ORDER BY t.round, t.tried_at, " DUE_ORDER " LIMIT $5",
};

static const struct db_statement statement_read_of = {
	"engine_read_timers_of",
	"SELECT " ROW ", u.n FROM unnest($1::integer[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::date[])"
	" WITH ORDINALITY u(part, key, before, at, on_day, n) JOIN timer t ON t.part = u.part AND t.key = u.key"
	" WHERE NOT t.broken AND (t.due_at <= u.at OR t.due_on <= u.on_day) AND t.set_at < u.before"
	" AND (t.tried_at IS NULL OR t.tried_at < u.before) ORDER BY u.n, " DUE_ORDER " LIMIT $6",
};

static const struct db_statement statement_next = {
	"engine_next_timer",
	"SELECT (SELECT min(due_at) FROM timer WHERE part = $1 AND tried_at IS NULL AND due_at IS NOT NULL),"
	" (SELECT min(due_on) FROM timer WHERE part = $1 AND tried_at IS NULL AND due_on IS NOT NULL),"
	" EXISTS (SELECT FROM timer WHERE part = $1 AND tried_at IS NOT NULL)",
};

#define PLACES  "unnest($1::integer[], $2::integer[], $3::uuid[], $4::uuid[]"
#define SAME(t) t ".part = u.part AND " t ".kind = u.kind AND " t ".key = u.key AND " t ".subject = u.subject"

static const struct db_statement statement_set = {
	"engine_set_timers",
	"INSERT INTO timer AS t (part, kind, key, subject, id, due_at, due_on, set_at)"
	" SELECT * FROM " PLACES ", $5::uuid[], $6::timestamptz[], $7::date[], $8::bigint[])"
	" ON CONFLICT (part, key, kind, subject) DO UPDATE SET id = excluded.id, due_at = excluded.due_at,"
	" due_on = excluded.due_on, set_at = excluded.set_at, tried_at = NULL, broken = false",
};

/* This one, and none that was set in its place since. */
static const struct db_statement statement_fire = {
	"engine_fire_timers",
	"DELETE FROM timer t USING " PLACES ", $5::uuid[]) u(part, kind, key, subject, id) WHERE " SAME("t") " AND t.id = u.id",
};

static const struct db_statement statement_cancel = {
	"engine_cancel_timers",
	"DELETE FROM timer t USING " PLACES ") u(part, kind, key, subject) WHERE " SAME("t"),
};

static const struct db_statement statement_keep = {
	"engine_keep_timers",
	"UPDATE timer t SET tried_at = u.tried_at, broken = u.broken FROM " PLACES ", $5::bigint[], $6::boolean[])"
	" u(part, kind, key, subject, tried_at, broken) WHERE " SAME("t"),
};

/* ---- reads ---- */

static struct timer_row row_of(const struct db_result *result, int row)
{
	struct timer_row timer = {
		.part = db_int32(result, row, 0),
		.kind = db_int16(result, row, 1),
		.key = db_uuid(result, row, 2),
		.subject = db_uuid(result, row, 3),
		.id = db_uuid(result, row, 4),
		.is_on_day = db_is_null(result, row, 5),
		.set_at = db_int64(result, row, 7),
	};

	if (timer.is_on_day)
		timer.due_on = db_date(result, row, 6);
	else
		timer.due_at_ms = db_instant(result, row, 5);
	return timer;
}

static int take_rows(const struct db_result *result, struct arena *arena, struct timer_row **ret_rows, size_t *ret_count,
		     struct err *err)
{
	struct timer_row *rows = arena_take(arena, (size_t)result->rows, sizeof(*rows));

	if (!rows)
		return err_set(err, ERR_POISON, "arena full");
	for (int row = 0; row < result->rows; row++)
		rows[row] = row_of(result, row);
	*ret_rows = rows;
	*ret_count = (size_t)result->rows;
	return 0;
}

static int edge_read_timers(void *self, int32_t part, const struct timers_due *due, size_t rows_max, struct arena *arena,
			    struct timer_row **ret_rows, size_t *ret_count, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };
	int rc;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, part);
	db_param_int64(&edge->params, due->before);
	db_param_instant(&edge->params, due->at_ms);
	db_param_date(&edge->params, due->on);
	db_param_int64(&edge->params, (int64_t)rows_max);
	if (db_run(edge->db, &statement_read, &edge->params, &result, err) < 0)
		return -1;
	rc = take_rows(&result, arena, ret_rows, ret_count, err);
	db_result_release(&result);
	return rc;
}

static void put_asks(struct db_params *params, const struct timers_ask *asks, size_t count)
{
	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, asks[i].part);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++)
		db_array_uuid(params, &asks[i].key);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, asks[i].due.before);
	db_array_begin(params, DB_ARRAY_INSTANT);
	for (size_t i = 0; i < count; i++)
		db_array_instant(params, asks[i].due.at_ms);
	db_array_begin(params, DB_ARRAY_DATE);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, asks[i].due.on);
}

static int edge_read_timers_of(void *self, const struct timers_ask *asks, size_t asks_count, size_t rows_max, struct arena *arena,
			       struct timer_row **ret_rows, size_t **ret_asks, size_t *ret_count, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };
	size_t *numbers = NULL;
	int rc;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	put_asks(&edge->params, asks, asks_count);
	db_param_int64(&edge->params, (int64_t)rows_max);
	if (db_run(edge->db, &statement_read_of, &edge->params, &result, err) < 0)
		return -1;
	rc = take_rows(&result, arena, ret_rows, ret_count, err);
	if (rc == 0)
		numbers = arena_take(arena, *ret_count, sizeof(*numbers));
	if (rc == 0 && !numbers)
		rc = err_set(err, ERR_POISON, "arena full");
	for (int row = 0; rc == 0 && row < result.rows; row++)
		numbers[row] = (size_t)db_int64(&result, row, 8) - 1;
	*ret_asks = numbers;
	db_result_release(&result);
	return rc;
}

static int edge_read_next_timer(void *self, int32_t part, struct timers_next *ret_next, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, part);
	if (db_run(edge->db, &statement_next, &edge->params, &result, err) < 0)
		return -1;
	*ret_next = (struct timers_next){ .at_ms = INT64_MAX, .on = INT32_MAX, .is_tried = db_bool(&result, 0, 2) };
	if (!db_is_null(&result, 0, 0))
		ret_next->at_ms = db_instant(&result, 0, 0);
	if (!db_is_null(&result, 0, 1))
		ret_next->on = db_date(&result, 0, 1);
	db_result_release(&result);
	return 0;
}

void pg_edge_fill_timers(struct database *database)
{
	database->read_timers = edge_read_timers;
	database->read_timers_of = edge_read_timers_of;
	database->read_next_timer = edge_read_next_timer;
}

/* ---- writes ---- */

/* What becomes of rows, as a set of bits of enum timer_fate. */
#define BIT(fate)    (1u << (unsigned)(fate))
#define STAYING      (BIT(TIMER_TRIED) | BIT(TIMER_BROKEN))
#define IS_IN(write) (!(write)->is_overwritten && (BIT((write)->fate) & fates))

#define PUT(kind, put)                                                                                                           \
	do {                                                                                                                     \
		db_array_begin(params, kind);                                                                                    \
		for (size_t i = 0; i < changes->timers_count; i++) {                                                             \
			const struct timer_write *write = &changes->timers[i];                                                   \
			if (IS_IN(write))                                                                                        \
				(put);                                                                                           \
		}                                                                                                                \
	} while (0)

/* Their places are the first four parameters. Returns their number. */
static size_t put_places(struct db_params *params, const struct changes *changes, unsigned fates)
{
	size_t count = 0;

	for (size_t i = 0; i < changes->timers_count; i++)
		count += IS_IN(&changes->timers[i]) ? 1 : 0;
	if (count == 0)
		return 0;
	db_params_reset(params);
	PUT(DB_ARRAY_INT32, db_array_int32(params, write->row.part));
	PUT(DB_ARRAY_INT32, db_array_int32(params, write->row.kind));
	PUT(DB_ARRAY_UUID, db_array_uuid(params, &write->row.key));
	PUT(DB_ARRAY_UUID, db_array_uuid(params, &write->row.subject));
	return count;
}

static int write_set(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	const unsigned fates = BIT(TIMER_SET);
	struct db_params *params = &edge->params;
	size_t count = put_places(params, changes, fates);

	if (count == 0)
		return 0;
	PUT(DB_ARRAY_UUID, db_array_uuid(params, &write->row.id));
	PUT(DB_ARRAY_INSTANT, write->row.is_on_day ? db_array_null(params) : db_array_instant(params, write->row.due_at_ms));
	PUT(DB_ARRAY_DATE, write->row.is_on_day ? db_array_int32(params, write->row.due_on) : db_array_null(params));
	PUT(DB_ARRAY_INT64, db_array_int64(params, write->row.set_at));
	return db_write(edge->db, &statement_set, params, count, err);
}

static int write_kept(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	const unsigned fates = STAYING;
	struct db_params *params = &edge->params;
	size_t count = put_places(params, changes, fates);

	if (count == 0)
		return 0;
	PUT(DB_ARRAY_INT64, db_array_int64(params, write->at_offset));
	PUT(DB_ARRAY_BOOL, db_array_bool(params, write->fate == TIMER_BROKEN));
	return db_write(edge->db, &statement_keep, params, count, err);
}

static int write_fired(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	const unsigned fates = BIT(TIMER_FIRED);
	struct db_params *params = &edge->params;
	size_t count = put_places(params, changes, fates);

	if (count == 0)
		return 0;
	PUT(DB_ARRAY_UUID, db_array_uuid(params, &write->row.id));
	return db_write(edge->db, &statement_fire, params, count, err);
}

int pg_edge_write_timers(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	size_t count;

	if (changes->timers_count == 0)
		return 0;
	count = put_places(&edge->params, changes, BIT(TIMER_CANCELLED));
	if (count > 0 && db_write(edge->db, &statement_cancel, &edge->params, DB_ROWS_ANY, err) < 0)
		return -1;
	if (write_fired(edge, changes, err) < 0 || write_kept(edge, changes, err) < 0)
		return -1;
	return write_set(edge, changes, err);
}
