#include "consumers/debts/debt/store.h"

#include <stdlib.h>

#include "base/must.h"
#include "consumers/debts/debt/columns.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/store.h"
#include "model/holidays.h"
#include "schemas/debts.h"

/* ---- load ---- */

static struct db_template select_debts = {
	.name = "debts_select_debts",
	.columns = &debt_columns,
	.sql = "SELECT u.n, d.place, {d.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT t.ctid AS place, t.* FROM debts.debt t WHERE t.debt_id = u.id OFFSET 0) d",
};

static int read_debt(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct debt *debt = slot->state;

	(void)self;
	(void)err;
	slot->locator = db_tid(result, row, 1);
	debt_refresh(debt);
	MUST(debt->lifecycle > LIFECYCLE_NONE);
	MUST(debt->lifecycle < LIFECYCLE_COUNT);
	return 0;
}

const struct slot_query debt_query = { .entity = &debt_entity, .template = &select_debts, .read = read_debt };

/* A page for the engine's memory: of all partitions, so that the number of rows that are read is bounded. */
static struct db_template select_page = {
	.name = "debts_select_page",
	.columns = &debt_columns,
	.sql = "SELECT d.debt_id, {d.columns} FROM debts.debt d WHERE d.debt_id < $1 ORDER BY d.debt_id DESC LIMIT $2",
};

static int read_page(const struct db_result *result, struct arena *arena, struct slot **ret_slots, size_t *ret_count)
{
	struct slot *slots = arena_take(arena, (size_t)result->rows, sizeof(*slots));
	struct debt *debts = arena_take(arena, (size_t)result->rows, sizeof(*debts));

	if (!slots || !debts)
		return -1;
	for (int row = 0; row < result->rows; row++) {
		db_columns_read(&debt_columns, result, row, 1, &debts[row]);
		debt_refresh(&debts[row]);
		slots[row] = (struct slot){ .entity = &debt_entity,
					    .id = db_uuid(result, row, 0),
					    .loaded = true,
					    .exists = true,
					    .stored = true,
					    .state = &debts[row] };
	}
	*ret_slots = slots;
	*ret_count = (size_t)result->rows;
	return 0;
}

int debt_read_page(struct debts_store *store, struct db *db, const struct uuid *below, size_t max, struct arena *arena,
		   struct slot **ret_slots, size_t *ret_count, struct err *err)
{
	struct db_params *params = &store->params;
	struct db_result result = { 0 };
	int rc;

	db_params_reset(params);
	db_param_uuid(params, below);
	db_param_int64(params, (int64_t)max);
	if (db_run(db, db_template_statement(&select_page), params, &result, err) < 0)
		return -1;
	rc = read_page(&result, arena, ret_slots, ret_count);
	db_result_release(&result);
	return rc == 0 ? 0 : err_set(err, ERR_FATAL, "a page of states does not fit into its arena");
}

/*
 * For rare commands: the charges are summed from the ledger and are no column of the debt, so that no row changes its size for
 * them.
 */
static const struct db_statement select_terms = {
	.name = "debts_select_terms",
	.sql = "SELECT u.n, (SELECT -coalesce(sum(e.contra_minor), 0)::bigint FROM debts.ledger_of(d.debt_id) e "
	       "WHERE e.contra IN ('CREDITOR_CLAIM', 'FEE_INCOME', 'WAIVER')), d.opened_on, d.external_ref "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) JOIN debts.debt d ON d.debt_id = u.id",
};

static int read_terms(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct debt_terms *terms = slot->state;

	(void)self;
	terms->charged_minor = db_int64(result, row, 1);
	terms->opened_on = db_date(result, row, 2);
	if (!str_to_chars(terms->external_ref, sizeof(terms->external_ref), db_str(result, row, 3)))
		return err_set(err, ERR_POISON, "a debt's reference is longer than any command's");
	return 0;
}

const struct slot_query debt_query_terms = { .entity = &debt_terms_entity, .statement = &select_terms, .read = read_terms };

