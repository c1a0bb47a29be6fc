/*
 * The connection at work: what a failure means, waiting, statements and transactions. Opening it is in db_open.c, the pipeline in
 * db_pipeline.c, COPY in db_copy.c, the binary formats in db_params.c and db_result.c.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "db/connection.h"

/* ---- failures ---- */

static enum err_kind kind_of(const char *sqlstate)
{
	static const char *const retry[] = { "08", "40", "53", "55", "57" };
	static const char *const poison[] = { "21", "22", "23", "44", "54" }; /* what depends on the data */

	for (size_t i = 0; i < COUNT(retry); i++)
		if (strncmp(sqlstate, retry[i], 2) == 0)
			return ERR_RETRY;
	for (size_t i = 0; i < COUNT(poison); i++)
		if (strncmp(sqlstate, poison[i], 2) == 0)
			return ERR_POISON;
	return ERR_FATAL;
}

static const char *field_of(const PGresult *answer, int field)
{
	const char *text = PQresultErrorField(answer, field);

	return text == NULL ? "" : text;
}

/* Whether the server closes the connection after this answer. */
static bool is_last_word(const PGresult *answer)
{
	const char *severity = field_of(answer, PG_DIAG_SEVERITY_NONLOCALIZED);

	return strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0;
}

/*
 * The message itself is left out where it may quote a value (classes 22 and 23), the DETAIL line always. For a script (a
 * migration) the line is added.
 */
static int fail_by_answer(struct db *db, const PGresult *answer, const char *what, struct err *err)
{
	const char *constraint = field_of(answer, PG_DIAG_CONSTRAINT_NAME);
	enum err_kind kind;

	snprintf(db->sqlstate, sizeof(db->sqlstate), "%s", field_of(answer, PG_DIAG_SQLSTATE));
	kind = db->alive ? kind_of(db->sqlstate) : ERR_RETRY;
	return err_set(err, kind, "%s: sqlstate %s%s%s%s%s", what, db->sqlstate, constraint[0] == '\0' ? "" : " constraint ",
		       constraint, kind == ERR_POISON ? "" : " ",
		       kind == ERR_POISON ? "" : field_of(answer, PG_DIAG_MESSAGE_PRIMARY));
}

int connection_lost(struct db *db, const char *why, struct err *err)
{
	db->alive = false;
	return err_set(err, ERR_RETRY, "connection to the database is lost: %s", why);
}

int connection_ready(struct db *db, struct err *err)
{
	db->sqlstate[0] = '\0';
	return db->alive ? 0 : connection_lost(db, "it was before", err);
}

int connection_check(struct db *db, const PGresult *answer, const char *what, struct err *err)
{
	switch (PQresultStatus(answer)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_PIPELINE_SYNC:
		return 0;
	case PGRES_FATAL_ERROR:
		if (is_last_word(answer) || PQstatus(db->pg) != CONNECTION_OK)
			db->alive = false;
		if (field_of(answer, PG_DIAG_SQLSTATE)[0] != '\0')
			return fail_by_answer(db, answer, what, err);
		return connection_lost(db, "no answer", err); /* libpq's own error: there is no SQLSTATE */
	default:
		return connection_lost(db, "an answer out of turn", err);
	}
}

/* ---- waiting ---- */

static db_meanwhile *meanwhile;
static void *meanwhile_arg;

void db_set_meanwhile(db_meanwhile *new_meanwhile, void *new_meanwhile_arg)
{
	meanwhile = new_meanwhile;
	meanwhile_arg = new_meanwhile_arg;
}

/* left_ms: -1: no limit. As poll returns. */
static int wait_once(struct pollfd *socket, int left_ms)
{
	int count;

	if (meanwhile == NULL)
		return poll(socket, 1, left_ms);
	count = poll(socket, 1, 0);
	if (count == 0)
		meanwhile(meanwhile_arg, socket->fd, left_ms >= 0 && left_ms < DB_MEANWHILE_MS ? left_ms : DB_MEANWHILE_MS);
	return count == 0 ? poll(socket, 1, 0) : count;
}

