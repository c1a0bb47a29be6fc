/*
 * Requested reports: made from the tables as of this transaction, stored as a file. They are few and rare, so each has a
 * statement of its own. One statement reads the rows and, in the same snapshot, the positions up to which the tables contain the
 * events.
 */

#include "base/array.h"
#include "base/must.h"
#include "consumers/reporting/sheet.h"
#include "consumers/reporting/store.h"
#include "model/report_kind.h"
#include "schemas/words.h"

#define POSITIONS(module)                                                                                                        \
	"(SELECT coalesce(jsonb_object_agg(part, last_seq), '{}') FROM reader_head WHERE module = '" module "')::text"

/*
 * Each result begins with the positions, and has one row even if there is nothing to report. The amount owed at the end of a day
 * is the current one without later bookings: like reporting.ageing (sql/0027_ageing_of_past_days.sql), over the tables in the
 * search_path.
 */
static const struct db_statement statement_ageing = {
	"reporting_make_ageing",
	"WITH change AS (SELECT creditor_id, currency, due_on, debts, outstanding_minor AS minor FROM outstanding UNION ALL"
	" SELECT creditor_id, currency, due_on, -debts, -outstanding_minor FROM outstanding_change WHERE booked_on > $1),"
	" due AS (SELECT creditor_id, currency, due_on, sum(debts) AS debts, sum(minor) AS minor FROM change"
	" WHERE ($2::uuid IS NULL OR creditor_id = $2) AND ($3::text IS NULL OR currency = $3) GROUP BY 1, 2, 3),"
	" owed AS MATERIALIZED ("
	" SELECT d.creditor_id, d.currency, b.bucket_no, b.bucket || ' days' AS bucket, sum(d.debts) AS debts, sum(d.minor) AS "
	"minor"
	" FROM due d JOIN reporting.ageing_bucket b ON greatest($1::date - d.due_on, 0) BETWEEN b.days_min AND b.days_max"
	" WHERE d.debts <> 0 OR d.minor <> 0"
	" GROUP BY d.creditor_id, d.currency, b.bucket_no, b.bucket ORDER BY 1, 2, 3 LIMIT $4::bigint)"
	" SELECT " POSITIONS("debts") ", $1::date, creditor_id, currency, bucket, reporting.whole(debts), reporting.whole(minor)"
				      " FROM (VALUES (1)) always LEFT JOIN owed ON true ORDER BY creditor_id, currency, bucket_no"
};

static const struct db_statement statement_collections = {
	"reporting_make_collections",
	"WITH taken AS MATERIALIZED ("
	" SELECT * FROM collected WHERE day BETWEEN $1::date AND $2::date AND ($3::uuid IS NULL OR creditor_id = $3)"
	" AND ($4::text IS NULL OR currency = $4) ORDER BY day, creditor_id, currency LIMIT $5::bigint)"
	" SELECT " POSITIONS(
		"debts") ", day, creditor_id, currency, payments, amount_minor, reversals, reversed_minor,"
			 " reporting.whole(amount_minor::numeric - reversed_minor - refunded_minor), refunds, refunded_minor"
			 " FROM (VALUES (1)) always LEFT JOIN taken ON true ORDER BY day, creditor_id, currency"
};

static const struct db_statement statement_communications = {
	"reporting_make_communications",
	"WITH counted AS MATERIALIZED ("
	" SELECT * FROM communications WHERE day BETWEEN $1::date AND $2::date AND ($3::text IS NULL OR channel = $3)"
	" AND messages <> 0 ORDER BY day, channel, state LIMIT $4::bigint)"
	" SELECT " POSITIONS("communications") ", day, channel, state, messages"
					       " FROM (VALUES (1)) always LEFT JOIN counted ON true ORDER BY day, channel, state"
};

static const struct column ageing_columns[] = {
	{ "as_of", "asOf", CELL_DATE },
	{ "creditor_id", "creditorId", CELL_ID },
	{ "currency", "currency", CELL_CURRENCY },
	{ "past_due", "pastDue", CELL_TEXT },
	{ "debts", "debts", CELL_COUNT },
	{ "outstanding", "outstanding", CELL_MONEY },
};

