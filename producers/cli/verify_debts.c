/*
 * The tables of the debts module against its log. Debts and payments are states of evolve. The ledger has one event for each
 * entry, with all its values: it is read in step with the log, in the same order (P5).
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/must.h"
#include "consumers/debts/debt/columns.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/hold/columns.h"
#include "consumers/debts/hold/hold.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/payment/columns.h"
#include "consumers/debts/promise/columns.h"
#include "consumers/debts/promise/promise.h"
#include "verify_debts.h"

/* The amounts of an entry: of each account, then its contra. */
#define AMOUNTS (ACCOUNT_COUNT + 1)

#define BALANCES ACCOUNT_COLUMNS("", ", ")

/* Beside the state of a debt; the sums are of the rows of its entries, not of events. */
struct debt_note {
	int64_t created_at_ms, amended_at_ms, amended_seq; /* seq 0: never amended */
	struct uuid original_creditor_id;                  /* all zeros: none */
	struct uuid allocation_policy_id;                  /* all zeros: none */
	int64_t allocation_policy_version;
	bool names_original;                /* false: the event is older than this field */
	uint32_t lifecycle;                 /* according to its row */
	int32_t entries, leavings, leaving; /* how many; of those by which it left the books, and the number of the last */
	enum ledger_kind left_by;           /* its kind */
	uint64_t sums[AMOUNTS];             /* modulo 2^64 */
};

/* Beside the state of a payment. */
struct payment_note {
	int32_t part;
	char currency[4];
	struct str method, source, external_ref;
	int32_t entries, reversals; /* its rows in the ledger */
	int64_t entry_seq;          /* the seq of its entry's row, and its values */
	int64_t amounts[AMOUNTS];
	uint64_t refunded_minor; /* by the rows of its refunds, modulo 2^64 */
};

/* Beside the state of a promise. */
struct promise_note {
	int64_t made_at_ms, changed_at_ms;
	struct str taken_by;
};

/* Beside the state of a hold. */
struct hold_note {
	int64_t placed_at_ms, changed_at_ms;
	struct str placed_by;
};

/* How a debt leaves the books: its last entry, and nothing is left. */
static const struct leaving {
	enum lifecycle lifecycle;
	enum ledger_kind kind;
	bool has_entry; /* always; not so a debt that is recalled when it is paid, without credit */
	const char *word;
} leavings[] = {
	{ LIFECYCLE_CANCELLED, LEDGER_CANCELLATION, true, "cancelled" },
	{ LIFECYCLE_WRITTEN_OFF, LEDGER_WRITE_OFF, true, "written off" },
	{ LIFECYCLE_TRANSFERRED, LEDGER_TRANSFER_OUT, false, "transferred" },
};

static const struct leaving *leaving_by_kind(enum ledger_kind kind)
{
	for (size_t i = 0; i < COUNT(leavings); i++) {
		if (leavings[i].kind == kind)
			return &leavings[i];
	}
	return NULL;
}

static const struct leaving *leaving_to(uint32_t lifecycle)
{
	for (size_t i = 0; i < COUNT(leavings); i++) {
		if (leavings[i].lifecycle == lifecycle)
			return &leavings[i];
	}
	return NULL;
}

/* ---- the ledger ---- */

/* The position in the ledger: one for the process, as there is one fold at a time. */
static struct {
	struct db_stream stream;
	bool is_open, has_row;
	int32_t part;
	int64_t seq; /* of the current row */
} ledger;

enum entry_column {
	ENTRY_PART,
	ENTRY_SEQ,
	ENTRY_NO,
	ENTRY_DEBT_ID = 5,
	ENTRY_KIND = 9,
	ENTRY_AMOUNTS = 11,
	ENTRY_PAYMENT_ID = ENTRY_AMOUNTS + AMOUNTS,
	ENTRY_REVERSES_SEQ
};

static const struct db_statement select_entries = {
	"verify_ledger_entries",
	"SELECT part, seq, entry_no, previous_seq, previous_part, debt_id, command_id, occurred_on, business_date, kind, "
	"contra, " BALANCES "contra_minor, payment_id, reverses_seq FROM debts.ledger_entry ORDER BY part, seq",
};

static void end_ledger(struct fold *fold)
{
	(void)fold;
	db_stream_close(&ledger.stream);
	ledger.is_open = ledger.has_row = false;
}

