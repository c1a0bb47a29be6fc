#ifndef API_COMMANDS_H
#define API_COMMANDS_H

#include "base/err.h"
#include "producers/api/call.h"
#include "producers/api/reads.h"
#include "producers/api/writes.h"

/*
 * Commands as such: POST /commands takes any of them by its schema, GET /commands/:id tells what became of one.
 *
 * Who may ask what became of a command: whoever works here and knows its id. The log does not say who issued it, an id cannot be
 * guessed, and what is shown is a code, a text without personal data and ids. A portal user is shown what is about his own
 * customer, and nothing else exists for him.
 */
struct commands;

struct commands_conf {
	struct writes *writes;
	struct reads *reads;
	struct coder *coder;
};

MUST_CHECK int commands_new(const struct commands_conf *conf, struct commands **ret_commands, struct err *err);
void commands_free(struct commands *commands); /* accepts NULL */

void commands_post(struct commands *commands, struct call *call);
void commands_tell(struct commands *commands, struct call *call);

#endif
