#ifndef CLI_DELIVERY_H
#define CLI_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "answers.h"
#include "base/conf.h"
#include "base/err.h"
#include "sender.h"
#include "tally.h"

/*
 * Rows -> commands -> outcomes: sends the rows of `import` and `publish`, and waits for the module's answers. If nothing moves
 * for the timeout (no acknowledgement, no answer), the commands under way are abandoned and reported as waiting or unanswered.
 * A repeated run asks again for each of them, and applies nothing twice.
 */
struct delivery_conf {
	struct sender_conf sender;
	const char *pg, *pg_user;
	bool no_wait; /* acknowledged is enough */
};

#define DELIVERY_ROWS(conf)                                                                                                      \
	SENDER_ROWS((conf).sender), ROW_PG(&(conf).pg), ROW_PG_USER(&(conf).pg_user),                                            \
	{                                                                                                                        \
		.name = "no.wait", .kind = CONF_SWITCH, .default_value = "no", .target = &(conf).no_wait,                        \
		.help = "end when the brokers have everything, and do not wait for what the module answers"                      \
	}

struct delivery;

/* Borrows conf and tally. ERR_FATAL: settings, keys; ERR_RETRY: brokers. */
MUST_CHECK int delivery_open(const struct delivery_conf *conf, const char *module, struct tally *tally,
			     struct delivery **ret_delivery, struct err *err);

/* Accepts NULL. Commands under way end as unanswered; after delivery_finish there are none. */
void delivery_close(struct delivery *delivery);

struct delivery_command {
	const struct message_type *type;
	const void *body;
	struct uuid id;
};

/* Sends a row: all of its commands. Waits for room among the commands in flight. -1: nothing more can be sent. */
MUST_CHECK int delivery_send(struct delivery *delivery, int64_t line, struct str text, const struct delivery_command *commands,
			     size_t commands_count, struct err *err);

/* Waits until every command has its outcome, or nothing moves any more. */
MUST_CHECK int delivery_finish(struct delivery *delivery, struct err *err);

#endif
