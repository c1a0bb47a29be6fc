#include "base/must.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* A text that passed the rules fits, because the sizes of the members are the limits of the schema. */
static void set_text(char *chars, size_t chars_size, struct str text)
{
	bool fits = str_to_chars(chars, chars_size, text);

	MUST(fits);
}

static uint32_t set_bytes(char *bytes, size_t size_max, struct str text)
{
	MUST(text.size <= size_max);
	if (text.size > 0)
		memcpy(bytes, text.data, text.size);
	return (uint32_t)text.size;
}

/* ---- templates ---- */

/* The texts are in the command only: the event has their hash. */
static void on_template_published(struct workset *set, const struct event *event)
{
	const struct template_published *body = event->body;
	const struct publish_template *command = event->command->body;
	enum channel channel = channel_by_name(body->channel);
	struct template *template = workset_change(set, &template_entity, &body->template_id);
	struct template_text *text;
	struct template_key key;
	struct uuid key_id;
	bool fits = template_key(&key, body->name, channel, body->language);

	MUST(fits);
	MUST(body->version == template->version + 1);
	template->version = body->version;
	template->channel = channel;
	set_text(template->name, sizeof(template->name), body->name);
	set_text(template->language, sizeof(template->language), body->language);

	key_id = template_key_id(&key);
	text = workset_change(set, &template_text_entity, &key_id);
	text->template_id = body->template_id;
	text->version = body->version;
	set_text(text->message_class, sizeof(text->message_class), body->message_class);
	text->subject_size = set_bytes(text->subject, sizeof(text->subject), command->subject);
	text->body_size = set_bytes(text->body, sizeof(text->body), command->body);
	text->html_size = set_bytes(text->html, sizeof(text->html), command->has_html ? command->html : STR(""));
}

/* ---- profiles ---- */

/* All of a profile is in its event. What passed the rules is read again. */
static void on_profile_published(struct workset *set, const struct profile_published *event)
{
	struct publication *publication = workset_change(set, &publication_entity, &event->publication_id);
	struct published_profiles *published = workset_change(set, &published_profiles_entity, &published_profiles_id);
	const struct guard_scope scope = { .id = event->profile,
					   .countries = event->countries,
					   .region = event->region,
					   .collector = event->collector,
					   .version = event->profile_version };
	struct guard_profile profile;
	struct guard_fault fault;
	bool is_good = guard_profile_begin(&profile, &scope, &fault);

	MUST(is_good);
	for (size_t index = 0; index < event->rules_count; index++) {
		const struct published_rule *rule = &event->rules[index];

		is_good = guard_profile_add(&profile, rule->rule, rule->choice, rule->numbers, &fault);
		MUST(is_good);
	}
	publication->is_known = 1;
	published_profiles_add(published, &profile, event->place);
}

/* ---- consent ---- */

static void set_later(int64_t *at_ms, int64_t to_ms)
{
	if (to_ms > *at_ms)
		*at_ms = to_ms;
}

/* Whether the consent was parked, and a withdrawal that we received after it was applied before it. */
static bool is_overtaken(const struct command *grant, const struct recipient *recipient, enum channel channel)
{
	return grant->received_ms < grant->now_ms && grant->received_ms <= recipient->told_at_ms[channel];
}

static void on_consent_granted(struct workset *set, const struct consent_granted *event, const struct command *command)
{
	struct recipient *recipient = workset_change(set, &recipient_entity, &event->customer_id);
	struct consent *consent = workset_change(set, &consent_entity, &event->consent_id);
	enum channel channel = channel_by_name(event->channel);
	struct permission *permission = &recipient->permissions[channel][purpose_by_name(event->purpose)];

	consent->is_known = 1;
	if (is_overtaken(command, recipient, channel))
		set_later(&recipient->withdrawn_at_ms[channel], event->obtained_at);
	if (event->obtained_at <= permission->obtained_at_ms)
		return;
	permission->obtained_at_ms = event->obtained_at;
	permission->expires_at_ms = event->has_expires_at ? event->expires_at : 0;
	permission->basis = basis_by_name(event->basis);
}

static void remove_queued(struct queue *queue, const struct uuid *communication_id)
{
	uint32_t kept = 0;

	for (uint32_t index = 0; index < queue->count; index++) {
		if (!uuid_equal(&queue->messages[index].communication_id, communication_id))
			queue->messages[kept++] = queue->messages[index];
	}
	if (kept < queue->count)
		memset(&queue->messages[kept], 0, (queue->count - kept) * sizeof(queue->messages[0]));
	queue->count = kept;
}

