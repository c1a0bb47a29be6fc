/* Reads outside of a batch: event log, parked commands, dead letters. */
#include "base/array.h"
#include "worker/packed.h"
#include "worker/pg_edge_inside.h"

#define DEAD_SIZE_MAX (BUS_RECORD_MAX - 16384) /* with our headers it still fits into a record */

static const struct db_statement statement_read_log = {
	"engine_read_log",
	"SELECT seq, event_id, schema_id, key, subject, command_id, coalesce(correlation_id, command_id), at, command_offset, "
	"body, "
	"hash, traceparent"
	" FROM event_row WHERE part = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
};

static const struct db_statement statement_read_parked = {
	"engine_read_parked",
	"SELECT command_offset, kind, released, key, command_id, since, actor, roles, digest, correlation_id, expires, "
	"traceparent, value, scope, reason, holds, token_version"
	" FROM parked WHERE part = $1 AND command_offset > $2 ORDER BY command_offset LIMIT $3",
};

static const struct db_statement statement_read_dead = {
	"engine_read_dead",
	"SELECT command_offset, code, reason, at, key, value, headers FROM dead_letter"
	" WHERE part = $1 AND command_offset > $2 AND NOT published"
	" AND coalesce(octet_length(key), 0) + coalesce(octet_length(value), 0) + octet_length(headers) <= $4"
	" ORDER BY command_offset LIMIT $3",
};

static const struct db_statement statement_dead_published = {
	"engine_dead_published",
	"UPDATE dead_letter d SET published = true FROM unnest($1::integer[], $2::bigint[]) u(part, command_offset)"
	" WHERE d.part = u.part AND d.command_offset = u.command_offset",
};

static const struct db_statement statement_forget_dead = {
	"engine_forget_dead",
	"UPDATE dead_letter d SET key = NULL, value = NULL, headers = '', replayed_at = coalesce(d.replayed_at, now())"
	" FROM (SELECT part, command_offset FROM dead_letter WHERE part = $1 AND at < $2 AND headers <> ''"
	" ORDER BY at LIMIT $3) o WHERE d.part = o.part AND d.command_offset = o.command_offset",
};

static struct str keep(struct arena *arena, const struct db_result *result, int row, int column)
{
	if (db_is_null(result, row, column))
		return (struct str){ .data = NULL, .size = 0 };
	return str_copy(arena, db_str(result, row, column));
}

static int run_read(struct pg_edge *edge, const struct db_statement *statement, int32_t part, int64_t from, size_t rows_max,
		    struct db_result *ret_result, struct err *err)
{
	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, part);
	db_param_int64(&edge->params, from);
	db_param_int64(&edge->params, (int64_t)rows_max);
	if (statement == &statement_read_dead)
		db_param_int64(&edge->params, DEAD_SIZE_MAX);
	return db_run(edge->db, statement, &edge->params, ret_result, err);
}

static struct str published_body(struct buf *buf, const struct log_row *row, struct str stored, struct arena *arena)
{
	const struct packed_beside beside = { .schema_id = row->schema_id, .key = row->key, .subject = row->subject };

	buf_reset(buf);
	if (!packed_read(buf, stored, &beside) || buf->overflow)
		return (struct str){ .data = NULL };
	return str_copy(arena, buf_str(buf));
}

/* Without a body if it does not fit into the arena. */
static struct log_row log_row_of(const struct db_result *result, int row, int32_t part, struct buf *buf, struct arena *arena)
{
	struct log_row log_row = {
		.part = part,
		.seq = db_int64(result, row, 0),
		.event_id = db_uuid(result, row, 1),
		.schema_id = (uint32_t)db_int32(result, row, 2),
		.key = db_uuid(result, row, 3),
		.subject = db_uuid(result, row, 4),
		.command_id = db_uuid(result, row, 5),
		.correlation_id = db_uuid(result, row, 6),
		.at_ms = db_instant(result, row, 7),
		.command_offset = db_int64(result, row, 8),
		.traceparent = keep(arena, result, row, 11),
	};

	log_row.body = published_body(buf, &log_row, db_str(result, row, 9), arena);
	pg_edge_copy_bytes(log_row.hash, SHA256_SIZE, db_str(result, row, 10));
	return log_row;
}

/* A full arena cuts the read short; the next call reads the rest. */
static int edge_read_log(void *self, int32_t part, int64_t from_seq, size_t rows_max, struct arena *arena,
			 struct log_row **ret_rows, size_t *ret_count, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };
	struct log_row *rows;
	size_t count = 0;

	if (run_read(edge, &statement_read_log, part, from_seq, rows_max, &result, err) < 0)
		return -1;
	rows = arena_take(arena, (size_t)result.rows, sizeof(*rows));
	for (int row = 0; rows && row < result.rows; row++) {
		rows[count] = log_row_of(&result, row, part, &edge->body, arena);
		if (!rows[count].body.data)
			break;
		count++;
	}
	if (count == 0 && result.rows > 0) {
		db_result_release(&result);
		return err_set(err, ERR_FATAL, "an event does not fit into the arena, or its row was changed: `dcs verify`");
	}
	db_result_release(&result);
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

const struct scope *pg_edge_keep_scope(struct arena *arena, struct str text)
{
	struct scope scope;

	return scope_keep(arena, scope_read(&scope, text) ? &scope : &scope_none);
}

static enum parked_kind kind_of(struct str name)
{
	for (size_t i = 0; i < COUNT(pg_edge_parked_kinds); i++)
		if (str_is(name, pg_edge_parked_kinds[i]))
			return (enum parked_kind)i;
	MUST_NOT_REACH("a kind that the table's CHECK refuses");
}