static const struct column collections_columns[] = {
	{ "day", "day", CELL_DATE },
	{ "creditor_id", "creditorId", CELL_ID },
	{ "currency", "currency", CELL_CURRENCY },
	{ "payments", "payments", CELL_COUNT },
	{ "received", "received", CELL_MONEY },
	{ "reversals", "reversals", CELL_COUNT },
	{ "reversed", "reversed", CELL_MONEY },
	{ "net", "net", CELL_MONEY },
	{ "refunds", "refunds", CELL_COUNT }, /* behind the net: who reads by position goes on */
	{ "refunded", "refunded", CELL_MONEY },
};

static const struct column communications_columns[] = {
	{ "day", "day", CELL_DATE },
	{ "channel", "channel", CELL_TEXT },
	{ "state", "state", CELL_TEXT },
	{ "messages", "messages", CELL_COUNT },
};

#define COLUMNS_MAX   10
#define FIRST_COLUMN  1                  /* of the result, after the positions */
#define NEVER_NULL_IN (FIRST_COLUMN + 1) /* a column that is null only when there is no row */

static const struct kind {
	const struct db_statement *statement;
	const struct column *columns;
	size_t columns_count;
} kinds[] = {
	[REPORT_KIND_AGEING] = { &statement_ageing, ageing_columns, COUNT(ageing_columns) },
	[REPORT_KIND_COLLECTIONS] = { &statement_collections, collections_columns, COUNT(collections_columns) },
	[REPORT_KIND_COMMUNICATIONS] = { &statement_communications, communications_columns, COUNT(communications_columns) },
};
_Static_assert(COUNT(kinds) == REPORT_KIND_COUNT, "every kind can be made");

static const struct db_statement statement_keep = {
	"reporting_keep",
	"INSERT INTO report (report_id, state, reason, rows, size, sha256, content, positions)"
	" VALUES ($1, $2, $3::text, $4, coalesce(octet_length($5::bytea), 0), sha256($5), $5, $6::text::jsonb)"
	" ON CONFLICT (report_id) DO NOTHING" /* the tables are being rebuilt: an earlier report stays as it was */
};

static const struct db_statement statement_expire = {
	"reporting_expire",
	"UPDATE report SET state = 'expired', content = NULL, expired_at = $1::timestamptz WHERE report_id IN (SELECT report_id "
	"FROM report"
	" WHERE state = 'ready' AND made_at < $1::timestamptz - make_interval(days => $2) ORDER BY made_at LIMIT $3::bigint"
	" FOR UPDATE SKIP LOCKED)"
};

/* ---- one report ---- */

/* In the order of the statements: days, creditor, currency or channel, rows. */
static void ask(struct db_params *params, const struct report_about *about, const struct report_requested *asked)
{
	db_params_reset(params);
	if (about->by_day)
		db_param_date(params, asked->from_on);
	db_param_date(params, asked->as_of);
	if (about->by_creditor) {
		if (asked->has_creditor_id)
			db_param_uuid(params, &asked->creditor_id);
		else
			db_param_null(params);
	}
	if (about->by_creditor ? asked->has_currency : asked->has_channel)
		db_param_text(params, about->by_creditor ? asked->currency : asked->channel);
	else
		db_param_null(params);
	db_param_int64(params, REPORT_ROWS_MAX + 1);
}

/* False: a sum is out of range. */
static bool read_row(const struct db_result *result, int row, const struct kind *kind, struct cell *cells)
{
	for (size_t i = 0; i < kind->columns_count; i++) {
		int column = FIRST_COLUMN + (int)i;

		if (db_is_null(result, row, column))
			return false;
		switch (kind->columns[i].kind) {
		case CELL_TEXT:
		case CELL_CURRENCY:
			cells[i].text = db_str(result, row, column);
			break;
		case CELL_DATE:
			cells[i].number = db_date(result, row, column);
			break;
		case CELL_ID:
			cells[i].id = db_uuid(result, row, column);
			break;
		case CELL_COUNT:
		case CELL_MONEY:
			cells[i].number = db_int64(result, row, column);
			break;
		}
	}
	return true;
}