static int next_entry(struct fold *fold, struct err *err)
{
	if (db_stream_next(&ledger.stream, &ledger.has_row, err) != 0)
		return -1;
	if (!ledger.has_row)
		return 0;
	ledger.part = db_stream_int32(&ledger.stream, ENTRY_PART);
	ledger.seq = db_stream_int64(&ledger.stream, ENTRY_SEQ);
	fold->verify->tally.rows++;
	return 0;
}

/* After the snapshot of the log: so the ledger has every entry of the log. */
static int begin_ledger(struct fold *fold, struct err *err)
{
	end_ledger(fold);
	ledger.is_open = true;
	if (db_stream_open(&ledger.stream, fold->verify->beside, &select_entries, err) != 0)
		return -1;
	return next_entry(fold, err);
}

/* The links between entries of a debt, before the event and with it; the command of the last entry. */
static struct {
	int64_t previous_seq, reverses_seq;
	int32_t entry_no, previous_part;
	struct uuid command_id;
} hanging;

static const struct folded_table entries_table = { .name = "debts.ledger_entry", .by_place = true };

static void check_entry(struct table_row *row, const struct posting *posting, const struct logged_line *line)
{
	static const struct uuid none;

	row->column = ENTRY_NO;
	expect_int32(row, hanging.entry_no);
	expect_int64_or_null(row, hanging.previous_seq);
	expect_int32_if(row, hanging.previous_seq != 0 && hanging.previous_part != line->row.part, hanging.previous_part);
	expect_uuid(row, posting->debt_id);
	expect_uuid(row, &line->row.command_id);
	expect_date(row, posting->occurred_on);
	if (posting->has_booked_on)
		expect_date(row, posting->booked_on);
	else
		skip_column(row);
	expect_bytes(row, str_of(ledger_kind_name(posting->kind)));
	expect_bytes_or_null(row, posting->contra != CONTRA_NONE, str_of(contra_account_name(posting->contra)));
	for (int account = 0; account < ACCOUNT_COUNT; account++)
		expect_int64_or_null(row, posting->debits.minor[account]);
	expect_int64_or_null(row, posting->contra_minor);
	expect_uuid_or_null(row, posting->payment_id != NULL ? posting->payment_id : &none);
	expect_int64_or_null(row, hanging.reverses_seq);
}

/* ---- the ledger by itself: its rows must be consistent ---- */

static void count_payment_entry(struct table_row *row, struct payment_note *payment, const int64_t amounts[AMOUNTS])
{
	enum ledger_kind kind = ledger_kind_by_name(row_text(row, ENTRY_KIND));
	bool mirrors = row_int64(row, ENTRY_REVERSES_SEQ) == payment->entry_seq;

	if (kind == LEDGER_PAYMENT || kind == LEDGER_RECOVERY) {
		payment->entries++;
		payment->entry_seq = ledger.seq;
		memcpy(payment->amounts, amounts, sizeof(payment->amounts));
	}
	if (kind == LEDGER_REFUND)
		payment->refunded_minor += (uint64_t)amounts[ACCOUNT_CREDIT];
	if (kind != LEDGER_PAYMENT_REVERSAL)
		return;
	payment->reversals++;
	for (int i = 0; i < AMOUNTS; i++)
		mirrors = mirrors && (uint64_t)amounts[i] + (uint64_t)payment->amounts[i] == 0;
	if (!mirrors)
		row_wrong(row, "does not mirror the entry of its payment");
}

static void count_entry(struct fold *fold, struct table_row *row)
{
	struct uuid debt_id = row_uuid(row, ENTRY_DEBT_ID), payment_id = row_uuid(row, ENTRY_PAYMENT_ID);
	struct debt_note *debt = fold_noted(fold, &debt_entity, &debt_id);
	struct payment_note *payment = uuid_is_none(&payment_id) ? NULL : fold_noted(fold, &payment_entity, &payment_id);
	int64_t amounts[AMOUNTS];
	enum ledger_kind kind;
	uint64_t sum = 0;

	for (int i = 0; i < AMOUNTS; i++) {
		amounts[i] = row_int64(row, ENTRY_AMOUNTS + i);
		sum += (uint64_t)amounts[i];
		if (debt != NULL)
			debt->sums[i] += (uint64_t)amounts[i];
	}
	if (sum != 0)
		row_wrong(row, "does not sum to zero");
	if (payment != NULL)
		count_payment_entry(row, payment, amounts);
	if (debt == NULL)
		return;
	debt->entries++;
	kind = ledger_kind_by_name(row_text(row, ENTRY_KIND));
	if (leaving_by_kind(kind) != NULL) {
		debt->leavings++;
		debt->leaving = row_int32(row, ENTRY_NO);
		debt->left_by = kind;
	}
}

