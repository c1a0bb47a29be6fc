#ifndef CONSUMERS_CUSTOMERS_STORE_H
#define CONSUMERS_CUSTOMERS_STORE_H

#include "base/err.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/*
 * The customers module in PostgreSQL (sql/0002_customers.sql). It alone knows the key: names, birth dates and addresses are
 * sealed on their way in, and no rule ever sees one come back.
 */
struct customers_store {
	uint8_t key[32];
	struct slot_loader loader;
	struct db_copy customers;
	struct db_copy points;
	struct db_copy known;
	struct db_copy known_in;
	struct db_params params;
	struct buf list;   /* struct slot *: those to be updated */
	struct buf sealed; /* the text sealed last */
};

/* Once, before the first batch: reads the key from the file that DCS_ADDRESS_KEY_FILE names. */
MUST_CHECK int customers_store_prepare(void *self, struct err *err);

int customers_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err);
int customers_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events, size_t events_count,
		   struct err *err);

#endif
