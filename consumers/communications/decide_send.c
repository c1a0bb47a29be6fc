#include <stdio.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/compose.h"
#include "consumers/communications/gather.h"
#include "consumers/communications/render.h"

#define SEND_WITHIN_MAX_MS (366 * DAY_MS)

/* ---- the command itself ---- */

static bool parameters_are_good(const struct send_communication *body, struct decision *decision)
{
	char text[REQUEST_PARAMETERS_MAX];

	for (size_t index = 0; index < body->parameters_count; index++) {
		const struct template_parameter *parameter = &body->parameters[index];

		if (!token_name_is_valid(parameter->name) || token_is_ours(parameter->name)) {
			decision_refuse(decision, REFUSAL_BAD_VALUE, "parameters",
					"a name is not a token's, or is one of our own");
			return false;
		}
	}
	if (request_put_parameters(text, body) > sizeof(text)) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "parameters", "together longer than %zu bytes", sizeof(text));
		return false;
	}
	return true;
}

/* A debt that is named twice is refused: the sender must have meant another debt. */
static bool debts_are_named_once(const struct send_communication *body, struct decision *decision)
{
	for (size_t index = 0; index < body->debt_ids_count; index++) {
		for (size_t earlier = 0; earlier < index; earlier++) {
			if (!uuid_equal(&body->debt_ids[earlier], &body->debt_ids[index]))
				continue;
			decision_refuse(decision, REFUSAL_BAD_VALUE, "debt_ids", "a debt is named twice");
			return false;
		}
	}
	return true;
}

bool sending_times_are_good(bool has_not_before, int64_t not_before_ms, int64_t send_by_ms, int64_t now_ms,
			    struct decision *decision)
{
	if (send_by_ms <= now_ms || send_by_ms > now_ms + SEND_WITHIN_MAX_MS) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "send_by", "the time has passed, or is more than a year away");
		return false;
	}
	if (has_not_before && (not_before_ms < 0 || not_before_ms >= send_by_ms)) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "not_before",
				"before 1970, or when the message may not be sent any more");
		return false;
	}
	return true;
}

static bool send_is_good(const struct sending *sending, struct decision *decision)
{
	const struct send_communication *body = sending->body;

	if (uuid_is_none(&body->communication_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "communication_id", "the id is all zeros");
		return false;
	}
	if (sending->channel == CHANNEL_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "channel", "not one of " MESSAGE_CHANNEL_LISTED);
		return false;
	}
	if (!template_name_is_valid(body->template_name)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "template_name", "not a name of small letters, digits, and _ . -");
		return false;
	}
	if (!language_tag_is_valid(body->language)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "language", "not a language tag (BCP 47) such as de or en-GB");
		return false;
	}
	if (message_class_by_name(body->message_class) == MESSAGE_CLASS_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "message_class", "not a known message class");
		return false;
	}
	if (!debts_are_named_once(body, decision) || !parameters_are_good(body, decision))
		return false;
	if (body->mergeable && body->debt_ids_count == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "mergeable", "only messages about debts are merged");
		return false;
	}
	return sending_times_are_good(body->has_not_before, body->not_before, body->send_by, sending->command->now_ms, decision);
}

/* ---- the entities that it names ---- */

static bool is_known(const struct sending *sending, const struct workset *set, struct decision *decision)
{
	const struct send_communication *body = sending->body;
	char id[UUID_TEXT_SIZE + 1];

	if (sending->person == NULL) {
		uuid_format(id, &body->customer_id);
		decision_wait(decision, "customer_id", "the customer %s is not known yet", id);
		return false;
	}
	for (size_t index = 0; index < body->debt_ids_count; index++) {
		if (workset_state(set, &owed_debt_entity, &body->debt_ids[index]) == NULL) {
			uuid_format(id, &body->debt_ids[index]);
			decision_wait(decision, "debt_ids", "the debt %s is not known yet", id);
			return false;
		}
	}
	if (sending->template == NULL) {
		decision_wait(decision, "template_name", "the template %.*s is not published yet in this channel and language",
			      (int)body->template_name.size, body->template_name.data);
		return false;
	}
	return true;
}

static bool debts_are_good(const struct sending *sending, const struct workset *set, struct decision *decision)
{
	const struct send_communication *body = sending->body;
	const struct owed_debt *first = NULL;

	for (size_t index = 0; index < body->debt_ids_count; index++) {
		const struct owed_debt *debt = workset_state(set, &owed_debt_entity, &body->debt_ids[index]);

		if (!uuid_equal(&debt->customer_id, &body->customer_id)) {
			decision_refuse(decision, REFUSAL_NOT_FOUND, "debt_ids", "the customer has no such debt");
			return false;
		}
		first = first == NULL ? debt : first;
		if (strcmp(debt->currency, first->currency) != 0) {
			decision_refuse(decision, REFUSAL_BAD_CURRENCY, "debt_ids", "the debts are not in one currency");
			return false;
		}
		if (!uuid_equal(&debt->creditor_id, &first->creditor_id)) {
			decision_refuse(decision, REFUSAL_BAD_VALUE, "debt_ids", "the debts are of two creditors");
			return false;
		}
	}
	return true;
}

