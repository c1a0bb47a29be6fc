/*
 * The customers module's tables, as its log says they are. What an event hides (a name, a birth date, an address) it has a hash
 * of, with the person's own key: compared where the key that seals is given. Whose erasure is in the log has no key, and only he.
 */
#include "consumers/customers/customers.h"
#include "fold.h"
#include "schemas/customers.h"

/* Beside a customer's state. */
struct customer_note {
	struct str external_ref, kind;
};

/* Beside a contact point's state. */
struct point_note {
	struct str place, source, address_hash;
};

/* The address is in the command only: its hash stands for it. */
static void prepare_customers(struct fold *fold, struct command *command, const struct event *event,
			      const struct logged_line *line)
{
	const struct contact_point_added *added = event->body;
	struct add_contact_point *body;

	(void)line;
	if (event->type != &contact_point_added_type)
		return;
	body = fold_scratch(fold, sizeof(*body));
	body->address = added->address_hash;
	command->body = body;
}

static void note_created(struct fold *fold, const struct customer_created *event)
{
	struct customer_note *note = fold_note(fold, &customer_entity, &event->customer_id, sizeof(*note));

	note->external_ref = fold_copy(fold, event->external_ref);
	note->kind = fold_copy(fold, event->kind);
}

static void note_point(struct fold *fold, const struct contact_point_added *event)
{
	struct point_note *note = fold_note(fold, &contact_point_entity, &event->contact_point_id, sizeof(*note));

	note->place = fold_copy(fold, event->place);
	note->source = fold_copy(fold, event->source);
	note->address_hash = fold_copy(fold, event->address_hash);
}

static void note_customers(struct fold *fold, const struct event *event, const struct logged_line *line)
{
	if (event->type == &customer_created_type) {
		note_created(fold, event->body);
	} else if (event->type == &contact_point_added_type) {
		note_point(fold, event->body);
	} else if (event->type == &contact_point_verified_type) {
		const struct contact_point_verified *body = event->body;
		struct contact_point *point = fold_change(fold, &contact_point_entity, &body->contact_point_id);

		point->verified_at_ms = line->row.at_ms;
	}
}

/* There is a sealed text: what is in it is another question. */
static void expect_there(struct table_row *row, bool is_there)
{
	int column = row->column++;

	if (db_is_null(row->result, row->row, column) == is_there)
		row_wrong(row, is_there ? "%s is missing" : "%s is there, and the person was erased",
			  db_column_name(row->result, column));
}

static void check_customer(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct customer *customer = row_state(fold, row, &id);
	const struct customer_note *note = fold_noted(fold, &customer_entity, &id);

	if (customer == NULL || note == NULL)
		return;
	row->column = 2;
	expect_bytes(row, note->external_ref);
	expect_bytes(row, note->kind);
	expect_bytes(row, str_of(customer_status_name((enum customer_status)customer->status)));
	expect_bytes(row, str_of(customer->locale));
	expect_bytes(row, str_of(customer->country));
	expect_bytes_or_null(row, customer->region[0] != '\0', str_of(customer->region));
	expect_bytes_or_null(row, customer->timezone[0] != '\0', str_of(customer->timezone));
	expect_int64(row, customer->version);
	expect_there(row, customer->status != CUSTOMER_ERASED); /* key_salt */
	expect_there(row, customer->status != CUSTOMER_ERASED); /* full_name_sealed */
	if (customer->status == CUSTOMER_ERASED)
		expect_there(row, false); /* birth_date_sealed */
}

/* An erased person's points are erased with him, in no event of their own. */
static void check_point(struct fold *fold, struct table_row *row)
{
	struct uuid id = row_uuid(row, 1);
	const struct contact_point *point = row_state(fold, row, &id);
	const struct point_note *note = fold_noted(fold, &contact_point_entity, &id);
	const struct customer *customer = point == NULL ? NULL : fold_state(fold, &customer_entity, &point->customer_id);
	bool is_erased = customer != NULL && customer->status == CUSTOMER_ERASED;
	enum contact_point_state state = is_erased ? CONTACT_POINT_ERASED : (enum contact_point_state)(point ? point->state : 0);

	if (point == NULL || note == NULL)
		return;
	expect_uuid(row, &point->customer_id);
	skip_column(row);
	expect_bytes(row, str_of(channel_name((enum channel)point->channel)));
	expect_bytes(row, note->place);
	expect_bytes(row, note->source);
	expect_bytes(row, str_of(contact_point_state_name(state)));
	expect_int64(row, point->version);
	expect_instant_or_null(row, point->verified_at_ms != 0, point->verified_at_ms);
	expect_bytes_or_null(row, !is_erased, note->address_hash);
	expect_there(row, !is_erased);
}

static const struct folded_table tables[] = {
	{ .name = "customers.customer",
	  .select = "SELECT customer_id, customer_id, external_ref, kind, status, locale, country, region, timezone, version, "
		    "key_salt, "
		    "full_name_sealed, birth_date_sealed FROM customers.customer",
	  .ids = 1,
	  .entity = &customer_entity,
	  .check = check_customer },
	{ .name = "customers.contact_point",
	  .select = "SELECT customer_id, contact_point_id, channel, place, source, state, version, verified_at, address_hash, "
		    "address_sealed FROM customers.contact_point",
	  .ids = 1,
	  .entity = &contact_point_entity,
	  .check = check_point },
};

const struct folded_module folded_customers = {
	.module = &customers_module,
	.prepare = prepare_customers,
	.note = note_customers,
	.tables = tables,
	.tables_count = sizeof(tables) / sizeof(tables[0]),
};
