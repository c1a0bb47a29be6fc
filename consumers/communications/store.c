#include "consumers/communications/store.h"

#include <stdlib.h>

#include "base/must.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/communications.h"
#include "crypto/crypto.h"
#include "schemas/communications.h"

/*
 * The writes of one batch. Rows that never change (versions of templates, consents, withdrawals, verdicts, receipts) are copied
 * from the events (store_insert.c); rows that change are written here, as they are at the end of the batch.
 */

#define PARAMS_SIZE_MAX ((size_t)64 << 20)
#define LIST_SIZE_MAX   ((size_t)64 << 20)

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
	struct slot **slots = slots_changed(&store->list, set, &template_entity, &count);

	db_params_reset(params);
	slots_add_ids(params, slots, count);
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, str_of(((const struct template *)slots[index]->state)->name));
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, str_of(channel_name(((const struct template *)slots[index]->state)->channel)));
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, str_of(((const struct template *)slots[index]->state)->language));
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t index = 0; index < count; index++)
		db_array_int32(params, ((const struct template *)slots[index]->state)->version);
	return db_write(db, &upsert_templates, params, count, err);
}

static const struct db_statement upsert_permissions = {
	.name = "communications_upsert_permissions",
	.sql = "INSERT INTO communications.permission (customer_id, channel, purpose, basis, obtained_at, expires_at) "
	       "SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[]) "
	       "ON CONFLICT (customer_id, channel, purpose) DO UPDATE SET basis = excluded.basis, obtained_at = "
	       "excluded.obtained_at, expires_at = excluded.expires_at",
};

/* One existing permission of one recipient. */
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
		db_array_text(params, str_of(channel_name(row->channel)));
		return;
	case 2:
		db_array_text(params, str_of(purpose_name(row->purpose)));
		return;
	case 3:
		db_array_text(params, str_of(basis_name((enum basis)row->permission->basis)));
		return;
	case 4:
		db_array_instant(params, row->permission->obtained_at_ms);
		return;
	default:
		if (row->permission->expires_at_ms == 0)
			db_array_null(params);
		else
			db_array_instant(params, row->permission->expires_at_ms);
	}
}

static int write_permissions(struct communications_store *store, struct db *db, struct slot **slots, size_t count,
			     struct err *err)
{
	static const enum db_array kinds[] = { DB_ARRAY_UUID, DB_ARRAY_TEXT,    DB_ARRAY_TEXT,
					       DB_ARRAY_TEXT, DB_ARRAY_INSTANT, DB_ARRAY_INSTANT };
	struct permission_row rows[CHANNEL_COUNT * PURPOSE_COUNT];
	size_t total = 0;

	db_params_reset(&store->params);
	for (int column = 0; column < 6; column++) {
		db_array_begin(&store->params, kinds[column]);
		total = 0;
		for (size_t index = 0; index < count; index++) {
			size_t rows_count = list_permissions(slots[index], rows);

			for (size_t row = 0; row < rows_count; row++)
				add_permission_column(&store->params, column, &rows[row]);
			total += rows_count;
		}
	}
	return db_write(db, &upsert_permissions, &store->params, total, err);
}

static const struct db_statement upsert_opt_outs = {
	.name = "communications_upsert_opt_outs",
	.sql = "INSERT INTO communications.opt_out (customer_id, channel, withdrawn_at, told_at) "
	       "SELECT * FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[]) "
	       "ON CONFLICT (customer_id, channel) DO UPDATE SET withdrawn_at = excluded.withdrawn_at, told_at = "
	       "excluded.told_at",
};

static void add_opt_out_column(struct db_params *params, int column, const struct slot *slot, enum channel channel)
{
	const struct recipient *recipient = slot->state;

	switch (column) {
	case 0:
		db_array_uuid(params, &slot->id);
		return;
	case 1:
		db_array_text(params, str_of(channel_name(channel)));
		return;
	case 2:
		db_array_instant(params, recipient->withdrawn_at_ms[channel]);
		return;
	default:
		if (recipient->told_at_ms[channel] == 0)
			db_array_null(params);
		else
			db_array_instant(params, recipient->told_at_ms[channel]);
	}
}

static int write_opt_outs(struct communications_store *store, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	static const enum db_array kinds[] = { DB_ARRAY_UUID, DB_ARRAY_TEXT, DB_ARRAY_INSTANT, DB_ARRAY_INSTANT };
	struct db_params *params = &store->params;
	size_t total = 0;

	db_params_reset(params);
	for (int column = 0; column < 4; column++) {
		db_array_begin(params, kinds[column]);
		total = 0;
		for (size_t index = 0; index < count * CHANNEL_COUNT; index++) {
			const struct slot *slot = slots[index / CHANNEL_COUNT];
			enum channel channel = (enum channel)(index % CHANNEL_COUNT);

			if (((const struct recipient *)slot->state)->withdrawn_at_ms[channel] == 0)
				continue;
			total++;
			add_opt_out_column(params, column, slot, channel);
		}
	}
	return db_write(db, &upsert_opt_outs, params, total, err);
}

