#include "base/array.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

const struct entity template_entity = { .name = "template", .state_size = sizeof(struct template), .is_ordered = true };
const struct entity template_text_entity = { .name = "template_text", .state_size = sizeof(struct template_text) };
const struct entity recipient_entity = { .name = "recipient", .state_size = sizeof(struct recipient) };
const struct entity queue_entity = { .name = "queue", .state_size = sizeof(struct queue) };
const struct entity communication_entity = { .name = "communication",
					     .state_size = sizeof(struct communication),
					     .is_ordered = true };
const struct entity request_entity = { .name = "request",
				       .state_size = sizeof(struct request),
				       .zeroed_size = offsetof(struct request, parameters) };
const struct entity named_debts_entity = { .name = "named_debts", .state_size = sizeof(struct named_debts) };
const struct entity consent_entity = { .name = "consent", .state_size = sizeof(struct consent), .is_ordered = true };
const struct entity inbound_entity = { .name = "inbound", .state_size = sizeof(struct inbound), .is_ordered = true };
const struct entity person_entity = { .name = "person", .state_size = sizeof(struct person) };
const struct entity addresses_entity = { .name = "addresses", .state_size = sizeof(struct addresses) };
const struct entity writer_entity = { .name = "writer", .state_size = sizeof(struct writer) };
const struct entity owed_debt_entity = { .name = "debt", .state_size = sizeof(struct owed_debt) };
const struct entity contact_entity = { .name = "contact", .state_size = sizeof(struct contact), .is_ordered = true };
const struct entity history_entity = { .name = "history",
				       .state_size = sizeof(struct history),
				       .zeroed_size = offsetof(struct history, contacts) };
const struct entity circumstance_entity = { .name = "circumstance",
					    .state_size = sizeof(struct circumstance),
					    .is_ordered = true };
const struct entity circumstances_entity = { .name = "circumstances", .state_size = sizeof(struct circumstances) };
const struct entity preference_entity = { .name = "preference", .state_size = sizeof(struct preference), .is_ordered = true };
const struct entity wishes_entity = { .name = "wishes", .state_size = sizeof(struct wishes) };
const struct entity publication_entity = { .name = "publication", .state_size = sizeof(struct publication), .is_ordered = true };
const struct uuid collection_id; /* nil: there is one */
const struct entity collection_entity = { .name = "collection", .state_size = sizeof(struct collection) };
const struct entity published_profiles_entity = { .name = "published_profiles", .state_size = sizeof(struct published_profiles) };

static const struct slot *touch(struct workset *set, const struct entity *entity, const struct uuid *id)
{
	return workset_touch(set, entity, id, (struct str){ 0 });
}

/* The text is copied once, when the slot is made: touch is called again after each load. */
static void touch_template_text(struct workset *set, struct str name, struct str channel, struct str language)
{
	struct template_key key;
	struct str text;
	struct uuid id;

	if (!template_key(&key, name, channel_by_name(channel), language))
		return;
	id = template_key_id(&key);
	if (workset_find(set, &template_text_entity, &id) != NULL)
		return;
	text = str_copy(set->arena, (struct str){ .data = key.text, .size = key.size });
	if (text.data == NULL)
		set->overflow = true;
	else
		workset_touch(set, &template_text_entity, &id, text);
}

static void touch_publish_template(const struct command *command, struct workset *set)
{
	const struct publish_template *body = command->body;

	touch(set, &template_entity, &body->template_id);
	touch(set, &collection_entity, &collection_id);
	touch_template_text(set, body->name, body->channel, body->language);
}

static void touch_publish_profile(const struct command *command, struct workset *set)
{
	const struct publish_profile *body = command->body;

	touch(set, &publication_entity, &body->publication_id);
	touch(set, &published_profiles_entity, &published_profiles_id);
}

static void touch_grant_consent(const struct command *command, struct workset *set)
{
	const struct grant_consent *body = command->body;

	touch(set, &consent_entity, &body->consent_id);
	touch(set, &recipient_entity, &body->customer_id);
}

/* Touches the queue first; its messages are known once the queue is loaded (and locked, so that none is claimed meanwhile). */
static void touch_withdrawal(const struct uuid *customer_id, struct workset *set)
{
	const struct slot *slot;
	const struct queue *queue;

	touch(set, &recipient_entity, customer_id);
	slot = touch(set, &queue_entity, customer_id);
	if (slot == NULL || !slot->exists)
		return;
	queue = slot->state;
	for (uint32_t index = 0; index < queue->count; index++)
		touch(set, &communication_entity, &queue->messages[index].communication_id);
}

static void touch_person(struct workset *set, const struct uuid *customer_id)
{
	touch(set, &recipient_entity, customer_id);
	touch(set, &queue_entity, customer_id);
	touch(set, &person_entity, customer_id);
	touch(set, &addresses_entity, customer_id);
	touch(set, &history_entity, customer_id);
	touch(set, &circumstances_entity, customer_id);
	touch(set, &wishes_entity, customer_id);
	touch(set, &collection_entity, &collection_id);
	touch(set, &published_profiles_entity, &published_profiles_id);
}

