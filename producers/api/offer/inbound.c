/*
 * Messages from persons. Whose number it is says PostgreSQL; then each customer with it gets a command, or nobody does and an
 * operator finds out who it was. Answered when Kafka has all of them: before that the provider brings the message again.
 */

#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "crypto/crypto.h"
#include "producers/api/api.h"
#include "producers/api/http/call.h"
#include "producers/api/offer/callbacks.h"
#include "producers/api/offer/inbound_message.h"
#include "producers/api/reads/questions.h"
#include "schemas/communications.h"

#define TOPIC      "dcs.communications.commands.v1"
#define SHARED_MAX 1000 /* customers with one number */

_Static_assert(sizeof(struct uuid) == DIGEST_SIZE, "a hash has the size of an id");

static const struct question_shape writers_shape = {
	.statement = { .name = "api_writers",
		       .sql = "SELECT q.n, w.customer_id, w.contact_point_id, w.is_answered "
			      "FROM unnest($1::uuid[]) WITH ORDINALITY AS q (lookup, n) "
			      "CROSS JOIN LATERAL customers.api_writers(uuid_send(q.lookup), 'sms') w "
			      "ORDER BY q.n, w.customer_id" },
	.kinds = { DB_ARRAY_UUID },
	.args_count = 1,
};

/* Reads the call's message once more: nothing of it is kept while PostgreSQL is asked. */
typedef enum inbound_verdict read_message(struct api *api, struct call *call, struct inbound_message *ret_message);

struct asked_whose {
	struct call *call;
	read_message *read;
	void (*done)(struct call *call);
};

static void publish_known(struct api *api, struct taking *taking, const struct inbound_message *message,
			  const struct uuid *customer_id, const struct uuid *contact_point_id, bool is_answered)
{
	const struct record_inbound body = { .inbound_id = inbound_message_id(message, customer_id),
					     .customer_id = *customer_id,
					     .has_contact_point_id = true,
					     .contact_point_id = *contact_point_id,
					     .channel = STR("sms"),
					     .text = message->text,
					     .provider = message->provider,
					     .has_provider_ref = message->ref.size > 0,
					     .provider_ref = message->ref,
					     .received_at = message->received_ms,
					     .has_answer = true,
					     .answer = is_answered,
					     .has_handled_as = message->handled_as.size > 0,
					     .handled_as = message->handled_as };
	const struct outbound_command command = { .topic = TOPIC,
						  .type = &record_inbound_type,
						  .body = &body,
						  .id = uuid_derive(&body.inbound_id, "inbound", 0),
						  .key = *customer_id };

	taking_publish(taking, api->outbound, &command);
}

static void publish_unknown(struct api *api, struct taking *taking, const struct inbound_message *message)
{
	const struct record_unknown_inbound body = { .inbound_id = inbound_message_id(message, NULL),
						     .channel = STR("sms"),
						     .sender = message->sender,
						     .text = message->text,
						     .provider = message->provider,
						     .has_provider_ref = message->ref.size > 0,
						     .provider_ref = message->ref,
						     .received_at = message->received_ms };
	const struct outbound_command command = { .topic = TOPIC,
						  .type = &record_unknown_inbound_type,
						  .body = &body,
						  .id = uuid_derive(&body.inbound_id, "inbound", 0),
						  .key = body.inbound_id };

	taking_publish(taking, api->outbound, &command);
}

/*
 * Brought again the same customer answers, unless contact points changed meanwhile; then a command with the same id and another
 * content is refused, and there is one answer still.
 */
static void publish_all(struct api *api, struct taking *taking, const struct inbound_message *message,
			const struct answer *writers)
{
	for (int row = writers->first; row < writers->first + writers->count; row++) {
		struct uuid customer_id = db_uuid(writers->result, row, 1), contact_point_id = db_uuid(writers->result, row, 2);

		publish_known(api, taking, message, &customer_id, &contact_point_id, db_bool(writers->result, row, 3));
	}
	if (writers->count == 0)
		publish_unknown(api, taking, message);
}

