#include <inttypes.h>
#include <stdio.h>

#include "consumers/debts/delinquency/columns.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "verify_debts.h"

/* The buckets that debts have entered: each is a row, of one event, that nothing changes. */

const struct entity noted_bucket_entry = { .name = "verify_bucket_entry", .state_size = sizeof(struct bucket_entry) };

void note_bucket(struct fold *fold, const struct event *event)
{
	struct bucket_entry entry, *note;
	struct uuid debt_id;
	char number[24];

	if (!bucket_entry_of(event, &debt_id, &entry))
		return;
	(void)snprintf(number, sizeof(number), "%" PRId64, entry.version);
	note = fold_note_row(fold, &noted_bucket_entry, &debt_id, str_of(number), STR(""), sizeof(*note));
	*note = entry;
}

struct db_template select_bucket_entries = {
	.name = "verify_rows_delinquency",
	.columns = &bucket_entry_columns,
	.sql = "SELECT d.customer_id, b.debt_id, b.version::text, {b.columns} FROM debts.delinquency b "
	       "JOIN debts.debt d ON d.debt_id = b.debt_id",
};

void check_bucket_entry(struct fold *fold, struct table_row *row)
{
	struct uuid debt_id = row_uuid(row, 1);
	struct uuid id = fold_id(&debt_id, row_text(row, 2), STR(""));
	const struct bucket_entry *note = row_noted(fold, row, &id);

	if (note != NULL)
		expect_columns(row, note);
}
