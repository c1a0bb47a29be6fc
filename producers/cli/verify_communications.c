/*
 * The tables of the communications module against its log, and the notifier's attempts against their reports (RecordDispatch).
 * The event of a rendered message has only a hash of it. Of a message in the outbox only the columns that the log determines are
 * compared: a claim by the notifier is in no event, and its results are limited by its attempts.
 */
#include <stdio.h>

#include "base/array.h"
#include "base/must.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "crypto/crypto.h"
#include "fold.h"
#include "schemas/communications.h"

/* Rows that are not states: one entity for each kind. */
static const struct entity version_entity = { .name = "verify_template_version", .state_size = 1 };
static const struct entity profile_row_entity = { .name = "verify_profile_version", .state_size = 1 };
static const struct entity consent_row_entity = { .name = "verify_consent", .state_size = 1 };
static const struct entity withdrawal_entity = { .name = "verify_withdrawal", .state_size = 1 };
static const struct entity inbound_row_entity = { .name = "verify_inbound", .state_size = 1 };
static const struct entity unknown_inbound_entity = { .name = "verify_unknown_inbound", .state_size = 1 };
static const struct entity permission_entity = { .name = "verify_permission", .state_size = 1 };
static const struct entity opt_out_entity = { .name = "verify_opt_out", .state_size = 1 };
static const struct entity decision_entity = { .name = "verify_decision", .state_size = 1 };
static const struct entity debt_entity = { .name = "verify_communication_debt", .state_size = 1 };
static const struct entity contact_row_entity = { .name = "verify_contact", .state_size = 1 };
static const struct entity contact_debt_entity = { .name = "verify_contact_debt", .state_size = 1 };
static const struct entity preference_row_entity = { .name = "verify_preference", .state_size = 1 };
static const struct entity blocked_time_entity = { .name = "verify_blocked_time", .state_size = 1 };
static const struct entity receipt_entity = { .name = "verify_receipt", .state_size = 1 };
static const struct entity outbox_entity = { .name = "verify_outbox", .state_size = 1 };
static const struct entity dispatch_entity = { .name = "verify_dispatch", .state_size = 1 };
static const struct entity attempt_entity = { .name = "verify_attempt", .state_size = 1 };
static const struct entity offsets_entity = { .name = "verify_offsets", .state_size = 1 };

struct version_note {
	struct str message_class, body_hash, html_hash; /* empty: it has no HTML part */
	int64_t published_at_ms;
};

struct profile_note {
	struct str profile, title, countries, region, collector, rules, published_by, approved_by;
	int32_t version, place;
	int64_t published_at_ms;
};

struct consent_note {
	struct uuid customer_id;
	struct str channel, purpose, basis, evidence_ref;
	int64_t obtained_at_ms, recorded_at_ms, expires_at_ms;
};

struct withdrawal_note {
	bool has_channel, has_keyword;
	struct str channel, via, keyword;
	int64_t withdrawn_at_ms, recorded_at_ms;
};

/* Of both kinds of message; an unknown sender's has no customer. */
struct inbound_note {
	struct uuid customer_id, contact_point_id;
	struct str channel, intent, keyword, provider, provider_ref, text_hash;
	bool has_keyword, has_provider_ref;
	int64_t received_at_ms, created_at_ms;
};

struct permission_note {
	uint32_t basis;
	int64_t obtained_at_ms, expires_at_ms;
};

struct opt_out_note {
	int64_t withdrawn_at_ms, told_at_ms;
};

struct decision_note {
	struct uuid customer_id;
	struct str action, channel, message_class, verdict, rules, facts_hash;
	bool has_until;
	int64_t until_ms;
};

/* Beside the state of a message. */
struct message_note {
	int64_t created_at_ms, updated_at_ms, updated_seq;
	bool is_scheduled; /* so it has a row in the outbox */
	bool is_released;
	bool is_known; /* false: suppressed, and its event is older than the requested values */
	struct str message_class, template_name, language, rendered_hash;
	int32_t template_version;
	bool has_contact_point_id;
	struct uuid contact_point_id;
	int64_t send_by_ms;
	int64_t fit_until_ms; /* 0: none */
	bool is_taken_back;   /* released, and then the guard was asked again: the notifier may have another send_by */
};

/* A debt's balance as stated in a message. */
struct debt_note {
	int32_t place; /* 1, 2, 3 ... in its message */
	bool is_known; /* false: the event is older than this field */
	bool is_stated;
	int64_t stated_minor;
};

struct receipt_note {
	struct str state, provider, provider_ref, provider_code;
	bool has_provider_ref, has_provider_code;
	int32_t attempt;
	int64_t occurred_at_ms;
};

struct contact_note {
	struct uuid customer_id;
	struct str channel, direction, party, outcome, message_class;
	bool has_message_class, consented;
	int64_t at_ms, recorded_at_ms;
};

/* Beside the state of a circumstance. */
struct circumstance_note {
	struct uuid debt_id; /* nil: none */
	int32_t from_on, until_on;
	bool has_until_on;
	struct str evidence_ref, ended_ref;
	int64_t recorded_at_ms, recorded_seq, ended_at_ms;
};

struct preference_note {
	struct uuid customer_id;
	struct str places, channels, preferred_channel;
	bool has_preferred_channel, has_valid_until;
	int32_t valid_until;
	int64_t set_at_ms, set_seq;
};

struct blocked_time_note {
	struct str weekdays;
	int32_t from_minute, to_minute;
};

/* Per channel, the offset of a customer's last withdrawal: for consents without a time of receipt. */
struct offsets_note {
	int64_t withdrawn_offset[CHANNEL_COUNT]; /* + 1; 0: none */
	int64_t told_at_ms[CHANNEL_COUNT];
};

/* ---- values that evolve needs from a command ---- */

/* The consent waited, and a later withdrawal was handled before it. */
static void prepare_consent(struct fold *fold, struct command *command, const struct consent_granted *event,
			    const struct logged_line *line)
{
	enum channel channel = channel_by_name(event->channel);
	const struct offsets_note *offsets = fold_noted(fold, &offsets_entity, &event->customer_id);

	if (event->has_received_at)
		command->received_ms = event->received_at;
	else if (offsets != NULL && line->command_offset < offsets->withdrawn_offset[channel] - 1 &&
		 offsets->told_at_ms[channel] < command->now_ms)
		command->received_ms = offsets->told_at_ms[channel];
}

static void prepare_withdrawal(struct command *command, const struct consent_withdrawn *event)
{
	if (event->has_received_at)
		command->received_ms = event->received_at;
}

