/* The table of the reports module against its log. */
#include "base/array.h"
#include "consumers/reports/reports.h"
#include "fold.h"
#include "schemas/reports.h"

struct report_note {
	struct report_requested event; /* its texts are copied */
	int64_t requested_at_ms;
};

static void note_reports(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	const struct report_requested *body = event->body;
	struct report_note *note = fold_note(fold, &report_entity, &body->report_id, sizeof(*note));

	note->event = *body;
	note->event.kind = fold_copy(fold, body->kind);
	note->event.format = fold_copy(fold, body->format);
	note->event.currency = fold_copy(fold, body->currency);
	note->event.channel = fold_copy(fold, body->channel);
	note->event.requested_by = fold_copy(fold, body->requested_by);
	note->requested_at_ms = line->row.at_ms;
}

static void check_report(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct report *report = row_state(fold, row, &id);
	const struct report_note *note = fold_noted(fold, &report_entity, &id);
	static const struct uuid none;

	if (report == NULL || note == NULL)
		return;
	row->column = 2;
	expect_bytes(row, note->event.kind);
	expect_bytes(row, note->event.format);
	expect_date(row, note->event.as_of);
	expect_bool(row, note->event.open);
	expect_date_or_null(row, note->event.has_from_on, note->event.from_on);
	expect_uuid_or_null(row, note->event.has_creditor_id ? &note->event.creditor_id : &none);
	expect_bytes_or_null(row, note->event.has_currency, note->event.currency);
	expect_bytes_or_null(row, note->event.has_channel, note->event.channel);
	expect_bytes(row, note->event.requested_by);
	expect_instant(row, note->requested_at_ms);
}

static const struct folded_table tables[] = {
	{ .name = "reports.report",
	  .select = "SELECT report_id, report_id, kind, format, as_of, open, from_on, creditor_id, currency, channel, "
		    "requested_by, "
		    "requested_at FROM reports.report",
	  .ids = 1,
	  .entity = &report_entity,
	  .check = check_report },
};

const struct folded_module folded_reports = {
	.module = &reports_module,
	.note = note_reports,
	.tables = tables,
	.tables_count = COUNT(tables),
};
