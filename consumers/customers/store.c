#include "consumers/customers/store.h"

#include <stdlib.h>

#include "base/must.h"
#include "consumers/customers/columns.h"
#include "consumers/customers/customers.h"
#include "crypto/crypto.h"
#include "schemas/customers.h"

/* The writes of one batch: three COPYs of new rows, two updates of changed ones (store_update.c), then erasures. */

#define COPY_SIZE_MAX   ((size_t)64 << 20)
#define PARAMS_SIZE_MAX ((size_t)64 << 20)
#define LIST_SIZE_MAX   ((size_t)64 << 20)
#define SEALED_SIZE_MAX 4096

/* ---- new rows ---- */

static const struct db_table table_customers = {
	.name = "customers.customer",
	.columns = "customer_id uuid, external_ref text, kind text, status text, key_salt bytea, full_name_sealed bytea, "
		   "birth_date_sealed bytea, created_at timestamptz, updated_at timestamptz, updated_seq bigint",
	.list = &customer_columns_written,
};

/* The times of creation and of the last change. */
static void copy_dates(struct db_copy *copy, const struct event *event, const struct slot *slot)
{
	db_copy_instant(copy, event->command->now_ms);
	db_copy_instant(copy, slot->changed_at_ms);
}

static void copy_customer(struct customers_store *store, const struct workset *set, const struct event *event)
{
	const struct customer_created *created = event->body;
	const struct slot *slot = workset_changed(set, &customer_entity, &created->customer_id);
	const struct customer *customer = slot->state;
	struct db_copy *copy = &store->customers;
	struct str sealed;
	bool is_said;

	db_copy_row(copy);
	db_copy_uuid(copy, &created->customer_id);
	db_copy_str(copy, created->external_ref);
	db_copy_str(copy, created->kind);
	db_copy_str(copy, STR("active")); // also if the same batch erases the customer: see erase_rows
	db_copy_str(copy, customer_salt(customer));
	is_said = personal_name(store, slot, &sealed);
	MUST(is_said);
	db_copy_str(copy, sealed);
	if (!personal_birth_date(store, slot, &sealed) || sealed.size == 0)
		db_copy_null(copy);
	else
		db_copy_str(copy, sealed);
	copy_dates(copy, event, slot);
	db_copy_int64(copy, slot->changed_seq);
	db_copy_columns(copy, &customer_columns_written, customer);
}

static const struct db_table table_points = {
	.name = "customers.contact_point",
	.columns = "contact_point_id uuid, place text, source text, address_hash bytea, address_sealed bytea, "
		   "address_lookup bytea, created_at timestamptz, "
		   "updated_at timestamptz",
	.list = &contact_point_columns,
};

/* Messages come in from numbers and e-mail addresses only. */
static void copy_lookup(struct customers_store *store, enum channel channel, struct str address)
{
	uint8_t hash[DIGEST_SIZE];

	if (!contact_address_is_answered_from(channel)) {
		db_copy_null(&store->points);
		return;
	}
	address_lookup(hash, address, store->key);
	db_copy_str(&store->points, (struct str){ .data = (const char *)hash, .size = sizeof(hash) });
}

static void copy_point(struct customers_store *store, const struct workset *set, const struct event *event)
{
	const struct contact_point_added *added = event->body;
	const struct add_contact_point *command = event->command->body;
	const struct contact_point *point = workset_changed(set, &contact_point_entity, &added->contact_point_id)->state;
	const struct customer *customer = workset_state(set, &customer_entity, &added->customer_id);
	const struct seal_place place = {
		.column = &sealed_address, .row = added->contact_point_id, .version = point->version, .owner = added->customer_id
	};
	struct db_copy *copy = &store->points;

	MUST(customer != NULL);

	db_copy_row(copy);
	db_copy_uuid(copy, &added->contact_point_id);
	db_copy_str(copy, added->place);
	db_copy_str(copy, added->source);
	db_copy_str(copy, added->address_hash);
	db_copy_str(copy, personal_seal(store, &place, customer_salt(customer), command->address));
	copy_lookup(store, channel_by_name(added->channel), command->address);
	copy_dates(copy, event, workset_find(set, &contact_point_entity, &added->contact_point_id));
	db_copy_columns(copy, &contact_point_columns, point);
}

static const struct db_table table_known = {
	.name = "customers.creditor_customer",
	.columns = "creditor_id uuid, customer_id uuid, created_at timestamptz",
};

static void copy_known(struct db_copy *copy, const struct event *event)
{
	const struct customer_created *created = event->body;

	for (size_t i = 0; i < created->creditor_ids_count; i++) {
		db_copy_row(copy);
		db_copy_uuid(copy, &created->creditor_ids[i]);
		db_copy_uuid(copy, &created->customer_id);
		db_copy_instant(copy, event->command->now_ms);
	}
}

static const struct db_table table_known_in = {
	.name = "customers.portfolio_customer",
	.columns = "portfolio_id uuid, customer_id uuid",
};

static void copy_known_in(struct db_copy *copy, const struct customer_created *created)
{
	for (size_t i = 0; i < created->portfolio_ids_count; i++) {
		db_copy_row(copy);
		db_copy_uuid(copy, &created->portfolio_ids[i]);
		db_copy_uuid(copy, &created->customer_id);
	}
}