static const struct db_statement update_communications = {
	.name = "communications_update_communications",
	.sql = "UPDATE communications.communication c SET version = u.version, attempt = u.attempt, state = u.state, "
	       "not_before = u.not_before, release_at = u.release_at, merged_into = u.merged_into, updated_at = u.updated_at, "
	       "updated_seq = u.updated_seq "
	       "FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::integer[], $5::text[], $6::timestamptz[], "
	       "$7::timestamptz[], $8::uuid[], $9::timestamptz[], $10::bigint[]) AS u (id, version_was, version, attempt, state, "
	       "not_before, release_at, merged_into, updated_at, updated_seq) WHERE c.communication_id = u.id AND c.version = "
	       "u.version_was",
};

enum outbox_state outbox_state_of(enum communication_state state)
{
	switch (state) {
	case COMMUNICATION_SCHEDULED:
		return OUTBOX_SCHEDULED;
	case COMMUNICATION_RELEASED:
		return OUTBOX_RELEASED;
	case COMMUNICATION_RETRY_WAIT:
		return OUTBOX_WAITING;
	case COMMUNICATION_CANCELLED:
		return OUTBOX_CANCELLED;
	case COMMUNICATION_UNKNOWN:
	case COMMUNICATION_SUBMITTED:
	case COMMUNICATION_FAILED:
	case COMMUNICATION_EXPIRED:
	case COMMUNICATION_REJECTED:
	case COMMUNICATION_DELIVERED:
	case COMMUNICATION_SUPPRESSED: /* after it has waited */
	case COMMUNICATION_MERGED:
		return OUTBOX_DONE;
	case COMMUNICATION_NONE:
	case COMMUNICATION_STATE_COUNT:
		break;
	}
	MUST_NOT_REACH("a message without a state");
}

/*
 * A message waits for another attempt only if the failed attempt was the last one that it was claimed for. The parameters are kept
 * as long as its text may be made anew.
 */
static const struct db_statement update_outbox = {
	.name = "communications_update_outbox",
	.sql = "UPDATE communications.outbox o SET state = CASE WHEN u.state = 'waiting' AND o.claims > u.attempt THEN o.state "
	       "ELSE u.state END, send_by = u.send_by, "
	       "parameters_sealed = CASE WHEN u.keeps = 1 THEN o.parameters_sealed END "
	       "FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::integer[]) "
	       "AS u (id, attempt, state, send_by, keeps) "
	       "WHERE o.communication_id = u.id",
};

static void add_instant_or_null(struct db_params *params, int64_t at_ms)
{
	if (at_ms == 0)
		db_array_null(params);
	else
		db_array_instant(params, at_ms);
}

static void add_uuid_or_null(struct db_params *params, const struct uuid *id)
{
	if (uuid_is_none(id))
		db_array_null(params);
	else
		db_array_uuid(params, id);
}

static void add_communications(struct db_params *params, struct slot **slots, size_t count)
{
	db_params_reset(params);
	slots_add_ids(params, slots, count);
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
	db_array_begin(params, DB_ARRAY_INSTANT);
	for (size_t index = 0; index < count; index++)
		add_instant_or_null(params, ((const struct communication *)slots[index]->state)->not_before_ms);
	db_array_begin(params, DB_ARRAY_INSTANT);
	for (size_t index = 0; index < count; index++)
		add_instant_or_null(params, ((const struct communication *)slots[index]->state)->release_at_ms);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++)
		add_uuid_or_null(params, &((const struct communication *)slots[index]->state)->merged_into);
	slots_add_changed_at(params, slots, count);
	slots_add_changed_seq(params, slots, count);
}

static void add_outbox(struct db_params *params, struct slot **slots, size_t count)
{
	db_params_reset(params);
	slots_add_ids(params, slots, count);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t index = 0; index < count; index++)
		db_array_int32(params, ((const struct communication *)slots[index]->state)->attempt);
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		const struct communication *communication = slots[index]->state;

		db_array_text(params, str_of(outbox_state_name(outbox_state_of(communication->state))));
	}
	db_array_begin(params, DB_ARRAY_INSTANT);
	for (size_t index = 0; index < count; index++)
		db_array_instant(params, ((const struct communication *)slots[index]->state)->send_by_ms);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t index = 0; index < count; index++) {
		const struct communication *communication = slots[index]->state;

		db_array_int32(params, communication_may_be_asked_again((enum communication_state)communication->state) ? 1 : 0);
	}
}

