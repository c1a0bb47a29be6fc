#ifndef CONSUMERS_USERS_STORE_H
#define CONSUMERS_USERS_STORE_H

#include "base/err.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/* The users module in PostgreSQL (sql/0009_users.sql): one table. Credentials and sessions belong to the gateway. */
struct users_store {
	struct slot_loader loader;
	struct db_copy accounts;
	struct db_params params;
	uint8_t hash_key[32];
	struct buf list;  /* struct slot *: the slots to update */
	struct buf scope; /* of a user, as text */
};

/* Once, before the first batch. */
MUST_CHECK int users_store_prepare(void *self, struct err *err);

#endif