static void writers_are_known(const void *notes, const struct answer *writers, const struct err *failure)
{
	const struct asked_whose *asked = notes;
	struct api *api = call_api(asked->call);
	struct inbound_message message;
	struct taking *taking;

	if (writers == NULL || writers->count > SHARED_MAX) {
		log_warn("a message from a person was not taken: %s",
			 writers == NULL ? failure->text : "too many share its number");
		call_refuse(asked->call, 503, "unavailable", "it could not be kept; bring it again");
		return;
	}
	arena_reset(&api->callbacks->arena);
	if (asked->read(api, asked->call, &message) != INBOUND_TAKEN) {
		call_refuse(asked->call, 503, "unavailable", "it could not be kept; bring it again");
		return;
	}
	taking = taking_begin(&api->callbacks->takings, asked->call, asked->done);
	if (taking == NULL)
		return;
	publish_all(api, taking, &message, writers);
	taking_end(taking);
}

static void ask_whose(struct api *api, const struct asked_whose *asked, struct str sender)
{
	struct question_value *values = questions_ask(api->questions, &writers_shape, writers_are_known, asked, sizeof(*asked));

	if (values == NULL) {
		call_refuse(asked->call, 503, "unavailable", "the database is away: bring it again");
		return;
	}
	address_lookup(values[0].id.bytes, sender, api->callbacks->address_key);
}

static void take_inbound(struct api *api, struct call *call, read_message *read, void (*done)(struct call *call))
{
	const struct asked_whose asked = { .call = call, .read = read, .done = done };
	struct inbound_message message;

	arena_reset(&api->callbacks->arena);
	switch (read(api, call, &message)) {
	case INBOUND_TAKEN:
		ask_whose(api, &asked, message.sender);
		return;
	case INBOUND_MALFORMED:
		call_refuse(call, 400, "bad_value", "not a message of a provider of ours");
		return;
	case INBOUND_FORGED:
		log_warn("a message with a signature or secret that is not valid");
		call_refuse(call, 403, "bad_signature", "the signature is not valid");
		return;
	}
}

/* ---- Kannel ---- */

static enum inbound_verdict read_kannel(struct api *api, struct call *call, struct inbound_message *ret_message)
{
	const struct callbacks *callbacks = api->callbacks;
	const struct kannel_inbound_arguments arguments = { .s = argument_or_empty(call, "s"),
							    .g = argument_or_empty(call, "g"),
							    .from = argument_or_empty(call, "from"),
							    .text = argument_or_empty(call, "text"),
							    .coding = argument_or_empty(call, "coding"),
							    .at = argument_or_empty(call, "at"),
							    .id = argument_or_empty(call, "id") };

	return kannel_inbound_read(&arguments, callbacks->has_inbound_secret ? callbacks->inbound_secret : NULL, bus_now_ms(),
				   &api->callbacks->arena, ret_message);
}

/* Kannel would send a body to the person; max-messages of its sms-service forbids it, too. */
static void kannel_is_kept(struct call *call)
{
	call_answer(call, 200, "text/plain; charset=utf-8", STR(""));
}

void take_kannel_inbound(struct api *api, struct call *call)
{
	take_inbound(api, call, read_kannel, kannel_is_kept);
}

/* ---- Twilio ---- */

static enum inbound_verdict read_twilio(struct api *api, struct call *call, struct inbound_message *ret_message)
{
	struct callbacks *callbacks = api->callbacks;

	return twilio_inbound_read(call_body(call), call_header(call, HEADER_X_TWILIO_SIGNATURE), &callbacks->twilio,
				   bus_now_ms(), &callbacks->arena, ret_message);
}

/* Twilio sends plain text to the person; this says that there is no answer. */
static void twilio_is_kept(struct call *call)
{
	call_answer(call, 200, "text/xml; charset=utf-8", STR("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>\n"));
}

void take_twilio_inbound(struct api *api, struct call *call)
{
	take_inbound(api, call, read_twilio, twilio_is_kept);
}
