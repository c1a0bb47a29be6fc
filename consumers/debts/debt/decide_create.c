#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/debt/debt.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/reference/reference.h"
#include "schemas/debts.h"

bool debt_is_reached(const struct command *command, const struct debt *debt)
{
	return debt != NULL && command_reaches(command, &debt->creditor_id, &debt->portfolio_id);
}

bool debt_is_known(const struct debt *debt, const struct uuid *customer_id, struct decision *decision)
{
	if (debt_is_reached(decision->command, debt) && uuid_equal(&debt->customer_id, customer_id))
		return true;
	decision_refuse(decision, REFUSAL_NOT_FOUND, "debt_id", "the customer has no such debt");
	return false;
}

bool debt_is_expected(const struct debt *debt, bool has_expected, int64_t expected, struct decision *decision)
{
	if (!has_expected || expected == debt->version)
		return true;
	decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the debt's version is %lld",
			(long long)debt->version);
	return false;
}

bool debt_is_asked_for(const struct debt *debt, struct decision *decision)
{
	if (!debt_is_stopped(debt, HOLD_EFFECT_DUNNING))
		return true;
	decision_refuse(decision, REFUSAL_HELD, "debt_id", "a hold stops dunning of the debt: it is not asked for");
	return false;
}

bool debtor_is_there(const struct debts_customer *customer, struct decision *decision)
{
	if (customer != NULL && customer->is_active)
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "customer_id", "the customer is merged, deceased or erased");
	return false;
}

static bool ids_are_good(const struct create_debt *body, struct decision *decision)
{
	if (uuid_is_none(&body->debt_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "debt_id", "the id is all zeros");
		return false;
	}
	if (body->external_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "external_ref", "the reference is empty");
		return false;
	}
	return true;
}

static bool amount_is_good(int64_t amount_minor, const char *field, struct decision *decision)
{
	if (amount_minor >= 0 && amount_minor <= MONEY_MINOR_MAX)
		return true;
	decision_refuse(decision, REFUSAL_BAD_AMOUNT, field, "the amount is below 0 or above %lld", (long long)MONEY_MINOR_MAX);
	return false;
}

_Static_assert(MONEY_MINOR_MAX <= INT64_MAX / ACCOUNT_COUNT, "the sum of good amounts stays within 64 bits");

static bool total_is_good(const struct balances *amounts, struct decision *decision)
{
	int64_t total_minor = balances_owed(amounts);

	if (total_minor > MONEY_MINOR_MAX) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "principal_minor", "the amounts together are above %lld",
				(long long)MONEY_MINOR_MAX);
		return false;
	}
	if (total_minor == 0) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "principal_minor", "nothing is owed");
		return false;
	}
	return true;
}

/* 12 CFR 1006.22(b): only what the contract or the law allows. */
static bool fees_are_authorised(const struct balances *amounts, bool authorised, struct decision *decision)
{
	enum account account = amounts->minor[ACCOUNT_FEE] != 0 ? ACCOUNT_FEE : ACCOUNT_COST;

	if (authorised || amounts->minor[account] == 0)
		return true;
	decision_refuse(decision, REFUSAL_BAD_AMOUNT, account_field(account),
			"fees and costs need to be authorised: the contract or the law allows them");
	return false;
}

static bool amounts_are_good(const struct create_debt *body, struct decision *decision)
{
	const struct balances amounts = OWED_OF(body);

	/* The refusal names the first faulty amount; the order is principal, interest, fee, cost. */
	for (enum account account = ACCOUNT_OWED_COUNT; account-- > 0;)
		if (!amount_is_good(amounts.minor[account], account_field(account), decision))
			return false;
	return total_is_good(&amounts, decision) && fees_are_authorised(&amounts, body->fees_authorised, decision);
}

static bool currency_is_good(const struct create_debt *body, struct decision *decision)
{
	if (currency_find(body->currency) != NULL)
		return true;
	decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "not an active ISO 4217 code");
	return false;
}

static bool dates_are_good(const struct create_debt *body, struct decision *decision)
{
	if (body->opened_on < DEBTS_DAY_MIN || body->opened_on > DEBTS_DAY_MAX) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "opened_on", "not between the years 1900 and 2199");
		return false;
	}
	if (body->due_on < body->opened_on || body->due_on > DEBTS_DAY_MAX) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "due_on", "before the debt was opened, or after the year 2199");
		return false;
	}
	return true;
}

/* If the reference belongs to a debt outside the issuer's scope, the refusal does not reveal that debt. */
bool debt_reference_is_free(const struct uuid *reference, const struct uuid *creditor_id, const struct workset *set,
			    struct decision *decision)
{
	const struct taken *taken = workset_state(set, &debt_reference_entity, reference);

	if (taken == NULL || !taken->is_taken)
		return true;
	if (command_reaches(decision->command, creditor_id, &taken->portfolio_id))
		decision_refuse(decision, REFUSAL_EXISTS, "external_ref", "a debt of this creditor has this reference");
	else
		decision_refuse_unbound(decision, "external_ref");
	return false;
}

