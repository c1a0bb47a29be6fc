#ifndef CLI_POLICY_TEXT_H
#define CLI_POLICY_TEXT_H

#include "base/buf.h"
#include "consumers/dunning/policy.h"

/* A dunning policy in sentences, for people: for whom it is, its caps, a line for each step. Pure. */
void policy_text(struct buf *text, const struct policy *policy, struct str title);

#endif
