#include "consumers/communications/asked.h"

#include "base/must.h"

#define DEFAULT_IDS STR("basic person us_third_party us_first_party massachusetts uk eu house")

static struct asked_profiles chosen;

bool asked_profiles_choose(struct str ids, struct str *ret_bad)
{
	struct asked_profiles choice = { .count = 0 };

	do {
		struct str id = str_cut(ids, ' ', &ids);
		const struct guard_profile *profile = guard_profile_by_id(id);

		if (profile == NULL || choice.count == GUARD_PROFILES_MAX) {
			*ret_bad = id;
			return false;
		}
		choice.profiles[choice.count++] = profile;
	} while (ids.size > 0);
	chosen = choice;
	return true;
}

const struct asked_profiles *asked_profiles(void)
{
	struct str bad;

	if (chosen.count == 0) {
		bool is_known = asked_profiles_choose(DEFAULT_IDS, &bad);

		MUST(is_known);
	}
	return &chosen;
}
