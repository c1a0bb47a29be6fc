#ifndef API_OFFER_CALLBACKS_H
#define API_OFFER_CALLBACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "producers/api/offer/taking.h"
#include "producers/api/offer/twilio_report.h"

/* What the handlers of callbacks need beside the gateway's own parts. */
struct callbacks {
	struct twilio_keys twilio;
	uint8_t address_key[32];    /* finds whose a number is */
	uint8_t inbound_secret[32]; /* of Kannel's sms-service */
	bool has_inbound_secret;
	struct arena arena; /* of one handler */
	struct takings takings;
};

struct callbacks_conf {
	const char *twilio_token_file;   /* "": Twilio's callbacks are refused */
	const char *public_url;          /* of this program, as providers reach it */
	const char *address_key_file;    /* "": no number is found (tests) */
	const char *inbound_secret_file; /* "": Kannel's messages from persons are refused */
};

/* Start-up: allocates memory. */
MUST_CHECK int callbacks_new(const struct callbacks_conf *conf, struct callbacks **ret_callbacks, struct err *err);
void callbacks_free(struct callbacks *callbacks); /* accepts NULL */

/* The page behind List-Unsubscribe (unsubscribe.c). */
struct api;
void show_unsubscribe(struct api *api, struct call *call);
void take_unsubscribe(struct api *api, struct call *call);

/* Messages from persons (inbound.c). */
void take_kannel_inbound(struct api *api, struct call *call);
void take_twilio_inbound(struct api *api, struct call *call);

struct str argument_or_empty(const struct call *call, const char *name);
struct link_arguments link_arguments(const struct call *call);

#endif
