#include "consumers/communications/store.h"

#include <stdlib.h>

#include "base/must.h"
#include "consumers/communications/communications.h"
#include "crypto/crypto.h"
#include "schemas/communications.h"

/*
 * One batch's writes. What is only ever added (versions of templates, consents, withdrawals, verdicts, receipts) is copied from
 * the events; what changes is written as it is at the end of the batch.
 */

#define COPY_SIZE_MAX   ((size_t)64 << 20)
#define PARAMS_SIZE_MAX ((size_t)64 << 20)
#define LIST_SIZE_MAX   ((size_t)64 << 20)
#define SEALED_SIZE_MAX ((size_t)64 << 10)

static struct str sealed(struct communications_store *store, struct str text, const struct uuid *customer_id)
{
	unsigned char *room;

	buf_reset(&store->sealed);
	room = buf_reserve(&store->sealed, text.size + SEAL_OVERHEAD);
	MUST(room != NULL);
	seal(room, text, customer_id, store->key);
	store->sealed.size += text.size + SEAL_OVERHEAD;
	return buf_str(&store->sealed);
}

static const void *state_of(const struct workset *set, const struct entity *entity, const struct uuid *id)
{
	struct slot *slot = workset_find(set, entity, id);

	MUST(slot != NULL);
	MUST(slot->changed);
	return slot->state;
}

static void copy_str_or_null(struct db_copy *copy, bool is_given, struct str text)
{
	if (is_given)
		db_copy_str(copy, text);
	else
		db_copy_null(copy);
}

/* ---- rows that are only added ---- */

static const char copy_template_versions[] =
	"COPY communications.template_version (template_id, version, message_class, subject, body, published_at) "
	"FROM STDIN (FORMAT binary)";
#define TEMPLATE_VERSION_COLUMNS 6

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
	db_copy_instant(copy, logged->at_ms);
}

static const char copy_consents[] =
	"COPY communications.consent (consent_id, customer_id, channel, purpose, basis, evidence_ref, obtained_at) "
	"FROM STDIN (FORMAT binary)";
#define CONSENT_COLUMNS 7

static void copy_consent(struct db_copy *copy, const struct consent_granted *event)
{
	db_copy_row(copy);
	db_copy_uuid(copy, &event->consent_id);
	db_copy_uuid(copy, &event->customer_id);
	db_copy_str(copy, event->channel);
	db_copy_str(copy, event->purpose);
	db_copy_str(copy, event->basis);
	db_copy_str(copy, event->evidence_ref);
	db_copy_instant(copy, event->obtained_at);
}

static const char copy_withdrawals[] =
	"COPY communications.withdrawal (customer_id, version, channel, via, keyword, withdrawn_at) FROM STDIN (FORMAT binary)";
#define WITHDRAWAL_COLUMNS 6

static void copy_withdrawal(struct db_copy *copy, const struct consent_withdrawn *event)
{
	db_copy_row(copy);
	db_copy_uuid(copy, &event->customer_id);
	db_copy_int64(copy, event->version);
	copy_str_or_null(copy, event->has_channel, event->channel);
	db_copy_str(copy, event->via);
	copy_str_or_null(copy, event->has_keyword, event->keyword);
	db_copy_instant(copy, event->withdrawn_at);
}

static const char copy_decisions[] = "COPY communications.compliance_decision (communication_id, customer_id, decided_at, "
				     "action, channel, message_class, verdict, "
				     "until, rules, facts, facts_hash) FROM STDIN (FORMAT binary)";
#define DECISION_COLUMNS 11
#define RULES_TEXT_MAX   1024

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

static const char copy_receipts[] = "COPY communications.receipt (communication_id, version, state, attempt, provider, "
				    "provider_ref, provider_code, occurred_at) "
				    "FROM STDIN (FORMAT binary)";
#define RECEIPT_COLUMNS 8

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

/* ---- new messages ---- */

static const char copy_communications[] =
	"COPY communications.communication (communication_id, customer_id, version, attempt, state, channel, requested_on, "
	"message_class, template_name, template_version, language, contact_point_id, rendered_hash) FROM STDIN (FORMAT binary)";
#define COMMUNICATION_COLUMNS 13

static const char copy_debts[] = "COPY communications.communication_debt (communication_id, debt_id) FROM STDIN (FORMAT binary)";
#define DEBT_COLUMNS 2