static void check_leaving(struct table_row *row, const struct debt_note *note, bool is_empty)
{
	const struct leaving *state = leaving_to(note->lifecycle);
	const struct leaving *entry = note->leavings > 0 ? leaving_by_kind(note->left_by) : NULL;

	if (entry != NULL && entry != state)
		row_wrong(row, "has a %s and is not %s", ledger_kind_name(entry->kind), entry->word);
	else if (state == NULL)
		return;
	else if (entry == NULL && state->has_entry)
		row_wrong(row, "is %s, and there is no entry of it", state->word);
	else if (entry != NULL && (note->leavings > 1 || note->leaving != note->entries))
		row_wrong(row, "has entries after it was %s", state->word);
	else if (!is_empty)
		row_wrong(row, "is %s, and its balances are not zero", state->word);
}

static void check_sums(struct table_row *row, const struct debt_note *note, int32_t entries, const struct balances *balances)
{
	const int64_t *minor = balances->minor;
	bool is_sum = (uint64_t)minor[ACCOUNT_CREDIT] + note->sums[ACCOUNT_CREDIT] == 0;
	bool is_empty = true, owes = false;

	for (int i = 0; i < ACCOUNT_COUNT; i++) {
		is_sum = is_sum && (i == ACCOUNT_CREDIT || (uint64_t)minor[i] == note->sums[i]);
		is_empty = is_empty && minor[i] == 0;
		owes = owes || (i < ACCOUNT_OWED_COUNT && minor[i] > 0);
		if (minor[i] < 0)
			row_wrong(row, "a balance is below 0");
	}
	if (minor[ACCOUNT_CREDIT] > 0 && owes)
		row_wrong(row, "there is credit while something is owed");
	if (entries != note->entries)
		row_wrong(row, "has %d entries, the row says %d", note->entries, entries);
	else if (!is_sum)
		row_wrong(row, "the balances are not the sums of its entries");
	check_leaving(row, note, is_empty);
}

/* ---- the ledger against the log ---- */

static struct table_row entry_at_hand(struct fold *fold)
{
	return (struct table_row){ .verify = fold->verify, .table = &entries_table, .stream = &ledger.stream, .promise = 5 };
}

static int64_t log_seq_of(const struct fold *fold, int32_t part)
{
	const struct verify *verify = fold->verify;

	for (size_t i = 0; i < verify->heads_count; i++) {
		if (verify->heads[i].part == part && strcmp(verify->heads[i].module, fold->module->module->name) == 0)
			return verify->heads[i].log_seq;
	}
	return 0;
}

/* Entries without an event, except those newer than the log's snapshot. */
static int skip_entries(struct fold *fold, const struct logged_line *line, struct err *err)
{
	while (ledger.has_row &&
	       (line == NULL || ledger.part < line->row.part || (ledger.part == line->row.part && ledger.seq < line->row.seq))) {
		struct table_row row = entry_at_hand(fold);

		if (fold->slice == 0 && ledger.seq <= log_seq_of(fold, ledger.part))
			row_wrong(&row, "is not the entry of an event about its debt");
		if (next_entry(fold, err) != 0)
			return -1;
	}
	return 0;
}

static void say_no_entry(struct fold *fold, const struct logged_line *line)
{
	char where[WHERE_SIZE];

	snprintf(where, sizeof(where), "%s part %d seq %lld", entries_table.name, line->row.part, (long long)line->row.seq);
	finding(fold->verify, 5, where, "the row is missing, and the log says that there is one");
}

static void check_beside(struct fold *fold, const struct logged_line *line, const struct event *event, bool is_there)
{
	struct posting posting;
	bool posts = event != NULL && posting_of(event, &posting);
	struct table_row row = entry_at_hand(fold);

	if (posts && !is_there)
		say_no_entry(fold, line);
	if (!is_there)
		return;
	if (posts)
		check_entry(&row, &posting, line);
	else
		row_wrong(&row, "the event of this number moves no money");
	count_entry(fold, &row);
}

static int beside_debts(struct fold *fold, const struct logged_line *line, const struct event *event, bool is_ours,
			struct err *err)
{
	bool is_there;

