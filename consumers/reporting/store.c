/*
 * The four tables: one statement each, all in one round trip, rows in key order. The schema is the session's (search_path), so
 * that a rebuild under another name runs the same code.
 */

#include <inttypes.h>

#include "base/array.h"
#include "base/must.h"
#include "consumers/reporting/reporting.h"
#include "consumers/reporting/store.h"

#define DELTAS_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define PARAMS_SIZE_MAX ((size_t)64 * 1024 * 1024)

const char *const reporting_modules[] = { "debts", "communications", "reports", NULL }; // tidy: modules, which it follows

static const struct db_statement statement_outstanding = {
	"reporting_outstanding",
	"INSERT INTO outstanding AS o (due_on, creditor_id, currency, debts, outstanding_minor)"
	" SELECT * FROM unnest($1::date[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[])"
	" ON CONFLICT (creditor_id, currency, due_on) DO UPDATE SET"
	" debts = o.debts + excluded.debts, outstanding_minor = o.outstanding_minor + excluded.outstanding_minor"
};

static const struct db_statement statement_outstanding_change = {
	"reporting_outstanding_change",
	"INSERT INTO outstanding_change AS o (booked_on, creditor_id, currency, due_on, debts, outstanding_minor)"
	" SELECT * FROM unnest($1::date[], $2::uuid[], $3::text[], $4::date[], $5::bigint[], $6::bigint[])"
	" ON CONFLICT (booked_on, creditor_id, currency, due_on) DO UPDATE SET"
	" debts = o.debts + excluded.debts, outstanding_minor = o.outstanding_minor + excluded.outstanding_minor"
};

static const struct db_statement statement_collected = {
	"reporting_collected",
	"INSERT INTO collected AS c (day, creditor_id, currency, payments, amount_minor, reversals, reversed_minor, refunds,"
	" refunded_minor)"
	" SELECT * FROM unnest($1::date[], $2::uuid[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], "
	"$8::bigint[],"
	" $9::bigint[])"
	" ON CONFLICT (day, creditor_id, currency) DO UPDATE SET"
	" payments = c.payments + excluded.payments, amount_minor = c.amount_minor + excluded.amount_minor,"
	" reversals = c.reversals + excluded.reversals, reversed_minor = c.reversed_minor + excluded.reversed_minor,"
	" refunds = c.refunds + excluded.refunds, refunded_minor = c.refunded_minor + excluded.refunded_minor"
};

static const struct db_statement statement_communications = {
	"reporting_communications", "INSERT INTO communications AS c (day, channel, state, messages)"
				    " SELECT * FROM unnest($1::date[], $2::text[], $3::text[], $4::bigint[])"
				    " ON CONFLICT (day, channel, state) DO UPDATE SET messages = c.messages + excluded.messages"
};

/* The parameters for a report's rows: the columns of its key, and the number of amounts behind them. */
static const struct {
	const struct db_statement *statement;
	bool by_creditor; /* creditor_id, currency; otherwise channel, state */
	bool by_due_on;   /* and due_on behind them */
	size_t amounts;
} reports[] = {
	[REPORT_OUTSTANDING] = { &statement_outstanding, true, false, OUTSTANDING_MINOR + 1 },
	[REPORT_OUTSTANDING_CHANGE] = { &statement_outstanding_change, true, true, OUTSTANDING_MINOR + 1 },
	[REPORT_COLLECTED] = { &statement_collected, true, false, COLLECTED_REFUNDED_MINOR + 1 },
	[REPORT_COMMUNICATIONS] = { &statement_communications, false, false, COMMUNICATIONS_MESSAGES + 1 },
};
_Static_assert(COUNT(reports) == REPORT_COUNT, "one row for each report");
_Static_assert(COLLECTED_REFUNDED_MINOR < DELTA_AMOUNTS, "the widest report");

/* ---- parameters: one array a column ---- */

static void add_days(struct db_params *params, const struct delta *deltas, size_t count)
{
	db_array_begin(params, DB_ARRAY_DATE);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, deltas[i].key.day);
}

static void add_creditors(struct db_params *params, const struct delta *deltas, size_t count)
{
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t i = 0; i < count; i++)
		db_array_uuid(params, &deltas[i].key.creditor_id);
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < count; i++)
		db_array_text(params, str_of(deltas[i].key.currency));
}

