#include "consumers/debts/plan/store.h"

#include "base/must.h"
#include "consumers/debts/plan/columns.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/store.h"

/* ---- load ---- */

static struct db_template select_plans = {
	.name = "debts_select_plans",
	.columns = &plan_columns,
	.sql = "SELECT u.n, {p.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM debts.plan t WHERE t.plan_id = u.id OFFSET 0) p",
};

static int read_plan(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct plan *plan = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	plan->version_stored = plan->version;
	return 0;
}

const struct slot_query plan_query = { .entity = &plan_entity, .template = &select_plans, .read = read_plan };

/* ---- save ---- */

const struct db_table plan_table = {
	.name = "debts.plan",
	.columns = "plan_id uuid, proposed_by text, approved_by text, created_at timestamptz, changed_at timestamptz",
	.list = &plan_columns,
};

/* A payment that counts changes what was paid, and not the time of the plan's last event. */
static struct db_template update_plans = {
	.name = "debts_update_plans",
	.columns = &plan_columns_moving,
	.sql = "UPDATE debts.plan p SET changed_at = coalesce(nullif(($3::timestamptz[])[n], 'epoch'), p.changed_at), "
	       "{columns = $4} "
	       "FROM generate_series(1, cardinality($1::uuid[])) AS u (n) "
	       "WHERE p.plan_id = ($1::uuid[])[n] AND p.version = ($2::bigint[])[n]",
};

/* The plan of an event about one; NULL: it is about none. */
static const struct uuid *plan_of(const struct event *event)
{
	const struct field *field = message_field(event->type, STR("plan_id"));

	return field == NULL ? NULL : message_uuid(field, event->body);
}

static void note_times(const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct uuid *plan_id = plan_of(events[index].event);

		if (plan_id != NULL)
			slot_note_event(set, &plan_entity, plan_id, &events[index]);
	}
}

static void copy_new(struct db_copy *copy, const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct event *event = events[index].event;
		const struct plan_proposed *proposed = event->body;
		const struct slot *slot;

		if (event->type != &plan_proposed_type)
			continue;
		slot = workset_changed(set, &plan_entity, &proposed->plan_id);
		db_copy_row(copy);
		db_copy_uuid(copy, &slot->id);
		db_copy_str(copy, event->command->actor);
		if (proposed->has_approved_by)
			db_copy_str(copy, proposed->approved_by);
		else
			db_copy_null(copy);
		db_copy_instant(copy, events[index].at_ms);
		db_copy_instant(copy, slot->changed_at_ms);
		db_copy_columns(copy, &plan_columns, slot->state);
	}
}

static const struct debts_update plan_update = { .entity = &plan_entity,
						 .template = &update_plans,
						 .version_stored = &plan_columns_version_stored,
						 .moving = &plan_columns_moving };

int plan_write(struct debts_store *store, struct db *db, const struct workset *set, const struct logged_event *events,
	       size_t events_count, struct err *err)
{
	if (!store->has_plans)
		return 0;
	note_times(set, events, events_count);
	if (debts_store_update(store, db, set, &plan_update, err) < 0)
		return -1;
	db_copy_reset(&store->plans);
	copy_new(&store->plans, set, events, events_count);
	return db_write_copy(db, &store->plans, err);
}
