#include "base/array.h"
#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/plan/events.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/promise/promise.h"

/* ProposePlan, AcceptPlan, CancelPlan, ReinstatePlan. */

/* ---- ProposePlan ---- */

/* Who may propose so many instalments alone; more need a second person, and nobody below the last row asks one. */
static const struct authority {
	uint32_t roles;
	int32_t instalments_max;
	bool may_ask_second;
} authorities[] = {
	{ ROLE_SUPERVISOR, 36, true },
	{ ROLE_AGENT, 12, false },
};

static const struct authority *authority_of(const struct command *command)
{
	for (size_t index = 0; index < COUNT(authorities); index++) {
		if (command->roles & authorities[index].roles)
			return &authorities[index];
	}
	MUST_NOT_REACH("a role that may issue the command has no row");
}

static bool numbers_are_good(const struct propose_plan *body, struct decision *decision)
{
	if (uuid_is_none(&body->plan_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "plan_id", "the id is all zeros");
	} else if (body->instalments < plan_limits.instalments_min || body->instalments > plan_limits.instalments_max) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "instalments", "not between %d and %d",
				(int)plan_limits.instalments_min, (int)plan_limits.instalments_max);
	} else if (plan_frequency_by_name(body->frequency) == PLAN_FREQUENCY_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "frequency", "not one of " PLAN_FREQUENCY_LISTED);
	} else if (body->has_down_payment_minor != body->has_down_payment_on) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "down_payment_on",
				"a down payment has an amount and a day, or neither");
	} else {
		return true;
	}
	return false;
}

static bool amounts_are_good(const struct propose_plan *body, struct decision *decision)
{
	const int64_t down_minor = body->has_down_payment_minor ? body->down_payment_minor : 0;

	if (body->total_minor <= 0 || body->total_minor > MONEY_MINOR_MAX) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "total_minor", "the amount is not above 0, or is above %lld",
				(long long)MONEY_MINOR_MAX);
	} else if (body->has_down_payment_minor && (down_minor <= 0 || down_minor >= body->total_minor)) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "down_payment_minor",
				"the down payment is not above 0, or not less than the total");
	} else if (body->total_minor - down_minor < body->instalments) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "instalments", "an instalment would be of nothing");
	} else {
		return true;
	}
	return false;
}

static bool days_are_good(const struct propose_plan *body, int32_t today, struct decision *decision)
{
	if (body->first_due_on < today || body->first_due_on > today + plan_limits.days_ahead) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "first_due_on",
				"before the business date, or more than %d days after it", (int)plan_limits.days_ahead);
	} else if (body->has_down_payment_on && (body->down_payment_on < today || body->down_payment_on > body->first_due_on)) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "down_payment_on",
				"before the business date, or after the first instalment");
	} else {
		return true;
	}
	return false;
}

static bool sender_may_propose(const struct propose_plan *body, struct decision *decision)
{
	const struct authority *authority = authority_of(decision->command);

	if (body->instalments <= authority->instalments_max || authority->may_ask_second)
		return true;
	decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "instalments", "more than %d need a supervisor",
			(int)authority->instalments_max);
	return false;
}

static bool is_new_for(const struct propose_plan *body, const struct debt *debt, const struct workset *set,
		       struct decision *decision)
{
	const struct plan *plan = workset_state(set, &plan_entity, &body->plan_id);

	if (!debt_is_known(debt, &body->customer_id, decision))
		return false;
	if (plan != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "plan_id", "a plan has this id");
		return false;
	}
	return true;
}

/* `field`: the member by which the command names the debt, or its plan. */
static bool debt_can_be_arranged(const struct debt *debt, const char *field, struct decision *decision)
{
	if (debt_takes_plan(debt->lifecycle))
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, field, "the debt is %s: only an ACTIVE one gets a plan",
			lifecycle_name(debt->lifecycle));
	return false;
}

static bool debt_fits_plan(const struct propose_plan *body, const struct debt *debt, const struct debts_customer *customer,
			   struct decision *decision)
{
	if (!str_is(body->currency, debt->currency)) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "the debt's currency is %s", debt->currency);
		return false;
	}
	if (!debtor_is_there(customer, decision) || !debt_can_be_arranged(debt, "debt_id", decision))
		return false;
	if (body->total_minor == balances_owed(&debt->balances))
		return true;
	decision_refuse(decision, REFUSAL_BAD_AMOUNT, "total_minor", "not what is owed on the debt");
	return false;
}