	if (skip_entries(fold, line, err) != 0)
		return -1;
	if (line == NULL)
		return 0;
	is_there = ledger.has_row && ledger.part == line->row.part && ledger.seq == line->row.seq;
	if (is_ours)
		check_beside(fold, line, event, is_there);
	return is_there ? next_entry(fold, err) : 0;
}

/* ---- events ---- */

/* What the payment has met: its debt as it is now, and what it paid. Its split must be that of the debt's order. */
static void check_split(struct fold *fold, const struct payment_recorded *event, const struct logged_line *line)
{
	const struct debt *debt = fold_state(fold, &debt_entity, &event->debt_id);
	const struct balances allocated = BALANCES_OF(event);
	struct balances before = debt->balances, again;
	char where[WHERE_SIZE];

	balances_post(&before, &allocated);
	again = ledger_allocate(debt->allocation, &before, event->amount_minor);
	if (memcmp(&again, &allocated, sizeof(again)) == 0)
		return;
	(void)snprintf(where, sizeof(where), "debts part %d seq %lld", line->row.part, (long long)line->row.seq);
	finding(fold->verify, 5, where, "the payment is not split in the order of its debt's policy");
}

static void note_payment(struct fold *fold, const struct payment_recorded *event, const struct logged_line *line)
{
	struct payment *payment = fold_change(fold, &payment_entity, &event->payment_id);
	struct payment_note *note = fold_note(fold, &payment_entity, &event->payment_id, sizeof(*note));
	bool fits = str_to_chars(note->currency, sizeof(note->currency), event->currency);

	MUST(fits);
	check_split(fold, event, line);
	payment->entry_seq = line->row.seq;
	note->part = line->row.part;
	note->method = fold_copy(fold, event->method);
	note->source = fold_copy(fold, event->source);
	note->external_ref = fold_copy(fold, event->external_ref);
}

static void note_created(struct fold *fold, const struct debt_created *event, const struct logged_line *line)
{
	struct debt_note *note = fold_note(fold, &debt_entity, &event->debt_id, sizeof(*note));

	note->created_at_ms = line->row.at_ms;
	note->names_original = event->has_actor; /* both members were added in one version */
	if (event->has_allocation_policy_id) {
		note->allocation_policy_id = event->allocation_policy_id;
		note->allocation_policy_version = event->allocation_policy_version;
	}
	if (event->has_original_creditor_id)
		note->original_creditor_id = event->original_creditor_id;
}

static void note_amended(struct fold *fold, const struct logged_line *line)
{
	struct debt_note *note = fold_noted(fold, &debt_entity, &line->row.subject);

	if (note == NULL)
		return;
	note->amended_at_ms = line->row.at_ms;
	note->amended_seq = line->row.seq;
}

/* Any other event about a promise. */
static void note_promise(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	const struct field *field = message_field(event->type, STR("promise_id"));
	struct promise_note *note = field == NULL ? NULL : fold_noted(fold, &promise_entity, message_uuid(field, event->body));

	if (note != NULL)
		note->changed_at_ms = line->row.at_ms;
}

static void note_promise_made(struct fold *fold, const struct promise_made *event, const struct logged_line *line)
{
	struct promise_note *note = fold_note(fold, &promise_entity, &event->promise_id, sizeof(*note));

	note->made_at_ms = note->changed_at_ms = line->row.at_ms;
	note->taken_by = fold_copy(fold, event->actor);
}

static void note_hold(struct fold *fold, const struct uuid *hold_id, bool is_new, const struct event *event,
		      const struct logged_line *line)
{
	struct hold_note *note =
		is_new ? fold_note(fold, &hold_entity, hold_id, sizeof(*note)) : fold_noted(fold, &hold_entity, hold_id);

	if (note == NULL)
		return;
	note->changed_at_ms = line->row.at_ms;
	if (!is_new)
		return;
	note->placed_at_ms = line->row.at_ms;
	note->placed_by = fold_copy(fold, message_str(message_field(event->type, STR("actor")), event->body));
}

static void note_hold_extended(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	const struct hold_extended *body = event->body;

	note_hold(fold, &body->hold_id, false, event, line);
	note_hold(fold, &body->merged_hold_id, true, event, line);
	for (size_t index = 0; index < body->also_merged_ids_count; index++)
		note_hold(fold, &body->also_merged_ids[index], false, event, line);
}

