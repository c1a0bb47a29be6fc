/*
 * The page behind the List-Unsubscribe of an e-mail (RFC 8058): without a login, because the link is signed for the message and
 * its recipient. A GET changes nothing, since mail filters and previews follow every link; the POST, by the page's button or by
 * the mail program itself, withdraws the consent to e-mail.
 */

#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "crypto/crypto.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/offer/callbacks.h"
#include "schemas/communications.h"

#define HTML      "text/html; charset=utf-8"
#define POLICY    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
#define MINUTE_MS 60000

/* Nothing of the request stands in it: the form goes to the page's own address. */
#define PAGE(content)                                                                                                            \
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "                        \
	"content=\"width=device-width\">\n<meta name=\"robots\" "                                                                \
	"content=\"noindex\">\n<title>Unsubscribe</title>\n</head>\n<body>\n"                                                    \
	"<main>\n<h1>Unsubscribe</h1>\n" content "</main>\n</body>\n</html>\n"

static bool read_link(struct api *api, struct call *call, struct callback_link *ret_link)
{
	const struct link_arguments arguments = link_arguments(call);

	switch (callback_link_read(&arguments, "unsubscribe", api->callback_key, ret_link)) {
	case LINK_GOOD:
		return true;
	case LINK_MALFORMED:
		call_refuse(call, 400, "bad_value", "this is not the whole link of the message");
		return false;
	case LINK_FORGED:
		call_refuse(call, 403, "bad_signature", "this is not the link of the message");
		return false;
	}
	MUST_NOT_REACH("a verdict of callback_link.h");
}

void show_unsubscribe(struct api *api, struct call *call)
{
	struct callback_link link;

	if (!read_link(api, call, &link))
		return;
	call_set_header(call, "Content-Security-Policy", STR(POLICY));
	call_answer(call, 200, HTML,
		    STR(PAGE("<form method=\"post\">\n<p>You will get no more e-mail from us.</p>\n"
			     "<button type=\"submit\">Unsubscribe</button>\n</form>\n")));
}

static void is_unsubscribed(struct call *call)
{
	call_set_header(call, "Content-Security-Policy", STR(POLICY));
	call_answer(call, 200, HTML, STR(PAGE("<p>You get no more e-mail from us.</p>\n")));
}

/*
 * Repetitions of the same minute are the same command. A later one is a withdrawal of its own, because a consent may have been
 * given meanwhile; otherwise it changes nothing.
 */
void take_unsubscribe(struct api *api, struct call *call)
{
	int64_t minute = bus_now_ms() / MINUTE_MS;
	struct callback_link link;
	struct taking *taking;

	if (!read_link(api, call, &link))
		return;
	taking = taking_begin(&api->callbacks->takings, call, is_unsubscribed);
	if (taking == NULL)
		return;
	taking_publish(taking, api->outbound,
		       &(struct outbound_command){ .topic = "dcs.communications.commands.v1",
						   .type = &withdraw_consent_type,
						   .body = &(struct withdraw_consent){ .customer_id = link.customer_id,
										       .has_channel = true,
										       .channel = STR("email"),
										       .via = STR("link"),
										       .withdrawn_at = minute * MINUTE_MS },
						   .id = uuid_derive(&link.communication_id, "unsubscribe", (uint64_t)minute),
						   .key = link.customer_id });
	taking_end(taking);
}
