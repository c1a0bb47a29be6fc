#include "base/array.h"
#include "base/must.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/store.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "schemas/communications.h"

/* The rows that a batch adds, made from its events. */

#define COPY_SIZE_MAX   ((size_t)64 << 20)
#define SEALED_SIZE_MAX ((size_t)64 << 10)

static void copy_str_or_null(struct db_copy *copy, bool is_given, struct str text)
{
	if (is_given)
		db_copy_str(copy, text);
	else
		db_copy_null(copy);
}

/* ---- rows without a state ---- */

static const struct db_table table_template_versions = {
	.name = "communications.template_version",
	.columns = "template_id uuid, version integer, message_class text, subject text, body text, "
		   "html text, published_at timestamptz",
};

static void copy_template_version(struct db_copy *copy, const struct logged_event *logged)
{
	const struct template_published *event = logged->event->body;
	const struct publish_template *command = logged->event->command->body;

	db_copy_row(copy);
	db_copy_uuid(copy, &event->template_id);
	db_copy_int32(copy, event->version);
	db_copy_str(copy, event->message_class);
	db_copy_str(copy, command->subject);
	db_copy_str(copy, command->body);
	copy_str_or_null(copy, command->has_html && command->html.size > 0, command->html);
	db_copy_instant(copy, logged->at_ms);
}

static const struct db_table table_consents = {
	.name = "communications.consent",
	.columns = "consent_id uuid, customer_id uuid, channel text, purpose text, basis text, evidence_ref text, "
		   "obtained_at timestamptz, recorded_at timestamptz, expires_at timestamptz",
};

static void copy_consent(struct db_copy *copy, const struct logged_event *logged)
{
	const struct consent_granted *event = logged->event->body;

	db_copy_row(copy);
	db_copy_uuid(copy, &event->consent_id);
	db_copy_uuid(copy, &event->customer_id);
	db_copy_str(copy, event->channel);
	db_copy_str(copy, event->purpose);
	db_copy_str(copy, event->basis);
	db_copy_str(copy, event->evidence_ref);
	db_copy_instant(copy, event->obtained_at);
	db_copy_instant(copy, logged->at_ms);
	if (event->has_expires_at)
		db_copy_instant(copy, event->expires_at);
	else
		db_copy_null(copy);
}

static const struct db_table table_withdrawals = {
	.name = "communications.withdrawal",
	.columns = "customer_id uuid, version bigint, channel text, via text, keyword text, withdrawn_at timestamptz, "
		   "recorded_at timestamptz",
};

static void copy_withdrawal(struct db_copy *copy, const struct logged_event *logged)
{
	const struct consent_withdrawn *event = logged->event->body;

	db_copy_row(copy);
	db_copy_uuid(copy, &event->customer_id);
	db_copy_int64(copy, event->version);
	copy_str_or_null(copy, event->has_channel, event->channel);
	db_copy_str(copy, event->via);
	copy_str_or_null(copy, event->has_keyword, event->keyword);
	db_copy_instant(copy, event->withdrawn_at);
	db_copy_instant(copy, logged->at_ms);
}

static const struct db_table table_decisions = {
	.name = "communications.compliance_decision",
	.columns = "communication_id uuid, customer_id uuid, decided_at timestamptz, action text, channel text, "
		   "message_class text, verdict text, until timestamptz, rules text, facts text, facts_hash bytea",
};
#define RULES_TEXT_MAX 1024

static void copy_decision(struct db_copy *copy, const struct logged_event *logged)
{
	const struct compliance_decided *event = logged->event->body;
	const struct facts *facts = logged->event->confidential;
	char rules[RULES_TEXT_MAX];
	size_t size = 0;

	MUST(facts != NULL);
	for (size_t index = 0; index < event->rules_count; index++) {
		MUST(size + 1 + event->rules[index].size <= sizeof(rules));
		if (index > 0)
			rules[size++] = ' ';
		memcpy(rules + size, event->rules[index].data, event->rules[index].size);
		size += event->rules[index].size;
	}
	db_copy_row(copy);
	db_copy_uuid(copy, &event->communication_id);
	db_copy_uuid(copy, &event->customer_id);
	db_copy_instant(copy, logged->at_ms);
	db_copy_str(copy, event->action);
	db_copy_str(copy, event->channel);
	db_copy_str(copy, event->message_class);
	db_copy_str(copy, event->verdict);
	if (event->has_until)
		db_copy_instant(copy, event->until);
	else
		db_copy_null(copy);
	db_copy_str(copy, (struct str){ .data = rules, .size = size });
	db_copy_str(copy, facts->text);
	db_copy_str(copy, event->facts_hash);
}