static struct plan terms_of(const struct propose_plan *body, const struct debts_customer *customer)
{
	return (struct plan){ .customer_id = body->customer_id,
			      .debt_id = body->debt_id,
			      .total_minor = body->total_minor,
			      .down_minor = body->has_down_payment_minor ? body->down_payment_minor : 0,
			      .down_due_on = body->has_down_payment_on ? body->down_payment_on : 0,
			      .instalments = body->instalments,
			      .first_due_on = body->first_due_on,
			      .frequency = plan_frequency_by_name(body->frequency),
			      .holidays = customer->holidays };
}

void decide_propose_plan(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct propose_plan *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	const struct debts_customer *customer = workset_state(set, &debts_customer_entity, &body->customer_id);
	struct plan_review review;
	struct plan terms;

	if (!numbers_are_good(body, decision) || !amounts_are_good(body, decision) ||
	    !days_are_good(body, command->today, decision) || !is_new_for(body, debt, set, decision) ||
	    !debt_fits_plan(body, debt, customer, decision) || !sender_may_propose(body, decision))
		return;
	if (command->approval == NULL && body->instalments > authority_of(command)->instalments_max) {
		decision_keep(decision, "a plan of more than %d instalments needs a second person",
			      (int)authority_of(command)->instalments_max);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	review = (struct plan_review){ .plan_id = &body->plan_id, .debt = debt, .version = debt->version };
	terms = terms_of(body, customer);
	plan_add_proposed(&review, &terms, decision);
}

/* ---- a plan that is there ---- */

/* The plan of the command's customer, and its debt; NULL, with a refusal. */
static const struct plan *known_plan(const struct uuid *plan_id, const struct uuid *customer_id, const struct workset *set,
				     const struct debt **ret_debt, struct decision *decision)
{
	const struct plan *plan = workset_state(set, &plan_entity, plan_id);
	const struct debt *debt = plan == NULL ? NULL : workset_state(set, &debt_entity, &plan->debt_id);

	if (plan == NULL || !debt_is_reached(decision->command, debt) || !uuid_equal(&plan->customer_id, customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "plan_id", "the customer has no such plan");
		return NULL;
	}
	*ret_debt = debt;
	return plan;
}

static bool is_in_state(const struct plan *plan, bool is_good, struct decision *decision)
{
	if (!is_good)
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "plan_id", "the plan is %s",
				plan_state_name((enum plan_state)plan->state));
	return is_good;
}

/* The plan takes the place of what was promised. */
static void end_promise(struct plan_review *review, const struct plan *plan, const struct workset *set, struct decision *decision)
{
	review->version = promise_give_way(&(struct promise_review){ .debt_id = &plan->debt_id,
								     .debt = review->debt,
								     .version = review->version },
					   set, decision);
}

static void set_first_timer(const struct uuid *plan_id, const struct plan *plan, struct decision *decision)
{
	const int32_t next = plan_next(plan, plan->paid_minor, plan->missed);

	decision_set_timer_on(decision, &plan_timer, plan_id, plan_instalment(plan, next).grace_ends_on + 1);
}

/* ---- AcceptPlan ---- */

static bool can_begin(const struct plan *plan, const struct debt *debt, int32_t today, struct decision *decision)
{
	if (!debt_can_be_arranged(debt, "plan_id", decision))
		return false;
	if (plan->total_minor != balances_owed(&debt->balances)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "plan_id",
				"what is owed has changed since the plan was proposed");
		return false;
	}
	if (plan_instalment(plan, plan_first(plan)).due_on < today) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "plan_id", "its first instalment was due before the business date");
		return false;
	}
	return true;
}

