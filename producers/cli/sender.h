#ifndef CLI_SENDER_H
#define CLI_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/uuid.h"
#include "model/message.h"
#include "row_errors.h"

/*
 * Publishes commands: encodes, writes the headers, sends to the module's command topic, counts what the brokers acknowledged. At
 * most SENDER_PENDING_MAX records are under way; a record that is refused by the brokers is a row error with its line.
 */
#define SENDER_PENDING_MAX 20000

struct sender_conf {
	const char *bootstrap;
	const char *keys_dir, *issuer, *audience; /* to mint a token with `subject` and `roles` */
	const char *subject;
	const char *roles;     /* "creditor,agent"; "" only with a token_file */
	const char *creditors; /* what the minted token is bound to, see scope_parse; NULL: to nothing */
	const char *sources;
	const char *token_file;  /* a token in a file; "": mint */
	const char *correlation; /* a UUID; "": every command is its own */
	int64_t timeout_s;       /* without any acknowledgement: give up */
};

#define SENDER_ROWS(conf)                                                                                                        \
	ROW_BOOTSTRAP(&(conf).bootstrap), ROW_KEYS_DIR(&(conf).keys_dir), ROW_ISSUER(&(conf).issuer),                            \
		ROW_AUDIENCE(&(conf).audience),                                                                                  \
		{ .name = "subject",                                                                                             \
		  .kind = CONF_TEXT,                                                                                             \
		  .default_value = "dcs-cli",                                                                                    \
		  .target = &(conf).subject,                                                                                     \
		  .help = "sub of the minted token: who says so" },                                                              \
		{ .name = "token.file",                                                                                          \
		  .kind = CONF_TEXT,                                                                                             \
		  .default_value = "",                                                                                           \
		  .target = &(conf).token_file,                                                                                  \
		  .help = "use the token in this file instead of minting one" },                                                 \
		{ .name = "correlation",                                                                                         \
		  .kind = CONF_TEXT,                                                                                             \
		  .default_value = "",                                                                                           \
		  .target = &(conf).correlation,                                                                                 \
		  .help = "correlation id (UUID) of all commands; default: each has its own" },                                  \
	{                                                                                                                        \
		.name = "timeout", .kind = CONF_NUMBER, .default_value = "60", .number_min = 1, .number_max = 3600,              \
		.target = &(conf).timeout_s, .help = "seconds without an acknowledgement after which to give up"                 \
	}

#define SENDER_SCOPE_ROWS(conf) ROW_CREDITOR(&(conf).creditors), ROW_SOURCE(&(conf).sources)

struct sender;

struct sender_counts {
	int64_t sent, acknowledged, failed;
};

/* `errors` (borrowed) takes what the brokers refuse. ERR_FATAL: settings, keys; ERR_RETRY: brokers. */
MUST_CHECK int sender_open(const struct sender_conf *conf, struct row_errors *errors, struct sender **ret_sender,
			   struct err *err);
void sender_close(struct sender *sender); /* accepts NULL */

/* Queues one command that stood in `line`. ERR_POISON: this command cannot be sent; else: nothing more can. */
MUST_CHECK int sender_send(struct sender *sender, const struct message_type *type, const void *body, const struct uuid *id,
			   int64_t line, struct err *err);

/* Waits until everything is acknowledged or refused. ERR_RETRY: not within the timeout. */
MUST_CHECK int sender_finish(struct sender *sender, struct err *err);

struct sender_counts sender_counts(const struct sender *sender);

#endif