static const char copy_outbox[] =
	"COPY communications.outbox (communication_id, customer_id, channel, state, send_by, address_sealed, "
	"subject_sealed, body_sealed) FROM STDIN (FORMAT binary)";
#define OUTBOX_COLUMNS 8

static const char *outbox_state(enum communication_state state)
{
	switch (state) {
	case COMMUNICATION_RELEASED:
		return "released";
	case COMMUNICATION_RETRY_WAIT:
		return "waiting";
	case COMMUNICATION_CANCELLED:
		return "cancelled";
	case COMMUNICATION_UNKNOWN:
	case COMMUNICATION_SUBMITTED:
	case COMMUNICATION_FAILED:
	case COMMUNICATION_EXPIRED:
	case COMMUNICATION_REJECTED:
	case COMMUNICATION_DELIVERED:
		return "done";
	case COMMUNICATION_NONE:
	case COMMUNICATION_SUPPRESSED:
	case COMMUNICATION_STATE_COUNT:
		break;
	}
	MUST_NOT_REACH("a message that was never released");
}

static void copy_communication_head(struct db_copy *copy, const struct uuid *communication_id,
				    const struct communication *communication)
{
	db_copy_row(copy);
	db_copy_uuid(copy, communication_id);
	db_copy_uuid(copy, &communication->customer_id);
	db_copy_int64(copy, communication->version);
	db_copy_int32(copy, communication->attempt);
	db_copy_str(copy, str_of(communication_state_name(communication->state)));
	db_copy_str(copy, str_of(message_channel_name(communication->channel)));
	db_copy_date(copy, communication->requested_on);
}

/* The same debt named twice is one row. */
static bool is_repeated(const struct uuid *ids, size_t index)
{
	for (size_t earlier = 0; earlier < index; earlier++) {
		if (uuid_equal(&ids[earlier], &ids[index]))
			return true;
	}
	return false;
}

static void copy_debt_ids(struct db_copy *copy, const struct uuid *communication_id, const struct uuid *debt_ids, size_t count)
{
	for (size_t index = 0; index < count; index++) {
		if (is_repeated(debt_ids, index))
			continue;
		db_copy_row(copy);
		db_copy_uuid(copy, communication_id);
		db_copy_uuid(copy, &debt_ids[index]);
	}
}

static void copy_released(struct communications_store *store, const struct workset *set, const struct event *event)
{
	const struct communication_released *released = event->body;
	const struct rendered *rendered = event->confidential;
	const struct communication *communication = state_of(set, &communication_entity, &released->communication_id);
	struct db_copy *copy = &store->communications;

	MUST(rendered != NULL);
	copy_communication_head(copy, &released->communication_id, communication);
	db_copy_str(copy, released->message_class);
	db_copy_str(copy, released->template_name);
	db_copy_int32(copy, released->template_version);
	db_copy_str(copy, released->language);
	db_copy_uuid(copy, &rendered->contact_point_id);
	db_copy_str(copy, released->rendered_hash);
	copy_debt_ids(&store->debts, &released->communication_id, released->debt_ids, released->debt_ids_count);

	copy = &store->outbox;
	db_copy_row(copy);
	db_copy_uuid(copy, &released->communication_id);
	db_copy_uuid(copy, &released->customer_id);
	db_copy_str(copy, released->channel);
	db_copy_str(copy, str_of(outbox_state((enum communication_state)communication->state)));
	db_copy_instant(copy, released->send_by);
	db_copy_str(copy, rendered->address_sealed);
	db_copy_str(copy, sealed(store, rendered->subject, &released->customer_id));
	db_copy_str(copy, sealed(store, rendered->body, &released->customer_id));
}

static void copy_suppressed(struct communications_store *store, const struct workset *set, const struct event *event)
{
	const struct communication_suppressed *suppressed = event->body;
	const struct send_communication *command = event->command->body;
	struct db_copy *copy = &store->communications;

	copy_communication_head(copy, &suppressed->communication_id,
				state_of(set, &communication_entity, &suppressed->communication_id));
	db_copy_str(copy, command->message_class);
	db_copy_str(copy, command->template_name);
	db_copy_null(copy);
	db_copy_str(copy, command->language);
	db_copy_null(copy);
	db_copy_null(copy);
	copy_debt_ids(&store->debts, &suppressed->communication_id, command->debt_ids, command->debt_ids_count);
}

