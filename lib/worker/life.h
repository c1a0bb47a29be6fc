#ifndef WORKER_LIFE_H
#define WORKER_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/db.h"

/*
 * A program's sign of life: its row in engine.program, written every few seconds over a connection of its own, with how its
 * host's clock stands to the broker's (bus_skew_ms). The answer tells the database's time, which counts until the broker's is known
 * (bus_note_clock). Nothing else depends on it but who looks (`dcs status`): a database that is away
 * is logged once, and tried again later.
 */
struct life {
	const char *conninfo; /* borrows; with the user: that is the program's name */
	struct db *db;
	char host[64];
	int64_t next_ms; /* monotonic */
	bool is_known;   /* the row was written by this process */
	bool is_failing;
};

void life_init(struct life *life, const char *conninfo);

/* To be called in every turn of a loop; does something every LIFE_MS only. */
#define LIFE_MS 5000
void life_sign(struct life *life);

/* The program ends as it should: its row goes. Accepts a zeroed one. */
void life_end(struct life *life);

#endif
