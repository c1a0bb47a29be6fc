#include "base/must.h"
#include "consumers/debts/creditor/creditor.h"

static void set_text(char *chars, size_t size, bool has_text, struct str text)
{
	bool fits = str_to_chars(chars, size, has_text ? text : STR(""));

	MUST(fits);
}

void creditor_read(struct creditor *ret_creditor, const struct creditor_described *event)
{
	struct creditor *creditor = ret_creditor;

	*creditor = (struct creditor){ .version = event->version,
				       .is_original = event->is_original ? 1 : 0,
				       .regulated_class = regulated_class_by_name(event->regulated_class) };
	set_text(creditor->name, sizeof(creditor->name), true, event->name);
	set_text(creditor->legal_address, sizeof(creditor->legal_address), event->has_legal_address, event->legal_address);
	set_text(creditor->licence_refs, sizeof(creditor->licence_refs), event->has_licence_refs, event->licence_refs);
}

void creditor_on_described(struct workset *set, const void *body)
{
	const struct creditor_described *event = body;
	struct creditor *creditor = workset_change(set, &creditor_entity, &event->creditor_id);

	MUST(event->version == creditor->version + 1);
	creditor_read(creditor, event);
}

void portfolio_read(struct portfolio *ret_portfolio, const struct portfolio_described *event)
{
	struct portfolio *portfolio = ret_portfolio;

	*portfolio = (struct portfolio){ .version = event->version,
					 .creditor_id = event->creditor_id,
					 .product_kind = product_kind_by_name(event->product_kind) };
	if (event->has_allocation_policy_id)
		portfolio->allocation_policy_id = event->allocation_policy_id;
	set_text(portfolio->jurisdiction, sizeof(portfolio->jurisdiction), event->has_jurisdiction, event->jurisdiction);
	set_text(portfolio->name, sizeof(portfolio->name), true, event->name);
}

void portfolio_on_described(struct workset *set, const void *body)
{
	const struct portfolio_described *event = body;
	struct portfolio *portfolio = workset_change(set, &portfolio_entity, &event->portfolio_id);

	MUST(event->version == portfolio->version + 1);
	portfolio_read(portfolio, event);
}

void debt_policy_read(struct debt_policy *ret_policy, const struct debt_policy_published *event)
{
	struct debt_policy *policy = ret_policy;

	*policy = (struct debt_policy){ .version = event->version, .kind = debt_policy_kind_by_name(event->kind) };
	if (event->has_allocation_order)
		policy->allocation = allocation_order_by_name(event->allocation_order);
	set_text(policy->title, sizeof(policy->title), true, event->title);
}

void debt_policy_on_published(struct workset *set, const void *body)
{
	const struct debt_policy_published *event = body;
	struct debt_policy *policy = workset_change(set, &debt_policy_entity, &event->policy_id);

	MUST(event->version == policy->version + 1);
	debt_policy_read(policy, event);
}
