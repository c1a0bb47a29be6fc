/*
 * The tables of the customers module against its log. Of personal data (a name, a birth date, an address) the events have a hash
 * with the customer's own key: it is compared if the sealing key is given. Exactly the customers whose erasure is in the log have
 * no key.
 */
#include <string.h>

#include "base/array.h"
#include "consumers/customers/columns.h"
#include "consumers/customers/customers.h"
#include "crypto/crypto.h"
#include "fold.h"
#include "schemas/customers.h"

/* Rows that are not states. */
static const struct entity known_entity = { .name = "verify_creditor_customer", .state_size = 1 };
static const struct entity known_in_entity = { .name = "verify_portfolio_customer", .state_size = 1 };

/* Beside the state of a customer. */
struct customer_note {
	int64_t created_at_ms, updated_at_ms, updated_seq;
	struct str external_ref, kind;
	bool has_birth_date;                                /* there is one; unknown if the events are older than this field */
	bool knows_name, knows_birth_date;                  /* the last event with a value had its hash, or none had a value */
	uint8_t name[DIGEST_SIZE], birth_date[DIGEST_SIZE]; /* the hashes */
};

/* Beside the state of a contact point. */
struct point_note {
	int64_t created_at_ms, updated_at_ms;
	struct str place, source, address_hash;
};

/* The address is in the command only, and compared by its hash. */
static const struct add_contact_point *address_of(struct fold *fold, const struct contact_point_added *event)
{
	struct add_contact_point *body = fold_scratch(fold, sizeof(*body));

	body->address = event->address_hash;
	return body;
}

