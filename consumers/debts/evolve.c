#include "base/array.h"
#include "base/must.h"
#include "consumers/debts/charge/charge.h"
#include "consumers/debts/closing/closing.h"
#include "consumers/debts/creditor/creditor.h"
#include "consumers/debts/debt/debt.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/dispute/dispute.h"
#include "consumers/debts/hold/hold.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/payment/payment.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/promise/promise.h"
#include "consumers/debts/settlement/settlement.h"
#include "schemas/debts.h"

/* What each event of the module does to the states and to the ledger. tests/unit/test_debts_ledger.c: every event has its row. */

struct effect {
	evolve_event *evolve;
	posting_of_event *posting; /* NULL: it moves no money */
};

/* The module's schema ids (schemas/ids.json). */
#define FIRST_ID   1000
#define ROW(event) [(event)-FIRST_ID]

static const struct effect effects[] = {
	ROW(EVENT_DEBT_CREATED) = { debt_on_created, posting_of_opening },
	ROW(EVENT_DEBT_ACTIVATED) = { debt_on_activated, NULL },
	ROW(EVENT_DEBT_PAID) = { debt_on_paid, NULL },
	ROW(EVENT_DEBT_REOPENED) = { debt_on_reopened, NULL },
	ROW(EVENT_DEBT_AMENDED) = { debt_on_amended, NULL },
	ROW(EVENT_DEBT_CANCELLED) = { debt_on_cancelled, posting_of_cancellation },
	ROW(EVENT_DEBT_CHARGED_OFF) = { closing_on_charged_off, NULL },
	ROW(EVENT_CHARGE_OFF_UNDONE) = { closing_on_charge_off_undone, NULL },
	ROW(EVENT_DEBT_WRITTEN_OFF) = { closing_on_written_off, posting_of_write_off },
	ROW(EVENT_DEBT_TRANSFERRED) = { closing_on_transferred, posting_of_transfer },
	ROW(EVENT_DEBT_RECALLED) = { closing_on_recalled, posting_of_recall },
	ROW(EVENT_PAYMENT_RECORDED) = { payment_on_recorded, posting_of_payment },
	ROW(EVENT_PAYMENT_REVERSED) = { payment_on_reversed, posting_of_reversal },
	ROW(EVENT_PAYMENT_REFUNDED) = { payment_on_refunded, posting_of_refund },
	ROW(EVENT_CREDIT_APPLIED) = { payment_on_credit_applied, posting_of_credit },
	ROW(EVENT_CHARGE_ASSESSED) = { charge_on_assessed, posting_of_charge },
	ROW(EVENT_AMOUNT_WAIVED) = { charge_on_waived, posting_of_waiver },
	ROW(EVENT_BALANCE_ADJUSTED) = { charge_on_adjusted, posting_of_adjustment },
	ROW(EVENT_DELINQUENCY_CHANGED) = { delinquency_on_changed, NULL },
	ROW(EVENT_PROMISE_MADE) = { promise_on_made, NULL },
	ROW(EVENT_PROMISE_KEPT) = { promise_on_kept, NULL },
	ROW(EVENT_PROMISE_PARTLY_KEPT) = { promise_on_partly_kept, NULL },
	ROW(EVENT_PROMISE_BROKEN) = { promise_on_broken, NULL },
	ROW(EVENT_PROMISE_REOPENED) = { promise_on_reopened, NULL },
	ROW(EVENT_PROMISE_CANCELLED) = { promise_on_cancelled, NULL },
	ROW(EVENT_PROMISE_SUPERSEDED) = { promise_on_superseded, NULL },
	ROW(EVENT_HOLD_PLACED) = { hold_on_placed, NULL },
	ROW(EVENT_HOLD_EXTENDED) = { hold_on_extended, NULL },
	ROW(EVENT_HOLD_BEGUN) = { hold_on_begun, NULL },
	ROW(EVENT_HOLD_REVIEW_DUE) = { hold_on_review_due, NULL },
	ROW(EVENT_HOLD_REVIEWED) = { hold_on_reviewed, NULL },
	ROW(EVENT_HOLD_RELEASED) = { hold_on_released, NULL },
	ROW(EVENT_HOLD_EXPIRED) = { hold_on_expired, NULL },
	ROW(EVENT_DISPUTE_RAISED) = { dispute_on_raised, NULL },
	ROW(EVENT_DISPUTE_EVIDENCE_ADDED) = { dispute_on_evidence_added, NULL },
	ROW(EVENT_DISPUTE_RESOLVED) = { dispute_on_resolved, NULL },
	ROW(EVENT_PLAN_PROPOSED) = { plan_on_proposed, NULL },
	ROW(EVENT_PLAN_ACTIVATED) = { plan_on_activated, NULL },
	ROW(EVENT_PLAN_CANCELLED) = { plan_on_cancelled, NULL },
	ROW(EVENT_PLAN_REINSTATED) = { plan_on_reinstated, NULL },
	ROW(EVENT_PLAN_BROKEN) = { plan_on_broken, NULL },
	ROW(EVENT_PLAN_COMPLETED) = { plan_on_completed, NULL },
	ROW(EVENT_PLAN_RESUMED) = { plan_on_resumed, NULL },
	ROW(EVENT_INSTALMENT_PAID) = { plan_on_instalment_paid, NULL },
	ROW(EVENT_INSTALMENT_MISSED) = { plan_on_instalment_missed, NULL },
	ROW(EVENT_SETTLEMENT_OFFERED) = { settlement_on_offered, NULL },
	ROW(EVENT_SETTLEMENT_ACCEPTED) = { settlement_on_accepted, NULL },
	ROW(EVENT_SETTLEMENT_FULFILLED) = { settlement_on_fulfilled, posting_of_discount },
	ROW(EVENT_SETTLEMENT_REOPENED) = { settlement_on_reopened, posting_of_reopening },
	ROW(EVENT_SETTLEMENT_BREACHED) = { settlement_on_breached, posting_of_breach },
	ROW(EVENT_SETTLEMENT_WITHDRAWN) = { settlement_on_withdrawn, NULL },
	ROW(EVENT_SETTLEMENT_EXPIRED) = { settlement_on_expired, NULL },
	ROW(EVENT_CREDITOR_DESCRIBED) = { creditor_on_described, NULL },
	ROW(EVENT_PORTFOLIO_DESCRIBED) = { portfolio_on_described, NULL },
	ROW(EVENT_DEBT_POLICY_PUBLISHED) = { debt_policy_on_published, NULL },
};

static const struct effect *effect_of(const struct event *event)
{
	const uint32_t row = event->type->number - FIRST_ID;

	MUST(row < COUNT(effects) && effects[row].evolve != NULL);
	return &effects[row];
}

bool posting_of(const struct event *event, struct posting *ret_posting)
{
	const struct effect *effect = effect_of(event);

	if (effect->posting == NULL)
		return false;
	*ret_posting = effect->posting(event->body);
	return ret_posting->kind != LEDGER_NONE;
}

void debts_evolve(struct workset *set, const struct event *event)
{
	struct posting posting;

	if (posting_of(event, &posting))
		ledger_book(set, &posting);
	effect_of(event)->evolve(set, event->body);
}
