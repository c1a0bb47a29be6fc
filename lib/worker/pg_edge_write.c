/* The rows of one batch, set-based. */
#include "worker/pg_edge_inside.h"

#include <string.h>

#include "worker/packed.h"

#define ROWS_SIZE_MAX ((size_t)512 << 20)

static const struct db_table table_log = {
	.name = "event_row",
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

static const struct db_statement statement_heads_move = {
	"engine_heads_move",
	"UPDATE partition_head h SET next_offset = u.next_offset, last_digest = u.last_digest, last_id = u.last_id,"
	" log_seq = u.log_seq, log_hash = u.log_hash, tick_at = u.tick_at, business_date = u.business_date, tick_cursor = "
	"u.tick_cursor, quarantine = u.quarantine, quarantine_left = u.quarantine_left, timers_done = u.timers_done,"
	" timers_before = u.timers_before, timers_at = u.timers_at, tries = u.tries, crashes = u.crashes"
	" FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bytea[], $5::uuid[], $6::bigint[], $7::bytea[], "
	"$8::timestamptz[],"
	" $9::date[], $10::bigint[], $11::integer[], $12::bigint[], $13::integer[], $14::bigint[], $15::timestamptz[], "
	"$16::integer[], $17::integer[])"
	" u(part, epoch, next_offset, last_digest, last_id, log_seq, log_hash, tick_at, business_date, tick_cursor, quarantine, "
	"quarantine_left, timers_done, timers_before, timers_at, tries, crashes)"
	" WHERE h.part = u.part AND h.epoch = u.epoch",
};

void pg_edge_init_copies(struct pg_edge *edge)
{
	db_copy_init(&edge->log, &table_log, ROWS_SIZE_MAX);
	db_copy_init(&edge->parked, &table_parked, ROWS_SIZE_MAX);
	db_copy_init(&edge->dead, &table_dead, ROWS_SIZE_MAX);
	pg_edge_init_kept(&edge->kept, ROWS_SIZE_MAX);
}

/* What the body does not repeat: worker/packed.h. */
static void copy_body(struct pg_edge *edge, const struct log_row *row)
{
	const struct packed_beside beside = { .schema_id = row->schema_id, .key = row->key, .subject = row->subject };

	buf_reset(&edge->body);
	packed_write(&edge->body, row->body, &beside);
	db_copy_str(&edge->log, edge->body.overflow ? row->body : buf_str(&edge->body)); /* either may be in the row */
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
		if (uuid_equal(&row->correlation_id, &row->command_id))
			db_copy_null(copy);
		else
			db_copy_uuid(copy, &row->correlation_id);
		db_copy_instant(copy, row->at_ms);
		db_copy_int64(copy, row->command_offset);
		if (row->command_digest)
			db_copy_str(copy, (struct str){ .data = (const char *)row->command_digest, .size = DIGEST_SIZE });
		else
			db_copy_null(copy);
		copy_body(edge, row);
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
		db_copy_str(copy, str_of(pg_edge_parked_kinds[parked->kind]));
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
		db_array_text(&edge->params, str_of(pg_edge_parked_kinds[changes->repark[i].kind]));
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
	PUT_HEADS(DB_ARRAY_INT32, db_array_int32(params, head->quarantine[0].batch_max));
	PUT_HEADS(DB_ARRAY_INT64, db_array_int64(params, head->quarantine[0].left));
	PUT_HEADS(DB_ARRAY_INT32, db_array_int32(params, head->timers_done));
	PUT_HEADS(DB_ARRAY_INT64,
		  head->due.before > OFFSET_BEFORE_ALL ? db_array_int64(params, head->due.before) : db_array_null(params));
	PUT_HEADS(DB_ARRAY_INSTANT,
		  head->due.before > OFFSET_BEFORE_ALL ? db_array_instant(params, head->due.at_ms) : db_array_null(params));
	PUT_HEADS(DB_ARRAY_INT32, db_array_int32(params, head->quarantine[0].tries));
	PUT_HEADS(DB_ARRAY_INT32, db_array_int32(params, head->quarantine[0].crashes));
	return db_write(edge->db, &statement_heads_move, params, changes->heads_count, err);
}

int pg_edge_write(void *self, const struct changes *changes, bool *ret_conflict, struct err *err)
{
	struct pg_edge *edge = self;

	if (write_log(edge, changes, err) < 0 ||
	    edge->store.save(edge->store.self, edge->db, changes->set, changes->events, changes->events_count, err) < 0 ||
	    write_parked(edge, changes, err) < 0 || write_dead(edge, changes, err) < 0 || move_parked(edge, changes, err) < 0 ||
	    pg_edge_write_kept(edge, changes, err) < 0 || pg_edge_write_timers(edge, changes, err) < 0 ||
	    pg_edge_write_reaction(edge, changes, err) < 0 || move_heads(edge, changes, err) < 0 ||
	    db_write_end(edge->db, err) < 0) {
		*ret_conflict = strcmp(db_sqlstate(edge->db), DB_UNIQUE_VIOLATION) == 0;
		return -1;
	}
	return 0;
}
