/* Heads: claim, release, halt, quarantine; the ids held by parked commands. */
#include "worker/pg_edge_inside.h"

#include <string.h>

static const struct db_statement statement_heads_make = {
	"engine_heads_make",
	"INSERT INTO partition_head (part, epoch, owner, next_offset, log_seq, log_hash)"
	" SELECT part, 0, '', 0, 0, decode(repeat('00', 32), 'hex') FROM unnest($1::integer[]) part ON CONFLICT DO NOTHING",
};

static const struct db_statement statement_heads_claim = {
	"engine_heads_claim",
	"UPDATE partition_head h SET epoch = h.epoch + 1, owner = $6, tries = h.tries + (h.epoch <> u.epoch)::integer,"
	" crashes = CASE WHEN h.epoch = u.epoch THEN u.crashes ELSE h.crashes END,"
	" quarantine = CASE WHEN h.epoch = u.epoch THEN u.quarantine ELSE h.quarantine END,"
	" quarantine_left = CASE WHEN h.epoch = u.epoch THEN u.quarantine_left ELSE h.quarantine_left END"
	" FROM unnest($1::integer[], $2::bigint[], $3::integer[], $4::integer[], $5::bigint[])"
	" WITH ORDINALITY u(part, epoch, crashes, quarantine, quarantine_left, n)"
	" WHERE h.part = u.part RETURNING u.n, h.epoch, h.next_offset, h.last_digest, h.last_id, h.log_seq, h.log_hash,"
	" h.tick_at, h.business_date, h.tick_cursor, h.state = 'halted', h.tries, h.crashes, h.quarantine, h.quarantine_left,"
	" h.timers_done, h.timers_before, h.timers_at",
};

static const struct db_statement statement_attempt = {
	"engine_attempt",
	"UPDATE partition_head SET crashes = $3, quarantine = $4, quarantine_left = $5 WHERE part = $1 AND epoch = $2",
};

static const struct db_statement statement_release = {
	"engine_release",
	"UPDATE partition_head h SET tries = greatest(h.tries - 1, 0), crashes = u.crashes, quarantine = u.quarantine,"
	" quarantine_left = u.quarantine_left"
	" FROM unnest($1::integer[], $2::bigint[], $3::integer[], $4::integer[], $5::bigint[])"
	" u(part, epoch, crashes, quarantine, quarantine_left)"
	" WHERE h.part = u.part AND h.epoch = u.epoch AND (h.tries > 0 OR h.crashes > 0)",
};

static const struct db_statement statement_fix_parts = { "engine_fix_parts", "SELECT engine.fix_partitions($1, $2)" };

static const struct db_statement statement_halt = {
	"engine_halt",
	"UPDATE partition_head SET state = 'halted', reason = $3 WHERE part = $1 AND epoch = $2",
};

static const struct db_statement statement_held = {
	"engine_held",
	"SELECT DISTINCT holds FROM parked WHERE part = $1 AND command_offset <= $2",
};

/* Ends connections of our own role that lock these heads; sessions of other roles, such as an operator's, are left alone. */
static const struct db_statement statement_evict = {
	"engine_evict",
	"SELECT count(pg_terminate_backend(a.pid)) FROM partition_head h"
	" JOIN pg_locks l ON l.locktype = 'transactionid' AND l.transactionid = h.xmax AND l.granted"
	" JOIN pg_stat_activity a ON a.pid = l.pid AND a.usename = current_user AND a.datname = current_database()"
	" WHERE h.part = ANY($1::integer[])",
};

static struct head head_of_row(const struct db_result *result, int row, int32_t part)
{
	struct head head = {
		.part = part, .business_date = INT32_MIN, .tick_cursor = OFFSET_BEFORE_ALL, .due.before = OFFSET_BEFORE_ALL
	};

	head.epoch = db_int64(result, row, 1);
	head.next_offset = db_int64(result, row, 2);
	head.has_digest = !db_is_null(result, row, 3);
	if (head.has_digest)
		pg_edge_copy_bytes(head.last_digest, DIGEST_SIZE, db_str(result, row, 3));
	if (!db_is_null(result, row, 4))
		head.last_id = db_uuid(result, row, 4);
	head.log_seq = db_int64(result, row, 5);
	pg_edge_copy_bytes(head.log_hash, SHA256_SIZE, db_str(result, row, 6));
	if (!db_is_null(result, row, 7))
		head.tick_at_ms = db_instant(result, row, 7);
	if (!db_is_null(result, row, 8))
		head.business_date = db_date(result, row, 8);
	if (!db_is_null(result, row, 9))
		head.tick_cursor = db_int64(result, row, 9);
	head.halted = db_bool(result, row, 10);
	head.quarantine[0].tries = db_int32(result, row, 11);
	head.quarantine[0].crashes = db_int32(result, row, 12);
	head.quarantine[0].batch_max = db_int32(result, row, 13);
	head.quarantine[0].left = db_int64(result, row, 14);
	head.timers_done = db_int32(result, row, 15);
	head.due.on = head.business_date;
	if (!db_is_null(result, row, 16) && !db_is_null(result, row, 17)) {
		head.due.before = db_int64(result, row, 16);
		head.due.at_ms = db_instant(result, row, 17);
	}
	return head;
}

