#ifndef CLI_FEEDBACK_H
#define CLI_FEEDBACK_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/uuid.h"
#include "db/db.h"
#include "model/message.h"
#include "sender.h"

/*
 * What comes back of messages that were sent: mails that could not be delivered, acknowledgements of the printer. Each is an item of
 * a source: a folder, a mailbox. An item is read, becomes commands, and is done with only when Kafka has all of them. So a crash between
 * any two steps leaves the item where it is, and the next run reads it again; ids of commands are derived from what the item says, so
 * that they have no second effect.
 */
struct feedback_conf {
	struct sender_conf sender;
	const char *pg, *pg_user;
};

#define FEEDBACK_ROWS(conf)                                                                                                      \
	SENDER_ROWS((conf).sender), SENDER_SCOPE_ROWS((conf).sender), ROW_PG(&(conf).pg), ROW_PG_USER(&(conf).pg_user)

struct feedback {
	struct db *db;
	struct db_params params;
	struct sender *sender;
	int64_t read, left; /* items: read, and of these those that stay */
	int unacknowledged; /* commands of the item at hand */
};

/* `feedback` is zeroed. Commands are sent with the role notifier. Copies nothing of conf. */
MUST_CHECK int feedback_open(struct feedback *feedback, struct feedback_conf *conf, struct err *err);
void feedback_close(struct feedback *feedback); /* accepts one that was not opened */

/* ---- items ---- */

/* A function's failure of kind ERR_POISON is about this item, which stays, is counted and printed; any other ends the walk. */
struct feedback_source {
	/* The next item's name, for people and for the functions below; *ret_name NULL: there is none. Borrows until the next call. */
	int (*next)(void *source_arg, const char **ret_name, struct err *err);
	int (*take)(void *source_arg, const char *name, struct err *err); /* reads it and sends its commands */
	int (*done)(void *source_arg, const char *name, struct err *err); /* Kafka has all commands */
};

MUST_CHECK int feedback_walk(struct feedback *feedback, const struct feedback_source *source, void *source_arg, struct err *err);

/* ---- commands ---- */

/* Sends a command of the item at hand. Copies. */
MUST_CHECK int feedback_send(struct feedback *feedback, const struct message_type *type, const void *body, const struct uuid *id,
			     struct err *err);

/* What became of a message: RecordDelivery, and if its address is no good any more, InvalidateContactPoint (bounced). */
struct feedback_report {
	struct uuid communication_id;
	const char *channel;          /* which the message must have */
	const char *default_provider; /* of a message without a receipt */
	struct str code;              /* the provider's */
	const char *status;           /* RecordDelivery.status */
	int64_t at_ms;
	const char *id_purpose;         /* of the report's id, which is derived from the message's and at_ms */
	const char *address_id_purpose; /* the same of the invalidation; NULL: the address stays */
};

/* *ret_is_known false: the database has no such message, and nothing was sent. */
MUST_CHECK int feedback_report(struct feedback *feedback, const struct feedback_report *report, bool *ret_is_known,
			       struct err *err);

/* ---- folders ---- */

/* Opens another view of an open folder, to read its names; closedir closes it. NULL: failed. */
MUST_CHECK DIR *feedback_folder_open(int folder, struct err *err);

/*
 * Appends a file of the folder, `size_max` bytes of it at most. ERR_POISON: it cannot be read, or is no regular file: a name in the
 * folder may be a link to anything. *ret_changed_ms, if not NULL: when it was last written.
 */
MUST_CHECK int feedback_file_read(int folder, const char *name, size_t size_max, struct buf *content, int64_t *ret_changed_ms,
				  struct err *err);

void feedback_folder_close(int folder); /* accepts -1 */

#endif