static int edge_read_parked(void *self, int32_t part, int64_t after_offset, size_t rows_max, struct arena *arena,
			    struct parked **ret_rows, size_t *ret_count, bool *ret_is_end, struct err *err)
{
	struct db_result result = { 0 };
	struct parked *rows;
	size_t start = arena->used;
	size_t count = 0;

	if (run_read(self, &statement_read_parked, part, after_offset, rows_max, &result, err) < 0)
		return -1;
	rows = arena_take(arena, (size_t)result.rows, sizeof(*rows));
	for (int row = 0; rows && row < result.rows && (row == 0 || arena->used - start < arena->size / 4); row++) {
		rows[count] = (struct parked){
			.part = part,
			.offset = db_int64(&result, row, 0),
			.kind = kind_of(db_str(&result, row, 1)),
			.released = db_bool(&result, row, 2),
			.key = db_uuid(&result, row, 3),
			.command_id = db_uuid(&result, row, 4),
			.since_ms = db_instant(&result, row, 5),
			.actor = keep(arena, &result, row, 6),
			.roles = (uint32_t)db_int32(&result, row, 7),
			.correlation_id = db_uuid(&result, row, 9),
			.expires_ms = db_is_null(&result, row, 10) ? 0 : db_instant(&result, row, 10),
			.traceparent = keep(arena, &result, row, 11),
			.value = keep(arena, &result, row, 12),
			.scope = pg_edge_keep_scope(arena, db_str(&result, row, 13)),
			.reason = keep(arena, &result, row, 14),
			.holds = keep(arena, &result, row, 15),
			.token_version = db_int64(&result, row, 16),
		};
		pg_edge_copy_bytes(rows[count].digest, DIGEST_SIZE, db_str(&result, row, 8));
		if (!rows[count].actor.data || !rows[count].value.data || !rows[count].scope || !rows[count].reason.data ||
		    !rows[count].holds.data)
			break;
		count++;
	}
	*ret_is_end = count == (size_t)result.rows && count < rows_max;
	*ret_rows = rows;
	*ret_count = count;
	if (count == 0 && result.rows > 0) {
		db_result_release(&result);
		return err_set(err, ERR_FATAL, "a parked command does not fit into the arena");
	}
	db_result_release(&result);
	return 0;
}

/* Whether a column did not fit into the arena; a NULL column always fits. */
static bool is_cut(const struct db_result *result, int row, int column, struct str kept)
{
	return !kept.data && !db_is_null(result, row, column);
}

static int edge_read_dead(void *self, int32_t part, int64_t after_offset, size_t rows_max, struct arena *arena,
			  struct dead_letter **ret_rows, size_t *ret_count, struct err *err)
{
	struct db_result result = { 0 };
	struct dead_letter *rows;
	size_t count = 0;

	if (run_read(self, &statement_read_dead, part, after_offset, rows_max, &result, err) < 0)
		return -1;
	rows = arena_take(arena, (size_t)result.rows, sizeof(*rows));
	for (int row = 0; rows && row < result.rows; row++) {
		rows[count] = (struct dead_letter){
			.part = part,
			.offset = db_int64(&result, row, 0),
			.code = keep(arena, &result, row, 1).data,
			.reason = keep(arena, &result, row, 2),
			.at_ms = db_instant(&result, row, 3),
			.key = keep(arena, &result, row, 4),
			.value = keep(arena, &result, row, 5),
			.headers = keep(arena, &result, row, 6),
		};
		if (!rows[count].code || !rows[count].reason.data || !rows[count].headers.data ||
		    is_cut(&result, row, 4, rows[count].key) || is_cut(&result, row, 5, rows[count].value))
			break;
		count++;
	}
	db_result_release(&result);
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

static int edge_mark_dead_published(void *self, const int32_t *parts, const int64_t *offsets, size_t count, struct err *err)
{
	struct pg_edge *edge = self;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_array_begin(&edge->params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(&edge->params, parts[i]);
	db_array_begin(&edge->params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(&edge->params, offsets[i]);
	return db_run(edge->db, &statement_dead_published, &edge->params, NULL, err);
}

static int edge_forget_dead(void *self, int32_t part, int64_t before_ms, size_t max, size_t *ret_count, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };
	size_t count = 0;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, part);
	db_param_instant(&edge->params, before_ms);
	db_param_int64(&edge->params, (int64_t)max);
	if (db_run(edge->db, &statement_forget_dead, &edge->params, &result, err) < 0)
		return -1;
	*ret_count = (size_t)result.affected;
	db_result_release(&result);
	if (!edge->store.forget)
		return 0;
	if (edge->store.forget(edge->store.self, edge->db, before_ms, max, &count, err) < 0)
		return -1;
	*ret_count = count > *ret_count ? count : *ret_count; /* fewer than max: neither has more */
	return 0;
}

static int edge_read_states(void *self, const struct entity *entity, const struct uuid *below, size_t max, struct arena *arena,
			    struct slot **ret_slots, size_t *ret_count, struct err *err)
{
	struct pg_edge *edge = self;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	return edge->store.read_states(edge->store.self, edge->db, entity, below, max, arena, ret_slots, ret_count, err);
}

void pg_edge_fill_read(struct database *database)
{
	database->read_log = edge_read_log;
	database->read_parked = edge_read_parked;
	database->read_dead = edge_read_dead;
	database->read_states = edge_read_states;
	database->mark_dead_published = edge_mark_dead_published;
	database->forget_dead = edge_forget_dead;
}
