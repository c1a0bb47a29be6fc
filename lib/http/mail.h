#ifndef HTTP_MAIL_H
#define HTTP_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "http/http.h"

/*
 * E-mail: building a message (pure) and handing it to an SMTP server. libcurl checks nothing that it sends (lib/TRAPS.md 5): a
 * line break in an address is another command, one in a header another header. So everything is checked and encoded here. The
 * result is 7-bit with CRLF line ends, and no line of text is longer than 76.
 */

/*
 * One of our own addresses, in an envelope or a header: one @, printable ASCII, none of <>()[]\,;:" and no space; at most 254
 * bytes. An address that needs quoting or SMTPUTF8 is refused. Recipients have addresses of base/address.h, which is stricter.
 */
bool mail_address_is_valid(struct str address);

#define MAIL_HEADERS_MAX 8

struct mail_header {
	const char *name; /* an RFC 5322 field name; a literal of ours */
	struct str value; /* printable ASCII */
};

struct mail {
	struct str from_name; /* UTF-8; may be empty */
	struct str from_address;
	struct str reply_to; /* may be empty */
	struct str to_address;
	struct str subject;    /* UTF-8, no control characters */
	struct str text;       /* UTF-8; any line ends */
	struct str html;       /* UTF-8, what stands in the body of a document; empty: none */
	bool has_html;         /* the text as HTML, too, if `html` is empty. Either makes it multipart/alternative */
	struct str message_id; /* left@right, without the angle brackets; the same for every attempt of one message */
	int64_t date_ms;
	struct mail_header headers[MAIL_HEADERS_MAX]; /* further ones, after ours */
	size_t headers_count;
};

/*
 * Appends the whole message: Date, From, To, Subject, Message-ID, Auto-Submitted, MIME headers, the text as quoted-printable.
 * An HTML part that is made of the text has its lines and paragraphs and nothing else: no image, no link, no style.
 * ERR_POISON with the part's name, never its content: a bad address, a control character in a header, text that is not UTF-8,
 * too large.
 */
MUST_CHECK int mail_build(const struct mail *mail, struct buf *buf, struct err *err);

struct mail_server {
	const char *url;             /* smtp://host:port/our.name or smtps://...; the path is what EHLO says (lib/TRAPS.md C6) */
	const char *user, *password; /* NULL: no login */
	bool require_tls; /* smtp: STARTTLS and a valid certificate, or nothing; false: plain, for a relay on this machine */
	struct http_limits limits;
};

/*
 * Hands one message to one recipient. The verdict (http.h) with `status` as the last reply code:
 *   ANSWERED 250           accepted
 *   ANSWERED 4xx           not accepted, try later (also a recipient refused for now, greylisting)
 *   ANSWERED 5xx           not accepted, and never will be
 *   NOT_SENT               not accepted: no connection, TLS or login (also when the server answers "too busy" or "wrong password"),
 *                          or the connection broke before the message began to leave
 *   AMBIGUOUS              it broke after that: the server may have it
 * `sender` is the envelope sender (the target of bounces; "" is the null sender). Copies everything. ERR_RETRY: all exchanges
 * in use; ERR_POISON: a malformed address or URL.
 */
MUST_CHECK int mail_start(struct http *http, const struct mail_server *server, struct str sender, struct str recipient,
			  struct str message, http_done *done, void *done_arg, struct err *err);

/*
 * The code to record for a reply line such as "550 5.1.1 <x@y> unknown": the enhanced status (RFC 3463) if there is one,
 * otherwise the three digits; "" when the line is not a reply. Never any of the text: it may quote the address.
 */
void mail_reply_code(struct str line, char ret_code[16]);

/*
 * Whether a status (RFC 3463) says that there is no such mailbox, so that nothing else will be delivered there, either: 5.1.x but
 * for the sender's address, and 5.2.1. Other permanent ones are of the message, of a policy, or of a full mailbox.
 */
bool mail_status_is_of_address(struct str status);

#endif