static bool can_be_sent(const struct sending *sending, const struct workset *set, struct decision *decision)
{
	const struct queue *queue = workset_state(set, &queue_entity, &sending->body->customer_id);

	MUST(sending->template != NULL);
	if (!str_is(sending->body->message_class, sending->template->message_class)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "message_class", "the template's class is %s",
				sending->template->message_class);
		return false;
	}
	if (!debts_are_good(sending, set, decision))
		return false;
	if (!sending->person->is_active) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "customer_id", "the customer is merged, deceased or erased");
		return false;
	}
	if (sending->waiting == NULL && queue != NULL && queue->count >= QUEUE_MAX) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "customer_id", "%d messages to the customer are under way",
				QUEUE_MAX);
		return false;
	}
	return true;
}

static bool has_address(struct sending *sending, const struct workset *set, struct decision *decision)
{
	sending->address = sending->answering != NULL ? sending->answering->address
						      : best_address(set, &sending->body->customer_id, sending->channel);
	if (sending->address == NULL)
		decision_refuse(decision, REFUSAL_NO_USABLE_CONTACT_POINT, "channel",
				"the customer has no usable address of this channel");
	return sending->address != NULL;
}

/* ---- the guard ---- */

static struct str template_body(const struct sending *sending)
{
	return (struct str){ .data = sending->template->body, .size = sending->template->body_size };
}

static struct addressed addressed(const struct sending *sending)
{
	const struct send_communication *body = sending->body;

	return (struct addressed){ .customer_id = body->customer_id,
				   .channel = sending->channel,
				   .message_class = message_class_by_name(body->message_class),
				   .language = sending->language,
				   .has_disclosure = template_has_token(template_body(sending), "disclosure"), /* the HTML, too */
				   .has_no_opt_out = !template_has_token(template_body(sending), "opt_out"),
				   .debt_ids = body->debt_ids,
				   .debt_ids_count = body->debt_ids_count,
				   .now_ms = sending->command->now_ms,
				   .today = sending->command->today,
				   .address = sending->address,
				   .recipient = sending->answering == NULL ? NULL : &sending->answering->recipient,
				   .history = sending->answering == NULL ? NULL : &sending->answering->history };
}

/* Formatted beside the arena, which takes no more than the text. */
static struct str question_text(const struct guard_facts *facts, const struct asked_profiles *asked, struct arena *arena)
{
	char text[FACTS_TEXT_MAX];
	size_t size = guard_question_text(text, facts, asked->profiles, asked->count);

	return str_copy(arena, (struct str){ .data = text, .size = size });
}

/* The profiles that a rule bound in, `us_third_party/1 house/1`; empty: the arena is full. */
#define BINDING_MAX ((size_t)GUARD_PROFILES_MAX * (GUARD_PROFILE_ID_MAX + sizeof("/99999")))
_Static_assert(GUARD_PROFILE_VERSION_MAX == 99999, "it fits");
static struct str binding_text(const struct asked_profiles *asked, uint16_t bits, struct arena *arena)
{
	char text[BINDING_MAX];
	size_t size = 0;

	for (size_t index = 0; index < asked->count; index++) {
		const struct guard_profile *profile = asked->profiles[index];

		if ((bits >> index & 1) == 0)
			continue;
		size += (size_t)snprintf(text + size, sizeof(text) - size, "%s%s/%d", size > 0 ? " " : "", profile->id,
					 (int)profile->version);
		MUST(size < sizeof(text));
	}
	return str_copy(arena, (struct str){ .data = text, .size = size });
}

/* Many rules bind in the same profiles, and share one text. */
static bool put_binding_texts(const struct asked_profiles *asked, const struct guard_verdict *verdict, struct str *profiles,
			      struct arena *arena)
{
	for (size_t index = 0; index < verdict->rules_count; index++) {
		size_t like = 0;

		while (verdict->profiles[like] != verdict->profiles[index])
			like++;
		profiles[index] = like < index ? profiles[like] : binding_text(asked, verdict->profiles[index], arena);
		if (profiles[index].data == NULL)
			return false;
	}
	return true;
}

