#include "base/array.h"
#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/settlement/events.h"
#include "model/holidays.h"

/* OfferSettlement, AcceptSettlement, WithdrawSettlement. */

const struct settlement_limits settlement_limits = { .offer_days = 62, .pay_days = 366, .grace_days = 3 };

/* ---- OfferSettlement ---- */

/* Who may waive so much of what is owed alone; more needs a second person, and nobody below the last row asks one. */
static const struct authority {
	uint32_t roles;
	int32_t discount_bp;
	bool may_ask_second;
} authorities[] = {
	{ ROLE_SUPERVISOR, 5000, true },
	{ ROLE_AGENT, 2000, false },
};

static const struct authority *discount_authority_of(const struct command *command)
{
	for (size_t index = 0; index < COUNT(authorities); index++) {
		if (command->roles & authorities[index].roles)
			return &authorities[index];
	}
	MUST_NOT_REACH("a role that may issue the command has no row");
}

static bool offer_amount_is_good(const struct offer_settlement *body, struct decision *decision)
{
	if (body->has_amount_minor == body->has_share_bp) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "share_bp", "an offer has an amount or a share, and not both");
	} else if (body->has_share_bp && (body->share_bp <= 0 || body->share_bp >= MONEY_BP)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "share_bp", "not between 1 and %d", MONEY_BP - 1);
	} else if (body->has_amount_minor && (body->amount_minor <= 0 || body->amount_minor > MONEY_MINOR_MAX)) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "the amount is not above 0, or is above %lld",
				(long long)MONEY_MINOR_MAX);
	} else if (body->has_amount_minor != body->has_currency) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "an amount has a currency, and nothing else has one");
	} else {
		return true;
	}
	return false;
}

static bool offer_days_are_good(const struct offer_settlement *body, int32_t today, struct decision *decision)
{
	if (body->expires_on < today || body->expires_on > today + settlement_limits.offer_days) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "expires_on",
				"before the business date, or more than %d days after it", (int)settlement_limits.offer_days);
	} else if (body->pay_by < body->expires_on || body->pay_by > today + settlement_limits.pay_days) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "pay_by",
				"before the offer expires, or more than %d days after the business date",
				(int)settlement_limits.pay_days);
	} else {
		return true;
	}
	return false;
}

static bool offer_is_good(const struct offer_settlement *body, int32_t today, struct decision *decision)
{
	if (uuid_is_none(&body->settlement_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "settlement_id", "the id is all zeros");
	} else if (body->has_reason && body->reason.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "the reason is empty");
	} else {
		return offer_amount_is_good(body, decision) && offer_days_are_good(body, today, decision);
	}
	return false;
}

static bool offer_is_new_for(const struct offer_settlement *body, const struct debt *debt, const struct workset *set,
			     struct decision *decision)
{
	if (!debt_is_known(debt, &body->customer_id, decision))
		return false;
	if (workset_state(set, &settlement_entity, &body->settlement_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "settlement_id", "a settlement has this id");
		return false;
	}
	return true;
}

/* `field`: the member by which the command names the debt, or its settlement. */
static bool debt_can_be_settled(const struct debt *debt, const char *field, struct decision *decision)
{
	if (debt_takes_plan(debt->lifecycle))
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, field, "the debt is %s: only an ACTIVE one is settled",
			lifecycle_name(debt->lifecycle));
	return false;
}

/* Its discount stands, or may stand yet. */
static bool has_no_other(const struct debt *debt, const struct workset *set, struct decision *decision)
{
	const struct settlement *other;

	if (uuid_is_none(&debt->settlement_id))
		return true;
	other = workset_state(set, &settlement_entity, &debt->settlement_id);
	MUST(other != NULL);
	if (!settlement_is_open(other->state) && other->state != SETTLEMENT_FULFILLED)
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id", "a settlement of the debt is %s",
			settlement_state_name((enum settlement_state)other->state));
	return false;
}

