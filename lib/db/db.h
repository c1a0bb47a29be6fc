#ifndef DB_DB_H
#define DB_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * One connection to PostgreSQL: prepared statements with binary parameters and results, pipelined queries, binary COPY. The
 * only room that includes <libpq-fe.h>. Statements are constants of the file that runs them; values travel as parameters only.
 *
 * Failures: SQLSTATE class 08, 40, 53, 55, 57 and a lost connection are ERR_RETRY; 21, 22, 23, 44, 54 ERR_POISON; the rest
 * ERR_FATAL (our SQL is wrong). db_sqlstate returns the code. Error texts have the SQLSTATE and the constraint's name, never
 * the server's DETAIL line, which quotes values (P10).
 */
struct db;
struct db_columns;

/*
 * Connects (conninfo as libpq reads it; secrets come from a passfile). ERR_RETRY when the server is unreachable. With a
 * statement_timeout_ms no call waits much longer than that for a silent server: the connection then counts as lost. 0: none,
 * for migrations. The session: UTF-8, UTC, generic plans, notices silenced.
 */
MUST_CHECK int db_open(const char *conninfo, const char *application_name, int64_t statement_timeout_ms, struct db **ret_db,
		       struct err *err);
void db_close(struct db *db);                 /* accepts NULL */
bool db_is_alive(const struct db *db);        /* false after a lost connection: close and open again */
const char *db_sqlstate(const struct db *db); /* of the last failure, "" if it had none; valid until the next call */
#define DB_UNIQUE_VIOLATION "23505"

/*
 * What the program does while it waits for the server, on any connection but db_async's: the call returns when fd can be read, after
 * max_ms, or before, and is called again until the server has answered. It may not use this room, and its work delays the answer. Of the
 * process, which has one thread; NULL: nothing.
 */
typedef void db_meanwhile(void *meanwhile_arg, int fd, int max_ms);
void db_set_meanwhile(db_meanwhile *meanwhile, void *meanwhile_arg);
#define DB_MEANWHILE_MS 10 /* the largest max_ms */

/* ---- statements ---- */

/* A constant, prepared on a connection at its first use there. `name` is unique in the program. */
struct db_statement {
	const char *name;
	const char *sql;
};

/*
 * Parameters $1, $2 ... in order, binary. Set-based statements take arrays (`unnest($1::uuid[], $2::bigint[])`): begin one, add
 * its items, next parameter. A params object is reused: db_params_reset keeps its memory.
 */
#define DB_PARAMS_MAX 40

struct db_params {
	struct buf bytes;
	struct {
		size_t at, size;
		bool is_null;
		uint32_t type; /* OID, so that the server need not infer it */
	} params[DB_PARAMS_MAX];
	size_t count;
	bool overflow;
};

void db_params_init(struct db_params *params, size_t size_max);
void db_params_release(struct db_params *params);
void db_params_reset(struct db_params *params);

void db_param_bool(struct db_params *params, bool value);
void db_param_int32(struct db_params *params, int32_t value);
void db_param_int64(struct db_params *params, int64_t value);
void db_param_date(struct db_params *params, int32_t day);           /* as base/day.h */
void db_param_instant(struct db_params *params, int64_t instant_ms); /* timestamptz */
void db_param_uuid(struct db_params *params, const struct uuid *id);
void db_param_text(struct db_params *params, struct str text);
void db_param_bytes(struct db_params *params, struct str bytes);
void db_param_null(struct db_params *params);

enum db_array {
	DB_ARRAY_BOOL,
	DB_ARRAY_INT16,
	DB_ARRAY_INT32,
	DB_ARRAY_INT64,
	DB_ARRAY_DATE,
	DB_ARRAY_INSTANT,
	DB_ARRAY_UUID,
	DB_ARRAY_TEXT,
	DB_ARRAY_BYTES,
	DB_ARRAY_TID
};

