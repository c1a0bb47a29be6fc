#include "worker/pg_edge.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "db/db.h"
#include "worker/rights.h"
#include "worker/slot_query.h"

#define STATEMENT_TIMEOUT_MS 30000
#define LOCK_NOT_AVAILABLE   "55P03"
#define ROWS_SIZE_MAX        ((size_t)512 << 20)
#define PARAMS_SIZE_MAX      ((size_t)64 << 20)
#define DEAD_SIZE_MAX        (BUS_RECORD_MAX - 16384) /* with its own headers beside it, it still is a record */

static const struct db_statement statement_begin = { "engine_begin", "BEGIN ISOLATION LEVEL READ COMMITTED" };

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
	" h.tick_at, h.business_date, h.tick_cursor, h.state = 'halted', h.tries, h.crashes, h.quarantine, h.quarantine_left",
};

static const struct db_statement statement_attempt = {
	"engine_attempt",
	"UPDATE partition_head SET crashes = $3, quarantine = $4, quarantine_left = $5 WHERE part = $1 AND epoch = $2",
};

static const struct db_statement statement_let_go = {
	"engine_let_go",
	"UPDATE partition_head h SET tries = greatest(h.tries - 1, 0), crashes = u.crashes, quarantine = u.quarantine,"
	" quarantine_left = u.quarantine_left"
	" FROM unnest($1::integer[], $2::bigint[], $3::integer[], $4::integer[], $5::bigint[])"
	" u(part, epoch, crashes, quarantine, quarantine_left)"
	" WHERE h.part = u.part AND h.epoch = u.epoch AND (h.tries > 0 OR h.crashes > 0)",
};

static const struct db_statement statement_fix_parts = { "engine_fix_parts", "SELECT engine.fix_partitions($1, $2)" };

static const struct db_statement statement_heads_lock = {
	"engine_heads_lock",
	"SELECT part, epoch, next_offset, state = 'halted' FROM partition_head WHERE part = ANY($1::integer[]) ORDER BY part FOR "
	"UPDATE",
};

static const struct db_statement statement_heads_move = {
	"engine_heads_move",
	"UPDATE partition_head h SET next_offset = u.next_offset, last_digest = u.last_digest, last_id = u.last_id,"
	" log_seq = u.log_seq, log_hash = u.log_hash, tick_at = u.tick_at, business_date = u.business_date, tick_cursor = "
	"u.tick_cursor, quarantine = u.quarantine, quarantine_left = u.quarantine_left, tries = 0, crashes = 0"
	" FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bytea[], $5::uuid[], $6::bigint[], $7::bytea[], "
	"$8::timestamptz[],"
	" $9::date[], $10::bigint[], $11::integer[], $12::bigint[])"
	" u(part, epoch, next_offset, last_digest, last_id, log_seq, log_hash, tick_at, business_date, tick_cursor, quarantine, "
	"quarantine_left)"
	" WHERE h.part = u.part AND h.epoch = u.epoch",
};

static const struct db_statement statement_halt = {
	"engine_halt",
	"UPDATE partition_head SET state = 'halted', reason = $3 WHERE part = $1 AND epoch = $2",
};

static const struct db_statement statement_answers = {
	"engine_answers",
	"SELECT u.n, e.command_digest FROM unnest($1::uuid[]) WITH ORDINALITY u(id, n)"
	" JOIN event_log e ON e.command_id = u.id AND e.command_digest IS NOT NULL",
};

static const struct db_statement statement_held = {
	"engine_held",
	"SELECT DISTINCT holds FROM parked WHERE part = $1 AND command_offset <= $2",
};

static const struct db_statement statement_read_log = {
	"engine_read_log",
	"SELECT seq, event_id, schema_id, key, subject, command_id, correlation_id, at, command_offset, body, hash, traceparent"
	" FROM event_log WHERE part = $1 AND seq >= $2 ORDER BY seq LIMIT $3",
};