/* An event about a promise or a hold that there is, or about neither. */
static void note_other(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	const struct field *field = message_field(event->type, STR("hold_id"));

	if (field != NULL)
		note_hold(fold, message_uuid(field, event->body), event->type == &hold_placed_type, event, line);
	else if (message_field(event->type, STR("plan_id")) != NULL)
		note_plan(fold, event, line);
	else if (message_field(event->type, STR("settlement_id")) != NULL)
		note_settlement(fold, event, line);
	else if (message_field(event->type, STR("dispute_id")) != NULL)
		note_dispute(fold, event, line);
	else
		note_promise(fold, event, line);
}

static int64_t reversed_seq(struct fold *fold, const struct payment_reversed *event)
{
	return ((const struct payment *)fold_change(fold, &payment_entity, &event->payment_id))->entry_seq;
}

static void note_event(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	hanging.reverses_seq = 0;
	if (event->type == &debt_created_type)
		note_created(fold, event->body, line);
	else if (event->type == &payment_recorded_type)
		note_payment(fold, event->body, line);
	else if (event->type == &payment_reversed_type)
		hanging.reverses_seq = reversed_seq(fold, event->body);
	else if (event->type == &promise_made_type)
		note_promise_made(fold, event->body, line);
	else if (event->type == &portfolio_described_type)
		note_portfolio(fold, event->body, line);
	else if (event->type == &debt_policy_published_type)
		note_debt_policy(fold, event->body, line);
	else if (event->type == &creditor_described_type)
		note_creditor(fold, event->body, line);
	else if (event->type == &hold_extended_type)
		note_hold_extended(fold, event, line);
	else
		note_other(fold, event, line);
}

/* The entry of the event follows the debt's previous entry. A change by a command without an entry is noted in the debt's row. */
static void note_debts(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	struct posting posting;
	struct debt *debt;

	note_event(fold, event, line);
	note_bucket(fold, event);
	if (!posting_of(event, &posting)) {
		if (!uuid_equal(&hanging.command_id, &line->row.command_id))
			note_amended(fold, line);
		return;
	}
	hanging.command_id = line->row.command_id;
	debt = fold_change(fold, &debt_entity, posting.debt_id);
	hanging.previous_seq = debt->last_entry_seq;
	hanging.previous_part = debt->part;
	hanging.entry_no = debt->entries;
	debt->last_entry_seq = line->row.seq;
	debt->part = line->row.part;
}

/* ---- tables ---- */

/*
 * Behind its key and id; its list of columns is last. The columns for P5 are read under names of their own, independent of that
 * list.
 */
enum debt_column { DEBT_BALANCES = 2, DEBT_ENTRIES = DEBT_BALANCES + ACCOUNT_COUNT, DEBT_LIFECYCLE, DEBT_REFERENCE };

static struct db_template select_debts = {
	.name = "verify_rows_debt",
	.columns = &debt_columns,
	.sql = "SELECT d.customer_id, d.debt_id, " BALANCES "d.entries, d.lifecycle::integer, d.external_ref, "
	       "d.original_creditor_id, d.allocation_policy_id, d.allocation_policy_version, d.created_at, d.amended_at, "
	       "d.amended_seq, t.due_on AS activates_on, a.due_on AS ages_on, {d.columns} "
	       "FROM debts.debt d "
	       "LEFT JOIN debts.timer t ON t.part = d.part AND t.key = d.customer_id AND t.kind = 1 AND t.subject = d.debt_id "
	       "LEFT JOIN debts.timer a ON a.part = d.part AND a.key = d.customer_id AND a.kind = 13 AND a.subject = d.debt_id",
};

/* P5: the row against the rows of its entries. */
static void check_balances(struct table_row *row, struct debt_note *note)
{
	struct balances balances;
	struct str reference = row_text(row, DEBT_REFERENCE);

	for (int account = 0; account < ACCOUNT_COUNT; account++)
		balances.minor[account] = row_int64(row, DEBT_BALANCES + account);
	row->promise = 5;
	note->lifecycle = (uint32_t)row_int32(row, DEBT_LIFECYCLE);
	check_sums(row, note, row_int32(row, DEBT_ENTRIES), &balances);
	if (reference.size == 0 || (unsigned char)reference.data[0] < ' ')
		row_wrong(row, "has no reference that a creditor could have given it");
}

static void missing_debt(struct fold *fold, const struct uuid *id, const char *where)
{
	const struct debt_note *note = fold_noted(fold, &debt_entity, id);

	if (note != NULL && note->entries > 0)
		finding(fold->verify, 5, where, "has ledger entries and no row");
}