/* An array parameter: begin, then add items of its kind (each call adds one item), then begin the next parameter. */
void db_array_begin(struct db_params *params, enum db_array kind);
void db_array_bool(struct db_params *params, bool value);
void db_array_int32(struct db_params *params, int32_t value); /* also dates */
void db_array_int64(struct db_params *params, int64_t value);
void db_array_instant(struct db_params *params, int64_t instant_ms);
void db_array_uuid(struct db_params *params, const struct uuid *id);
void db_array_text(struct db_params *params, struct str text); /* text and bytea */
void db_array_tid(struct db_params *params, uint64_t locator); /* a row's ctid as db_tid returned it */
void db_array_null(struct db_params *params);

/* ---- results ---- */

/*
 * The result of a statement; owned by the caller, released by db_result_release. Getters take the result of a binary query and
 * check type sizes (a mismatch is a bug: MUST).
 */
struct db_result {
	void *pg; /* PGresult */
	int rows;
	int64_t affected; /* rows inserted, updated, copied ... */
};

void db_result_release(struct db_result *result); /* accepts a zeroed one */
bool db_is_null(const struct db_result *result, int row, int column);
bool db_bool(const struct db_result *result, int row, int column);
int16_t db_int16(const struct db_result *result, int row, int column); /* smallint */
int32_t db_int32(const struct db_result *result, int row, int column); /* integer, date */
int64_t db_int64(const struct db_result *result, int row, int column);
int32_t db_date(const struct db_result *result, int row, int column);
int64_t db_instant(const struct db_result *result, int row, int column);
struct uuid db_uuid(const struct db_result *result, int row, int column);
struct str db_str(const struct db_result *result, int row,
		  int column); /* text, bytea, char(n); borrows from the result; empty for NULL */
uint64_t db_tid(const struct db_result *result, int row, int column); /* ctid; never 0 */
int db_result_columns(const struct db_result *result);
const char *db_column_name(const struct db_result *result, int column); /* borrows from the result */

/* The items of an array with one dimension (text[], uuid[] ...), in order. Borrows from the result. */
struct db_items {
	const unsigned char *at;
	int left;
};
struct db_items db_items(const struct db_result *result, int row, int column); /* NULL: no items */
bool db_items_next(struct db_items *items, struct str *ret_item); /* its bytes: a text, 16 of a uuid; empty for NULL */

/* One statement, one round trip. `params` NULL: none. ret_result NULL: only the outcome matters. */
MUST_CHECK int db_run(struct db *db, const struct db_statement *statement, const struct db_params *params,
		      struct db_result *ret_result, struct err *err);

/* ---- pipeline: many statements, one round trip ---- */

/*
 *   db_pipeline_begin; db_send; db_send ...; db_pipeline_flush; db_receive (as many as sent, in order); db_pipeline_end
 *
 * After a failure the server skips the rest of the pipeline: db_receive returns the first failure, and the caller calls
 * db_pipeline_end (or db_rollback), which reads the remaining answers. db_pipeline_end returns -1 for a lost connection and for a
 * failure that db_receive has not returned yet. A statement that is not prepared yet is prepared within the pipeline.
 */
MUST_CHECK int db_pipeline_begin(struct db *db, struct err *err);
MUST_CHECK int db_send(struct db *db, const struct db_statement *statement, const struct db_params *params,
		       struct err *err); /* copies the parameters */
MUST_CHECK int db_pipeline_flush(struct db *db, struct err *err);
MUST_CHECK int db_receive(struct db *db, struct db_result *ret_result, struct err *err);
MUST_CHECK int db_pipeline_end(struct db *db, struct err *err);

/*
 * Instead of flush and end: who begins the next pipeline goes on with this one, so that both share a round trip. `first` receives the
 * answers of what was sent until now; it is called once, by that pipeline's first db_receive. Nothing else may use the connection in
 * between, but db_rollback.
 */
typedef int db_first(void *first_arg, struct err *err);
void db_pipeline_share(struct db *db, db_first *first, void *first_arg);

