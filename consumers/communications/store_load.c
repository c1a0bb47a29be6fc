#include "base/array.h"
#include "base/must.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/store.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"

static void read_text(char *chars, size_t chars_size, const struct db_result *result, int row, int column)
{
	bool fits = str_to_chars(chars, chars_size, db_str(result, row, column));

	MUST(fits);
}

static uint32_t read_bytes(void *bytes, size_t size_max, const struct db_result *result, int row, int column)
{
	struct str text = db_str(result, row, column);

	MUST(text.size <= size_max);
	if (text.size > 0)
		memcpy(bytes, text.data, text.size);
	return (uint32_t)text.size;
}

/* ---- templates ---- */

static const struct db_statement select_templates = {
	.name = "communications_select_templates",
	.sql = "SELECT u.n, t.version, t.channel, t.name, t.language FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.template t ON t.template_id = u.id",
};

static int read_template(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct template *template = slot->state;

	(void)self;
	(void)err;
	template->version = db_int32(result, row, 1);
	template->channel = channel_by_name(db_str(result, row, 2));
	read_text(template->name, sizeof(template->name), result, row, 3);
	read_text(template->language, sizeof(template->language), result, row, 4);
	return 0;
}

static const struct db_statement select_template_texts = {
	.name = "communications_select_template_texts",
	.sql = "SELECT u.n, t.template_id, v.version, v.message_class, v.subject, v.body, v.html "
	       "FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS u (name, channel, language, n) "
	       "JOIN communications.template t ON t.name = u.name AND t.channel = u.channel AND t.language = u.language "
	       "JOIN communications.template_version v ON v.template_id = t.template_id AND v.version = t.version",
};

static void ask_template_texts(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	struct str name;
	struct str language;
	enum channel channel;

	(void)self;
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		template_key_split(slots[index]->text, &name, &channel, &language);
		db_array_text(params, name);
	}
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		template_key_split(slots[index]->text, &name, &channel, &language);
		db_array_text(params, str_of(channel_name(channel)));
	}
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		template_key_split(slots[index]->text, &name, &channel, &language);
		db_array_text(params, language);
	}
}

static int read_template_text(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct template_text *text = slot->state;

	(void)self;
	(void)err;
	text->template_id = db_uuid(result, row, 1);
	text->version = db_int32(result, row, 2);
	read_text(text->message_class, sizeof(text->message_class), result, row, 3);
	text->subject_size = read_bytes(text->subject, sizeof(text->subject), result, row, 4);
	text->body_size = read_bytes(text->body, sizeof(text->body), result, row, 5);
	text->html_size = db_is_null(result, row, 6) ? 0 : read_bytes(text->html, sizeof(text->html), result, row, 6);
	return 0;
}

/* ---- recipients: three tables, one state ---- */

static const struct db_statement select_withdrawals = {
	.name = "communications_select_withdrawals",
	.sql = "SELECT u.n, w.version FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n), "
	       "LATERAL (SELECT version FROM communications.withdrawal WHERE customer_id = u.id ORDER BY version DESC LIMIT 1) w",
};

static int read_withdrawal(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	(void)self;
	(void)err;
	((struct recipient *)slot->state)->version = db_int64(result, row, 1);
	return 0;
}

static const struct db_statement select_permissions = {
	.name = "communications_select_permissions",
	.sql = "SELECT u.n, p.channel, p.purpose, p.basis, p.obtained_at, p.expires_at FROM unnest($1::uuid[]) WITH ORDINALITY "
	       "AS u (id, n) "
	       "JOIN communications.permission p ON p.customer_id = u.id",
};

static int read_permission(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct recipient *recipient = slot->state;
	enum channel channel = channel_by_name(db_str(result, row, 1));
	enum purpose purpose = purpose_by_name(db_str(result, row, 2));

	(void)self;
	(void)err;
	recipient->permissions[channel][purpose] = (struct permission){ .basis = basis_by_name(db_str(result, row, 3)),
									.obtained_at_ms = db_instant(result, row, 4) };
	if (!db_is_null(result, row, 5))
		recipient->permissions[channel][purpose].expires_at_ms = db_instant(result, row, 5);
	return 0;
}

static const struct db_statement select_opt_outs = {
	.name = "communications_select_opt_outs",
	.sql = "SELECT u.n, o.channel, o.withdrawn_at, o.told_at FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.opt_out o ON o.customer_id = u.id",
};