static void check_debt(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct debt *debt = row_state(fold, row, &id);
	const struct debt_terms *terms = fold_state(fold, &debt_terms_entity, &id);
	struct debt_note *note = fold_noted(fold, &debt_entity, &id);

	if (debt == NULL || terms == NULL || note == NULL)
		return;
	expect_columns(row, debt);
	row->column = DEBT_REFERENCE;
	expect_bytes(row, str_of(terms->external_ref));
	if (note->names_original)
		expect_uuid_or_null(row, &note->original_creditor_id);
	else
		skip_column(row);
	expect_uuid_or_null(row, &note->allocation_policy_id);
	expect_int64_or_null(row, note->allocation_policy_version);
	expect_instant(row, note->created_at_ms);
	expect_instant_or_null(row, note->amended_seq != 0, note->amended_at_ms);
	expect_int64_or_null(row, note->amended_seq);
	if (debt->lifecycle == LIFECYCLE_NEW) /* it waits for its day; one that was paid meanwhile may have its timer still */
		expect_date(row, debt->due_on);
	else
		skip_column(row);
	if (debt_next_bucket_on(debt) != 0) /* one that was paid, or is paused, may have its timer still */
		expect_date(row, debt_next_bucket_on(debt));
	check_balances(row, note);
}

enum payment_column { PAYMENT_PART = 2, PAYMENT_STATE = 4 };

static struct db_template select_payments = {
	.name = "verify_rows_payment",
	.columns = &payment_columns,
	.sql = "SELECT p.customer_id, p.payment_id, p.part, p.currency, p.state, p.method, p.source, p.external_ref, {p.columns} "
	       "FROM debts.payment p",
};

/* No more than was credit: that of a payment stands with a sign below 0 in its entry. */
static void check_refunds(struct table_row *row, const struct payment *payment, const struct payment_note *note, bool is_settled)
{
	const int64_t refunded_minor = (int64_t)note->refunded_minor;

	if (refunded_minor != payment->refunded_minor)
		row_wrong(row, "%lld were refunded by its ledger entries, and %lld by the log", (long long)refunded_minor,
			  (long long)payment->refunded_minor);
	if (refunded_minor < 0 || refunded_minor > -note->amounts[ACCOUNT_CREDIT])
		row_wrong(row, "%lld of it were refunded, which is not of its credit", (long long)refunded_minor);
	if (refunded_minor != 0 && !is_settled)
		row_wrong(row, "was reversed, and something of it was refunded");
}

/* P5: the row against the rows of its entries, and its debt's. */
static void check_entries(struct fold *fold, struct table_row *row, const struct payment *payment,
			  const struct payment_note *note)
{
	const struct debt_note *debt = fold_noted(fold, &debt_entity, &payment->debt_id);
	bool is_settled = str_is(row_text(row, PAYMENT_STATE), "settled");

	row->promise = 5;
	if (note->entries != 1)
		row_wrong(row, "has %d ledger entries", note->entries);
	if (is_settled != (note->reversals == 0))
		row_wrong(row, "is %s, and its reversal is %s", is_settled ? "settled" : "reversed",
			  is_settled ? "there" : "missing");
	if (note->reversals > 1)
		row_wrong(row, "was reversed %d times", note->reversals);
	check_refunds(row, payment, note, is_settled);
	if (is_settled && debt != NULL && debt->lifecycle == LIFECYCLE_CANCELLED &&
	    note->refunded_minor != (uint64_t)payment->amount_minor)
		row_wrong(row, "stands on a cancelled debt");
}

static void missing_payment(struct fold *fold, const struct uuid *id, const char *where)
{
	const struct payment_note *note = fold_noted(fold, &payment_entity, id);

	if (note != NULL && note->entries > 0)
		finding(fold->verify, 5, where, "has a ledger entry: it is of a payment that there is not");
}

static void check_payment(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct payment *payment = row_state(fold, row, &id);
	const struct payment_note *note = fold_noted(fold, &payment_entity, &id);

	if (payment == NULL || note == NULL)
		return;
	expect_columns(row, payment);
	row->column = PAYMENT_PART;
	expect_int32(row, note->part);
	expect_bytes(row, str_of(note->currency));
	skip_column(row); /* its state: in the list */
	expect_bytes(row, note->method);
	expect_bytes(row, note->source);
	expect_bytes(row, note->external_ref);
	check_entries(fold, row, payment, note);
}

