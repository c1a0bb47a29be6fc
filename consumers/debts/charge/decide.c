#include <stdio.h>

#include "base/array.h"
#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/charge/charge.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/ledger/ledger.h"
#include "consumers/debts/promise/promise.h"
#include "consumers/debts/settlement/settlement.h"

/* ---- who may do how much alone ---- */

/* clang-format off */
static const struct charge_limit limits[] = {
	{ &assess_fee_type, ROLE_AGENT, 5000 },
	{ &assess_fee_type, ROLE_SYSTEM, 5000 },
	{ &assess_fee_type, ROLE_SUPERVISOR, 50000 },
	{ &assess_cost_type, ROLE_AGENT, 10000 },
	{ &assess_cost_type, ROLE_SUPERVISOR, 200000 },
	{ &waive_amount_type, ROLE_AGENT, 5000 },
	{ &waive_amount_type, ROLE_SUPERVISOR, 50000 },
	{ &adjust_balance_type, ROLE_SUPERVISOR, 50000 },
	{ &write_off_type, ROLE_SUPERVISOR, 100000 },
	{ &refund_payment_type, ROLE_SUPERVISOR, 100000 },
};
/* clang-format on */

int64_t charge_alone(const struct message_type *type, uint32_t roles)
{
	int64_t most_minor = 0;

	for (size_t i = 0; i < COUNT(limits); i++) {
		if (limits[i].type == type && (limits[i].role & roles) != 0 && limits[i].alone_minor > most_minor)
			most_minor = limits[i].alone_minor;
	}
	return most_minor;
}

bool charge_may_alone(const struct command *command, int64_t amount_minor)
{
	return (command->approval != NULL && (command->roles & ROLE_SUPERVISOR) != 0) ||
	       amount_minor <= charge_alone(command->type, command->roles);
}

static void format_alone(char *text, size_t size, struct str code, const struct command *command)
{
	const struct currency *currency = currency_find(code);
	char amount[32];

	MUST(currency != NULL);
	money_format(amount, charge_alone(command->type, command->roles), currency);
	(void)snprintf(text, size, "%s %s", amount, currency->code);
}

void charge_keep(struct str currency, struct decision *decision)
{
	char alone[40];

	format_alone(alone, sizeof(alone), currency, decision->command);
	decision_keep(decision, "above %s a second person has to agree", alone);
}

/* ---- what the four commands have in common ---- */

/* What a command asks for: one component of what is owed goes up or down. */
struct change {
	const struct uuid *debt_id, *customer_id;
	struct str currency, reason;
	int64_t amount_minor; /* above 0 */
	enum component component;
	bool is_up;
};

bool charge_is_good(struct str reason, int64_t amount_minor, struct decision *decision)
{
	if (reason.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "say why");
	} else if (amount_minor <= 0 || amount_minor > MONEY_MINOR_MAX) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "the amount is not above 0, or is above %lld",
				(long long)MONEY_MINOR_MAX);
	} else {
		return true;
	}
	return false;
}

static bool amount_fits(const struct change *change, const struct debt *debt, const struct debt_terms *terms,
			struct decision *decision)
{
	const int64_t owed_minor = debt->balances.minor[component_account(change->component)];
	int64_t charged_minor;

	if (!change->is_up && change->amount_minor > owed_minor) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "the %s that is owed is only %lld",
				component_name(change->component), (long long)owed_minor);
		return false;
	}
	if (change->is_up &&
	    (!money_add(terms->charged_minor, change->amount_minor, &charged_minor) || charged_minor > MONEY_MINOR_MAX)) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "amount_minor", "the debt would be above %lld",
				(long long)MONEY_MINOR_MAX);
		return false;
	}
	return true;
}

static bool debt_takes_change(const struct change *change, const struct debt *debt, const struct debt_terms *terms,
			      struct decision *decision)
{
	if (!debt_is_known(debt, change->customer_id, decision))
		return false;
	if (!str_is(change->currency, debt->currency)) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "the debt's currency is %s", debt->currency);
		return false;
	}
	if (!debt_is_open(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id", "the debt is %s", lifecycle_name(debt->lifecycle));
		return false;
	}
	MUST(terms != NULL);
	return amount_fits(change, debt, terms, decision);
}

/* The last that refuses, or keeps the command. */
static bool is_within_limits(const struct change *change, struct decision *decision)
{
	const struct command *command = decision->command;
	char alone[40];

	if (charge_may_alone(command, change->amount_minor))
		return true;
	if ((command->roles & ROLE_SUPERVISOR) != 0) {
		charge_keep(change->currency, decision);
		return false;
	}
	format_alone(alone, sizeof(alone), change->currency, command);
	decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "amount_minor", "above %s a supervisor has to do it", alone);
	return false;
}

static bool is_possible(const struct change *change, const struct debt *debt, const struct workset *set,
			struct decision *decision)
{
	const struct debt_terms *terms = workset_state(set, &debt_terms_entity, change->debt_id);

	return charge_is_good(change->reason, change->amount_minor, decision) && debt_takes_change(change, debt, terms, decision);
}

static int64_t balance_after(const struct change *change, const struct debt *debt)
{
	return balances_owed(&debt->balances) + (change->is_up ? change->amount_minor : -change->amount_minor);
}

