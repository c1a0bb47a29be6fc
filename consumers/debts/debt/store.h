#ifndef DEBTS_DEBT_STORE_H
#define DEBTS_DEBT_STORE_H

#include "base/str.h"
#include "worker/slot_query.h"

/* Debts in debts.debt: store.c loads, inserts and updates them, store_change.c writes what an amendment changes. */
struct debt;
struct debt_created;
struct debts_store;

/* A debt; its terms; the customer of a new debt. */
extern const struct slot_query debt_query, debt_query_terms, debt_query_customer;

/* As read_states of worker/store.h. */
MUST_CHECK int debt_read_page(struct debts_store *store, struct db *db, const struct uuid *below, size_t max, struct arena *arena,
			      struct slot **ret_slots, size_t *ret_count, struct err *err);

/* Also notes whether the batch may have promises or holds to write. ERR_POISON: a changed debt would break a rule of its row, by a bug of ours; its command is found and parked. */
MUST_CHECK int debts_check(struct debts_store *store, const struct workset *set, struct err *err);

/* The row of a DebtCreated. */
extern const struct db_table debt_table;
void debt_copy(struct db_copy *copy, const struct workset *set, const struct event *event);

/* What entries have changed, in at most two statements. */
MUST_CHECK int debt_update(struct debts_store *store, struct db *db, const struct workset *set, struct err *err);

/* What the batch has changed in the ageing of debts; behind debt_update, which moves the rows. */
MUST_CHECK int debt_update_aged(struct debts_store *store, struct db *db, const struct workset *set, struct err *err);

/* ---- store_change.c, in the order in which a batch calls them ---- */

void debt_note_amendment(struct debts_store *store, const struct workset *set, const struct logged_event *logged);
struct str debt_reference_at_end(const struct workset *set, const struct debt_created *created, const struct debt *debt);
MUST_CHECK int debt_free_references(struct debts_store *store, struct db *db, const struct workset *set, struct err *err);
MUST_CHECK int debt_write_terms(struct debts_store *store, struct db *db, const struct workset *set, struct err *err);

#endif
