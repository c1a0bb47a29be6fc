#ifndef API_OFFER_INBOUND_MESSAGE_H
#define API_OFFER_INBOUND_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/uuid.h"
#include "producers/api/offer/twilio_report.h"

/*
 * An SMS from a person, as a provider brings it. Pure.
 *
 * Kannel calls the get-url of its sms-service, which has our secret, with its escapes filled in:
 *
 *   s our secret, 64 hex   from %p   text %e, the bytes in hex   coding %c: 2 is UTF-16, otherwise UTF-8   at %T   id %I
 *   g the gateway's name (optional)
 *
 * Where Twilio manages opt-outs itself, its form has an OptOutType, and Twilio answers the person: we must not do it again.
 *
 * The text comes in hex because bytes of UTF-16 may be NUL, which the server refuses in a URL. Twilio posts a signed form.
 */
#define INBOUND_TEXT_MAX 2000 /* characters; RecordInbound.text. The rest is cut off: no network sends as much */

struct inbound_message {
	struct str provider;
	struct str ref;        /* empty: none */
	struct str sender;     /* a number in E.164 if it can be one, otherwise as it came */
	struct str text;       /* valid UTF-8 */
	struct str handled_as; /* stop, help or start: the provider took it for that, and has answered; empty: it does not say */
	int64_t received_ms;
};

enum inbound_verdict {
	INBOUND_TAKEN,
	INBOUND_MALFORMED,
	INBOUND_FORGED,
};

struct kannel_inbound_arguments {
	struct str s, g, from, text, coding, at, id; /* empty: absent */
};

/* secret NULL: none is known, so all are forged. The secret is compared in constant time, before anything else is used. */
enum inbound_verdict kannel_inbound_read(const struct kannel_inbound_arguments *arguments, const uint8_t *secret, int64_t now_ms,
					 struct arena *arena, struct inbound_message *ret_message);

#define TWILIO_INBOUND_TARGET "/callbacks/twilio/inbound"
enum inbound_verdict twilio_inbound_read(struct str body, struct str signature, const struct twilio_keys *keys, int64_t now_ms,
					 struct arena *arena, struct inbound_message *ret_message);

/* The same message has the same id, whoever brings it how often; another one for each customer whose number it is. */
struct uuid inbound_message_id(const struct inbound_message *message, const struct uuid *customer_id); /* NULL: nobody's */

#endif