static void copy_event(struct customers_store *store, const struct workset *set, const struct event *event)
{
	switch (customers_event(event->type)) {
	case EVENT_CUSTOMER_CREATED:
		copy_customer(store, set, event);
		copy_known(&store->known, event);
		copy_known_in(&store->known_in, event->body);
		return;
	case EVENT_CONTACT_POINT_ADDED:
		copy_point(store, set, event);
		return;
	case EVENT_CUSTOMER_UPDATED: /* these change rows */
	case EVENT_CUSTOMER_ERASED:
	case EVENT_CONTACT_POINT_VERIFIED:
	case EVENT_CONTACT_POINT_INVALIDATED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

static int insert_rows(struct customers_store *store, struct db *db, const struct workset *set, const struct logged_event *events,
		       size_t events_count, struct err *err)
{
	db_copy_reset(&store->customers);
	db_copy_reset(&store->points);
	db_copy_reset(&store->known);
	db_copy_reset(&store->known_in);
	for (size_t index = 0; index < events_count; index++)
		copy_event(store, set, events[index].event);
	if (db_write_copy(db, &store->customers, err) < 0 || db_write_copy(db, &store->known, err) < 0 ||
	    db_write_copy(db, &store->known_in, err) < 0)
		return -1;
	return db_write_copy(db, &store->points, err);
}

/* ---- erasure ---- */

/*
 * Erasure comes after all other writes of the batch, so that data from its other commands is destroyed, too. The salt is
 * decisive: without it, the key of all personal data is gone, also for copies. The sealed columns are cleared in addition.
 */
static const struct db_statement erase_customers = {
	.name = "customers_erase_customers",
	.sql = "UPDATE customers.customer c SET status = 'erased', key_salt = NULL, full_name_sealed = NULL, "
	       "birth_date_sealed = NULL FROM unnest($1::uuid[]) AS u (id) WHERE c.customer_id = u.id",
};

static const struct db_statement erase_points = {
	.name = "customers_erase_points",
	.sql = "UPDATE customers.contact_point p SET state = 'erased', address_hash = NULL, address_sealed = NULL, "
	       "address_lookup = NULL, updated_at = c.updated_at FROM unnest($1::uuid[]) AS u (id) JOIN customers.customer c ON "
	       "c.customer_id = u.id "
	       "WHERE p.customer_id = u.id",
};

/* The first one waits for the batches that write about people meanwhile, and holds off others (sql/0242): so the rest misses nothing. */
static const struct db_statement forget_elsewhere = {
	.name = "customers_forget_elsewhere",
	.sql = "SELECT communications.forget($1::uuid[]), public.dcs_forget_kept($1::uuid[]), "
	       "public.dcs_forget_parked($1::uuid[]), public.dcs_forget_dead_letters($1::uuid[])",
};

/* An erased customer never changes again, so a changed slot with this status was erased in this batch. */
static size_t add_erased(struct db_params *params, struct slot **slots, size_t count)
{
	size_t erased = 0;

	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++) {
		if (((const struct customer *)slots[index]->state)->status != CUSTOMER_ERASED)
			continue;
		db_array_uuid(params, &slots[index]->id);
		erased++;
	}
	return erased;
}

static int erase_rows(struct customers_store *store, struct db *db, const struct workset *set, struct err *err)
{
	size_t count;
	struct slot **slots = slots_changed(&store->list, set, &customer_entity, &count);
	size_t erased = add_erased(&store->params, slots, count);

	if (erased == 0)
		return 0;
	if (db_write(db, &erase_customers, &store->params, erased, err) < 0 ||
	    db_write(db, &erase_points, &store->params, DB_ROWS_ANY, err) < 0)
		return -1;
	return db_write(db, &forget_elsewhere, &store->params, DB_ROWS_ANY, err);
}

static void note_verified(const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct contact_point_verified *event = events[index].event->body;
		struct contact_point *point;

		if (events[index].event->type != &contact_point_verified_type || event->has_number_checked_at)
			continue;
		point = workset_changed(set, &contact_point_entity, &event->contact_point_id)->state;
		point->verified_at_ms = events[index].at_ms;
	}
}

int customers_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events, size_t events_count,
		   struct err *err)
{
	struct customers_store *store = self;

	personal_note(set, events, events_count);
	note_verified(set, events, events_count);
	slots_note_events(set, &customer_entity, events, events_count);
	slots_note_events(set, &contact_point_entity, events, events_count);
	if (insert_rows(store, db, set, events, events_count, err) < 0)
		return -1;
	if (customers_update(store, db, set, err) < 0)
		return -1;
	return erase_rows(store, db, set, err);
}

/* ---- the store ---- */

static struct customers_store the_store;

const struct store customers_store = { .load = customers_load, .save = customers_save, .self = &the_store };

int customers_store_prepare(void *self, struct err *err)
{
	struct customers_store *store = self;
	const char *path = getenv("DCS_ADDRESS_KEY_FILE");

	if (path == NULL)
		return err_set(err, ERR_FATAL,
			       "DCS_ADDRESS_KEY_FILE is not set: it names the file of the key that seals addresses");
	if (key_read(store->key, path, err) < 0)
		return -1;
	slot_loader_init(&store->loader);
	db_copy_init(&store->customers, &table_customers, COPY_SIZE_MAX);
	db_copy_init(&store->points, &table_points, COPY_SIZE_MAX);
	db_copy_init(&store->known, &table_known, COPY_SIZE_MAX);
	db_copy_init(&store->known_in, &table_known_in, COPY_SIZE_MAX);
	db_params_init(&store->params, PARAMS_SIZE_MAX);
	buf_init(&store->list, LIST_SIZE_MAX);
	buf_init(&store->sealed, SEALED_SIZE_MAX);
	return 0;
}