static const struct db_statement statement_read_parked = {
	"engine_read_parked",
	"SELECT command_offset, kind, released, key, command_id, since, actor, roles, digest, correlation_id, expires, "
	"traceparent, value, scope, reason, holds, token_version"
	" FROM parked WHERE part = $1 AND command_offset > $2 ORDER BY command_offset LIMIT $3",
};

static const struct db_statement statement_unpark = {
	"engine_unpark",
	"DELETE FROM parked p USING unnest($1::integer[], $2::bigint[]) u(part, command_offset)"
	" WHERE p.part = u.part AND p.command_offset = u.command_offset",
};

static const struct db_statement statement_repark = {
	"engine_repark",
	"UPDATE parked p SET kind = u.kind, reason = u.reason, holds = u.holds, released = false"
	" FROM unnest($1::integer[], $2::bigint[], $3::text[], $4::text[], $5::bytea[]) u(part, command_offset, kind, reason, "
	"holds)"
	" WHERE p.part = u.part AND p.command_offset = u.command_offset",
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

/* A program that is frozen in the middle of a transaction must not lock the heads for ever (P11), nor others wait for it. */
static const struct db_statement statement_session = {
	"engine_session",
	"SELECT set_config('search_path', $1, false), set_config('idle_in_transaction_session_timeout', '10s', false),"
	" set_config('lock_timeout', '5s', false)",
};

/* Whoever holds these heads longer than a transaction may take, if he is of our role: a person's session is left alone. */
static const struct db_statement statement_evict = {
	"engine_evict",
	"SELECT count(pg_terminate_backend(a.pid)) FROM partition_head h"
	" JOIN pg_locks l ON l.locktype = 'transactionid' AND l.transactionid = h.xmax AND l.granted"
	" JOIN pg_stat_activity a ON a.pid = l.pid AND a.usename = current_user AND a.datname = current_database()"
	" WHERE h.part = ANY($1::integer[])",
};

static const struct db_table table_log = {
	.name = "event_log",
	.columns = "part integer, seq bigint, event_id uuid, schema_id integer, key uuid, subject uuid, "
		   "command_id uuid, correlation_id uuid, at timestamptz, command_offset bigint, command_digest bytea, "
		   "body bytea, hash bytea, traceparent text",
};

static const struct db_table table_parked = {
	.name = "parked",
	.columns = "part integer, command_offset bigint, key uuid, command_id uuid, kind text, reason text, "
		   "since timestamptz, actor text, roles integer, digest bytea, correlation_id uuid, "
		   "expires timestamptz, traceparent text, value bytea, scope text, holds bytea, "
		   "token_version bigint",
};

static const struct db_table table_dead = {
	.name = "dead_letter",
	.columns = "part integer, command_offset bigint, code text, reason text, at timestamptz, key bytea, "
		   "value bytea, headers bytea, command_id uuid, about uuid",
};

static const char *const parked_kinds[] = { [PARKED_WAIT] = "wait", [PARKED_BUG] = "bug", [PARKED_BEHIND] = "behind" };

struct pg_edge {
	const char *conninfo;
	const char *module;
	struct store store;
	struct db *db;
	struct db_params params;
	struct db_params params_answers;
	struct db_copy log, parked, dead;
	struct buf scope; /* of a parked command, as text */
	struct slot_loader actors;
};

/* ---- the connection ---- */

int pg_connect(const char *conninfo, const char *schema, struct db **ret_db, struct err *err)
{
	struct db_params params;
	struct db *db;
	int rc;

	if (db_open(conninfo, schema, STATEMENT_TIMEOUT_MS, &db, err) < 0)
		return -1;
	db_params_init(&params, 1024);
	db_param_text(&params, str_of(schema));
	rc = db_run(db, &statement_session, &params, NULL, err);
	db_params_release(&params);
	if (rc < 0) {
		db_close(db);
		return -1;
	}
	*ret_db = db;
	return 0;
}

/*
 * Of a program that is frozen in the middle of a COPY or of a pipeline, the server waits for the next byte without any limit of
 * time, and keeps its locks: neither statement_timeout nor idle_in_transaction_session_timeout count there. So who is to take
 * over ends its connection; woken up, the program finds that it lost it.
 */
void pg_evict(struct db *db, const struct db_statement *evict, const struct db_params *params)
{
	struct db_result result = { 0 };
	struct err err = ERR_INIT;

	if (strcmp(db_sqlstate(db), LOCK_NOT_AVAILABLE) != 0)
		return;
	if (db_run(db, evict, params, &result, &err) < 0) {
		log_warn("a head is locked, and its holder cannot be ended: %s", err.text);
		return;
	}
	log_warn("a head was locked for too long; connections ended: %lld", (long long)db_int64(&result, 0, 0));
	db_result_release(&result);
}

static int connect_again(struct pg_edge *edge, struct err *err)
{
	if (edge->db && db_is_alive(edge->db))
		return 0;
	db_close(edge->db);
	edge->db = NULL;
	return pg_connect(edge->conninfo, edge->module, &edge->db, err);
}

/* A failure of the server or of the network; without a connection there is nothing to ask. */
static int need_connection(const struct pg_edge *edge, struct err *err)
{
	if (!edge->db)
		return err_set(err, ERR_RETRY, "no connection to the database");
	return 0;
}

/* ---- heads ---- */

static void copy_bytes(uint8_t *bytes, size_t size, struct str value)
{
	MUST(value.size == size);
	memcpy(bytes, value.data, size);
}

static struct head head_of_row(const struct db_result *result, int row, int32_t part)
{
	struct head head = { .part = part, .business_date = INT32_MIN, .tick_cursor = OFFSET_BEFORE_ALL };

	head.epoch = db_int64(result, row, 1);
	head.next_offset = db_int64(result, row, 2);
	head.has_digest = !db_is_null(result, row, 3);
	if (head.has_digest)
		copy_bytes(head.last_digest, DIGEST_SIZE, db_str(result, row, 3));
	if (!db_is_null(result, row, 4))
		head.last_id = db_uuid(result, row, 4);
	head.log_seq = db_int64(result, row, 5);
	copy_bytes(head.log_hash, SHA256_SIZE, db_str(result, row, 6));
	if (!db_is_null(result, row, 7))
		head.tick_at_ms = db_instant(result, row, 7);
	if (!db_is_null(result, row, 8))
		head.business_date = db_date(result, row, 8);
	if (!db_is_null(result, row, 9))
		head.tick_cursor = db_int64(result, row, 9);
	head.halted = db_bool(result, row, 10);
	head.tries = db_int32(result, row, 11);
	head.crashes = db_int32(result, row, 12);
	head.quarantine = db_int32(result, row, 13);
	head.quarantine_left = db_int64(result, row, 14);
	return head;
}

static void put_parts(struct db_params *params, const struct head *heads, size_t count)
{
	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, heads[i].part);
}

