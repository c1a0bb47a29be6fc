#include "consumers/dunning/store.h"

#include "base/array.h"
#include "base/must.h"
#include "consumers/dunning/columns.h"
#include "consumers/dunning/dunning.h"
#include "schemas/dunning.h"

#define COPY_SIZE_MAX   ((size_t)256 << 20)
#define PARAMS_SIZE_MAX ((size_t)256 << 20)
#define LIST_SIZE_MAX   ((size_t)64 << 20)

/* ---- the tables: a row of this list for each state that is kept ---- */

#define TABLE(short_name, table, id, its_columns)                                                                                \
	static struct db_template select_##short_name = {                                                                        \
		.name = "dunning_select_" #short_name,                                                                           \
		.columns = &(its_columns),                                                                                       \
		.sql = "SELECT u.n, {t.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) CROSS JOIN LATERAL "        \
		       "(SELECT * FROM " table " r WHERE r." id " = u.id OFFSET 0) t",                                           \
	};                                                                                                                       \
	static struct db_template update_##short_name = {                                                                        \
		.name = "dunning_update_" #short_name,                                                                           \
		.columns = &(its_columns),                                                                                       \
		.sql = "UPDATE " table " t SET {columns = $2} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) WHERE t." id  \
		       " = u.id",                                                                                                \
	};                                                                                                                       \
	static const struct db_table table_##short_name = { .name = (table), .columns = id " uuid", .list = &(its_columns) }

TABLE(persons, "dunning.person", "customer_id", dunned_person_columns);
TABLE(debts, "dunning.debt", "debt_id", dunned_debt_columns);
TABLE(groups, "dunning.debt_group", "group_id", dunned_group_columns);
TABLE(steps, "dunning.step", "step_id", dunned_step_columns);
TABLE(stops, "dunning.stop", "circumstance_id", dunning_stop_columns);
TABLE(tasks, "dunning.task", "task_id", dunning_task_columns);

static const struct kept {
	const struct entity *entity;
	const struct db_table *table;
	struct db_template *update;
} kept[DUNNING_TABLES] = {
	{ &dunned_person_entity, &table_persons, &update_persons }, { &dunned_debt_entity, &table_debts, &update_debts },
	{ &dunned_group_entity, &table_groups, &update_groups },    { &dunned_step_entity, &table_steps, &update_steps },
	{ &dunning_stop_entity, &table_stops, &update_stops },      { &dunning_task_entity, &table_tasks, &update_tasks },
};

/* ---- load ---- */

static const struct db_statement select_step_debts = {
	.name = "dunning_select_step_debts",
	.sql = "SELECT u.n, l.debt_id FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) JOIN dunning.step_debt l ON l.step_id "
	       "= u.id "
	       "ORDER BY l.step_id, l.place",
};

static int read_step_debt(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct dunned_step *step = slot->state;

	(void)self;
	(void)err;
	MUST(step->debts_count < STEP_DEBTS_MAX);
	step->debts[step->debts_count++] = db_uuid(result, row, 1);
	return 0;
}

/* A row of a list that is read for each slot; one without an id: the list is empty. */
static void take_id(const struct db_result *result, int row, uint32_t *count, struct uuid *ids, uint32_t max)
{
	if (db_is_null(result, row, 1))
		return;
	MUST(*count < max);
	ids[(*count)++] = db_uuid(result, row, 1);
}

/* The debts of a group that dunning is about (debt_is_dunned): open ones, and paid or settled ones with a credit. A row without one: there is none. */
static const struct db_statement select_group_debts = {
	.name = "dunning_select_group_debts",
	.sql = "SELECT u.n, d.debt_id FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) LEFT JOIN LATERAL (SELECT debt_id "
	       "FROM "
	       "dunning.debt WHERE group_id = u.id AND dunning.is_dunned(lifecycle, credit_minor) ORDER BY debt_id LIMIT 64) d "
	       "ON true "
	       "ORDER BY u.n, d.debt_id",
};
_Static_assert(GROUP_DEBTS_MAX == 64, "the limit of select_group_debts");

static int read_group_debt(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct group_debts *debts = slot->state;

	(void)self;
	(void)err;
	take_id(result, row, &debts->count, debts->ids, GROUP_DEBTS_MAX);
	return 0;
}