static void touch_debts(struct workset *set, const struct uuid *debt_ids, size_t count)
{
	for (size_t index = 0; index < count; index++)
		touch(set, &owed_debt_entity, &debt_ids[index]);
}

static void touch_template_texts(struct workset *set, struct str name, struct str channel, struct str language)
{
	do
		touch_template_text(set, name, channel, language);
	while (language_widen(&language));
}

static void touch_withdraw_consent(const struct command *command, struct workset *set)
{
	const struct withdraw_consent *body = command->body;

	touch_withdrawal(&body->customer_id, set);
}

/* Touches the person first, whose language says which templates may answer. */
static void touch_answer(const struct command *command, struct workset *set)
{
	const struct record_inbound *body = command->body;
	const struct person *person;
	struct inbound_answer answer;

	if (!inbound_answer(command, &answer))
		return;
	touch(set, &communication_entity, &answer.communication_id);
	touch_person(set, &body->customer_id);
	if (body->has_contact_point_id)
		touch(set, &writer_entity, &body->contact_point_id);
	person = workset_state(set, &person_entity, &body->customer_id);
	if (person != NULL)
		touch_template_texts(set, answer.template_name, body->channel, str_of(person->language));
}

static void touch_record_inbound(const struct command *command, struct workset *set)
{
	const struct record_inbound *body = command->body;

	touch(set, &inbound_entity, &body->inbound_id);
	touch(set, &person_entity, &body->customer_id);
	touch(set, &history_entity, &body->customer_id);
	touch_withdrawal(&body->customer_id, set);
	touch_answer(command, set);
}

static void touch_record_unknown_inbound(const struct command *command, struct workset *set)
{
	const struct record_unknown_inbound *body = command->body;

	touch(set, &inbound_entity, &body->inbound_id);
}

/*
 * The messages that a mergeable one may take along, and their debts. The queue is touched before: its messages are known once it is
 * loaded. Of one that the same batch schedules, its own command touches both.
 */
static void touch_mergeable(struct workset *set, const struct uuid *customer_id)
{
	const struct slot *slot = workset_find(set, &queue_entity, customer_id);
	const struct queue *queue;

	if (slot == NULL || !slot->exists)
		return;
	queue = slot->state;
	for (uint32_t index = 0; index < queue->count; index++) {
		const struct queued *queued = &queue->messages[index];
		const struct named_debts *debts;

		if (queued->is_mergeable == 0 || queued->state != OUTBOX_SCHEDULED)
			continue;
		touch(set, &communication_entity, &queued->communication_id);
		slot = touch(set, &named_debts_entity, &queued->communication_id);
		if (slot == NULL || !slot->exists)
			continue;
		debts = slot->state;
		touch_debts(set, debts->ids, debts->count);
	}
}

static void touch_send_communication(const struct command *command, struct workset *set)
{
	const struct send_communication *body = command->body;

	touch(set, &communication_entity, &body->communication_id);
	touch_person(set, &body->customer_id);
	touch_debts(set, body->debt_ids, body->debt_ids_count);
	touch_template_texts(set, body->template_name, body->channel, body->language);
	if (body->mergeable) {
		touch(set, &named_debts_entity, &body->communication_id);
		touch_mergeable(set, &body->customer_id);
	}
}

/* Loading the queue locks it: a message that is not claimed then cannot be claimed before the batch is committed. */
static void touch_reschedule_communication(const struct command *command, struct workset *set)
{
	const struct reschedule_communication *body = command->body;

	touch(set, &communication_entity, &body->communication_id);
	touch(set, &queue_entity, &body->customer_id);
}

static bool is_mergeable(const struct workset *set, const struct uuid *communication_id)
{
	const struct slot *slot = workset_find(set, &communication_entity, communication_id);

	return slot != NULL && slot->exists && !uuid_is_none(&((const struct communication *)slot->state)->merge_key);
}

/* Touches the request first; what it names is known once it is loaded. */
static void touch_release(const struct command *command, struct workset *set)
{
	const struct timer *timer = command->body;
	const struct slot *slot;
	const struct request *request;

	touch(set, &communication_entity, &timer->subject);
	touch_person(set, &command->key);
	slot = touch(set, &request_entity, &timer->subject);
	if (slot == NULL || !slot->exists)
		return;
	request = slot->state;
	touch_debts(set, request->debt_ids, request->debt_ids_count);
	touch_template_texts(set, str_of(request->template_name), str_of(channel_name((enum channel)request->channel)),
			     str_of(request->language));
	if (is_mergeable(set, &timer->subject))
		touch_mergeable(set, &command->key);
}

