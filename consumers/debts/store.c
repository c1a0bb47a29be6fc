#include "consumers/debts/store.h"

#include <stdlib.h>

#include "base/must.h"
#include "consumers/debts/debt/columns.h"
#include "consumers/debts/debt/store.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/ledger/store.h"
#include "consumers/debts/payment/store.h"
#include "consumers/debts/reference/store.h"
#include "schemas/debts.h"

/*
 * The writes of one batch: ledger entries, new debts, new payments, and at most three updates. First the entries in log order,
 * which determine the last entry of every debt; then the rows of debts and payments as they are at the end of the batch.
 */

#define COPY_SIZE_MAX   ((size_t)256 << 20)
#define PARAMS_SIZE_MAX ((size_t)256 << 20)
#define LIST_SIZE_MAX   ((size_t)64 << 20)

/* ---- load ---- */

int debts_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct debts_store *store = self;
	const struct slot_query queries[] = {
		debt_query,
		debt_query_terms,
		payment_query,
		reference_query_debt,
		reference_query_payment,
		debt_query_customer,
		reference_query_acquaintance,
	};

	return slot_queries_run(&store->loader, db, queries, sizeof(queries) / sizeof(queries[0]), self, slots, count, err);
}

static void post_all(struct debts_store *store, const struct workset *set, const struct logged_event *events, size_t events_count)
{
	db_copy_reset(&store->entries);
	store->has_amendments = false;
	for (size_t index = 0; index < events_count; index++) {
		ledger_copy(&store->entries, set, &events[index]);
		if (events[index].event->type == &debt_amended_type)
			debt_note_amendment(store, set, &events[index]);
	}
}

/* ---- new rows ---- */

static const struct db_table table_debts = {
	.name = "debts.debt",
	.columns = "debt_id uuid, external_ref text, original_creditor_id uuid, created_at timestamptz, amended_at timestamptz, "
		   "amended_seq bigint",
	.list = &debt_columns,
};

/* The time and the event of the debt's last amendment, which are not in the ledger. */
static void copy_amendment(struct db_copy *copy, const struct slot *slot)
{
	if (slot->changed_seq == 0) {
		db_copy_null(copy);
		db_copy_null(copy);
		return;
	}
	db_copy_instant(copy, slot->changed_at_ms);
	db_copy_int64(copy, slot->changed_seq);
}

static void copy_debt(struct db_copy *copy, const struct workset *set, const struct event *event)
{
	const struct debt_created *created = event->body;
	const struct create_debt *command = event->command->body;
	const struct debt *debt = slot_changed(set, &debt_entity, &created->debt_id)->state;

	MUST(event->command->type == &create_debt_type);
	db_copy_row(copy);
	db_copy_uuid(copy, &created->debt_id);
	db_copy_str(copy, debt_reference_at_end(set, created, debt));
	if (command->has_original_creditor_id)
		db_copy_uuid(copy, &command->original_creditor_id);
	else
		db_copy_null(copy);
	db_copy_instant(copy, event->command->now_ms);
	copy_amendment(copy, workset_find(set, &debt_entity, &created->debt_id));
	db_copy_columns(copy, &debt_columns, debt);
}

