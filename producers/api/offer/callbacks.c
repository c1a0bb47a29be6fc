/* Callbacks of providers: delivery reports. Each is in Kafka before it is answered. */

#include "producers/api/offer/callbacks.h"

#include <stdlib.h>

#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "crypto/crypto.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/offer/inbound_message.h"
#include "producers/api/offer/kannel_report.h"
#include "producers/api/offer/offer.h"
#include "producers/api/writes/outbound.h"

#define CALLBACK_MAX 4096
#define FORM_MAX     16384
#define ARENA_SIZE   ((size_t)64 << 10)
#define TOPIC        "dcs.communications.commands.v1"

struct str argument_or_empty(const struct call *call, const char *name)
{
	struct str value;

	return call_argument(call, name, &value) ? value : STR("");
}

struct link_arguments link_arguments(const struct call *call)
{
	return (struct link_arguments){ .c = argument_or_empty(call, "c"),
					.k = argument_or_empty(call, "k"),
					.g = argument_or_empty(call, "g"),
					.s = argument_or_empty(call, "s") };
}

static void report_is_kept(struct call *call)
{
	call_answer(call, 200, "text/plain; charset=utf-8", STR("OK\n"));
}

static void refuse_malformed(struct call *call)
{
	call_refuse(call, 400, "bad_value", "not a delivery report of ours");
}

static void refuse_forged(struct call *call)
{
	log_warn("a callback with a signature that is not valid");
	call_refuse(call, 403, "bad_signature", "the signature is not valid");
}

static void publish_report(struct api *api, struct taking *taking, const struct record_delivery *delivery, struct uuid id)
{
	const struct outbound_command command = {
		.topic = TOPIC, .type = &record_delivery_type, .body = delivery, .id = id, .key = delivery->customer_id
	};

	taking_publish(taking, api->outbound, &command);
}

/* ---- Kannel ---- */

static void take_kannel_report(struct api *api, struct call *call)
{
	const struct kannel_arguments arguments = { .link = link_arguments(call),
						    .status = argument_or_empty(call, "status"),
						    .ref = argument_or_empty(call, "ref"),
						    .at = argument_or_empty(call, "at"),
						    .info = argument_or_empty(call, "info") };
	struct kannel_report report;
	struct taking *taking;

	switch (kannel_report_read(&arguments, api->callback_key, bus_now_ms(), &report)) {
	case KANNEL_REPORT_TAKEN:
		taking = taking_begin(&api->callbacks->takings, call, report_is_kept);
		if (taking == NULL)
			return;
		publish_report(api, taking, &report.delivery, kannel_report_command_id(&report));
		taking_end(taking);
		return;
	case KANNEL_REPORT_MALFORMED:
		refuse_malformed(call);
		return;
	case KANNEL_REPORT_FORGED:
		refuse_forged(call);
		return;
	case KANNEL_REPORT_NO_NEWS:
		log_info("a delivery report of kind %lld says nothing new", (long long)report.kind);
		report_is_kept(call);
		return;
	}
}

/* ---- Twilio ---- */

/* The provider will not deliver to this person any more: whether our own records say so or not. */
static void publish_opt_out(struct api *api, struct taking *taking, const struct twilio_report *report)
{
	const struct record_delivery *delivery = &report->delivery;
	const struct withdraw_consent body = { .customer_id = delivery->customer_id,
					       .has_channel = true,
					       .channel = STR("sms"),
					       .via = STR("provider"),
					       .withdrawn_at = delivery->occurred_at };
	struct uuid report_id = twilio_report_command_id(report);
	const struct outbound_command command = { .topic = TOPIC,
						  .type = &withdraw_consent_type,
						  .body = &body,
						  .id = uuid_derive(&report_id, "opted_out", 0),
						  .key = delivery->customer_id };

	taking_publish(taking, api->outbound, &command);
}

static void take_twilio_report(struct api *api, struct call *call)
{
	struct callbacks *callbacks = api->callbacks;
	const struct twilio_arguments arguments = { .link = link_arguments(call),
						    .signature = call_header(call, HEADER_X_TWILIO_SIGNATURE),
						    .body = call_body(call) };
	struct twilio_report report;
	struct taking *taking;

	arena_reset(&callbacks->arena);
	switch (twilio_report_read(&arguments, &callbacks->twilio, api->callback_key, bus_now_ms(), &callbacks->arena, &report)) {
	case TWILIO_REPORT_TAKEN:
		taking = taking_begin(&callbacks->takings, call, report_is_kept);
		if (taking == NULL)
			return;
		if (report.has_opted_out)
			publish_opt_out(api, taking, &report);
		publish_report(api, taking, &report.delivery, twilio_report_command_id(&report));
		taking_end(taking);
		return;
	case TWILIO_REPORT_MALFORMED:
		refuse_malformed(call);
		return;
	case TWILIO_REPORT_FORGED:
		refuse_forged(call);
		return;
	case TWILIO_REPORT_NO_NEWS:
		report_is_kept(call);
		return;
	}
}