static void add_due_dates(struct db_params *params, const struct delta *deltas, size_t count)
{
	db_array_begin(params, DB_ARRAY_DATE);
	for (size_t i = 0; i < count; i++)
		db_array_int32(params, deltas[i].key.due_on);
}

static void add_states(struct db_params *params, const struct delta *deltas, size_t count)
{
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < count; i++)
		db_array_text(params, str_of(deltas[i].key.channel));
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t i = 0; i < count; i++)
		db_array_text(params, str_of(deltas[i].key.state));
}

static void add_amounts(struct db_params *params, const struct delta *deltas, size_t count, size_t amount)
{
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t i = 0; i < count; i++)
		db_array_int64(params, deltas[i].amounts[amount]);
}

/* ---- the batch ---- */

static int fold_batch(struct reporting *reporting, const struct read_event *events, size_t count, struct err *err)
{
	buf_reset(&reporting->deltas);
	for (size_t i = 0; i < count; i++)
		if (!deltas_fold(events[i].type, events[i].body, events[i].at_ms, &reporting->deltas))
			return err_set(err, ERR_POISON,
				       "reporting: a word in event %s part=%" PRId32 " seq=%" PRId64 " is too long",
				       events[i].module, events[i].part, events[i].seq);
	if (reporting->deltas.overflow)
		return err_set(err, ERR_POISON, "reporting: a batch of %zu events changes over %zu bytes of rows", count,
			       DELTAS_SIZE_MAX);
	if (!deltas_merge(&reporting->deltas))
		return err_set(err, ERR_POISON, "reporting: a sum over %zu events overflows", count);
	return 0;
}

static int send_report(struct reporting *reporting, struct db *db, const struct delta *deltas, size_t count, struct err *err)
{
	enum report report = deltas[0].key.report;

	db_params_reset(&reporting->params);
	add_days(&reporting->params, deltas, count);
	if (reports[report].by_creditor)
		add_creditors(&reporting->params, deltas, count);
	else
		add_states(&reporting->params, deltas, count);
	if (reports[report].by_due_on)
		add_due_dates(&reporting->params, deltas, count);
	for (size_t amount = 0; amount < reports[report].amounts; amount++)
		add_amounts(&reporting->params, deltas, count, amount);
	return db_send(db, reports[report].statement, &reporting->params, err);
}

/* Sends the statements of the reports with changes, and returns their number. */
static int send_all(struct reporting *reporting, struct db *db, size_t *ret_sent, struct err *err)
{
	size_t count = deltas_count(&reporting->deltas);
	size_t next;

	for (size_t first = 0; first < count; first = next) {
		const struct delta *deltas = delta_at(&reporting->deltas, first);

		next = first + 1;
		while (next < count && delta_at(&reporting->deltas, next)->key.report == deltas->key.report)
			next++;
		if (send_report(reporting, db, deltas, next - first, err) != 0)
			return -1;
		++*ret_sent;
	}
	return db_pipeline_flush(db, err);
}

void reporting_init(struct reporting *reporting)
{
	buf_init(&reporting->deltas, DELTAS_SIZE_MAX);
	buf_init(&reporting->content, REPORT_SIZE_MAX);
	db_params_init(&reporting->params, PARAMS_SIZE_MAX);
}

void reporting_release(struct reporting *reporting)
{
	db_params_release(&reporting->params);
	buf_release(&reporting->content);
	buf_release(&reporting->deltas);
}

static int write_deltas(struct reporting *reporting, struct db *db, struct err *err)
{
	struct err ignored = ERR_INIT;
	size_t sent = 0;
	int rc;

	if (deltas_count(&reporting->deltas) == 0)
		return 0;
	if (db_pipeline_begin(db, err) != 0)
		return -1;
	rc = send_all(reporting, db, &sent, err);
	for (size_t i = 0; rc == 0 && i < sent; i++)
		rc = db_receive(db, NULL, err);
	if (db_pipeline_end(db, rc == 0 ? err : &ignored) != 0)
		rc = -1;
	return rc;
}

int reporting_apply(void *self, struct db *db, const struct read_event *events, size_t count, struct err *err)
{
	struct reporting *reporting = self;

	if (fold_batch(reporting, events, count, err) != 0 || write_deltas(reporting, db, err) != 0)
		return -1;
	return reporting_make_reports(reporting, db, events, count, err);
}
