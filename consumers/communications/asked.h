#ifndef CONSUMERS_COMMUNICATIONS_ASKED_H
#define CONSUMERS_COMMUNICATIONS_ASKED_H

#include "consumers/communications/guard/guard.h"

/*
 * The profiles that the guard is asked with, the same for every message: which of them apply to one is the guard's own answer, by
 * the place of the person and the debt (guard/decide.c). They are the built-in profiles that are chosen, each in its newest version,
 * built in or published, and the published profiles that are not built in. The choice is made once, before the first command; what
 * is published is a state, loaded with every batch. The text of each verdict's facts names profiles and versions, so `dcs decisions
 * replay` asks the same.
 */
struct asked_profiles {
	const struct guard_profile *profiles[GUARD_PROFILES_MAX]; /* borrows: built in, or the state's */
	size_t count;
};

/*
 * State, one for the module (published_profiles_id): the newest published version of each profile, in the order of their ids. A profile
 * that is not built in has a place, 1 to OWN_PROFILES_MAX; a unique index of the places keeps their number, whatever is published at
 * once on several partitions.
 */
#define OWN_PROFILES_MAX 8
struct published_profiles {
	uint32_t count;
	int32_t places[GUARD_PROFILES_MAX]; /* 0: built in */
	struct guard_profile profiles[GUARD_PROFILES_MAX];
};

extern const struct uuid published_profiles_id;

/* NULL: it was not published. */
const struct guard_profile *published_profile(const struct published_profiles *published, struct str id);

/* Adds a version, or puts it into the place of the one before. */
void published_profiles_add(struct published_profiles *published, const struct guard_profile *profile, int32_t place);

/* Without a choice all of profiles/, and `published`. The set has published_profiles_entity loaded. */
struct asked_profiles asked_profiles(const struct workset *set);

/* The rules of a version as they are stored, a line for each (guard_profile_add_lines). Returns the size. */
#define RULES_TEXT_MAX 16384
struct profile_published;
size_t published_rules_text(char text[RULES_TEXT_MAX], const struct profile_published *event);

/*
 * Ids of built-in profiles, with a blank between; `published` among them: those that are published and not built in. False: ret_bad
 * is another word, or one too many; nothing is chosen.
 */
MUST_CHECK bool asked_profiles_choose(struct str ids, struct str *ret_bad);

#endif
