/*
 * P7: the tables of the reports are the fold of the logs, up to the reader's position. It uses the reader's own fold
 * (consumers/reporting/fold.c): the check is that every event was counted once. The fold itself is checked by the debts: the
 * outstanding sum is the sum that the debts owe.
 */
#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "consumers/reporting/reporting.h"
#include "model/balances.h"
#include "verify.h"

#define MERGED_EVENTS   50000 /* the number of events whose deltas are merged at a time */
#define DELTAS_SIZE_MAX ((size_t)1 << 30)

static const struct db_statement select_heads = { "verify_reader_heads",
						  "SELECT module, part, last_seq FROM reporting.reader_head ORDER BY 1, 2" };

#define OWED "0" OWED_COLUMNS(" + ", "")

/* In one snapshot, and only if the reader has read everything by then: otherwise there is nothing to compare. */
static const struct db_statement select_unequal = {
	"verify_outstanding_debts",
	"SELECT format('reporting.outstanding %s %s %s', due_on, creditor_id, currency), "
	"format('says %s on %s debts, the debts say %s on %s', coalesce(o.outstanding_minor, 0), coalesce(o.debts, 0), "
	"coalesce(d.owed_minor, 0), coalesce(d.debts, 0)) FROM reporting.outstanding o FULL JOIN ("
	"SELECT due_on, creditor_id, currency, count(*) FILTER (WHERE owed_minor > 0) AS debts, sum(owed_minor) AS owed_minor "
	"FROM (SELECT *, " OWED " AS owed_minor FROM debts.debt) each "
	"GROUP BY due_on, creditor_id, currency) d USING (due_on, creditor_id, currency) "
	"WHERE (coalesce(o.debts, 0), coalesce(o.outstanding_minor, 0)) <> (coalesce(d.debts, 0), coalesce(d.owed_minor, 0)) "
	"AND NOT EXISTS (SELECT FROM debts.partition_head h LEFT JOIN reporting.reader_head r "
	"ON r.module = 'debts' AND r.part = h.part WHERE coalesce(r.last_seq, 0) <> h.log_seq) LIMIT 1000"
};

/* By enum report. Days first, then creditor and currency or channel and state, due dates if it has them, then the amounts. */
static const struct {
	const char *name, *module; /* the only module whose events it counts */
	struct db_statement select;
	bool by_creditor, by_due_on;
	int amounts;
} tables[REPORT_COUNT] = {
	[REPORT_OUTSTANDING] = { "reporting.outstanding",
				 "debts",
				 { "verify_outstanding", "SELECT due_on, creditor_id, currency::text, debts, outstanding_minor "
							 "FROM reporting.outstanding" },
				 true,
				 false,
				 OUTSTANDING_MINOR + 1 },
	[REPORT_OUTSTANDING_CHANGE] = { "reporting.outstanding_change",
					"debts",
					{ "verify_outstanding_change",
					  "SELECT booked_on, creditor_id, currency::text, due_on, debts, outstanding_minor "
					  "FROM reporting.outstanding_change" },
					true,
					true,
					OUTSTANDING_MINOR + 1 },
	[REPORT_COLLECTED] = { "reporting.collected",
			       "debts",
			       { "verify_collected",
				 "SELECT day, creditor_id, currency::text, payments, amount_minor, reversals, "
				 "reversed_minor, refunds, refunded_minor FROM reporting.collected" },
			       true,
			       false,
			       COLLECTED_REFUNDED_MINOR + 1 },
	[REPORT_COMMUNICATIONS] = { "reporting.communications",
				    "communications",
				    { "verify_communications",
				      "SELECT day, channel, state, messages FROM reporting.communications" },
				    false,
				    false,
				    COMMUNICATIONS_MESSAGES + 1 },
};

/* ---- the tables ---- */

static int read_row(const struct db_result *result, int row, enum report report, struct delta *ret_delta, struct err *err)
{
	struct delta delta = { .key = { .report = report, .day = db_date(result, row, 0) } };
	int first = tables[report].by_due_on ? 4 : 3; /* of the amounts */
	bool fits = true;

	if (tables[report].by_due_on)
		delta.key.due_on = db_date(result, row, 3);
	if (tables[report].by_creditor) {
		delta.key.creditor_id = db_uuid(result, row, 1);
		fits = str_to_chars(delta.key.currency, sizeof(delta.key.currency), db_str(result, row, 2));
	} else {
		fits = str_to_chars(delta.key.channel, sizeof(delta.key.channel), db_str(result, row, 1)) &&
		       str_to_chars(delta.key.state, sizeof(delta.key.state), db_str(result, row, 2));
	}
	for (int i = 0; i < tables[report].amounts; i++)
		delta.amounts[i] = db_int64(result, row, first + i);
	*ret_delta = delta;
	return fits ? 0 : err_set(err, ERR_FATAL, "a word in %s is longer than any event's", tables[report].name);
}

static int read_table(struct verify *verify, enum report report, struct buf *rows, struct err *err)
{
	struct db_result result = { .pg = NULL };
	int failed = 0;

	if (db_run(verify->db, &tables[report].select, NULL, &result, err) != 0)
		return -1;
	for (int i = 0; i < result.rows && failed == 0; i++) {
		struct delta delta;

		failed = read_row(&result, i, report, &delta, err);
		buf_add(rows, &delta, sizeof(delta));
	}
	db_result_release(&result);
	return failed;
}