static int read_opt_out(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct recipient *recipient = slot->state;
	enum channel channel = channel_by_name(db_str(result, row, 1));

	(void)self;
	(void)err;
	recipient->withdrawn_at_ms[channel] = db_instant(result, row, 2);
	recipient->told_at_ms[channel] = db_is_null(result, row, 3) ? 0 : db_instant(result, row, 3);
	return 0;
}

/* ---- messages ---- */

/* First of all: an erasure takes its lock before it locks messages, too. What this batch renders is committed before it reads. */
static const struct db_statement hold_erasures = {
	.name = "communications_hold_erasures",
	.sql = "SELECT communications.hold_erasures()",
};

static void ask_nothing(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	(void)self;
	(void)params;
	(void)slots;
	(void)count;
}

/*
 * Locked until the batch is committed, in id order as in every transaction: a message that is not claimed now cannot be claimed
 * before the commit.
 */
static const struct db_statement select_queues = {
	.name = "communications_select_queues",
	.sql = "SELECT u.n, o.communication_id, o.channel, c.requested_on, o.state, o.claims, c.merge_key IS NOT NULL "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) JOIN communications.outbox o ON o.customer_id = u.id "
	       "JOIN communications.communication c ON c.communication_id = o.communication_id "
	       "WHERE o.state IN ('scheduled', 'released', 'claimed', 'waiting') ORDER BY o.communication_id FOR UPDATE OF o",
};

static int read_queued(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct queue *queue = slot->state;

	(void)self;
	(void)err;
	MUST(queue->count < QUEUE_MAX);
	queue->messages[queue->count++] = (struct queued){ .communication_id = db_uuid(result, row, 1),
							   .channel = channel_by_name(db_str(result, row, 2)),
							   .requested_on = db_date(result, row, 3),
							   .state = outbox_state_by_name(db_str(result, row, 4)),
							   .claims = db_int32(result, row, 5),
							   .is_mergeable = db_bool(result, row, 6) ? 1 : 0 };
	return 0;
}

static const struct db_statement select_communications = {
	.name = "communications_select_communications",
	.sql = "SELECT u.n, c.customer_id, c.version, c.channel, c.state, c.attempt, c.requested_on, c.not_before, c.release_at, "
	       "o.send_by, c.merge_key, c.merged_into FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.communication c ON c.communication_id = u.id "
	       "LEFT JOIN communications.outbox o ON o.communication_id = u.id",
};

static int64_t read_instant(const struct db_result *result, int row, int column)
{
	return db_is_null(result, row, column) ? 0 : db_instant(result, row, column);
}

static int read_communication(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct communication *communication = slot->state;

	(void)self;
	(void)err;
	communication->customer_id = db_uuid(result, row, 1);
	communication->version = db_int64(result, row, 2);
	communication->version_stored = communication->version;
	communication->channel = channel_by_name(db_str(result, row, 3));
	communication->state = communication_state_by_name(db_str(result, row, 4));
	communication->attempt = db_int32(result, row, 5);
	communication->requested_on = db_date(result, row, 6);
	communication->not_before_ms = read_instant(result, row, 7);
	communication->release_at_ms = read_instant(result, row, 8);
	communication->send_by_ms = read_instant(result, row, 9);
	if (!db_is_null(result, row, 10))
		communication->merge_key = db_uuid(result, row, 10);
	if (!db_is_null(result, row, 11))
		communication->merged_into = db_uuid(result, row, 11);
	MUST(communication->state != COMMUNICATION_NONE);
	return 0;
}

static const struct db_statement select_consents = {
	.name = "communications_select_consents",
	.sql = "SELECT u.n FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.consent c ON c.consent_id = u.id",
};

static int read_consent(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	(void)self;
	(void)result;
	(void)row;
	(void)err;
	((struct consent *)slot->state)->is_known = 1;
	return 0;
}

static const struct db_statement select_inbound = {
	.name = "communications_select_inbound",
	.sql = "SELECT u.n FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) WHERE EXISTS (SELECT FROM communications.inbound "
	       "i "
	       "WHERE i.inbound_id = u.id) OR EXISTS (SELECT FROM communications.unknown_inbound i WHERE i.inbound_id = u.id)",
};

static int read_inbound(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	(void)self;
	(void)result;
	(void)row;
	(void)err;
	((struct inbound *)slot->state)->is_known = 1;
	return 0;
}

/* ---- other modules ---- */

/*
 * Decrypts a text of another module's row with the person's key into `chars`; returns its size. ERR_POISON: it cannot be
 * decrypted.
 */
