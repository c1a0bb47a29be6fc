#ifndef API_WRITES_COMMANDS_H
#define API_WRITES_COMMANDS_H

#include "base/err.h"
#include "producers/api/http/call.h"
#include "producers/api/writes/writes.h"

/*
 * Commands as a resource: POST /commands accepts any of them by its schema, GET /commands/:id returns the state of one.
 *
 * Every role that may issue a command may read states (readers.h). Staff and auditors see all commands; others see those that
 * they issued, and besides a creditor those about data of its own creditors, a portal user those about their own customer, an
 * admin those about users. Other commands do not exist for them. A state consists of a code, a text without personal data, and
 * ids.
 */
struct commands;

struct commands_conf {
	struct writes *writes;
};

MUST_CHECK int commands_new(const struct commands_conf *conf, struct commands **ret_commands, struct err *err);
void commands_free(struct commands *commands); /* accepts NULL */

/* ---- handlers of routes ---- */

void take_command(struct api *api, struct call *call);
void tell_command(struct api *api, struct call *call);

#endif