/* Writes the file. NULL, or the reason why there is none, for people. */
static const char *write_sheet(struct buf *content, const struct db_result *result, const struct kind *kind,
			       const struct report_requested *asked, int64_t *ret_rows)
{
	struct cell cells[COLUMNS_MAX] = { 0 };
	struct sheet sheet;

	MUST(kind->columns_count <= COLUMNS_MAX);
	sheet_begin(&sheet, content, kind->columns, kind->columns_count, asked);
	for (int row = 0; row < result->rows && !db_is_null(result, row, NEVER_NULL_IN); row++) {
		if (sheet.rows == REPORT_ROWS_MAX)
			return "more than " REPORT_ROWS_TEXT " rows: ask for fewer days, one creditor or one currency";
		if (!read_row(result, row, kind, cells))
			return "a sum is too large to be told: ask for one creditor or one currency";
		if (!sheet_add(&sheet, cells))
			return "an amount is in a currency whose decimals are not known";
	}
	sheet_end(&sheet);
	*ret_rows = sheet.rows;
	return content->overflow ? "the file would be too large: ask for fewer days, one creditor or one currency" : NULL;
}

static int keep(struct reporting *reporting, struct db *db, const struct report_requested *asked, const char *reason,
		int64_t rows, struct str positions, struct err *err)
{
	struct db_params *params = &reporting->params;

	db_params_reset(params);
	db_param_uuid(params, &asked->report_id);
	db_param_text(params, reason == NULL ? STR("ready") : STR("failed"));
	if (reason == NULL)
		db_param_null(params);
	else
		db_param_text(params, str_of(reason));
	db_param_int32(params, (int32_t)rows);
	if (reason == NULL)
		db_param_bytes(params, buf_str(&reporting->content));
	else
		db_param_null(params);
	db_param_text(params, positions);
	return db_run(db, &statement_keep, params, NULL, err);
}

static int make_report(struct reporting *reporting, struct db *db, const struct report_requested *asked, struct err *err)
{
	const struct kind *kind = &kinds[report_kind_by_name(asked->kind)];
	struct db_result result = { 0 };
	const char *reason;
	int64_t rows = 0;
	int rc;

	if (kind->statement == NULL)
		return err_set(err, ERR_POISON, "reporting: a report of a kind that this program does not know");
	ask(&reporting->params, report_about(asked->kind), asked);
	if (db_run(db, kind->statement, &reporting->params, &result, err) != 0)
		return -1;
	MUST(result.rows > 0);
	buf_reset(&reporting->content);
	reason = write_sheet(&reporting->content, &result, kind, asked, &rows);
	rc = keep(reporting, db, asked, reason, rows, db_str(&result, 0, 0), err);
	db_result_release(&result);
	return rc;
}

static int expire_old(struct reporting *reporting, struct db *db, int64_t now_ms, struct err *err)
{
	db_params_reset(&reporting->params);
	db_param_instant(&reporting->params, now_ms);
	db_param_int32(&reporting->params, REPORT_KEPT_DAYS);
	db_param_int64(&reporting->params, REPORTS_EXPIRED_AT_ONCE);
	return db_run(db, &statement_expire, &reporting->params, NULL, err);
}

int reporting_make_reports(struct reporting *reporting, struct db *db, const struct read_event *events, size_t count,
			   struct err *err)
{
	int64_t newest_ms = 0;

	for (size_t i = 0; i < count; i++) {
		if (events[i].type != &report_requested_type)
			continue;
		if (make_report(reporting, db, events[i].body, err) != 0)
			return -1;
		if (events[i].at_ms > newest_ms)
			newest_ms = events[i].at_ms;
	}
	return newest_ms == 0 ? 0 : expire_old(reporting, db, newest_ms, err);
}