static int read_sealed(const struct communications_store *store, char *chars, size_t chars_size, struct str sealed,
		       const struct seal_place *place, struct str salt, struct err *err)
{
	char room[REQUEST_PARAMETERS_MAX + SEAL_OVERHEAD];
	struct opened opened;
	uint8_t key[32];
	int result;

	if (sealed.size > sizeof(room))
		return err_set(err, ERR_POISON, "sealed text is too long");
	person_key(key, store->key, salt);
	result = unseal(&opened, room, sealed, place, key, err);
	wipe(key, sizeof(key));
	if (result == 0 && opened.text.size > chars_size)
		result = err_set(err, ERR_POISON, "sealed text is too long");
	if (result == 0) {
		memcpy(chars, opened.text.data, opened.text.size);
		result = (int)opened.text.size;
	}
	wipe(room, sizeof(room));
	return result;
}

static const struct db_statement select_persons = {
	.name = "communications_select_persons",
	.sql = "SELECT u.n, p.status = 'active', p.key_salt, p.full_name_sealed, p.version, p.country, p.region, p.timezone, "
	       "p.locale FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN customers.public_person p ON p.customer_id = u.id",
};

/* Of a region only its own part is kept, MA of US-MA; one that does not fit is not known. */
static void read_place(const struct communications_store *store, struct person *person, const struct db_result *result, int row)
{
	struct str country = db_is_null(result, row, 5) ? STR("") : db_str(result, row, 5);
	struct str region = db_is_null(result, row, 6) ? STR("") : db_str(result, row, 6);
	struct str rest;

	if (region.size > 3 && region.data[2] == '-') {
		(void)str_cut(region, '-', &rest);
		region = rest;
	}
	if (!str_to_chars(person->country, sizeof(person->country), country))
		person->country[0] = '\0';
	if (!str_to_chars(person->region, sizeof(person->region), region))
		person->region[0] = '\0';
	if (!db_is_null(result, row, 7))
		person->zone = zones_find(&store->zones, db_str(result, row, 7));
	person->place_zones = zones_of_place(&store->zones, str_of(person->country), str_of(person->region));
}

static const struct db_statement select_collection = {
	.name = "communications_select_collection",
	.sql = "SELECT u.n, s.collector, s.jurisdiction FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) CROSS JOIN "
	       "engine.stack s",
};

static int read_stack(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct collection *collection = slot->state;

	(void)self;
	(void)err;
	if (!db_is_null(result, row, 1))
		collection->collector = collector_by_name(db_str(result, row, 1));
	if (!db_is_null(result, row, 2))
		read_text(collection->jurisdiction, sizeof(collection->jurisdiction), result, row, 2);
	return 0;
}

static int read_person(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct person *person = slot->state;
	struct seal_place place = { .column = &sealed_name, .row = slot->id, .owner = slot->id };
	int size;

	if (db_is_null(result, row, 2)) /* erased: there is nothing to decrypt */
		return 0;
	person->salt_size = read_bytes(person->salt, sizeof(person->salt), result, row, 2);
	place.version = db_int64(result, row, 4);
	size = read_sealed(self, person->full_name, sizeof(person->full_name), db_str(result, row, 3), &place,
			   person_salt(person), err);
	if (size < 0)
		return err_add(err, "a customer's name");
	person->full_name_size = (uint32_t)size;
	person->is_active = db_bool(result, row, 1) ? 1 : 0;
	read_text(person->language, sizeof(person->language), result, row, 8);
	read_place(self, person, result, row);
	return 0;
}

/* ---- requests of messages that wait: two queries, one state ---- */

/* Of an erased person the parameters are gone. */
static const struct db_statement select_requests = {
	.name = "communications_select_requests",
	.sql = "SELECT u.n, c.channel, c.message_class, c.template_name, c.language, o.parameters_sealed, p.key_salt, "
	       "c.customer_id "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.communication c ON c.communication_id = u.id "
	       "JOIN communications.outbox o ON o.communication_id = u.id "
	       "JOIN customers.public_person p ON p.customer_id = c.customer_id WHERE c.state = 'scheduled'",
};

static int read_request(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct request *request = slot->state;
	struct seal_place place = { .column = &sealed_message_parameters, .row = slot->id, .version = SEALED_MESSAGE_VERSION };
	int size = 0;

	request->channel = channel_by_name(db_str(result, row, 1));
	read_text(request->message_class, sizeof(request->message_class), result, row, 2);
	read_text(request->template_name, sizeof(request->template_name), result, row, 3);
	read_text(request->language, sizeof(request->language), result, row, 4);
	place.owner = db_uuid(result, row, 7);
	if (!db_is_null(result, row, 5) && !db_is_null(result, row, 6))
		size = read_sealed(self, request->parameters, sizeof(request->parameters), db_str(result, row, 5), &place,
				   db_str(result, row, 6), err);
	if (size < 0)
		return err_add(err, "a message's parameters");
	request->parameters_size = (uint32_t)size;
	return 0;
}

