/*
 * Many statements, one round trip. Every db_send leaves one or two entries in the ring of pending answers (PREPARE and the
 * statement); answers come in that order. db_pipeline_flush asks the server to send its answers so far; only db_pipeline_end
 * sends the Sync, so that all statements between begin and end are one unit: after a failure the server skips the rest.
 */

#include "base/must.h"
#include "db/connection.h"

static void pending_push(struct db *db, struct pending pending)
{
	size_t last = (db->pending_first + db->pending_count) % PENDING_MAX;

	MUST(db->pending_count < PENDING_MAX);
	db->pending[last] = pending;
	db->pending_count++;
}

static int check_rows(const struct pending *pending, PGresult *answer, struct err *err)
{
	int64_t affected = connection_affected(answer);

	if (pending->rows == DB_ROWS_ANY || pending->rows == (size_t)affected)
		return 0;
	return err_set(err, ERR_FATAL, "%s found %lld of %zu rows as they were loaded", pending->prepared->statement->name,
		       (long long)affected, pending->rows);
}

/*
 * Takes the next answer and notes the first failure. *ret_answer is the answer if a statement succeeded, otherwise NULL. -1 only
 * when the connection is lost.
 */
static int take_next(struct db *db, PGresult **ret_answer, struct err *err)
{
	struct pending pending = db->pending[db->pending_first];
	PGresult *answer = NULL;

	MUST(db->pending_count > 0);
	if (connection_answer(db, &answer, err) != 0)
		return -1;
	db->pending_first = (db->pending_first + 1) % PENDING_MAX;
	db->pending_count--;
	if (!db->pipeline_failed && connection_check(db, answer, pending.prepared->statement->name, &db->pipeline_error) != 0)
		db->pipeline_failed = true;
	if (pending.is_prepare)
		pending.prepared->state = db->pipeline_failed ? PREPARED_NOT : PREPARED_DONE;
	else if (!db->pipeline_failed && check_rows(&pending, answer, &db->pipeline_error) != 0)
		db->pipeline_failed = true;
	if (db->pipeline_failed || pending.is_prepare) {
		PQclear(answer);
		answer = NULL;
	}
	*ret_answer = answer;
	return 0;
}

int db_pipeline_begin(struct db *db, struct err *err)
{
	if (db->is_shared) {
		db->is_shared = false;
		return 0;
	}
	MUST(!db->in_pipeline);
	MUST(!db->commit_sent);
	if (connection_ready(db, err) != 0)
		return -1;
	if (!PQenterPipelineMode(db->pg))
		return connection_lost(db, "cannot begin a pipeline", err);
	db->in_pipeline = true;
	db->pending_first = 0;
	db->pending_count = 0;
	db->pipeline_failed = false;
	db->pipeline_reported = false;
	return 0;
}

int pipeline_send(struct db *db, const struct db_statement *statement, const struct db_params *params, size_t rows,
		  struct err *err)
{
	struct prepared *prepared;

	MUST(db->in_pipeline);
	if (connection_ready(db, err) != 0 || connection_check_params(statement, params, err) != 0)
		return -1;
	prepared = connection_prepared(db, statement, params);
	if (prepared->state == PREPARED_NOT) {
		if (connection_send_prepare(db, prepared, err) != 0)
			return -1;
		pending_push(db, (struct pending){ .prepared = prepared, .is_prepare = true });
	}
	if (connection_send_statement(db, statement, params, err) != 0)
		return -1;
	pending_push(db, (struct pending){ .prepared = prepared, .rows = rows });
	return 0;
}

int db_send(struct db *db, const struct db_statement *statement, const struct db_params *params, struct err *err)
{
	return pipeline_send(db, statement, params, DB_ROWS_ANY, err);
}

int db_pipeline_flush(struct db *db, struct err *err)
{
	MUST(db->in_pipeline);
	if (connection_ready(db, err) != 0)
		return -1;
	if (!PQsendFlushRequest(db->pg))
		return connection_lost(db, "cannot send", err);
	return connection_flush(db, err);
}

static int report_failure(struct db *db, struct err *err)
{
	db->pipeline_reported = true;
	*err = db->pipeline_error;
	return -1;
}

void db_pipeline_share(struct db *db, db_first *first, void *first_arg)
{
	MUST(db->in_pipeline);
	MUST(!db->is_shared);
	MUST(!db->first);
	db->is_shared = true;
	db->first = first;
	db->first_arg = first_arg;
}

static int receive_first(struct db *db, struct err *err)
{
	db_first *first = db->first;

	db->first = NULL;
	return first ? first(db->first_arg, err) : 0;
}

int db_receive(struct db *db, struct db_result *ret_result, struct err *err)
{
	PGresult *answer = NULL;
	bool is_prepare;

	MUST(db->in_pipeline);
	if (receive_first(db, err) != 0)
		return -1;
	if (db->pipeline_failed)
		return report_failure(db, err);
	if (connection_ready(db, err) != 0)
		return -1;
	do {
		MUST(db->pending_count > 0);
		is_prepare = db->pending[db->pending_first].is_prepare;
		if (take_next(db, &answer, err) != 0)
			return -1;
		if (db->pipeline_failed)
			return report_failure(db, err);
	} while (is_prepare);
	connection_hand_over(answer, ret_result);
	return 0;
}

static int take_sync(struct db *db, struct err *err)
{
	PGresult *answer = NULL;
	ExecStatusType status;

	if (connection_answer(db, &answer, err) != 0)
		return -1;
	status = PQresultStatus(answer);
	PQclear(answer);
	if (status != PGRES_PIPELINE_SYNC || !PQexitPipelineMode(db->pg))
		return connection_lost(db, "the pipeline does not end", err);
	return 0;
}

static int drain(struct db *db, struct err *err)
{
	PGresult *answer = NULL;

	if (!db->alive)
		return connection_lost(db, "it was before", err);
	if (!PQpipelineSync(db->pg))
		return connection_lost(db, "cannot send", err);
	if (connection_flush(db, err) != 0)
		return -1;
	while (db->alive && db->pending_count > 0) {
		if (take_next(db, &answer, err) != 0)
			return -1;
		PQclear(answer);
	}
	return db->alive ? take_sync(db, err) : connection_lost(db, "within a pipeline", err);
}

int db_pipeline_end(struct db *db, struct err *err)
{
	int rc;

	MUST(db->in_pipeline);
	rc = drain(db, err);
	db->in_pipeline = false;
	db->is_shared = false;
	db->first = NULL;
	if (db->pipeline_failed && !db->pipeline_reported)
		return report_failure(db, err);
	return rc;
}
