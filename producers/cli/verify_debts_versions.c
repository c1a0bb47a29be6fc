/* What debts are collected under, against the log of debts: each version is a row, of one event, that nothing changes. */
#include <inttypes.h>
#include <stdio.h>

#include "consumers/debts/creditor/columns.h"
#include "consumers/debts/creditor/creditor.h"
#include "verify_debts.h"

struct version_note {
	int64_t at_ms;
	struct str by;
	void *state;
};

/* A new note; its state is to be filled. */
static void *note_version(struct fold *fold, const struct entity *entity, const struct uuid *id, int64_t version,
			  const struct logged_line *line, struct str by)
{
	char number[24];
	struct version_note *note;

	(void)snprintf(number, sizeof(number), "%" PRId64, version);
	note = fold_note_row(fold, entity, id, str_of(number), STR(""), sizeof(*note));
	*note = (struct version_note){ .at_ms = line->row.at_ms,
				       .by = fold_copy(fold, by),
				       .state = fold_take(fold, entity->state_size) };
	return note->state;
}

/* Its key, its id, its version as text, time and issuer; then the columns of its state. */
void check_version(struct fold *fold, struct table_row *row)
{
	struct uuid its_id = row_uuid(row, 1);
	struct uuid id = fold_id(&its_id, row_text(row, 2), STR(""));
	const struct version_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	row->column = 3;
	expect_instant(row, note->at_ms);
	expect_bytes(row, note->by);
	expect_columns(row, note->state);
}

/* ---- creditors ---- */

const struct entity noted_creditor = { .name = "verify_creditor", .state_size = sizeof(struct creditor) };

void note_creditor(struct fold *fold, const struct creditor_described *event, const struct logged_line *line)
{
	creditor_read(note_version(fold, &noted_creditor, &event->creditor_id, event->version, line, event->actor), event);
}

struct db_template select_creditors = {
	.name = "verify_creditor_versions",
	.columns = &creditor_columns,
	.sql = "SELECT c.creditor_id, c.creditor_id, c.version::text, c.described_at, c.described_by, {c.columns} "
	       "FROM debts.creditor_version c",
};
