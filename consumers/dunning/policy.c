#include "consumers/dunning/policy.h"

/* ---- the segment ---- */

static bool is_listed(const struct uuid *ids, uint32_t count, const struct uuid *id)
{
	for (uint32_t index = 0; index < count; index++) {
		if (uuid_equal(&ids[index], id))
			return true;
	}
	return false;
}

/* RFC 4647, 3.3.1: de has de-AT, de-AT has no de. */
static bool language_has(const char *range, struct str language)
{
	struct str wanted = str_of(range);

	return str_begins_nocase(language, wanted) && (language.size == wanted.size || language.data[wanted.size] == '-');
}

static bool speaks(const struct policy *policy, const char *language)
{
	for (uint32_t index = 0; index < policy->languages_count; index++) {
		if (language_has(policy->languages[index], str_of(language)))
			return true;
	}
	return policy->languages_count == 0;
}

bool policy_is_for_group(const struct policy *policy, const struct segment_facts *facts)
{
	if (policy->customer_kind != CUSTOMER_KIND_NONE && policy->customer_kind != facts->customer_kind)
		return false;
	if (policy->jurisdiction[0] != '\0' && strcmp(policy->jurisdiction, facts->country) != 0)
		return false;
	if (policy->currency[0] != '\0' && strcmp(policy->currency, facts->currency) != 0)
		return false;
	if (policy->creditors_count > 0 && !is_listed(policy->creditors, policy->creditors_count, &facts->creditor_id))
		return false;
	return speaks(policy, facts->language);
}

bool policy_is_for_debt(const struct policy *policy, const struct segment_facts *facts)
{
	if ((policy->is_charged_off != 0) != facts->is_charged_off)
		return false;
	if (facts->balance_minor < policy->balance_from)
		return false;
	if (policy->balance_to > 0 && facts->balance_minor >= policy->balance_to)
		return false;
	return policy->portfolios_count == 0 || is_listed(policy->portfolios, policy->portfolios_count, &facts->portfolio_id);
}

bool days_are_within(int32_t days, int32_t from, int32_t to)
{
	return days >= from && (to == 0 || days <= to);
}

bool policy_is_for(const struct policy *policy, const struct segment_facts *facts)
{
	return policy_is_for_group(policy, facts) && policy_is_for_debt(policy, facts) &&
	       days_are_within(facts->days_past_due, policy->days_from, policy->days_to);
}

const struct policy *policies_find(const struct policies *policies, struct str name)
{
	for (uint32_t index = 0; index < policies->count; index++) {
		if (str_is(name, policies->items[index].name))
			return &policies->items[index];
	}
	return NULL;
}

const struct policy *policies_with_priority_of(const struct policies *policies, const struct policy *policy)
{
	for (uint32_t index = 0; index < policies->count; index++) {
		const struct policy *other = &policies->items[index];

		if (!other->is_retired && other->priority == policy->priority && strcmp(other->name, policy->name) != 0)
			return other;
	}
	return NULL;
}

bool policies_are_full_for(const struct policies *policies, const struct policy *policy)
{
	return policies->count == POLICIES_MAX && policies_find(policies, str_of(policy->name)) == NULL;
}

const struct policy *policies_for(const struct policies *policies, const struct segment_facts *facts)
{
	const struct policy *found = NULL;

	for (uint32_t index = 0; index < policies->count; index++) {
		const struct policy *policy = &policies->items[index];

		if (policy->is_retired || (found != NULL && policy->priority >= found->priority))
			continue;
		if (policy_is_for(policy, facts))
			found = policy;
	}
	return found;
}

const struct policy_step *policy_step_of(const struct policy *policy, int32_t number, const struct policy_arm *arm)
{
	for (uint32_t index = 0; index < policy->steps_count; index++) {
		if (policy->steps[index].number == number && step_is_in_arm(&policy->steps[index], arm))
			return &policy->steps[index];
	}
	return NULL;
}
