/*
 * The debts module's tables, as its log says they are. Debts and payments are states of evolve; of each entry of the ledger its
 * event says all: the ledger is read beside the log, in the same order (P5).
 */
#include <stdio.h>

#include "base/must.h"
#include "consumers/debts/debts.h"
#include "fold.h"
#include "schemas/debts.h"

#define PAGE_ROWS 5000

/* Beside a debt's state. */
struct debt_note {
	int64_t created_at_ms;
	struct uuid portfolio_id, original_creditor_id; /* all zeros: none */
	bool names_original;                            /* false: of an event from before it said so */
};

/* Beside a payment's state. */
struct payment_note {
	int32_t part;
	char currency[4];
	struct str method, source, external_ref;
};

/* ---- the ledger ---- */

/* Where the reading of the ledger is: one for the process, as there is one fold at a time. */
static struct {
	struct db_result page;
	int row;
	int32_t part;
	int64_t seq;
	bool is_short;
} ledger;

static const struct db_statement select_entries = {
	"verify_ledger_entries",
	"SELECT debt_id, seq, entry_no, previous_seq, debt_id, command_id, occurred_on, business_date, kind, contra, "
	"contra_minor, "
	"cost_minor, fee_minor, interest_minor, principal_minor, credit_minor, payment_id, reverses_seq FROM debts.ledger_entry "
	"WHERE part = $1 AND seq > $2 ORDER BY seq LIMIT $3",
};

static void begin_ledger(struct fold *fold)
{
	(void)fold;
	db_result_release(&ledger.page);
	ledger.row = 0;
	ledger.part = -1;
}

static int read_entries(struct fold *fold, struct err *err)
{
	struct db_params *params = &fold->verify->params;

	db_result_release(&ledger.page);
	ledger.row = 0;
	db_params_reset(params);
	db_param_int32(params, ledger.part);
	db_param_int64(params, ledger.seq);
	db_param_int64(params, PAGE_ROWS);
	if (db_run(fold->verify->db, &select_entries, params, &ledger.page, err) != 0)
		return -1;
	ledger.is_short = ledger.page.rows < PAGE_ROWS;
	return 0;
}

/* Goes on to the entry with this seq. *ret_row -1: there is none. Those between are of other slices, or verify_ledger finds them.
 */
static int find_entry(struct fold *fold, int32_t part, int64_t seq, int *ret_row, struct err *err)
{
	if (ledger.part != part) {
		ledger.part = part;
		ledger.seq = seq - 1;
		ledger.is_short = false;
		db_result_release(&ledger.page);
		ledger.row = 0;
	}
	while (true) {
		while (ledger.row < ledger.page.rows && db_int64(&ledger.page, ledger.row, 1) < seq)
			ledger.row++;
		if (ledger.row < ledger.page.rows || ledger.is_short)
			break;
		ledger.seq = seq - 1;
		if (read_entries(fold, err) != 0)
			return -1;
	}
	*ret_row = ledger.row < ledger.page.rows && db_int64(&ledger.page, ledger.row, 1) == seq ? ledger.row : -1;
	return 0;
}

/* How the entries of a debt hang together, before the event and with it. */
static struct {
	int64_t previous_seq, reverses_seq;
	int32_t entry_no;
} hanging;

static const struct folded_table entries_table = { .name = "debts.ledger_entry", .ids = 0 };

static void check_entry(struct table_row *row, const struct posting *posting, const struct logged_line *line)
{
	static const struct uuid none;

	row->column = 2;
	expect_int32(row, hanging.entry_no);
	expect_int64_or_null(row, hanging.previous_seq);
	expect_uuid(row, posting->debt_id);
	expect_uuid(row, &line->row.command_id);
	expect_date(row, posting->occurred_on);
	if (posting->has_booked_on)
		expect_date(row, posting->booked_on);
	else
		skip_column(row);
	expect_bytes(row, str_of(posting->kind));
	expect_bytes_or_null(row, posting->contra != NULL, str_of(posting->contra != NULL ? posting->contra : ""));
	expect_int64_or_null(row, posting->contra_minor);
	expect_int64_or_null(row, posting->cost_minor);
	expect_int64_or_null(row, posting->fee_minor);
	expect_int64_or_null(row, posting->interest_minor);
	expect_int64_or_null(row, posting->principal_minor);
	expect_int64_or_null(row, posting->credit_minor);
	expect_uuid_or_null(row, posting->payment_id != NULL ? posting->payment_id : &none);
	expect_int64_or_null(row, hanging.reverses_seq);
}

static int check_ledger(struct fold *fold, const struct event *event, const struct logged_line *line, struct err *err)
{
	struct table_row row = { .verify = fold->verify, .table = &entries_table, .result = &ledger.page, .promise = 5 };
	struct posting posting;
	bool posts = posting_of(event, &posting);
	char where[WHERE_SIZE];

	if (find_entry(fold, line->row.part, line->row.seq, &row.row, err) != 0)
		return -1;
	snprintf(where, sizeof(where), "debts.ledger_entry part %d seq %lld", line->row.part, (long long)line->row.seq);
	row.where = where;
	if (!posts && row.row >= 0)
		row_wrong(&row, "the event of this number moves no money");
	else if (posts && row.row < 0)
		row_wrong(&row, "the row is missing, and the log says that there is one");
	else if (posts)
		check_entry(&row, &posting, line);
	return 0;
}