static void copy_new_row(struct debts_store *store, const struct workset *set, const struct logged_event *logged)
{
	switch (debts_event(logged->event->type)) {
	case EVENT_DEBT_CREATED:
		copy_debt(&store->debts, set, logged->event);
		return;
	case EVENT_PAYMENT_RECORDED:
		payment_copy(&store->payments, set, logged);
		return;
	case EVENT_PAYMENT_REVERSED: /* these change rows */
	case EVENT_DEBT_PAID:
	case EVENT_DEBT_REOPENED:
	case EVENT_CREDIT_APPLIED:
	case EVENT_DEBT_AMENDED:
	case EVENT_DEBT_CANCELLED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

static void copy_new_rows(struct debts_store *store, const struct workset *set, const struct logged_event *events,
			  size_t events_count)
{
	db_copy_reset(&store->debts);
	db_copy_reset(&store->payments);
	for (size_t index = 0; index < events_count; index++)
		copy_new_row(store, set, &events[index]);
}

static int run_copies(struct debts_store *store, struct db *db, struct err *err)
{
	if (db_write_copy(db, &store->debts, err) < 0)
		return -1;
	if (db_write_copy(db, &store->entries, err) < 0)
		return -1;
	return db_write_copy(db, &store->payments, err);
}

/* ---- changed rows ---- */

/* Finds a row at its loaded location and with its loaded version only: then no other transaction has written it. */
static struct db_template update_debts = {
	.name = "debts_update_debts",
	.columns = &debt_columns_posted,
	.sql = "UPDATE debts.debt d SET {columns = $4} FROM generate_series(1, cardinality($1::tid[])) AS u (n) "
	       "WHERE d.ctid = ($1::tid[])[n] AND d.debt_id = ($2::uuid[])[n] AND d.version = ($3::bigint[])[n]",
};

/*
 * The columns that only a reversal changes, for the few debts with a reversal. It runs after update_debts, which moves the rows,
 * and finds them by id.
 */
static struct db_template update_credit_used = {
	.name = "debts_update_credit_used",
	.columns = &debt_columns_credit_used,
	.sql = "UPDATE debts.debt d SET {columns = $2} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) WHERE d.debt_id = "
	       "u.id",
};

static void add_debts(struct db_params *params, struct slot **slots, size_t count)
{
	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_TID);
	for (size_t index = 0; index < count; index++) {
		const struct debt *debt = slots[index]->state;

		MUST(debt->entries_stored == debt->entries);
		db_array_tid(params, slots[index]->locator);
	}
	slots_add_ids(params, slots, count);
	slots_add_columns(params, &debt_columns_version_stored, slots, count);
	slots_add_columns(params, &debt_columns_posted, slots, count);
}

/* Moves the few changed debts whose credit was used to the front of the list; returns their number. */
static size_t keep_credit_used(struct slot **slots, size_t count)
{
	size_t kept = 0;

	for (size_t index = 0; index < count; index++) {
		if (((const struct debt *)slots[index]->state)->is_credit_used)
			slots[kept++] = slots[index];
	}
	return kept;
}

/* By location, so that rows are updated page by page. */
static int compare_locators(const void *a, const void *b)
{
	struct slot *const *first = a;
	struct slot *const *second = b;

	return ((*first)->locator > (*second)->locator) - ((*first)->locator < (*second)->locator);
}

static int run_updates(struct debts_store *store, struct db *db, const struct workset *set, struct err *err)
{
	struct db_params *params = &store->params;
	size_t count;
	struct slot **slots = slots_to_update(&store->list, set, &debt_entity, &count);

	if (count > 1)
		qsort(slots, count, sizeof(*slots), compare_locators);
	add_debts(params, slots, count);
	if (db_write(db, db_template_statement(&update_debts), params, count, err) < 0)
		return -1;

	count = keep_credit_used(slots, count);
	db_params_reset(params);
	slots_add_ids(params, slots, count);
	slots_add_columns(params, &debt_columns_credit_used, slots, count);
	if (db_write(db, db_template_statement(&update_credit_used), params, count, err) < 0)
		return -1;

	return payment_update(store, db, set, err);
}

int debts_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events, size_t events_count,
	       struct err *err)
{
	struct debts_store *store = self;

	post_all(store, set, events, events_count);
	copy_new_rows(store, set, events, events_count);
	if (debt_free_references(store, db, set, err) < 0 || run_copies(store, db, err) < 0 ||
	    run_updates(store, db, set, err) < 0)
		return -1;
	return debt_write_terms(store, db, set, err);
}

/* ---- the store ---- */

static struct debts_store the_store;

const struct store debts_store = { .load = debts_load, .save = debts_save, .self = &the_store };

int debts_store_prepare(void *self, struct err *err)
{
	struct debts_store *store = self;

	(void)err;
	slot_loader_init(&store->loader);
	db_copy_init(&store->debts, &table_debts, COPY_SIZE_MAX);
	db_copy_init(&store->entries, &ledger_table, COPY_SIZE_MAX);
	db_copy_init(&store->payments, &payment_table, COPY_SIZE_MAX);
	db_params_init(&store->params, PARAMS_SIZE_MAX);
	buf_init(&store->list, LIST_SIZE_MAX);
	return 0;
}