enum promise_column { PROMISE_TAKEN_BY = 2 };

static struct db_template select_promises = {
	.name = "verify_rows_promise",
	.columns = &promise_columns,
	.sql = "SELECT p.customer_id, p.promise_id, p.taken_by, p.made_at, p.changed_at, t.due_on AS judged_on, {p.columns} "
	       "FROM debts.promise p JOIN debts.debt d ON d.debt_id = p.debt_id "
	       "LEFT JOIN debts.timer t ON t.part = d.part AND t.key = p.customer_id AND t.kind = 2 AND t.subject = p.promise_id",
};

static void check_promise(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct promise *promise = row_state(fold, row, &id);
	const struct promise_note *note = fold_noted(fold, &promise_entity, &id);

	if (promise == NULL || note == NULL)
		return;
	expect_columns(row, promise);
	row->column = PROMISE_TAKEN_BY;
	expect_bytes(row, note->taken_by);
	expect_instant(row, note->made_at_ms);
	expect_instant(row, note->changed_at_ms);
	expect_date_or_null(row, promise->state == PROMISE_OPEN, promise->grace_ends_on + 1);
}

enum hold_column { HOLD_PLACED_BY = 2 };

static struct db_template select_holds = {
	.name = "verify_rows_hold",
	.columns = &hold_columns,
	.sql = "SELECT h.customer_id, h.hold_id, h.placed_by, h.placed_at, h.changed_at, t.due_on AS next_on, {h.columns} "
	       "FROM debts.hold h JOIN debts.debt d ON d.debt_id = h.debt_id "
	       "LEFT JOIN debts.timer t ON t.part = d.part AND t.key = h.customer_id AND t.kind = 10 AND t.subject = h.hold_id",
};

static void check_hold(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct hold *hold = row_state(fold, row, &id);
	const struct hold_note *note = fold_noted(fold, &hold_entity, &id);

	if (hold == NULL || note == NULL)
		return;
	expect_columns(row, hold);
	row->column = HOLD_PLACED_BY;
	expect_bytes(row, note->placed_by);
	expect_instant(row, note->placed_at_ms);
	expect_instant(row, note->changed_at_ms);
	expect_date_or_null(row, hold_next_day(hold) != 0, hold_next_day(hold));
}

static const struct folded_table tables[] = {
	{ .name = "debts.debt",
	  .template = &select_debts,
	  .ids = 1,
	  .entity = &debt_entity,
	  .missing = missing_debt,
	  .check = check_debt },
	{ .name = "debts.payment",
	  .template = &select_payments,
	  .ids = 1,
	  .entity = &payment_entity,
	  .missing = missing_payment,
	  .check = check_payment },
	{ .name = "debts.promise", .template = &select_promises, .ids = 1, .entity = &promise_entity, .check = check_promise },
	{ .name = "debts.hold", .template = &select_holds, .ids = 1, .entity = &hold_entity, .check = check_hold },
	{ .name = "debts.dispute", .template = &select_disputes, .ids = 1, .entity = &dispute_entity, .check = check_dispute },
	{ .name = "debts.plan", .template = &select_plans, .ids = 1, .entity = &plan_entity, .check = check_plan },
	{ .name = "debts.settlement",
	  .template = &select_settlements,
	  .ids = 1,
	  .entity = &settlement_entity,
	  .check = check_settlement },
	{ .name = "debts.delinquency",
	  .template = &select_bucket_entries,
	  .ids = 2,
	  .entity = &noted_bucket_entry,
	  .check = check_bucket_entry },
	{ .name = "debts.portfolio_version",
	  .template = &select_portfolios,
	  .ids = 2,
	  .entity = &noted_portfolio,
	  .check = check_version },
	{ .name = "debts.policy_version",
	  .template = &select_debt_policies,
	  .ids = 2,
	  .entity = &noted_debt_policy,
	  .check = check_debt_policy },
	{ .name = "debts.creditor_version",
	  .template = &select_creditors,
	  .ids = 2,
	  .entity = &noted_creditor,
	  .check = check_version },
};

const struct folded_module folded_debts = {
	.module = &debts_module,
	.note = note_debts,
	.beside = beside_debts,
	.begin = begin_ledger,
	.end = end_ledger,
	.tables = tables,
	.tables_count = COUNT(tables),
};
