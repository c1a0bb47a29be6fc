#include "consumers/communications/gather.h"
#include "consumers/communications/inbound_words.h"
#include "consumers/communications/sending.h"
#include "schemas/communications.h"

/*
 * What a person wrote is answered in the same decision, by a message that takes the steps of any other: found, checked, asked about,
 * settled. It is answered once, since its id is derived: a confirmation's from the message that it confirms, the answer to HELP from
 * the day. So two programs that answer each other do it once a day, and not for ever.
 */

/* 47 CFR 64.1200(a)(12): a confirmation within five minutes is presumed to be covered by the consent of before. */
#define CONFIRM_WITHIN_MS (5 * 60000LL)
#define HELP_WITHIN_MS    DAY_MS

enum inbound_intent inbound_intent_of_command(const struct record_inbound *body, const char **ret_keyword)
{
	switch (handled_intent_by_name(body->handled_as)) {
	case HANDLED_INTENT_STOP: /* also a word of the provider's own list, in whatever language */
		*ret_keyword = "STOP";
		return INBOUND_INTENT_STOP;
	case HANDLED_INTENT_HELP:
		*ret_keyword = "HELP";
		return INBOUND_INTENT_HELP;
	case HANDLED_INTENT_NONE:
	case HANDLED_INTENT_START:
	case HANDLED_INTENT_COUNT:
		break;
	}
	return channel_by_name(body->channel) == CHANNEL_EMAIL ? inbound_intent_of_mail(body->text, ret_keyword)
							       : inbound_intent_of(body->text, ret_keyword);
}

static void confirmation(const struct record_inbound *body, struct inbound_answer *answer)
{
	answer->communication_id = confirmation_id(&body->inbound_id);
	answer->template_name = STR("opt_out_confirmation");
	answer->message_class = MESSAGE_CLASS_OPT_OUT_CONFIRMATION;
	answer->within_ms = CONFIRM_WITHIN_MS;
}

static void help(const struct command *command, enum channel channel, struct inbound_answer *answer)
{
	const struct record_inbound *body = command->body;

	/* The day of the record: the business date is not known yet when the states are touched. */
	answer->communication_id = help_id(&body->customer_id, day_of_instant(command->received_ms), channel);
	answer->template_name = STR("help");
	answer->message_class = MESSAGE_CLASS_ACCOUNT_SERVICE;
	answer->within_ms = HELP_WITHIN_MS;
}

/* NONE: what came this way is not answered. */
static enum channel answer_channel(const struct record_inbound *body)
{
	enum channel channel = channel_by_name(body->channel);

	return channel == CHANNEL_EMAIL || channel == CHANNEL_SMS ? channel : CHANNEL_NONE;
}

bool inbound_answer(const struct command *command, struct inbound_answer *ret_answer)
{
	const struct record_inbound *body = command->body;
	enum channel channel = answer_channel(body);
	const char *keyword;

	if (!body->has_answer || !body->answer || body->has_handled_as || channel == CHANNEL_NONE)
		return false;
	switch (inbound_intent_of_command(body, &keyword)) {
	case INBOUND_INTENT_STOP:
		confirmation(body, ret_answer);
		return true;
	case INBOUND_INTENT_HELP:
		help(command, channel, ret_answer);
		return true;
	case INBOUND_INTENT_NONE:
	case INBOUND_INTENT_OTHER:
	case INBOUND_INTENT_COUNT:
		break;
	}
	return false;
}

/* A second STOP takes nothing back that the first has not: it is not confirmed again (US-10: one confirmation). */
static bool withdraws_something(const struct recipient *recipient, enum channel channel)
{
	bool permits = false;

	if (recipient == NULL || recipient->withdrawn_at_ms[channel] == 0)
		return true;
	for (unsigned purpose = PURPOSE_NONE + 1; purpose < PURPOSE_COUNT; purpose++)
		permits = permits || recipient_permits(recipient, channel, (enum purpose)purpose);
	return permits;
}

/* The address that it came from, if it is this customer's and usable; without one the best of the channel. */
static const struct address *address_of_writer(const struct record_inbound *body, enum channel channel, const struct workset *set)
{
	const struct writer *writer;

	if (!body->has_contact_point_id)
		return best_address(set, &body->customer_id, channel);
	writer = workset_state(set, &writer_entity, &body->contact_point_id);
	if (writer == NULL || writer->channel != channel || !uuid_equal(&writer->customer_id, &body->customer_id))
		return NULL;
	return &writer->address;
}

/* NULL: the arena is full. */
static const struct answering *answering_of(const struct command *command, enum channel channel, bool is_withdrawal,
					    const struct workset *set, struct decision *decision)
{
	const struct record_inbound *body = command->body;
	const struct recipient *recipient = workset_state(set, &recipient_entity, &body->customer_id);
	const struct history *history = workset_state(set, &history_entity, &body->customer_id);
	struct answering *answering = arena_take(decision->arena, 1, sizeof(*answering));
	struct contacted written;

	if (answering == NULL) {
		decision->overflow = true;
		return NULL;
	}
	answering->address = address_of_writer(body, channel, set);
	if (recipient != NULL)
		answering->recipient = *recipient;
	if (history != NULL)
		answering->history = *history;
	if (is_withdrawal)
		recipient_withdraw(&answering->recipient, channel, withdrawal_at(body->received_at, command->received_ms),
				   command->received_ms);
	written = contacted_inbound(decision->events[0].body, command->now_ms);
	history_add_written(&answering->history, &written);
	return answering;
}

static const struct send_communication *request_of(const struct command *command, const struct inbound_answer *answer,
						   const struct person *person, struct decision *decision)
{
	const struct record_inbound *body = command->body;
	struct send_communication *request = arena_take(decision->arena, 1, sizeof(*request));

	if (request == NULL) {
		decision->overflow = true;
		return NULL;
	}
	request->communication_id = answer->communication_id;
	request->customer_id = body->customer_id;
	request->channel = body->channel;
	request->template_name = answer->template_name;
	request->language = str_of(person->language);
	request->message_class = str_of(message_class_name(answer->message_class));
	request->send_by = command->now_ms + answer->within_ms;
	return request;
}

void answer_inbound(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct record_inbound *body = command->body;
	const struct person *person = workset_state(set, &person_entity, &body->customer_id);
	const struct recipient *recipient = workset_state(set, &recipient_entity, &body->customer_id);
	struct inbound_answer answer;
	struct sending sending = { .command = command, .channel = answer_channel(body) };
	bool is_confirmation;

	if (person == NULL || !person->is_active || !inbound_answer(command, &answer))
		return;
	is_confirmation = answer.message_class == MESSAGE_CLASS_OPT_OUT_CONFIRMATION;
	if ((is_confirmation && !withdraws_something(recipient, sending.channel)) ||
	    workset_state(set, &communication_entity, &answer.communication_id) != NULL)
		return;
	sending.body = request_of(command, &answer, person, decision);
	sending.answering = answering_of(command, sending.channel, is_confirmation, set, decision);
	if (sending.body == NULL || sending.answering == NULL)
		return;
	sending_find(&sending, set);
	if (sending.template != NULL) /* without one nothing is sent */
		sending_take_steps(&sending, set, decision);
}