/* A row without a group: the person has none. */
static const struct db_statement select_person_groups = {
	.name = "dunning_select_person_groups",
	.sql = "SELECT u.n, g.group_id FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) LEFT JOIN LATERAL (SELECT group_id "
	       "FROM dunning.debt_group WHERE customer_id = u.id ORDER BY group_id LIMIT 31) g ON true ORDER BY u.n, g.group_id",
};
_Static_assert(PERSON_GROUPS_MAX == 31, "the limit of select_person_groups");

static int read_person_group(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct person_groups *groups = slot->state;

	(void)self;
	(void)err;
	take_id(result, row, &groups->count, groups->ids, PERSON_GROUPS_MAX);
	return 0;
}

static const struct db_statement select_groups_under_way = {
	.name = "dunning_select_groups_under_way",
	.sql = "SELECT u.n, s.group_id FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) LEFT JOIN LATERAL "
	       "(SELECT group_id FROM dunning.step WHERE customer_id = u.id AND state = 'asked' ORDER BY group_id LIMIT 24) s "
	       "ON true ORDER BY u.n, s.group_id",
};
_Static_assert(GROUPS_UNDER_WAY_MAX == 24, "the limit of select_groups_under_way");

static int read_group_under_way(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct groups_under_way *groups = slot->state;

	(void)self;
	(void)err;
	take_id(result, row, &groups->count, groups->ids, GROUPS_UNDER_WAY_MAX);
	return 0;
}

static const struct db_statement select_demands = {
	.name = "dunning_select_demands",
	.sql = "SELECT u.n, s.day FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) LEFT JOIN LATERAL "
	       "(SELECT coalesce(taken_on, asked_on) AS day FROM dunning.step WHERE customer_id = u.id AND is_demand "
	       "AND state IN ('asked', 'taken') ORDER BY coalesce(taken_on, asked_on) DESC LIMIT 56) s "
	       "ON true ORDER BY u.n, s.day DESC",
};
_Static_assert(DEMANDS_MAX == 56, "the limit of select_demands");

static int read_demand(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct dunned_demands *demands = slot->state;

	(void)self;
	(void)err;
	if (db_is_null(result, row, 1))
		return 0;
	MUST(demands->count < DEMANDS_MAX);
	demands->days[demands->count++] = db_date(result, row, 1);
	return 0;
}

static const struct db_statement select_calendar = {
	.name = "dunning_select_calendar",
	.sql = "SELECT u.n FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n)",
};

static int read_calendar(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	const struct dunning_store *store = self;

	(void)result;
	(void)row;
	(void)err;
	((struct calendar *)slot->state)->zones = &store->zones;
	return 0;
}

static int load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct dunning_store *store = self;
	const struct slot_query queries[] = {
		{ .entity = &dunned_person_entity, .template = &select_persons },
		{ .entity = &dunned_debt_entity, .template = &select_debts },
		{ .entity = &dunned_group_entity, .template = &select_groups },
		{ .entity = &dunned_step_entity, .template = &select_steps },
		{ .entity = &dunned_step_entity, .statement = &select_step_debts, .read = read_step_debt },
		{ .entity = &dunning_stop_entity, .template = &select_stops },
		{ .entity = &dunning_task_entity, .template = &select_tasks },
		{ .entity = &group_debts_entity, .statement = &select_group_debts, .read = read_group_debt },
		{ .entity = &person_groups_entity, .statement = &select_person_groups, .read = read_person_group },
		{ .entity = &groups_under_way_entity, .statement = &select_groups_under_way, .read = read_group_under_way },
		{ .entity = &dunned_demands_entity, .statement = &select_demands, .read = read_demand },
		{ .entity = &calendar_entity, .statement = &select_calendar, .read = read_calendar },
		policy_queries[0],
		policy_queries[1],
		policy_queries[2],
	};

	return slot_queries_run(&store->loader, db, queries, COUNT(queries), store, slots, count, err);
}

/* ---- save ---- */

