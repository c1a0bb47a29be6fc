#ifndef CONSUMERS_COMMUNICATIONS_STORE_H
#define CONSUMERS_COMMUNICATIONS_STORE_H

#include "base/err.h"
#include "consumers/communications/communications.h"
#include "db/db.h"
#include "model/sealed.h"
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
	struct db_copy profile_versions;
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
	struct db_copy inbound;
	struct db_copy unknown_inbound;
	struct buf list;     /* struct slot *: the slots to update */
	struct buf released; /* struct waited: the messages that were released after they waited */
};

/* Once, before the first batch: reads the key from the file that DCS_ADDRESS_KEY_FILE names. */
MUST_CHECK int communications_store_prepare(void *self, struct err *err);

/*
 * For who only loads: a zeroed store, with the key and the profiles of DCS_PROFILES. The gateway does, which asks the guard
 * (contactability.h).
 */
MUST_CHECK int communications_load_prepare(struct communications_store *store, const uint8_t key[32], struct err *err);

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

/* store_profiles.c: published compliance profiles. */
#define PROFILE_QUERIES_COUNT 2
extern const struct slot_query profile_queries[PROFILE_QUERIES_COUNT];
extern const struct db_table table_profile_versions;
void copy_profile_version(struct communications_store *store, const struct logged_event *logged);

/* store_release.c: what the rows of messages get that have waited and are released. */
int communications_release(struct communications_store *store, struct db *db, const struct workset *set,
			   const struct logged_event *events, size_t events_count, struct err *err);

/*
 * Texts sealed for a row of the outbox, with its person's key: begin, then each; the text stands until the next. The person is
 * loaded.
 */
struct message_seal {
	struct uuid communication_id, customer_id;
	uint8_t key[32];
};
void message_seal_begin(struct message_seal *seal, const struct communications_store *store, const struct workset *set,
			const struct uuid *communication_id, const struct uuid *customer_id);
struct str message_seal(const struct message_seal *seal, struct communications_store *store, const struct sealed_column *column,
			struct str text);
void message_seal_end(struct message_seal *seal);

/* The outbox row's state for a communication's state. */
enum outbox_state outbox_state_of(enum communication_state state);

#endif