static void prepare_communications(struct fold *fold, struct command *command, const struct event *event,
				   const struct logged_line *line)
{
	switch (communications_event(event->type)) {
	case EVENT_TEMPLATE_PUBLISHED:
		command->body = fold_scratch(fold, sizeof(struct publish_template));
		return;
	case EVENT_CONSENT_GRANTED:
		prepare_consent(fold, command, event->body, line);
		return;
	case EVENT_CONSENT_WITHDRAWN:
		prepare_withdrawal(command, event->body);
		return;
	case EVENT_PROFILE_PUBLISHED: /* these events contain everything that evolve reads */
	case EVENT_COMPLIANCE_DECIDED:
	case EVENT_COMMUNICATION_SCHEDULED:
	case EVENT_COMMUNICATION_RESCHEDULED:
	case EVENT_COMMUNICATION_RELEASED:
	case EVENT_COMMUNICATION_SUPPRESSED:
	case EVENT_COMMUNICATION_MERGED:
	case EVENT_COMMUNICATION_PROGRESSED:
	case EVENT_COMMUNICATION_CANCELLED:
	case EVENT_RECEIPT_IGNORED:
	case EVENT_CONTACT_RECORDED:
	case EVENT_CIRCUMSTANCE_RECORDED:
	case EVENT_CIRCUMSTANCE_ENDED:
	case EVENT_PREFERENCE_SET:
	case EVENT_INBOUND_RECEIVED:
	case EVENT_UNKNOWN_INBOUND_RECEIVED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

/* ---- notes from events ---- */

static struct str number_text(char text[24], int64_t number)
{
	snprintf(text, 24, "%lld", (long long)number);
	return str_of(text);
}

static void note_template(struct fold *fold, const struct template_published *event, const struct logged_line *line)
{
	char number[24];
	struct version_note *note = fold_note_row(fold, &version_entity, &event->template_id, number_text(number, event->version),
						  STR(""), sizeof(*note));

	note->message_class = fold_copy(fold, event->message_class);
	note->body_hash = fold_copy(fold, event->body_hash);
	note->html_hash = fold_copy(fold, event->has_html_hash ? event->html_hash : STR(""));
	note->published_at_ms = line->row.at_ms;
}

static void note_profile(struct fold *fold, const struct profile_published *event, const struct logged_line *line)
{
	struct profile_note *note = fold_note(fold, &profile_row_entity, &event->publication_id, sizeof(*note));
	char rules[RULES_TEXT_MAX];

	note->profile = fold_copy(fold, event->profile);
	note->version = event->profile_version;
	note->title = fold_copy(fold, event->title);
	note->countries = fold_copy(fold, event->countries);
	note->region = fold_copy(fold, event->region);
	note->collector = fold_copy(fold, event->collector);
	note->rules = fold_copy(fold, (struct str){ .data = rules, .size = published_rules_text(rules, event) });
	note->place = event->place;
	note->published_at_ms = line->row.at_ms;
	note->published_by = fold_copy(fold, event->actor);
	note->approved_by = fold_copy(fold, event->approved_by);
}

static void note_consent(struct fold *fold, const struct consent_granted *event, const struct logged_line *line)
{
	struct consent_note *note = fold_note(fold, &consent_row_entity, &event->consent_id, sizeof(*note));

	note->customer_id = event->customer_id;
	note->channel = fold_copy(fold, event->channel);
	note->purpose = fold_copy(fold, event->purpose);
	note->basis = fold_copy(fold, event->basis);
	note->evidence_ref = fold_copy(fold, event->evidence_ref);
	note->obtained_at_ms = event->obtained_at;
	note->expires_at_ms = event->has_expires_at ? event->expires_at : 0;
	note->recorded_at_ms = line->row.at_ms;
}

static void note_withdrawal(struct fold *fold, const struct consent_withdrawn *event, const struct command *command,
			    const struct logged_line *line)
{
	char number[24];
	struct withdrawal_note *note = fold_note_row(fold, &withdrawal_entity, &event->customer_id,
						     number_text(number, event->version), STR(""), sizeof(*note));
	struct offsets_note *offsets = fold_note(fold, &offsets_entity, &event->customer_id, sizeof(*offsets));
	enum channel only = event->has_channel ? channel_by_name(event->channel) : CHANNEL_NONE;

	note->has_channel = event->has_channel;
	note->channel = fold_copy(fold, event->channel);
	note->via = fold_copy(fold, event->via);
	note->has_keyword = event->has_keyword;
	note->keyword = fold_copy(fold, event->keyword);
	note->withdrawn_at_ms = event->withdrawn_at;
	note->recorded_at_ms = line->row.at_ms;
	for (unsigned channel = 0; channel < CHANNEL_COUNT; channel++) {
		if (only != CHANNEL_NONE && only != channel)
			continue;
		offsets->withdrawn_offset[channel] = line->command_offset + 1;
		offsets->told_at_ms[channel] = command->received_ms;
	}
}

static void note_inbound(struct fold *fold, const struct inbound_received *event, const struct logged_line *line)
{
	struct inbound_note *note = fold_note(fold, &inbound_row_entity, &event->inbound_id, sizeof(*note));

	note->customer_id = event->customer_id;
	if (event->has_contact_point_id)
		note->contact_point_id = event->contact_point_id;
	note->channel = fold_copy(fold, event->channel);
	note->intent = fold_copy(fold, event->intent);
	note->has_keyword = event->has_keyword;
	note->keyword = fold_copy(fold, event->keyword);
	note->provider = fold_copy(fold, event->provider);
	note->has_provider_ref = event->has_provider_ref;
	note->provider_ref = fold_copy(fold, event->provider_ref);
	note->text_hash = fold_copy(fold, event->text_hash);
	note->received_at_ms = event->received_at;
	note->created_at_ms = line->row.at_ms;
}

static void note_unknown_inbound(struct fold *fold, const struct unknown_inbound_received *event, const struct logged_line *line)
{
	struct inbound_note *note = fold_note(fold, &unknown_inbound_entity, &event->inbound_id, sizeof(*note));

	note->channel = fold_copy(fold, event->channel);
	note->intent = fold_copy(fold, event->intent);
	note->has_keyword = event->has_keyword;
	note->keyword = fold_copy(fold, event->keyword);
	note->provider = fold_copy(fold, event->provider);
	note->has_provider_ref = event->has_provider_ref;
	note->provider_ref = fold_copy(fold, event->provider_ref);
	note->received_at_ms = event->received_at;
	note->created_at_ms = line->row.at_ms;
}

static void note_decision(struct fold *fold, const struct compliance_decided *event, const struct logged_line *line)
{
	char number[24], rules[1024];
	size_t size = 0;
	struct decision_note *note = fold_note_row(fold, &decision_entity, &event->communication_id,
						   number_text(number, line->row.at_ms), STR(""), sizeof(*note));

	for (size_t i = 0; i < event->rules_count; i++) {
		MUST(size + 1 + event->rules[i].size <= sizeof(rules));
		if (i > 0)
			rules[size++] = ' ';
		memcpy(rules + size, event->rules[i].data, event->rules[i].size);
		size += event->rules[i].size;
	}
	note->customer_id = event->customer_id;
	note->action = fold_copy(fold, event->action);
	note->channel = fold_copy(fold, event->channel);
	note->message_class = fold_copy(fold, event->message_class);
	note->verdict = fold_copy(fold, event->verdict);
	note->rules = fold_copy(fold, (struct str){ .data = rules, .size = size });
	note->facts_hash = fold_copy(fold, event->facts_hash);
	note->has_until = event->has_until;
	note->until_ms = event->until;
}

/* stated NULL: no balances were stated, with `is_known` for certain. */
static void note_debts(struct fold *fold, const struct uuid *communication_id, const struct uuid *debt_ids, size_t count,
		       const int64_t *stated, bool is_known)
{
	for (size_t i = 0; i < count; i++) {
		char debt_id[UUID_TEXT_SIZE + 1];
		struct debt_note *note;

		uuid_format(debt_id, &debt_ids[i]);
		note = fold_note_row(fold, &debt_entity, communication_id, str_of(debt_id), STR(""), sizeof(*note));
		*note = (struct debt_note){ (int32_t)i + 1, is_known, stated != NULL, stated != NULL ? stated[i] : 0 };
	}
}

static void note_scheduled(struct fold *fold, const struct communication_scheduled *event, const struct logged_line *line)
{
	struct message_note *note = fold_note(fold, &communication_entity, &event->communication_id, sizeof(*note));

	note->send_by_ms = event->send_by;
	if (event->version > 1)
		return;
	note->created_at_ms = line->row.at_ms;
	note->is_scheduled = note->is_known = true;
	note->message_class = fold_copy(fold, event->message_class);
	note->template_name = fold_copy(fold, event->template_name);
	note->language = fold_copy(fold, event->language);
	note_debts(fold, &event->communication_id, event->debt_ids, event->debt_ids_count, NULL, true);
	(void)fold_change(fold, &outbox_entity, &event->communication_id);
}

static void note_rescheduled(struct fold *fold, const struct communication_rescheduled *event)
{
	struct message_note *note = fold_note(fold, &communication_entity, &event->communication_id, sizeof(*note));

	note->send_by_ms = event->send_by;
}

static void note_released(struct fold *fold, const struct communication_released *event, const struct logged_line *line)
{
	struct message_note *note = fold_note(fold, &communication_entity, &event->communication_id, sizeof(*note));

	if (event->version == 1)
		note->created_at_ms = line->row.at_ms;
	note->is_released = note->is_known = true;
	note->message_class = fold_copy(fold, event->message_class);
	note->template_name = fold_copy(fold, event->template_name);
	note->template_version = event->template_version;
	note->language = fold_copy(fold, event->language);
	note->rendered_hash = fold_copy(fold, event->rendered_hash);
	note->has_contact_point_id = event->has_contact_point_id;
	note->contact_point_id = event->contact_point_id;
	note->send_by_ms = event->send_by;
	note->fit_until_ms = event->has_fit_until ? event->fit_until : 0;
	note_debts(fold, &event->communication_id, event->debt_ids, event->debt_ids_count,
		   event->stated_minor_count == event->debt_ids_count ? event->stated_minor : NULL,
		   event->stated_minor_count == event->debt_ids_count);
	(void)fold_change(fold, &outbox_entity, &event->communication_id);
	(void)fold_change(fold, &dispatch_entity, &event->communication_id);
}

/* One that has waited keeps what it was asked to be. */
static void note_suppressed(struct fold *fold, const struct communication_suppressed *event, const struct logged_line *line)
{
	struct message_note *note = fold_note(fold, &communication_entity, &event->communication_id, sizeof(*note));

	if (event->version > 1)
		return;
	note->created_at_ms = line->row.at_ms;
	note->is_known = event->has_template_name;
	note->message_class = fold_copy(fold, event->message_class);
	note->template_name = fold_copy(fold, event->template_name);
	note->language = fold_copy(fold, event->language);
	note_debts(fold, &event->communication_id, event->debt_ids, event->debt_ids_count, NULL, true);
}

/* A receipt; and its attempt, if it answers a report of the notifier, whose ids are derived from the attempt's. */
static void note_receipt(struct fold *fold, const struct communication_progressed *event, const struct logged_line *line)
{
	char number[24];
	struct uuid reported = uuid_derive(&event->communication_id, "dispatch", (uint64_t)event->attempt);
	struct receipt_note *note = fold_note_row(fold, &receipt_entity, &event->communication_id,
						  number_text(number, event->version), STR(""), sizeof(*note));
	struct receipt_note *attempt;

	note->state = fold_copy(fold, event->state);
	note->provider = fold_copy(fold, event->provider);
	note->has_provider_ref = event->has_provider_ref;
	note->provider_ref = fold_copy(fold, event->provider_ref);
	note->has_provider_code = event->has_provider_code;
	note->provider_code = fold_copy(fold, event->provider_code);
	note->attempt = event->attempt;
	note->occurred_at_ms = event->occurred_at;
	if (str_is(event->state, "scheduled"))
		((struct message_note *)fold_note(fold, &communication_entity, &event->communication_id,
						  sizeof(struct message_note)))
			->is_taken_back = true;
	if (!uuid_equal(&reported, &line->row.command_id))
		return;
	attempt = fold_note_row(fold, &attempt_entity, &event->communication_id, number_text(number, event->attempt), STR(""),
				sizeof(*attempt));
	*attempt = *note;
}

static void note_change(struct fold *fold, const struct uuid *communication_id, const struct logged_line *line)
{
	struct message_note *note = fold_noted(fold, &communication_entity, communication_id);

	if (note == NULL)
		return;
	note->updated_at_ms = line->row.at_ms;
	note->updated_seq = line->row.seq;
}

/* The messages that the withdrawal cancels. */
static void note_taken_back(struct fold *fold, const struct consent_withdrawn *event, const struct logged_line *line)
{
	for (size_t i = 0; i < event->cancelled_count; i++)
		note_change(fold, &event->cancelled[i].communication_id, line);
}

static void note_contact(struct fold *fold, const struct contact_recorded *event, const struct logged_line *line)
{
	struct contact_note *note = fold_note(fold, &contact_row_entity, &event->contact_id, sizeof(*note));
	char debt_id[UUID_TEXT_SIZE + 1];

	note->customer_id = event->customer_id;
	note->channel = fold_copy(fold, event->channel);
	note->direction = fold_copy(fold, event->direction);
	note->party = fold_copy(fold, event->party);
	note->outcome = fold_copy(fold, event->outcome);
	note->has_message_class = event->has_message_class;
	note->message_class = fold_copy(fold, event->message_class);
	note->consented = event->consented;
	note->at_ms = event->at;
	note->recorded_at_ms = line->row.at_ms;
	for (size_t i = 0; i < event->debt_ids_count; i++) {
		uuid_format(debt_id, &event->debt_ids[i]);
		(void)fold_note_row(fold, &contact_debt_entity, &event->contact_id, str_of(debt_id), STR(""), 0);
	}
}

static void note_circumstance(struct fold *fold, const struct circumstance_recorded *event, const struct logged_line *line)
{
	struct circumstance_note *note = fold_note(fold, &circumstance_entity, &event->circumstance_id, sizeof(*note));

	note->debt_id = event->debt_id;
	note->from_on = event->from_on;
	note->has_until_on = event->has_until_on;
	note->until_on = event->until_on;
	note->evidence_ref = fold_copy(fold, event->evidence_ref);
	note->recorded_at_ms = line->row.at_ms;
	note->recorded_seq = line->row.seq;
}

static void note_circumstance_end(struct fold *fold, const struct circumstance_ended *event, const struct logged_line *line)
{
	struct circumstance_note *note = fold_noted(fold, &circumstance_entity, &event->circumstance_id);

	if (note == NULL)
		return;
	note->ended_ref = fold_copy(fold, event->evidence_ref);
	note->ended_at_ms = line->row.at_ms;
}

/* Words with a blank between. */
static struct str join_words(struct fold *fold, const struct str *words, size_t count)
{
	char text[256];
	size_t size = 0;

	for (size_t i = 0; i < count; i++) {
		MUST(size + 1 + words[i].size <= sizeof(text));
		if (i > 0)
			text[size++] = ' ';
		memcpy(text + size, words[i].data, words[i].size);
		size += words[i].size;
	}
	return fold_copy(fold, (struct str){ .data = text, .size = size });
}

static void note_preference(struct fold *fold, const struct preference_set *event, const struct logged_line *line)
{
	struct preference_note *note = fold_note(fold, &preference_row_entity, &event->preference_id, sizeof(*note));
	char number[24];

	note->customer_id = event->customer_id;
	note->places = join_words(fold, event->blocked_places, event->blocked_places_count);
	note->channels = join_words(fold, event->blocked_channels, event->blocked_channels_count);
	note->has_preferred_channel = event->has_preferred_channel;
	note->preferred_channel = fold_copy(fold, event->preferred_channel);
	note->has_valid_until = event->has_valid_until;
	note->valid_until = event->valid_until;
	note->set_at_ms = line->row.at_ms;
	note->set_seq = line->row.seq;
	for (size_t i = 0; i < event->blocked_times_count; i++) {
		const struct unwanted_time *time = &event->blocked_times[i];
		struct blocked_time_note *row = fold_note_row(fold, &blocked_time_entity, &event->preference_id,
							      number_text(number, (int64_t)i), STR(""), sizeof(*row));

		*row = (struct blocked_time_note){ fold_copy(fold, time->weekdays), time->from_minute, time->to_minute };
	}
}

static void note_event(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	switch (communications_event(event->type)) {
	case EVENT_COMMUNICATION_SCHEDULED:
		note_scheduled(fold, event->body, line);
		return;
	case EVENT_COMMUNICATION_RESCHEDULED:
		note_rescheduled(fold, event->body);
		return;
	case EVENT_COMMUNICATION_RELEASED:
		note_released(fold, event->body, line);
		return;
	case EVENT_COMMUNICATION_SUPPRESSED:
		note_suppressed(fold, event->body, line);
		return;
	case EVENT_COMMUNICATION_PROGRESSED:
		note_receipt(fold, event->body, line);
		return;
	case EVENT_COMPLIANCE_DECIDED:
		note_decision(fold, event->body, line);
		return;
	case EVENT_CONSENT_GRANTED:
		note_consent(fold, event->body, line);
		return;
	case EVENT_CONSENT_WITHDRAWN:
		note_withdrawal(fold, event->body, event->command, line);
		note_taken_back(fold, event->body, line);
		return;
	case EVENT_INBOUND_RECEIVED:
		note_inbound(fold, event->body, line);
		return;
	case EVENT_UNKNOWN_INBOUND_RECEIVED:
		note_unknown_inbound(fold, event->body, line);
		return;
	case EVENT_TEMPLATE_PUBLISHED:
		note_template(fold, event->body, line);
		return;
	case EVENT_PROFILE_PUBLISHED:
		note_profile(fold, event->body, line);
		return;
	case EVENT_CONTACT_RECORDED:
		note_contact(fold, event->body, line);
		return;
	case EVENT_CIRCUMSTANCE_RECORDED:
		note_circumstance(fold, event->body, line);
		return;
	case EVENT_CIRCUMSTANCE_ENDED:
		note_circumstance_end(fold, event->body, line);
		return;
	case EVENT_PREFERENCE_SET:
		note_preference(fold, event->body, line);
		return;
	case EVENT_COMMUNICATION_CANCELLED: /* evolve handles these completely */
	case EVENT_COMMUNICATION_MERGED:
	case EVENT_RECEIPT_IGNORED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

static void note_communications(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	note_event(fold, event, line);
	if (message_is_numbered(event->type) && fold_is_about(event, "communication_id"))
		note_change(fold, &line->row.subject, line);
}

/* A recipient's state consists of rows of two tables. */
static void note_recipient(struct fold *fold, const struct uuid *id, const struct recipient *recipient)
{
	for (unsigned channel = 0; channel < CHANNEL_COUNT; channel++) {
		struct str channel_text = str_of(channel_name((enum channel)channel));

		for (unsigned purpose = 0; purpose < PURPOSE_COUNT; purpose++) {
			const struct permission *permission = &recipient->permissions[channel][purpose];
			struct permission_note *note;

			if (permission->obtained_at_ms == 0)
				continue;
			note = fold_note_row(fold, &permission_entity, id, channel_text,
					     str_of(purpose_name((enum purpose)purpose)), sizeof(*note));
			*note = (struct permission_note){ permission->basis, permission->obtained_at_ms,
							  permission->expires_at_ms };
		}
		if (recipient->withdrawn_at_ms[channel] != 0) {
			struct opt_out_note *note =
				fold_note_row(fold, &opt_out_entity, id, channel_text, STR(""), sizeof(*note));

			*note = (struct opt_out_note){ recipient->withdrawn_at_ms[channel], recipient->told_at_ms[channel] };
		}
	}
}

static bool finish_communications(struct fold *fold)
{
	size_t count = fold->set.slots_count;

	for (size_t i = 0; i < count; i++) {
		if (fold->set.slots[i]->entity != &recipient_entity)
			continue;
		if (!fold_has_room(fold))
			return false;
		note_recipient(fold, &fold->set.slots[i]->id, fold->set.slots[i]->state);
	}
	return true;
}

/* ---- tables ---- */

static void check_template(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct template *template = row_state(fold, row, &id);

	if (template == NULL)
		return;
	row->column = 2;
	expect_bytes(row, str_of(template->name));
	expect_bytes(row, str_of(channel_name(template->channel)));
	expect_bytes(row, str_of(template->language));
	expect_int32(row, template->version);
}

static void check_version(struct fold *fold, struct table_row *row)
{
	struct uuid template_id = row_uuid(row, 1);
	struct uuid id = fold_id(&template_id, row_text(row, 2), STR(""));
	const struct version_note *note = row_noted(fold, row, &id);
	uint8_t hash[CONTENT_HASH_SIZE];

	if (note == NULL)
		return;
	row->column = 3;
	expect_bytes(row, note->message_class);
	content_hash(hash, row_text(row, 4), row_text(row, 5));
	if (!str_equal(note->body_hash, (struct str){ .data = (const char *)hash, .size = sizeof(hash) }))
		row_wrong(row, "subject and body do not have the hash that the log says");
	content_hash(hash, STR(""), row_text(row, 6));
	if (row_is_null(row, 6) ? note->html_hash.size > 0
				: !str_equal(note->html_hash, (struct str){ .data = (const char *)hash, .size = sizeof(hash) }))
		row_wrong(row, "html does not have the hash that the log says");
	row->column = 7;
	expect_instant(row, note->published_at_ms);
}

static void check_profile(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct profile_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	row->column = 2;
	expect_bytes(row, note->profile);
	expect_int32(row, note->version);
	expect_bytes(row, note->title);
	expect_bytes(row, note->countries);
	expect_bytes(row, note->region);
	expect_bytes(row, note->collector);
	expect_bytes(row, note->rules);
	expect_int32_if(row, note->place != 0, note->place);
	expect_instant(row, note->published_at_ms);
	expect_bytes(row, note->published_by);
	expect_bytes(row, note->approved_by);
}

static void check_consent(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct consent_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	expect_uuid(row, &note->customer_id);
	skip_column(row);
	expect_bytes(row, note->channel);
	expect_bytes(row, note->purpose);
	expect_bytes(row, note->basis);
	expect_bytes(row, note->evidence_ref);
	expect_instant(row, note->obtained_at_ms);
	expect_instant(row, note->recorded_at_ms);
	expect_instant_or_null(row, note->expires_at_ms != 0, note->expires_at_ms);
}

static void check_withdrawal(struct fold *fold, struct table_row *row)
{
	struct uuid customer_id = row_uuid(row, 1);
	struct uuid id = fold_id(&customer_id, row_text(row, 2), STR(""));
	const struct withdrawal_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	row->column = 3;
	expect_bytes_or_null(row, note->has_channel, note->channel);
	expect_bytes(row, note->via);
	expect_bytes_or_null(row, note->has_keyword, note->keyword);
	expect_instant(row, note->withdrawn_at_ms);
	expect_instant(row, note->recorded_at_ms);
}

static void expect_inbound(struct table_row *row, const struct inbound_note *note)
{
	expect_bytes(row, note->channel);
	expect_bytes(row, note->intent);
	expect_bytes_or_null(row, note->has_keyword, note->keyword);
	expect_bytes(row, note->provider);
	expect_bytes_or_null(row, note->has_provider_ref, note->provider_ref);
	expect_instant(row, note->received_at_ms);
	expect_instant(row, note->created_at_ms);
}

/* The salt is the last column. An erasure deletes the text; a person who was erased before has none. */
static void check_inbound_text(struct table_row *row, const struct uuid *id, const struct inbound_note *note)
{
	const struct seal_place place = { &sealed_inbound_text, *id, SEALED_MESSAGE_VERSION, note->customer_id };
	struct str salt = row_text(row, row->column + 1), text;
	struct person person = { .salt_size = (uint32_t)salt.size };
	uint8_t hash[CONTENT_HASH_SIZE];

	if (row_is_null(row, row->column + 1) || note->text_hash.size == 0) {
		expect_bytes_or_null(row, false, STR(""));
		return;
	}
	if (row_is_null(row, row->column)) {
		row_wrong(row, "text_sealed is missing");
		return;
	}
	if (!open_column(row, &place, salt, &text) || salt.size > sizeof(person.salt))
		return;
	if (salt.size > 0)
		memcpy(person.salt, salt.data, salt.size);
	rendered_hash(hash, STR(""), text, STR(""), &person);
	if (!str_equal(note->text_hash, (struct str){ (const char *)hash, sizeof(hash) }))
		row_wrong(row, "text_sealed is not what the log says");
}

static void check_inbound(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct inbound_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	expect_uuid(row, &note->customer_id);
	row->column = 2;
	expect_uuid_or_null(row, &note->contact_point_id);
	expect_inbound(row, note);
	check_inbound_text(row, &id, note);
}

/* Sender and text are in no event: they are opened, and not compared. */
static void check_unknown_inbound(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct inbound_note *note = row_noted(fold, row, &id);
	const struct seal_place sender = { &sealed_unknown_sender, id, SEALED_MESSAGE_VERSION, id };
	const struct seal_place text = { &sealed_unknown_text, id, SEALED_MESSAGE_VERSION, id };
	struct str salt, opened;

	if (note == NULL)
		return;
	row->column = 2;
	expect_inbound(row, note);
	if (row_is_null(row, row->column)) /* forgotten after a while; the table's CHECK has all of them or none */
		return;
	salt = row_text(row, row->column + 2);
	(void)open_column(row, &sender, salt, &opened);
	(void)open_column(row, &text, salt, &opened);
}

static void check_permission(struct fold *fold, struct table_row *row)
{
	struct uuid customer_id = row_uuid(row, 1);
	struct uuid id = fold_id(&customer_id, row_text(row, 2), row_text(row, 3));
	const struct permission_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	row->column = 4;
	expect_bytes(row, str_of(basis_name((enum basis)note->basis)));
	expect_instant(row, note->obtained_at_ms);
	expect_instant_or_null(row, note->expires_at_ms != 0, note->expires_at_ms);
}

static void check_opt_out(struct fold *fold, struct table_row *row)
{
	struct uuid customer_id = row_uuid(row, 1);
	struct uuid id = fold_id(&customer_id, row_text(row, 2), STR(""));
	const struct opt_out_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	row->column = 3;
	expect_instant(row, note->withdrawn_at_ms);
	if (row_is_null(row, row->column))
		skip_column(row); /* added later: not compared */
	else
		expect_instant_or_null(row, note->told_at_ms != 0, note->told_at_ms);
}

static void check_decision(struct fold *fold, struct table_row *row)
{
	struct uuid communication_id = row_uuid(row, 1);
	struct uuid id = fold_id(&communication_id, row_text(row, 2), STR(""));
	const struct decision_note *note = row_noted(fold, row, &id);
	uint8_t hash[CONTENT_HASH_SIZE];

	if (note == NULL)
		return;
	expect_uuid(row, &note->customer_id);
	row->column = 3;
	expect_bytes(row, note->action);
	expect_bytes(row, note->channel);
	expect_bytes(row, note->message_class);
	expect_bytes(row, note->verdict);
	expect_instant_or_null(row, note->has_until, note->until_ms);
	expect_bytes(row, note->rules);
	content_hash(hash, STR(""), row_text(row, row->column));
	if (!str_equal(note->facts_hash, (struct str){ .data = (const char *)hash, .size = sizeof(hash) }))
		row_wrong(row, "facts do not have the hash that the log says");
	skip_column(row);
	expect_bytes(row, note->facts_hash);
}

static void check_communication(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct communication *communication = row_state(fold, row, &id);
	const struct message_note *note = fold_noted(fold, &communication_entity, &id);

	if (communication == NULL || note == NULL)
		return;
	expect_uuid(row, &communication->customer_id);
	skip_column(row);
	expect_int64(row, communication->version);
	expect_int32(row, communication->attempt);
	expect_bytes(row, str_of(communication_state_name((enum communication_state)communication->state)));
	expect_bytes(row, str_of(channel_name((enum channel)communication->channel)));
	expect_date(row, communication->requested_on);
	expect_instant_or_null(row, communication->not_before_ms != 0, communication->not_before_ms);
	expect_instant_or_null(row, communication->release_at_ms != 0, communication->release_at_ms);
	expect_uuid_or_null(row, &communication->merge_key);
	expect_uuid_or_null(row, &communication->merged_into);
	expect_instant(row, note->created_at_ms);
	expect_instant(row, note->updated_at_ms);
	expect_int64(row, note->updated_seq);
	if (!note->is_known)
		return;
	expect_bytes(row, note->message_class);
	expect_bytes(row, note->template_name);
	expect_bytes(row, note->language);
	if (!note->is_released) {
		expect_bytes_or_null(row, false, STR(""));
		expect_bytes_or_null(row, false, STR(""));
		expect_bytes_or_null(row, false, STR(""));
		return;
	}
	expect_int32(row, note->template_version);
	expect_bytes(row, note->rendered_hash);
	if (note->has_contact_point_id)
		expect_uuid(row, &note->contact_point_id);
}

static void check_communication_debt(struct fold *fold, struct table_row *row)
{
	struct uuid communication_id = row_uuid(row, 1);
	struct uuid id = fold_id(&communication_id, row_text(row, 2), STR(""));
	const struct message_note *message = fold_noted(fold, &communication_entity, &communication_id);
	const struct debt_note *note;

	if (message != NULL && !message->is_known)
		return;
	note = row_noted(fold, row, &id);
	row->column = 3;
	if (note == NULL)
		return;
	if (row_is_null(row, row->column))
		skip_column(row); /* added later: not compared */
	else
		expect_int32(row, note->place);
	if (note->is_known)
		expect_int64_if(row, note->is_stated, note->stated_minor);
}

static void check_receipt(struct fold *fold, struct table_row *row)
{
	struct uuid communication_id = row_uuid(row, 1);
	struct uuid id = fold_id(&communication_id, row_text(row, 2), STR(""));
	const struct receipt_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	row->column = 3;
	expect_bytes(row, note->state);
	expect_int32(row, note->attempt);
	expect_bytes(row, note->provider);
	expect_bytes_or_null(row, note->has_provider_ref, note->provider_ref);
	expect_bytes_or_null(row, note->has_provider_code, note->provider_code);
	expect_instant(row, note->occurred_at_ms);
}

/*
 * The states of a message's row in the outbox that are possible with this state of the message: the notifier may have claimed it.
 */
static bool fits_outbox(enum communication_state state, struct str outbox)
{
	if (state == COMMUNICATION_SCHEDULED)
		return str_is(outbox, "scheduled");
	if (state == COMMUNICATION_RELEASED) /* waiting: its claim for another attempt overtook the report of the one before */
		return str_is(outbox, "released") || str_is(outbox, "claimed") || str_is(outbox, "waiting");
	if (state == COMMUNICATION_RETRY_WAIT)
		return str_is(outbox, "waiting") || str_is(outbox, "claimed");
	return str_is(outbox, state == COMMUNICATION_CANCELLED ? "cancelled" : "done");
}

/* The address of the contact point: the last column but one has its hash. */
static void check_address(struct table_row *row, const struct seal_place *place, struct str salt)
{
	struct str hash_there = row_text(row, row->stream->columns_count - 2), text;
	uint8_t key[32], hash[DIGEST_SIZE];

	if (!open_column(row, place, salt, &text) || hash_there.size == 0)
		return;
	for (size_t i = 0; i < text.size && str_is(row_text(row, 2), "email"); i++) {
		char *letter = (char *)(uintptr_t)&text.data[i];

		*letter = ascii_lower(*letter);
	}
	person_key(key, row->verify->key, salt);
	address_hash(hash, text, key);
	wipe(key, sizeof(key));
	if (!str_equal(hash_there, (struct str){ (const char *)hash, sizeof(hash) }))
		row_wrong(row, "address_sealed is not its contact point's");
}

/*
 * Address, subject, body and HTML, sealed; the salt is the last column. After an erasure there is no salt, and the texts are empty, as
 * they are before the message has a text.
 */
static void check_texts(struct table_row *row, const struct uuid *id, const struct uuid *customer_id,
			const struct message_note *note)
{
	const struct seal_place address = { &sealed_message_address, *id, SEALED_MESSAGE_VERSION, *customer_id };
	const struct seal_place of_subject = { &sealed_message_subject, *id, SEALED_MESSAGE_VERSION, *customer_id };
	const struct seal_place of_body = { &sealed_message_body, *id, SEALED_MESSAGE_VERSION, *customer_id };
	const struct seal_place of_html = { &sealed_message_html, *id, SEALED_MESSAGE_VERSION, *customer_id };
	struct str salt = row_text(row, row->stream->columns_count - 1), subject, body, html = STR("");
	struct person person = { .salt_size = (uint32_t)salt.size };
	uint8_t hash[CONTENT_HASH_SIZE];

	if (!note->is_released || row_is_null(row, row->stream->columns_count - 1)) {
		for (int i = 0; i < 3; i++)
			expect_bytes(row, STR(""));
		expect_bytes_or_null(row, false, STR(""));
		return;
	}
	check_address(row, &address, salt);
	if (!open_column(row, &of_subject, salt, &subject) || !open_column(row, &of_body, salt, &body) ||
	    (!row_is_null(row, row->column) && !open_column(row, &of_html, salt, &html)) || salt.size > sizeof(person.salt))
		return;
	if (salt.size > 0)
		memcpy(person.salt, salt.data, salt.size);
	rendered_hash(hash, subject, body, html, &person);
	if (!str_equal(note->rendered_hash, (struct str){ (const char *)hash, sizeof(hash) }))
		row_wrong(row, "subject_sealed, body_sealed and html_sealed are not what the log says");
}

/* A claim and its attempt are one transaction; an attempt that the guard refused for good is no claim. */
static void check_claims(struct table_row *row)
{
	if (row_int32(row, row->column) != row_int64(row, row->stream->columns_count - 3))
		row_wrong(row, "claims is not the number of attempts");
	skip_column(row);
}

/* Until when its release holds; the timer of a message that waits; its parameters, sealed, as long as its text may be made anew. */
static void check_waiting(struct table_row *row, const struct uuid *id, const struct communication *communication,
			  const struct message_note *note)
{
	const struct seal_place place = { &sealed_message_parameters, *id, SEALED_MESSAGE_VERSION, communication->customer_id };
	struct str salt = row_text(row, row->stream->columns_count - 1), parameters;
	bool is_waiting = communication->state == COMMUNICATION_SCHEDULED;

	row->column = row->stream->columns_count - 6;
	expect_instant_or_null(row, note->fit_until_ms != 0, note->fit_until_ms);
	expect_instant_or_null(row, is_waiting, communication->release_at_ms);
	if (row_is_null(row, row->column)) {
		if (is_waiting && !note->is_released && salt.size > 0)
			row_wrong(row, "the message waits without its parameters");
	} else if (!communication_may_be_asked_again((enum communication_state)communication->state)) {
		row_wrong(row, "parameters_sealed of a message that has ended");
	} else {
		(void)open_column(row, &place, salt, &parameters);
	}
}

static void check_outbox(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct communication *communication = fold_state(fold, &communication_entity, &id);
	const struct message_note *note = fold_noted(fold, &communication_entity, &id);

	if (row_state(fold, row, &id) == NULL || communication == NULL || note == NULL)
		return;
	expect_uuid(row, &communication->customer_id);
	skip_column(row);
	expect_bytes(row, str_of(channel_name((enum channel)communication->channel)));
	if (!fits_outbox((enum communication_state)communication->state, row_text(row, row->column)))
		row_wrong(row, "state is not what the log says");
	skip_column(row);
	expect_instant(row, note->send_by_ms);
	check_claims(row);
	check_texts(row, &id, &communication->customer_id, note);
	check_waiting(row, &id, communication, note);
}

/* The notifier may be behind: a row that does not exist yet is not missing. */
static void check_dispatch(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct communication *communication = fold_state(fold, &communication_entity, &id);
	const struct message_note *note = fold_noted(fold, &communication_entity, &id);

	if (row_state(fold, row, &id) == NULL || communication == NULL || note == NULL)
		return;
	expect_uuid(row, &communication->customer_id);
	skip_column(row);
	expect_bytes(row, str_of(channel_name((enum channel)communication->channel)));
	if (note->is_taken_back)
		skip_column(row);
	else
		expect_instant(row, note->send_by_ms);
	if (row_int32(row, row->column) != row_int64(row, row->column + 1))
		row_wrong(row, "attempts is not the number of attempts");
	row->column += 2;
	if (!row_is_null(row, row->column) &&
	    !note->is_taken_back) /* the notifier may have read the event before the column was there */
		expect_uuid(row, &note->contact_point_id);
}

/* The outcome of the attempt, according to the event of its report. */
static struct str outcome_of(const struct receipt_note *note)
{
	if (str_is(note->state, "submitted"))
		return STR("accepted");
	if (str_is(note->state, "retry_wait") || str_is(note->state, "scheduled"))
		return STR("not_accepted");
	if (str_is(note->state, "unknown"))
		return STR("unknown");
	return STR("failed");
}

/* An attempt without a report, or whose report changed nothing, is in no event: only its message can be checked. */
static void check_attempt(struct fold *fold, struct table_row *row)
{
	struct uuid communication_id = row_uuid(row, 1);
	struct uuid id = fold_id(&communication_id, row_text(row, 2), STR(""));
	const struct communication *communication = fold_state(fold, &communication_entity, &communication_id);
	const struct receipt_note *note = fold_noted(fold, &attempt_entity, &id);

	if (communication == NULL) {
		row_wrong(row, "no event made its message");
		return;
	}
	expect_uuid(row, &communication->customer_id);
	if (note == NULL)
		return;
	(void)row_state(fold, row, &id);
	row->column = 3;
	expect_bytes(row, note->provider);
	expect_bytes(row, outcome_of(note));
	expect_bytes_or_null(row, note->has_provider_ref, note->provider_ref);
	expect_bytes_or_null(row, note->has_provider_code, note->provider_code);
}

static void check_contact(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct contact_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	expect_uuid(row, &note->customer_id);
	skip_column(row);
	expect_bytes(row, note->channel);
	expect_bytes(row, note->direction);
	expect_bytes(row, note->party);
	expect_bytes(row, note->outcome);
	expect_bytes_or_null(row, note->has_message_class, note->message_class);
	expect_bool(row, note->consented);
	expect_instant(row, note->at_ms);
	expect_instant(row, note->recorded_at_ms);
}

static void check_contact_debt(struct fold *fold, struct table_row *row)
{
	struct uuid contact_id = row_uuid(row, 1);
	struct uuid id = fold_id(&contact_id, row_text(row, 2), STR(""));

	(void)row_state(fold, row, &id);
}

static void check_circumstance(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct circumstance *circumstance = row_state(fold, row, &id);
	const struct circumstance_note *note = fold_noted(fold, &circumstance_entity, &id);

	if (circumstance == NULL || note == NULL)
		return;
	expect_uuid(row, &circumstance->customer_id);
	skip_column(row);
	expect_int64(row, circumstance->version);
	expect_bytes(row, str_of(circumstance_kind_name((enum circumstance_kind)circumstance->kind)));
	expect_uuid_or_null(row, &note->debt_id);
	expect_date(row, note->from_on);
	if (note->has_until_on || !row_is_null(row, row->column))
		expect_date(row, note->has_until_on ? note->until_on : 0);
	else
		skip_column(row);
	expect_bytes(row, note->evidence_ref);
	expect_instant(row, note->recorded_at_ms);
	expect_int64(row, note->recorded_seq);
	expect_instant_or_null(row, circumstance->is_ended, note->ended_at_ms);
	expect_bytes_or_null(row, circumstance->is_ended, note->ended_ref);
}

static void check_preference(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct preference_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	expect_uuid(row, &note->customer_id);
	skip_column(row);
	expect_bytes(row, note->places);
	expect_bytes(row, note->channels);
	expect_bytes_or_null(row, note->has_preferred_channel, note->preferred_channel);
	if (note->has_valid_until || !row_is_null(row, row->column))
		expect_date(row, note->has_valid_until ? note->valid_until : 0);
	else
		skip_column(row);
	expect_instant(row, note->set_at_ms);
	expect_int64(row, note->set_seq);
}

static void check_blocked_time(struct fold *fold, struct table_row *row)
{
	struct uuid preference_id = row_uuid(row, 1);
	struct uuid id = fold_id(&preference_id, row_text(row, 2), STR(""));
	const struct blocked_time_note *note = row_noted(fold, row, &id);

	if (note == NULL)
		return;
	row->column = 3;
	expect_bytes(row, note->weekdays);
	expect_int32(row, note->from_minute);
	expect_int32(row, note->to_minute);
}

static const struct folded_table tables[] = {
	{ .name = "communications.template",
	  .select = "SELECT template_id, template_id, name, channel, language, version FROM communications.template",
	  .ids = 1,
	  .entity = &template_entity,
	  .check = check_template },
	{ .name = "communications.template_version",
	  .select = "SELECT template_id, template_id, version::text, message_class, subject, body, html, published_at "
		    "FROM communications.template_version",
	  .ids = 2,
	  .entity = &version_entity,
	  .check = check_version },
	{ .name = "communications.profile_version",
	  .select = "SELECT publication_id, publication_id, profile, version, title, countries, region, collector, rules, place, "
		    "published_at, published_by, approved_by FROM communications.profile_version",
	  .ids = 1,
	  .entity = &profile_row_entity,
	  .check = check_profile },
	{ .name = "communications.consent",
	  .select = "SELECT customer_id, consent_id, channel, purpose, basis, evidence_ref, obtained_at, recorded_at, expires_at "
		    "FROM "
		    "communications.consent",
	  .ids = 1,
	  .entity = &consent_row_entity,
	  .check = check_consent },
	{ .name = "communications.withdrawal",
	  .select = "SELECT customer_id, customer_id, version::text, channel, via, keyword, withdrawn_at, recorded_at FROM "
		    "communications.withdrawal",
	  .ids = 2,
	  .entity = &withdrawal_entity,
	  .check = check_withdrawal },
	{ .name = "communications.inbound",
	  .select = "SELECT i.customer_id, i.inbound_id, i.contact_point_id, i.channel, i.intent, i.keyword, i.provider, "
		    "i.provider_ref, i.received_at, i.created_at, i.text_sealed, c.key_salt FROM communications.inbound i "
		    "LEFT JOIN customers.customer c USING (customer_id)",
	  .ids = 1,
	  .entity = &inbound_row_entity,
	  .check = check_inbound },
	{ .name = "communications.unknown_inbound",
	  .select = "SELECT inbound_id, inbound_id, channel, intent, keyword, provider, provider_ref, received_at, created_at, "
		    "sender_sealed, text_sealed, key_salt FROM communications.unknown_inbound",
	  .ids = 1,
	  .entity = &unknown_inbound_entity,
	  .check = check_unknown_inbound },
	{ .name = "communications.permission",
	  .select = "SELECT customer_id, customer_id, channel, purpose, basis, obtained_at, expires_at FROM "
		    "communications.permission",
	  .ids = 3,
	  .entity = &permission_entity,
	  .check = check_permission },
	{ .name = "communications.opt_out",
	  .select = "SELECT customer_id, customer_id, channel, withdrawn_at, told_at FROM communications.opt_out",
	  .ids = 2,
	  .entity = &opt_out_entity,
	  .check = check_opt_out },
	{ .name = "communications.compliance_decision",
	  .select = "SELECT customer_id, communication_id, floor(extract(epoch FROM decided_at) * 1000)::bigint::text, action, "
		    "channel, "
		    "message_class, verdict, until, rules, facts, facts_hash FROM communications.compliance_decision",
	  .ids = 2,
	  .entity = &decision_entity,
	  .check = check_decision },
	{ .name = "communications.communication",
	  .select =
		  "SELECT customer_id, communication_id, version, attempt, state, channel, requested_on, not_before, release_at, "
		  "merge_key, merged_into, created_at, updated_at, updated_seq, message_class, "
		  "template_name, language, template_version, rendered_hash, contact_point_id FROM communications.communication",
	  .ids = 1,
	  .entity = &communication_entity,
	  .check = check_communication },
	{ .name = "communications.communication_debt",
	  .select = "SELECT c.customer_id, d.communication_id, d.debt_id::text, d.place::integer, d.stated_minor FROM "
		    "communications.communication_debt d "
		    "LEFT JOIN communications.communication c USING (communication_id)",
	  .ids = 2,
	  .entity = &debt_entity,
	  .check = check_communication_debt },
	{ .name = "communications.receipt",
	  .select = "SELECT c.customer_id, r.communication_id, r.version::text, r.state, r.attempt, r.provider, r.provider_ref, "
		    "r.provider_code, r.occurred_at FROM communications.receipt r "
		    "LEFT JOIN communications.communication c USING (communication_id)",
	  .ids = 2,
	  .entity = &receipt_entity,
	  .check = check_receipt },
	{ .name = "communications.outbox",
	  .select = "SELECT o.customer_id, o.communication_id, o.channel, o.state, o.send_by, o.claims, o.address_sealed, "
		    "o.subject_sealed, o.body_sealed, o.html_sealed, o.fit_until, t.due_at, o.parameters_sealed, a.claims, "
		    "p.address_hash, "
		    "c.key_salt "
		    "FROM communications.outbox o "
		    "LEFT JOIN communications.timer t ON t.kind = 1 AND t.key = o.customer_id AND t.subject = o.communication_id "
		    "LEFT JOIN (SELECT communication_id, count(*) AS claims FROM notifier.attempt "
		    "WHERE gateway <> 'notifier' OR provider_code = 'not_now' GROUP BY communication_id) a USING "
		    "(communication_id) "
		    "LEFT JOIN customers.customer c USING (customer_id) "
		    "LEFT JOIN communications.communication m USING (communication_id) "
		    "LEFT JOIN customers.contact_point p ON p.contact_point_id = m.contact_point_id",
	  .ids = 1,
	  .entity = &outbox_entity,
	  .check = check_outbox },
	{ .name = "communications.contact",
	  .select =
		  "SELECT customer_id, contact_id, channel, direction, party, outcome, message_class, consented, at, recorded_at "
		  "FROM communications.contact",
	  .ids = 1,
	  .entity = &contact_row_entity,
	  .check = check_contact },
	{ .name = "communications.contact_debt",
	  .select = "SELECT c.customer_id, d.contact_id, d.debt_id::text FROM communications.contact_debt d "
		    "LEFT JOIN communications.contact c USING (contact_id)",
	  .ids = 2,
	  .entity = &contact_debt_entity,
	  .check = check_contact_debt },
	{ .name = "communications.circumstance",
	  .select = "SELECT customer_id, circumstance_id, version, kind, debt_id, from_on, until_on, evidence_ref, recorded_at, "
		    "recorded_seq, ended_at, ended_ref FROM communications.circumstance",
	  .ids = 1,
	  .entity = &circumstance_entity,
	  .check = check_circumstance },
	{ .name = "communications.preference",
	  .select =
		  "SELECT customer_id, preference_id, blocked_places, blocked_channels, preferred_channel, valid_until, set_at, "
		  "set_seq FROM communications.preference",
	  .ids = 1,
	  .entity = &preference_row_entity,
	  .check = check_preference },
	{ .name = "communications.blocked_time",
	  .select = "SELECT p.customer_id, t.preference_id, t.place::text, t.weekdays, t.from_minute, t.to_minute FROM "
		    "communications.blocked_time t LEFT JOIN communications.preference p USING (preference_id)",
	  .ids = 2,
	  .entity = &blocked_time_entity,
	  .check = check_blocked_time },
	{ .name = "notifier.dispatch",
	  .select = "SELECT d.customer_id, d.communication_id, d.channel, d.send_by, d.attempts, a.number, "
		    "d.contact_point_id FROM notifier.dispatch d "
		    "LEFT JOIN (SELECT communication_id, count(*) AS number FROM notifier.attempt GROUP BY communication_id) a "
		    "USING (communication_id)",
	  .ids = 1,
	  .entity = &dispatch_entity,
	  .check = check_dispatch,
	  .may_lag = true },
	{ .name = "notifier.attempt",
	  .select = "SELECT customer_id, communication_id, attempt::text, gateway, outcome, provider_ref, provider_code "
		    "FROM notifier.attempt",
	  .ids = 2,
	  .entity = &attempt_entity,
	  .check = check_attempt },
};

const struct folded_module folded_communications = {
	.module = &communications_module,
	.prepare = prepare_communications,
	.note = note_communications,
	.finish = finish_communications,
	.tables = tables,
	.tables_count = COUNT(tables),
};
