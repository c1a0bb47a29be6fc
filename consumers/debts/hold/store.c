#include "consumers/debts/hold/store.h"

#include "base/must.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/hold/columns.h"
#include "consumers/debts/hold/hold.h"
#include "consumers/debts/store.h"

/* ---- load ---- */

static struct db_template select_holds = {
	.name = "debts_select_holds",
	.columns = &hold_columns,
	.sql = "SELECT u.n, {h.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM debts.hold t WHERE t.hold_id = u.id OFFSET 0) h",
};

static int read_hold(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct hold *hold = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	hold->version_stored = hold->version;
	return 0;
}

const struct slot_query hold_query = { .entity = &hold_entity, .template = &select_holds, .read = read_hold };

/* One row for each hold; the list is in the order of their ids, whatever the order of the rows. */
static const struct db_statement select_open_holds = {
	.name = "debts_select_open_holds",
	.sql = "SELECT u.n, h.hold_id, h.kind, h.effects, h.from_on, h.until_on, h.review_on, h.state = 'active' "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) CROSS JOIN LATERAL (SELECT * FROM debts.hold t "
	       "WHERE t.debt_id = u.id AND t.state IN ('planned', 'active') OFFSET 0) h",
};

static int read_open_hold(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct debt_holds *holds = slot->state;
	struct open_hold hold;

	(void)self;
	if (holds->count == DEBT_HOLDS_MAX)
		return err_set(err, ERR_FATAL, "a debt has more than %d holds that have not ended", DEBT_HOLDS_MAX);
	db_columns_read(&open_hold_columns, result, row, 1, &hold);
	debt_holds_put(holds, &hold);
	return 0;
}

const struct slot_query hold_query_of_debt = {
	.entity = &debt_holds_entity,
	.statement = &select_open_holds,
	.read = read_open_hold,
};

/* Those that are over and have stopped ageing (bit 16), each with its period, in the order in which they ended. */
static const struct db_statement select_pauses = {
	.name = "debts_select_pauses",
	.sql = "SELECT u.n, h.from_on, h.ended_on FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) CROSS JOIN LATERAL "
	       "(SELECT * "
	       "FROM debts.hold t WHERE t.debt_id = u.id AND t.ended_on > t.from_on AND t.effects & 16 <> 0 "
	       "ORDER BY t.ended_on, t.hold_id OFFSET 0) h",
};

static int read_pause(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	(void)self;
	(void)err;
	debt_pauses_add(slot->state, db_date(result, row, 1), db_date(result, row, 2));
	return 0;
}

const struct slot_query hold_query_pauses = { .entity = &debt_pauses_entity, .statement = &select_pauses, .read = read_pause };

/* ---- save ---- */

const struct db_table hold_table = {
	.name = "debts.hold",
	.columns = "hold_id uuid, placed_by text, placed_at timestamptz, changed_at timestamptz",
	.list = &hold_columns,
};

static struct db_template update_holds = {
	.name = "debts_update_holds",
	.columns = &hold_columns_moving,
	.sql = "UPDATE debts.hold h SET changed_at = ($3::timestamptz[])[n], {columns = $4} "
	       "FROM generate_series(1, cardinality($1::uuid[])) AS u (n) "
	       "WHERE h.hold_id = ($1::uuid[])[n] AND h.version = ($2::bigint[])[n]",
};

static const struct uuid *uuid_of(const struct event *event, const char *name)
{
	const struct field *field = message_field(event->type, str_of(name));

	return field == NULL ? NULL : message_uuid(field, event->body);
}

/* The hold that comes with the event; NULL: none does. */
static const struct uuid *made_by(const struct event *event)
{
	if (event->type == &hold_placed_type)
		return uuid_of(event, "hold_id");
	return event->type == &hold_extended_type ? uuid_of(event, "merged_hold_id") : NULL;
}

static void note_time(const struct workset *set, const struct logged_event *logged)
{
	const struct event *event = logged->event;
	const struct uuid *hold_id = uuid_of(event, "hold_id");
	const struct hold_extended *extended = event->body;

	if (hold_id == NULL || workset_find(set, &hold_entity, hold_id) == NULL)
		return;
	slot_note_event(set, &hold_entity, hold_id, logged);
	if (event->type != &hold_extended_type)
		return;
	slot_note_event(set, &hold_entity, &extended->merged_hold_id, logged);
	for (size_t index = 0; index < extended->also_merged_ids_count; index++)
		slot_note_event(set, &hold_entity, &extended->also_merged_ids[index], logged);
}

static void copy_new(struct db_copy *copy, const struct workset *set, const struct logged_event *logged)
{
	const struct event *event = logged->event;
	const struct uuid *hold_id = made_by(event);
	const struct slot *slot;

	if (hold_id == NULL)
		return;
	slot = workset_changed(set, &hold_entity, hold_id);
	db_copy_row(copy);
	db_copy_uuid(copy, &slot->id);
	db_copy_str(copy, event->command->actor);
	db_copy_instant(copy, logged->at_ms);
	db_copy_instant(copy, slot->changed_at_ms);
	db_copy_columns(copy, &hold_columns, slot->state);
}

static const struct debts_update hold_update = { .entity = &hold_entity,
						 .template = &update_holds,
						 .version_stored = &hold_columns_version_stored,
						 .moving = &hold_columns_moving };

int hold_write(struct debts_store *store, struct db *db, const struct workset *set, const struct logged_event *events,
	       size_t events_count, struct err *err)
{
	if (!store->has_holds)
		return 0;
	for (size_t index = 0; index < events_count; index++)
		note_time(set, &events[index]);
	if (debts_store_update(store, db, set, &hold_update, err) < 0)
		return -1;
	db_copy_reset(&store->holds);
	for (size_t index = 0; index < events_count; index++)
		copy_new(&store->holds, set, &events[index]);
	return db_write_copy(db, &store->holds, err);
}
