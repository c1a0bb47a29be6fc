#include "consumers/debts/ledger/store.h"

#include "base/must.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/ledger/ledger.h"
#include "schemas/debts.h"
#include "worker/slot_query.h"

#define ENTRY_ACCOUNTS ACCOUNT_COLUMNS("", " bigint, ")

const struct db_table ledger_table = {
	.name = "debts.posting",
	.columns = "part integer, entry_no integer, seq bigint, previous_seq bigint, debt_id uuid, command_id uuid, "
		   "occurred_on date, business_date date, kind smallint, contra smallint, contra_minor bigint, " ENTRY_ACCOUNTS
		   "payment_id uuid, reverses_seq bigint, previous_part integer, source text, external_ref text, method text, "
		   "is_recovery boolean",
};

/* The row of every payment has one number, by which its indexes know it (sql/0295_posting.sql); that it is a recovery is a column. */
static int16_t stored_kind(enum ledger_kind kind)
{
	return (int16_t)(kind == LEDGER_RECOVERY ? LEDGER_PAYMENT : kind);
}

static void copy_number_or_null(struct db_copy *copy, int64_t number)
{
	if (number == 0)
		db_copy_null(copy);
	else
		db_copy_int64(copy, number);
}

/* What only the entry of a payment has. */
static void copy_payment(struct db_copy *copy, const struct event *event)
{
	const struct payment_recorded *recorded = event->body;

	if (event->type != &payment_recorded_type) {
		db_copy_null(copy);
		db_copy_null(copy);
		db_copy_null(copy);
		return;
	}
	db_copy_str(copy, recorded->source);
	db_copy_str(copy, recorded->external_ref);
	db_copy_str(copy, recorded->method);
}

static void post(struct db_copy *copy, const struct logged_event *logged, struct debt *debt, const struct posting *posting)
{
	const struct command *command = logged->event->command;

	if (debt->part == logged->part)
		MUST(debt->last_entry_seq < logged->seq);
	debt->entries_stored++;
	db_copy_row(copy);
	db_copy_int32(copy, logged->part);
	db_copy_int32(copy, debt->entries_stored);
	db_copy_int64(copy, logged->seq);
	copy_number_or_null(copy, debt->last_entry_seq);
	db_copy_uuid(copy, posting->debt_id);
	db_copy_uuid(copy, &command->id);
	db_copy_date(copy, posting->occurred_on);
	db_copy_date(copy, command->today);
	db_copy_int16(copy, stored_kind(posting->kind));
	if (posting->contra == CONTRA_NONE)
		db_copy_null(copy);
	else
		db_copy_int16(copy, (int16_t)posting->contra);
	copy_number_or_null(copy, posting->contra_minor);
	for (int account = 0; account < ACCOUNT_COUNT; account++)
		copy_number_or_null(copy, posting->debits.minor[account]);
	if (posting->payment_id == NULL)
		db_copy_null(copy);
	else
		db_copy_uuid(copy, posting->payment_id);
	copy_number_or_null(copy, posting->reverses_seq);
	/*
	 * Not NULL only for a debt with records in two partitions, from the time when the partition of a record was not checked.
	 */
	if (debt->last_entry_seq == 0 || debt->part == logged->part)
		db_copy_null(copy);
	else
		db_copy_int32(copy, debt->part);
	copy_payment(copy, logged->event);
	if (posting->kind == LEDGER_RECOVERY)
		db_copy_bool(copy, true);
	else
		db_copy_null(copy);
	debt->last_entry_seq = logged->seq;
	debt->part = logged->part;
}

static struct payment *payment_of(const struct workset *set, const struct posting *posting)
{
	return workset_changed(set, &payment_entity, posting->payment_id)->state;
}

/* Sets the references between the states and the entry. */
static void link_entry(const struct workset *set, const struct logged_event *logged, struct debt *debt, struct posting *posting)
{
	switch (posting->kind) {
	case LEDGER_PAYMENT:
	case LEDGER_RECOVERY:
		payment_of(set, posting)->entry_seq = logged->seq;
		return;
	case LEDGER_PAYMENT_REVERSAL:
		posting->reverses_seq = payment_of(set, posting)->entry_seq;
		return;
	case LEDGER_CREDIT_APPLIED:
		debt->is_credit_used = 1;
		return;
	case LEDGER_OPENING:
	case LEDGER_CANCELLATION:
	case LEDGER_ASSESS_FEE:
	case LEDGER_ASSESS_COST:
	case LEDGER_WAIVE:
	case LEDGER_ADJUST_UP:
	case LEDGER_ADJUST_DOWN:
	case LEDGER_WRITE_OFF:
	case LEDGER_TRANSFER_OUT:
	case LEDGER_SETTLEMENT_DISCOUNT:
	case LEDGER_DISCOUNT_REVERSAL:
	case LEDGER_REFUND:
		return;
	case LEDGER_NONE:
	case LEDGER_KIND_COUNT:
		break;
	}
	MUST_NOT_REACH("an entry without a kind");
}

bool ledger_copy(struct db_copy *copy, const struct workset *set, const struct logged_event *logged)
{
	struct posting posting;
	struct debt *debt;

	if (!posting_of(logged->event, &posting))
		return false;
	debt = workset_changed(set, &debt_entity, posting.debt_id)->state;
	link_entry(set, logged, debt, &posting);
	post(copy, logged, debt, &posting);
	return true;
}
