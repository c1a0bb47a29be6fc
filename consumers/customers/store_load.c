#include "base/array.h"
#include "base/must.h"
#include "consumers/customers/columns.h"
#include "consumers/customers/customers.h"
#include "consumers/customers/store.h"
#include "crypto/crypto.h"

/* ---- customers ---- */

static struct db_template select_customers = {
	.name = "customers_select_customers",
	.columns = &customer_columns,
	.sql = "SELECT u.n, c.key_salt, {c.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM customers.customer t WHERE t.customer_id = u.id OFFSET 0) c",
};

static void make_hash_key(const struct customers_store *store, struct customer *customer)
{
	uint8_t key[32];

	person_key(key, store->key, customer_salt(customer));
	hash_key(customer->hash_key, key);
	wipe(key, sizeof(key));
}

/*
 * Also gives each slot a random salt. It stays if the customer does not exist yet: a customer that the batch creates gets this
 * salt.
 */
static void ask_customers(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	for (size_t index = 0; index < count; index++) {
		struct customer *customer = slots[index]->state;

		random_bytes(customer->salt, sizeof(customer->salt));
		customer->salt_size = sizeof(customer->salt);
		make_hash_key(self, customer);
	}
	slots_add_ids(params, slots, count);
}

/* The salt of an erased customer is NULL: size 0. */
static void read_salt(struct customer *customer, struct str salt)
{
	MUST(salt.size <= sizeof(customer->salt));
	memset(customer->salt, 0, sizeof(customer->salt));
	if (salt.size > 0)
		memcpy(customer->salt, salt.data, salt.size);
	customer->salt_size = (uint32_t)salt.size;
}

static int read_customer(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct customer *customer = slot->state;

	(void)err;
	customer->version_stored = customer->version;
	read_salt(customer, db_str(result, row, 1));
	make_hash_key(self, customer);
	MUST(customer->status != CUSTOMER_NONE);
	return 0;
}

static const struct db_statement select_references = {
	.name = "customers_select_references",
	.sql = "SELECT u.n, c.customer_id FROM unnest($1::text[]) WITH ORDINALITY AS u (external_ref, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM customers.customer t WHERE t.external_ref = u.external_ref OFFSET 0) c",
};

static void ask_references(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	(void)self;
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++)
		db_array_text(params, slots[index]->text);
}

static int read_reference(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct customer_reference *reference = slot->state;

	(void)self;
	(void)err;
	reference->is_taken = 1;
	reference->customer_id = db_uuid(result, row, 1);
	return 0;
}

/* ---- contact points ---- */

static struct db_template select_points = {
	.name = "customers_select_points",
	.columns = &contact_point_columns,
	.sql = "SELECT u.n, {p.columns} FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "CROSS JOIN LATERAL (SELECT * FROM customers.contact_point t WHERE t.contact_point_id = u.id OFFSET 0) p",
};

static int read_point(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct contact_point *point = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	point->version_stored = point->version;
	MUST(point->channel != CHANNEL_NONE);
	MUST(point->state != CONTACT_POINT_NONE);
	return 0;
}

/* The last contact point with the address: ids are in time order. */
static const struct db_statement select_addresses = {
	.name = "customers_select_addresses",
	.sql = "SELECT DISTINCT ON (u.n) u.n, p.contact_point_id "
	       "FROM unnest($1::uuid[], $2::text[], $3::bytea[]) WITH ORDINALITY AS u (customer_id, channel, address_hash, n) "
	       "JOIN customers.contact_point p ON p.customer_id = u.customer_id AND p.channel = u.channel "
	       "AND p.address_hash = u.address_hash ORDER BY u.n, p.contact_point_id DESC",
};

/* Also sets the hashes of the slots, which are needed even without a row. */
static void ask_addresses(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	const struct customers_store *store = self;
	struct contact_address_parts parts;
	uint8_t key[32];

	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++) {
		parts = contact_address_split(slots[index]->text);
		db_array_uuid(params, &parts.customer_id);
	}
	db_array_begin(params, DB_ARRAY_TEXT);
	for (size_t index = 0; index < count; index++) {
		parts = contact_address_split(slots[index]->text);
		db_array_text(params, str_of(channel_name(parts.channel)));
	}
	db_array_begin(params, DB_ARRAY_BYTES);
	for (size_t index = 0; index < count; index++) {
		struct contact_address *state = slots[index]->state;

		parts = contact_address_split(slots[index]->text);
		person_key(key, store->key, parts.salt);
		address_hash(state->hash, parts.address, key);
		db_array_text(params, (struct str){ .data = (const char *)state->hash, .size = sizeof(state->hash) });
	}
	wipe(key, sizeof(key));
}

