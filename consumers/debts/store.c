#include "consumers/debts/store.h"

#include <string.h>

#include "base/array.h"
#include "base/must.h"
#include "consumers/debts/creditor/store.h"
#include "consumers/debts/debt/store.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/delinquency/store.h"
#include "consumers/debts/dispute/store.h"
#include "consumers/debts/hold/store.h"
#include "consumers/debts/ledger/store.h"
#include "consumers/debts/payment/store.h"
#include "consumers/debts/plan/store.h"
#include "consumers/debts/promise/store.h"
#include "consumers/debts/reference/store.h"
#include "consumers/debts/settlement/store.h"
#include "schemas/debts.h"

/* The order in which the parts load and write: each has its SQL in its own store.c. */

#define COPY_SIZE_MAX   ((size_t)256 << 20)
#define PARAMS_SIZE_MAX ((size_t)256 << 20)
#define LIST_SIZE_MAX   ((size_t)64 << 20)

/* ---- load ---- */

static int load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct debts_store *store = self;
	const struct slot_query queries[] = {
		debt_query,           debt_query_terms,
		payment_query,        promise_query,
		reference_query_debt, reference_query_payment,
		debt_query_customer,  reference_query_acquaintance,
		creditor_query,       portfolio_query,
		debt_policy_query,    hold_query,
		hold_query_of_debt,   plan_query,
		dispute_query,        dispute_query_of_debt,
		settlement_query,     hold_query_pauses,
	};

	return slot_queries_run(&store->loader, db, queries, COUNT(queries), self, slots, count, err);
}

static int read_states(void *self, struct db *db, const struct entity *entity, const struct uuid *below, size_t max,
		       struct arena *arena, struct slot **ret_slots, size_t *ret_count, struct err *err)
{
	MUST(entity == &debt_entity);
	return debt_read_page(self, db, below, max, arena, ret_slots, ret_count, err);
}

/* ---- save ---- */

static bool is_about_debt(const struct event *event)
{
	return strcmp(event->type->aggregate_field->name, "debt_id") == 0;
}

/* What readers see of a debt's last change hangs on its newest entry. The events of a command without an entry are noted in the row. */
static void post_all(struct debts_store *store, struct workset *set, const struct logged_event *events, size_t events_count)
{
	const struct command *posted = NULL;

	db_copy_reset(&store->entries);
	store->has_amendments = false;
	for (size_t index = 0; index < events_count; index++) {
		workset_set_near(set, events[index].slots_first, events[index].slots_count);
		if (ledger_copy(&store->entries, set, &events[index]))
			posted = events[index].event->command;
		else if (events[index].event->command != posted && is_about_debt(events[index].event))
			debt_note_amendment(store, set, &events[index]);
	}
}

/* Rows of their own, beside those of the ledger. */
static void copy_new_row(struct debts_store *store, const struct workset *set, const struct logged_event *logged)
{
	const struct message_type *type = logged->event->type;

	delinquency_copy(&store->delinquencies, logged->event);
	if (type == &debt_created_type)
		debt_copy(&store->debts, set, logged->event);
	else if (type == &creditor_described_type)
		creditor_copy(&store->creditors, logged);
	else if (type == &portfolio_described_type)
		portfolio_copy(&store->portfolios, logged);
	else if (type == &debt_policy_published_type)
		debt_policy_copy(&store->policies, logged);
}

static void copy_new_rows(struct debts_store *store, struct workset *set, const struct logged_event *events, size_t events_count)
{
	db_copy_reset(&store->debts);
	db_copy_reset(&store->delinquencies);
	db_copy_reset(&store->creditors);
	db_copy_reset(&store->portfolios);
	db_copy_reset(&store->policies);
	for (size_t index = 0; index < events_count; index++) {
		workset_set_near(set, events[index].slots_first, events[index].slots_count);
		copy_new_row(store, set, &events[index]);
	}
}

static int run_copies(struct debts_store *store, struct db *db, struct err *err)
{
	if (db_write_copy(db, &store->debts, err) < 0)
		return -1;
	if (db_write_copy(db, &store->entries, err) < 0)
		return -1;
	if (db_write_copy(db, &store->delinquencies, err) < 0)
		return -1;
	if (db_write_copy(db, &store->creditors, err) < 0 || db_write_copy(db, &store->portfolios, err) < 0)
		return -1;
	return db_write_copy(db, &store->policies, err);
}

int debts_store_update(struct debts_store *store, struct db *db, const struct workset *set, const struct debts_update *update,
		       struct err *err)
{
	struct db_params *params = &store->params;
	size_t count;
	struct slot **slots = slots_to_update(&store->list, set, update->entity, &count);

	db_params_reset(params);
	slots_add_ids(params, slots, count);
	slots_add_columns(params, update->version_stored, slots, count);
	slots_add_changed_at(params, slots, count);
	slots_add_columns(params, update->moving, slots, count);
	return db_write(db, db_template_statement(update->template), params, count, err);
}

/*
 * Ledger entries, new debts, and at most two updates. First the entries, in log order: that gives every debt its last entry; then the
 * rows of debts as they are at the end of the batch; one more for those that have aged. An amendment adds a statement before and one after, a
 * promise two in between, and so do a hold, a plan, a settlement and a dispute.
 */
static int save(void *self, struct db *db, const struct workset *set, const struct logged_event *events, size_t events_count,
		struct err *err)
{
	struct debts_store *store = self;
	struct workset near = *set; /* the same states, looked up beside each event */

	if (debts_check(store, set, err) < 0)
		return -1;
	post_all(store, &near, events, events_count);
	copy_new_rows(store, &near, events, events_count);
	if (debt_free_references(store, db, set, err) < 0 || run_copies(store, db, err) < 0 ||
	    debt_update(store, db, set, err) < 0 || debt_update_aged(store, db, set, err) < 0 ||
	    promise_write(store, db, set, events, events_count, err) < 0 ||
	    hold_write(store, db, set, events, events_count, err) < 0 ||
	    plan_write(store, db, set, events, events_count, err) < 0 ||
	    settlement_write(store, db, set, events, events_count, err) < 0 ||
	    dispute_write(store, db, set, events, events_count, err) < 0)
		return -1;
	return debt_write_terms(store, db, set, err);
}

/* ---- the store ---- */

static struct debts_store the_store;

const struct store debts_store = { .load = load, .save = save, .read_states = read_states, .self = &the_store };

int debts_store_prepare(void *self, struct err *err)
{
	struct debts_store *store = self;

	(void)err;
	slot_loader_init(&store->loader);
	db_copy_init(&store->debts, &debt_table, COPY_SIZE_MAX);
	db_copy_init(&store->delinquencies, &delinquency_table, COPY_SIZE_MAX);
	db_copy_init(&store->entries, &ledger_table, COPY_SIZE_MAX);
	db_copy_init(&store->promises, &promise_table, COPY_SIZE_MAX);
	db_copy_init(&store->holds, &hold_table, COPY_SIZE_MAX);
	db_copy_init(&store->plans, &plan_table, COPY_SIZE_MAX);
	db_copy_init(&store->settlements, &settlement_table, COPY_SIZE_MAX);
	db_copy_init(&store->disputes, &dispute_table, COPY_SIZE_MAX);
	db_copy_init(&store->creditors, &creditor_table, COPY_SIZE_MAX);
	db_copy_init(&store->portfolios, &portfolio_table, COPY_SIZE_MAX);
	db_copy_init(&store->policies, &debt_policy_table, COPY_SIZE_MAX);
	db_params_init(&store->params, PARAMS_SIZE_MAX);
	buf_init(&store->list, LIST_SIZE_MAX);
	return 0;
}