static void withdraw_channel(struct recipient *recipient, enum channel channel, int64_t withdrawn_at_ms, int64_t told_at_ms)
{
	set_later(&recipient->withdrawn_at_ms[channel], withdrawn_at_ms);
	for (unsigned purpose = 0; purpose < PURPOSE_COUNT; purpose++)
		set_later(&recipient->withdrawn_at_ms[channel], recipient->permissions[channel][purpose].obtained_at_ms);
	set_later(&recipient->told_at_ms[channel], told_at_ms);
}

void recipient_withdraw(struct recipient *recipient, enum channel channel, int64_t withdrawn_at_ms, int64_t told_at_ms)
{
	for (unsigned each = CHANNEL_NONE + 1; each < CHANNEL_COUNT; each++) {
		if (channel == CHANNEL_NONE || channel == each)
			withdraw_channel(recipient, each, withdrawn_at_ms, told_at_ms);
	}
}

static void on_consent_withdrawn(struct workset *set, const struct consent_withdrawn *event, const struct command *command)
{
	struct recipient *recipient = workset_change(set, &recipient_entity, &event->customer_id);
	struct queue *queue = workset_change(set, &queue_entity, &event->customer_id);
	enum channel only = event->has_channel ? channel_by_name(event->channel) : CHANNEL_NONE;

	MUST(event->version == recipient->version + 1);
	recipient->version = event->version;
	recipient_withdraw(recipient, only, event->withdrawn_at, command->received_ms);
	for (size_t index = 0; index < event->cancelled_count; index++) {
		const struct cancelled_communication *cancelled = &event->cancelled[index];
		struct communication *communication = workset_change(set, &communication_entity, &cancelled->communication_id);

		MUST(cancelled->version == communication->version + 1);
		communication->version = cancelled->version;
		communication->state = COMMUNICATION_CANCELLED;
		communication->release_at_ms = 0;
		remove_queued(queue, &cancelled->communication_id);
		history_remove_message(set, &event->customer_id, &cancelled->communication_id);
	}
}

/* ---- messages from persons ---- */

static void on_unknown_inbound(struct workset *set, const struct uuid *inbound_id)
{
	struct inbound *inbound = workset_change(set, &inbound_entity, inbound_id);

	inbound->is_known = 1;
}

/* ---- messages ---- */

static void on_cancelled(struct workset *set, const struct communication_cancelled *event)
{
	struct communication *communication = workset_change(set, &communication_entity, &event->communication_id);
	struct queue *queue = workset_change(set, &queue_entity, &event->customer_id);

	MUST(event->version == communication->version + 1);
	communication->version = event->version;
	communication->state = COMMUNICATION_CANCELLED;
	communication->release_at_ms = 0;
	remove_queued(queue, &event->communication_id);
	history_remove_message(set, &event->customer_id, &event->communication_id);
}

static struct queued *find_queued(struct queue *queue, const struct uuid *communication_id)
{
	for (uint32_t index = 0; index < queue->count; index++) {
		if (uuid_equal(&queue->messages[index].communication_id, communication_id))
			return &queue->messages[index];
	}
	return NULL;
}

/* The first event of a message says whose it is and how it goes. */
static void begin(struct communication *communication, const struct uuid *customer_id, struct str channel, int32_t requested_on)
{
	communication->customer_id = *customer_id;
	communication->channel = channel_by_name(channel);
	communication->requested_on = requested_on;
}

/* In its place by id, as the store reads the queue: what is made of it must not depend on how commands were divided into batches. */
static void insert_queued(struct queue *queue, const struct queued *queued)
{
	uint32_t place = queue->count;

	MUST(queue->count < QUEUE_MAX);
	while (place > 0 && uuid_compare(&queued->communication_id, &queue->messages[place - 1].communication_id) < 0)
		place--;
	memmove(&queue->messages[place + 1], &queue->messages[place], (queue->count - place) * sizeof(queue->messages[0]));
	queue->messages[place] = *queued;
	queue->count++;
}

static void add_queued(struct queue *queue, const struct uuid *communication_id, const struct communication *communication,
		       enum outbox_state state)
{
	const struct queued queued = { .communication_id = *communication_id,
				       .channel = communication->channel,
				       .requested_on = communication->requested_on,
				       .state = state,
				       .is_mergeable = uuid_is_none(&communication->merge_key) ? 0 : 1 };

