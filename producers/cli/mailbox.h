#ifndef CLI_MAILBOX_H
#define CLI_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"

/*
 * A mailbox that `dcs bounces` empties. Each mail is read as bytes, and is then done with, or set aside for a person; in neither case does
 * it come again. A failure of kind ERR_POISON is about one mail, any other about all of them.
 */
struct mailbox;

struct mailbox_kind {
	/* The next mail; *ret_name NULL: there is none. Borrows until the next call. */
	int (*next)(struct mailbox *mailbox, const char **ret_name, struct err *err);
	/* Appends its first size_max bytes; *ret_at_ms is when it arrived. */
	int (*read)(struct mailbox *mailbox, const char *name, size_t size_max, struct buf *mail, int64_t *ret_at_ms,
		    struct err *err);
	int (*done)(struct mailbox *mailbox, const char *name, struct err *err);
	int (*set_aside)(struct mailbox *mailbox, const char *name, struct err *err);
	void (*close)(struct mailbox *mailbox); /* frees it */
};

struct mailbox {
	const struct mailbox_kind *kind;
};

/* A Maildir (maildir(5)): mails are in `new`; one that is done with is moved to `cur`,
 * as seen, and one that is set aside as flagged. ERR_FATAL: it is none. */
MUST_CHECK int maildir_open(const char *path, struct mailbox **ret_mailbox, struct err *err);

/* A mailbox on a server, see http/imap.h. */
struct imap_settings {
	const char *user, *password_file;
	const char *done_folder;
	const char *ca_file; /* "": the system's */
	int64_t timeout_s;
};

#define IMAP_ROWS(settings)                                                                                                      \
	{ .name = "imap.user",                                                                                                   \
	  .kind = CONF_TEXT,                                                                                                     \
	  .default_value = "",                                                                                                   \
	  .target = &(settings).user,                                                                                            \
	  .help = "login at the IMAP server" },                                                                                  \
		{ .name = "imap.password.file",                                                                                  \
		  .kind = CONF_TEXT,                                                                                             \
		  .default_value = "",                                                                                           \
		  .target = &(settings).password_file,                                                                           \
		  .help = "file of its password" },                                                                              \
		{ .name = "imap.done",                                                                                           \
		  .kind = CONF_TEXT,                                                                                             \
		  .default_value = "dcs-done",                                                                                   \
		  .target = &(settings).done_folder,                                                                             \
		  .help = "folder that mails are moved to when they are done with" },                                            \
		{ .name = "imap.ca.file",                                                                                        \
		  .kind = CONF_TEXT,                                                                                             \
		  .default_value = "",                                                                                           \
		  .target = &(settings).ca_file,                                                                                 \
		  .help = "certificates to verify the server with; empty: the system's" },                                       \
	{                                                                                                                        \
		.name = "imap.timeout", .kind = CONF_NUMBER, .default_value = "60", .number_min = 1, .number_max = 3600,         \
		.target = &(settings).timeout_s, .help = "seconds for connecting, and for each command"                          \
	}

MUST_CHECK int imap_mailbox_open(const char *url, const struct imap_settings *settings, struct mailbox **ret_mailbox,
				 struct err *err);

#endif
