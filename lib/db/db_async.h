#ifndef DB_DB_ASYNC_H
#define DB_DB_ASYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"

/*
 * One connection for reads in an event loop: nothing here ever waits. Statements are asked, sent together by the next
 * db_async_run (one pipeline batch, one system call), and answered by a callback from within a later db_async_run. It opens the
 * connection by itself, and again after a loss.
 *
 *   loop: poll(db_async_fd, db_async_events, at most db_async_wait_ms); ... db_async_ask ...; db_async_run
 *
 * Promises: who asked is told exactly once, at the latest timeout_ms afterwards (or at the next run after that), also when the
 * connection is lost or the server silent. A statement that fails does not touch the others: those that the server skipped
 * because they stood behind it in the batch are sent again. Bounded: waiting_max statements, DB_ASYNC_PARAMS_MAX bytes each.
 *
 * Reads only (default_transaction_read_only): the statements of a batch are one transaction, so a write could be told done and be
 * undone by its neighbour. Resolving a host name is libpq's and may block: give an address or a socket.
 */
struct db_async;

#define DB_ASYNC_PARAMS_MAX ((size_t)64 * 1024)

struct db_async_conf {
	const char *conninfo; /* as libpq reads it; borrowed, as all texts here */
	const char *application_name;
	int64_t timeout_ms; /* also the server's statement_timeout */
	size_t waiting_max;
};

/* Takes memory, does not connect yet. ERR_FATAL: conninfo cannot be read, no memory. */
MUST_CHECK int db_async_new(const struct db_async_conf *conf, struct db_async **ret_async, struct err *err);
void db_async_free(struct db_async *async); /* accepts NULL; tells those who wait that it is away */

/*
 * The answer: `result` borrows until the callback returns; NULL when it failed: ERR_RETRY (away, lost, late) or as db.h says. May
 * ask again.
 */
typedef void db_async_done(void *done_arg, const struct db_result *result, const struct err *failure);

/*
 * Copies the parameters (NULL: none). A statement with an empty name is not prepared: for texts that are too many to keep. -1 and
 * no callback: ERR_RETRY (away, or too many wait), ERR_POISON (parameters too large).
 */
MUST_CHECK int db_async_ask(struct db_async *async, const struct db_statement *statement, const struct db_params *params,
			    db_async_done *done, void *done_arg, struct err *err);

/* Tells all who wait that it is away; the next run connects again. */
void db_async_give_up(struct db_async *async);

/* Sends, takes what has come, tells; connects. */
void db_async_run(struct db_async *async);

int db_async_fd(const struct db_async *async);          /* -1: none; changes with the connection: ask before every poll */
short db_async_events(const struct db_async *async);    /* for poll */
int64_t db_async_wait_ms(const struct db_async *async); /* until something is due though the socket is silent */
bool db_async_is_ready(const struct db_async *async);   /* connected */
bool db_async_is_busy(const struct db_async *async);    /* has enough to do: what is asked now does not run sooner than later */
size_t db_async_waiting(const struct db_async *async);
const char *db_async_trouble(const struct db_async *async); /* why it was last away; "" when never */

#endif