/* What the caller has held: epochs, crashes, quarantine. */
static void put_held(struct db_params *params, const struct head *heads, size_t count)
{
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, heads[i].epoch);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, heads[i].crashes);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, heads[i].quarantine);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, heads[i].quarantine_left);
}

static int edge_claim(void *self, struct head *heads, size_t count, const char *owner, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };

	if (connect_again(edge, err) < 0)
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

		heads[n] = head_of_row(&result, row, heads[n].part);
	}
	db_result_release(&result);
	return 0;
}

static int edge_fix_parts(void *self, int32_t found, int32_t *ret_parts, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };

	if (need_connection(edge, err) < 0)
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

static int edge_note_attempt(void *self, const struct head *head, bool *ret_fenced, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };

	if (need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, head->part);
	db_param_int64(&edge->params, head->epoch);
	db_param_int32(&edge->params, head->crashes + 1);
	db_param_int32(&edge->params, head->quarantine);
	db_param_int64(&edge->params, head->quarantine_left);
	if (db_run(edge->db, &statement_attempt, &edge->params, &result, err) < 0)
		return -1;
	*ret_fenced = result.affected == 0;
	db_result_release(&result);
	return 0;
}

static int edge_let_go(void *self, const struct head *heads, size_t count, struct err *err)
{
	struct pg_edge *edge = self;

	if (need_connection(edge, err) < 0)
		return -1;
	put_parts(&edge->params, heads, count);
	put_held(&edge->params, heads, count);
	return db_run(edge->db, &statement_let_go, &edge->params, NULL, err);
}

