#ifndef TESTS_PEER_DB_H
#define TESTS_PEER_DB_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "peer_bytes.h"
#include "peer_message.h"

/*
 * The peer's database: libpq and nothing between. A batch is one transaction: begin, load, rows collected by the add functions
 * while it is decided, write, commit. Everything is fatal: a process that is started anew goes on from its positions.
 */

/* The state of a debt that the batch touches. */
struct peer_debt {
	struct uuid id;
	int64_t version, version_was;
	int64_t principal_minor, interest_minor, cost_minor, credit_minor;
	unsigned char place[6]; /* ctid */
	char currency[4];
	bool is_there;                           /* found, or created in this batch */
	const struct peer_create_debt *creation; /* NULL: it was there before */
};

struct peer_position {
	int32_t part;
	int64_t next_offset, next_offset_was, log_seq;
	struct uuid highest_id; /* of all command ids so far: a higher one is new */
};

struct peer_db {
	PGconn *pg;
	struct peer_bytes events, entries, payments, debts;
	struct peer_bytes arrays[8];
};

MUST_CHECK int peer_db_open(struct peer_db *db, const char *conninfo, size_t batch_max, struct err *err);
void peer_db_close(struct peer_db *db);

/* Fills in where the partitions stand. */
MUST_CHECK int peer_db_claim(struct peer_db *db, int32_t owner, struct peer_position *positions, size_t count, struct err *err);

MUST_CHECK int peer_db_begin(struct peer_db *db, struct err *err);
/* The debts whose ids are set; what is not found stays as it is. In the order of the ids, pages are read together. */
MUST_CHECK int peer_db_load(struct peer_db *db, struct peer_debt *const *debts, size_t count, struct err *err);
/* Which of these commands have an event. */
MUST_CHECK int peer_db_known(struct peer_db *db, const struct uuid *ids, size_t count, bool *ret_known, struct err *err);

/* An event in the log, and what it books. */
struct peer_row {
	int32_t part;
	enum peer_kind kind;
	int64_t seq, at_ms;
	const struct uuid *command_id;
	const struct peer_event *event;
};

void peer_db_add_event(struct peer_db *db, const struct peer_row *row);
void peer_db_add_entry(struct peer_db *db, const struct peer_row *row);
void peer_db_add_payment(struct peer_db *db, const struct peer_record_payment *payment);

/* The rows that were added, the debts that are new or have changed, the positions that have moved. */
MUST_CHECK int peer_db_write(struct peer_db *db, struct peer_debt *const *debts, size_t debts_count,
			     const struct peer_position *positions, size_t positions_count, struct err *err);
MUST_CHECK int peer_db_commit_send(struct peer_db *db, struct err *err);
MUST_CHECK int peer_db_commit_finish(struct peer_db *db, struct err *err);

#endif