static int read_address(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct contact_address *address = slot->state;

	(void)self;
	(void)err;
	address->contact_point_id = db_uuid(result, row, 1);
	return 0;
}

/* ---- another module's ---- */

static const struct db_statement select_retentions = {
	.name = "customers_select_retentions",
	.sql = "SELECT u.n, count(*) FILTER (WHERE d.balance_minor > 0), count(*) FILTER (WHERE d.credit_minor > 0), "
	       "(array_agg(d.debt_id ORDER BY d.debt_id))[1] FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, n) "
	       "JOIN debts.public_open_debt d ON d.customer_id = u.id GROUP BY u.n",
};

static int read_retention(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct retention *retention = slot->state;

	(void)self;
	(void)err;
	retention->open_debts = (uint32_t)db_int64(result, row, 1);
	retention->credits = (uint32_t)db_int64(result, row, 2);
	retention->debt_id = db_uuid(result, row, 3);
	return 0;
}

/*
 * A creditor knows a customer that it introduced (public_acquaintance of this module), or that owes it a debt (the module debts).
 */
static const struct db_statement select_acquaintances = {
	.name = "customers_select_acquaintances",
	.sql = "SELECT u.n FROM (SELECT n, creditor_id, customer_id, CASE WHEN portfolio_id IS NOT NULL THEN ARRAY[portfolio_id] "
	       "END "
	       "AS portfolios FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) WITH ORDINALITY AS u (customer_id, creditor_id, "
	       "portfolio_id, n)) u WHERE EXISTS (SELECT FROM customers.public_acquaintance k WHERE k.creditor_id = "
	       "u.creditor_id AND k.customer_id = u.customer_id AND public.dcs_in_portfolios(k.portfolio_ids, u.portfolios)) "
	       "OR EXISTS (SELECT FROM debts.public_debt d WHERE d.creditor_id = u.creditor_id AND d.customer_id = "
	       "u.customer_id AND public.dcs_in_portfolios(ARRAY[d.portfolio_id], u.portfolios))",
};

/* A nil UUID becomes NULL. */
static void add_ids(struct db_params *params, struct slot **slots, size_t count, size_t from)
{
	db_array_begin(params, DB_ARRAY_UUID);
	for (size_t index = 0; index < count; index++) {
		struct uuid id;

		MUST(slots[index]->text.size == ACQUAINTANCE_KEY_SIZE);
		memcpy(id.bytes, slots[index]->text.data + from, sizeof(id.bytes));
		if (uuid_is_none(&id))
			db_array_null(params);
		else
			db_array_uuid(params, &id);
	}
}

static void ask_acquaintances(void *self, struct db_params *params, struct slot **slots, size_t count)
{
	(void)self;
	add_ids(params, slots, count, 0);
	add_ids(params, slots, count, 16);
	add_ids(params, slots, count, 32);
}

static int read_acquaintance(void *self, const struct db_result *result, int row, struct slot *slot, struct err *err)
{
	struct acquaintance *acquaintance = slot->state;

	(void)self;
	(void)result;
	(void)row;
	(void)err;
	acquaintance->is_known = 1;
	return 0;
}

static const struct slot_query queries[] = {
	{ .entity = &acquaintance_entity,
	  .statement = &select_acquaintances,
	  .ask = ask_acquaintances,
	  .read = read_acquaintance },
	{ .entity = &customer_entity, .template = &select_customers, .ask = ask_customers, .read = read_customer },
	{ .entity = &customer_reference_entity, .statement = &select_references, .ask = ask_references, .read = read_reference },
	{ .entity = &contact_point_entity, .template = &select_points, .read = read_point },
	{ .entity = &contact_address_entity, .statement = &select_addresses, .ask = ask_addresses, .read = read_address },
	{ .entity = &retention_entity, .statement = &select_retentions, .read = read_retention },
};

int customers_load(void *self, struct db *db, struct slot **slots, size_t count, struct err *err)
{
	struct customers_store *store = self;

	return slot_queries_run(&store->loader, db, queries, COUNT(queries), self, slots, count, err);
}