static int edge_read_held(void *self, int32_t part, int64_t to_offset, struct keyset *held, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };
	int rc = 0;

	if (need_connection(edge, err) < 0)
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
	struct db_result result = { 0 };

	if (need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, head->part);
	db_param_int64(&edge->params, head->epoch);
	db_param_text(&edge->params, str_of(reason));
	if (db_run(edge->db, &statement_halt, &edge->params, &result, err) < 0)
		return -1;
	*ret_fenced = result.affected == 0;
	db_result_release(&result);
	return 0;
}

/* ---- a batch ---- */

static int check_heads(const struct head *heads, size_t count, const struct db_result *result, enum open_result *ret_result,
		       int32_t *ret_fenced)
{
	*ret_result = OPEN_READY;
	for (size_t i = 0; i < count; i++) {
		bool is_mine = false;

		for (int row = 0; row < result->rows; row++)
			if (db_int32(result, row, 0) == heads[i].part)
				is_mine = db_int64(result, row, 1) == heads[i].epoch &&
					  db_int64(result, row, 2) == heads[i].next_offset && !db_bool(result, row, 3);
		if (!is_mine) {
			*ret_result = OPEN_FENCED;
			*ret_fenced = heads[i].part;
			return 0;
		}
	}
	return 0;
}

static void take_answers(struct answer *answers, const struct db_result *result)
{
	for (int row = 0; row < result->rows; row++) {
		struct answer *answer = &answers[db_int64(result, row, 0) - 1];

		answer->found = true;
		copy_bytes(answer->digest, DIGEST_SIZE, db_str(result, row, 1));
	}
}

static int send_open(struct pg_edge *edge, const struct head *heads, size_t heads_count, const struct answer *answers,
		     size_t answers_count, struct err *err)
{
	db_params_reset(&edge->params);
	db_array_begin(&edge->params, DB_ARRAY_INT32);
	for (size_t i = 0; i < heads_count; i++)
		db_array_int32(&edge->params, heads[i].part);
	db_params_reset(&edge->params_answers);
	db_array_begin(&edge->params_answers, DB_ARRAY_UUID);
	for (size_t i = 0; i < answers_count; i++)
		db_array_uuid(&edge->params_answers, &answers[i].command_id);
	if (db_pipeline_begin(edge->db, err) < 0 || db_send(edge->db, &statement_begin, NULL, err) < 0 ||
	    db_send(edge->db, &statement_heads_lock, &edge->params, err) < 0)
		return -1;
	if (answers_count > 0 && db_send(edge->db, &statement_answers, &edge->params_answers, err) < 0)
		return -1;
	return db_pipeline_flush(edge->db, err);
}

static int edge_open(void *self, const struct head *heads, size_t heads_count, struct answer *answers, size_t answers_count,
		     enum open_result *ret_result, int32_t *ret_fenced, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };

	if (need_connection(edge, err) < 0 || send_open(edge, heads, heads_count, answers, answers_count, err) < 0)
		return -1;
	if (db_receive(edge->db, NULL, err) < 0 || db_receive(edge->db, &result, err) < 0)
		return -1;
	check_heads(heads, heads_count, &result, ret_result, ret_fenced);
	db_result_release(&result);
	if (answers_count > 0) {
		if (db_receive(edge->db, &result, err) < 0)
			return -1;
		take_answers(answers, &result);
		db_result_release(&result);
	}
	return db_pipeline_end(edge->db, err);
}

