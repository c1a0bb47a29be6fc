#ifndef NOTIFIER_GATEWAY_H
#define NOTIFIER_GATEWAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"
#include "consumers/notifier/throttle.h"
#include "crypto/crypto.h"
#include "http/http.h"
#include "schemas/words.h"

/*
 * A gateway: a provider that delivers messages of one channel. It is a row of configuration (gateways.h reads the file) and a
 * kind, which knows how such a provider is talked to. A kind builds requests and classifies answers. It keeps nothing of a
 * message, decides nothing about retries, and reads no clock.
 */

#define GATEWAYS_MAX         16
#define GATEWAY_NAME_MAX     32 /* RecordDispatch.provider */
#define GATEWAY_ORDER_MAX    1000
#define GATEWAY_PASSWORD_MAX 256
#define GATEWAY_KINDS        "smtp, kannel, twilio, webhook or spool, and in a rehearsal sink"

/* A row. Texts borrow; "": not given. */
struct gateway_conf {
	const char *name;    /* the provider's name in events, unique */
	const char *channel; /* "sms" */
	const char *kind;    /* gateway_kind_by_name */
	const char *url;
	const char *user, *password_file;
	const char *from, *from_name;
	const char *callback_url;    /* http://host:port of producers/api, the target of delivery reports */
	const char *unsubscribe_url; /* the page that List-Unsubscribe names; it gets ?c=&k=&s= */
	const char *ca_file;         /* certificates to trust */
	const char *paper;           /* spool: a4 or us */
	bool tls;                    /* smtp: STARTTLS with a valid certificate, or nothing */
	bool html;                   /* e-mail: the text a second time, as HTML, of a message that has no HTML of its own */
	bool plain;                  /* permits a password or texts without TLS, beyond this machine */
	int64_t order;               /* of fallback: lower first; gateways of the same order share the messages */
	int64_t rate, burst, concurrency;
	int64_t failures, pause_ms, pause_max_ms; /* of the circuit breaker */
	int64_t connect_timeout_ms, timeout_ms;

	/* not in the file */
	char password[GATEWAY_PASSWORD_MAX + 1]; /* "": none */
	uint8_t callback_key[32];
};

/* One decrypted message, for the duration of `start` only. Texts borrow. */
struct parcel {
	struct uuid communication_id;
	struct uuid customer_id;
	int32_t attempt;
	int64_t now_ms, send_by_ms;
	struct str address;
	struct str subject; /* of an e-mail; the heading of a letter */
	struct str text;
	struct str html; /* e-mail only; empty: the message has none */

	/* letters only */
	struct str name; /* of the person */
	struct str language, message_class;
	struct uuid creditor_id; /* of its debts; nil: it names none */
	int32_t dated_on;        /* the business date */
};

#define PROVIDER_REF_MAX  128
#define PROVIDER_CODE_MAX 64

struct verdict {
	enum dispatch_outcome outcome;
	bool is_well;                              /* the gateway works (for the breaker) */
	bool has_opted_out;                        /* the person told the provider to receive nothing more from us */
	char provider_ref[PROVIDER_REF_MAX + 1];   /* the provider's id of an accepted message; "": it gives none */
	char provider_code[PROVIDER_CODE_MAX + 1]; /* "": none. Never the provider's text, which may quote personal data */
};

/*
 * What a gateway can say about a message of which nobody knows whether it was accepted (DISPATCH_OUTCOME_UNKNOWN).
 */
enum doubt {
	DOUBT_STAYS,   /* nothing: unknown is the last word */
	DOUBT_REPEATS, /* the same request again, with the same id, has no second effect: `start` is called again */
	DOUBT_ASKS,    /* it can be looked up: `ask` */
};

/* What is left of a parcel to recognise it by. */
struct asked {
	struct uuid communication_id;
	int64_t started_at_ms; /* when the attempt began */
	uint8_t text_digest[DIGEST_SIZE];
};

struct gateway_kind {
	const char *name;
	const char *channel; /* the only one that it delivers on; NULL: any */
	enum doubt doubt;

	/* Refuses a row that cannot work, with a sentence for the operator (ERR_FATAL). */
	int (*check)(const struct gateway_conf *conf, struct err *err);

	/* Hands the message over; http copies it. ERR_POISON: the gateway can never send it. ERR_RETRY: not now. After -1 nothing
	 * has left the process, and `done` is not called. */
	int (*start)(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, http_done *done,
		     void *done_arg, struct err *err);

	/* Pure. */
	void (*judge)(const struct gateway_conf *conf, const struct uuid *communication_id, const struct http_answer *answer,
		      struct verdict *ret_verdict);

	/*
	 * DOUBT_ASKS. `ask` is like `start`, but the request sends nothing to a person. judge_asked (pure) answers accepted, failed
	 * or unknown; not finding a message proves nothing, because it may still be on its way through the provider.
	 */
	int (*ask)(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, const struct asked *asked,
		   http_done *done, void *done_arg, struct err *err);
	void (*judge_asked)(const struct asked *asked, const struct http_answer *answer, struct verdict *ret_verdict);
};

/* NULL: there is none of that name. */
const struct gateway_kind *gateway_kind_by_name(const char *name);

extern const struct gateway_kind gateway_smtp, gateway_kannel, gateway_twilio, gateway_webhook, gateway_spool, gateway_sink;

struct gateway {
	const struct gateway_kind *kind;
	const struct gateway_conf *conf;
	struct throttle throttle;
};

/* Borrows `conf`, which was checked. */
void gateway_init(struct gateway *gateway, const struct gateway_conf *conf, int64_t now_ms);

struct http_limits gateway_limits(const struct gateway_conf *conf);

/* For `check`: the row's URL has one of two schemes and a host; no control character, no login in it. */
MUST_CHECK int gateway_check_url(const struct gateway_conf *conf, const char *scheme, const char *tls_scheme, struct err *err);

/* For `check`: refuses to send secrets or texts without TLS to another machine, unless `plain` permits it. */
MUST_CHECK int gateway_check_tls(const struct gateway_conf *conf, bool has_tls, struct err *err);

/* For `judge`: sets *ret_verdict of an exchange without an answer. False: there is one, and *ret_verdict is not final. */
bool gateway_judge_silence(const struct http_answer *answer, struct verdict *ret_verdict);

/*
 * Appends a URL of ours for one message. Whoever calls it has it from the message or its provider: nobody else can make the
 * signature. For delivery reports it names the gateway, so that a report names its provider; the signature is over all of them:
 * /callbacks/<kind>?c=<communication>&k=<customer>&g=<gateway>&s=<signature>. The page to unsubscribe at is no gateway's.
 */
void gateway_callback_url(const struct gateway_conf *conf, const struct uuid *communication_id, const struct uuid *customer_id,
			  struct buf *ret_url);
void gateway_unsubscribe_url(const struct gateway_conf *conf, const struct uuid *communication_id, const struct uuid *customer_id,
			     struct buf *ret_url);

/* The callback URL that Kannel gets, with Kannel's escapes in it. */
void kannel_callback_url(const struct gateway_conf *conf, const struct uuid *communication_id, const struct uuid *customer_id,
			 struct buf *ret_url);

#endif
