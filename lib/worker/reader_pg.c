#include <stdlib.h>
#include <string.h>

#include "worker/pg_edge.h"
#include "worker/reader.h"

#define PARAMS_SIZE_MAX ((size_t)1 << 20)

static const struct db_statement statement_make = {
	"reader_heads_make",
	"INSERT INTO reader_head (module, part, epoch, owner, next_offset, last_seq, last_hash)"
	" SELECT $1, part, 0, '', 0, 0, decode(repeat('00', 32), 'hex') FROM unnest($2::integer[]) part ON CONFLICT DO NOTHING",
};

static const struct db_statement statement_claim = {
	"reader_heads_claim",
	"UPDATE reader_head h SET epoch = h.epoch + 1, owner = $3 FROM unnest($2::integer[]) WITH ORDINALITY u(part, n)"
	" WHERE h.module = $1 AND h.part = u.part"
	" RETURNING u.n, h.epoch, h.next_offset, h.last_seq, h.last_hash, h.state = 'halted'",
};

/* Like the engine's statement_evict (pg_edge_heads.c). */
static const struct db_statement statement_evict = {
	"reader_evict",
	"SELECT count(pg_terminate_backend(a.pid)) FROM reader_head h"
	" JOIN pg_locks l ON l.locktype = 'transactionid' AND l.transactionid = h.xmax AND l.granted"
	" JOIN pg_stat_activity a ON a.pid = l.pid AND a.usename = current_user AND a.datname = current_database()"
	" WHERE h.module = $1 AND h.part = ANY($2::integer[])",
};

static const struct db_statement statement_halt = {
	"reader_halt",
	"UPDATE reader_head SET state = 'halted', reason = $4 WHERE module = $1 AND part = $2 AND epoch = $3",
};

static const struct db_statement statement_lock = {
	"reader_lock",
	"SELECT h.part FROM reader_head h JOIN unnest($2::integer[], $3::bigint[], $4::bigint[]) u(part, epoch, next_offset)"
	" ON h.part = u.part AND h.epoch = u.epoch AND h.next_offset = u.next_offset"
	" WHERE h.module = $1 ORDER BY h.part FOR UPDATE OF h",
};

static const struct db_statement statement_move = {
	"reader_move",
	"UPDATE reader_head h SET next_offset = u.next_offset, last_seq = u.last_seq, last_hash = u.last_hash"
	" FROM unnest($2::integer[], $3::bigint[], $4::bigint[], $5::bytea[]) u(part, next_offset, last_seq, last_hash)"
	" WHERE h.module = $1 AND h.part = u.part",
};

struct reader_pg {
	const char *conninfo;
	struct reader rules;
	struct db *db;
	struct db_params params;
};

static int connect_again(struct reader_pg *edge, struct err *err)
{
	if (edge->db && db_is_alive(edge->db))
		return 0;
	db_close(edge->db);
	edge->db = NULL;
	return pg_connect(edge->conninfo, edge->rules.name, &edge->db, err);
}