/* Waits until the socket can be read, or also until it can be written if `events` has POLLOUT. */
static int wait_for_server(struct db *db, short events, short *ret_events, struct err *err)
{
	int64_t until_ms = clock_monotonic_ms() + db->patience_ms;
	struct pollfd socket = { .fd = PQsocket(db->pg), .events = events };
	int64_t left_ms;
	int count;

	if (socket.fd < 0)
		return connection_lost(db, "closed", err);
	do {
		left_ms = db->patience_ms == 0 ? -1 : until_ms - clock_monotonic_ms();
		if (db->patience_ms != 0 && left_ms < 0)
			left_ms = 0;
		count = wait_once(&socket, (int)left_ms);
	} while ((count < 0 && errno == EINTR) || (count == 0 && left_ms != 0));
	if (count < 0)
		return connection_lost(db, "poll failed", err);
	if (count == 0)
		return connection_lost(db, "the server is silent", err);
	*ret_events = socket.revents;
	return 0;
}

int connection_flush(struct db *db, struct err *err)
{
	short events;
	int left;

	for (;;) { /* ends: each round sends something, or patience_ms ends */
		left = PQflush(db->pg);
		if (left < 0)
			return connection_lost(db, "cannot send", err);
		if (left == 0)
			return 0;
		if (wait_for_server(db, POLLIN | POLLOUT, &events, err) != 0)
			return -1;
		if ((events & ~POLLOUT) != 0 && !PQconsumeInput(db->pg))
			return connection_lost(db, "closed while sending", err);
	}
}

int connection_read(struct db *db, struct err *err)
{
	short events;

	if (wait_for_server(db, POLLIN, &events, err) != 0)
		return -1;
	return PQconsumeInput(db->pg) ? 0 : connection_lost(db, "closed while reading", err);
}

static int next_result(struct db *db, PGresult **ret_result, struct err *err)
{
	short events;

	while (PQisBusy(db->pg)) { /* ends: the server answers, closes, or patience_ms ends */
		if (wait_for_server(db, POLLIN, &events, err) != 0)
			return -1;
		if (!PQconsumeInput(db->pg))
			break; /* PQgetResult returns the server's last answer, if there is one */
	}
	*ret_result = PQgetResult(db->pg);
	return 0;
}

