#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* A version of a compliance profile. It is checked whole: what is published binds every message from then on. */

static bool rules_are_listed_once(const struct publish_profile *body, struct decision *decision)
{
	for (size_t index = 1; index < body->rules_count; index++) {
		for (size_t other = 0; other < index; other++) {
			if (!str_equal(body->rules[index].rule, body->rules[other].rule))
				continue;
			decision_refuse(decision, REFUSAL_BAD_VALUE, "rules", "%.*s stands twice",
					(int)body->rules[index].rule.size, body->rules[index].rule.data);
			return false;
		}
	}
	return true;
}

static bool read_profile(const struct publish_profile *body, struct guard_profile *profile, struct guard_fault *fault)
{
	const struct guard_scope scope = { .id = body->profile,
					   .countries = body->countries,
					   .region = body->region,
					   .collector = body->collector,
					   .version = body->profile_version };

	if (!guard_profile_begin(profile, &scope, fault))
		return false;
	for (size_t index = 0; index < body->rules_count; index++) {
		const struct profile_rule *rule = &body->rules[index];

		if (!guard_profile_add(profile, rule->rule, rule->choice, rule->numbers, fault))
			return false;
	}
	return true;
}

static bool profile_is_good(const struct publish_profile *body, struct decision *decision)
{
	const struct guard_profile *built_in = guard_profile_by_id(body->profile);
	struct guard_fault fault = { .field = NULL };
	struct guard_profile profile;

	if (uuid_is_none(&body->publication_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "publication_id", "the id is all zeros");
		return false;
	}
	if (str_trim(body->title, " ").size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "title", "a title is needed");
		return false;
	}
	if (!rules_are_listed_once(body, decision))
		return false;
	if (!read_profile(body, &profile, &fault) || (built_in != NULL && !guard_profile_keeps_law(&profile, built_in, &fault))) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, fault.field, "%s", fault.text);
		return false;
	}
	return true;
}

/* The place of the profile among those that are not built in: that of its version before, or the first free one. */
static int32_t place_of(const struct published_profiles *published, struct str id)
{
	int32_t place = 0;

	if (guard_profile_by_id(id) != NULL)
		return 0;
	for (uint32_t index = 0; published != NULL && index < published->count; index++) {
		if (str_is(id, published->profiles[index].id))
			return published->places[index];
		place = published->places[index] > place ? published->places[index] : place;
	}
	return place + 1;
}

static bool profile_version_is_next(const struct publish_profile *body, const struct workset *set, int32_t place,
				    struct decision *decision)
{
	const struct published_profiles *published = workset_state(set, &published_profiles_entity, &published_profiles_id);
	const struct guard_profile *newest = published == NULL ? NULL : published_profile(published, body->profile);
	int32_t version;

	if (newest == NULL)
		newest = guard_profile_by_id(body->profile);
	version = newest == NULL ? 0 : newest->version;
	if (workset_state(set, &publication_entity, &body->publication_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "publication_id", "a version of a profile has this id");
	} else if (body->profile_version <= version) {
		decision_refuse(decision, REFUSAL_EXISTS, "profile_version", "version %d is there", (int)body->profile_version);
	} else if (body->profile_version > version + 1) {
		decision_refuse(decision, REFUSAL_VERSION_CONFLICT, "profile_version", "the next version is %d",
				(int)version + 1);
	} else if (place > OWN_PROFILES_MAX) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "profile", "there are %d profiles beside the built-in ones",
				OWN_PROFILES_MAX);
	} else {
		return true;
	}
	return false;
}

/* The same members; a record of its own, as every event is. */
static const struct published_rule *publish_rules(const struct publish_profile *body, struct decision *decision)
{
	struct published_rule *rules = arena_take(decision->arena, body->rules_count + 1, sizeof(*rules));

	if (rules == NULL) {
		decision->overflow = true;
		return NULL;
	}
	for (size_t index = 0; index < body->rules_count; index++)
		rules[index] = (struct published_rule){ .rule = body->rules[index].rule,
							.choice = body->rules[index].choice,
							.numbers = body->rules[index].numbers };
	return rules;
}

void decide_publish_profile(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct publish_profile *body = command->body;
	const int32_t place = place_of(workset_state(set, &published_profiles_entity, &published_profiles_id), body->profile);
	struct profile_published *event;

	if (!profile_is_good(body, decision) || !profile_version_is_next(body, set, place, decision))
		return;
	/* A program's, too: what it brings binds every message, and a program cannot answer for that. */
	if (command->approval == NULL) {
		decision_keep(decision, "a compliance profile needs a second person");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &profile_published_type);
	event->publication_id = body->publication_id;
	event->profile = body->profile;
	event->profile_version = body->profile_version;
	event->title = body->title;
	event->countries = body->countries;
	event->region = body->region;
	event->collector = body->collector;
	event->rules = publish_rules(body, decision);
	event->rules_count = event->rules == NULL ? 0 : body->rules_count;
	event->place = place;
	event->approved_by = command->approval->actor;
}
