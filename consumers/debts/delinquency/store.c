#include "consumers/debts/delinquency/store.h"

#include "consumers/debts/debt/columns.h"
#include "consumers/debts/delinquency/columns.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/store.h"

const struct db_table delinquency_table = {
	.name = "debts.delinquency",
	.columns = "debt_id uuid",
	.list = &bucket_entry_columns,
};

void delinquency_copy(struct db_copy *copy, const struct event *event)
{
	struct bucket_entry entry;
	struct uuid debt_id;

	if (!bucket_entry_of(event, &debt_id, &entry))
		return;
	db_copy_row(copy);
	db_copy_uuid(copy, &debt_id);
	db_copy_columns(copy, &bucket_entry_columns, &entry);
}

/* For the few debts of a batch that have entered a bucket, or whose pauses have changed. */
static struct db_template update_aged = {
	.name = "debts_update_aged",
	.columns = &debt_columns_aged,
	.sql = "UPDATE debts.debt d SET {columns = $2} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) WHERE d.debt_id = "
	       "u.id",
};

int delinquency_write(struct debts_store *store, struct db *db, const struct workset *set, struct err *err)
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
