#ifndef CONSUMERS_DUNNING_STORE_H
#define CONSUMERS_DUNNING_STORE_H

#include "base/zone.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/* The tables of the module, in sets. Memory that lives as long as the program. */
#define DUNNING_TABLES 6

/* Rows of published policies (store_policies.c). */
struct policy_copies {
	struct db_copy changes, versions, steps;
};

struct dunning_store {
	struct slot_loader loader;
	struct db_copy rows[DUNNING_TABLES]; /* new ones */
	struct db_copy step_debts;
	struct policy_copies policies;
	struct db_params params;
	struct buf list;
	struct zones zones; /* the system's, for the local days of persons */
};

int dunning_store_prepare(void *self, struct err *err);

/* store_policies.c. The queries are in an order: a version that the first has found is known to the second. */
#define POLICY_QUERIES_COUNT 3
extern const struct slot_query policy_queries[POLICY_QUERIES_COUNT];
void policy_copies_init(struct policy_copies *copies);
void policy_copies_reset(struct policy_copies *copies);
void copy_policy_published(struct policy_copies *copies, const struct logged_event *logged);
void copy_policy_retired(struct policy_copies *copies, const struct logged_event *logged);
int policy_copies_write(const struct policy_copies *copies, struct db *db, struct err *err);

#endif