/* Of another module: a debt is made for an active customer, and a promise by one, whose country has its holidays. */
static const struct db_statement select_customers = {
	.name = "debts_select_customers",
	.sql = "SELECT u.n, c.status = 'active', c.country FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM customers.public_customer t WHERE t.customer_id = u.id OFFSET 0) c",
};

static int read_customer(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct debts_customer *customer = slot->state;

	(void)self;
	(void)err;
	customer->is_active = db_bool(result, row, 1) ? 1 : 0;
	customer->holidays = holidays_of(db_is_null(result, row, 2) ? STR("") : db_str(result, row, 2));
	return 0;
}

const struct slot_query debt_query_customer = {
	.entity = &debts_customer_entity,
	.statement = &select_customers,
	.read = read_customer,
};

/* What the table does not check. */
static bool is_sound(const struct debt *debt)
{
	return debt->version > 0 && !balances_are_negative(&debt->balances) && !balances_are_negative(&debt->credit_used) &&
	       (debt->balances.minor[ACCOUNT_CREDIT] == 0 || balances_owed(&debt->balances) == 0);
}

int debts_check(struct debts_store *store, const struct workset *set, struct err *err)
{
	store->has_aged = false;
	store->has_promises = store->has_holds = store->has_plans = store->has_settlements = store->has_disputes = false;
	for (size_t i = 0; i < set->slots_count; i++) {
		const struct slot *slot = set->slots[i];
		const struct debt *debt = slot->state;

		if (!slot->changed)
			continue;
		store->has_promises |= slot->entity == &promise_entity;
		store->has_plans |= slot->entity == &plan_entity;
		store->has_holds |= slot->entity == &hold_entity;
		store->has_settlements |= slot->entity == &settlement_entity;
		store->has_disputes |= slot->entity == &dispute_entity;
		if (slot->entity != &debt_entity)
			continue;
		store->has_aged |= debt->is_aged != 0;
		if (!is_sound(debt))
			return err_set(err, ERR_POISON, "a debt would break a rule of its row");
	}
	return 0;
}

/* ---- new rows ---- */

