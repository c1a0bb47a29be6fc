/*
 * Messages against their log, and the notifier's attempts against their reports (RecordDispatch). Of a message in the outbox only the
 * columns that the log determines are compared: a claim by the notifier is in no event, and its results are limited by its attempts.
 */
#include "base/must.h"
#include "consumers/communications/asked.h"
#include "crypto/crypto.h"
#include "verify_communications.h"

/* Rows that are not states: one entity for each kind. */
const struct entity noted_debt = { .name = "verify_communication_debt", .state_size = 1 };
const struct entity noted_receipt = { .name = "verify_receipt", .state_size = 1 };
const struct entity noted_outbox = { .name = "verify_outbox", .state_size = 1 };
const struct entity noted_dispatch = { .name = "verify_dispatch", .state_size = 1 };
const struct entity noted_attempt = { .name = "verify_attempt", .state_size = 1 };

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
	bool has_stated_credit;
	int64_t stated_credit_minor;
	bool is_taken_back; /* released, and then the guard is asked again: the notifier may have another send_by */
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

/* ---- notes from events ---- */

/* stated NULL: no balances were stated, with `is_known` for certain. */
static void note_debts(struct fold *fold, const struct uuid *communication_id, const struct uuid *debt_ids, size_t count,
		       const int64_t *stated, bool is_known)
{
	for (size_t i = 0; i < count; i++) {
		char debt_id[UUID_TEXT_SIZE + 1];
		struct debt_note *note;

		uuid_format(debt_id, &debt_ids[i]);
		note = fold_note_row(fold, &noted_debt, communication_id, str_of(debt_id), STR(""), sizeof(*note));
		*note = (struct debt_note){ (int32_t)i + 1, is_known, stated != NULL, stated != NULL ? stated[i] : 0 };
	}
}

void note_scheduled(struct fold *fold, const struct communication_scheduled *event, const struct logged_line *line)
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
	(void)fold_change(fold, &noted_outbox, &event->communication_id);
}

void note_rescheduled(struct fold *fold, const struct communication_rescheduled *event)
{
	struct message_note *note = fold_note(fold, &communication_entity, &event->communication_id, sizeof(*note));

	note->send_by_ms = event->send_by;
	note->is_taken_back |= note->is_released;
}

void note_released(struct fold *fold, const struct communication_released *event, const struct logged_line *line)
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
	note->has_stated_credit = event->has_stated_credit_minor;
	note->stated_credit_minor = event->stated_credit_minor;
	note_debts(fold, &event->communication_id, event->debt_ids, event->debt_ids_count,
		   event->stated_minor_count == event->debt_ids_count ? event->stated_minor : NULL,
		   event->stated_minor_count == event->debt_ids_count);
	(void)fold_change(fold, &noted_outbox, &event->communication_id);
	(void)fold_change(fold, &noted_dispatch, &event->communication_id);
}

/* One that has waited keeps what it was asked to be. */
void note_suppressed(struct fold *fold, const struct communication_suppressed *event, const struct logged_line *line)
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
void note_receipt(struct fold *fold, const struct communication_progressed *event, const struct logged_line *line)
{
	char number[24];
	struct uuid reported = uuid_derive(&event->communication_id, "dispatch", (uint64_t)event->attempt);
	struct receipt_note *note = fold_note_row(fold, &noted_receipt, &event->communication_id,
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
	attempt = fold_note_row(fold, &noted_attempt, &event->communication_id, number_text(number, event->attempt), STR(""),
				sizeof(*attempt));
	*attempt = *note;
}

void note_change(struct fold *fold, const struct uuid *communication_id, const struct logged_line *line)
{
	struct message_note *note = fold_noted(fold, &communication_entity, communication_id);

	if (note == NULL)
		return;
	note->updated_at_ms = line->row.at_ms;
	note->updated_seq = line->row.seq;
}

/* The messages that the withdrawal cancels. */
void note_taken_back(struct fold *fold, const struct consent_withdrawn *event, const struct logged_line *line)
{
	for (size_t i = 0; i < event->cancelled_count; i++)
		note_change(fold, &event->cancelled[i].communication_id, line);
}

/* ---- tables ---- */

void check_communication(struct fold *fold, struct table_row *row)
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

void check_communication_debt(struct fold *fold, struct table_row *row)
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

void check_receipt(struct fold *fold, struct table_row *row)
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

	row->column = row->stream->columns_count - 7;
	expect_int64_if(row, note->has_stated_credit, note->stated_credit_minor);
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

void check_outbox(struct fold *fold, struct table_row *row)
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
void check_dispatch(struct fold *fold, struct table_row *row)
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
void check_attempt(struct fold *fold, struct table_row *row)
{
	struct uuid communication_id = row_uuid(row, 1);
	struct uuid id = fold_id(&communication_id, row_text(row, 2), STR(""));
	const struct communication *communication = fold_state(fold, &communication_entity, &communication_id);
	const struct receipt_note *note = fold_noted(fold, &noted_attempt, &id);

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