static const struct db_table table_receipts = {
	.name = "communications.receipt",
	.columns = "communication_id uuid, version bigint, state text, attempt integer, provider text, "
		   "provider_ref text, provider_code text, occurred_at timestamptz",
};

static void copy_receipt(struct db_copy *copy, const struct communication_progressed *event)
{
	db_copy_row(copy);
	db_copy_uuid(copy, &event->communication_id);
	db_copy_int64(copy, event->version);
	db_copy_str(copy, event->state);
	db_copy_int32(copy, event->attempt);
	db_copy_str(copy, event->provider);
	copy_str_or_null(copy, event->has_provider_ref, event->provider_ref);
	copy_str_or_null(copy, event->has_provider_code, event->provider_code);
	db_copy_instant(copy, event->occurred_at);
}

/* ---- messages from persons ---- */

static const struct db_table table_inbound = {
	.name = "communications.inbound",
	.columns = "inbound_id uuid, customer_id uuid, contact_point_id uuid, channel text, intent text, keyword text, provider "
		   "text, "
		   "provider_ref text, received_at timestamptz, created_at timestamptz, text_sealed bytea",
};

static const struct db_table table_unknown_inbound = {
	.name = "communications.unknown_inbound",
	.columns = "inbound_id uuid, channel text, intent text, keyword text, provider text, provider_ref text, "
		   "received_at timestamptz, created_at timestamptz, key_salt bytea, sender_sealed bytea, text_sealed bytea",
};

/* At the end of a row. */
static void copy_sealed_text(struct communications_store *store, struct db_copy *copy, struct str text,
			     const struct seal_place *place, const uint8_t key[32])
{
	buf_reset(&store->sealed);
	db_copy_str(copy, seal_add(&store->sealed, text, place, key));
}

static void copy_inbound(struct communications_store *store, const struct workset *set, const struct logged_event *logged)
{
	const struct inbound_received *event = logged->event->body;
	const struct record_inbound *command = logged->event->command->body;
	const struct person *person = workset_state(set, &person_entity, &event->customer_id);
	const struct seal_place place = { &sealed_inbound_text, event->inbound_id, SEALED_MESSAGE_VERSION, event->customer_id };
	struct db_copy *copy = &store->inbound;
	uint8_t key[32];

	db_copy_row(copy);
	db_copy_uuid(copy, &event->inbound_id);
	db_copy_uuid(copy, &event->customer_id);
	if (event->has_contact_point_id)
		db_copy_uuid(copy, &event->contact_point_id);
	else
		db_copy_null(copy);
	db_copy_str(copy, event->channel);
	db_copy_str(copy, event->intent);
	copy_str_or_null(copy, event->has_keyword, event->keyword);
	db_copy_str(copy, event->provider);
	copy_str_or_null(copy, event->has_provider_ref, event->provider_ref);
	db_copy_instant(copy, event->received_at);
	db_copy_instant(copy, logged->at_ms);
	if (event->text_hash.size == 0) { /* erased: there is no key */
		db_copy_null(copy);
		return;
	}
	MUST(person != NULL);
	person_key(key, store->key, person_salt(person));
	copy_sealed_text(store, copy, command->text, &place, key);
	wipe(key, sizeof(key));
}

/* Nobody's key: a salt of the row's own, so that whoever deletes it has deleted sender and text. */
static void copy_unknown_inbound(struct communications_store *store, const struct logged_event *logged)
{
	const struct unknown_inbound_received *event = logged->event->body;
	const struct record_unknown_inbound *command = logged->event->command->body;
	struct seal_place place = { &sealed_unknown_sender, event->inbound_id, SEALED_MESSAGE_VERSION, event->inbound_id };
	struct db_copy *copy = &store->unknown_inbound;
	uint8_t salt[SALT_SIZE], key[32];
	const struct str salt_text = { .data = (const char *)salt, .size = sizeof(salt) };

	random_bytes(salt, sizeof(salt));
	db_copy_row(copy);
	db_copy_uuid(copy, &event->inbound_id);
	db_copy_str(copy, event->channel);
	db_copy_str(copy, event->intent);
	copy_str_or_null(copy, event->has_keyword, event->keyword);
	db_copy_str(copy, event->provider);
	copy_str_or_null(copy, event->has_provider_ref, event->provider_ref);
	db_copy_instant(copy, event->received_at);
	db_copy_instant(copy, logged->at_ms);
	db_copy_str(copy, salt_text);
	person_key(key, store->key, salt_text);
	copy_sealed_text(store, copy, command->sender, &place, key);
	place.column = &sealed_unknown_text;
	copy_sealed_text(store, copy, command->text, &place, key);
	wipe(key, sizeof(key));
}