static void copy_event(struct communications_store *store, const struct workset *set, const struct logged_event *logged)
{
	const struct event *event = logged->event;

	if (event->type == &communication_released_type)
		copy_released(store, set, event);
	else if (event->type == &communication_suppressed_type)
		copy_suppressed(store, set, event);
	else if (event->type == &compliance_decided_type)
		copy_decision(&store->decisions, logged);
	else if (event->type == &communication_progressed_type)
		copy_receipt(&store->receipts, event->body);
	else if (event->type == &consent_granted_type)
		copy_consent(&store->consents, event->body);
	else if (event->type == &consent_withdrawn_type)
		copy_withdrawal(&store->withdrawals, event->body);
	else if (event->type == &template_published_type)
		copy_template_version(&store->template_versions, logged);
}

/* Every table that is written by COPY. */
struct copied_table {
	const char *sql;
	size_t copy_offset; /* of the db_copy in the store */
	uint16_t columns;
};

static const struct copied_table copied_tables[] = {
	{ copy_template_versions, offsetof(struct communications_store, template_versions), TEMPLATE_VERSION_COLUMNS },
	{ copy_consents, offsetof(struct communications_store, consents), CONSENT_COLUMNS },
	{ copy_withdrawals, offsetof(struct communications_store, withdrawals), WITHDRAWAL_COLUMNS },
	{ copy_decisions, offsetof(struct communications_store, decisions), DECISION_COLUMNS },
	{ copy_communications, offsetof(struct communications_store, communications), COMMUNICATION_COLUMNS },
	{ copy_debts, offsetof(struct communications_store, debts), DEBT_COLUMNS },
	{ copy_receipts, offsetof(struct communications_store, receipts), RECEIPT_COLUMNS },
	{ copy_outbox, offsetof(struct communications_store, outbox), OUTBOX_COLUMNS },
};
#define COPIED_TABLES_COUNT (sizeof(copied_tables) / sizeof(copied_tables[0]))

static struct db_copy *copy_of(struct communications_store *store, const struct copied_table *table)
{
	return (struct db_copy *)(void *)((char *)store + table->copy_offset);
}

static int insert_rows(struct communications_store *store, struct db *db, const struct workset *set,
		       const struct logged_event *events, size_t events_count, struct err *err)
{
	for (size_t index = 0; index < COPIED_TABLES_COUNT; index++)
		db_copy_reset(copy_of(store, &copied_tables[index]));
	for (size_t index = 0; index < events_count; index++)
		copy_event(store, set, &events[index]);
	for (size_t index = 0; index < COPIED_TABLES_COUNT; index++) {
		if (db_copy_run(db, copied_tables[index].sql, copy_of(store, &copied_tables[index]), err) < 0)
			return -1;
	}
	return 0;
}

/* ---- rows that change ---- */

static struct slot **select_changed(struct buf *list, const struct workset *set, const struct entity *entity, size_t *ret_count)
{
	buf_reset(list);
	for (size_t index = 0; index < set->slots_count; index++) {
		if (set->slots[index]->entity == entity && set->slots[index]->changed)
			buf_add(list, &set->slots[index], sizeof(set->slots[index]));
	}
	MUST(!list->overflow);
	*ret_count = list->size / sizeof(struct slot *);
	return (struct slot **)(void *)list->data;
}

static int run_counted(struct db *db, const struct db_statement *statement, const struct db_params *params, size_t count,
		       struct err *err)
{
	struct db_result result = { 0 };
	int rc;

	if (count == 0)
		return 0;
	rc = db_run(db, statement, params, &result, err);
	if (rc == 0 && result.affected != (int64_t)count)
		rc = err_set(err, ERR_FATAL, "%s found %lld of %zu rows as they were loaded", statement->name,
			     (long long)result.affected, count);
	db_result_release(&result);
	return rc;
}

static const struct db_statement upsert_templates = {
	.name = "communications_upsert_templates",
	.sql = "INSERT INTO communications.template (template_id, name, channel, language, version) "
	       "SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[]) "
	       "ON CONFLICT (template_id) DO UPDATE SET version = excluded.version",
};