const struct db_table debt_table = {
	.name = "debts.debt",
	.columns = "debt_id uuid, external_ref text, original_creditor_id uuid, allocation_policy_id uuid, "
		   "allocation_policy_version bigint, created_at timestamptz, amended_at timestamptz, "
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

void debt_copy(struct db_copy *copy, const struct workset *set, const struct event *event)
{
	const struct debt_created *created = event->body;
	const struct create_debt *command = event->command->body;
	const struct slot *slot = workset_changed(set, &debt_entity, &created->debt_id);
	const struct debt *debt = slot->state;

	MUST(event->command->type == &create_debt_type);
	db_copy_row(copy);
	db_copy_uuid(copy, &created->debt_id);
	db_copy_str(copy, debt_reference_at_end(set, created, debt));
	if (command->has_original_creditor_id)
		db_copy_uuid(copy, &command->original_creditor_id);
	else
		db_copy_null(copy);
	if (created->has_allocation_policy_id) {
		db_copy_uuid(copy, &created->allocation_policy_id);
		db_copy_int64(copy, created->allocation_policy_version);
	} else {
		db_copy_null(copy);
		db_copy_null(copy);
	}
	db_copy_instant(copy, event->command->now_ms);
	copy_amendment(copy, slot);
	db_copy_columns(copy, &debt_columns, debt);
}

/* ---- changed rows ---- */

/* Finds a row at its loaded location and with its loaded version only: then no other transaction has written it. */
static struct db_template update_debts = {
	.name = "debts_update_debts",
	.columns = &debt_columns_posted,
	.sql = "UPDATE debts.debt d SET {columns = $4} FROM generate_series(1, cardinality($1::tid[])) AS u (n) "
	       "WHERE d.ctid = ($1::tid[])[n] AND d.debt_id = ($2::uuid[])[n] AND d.version = ($3::bigint[])[n]",
};

/* The same for states that were in memory, whose location is not known. */
static struct db_template update_cached = {
	.name = "debts_update_cached",
	.columns = &debt_columns_posted,
	.sql = "UPDATE debts.debt d SET {columns = $3} FROM generate_series(1, cardinality($1::uuid[])) AS u (n) "
	       "WHERE d.debt_id = ($1::uuid[])[n] AND d.version = ($2::bigint[])[n]",
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

static void add_states(struct db_params *params, struct slot **slots, size_t count)
{
	slots_add_ids(params, slots, count);
	slots_add_columns(params, &debt_columns_version_stored, slots, count);
	slots_add_columns(params, &debt_columns_posted, slots, count);
}

static void add_locators(struct db_params *params, struct slot **slots, size_t count)
{
	db_array_begin(params, DB_ARRAY_TID);
	for (size_t index = 0; index < count; index++)
		db_array_tid(params, slots[index]->locator);
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

/* Those that were in memory first, by id; the others by location, so that rows are updated page by page. */
static int compare_places(const void *a, const void *b)
{
	struct slot *const *first = a;
	struct slot *const *second = b;

	if ((*first)->locator != (*second)->locator)
		return (*first)->locator > (*second)->locator ? 1 : -1;
	return uuid_compare(&(*first)->id, &(*second)->id);
}

static size_t sort_by_place(struct slot **slots, size_t count)
{
	size_t cached = 0;

	if (count > 1)
		qsort(slots, count, sizeof(*slots), compare_places);
	while (cached < count && slots[cached]->cached)
		cached++;
	return cached;
}

static int update_posted(struct debts_store *store, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct db_params *params = &store->params;
	size_t cached = sort_by_place(slots, count);

	for (size_t index = 0; index < count; index++) {
		const struct debt *debt = slots[index]->state;

		MUST(debt->entries_stored == debt->entries);
	}
	db_params_reset(params);
	add_states(params, slots, cached);
	if (db_write(db, db_template_statement(&update_cached), params, cached, err) < 0)
		return -1;
	db_params_reset(params);
	add_locators(params, slots + cached, count - cached);
	add_states(params, slots + cached, count - cached);
	return db_write(db, db_template_statement(&update_debts), params, count - cached, err);
}

int debt_update(struct debts_store *store, struct db *db, const struct workset *set, struct err *err)
{
	struct db_params *params = &store->params;
	size_t count;
	struct slot **slots = slots_to_update(&store->list, set, &debt_entity, &count);

	if (update_posted(store, db, slots, count, err) < 0)
		return -1;
	count = keep_credit_used(slots, count);
	db_params_reset(params);
	slots_add_ids(params, slots, count);
	slots_add_columns(params, &debt_columns_credit_used, slots, count);
	return db_write(db, db_template_statement(&update_credit_used), params, count, err);
}

/* For the few debts of a batch that have entered a bucket, or whose pauses have changed. */
static struct db_template update_aged = {
	.name = "debts_update_aged",
	.columns = &debt_columns_aged,
	.sql = "UPDATE debts.debt d SET {columns = $2} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) WHERE d.debt_id = "
	       "u.id",
};

int debt_update_aged(struct debts_store *store, struct db *db, const struct workset *set, struct err *err)
{
	struct db_params *params = &store->params;
	struct slot **slots;
	size_t count, kept = 0;

	if (!store->has_aged)
		return 0;
	slots = slots_to_update(&store->list, set, &debt_entity, &count);
	for (size_t index = 0; index < count; index++) {
		if (((const struct debt *)slots[index]->state)->is_aged)
			slots[kept++] = slots[index];
	}
	db_params_reset(params);
	slots_add_ids(params, slots, kept);
	slots_add_columns(params, &debt_columns_aged, slots, kept);
	return db_write(db, db_template_statement(&update_aged), params, kept, err);
}
