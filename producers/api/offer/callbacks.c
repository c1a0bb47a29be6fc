/* Callbacks of providers. */

#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/offer/kannel_report.h"
#include "producers/api/offer/offer.h"
#include "producers/api/writes/outbound.h"

#define CALLBACK_MAX 4096

static void report_is_told(void *call_arg, bool is_acked)
{
	if (is_acked)
		call_answer(call_arg, 200, "text/plain; charset=utf-8", STR("OK\n"));
	else
		call_refuse(call_arg, 503, "unavailable", "the report could not be kept; bring it again");
}

static void publish_report(struct api *api, struct call *call, const struct kannel_report *report)
{
	const struct outbound_command command = { .topic = "dcs.communications.commands.v1",
						  .type = &record_delivery_type,
						  .body = &report->delivery,
						  .id = kannel_report_command_id(report),
						  .key = report->delivery.customer_id };
	struct err err = ERR_INIT;

	if (outbound_publish(api->outbound, &command, report_is_told, call, &err) == 0)
		return;
	if (outbound_is_ready(api->outbound)) /* the log has it already that Kafka is unreachable */
		log_warn("a delivery report was not taken: %s", err.text);
	report_is_told(call, false);
}

static struct str argument_or_empty(const struct call *call, const char *name)
{
	struct str value;

	return call_argument(call, name, &value) ? value : STR("");
}

static void take_kannel_report(struct api *api, struct call *call)
{
	const struct kannel_arguments arguments = { .c = argument_or_empty(call, "c"),
						    .k = argument_or_empty(call, "k"),
						    .s = argument_or_empty(call, "s"),
						    .status = argument_or_empty(call, "status"),
						    .ref = argument_or_empty(call, "ref"),
						    .at = argument_or_empty(call, "at"),
						    .info = argument_or_empty(call, "info") };
	struct kannel_report report;

	switch (kannel_report_read(&arguments, api->callback_key, bus_now_ms(), &report)) {
	case KANNEL_REPORT_TAKEN:
		publish_report(api, call, &report);
		return;
	case KANNEL_REPORT_MALFORMED:
		call_refuse(call, 400, "bad_value", "not a delivery report of ours");
		return;
	case KANNEL_REPORT_FORGED:
		log_warn("a delivery report with a signature that is not ours");
		call_refuse(call, 403, "bad_signature", "the signature is not ours");
		return;
	case KANNEL_REPORT_NO_NEWS:
		log_info("a delivery report of kind %lld says nothing new", (long long)report.kind);
		call_answer(call, 200, "text/plain; charset=utf-8", STR("OK\n"));
		return;
	}
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
	{ 0 },
};
