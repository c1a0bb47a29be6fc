#include "base/must.h"
#include "consumers/debts/creditor/creditor.h"
#include "consumers/debts/debt/debt.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/payment/payment.h"
#include "consumers/debts/promise/promise.h"
#include "schemas/debts.h"

void debts_evolve(struct workset *set, const struct event *event)
{
	struct posting posting;

	if (posting_of(event, &posting))
		ledger_book(set, &posting);
	switch (debts_event(event->type)) {
	case EVENT_DEBT_CREATED:
		debt_on_created(set, event->body);
		return;
	case EVENT_DEBT_ACTIVATED:
		debt_on_activated(set, event->body);
		return;
	case EVENT_PAYMENT_RECORDED:
		payment_on_recorded(set, event->body);
		return;
	case EVENT_DEBT_PAID:
		debt_on_paid(set, event->body);
		return;
	case EVENT_PAYMENT_REVERSED:
		payment_on_reversed(set, event->body);
		return;
	case EVENT_CREDIT_APPLIED:
		payment_on_credit_applied(set, event->body);
		return;
	case EVENT_DEBT_REOPENED:
		debt_on_reopened(set, event->body);
		return;
	case EVENT_DEBT_AMENDED:
		debt_on_amended(set, event->body);
		return;
	case EVENT_DEBT_CANCELLED:
		debt_on_cancelled(set, event->body);
		return;
	case EVENT_PROMISE_MADE:
		promise_on_made(set, event->body);
		return;
	case EVENT_PROMISE_KEPT:
		promise_on_kept(set, event->body);
		return;
	case EVENT_PROMISE_PARTLY_KEPT:
		promise_on_partly_kept(set, event->body);
		return;
	case EVENT_PROMISE_BROKEN:
		promise_on_broken(set, event->body);
		return;
	case EVENT_PROMISE_REOPENED:
		promise_on_reopened(set, event->body);
		return;
	case EVENT_PROMISE_CANCELLED:
		promise_on_cancelled(set, event->body);
		return;
	case EVENT_PROMISE_SUPERSEDED:
		promise_on_superseded(set, event->body);
		return;
	case EVENT_PORTFOLIO_DESCRIBED:
		portfolio_on_described(set, event->body);
		return;
	case EVENT_DEBT_POLICY_PUBLISHED:
		debt_policy_on_published(set, event->body);
		return;
	case EVENT_CREDITOR_DESCRIBED:
		creditor_on_described(set, event->body);
		return;
	}
	MUST_NOT_REACH("an event of another module");
}