/* ---- transactions ---- */

MUST_CHECK int db_begin(struct db *db, struct err *err); /* READ COMMITTED */

/*
 * From any state: ends an open pipeline, waits for a COMMIT in flight. Never fails: a connection that cannot roll back is dead.
 */
void db_rollback(struct db *db);

/*
 * db_commit_send sends COMMIT without waiting, so that the next batch is decoded meanwhile; db_commit_finish waits. After
 * ERR_RETRY from db_commit_finish it is unknown whether the transaction committed.
 */
MUST_CHECK int db_commit_send(struct db *db, struct err *err);
MUST_CHECK int db_commit_finish(struct db *db, struct err *err);
MUST_CHECK int db_commit(struct db *db, struct err *err); /* both */

/* ---- rows ---- */

/*
 * A table for writing: `columns` lists the columns in order, each with its type: "debt_id uuid, opened_on date". Types: boolean
 * smallint integer bigint date timestamptz uuid text bytea; text also for char(n). A constant.
 */
struct db_table {
	const char *name;
	const char *columns;
	const struct db_columns *list; /* of db_columns.h: further columns, after those of `columns`; NULL: none */
};

/*
 * A set of rows to write; fields in column order. Reused: db_copy_reset keeps its memory. Nothing is sent before db_copy_run or
 * db_write_copy. A struct db_copy must not move in memory while a connection that has written it is open: the connection finds
 * the prepared statement by its address.
 */
struct db_copy {
	struct buf bytes;
	size_t rows;
	uint16_t columns;
	uint16_t fields_left; /* of the row begun last: a row with another number of fields is a bug */
	enum db_array kinds[DB_PARAMS_MAX];
	struct buf copy_sql, insert_sql, insert_name;
	struct db_statement insert;
};

void db_copy_init(struct db_copy *copy, const struct db_table *table, size_t size_max);
void db_copy_release(struct db_copy *copy); /* accepts a zeroed one */
void db_copy_reset(struct db_copy *copy);
void db_copy_row(struct db_copy *copy);
void db_copy_bool(struct db_copy *copy, bool value);
void db_copy_int16(struct db_copy *copy, int16_t value);
void db_copy_int32(struct db_copy *copy, int32_t value);
void db_copy_int64(struct db_copy *copy, int64_t value);
void db_copy_date(struct db_copy *copy, int32_t day);
void db_copy_instant(struct db_copy *copy, int64_t instant_ms);
void db_copy_uuid(struct db_copy *copy, const struct uuid *id);
void db_copy_str(struct db_copy *copy, struct str value); /* text, bytea, char(n) */
void db_copy_null(struct db_copy *copy);

/*
 * Writes the rows by COPY; does nothing without rows. Not inside a pipeline (libpq forbids it). MUST affect exactly copy->rows.
 */
MUST_CHECK int db_copy_run(struct db *db, const struct db_copy *copy, struct err *err);

/* ---- the writes of a transaction, in few round trips ---- */

/*
 *   db_write, db_write_copy ... in any order; db_write_end
 *
 * The writes take effect in this order, and the first failure fails all; db_write_end returns it at the latest, and the caller
 * rolls back. Statements and small sets of rows (as an INSERT of arrays) are sent together as a pipeline; a COPY costs two
 * waits instead. Many rows end the pipeline and go by COPY, which costs the server half as much per row.
 */

/* `rows`: the number it must affect, otherwise ERR_FATAL: another process has written rows of ours. 0: nothing is run. */
#define DB_ROWS_ANY SIZE_MAX
MUST_CHECK int db_write(struct db *db, const struct db_statement *statement, const struct db_params *params, size_t rows,
			struct err *err); /* copies the parameters */
MUST_CHECK int db_write_copy(struct db *db, const struct db_copy *copy,
			     struct err *err); /* its rows are written or in the pipeline */
MUST_CHECK int db_write_end(struct db *db, struct err *err);

#endif
