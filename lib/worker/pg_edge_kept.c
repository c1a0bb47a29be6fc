/* Kept commands (approvals.h). */
#include "worker/pg_edge_inside.h"

static const struct db_table table_kept = {
	.name = "approval",
	.columns = "command_id uuid, part integer, command_offset bigint, key uuid, correlation_id uuid, type text, reason text, "
		   "actor text, roles integer, scope text, token_version bigint, digest bytea, value bytea, "
		   "received_at timestamptz, kept_at timestamptz, expires_at timestamptz",
};

/* Locked: an erasure that takes the bytes away comes before the batch, or after it. */
static const struct db_statement statement_read = {
	"engine_read_kept",
	"SELECT a.part, a.command_id, a.state, a.key, a.correlation_id, a.type, a.reason, a.actor, a.roles, a.scope,"
	" a.token_version, a.value, a.received_at, a.kept_at, a.expires_at, a.digest, a.command_offset"
	" FROM unnest($1::uuid[], $2::integer[]) u(command_id, part)"
	" JOIN approval a ON a.command_id = u.command_id AND a.part = u.part ORDER BY a.command_id FOR UPDATE OF a",
};

static const struct db_statement statement_end = {
	"engine_end_kept",
	"UPDATE approval a SET state = u.state, ended_by = u.ended_by, ended_at = u.ended_at, outcome_seq = u.outcome_seq,"
	" value = NULL FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[])"
	" u(command_id, state, ended_by, ended_at, outcome_seq) WHERE a.command_id = u.command_id AND a.state = 'waiting'",
};

void pg_edge_init_kept(struct db_copy *copy, size_t size_max)
{
	db_copy_init(copy, &table_kept, size_max);
}

/* ---- read ---- */

static bool keep(struct arena *arena, const struct db_result *result, int row, int column, struct str *ret_text)
{
	*ret_text = db_is_null(result, row, column) ? (struct str){ .data = NULL, .size = 0 }
						    : str_copy(arena, db_str(result, row, column));
	return ret_text->data || db_is_null(result, row, column);
}

static bool take_row(const struct db_result *result, int row, struct arena *arena, struct kept_command *kept)
{
	*kept = (struct kept_command){
		.part = db_int32(result, row, 0),
		.command_id = db_uuid(result, row, 1),
		.state = approval_state_by_name(db_str(result, row, 2)),
		.key = db_uuid(result, row, 3),
		.correlation_id = db_uuid(result, row, 4),
		.roles = (uint32_t)db_int32(result, row, 8),
		.scope = pg_edge_keep_scope(arena, db_str(result, row, 9)),
		.token_version = db_int64(result, row, 10),
		.received_ms = db_instant(result, row, 12),
		.kept_ms = db_instant(result, row, 13),
		.expires_ms = db_instant(result, row, 14),
		.offset = db_int64(result, row, 16),
	};
	pg_edge_copy_bytes(kept->digest, DIGEST_SIZE, db_str(result, row, 15));
	return kept->scope && keep(arena, result, row, 5, &kept->type) && keep(arena, result, row, 6, &kept->reason) &&
	       keep(arena, result, row, 7, &kept->actor) && keep(arena, result, row, 11, &kept->value);
}

static int edge_read_kept(void *self, const struct kept_ask *asks, size_t asks_count, struct arena *arena,
			  struct kept_command **ret_rows, size_t *ret_count, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };
	struct kept_command *rows;
	bool is_whole;
	int row = 0;

	if (pg_edge_need_connection(edge, err) < 0)
		return -1;
	db_params_reset(&edge->params);
	db_array_begin(&edge->params, DB_ARRAY_UUID);
	for (size_t i = 0; i < asks_count; i++)
		db_array_uuid(&edge->params, &asks[i].command_id);
	db_array_begin(&edge->params, DB_ARRAY_INT32);
	for (size_t i = 0; i < asks_count; i++)
		db_array_int32(&edge->params, asks[i].part);
	if (db_run(edge->db, &statement_read, &edge->params, &result, err) < 0)
		return -1;
	rows = arena_take(arena, (size_t)result.rows, sizeof(*rows));
	while (rows && row < result.rows && take_row(&result, row, arena, &rows[row]))
		row++;
	is_whole = rows && row == result.rows;
	db_result_release(&result);
	if (!is_whole)
		return err_set(err, ERR_POISON, "arena full");
	*ret_rows = rows;
	*ret_count = (size_t)row;
	return 0;
}

/* ---- write ---- */

static int write_new(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	struct db_copy *copy = &edge->kept;

	db_copy_reset(copy);
	for (size_t i = 0; i < changes->keep_count; i++) {
		const struct kept_command *kept = &changes->keep[i];

		db_copy_row(copy);
		db_copy_uuid(copy, &kept->command_id);
		db_copy_int32(copy, kept->part);
		db_copy_int64(copy, kept->offset);
		db_copy_uuid(copy, &kept->key);
		db_copy_uuid(copy, &kept->correlation_id);
		db_copy_str(copy, kept->type);
		db_copy_str(copy, kept->reason);
		db_copy_str(copy, kept->actor);
		db_copy_int32(copy, (int32_t)kept->roles);
		buf_reset(&edge->scope);
		scope_write(kept->scope, &edge->scope);
		db_copy_str(copy, buf_str(&edge->scope));
		db_copy_int64(copy, kept->token_version);
		db_copy_str(copy, (struct str){ .data = (const char *)kept->digest, .size = DIGEST_SIZE });
		db_copy_str(copy, kept->value);
		db_copy_instant(copy, kept->received_ms);
		db_copy_instant(copy, kept->kept_ms);
		db_copy_instant(copy, kept->expires_ms);
	}
	return db_write_copy(edge->db, copy, err);
}

#define PUT_ENDS(kind, put)                                                                                                      \
	do {                                                                                                                     \
		db_array_begin(params, (kind));                                                                                  \
		for (size_t i = 0; i < changes->ends_count; i++) {                                                               \
			const struct kept_end *end = &changes->ends[i];                                                          \
			put;                                                                                                     \
		}                                                                                                                \
	} while (0)

int pg_edge_write_kept(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	struct db_params *params = &edge->params;

	if (changes->keep_count > 0 && write_new(edge, changes, err) < 0)
		return -1;
	if (changes->ends_count == 0)
		return 0;
	db_params_reset(params);
	PUT_ENDS(DB_ARRAY_UUID, db_array_uuid(params, &end->command_id));
	PUT_ENDS(DB_ARRAY_TEXT, db_array_text(params, str_of(approval_state_name(end->state))));
	PUT_ENDS(DB_ARRAY_TEXT, db_array_text(params, end->actor));
	PUT_ENDS(DB_ARRAY_INSTANT, db_array_instant(params, end->at_ms));
	PUT_ENDS(DB_ARRAY_INT64, db_array_int64(params, end->outcome_seq));
	return db_write(edge->db, &statement_end, params, changes->ends_count, err);
}

void pg_edge_fill_kept(struct database *database)
{
	database->read_kept = edge_read_kept;
}