/* ---- new messages ---- */

static const struct db_table table_communications = {
	.name = "communications.communication",
	.columns = "communication_id uuid, customer_id uuid, version bigint, attempt integer, state text, channel text, "
		   "requested_on date, message_class text, template_name text, template_version integer, language text, "
		   "contact_point_id uuid, rendered_hash bytea, not_before timestamptz, release_at timestamptz, "
		   "created_at timestamptz, updated_at timestamptz, updated_seq bigint, merge_key uuid, merged_into uuid",
};

static const struct db_table table_debts = {
	.name = "communications.communication_debt",
	.columns = "communication_id uuid, debt_id uuid, place smallint, stated_minor bigint",
};

static const struct db_table table_outbox = {
	.name = "communications.outbox",
	.columns = "communication_id uuid, customer_id uuid, channel text, state text, send_by timestamptz, "
		   "address_sealed bytea, subject_sealed bytea, body_sealed bytea, html_sealed bytea, fit_until timestamptz, "
		   "parameters_sealed bytea, stated_credit_minor bigint",
};

static void copy_communication_head(struct db_copy *copy, const struct uuid *communication_id,
				    const struct communication *communication)
{
	db_copy_row(copy);
	db_copy_uuid(copy, communication_id);
	db_copy_uuid(copy, &communication->customer_id);
	db_copy_int64(copy, communication->version);
	db_copy_int32(copy, communication->attempt);
	db_copy_str(copy, str_of(communication_state_name(communication->state)));
	db_copy_str(copy, str_of(channel_name(communication->channel)));
	db_copy_date(copy, communication->requested_on);
}

/* Copies the debts of a message, with the balances stated in its text; `set` NULL: there is no text. */
static void copy_debt_ids(struct db_copy *copy, const struct workset *set, const struct uuid *communication_id,
			  const struct uuid *debt_ids, size_t count)
{
	for (size_t index = 0; index < count; index++) {
		const struct owed_debt *debt = set == NULL ? NULL : workset_state(set, &owed_debt_entity, &debt_ids[index]);

		db_copy_row(copy);
		db_copy_uuid(copy, communication_id);
		db_copy_uuid(copy, &debt_ids[index]);
		db_copy_int16(copy, (int16_t)(index + 1));
		if (debt == NULL)
			db_copy_null(copy);
		else
			db_copy_int64(copy, debt->balance_minor);
	}
}

static void copy_instant_or_null(struct db_copy *copy, int64_t at_ms)
{
	if (at_ms == 0)
		db_copy_null(copy);
	else
		db_copy_instant(copy, at_ms);
}

/* The times of creation and of the last change, and the number of the last event. */
static void copy_dates(struct db_copy *copy, const struct event *event, const struct slot *slot)
{
	db_copy_instant(copy, event->command->now_ms);
	db_copy_instant(copy, slot->changed_at_ms);
	db_copy_int64(copy, slot->changed_seq);
}

static void copy_uuid_or_null(struct db_copy *copy, const struct uuid *id)
{
	if (uuid_is_none(id))
		db_copy_null(copy);
	else
		db_copy_uuid(copy, id);
}

/* The end of a row. */
static void copy_merge(struct db_copy *copy, const struct communication *communication)
{
	copy_uuid_or_null(copy, &communication->merge_key);
	copy_uuid_or_null(copy, &communication->merged_into);
}

static void copy_outbox_head(struct db_copy *copy, const struct uuid *communication_id, const struct communication *communication)
{
	db_copy_row(copy);
	db_copy_uuid(copy, communication_id);
	db_copy_uuid(copy, &communication->customer_id);
	db_copy_str(copy, str_of(channel_name(communication->channel)));
	db_copy_str(copy, str_of(outbox_state_name(outbox_state_of(communication->state))));
	db_copy_instant(copy, communication->send_by_ms);
}

