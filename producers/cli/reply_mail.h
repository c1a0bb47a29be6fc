#ifndef CLI_REPLY_MAIL_H
#define CLI_REPLY_MAIL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

/*
 * A mail that a person may have written: who it is from and what it says. Pure; reads any bytes, looks at MAIL_PARTS_MAX parts at most.
 *
 * Programs answer, too. Their mails say nothing of a person and are never answered, or two programs would answer each other for ever:
 * the null sender, Auto-Submitted (RFC 3834), Precedence (bulk, junk, list, auto_reply), X-Autoreply, X-Autorespond, List-Id,
 * multipart/report.
 *
 * The text is that of the first part text/plain that is no attachment, or, where there is none, of the first part text/html
 * (mail_html.h); from quoted-printable or base64; in UTF-8, US-ASCII, or a character set of one byte that charset_of knows; without what
 * it quotes: lines with > in front, and the line above them that says who wrote them, also if a mailer has wrapped it. If nothing is left the subject stands for it, as in mails that say STOP there only. Any other text cannot
 * be read here: the mail counts as a message all the same, with an empty text, and a person has to look at it.
 *
 * The sender is what From says, and may be forged: such a mail can withdraw a consent, not give one.
 */
#define REPLY_TEXT_MAX   2000 /* characters; RecordInbound.text. The rest is cut off */
#define REPLY_SENDER_MAX 320
#define REPLY_ID_MAX     128

struct reply {
	char sender[REPLY_SENDER_MAX + 1]; /* an e-mail address (base/address.h) */
	char id[REPLY_ID_MAX + 1];         /* Message-ID; "": none, or a longer one */
	struct str text;                   /* valid UTF-8, in the arena */
	bool is_readable;
};

enum reply_verdict {
	REPLY_TAKEN,
	REPLY_AUTOMATIC,
	REPLY_SPAM,      /* the mail server says so (X-Spam-Flag) */
	REPLY_NO_SENDER, /* From has no address */
};

/* The arena must have room for 1 MiB. */
enum reply_verdict reply_mail_read(struct str mail, struct arena *arena, struct reply *ret_reply);

#endif
