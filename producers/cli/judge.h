#ifndef CLI_JUDGE_H
#define CLI_JUDGE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/decision.h"
#include "model/message.h"

/*
 * The faults of a command by itself, independent of the module's state: the module's own rule runs in an empty world. A rule
 * checks the command first (amounts, dates, currencies, words, forms) and then the entities that it names. So a refusal of the
 * first kind is the module's answer; all else is unknown here. Nothing is sent, nothing is kept.
 */
struct judge {
	struct arena arena;
	int64_t now_ms; /* the wall clock at the start: dates are compared with its day */
};

MUST_CHECK int judge_init(struct judge *judge, struct err *err);
void judge_release(struct judge *judge); /* accepts a zeroed one */

/* False: the module will refuse it; the decision (borrows from the judge, until the next call) has the reason. */
MUST_CHECK bool judge_command(struct judge *judge, const struct message_type *type, const void *body,
			      struct decision *ret_decision);

#endif
