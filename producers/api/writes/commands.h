#ifndef API_WRITES_COMMANDS_H
#define API_WRITES_COMMANDS_H

#include "base/err.h"
#include "producers/api/http/call.h"
#include "producers/api/writes/writes.h"

/*
 * Commands as such: POST /commands takes any of them by its schema, GET /commands/:id tells what became of one.
 *
 * Who may ask what became of a command: whoever may issue any (readers.h). Those who work with people, and auditors, are told of
 * all; others of what they issued themselves, a creditor also of what is about his creditors' things, a portal user of what is
 * about his customer, an admin of what is about users. Nothing else exists for them. What is shown is a code, a text without
 * personal data, and ids.
 */
struct commands;

struct commands_conf {
	struct writes *writes;
	struct coder *coder;
};

MUST_CHECK int commands_new(const struct commands_conf *conf, struct commands **ret_commands, struct err *err);
void commands_free(struct commands *commands); /* accepts NULL */

/* ---- handlers of routes ---- */

void take_command(struct api *api, struct call *call);
void tell_command(struct api *api, struct call *call);

#endif
