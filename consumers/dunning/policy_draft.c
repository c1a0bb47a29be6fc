#include "consumers/dunning/policy_draft.h"

#include <stdio.h>

#include "consumers/dunning/policies.h"
#include "schemas/dunning.h"
#include "wire/json.h"

static bool fault_is(struct draft_fault *fault, const char *where, const char *text)
{
	(void)snprintf(fault->where, sizeof(fault->where), "%s", where);
	(void)snprintf(fault->text, sizeof(fault->text), "%s", text);
	return false;
}

static uint64_t bit_of(const char *name)
{
	const struct record_type *record = &publish_policy_type.record;

	for (size_t index = 0; index < record->fields_count; index++) {
		if (strcmp(record->fields[index].name, name) == 0)
			return UINT64_C(1) << index;
	}
	MUST_NOT_REACH("PublishPolicy has no such member");
}

static bool read_json(struct publish_policy *draft, struct str text, struct arena *arena, struct draft_fault *fault)
{
	struct json_faults faults = { .max = 1 };
	struct json_reading reading = { .style = JSON_REST, .optional = bit_of("publication_id") };
	struct json json;

	if (json_parse(text, &json, &faults) &&
	    json_read_record(json, &publish_policy_type.record, &reading, arena, draft, &faults))
		return true;
	return fault_is(fault, faults.items[0].pointer, faults.items[0].detail);
}

bool policy_draft_read(struct policy *ret_policy, struct str json, struct arena *arena, struct draft_fault *ret_fault)
{
	struct publish_policy draft = { .policy_version = 0 };
	struct policy_fault fault = { .field = "" };
	const size_t mark = arena_mark(arena);
	const char *field = "", *trouble = NULL;
	bool is_good = read_json(&draft, json, arena, ret_fault);

	if (is_good && (trouble = message_normalise(&publish_policy_type, &draft, &field)) != NULL)
		is_good = fault_is(ret_fault, field, trouble);
	if (is_good && !policy_read(ret_policy, &draft, &fault))
		is_good = fault_is(ret_fault, fault.field, fault.text);
	arena_rewind(arena, mark);
	return is_good;
}

/* ---- among the others ---- */

static bool has_place(const struct policies *policies, const struct policy *draft, struct draft_fault *fault)
{
	const struct policy *other = policies_with_priority_of(policies, draft);
	char text[sizeof(fault->text)];

	if (other != NULL) {
		(void)snprintf(text, sizeof(text), "the policy %s has it", other->name);
		return fault_is(fault, "priority", text);
	}
	if (policies_are_full_for(policies, draft))
		return fault_is(fault, "policy", "there are as many policies as there can be");
	return true;
}

bool policy_draft_put(struct policies *policies, const struct policy *draft, bool is_alone, struct draft_fault *ret_fault)
{
	for (uint32_t index = 0; is_alone && index < policies->count; index++)
		policies->items[index].is_retired = 1;
	if (!has_place(policies, draft, ret_fault))
		return false;
	policies_put(policies, draft);
	return true;
}