static void copy_new_rows(struct dunning_store *store, const struct workset *set)
{
	for (size_t table = 0; table < DUNNING_TABLES; table++) {
		size_t count;
		struct slot **slots = slots_changed(&store->list, set, kept[table].entity, &count);

		db_copy_reset(&store->rows[table]);
		for (size_t index = 0; index < count; index++) {
			if (slots[index]->stored)
				continue;
			db_copy_row(&store->rows[table]);
			db_copy_uuid(&store->rows[table], &slots[index]->id);
			db_copy_columns(&store->rows[table], kept[table].table->list, slots[index]->state);
		}
	}
}

static void copy_step_debts(struct db_copy *copy, const struct dunning_step_due *event)
{
	for (size_t index = 0; index < event->debt_ids_count; index++) {
		db_copy_row(copy);
		db_copy_uuid(copy, &event->step_id);
		db_copy_int32(copy, (int32_t)index);
		db_copy_uuid(copy, &event->debt_ids[index]);
	}
}

/* Beside the states: the debts of a step, and policies. */
static void copy_of_event(struct dunning_store *store, const struct logged_event *logged)
{
	switch (dunning_event(logged->event->type)) {
	case EVENT_DUNNING_STEP_DUE:
		copy_step_debts(&store->step_debts, logged->event->body);
		return;
	case EVENT_POLICY_PUBLISHED:
		copy_policy_published(&store->policies, logged);
		return;
	case EVENT_POLICY_RETIRED:
		copy_policy_retired(&store->policies, logged);
		return;
	case EVENT_PERSON_NOTED: /* these change states only */
	case EVENT_DEBT_NOTED:
	case EVENT_STOP_NOTED:
	case EVENT_DUNNING_STEP_TAKEN:
	case EVENT_DUNNING_STEP_FAILED:
	case EVENT_DUNNING_STEP_WITHDRAWN:
	case EVENT_DUNNING_STEP_SKIPPED:
	case EVENT_DUNNING_WAITING:
	case EVENT_TASK_OPENED:
	case EVENT_TASK_TAKEN:
	case EVENT_TASK_RELEASED:
	case EVENT_TASK_PUT_OFF:
	case EVENT_TASK_FINISHED:
	case EVENT_TASK_CANCELLED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

static int update_rows(struct dunning_store *store, struct db *db, const struct workset *set, struct err *err)
{
	for (size_t table = 0; table < DUNNING_TABLES; table++) {
		size_t count;
		struct slot **slots = slots_to_update(&store->list, set, kept[table].entity, &count);

		db_params_reset(&store->params);
		slots_add_ids(&store->params, slots, count);
		slots_add_columns(&store->params, kept[table].table->list, slots, count);
		if (db_write(db, db_template_statement(kept[table].update), &store->params, count, err) < 0)
			return -1;
	}
	return 0;
}

static int save(void *self, struct db *db, const struct workset *set, const struct logged_event *events, size_t events_count,
		struct err *err)
{
	struct dunning_store *store = self;

	db_copy_reset(&store->step_debts);
	policy_copies_reset(&store->policies);
	for (size_t index = 0; index < events_count; index++)
		copy_of_event(store, &events[index]);
	copy_new_rows(store, set);
	for (size_t table = 0; table < DUNNING_TABLES; table++) {
		if (db_write_copy(db, &store->rows[table], err) < 0)
			return -1;
	}
	if (db_write_copy(db, &store->step_debts, err) < 0 || policy_copies_write(&store->policies, db, err) < 0)
		return -1;
	return update_rows(store, db, set, err);
}

/* ---- the store ---- */

static struct dunning_store the_store;

const struct store dunning_store = { .load = load, .save = save, .self = &the_store };

static const struct db_table table_step_debts = {
	.name = "dunning.step_debt",
	.columns = "step_id uuid, place integer, debt_id uuid",
};

int dunning_store_prepare(void *self, struct err *err)
{
	struct dunning_store *store = self;

	slot_loader_init(&store->loader);
	for (size_t table = 0; table < DUNNING_TABLES; table++)
		db_copy_init(&store->rows[table], kept[table].table, COPY_SIZE_MAX);
	db_copy_init(&store->step_debts, &table_step_debts, COPY_SIZE_MAX);
	policy_copies_init(&store->policies);
	db_params_init(&store->params, PARAMS_SIZE_MAX);
	buf_init(&store->list, LIST_SIZE_MAX);
	return zones_load(&store->zones, ZONE_FOLDER, err);
}