static const struct db_statement select_request_debts = {
	.name = "communications_select_request_debts",
	.sql = "SELECT u.n, d.debt_id FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.communication c ON c.communication_id = u.id "
	       "JOIN communications.communication_debt d ON d.communication_id = u.id WHERE c.state = 'scheduled' "
	       "ORDER BY u.n, d.place",
};

static int read_request_debt(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct request *request = slot->state;

	(void)self;
	(void)err;
	MUST(request->debt_ids_count < REQUEST_DEBTS_MAX);
	request->debt_ids[request->debt_ids_count++] = db_uuid(result, row, 1);
	return 0;
}

static const struct db_statement select_named_debts = {
	.name = "communications_select_named_debts",
	.sql = "SELECT u.n, d.debt_id FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN communications.communication_debt d ON d.communication_id = u.id ORDER BY u.n, d.place",
};

static int read_named_debt(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct named_debts *debts = slot->state;

	(void)self;
	(void)err;
	MUST(debts->count < REQUEST_DEBTS_MAX);
	debts->ids[debts->count++] = db_uuid(result, row, 1);
	return 0;
}

/* The best address of each channel: preferably not at work, then the last verified, then the newest. */
static const struct db_statement select_addresses = {
	.name = "communications_select_addresses",
	.sql = "SELECT a.n, a.channel, a.contact_point_id, a.address_sealed, a.version, o.key_salt, a.place, a.source, "
	       "o.country, a.number_checked_at "
	       "FROM ("
	       "SELECT DISTINCT ON (u.n, p.channel) u.n, p.channel, p.customer_id, p.contact_point_id, p.address_sealed, "
	       "p.version, p.place, p.source, p.number_checked_at "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN customers.public_contact_point p ON p.customer_id = u.id "
	       "WHERE p.state = 'usable' AND p.channel IN ('email', 'sms', 'letter') "
	       "ORDER BY u.n, p.channel, p.place = 'work', p.verified_at DESC NULLS LAST, p.contact_point_id DESC) a "
	       "JOIN customers.public_person o ON o.customer_id = a.customer_id WHERE o.key_salt IS NOT NULL",
};

static struct address *address_of(struct addresses *addresses, enum channel channel)
{
	switch (channel) {
	case CHANNEL_SMS:
		return &addresses->sms;
	case CHANNEL_LETTER:
		return &addresses->letter;
	default:
		return &addresses->email;
	}
}

/* From column 3 on: the sealed text, its version, the salt, the place, the source, the country, the number's look-up. */
static int read_sealed_address(struct communications_store *store, struct address *address, enum channel channel,
			       const struct uuid *id, const struct uuid *owner, const struct db_result *result, int row,
			       struct err *err)
{
	const struct seal_place place = {
		.column = &sealed_address, .row = *id, .version = db_int64(result, row, 4), .owner = *owner
	};
	int size = read_sealed(store, address->text, sizeof(address->text), db_str(result, row, 3), &place,
			       db_str(result, row, 5), err);

	if (size < 0)
		return err_add(err, "a contact point's address");
	address->contact_point_id = *id;
	address->place = contact_point_place_by_name(db_is_null(result, row, 6) ? STR("") : db_str(result, row, 6));
	address->source = contact_point_source_by_name(db_is_null(result, row, 7) ? STR("") : db_str(result, row, 7));
	address->text_size = (uint32_t)size;
	address->checked_ms = read_instant(result, row, 9);
	if (channel == CHANNEL_SMS)
		address->number_zones =
			zones_of_number(&store->zones, (struct str){ .data = address->text, .size = address->text_size },
					db_is_null(result, row, 8) ? STR("") : db_str(result, row, 8));
	return 0;
}

static int read_address(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct addresses *addresses = slot->state;
	enum channel channel = channel_by_name(db_str(result, row, 1));
	struct uuid id = db_uuid(result, row, 2);

	return read_sealed_address(self, address_of(addresses, channel), channel, &id, &slot->id, result, row, err);
}

/* ---- who wrote ---- */

static const struct db_statement select_writers = {
	.name = "communications_select_writers",
	.sql = "SELECT u.n, p.channel, p.customer_id, p.address_sealed, p.version, o.key_salt, p.place, p.source, "
	       "o.country, p.number_checked_at "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN customers.public_contact_point p ON p.contact_point_id = u.id "
	       "JOIN customers.public_person o ON o.customer_id = p.customer_id "
	       "WHERE p.state = 'usable' AND p.channel IN ('email', 'sms') AND o.key_salt IS NOT NULL",
};

