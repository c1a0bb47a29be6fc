#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/promise/promise.h"

/* ---- MakePromise ---- */

static bool promise_body_is_good(const struct make_promise *body, int32_t today, struct decision *decision)
{
	if (uuid_is_none(&body->promise_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "promise_id", "the id is all zeros");
	} else if (body->has_channel && channel_by_name(body->channel) == CHANNEL_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "channel", "not one of " CHANNEL_LISTED);
	} else if (body->amount_minor <= 0 || body->amount_minor > MONEY_MINOR_MAX) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "the amount is not above 0, or is above %lld",
				(long long)MONEY_MINOR_MAX);
	} else if (body->due_on < today || body->due_on > today + promise_limits.days_ahead) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "due_on", "before the business date, or more than %d days after it",
				(int)promise_limits.days_ahead);
	} else {
		return true;
	}
	return false;
}

static bool is_new_for(const struct make_promise *body, const struct debt *debt, const struct workset *set,
		       struct decision *decision)
{
	if (!debt_is_known(debt, &body->customer_id, decision))
		return false;
	if (workset_state(set, &promise_entity, &body->promise_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "promise_id", "a promise has this id");
		return false;
	}
	return true;
}

static bool amount_is_good(const struct make_promise *body, int64_t balance_minor, struct decision *decision)
{
	int64_t least_minor = promise_least(&promise_limits, balance_minor);

	if (body->amount_minor > balance_minor) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "more than is owed");
		return false;
	}
	if (body->amount_minor < least_minor) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "less than %lld", (long long)least_minor);
		return false;
	}
	return true;
}

static bool debt_takes_this(const struct make_promise *body, const struct debt *debt, const struct debts_customer *customer,
			    struct decision *decision)
{
	if (!str_is(body->currency, debt->currency)) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "the debt's currency is %s", debt->currency);
		return false;
	}
	if (!debtor_is_there(customer, decision))
		return false;
	if (!debt_takes_promise(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id",
				"the debt is %s: nothing is to be paid, or a plan says when", lifecycle_name(debt->lifecycle));
		return false;
	}
	return amount_is_good(body, balances_owed(&debt->balances), decision) && debt_is_asked_for(debt, decision);
}

void decide_make_promise(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct make_promise *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	const struct debts_customer *customer = workset_state(set, &debts_customer_entity, &body->customer_id);
	struct promise_made *event;
	int64_t version;

	if (!promise_body_is_good(body, command->today, decision) || !is_new_for(body, debt, set, decision) ||
	    !debt_takes_this(body, debt, customer, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	version = promise_supersede(&(struct promise_review){ .debt_id = &body->debt_id, .debt = debt, .version = debt->version },
				    &body->promise_id, set, decision);
	event = decision_event(decision, &promise_made_type);
	event->promise_id = body->promise_id;
	event->customer_id = body->customer_id;
	event->debt_id = body->debt_id;
	event->version = version + 1;
	event->creditor_id = debt->creditor_id;
	event->currency = body->currency;
	event->amount_minor = body->amount_minor;
	event->due_on = body->due_on;
	event->enough_minor = promise_enough(&promise_limits, body->amount_minor);
	event->balance_minor = balances_owed(&debt->balances);
	event->made_on = command->today;
	event->grace_ends_on = promise_grace_end(&promise_limits, (enum holidays)customer->holidays, body->due_on);
	event->has_channel = body->has_channel;
	event->channel = body->channel;
	decision_set_timer_on(decision, &promise_timer, &body->promise_id, event->grace_ends_on + 1);
}

/* ---- CancelPromise ---- */

void decide_cancel_promise(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct cancel_promise *body = command->body;
	const struct promise *promise = workset_state(set, &promise_entity, &body->promise_id);
	enum promise_end reason = promise_cancel_reason_by_name(body->reason);
	const struct debt *debt;

	if (reason == PROMISE_END_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "not one of " PROMISE_CANCEL_REASON_LISTED);
		return;
	}
	debt = promise == NULL ? NULL : workset_state(set, &debt_entity, &promise->debt_id);
	if (promise == NULL || !debt_is_reached(command, debt) || !uuid_equal(&promise->customer_id, &body->customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "promise_id", "the customer has made no such promise");
		return;
	}
	if (!promise_is_open(promise->state)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "promise_id", "the promise is %s",
				promise_state_name((enum promise_state)promise->state));
		return;
	}

	/* ---- nothing refuses from here on ---- */
	promise_cancel(&(struct promise_review){ .debt_id = &promise->debt_id, .debt = debt, .version = debt->version }, promise,
		       reason, decision);
}
