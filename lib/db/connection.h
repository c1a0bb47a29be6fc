#ifndef DB_CONNECTION_H
#define DB_CONNECTION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "db/db.h"

/*
 * The inside of a connection, private to the room. libpq runs non-blocking and this room waits itself: if the server neither
 * answers nor closes (it is frozen, or the network fails silently), the connection is marked dead and the process does not hang.
 *
 * States: idle -> pipeline -> idle, idle -> commit sent -> idle, and from any of them to dead (`alive` false), which is final.
 */
#define STATEMENTS_MAX  256 /* a power of two; different statements on one connection stay under 3/4 of it */
#define PENDING_MAX     256 /* answers outstanding in one pipeline */
#define ARRAYS_SIZE_MAX ((size_t)4 << 20)
#define PATIENCE_MS     3000 /* beyond statement_timeout: then the connection counts as lost */

enum prepared_state {
	PREPARED_NOT,
	PREPARED_SENT, /* within a pipeline, not yet answered */
	PREPARED_DONE,
};

struct prepared {
	const struct db_statement *statement; /* NULL: the slot is free */
	enum prepared_state state;
	uint32_t types[DB_PARAMS_MAX];
	size_t types_count;
};

/* The statement that the next answer of a pipeline belongs to. */
struct pending {
	struct prepared *prepared;
	bool is_prepare; /* the answer to PREPARE, not to the statement */
	size_t rows;     /* the rows it must affect; DB_ROWS_ANY */
};

struct db {
	struct arena memory; /* holds this struct */
	PGconn *pg;
	bool alive;
	bool commit_sent;
	int64_t patience_ms; /* longest wait for the server; 0: no limit */
	char sqlstate[6];

	struct prepared prepared[STATEMENTS_MAX]; /* open addressing, by the statement's address */
	size_t prepared_count;

	bool in_pipeline;
	struct pending pending[PENDING_MAX]; /* ring */
	size_t pending_first, pending_count;
	bool pipeline_failed;      /* the server skips the following statements */
	bool pipeline_reported;    /* db_receive has returned the failure */
	struct err pipeline_error; /* the first failure */
	bool is_shared;            /* db_pipeline_begin goes on with it */
	db_first *first;           /* of db_pipeline_share; NULL: called already */
	void *first_arg;

	struct db_params arrays; /* of rows that are inserted */
};

/* ---- opening ---- */

#define CONNECT_OPTIONS_MAX 64

/* The options for libpq: ours first, then those of conninfo, then defaults. Both arrays end with NULL. */
struct connect_options {
	PQconninfoOption *given;
	const char *keywords[CONNECT_OPTIONS_MAX];
	const char *values[CONNECT_OPTIONS_MAX];
	size_t count;
};

MUST_CHECK int connect_options_read(struct connect_options *options, const char *conninfo, struct err *err);
void connect_options_fill(struct connect_options *options, const char *application_name,
			  const char *session);                /* session: "-c name=value ...", NULL: none; borrows both */
void connect_options_release(struct connect_options *options); /* accepts a zeroed one */

int connection_refused(const PGconn *pg, struct err *err); /* ERR_RETRY with libpq's reason */
void connection_ignore_notices(PGconn *pg);

/* ---- at work ---- */

/* Marks the connection dead: ERR_RETRY with this text. */
int connection_lost(struct db *db, const char *why, struct err *err);

/* Every public call that talks to the server starts here: clears the last SQLSTATE, refuses a dead connection. */
MUST_CHECK int connection_ready(struct db *db, struct err *err);

/* Sends everything that libpq has buffered, reading meanwhile, so that the two sides cannot deadlock. */
MUST_CHECK int connection_flush(struct db *db, struct err *err);

/* Waits until the server sends something, and reads it. */
MUST_CHECK int connection_read(struct db *db, struct err *err);

/*
 * The next answer, whole: *ret_result is the server's answer (also an error), and the end mark behind it is consumed. -1 only
 * when there is none because the connection is lost.
 */
MUST_CHECK int connection_answer(struct db *db, PGresult **ret_result, struct err *err);

/*
 * Checks that an answer is a success. If it is not, sets `err` and the SQLSTATE from it, and marks the connection dead when the
 * server has closed it. `what` names the statement.
 */
MUST_CHECK int connection_check(struct db *db, const PGresult *answer, const char *what, struct err *err);

/* The slot of a statement; a new one gets the parameter types. MUST fit the types it was prepared with. */
struct prepared *connection_prepared(struct db *db, const struct db_statement *statement, const struct db_params *params);
MUST_CHECK int connection_prepare(struct db *db, struct prepared *prepared, struct err *err); /* and waits for the answer */
MUST_CHECK int connection_send_prepare(struct db *db, struct prepared *prepared, struct err *err);
MUST_CHECK int connection_send_statement(struct db *db, const struct db_statement *statement, const struct db_params *params,
					 struct err *err);
MUST_CHECK int connection_check_params(const struct db_statement *statement, const struct db_params *params, struct err *err);

/* db_send of a statement that must affect this number of rows. */
MUST_CHECK int pipeline_send(struct db *db, const struct db_statement *statement, const struct db_params *params, size_t rows,
			     struct err *err);

/*
 * The rows collected so far, from the first on; do not call it without rows. A row is its number of fields (16 bits), then the
 * length (32 bits, -1: NULL) and bytes of each field.
 */
const unsigned char *copy_rows(const struct db_copy *copy);

/* Adds a field of a row (its length, then its bytes) to the array begun last; returns the size of both. */
size_t params_add_item(struct db_params *params, const unsigned char *field);

/*
 * Adds a value in PostgreSQL's binary format (size -1: NULL) as the next field of the row, or as the next item of the array. The
 * column or array must be of this kind.
 */
void copy_add_bytes(struct db_copy *copy, enum db_array kind, const void *bytes, int32_t size);
void params_add_bytes(struct db_params *params, enum db_array kind, const void *bytes, int32_t size);

/* By the name of the type in SQL, such as "bigint". */
enum db_array column_type_named(struct str name);
const char *column_type_name(enum db_array type);

/* Rows that a successful statement has inserted, updated ... or returned. */
int64_t connection_affected(PGresult *answer);

/* Gives a successful answer to the caller, or frees it if ret_result is NULL. Takes the answer. */
void connection_hand_over(PGresult *answer, struct db_result *ret_result);

/* Text without parameters, by the simple protocol: transaction control and migrations (there: many statements at once). The first
 * failure counts; its text gets `what` and the line. */
MUST_CHECK int connection_script(struct db *db, const char *sql, const char *what, struct err *err);

#endif
