#include "consumers/dunning/policies.h"
#include "schemas/dunning.h"

/*
 * Versions of dunning policies. A draft is checked whole, with the templates that it names: what is published writes to people from then
 * on, and a step that cannot be sent would stop a ladder.
 */

static bool draft_is_good(const struct publish_policy *body, struct policy *policy, struct decision *decision)
{
	struct policy_fault fault = { .field = "" };

	if (uuid_is_none(&body->publication_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "publication_id", "the id is all zeros");
	} else if (body->title.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "title", "a title is needed");
	} else if (!policy_read(policy, body, &fault)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, fault.field, "%s", fault.text);
	} else {
		return true;
	}
	return false;
}

/* ---- its place among the others ---- */

static bool policy_has_place(const struct workset *set, const struct policies *policies, const struct policy *policy,
			     struct decision *decision)
{
	const struct policy *newest = policies == NULL ? NULL : policies_find(policies, str_of(policy->name));
	const struct policy *other = policies == NULL ? NULL : policies_with_priority_of(policies, policy);
	const int32_t version = newest == NULL ? 0 : newest->version;

	if (workset_state(set, &published_policy_entity, &policy->publication_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "publication_id", "a version of a policy has this id");
	} else if (policy->version <= version) {
		decision_refuse(decision, REFUSAL_EXISTS, "policy_version", "version %d is there", (int)policy->version);
	} else if (policy->version > version + 1) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "policy_version", "the next version is %d", (int)version + 1);
	} else if (other != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "priority", "the policy %s has it", other->name);
	} else if (policies != NULL && policies_are_full_for(policies, policy)) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "policy",
				"there are %d policies; a version of a retired one can be published", POLICIES_MAX);
	} else {
		return true;
	}
	return false;
}

/* ---- its templates ---- */

static bool class_fits(const struct policy_step *step, uint32_t channel, uint32_t message_class, struct decision *decision)
{
	if (message_class == step->message_class)
		return true;
	decision_refuse(decision, REFUSAL_BAD_VALUE, "steps", "step %d: the template %s for %s is of another class, %s",
			(int)step->number, step->template_name, channel_name((enum channel)channel),
			message_class_name((enum message_class)message_class));
	return false;
}

/* The template of a message to a person of this language: the narrowest that is no narrower than it, as the message is sent. */
static bool is_published_in(const struct policy_step *step, const struct policy_template *template, uint32_t channel,
			    const char *language, struct decision *decision)
{
	size_t narrowest = 0;
	uint32_t message_class = MESSAGE_CLASS_NONE;

	for (uint32_t index = 0; template != NULL && index < template->count; index++) {
		const char *const its = template->items[index].language;
		const size_t size = strlen(its);

		if (template->items[index].channel == channel && size > narrowest && strncmp(language, its, size) == 0 &&
		    (language[size] == '\0' || language[size] == '-')) {
			narrowest = size;
			message_class = template->items[index].message_class;
		}
	}
	if (narrowest > 0)
		return class_fits(step, channel, message_class, decision);
	decision_refuse(decision, REFUSAL_NOT_FOUND, "steps", "step %d: no template %s for %s in %s is published",
			(int)step->number, step->template_name, channel_name((enum channel)channel), language);
	return false;
}

/* A segment of all languages: those that there are, one at least. */
static bool is_published(const struct policy_step *step, const struct policy_template *template, uint32_t channel,
			 struct decision *decision)
{
	bool exists = false;

	for (uint32_t index = 0; template != NULL && index < template->count; index++) {
		if (template->items[index].channel != channel)
			continue;
		if (!class_fits(step, channel, template->items[index].message_class, decision))
			return false;
		exists = true;
	}
	if (!exists)
		decision_refuse(decision, REFUSAL_NOT_FOUND, "steps", "step %d: no template %s for %s is published",
				(int)step->number, step->template_name, channel_name((enum channel)channel));
	return exists;
}

static bool step_can_be_sent(const struct policy *policy, const struct policy_step *step, const struct workset *set,
			     struct decision *decision)
{
	const struct policy_template *template = policy_template_of(set, str_of(step->template_name));

	for (uint32_t index = 0; index < step->channels_count; index++) {
		if (policy->languages_count == 0 && !is_published(step, template, step->channels[index], decision))
			return false;
		for (uint32_t language = 0; language < policy->languages_count; language++) {
			if (!is_published_in(step, template, step->channels[index], policy->languages[language], decision))
				return false;
		}
	}
	return true;
}

static bool templates_are_published(const struct policy *policy, const struct workset *set, struct decision *decision)
{
	for (uint32_t index = 0; index < policy->steps_count; index++) {
		const struct policy_step *step = &policy->steps[index];

		if (step->action == ACTION_SEND && !step_can_be_sent(policy, step, set, decision))
			return false;
	}
	return true;
}

/* ---- the commands ---- */

void decide_publish_policy(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct publish_policy *body = command->body;
	const struct policies *policies = workset_state(set, &policies_entity, &policies_id);
	struct policy_published *event;
	struct policy policy;

	if (!draft_is_good(body, &policy, decision) || !policy_has_place(set, policies, &policy, decision) ||
	    !templates_are_published(&policy, set, decision))
		return;
	/* A program's, too: what it brings writes to people, and a program cannot answer for that. */
	if (command->approval == NULL) {
		decision_keep(decision, "a dunning policy needs a second person");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &policy_published_type);
	if (!policy_fill_event(event, body, decision->arena)) {
		decision->overflow = true;
		return;
	}
	event->change = (policies == NULL ? 0 : policies->changes) + 1;
	event->approved_by = command->approval->actor;
}

void decide_retire_policy(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct retire_policy *body = command->body;
	const struct policies *policies = workset_state(set, &policies_entity, &policies_id);
	const struct policy *policy = workset_state(set, &published_policy_entity, &body->publication_id);
	const struct policy *newest;
	struct policy_retired *event;

	if (policy == NULL) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "publication_id", "no version of a policy has this id");
		return;
	}
	newest = policies == NULL ? NULL : policies_find(policies, str_of(policy->name));
	if (newest == NULL || newest->version != policy->version || newest->is_retired) {
		decision_refuse(decision, REFUSAL_POLICY_NOT_PUBLISHED, "publication_id", "%s/%d is not in force", policy->name,
				(int)policy->version);
		return;
	}
	if (command->approval == NULL) {
		decision_keep(decision, "a policy is retired by two persons");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &policy_retired_type);
	event->publication_id = body->publication_id;
	event->policy = decision_text(decision, policy->name);
	event->policy_version = policy->version;
	event->change = policies->changes + 1;
	event->approved_by = command->approval->actor;
}