static void prepare_customers(struct fold *fold, struct command *command, const struct event *event,
			      const struct logged_line *line)
{
	(void)line;
	switch (customers_event(event->type)) {
	case EVENT_CONTACT_POINT_ADDED:
		command->body = address_of(fold, event->body);
		return;
	case EVENT_CUSTOMER_CREATED: /* these events contain everything that evolve reads */
	case EVENT_CUSTOMER_UPDATED:
	case EVENT_CUSTOMER_ERASED:
	case EVENT_CONTACT_POINT_VERIFIED:
	case EVENT_CONTACT_POINT_INVALIDATED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

static bool note_hash(uint8_t hash[DIGEST_SIZE], bool is_given, struct str text)
{
	if (!is_given || text.size != DIGEST_SIZE)
		return false;
	memcpy(hash, text.data, DIGEST_SIZE);
	return true;
}

/* The creditors and portfolios that know the customer. */
static void note_pairs(struct fold *fold, const struct entity *entity, const struct uuid *customer_id, const struct uuid *ids,
		       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char id[UUID_TEXT_SIZE + 1];

		uuid_format(id, &ids[i]);
		(void)fold_note_row(fold, entity, customer_id, str_of(id), STR(""), 1);
	}
}

static void note_created(struct fold *fold, const struct customer_created *event, const struct logged_line *line)
{
	struct customer_note *note = fold_note(fold, &customer_entity, &event->customer_id, sizeof(*note));

	note->created_at_ms = line->row.at_ms;
	note->knows_name = note_hash(note->name, event->has_full_name_hash, event->full_name_hash);
	note->has_birth_date = note_hash(note->birth_date, event->has_birth_date_hash, event->birth_date_hash);
	note->knows_birth_date = note->knows_name; /* both members were added together */
	note->external_ref = fold_copy(fold, event->external_ref);
	note->kind = fold_copy(fold, event->kind);
	note_pairs(fold, &known_entity, &event->customer_id, event->creditor_ids, event->creditor_ids_count);
	note_pairs(fold, &known_in_entity, &event->customer_id, event->portfolio_ids, event->portfolio_ids_count);
}

/* The event names the changed members; an event older than the hashes makes them unknown. */
static void note_updated(struct fold *fold, const struct customer_updated *event)
{
	struct customer_note *note = fold_noted(fold, &customer_entity, &event->customer_id);

	for (size_t i = 0; note != NULL && i < event->changed_count; i++) {
		if (str_is(event->changed[i], "full_name"))
			note->knows_name = note_hash(note->name, event->has_full_name_hash, event->full_name_hash);
		if (!str_is(event->changed[i], "birth_date"))
			continue;
		note->has_birth_date = note_hash(note->birth_date, event->has_birth_date_hash, event->birth_date_hash);
		note->knows_birth_date = note->has_birth_date || event->has_actor;
	}
}

static void note_point(struct fold *fold, const struct contact_point_added *event, const struct logged_line *line)
{
	struct point_note *note = fold_note(fold, &contact_point_entity, &event->contact_point_id, sizeof(*note));

	note->created_at_ms = line->row.at_ms;
	note->place = fold_copy(fold, event->place);
	note->source = fold_copy(fold, event->source);
	note->address_hash = fold_copy(fold, event->address_hash);
}

/* Every event of this module changes its entity's row. A contact point may have the same id as a customer. */
static void note_change(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	struct customer_note *customer = fold_noted(fold, &customer_entity, &line->row.subject);
	struct point_note *point = fold_noted(fold, &contact_point_entity, &line->row.subject);

	if (customer != NULL && fold_is_about(event, "customer_id")) {
		customer->updated_at_ms = line->row.at_ms;
		customer->updated_seq = line->row.seq;
	}
	if (point != NULL && fold_is_about(event, "contact_point_id"))
		point->updated_at_ms = line->row.at_ms;
}

static void note_verified(struct fold *fold, const struct contact_point_verified *event, const struct logged_line *line)
{
	struct contact_point *point = fold_change(fold, &contact_point_entity, &event->contact_point_id);

	if (!event->has_number_checked_at) /* evolve notes when that was */
		point->verified_at_ms = line->row.at_ms;
}

static void note_event(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	switch (customers_event(event->type)) {
	case EVENT_CUSTOMER_CREATED:
		note_created(fold, event->body, line);
		return;
	case EVENT_CUSTOMER_UPDATED:
		note_updated(fold, event->body);
		return;
	case EVENT_CONTACT_POINT_ADDED:
		note_point(fold, event->body, line);
		return;
	case EVENT_CONTACT_POINT_VERIFIED:
		note_verified(fold, event->body, line);
		return;
	case EVENT_CONTACT_POINT_INVALIDATED: /* evolve handles these completely */
	case EVENT_CUSTOMER_ERASED:
		return;
	}
	MUST_NOT_REACH("an event of another module");
}

static void note_customers(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	note_event(fold, event, line);
	note_change(fold, event, line);
}

/* Checks only whether there is a sealed text, not its content. */
static void expect_there(struct table_row *row, bool is_there)
{
	int column = row->column++;

	if (row_is_null(row, column) == is_there)
		row_wrong(row, is_there ? "%s is missing" : "%s is there, and the person was erased",
			  db_stream_column_name(row->stream, column));
}

/* The next column, sealed: opened and compared by its hash. */
static void check_hidden(struct table_row *row, const struct seal_place *place, struct str salt, const char *member,
			 bool is_known, const uint8_t hash[DIGEST_SIZE])
{
	int column = row->column;
	uint8_t key[32], there[DIGEST_SIZE];
	struct str text;

	if (!open_column(row, place, salt, &text) || !is_known)
		return;
	person_key(key, row->verify->key, salt);
	hash_key(key, key);
	hidden_hash(there, member, text, key);
	wipe(key, sizeof(key));
	if (memcmp(there, hash, sizeof(there)) != 0)
		row_wrong(row, "%s is not what the log says", db_stream_column_name(row->stream, column));
}

static void check_person(struct table_row *row, const struct uuid *customer_id, int64_t version, const struct customer_note *note)
{
	const struct seal_place name = { &sealed_name, *customer_id, version, *customer_id };
	const struct seal_place birth_date = { &sealed_birth_date, *customer_id, version, *customer_id };
	struct str salt = row_text(row, row->column - 1);

	check_hidden(row, &name, salt, "full_name", note->knows_name, note->name);
	if (note->knows_birth_date && row_is_null(row, row->column) == note->has_birth_date)
		row_wrong(row, "birth_date_sealed is %s, and not in the log", note->has_birth_date ? "missing" : "there");
	check_hidden(row, &birth_date, salt, "birth_date", note->knows_birth_date, note->birth_date);
}

static void check_customer(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct customer *customer = row_state(fold, row, &id);
	const struct customer_note *note = fold_noted(fold, &customer_entity, &id);

	if (customer == NULL || note == NULL)
		return;
	expect_columns(row, customer);
	row->column = 2;
	expect_bytes(row, note->external_ref);
	expect_bytes(row, note->kind);
	expect_instant(row, note->created_at_ms);
	expect_instant(row, note->updated_at_ms);
	expect_int64(row, note->updated_seq);
	expect_there(row, customer->status != CUSTOMER_ERASED); /* key_salt */
	expect_there(row, customer->status != CUSTOMER_ERASED); /* full_name_sealed */
	row->column--;
	if (customer->status != CUSTOMER_ERASED) {
		check_person(row, &id, customer->version, note);
		return;
	}
	skip_column(row);
	expect_there(row, false); /* birth_date_sealed */
}

/* The column behind the salt: missing in rows of before it. */
static void check_lookup(struct table_row *row, enum channel channel, struct str address)
{
	int column = row->column + 1;
	uint8_t hash[DIGEST_SIZE];

	if (row_is_null(row, column))
		return;
	address_lookup(hash, address, row->verify->key);
	if (!contact_address_is_answered_from(channel) ||
	    !str_equal(row_text(row, column), (struct str){ (const char *)hash, sizeof(hash) }))
		row_wrong(row, "address_lookup is not of the address");
}

/* The hash is of the normalised address: an e-mail address in lower case. The salt is the next column but one. */
static void check_address(struct table_row *row, const struct uuid *id, const struct contact_point *point,
			  const struct point_note *note)
{
	const struct seal_place place = { &sealed_address, *id, point->version, point->customer_id };
	struct str salt = row_text(row, row->column + 1);
	uint8_t key[32], hash[DIGEST_SIZE];
	struct str text;

	if (!open_column(row, &place, salt, &text))
		return;
	for (size_t i = 0; point->channel == CHANNEL_EMAIL && i < text.size; i++) {
		char *letter = (char *)(uintptr_t)&text.data[i];

		*letter = ascii_lower(*letter);
	}
	check_lookup(row, point->channel, text);
	person_key(key, row->verify->key, salt);
	address_hash(hash, text, key);
	wipe(key, sizeof(key));
	if (!str_equal(note->address_hash, (struct str){ (const char *)hash, sizeof(hash) }))
		row_wrong(row, "address_sealed is not what the log says");
}

/* The contact points of an erased customer are erased with it, without events of their own. */
static void check_point(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct contact_point *point = row_state(fold, row, &id);
	const struct point_note *note = fold_noted(fold, &contact_point_entity, &id);
	const struct customer *customer = point == NULL ? NULL : fold_state(fold, &customer_entity, &point->customer_id);
	bool is_erased = customer != NULL && customer->status == CUSTOMER_ERASED;
	const struct customer_note *person = is_erased ? fold_noted(fold, &customer_entity, &point->customer_id) : NULL;
	struct contact_point there;

	if (point == NULL || note == NULL)
		return;
	there = *point;
	if (is_erased)
		there.state = CONTACT_POINT_ERASED;
	expect_columns(row, &there);
	row->column = 2;
	expect_bytes(row, note->place);
	expect_bytes(row, note->source);
	expect_instant(row, note->created_at_ms);
	expect_instant(row, person != NULL ? person->updated_at_ms : note->updated_at_ms);
	expect_bytes_or_null(row, !is_erased, note->address_hash);
	expect_there(row, !is_erased);
	if (is_erased) {
		skip_column(row); /* no salt: the customer's row is checked for it */
		expect_there(row, false);
		return;
	}
	row->column--;
	check_address(row, &id, point, note);
}

static void check_pair(struct fold *fold, struct table_row *row)
{
	struct uuid customer_id = row_uuid(row, 1);
	struct uuid id = fold_id(&customer_id, row_text(row, 2), STR(""));
	const struct customer_note *customer = fold_noted(fold, &customer_entity, &customer_id);

	row->column = 3;
	if (row_state(fold, row, &id) != NULL && customer != NULL && row->stream->columns_count > 3)
		expect_instant(row, customer->created_at_ms);
}

static struct db_template select_customers = {
	.name = "verify_rows_customer",
	.columns = &customer_columns,
	.sql = "SELECT c.customer_id, c.customer_id, c.external_ref, c.kind, c.created_at, c.updated_at, c.updated_seq, "
	       "c.key_salt, "
	       "c.full_name_sealed, c.birth_date_sealed, {c.columns} FROM customers.customer c",
};

static struct db_template select_points = {
	.name = "verify_rows_contact_point",
	.columns = &contact_point_columns,
	.sql = "SELECT p.customer_id, p.contact_point_id, p.place, p.source, p.created_at, p.updated_at, p.address_hash, "
	       "p.address_sealed, c.key_salt, p.address_lookup, {p.columns} FROM customers.contact_point p "
	       "LEFT JOIN customers.customer c USING (customer_id)",
};

static const struct folded_table tables[] = {
	{ .name = "customers.customer",
	  .template = &select_customers,
	  .ids = 1,
	  .entity = &customer_entity,
	  .check = check_customer },
	{ .name = "customers.contact_point",
	  .template = &select_points,
	  .ids = 1,
	  .entity = &contact_point_entity,
	  .check = check_point },
	{ .name = "customers.creditor_customer",
	  .select = "SELECT customer_id, customer_id, creditor_id::text, created_at FROM customers.creditor_customer",
	  .ids = 2,
	  .entity = &known_entity,
	  .check = check_pair },
	{ .name = "customers.portfolio_customer",
	  .select = "SELECT customer_id, customer_id, portfolio_id::text FROM customers.portfolio_customer",
	  .ids = 2,
	  .entity = &known_in_entity,
	  .check = check_pair },
};

const struct folded_module folded_customers = {
	.module = &customers_module,
	.prepare = prepare_customers,
	.note = note_customers,
	.tables = tables,
	.tables_count = COUNT(tables),
};
