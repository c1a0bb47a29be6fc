#include "consumers/debts/debts.h"
#include "consumers/debts/dispute/columns.h"
#include "verify_debts.h"

/* Disputes: states of evolve. What they stop is checked with the holds and with the debt. */

/* Beside the state of a dispute. */
struct dispute_note {
	int64_t created_at_ms, changed_at_ms;
	struct str raised_by;
};

static void note_raised(struct fold *fold, const struct dispute_raised *event, const struct logged_line *line)
{
	struct dispute_note *note = fold_note(fold, &dispute_entity, &event->dispute_id, sizeof(*note));

	note->created_at_ms = note->changed_at_ms = line->row.at_ms;
	note->raised_by = fold_copy(fold, event->actor);
}

void note_dispute(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	const struct field *field = message_field(event->type, STR("dispute_id"));
	struct dispute_note *note;

	if (event->type == &dispute_raised_type) {
		note_raised(fold, event->body, line);
		return;
	}
	note = field == NULL ? NULL : fold_noted(fold, &dispute_entity, message_uuid(field, event->body));
	if (note != NULL)
		note->changed_at_ms = line->row.at_ms;
}

enum dispute_column { DISPUTE_RAISED_BY = 2 };

struct db_template select_disputes = {
	.name = "verify_rows_dispute",
	.columns = &dispute_columns,
	.sql = "SELECT p.customer_id, p.dispute_id, p.raised_by, p.created_at, p.changed_at, {p.columns} FROM debts.dispute p",
};

void check_dispute(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct dispute *dispute = row_state(fold, row, &id);
	const struct dispute_note *note = fold_noted(fold, &dispute_entity, &id);

	if (dispute == NULL || note == NULL)
		return;
	expect_columns(row, dispute);
	row->column = DISPUTE_RAISED_BY;
	expect_bytes(row, note->raised_by);
	expect_instant(row, note->created_at_ms);
	expect_instant(row, note->changed_at_ms);
}
