/* One batch: open, load, commit. pg_edge_write.c has the rows. */
#include "worker/pg_edge_inside.h"

#include "worker/rights.h"

static const struct db_statement statement_begin = { "engine_begin", "BEGIN ISOLATION LEVEL READ COMMITTED" };

static const struct db_statement statement_heads_lock = {
	"engine_heads_lock",
	"SELECT part, epoch, next_offset, state = 'halted' FROM partition_head WHERE part = ANY($1::integer[]) ORDER BY part FOR "
	"UPDATE",
};

static const struct db_statement statement_answers = {
	"engine_answers",
	"SELECT u.n, e.command_digest FROM unnest($1::uuid[]) WITH ORDINALITY u(id, n)"
	" CROSS JOIN LATERAL (SELECT * FROM event_log t WHERE t.command_id = u.id AND t.command_digest IS NOT NULL OFFSET 0) e",
};

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
		pg_edge_copy_bytes(answer->digest, DIGEST_SIZE, db_str(result, row, 1));
	}
}

static void put_ids(struct db_params *params, const struct answer *answers, size_t count)
{
	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++)
		db_array_uuid(params, &answers[i].command_id);
}

static int edge_find_answers(void *self, struct answer *answers, size_t answers_count, struct err *err)
{
	struct pg_edge *edge = self;
	struct db_result result = { 0 };

	put_ids(&edge->params_answers, answers, answers_count);
	if (db_run(edge->db, &statement_answers, &edge->params_answers, &result, err) != 0)
		return -1;
	take_answers(answers, &result);
	db_result_release(&result);
	return 0;
}

/* Rights of users: published by the module users. */
static const struct db_statement statement_actors = {
	"engine_actors",
	"SELECT u.n, p.roles, p.customer_id, p.scope, p.token_version FROM unnest($1::uuid[]) WITH ORDINALITY u(id, n)"
	" CROSS JOIN LATERAL (SELECT * FROM users.public_user t WHERE t.user_id = u.id OFFSET 0) p",
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

static int send_open(struct pg_edge *edge, const struct opening *opening, struct err *err)
{
	db_params_reset(&edge->params);
	db_array_begin(&edge->params, DB_ARRAY_INT32);
	for (size_t i = 0; i < opening->heads_count; i++)
		db_array_int32(&edge->params, opening->heads[i].part);
	put_ids(&edge->params_answers, opening->answers, opening->answers_count);
	if (db_pipeline_begin(edge->db, err) < 0 || db_send(edge->db, &statement_begin, NULL, err) < 0 ||
	    db_send(edge->db, &statement_heads_lock, &edge->params, err) < 0)
		return -1;
	return opening->answers_count > 0 ? db_send(edge->db, &statement_answers, &edge->params_answers, err) : 0;
}

/* The answers to send_open. */
struct opened {
	struct pg_edge *edge;
	const struct opening *opening;
	enum open_result result;
	int32_t fenced;
	bool is_received;
};

static int receive_open(void *opened_arg, struct err *err)
{
	struct opened *opened = opened_arg;
	const struct opening *opening = opened->opening;
	struct db *db = opened->edge->db;
	struct db_result result = { 0 };

	opened->is_received = true;
	if (db_receive(db, NULL, err) < 0 || db_receive(db, &result, err) < 0)
		return -1;
	check_heads(opening->heads, opening->heads_count, &result, &opened->result, &opened->fenced);
	db_result_release(&result);
	if (opening->answers_count == 0)
		return 0;
	if (db_receive(db, &result, err) < 0)
		return -1;
	take_answers(opening->answers, &result);
	db_result_release(&result);
	return 0;
}

/* The states are asked for behind the locks, in the same pipeline: each statement sees what was committed before it began. */
static int edge_open(void *self, const struct opening *opening, enum open_result *ret_result, int32_t *ret_fenced,
		     struct err *err)
{
	struct pg_edge *edge = self;
	struct opened opened = { .edge = edge, .opening = opening };

	if (pg_edge_need_connection(edge, err) < 0 || send_open(edge, opening, err) < 0)
		return -1;
	if (opening->slots_count > 0) {
		db_pipeline_share(edge->db, receive_open, &opened);
		if (edge_load(edge, opening->slots, opening->slots_count, err) < 0)
			return -1;
	} else if (db_pipeline_flush(edge->db, err) < 0 || receive_open(&opened, err) < 0 || db_pipeline_end(edge->db, err) < 0) {
		return -1;
	}
	MUST(opened.is_received); /* a store loads by slot_queries_run */
	*ret_result = opened.result;
	*ret_fenced = opened.fenced;
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

void pg_edge_fill_batch(struct database *database)
{
	database->open = edge_open;
	database->find_answers = edge_find_answers;
	database->load = edge_load;
	database->commit_send = edge_commit_send;
	database->commit_finish = edge_commit_finish;
	database->abandon = edge_abandon;
}