	insert_queued(queue, &queued);
}

/* What the one that takes it along must know of it. */
static void begin_mergeable(struct workset *set, const struct communication_scheduled *event, struct communication *communication)
{
	struct named_debts *debts = workset_change(set, &named_debts_entity, &event->communication_id);

	MUST(event->debt_ids_count <= REQUEST_DEBTS_MAX);
	communication->merge_key = event->merge_key;
	debts->count = (uint32_t)event->debt_ids_count;
	for (size_t index = 0; index < event->debt_ids_count; index++)
		debts->ids[index] = event->debt_ids[index];
}

static void on_scheduled(struct workset *set, const struct communication_scheduled *event)
{
	struct communication *communication = workset_change(set, &communication_entity, &event->communication_id);
	struct queue *queue = workset_change(set, &queue_entity, &event->customer_id);

	MUST(event->version == communication->version + 1);
	if (event->version == 1) {
		begin(communication, &event->customer_id, event->channel, event->requested_on);
		if (event->has_merge_key)
			begin_mergeable(set, event, communication);
		add_queued(queue, &event->communication_id, communication, OUTBOX_SCHEDULED);
	}
	communication->version = event->version;
	communication->state = COMMUNICATION_SCHEDULED;
	communication->not_before_ms = event->has_not_before ? event->not_before : 0;
	communication->release_at_ms = event->release_at;
	communication->send_by_ms = event->send_by;
}

/* It waits for the guard's word, and counts against no cap meanwhile. */
static struct queued *wait_again(struct workset *set, const struct uuid *customer_id, const struct uuid *communication_id)
{
	struct queued *queued = find_queued(workset_change(set, &queue_entity, customer_id), communication_id);

	MUST(queued != NULL);
	queued->state = OUTBOX_SCHEDULED;
	history_remove_message(set, customer_id, communication_id);
	return queued;
}

static void on_rescheduled(struct workset *set, const struct communication_rescheduled *event)
{
	struct communication *communication = workset_change(set, &communication_entity, &event->communication_id);

	MUST(event->version == communication->version + 1);
	if (communication->state != COMMUNICATION_SCHEDULED)
		wait_again(set, &event->customer_id, &event->communication_id);
	communication->version = event->version;
	communication->state = COMMUNICATION_SCHEDULED;
	communication->not_before_ms = event->has_not_before ? event->not_before : 0;
	communication->release_at_ms = event->release_at;
	communication->send_by_ms = event->send_by;
}

static void on_released(struct workset *set, const struct communication_released *event, int64_t at_ms)
{
	struct communication *communication = workset_change(set, &communication_entity, &event->communication_id);
	struct queue *queue = workset_change(set, &queue_entity, &event->customer_id);
	struct queued *queued = find_queued(queue, &event->communication_id);
	struct contacted contacted = contacted_message(event, at_ms);

	MUST(event->version == communication->version + 1);
	if (event->version == 1) {
		begin(communication, &event->customer_id, event->channel, event->requested_on);
		add_queued(queue, &event->communication_id, communication, OUTBOX_RELEASED);
	} else {
		MUST(queued != NULL);
		queued->state = OUTBOX_RELEASED;
	}
	communication->version = event->version;
	communication->state = COMMUNICATION_RELEASED;
	communication->release_at_ms = 0;
	communication->send_by_ms = event->send_by;
	history_add(workset_change(set, &history_entity, &event->customer_id), &contacted);
}

static void on_suppressed(struct workset *set, const struct communication_suppressed *event)
{
	struct communication *communication = workset_change(set, &communication_entity, &event->communication_id);

	MUST(event->version == communication->version + 1);
	if (event->version == 1)
		begin(communication, &event->customer_id, event->channel, event->requested_on);
	else
		remove_queued(workset_change(set, &queue_entity, &event->customer_id), &event->communication_id);
	communication->version = event->version;
	communication->state = COMMUNICATION_SUPPRESSED;
	communication->release_at_ms = 0;
}

static void on_merged(struct workset *set, const struct communication_merged *event)
{
	struct communication *communication = workset_change(set, &communication_entity, &event->communication_id);

	MUST(event->version == communication->version + 1);
	communication->version = event->version;
	communication->state = COMMUNICATION_MERGED;
	communication->release_at_ms = 0;
	communication->merged_into = event->into_id;
	remove_queued(workset_change(set, &queue_entity, &event->customer_id), &event->communication_id);
}

