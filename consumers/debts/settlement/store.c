#include "consumers/debts/settlement/store.h"

#include "base/must.h"
#include "consumers/debts/settlement/columns.h"
#include "consumers/debts/settlement/settlement.h"
#include "consumers/debts/store.h"

/* ---- load ---- */

static struct db_template select_settlements = {
	.name = "debts_select_settlements",
	.columns = &settlement_columns,
	.sql = "SELECT u.n, {p.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM debts.settlement t WHERE t.settlement_id = u.id OFFSET 0) p",
};

static int read_settlement(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct settlement *settlement = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	settlement->version_stored = settlement->version;
	return 0;
}

const struct slot_query settlement_query = { .entity = &settlement_entity,
					     .template = &select_settlements,
					     .read = read_settlement };

/* ---- save ---- */

const struct db_table settlement_table = {
	.name = "debts.settlement",
	.columns = "settlement_id uuid, offered_by text, approved_by text, reason text, created_at timestamptz, changed_at "
		   "timestamptz",
	.list = &settlement_columns,
};

/* A payment that counts changes what was paid, and not the time of the settlement's last event. */
static struct db_template update_settlements = {
	.name = "debts_update_settlements",
	.columns = &settlement_columns_moving,
	.sql = "UPDATE debts.settlement p SET changed_at = coalesce(nullif(($3::timestamptz[])[n], 'epoch'), p.changed_at), "
	       "{columns = $4} "
	       "FROM generate_series(1, cardinality($1::uuid[])) AS u (n) "
	       "WHERE p.settlement_id = ($1::uuid[])[n] AND p.version = ($2::bigint[])[n]",
};

/* The settlement of an event about one; NULL: it is about none. */
static const struct uuid *settlement_of(const struct event *event)
{
	const struct field *field = message_field(event->type, STR("settlement_id"));

	return field == NULL ? NULL : message_uuid(field, event->body);
}

static void note_times(const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct uuid *settlement_id = settlement_of(events[index].event);

		if (settlement_id != NULL)
			slot_note_event(set, &settlement_entity, settlement_id, &events[index]);
	}
}

static void copy_new(struct db_copy *copy, const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct event *event = events[index].event;
		const struct settlement_offered *offered = event->body;
		const struct slot *slot;

		if (event->type != &settlement_offered_type)
			continue;
		slot = workset_changed(set, &settlement_entity, &offered->settlement_id);
		db_copy_row(copy);
		db_copy_uuid(copy, &slot->id);
		db_copy_str(copy, event->command->actor);
		if (offered->has_approved_by)
			db_copy_str(copy, offered->approved_by);
		else
			db_copy_null(copy);
		if (offered->has_reason)
			db_copy_str(copy, offered->reason);
		else
			db_copy_null(copy);
		db_copy_instant(copy, events[index].at_ms);
		db_copy_instant(copy, slot->changed_at_ms);
		db_copy_columns(copy, &settlement_columns, slot->state);
	}
}

static const struct debts_update settlement_update = { .entity = &settlement_entity,
						       .template = &update_settlements,
						       .version_stored = &settlement_columns_version_stored,
						       .moving = &settlement_columns_moving };

int settlement_write(struct debts_store *store, struct db *db, const struct workset *set, const struct logged_event *events,
		     size_t events_count, struct err *err)
{
	if (!store->has_settlements)
		return 0;
	note_times(set, events, events_count);
	if (debts_store_update(store, db, set, &settlement_update, err) < 0)
		return -1;
	db_copy_reset(&store->settlements);
	copy_new(&store->settlements, set, events, events_count);
	return db_write_copy(db, &store->settlements, err);
}
