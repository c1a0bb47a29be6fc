#ifndef HTTP_KANNEL_H
#define HTTP_KANNEL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "http/http.h"

/*
 * Kannel's HTTP interface (smsbox, sendsms): the URL that sends one SMS, the meaning of its answers, and the delivery reports.
 * Pure. Kannel returns no message id; a report finds its message by our part of dlr_url.
 */
struct kannel_sms {
	struct str url; /* http://host:port/cgi-bin/sendsms */
	struct str user, password;
	struct str from;          /* number or short alphanumeric name */
	struct str to;            /* E.164 */
	struct str text;          /* UTF-8 */
	struct str dlr_url;       /* with Kannel's escapes (%d, %F ...); empty: no reports */
	int64_t validity_minutes; /* the network gives up after this; 0: its default */
};

/* Appends the URL, all values escaped, terminated. ERR_POISON: `to` is not one number, text not UTF-8 or empty. */
MUST_CHECK int kannel_url(const struct kannel_sms *sms, struct buf *ret_url, struct err *err);

/*
 * The answers of Kannel's smsbox (its source, 1.4.5):
 *   202 "0: Accepted for delivery", "3: Queued for later delivery", "Sent."  accepted
 *   503 "Temporal failure, try again later."                                 the bearerbox did not accept it
 *   403 "Authorization failed ..."                                           our settings are wrong, not the message
 *   403 "Not routable. Do not try again."                                    never
 *   400                                                                      an invalid field: never
 *   500 "Sending failed."                                                    after parts may have been sent
 */
enum kannel_verdict {
	KANNEL_ACCEPTED,
	KANNEL_LATER,   /* certain: not accepted, may be tried again */
	KANNEL_REFUSED, /* certain: not accepted, and never will be */
	KANNEL_UNKNOWN,
};
enum kannel_verdict kannel_verdict_of(const struct http_answer *answer);

/* The word of RecordDelivery.status for a report's %d: delivered, failed, buffered, accepted, rejected; NULL: not a final or
 * known kind. */
const char *kannel_delivery_status(int64_t dlr);

#endif
