#ifndef WORKER_LIFE_H
#define WORKER_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"

/*
 * A program's heartbeat: its row in engine.program, written every few seconds over a connection of its own, with the difference
 * between its host's clock and the broker's (bus_skew_ms). The answer has the database's time, which is used until the broker's
 * time is known (bus_note_clock). Only `dcs status` reads the row, so an unreachable database is logged once and tried again
 * later.
 */
struct life {
	const char *conninfo; /* borrows; its user is the program's name */
	struct db *db;
	char host[64];
	int64_t next_ms; /* monotonic */
	bool is_known;   /* the row was written by this process */
	bool is_failing;
	bool is_refused; /* the database is of the other kind of stack */
};

void life_init(struct life *life, const char *conninfo);

/*
 * Call it in every turn of a loop; it writes every LIFE_MS. ERR_FATAL: the program is a live stack's and the database a
 * rehearsal's, or the other way round (worker/stack.h); nothing else is a failure.
 */
#define LIFE_MS 5000
MUST_CHECK int life_sign(struct life *life, struct err *err);

/* A clean end: deletes the row. Accepts a zeroed one. */
void life_end(struct life *life);

#endif