/* The rights of users, as another module publishes them. */
static const struct db_statement statement_actors = {
	"engine_actors",
	"SELECT u.n, p.roles, p.customer_id, p.scope, p.token_version FROM unnest($1::uuid[]) WITH ORDINALITY u(id, n)"
	" JOIN users.public_user p ON p.user_id = u.id",
};

static int read_actor(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct actor *actor = slot->state;

	(void)self;
	(void)err;
	actor->roles = (uint32_t)db_int32(result, row, 1);
	actor->customer_id = (struct uuid){ 0 };
	if (!db_is_null(result, row, 2))
		actor->customer_id = db_uuid(result, row, 2);
	if (!scope_read(&actor->scope, db_str(result, row, 3)))
		actor->scope = scope_none;
	actor->token_version = db_int64(result, row, 4);
	return 0;
}

static const struct slot_query query_actors = { .entity = &actor_entity, .statement = &statement_actors, .read = read_actor };

static int edge_load(void *self, struct slot **slots, size_t count, struct err *err)
{
	struct pg_edge *edge = self;
	size_t actors = 0;

	while (actors < count && slots[actors]->entity == &actor_entity)
		actors++;
	if (actors > 0 && slot_queries_run(&edge->actors, edge->db, &query_actors, 1, NULL, slots, actors, err) < 0)
		return -1;
	return actors == count ? 0 : edge->store.load(edge->store.self, edge->db, slots + actors, count - actors, err);
}

static int write_log(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	struct db_copy *copy = &edge->log;

	db_copy_reset(copy);
	for (size_t i = 0; i < changes->log_count; i++) {
		const struct log_row *row = &changes->log[i];

		db_copy_row(copy);
		db_copy_int32(copy, row->part);
		db_copy_int64(copy, row->seq);
		db_copy_uuid(copy, &row->event_id);
		db_copy_int32(copy, (int32_t)row->schema_id);
		db_copy_uuid(copy, &row->key);
		db_copy_uuid(copy, &row->subject);
		db_copy_uuid(copy, &row->command_id);
		db_copy_uuid(copy, &row->correlation_id);
		db_copy_instant(copy, row->at_ms);
		db_copy_int64(copy, row->command_offset);
		if (row->command_digest)
			db_copy_str(copy, (struct str){ .data = (const char *)row->command_digest, .size = DIGEST_SIZE });
		else
			db_copy_null(copy);
		db_copy_str(copy, row->body);
		db_copy_str(copy, (struct str){ .data = (const char *)row->hash, .size = SHA256_SIZE });
		if (row->traceparent.size > 0)
			db_copy_str(copy, row->traceparent);
		else
			db_copy_null(copy);
	}
	return db_write_copy(edge->db, copy, err);
}

static void copy_optional(struct db_copy *copy, struct str value)
{
	if (value.data)
		db_copy_str(copy, value);
	else
		db_copy_null(copy);
}

static int write_parked(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	struct db_copy *copy = &edge->parked;

	db_copy_reset(copy);
	for (size_t i = 0; i < changes->park_count; i++) {
		const struct parked *parked = &changes->park[i];

		db_copy_row(copy);
		db_copy_int32(copy, parked->part);
		db_copy_int64(copy, parked->offset);
		db_copy_uuid(copy, &parked->key);
		db_copy_uuid(copy, &parked->command_id);
		db_copy_str(copy, str_of(parked_kinds[parked->kind]));
		db_copy_str(copy, parked->reason);
		db_copy_instant(copy, parked->since_ms);
		db_copy_str(copy, parked->actor);
		db_copy_int32(copy, (int32_t)parked->roles);
		db_copy_str(copy, (struct str){ .data = (const char *)parked->digest, .size = DIGEST_SIZE });
		db_copy_uuid(copy, &parked->correlation_id);
		if (parked->expires_ms > 0)
			db_copy_instant(copy, parked->expires_ms);
		else
			db_copy_null(copy);
		copy_optional(copy, parked->traceparent.size > 0 ? parked->traceparent : (struct str){ .data = NULL });
		db_copy_str(copy, parked->value);
		buf_reset(&edge->scope);
		scope_write(parked->scope, &edge->scope);
		db_copy_str(copy, buf_str(&edge->scope));
		db_copy_str(copy, parked->holds);
		db_copy_int64(copy, parked->token_version);
	}
	return db_write_copy(edge->db, copy, err);
}

