#ifndef CONSUMERS_DUNNING_STORE_H
#define CONSUMERS_DUNNING_STORE_H

#include "base/zone.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/* The tables of the module, in sets. Memory that lives as long as the program. */
#define DUNNING_TABLES 5

struct dunning_store {
	struct slot_loader loader;
	struct db_copy rows[DUNNING_TABLES]; /* new ones */
	struct db_copy step_debts;
	struct db_params params;
	struct buf list;
	struct zones zones; /* the system's, for the local days of persons */
};

int dunning_store_prepare(void *self, struct err *err);

#endif
