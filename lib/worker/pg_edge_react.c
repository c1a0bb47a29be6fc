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

/* As a claim and a release of partition_head, fenced by it. $4: what the claim adds to `tries`; 0: the owner before was this one. */
static const struct db_statement statement_followed_claim = {
	"engine_followed_claim",
	"UPDATE followed_head f SET tries = f.tries + u.more,"
	" crashes = CASE u.more WHEN 0 THEN u.crashes ELSE f.crashes END,"
	" quarantine = CASE u.more WHEN 0 THEN u.quarantine ELSE f.quarantine END,"
	" quarantine_left = CASE u.more WHEN 0 THEN u.quarantine_left ELSE f.quarantine_left END"
	" FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::integer[], $5::integer[], $6::integer[], $7::bigint[])"
	" u(part, source, epoch, more, crashes, quarantine, quarantine_left)"
	" JOIN partition_head h ON h.part = u.part AND h.epoch = u.epoch WHERE f.part = u.part AND f.source = u.source",
};

static const struct db_statement statement_followed_release = {
	"engine_followed_release",
	"UPDATE followed_head f SET tries = greatest(f.tries - 1, 0), crashes = u.crashes, quarantine = u.quarantine,"
	" quarantine_left = u.quarantine_left"
	" FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::integer[], $5::integer[], $6::integer[], $7::bigint[])"
	" u(part, source, epoch, more, crashes, quarantine, quarantine_left)"
	" JOIN partition_head h ON h.part = u.part AND h.epoch = u.epoch WHERE f.part = u.part AND f.source = u.source"
	" AND (f.tries > 0 OR f.crashes > 0)",
};

static const struct db_statement statement_followed_attempt = {
	"engine_followed_attempt",
	"UPDATE followed_head f SET crashes = $3, quarantine = $4, quarantine_left = $5 FROM partition_head h"
	" WHERE h.part = $1 AND h.epoch = $2 AND f.part = h.part AND f.source = $6",
};

static const struct db_statement statement_followed = {
	"engine_followed",
	"SELECT u.n, s.n, f.next_offset, f.last_seq, f.last_hash, f.tries, f.crashes, f.quarantine, f.quarantine_left"
	" FROM unnest($1::integer[]) WITH ORDINALITY u(part, n)"
	" JOIN followed_head f ON f.part = u.part JOIN unnest($2::text[]) WITH ORDINALITY s(source, n) ON s.source = f.source",
};

static const struct db_statement statement_sent = {
	"engine_sent",
	"SELECT u.n, s.log_seq FROM unnest($1::integer[]) WITH ORDINALITY u(part, n) JOIN sent_head s ON s.part = u.part",
};