static void put_parts(struct db_params *params, const struct head *heads, size_t count)
{
	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, heads[i].part);
}

/* The values that the caller last had: epochs, crashes, quarantine. */
static void put_held(struct db_params *params, const struct head *heads, size_t count)
{
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, heads[i].epoch);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, heads[i].quarantine[0].crashes);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, heads[i].quarantine[0].batch_max);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, heads[i].quarantine[0].left);
}

static int edge_claim(void *self, struct head *heads, size_t count, const char *owner, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };

	if (pg_edge_connect_again(edge, err) < 0)
		return -1;
	put_parts(&edge->params, heads, count);
	if (db_run(edge->db, &statement_heads_make, &edge->params, NULL, err) < 0)
		return -1;
	put_held(&edge->params, heads, count);
	db_param_text(&edge->params, str_of(owner));
	if (db_run(edge->db, &statement_heads_claim, &edge->params, &result, err) < 0) {
		put_parts(&edge->params, heads, count);
		pg_evict(edge->db, &statement_evict, &edge->params);
		return -1;
	}
	MUST(result.rows == (int)count);
	for (int row = 0; row < result.rows; row++) {
		int64_t n = db_int64(&result, row, 0) - 1;
		struct head claimed;

		claimed = head_of_row(&result, row, heads[n].part);
		pg_edge_keep_quarantine(edge, &claimed, &heads[n]);
		heads[n] = claimed;
	}
	db_result_release(&result);
	return pg_edge_claim_reaction(edge, heads, count, err);
}

static int edge_fix_parts(void *self, int32_t found, int32_t *ret_parts, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_text(&edge->params, str_of(edge->module));
	db_param_int32(&edge->params, found);
	if (db_run(edge->db, &statement_fix_parts, &edge->params, &result, err) < 0)
		return -1;
	*ret_parts = db_int32(&result, 0, 0);
	db_result_release(&result);
	return 0;
}

/* A statement about one head of a known epoch. No row: another owner has claimed it since. */
static int run_fenced(struct pg_edge *edge, const struct db_statement *statement, bool *ret_fenced, struct err *err)
{
	struct db_result result = { 0 };

	if (db_run(edge->db, statement, &edge->params, &result, err) < 0)
		return -1;
	*ret_fenced = result.affected == 0;
	db_result_release(&result);
	return 0;
}

static int edge_note_attempt(void *self, const struct head *head, int32_t source, bool *ret_fenced, struct err *err)
{
	struct pg_edge *edge = self;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, head->part);
	db_param_int64(&edge->params, head->epoch);
	db_param_int32(&edge->params, head->quarantine[source].crashes + 1);
	db_param_int32(&edge->params, head->quarantine[source].batch_max);
	db_param_int64(&edge->params, head->quarantine[source].left);
	return run_fenced(edge, source == 0 ? &statement_attempt : pg_edge_followed_attempt(edge, source), ret_fenced, err);
}

static int edge_release(void *self, const struct head *heads, size_t count, struct err *err)
{
	struct pg_edge *edge = self;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	put_parts(&edge->params, heads, count);
	put_held(&edge->params, heads, count);
	if (db_run(edge->db, &statement_release, &edge->params, NULL, err) < 0)
		return -1;
	return pg_edge_release_reaction(edge, heads, count, err);
}

static int edge_read_held(void *self, int32_t part, int64_t to_offset, struct keyset *held, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };
	int rc = 0;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, part);
	db_param_int64(&edge->params, to_offset);
	if (db_run(edge->db, &statement_held, &edge->params, &result, err) < 0)
		return -1;
	for (int row = 0; row < result.rows && rc == 0; row++)
		if (!keyset_add_bytes(held, db_str(&result, row, 0)))
			rc = err_set(err, ERR_POISON, "too much is held by parked commands");
	db_result_release(&result);
	return rc;
}

static int edge_halt(void *self, const struct head *head, const char *reason, bool *ret_fenced, struct err *err)
{
	struct pg_edge *edge = self;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, head->part);
	db_param_int64(&edge->params, head->epoch);
	db_param_text(&edge->params, str_of(reason));
	return run_fenced(edge, &statement_halt, ret_fenced, err);
}

void pg_edge_fill_heads(struct database *database)
{
	database->claim = edge_claim;
	database->fix_parts = edge_fix_parts;
	database->note_attempt = edge_note_attempt;
	database->release = edge_release;
	database->read_held = edge_read_held;
	database->halt = edge_halt;
}