/* Without a text yet. */
static void copy_scheduled(struct communications_store *store, const struct workset *set, const struct event *event)
{
	const struct communication_scheduled *scheduled = event->body;
	const struct parameters *parameters = event->confidential;
	const struct slot *slot = workset_changed(set, &communication_entity, &scheduled->communication_id);
	const struct communication *communication = slot->state;
	struct db_copy *copy = &store->communications;
	struct message_seal seal;

	MUST(parameters != NULL);
	copy_communication_head(copy, &scheduled->communication_id, communication);
	db_copy_str(copy, scheduled->message_class);
	db_copy_str(copy, scheduled->template_name);
	db_copy_null(copy);
	db_copy_str(copy, scheduled->language);
	db_copy_null(copy);
	db_copy_null(copy);
	copy_instant_or_null(copy, communication->not_before_ms);
	copy_instant_or_null(copy, communication->release_at_ms);
	copy_dates(copy, event, slot);
	copy_merge(copy, communication);
	copy_debt_ids(&store->debts, NULL, &scheduled->communication_id, scheduled->debt_ids, scheduled->debt_ids_count);

	copy = &store->outbox;
	copy_outbox_head(copy, &scheduled->communication_id, communication);
	for (int text = 0; text < 3; text++)
		db_copy_str(copy, STR(""));
	db_copy_null(copy);
	db_copy_null(copy);
	if (!communication_may_be_asked_again((enum communication_state)communication->state)) { /* it ended in the batch */
		db_copy_null(copy);
		db_copy_null(copy);
		return;
	}
	message_seal_begin(&seal, store, set, &scheduled->communication_id, &scheduled->customer_id);
	db_copy_str(copy, message_seal(&seal, store, &sealed_message_parameters, parameters->text));
	db_copy_null(copy);
	message_seal_end(&seal);
}

static void copy_released(struct communications_store *store, const struct workset *set, const struct event *event)
{
	const struct communication_released *released = event->body;
	const struct rendered *rendered = event->confidential;
	const struct slot *slot = workset_changed(set, &communication_entity, &released->communication_id);
	const struct communication *communication = slot->state;
	struct db_copy *copy = &store->communications;
	struct message_seal seal;

	MUST(rendered != NULL);
	copy_communication_head(copy, &released->communication_id, communication);
	db_copy_str(copy, released->message_class);
	db_copy_str(copy, released->template_name);
	db_copy_int32(copy, released->template_version);
	db_copy_str(copy, released->language);
	db_copy_uuid(copy, &rendered->contact_point_id);
	db_copy_str(copy, released->rendered_hash);
	copy_instant_or_null(copy, communication->not_before_ms);
	db_copy_null(copy);
	copy_dates(copy, event, slot);
	copy_merge(copy, communication);
	copy_debt_ids(&store->debts, set, &released->communication_id, released->debt_ids, released->debt_ids_count);

	copy = &store->outbox;
	copy_outbox_head(copy, &released->communication_id, communication);
	message_seal_begin(&seal, store, set, &released->communication_id, &released->customer_id);
	db_copy_str(copy, message_seal(&seal, store, &sealed_message_address, rendered->address));
	db_copy_str(copy, message_seal(&seal, store, &sealed_message_subject, rendered->subject));
	db_copy_str(copy, message_seal(&seal, store, &sealed_message_body, rendered->body));
	if (rendered->html.size > 0)
		db_copy_str(copy, message_seal(&seal, store, &sealed_message_html, rendered->html));
	else
		db_copy_null(copy);
	copy_instant_or_null(copy, released->has_fit_until ? released->fit_until : 0);
	if (rendered->parameters.size > 0 && communication_may_be_asked_again((enum communication_state)communication->state))
		db_copy_str(copy, message_seal(&seal, store, &sealed_message_parameters, rendered->parameters));
	else
		db_copy_null(copy);
	if (released->has_stated_credit_minor)
		db_copy_int64(copy, released->stated_credit_minor);
	else
		db_copy_null(copy);
	message_seal_end(&seal);
}

static void copy_suppressed(struct communications_store *store, const struct workset *set, const struct event *event)
{
	const struct communication_suppressed *suppressed = event->body;
	const struct slot *slot = workset_changed(set, &communication_entity, &suppressed->communication_id);
	struct db_copy *copy = &store->communications;

	copy_communication_head(copy, &suppressed->communication_id, slot->state);
	db_copy_str(copy, suppressed->message_class);
	db_copy_str(copy, suppressed->template_name);
	db_copy_null(copy);
	db_copy_str(copy, suppressed->language);
	for (int column = 0; column < 4; column++)
		db_copy_null(copy);
	copy_dates(copy, event, slot);
	copy_merge(copy, slot->state);
	copy_debt_ids(&store->debts, NULL, &suppressed->communication_id, suppressed->debt_ids, suppressed->debt_ids_count);
}