/* A position never goes back: an owner that the fence has missed would affect too few rows. */
static const struct db_statement statement_followed_move = {
	"engine_followed_move",
	"UPDATE followed_head f SET next_offset = u.next_offset, last_seq = u.last_seq, last_hash = u.last_hash, tries = u.tries,"
	" crashes = u.crashes, quarantine = u.quarantine, quarantine_left = u.quarantine_left"
	" FROM unnest($1::integer[], $2::text[], $3::bigint[], $4::bigint[], $5::bytea[], $6::integer[], $7::integer[],"
	" $8::integer[], $9::bigint[])"
	" u(part, source, next_offset, last_seq, last_hash, tries, crashes, quarantine, quarantine_left)"
	" WHERE f.part = u.part AND f.source = u.source AND f.next_offset <= u.next_offset",
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

/* Of each head and each topic that the module follows. */
#define PUT_FOLLOWED(kind, put)                                                                                                  \
	do {                                                                                                                     \
		db_array_begin(params, (kind));                                                                                  \
		for (size_t i = 0; i < count; i++)                                                                               \
			for (size_t source = 0; source < edge->reacting->follows_count; source++) {                              \
				const struct head *head = &heads[i];                                                             \
				const struct quarantine *quarantine = &head->quarantine[1 + source];                             \
				(void)head;                                                                                      \
				(void)quarantine;                                                                                \
				(put);                                                                                           \
			}                                                                                                        \
	} while (0)

static void put_quarantine(struct pg_edge *edge, const struct head *heads, size_t count)
{
	struct db_params *params = &edge->params;

	db_params_reset(params);
	PUT_FOLLOWED(DB_ARRAY_INT32, db_array_int32(params, head->part));
	PUT_FOLLOWED(DB_ARRAY_TEXT, db_array_text(params, str_of(edge->reacting->follows[source].module)));
	PUT_FOLLOWED(DB_ARRAY_INT64, db_array_int64(params, head->epoch));
	PUT_FOLLOWED(DB_ARRAY_INT32, db_array_int32(params, quarantine->tries));
	PUT_FOLLOWED(DB_ARRAY_INT32, db_array_int32(params, quarantine->crashes));
	PUT_FOLLOWED(DB_ARRAY_INT32, db_array_int32(params, quarantine->batch_max));
	PUT_FOLLOWED(DB_ARRAY_INT64, db_array_int64(params, quarantine->left));
}

void pg_edge_keep_quarantine(const struct pg_edge *edge, struct head *claimed, const struct head *held)
{
	for (size_t source = 1; edge->reacting && source <= edge->reacting->follows_count; source++) {
		claimed->quarantine[source] = held->quarantine[source];
		claimed->quarantine[source].tries = claimed->epoch != held->epoch + 1;
	}
}

static void put_sources(struct pg_edge *edge, const struct head *heads, size_t count)
{
	put_parts(&edge->params, heads, count);
	db_array_begin(&edge->params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < edge->reacting->follows_count; i++)
		db_array_text(&edge->params, str_of(edge->reacting->follows[i].module));
}

static int claim_followed(struct pg_edge *edge, const struct head *heads, size_t count, struct err *err)
{
	put_sources(edge, heads, count);
	if (db_run(edge->db, &statement_followed_make, &edge->params, NULL, err) < 0)
		return -1;
	put_quarantine(edge, heads, count);
	return db_run(edge->db, &statement_followed_claim, &edge->params, NULL, err);
}

static int read_followed(struct pg_edge *edge, struct head *heads, size_t count, struct err *err)
{
	struct db_result result = { 0 };

	put_sources(edge, heads, count);
	if (db_run(edge->db, &statement_followed, &edge->params, &result, err) < 0)
		return -1;
	for (int row = 0; row < result.rows; row++) {
		struct head *head = &heads[db_int64(&result, row, 0) - 1];
		int64_t source = db_int64(&result, row, 1);
		struct followed_head *followed = &head->followed[source - 1];

		followed->next_offset = db_int64(&result, row, 2);
		followed->last_seq = db_int64(&result, row, 3);
		pg_edge_copy_bytes(followed->last_hash, SHA256_SIZE, db_str(&result, row, 4));
		head->quarantine[source] = (struct quarantine){ .tries = db_int32(&result, row, 5),
								.crashes = db_int32(&result, row, 6),
								.batch_max = db_int32(&result, row, 7),
								.left = db_int64(&result, row, 8) };
	}
	db_result_release(&result);
	return 0;
}

int pg_edge_claim_reaction(struct pg_edge *edge, struct head *heads, size_t count, struct err *err)
{
	struct db_result result = { 0 };

	if (!edge->reacting)
		return 0;
	if (claim_followed(edge, heads, count, err) < 0 || read_followed(edge, heads, count, err) < 0)
		return -1;
	put_parts(&edge->params, heads, count);
	if (db_run(edge->db, &statement_sent, &edge->params, &result, err) < 0)
		return -1;
	for (int row = 0; row < result.rows; row++)
		heads[db_int64(&result, row, 0) - 1].sent_seq = db_int64(&result, row, 1);
	db_result_release(&result);
	return 0;
}

int pg_edge_release_reaction(struct pg_edge *edge, const struct head *heads, size_t count, struct err *err)
{
	if (!edge->reacting)
		return 0;
	put_quarantine(edge, heads, count);
	return db_run(edge->db, &statement_followed_release, &edge->params, NULL, err);
}

const struct db_statement *pg_edge_followed_attempt(struct pg_edge *edge, int32_t source)
{
	MUST(source <= (int32_t)edge->reacting->follows_count);
	db_param_text(&edge->params, str_of(edge->reacting->follows[source - 1].module));
	return &statement_followed_attempt;
}

static int move_followed(struct pg_edge *edge, const struct head *heads, size_t count, struct err *err)
{
	struct db_params *params = &edge->params;

	if (edge->reacting->follows_count == 0)
		return 0;
	db_params_reset(params);
	PUT_FOLLOWED(DB_ARRAY_INT32, db_array_int32(params, head->part));
	PUT_FOLLOWED(DB_ARRAY_TEXT, db_array_text(params, str_of(edge->reacting->follows[source].module)));
	PUT_FOLLOWED(DB_ARRAY_INT64, db_array_int64(params, head->followed[source].next_offset));
	PUT_FOLLOWED(DB_ARRAY_INT64, db_array_int64(params, head->followed[source].last_seq));
	PUT_FOLLOWED(DB_ARRAY_BYTES,
		     db_array_text(params, (struct str){ (const char *)head->followed[source].last_hash, SHA256_SIZE }));
	PUT_FOLLOWED(DB_ARRAY_INT32, db_array_int32(params, quarantine->tries));
	PUT_FOLLOWED(DB_ARRAY_INT32, db_array_int32(params, quarantine->crashes));
	PUT_FOLLOWED(DB_ARRAY_INT32, db_array_int32(params, quarantine->batch_max));
	PUT_FOLLOWED(DB_ARRAY_INT64, db_array_int64(params, quarantine->left));
	return db_write(edge->db, &statement_followed_move, params, count * edge->reacting->follows_count, err);
}

int pg_edge_write_reaction(struct pg_edge *edge, const struct changes *changes, struct err *err)
{
	if (!edge->reacting)
		return 0;
	if (move_followed(edge, changes->heads, changes->heads_count, err) < 0)
		return -1;
	put_parts(&edge->params, changes->heads, changes->heads_count);
	db_array_begin(&edge->params, DB_ARRAY_INT64);
	for (size_t i = 0; i < changes->heads_count; i++)
		db_array_int64(&edge->params, changes->heads[i].sent_seq);
	return db_write(edge->db, &statement_sent_move, &edge->params, changes->heads_count, err);
}
