#include <inttypes.h>

#include "base/must.h"
#include "consumers/debts/debt/columns.h"
#include "consumers/debts/debt/store.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/store.h"
#include "schemas/debts.h"

/*
 * The writes of commands that post nothing, above all AmendDebt: due date, reference, the time of the event.
 *
 * Within a batch, two debts may swap their references, and a new debt may take the old reference of another. The unique index
 * checks each row by itself, in no particular order. So first every changing reference is replaced by a text that no reference
 * can be, then rows are inserted, then each debt gets its final reference.
 */

enum amended { AMENDED_TERMS = 1 << 0, AMENDED_REFERENCE = 1 << 1 };

static const struct db_statement give_up_references = {
	.name = "debts_give_up_references",
	.sql = "UPDATE debts.debt d SET external_ref = chr(1) || d.debt_id "
	       "FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS u (id, version_was, n) "
	       "WHERE d.debt_id = u.id AND d.version = u.version_was RETURNING u.n, d.ctid",
};

static struct db_template update_terms = {
	.name = "debts_update_terms",
	.columns = &debt_columns_amended,
	.sql = "UPDATE debts.debt d SET external_ref = coalesce(u.external_ref, d.external_ref), amended_at = u.amended_at, "
	       "amended_seq = u.amended_seq, {columns = $5} FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::bigint[]) "
	       "WITH ORDINALITY AS u (id, external_ref, amended_at, amended_seq, n) WHERE d.debt_id = u.id",
};

void debt_note_amendment(struct debts_store *store, const struct workset *set, const struct logged_event *logged)
{
	const struct event *event = logged->event;
	const struct uuid *debt_id = message_uuid(event->type->aggregate_field, event->body);
	struct debt *debt = workset_changed(set, &debt_entity, debt_id)->state;

	store->has_amendments = true;
	slot_note_event(set, &debt_entity, debt_id, logged);
	debt->amended |= AMENDED_TERMS;
	if (event->type == &debt_amended_type) {
		const struct debt_amended *amended = event->body;

		if (!str_equal(amended->previous_external_ref, amended->external_ref))
			debt->amended |= AMENDED_REFERENCE;
	}
}

struct str debt_reference_at_end(const struct workset *set, const struct debt_created *created, const struct debt *debt)
{
	const struct debt_terms *terms;

	if (!(debt->amended & AMENDED_REFERENCE))
		return created->external_ref;
	terms = workset_state(set, &debt_terms_entity, &created->debt_id);
	return str_of(terms->external_ref);
}

/* The debts that existed before the batch and have this bit. */
static struct slot **list_amended(struct debts_store *store, const struct workset *set, enum amended bit, size_t *ret_count)
{
	struct slot **slots;
	size_t kept = 0;

	*ret_count = 0;
	if (!store->has_amendments)
		return NULL;
	slots = slots_to_update(&store->list, set, &debt_entity, ret_count);
	for (size_t index = 0; index < *ret_count; index++) {
		if (((const struct debt *)slots[index]->state)->amended & bit)
			slots[kept++] = slots[index];
	}
	*ret_count = kept;
	return slots;
}

/* The update has moved the rows: notes their new locators in the slots. */
static int move_locators(const struct db_result *result, struct slot **slots, size_t count, struct err *err)
{
	if (result->rows != (int)count)
		return err_set(err, ERR_FATAL, "%s found %d of %zu rows as they were loaded", give_up_references.name,
			       result->rows, count);
	for (int row = 0; row < result->rows; row++) {
		struct slot *slot = slots[db_int64(result, row, 0) - 1];

		slot->locator = db_tid(result, row, 1);
		slot->cached = false;
	}
	return 0;
}

int debt_free_references(struct debts_store *store, struct db *db, const struct workset *set, struct err *err)
{
	struct db_result result = { .pg = NULL };
	size_t count;
	struct slot **slots = list_amended(store, set, AMENDED_REFERENCE, &count);
	int rc;

	if (count == 0)
		return 0;
	db_params_reset(&store->params);
	slots_add_ids(&store->params, slots, count);
	slots_add_columns(&store->params, &debt_columns_version_stored, slots, count);
	rc = db_write_end(db, err); /* the answer is needed before the next statement */
	if (rc == 0)
		rc = db_run(db, &give_up_references, &store->params, &result, err);
	if (rc == 0)
		rc = move_locators(&result, slots, count, err);
	db_result_release(&result);
	return rc;
}

/* NULL: unchanged. Then the command need not have read the terms, where the reference is. */
static void add_reference_or_null(struct db_params *params, const struct workset *set, const struct slot *slot)
{
	const struct debt_terms *terms;

	if (!(((const struct debt *)slot->state)->amended & AMENDED_REFERENCE)) {
		db_array_null(params);
		return;
	}
	terms = workset_state(set, &debt_terms_entity, &slot->id);
	db_array_text(params, str_of(terms->external_ref));
}

int debt_write_terms(struct debts_store *store, struct db *db, const struct workset *set, struct err *err)
{
	size_t count;
	struct slot **slots = list_amended(store, set, AMENDED_TERMS, &count);

	if (count == 0)
		return 0;
	db_params_reset(&store->params);
	slots_add_ids(&store->params, slots, count);
	db_array_begin(&store->params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		add_reference_or_null(&store->params, set, slots[index]);
	slots_add_changed_at(&store->params, slots, count);
	slots_add_changed_seq(&store->params, slots, count);
	slots_add_columns(&store->params, &debt_columns_amended, slots, count);
	return db_write(db, db_template_statement(&update_terms), &store->params, count, err);
}
