/* The positions of a module that reacts: in the followed topics, and of the commands that it sends. Beside partition_head, whose row
 * fences them: they are written in transactions that have locked it. */
#include "worker/pg_edge_inside.h"

#include <string.h>

/* At a claim, so that what was not read yet is behind, too (dcs status). */
static const struct db_statement statement_followed_make = {
	"engine_followed_make",
	"INSERT INTO followed_head (part, source, next_offset, last_seq, last_hash)"
	" SELECT part, source, 0, 0, decode(repeat('00', 32), 'hex')"
	" FROM unnest($1::integer[]) part CROSS JOIN unnest($2::text[]) source ON CONFLICT DO NOTHING",
};

static const struct db_statement statement_followed = {
	"engine_followed",
	"SELECT u.n, s.n, f.next_offset, f.last_seq, f.last_hash FROM unnest($1::integer[]) WITH ORDINALITY u(part, n)"
	" JOIN followed_head f ON f.part = u.part JOIN unnest($2::text[]) WITH ORDINALITY s(source, n) ON s.source = f.source",
};

static const struct db_statement statement_sent = {
	"engine_sent",
	"SELECT u.n, s.log_seq FROM unnest($1::integer[]) WITH ORDINALITY u(part, n) JOIN sent_head s ON s.part = u.part",
};

/* A position never goes back: an owner that the fence has missed would affect too few rows. */
static const struct db_statement statement_followed_move = {
	"engine_followed_move",
	"INSERT INTO followed_head AS f (part, source, next_offset, last_seq, last_hash)"
	" SELECT * FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[])"
	" ON CONFLICT (part, source) DO UPDATE SET next_offset = excluded.next_offset, last_seq = excluded.last_seq,"
	" last_hash = excluded.last_hash WHERE f.next_offset <= excluded.next_offset",
};

static const struct db_statement statement_sent_move = {
	"engine_sent_move",
	"INSERT INTO sent_head AS s (part, log_seq) SELECT * FROM unnest($1::integer[], $2::bigint[])"
	" ON CONFLICT (part) DO UPDATE SET log_seq = excluded.log_seq WHERE s.log_seq <= excluded.log_seq",
};

void pg_edge_react(struct pg_edge *edge, const struct module *module)
{
	edge->reacting = module;
}

static void put_parts(struct db_params *params, const struct head *heads, size_t count)
{
	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, heads[i].part);
}

static int read_followed(struct pg_edge *edge, struct head *heads, size_t count, struct err *err)
{
	struct db_result result = { 0 };

	put_parts(&edge->params, heads, count);
	db_array_begin(&edge->params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < edge->reacting->follows_count; i++)
		db_array_text(&edge->params, str_of(edge->reacting->follows[i].module));
	if (db_run(edge->db, &statement_followed_make, &edge->params, NULL, err) < 0 ||
	    db_run(edge->db, &statement_followed, &edge->params, &result, err) < 0)
		return -1;
	for (int row = 0; row < result.rows; row++) {
		struct followed_head *followed = &heads[db_int64(&result, row, 0) - 1].followed[db_int64(&result, row, 1) - 1];

		followed->next_offset = db_int64(&result, row, 2);
		followed->last_seq = db_int64(&result, row, 3);
		pg_edge_copy_bytes(followed->last_hash, SHA256_SIZE, db_str(&result, row, 4));
	}
	db_result_release(&result);
	return 0;
}

int pg_edge_read_reaction(struct pg_edge *edge, struct head *heads, size_t count, struct err *err)
{
	struct db_result result = { 0 };

	if (!edge->reacting)
		return 0;
	if (read_followed(edge, heads, count, err) < 0)
		return -1;
	put_parts(&edge->params, heads, count);
	if (db_run(edge->db, &statement_sent, &edge->params, &result, err) < 0)
		return -1;
	for (int row = 0; row < result.rows; row++)
		heads[db_int64(&result, row, 0) - 1].sent_seq = db_int64(&result, row, 1);
	db_result_release(&result);
	return 0;
}

#define PUT_FOLLOWED(kind, put)                                                                                                  \
	do {                                                                                                                     \
		db_array_begin(params, (kind));                                                                                  \
		for (size_t i = 0; i < changes->heads_count; i++)                                                                \
			for (size_t source = 0; source < edge->reacting->follows_count; source++) {                              \
				const struct head *head = &changes->heads[i];                                                    \
				const struct followed_head *followed = &head->followed[source];                                  \
				if (followed->next_offset > 0)                                                                   \
					(put);                                                                                   \
			}                                                                                                        \
	} while (0)

static int move_followed(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	struct db_params *params = &edge->params;
	size_t count = 0;

	for (size_t i = 0; i < changes->heads_count; i++)
		for (size_t source = 0; source < edge->reacting->follows_count; source++)
			count += changes->heads[i].followed[source].next_offset > 0;
	db_params_reset(params);
	PUT_FOLLOWED(DB_ARRAY_INT32, db_array_int32(params, head->part));
	PUT_FOLLOWED(DB_ARRAY_TEXT, db_array_text(params, str_of(edge->reacting->follows[source].module)));
	PUT_FOLLOWED(DB_ARRAY_INT64, db_array_int64(params, followed->next_offset));
	PUT_FOLLOWED(DB_ARRAY_INT64, db_array_int64(params, followed->last_seq));
	PUT_FOLLOWED(DB_ARRAY_BYTES, db_array_text(params, (struct str){ (const char *)followed->last_hash, SHA256_SIZE }));
	return db_write(edge->db, &statement_followed_move, params, count, err);
}

int pg_edge_write_reaction(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	if (!edge->reacting)
		return 0;
	if (move_followed(edge, changes, err) < 0)
		return -1;
	put_parts(&edge->params, changes->heads, changes->heads_count);
	db_array_begin(&edge->params, DB_ARRAY_INT64);
	for (size_t i = 0; i < changes->heads_count; i++)
		db_array_int64(&edge->params, changes->heads[i].sent_seq);
	return db_write(edge->db, &statement_sent_move, &edge->params, changes->heads_count, err);
}
