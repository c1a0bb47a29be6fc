#ifndef NOTIFIER_GATEWAY_H
#define NOTIFIER_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "consumers/notifier/throttle.h"
#include "http/http.h"
#include "schemas/words.h"

/*
 * A gateway: a provider that delivers an SMS or an e-mail. One interface, an adapter for each kind (Kannel, SMTP). An adapter
 * builds the request and classifies the answer. It keeps nothing of a message, decides nothing about retries, and reads no
 * clock.
 */

/* One decrypted message, for the duration of `start` only. Texts borrow. */
struct parcel {
	struct uuid communication_id;
	struct uuid customer_id;
	int32_t attempt;
	int64_t now_ms, send_by_ms;
	struct str address;
	struct str subject; /* e-mail only */
	struct str text;
};

#define PROVIDER_REF_MAX  128
#define PROVIDER_CODE_MAX 64

struct verdict {
	enum dispatch_outcome outcome;
	bool is_well;                              /* the gateway works (for the breaker) */
	int64_t retry_after_ms;                    /* the pause it asked for; -1: none */
	char provider_code[PROVIDER_CODE_MAX + 1]; /* "": none. Never the provider's text, which may quote personal data */
};

struct gateway {
	const char *name;    /* the provider's name in events: "kannel" */
	const char *channel; /* "sms" */

	/* Hands the message over; http copies it. ERR_POISON: the gateway can never send it. ERR_RETRY: not now. After -1 nothing
	 * has left the process, and `done` is not called. */
	int (*start)(struct gateway *gateway, struct http *http, const struct parcel *parcel, http_done *done, void *done_arg,
		     struct err *err);

	/* Pure. */
	void (*judge)(const struct http_answer *answer, struct verdict *ret_verdict);

	/* The provider's id of an accepted message, known to us beforehand; "" if it gives none. */
	void (*reference)(const struct gateway *gateway, const struct uuid *communication_id, char ret_ref[PROVIDER_REF_MAX + 1]);

	struct throttle throttle;
	void *self; /* the adapter's */
};

/* ---- Kannel ---- */

struct kannel_conf {
	const char *url; /* http://host:port/cgi-bin/sendsms */
	const char *user, *password;
	const char *from;
	const char *callback_url; /* http://host:port of producers/api, the target of delivery reports */
	uint8_t callback_key[32];
};

/* Borrows `conf`. */
void gateway_kannel_init(struct gateway *gateway, struct kannel_conf *conf, const struct throttle_conf *throttle, int64_t now_ms);

/*
 * The URL that Kannel calls with a delivery report, with Kannel's escapes in it:
 * /callbacks/kannel?c=<communication>&k=<customer>&s=<signature of both>...
 */
void kannel_callback_url(const struct kannel_conf *conf, const struct uuid *communication_id, const struct uuid *customer_id,
			 struct buf *ret_url);

/* ---- SMTP ---- */

struct smtp_conf {
	const char *url;             /* smtp://host:port/our.name */
	const char *user, *password; /* "" or NULL: no login */
	bool require_tls;
	const char *from_name, *from_address;
	const char *bounce_domain; /* of the envelope's sender, bounce+<id>.<signature>@..., and of message ids */
	uint8_t callback_key[32];
};

void gateway_smtp_init(struct gateway *gateway, struct smtp_conf *conf, const struct throttle_conf *throttle, int64_t now_ms);

#endif
