#ifndef CONSUMERS_DEBTS_STORE_H
#define CONSUMERS_DEBTS_STORE_H

#include "base/err.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/*
 * The debts module in PostgreSQL (sql/0003_debts.sql): the parts load, store.c writes debts, store_change.c what amendments change.
 */

struct debt;
struct debt_created;

struct debts_store {
	struct slot_loader loader;
	struct db_copy debts;
	struct db_copy entries;
	struct db_copy payments;
	struct db_params params;
	struct buf list;     /* struct slot *: the slots to update */
	bool has_amendments; /* whether the current batch has amendments; few have */
};

/* Initialises the buffers of `debts_store`: once, before the first batch. */
MUST_CHECK int debts_store_prepare(void *self, struct err *err);

int debts_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err);
int debts_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events, size_t events_count,
	       struct err *err);

/* store_change.c, in the order in which debts_save calls them. */
void debt_note_amendment(struct debts_store *store, const struct workset *set, const struct logged_event *logged);
struct str debt_reference_at_end(const struct workset *set, const struct debt_created *created, const struct debt *debt);
MUST_CHECK int debt_free_references(struct debts_store *store, struct db *db, const struct workset *set, struct err *err);
MUST_CHECK int debt_write_terms(struct debts_store *store, struct db *db, const struct workset *set, struct err *err);

#endif