static bool debt_takes_offer(const struct offer_settlement *body, const struct debt *debt, const struct debts_customer *customer,
			     const struct workset *set, struct decision *decision)
{
	if (body->has_currency && !str_is(body->currency, debt->currency)) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "the debt's currency is %s", debt->currency);
		return false;
	}
	return debt_is_expected(debt, body->has_expected_version, body->expected_version, decision) &&
	       debtor_is_there(customer, decision) && debt_can_be_settled(debt, "debt_id", decision) &&
	       has_no_other(debt, set, decision);
}

/* A share is rounded up, so that no more is waived than it says. */
static int64_t amount_of(const struct offer_settlement *body, int64_t owed_minor)
{
	return body->has_amount_minor ? body->amount_minor : money_share_up(owed_minor, body->share_bp);
}

static const char *field_of(const struct offer_settlement *body)
{
	return body->has_amount_minor ? "amount_minor" : "share_bp";
}

static bool something_is_waived(const struct offer_settlement *body, int64_t owed_minor, struct decision *decision)
{
	if (amount_of(body, owed_minor) < owed_minor)
		return true;
	decision_refuse(decision, REFUSAL_BAD_AMOUNT, field_of(body), "not less than what is owed");
	return false;
}

/* The second person vouches for the discount on that version; it must not be more at the approval. */
static void keep_offer(const struct offer_settlement *body, const struct authority *authority, struct decision *decision)
{
	if (body->has_expected_version)
		decision_keep(decision, "to waive more than %d %% needs a second person", (int)authority->discount_bp / 100);
	else
		decision_refuse(decision, REFUSAL_BAD_VALUE, "expected_version",
				"so much is waived by two persons, who name the version of the debt");
}

/* The last that refuses, or keeps the command. */
static bool is_within_authority(const struct offer_settlement *body, int64_t owed_minor, struct decision *decision)
{
	const struct authority *authority = discount_authority_of(decision->command);

	if (amount_of(body, owed_minor) >= money_share_up(owed_minor, MONEY_BP - authority->discount_bp))
		return true;
	if (decision->command->approval != NULL && authority->may_ask_second)
		return true;
	if (authority->may_ask_second)
		keep_offer(body, authority, decision);
	else
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, field_of(body), "to waive more than %d %% needs a supervisor",
				(int)authority->discount_bp / 100);
	return false;
}

static void add_offered(const struct offer_settlement *body, const struct debt *debt, enum holidays place,
			struct decision *decision)
{
	struct settlement_offered *event = decision_event(decision, &settlement_offered_type);
	const struct command *command = decision->command;

	ABOUT_DEBT(event, debt, body->debt_id, debt->version + 1);
	event->settlement_id = body->settlement_id;
	event->balance_minor = balances_owed(&debt->balances);
	event->amount_minor = amount_of(body, event->balance_minor);
	event->expires_on = body->expires_on;
	event->pay_by = body->pay_by;
	event->grace_ends_on = business_day_from(place, body->pay_by + settlement_limits.grace_days);
	event->has_reason = body->has_reason;
	event->reason = body->reason;
	event->has_approved_by = command->approval != NULL;
	if (command->approval != NULL)
		event->approved_by = command->approval->actor;
	event->offered_on = command->today;
}