/* ---- life ---- */

int callbacks_new(const struct callbacks_conf *conf, struct callbacks **ret_callbacks, struct err *err)
{
	struct callbacks *callbacks = calloc(1, sizeof(*callbacks));

	if (callbacks == NULL)
		return err_set(err, ERR_FATAL, "out of memory");
	takings_init(&callbacks->takings);
	callbacks->has_inbound_secret = conf->inbound_secret_file[0] != '\0';
	if ((conf->address_key_file[0] != '\0' && key_read(callbacks->address_key, conf->address_key_file, err) != 0) ||
	    (callbacks->has_inbound_secret && key_read(callbacks->inbound_secret, conf->inbound_secret_file, err) != 0) ||
	    twilio_keys_load(&callbacks->twilio, conf->twilio_token_file, conf->public_url, err) != 0 ||
	    arena_init(&callbacks->arena, ARENA_SIZE, err) != 0) {
		callbacks_free(callbacks);
		return -1;
	}
	*ret_callbacks = callbacks;
	return 0;
}

void callbacks_free(struct callbacks *callbacks)
{
	if (callbacks == NULL)
		return;
	wipe(&callbacks->twilio, sizeof(callbacks->twilio));
	wipe(callbacks->address_key, sizeof(callbacks->address_key));
	wipe(callbacks->inbound_secret, sizeof(callbacks->inbound_secret));
	arena_release(&callbacks->arena);
	free(callbacks);
}

/* ---- routes ---- */

const struct route callbacks_routes[] = {
	{ .method = METHOD_GET,
	  .pattern = "/callbacks/kannel",
	  .operation = "takeKannelReport",
	  .summary = "Take a delivery report of Kannel, signed in its URL",
	  .access = ACCESS_PUBLIC,
	  .handle = take_kannel_report },
	{ .method = METHOD_POST,
	  .pattern = "/callbacks/kannel",
	  .operation = "postKannelReport",
	  .summary = "Take a delivery report of Kannel, signed in its URL",
	  .access = ACCESS_PUBLIC,
	  .body = BODY_ANY,
	  .body_size_max = CALLBACK_MAX,
	  .handle = take_kannel_report },
	{ .method = METHOD_POST,
	  .pattern = "/callbacks/twilio",
	  .operation = "takeTwilioReport",
	  .summary = "Take a delivery report of Twilio, signed in its URL and in X-Twilio-Signature",
	  .access = ACCESS_PUBLIC,
	  .body = BODY_ANY,
	  .body_size_max = FORM_MAX,
	  .handle = take_twilio_report },
	{ .method = METHOD_GET,
	  .pattern = "/callbacks/kannel/inbound",
	  .operation = "takeKannelInbound",
	  .summary = "Take an SMS from a person, brought by Kannel with our secret",
	  .access = ACCESS_PUBLIC,
	  .handle = take_kannel_inbound },
	{ .method = METHOD_POST,
	  .pattern = TWILIO_INBOUND_TARGET,
	  .operation = "takeTwilioInbound",
	  .summary = "Take an SMS from a person, brought by Twilio and signed in X-Twilio-Signature",
	  .access = ACCESS_PUBLIC,
	  .body = BODY_ANY,
	  .body_size_max = FORM_MAX,
	  .handle = take_twilio_inbound },
	{ .method = METHOD_GET,
	  .pattern = "/unsubscribe",
	  .operation = "showUnsubscribe",
	  .summary = "Show the page behind the List-Unsubscribe of an e-mail; changes nothing",
	  .access = ACCESS_PUBLIC,
	  .handle = show_unsubscribe },
	{ .method = METHOD_POST,
	  .pattern = "/unsubscribe",
	  .operation = "unsubscribe",
	  .summary = "Withdraw the consent to e-mail by one click, without a login (RFC 8058)",
	  .access = ACCESS_PUBLIC,
	  .body = BODY_ANY,
	  .body_size_max = CALLBACK_MAX,
	  .handle = take_unsubscribe },
	{ 0 },
};
