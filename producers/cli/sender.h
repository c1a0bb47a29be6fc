#ifndef CLI_SENDER_H
#define CLI_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/uuid.h"
#include "minter.h"
#include "model/message.h"

/*
 * Publishes commands: encodes, writes the headers, sends to the module's command topic, and reports the broker's answer for
 * each. At most SENDER_PENDING_MAX records are under way.
 */
#define SENDER_PENDING_MAX 20000

struct sender_conf {
	const char *bootstrap;
	const char *keys_dir, *issuer, *audience; /* to mint a token with `subject` and `roles` */
	const char *subject;
	const char *roles;        /* "creditor,agent"; "" only with a token_file */
	struct scope_words scope; /* the scope of the minted token, see scope_parse; NULLs: none */
	const char *token_file;   /* a token in a file; "": mint */
	const char *correlation;  /* a UUID; "": every command is its own */
	int64_t timeout_s;        /* without any acknowledgement: give up */
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
		.target = &(conf).timeout_s,                                                                                     \
		.help = "seconds in which nothing moves, no acknowledgement and no answer, after which to give up"               \
	}

#define SENDER_SCOPE_ROWS(conf) SCOPE_ROWS((conf).scope)

struct sender;

/* The brokers' answer for a record; failure NULL: it is stored. Must not call the sender. */
typedef void sender_done(void *done_arg, int32_t part, int64_t offset, const struct err *failure);

/* ERR_FATAL: settings, keys; ERR_RETRY: brokers. */
MUST_CHECK int sender_open(const struct sender_conf *conf, struct sender **ret_sender, struct err *err);
void sender_close(struct sender *sender); /* accepts NULL; `done` is not called for records under way */

struct sender_record {
	const struct message_type *type;
	const void *body;
	const struct uuid *id;
	struct str module; /* on whose topic; empty: on that of the type's own */
	sender_done *done; /* called once, when sender_send has succeeded */
	void *done_arg;
};

/* Queues one command. ERR_POISON: this command cannot be sent; any other: nothing more can be sent. */
MUST_CHECK int sender_send(struct sender *sender, const struct sender_record *record, struct err *err);

void sender_poll(struct sender *sender, int timeout_ms); /* handles the brokers' answers */
int sender_fd(const struct sender *sender);              /* readable when there may be answers */
bool sender_is_broken(const struct sender *sender);      /* nothing more can be sent */

/* Waits until the brokers have answered for every record. ERR_RETRY: not within the timeout. */
MUST_CHECK int sender_finish(struct sender *sender, struct err *err);

#endif
