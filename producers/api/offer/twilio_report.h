#ifndef API_OFFER_TWILIO_REPORT_H
#define API_OFFER_TWILIO_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "producers/api/http/form.h"
#include "producers/api/offer/callback_link.h"
#include "schemas/communications.h"

/*
 * What Twilio, or a provider that imitates it, calls us with: a form, signed in X-Twilio-Signature with the account's token.
 * Pure, but for twilio_keys_load.
 *
 * The signature is base64 of HMAC-SHA-1 over our URL as the provider knows it and the form's pairs, sorted by name, name and
 * value without anything between them. A proxy in front of us changes scheme, host and port, so the URL comes from our
 * configuration, never from the request.
 */
#define TWILIO_TOKENS_MAX    8
#define TWILIO_TOKEN_MAX     128
#define TWILIO_SIGNATURE_MAX 28 /* base64 of 20 bytes */

struct twilio_keys {
	char tokens[TWILIO_TOKENS_MAX][TWILIO_TOKEN_MAX + 1]; /* of several accounts, or the last and the next of one */
	size_t count;                                         /* 0: nothing is signed for us */
	char public_url[512]; /* of producers/api, as providers reach it; without a slash at its end */
};

/* Reads a file with a token a line. path "": none. ERR_FATAL: unreadable, readable by others, too many or too long. */
MUST_CHECK int twilio_keys_load(struct twilio_keys *ret_keys, const char *path, const char *public_url, struct err *err);

/* `target`: path and query behind the public URL. Sorts the form. */
bool twilio_is_signed(const struct twilio_keys *keys, struct str target, struct form *form, struct str signature);

struct twilio_arguments {
	struct link_arguments link; /* of the URL that the notifier made */
	struct str signature;       /* the header */
	struct str body;
};

struct twilio_report {
	struct record_delivery delivery; /* texts borrow from the arguments and the arena */
	bool has_opted_out;              /* the person told the provider to receive nothing more from us */
};

enum twilio_report_verdict {
	TWILIO_REPORT_TAKEN,
	TWILIO_REPORT_MALFORMED,
	TWILIO_REPORT_FORGED,  /* a signature is wrong: ours in the URL, or the provider's */
	TWILIO_REPORT_NO_NEWS, /* a status that changes nothing */
};

/* Both signatures are checked, in constant time, before anything else is used. The report says no time: it is now_ms. */
enum twilio_report_verdict twilio_report_read(const struct twilio_arguments *arguments, const struct twilio_keys *keys,
					      const uint8_t key[32], int64_t now_ms, struct arena *arena,
					      struct twilio_report *ret_report);

/* The command's id. A repeated report comes at another time and is another command, which the module ignores. */
struct uuid twilio_report_command_id(const struct twilio_report *report);

#endif