static void copy_id(struct db_copy *copy, const struct uuid *id)
{
	if (uuid_is_none(id))
		db_copy_null(copy);
	else
		db_copy_uuid(copy, id);
}

static int write_dead(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	struct db_copy *copy = &edge->dead;

	db_copy_reset(copy);
	for (size_t i = 0; i < changes->dead_count; i++) {
		const struct dead_letter *letter = &changes->dead[i];

		db_copy_row(copy);
		db_copy_int32(copy, letter->part);
		db_copy_int64(copy, letter->offset);
		db_copy_str(copy, str_of(letter->code));
		db_copy_str(copy, letter->reason);
		db_copy_instant(copy, letter->at_ms);
		copy_optional(copy, letter->key);
		copy_optional(copy, letter->value);
		db_copy_str(copy, letter->headers);
		copy_id(copy, &letter->command_id);
		copy_id(copy, &letter->about);
	}
	return db_write_copy(edge->db, copy, err);
}

static void put_places(struct pg_edge *edge, const struct parked *rows, size_t count)
{
	db_params_reset(&edge->params);
	db_array_begin(&edge->params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(&edge->params, rows[i].part);
	db_array_begin(&edge->params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(&edge->params, rows[i].offset);
}

static int move_parked(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	if (changes->unpark_count > 0) {
		put_places(edge, changes->unpark, changes->unpark_count);
		if (db_write(edge->db, &statement_unpark, &edge->params, changes->unpark_count, err) < 0)
			return -1;
	}
	if (changes->repark_count == 0)
		return 0;
	put_places(edge, changes->repark, changes->repark_count);
	db_array_begin(&edge->params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < changes->repark_count; i++)
		db_array_text(&edge->params, str_of(parked_kinds[changes->repark[i].kind]));
	db_array_begin(&edge->params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < changes->repark_count; i++)
		db_array_text(&edge->params, changes->repark[i].reason);
	db_array_begin(&edge->params, DB_ARRAY_BYTES);
	for (size_t i = 0; i < changes->repark_count; i++)
		db_array_text(&edge->params, changes->repark[i].holds);
	return db_write(edge->db, &statement_repark, &edge->params, changes->repark_count, err);
}

#define PUT_HEADS(kind, put)                                                                                                     \
	do {                                                                                                                     \
		db_array_begin(params, kind);                                                                                    \
		for (size_t i = 0; i < changes->heads_count; i++) {                                                              \
			const struct head *head = &changes->heads[i];                                                            \
			put;                                                                                                     \
		}                                                                                                                \
	} while (0)

static int move_heads(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	struct db_params *params = &edge->params;

	db_params_reset(params);
	PUT_HEADS(DB_ARRAY_INT32, db_array_int32(params, head->part));
	PUT_HEADS(DB_ARRAY_INT64, db_array_int64(params, head->epoch));
	PUT_HEADS(DB_ARRAY_INT64, db_array_int64(params, head->next_offset));
	PUT_HEADS(DB_ARRAY_BYTES, head->has_digest
					  ? db_array_text(params, (struct str){ (const char *)head->last_digest, DIGEST_SIZE })
					  : db_array_null(params));
	PUT_HEADS(DB_ARRAY_UUID, uuid_is_none(&head->last_id) ? db_array_null(params) : db_array_uuid(params, &head->last_id));
	PUT_HEADS(DB_ARRAY_INT64, db_array_int64(params, head->log_seq));
	PUT_HEADS(DB_ARRAY_BYTES, db_array_text(params, (struct str){ (const char *)head->log_hash, SHA256_SIZE }));
	PUT_HEADS(DB_ARRAY_INSTANT, head->tick_at_ms > 0 ? db_array_instant(params, head->tick_at_ms) : db_array_null(params));
	PUT_HEADS(DB_ARRAY_DATE,
		  head->business_date > INT32_MIN ? db_array_int32(params, head->business_date) : db_array_null(params));
	PUT_HEADS(DB_ARRAY_INT64,
		  head->tick_cursor > OFFSET_BEFORE_ALL ? db_array_int64(params, head->tick_cursor) : db_array_null(params));
	PUT_HEADS(DB_ARRAY_INT32, db_array_int32(params, head->quarantine));
	PUT_HEADS(DB_ARRAY_INT64, db_array_int64(params, head->quarantine_left));
	return db_write(edge->db, &statement_heads_move, params, changes->heads_count, err);
}

static int edge_write(void *self, const struct changes *changes, bool *ret_conflict, struct err *err)
{
	struct pg_edge *edge = self;

	if (write_log(edge, changes, err) < 0 ||
	    edge->store.save(edge->store.self, edge->db, changes->set, changes->events, changes->events_count, err) < 0 ||
	    write_parked(edge, changes, err) < 0 || write_dead(edge, changes, err) < 0 || move_parked(edge, changes, err) < 0 ||
	    move_heads(edge, changes, err) < 0 || db_write_end(edge->db, err) < 0) {
		*ret_conflict = strcmp(db_sqlstate(edge->db), DB_UNIQUE_VIOLATION) == 0;
		return -1;
	}
	return 0;
}

static int edge_commit_send(void *self, struct err *err)
{
	struct pg_edge *edge = self;

	return db_commit_send(edge->db, err);
}

static int edge_commit_finish(void *self, struct err *err)
{
	struct pg_edge *edge = self;

	return db_commit_finish(edge->db, err);
}

static void edge_abandon(void *self)
{
	struct pg_edge *edge = self;

	if (edge->db)
		db_rollback(edge->db);
}

/* ---- reads outside of a batch ---- */

static struct str keep(struct arena *arena, const struct db_result *result, int row, int column)
{
	if (db_is_null(result, row, column))
		return (struct str){ .data = NULL, .size = 0 };
	return str_copy(arena, db_str(result, row, column));
}

static int run_read(struct pg_edge *edge, const struct db_statement *statement, int32_t part, int64_t from, size_t rows_max,
		    struct db_result *ret_result, struct err *err)
{
	if (need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, part);
	db_param_int64(&edge->params, from);
	db_param_int64(&edge->params, (int64_t)rows_max);
	if (statement == &statement_read_dead)
		db_param_int64(&edge->params, DEAD_SIZE_MAX);
	return db_run(edge->db, statement, &edge->params, ret_result, err);
}

static struct log_row log_row_of(const struct db_result *result, int row, int32_t part, struct arena *arena)
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
		.body = keep(arena, result, row, 9),
		.traceparent = keep(arena, result, row, 11),
	};

	copy_bytes(log_row.hash, SHA256_SIZE, db_str(result, row, 10));
	return log_row;
}