void decide_accept_plan(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct accept_plan *body = command->body;
	const struct debts_customer *customer = workset_state(set, &debts_customer_entity, &body->customer_id);
	const struct debt *debt = NULL;
	const struct plan *plan = known_plan(&body->plan_id, &body->customer_id, set, &debt, decision);
	struct plan_review review;

	if (plan == NULL || !debtor_is_there(customer, decision) || !is_in_state(plan, plan->state == PLAN_PROPOSED, decision) ||
	    !can_begin(plan, debt, command->today, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	review = (struct plan_review){ .plan_id = &body->plan_id, .debt = debt, .version = debt->version };
	end_promise(&review, plan, set, decision);
	plan_add_activated(&review, plan, decision);
	set_first_timer(&body->plan_id, plan, decision);
}

/* ---- CancelPlan ---- */

bool plan_is_open(unsigned state)
{
	return state == PLAN_PROPOSED || state == PLAN_ACTIVE;
}

bool plan_is_proposed(unsigned state)
{
	return state == PLAN_PROPOSED;
}

bool plan_is_broken(unsigned state)
{
	return state == PLAN_BROKEN;
}

void decide_cancel_plan(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct cancel_plan *body = command->body;
	struct plan_review review;
	const struct debt *debt = NULL;
	const struct plan *plan;

	if (plan_cancel_reason_by_name(body->reason) == PLAN_END_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "not one of " PLAN_CANCEL_REASON_LISTED);
		return;
	}
	plan = known_plan(&body->plan_id, &body->customer_id, set, &debt, decision);
	if (plan == NULL || !is_in_state(plan, plan_is_open(plan->state), decision))
		return;

	/* ---- nothing refuses from here on ---- */
	review = (struct plan_review){ .plan_id = &body->plan_id, .debt = debt, .version = debt->version };
	plan_add_cancelled(&review, plan, body->reason, decision);
	if (plan->state == PLAN_ACTIVE)
		decision_cancel_timer(decision, &plan_timer, &body->plan_id);
}

/* ---- ReinstatePlan ---- */

static bool can_hold_again(const struct uuid *plan_id, const struct plan *plan, const struct debt *debt,
			   struct decision *decision)
{
	if (plan->counts_from > 0 || plan->returned >= plan_limits.returned) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "plan_id", "its break is final");
	} else if (!uuid_equal(&debt->plan_id, plan_id)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "plan_id", "another plan or a settlement has taken its place");
	} else if (!debt_can_be_arranged(debt, "plan_id", decision)) {
		return false;
	} else if (plan->paid_minor < plan->total_minor &&
		   plan->total_minor - plan->paid_minor != balances_owed(&debt->balances)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "plan_id",
				"what is owed has changed since the plan was broken");
	} else if (decision->command->today > plan->broken_on + plan_limits.reinstate_days) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "plan_id", "it was broken more than %d days ago",
				(int)plan_limits.reinstate_days);
	} else {
		return true;
	}
	return false;
}

static bool arrears_are_paid(const struct plan *plan, int32_t today, struct decision *decision)
{
	const int64_t due_minor = plan_fallen_due(plan, today);

	if (plan->paid_minor >= plan->total_minor) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "plan_id", "all of it is paid");
	} else if (plan->paid_minor < due_minor) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "plan_id",
				"of what has fallen due, %lld minor units are not paid",
				(long long)(due_minor - plan->paid_minor));
	} else {
		return true;
	}
	return false;
}

/* The first number that is due after today: those before are paid. */
static int32_t counts_from(const struct plan *plan, int32_t today)
{
	int32_t number = 1;

	while (plan_instalment(plan, number).due_on <= today)
		number++;
	return number;
}

void decide_reinstate_plan(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct reinstate_plan *body = command->body;
	const struct debts_customer *customer = workset_state(set, &debts_customer_entity, &body->customer_id);
	const struct debt *debt = NULL;
	const struct plan *plan = known_plan(&body->plan_id, &body->customer_id, set, &debt, decision);
	struct plan_review review;

	if (plan == NULL || !debtor_is_there(customer, decision) || !is_in_state(plan, plan->state == PLAN_BROKEN, decision) ||
	    !can_hold_again(&body->plan_id, plan, debt, decision) || !arrears_are_paid(plan, command->today, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	review = (struct plan_review){ .plan_id = &body->plan_id, .debt = debt, .version = debt->version };
	end_promise(&review, plan, set, decision);
	plan_add_reinstated(&review, plan, counts_from(plan, command->today), decision);
	set_first_timer(&body->plan_id, plan, decision);
}