void decide_offer_settlement(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct offer_settlement *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	const struct debts_customer *customer = workset_state(set, &debts_customer_entity, &body->customer_id);
	int64_t owed_minor;

	if (!offer_is_good(body, command->today, decision) || !offer_is_new_for(body, debt, set, decision) ||
	    !debt_takes_offer(body, debt, customer, set, decision))
		return;
	owed_minor = balances_owed(&debt->balances);
	if (!something_is_waived(body, owed_minor, decision) || !debt_is_asked_for(debt, decision) ||
	    !is_within_authority(body, owed_minor, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	add_offered(body, debt, (enum holidays)customer->holidays, decision);
	decision_set_timer_on(decision, &settlement_timer, &body->settlement_id, body->expires_on + 1);
}

/* ---- a settlement that is there ---- */

/* The settlement of the command's customer, and its debt; NULL, with a refusal. */
static const struct settlement *known_settlement(const struct uuid *settlement_id, const struct uuid *customer_id,
						 const struct workset *set, const struct debt **ret_debt,
						 struct decision *decision)
{
	const struct settlement *settlement = workset_state(set, &settlement_entity, settlement_id);
	const struct debt *debt = settlement == NULL ? NULL : workset_state(set, &debt_entity, &settlement->debt_id);

	if (settlement == NULL || !debt_is_reached(decision->command, debt) ||
	    !uuid_equal(&settlement->customer_id, customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "settlement_id", "the customer has no such settlement");
		return NULL;
	}
	*ret_debt = debt;
	return settlement;
}

static bool settlement_is_in(const struct settlement *settlement, bool is_good, struct decision *decision)
{
	if (!is_good)
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "settlement_id", "the settlement is %s",
				settlement_state_name((enum settlement_state)settlement->state));
	return is_good;
}

static struct settlement_review review_of(const struct debt *debt)
{
	return (struct settlement_review){
		.debt = debt, .version = debt->version, .balances = debt->balances, .lifecycle = (enum lifecycle)debt->lifecycle
	};
}

/* ---- AcceptSettlement ---- */

/* Less may be owed by now, as long as something is waived; more would be waived than anybody had the authority for. */
static bool settlement_can_begin(const struct settlement *settlement, const struct debt *debt, int32_t today,
				 struct decision *decision)
{
	const int64_t owed_minor = balances_owed(&debt->balances);

	if (!debt_can_be_settled(debt, "settlement_id", decision)) {
		return false;
	} else if (owed_minor > settlement->balance_minor) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "settlement_id", "more is owed than when it was offered");
	} else if (owed_minor <= settlement->amount_minor) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "settlement_id",
				"no more is owed by now than it asks for: nothing would be waived");
	} else if (today > settlement->expires_on) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "settlement_id", "the offer has expired");
	} else {
		return true;
	}
	return false;
}

void decide_accept_settlement(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct accept_settlement *body = command->body;
	const struct debts_customer *customer = workset_state(set, &debts_customer_entity, &body->customer_id);
	const struct debt *debt = NULL;
	const struct settlement *settlement = known_settlement(&body->settlement_id, &body->customer_id, set, &debt, decision);
	struct settlement_review review;

	if (settlement == NULL || !debtor_is_there(customer, decision) ||
	    !settlement_is_in(settlement, settlement_is_offered(settlement->state), decision) ||
	    !settlement_can_begin(settlement, debt, command->today, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	review = review_of(debt);
	review.version = promise_give_way(&(struct promise_review){ .debt_id = &settlement->debt_id,
								    .debt = debt,
								    .version = debt->version },
					  set, decision);
	settlement_add_accepted(&review, settlement, decision);
	decision_set_timer_on(decision, &settlement_timer, &body->settlement_id, settlement->grace_ends_on + 1);
}

/* ---- WithdrawSettlement ---- */

void decide_withdraw_settlement(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct withdraw_settlement *body = command->body;
	const enum settlement_end reason = settlement_withdraw_reason_by_name(body->reason);
	const struct settlement *settlement;
	const struct debt *debt = NULL;
	struct settlement_review review;

	if (reason == SETTLEMENT_END_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "not one of " SETTLEMENT_WITHDRAW_REASON_LISTED);
		return;
	}
	settlement = known_settlement(&body->settlement_id, &body->customer_id, set, &debt, decision);
	if (settlement == NULL || !settlement_is_in(settlement, settlement_is_open(settlement->state), decision))
		return;

	/* ---- nothing refuses from here on ---- */
	review = review_of(debt);
	settlement_add_withdrawn(&review, settlement, reason, decision);
}
