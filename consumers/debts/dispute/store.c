#include "consumers/debts/dispute/store.h"

#include "base/must.h"
#include "consumers/debts/dispute/columns.h"
#include "consumers/debts/dispute/dispute.h"
#include "consumers/debts/store.h"

/* ---- load ---- */

static struct db_template select_disputes = {
	.name = "debts_select_disputes",
	.columns = &dispute_columns,
	.sql = "SELECT u.n, {p.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM debts.dispute t WHERE t.dispute_id = u.id OFFSET 0) p",
};

static int read_dispute(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct dispute *dispute = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	dispute->version_stored = dispute->version;
	return 0;
}

const struct slot_query dispute_query = { .entity = &dispute_entity, .template = &select_disputes, .read = read_dispute };

/* One row for each that counts; the list is in the order of their ids, whatever the order of the rows. */
static const struct db_statement select_listed = {
	.name = "debts_select_disputes_of_debt",
	.sql = "SELECT u.n, d.dispute_id, d.portion_minor, d.entries, d.grounds, d.state "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) CROSS JOIN LATERAL (SELECT * FROM debts.dispute t "
	       "WHERE t.debt_id = u.id AND t.state IN ('open', 'verifying', 'rejected') OFFSET 0) d",
};

static int read_listed(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	const struct uuid id = db_uuid(result, row, 1);
	struct dispute dispute = { .version = 0 };

	(void)self;
	(void)err;
	db_columns_read(&dispute_columns_listed, result, row, 2, &dispute);
	debt_disputes_add(slot->state, &id, &dispute);
	return 0;
}

const struct slot_query dispute_query_of_debt = {
	.entity = &debt_disputes_entity,
	.statement = &select_listed,
	.read = read_listed,
};

/* ---- save ---- */

const struct db_table dispute_table = {
	.name = "debts.dispute",
	.columns = "dispute_id uuid, raised_by text, created_at timestamptz, changed_at timestamptz",
	.list = &dispute_columns,
};

static struct db_template update_disputes = {
	.name = "debts_update_disputes",
	.columns = &dispute_columns_moving,
	.sql = "UPDATE debts.dispute p SET changed_at = ($3::timestamptz[])[n], {columns = $4} "
	       "FROM generate_series(1, cardinality($1::uuid[])) AS u (n) "
	       "WHERE p.dispute_id = ($1::uuid[])[n] AND p.version = ($2::bigint[])[n]",
};

static void note_times(const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct event *event = events[index].event;
		const struct field *field = message_field(event->type, STR("dispute_id"));

		if (field != NULL)
			slot_note_event(set, &dispute_entity, message_uuid(field, event->body), &events[index]);
	}
}

static void copy_new(struct db_copy *copy, const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct event *event = events[index].event;
		const struct dispute_raised *raised = event->body;
		const struct slot *slot;

		if (event->type != &dispute_raised_type)
			continue;
		slot = workset_changed(set, &dispute_entity, &raised->dispute_id);
		db_copy_row(copy);
		db_copy_uuid(copy, &slot->id);
		db_copy_str(copy, event->command->actor);
		db_copy_instant(copy, events[index].at_ms);
		db_copy_instant(copy, slot->changed_at_ms);
		db_copy_columns(copy, &dispute_columns, slot->state);
	}
}

static const struct debts_update dispute_update = { .entity = &dispute_entity,
						    .template = &update_disputes,
						    .version_stored = &dispute_columns_version_stored,
						    .moving = &dispute_columns_moving };

int dispute_write(struct debts_store *store, struct db *db, const struct workset *set, const struct logged_event *events,
		  size_t events_count, struct err *err)
{
	if (!store->has_disputes)
		return 0;
	note_times(set, events, events_count);
	if (debts_store_update(store, db, set, &dispute_update, err) < 0)
		return -1;
	db_copy_reset(&store->disputes);
	copy_new(&store->disputes, set, events, events_count);
	return db_write_copy(db, &store->disputes, err);
}
