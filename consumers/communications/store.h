#ifndef CONSUMERS_COMMUNICATIONS_STORE_H
#define CONSUMERS_COMMUNICATIONS_STORE_H

#include "base/err.h"
#include "consumers/communications/communications.h"
#include "db/db.h"
#include "worker/slot_query.h"
#include "worker/store.h"

/*
 * The communications module in PostgreSQL (sql/0004_communications.sql): store_load.c reads states, store_insert.c and store.c
 * write. Only the store has the key: it decrypts the person's name and address for the rules that render texts, and seals
 * rendered texts before they are written.
 */
struct communications_store {
	uint8_t key[32];
	struct zones zones; /* the system's, for the local time of persons */
	struct slot_loader loader;
	struct db_params params;
	struct buf sealed; /* the text sealed last */
	struct db_copy template_versions;
	struct db_copy consents;
	struct db_copy withdrawals;
	struct db_copy decisions;
	struct db_copy communications;
	struct db_copy debts;
	struct db_copy receipts;
	struct db_copy outbox;
	struct db_copy contacts;
	struct db_copy contact_debts;
	struct db_copy circumstances;
	struct db_copy preferences;
	struct db_copy blocked_times;
	struct buf list; /* struct slot *: the slots to update */
};

/* Once, before the first batch: reads the key from the file that DCS_ADDRESS_KEY_FILE names. */
MUST_CHECK int communications_store_prepare(void *self, struct err *err);

int communications_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err);
int communications_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events,
			size_t events_count, struct err *err);

/* store_insert.c: the rows that a batch adds. */
void communications_insert_init(struct communications_store *store);
int communications_insert(struct communications_store *store, struct db *db, const struct workset *set,
			  const struct logged_event *events, size_t events_count, struct err *err);

/* store_facts.c: contacts, circumstances and preferences. */
#define FACT_QUERIES_COUNT 7
extern const struct slot_query fact_queries[FACT_QUERIES_COUNT];
extern const struct db_table table_contacts, table_contact_debts, table_circumstances, table_preferences, table_blocked_times;
void copy_contact(struct communications_store *store, const struct logged_event *logged);
void copy_circumstance(struct communications_store *store, const struct logged_event *logged);
void copy_preference(struct communications_store *store, const struct logged_event *logged);
int communications_end_circumstances(struct communications_store *store, struct db *db, const struct logged_event *events,
				     size_t events_count, struct err *err);

/* The outbox row's state for a communication's state. */
enum outbox_state outbox_state_of(enum communication_state state);

#endif