/* A message that has waited has its rows: store.c changes them. */
static void copy_event(struct communications_store *store, const struct workset *set, const struct logged_event *logged)
{
	const struct event *event = logged->event;

	switch (communications_event(event->type)) {
	case EVENT_COMMUNICATION_SCHEDULED:
		if (((const struct communication_scheduled *)event->body)->version == 1)
			copy_scheduled(store, set, event);
		return;
	case EVENT_COMMUNICATION_RELEASED:
		if (((const struct communication_released *)event->body)->version == 1)
			copy_released(store, set, event);
		return;
	case EVENT_COMMUNICATION_SUPPRESSED:
		if (((const struct communication_suppressed *)event->body)->version == 1)
			copy_suppressed(store, set, event);
		return;
	case EVENT_COMPLIANCE_DECIDED:
		copy_decision(&store->decisions, logged);
		return;
	case EVENT_COMMUNICATION_PROGRESSED:
		copy_receipt(&store->receipts, event->body);
		return;
	case EVENT_CONSENT_GRANTED:
		copy_consent(&store->consents, logged);
		return;
	case EVENT_CONSENT_WITHDRAWN:
		copy_withdrawal(&store->withdrawals, logged);
		return;
	case EVENT_INBOUND_RECEIVED:
		copy_inbound(store, set, logged);
		return;
	case EVENT_UNKNOWN_INBOUND_RECEIVED:
		copy_unknown_inbound(store, logged);
		return;
	case EVENT_TEMPLATE_PUBLISHED:
		copy_template_version(&store->template_versions, logged);
		return;
	case EVENT_PROFILE_PUBLISHED:
		copy_profile_version(store, logged);
		return;
	case EVENT_CONTACT_RECORDED:
		copy_contact(store, logged);
		return;
	case EVENT_CIRCUMSTANCE_RECORDED:
		copy_circumstance(store, logged);
		return;
	case EVENT_PREFERENCE_SET:
		copy_preference(store, logged);
		return;
	case EVENT_CIRCUMSTANCE_ENDED:
	case EVENT_COMMUNICATION_RESCHEDULED:
	case EVENT_COMMUNICATION_MERGED:
	case EVENT_COMMUNICATION_CANCELLED: /* updates rows, adds none */
	case EVENT_RECEIPT_IGNORED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

/* Every table that only gets new rows. */
struct copied_table {
	const struct db_table *table;
	size_t copy_offset; /* of the db_copy in the store */
};

static const struct copied_table copied_tables[] = {
	{ &table_template_versions, offsetof(struct communications_store, template_versions) },
	{ &table_profile_versions, offsetof(struct communications_store, profile_versions) },
	{ &table_consents, offsetof(struct communications_store, consents) },
	{ &table_withdrawals, offsetof(struct communications_store, withdrawals) },
	{ &table_decisions, offsetof(struct communications_store, decisions) },
	{ &table_communications, offsetof(struct communications_store, communications) },
	{ &table_debts, offsetof(struct communications_store, debts) },
	{ &table_receipts, offsetof(struct communications_store, receipts) },
	{ &table_outbox, offsetof(struct communications_store, outbox) },
	{ &table_contacts, offsetof(struct communications_store, contacts) },
	{ &table_contact_debts, offsetof(struct communications_store, contact_debts) },
	{ &table_circumstances, offsetof(struct communications_store, circumstances) },
	{ &table_preferences, offsetof(struct communications_store, preferences) },
	{ &table_blocked_times, offsetof(struct communications_store, blocked_times) },
	{ &table_inbound, offsetof(struct communications_store, inbound) },
	{ &table_unknown_inbound, offsetof(struct communications_store, unknown_inbound) },
};
#define COPIED_TABLES_COUNT COUNT(copied_tables)

static struct db_copy *copy_of(struct communications_store *store, const struct copied_table *table)
{
	return (struct db_copy *)(void *)((char *)store + table->copy_offset);
}

int communications_insert(struct communications_store *store, struct db *db, const struct workset *set,
			  const struct logged_event *events, size_t events_count, struct err *err)
{
	for (size_t index = 0; index < COPIED_TABLES_COUNT; index++)
		db_copy_reset(copy_of(store, &copied_tables[index]));
	for (size_t index = 0; index < events_count; index++)
		copy_event(store, set, &events[index]);
	for (size_t index = 0; index < COPIED_TABLES_COUNT; index++) {
		if (db_write_copy(db, copy_of(store, &copied_tables[index]), err) < 0)
			return -1;
	}
	return communications_end_circumstances(store, db, events, events_count, err);
}

void communications_insert_init(struct communications_store *store)
{
	buf_init(&store->sealed, SEALED_SIZE_MAX);
	for (size_t index = 0; index < COPIED_TABLES_COUNT; index++)
		db_copy_init(copy_of(store, &copied_tables[index]), copied_tables[index].table, COPY_SIZE_MAX);
}