static int write_templates(struct communications_store *store, struct db *db, const struct workset *set, struct err *err)
{
	struct db_params *params = &store->params;
	size_t count;
	struct slot **slots = select_changed(&store->list, set, &template_entity, &count);

	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++)
		db_array_uuid(params, &slots[index]->id);
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, str_of(((const struct template *)slots[index]->state)->name));
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, str_of(message_channel_name(((const struct template *)slots[index]->state)->channel)));
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, str_of(((const struct template *)slots[index]->state)->language));
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t index = 0; index < count; index++)
		db_array_int32(params, ((const struct template *)slots[index]->state)->version);
	return run_counted(db, &upsert_templates, params, count, err);
}

static const struct db_statement upsert_permissions = {
	.name = "communications_upsert_permissions",
	.sql = "INSERT INTO communications.permission (customer_id, channel, purpose, basis, obtained_at) "
	       "SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[]) "
	       "ON CONFLICT (customer_id, channel, purpose) DO UPDATE SET basis = excluded.basis, obtained_at = "
	       "excluded.obtained_at",
};

/* One permission that there is, of one recipient. */
struct permission_row {
	const struct uuid *customer_id;
	enum channel channel;
	enum purpose purpose;
	const struct permission *permission;
};

static size_t list_permissions(const struct slot *slot, struct permission_row rows[CHANNEL_COUNT * PURPOSE_COUNT])
{
	const struct recipient *recipient = slot->state;
	size_t count = 0;

	for (unsigned channel = 0; channel < CHANNEL_COUNT; channel++) {
		for (unsigned purpose = 0; purpose < PURPOSE_COUNT; purpose++) {
			const struct permission *permission = &recipient->permissions[channel][purpose];

			if (permission->obtained_at_ms != 0)
				rows[count++] = (struct permission_row){ &slot->id, channel, purpose, permission };
		}
	}
	return count;
}

static void add_permission_column(struct db_params *params, int column, const struct permission_row *row)
{
	switch (column) {
	case 0:
		db_array_uuid(params, row->customer_id);
		return;
	case 1:
		db_array_text(params, str_of(message_channel_name(row->channel)));
		return;
	case 2:
		db_array_text(params, str_of(purpose_name(row->purpose)));
		return;
	case 3:
		db_array_text(params, str_of(basis_name((enum basis)row->permission->basis)));
		return;
	default:
		db_array_instant(params, row->permission->obtained_at_ms);
	}
}

static int write_permissions(struct communications_store *store, struct db *db, struct slot **slots, size_t count,
			     struct err *err)
{
	static const enum db_array kinds[] = { DB_ARRAY_UUID, DB_ARRAY_TEXT, DB_ARRAY_TEXT, DB_ARRAY_TEXT, DB_ARRAY_INSTANT };
	struct permission_row rows[CHANNEL_COUNT * PURPOSE_COUNT];
	size_t total = 0;

	db_params_reset(&store->params);
	for (int column = 0; column < 5; column++) {
		db_array_begin(&store->params, kinds[column]);
		total = 0;
		for (size_t index = 0; index < count; index++) {
			size_t rows_count = list_permissions(slots[index], rows);

			for (size_t row = 0; row < rows_count; row++)
				add_permission_column(&store->params, column, &rows[row]);
			total += rows_count;
		}
	}
	return run_counted(db, &upsert_permissions, &store->params, total, err);
}

static const struct db_statement upsert_opt_outs = {
	.name = "communications_upsert_opt_outs",
	.sql = "INSERT INTO communications.opt_out (customer_id, channel, withdrawn_at) "
	       "SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) "
	       "ON CONFLICT (customer_id, channel) DO UPDATE SET withdrawn_at = excluded.withdrawn_at",
};

static int write_opt_outs(struct communications_store *store, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	static const enum db_array kinds[] = { DB_ARRAY_UUID, DB_ARRAY_TEXT, DB_ARRAY_INSTANT };
	struct db_params *params = &store->params;
	size_t total = 0;

	db_params_reset(params);
	for (int column = 0; column < 3; column++) {
		db_array_begin(params, kinds[column]);
		total = 0;
		for (size_t index = 0; index < count * CHANNEL_COUNT; index++) {
			const struct slot *slot = slots[index / CHANNEL_COUNT];
			unsigned channel = (unsigned)(index % CHANNEL_COUNT);
			int64_t withdrawn_at_ms = ((const struct recipient *)slot->state)->withdrawn_at_ms[channel];

			if (withdrawn_at_ms == 0)
				continue;
			total++;
			if (column == 0)
				db_array_uuid(params, &slot->id);
			else if (column == 1)
				db_array_text(params, str_of(message_channel_name(channel)));
			else
				db_array_instant(params, withdrawn_at_ms);
		}
	}
	return run_counted(db, &upsert_opt_outs, params, total, err);
}

