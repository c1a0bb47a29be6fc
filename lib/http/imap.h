#ifndef HTTP_IMAP_H
#define HTTP_IMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * A mailbox over IMAP (RFC 3501), for a program that empties it: which mails there are, their first bytes, and what is done with them.
 * One connection; each call blocks, for timeout_ms at most.
 *
 * What happens to mails. A mail that is done with is moved to another folder; one that is set aside stays and gets the flag \Flagged,
 * for a person, who sees it marked. Mails with that flag are not found again; who takes it away wants the mail read again. Whether
 * a mail was seen says nothing, and reading here does not mark it as seen: a person who looks into the mailbox first must not hide a
 * mail from the program. (Others: getmail keeps a list of its own, fetchmail deletes, both by default; CiviMail moves like this.)
 *
 * Mails are named by UIDs, never by sequence numbers, which change when another client deletes. UIDs are used only inside the
 * connection that found them, so nothing rests on them after it; a server that changes UIDVALIDITY meanwhile has made the mailbox anew,
 * and the connection ends.
 *
 * libcurl connects: names, TLS 1.2 or later with a verified certificate, STARTTLS, the login, and at the end the logout. Only imap and imaps
 * are spoken. Commands are written and answers read here (CURLOPT_CONNECT_ONLY): libcurl's own FETCH marks mails as seen, and it
 * finds the end of the answer to a command of ours by lines, which the text of a mail may imitate (lib/TRAPS.md C10).
 *
 * Answers are bounded: a line is cut at IMAP_LINE_MAX, a command's answer ends the connection at IMAP_ANSWER_MAX bytes or at its
 * timeout, however slowly it drips. Failures: ERR_POISON is about one mail; ERR_RETRY and ERR_FATAL (settings, certificate, login) end
 * the connection: close it. Texts never quote the server: its words may have addresses in them.
 */
struct imap;

#define IMAP_LINE_MAX   ((size_t)64 << 10)
#define IMAP_ANSWER_MAX ((size_t)64 << 20)

struct imap_conf {
	const char *url;             /* imaps://host[:port][/mailbox] or imap://...; mailbox: INBOX if there is none */
	const char *user, *password; /* without control characters */
	bool is_plain;               /* imap: without TLS; false: STARTTLS, or nothing is sent. Only for this machine */
	const char *done_folder;     /* of mails that are done with, not the mailbox itself; made if it is not there */
	const char *ca_file;         /* NULL: the system's certificates */
	int64_t timeout_ms;          /* of connecting, and of each command */
};

/* Whether the URL's host is this machine, so that nothing leaves it. */
bool imap_is_of_this_machine(const char *url);

/* Copies what it needs. ERR_FATAL: a bad URL (also one with a login in it), folder, certificate or login, or a mailbox that can only be read. */
MUST_CHECK int imap_open(const struct imap_conf *conf, struct imap **ret_imap, struct err *err);
void imap_close(struct imap *imap); /* accepts NULL; says goodbye and does not wait for the answer */

/* The mails that are neither deleted nor flagged: their UIDs, ascending if the server sorts, uids_max at most. */
MUST_CHECK int imap_search(struct imap *imap, uint32_t *uids, size_t uids_max, size_t *ret_count, struct err *err);

/*
 * Appends the first size_max bytes of a mail; *ret_at_ms is when the server got it. ERR_POISON: it is gone, or the server sends more
 * than was asked for.
 */
MUST_CHECK int imap_fetch(struct imap *imap, uint32_t uid, size_t size_max, struct buf *mail, int64_t *ret_at_ms,
			  struct err *err);

/*
 * Moves it to the folder of mails that are done with. With a server that cannot (RFC 6851) it is copied, then deleted; where the
 * server cannot expunge a single mail (RFC 4315) it keeps its flag \Deleted until somebody expunges: what another deleted is not ours.
 */
MUST_CHECK int imap_done(struct imap *imap, uint32_t uid, struct err *err);

MUST_CHECK int imap_set_aside(struct imap *imap, uint32_t uid, struct err *err);

#endif
