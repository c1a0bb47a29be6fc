/* What a person permits, forbids and says, and what was told of the person, against the log of communications. */
#include "base/must.h"
#include "crypto/crypto.h"
#include "verify_communications.h"

/* Rows that are not states: one entity for each kind. */
const struct entity noted_consent = { .name = "verify_consent", .state_size = 1 };
const struct entity noted_withdrawal = { .name = "verify_withdrawal", .state_size = 1 };
const struct entity noted_inbound = { .name = "verify_inbound", .state_size = 1 };
const struct entity noted_unknown_inbound = { .name = "verify_unknown_inbound", .state_size = 1 };
const struct entity noted_permission = { .name = "verify_permission", .state_size = 1 };
const struct entity noted_opt_out = { .name = "verify_opt_out", .state_size = 1 };
const struct entity noted_contact = { .name = "verify_contact", .state_size = 1 };
const struct entity noted_contact_debt = { .name = "verify_contact_debt", .state_size = 1 };
const struct entity noted_preference = { .name = "verify_preference", .state_size = 1 };
const struct entity noted_blocked_time = { .name = "verify_blocked_time", .state_size = 1 };
static const struct entity noted_offsets = { .name = "verify_offsets", .state_size = 1 };

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

struct contact_note {
	struct uuid customer_id;
	struct str channel, direction, party, outcome, message_class;
	bool has_message_class, consented;
	int64_t at_ms, recorded_at_ms;
};

