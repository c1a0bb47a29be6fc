#include "base/must.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/store.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "schemas/communications.h"

/* ---- texts sealed for a row of the outbox ---- */

void message_seal_begin(struct message_seal *seal, const struct communications_store *store, const struct workset *set,
			const struct uuid *communication_id, const struct uuid *customer_id)
{
	const struct person *person = workset_state(set, &person_entity, customer_id);

	MUST(person != NULL);
	*seal = (struct message_seal){ .communication_id = *communication_id, .customer_id = *customer_id };
	person_key(seal->key, store->key, person_salt(person));
}

struct str message_seal(const struct message_seal *seal, struct communications_store *store, const struct sealed_column *column,
			struct str text)
{
	const struct seal_place place = {
		.column = column, .row = seal->communication_id, .version = SEALED_MESSAGE_VERSION, .owner = seal->customer_id
	};

	buf_reset(&store->sealed);
	return seal_add(&store->sealed, text, &place, seal->key);
}

void message_seal_end(struct message_seal *seal)
{
	wipe(seal->key, sizeof(seal->key));
}

/* ---- messages that have waited and are released: their rows get what a text has ---- */

struct waited {
	const struct communication_released *event;
	const struct rendered *rendered;
};

static const struct db_statement update_communications = {
	.name = "communications_release_communications",
	.sql = "UPDATE communications.communication c SET template_version = u.template_version, language = u.language, "
	       "contact_point_id = u.contact_point_id, rendered_hash = u.rendered_hash "
	       "FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::uuid[], $5::bytea[]) "
	       "AS u (id, template_version, language, contact_point_id, rendered_hash) WHERE c.communication_id = u.id",
};

static int write_communications(struct communications_store *store, struct db *db, const struct waited *waited, size_t count,
				struct err *err)
{
	struct db_params *params = &store->params;

	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++)
		db_array_uuid(params, &waited[index].event->communication_id);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t index = 0; index < count; index++)
		db_array_int32(params, waited[index].event->template_version);
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, waited[index].event->language);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++)
		db_array_uuid(params, &waited[index].event->contact_point_id);
	db_array_begin(params, DB_ARRAY_BYTES);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, waited[index].event->rendered_hash);
	return db_write(db, &update_communications, params, count, err);
}

static const struct db_statement update_outbox = {
	.name = "communications_release_outbox",
	.sql = "UPDATE communications.outbox o SET address_sealed = u.address, subject_sealed = u.subject, body_sealed = u.body, "
	       "html_sealed = u.html, fit_until = u.fit_until, stated_credit_minor = u.credit "
	       "FROM unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::timestamptz[], $7::bigint[]) "
	       "AS u (id, address, subject, body, html, fit_until, credit) "
	       "WHERE o.communication_id = u.id",
};

/* `offset`: of the text in the rendered message. An empty HTML part is none. */
static void add_sealed(struct communications_store *store, const struct workset *set, const struct waited *waited, size_t count,
		       const struct sealed_column *column, size_t offset)
{
	db_array_begin(&store->params, DB_ARRAY_BYTES);
	for (size_t index = 0; index < count; index++) {
		const struct communication_released *event = waited[index].event;
		const struct str *text = (const void *)((const char *)waited[index].rendered + offset);
		struct message_seal seal;

		if (column == &sealed_message_html && text->size == 0) {
			db_array_null(&store->params);
			continue;
		}
		message_seal_begin(&seal, store, set, &event->communication_id, &event->customer_id);
		db_array_text(&store->params, message_seal(&seal, store, column, *text));
		message_seal_end(&seal);
	}
}

static int write_outbox(struct communications_store *store, struct db *db, const struct workset *set, const struct waited *waited,
			size_t count, struct err *err)
{
	db_params_reset(&store->params);
	db_array_begin(&store->params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++)
		db_array_uuid(&store->params, &waited[index].event->communication_id);
	add_sealed(store, set, waited, count, &sealed_message_address, offsetof(struct rendered, address));
	add_sealed(store, set, waited, count, &sealed_message_subject, offsetof(struct rendered, subject));
	add_sealed(store, set, waited, count, &sealed_message_body, offsetof(struct rendered, body));
	add_sealed(store, set, waited, count, &sealed_message_html, offsetof(struct rendered, html));
	db_array_begin(&store->params, DB_ARRAY_INSTANT);
	for (size_t index = 0; index < count; index++) {
		if (waited[index].event->has_fit_until)
			db_array_instant(&store->params, waited[index].event->fit_until);
		else
			db_array_null(&store->params);
	}
	db_array_begin(&store->params, DB_ARRAY_INT64);
	for (size_t index = 0; index < count; index++) {
		if (waited[index].event->has_stated_credit_minor)
			db_array_int64(&store->params, waited[index].event->stated_credit_minor);
		else
			db_array_null(&store->params);
	}
	return db_write(db, &update_outbox, &store->params, count, err);
}

/* Its own debts get their balances; those of messages that were merged into it come to it. */
static const struct db_statement update_debts = {
	.name = "communications_release_debts",
	.sql = "INSERT INTO communications.communication_debt AS d (communication_id, debt_id, place, stated_minor) "
	       "SELECT communication_id, debt_id, place::smallint, stated_minor "
	       "FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bigint[]) AS u (communication_id, debt_id, place, "
	       "stated_minor) ON CONFLICT (communication_id, debt_id) DO UPDATE SET stated_minor = excluded.stated_minor",
};

static int write_debts(struct communications_store *store, struct db *db, const struct waited *waited, size_t count,
		       struct err *err)
{
	struct db_params *params = &store->params;
	size_t debts = 0;

	db_params_reset(params);
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++) {
		for (size_t i = 0; i < waited[index].event->debt_ids_count; i++)
			db_array_uuid(params, &waited[index].event->communication_id);
		debts += waited[index].event->debt_ids_count;
	}
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++)
		for (size_t i = 0; i < waited[index].event->debt_ids_count; i++)
			db_array_uuid(params, &waited[index].event->debt_ids[i]);
	db_array_begin(params, DB_ARRAY_INT32);
	for (size_t index = 0; index < count; index++)
		for (size_t i = 0; i < waited[index].event->debt_ids_count; i++)
			db_array_int32(params, (int32_t)i + 1);
	db_array_begin(params, DB_ARRAY_INT64);
	for (size_t index = 0; index < count; index++)
		for (size_t i = 0; i < waited[index].event->debt_ids_count; i++)
			db_array_int64(params, waited[index].event->stated_minor[i]);
	return db_write(db, &update_debts, params, debts, err);
}

static size_t list_waited(struct buf *list, const struct logged_event *events, size_t events_count)
{
	size_t count = 0;

	buf_reset(list);
	for (size_t index = 0; index < events_count; index++) {
		struct waited waited = { .event = events[index].event->body, .rendered = events[index].event->confidential };

		if (events[index].event->type != &communication_released_type || waited.event->version == 1)
			continue;
		MUST(waited.rendered != NULL);
		buf_add(list, &waited, sizeof(waited));
		count++;
	}
	MUST(!list->overflow);
	return count;
}

int communications_release(struct communications_store *store, struct db *db, const struct workset *set,
			   const struct logged_event *events, size_t events_count, struct err *err)
{
	size_t count = list_waited(&store->released, events, events_count);
	const struct waited *waited = (const void *)buf_str(&store->released).data;

	if (count == 0)
		return 0;
	if (write_communications(store, db, waited, count, err) < 0 || write_outbox(store, db, set, waited, count, err) < 0)
		return -1;
	return write_debts(store, db, waited, count, err);
}