static bool is_new(const struct create_debt *body, const struct workset *set, struct decision *decision)
{
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	struct reference_key key;
	struct uuid reference;

	if (debt != NULL && !debt_is_reached(decision->command, debt)) {
		decision_refuse_unbound(decision, "debt_id");
		return false;
	}
	if (debt != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "debt_id", "a debt has this id");
		return false;
	}
	if (!reference_key_of_debt(&key, &body->creditor_id, body->external_ref)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "external_ref", "the reference is too long");
		return false;
	}
	reference = reference_id(&key);
	return debt_reference_is_free(&reference, &body->creditor_id, set, decision);
}

/* A portfolio that nobody has described is whosever the debt says. */
static bool portfolio_is_its(const struct create_debt *body, const struct portfolio *portfolio, struct decision *decision)
{
	if (portfolio == NULL || uuid_equal(&portfolio->creditor_id, &body->creditor_id))
		return true;
	decision_refuse(decision, REFUSAL_BAD_VALUE, "portfolio_id", "the portfolio is another creditor's");
	return false;
}

/*
 * An issuer that acts as a creditor must not become acquainted with a customer by creating a debt: one of its creditors must know
 * the customer already.
 */
static bool customer_is_known(const struct command *command, const struct uuid *customer_id, const struct workset *set)
{
	struct reference_key key;
	struct uuid id;
	const struct slot *slot;

	if (!command_is_bound(command) || command->scope->all_creditors)
		return true;
	for (size_t i = 0; i < scope_pairs(command->scope); i++) {
		const struct scope_pair pair = scope_pair(command->scope, i);

		reference_key_of_acquaintance(&key, &pair, customer_id);
		id = reference_id(&key);
		slot = workset_find(set, &debts_acquaintance_entity, &id);
		if (slot != NULL && slot->exists)
			return true;
	}
	return false;
}

/*
 * A customer of another creditor gets the same answer as an unknown one: the command waits, as the customer may be created soon.
 */
static bool customer_is_good(const struct create_debt *body, const struct workset *set, struct decision *decision)
{
	const struct debts_customer *customer = workset_state(set, &debts_customer_entity, &body->customer_id);
	char id[UUID_TEXT_SIZE + 1];

	if (customer == NULL || !customer_is_known(decision->command, &body->customer_id, set)) {
		uuid_format(id, &body->customer_id);
		decision_wait(decision, "customer_id", "the customer %s is not known yet", id);
		return false;
	}
	if (!customer->is_active) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "customer_id", "the customer is merged, deceased or erased");
		return false;
	}
	return true;
}

static const struct portfolio *portfolio_of(const struct create_debt *body, const struct workset *set)
{
	return body->has_portfolio_id ? workset_state(set, &portfolio_entity, &body->portfolio_id) : NULL;
}

/* The version of now of the policy that the portfolio names. */
static void put_under_policy(struct debt_created *event, const struct portfolio *portfolio, const struct workset *set)
{
	const struct debt_policy *policy;

	if (portfolio == NULL || uuid_is_none(&portfolio->allocation_policy_id))
		return;
	policy = workset_state(set, &debt_policy_entity, &portfolio->allocation_policy_id);
	MUST(policy != NULL);
	event->has_allocation_policy_id = true;
	event->allocation_policy_id = portfolio->allocation_policy_id;
	event->has_allocation_policy_version = true;
	event->allocation_policy_version = policy->version;
	event->has_allocation_order = true;
	event->allocation_order = str_of(allocation_order_name(policy->allocation));
}

void decide_create_debt(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct create_debt *body = command->body;
	const struct portfolio *portfolio = portfolio_of(body, set);
	const struct balances amounts = OWED_OF(body);
	bool is_due = debt_is_due(body->due_on, command->today);
	struct debt_created *event;

	if (!ids_are_good(body, decision) || !amounts_are_good(body, decision) || !currency_is_good(body, decision) ||
	    !dates_are_good(body, decision) || !portfolio_is_its(body, portfolio, decision) || !is_new(body, set, decision) ||
	    !customer_is_good(body, set, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &debt_created_type);
	event->debt_id = body->debt_id;
	event->customer_id = body->customer_id;
	event->version = 1;
	event->creditor_id = body->creditor_id;
	event->has_portfolio_id = body->has_portfolio_id;
	event->portfolio_id = body->portfolio_id;
	event->external_ref = body->external_ref;
	event->currency = body->currency;
	OWED_INTO(event, &amounts);
	event->balance_minor = balances_owed(&amounts);
	event->opened_on = body->opened_on;
	event->due_on = body->due_on;
	event->has_booked_on = true;
	event->booked_on = command->today;
	event->has_original_creditor_id = body->has_original_creditor_id;
	event->original_creditor_id = body->original_creditor_id;
	event->has_lifecycle = true;
	event->lifecycle = str_of(lifecycle_name(is_due ? LIFECYCLE_ACTIVE : LIFECYCLE_NEW));
	put_under_policy(event, portfolio, set);
	if (!is_due)
		decision_set_timer_on(decision, &activation_timer, &body->debt_id, body->due_on);
	delinquency_begin(event, decision);
}
