#ifndef CONSUMERS_COMMUNICATIONS_ASKED_H
#define CONSUMERS_COMMUNICATIONS_ASKED_H

#include "consumers/communications/guard/guard.h"

/*
 * The profiles that the guard is asked with, the same for every message: which of them apply to one is the guard's own answer, by
 * the place of the person and the debt (guard/decide.c). Chosen once, before the first command; the text of each verdict's facts
 * names them, so `dcs decisions replay` asks the same.
 */
struct asked_profiles {
	const struct guard_profile *profiles[GUARD_PROFILES_MAX];
	size_t count;
};

/* Without a choice every one of profiles/: the law of the person's place binds, with its hours and caps. */
const struct asked_profiles *asked_profiles(void);

/* Ids of profiles, with a blank between. False: ret_bad is an id that no profile has, or one too many; nothing is chosen. */
MUST_CHECK bool asked_profiles_choose(struct str ids, struct str *ret_bad);

#endif
