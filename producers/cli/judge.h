#ifndef CLI_JUDGE_H
#define CLI_JUDGE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/decision.h"
#include "model/message.h"

/*
 * What a command says wrong by itself, whatever its module knows: the module's own rule is asked, in a world where nothing is. A
 * rule looks at the command first (amounts, dates, currencies, words, forms) and then at what it names; so a refusal of the first
 * kind is what the module will say, and all else is not known here. Nothing is sent, nothing is kept.
 */
struct judge {
	struct arena arena;
	int64_t now_ms; /* the wall clock, when it began: the day that dates are held against */
};

MUST_CHECK int judge_init(struct judge *judge, struct err *err);
void judge_release(struct judge *judge); /* accepts a zeroed one */

/* False: the module will refuse it; the decision (borrows from the judge, until the next call) says why. */
MUST_CHECK bool judge_command(struct judge *judge, const struct message_type *type, const void *body,
			      struct decision *ret_decision);

#endif