int connection_answer(struct db *db, PGresult **ret_result, struct err *err)
{
	PGresult *answer = NULL;
	PGresult *more;
	ExecStatusType status;

	if (next_result(db, &answer, err) != 0)
		return -1;
	if (answer == NULL)
		return connection_lost(db, "no answer", err);
	status = PQresultStatus(answer);
	*ret_result = answer;
	if (status == PGRES_PIPELINE_SYNC || status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
		return 0; /* no end mark follows */
	for (;;) {        /* ends: at the end mark; a script has an answer for each statement up to the first that fails */
		struct err ignored = ERR_INIT;

		if (PQstatus(db->pg) != CONNECTION_OK || next_result(db, &more, &ignored) != 0) {
			db->alive = false;
			return 0;
		}
		if (more == NULL)
			return 0;
		if (PQresultStatus(*ret_result) == PGRES_FATAL_ERROR) {
			PQclear(more);
			continue;
		}
		PQclear(*ret_result);
		*ret_result = more;
		if (PQresultStatus(more) == PGRES_COPY_IN || PQresultStatus(more) == PGRES_COPY_OUT)
			return 0;
	}
}

/* ---- scripts ---- */

static int line_of(const char *sql, const PGresult *answer)
{
	long long position = 0;
	int line = 1;

	if (!str_to_int64(str_of(field_of(answer, PG_DIAG_STATEMENT_POSITION)), &position))
		return 0;
	for (long long at = 1; *sql != '\0' && at < position; sql++) {
		line += *sql == '\n';
		at += (sql[1] & 0xC0) != 0x80; /* positions count characters, not bytes */
	}
	return line;
}

int connection_script(struct db *db, const char *sql, const char *what, struct err *err)
{
	PGresult *answer = NULL;
	char place[120];
	int rc = -1;
	int line;

	if (!PQsendQuery(db->pg, sql)) {
		connection_lost(db, "cannot send", err);
		goto out;
	}
	if (connection_flush(db, err) != 0 || connection_answer(db, &answer, err) != 0)
		goto out;
	line = line_of(sql, answer);
	if (line > 1)
		snprintf(place, sizeof(place), "%s line %d", what, line);
	else
		snprintf(place, sizeof(place), "%s", what);
	rc = connection_check(db, answer, place, err);
out:
	PQclear(answer);
	return rc;
}

/* ---- statements ---- */

struct prepared *connection_prepared(struct db *db, const struct db_statement *statement, const struct db_params *params)
{
	size_t types_count = params == NULL ? 0 : params->count;
	size_t slot = ((uintptr_t)statement >> 4) * 0x9E3779B97F4A7C15U >> 32 & (STATEMENTS_MAX - 1);
	struct prepared *prepared;

	while (db->prepared[slot].statement != NULL && db->prepared[slot].statement != statement)
		slot = (slot + 1) & (STATEMENTS_MAX - 1);
	prepared = &db->prepared[slot];
	if (prepared->statement == NULL) {
		MUST(db->prepared_count < STATEMENTS_MAX / 4 * 3);
		db->prepared_count++;
		prepared->statement = statement;
	}
	if (prepared->state == PREPARED_NOT) {
		prepared->types_count = types_count;
		for (size_t i = 0; i < types_count; i++)
			prepared->types[i] = params->params[i].type;
	}
	MUST(types_count == prepared->types_count);
	for (size_t i = 0; i < types_count; i++)
		MUST(params->params[i].is_null || prepared->types[i] == 0 || prepared->types[i] == params->params[i].type);
	return prepared;
}

int connection_send_prepare(struct db *db, struct prepared *prepared, struct err *err)
{
	if (!PQsendPrepare(db->pg, prepared->statement->name, prepared->statement->sql, (int)prepared->types_count,
			   prepared->types))
		return connection_lost(db, "cannot send", err);
	prepared->state = PREPARED_SENT;
	return 0;
}

int connection_send_statement(struct db *db, const struct db_statement *statement, const struct db_params *params,
			      struct err *err)
{
	const char *values[DB_PARAMS_MAX];
	int sizes[DB_PARAMS_MAX];
	int formats[DB_PARAMS_MAX];
	Oid types[DB_PARAMS_MAX];
	size_t count = params == NULL ? 0 : params->count;

	for (size_t i = 0; i < count; i++) {
		/* A NULL pointer would be a NULL value: an empty text in an empty buffer needs some address. */
		const char *bytes = params->bytes.data == NULL ? "" : (const char *)params->bytes.data;

		values[i] = params->params[i].is_null ? NULL : bytes + params->params[i].at;
		sizes[i] = (int)params->params[i].size;
		formats[i] = 1;
		types[i] = params->params[i].type;
	}
	if (statement->name[0] == '\0') {
		if (!PQsendQueryParams(db->pg, statement->sql, (int)count, types, values, sizes, formats, 1))
			return connection_lost(db, "cannot send", err);
		return 0;
	}
	if (!PQsendQueryPrepared(db->pg, statement->name, (int)count, values, sizes, formats, 1))
		return connection_lost(db, "cannot send", err);
	return 0;
}

/* Too large a batch: the caller's input, not its code. */
int connection_check_params(const struct db_statement *statement, const struct db_params *params, struct err *err)
{
	if (params == NULL || !params->overflow)
		return 0;
	return err_set(err, ERR_POISON, "statement %s: parameters over %zu bytes", statement->name, params->bytes.size_max);
}

int connection_prepare(struct db *db, struct prepared *prepared, struct err *err)
{
	PGresult *answer = NULL;
	int rc = -1;

	if (connection_send_prepare(db, prepared, err) != 0 || connection_flush(db, err) != 0 ||
	    connection_answer(db, &answer, err) != 0)
		goto out;
	rc = connection_check(db, answer, prepared->statement->name, err);
out:
	prepared->state = rc == 0 ? PREPARED_DONE : PREPARED_NOT;
	PQclear(answer);
	return rc;
}

int64_t connection_affected(PGresult *answer)
{
	long long affected = 0;

	return str_to_int64(str_of(PQcmdTuples(answer)), &affected) ? affected : 0;
}

void connection_hand_over(PGresult *answer, struct db_result *ret_result)
{
	if (ret_result == NULL) {
		PQclear(answer);
		return;
	}
	ret_result->pg = answer;
	ret_result->rows = PQntuples(answer);
	ret_result->affected = connection_affected(answer);
}

int db_run(struct db *db, const struct db_statement *statement, const struct db_params *params, struct db_result *ret_result,
	   struct err *err)
{
	struct prepared *prepared;
	PGresult *answer = NULL;

	MUST(!db->in_pipeline);
	MUST(!db->commit_sent);
	if (connection_ready(db, err) != 0 || connection_check_params(statement, params, err) != 0)
		return -1;
	prepared = connection_prepared(db, statement, params);
	if (prepared->state != PREPARED_DONE && connection_prepare(db, prepared, err) != 0)
		return -1;
	if (connection_send_statement(db, statement, params, err) != 0 || connection_flush(db, err) != 0 ||
	    connection_answer(db, &answer, err) != 0)
		return -1;
	if (connection_check(db, answer, statement->name, err) != 0) {
		PQclear(answer);
		return -1;
	}
	connection_hand_over(answer, ret_result);
	return 0;
}

/* ---- transactions ---- */

int db_begin(struct db *db, struct err *err)
{
	MUST(!db->in_pipeline);
	MUST(!db->commit_sent);
	if (connection_ready(db, err) != 0)
		return -1;
	MUST(PQtransactionStatus(db->pg) == PQTRANS_IDLE);
	return connection_script(db, "BEGIN ISOLATION LEVEL READ COMMITTED", "BEGIN", err);
}

void db_rollback(struct db *db)
{
	struct err ignored = ERR_INIT; /* commands under way have failed, or are abandoned now */

	if (db->in_pipeline)
		(void)!db_pipeline_end(db, &ignored);
	if (db->commit_sent)
		(void)!db_commit_finish(db, &ignored);
	if (!db->alive || PQtransactionStatus(db->pg) == PQTRANS_IDLE)
		return;
	if (connection_script(db, "ROLLBACK", "ROLLBACK", &ignored) != 0)
		db->alive = false;
}

int db_commit_send(struct db *db, struct err *err)
{
	MUST(!db->in_pipeline);
	MUST(!db->commit_sent);
	if (connection_ready(db, err) != 0)
		return -1;
	if (!PQsendQuery(db->pg, "COMMIT"))
		return connection_lost(db, "cannot send", err);
	db->commit_sent = true;
	return connection_flush(db, err);
}

int db_commit_finish(struct db *db, struct err *err)
{
	PGresult *answer = NULL;
	int rc = -1;

	MUST(db->commit_sent);
	db->commit_sent = false;
	if (connection_ready(db, err) != 0 || connection_answer(db, &answer, err) != 0)
		goto out;
	rc = connection_check(db, answer, "COMMIT", err);
	if (rc == 0 && strcmp(PQcmdStatus(answer), "COMMIT") != 0) /* "ROLLBACK": a statement had failed before */
		rc = err_set(err, ERR_FATAL, "COMMIT of a failed transaction: it was rolled back");
out:
	PQclear(answer);
	return rc;
}

int db_commit(struct db *db, struct err *err)
{
	if (db_commit_send(db, err) != 0) {
		db->commit_sent = false;
		return -1;
	}
	return db_commit_finish(db, err);
}

/* ---- state ---- */

bool db_is_alive(const struct db *db)
{
	return db->alive;
}

const char *db_sqlstate(const struct db *db)
{
	return db->sqlstate;
}