/* Beside the state of a circumstance. */
struct circumstance_note {
	struct uuid debt_id, payment_id; /* nil: none */
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

/* ---- notes from events ---- */

/* The consent waited, and a later withdrawal was handled before it. */
void prepare_consent(struct fold *fold, struct command *command, const struct consent_granted *event,
		     const struct logged_line *line)
{
	enum channel channel = channel_by_name(event->channel);
	const struct offsets_note *offsets = fold_noted(fold, &noted_offsets, &event->customer_id);

	if (event->has_received_at)
		command->received_ms = event->received_at;
	else if (offsets != NULL && line->command_offset < offsets->withdrawn_offset[channel] - 1 &&
		 offsets->told_at_ms[channel] < command->now_ms)
		command->received_ms = offsets->told_at_ms[channel];
}

void prepare_withdrawal(struct command *command, const struct consent_withdrawn *event)
{
	if (event->has_received_at)
		command->received_ms = event->received_at;
}

void note_consent(struct fold *fold, const struct consent_granted *event, const struct logged_line *line)
{
	struct consent_note *note = fold_note(fold, &noted_consent, &event->consent_id, sizeof(*note));

	note->customer_id = event->customer_id;
	note->channel = fold_copy(fold, event->channel);
	note->purpose = fold_copy(fold, event->purpose);
	note->basis = fold_copy(fold, event->basis);
	note->evidence_ref = fold_copy(fold, event->evidence_ref);
	note->obtained_at_ms = event->obtained_at;
	note->expires_at_ms = event->has_expires_at ? event->expires_at : 0;
	note->recorded_at_ms = line->row.at_ms;
}

void note_withdrawal(struct fold *fold, const struct consent_withdrawn *event, const struct command *command,
		     const struct logged_line *line)
{
	char number[24];
	struct withdrawal_note *note = fold_note_row(fold, &noted_withdrawal, &event->customer_id,
						     number_text(number, event->version), STR(""), sizeof(*note));
	struct offsets_note *offsets = fold_note(fold, &noted_offsets, &event->customer_id, sizeof(*offsets));
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

void note_inbound(struct fold *fold, const struct inbound_received *event, const struct logged_line *line)
{
	struct inbound_note *note = fold_note(fold, &noted_inbound, &event->inbound_id, sizeof(*note));

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

void note_unknown_inbound(struct fold *fold, const struct unknown_inbound_received *event, const struct logged_line *line)
{
	struct inbound_note *note = fold_note(fold, &noted_unknown_inbound, &event->inbound_id, sizeof(*note));

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

void note_contact(struct fold *fold, const struct contact_recorded *event, const struct logged_line *line)
{
	struct contact_note *note = fold_note(fold, &noted_contact, &event->contact_id, sizeof(*note));
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
		(void)fold_note_row(fold, &noted_contact_debt, &event->contact_id, str_of(debt_id), STR(""), 0);
	}
}

void note_circumstance(struct fold *fold, const struct circumstance_recorded *event, const struct logged_line *line)
{
	struct circumstance_note *note = fold_note(fold, &circumstance_entity, &event->circumstance_id, sizeof(*note));

	note->debt_id = event->debt_id;
	note->payment_id = event->payment_id;
	note->from_on = event->from_on;
	note->has_until_on = event->has_until_on;
	note->until_on = event->until_on;
	note->evidence_ref = fold_copy(fold, event->evidence_ref);
	note->recorded_at_ms = line->row.at_ms;
	note->recorded_seq = line->row.seq;
}

void note_circumstance_end(struct fold *fold, const struct circumstance_ended *event, const struct logged_line *line)
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

void note_preference(struct fold *fold, const struct preference_set *event, const struct logged_line *line)
{
	struct preference_note *note = fold_note(fold, &noted_preference, &event->preference_id, sizeof(*note));
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
		struct blocked_time_note *row = fold_note_row(fold, &noted_blocked_time, &event->preference_id,
							      number_text(number, (int64_t)i), STR(""), sizeof(*row));

		*row = (struct blocked_time_note){ fold_copy(fold, time->weekdays), time->from_minute, time->to_minute };
	}
}

/* A recipient's state consists of rows of two tables. */
void note_recipient(struct fold *fold, const struct uuid *id, const struct recipient *recipient)
{
	for (unsigned channel = 0; channel < CHANNEL_COUNT; channel++) {
		struct str channel_text = str_of(channel_name((enum channel)channel));

		for (unsigned purpose = 0; purpose < PURPOSE_COUNT; purpose++) {
			const struct permission *permission = &recipient->permissions[channel][purpose];
			struct permission_note *note;

			if (permission->obtained_at_ms == 0)
				continue;
			note = fold_note_row(fold, &noted_permission, id, channel_text,
					     str_of(purpose_name((enum purpose)purpose)), sizeof(*note));
			*note = (struct permission_note){ permission->basis, permission->obtained_at_ms,
							  permission->expires_at_ms };
		}
		if (recipient->withdrawn_at_ms[channel] != 0) {
			struct opt_out_note *note = fold_note_row(fold, &noted_opt_out, id, channel_text, STR(""), sizeof(*note));

			*note = (struct opt_out_note){ recipient->withdrawn_at_ms[channel], recipient->told_at_ms[channel] };
		}
	}
}

/* ---- tables ---- */

void check_consent(struct fold *fold, struct table_row *row)
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

void check_withdrawal(struct fold *fold, struct table_row *row)
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

void check_inbound(struct fold *fold, struct table_row *row)
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
void check_unknown_inbound(struct fold *fold, struct table_row *row)
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

void check_permission(struct fold *fold, struct table_row *row)
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

void check_opt_out(struct fold *fold, struct table_row *row)
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

void check_contact(struct fold *fold, struct table_row *row)
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

void check_contact_debt(struct fold *fold, struct table_row *row)
{
	struct uuid contact_id = row_uuid(row, 1);
	struct uuid id = fold_id(&contact_id, row_text(row, 2), STR(""));

	(void)row_state(fold, row, &id);
}

void check_circumstance(struct fold *fold, struct table_row *row)
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
	expect_uuid_or_null(row, &note->payment_id);
}

void check_preference(struct fold *fold, struct table_row *row)
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

void check_blocked_time(struct fold *fold, struct table_row *row)
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
