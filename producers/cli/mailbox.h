#ifndef CLI_MAILBOX_H
#define CLI_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * A mailbox that `dcs bounces` empties: a Maildir, for example. Each mail is read as bytes, and then done with: it does not come again.
 * A failure of kind ERR_POISON is about one mail, any other about all of them.
 */
struct mailbox;

struct mailbox_kind {
	/* The next mail; *ret_name NULL: there is none. Borrows until the next call. */
	int (*next)(struct mailbox *mailbox, const char **ret_name, struct err *err);
	/* Appends its first size_max bytes; *ret_at_ms is when it arrived. */
	int (*read)(struct mailbox *mailbox, const char *name, size_t size_max, struct buf *mail, int64_t *ret_at_ms,
		    struct err *err);
	int (*done)(struct mailbox *mailbox, const char *name, struct err *err);
	void (*close)(struct mailbox *mailbox); /* frees it */
};

struct mailbox {
	const struct mailbox_kind *kind;
};

/* A Maildir (maildir(5)): mails are in `new`; one that is done with is moved to `cur`, as seen. ERR_FATAL: it is none. */
MUST_CHECK int maildir_open(const char *path, struct mailbox **ret_mailbox, struct err *err);

#endif