static int write_communications(struct communications_store *store, struct db *db, const struct workset *set, struct err *err)
{
	size_t count;
	struct slot **slots = slots_to_update(&store->list, set, &communication_entity, &count);

	add_communications(&store->params, slots, count);
	if (db_write(db, &update_communications, &store->params, count, err) < 0)
		return -1;
	add_outbox(&store->params, slots, count);
	return db_write(db, &update_outbox, &store->params, count, err);
}

/* A withdrawal is an event about the customer; it also changes the messages that it cancels. */
static void note_changes(const struct workset *set, const struct logged_event *events, size_t events_count)
{
	for (size_t index = 0; index < events_count; index++) {
		const struct consent_withdrawn *withdrawn = events[index].event->body;

		slots_note_events(set, &communication_entity, &events[index], 1);
		if (events[index].event->type != &consent_withdrawn_type)
			continue;
		for (size_t i = 0; i < withdrawn->cancelled_count; i++)
			slot_note_event(set, &communication_entity, &withdrawn->cancelled[i].communication_id, &events[index]);
	}
}

int communications_save(void *self, struct db *db, const struct workset *set, const struct logged_event *events,
			size_t events_count, struct err *err)
{
	struct communications_store *store = self;
	struct slot **slots;
	size_t count;

	note_changes(set, events, events_count);
	if (communications_insert(store, db, set, events, events_count, err) < 0 || write_templates(store, db, set, err) < 0)
		return -1;
	slots = slots_changed(&store->list, set, &recipient_entity, &count);
	if (write_permissions(store, db, slots, count, err) < 0 || write_opt_outs(store, db, slots, count, err) < 0)
		return -1;
	if (write_communications(store, db, set, err) < 0)
		return -1;
	return communications_release(store, db, set, events, events_count, err);
}

/* ---- what is nobody's ---- */

/* Each worker does it for each of its partitions: those that another one has in hand are left to it. */
static const struct db_statement forget_unknown = {
	.name = "communications_forget_unknown",
	.sql = "UPDATE communications.unknown_inbound u SET key_salt = NULL, sender_sealed = NULL, text_sealed = NULL FROM "
	       "(SELECT inbound_id FROM communications.unknown_inbound WHERE text_sealed IS NOT NULL AND created_at < $1 "
	       "ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) o WHERE u.inbound_id = o.inbound_id",
};

static int communications_forget(void *self, struct db *db, int64_t before_ms, size_t max, size_t *ret_count, struct err *err)
{
	struct communications_store *store = self;
	struct db_result result = { 0 };

	db_params_reset(&store->params);
	db_param_instant(&store->params, before_ms);
	db_param_int64(&store->params, (int64_t)max);
	if (db_run(db, &forget_unknown, &store->params, &result, err) < 0)
		return -1;
	*ret_count = (size_t)result.affected;
	db_result_release(&result);
	return 0;
}

/* ---- the store ---- */

static struct communications_store the_store;

const struct store communications_store = {
	.load = communications_load, .save = communications_save, .forget = communications_forget, .self = &the_store
};

int communications_load_prepare(struct communications_store *store, const uint8_t key[32], struct err *err)
{
	const char *ids = getenv("DCS_PROFILES");
	struct str bad;

	memcpy(store->key, key, sizeof(store->key));
	if (ids != NULL && ids[0] != '\0' && !asked_profiles_choose(str_of(ids), &bad))
		return err_set(err, ERR_FATAL, "DCS_PROFILES names the profile '%.*s', which there is not, or too many",
			       (int)bad.size, bad.data);
	if (zones_load(&store->zones, ZONE_FOLDER, err) < 0)
		return -1;
	slot_loader_init(&store->loader);
	return 0;
}

int communications_store_prepare(void *self, struct err *err)
{
	struct communications_store *store = self;
	const char *path = getenv("DCS_ADDRESS_KEY_FILE");
	uint8_t key[32];
	int rc;

	if (path == NULL)
		return err_set(err, ERR_FATAL,
			       "DCS_ADDRESS_KEY_FILE is not set: it names the file of the key that seals addresses");
	if (key_read(key, path, err) < 0)
		return -1;
	rc = communications_load_prepare(store, key, err);
	wipe(key, sizeof(key));
	if (rc < 0)
		return -1;
	db_params_init(&store->params, PARAMS_SIZE_MAX);
	communications_insert_init(store);
	buf_init(&store->list, LIST_SIZE_MAX);
	buf_init(&store->released, LIST_SIZE_MAX);
	return 0;
}
