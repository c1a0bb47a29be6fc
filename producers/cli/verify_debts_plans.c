#include "consumers/debts/debts.h"
#include "consumers/debts/plan/columns.h"
#include "consumers/debts/plan/plan.h"
#include "verify_debts.h"

/* Payment plans: states of evolve, and the timer of an active one, whose day follows from its state. */

/* Beside the state of a plan. */
struct plan_note {
	int64_t created_at_ms, changed_at_ms;
	struct str proposed_by, approved_by;
	bool is_approved;
};

static void note_proposed(struct fold *fold, const struct plan_proposed *event, const struct logged_line *line)
{
	struct plan_note *note = fold_note(fold, &plan_entity, &event->plan_id, sizeof(*note));

	note->created_at_ms = note->changed_at_ms = line->row.at_ms;
	note->proposed_by = fold_copy(fold, event->actor);
	note->is_approved = event->has_approved_by;
	if (event->has_approved_by)
		note->approved_by = fold_copy(fold, event->approved_by);
}

void note_plan(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	const struct field *field = message_field(event->type, STR("plan_id"));
	struct plan_note *note;

	if (event->type == &plan_proposed_type) {
		note_proposed(fold, event->body, line);
		return;
	}
	note = field == NULL ? NULL : fold_noted(fold, &plan_entity, message_uuid(field, event->body));
	if (note != NULL)
		note->changed_at_ms = line->row.at_ms;
}

enum plan_column { PLAN_PROPOSED_BY = 2 };

struct db_template select_plans = {
	.name = "verify_rows_plan",
	.columns = &plan_columns,
	.sql = "SELECT p.customer_id, p.plan_id, p.proposed_by, p.approved_by, p.created_at, p.changed_at, t.due_on AS "
	       "judged_on, "
	       "{p.columns} FROM debts.plan p JOIN debts.debt d ON d.debt_id = p.debt_id "
	       "LEFT JOIN debts.timer t ON t.part = d.part AND t.key = p.customer_id AND t.kind = 11 AND t.subject = p.plan_id",
};

void check_plan(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct plan *plan = row_state(fold, row, &id);
	const struct plan_note *note = fold_noted(fold, &plan_entity, &id);
	int32_t judged_on = 0;

	if (plan == NULL || note == NULL)
		return;
	expect_columns(row, plan);
	row->column = PLAN_PROPOSED_BY;
	expect_bytes(row, note->proposed_by);
	expect_bytes_or_null(row, note->is_approved, note->approved_by);
	expect_instant(row, note->created_at_ms);
	expect_instant(row, note->changed_at_ms);
	if (plan->state == PLAN_ACTIVE)
		judged_on = plan_instalment(plan, plan_next(plan, plan->paid_minor, plan->missed)).grace_ends_on + 1;
	expect_date_or_null(row, plan->state == PLAN_ACTIVE, judged_on);
}