/* It counts against no cap. One of which nobody knows does. */
static bool did_not_arrive(enum communication_state state)
{
	return state == COMMUNICATION_FAILED || state == COMMUNICATION_EXPIRED || state == COMMUNICATION_REJECTED;
}

/* A person found out that an unknown message was not sent: it is in the queue again. */
static void requeue(struct queue *queue, const struct communication_progressed *event)
{
	const struct queued queued = { .communication_id = event->communication_id,
				       .channel = channel_by_name(event->channel),
				       .requested_on = event->requested_on,
				       .state = OUTBOX_WAITING,
				       .claims = event->attempt };

	insert_queued(queue, &queued);
}

/* A message that waits for another attempt can be cancelled again, unless that attempt has begun; one that waits for the guard's
 * word can be, too. Any other progress removes the message from the queue. */
static void on_progressed(struct workset *set, const struct communication_progressed *event)
{
	struct communication *communication = workset_change(set, &communication_entity, &event->communication_id);
	struct queue *queue = workset_change(set, &queue_entity, &event->customer_id);
	bool was_unknown = communication->state == COMMUNICATION_UNKNOWN;
	struct queued *queued;

	MUST(event->version == communication->version + 1);
	communication->version = event->version;
	communication->state = communication_state_by_name(event->state);
	communication->attempt = event->attempt;
	communication->release_at_ms = event->has_release_at ? event->release_at : 0;
	MUST(communication->state != COMMUNICATION_NONE);
	if (did_not_arrive((enum communication_state)communication->state))
		history_remove_message(set, &event->customer_id, &event->communication_id);
	if (communication->state == COMMUNICATION_SCHEDULED) {
		wait_again(set, &event->customer_id, &event->communication_id)->claims = event->attempt;
		return;
	}
	if (communication->state != COMMUNICATION_RETRY_WAIT) {
		remove_queued(queue, &event->communication_id);
		return;
	}
	if (was_unknown)
		requeue(queue, event);
	queued = find_queued(queue, &event->communication_id);
	if (queued != NULL && queued->claims <= event->attempt)
		queued->state = OUTBOX_WAITING;
}

void communications_evolve(struct workset *set, const struct event *event)
{
	switch (communications_event(event->type)) {
	case EVENT_COMMUNICATION_SCHEDULED:
		on_scheduled(set, event->body);
		return;
	case EVENT_COMMUNICATION_RESCHEDULED:
		on_rescheduled(set, event->body);
		return;
	case EVENT_COMMUNICATION_RELEASED:
		on_released(set, event->body, event->command->now_ms);
		return;
	case EVENT_COMMUNICATION_SUPPRESSED:
		on_suppressed(set, event->body);
		return;
	case EVENT_COMMUNICATION_MERGED:
		on_merged(set, event->body);
		return;
	case EVENT_COMMUNICATION_PROGRESSED:
		on_progressed(set, event->body);
		return;
	case EVENT_COMMUNICATION_CANCELLED:
		on_cancelled(set, event->body);
		return;
	case EVENT_CONSENT_GRANTED:
		on_consent_granted(set, event->body, event->command);
		return;
	case EVENT_CONSENT_WITHDRAWN:
		on_consent_withdrawn(set, event->body, event->command);
		return;
	case EVENT_INBOUND_RECEIVED:
		evolve_inbound_received(set, event->body, event->command->now_ms);
		return;
	case EVENT_UNKNOWN_INBOUND_RECEIVED:
		on_unknown_inbound(set, &((const struct unknown_inbound_received *)event->body)->inbound_id);
		return;
	case EVENT_PROFILE_PUBLISHED:
		on_profile_published(set, event->body);
		return;
	case EVENT_TEMPLATE_PUBLISHED:
		on_template_published(set, event);
		return;
	case EVENT_CONTACT_RECORDED:
		evolve_contact_recorded(set, event->body);
		return;
	case EVENT_CIRCUMSTANCE_RECORDED:
		evolve_circumstance_recorded(set, event->body);
		return;
	case EVENT_CIRCUMSTANCE_ENDED:
		evolve_circumstance_ended(set, event->body);
		return;
	case EVENT_PREFERENCE_SET:
		evolve_preference_set(set, event->body);
		return;
	case EVENT_COMPLIANCE_DECIDED: /* changes no state: the event that follows from it does */
	case EVENT_RECEIPT_IGNORED:    /* changes no state */
		return;
	}
	MUST_NOT_REACH("an event of another module");
}