static const struct db_statement update_communications = {
	.name = "communications_update_communications",
	.sql = "UPDATE communications.communication c SET version = u.version, attempt = u.attempt, state = u.state "
	       "FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::integer[], $5::text[]) "
	       "AS u (id, version_was, version, attempt, state) WHERE c.communication_id = u.id AND c.version = u.version_was",
};

/* A message waits for another try only if the try that failed was the last it was claimed for. */
static const struct db_statement update_outbox = {
	.name = "communications_update_outbox",
	.sql = "UPDATE communications.outbox o SET state = CASE WHEN u.state = 'waiting' AND o.claims > u.attempt THEN o.state "
	       "ELSE u.state END FROM unnest($1::uuid[], $2::integer[], $3::text[]) AS u (id, attempt, state) "
	       "WHERE o.communication_id = u.id",
};

static void add_communications(struct db_params *params, struct slot **slots, size_t count)
{
	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++)
		db_array_uuid(params, &slots[index]->id);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t index = 0; index < count; index++)
		db_array_int64(params, ((const struct communication *)slots[index]->state)->version_stored);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t index = 0; index < count; index++)
		db_array_int64(params, ((const struct communication *)slots[index]->state)->version);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t index = 0; index < count; index++)
		db_array_int32(params, ((const struct communication *)slots[index]->state)->attempt);
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params,
			      str_of(communication_state_name(((const struct communication *)slots[index]->state)->state)));
}

static void add_outbox(struct db_params *params, struct slot **slots, size_t count)
{
	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++)
		db_array_uuid(params, &slots[index]->id);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t index = 0; index < count; index++)
		db_array_int32(params, ((const struct communication *)slots[index]->state)->attempt);
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		const struct communication *communication = slots[index]->state;

		db_array_text(params, str_of(outbox_state((enum communication_state)communication->state)));
	}
}

static int write_communications(struct communications_store *store, struct db *db, const struct workset *set, struct err *err)
{
	size_t count;
	struct slot **slots = select_changed(&store->list, set, &communication_entity, &count);
	size_t stored = 0;

	for (size_t index = 0; index < count; index++) {
		if (slots[index]->stored)
			slots[stored++] = slots[index];
	}
	add_communications(&store->params, slots, stored);
	if (run_counted(db, &update_communications, &store->params, stored, err) < 0)
		return -1;
	add_outbox(&store->params, slots, stored);
	return run_counted(db, &update_outbox, &store->params, stored, err);
}

int communications_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events,
			size_t events_count, struct err *err)
{
	struct communications_store *store = self;
	struct slot **slots;
	size_t count;

	if (insert_rows(store, db, set, events, events_count, err) < 0 || write_templates(store, db, set, err) < 0)
		return -1;
	slots = select_changed(&store->list, set, &recipient_entity, &count);
	if (write_permissions(store, db, slots, count, err) < 0 || write_opt_outs(store, db, slots, count, err) < 0)
		return -1;
	return write_communications(store, db, set, err);
}

/* ---- the store ---- */

static struct communications_store the_store;

const struct store communications_store = { .load = communications_load, .save = communications_save, .self = &the_store };

int communications_store_prepare(void *self, struct err *err)
{
	struct communications_store *store = self;
	const char *path = getenv("DCS_ADDRESS_KEY_FILE");

	if (path == NULL)
		return err_set(err, ERR_FATAL,
			       "DCS_ADDRESS_KEY_FILE is not set: it names the file of the key that seals addresses");
	if (key_read(store->key, path, err) < 0)
		return -1;
	slot_loader_init(&store->loader);
	db_params_init(&store->params, PARAMS_SIZE_MAX);
	buf_init(&store->sealed, SEALED_SIZE_MAX);
	for (size_t index = 0; index < COPIED_TABLES_COUNT; index++)
		db_copy_init(copy_of(store, &copied_tables[index]), copied_tables[index].columns, COPY_SIZE_MAX);
	buf_init(&store->list, LIST_SIZE_MAX);
	return 0;
}
