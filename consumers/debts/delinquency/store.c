#include "consumers/debts/delinquency/store.h"

#include "consumers/debts/delinquency/columns.h"
#include "consumers/debts/delinquency/delinquency.h"

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
