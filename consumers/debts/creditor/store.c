#include "consumers/debts/creditor/store.h"

#include "consumers/debts/creditor/columns.h"
#include "consumers/debts/creditor/creditor.h"

static struct db_template select_creditors = {
	.name = "debts_select_creditors",
	.columns = &creditor_columns,
	.sql = "SELECT u.n, {c.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM debts.creditor_version t WHERE t.creditor_id = u.id "
	       "ORDER BY t.version DESC LIMIT 1) c",
};

const struct slot_query creditor_query = { .entity = &creditor_entity, .template = &select_creditors };

const struct db_table creditor_table = {
	.name = "debts.creditor_version",
	.columns = "creditor_id uuid, described_at timestamptz, described_by text",
	.list = &creditor_columns,
};

void creditor_copy(struct db_copy *copy, const struct logged_event *logged)
{
	const struct creditor_described *event = logged->event->body;
	struct creditor creditor;

	creditor_read(&creditor, event);
	db_copy_row(copy);
	db_copy_uuid(copy, &event->creditor_id);
	db_copy_instant(copy, logged->at_ms);
	db_copy_str(copy, event->actor);
	db_copy_columns(copy, &creditor_columns, &creditor);
}
