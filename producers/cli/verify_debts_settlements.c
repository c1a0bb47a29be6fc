#include "consumers/debts/debts.h"
#include "consumers/debts/settlement/columns.h"
#include "verify_debts.h"

/* Settlements: states of evolve, and the timer of one that is offered or accepted, whose day follows from its state. */

/* Beside the state of a settlement. */
struct settlement_note {
	int64_t created_at_ms, changed_at_ms;
	struct str offered_by, approved_by, reason;
	bool is_approved, has_reason;
};

static void note_offered(struct fold *fold, const struct settlement_offered *event, const struct logged_line *line)
{
	struct settlement_note *note = fold_note(fold, &settlement_entity, &event->settlement_id, sizeof(*note));

	note->created_at_ms = note->changed_at_ms = line->row.at_ms;
	note->offered_by = fold_copy(fold, event->actor);
	note->is_approved = event->has_approved_by;
	note->has_reason = event->has_reason;
	if (event->has_approved_by)
		note->approved_by = fold_copy(fold, event->approved_by);
	if (event->has_reason)
		note->reason = fold_copy(fold, event->reason);
}

void note_settlement(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	const struct field *field = message_field(event->type, STR("settlement_id"));
	struct settlement_note *note;

	if (event->type == &settlement_offered_type) {
		note_offered(fold, event->body, line);
		return;
	}
	note = field == NULL ? NULL : fold_noted(fold, &settlement_entity, message_uuid(field, event->body));
	if (note != NULL)
		note->changed_at_ms = line->row.at_ms;
}

enum settlement_column { SETTLEMENT_OFFERED_BY = 2 };

struct db_template select_settlements = {
	.name = "verify_rows_settlement",
	.columns = &settlement_columns,
	.sql = "SELECT p.customer_id, p.settlement_id, p.offered_by, p.approved_by, p.reason, p.created_at, p.changed_at, "
	       "t.due_on AS next_on, {p.columns} FROM debts.settlement p JOIN debts.debt d ON d.debt_id = p.debt_id "
	       "LEFT JOIN debts.timer t ON t.part = d.part AND t.key = p.customer_id AND t.kind = 12 AND t.subject = "
	       "p.settlement_id",
};

void check_settlement(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct settlement *settlement = row_state(fold, row, &id);
	const struct settlement_note *note = fold_noted(fold, &settlement_entity, &id);
	bool is_offered, is_accepted;

	if (settlement == NULL || note == NULL)
		return;
	expect_columns(row, settlement);
	row->column = SETTLEMENT_OFFERED_BY;
	expect_bytes(row, note->offered_by);
	expect_bytes_or_null(row, note->is_approved, note->approved_by);
	expect_bytes_or_null(row, note->has_reason, note->reason);
	expect_instant(row, note->created_at_ms);
	expect_instant(row, note->changed_at_ms);
	is_offered = settlement->state == SETTLEMENT_OFFERED;
	is_accepted = settlement->state == SETTLEMENT_ACCEPTED;
	expect_date_or_null(row, is_offered || is_accepted,
			    (is_offered ? settlement->expires_on : settlement->grace_ends_on) + 1);
}