/* The members that the events have in common. */
#define CHANGED(event, change, debt, decision)                                                                                   \
	do {                                                                                                                     \
		const struct approval *changed_by_two = (decision)->command->approval;                                           \
		(event)->debt_id = *(change)->debt_id;                                                                           \
		(event)->customer_id = *(change)->customer_id;                                                                   \
		(event)->version = (debt)->version + 1;                                                                          \
		(event)->creditor_id = (debt)->creditor_id;                                                                      \
		(event)->due_on = (debt)->due_on;                                                                                \
		(event)->currency = (change)->currency;                                                                          \
		(event)->booked_on = (decision)->command->today;                                                                 \
		(event)->component = str_of(component_name((change)->component));                                                \
		(event)->amount_minor = (change)->amount_minor;                                                                  \
		(event)->balance_minor = balance_after(change, debt);                                                            \
		(event)->reason = (change)->reason;                                                                              \
		(event)->has_approved_by = changed_by_two != NULL;                                                               \
		if (changed_by_two != NULL)                                                                                      \
			(event)->approved_by = changed_by_two->actor;                                                            \
	} while (0)

/* Nothing is left to be settled. One that is accepted keeps people from changing what is owed, so it is an offer. */
static void end_settlement(const struct debt *debt, int64_t *version, const struct workset *set, struct decision *decision)
{
	struct settlement_review review = { .debt = debt, .version = *version };

	settlement_end(&review, SETTLEMENT_END_DEBT_PAID, set, decision);
	*version = review.version;
}

/* What follows for the debt and its promise, behind the event itself. */
static void follow_up(const struct change *change, const struct debt *debt, const struct workset *set, struct decision *decision)
{
	const int32_t today = decision->command->today;
	struct promise_review review = { .debt_id = change->debt_id,
					 .debt = debt,
					 .version = debt->version + 1,
					 .balance_minor = balance_after(change, debt) };

	if (review.balance_minor == 0) {
		debt_pay_up(change->debt_id, debt, today, ++review.version, decision);
		end_settlement(debt, &review.version, set, decision);
	}
	promise_review(&review, set, decision);
	if (review.balance_minor == 0)
		delinquency_cure(change->debt_id, debt, decision);
}

/* ---- AssessFee, AssessCost ---- */

/* Waivers and corrections go on whatever is stopped: they charge nothing. A promise stops fees as a hold does (consumers/DOMAIN.md 9, Holds). */
static bool fees_go_on(const struct debt *debt, const struct workset *set, struct decision *decision)
{
	if (debt_is_stopped(debt, HOLD_EFFECT_FEES))
		decision_refuse(decision, REFUSAL_HELD, "debt_id", "a hold stops fees of the debt");
	else if (debt_open_promise(debt, set) != NULL)
		decision_refuse(decision, REFUSAL_HELD, "debt_id", "nothing is charged while a promise to pay is open");
	else
		return true;
	return false;
}

static void assess(const struct change *change, struct str basis, const struct workset *set, struct decision *decision)
{
	const struct debt *debt = workset_state(set, &debt_entity, change->debt_id);
	struct charge_assessed *event;

	if (charge_basis_by_name(basis) == CHARGE_BASIS_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "basis", "not one of " CHARGE_BASIS_LISTED);
		return;
	}
	if (!is_possible(change, debt, set, decision) || !fees_go_on(debt, set, decision) || !is_within_limits(change, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &charge_assessed_type);
	CHANGED(event, change, debt, decision);
	event->basis = basis;
	follow_up(change, debt, set, decision);
}

#define CHANGE_OF(body)                                                                                                          \
	.debt_id = &(body)->debt_id, .customer_id = &(body)->customer_id, .currency = (body)->currency,                          \
	.reason = (body)->reason, .amount_minor = (body)->amount_minor

void decide_assess_fee(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct assess_fee *body = command->body;

	assess(&(struct change){ CHANGE_OF(body), .component = COMPONENT_FEE, .is_up = true }, body->basis, set, decision);
}

void decide_assess_cost(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct assess_cost *body = command->body;

	assess(&(struct change){ CHANGE_OF(body), .component = COMPONENT_COST, .is_up = true }, body->basis, set, decision);
}

/* ---- WaiveAmount ---- */

void decide_waive_amount(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct waive_amount *body = command->body;
	const struct change change = { CHANGE_OF(body), .component = component_by_name(body->component) };
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct amount_waived *event;

	if (change.component == COMPONENT_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "component", "not one of " COMPONENT_LISTED);
		return;
	}
	if (!is_possible(&change, debt, set, decision) || !is_within_limits(&change, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &amount_waived_type);
	CHANGED(event, &change, debt, decision);
	follow_up(&change, debt, set, decision);
}

/* ---- AdjustBalance ---- */

void decide_adjust_balance(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct adjust_balance *body = command->body;
	const enum adjustment_direction direction = adjustment_direction_by_name(body->direction);
	const struct change change = { CHANGE_OF(body), .component = component_by_name(body->component),
				       .is_up = direction == ADJUSTMENT_UP };
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct balance_adjusted *event;

	if (change.component == COMPONENT_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "component", "not one of " COMPONENT_LISTED);
		return;
	}
	if (direction == ADJUSTMENT_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "direction", "not one of " ADJUSTMENT_DIRECTION_LISTED);
		return;
	}
	if (!is_possible(&change, debt, set, decision) || !is_within_limits(&change, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &balance_adjusted_type);
	CHANGED(event, &change, debt, decision);
	event->direction = body->direction;
	follow_up(&change, debt, set, decision);
}
