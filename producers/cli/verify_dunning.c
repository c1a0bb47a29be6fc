/* The tables of the dunning module against its log. */
#include "base/array.h"
#include "consumers/dunning/columns.h"
#include "consumers/dunning/dunning.h"
#include "fold.h"
#include "schemas/dunning.h"

/* ---- the debts that a step lists: a row each ---- */

static const struct entity noted_step_debt = { .name = "step_debt", .state_size = sizeof(int32_t) };

static void note_step_debts(struct fold *fold, const struct dunning_step_due *event)
{
	for (size_t i = 0; i < event->debt_ids_count; i++) {
		char debt_id[UUID_TEXT_SIZE + 1];
		int32_t *place;

		uuid_format(debt_id, &event->debt_ids[i]);
		place = fold_note_row(fold, &noted_step_debt, &event->step_id, str_of(debt_id), STR(""), sizeof(*place));
		*place = (int32_t)i;
	}
}

static void note_dunning(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	(void)line;
	if (event->type == &dunning_step_due_type)
		note_step_debts(fold, event->body);
}

static void check_step_debt(struct fold *fold, struct table_row *row)
{
	struct uuid step_id = row_uuid(row, 1);
	struct uuid id = fold_id(&step_id, row_text(row, 2), STR(""));
	const int32_t *place = row_noted(fold, row, &id);

	if (place == NULL)
		return;
	row->column = 3;
	expect_int32(row, *place);
}

/* ---- the others: a row for each state ---- */

static void check_state(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const void *state = row_state(fold, row, &id);

	if (state != NULL)
		expect_columns(row, state);
}

#define TEMPLATE(short_name, table, id, its_columns)                                                                             \
	static struct db_template select_##short_name = {                                                                        \
		.name = "verify_" #short_name,                                                                                   \
		.columns = &(its_columns),                                                                                       \
		.sql = "SELECT t.customer_id, t." id ", {t.columns} FROM " table " t",                                           \
	}

TEMPLATE(persons, "dunning.person", "customer_id", dunned_person_columns);
TEMPLATE(debts, "dunning.debt", "debt_id", dunned_debt_columns);
TEMPLATE(groups, "dunning.debt_group", "group_id", dunned_group_columns);
TEMPLATE(steps, "dunning.step", "step_id", dunned_step_columns);
TEMPLATE(stops, "dunning.stop", "circumstance_id", dunning_stop_columns);

static const struct folded_table tables[] = {
	{ .name = "dunning.person",
	  .template = &select_persons,
	  .ids = 1,
	  .entity = &dunned_person_entity,
	  .check = check_state },
	{ .name = "dunning.debt", .template = &select_debts, .ids = 1, .entity = &dunned_debt_entity, .check = check_state },
	{ .name = "dunning.debt_group",
	  .template = &select_groups,
	  .ids = 1,
	  .entity = &dunned_group_entity,
	  .check = check_state },
	{ .name = "dunning.step", .template = &select_steps, .ids = 1, .entity = &dunned_step_entity, .check = check_state },
	{ .name = "dunning.stop", .template = &select_stops, .ids = 1, .entity = &dunning_stop_entity, .check = check_state },
	{ .name = "dunning.step_debt",
	  .select = "SELECT s.customer_id, l.step_id, l.debt_id::text, l.place FROM dunning.step_debt l JOIN dunning.step s "
		    "USING (step_id)",
	  .ids = 2,
	  .entity = &noted_step_debt,
	  .check = check_step_debt },
};

const struct folded_module folded_dunning = {
	.module = &dunning_module,
	.note = note_dunning,
	.tables = tables,
	.tables_count = COUNT(tables),
};
