/* The tables of the dunning module against its log. */
#include <stdio.h>

#include "base/array.h"
#include "consumers/dunning/columns.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/policies.h"
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

/* ---- policies: a version has a state; its title, its steps and every change are noted ---- */

static const struct entity noted_title = { .name = "policy_title", .state_size = 1 };
static const struct entity noted_policy_step = { .name = "policy_step", .state_size = 1 };
static const struct entity noted_change = { .name = "policy_change", .state_size = 1 };

struct change_note {
	int32_t number;
	int64_t changed_at_ms;
	struct str changed_by, approved_by;
};

static void note_policy(struct fold *fold, const struct policy_published *event)
{
	const struct policy *policy = fold_state(fold, &published_policy_entity, &event->publication_id);
	struct str *title = fold_note(fold, &noted_title, &event->publication_id, sizeof(*title));

	*title = fold_copy(fold, event->title);
	for (uint32_t i = 0; policy != NULL && i < policy->steps_count; i++) {
		char place[16];
		struct policy_step *step;

		(void)snprintf(place, sizeof(place), "%u", (unsigned)i + 1);
		step = fold_note_row(fold, &noted_policy_step, &event->publication_id, str_of(place), STR(""), sizeof(*step));
		*step = policy->steps[i];
	}
}

static void note_change(struct fold *fold, const struct uuid *publication_id, struct str is_retirement, struct change_note change)
{
	struct change_note *note = fold_note_row(fold, &noted_change, publication_id, is_retirement, STR(""), sizeof(*note));

	*note = (struct change_note){ .number = change.number,
				      .changed_at_ms = change.changed_at_ms,
				      .changed_by = fold_copy(fold, change.changed_by),
				      .approved_by = fold_copy(fold, change.approved_by) };
}

static void check_policy(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct policy *policy = row_state(fold, row, &id);
	const struct str *title = fold_noted(fold, &noted_title, &id);
	struct policy_texts texts;

	if (policy == NULL || title == NULL)
		return;
	policy_texts(&texts, policy);
	row->column = 2;
	expect_bytes(row, *title);
	expect_bytes(row, str_of(texts.creditors));
	expect_bytes(row, str_of(texts.portfolios));
	expect_bytes(row, str_of(texts.languages));
	expect_bytes(row, str_of(texts.arms));
	expect_columns(row, policy);
}

static void check_policy_step(struct fold *fold, struct table_row *row)
{
	struct uuid publication_id = row_uuid(row, 1);
	struct uuid id = fold_id(&publication_id, row_text(row, 2), STR(""));
	const struct policy_step *step = row_noted(fold, row, &id);
	char channels[STEP_CHANNELS_SIZE];

	if (step == NULL)
		return;
	step_channels_text(channels, step);
	row->column = 3;
	expect_bytes(row, str_of(channels));
	expect_columns(row, step);
}

static void check_change(struct fold *fold, struct table_row *row)
{
	struct uuid publication_id = row_uuid(row, 1);
	struct uuid id = fold_id(&publication_id, row_text(row, 2), STR(""));
	const struct change_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	row->column = 3;
	expect_int32(row, note->number);
	expect_instant(row, note->changed_at_ms);
	expect_bytes(row, note->changed_by);
	expect_bytes(row, note->approved_by);
}

/* ---- what is noted beside the states ---- */

static void note_dunning(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	switch (dunning_event(event->type)) {
	case EVENT_POLICY_PUBLISHED: {
		const struct policy_published *body = event->body;

		note_policy(fold, body);
		note_change(fold, &body->publication_id, STR("false"),
			    (struct change_note){ body->change, line->row.at_ms, body->actor, body->approved_by });
		return;
	}
	case EVENT_POLICY_RETIRED: {
		const struct policy_retired *body = event->body;

		note_change(fold, &body->publication_id, STR("true"),
			    (struct change_note){ body->change, line->row.at_ms, body->actor, body->approved_by });
		return;
	}
	case EVENT_DUNNING_STEP_DUE:
		note_step_debts(fold, event->body);
		return;
	case EVENT_PERSON_NOTED:
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
TEMPLATE(tasks, "dunning.task", "task_id", dunning_task_columns);

static struct db_template select_policies = {
	.name = "verify_policies",
	.columns = &policy_columns,
	.sql = "SELECT p.publication_id, p.publication_id, p.title, p.creditor_ids, p.portfolio_ids, p.languages, p.arms, "
	       "{p.columns} "
	       "FROM dunning.policy_version p",
};
static struct db_template select_policy_steps = {
	.name = "verify_policy_steps",
	.columns = &policy_step_columns,
	.sql = "SELECT s.publication_id, s.publication_id, s.place::text, s.channels, {s.columns} FROM dunning.policy_step s",
};

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
	{ .name = "dunning.task", .template = &select_tasks, .ids = 1, .entity = &dunning_task_entity, .check = check_state },
	{ .name = "dunning.step_debt",
	  .select = "SELECT s.customer_id, l.step_id, l.debt_id::text, l.place FROM dunning.step_debt l JOIN dunning.step s "
		    "USING (step_id)",
	  .ids = 2,
	  .entity = &noted_step_debt,
	  .check = check_step_debt },
	{ .name = "dunning.policy_version",
	  .template = &select_policies,
	  .ids = 1,
	  .entity = &published_policy_entity,
	  .check = check_policy },
	{ .name = "dunning.policy_step",
	  .template = &select_policy_steps,
	  .ids = 2,
	  .entity = &noted_policy_step,
	  .check = check_policy_step },
	{ .name = "dunning.policy_change",
	  .select = "SELECT publication_id, publication_id, is_retirement::text, number, changed_at, changed_by, approved_by "
		    "FROM dunning.policy_change",
	  .ids = 2,
	  .entity = &noted_change,
	  .check = check_change },
};

const struct folded_module folded_dunning = {
	.module = &dunning_module,
	.note = note_dunning,
	.tables = tables,
	.tables_count = COUNT(tables),
};