static void touch_cancel_communication(const struct command *command, struct workset *set)
{
	const struct cancel_communication *body = command->body;

	touch(set, &communication_entity, &body->communication_id);
	touch(set, &queue_entity, &body->customer_id);
}

static void touch_resolve_unknown(const struct command *command, struct workset *set)
{
	const struct resolve_unknown *body = command->body;

	touch(set, &communication_entity, &body->communication_id);
	touch(set, &queue_entity, &body->customer_id);
}

static void touch_record_dispatch(const struct command *command, struct workset *set)
{
	const struct record_dispatch *body = command->body;

	touch(set, &communication_entity, &body->communication_id);
	touch(set, &queue_entity, &body->customer_id);
}

static void touch_record_delivery(const struct command *command, struct workset *set)
{
	const struct record_delivery *body = command->body;

	touch(set, &communication_entity, &body->communication_id);
	touch(set, &queue_entity, &body->customer_id);
}

static void touch_record_contact(const struct command *command, struct workset *set)
{
	const struct record_contact *body = command->body;

	touch(set, &contact_entity, &body->contact_id);
	touch(set, &history_entity, &body->customer_id);
}

static void touch_record_circumstance(const struct command *command, struct workset *set)
{
	const struct record_circumstance *body = command->body;

	touch(set, &circumstance_entity, &body->circumstance_id);
	touch(set, &circumstances_entity, &body->customer_id);
	if (body->has_debt_id)
		touch(set, &owed_debt_entity, &body->debt_id);
}

static void touch_end_circumstance(const struct command *command, struct workset *set)
{
	const struct end_circumstance *body = command->body;

	touch(set, &circumstance_entity, &body->circumstance_id);
	touch(set, &circumstances_entity, &body->customer_id);
}

static void touch_set_preference(const struct command *command, struct workset *set)
{
	const struct set_preference *body = command->body;

	touch(set, &preference_entity, &body->preference_id);
	touch(set, &wishes_entity, &body->customer_id);
}

static const struct rule rules[] = {
	{ &publish_template_type, touch_publish_template, decide_publish_template, false, false },
	{ &publish_profile_type, touch_publish_profile, decide_publish_profile, false, false },
	{ &grant_consent_type, touch_grant_consent, decide_grant_consent, false, false },
	{ &withdraw_consent_type, touch_withdraw_consent, decide_withdraw_consent, true, true },
	{ &send_communication_type, touch_send_communication, decide_send_communication, true, false },
	{ &cancel_communication_type, touch_cancel_communication, decide_cancel_communication, false, false },
	{ &reschedule_communication_type, touch_reschedule_communication, decide_reschedule_communication, false, false },
	{ &resolve_unknown_type, touch_resolve_unknown, decide_resolve_unknown, false, false },
	{ &record_dispatch_type, touch_record_dispatch, decide_record_dispatch, false, true },
	{ &record_delivery_type, touch_record_delivery, decide_record_delivery, false, true },
	{ &record_contact_type, touch_record_contact, decide_record_contact, false, false },
	{ &record_circumstance_type, touch_record_circumstance, decide_record_circumstance, false, false },
	{ &end_circumstance_type, touch_end_circumstance, decide_end_circumstance, false, false },
	{ &set_preference_type, touch_set_preference, decide_set_preference, false, false },
	{ &record_inbound_type, touch_record_inbound, decide_record_inbound, true, true },
	{ &record_unknown_inbound_type, touch_record_unknown_inbound, decide_record_unknown_inbound, false, true },
};
_Static_assert(COUNT(rules) == COMMUNICATIONS_COMMANDS, "each command has a rule");

static const struct timer_rule timers[] = {
	{ &release_timer, { &timer_type, touch_release, decide_release, true, false } },
};

#define TEMPLATE_DAYS 14
#define PROFILE_DAYS  14

static const struct approval_rule approvals[] = {
	{ &publish_template_type, ROLE_COMPLIANCE | ROLE_SUPERVISOR, TEMPLATE_DAYS },
	{ &publish_profile_type, ROLE_COMPLIANCE | ROLE_SUPERVISOR, PROFILE_DAYS },
};

static const struct action communication_actions[] = {
	{ &reschedule_communication_type, outbox_has_not_left, false, "putCommunication" },
	{ &cancel_communication_type, outbox_has_not_left, false, NULL },
};

static const struct actions actions[] = {
	{ .thing = "communication", /* by the state of its row in the outbox */
	  .states = OUTBOX_STATE_WORDS,
	  .rows = communication_actions,
	  .rows_count = COUNT(communication_actions) },
};

const struct module communications_module = {
	.name = "communications",
	.rules = rules,
	.rules_count = COUNT(rules),
	.timers = timers,
	.timers_count = COUNT(timers),
	.approvals = approvals,
	.approvals_count = COUNT(approvals),
	.actions = actions,
	.actions_count = COUNT(actions),
	.sql = guard_profiles_sql,
	.evolve = communications_evolve,
};
