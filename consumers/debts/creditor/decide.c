#include "base/place.h"
#include "consumers/debts/creditor/creditor.h"

static bool is_expected(int64_t version, bool has_expected, int64_t expected, struct decision *decision)
{
	if (!has_expected || expected == version)
		return true;
	decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "expected_version", "the version is %lld", (long long)version);
	return false;
}

/* ---- DescribeCreditor ---- */

static bool description_is_good(const struct describe_creditor *body, struct decision *decision)
{
	if (uuid_is_none(&body->creditor_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "creditor_id", "the id is all zeros");
	} else if (body->name.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "name", "the name is empty");
	} else if (body->has_legal_address && body->legal_address.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "legal_address", "the address is empty");
	} else if (regulated_class_by_name(body->regulated_class) == REGULATED_CLASS_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "regulated_class", "not one of " REGULATED_CLASS_LISTED);
	} else if (body->has_licence_refs && body->licence_refs.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "licence_refs", "the text is empty");
	} else {
		return true;
	}
	return false;
}

void decide_describe_creditor(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct describe_creditor *body = command->body;
	const struct creditor *creditor = workset_state(set, &creditor_entity, &body->creditor_id);
	const int64_t version = creditor == NULL ? 0 : creditor->version;
	struct creditor_described *event;

	if (!description_is_good(body, decision) ||
	    !is_expected(version, body->has_expected_version, body->expected_version, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &creditor_described_type);
	event->creditor_id = body->creditor_id;
	event->version = version + 1;
	event->name = body->name;
	event->has_legal_address = body->has_legal_address;
	event->legal_address = body->legal_address;
	event->is_original = body->is_original;
	event->regulated_class = body->regulated_class;
	event->has_licence_refs = body->has_licence_refs;
	event->licence_refs = body->licence_refs;
}

/* ---- DescribePortfolio ---- */

static bool portfolio_is_good(const struct describe_portfolio *body, struct decision *decision)
{
	if (uuid_is_none(&body->portfolio_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "portfolio_id", "the id is all zeros");
	} else if (uuid_is_none(&body->creditor_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "creditor_id", "the id is all zeros");
	} else if (body->name.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "name", "the name is empty");
	} else if (product_kind_by_name(body->product_kind) == PRODUCT_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "product_kind", "not one of " PRODUCT_KIND_LISTED);
	} else if (body->has_jurisdiction && !country_is_known(body->jurisdiction)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "jurisdiction", "not a country of ISO 3166-1");
	} else {
		return true;
	}
	return false;
}

/* Its debts are the creditor's: that cannot change by another description. */
static bool portfolio_stays_its(const struct describe_portfolio *body, const struct portfolio *portfolio,
				struct decision *decision)
{
	if (portfolio == NULL || uuid_equal(&portfolio->creditor_id, &body->creditor_id))
		return true;
	decision_refuse(decision, REFUSAL_BAD_VALUE, "creditor_id", "the portfolio is another creditor's");
	return false;
}

static bool policy_is_published(const struct describe_portfolio *body, const struct workset *set, struct decision *decision)
{
	if (!body->has_allocation_policy_id || workset_state(set, &debt_policy_entity, &body->allocation_policy_id) != NULL)
		return true;
	decision_refuse(decision, REFUSAL_POLICY_NOT_PUBLISHED, "allocation_policy_id",
			"no version of such a policy is published");
	return false;
}

void decide_describe_portfolio(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct describe_portfolio *body = command->body;
	const struct portfolio *portfolio = workset_state(set, &portfolio_entity, &body->portfolio_id);
	const int64_t version = portfolio == NULL ? 0 : portfolio->version;
	struct portfolio_described *event;

	if (!portfolio_is_good(body, decision) || !portfolio_stays_its(body, portfolio, decision) ||
	    !is_expected(version, body->has_expected_version, body->expected_version, decision) ||
	    !policy_is_published(body, set, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &portfolio_described_type);
	event->portfolio_id = body->portfolio_id;
	event->version = version + 1;
	event->creditor_id = body->creditor_id;
	event->name = body->name;
	event->product_kind = body->product_kind;
	event->has_jurisdiction = body->has_jurisdiction;
	event->jurisdiction = body->jurisdiction;
	event->has_allocation_policy_id = body->has_allocation_policy_id;
	event->allocation_policy_id = body->allocation_policy_id;
}

/* ---- PublishDebtPolicy ---- */

static bool policy_is_good(const struct publish_debt_policy *body, struct decision *decision)
{
	if (uuid_is_none(&body->policy_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "policy_id", "the id is all zeros");
	} else if (debt_policy_kind_by_name(body->kind) == DEBT_POLICY_KIND_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "kind", "not one of " DEBT_POLICY_KIND_LISTED);
	} else if (body->title.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "title", "a title is needed");
	} else if (!body->has_allocation_order || allocation_order_by_name(body->allocation_order) == ORDER_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "allocation_order", "not one of " ALLOCATION_ORDER_LISTED);
	} else {
		return true;
	}
	return false;
}

void decide_publish_debt_policy(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct publish_debt_policy *body = command->body;
	const struct debt_policy *policy = workset_state(set, &debt_policy_entity, &body->policy_id);
	const int64_t version = policy == NULL ? 0 : policy->version;
	struct debt_policy_published *event;

	if (!policy_is_good(body, decision) ||
	    !is_expected(version, body->has_expected_version, body->expected_version, decision))
		return;
	if (command->approval == NULL) {
		decision_keep(decision, "a policy for debts needs a second person");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &debt_policy_published_type);
	event->policy_id = body->policy_id;
	event->version = version + 1;
	event->kind = body->kind;
	event->title = body->title;
	event->has_allocation_order = body->has_allocation_order;
	event->allocation_order = body->allocation_order;
	event->approved_by = command->approval->actor;
}