/* The arena's limit cuts a read short: what did not fit is read with the next call. */
static int edge_read_log(void *self, int32_t part, int64_t from_seq, size_t rows_max, struct arena *arena,
			 struct log_row **ret_rows, size_t *ret_count, struct err *err)
{
	struct db_result result = { 0 };
	struct log_row *rows;
	size_t count = 0;

	if (run_read(self, &statement_read_log, part, from_seq, rows_max, &result, err) < 0)
		return -1;
	rows = arena_take(arena, (size_t)result.rows, sizeof(*rows));
	for (int row = 0; rows && row < result.rows; row++) {
		rows[count] = log_row_of(&result, row, part, arena);
		if (!rows[count].body.data)
			break;
		count++;
	}
	if (count == 0 && result.rows > 0) {
		db_result_release(&result);
		return err_set(err, ERR_FATAL, "an event does not fit into the arena");
	}
	db_result_release(&result);
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

/* NULL: the arena is full. */
static const struct scope *keep_scope(struct arena *arena, struct str text)
{
	struct scope scope;

	return scope_keep(arena, scope_read(&scope, text) ? &scope : &scope_none);
}

static enum parked_kind kind_of(struct str name)
{
	for (size_t i = 0; i < sizeof(parked_kinds) / sizeof(parked_kinds[0]); i++)
		if (str_is(name, parked_kinds[i]))
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
			.scope = keep_scope(arena, db_str(&result, row, 13)),
			.reason = keep(arena, &result, row, 14),
			.holds = keep(arena, &result, row, 15),
			.token_version = db_int64(&result, row, 16),
		};
		copy_bytes(rows[count].digest, DIGEST_SIZE, db_str(&result, row, 8));
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

/* An item of a row that did not fit into the arena; a missing one is none. */
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