/* ---- events ---- */

static void note_payment(struct fold *fold, const struct payment_recorded *event, const struct logged_line *line)
{
	struct payment *payment = fold_change(fold, &payment_entity, &event->payment_id);
	struct payment_note *note = fold_note(fold, &payment_entity, &event->payment_id, sizeof(*note));
	bool fits = str_to_chars(note->currency, sizeof(note->currency), event->currency);

	MUST(fits);
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
	if (event->has_portfolio_id)
		note->portfolio_id = event->portfolio_id;
	note->names_original = event->has_actor; /* both members came with one version */
	if (event->has_original_creditor_id)
		note->original_creditor_id = event->original_creditor_id;
}

/* The entry that the event posts hangs on the one before it. */
static void note_debts(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	struct posting posting;
	struct debt *debt;

	if (event->type == &payment_recorded_type)
		note_payment(fold, event->body, line);
	else if (event->type == &debt_created_type)
		note_created(fold, event->body, line);
	if (!posting_of(event, &posting))
		return;
	debt = fold_change(fold, &debt_entity, posting.debt_id);
	hanging.previous_seq = debt->last_entry_seq;
	hanging.entry_no = debt->entries;
	hanging.reverses_seq = 0;
	if (event->type == &payment_reversed_type)
		hanging.reverses_seq = ((struct payment *)fold_change(fold, &payment_entity, posting.payment_id))->entry_seq;
	debt->last_entry_seq = line->row.seq;
	debt->part = line->row.part;
}

/* ---- tables ---- */

static void check_debt(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct debt *debt = row_state(fold, row, &id);
	const struct debt_terms *terms = fold_state(fold, &debt_terms_entity, &id);
	const struct debt_note *note = fold_noted(fold, &debt_entity, &id);

	if (debt == NULL || terms == NULL || note == NULL)
		return;
	expect_uuid(row, &debt->customer_id);
	skip_column(row);
	expect_uuid(row, &debt->creditor_id);
	expect_int64(row, debt->version);
	expect_int64(row, debt->last_entry_seq);
	expect_int64(row, debt->balances.cost_minor);
	expect_int64(row, debt->balances.fee_minor);
	expect_int64(row, debt->balances.interest_minor);
	expect_int64(row, debt->balances.principal_minor);
	expect_int64(row, debt->balances.credit_minor);
	expect_int32(row, debt->entries);
	expect_int32(row, (int32_t)debt->lifecycle);
	expect_int32(row, debt->part);
	expect_date(row, terms->opened_on);
	expect_date(row, debt->due_on);
	expect_bytes(row, str_of(debt->currency));
	expect_bytes(row, str_of(terms->external_ref));
	if (note->names_original)
		expect_uuid_or_null(row, &note->original_creditor_id);
	else
		skip_column(row);
	expect_uuid_or_null(row, &note->portfolio_id);
	expect_int64_or_null(row, debt->credit_used.cost_minor);
	expect_int64_or_null(row, debt->credit_used.fee_minor);
	expect_int64_or_null(row, debt->credit_used.interest_minor);
	expect_int64_or_null(row, debt->credit_used.principal_minor);
	expect_instant_or_null(row, true, note->created_at_ms);
}

static void check_payment(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct payment *payment = row_state(fold, row, &id);
	const struct payment_note *note = fold_noted(fold, &payment_entity, &id);

	if (payment == NULL || note == NULL)
		return;
	expect_uuid(row, &payment->customer_id);
	skip_column(row);
	expect_uuid(row, &payment->debt_id);
	expect_int64(row, payment->amount_minor);
	expect_int64(row, payment->entry_seq);
	expect_int32(row, note->part);
	expect_date(row, payment->received_on);
	expect_bytes(row, str_of(note->currency));
	expect_bytes(row, payment->state == PAYMENT_SETTLED ? STR("settled") : STR("reversed"));
	expect_bytes(row, note->method);
	expect_bytes(row, note->source);
	expect_bytes(row, note->external_ref);
}

static const struct folded_table tables[] = {
	{ .name = "debts.debt",
	  .select =
		  "SELECT customer_id, debt_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, interest_minor, "
		  "principal_minor, credit_minor, entries, lifecycle::integer, part, opened_on, due_on, currency, external_ref, "
		  "original_creditor_id, portfolio_id, used_cost_minor, used_fee_minor, used_interest_minor, "
		  "used_principal_minor, created_at FROM debts.debt",
	  .ids = 1,
	  .entity = &debt_entity,
	  .check = check_debt },
	{ .name = "debts.payment",
	  .select =
		  "SELECT customer_id, payment_id, debt_id, amount_minor, entry_seq, part, received_on, currency, state, method, "
		  "source, external_ref FROM debts.payment",
	  .ids = 1,
	  .entity = &payment_entity,
	  .check = check_payment },
};

const struct folded_module folded_debts = {
	.module = &debts_module,
	.note = note_debts,
	.check = check_ledger,
	.begin = begin_ledger,
	.tables = tables,
	.tables_count = sizeof(tables) / sizeof(tables[0]),
};
