#include "base/day.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/inbound_words.h"
#include "schemas/communications.h"

/* What both kinds of message have. */
static bool inbound_is_good(const struct uuid *inbound_id, struct str channel, int64_t received_at, const struct workset *set,
			    struct decision *decision)
{
	if (uuid_is_none(inbound_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "inbound_id", "the id is all zeros");
	} else if (channel_by_name(channel) == CHANNEL_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "channel", "not one of " CHANNEL_LISTED);
	} else if (received_at < 0 || received_at > DAY_MAX * DAY_MS) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "received_at", "before 1970, or after the year 9999");
	} else if (workset_state(set, &inbound_entity, inbound_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "inbound_id", "a message has this id");
	} else {
		return true;
	}
	return false;
}

/* The text is kept under the person's key; of an erased person nothing is. */
static struct str hash_of_text(struct str text, const struct person *person, struct decision *decision)
{
	uint8_t *hash;

	if (person == NULL || person->full_name_size == 0)
		return STR("");
	hash = arena_take(decision->arena, 1, CONTENT_HASH_SIZE);
	if (hash == NULL) {
		decision->overflow = true;
		return STR("");
	}
	rendered_hash(hash, STR(""), text, STR(""), person);
	return (struct str){ .data = (const char *)hash, .size = CONTENT_HASH_SIZE };
}

/*
 * A word of refusal is a withdrawal, in the same decision: no message can be claimed between the two. The customer is not looked
 * up: what an erased or unknown one wrote counts, too.
 */
void decide_record_inbound(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_inbound *body = command->body;
	const char *keyword;
	enum inbound_intent intent;
	struct inbound_received *event;

	if (!inbound_is_good(&body->inbound_id, body->channel, body->received_at, set, decision))
		return;
	if (body->has_handled_as && handled_intent_by_name(body->handled_as) == HANDLED_INTENT_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "handled_as", "not one of " HANDLED_INTENT_LISTED);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	intent = inbound_intent_of_command(body, &keyword);
	event = decision_event(decision, &inbound_received_type);
	event->inbound_id = body->inbound_id;
	event->customer_id = body->customer_id;
	event->version = 1;
	event->has_contact_point_id = body->has_contact_point_id;
	event->contact_point_id = body->contact_point_id;
	event->channel = body->channel;
	event->intent = str_of(inbound_intent_name(intent));
	event->has_keyword = keyword != NULL;
	event->keyword = keyword == NULL ? STR("") : str_of(keyword);
	event->text_hash = hash_of_text(body->text, workset_state(set, &person_entity, &body->customer_id), decision);
	event->provider = body->provider;
	event->has_provider_ref = body->has_provider_ref;
	event->provider_ref = body->provider_ref;
	event->received_at = body->received_at;
	if (intent == INBOUND_INTENT_STOP) {
		MUST(keyword != NULL);
		withdraw_consent(&body->customer_id, channel_by_name(body->channel),
				 &(struct withdrawal_reason){ .via = STR("keyword"),
							      .has_keyword = true,
							      .keyword = str_of(keyword),
							      .withdrawn_at_ms = body->received_at },
				 set, decision);
	}
	answer_inbound(command, set, decision);
}

/* Nobody's consent is withdrawn: an operator finds out who it was. */
void decide_record_unknown_inbound(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_unknown_inbound *body = command->body;
	struct unknown_inbound_received *event;
	const char *keyword;
	enum inbound_intent intent;

	if (!inbound_is_good(&body->inbound_id, body->channel, body->received_at, set, decision))
		return;
	if (body->sender.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "sender", "somebody has sent it");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	intent = channel_by_name(body->channel) == CHANNEL_EMAIL ? inbound_intent_of_mail(body->text, &keyword)
								 : inbound_intent_of(body->text, &keyword);
	event = decision_event(decision, &unknown_inbound_received_type);
	event->inbound_id = body->inbound_id;
	event->version = 1;
	event->channel = body->channel;
	event->intent = str_of(inbound_intent_name(intent));
	event->has_keyword = keyword != NULL;
	event->keyword = keyword == NULL ? STR("") : str_of(keyword);
	event->provider = body->provider;
	event->has_provider_ref = body->has_provider_ref;
	event->provider_ref = body->provider_ref;
	event->received_at = body->received_at;
}