	if (need_connection(edge, err) < 0)
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

	if (need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_param_int32(&edge->params, part);
	db_param_instant(&edge->params, before_ms);
	db_param_int64(&edge->params, (int64_t)max);
	if (db_run(edge->db, &statement_forget_dead, &edge->params, &result, err) < 0)
		return -1;
	*ret_count = (size_t)result.affected;
	db_result_release(&result);
	return 0;
}

/* ---- life ---- */

int pg_edge_open(const char *conninfo, const char *module, const struct store *store, struct pg_edge **ret_edge,
		 struct database *ret_database, struct err *err)
{
	struct pg_edge *edge = calloc(1, sizeof(*edge));

	if (!edge)
		return err_set(err, ERR_FATAL, "no memory");
	edge->conninfo = conninfo;
	edge->module = module;
	edge->store = *store;
	db_params_init(&edge->params, PARAMS_SIZE_MAX);
	db_params_init(&edge->params_answers, PARAMS_SIZE_MAX);
	slot_loader_init(&edge->actors);
	db_copy_init(&edge->log, &table_log, ROWS_SIZE_MAX);
	db_copy_init(&edge->parked, &table_parked, ROWS_SIZE_MAX);
	buf_init(&edge->scope, SCOPE_TEXT_SIZE_MAX);
	db_copy_init(&edge->dead, &table_dead, ROWS_SIZE_MAX);
	*ret_edge = edge;
	*ret_database = (struct database){
		.self = edge,
		.claim = edge_claim,
		.fix_parts = edge_fix_parts,
		.note_attempt = edge_note_attempt,
		.let_go = edge_let_go,
		.read_held = edge_read_held,
		.halt = edge_halt,
		.open = edge_open,
		.load = edge_load,
		.write = edge_write,
		.commit_send = edge_commit_send,
		.commit_finish = edge_commit_finish,
		.abandon = edge_abandon,
		.read_log = edge_read_log,
		.read_parked = edge_read_parked,
		.read_dead = edge_read_dead,
		.mark_dead_published = edge_mark_dead_published,
		.forget_dead = edge_forget_dead,
	};
	return 0;
}

void pg_edge_close(struct pg_edge *edge)
{
	if (!edge)
		return;
	db_close(edge->db);
	db_params_release(&edge->params);
	db_params_release(&edge->params_answers);
	slot_loader_release(&edge->actors);
	db_copy_release(&edge->log);
	db_copy_release(&edge->parked);
	buf_release(&edge->scope);
	db_copy_release(&edge->dead);
	free(edge);
}