/* ---- the logs ---- */

static int merge(struct buf *deltas, struct err *err)
{
	return !deltas->overflow && deltas_merge(deltas) ? 0 : err_set(err, ERR_FATAL, "the sums of the reports overflow");
}

void refold_part(struct refold *refold, const char *module, int32_t part)
{
	refold->last_seq = 0;
	for (int row = 0; refold->is_on && row < refold->heads.rows; row++) {
		if (str_is(db_str(&refold->heads, row, 0), module) && db_int32(&refold->heads, row, 1) == part)
			refold->last_seq = db_int64(&refold->heads, row, 2);
	}
}

int refold_event(struct refold *refold, const struct logged_line *line, const struct message_type *type, const void *body,
		 struct err *err)
{
	if (line->row.seq > refold->last_seq)
		return 0;
	if (!deltas_fold(type, body, line->row.at_ms, &refold->fold))
		return err_set(err, ERR_FATAL, "the event with seq %lld does not fit a report", (long long)line->row.seq);
	return ++refold->events % MERGED_EVENTS == 0 ? merge(&refold->fold, err) : 0;
}

/* ---- comparison ---- */

static void where_row(char where[WHERE_SIZE], const struct delta_key *key)
{
	bool by_creditor = tables[key->report].by_creditor;
	char day[16], due_on[16] = "", creditor[UUID_TEXT_SIZE + 1];

	day_format(day, key->day);
	if (tables[key->report].by_due_on)
		day_format(due_on, key->due_on);
	uuid_format(creditor, &key->creditor_id);
	snprintf(where, WHERE_SIZE, "%s %s %s %s%s%s", tables[key->report].name, day, by_creditor ? creditor : key->channel,
		 by_creditor ? key->currency : key->state, due_on[0] != '\0' ? " " : "", due_on);
}

static void report_alone(struct verify *verify, const struct delta *delta, const char *what)
{
	char where[WHERE_SIZE];

	where_row(where, &delta->key);
	finding(verify, 7, where, "%s", what);
}

static void compare_amounts(struct verify *verify, const struct delta *row, const struct delta *fold)
{
	char where[WHERE_SIZE];

	where_row(where, &row->key);
	for (int i = 0; i < tables[row->key.report].amounts; i++) {
		if (row->amounts[i] != fold->amounts[i])
			finding(verify, 7, where, "amount %d is %lld, the log says %lld", i + 1, (long long)row->amounts[i],
				(long long)fold->amounts[i]);
	}
}

/* Both are sorted by unique keys. */
static void compare(struct verify *verify, const struct buf *rows, const struct buf *fold)
{
	size_t i = 0, j = 0;

	while (i < deltas_count(rows) || j < deltas_count(fold)) {
		int order = i < deltas_count(rows) ? -1 : 1;

		if (i < deltas_count(rows) && j < deltas_count(fold))
			order = delta_compare_keys(&delta_at(rows, i)->key, &delta_at(fold, j)->key);
		if (order < 0) {
			report_alone(verify, delta_at(rows, i++), "is there, and no event is about it");
		} else if (order > 0) {
			report_alone(verify, delta_at(fold, j++), "is missing, and events are about it");
		} else {
			compare_amounts(verify, delta_at(rows, i), delta_at(fold, j));
			i++;
			j++;
		}
	}
}

int verify_sums(struct verify *verify, struct err *err)
{
	bool has_debts = false, has_reports = false;

	if (table_exists(verify, "debts.debt", &has_debts, err) != 0 ||
	    table_exists(verify, "reporting.outstanding", &has_reports, err) != 0)
		return -1;
	return has_debts && has_reports ? find_by_query(verify, 7, &select_unequal, err) : 0;
}

static bool has_reports(const char *module)
{
	for (int report = 0; report < REPORT_COUNT; report++) {
		if (strcmp(tables[report].module, module) == 0)
			return true;
	}
	return false;
}

int refold_begin(struct refold *refold, struct verify *verify, const char *module, struct err *err)
{
	int failed = 0;

	*refold = (struct refold){ .is_on = false };
	buf_init(&refold->rows, DELTAS_SIZE_MAX);
	buf_init(&refold->fold, DELTAS_SIZE_MAX);
	if (!verify->is_wanted[7] || !has_reports(module))
		return 0;
	if (table_exists(verify, "reporting.outstanding", &refold->is_on, err) != 0)
		return -1;
	if (refold->is_on)
		failed = db_run(verify->db, &select_heads, NULL, &refold->heads, err);
	for (int report = 0; report < REPORT_COUNT && failed == 0 && refold->is_on; report++) {
		if (strcmp(tables[report].module, module) == 0)
			failed = read_table(verify, (enum report)report, &refold->rows, err);
	}
	return failed;
}

int refold_end(struct refold *refold, struct verify *verify, struct err *err)
{
	if (!refold->is_on)
		return 0;
	if (merge(&refold->fold, err) != 0)
		return -1;
	if (refold->rows.overflow || !deltas_merge(&refold->rows))
		return err_set(err, ERR_FATAL, "the reports do not fit into memory");
	compare(verify, &refold->rows, &refold->fold);
	return 0;
}

void refold_release(struct refold *refold)
{
	db_result_release(&refold->heads);
	buf_release(&refold->rows);
	buf_release(&refold->fold);
}
