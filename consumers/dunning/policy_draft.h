#ifndef CONSUMERS_DUNNING_POLICY_DRAFT_H
#define CONSUMERS_DUNNING_POLICY_DRAFT_H

#include "base/arena.h"
#include "consumers/dunning/policy.h"

/*
 * A policy as people write it: the JSON of POST /dunning/policies and of policies/ (its id may be missing), read and checked as
 * PublishPolicy is, but for what depends on other policies and on templates. Pure.
 */
struct draft_fault {
	char where[96]; /* a JSON pointer, or the name of a member; "": the whole */
	char text[160]; /* no value of the input */
};

/* False: *ret_fault says the first fault. The arena is only used meanwhile. */
MUST_CHECK bool policy_draft_read(struct policy *ret_policy, struct str json, struct arena *arena, struct draft_fault *ret_fault);

/*
 * Puts a draft in the place of the policy of its name, or adds it. False: another policy in force has its priority, or there is no
 * room. With `is_alone` no other is in force afterwards; the others still say what a debt's level means.
 */
MUST_CHECK bool policy_draft_put(struct policies *policies, const struct policy *draft, bool is_alone,
				 struct draft_fault *ret_fault);

#endif
