#include "consumers/debts/promise/store.h"

#include "base/must.h"
#include "consumers/debts/promise/columns.h"
#include "consumers/debts/promise/promise.h"
#include "consumers/debts/store.h"

/* ---- load ---- */

static struct db_template select_promises = {
	.name = "debts_select_promises",
	.columns = &promise_columns,
	.sql = "SELECT u.n, {p.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM debts.promise t WHERE t.promise_id = u.id OFFSET 0) p",
};

static int read_promise(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct promise *promise = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	promise->version_stored = promise->version;
	return 0;
}

const struct slot_query promise_query = { .entity = &promise_entity, .template = &select_promises, .read = read_promise };

/* ---- save ---- */

const struct db_table promise_table = {
	.name = "debts.promise",
	.columns = "promise_id uuid, taken_by text, made_at timestamptz, changed_at timestamptz",
	.list = &promise_columns,
};

/* A payment that counts changes what was paid, and not the time of the promise's last event. */
static struct db_template update_promises = {
	.name = "debts_update_promises",
	.columns = &promise_columns_moving,
	.sql = "UPDATE debts.promise p SET changed_at = coalesce(nullif(($3::timestamptz[])[n], 'epoch'), p.changed_at), "
	       "{columns = $4} "
	       "FROM generate_series(1, cardinality($1::uuid[])) AS u (n) "
	       "WHERE p.promise_id = ($1::uuid[])[n] AND p.version = ($2::bigint[])[n]",
};

/* The promise of an event about one; NULL: it is about none. */
static const struct uuid *promise_of(const struct event *event)
{
	const struct field *field = message_field(event->type, STR("promise_id"));

	return field == NULL ? NULL : message_uuid(field, event->body);
}

static void note_times(const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct uuid *promise_id = promise_of(events[index].event);

		if (promise_id != NULL)
			slot_note_event(set, &promise_entity, promise_id, &events[index]);
	}
}

static void copy_new(struct db_copy *copy, const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct event *event = events[index].event;
		const struct slot *slot;

		if (event->type != &promise_made_type)
			continue;
		slot = workset_changed(set, &promise_entity, promise_of(event));
		db_copy_row(copy);
		db_copy_uuid(copy, &slot->id);
		db_copy_str(copy, event->command->actor);
		db_copy_instant(copy, events[index].at_ms);
		db_copy_instant(copy, slot->changed_at_ms);
		db_copy_columns(copy, &promise_columns, slot->state);
	}
}

static const struct debts_update promise_update = { .entity = &promise_entity,
						    .template = &update_promises,
						    .version_stored = &promise_columns_version_stored,
						    .moving = &promise_columns_moving };

int promise_write(struct debts_store *store, struct db *db, const struct workset *set, const struct logged_event *events,
		  size_t events_count, struct err *err)
{
	if (!store->has_promises)
		return 0;
	note_times(set, events, events_count);
	if (debts_store_update(store, db, set, &promise_update, err) < 0)
		return -1;
	db_copy_reset(&store->promises);
	copy_new(&store->promises, set, events, events_count);
	return db_write_copy(db, &store->promises, err);
}