static void add_decided(const struct sending *sending, const struct guard_facts *facts, const struct asked_profiles *asked,
			const struct guard_verdict *verdict, struct decision *decision)
{
	struct compliance_decided *event = decision_event(decision, &compliance_decided_type);
	struct facts *confidential = arena_take(decision->arena, 1, sizeof(*confidential));
	struct str *rules = arena_take(decision->arena, verdict->rules_count, sizeof(*rules));
	struct str *profiles = arena_take(decision->arena, verdict->rules_count, sizeof(*profiles));
	uint8_t *hash = arena_take(decision->arena, 1, CONTENT_HASH_SIZE);
	struct str text = question_text(facts, asked, decision->arena);

	if (confidential == NULL || rules == NULL || profiles == NULL || hash == NULL || text.data == NULL ||
	    !put_binding_texts(asked, verdict, profiles, decision->arena)) {
		decision->overflow = true;
		return;
	}
	confidential->text = text;
	content_hash(hash, STR(""), confidential->text);
	for (size_t index = 0; index < verdict->rules_count; index++)
		rules[index] = str_of(verdict->rules[index]);
	event->communication_id = sending->body->communication_id;
	event->customer_id = sending->body->customer_id;
	event->action = STR("send");
	event->channel = sending->body->channel;
	event->message_class = sending->body->message_class;
	event->verdict = str_of(compliance_verdict_name(verdict->verdict));
	event->has_until = verdict->until_ms != 0;
	event->until = verdict->until_ms;
	event->rules = rules;
	event->rules_count = verdict->rules_count;
	event->profiles = profiles;
	event->profiles_count = verdict->rules_count;
	event->facts_hash = (struct str){ .data = (const char *)hash, .size = CONTENT_HASH_SIZE };
	decision_confide(decision, confidential);
}

guard_function *communications_guard = guard_decide;

struct guard_verdict sending_judge(const struct sending *sending, const struct workset *set, struct guard_facts *ret_facts)
{
	const struct asked_profiles asked = asked_profiles(set);
	const struct addressed message = addressed(sending);

	*ret_facts = (struct guard_facts){ 0 };
	gather_facts(&message, set, ret_facts);
	return communications_guard(ret_facts, asked.profiles, asked.count);
}

struct guard_verdict sending_ask(struct sending *sending, const struct workset *set, struct decision *decision)
{
	const struct asked_profiles asked = asked_profiles(set);
	struct guard_facts facts;
	struct guard_verdict verdict = sending_judge(sending, set, &facts);

	if (verdict.verdict == VERDICT_ALLOW && sending->body->mergeable)
		sending_merge(sending, set, &facts, &verdict, decision);
	add_decided(sending, &facts, &asked, &verdict, decision);
	return verdict;
}

/* ---- the steps ---- */

void sending_find(struct sending *sending, const struct workset *set)
{
	struct template_key key;
	struct uuid id;

	sending->person = workset_state(set, &person_entity, &sending->body->customer_id);
	sending->language = sending->body->language;
	do {
		if (!template_key(&key, sending->body->template_name, sending->channel, sending->language))
			return;
		id = template_key_id(&key);
		sending->template = workset_state(set, &template_text_entity, &id);
	} while (sending->template == NULL && language_widen(&sending->language));
}

bool sending_check(struct sending *sending, const struct workset *set, struct decision *decision)
{
	return is_known(sending, set, decision) && can_be_sent(sending, set, decision) &&
	       sending_compose(sending, set, decision) && has_address(sending, set, decision);
}

void sending_take_steps(struct sending *sending, const struct workset *set, struct decision *decision)
{
	struct decision trial;
	struct guard_verdict verdict;

	decision_init(&trial, decision->arena, sending->command);
	if (!sending_check(sending, set, &trial)) {
		decision->overflow |= trial.overflow;
		/* No entity that it names goes away, so it does not wait for one. */
		sending_suppress(sending, str_of(refusal_code(trial.kind == DECISION_WAIT ? REFUSAL_NOT_FOUND : trial.refusal)),
				 decision);
		return;
	}
	verdict = sending_ask(sending, set, decision);
	sending_settle(sending, set, &verdict, decision);
}

void decide_send_communication(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct send_communication *body = command->body;
	struct sending sending = { .command = command, .body = body, .channel = message_channel_by_name(body->channel) };
	struct guard_verdict verdict;

	if (!send_is_good(&sending, decision))
		return;
	if (workset_state(set, &communication_entity, &body->communication_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "communication_id", "a communication has this id");
		return;
	}
	sending_find(&sending, set);
	if (!sending_check(&sending, set, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	if (body->has_not_before && body->not_before > command->now_ms) { /* what the guard says now does not matter then */
		sending_wait(&sending, body->not_before, decision);
		return;
	}
	verdict = sending_ask(&sending, set, decision);
	sending_settle(&sending, set, &verdict, decision);
}
