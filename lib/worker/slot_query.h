#ifndef WORKER_SLOT_QUERY_H
#define WORKER_SLOT_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "db/db.h"
#include "db/db_columns.h"
#include "model/workset.h"
#include "worker/store.h"

/*
 * Loading and saving slots in sets.
 *
 * Loading: the common part of every store's `load`. A table has, per entity, a query for many slots at once and a function that
 * reads one row; slot_queries_run sorts the slots of a batch into these queries and runs them in one round trip.
 *
 * The statement takes arrays with an item for each slot and answers, in any order, rows whose first column is the item's number
 * (bigint, from 1): `SELECT u.n, ... FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) CROSS JOIN LATERAL (SELECT * FROM a_table t
 * WHERE t.id = u.id OFFSET 0) a`. A slot without a row does not exist. Several rows for one slot are read one after the other. LATERAL
 * with OFFSET 0 makes the planner look each key up. With a plain JOIN a plan of the time when the table was empty compares each key with
 * each row: the first payments after an import of debts cost 800 ms a batch.
 */
struct slot_query {
	const struct entity *entity;
	const struct db_statement *statement;

	/* Adds the parameters. NULL: one array, the ids. */
	void (*ask)(void *self, struct db_params *params, struct slot **slots, size_t count);

	/*
	 * Reads a row into the slot's state; `exists` and `stored` are set already. NULL: only the existence of the row matters.
	 */
	int (*read)(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err);

	/*
	 * In place of `statement`. The template's columns are read into the slot's state before `read` is called; they must be
	 * the last columns selected.
	 */
	struct db_template *template;
};

#define SLOT_QUERIES_MAX 32

/* Buffers that live as long as the store. */
struct slot_loader {
	struct buf lists[SLOT_QUERIES_MAX]; /* struct slot *, per query */
	struct db_params params;
};

void slot_loader_init(struct slot_loader *loader);
void slot_loader_release(struct slot_loader *loader);

/* Fills all slots given. An entity may have several queries, which then run in the table's order. A slot whose entity has none is
 * a bug. */
MUST_CHECK int slot_queries_run(struct slot_loader *loader, struct db *db, const struct slot_query *queries, size_t queries_count,
				void *self, struct slot **slots, size_t count, struct err *err);

/* ---- saving ---- */

/* The slots of an entity that evolve has changed: all, or those that had a row when they were loaded. The list is made in `list`
 * (struct slot *) and is valid until its next use. */
struct slot **slots_changed(struct buf *list, const struct workset *set, const struct entity *entity, size_t *ret_count);
struct slot **slots_to_update(struct buf *list, const struct workset *set, const struct entity *entity, size_t *ret_count);

/* Adds one array: the slots' ids. */
void slots_add_ids(struct db_params *params, struct slot **slots, size_t count);

/* Adds an array for each column, of the slots' states. */
void slots_add_columns(struct db_params *params, const struct db_columns *columns, struct slot **slots, size_t count);

/*
 * A row was last changed at the time of the last event about it. Notes time and number (seq) of that event in each changed slot
 * of the entity. Only events of the slot's own aggregate with a version count; others (a login, a verdict of the guard) do not.
 * Both are as in the log, the time to the millisecond; `dcs verify` compares them.
 */
void slots_note_events(const struct workset *set, const struct entity *entity, const struct logged_event *events,
		       size_t events_count);
void slot_note_event(const struct workset *set, const struct entity *entity, const struct uuid *id,
		     const struct logged_event *logged); /* the same for one slot, and an event of another aggregate */

/* Adds one array: the noted times (the noted numbers). */
void slots_add_changed_at(struct db_params *params, struct slot **slots, size_t count);
void slots_add_changed_seq(struct db_params *params, struct slot **slots, size_t count);

#endif