static int read_writer(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct writer *writer = slot->state;

	writer->channel = channel_by_name(db_str(result, row, 1));
	writer->customer_id = db_uuid(result, row, 2);
	return read_sealed_address(self, &writer->address, (enum channel)writer->channel, &slot->id, &writer->customer_id, result,
				   row, err);
}

static const struct db_statement select_debts = {
	.name = "communications_select_debts",
	.sql = "SELECT u.n, d.customer_id, d.balance_minor, d.due_on, d.currency, d.external_ref, "
	       "d.lifecycle IN ('SETTLED', 'WRITTEN_OFF', 'TRANSFERRED', 'CANCELLED'), d.creditor_id, d.lifecycle IN ('PAID', "
	       "'SETTLED'), g.minor, d.contact_is_stopped, d.legal_is_stopped, d.demand_is_stopped "
	       "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) JOIN debts.public_debt d ON d.debt_id = u.id "
	       "CROSS JOIN LATERAL communications.credits_of(d.customer_id, d.creditor_id, d.currency) g",
};

static int read_debt(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct owed_debt *debt = slot->state;

	(void)self;
	(void)err;
	debt->customer_id = db_uuid(result, row, 1);
	debt->balance_minor = db_int64(result, row, 2);
	debt->due_on = db_date(result, row, 3);
	read_text(debt->currency, sizeof(debt->currency), result, row, 4);
	read_text(debt->external_ref, sizeof(debt->external_ref), result, row, 5);
	debt->is_closed = db_bool(result, row, 6) ? 1 : 0;
	debt->creditor_id = db_uuid(result, row, 7);
	debt->is_settled = db_bool(result, row, 8) ? 1 : 0;
	debt->credits_minor = db_int64(result, row, 9);
	debt->contact_is_stopped = db_bool(result, row, 10) ? 1 : 0;
	debt->legal_is_stopped = db_bool(result, row, 11) ? 1 : 0;
	debt->demand_is_stopped = db_bool(result, row, 12) ? 1 : 0;
	return 0;
}

static const struct slot_query queries[] = {
	{ .entity = &queue_entity, .statement = &hold_erasures, .ask = ask_nothing },
	{ .entity = &template_entity, .statement = &select_templates, .read = read_template },
	{ .entity = &template_text_entity,
	  .statement = &select_template_texts,
	  .ask = ask_template_texts,
	  .read = read_template_text },
	{ .entity = &recipient_entity, .statement = &select_withdrawals, .read = read_withdrawal },
	{ .entity = &recipient_entity, .statement = &select_permissions, .read = read_permission },
	{ .entity = &recipient_entity, .statement = &select_opt_outs, .read = read_opt_out },
	{ .entity = &queue_entity, .statement = &select_queues, .read = read_queued },
	{ .entity = &communication_entity, .statement = &select_communications, .read = read_communication },
	{ .entity = &request_entity, .statement = &select_requests, .read = read_request },
	{ .entity = &request_entity, .statement = &select_request_debts, .read = read_request_debt },
	{ .entity = &named_debts_entity, .statement = &select_named_debts, .read = read_named_debt },
	{ .entity = &consent_entity, .statement = &select_consents, .read = read_consent },
	{ .entity = &inbound_entity, .statement = &select_inbound, .read = read_inbound },
	{ .entity = &person_entity, .statement = &select_persons, .read = read_person },
	{ .entity = &addresses_entity, .statement = &select_addresses, .read = read_address },
	{ .entity = &writer_entity, .statement = &select_writers, .read = read_writer },
	{ .entity = &owed_debt_entity, .statement = &select_debts, .read = read_debt },
	{ .entity = &collection_entity, .statement = &select_collection, .read = read_stack },
};

#define QUERIES_COUNT (COUNT(queries) + FACT_QUERIES_COUNT + PROFILE_QUERIES_COUNT)
_Static_assert(QUERIES_COUNT <= SLOT_QUERIES_MAX, "the loader has room for each");

int communications_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct communications_store *store = self;
	struct slot_query all[QUERIES_COUNT];

	memcpy(all, queries, sizeof(queries));
	memcpy(all + COUNT(queries), fact_queries, sizeof(fact_queries));
	memcpy(all + COUNT(queries) + FACT_QUERIES_COUNT, profile_queries, sizeof(profile_queries));
	return slot_queries_run(&store->loader, db, all, COUNT(all), self, slots, count, err);
}
