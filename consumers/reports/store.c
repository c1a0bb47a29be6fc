#include "consumers/reports/store.h"

#include "base/array.h"
#include "base/must.h"
#include "consumers/reports/reports.h"
#include "schemas/reports.h"

#define COPY_SIZE_MAX ((size_t)16 << 20)

/* ---- load ---- */

static const struct db_statement select_reports = {
	.name = "reports_select_reports",
	.sql = "SELECT u.n FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) JOIN reports.report r ON r.report_id = u.id",
};

static int read_report(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct report *report = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	report->is_requested = 1;
	return 0;
}

static const struct slot_query queries[] = { { .entity = &report_entity, .statement = &select_reports, .read = read_report } };

static int reports_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct reports_store *store = self;

	return slot_queries_run(&store->loader, db, queries, COUNT(queries), store, slots, count, err);
}

/* ---- save ---- */

static const struct db_table table_reports = {
	.name = "reports.report",
	.columns = "report_id uuid, kind text, format text, as_of date, open boolean, from_on date, creditor_id uuid, "
		   "currency text, channel text, requested_by text, requested_at timestamptz",
};

static void copy_text(struct db_copy *copy, bool is_given, struct str text)
{
	if (is_given)
		db_copy_str(copy, text);
	else
		db_copy_null(copy);
}

static void copy_report(struct db_copy *copy, const struct logged_event *logged)
{
	const struct report_requested *event = logged->event->body;

	db_copy_row(copy);
	db_copy_uuid(copy, &event->report_id);
	db_copy_str(copy, event->kind);
	db_copy_str(copy, event->format);
	db_copy_date(copy, event->as_of);
	db_copy_bool(copy, event->open);
	if (event->has_from_on)
		db_copy_date(copy, event->from_on);
	else
		db_copy_null(copy);
	if (event->has_creditor_id)
		db_copy_uuid(copy, &event->creditor_id);
	else
		db_copy_null(copy);
	copy_text(copy, event->has_currency, event->currency);
	copy_text(copy, event->has_channel, event->channel);
	db_copy_str(copy, event->requested_by);
	db_copy_instant(copy, logged->at_ms);
}

static int reports_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events,
			size_t events_count, struct err *err)
{
	struct reports_store *store = self;

	(void)set;
	db_copy_reset(&store->reports);
	for (size_t index = 0; index < events_count; index++) {
		MUST(events[index].event->type == &report_requested_type);
		copy_report(&store->reports, &events[index]);
	}
	return db_write_copy(db, &store->reports, err);
}

/* ---- the store ---- */

static struct reports_store the_store;

const struct store reports_store = { .load = reports_load, .save = reports_save, .self = &the_store };

int reports_store_prepare(void *self, struct err *err)
{
	struct reports_store *store = self;

	(void)err;
	slot_loader_init(&store->loader);
	db_copy_init(&store->reports, &table_reports, COPY_SIZE_MAX);
	return 0;
}
