#ifndef CONSUMERS_CUSTOMERS_STORE_H
#define CONSUMERS_CUSTOMERS_STORE_H

#include "base/err.h"
#include "crypto/seal.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/*
 * The customers module in PostgreSQL (sql/0002_customers.sql): store_load.c reads states; store.c writes new rows and erasures,
 * store_update.c changes. Only the store has the key: it seals names, birth dates and addresses when they are written
 * (store_personal.c). No rule ever reads them.
 */
struct customers_store {
	uint8_t key[32];
	struct slot_loader loader;
	struct db_copy customers;
	struct db_copy points;
	struct db_copy known;
	struct db_copy known_in;
	struct db_params params;
	struct buf list;   /* struct slot *: the slots to update */
	struct buf sealed; /* the text sealed last */
};

/* Once, before the first batch: reads the key from the file that DCS_ADDRESS_KEY_FILE names. */
MUST_CHECK int customers_store_prepare(void *self, struct err *err);

int customers_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err);
int customers_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events, size_t events_count,
		   struct err *err);

/* store_update.c: the rows that a batch changes. */
int customers_update(struct customers_store *store, struct db *db, const struct workset *set, struct err *err);

/* store_personal.c. A sealed text is valid until the next call. */

/*
 * Notes in each customer's state the batch's last name and birth date. Call it before the functions below.
 */
void personal_note(const struct workset *set, const struct logged_event *events, size_t events_count);

struct str personal_seal(struct customers_store *store, const struct seal_place *place, struct str salt, struct str text);

/*
 * The customer's last name or birth date in the batch, sealed for the row's version at the end of the batch. False: the batch
 * does not change it. An empty text: the birth date was cleared.
 */
bool personal_name(struct customers_store *store, const struct slot *slot, struct str *ret_sealed);
bool personal_birth_date(struct customers_store *store, const struct slot *slot, struct str *ret_sealed);

/* Decrypts the text of an earlier version of the row and seals it for this version. ERR_POISON: it cannot be decrypted. */
MUST_CHECK int personal_reseal(struct customers_store *store, const struct seal_place *place, int64_t version_was,
			       struct str salt, struct str *sealed, struct err *err);

#endif
