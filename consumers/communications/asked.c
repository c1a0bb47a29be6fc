#include "consumers/communications/asked.h"

#include <stdio.h>

#include "base/must.h"
#include "schemas/communications.h"

#define DEFAULT_IDS  STR("basic person us_third_party us_first_party massachusetts uk eu house published")
#define BUILT_IN_MAX (GUARD_PROFILES_MAX - OWN_PROFILES_MAX)

const struct uuid published_profiles_id; /* nil: there is one */

static struct {
	const struct guard_profile *profiles[BUILT_IN_MAX];
	size_t count;
	bool with_own; /* those that are not built in */
	bool is_made;
} chosen;

bool asked_profiles_choose(struct str ids, struct str *ret_bad)
{
	const struct guard_profile *profiles[BUILT_IN_MAX] = { NULL };
	size_t count = 0;
	bool with_own = false;

	do {
		struct str id = str_cut(ids, ' ', &ids);
		const struct guard_profile *profile = guard_profile_by_id(id);

		if (str_is(id, "published")) {
			with_own = true;
		} else if (profile == NULL || count == BUILT_IN_MAX) {
			*ret_bad = id;
			return false;
		} else {
			profiles[count++] = profile;
		}
	} while (ids.size > 0);
	memcpy(chosen.profiles, profiles, count * sizeof(profiles[0]));
	chosen.count = count;
	chosen.with_own = with_own;
	chosen.is_made = true;
	return true;
}

const struct guard_profile *published_profile(const struct published_profiles *published, struct str id)
{
	for (uint32_t index = 0; index < published->count; index++) {
		if (str_is(id, published->profiles[index].id))
			return &published->profiles[index];
	}
	return NULL;
}

void published_profiles_add(struct published_profiles *published, const struct guard_profile *profile, int32_t place)
{
	uint32_t at = 0;

	while (at < published->count && strcmp(published->profiles[at].id, profile->id) < 0)
		at++;
	if (at == published->count || strcmp(published->profiles[at].id, profile->id) != 0) {
		MUST(published->count < GUARD_PROFILES_MAX);
		memmove(&published->profiles[at + 1], &published->profiles[at],
			(published->count - at) * sizeof(published->profiles[0]));
		memmove(&published->places[at + 1], &published->places[at],
			(published->count - at) * sizeof(published->places[0]));
		published->count++;
	}
	published->profiles[at] = *profile;
	published->places[at] = place;
}

size_t published_rules_text(char text[RULES_TEXT_MAX], const struct profile_published *event)
{
	size_t size = 0;

	for (size_t index = 0; index < event->rules_count; index++) {
		const struct published_rule *rule = &event->rules[index];

		size += (size_t)snprintf(text + size, RULES_TEXT_MAX - size, "%s%.*s %.*s%s%.*s", index > 0 ? "\n" : "",
					 (int)rule->rule.size, rule->rule.data, (int)rule->choice.size, rule->choice.data,
					 rule->numbers.size > 0 ? " " : "", (int)rule->numbers.size, rule->numbers.data);
		MUST(size < RULES_TEXT_MAX);
	}
	return size;
}

static void add(struct asked_profiles *asked, const struct guard_profile *profile)
{
	MUST(asked->count < GUARD_PROFILES_MAX);
	asked->profiles[asked->count++] = profile;
}

static void add_published(struct asked_profiles *asked, const struct published_profiles *published)
{
	for (size_t index = 0; index < asked->count; index++) {
		const struct guard_profile *newer = published_profile(published, str_of(asked->profiles[index]->id));

		if (newer != NULL)
			asked->profiles[index] = newer;
	}
	for (uint32_t index = 0; index < published->count && chosen.with_own; index++) {
		if (published->places[index] != 0)
			add(asked, &published->profiles[index]);
	}
}

struct asked_profiles asked_profiles(const struct workset *set)
{
	const struct published_profiles *published = workset_state(set, &published_profiles_entity, &published_profiles_id);
	struct asked_profiles asked = { .count = 0 };
	struct str bad;

	if (!chosen.is_made) {
		bool is_known = asked_profiles_choose(DEFAULT_IDS, &bad);

		MUST(is_known);
	}
	for (size_t index = 0; index < chosen.count; index++)
		add(&asked, chosen.profiles[index]);
	if (published != NULL)
		add_published(&asked, published);
	return asked;
}