static void put_parts(struct reader_pg *edge, const char *module, const int32_t *parts, size_t count)
{
	db_params_reset(&edge->params);
	db_param_text(&edge->params, str_of(module));
	db_array_begin(&edge->params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(&edge->params, parts[i]);
}

static int edge_claim(void *self, const char *module, const int32_t *parts, size_t count, const char *owner,
		      struct reader_head *ret_heads, struct err *err)
{
	struct reader_pg *edge = self;
	struct db_result result = { 0 };

	if (connect_again(edge, err) < 0)
		return -1;
	put_parts(edge, module, parts, count);
	if (db_run(edge->db, &statement_make, &edge->params, NULL, err) < 0)
		return -1;
	db_param_text(&edge->params, str_of(owner));
	if (db_run(edge->db, &statement_claim, &edge->params, &result, err) < 0) {
		put_parts(edge, module, parts, count);
		pg_evict(edge->db, &statement_evict, &edge->params);
		return -1;
	}
	MUST(result.rows == (int)count);
	for (int row = 0; row < result.rows; row++) {
		int64_t n = db_int64(&result, row, 0) - 1;
		struct str hash = db_str(&result, row, 4);

		ret_heads[n] = (struct reader_head){
			.part = parts[n],
			.epoch = db_int64(&result, row, 1),
			.next_offset = db_int64(&result, row, 2),
			.last_seq = db_int64(&result, row, 3),
			.halted = db_bool(&result, row, 5),
		};
		MUST(hash.size == SHA256_SIZE);
		memcpy(ret_heads[n].last_hash, hash.data, SHA256_SIZE);
	}
	db_result_release(&result);
	return 0;
}

static int edge_halt(void *self, const char *module, const struct reader_head *head, const char *reason, bool *ret_fenced,
		     struct err *err)
{
	struct reader_pg *edge = self;
	struct db_result result = { 0 };

	if (!edge->db)
		return err_set(err, ERR_RETRY, "no connection to the database");
	db_params_reset(&edge->params);
	db_param_text(&edge->params, str_of(module));
	db_param_int32(&edge->params, head->part);
	db_param_int64(&edge->params, head->epoch);
	db_param_text(&edge->params, str_of(reason));
	if (db_run(edge->db, &statement_halt, &edge->params, &result, err) < 0)
		return -1;
	*ret_fenced = result.affected == 0;
	db_result_release(&result);
	return 0;
}

static int lock_heads(struct reader_pg *edge, const char *module, const struct reader_head *heads, size_t count, bool *ret_fenced,
		      struct err *err)
{
	struct db_params *params = &edge->params;
	struct db_result result = { 0 };

	db_params_reset(params);
	db_param_text(params, str_of(module));
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, heads[i].part);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, heads[i].epoch);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, heads[i].next_offset);
	if (db_run(edge->db, &statement_lock, params, &result, err) < 0)
		return -1;
	*ret_fenced = result.rows != (int)count;
	db_result_release(&result);
	return 0;
}

static int move_heads(struct reader_pg *edge, const char *module, const struct reader_head *heads, size_t count, struct err *err)
{
	struct db_params *params = &edge->params;
	struct db_result result = { 0 };

	db_params_reset(params);
	db_param_text(params, str_of(module));
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, heads[i].part);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, heads[i].next_offset);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, heads[i].last_seq);
	db_array_begin(params, DB_ARRAY_BYTES);
	for (size_t i = 0; i < count; i++)
		db_array_text(params, (struct str){ .data = (const char *)heads[i].last_hash, .size = SHA256_SIZE });
	if (db_run(edge->db, &statement_move, params, &result, err) < 0)
		return -1;
	MUST(result.affected == (int64_t)count);
	db_result_release(&result);
	return 0;
}

static int edge_apply(void *self, const char *module, const struct reader_head *before, const struct reader_head *after,
		      size_t heads_count, const struct read_event *events, size_t events_count, bool *ret_fenced, struct err *err)
{
	struct reader_pg *edge = self;
	int rc = -1;

	if (!edge->db)
		return err_set(err, ERR_RETRY, "no connection to the database");
	if (db_begin(edge->db, err) < 0 || lock_heads(edge, module, before, heads_count, ret_fenced, err) < 0)
		goto out;
	if (*ret_fenced) {
		rc = 0;
		goto out;
	}
	if (events_count > 0 && edge->rules.apply(edge->rules.self, edge->db, events, events_count, err) < 0)
		goto out;
	if (move_heads(edge, module, after, heads_count, err) < 0)
		goto out;
	rc = db_commit(edge->db, err);
out:
	db_rollback(edge->db); /* nothing to do after a commit */
	return rc;
}

int reader_pg_open(const char *conninfo, const struct reader *rules, struct reader_pg **ret_edge,
		   struct reader_database *ret_database, struct err *err)
{
	struct reader_pg *edge = calloc(1, sizeof(*edge));

	if (!edge)
		return err_set(err, ERR_FATAL, "no memory");
	edge->conninfo = conninfo;
	edge->rules = *rules;
	db_params_init(&edge->params, PARAMS_SIZE_MAX);
	*ret_edge = edge;
	*ret_database = (struct reader_database){ .self = edge, .claim = edge_claim, .halt = edge_halt, .apply = edge_apply };
	return 0;
}

void reader_pg_close(struct reader_pg *edge)
{
	if (!edge)
		return;
	db_close(edge->db);
	db_params_release(&edge->params);
	free(edge);
}
