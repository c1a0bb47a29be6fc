#ifndef DB_DB_ASYNC_H
#define DB_DB_ASYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/db.h"

/*
 * One connection for reads in an event loop: no call ever waits. Statements are queued, sent together by the next db_async_run
 * (one pipeline batch, one system call), and answered by a callback from a later db_async_run. db_async opens the connection
 * itself, and opens it again after a loss.
 *
 *   loop: poll(db_async_fd, db_async_events, at most db_async_wait_ms); ... db_async_ask ...; db_async_run
 *
 * Promises: every caller gets exactly one callback, at the latest timeout_ms afterwards (or at the next run after that), also
 * when the connection is lost or the server silent. A failed statement does not affect the others: those that the server
 * skipped behind it in the batch are sent again. Bounded: waiting_max statements, DB_ASYNC_PARAMS_MAX bytes each.
 *
 * Reads only (default_transaction_read_only): the statements of a batch are one transaction, so a write could be reported as done
 * and then be rolled back by the failure of another statement. libpq may block while it resolves a host name: give an address or
 * a socket.
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
void db_async_free(struct db_async *async); /* accepts NULL; waiting statements get ERR_RETRY */

/*
 * The answer: `result` borrows until the callback returns; NULL after a failure: ERR_RETRY (unreachable, lost, late) or as db.h
 * defines. May ask again.
 */
typedef void db_async_done(void *done_arg, const struct db_result *result, const struct err *failure);

/*
 * Copies the parameters (NULL: none). A statement with an empty name is not prepared: for SQL texts of which there are too many
 * to keep. -1 and no callback: ERR_RETRY (unreachable, or too many waiting), ERR_POISON (parameters too large).
 */
MUST_CHECK int db_async_ask(struct db_async *async, const struct db_statement *statement, const struct db_params *params,
			    db_async_done *done, void *done_arg, struct err *err);

/* Fails all waiting statements with ERR_RETRY; the next run connects again. */
void db_async_give_up(struct db_async *async);

/* Connects, sends, receives, calls back. */
void db_async_run(struct db_async *async);

int db_async_fd(const struct db_async *async);          /* -1: none; changes with the connection: ask before every poll */
short db_async_events(const struct db_async *async);    /* for poll */
int64_t db_async_wait_ms(const struct db_async *async); /* until the next timeout, even if the socket is silent */
bool db_async_is_ready(const struct db_async *async);   /* connected */
bool db_async_is_busy(const struct db_async *async); /* busy: a statement queued now would not run sooner than one queued later */
size_t db_async_waiting(const struct db_async *async);
const char *db_async_trouble(const struct db_async *async); /* the reason of the last outage; "" if there was none */

#endif
