/* consumers/customers over a real PostgreSQL: what is personal is sealed, and comes back to who has the key. */

#include "../old_seal.h"
#include "store_spec.h"

#include "base/array.h"
#include "consumers/customers/customers.h"
#include "consumers/customers/store.h"
#include "crypto/seal.h"
#include "schemas/customers.h"

static struct store_spec spec;
static uint8_t key[32];

static int setup_group(void **state)
{
	(void)state;
	store_key_file(key);
	return customers_store_prepare(customers_store.self, &spec.err);
}

static int teardown_group(void **state)
{
	(void)state;
	store_key_file_remove();
	return 0;
}

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &customers_module, &customers_store);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

static void add_customer(unsigned number, struct str reference)
{
	struct create_customer body = { .customer_id = spec_id('C', number),
					.external_ref = reference,
					.kind = STR("natural"),
					.full_name = STR("Anna Beispiel"),
					.has_birth_date = true,
					.birth_date = 0,
					.locale = STR("de-DE"),
					.country = STR("DE"),
					.has_region = true,
					.region = STR("BE") };

	store_add(&spec, &create_customer_type, &body);
}

static void give_point(unsigned customer, unsigned number, struct str address)
{
	struct add_contact_point body = { .contact_point_id = spec_id('P', number),
					  .customer_id = spec_id('C', customer),
					  .channel = STR("email"),
					  .address = address,
					  .place = STR("home"),
					  .source = STR("creditor") };

	store_add(&spec, &add_contact_point_type, &body);
}

static void add_point(unsigned number, struct str address)
{
	give_point(1, number, address);
}

/* In its place at the row's version, with the key of all and the salt of the customer, and with nothing less. */
static void then_sealed(const char *name, const char *sql, const struct sealed_column *column, const char *wanted)
{
	struct db_result result = { 0 };
	struct seal_place place = { .column = column, .owner = spec_id('C', 1) };
	struct err err = ERR_INIT;
	struct opened opened;
	struct str sealed;
	uint8_t own_key[32];
	char room[256];

	store_must(&spec, db_run(spec.admin, store_statement(name, sql), NULL, &result, &spec.err));
	assert_int_equal(result.rows, 1);
	sealed = db_str(&result, 0, 0);
	place.row = db_uuid(&result, 0, 2);
	place.version = db_int64(&result, 0, 3);
	assert_int_equal(sealed.size, strlen(wanted) + SEAL_OVERHEAD);
	assert_int_equal(unseal(&opened, room, sealed, &place, key, &err), -1);
	assert_int_equal(db_str(&result, 0, 1).size, SALT_SIZE);
	person_key(own_key, key, db_str(&result, 0, 1));
	store_must(&spec, unseal(&opened, room, sealed, &place, own_key, &spec.err));
	assert_false(opened.is_old);
	assert_memory_equal(opened.text.data, wanted, strlen(wanted));
	place.version++;
	assert_int_equal(unseal(&opened, room, sealed, &place, own_key, &err), -1);
	db_result_release(&result);
}

#define NAME "test_name", "SELECT full_name_sealed, key_salt, customer_id, version FROM customers.customer", &sealed_name
#define BIRTH_DATE                                                                                                               \
	"test_birth_date", "SELECT birth_date_sealed, key_salt, customer_id, version FROM customers.customer", &sealed_birth_date
#define ADDRESS                                                                                                                  \
	"test_address",                                                                                                          \
		"SELECT address_sealed, key_salt, contact_point_id, p.version FROM customers.contact_point p "                   \
		"JOIN customers.customer USING (customer_id)",                                                                   \
		&sealed_address

static void test_customers_store__what_is_personal_is_sealed(void **state)
{
	(void)state;
	add_customer(1, STR("K-1"));
	add_point(1, STR("Anna@example.org"));
	store_run(&spec);
	then_answers(&spec, 0, "CustomerCreated");
	then_answers(&spec, 1, "ContactPointAdded");
	then_sealed(NAME, "Anna Beispiel");
	then_sealed(BIRTH_DATE, "1970-01-01");
	then_sealed(ADDRESS, "Anna@example.org");
	assert_int_equal(
		store_number(
			&spec, "test_clear",
			"SELECT count(*) FROM customers.customer c, customers.contact_point p WHERE c::text LIKE '%Anna%' OR "
			"p::text LIKE '%Anna%' OR position('Anna'::bytea IN full_name_sealed) > 0 OR "
			"position('example'::bytea IN address_sealed) > 0"),
		0);
}

static void test_customers_store__an_update_changes_what_it_names_only(void **state)
{
	struct update_customer name = { .customer_id = spec_id('C', 1), .has_full_name = true, .full_name = STR("Anna Neu") };
	struct update_customer place = { .customer_id = spec_id('C', 1), .has_country = true, .country = STR("AT") };

	(void)state;
	add_customer(1, STR("K-1"));
	store_run(&spec);
	store_add(&spec, &update_customer_type, &name);
	store_add(&spec, &update_customer_type, &place);
	store_run(&spec);
	then_sealed(NAME, "Anna Neu");
	then_sealed(BIRTH_DATE, "1970-01-01");
	assert_int_equal(
		store_number(
			&spec, "test_version",
			"SELECT version FROM customers.customer WHERE country = 'AT' AND region IS NULL AND timezone IS NULL"),
		3);
	store_add(&spec, &update_customer_type, &place);
	store_run(&spec);
	then_sealed(NAME, "Anna Neu");
}

static void test_customers_store__an_update_clears_what_it_is_told(void **state)
{
	struct str names[] = { STR("birth_date"), STR("region") };
	struct update_customer clear = { .customer_id = spec_id('C', 1), .clears = names, .clears_count = 2 };
	struct update_customer again = { .customer_id = spec_id('C', 1), .has_birth_date = true, .birth_date = 1 };

	(void)state;
	add_customer(1, STR("K-1"));
	store_run(&spec);
	store_add(&spec, &update_customer_type, &clear);
	store_run(&spec);
	then_answers(&spec, 0, "CustomerUpdated");
	then_sealed(NAME, "Anna Beispiel");
	assert_int_equal(
		store_number(&spec, "test_cleared",
			     "SELECT count(*) FROM customers.customer WHERE birth_date_sealed IS NULL AND region IS NULL "
			     "AND country = 'DE'"),
		1);
	store_add(&spec, &update_customer_type, &clear);
	store_add(&spec, &update_customer_type, &again);
	store_run(&spec);
	then_sealed(BIRTH_DATE, "1970-01-02");
}

/* In the batch that creates him too. */
static void test_customers_store__what_is_cleared_at_once_is_not_written(void **state)
{
	struct str names[] = { STR("birth_date") };
	struct update_customer clear = { .customer_id = spec_id('C', 1), .clears = names, .clears_count = 1 };

	(void)state;
	add_customer(1, STR("K-1"));
	store_add(&spec, &update_customer_type, &clear);
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_never",
				      "SELECT count(*) FROM customers.customer WHERE birth_date_sealed IS NULL"),
			 1);
}

static void test_customers_store__one_batch_may_create_and_update(void **state)
{
	struct update_customer name = { .customer_id = spec_id('C', 1),
					.has_full_name = true,
					.full_name = STR("Anna Neu"),
					.has_birth_date = true,
					.birth_date = 1 };

	(void)state;
	add_customer(1, STR("K-1"));
	store_add(&spec, &update_customer_type, &name);
	store_run(&spec);
	then_sealed(NAME, "Anna Neu");
	then_sealed(BIRTH_DATE, "1970-01-02");
}

static void test_customers_store__what_is_taken_is_seen(void **state)
{
	(void)state;
	add_customer(1, STR("K-1"));
	add_point(1, STR("anna@example.org"));
	store_run(&spec);
	add_customer(1, STR("K-2"));
	add_customer(2, STR("K-1"));
	add_point(1, STR("other@example.org"));
	add_point(2, STR("ANNA@example.org"));
	store_run(&spec);
	for (size_t index = 0; index < 4; index++)
		then_refuses(&spec, index, REFUSAL_EXISTS);
}

static void test_customers_store__a_contact_point_keeps_its_end_and_its_proof(void **state)
{
	struct verify_contact_point verify = { .contact_point_id = spec_id('P', 1), .customer_id = spec_id('C', 1) };
	struct invalidate_contact_point invalidate = { .contact_point_id = spec_id('P', 1),
						       .customer_id = spec_id('C', 1),
						       .reason = STR("wrong_party") };

	(void)state;
	add_customer(1, STR("K-1"));
	add_point(1, STR("anna@example.org"));
	store_add(&spec, &verify_contact_point_type, &verify);
	store_run(&spec);
	assert_int_equal(
		store_number(&spec, "test_verified",
			     "SELECT count(*) FROM customers.public_contact_point WHERE verified_at >= '2026-01-01' AND state = "
			     "'usable'"),
		1);
	store_add(&spec, &invalidate_contact_point_type, &invalidate);
	store_run(&spec);
	assert_int_equal(
		store_number(
			&spec, "test_invalid",
			"SELECT version FROM customers.contact_point WHERE state = 'wrong_party' AND verified_at IS NOT NULL"),
		3);
	add_point(2, STR("anna@example.org"));
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
}

/* ---- rows that earlier programs have written ---- */

/* Puts a text in the old form into the place of customer 1's; $1 of the statement. */
static void put_old(const char *name, const char *sql, const char *text)
{
	struct uuid customer_id = spec_id('C', 1);
	struct db_result result = { 0 };
	struct db_params params;
	uint8_t own_key[32], sealed[256];

	store_must(&spec, db_run(spec.admin, store_statement("test_salt", "SELECT key_salt FROM customers.customer"), NULL,
				 &result, &spec.err));
	person_key(own_key, key, db_str(&result, 0, 0));
	db_params_init(&params, 4096);
	db_param_bytes(&params, old_seal(sealed, str_of(text), &customer_id, own_key));
	store_must(&spec, db_run(spec.admin, store_statement(name, sql), &params, NULL, &spec.err));
	db_result_release(&result);
	db_params_release(&params);
}

#define PUT_NAME       "test_put_name", "UPDATE customers.customer SET full_name_sealed = $1"
#define PUT_BIRTH_DATE "test_put_birth_date", "UPDATE customers.customer SET birth_date_sealed = $1"
#define PUT_ADDRESS    "test_put_address", "UPDATE customers.contact_point SET address_sealed = $1"

static void move_customer(void)
{
	struct update_customer move = { .customer_id = spec_id('C', 1), .has_region = true, .region = STR("BY") };

	store_add(&spec, &update_customer_type, &move);
}

static void verify_point(void)
{
	struct verify_contact_point verify = { .contact_point_id = spec_id('P', 1), .customer_id = spec_id('C', 1) };

	store_add(&spec, &verify_contact_point_type, &verify);
}

static void test_customers_store__the_old_form_is_sealed_anew_when_a_row_is_written(void **state)
{
	(void)state;
	add_customer(1, STR("K-1"));
	add_point(1, STR("anna@example.org"));
	store_run(&spec);
	put_old(PUT_NAME, "Anna Beispiel");
	put_old(PUT_BIRTH_DATE, "1970-01-01");
	put_old(PUT_ADDRESS, "anna@example.org");
	move_customer();
	verify_point();
	store_run(&spec);
	then_answers(&spec, 0, "CustomerUpdated");
	then_answers(&spec, 1, "ContactPointVerified");
	then_sealed(NAME, "Anna Beispiel");
	then_sealed(BIRTH_DATE, "1970-01-01");
	then_sealed(ADDRESS, "anna@example.org");
}

/* A person from before there were salts: the programs' key itself. */
static void test_customers_store__the_old_form_without_a_salt_is_sealed_anew(void **state)
{
	struct db_result result = { 0 };
	struct seal_place place = { &sealed_name, spec_id('C', 1), 2, spec_id('C', 1) };
	struct opened opened;
	char room[256];

	(void)state;
	add_customer(1, STR("K-1"));
	store_run(&spec);
	store_sql(&spec, "test_no_salt", "UPDATE customers.customer SET key_salt = '', birth_date_sealed = NULL");
	put_old(PUT_NAME, "Anna Beispiel");
	move_customer();
	store_run(&spec);
	store_must(&spec, db_run(spec.admin, store_statement("test_name_of", "SELECT full_name_sealed FROM customers.customer"),
				 NULL, &result, &spec.err));
	store_must(&spec, unseal(&opened, room, db_str(&result, 0, 0), &place, key, &spec.err));
	assert_false(opened.is_old);
	assert_true(str_is(opened.text, "Anna Beispiel"));
	db_result_release(&result);
}

/* ---- rows that somebody has changed ---- */

#define SWAP "UPDATE customers.customer SET full_name_sealed = birth_date_sealed, birth_date_sealed = full_name_sealed"

/* Sealed again, it would be good where it does not belong; left, it could never be opened again once it is put right. */
static void test_customers_store__what_does_not_open_is_not_written_over(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	add_customer(1, STR("K-1"));
	add_point(1, STR("anna@example.org"));
	add_point(2, STR("other@example.org"));
	store_run(&spec);
	store_sql(&spec, "test_swap", SWAP);
	move_customer();
	assert_int_equal(store_try(&spec), -1);
	assert_int_equal(spec.err.kind, ERR_POISON);
	assert_non_null(strstr(spec.err.text, "full_name_sealed"));
	assert_null(strstr(spec.err.text, "Anna"));
	store_sql(&spec, "test_swap", SWAP);
	spec.err = err;
	store_run(&spec);
	then_sealed(NAME, "Anna Beispiel");

	store_sql(&spec, "test_swap_points",
		  "UPDATE customers.contact_point p SET address_sealed = o.address_sealed FROM customers.contact_point o "
		  "WHERE o.contact_point_id <> p.contact_point_id");
	verify_point();
	assert_int_equal(store_try(&spec), -1);
	assert_int_equal(spec.err.kind, ERR_POISON);
	assert_non_null(strstr(spec.err.text, "address_sealed"));
}

/* Whoever wants to be forgotten is forgotten, whatever was done to his row. */
static void test_customers_store__what_does_not_open_is_erased(void **state)
{
	struct erase_customer erase = { .customer_id = spec_id('C', 1), .has_basis = true, .basis = STR("request") };

	(void)state;
	add_customer(1, STR("K-1"));
	add_point(1, STR("anna@example.org"));
	store_run(&spec);
	store_sql(&spec, "test_swap", SWAP);
	store_sql(&spec, "test_break", "UPDATE customers.contact_point SET address_sealed = 'x'");
	verify_point();
	store_add(&spec, &erase_customer_type, &erase);
	store_run(&spec);
	then_answers(&spec, 1, "CustomerErased");
	assert_int_equal(
		store_number(&spec, "test_nothing_left",
			     "SELECT count(*) FROM customers.customer c JOIN customers.contact_point p USING (customer_id) "
			     "WHERE c.full_name_sealed IS NULL AND c.birth_date_sealed IS NULL AND p.address_sealed IS NULL"),
		1);
}

/* ---- creditors ---- */

#define CUSTOMER_1 "'019a0000-0000-7000-8000-004300000001'"
#define CUSTOMER_2 "'019a0000-0000-7000-8000-004300000002'"

static void test_customers_store__a_customer_is_known_to_the_creditors_of_who_made_him_known(void **state)
{
	static struct scope scope;

	(void)state;
	scope = (struct scope){ .creditors = { spec_id('R', 1), spec_id('R', 2) }, .creditors_count = 2 };
	add_customer(1, STR("K-1"));
	spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
	spec.commands[spec.count - 1].scope = &scope;
	add_customer(2, STR("K-2"));
	store_run(&spec);
	assert_int_equal(
		store_number(
			&spec, "test_known",
			"SELECT count(*) FROM customers.creditor_customer WHERE customer_id = " CUSTOMER_1
			" AND creditor_id IN ('019a0000-0000-7000-8000-005200000001', '019a0000-0000-7000-8000-005200000002')"),
		2);
	assert_int_equal(store_number(&spec, "test_all_known", "SELECT count(*) FROM customers.creditor_customer"), 2);
}

static void add_update_by(const struct scope *scope)
{
	static const struct update_customer body = { .has_locale = true, .locale = { "de-AT", 5 } };
	struct update_customer update = body;

	update.customer_id = spec_id('C', 1);
	store_add(&spec, &update_customer_type, &update);
	spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
	spec.commands[spec.count - 1].scope = scope;
}

static void test_customers_store__who_knows_a_customer_may_change_him(void **state)
{
	static struct scope maker, owed, other;

	(void)state;
	maker = (struct scope){ .creditors = { spec_id('R', 1), spec_id('R', 2) }, .creditors_count = 2 };
	owed = (struct scope){ .creditors = { spec_id('R', 3) }, .creditors_count = 1 };
	other = (struct scope){ .creditors = { spec_id('R', 4) }, .creditors_count = 1 };
	add_customer(1, STR("K-1"));
	spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
	spec.commands[spec.count - 1].scope = &maker;
	add_update_by(&maker); /* in the same batch */
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_same_batch", "SELECT version FROM customers.customer"), 2);
	store_sql(&spec, "debt_of_known",
		  "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
		  "interest_minor, principal_minor, credit_minor, lifecycle, entries, part, opened_on, due_on, currency, "
		  "external_ref) VALUES (gen_random_uuid(), " CUSTOMER_1
		  ", '019a0000-0000-7000-8000-005200000003', 1, 1, 0, 0, 0, "
		  "1, 0, 1, 1, 0, '2025-01-01', '2025-01-01', 'EUR', 'KNOWN')");
	add_update_by(&maker);
	add_update_by(&owed);
	add_update_by(&other);
	store_run(&spec);
	then_refuses(&spec, 2, REFUSAL_NOT_FOUND);
	assert_int_equal(store_number(&spec, "test_known_changed", "SELECT version FROM customers.customer"), 4);
}

/* Who is bound to portfolios makes him known in these; a debt elsewhere makes nobody known there. */
static void test_customers_store__who_is_bound_to_portfolios_may_change_whom_they_know(void **state)
{
	static struct scope maker, same, whole, elsewhere, owed;

	(void)state;
	maker = (struct scope){ .creditors = { spec_id('R', 1) },
				.creditors_count = 1,
				.portfolios = { spec_id('F', 1), spec_id('F', 2) },
				.portfolios_count = 2 };
	same = whole = elsewhere = owed = maker;
	same.portfolios[0] = spec_id('F', 7);
	whole.portfolios_count = 0;
	elsewhere.portfolios_count = owed.portfolios_count = 1;
	elsewhere.portfolios[0] = spec_id('F', 3);
	owed.portfolios[0] = spec_id('F', 4);
	add_customer(1, STR("K-1"));
	spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
	spec.commands[spec.count - 1].scope = &maker;
	add_update_by(&maker); /* in the same batch */
	add_update_by(&elsewhere);
	store_run(&spec);
	then_refuses(&spec, 2, REFUSAL_NOT_FOUND);
	assert_int_equal(store_number(&spec, "test_in_two", "SELECT count(*) FROM customers.portfolio_customer"), 2);
	store_sql(&spec, "debt_in_four",
		  "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, portfolio_id, version, last_entry_seq, cost_minor, "
		  "fee_minor, interest_minor, principal_minor, credit_minor, lifecycle, entries, part, opened_on, due_on, "
		  "currency, "
		  "external_ref) VALUES (gen_random_uuid(), " CUSTOMER_1 ", '019a0000-0000-7000-8000-005200000001', "
		  "'019a0000-0000-7000-8000-004600000004', 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, '2025-01-01', '2025-01-01', 'EUR', "
		  "'KNOWN')");
	add_update_by(&same);
	add_update_by(&whole);
	add_update_by(&owed);
	add_update_by(&elsewhere);
	store_run(&spec);
	then_refuses(&spec, 3, REFUSAL_NOT_FOUND);
	assert_int_equal(store_number(&spec, "test_changed_in", "SELECT version FROM customers.customer"), 5);
}

/* Whoever has it, from now or from long ago. */
static void test_customers_store__an_id_or_a_reference_that_is_anothers_tells_nothing(void **state)
{
	static struct scope scope, own;

	(void)state;
	scope = (struct scope){ .creditors = { spec_id('R', 1) }, .creditors_count = 1 };
	own = (struct scope){ .creditors = { spec_id('R', 2) }, .creditors_count = 1 };
	add_customer(1, STR("K-1"));
	spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
	spec.commands[spec.count - 1].scope = &own;
	store_run(&spec);
	for (unsigned number = 1; number <= 4; number++) {
		add_customer(number <= 2 ? 1 : 2, number % 2 == 1 ? STR("K-1") : STR("K-2"));
		if (number == 4)
			add_customer(3, STR("K-1"));
		spec.commands[spec.count - 1].roles = ROLE_CREDITOR;
		spec.commands[spec.count - 1].scope = number == 4 ? &own : &scope;
	}
	spec.commands[3].roles = ROLE_CREDITOR;
	spec.commands[3].scope = &scope;
	store_run(&spec);
	for (size_t index = 0; index < 3; index++) { /* the id, the id, the reference */
		then_refuses(&spec, index, REFUSAL_NOT_AUTHORISED);
		assert_string_equal(spec.decisions[index].text, COMMAND_UNBOUND_TEXT);
	}
	then_answers(&spec, 3, "CustomerCreated");
	then_refuses(&spec, 4, REFUSAL_EXISTS); /* who knows him is told as ever */
}

/* ---- erasure ---- */

static void add_erasure(unsigned number)
{
	struct erase_customer body = { .customer_id = spec_id('C', number), .has_basis = true, .basis = STR("request") };

	store_add(&spec, &erase_customer_type, &body);
}

#define PARK                                                                                                                     \
	"INSERT INTO debts.parked (part, command_offset, key, command_id, kind, reason, since, actor, roles, digest, "           \
	"correlation_id, value, scope, holds) SELECT 0, coalesce((SELECT max(command_offset) FROM debts.parked), 0) + "          \
	"row_number() OVER (), customer_id, gen_random_uuid(), 'bug', 'r', now(), 'a', 1, '', customer_id, "                     \
	"'\\x00000003e9' || convert_to('name', 'UTF8'), '', '' FROM customers.public_customer"
#define KEEP                                                                                                                     \
	"INSERT INTO users.approval (command_id, part, command_offset, key, correlation_id, type, reason, actor, roles, scope, " \
	"token_version, digest, value, received_at, kept_at, expires_at) SELECT gen_random_uuid(), 0, 1, customer_id, "          \
	"customer_id, 'T', 'r', 'a', 1, '', 0, '', 'name', now(), now(), now() FROM customers.customer"
#define LETTER                                                                                                                   \
	"INSERT INTO communications.dead_letter (part, command_offset, code, reason, at, key, value, headers, about) "           \
	"SELECT 2, coalesce((SELECT max(command_offset) FROM communications.dead_letter), 0) + row_number() OVER (), 'c', 'r', " \
	"now(), k.key, 'name', '', k.about FROM customers.customer, LATERAL (VALUES (convert_to(customer_id::text, 'UTF8'), "    \
	"NULL::uuid), ('\\xff00', customer_id), (NULL, customer_id)) k(key, about)"

/* What the engine keeps of their commands, in clear: parked, kept, dead. */
static void given_commands(void)
{
	store_sql(&spec, "test_park", PARK);
	store_sql(&spec, "test_keep", KEEP);
	store_sql(&spec, "test_dead", LETTER);
}

#define COMMANDS_OF(name, customer)                                                                                              \
	store_number(&spec, "test_commands_" name,                                                                               \
		     "SELECT (SELECT count(*) FROM debts.parked WHERE key = " customer " AND octet_length(value) > 5) + "        \
		     "(SELECT count(*) FROM users.approval WHERE key = " customer " AND value IS NOT NULL) + "                   \
		     "(SELECT count(*) FROM communications.dead_letter WHERE part = 2 AND (about = " customer                    \
		     " OR key = convert_to(" customer "::text, 'UTF8')) AND value IS NOT NULL)")

/* A message to each customer, a dead letter of each, and one under another key that is about him. */
static void given_traces(void)
{
	store_sql(&spec, "test_message",
		  "INSERT INTO communications.communication (communication_id, customer_id, version, attempt, state, channel, "
		  "requested_on, message_class, template_name, language) "
		  "SELECT customer_id, customer_id, 1, 0, 'submitted', 'sms', '2026-01-01', 'demand', 't', 'de' "
		  "FROM customers.customer");
	store_sql(&spec, "test_outbox",
		  "INSERT INTO communications.outbox (communication_id, customer_id, channel, state, send_by, address_sealed, "
		  "subject_sealed, body_sealed) SELECT customer_id, customer_id, 'sms', 'done', now(), 'a', 'b', 'c' "
		  "FROM customers.customer");
	store_sql(&spec, "test_letter",
		  "INSERT INTO communications.dead_letter (part, command_offset, code, reason, at, key, value, headers) "
		  "SELECT 0, row_number() OVER (), 'bad_bytes', 'r', now(), convert_to(customer_id::text, 'UTF8'), 'name', '' "
		  "FROM customers.customer");
	store_sql(&spec, "test_letter_about",
		  "INSERT INTO communications.dead_letter (part, command_offset, code, reason, at, key, value, headers, about) "
		  "SELECT 1, row_number() OVER (), 'bad_key', 'r', now(), 'another key', 'address', '', customer_id "
		  "FROM customers.customer");
}

#define LEFT_OF(name, customer)                                                                                                  \
	store_number(&spec, "test_left_" name,                                                                                   \
		     "SELECT (SELECT count(*) FROM customers.customer WHERE customer_id = " customer                             \
		     " AND status <> 'erased') + "                                                                               \
		     "(SELECT num_nonnulls(key_salt, full_name_sealed, birth_date_sealed) FROM customers.customer WHERE "        \
		     "customer_id = " customer ") + "                                                                            \
		     "(SELECT count(*) FROM customers.contact_point WHERE customer_id = " customer " AND (state <> 'erased' OR " \
		     "address_hash IS NOT NULL OR address_sealed IS NOT NULL)) + "                                               \
		     "(SELECT count(*) FROM communications.outbox WHERE customer_id = " customer                                 \
		     " AND address_sealed || subject_sealed || "                                                                 \
		     "body_sealed <> '') + (SELECT count(*) FROM communications.dead_letter WHERE (about = " customer            \
		     " OR key = convert_to(" customer ", 'UTF8')) AND value IS NOT NULL)")

static void test_customers_store__an_erasure_leaves_nothing_of_the_person(void **state)
{
	(void)state;
	add_customer(1, STR("K-1"));
	add_customer(2, STR("K-2"));
	add_point(1, STR("anna@example.org"));
	store_run(&spec);
	given_traces();
	add_erasure(1);
	store_run(&spec);
	then_answers(&spec, 0, "CustomerErased");
	assert_int_equal(LEFT_OF("1", CUSTOMER_1), 0);
	assert_int_equal(LEFT_OF("2", CUSTOMER_2), 7);
	assert_int_equal(store_number(&spec, "test_kept",
				      "SELECT version FROM customers.customer WHERE external_ref = 'K-1' AND country = 'DE'"),
			 2);
	add_erasure(1);
	add_point(2, STR("anna@example.org"));
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
	then_refuses(&spec, 1, REFUSAL_BAD_TRANSITION);
}

static void test_customers_store__an_erasure_ends_commands_that_wait_and_those_written_later(void **state)
{
	(void)state;
	add_customer(1, STR("K-1"));
	add_customer(2, STR("K-2"));
	store_run(&spec);
	given_commands();
	assert_int_equal(COMMANDS_OF("1", CUSTOMER_1), 5);
	add_erasure(1);
	store_run(&spec);
	assert_int_equal(COMMANDS_OF("1", CUSTOMER_1), 0);
	given_commands();
	assert_int_equal(COMMANDS_OF("1", CUSTOMER_1), 0);
	assert_int_equal(COMMANDS_OF("2", CUSTOMER_2), 10);
	assert_int_equal(store_number(&spec, "test_frames",
				      "SELECT count(*) FROM debts.parked WHERE key = " CUSTOMER_1 " AND value = '\\x00000003e9'"),
			 2);
	assert_int_equal(store_number(&spec, "test_replayable",
				      "SELECT count(*) FROM communications.dead_letter WHERE part = 2 AND value IS NULL AND "
				      "replayed_at IS NULL"),
			 0);
}

static struct db *other; /* the debts module's; it waits for no lock */

static int run_other(const char *name, const char *sql)
{
	return db_run(other, store_statement(name, sql), NULL, NULL, &spec.err);
}

static void park_meanwhile(struct store_spec *its)
{
	(void)its;
	store_must(&spec, run_other("test_begin", "BEGIN"));
	store_must(&spec, run_other("test_park_other", PARK));
}

static void test_customers_store__an_erasure_and_a_batch_that_parks_do_not_miss_each_other(void **state)
{
	static const struct db_statement forget = {
		"test_forget_all", "SELECT communications.forget(ARRAY(SELECT customer_id FROM customers.customer))"
	};

	(void)state;
	store_open(&spec, "test_store", "dcs_debts", &other);
	add_customer(1, STR("K-1"));
	store_run(&spec);
	store_must(&spec, run_other("test_impatient", "SET lock_timeout = '1ms'"));
	store_sql(&spec, "test_impatient_admin", "SET lock_timeout = '1ms'");

	/* an erasure under way is waited for */
	store_sql(&spec, "test_begin_admin", "BEGIN");
	store_must(&spec, db_run(spec.admin, &forget, NULL, NULL, &spec.err));
	store_must(&spec, run_other("test_begin", "BEGIN"));
	assert_int_equal(run_other("test_park_other", PARK), -1);
	assert_string_equal(db_sqlstate(other), "55P03"); /* lock_not_available */
	store_must(&spec, run_other("test_rollback", "ROLLBACK"));
	store_sql(&spec, "test_commit_admin", "COMMIT");

	/* and waits for a batch that has parked */
	park_meanwhile(&spec);
	assert_int_equal(db_run(spec.admin, &forget, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(spec.admin), "55P03");
	store_must(&spec, run_other("test_commit", "COMMIT"));
	add_erasure(1);
	store_run(&spec);
	then_answers(&spec, 0, "CustomerErased");
	assert_int_equal(COMMANDS_OF("1", CUSTOMER_1), 0);
	assert_int_equal(store_number(&spec, "test_parked", "SELECT count(*) FROM debts.parked"), 1);
	db_close(other);
}

/* The event log keeps it for ever: who has the programs' key must not be able to try addresses on it. */
static void test_customers_store__the_hash_of_an_address_is_the_customers_own(void **state)
{
	const struct contact_point_added *event;
	uint8_t hash[DIGEST_SIZE];

	(void)state;
	add_customer(1, STR("K-1"));
	add_point(1, STR("anna@example.org"));
	store_run(&spec);
	event = spec.decisions[1].events[0].body;
	address_hash(hash, STR("anna@example.org"), key);
	assert_int_equal(event->address_hash.size, sizeof(hash));
	assert_memory_not_equal(event->address_hash.data, hash, sizeof(hash));
}

#define WRITERS                                                                                                                  \
	"FROM customers.api_writers((SELECT address_lookup FROM customers.contact_point WHERE contact_point_id = "               \
	"'019a0000-0000-7000-8000-005000000001'), "

/* Of three customers with one address the first has it no more, and the second has it again. */
static void test_customers_store__of_all_who_have_an_address_one_answers(void **state)
{
	const struct str address = STR("anna@example.org");

	(void)state;
	add_customer(1, STR("K-1"));
	add_customer(2, STR("K-2"));
	add_customer(3, STR("K-3"));
	give_point(1, 1, address);
	give_point(2, 2, address);
	give_point(3, 3, address);
	give_point(3, 5, STR("else@example.org"));
	store_run(&spec);
	store_sql(&spec, "test_bounced",
		  "UPDATE customers.contact_point SET state = 'bounced' WHERE customer_id <> "
		  "'019a0000-0000-7000-8000-004300000003'");
	give_point(2, 4, address);
	store_run(&spec);
	then_answers(&spec, 0, "ContactPointAdded");
	assert_int_equal(store_number(&spec, "test_writers",
				      "SELECT string_agg(right(contact_point_id::text, 1) || is_answered::int, '' ORDER BY "
				      "customer_id)::bigint " WRITERS "'email')"),
			 104130);
	assert_int_equal(store_number(&spec, "test_nobody", "SELECT count(*) " WRITERS "'sms') WHERE is_answered"), 0);
}

static void test_customers_store__one_batch_may_create_and_erase(void **state)
{
	struct update_customer name = { .customer_id = spec_id('C', 1), .has_full_name = true, .full_name = STR("Anna Neu") };

	(void)state;
	add_customer(2, STR("K-2"));
	add_customer(1, STR("K-1"));
	add_point(1, STR("anna@example.org"));
	store_add(&spec, &update_customer_type, &name);
	add_erasure(1);
	add_point(2, STR("other@example.org"));
	store_run(&spec);
	then_answers(&spec, 4, "CustomerErased");
	then_refuses(&spec, 5, REFUSAL_BAD_TRANSITION);
	assert_int_equal(LEFT_OF("1", CUSTOMER_1), 0);
	assert_int_equal(store_number(&spec, "test_version_1",
				      "SELECT version FROM customers.customer WHERE customer_id = " CUSTOMER_1),
			 3);
}

static void given_debt(const char *name, const char *balances_and_lifecycle)
{
	static char sql[4][512];
	static size_t count;
	char *text = sql[count++];

	snprintf(text, sizeof(sql[0]),
		 "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
		 "interest_minor, principal_minor, credit_minor, lifecycle, entries, part, opened_on, due_on, currency, "
		 "external_ref) "
		 "VALUES (gen_random_uuid(), " CUSTOMER_1 ", gen_random_uuid(), 1, 1, 0, 0, 0, %s, 1, 0, '2025-01-01', "
		 "'2025-01-01', 'EUR', 'D')",
		 balances_and_lifecycle);
	store_sql(&spec, name, text);
}

static void test_customers_store__what_is_owed_either_way_keeps_the_data(void **state)
{
	(void)state;
	add_customer(1, STR("K-1"));
	store_run(&spec);
	given_debt("test_cancelled", "100, 0, 10");
	given_debt("test_paid", "0, 0, 6");
	given_debt("test_open", "100, 0, 1");
	add_erasure(1);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_RETENTION_APPLIES);
	assert_non_null(strstr(spec.decisions[0].text, "(1 owed by the customer, 0 overpaid"));
	store_sql(&spec, "test_overpay",
		  "UPDATE debts.debt SET principal_minor = 0, credit_minor = 5, lifecycle = 6 WHERE lifecycle = 1");
	add_erasure(1);
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_RETENTION_APPLIES);
	assert_non_null(strstr(spec.decisions[0].text, "(0 owed by the customer, 1 overpaid"));
	store_sql(&spec, "test_refund", "UPDATE debts.debt SET credit_minor = 0");
	add_erasure(1);
	store_run(&spec);
	then_answers(&spec, 0, "CustomerErased");
}

/* Rows from before there were salts. */
static void test_customers_store__a_customer_without_a_salt_is_written_and_erased(void **state)
{
	struct update_customer name = { .customer_id = spec_id('C', 1), .has_full_name = true, .full_name = STR("Anna Neu") };

	(void)state;
	store_sql(&spec, "test_old",
		  "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
		  "full_name_sealed) "
		  "VALUES (" CUSTOMER_1 ", 'K-1', 'natural', 'active', 'de', 'DE', 1, '')");
	store_add(&spec, &update_customer_type, &name);
	add_point(1, STR("anna@example.org"));
	store_run(&spec);
	add_point(2, STR("Anna@example.org"));
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_EXISTS);
	given_traces();
	add_erasure(1);
	store_run(&spec);
	then_answers(&spec, 0, "CustomerErased");
	assert_int_equal(LEFT_OF("1", CUSTOMER_1), 0);
}

/* ---- what SQL says can be done next is what the rules take ---- */

/* Whether the function lists the action for customer (or contact point) `number`. */
static bool is_listed(const struct db_statement *statement, char kind, unsigned number, const char *action)
{
	struct db_result result = { 0 };
	struct uuid id = spec_id(kind, number);
	struct db_params params;
	bool listed;

	db_params_init(&params, 4096);
	db_param_text(&params, str_of(action));
	db_param_uuid(&params, &id);
	store_must(&spec, db_run(spec.admin, statement, &params, &result, &spec.err));
	assert_int_equal(result.rows, 1);
	listed = db_bool(&result, 0, 0);
	db_result_release(&result);
	db_params_release(&params);
	return listed;
}

static const struct db_statement customer_actions = {
	"test_customer_actions",
	"SELECT $1 = ANY (customers.allowed_actions(c.status, EXISTS (SELECT FROM debts.public_open_debt d WHERE d.customer_id = "
	"c.customer_id))) FROM customers.customer c WHERE c.customer_id = $2"
};

static const struct db_statement point_actions = {
	"test_point_actions",
	"SELECT $1 = ANY (customers.allowed_point_actions(p.state)) FROM customers.contact_point p WHERE p.contact_point_id = $2"
};

/* Customers 1 to 6: active, merged, deceased; 4 to 6 the same and owing. */
#define LIVING 6

static void given_customers_of_all_kinds(void)
{
	char reference[LIVING][8];

	for (unsigned number = 1; number <= LIVING; number++) {
		snprintf(reference[number - 1], sizeof(reference[0]), "K-%u", number);
		add_customer(number, str_of(reference[number - 1]));
	}
	store_run(&spec);
	store_sql(&spec, "test_kinds",
		  "UPDATE customers.customer SET status = (ARRAY['active', 'merged', 'deceased'])[1 + (right(external_ref, "
		  "1)::int - 1) % "
		  "3]");
	store_sql(&spec, "test_debtors",
		  "INSERT INTO debts.debt (debt_id, customer_id, creditor_id, version, last_entry_seq, cost_minor, fee_minor, "
		  "interest_minor, principal_minor, credit_minor, lifecycle, entries, part, opened_on, due_on, currency, "
		  "external_ref) "
		  "SELECT gen_random_uuid(), customer_id, gen_random_uuid(), 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, '2025-01-01', "
		  "'2025-01-01', 'EUR', 'D' FROM customers.customer WHERE external_ref > 'K-3'");
}

static void add_point_of(unsigned customer)
{
	struct add_contact_point body = { .contact_point_id = spec_id('P', customer),
					  .customer_id = spec_id('C', customer),
					  .channel = STR("email"),
					  .address = STR("a@example.org"),
					  .place = STR("home"),
					  .source = STR("creditor") };

	store_add(&spec, &add_contact_point_type, &body);
}

static void add_update_of(unsigned customer)
{
	struct update_customer body = { .customer_id = spec_id('C', customer), .has_country = true, .country = STR("AT") };

	store_add(&spec, &update_customer_type, &body);
}

/* Each customer gets the command; who is listed is who is accepted. */
static void then_listed_is_accepted(const char *action, void (*add)(unsigned customer))
{
	bool listed[LIVING];
	unsigned count = 0;

	for (unsigned number = 1; number <= LIVING; number++) {
		listed[number - 1] = is_listed(&customer_actions, 'C', number, action);
		count += listed[number - 1];
		add(number);
	}
	store_run(&spec);
	for (unsigned index = 0; index < LIVING; index++)
		assert_int_equal(listed[index], spec.decisions[index].kind == DECISION_EVENTS);
	assert_in_range(count, 1, LIVING - 1);
}

static void test_customers_store__what_can_be_done_next_is_what_the_rules_take(void **state)
{
	(void)state;
	given_customers_of_all_kinds();
	then_listed_is_accepted("updateCustomer", add_update_of);
	then_listed_is_accepted("addContactPoint", add_point_of);
	then_listed_is_accepted("eraseCustomer", add_erasure);
	for (unsigned number = 1; number <= 3; number++) {
		assert_false(is_listed(&customer_actions, 'C', number, "updateCustomer"));
		assert_false(is_listed(&customer_actions, 'C', number, "addContactPoint"));
		assert_false(is_listed(&customer_actions, 'C', number, "eraseCustomer"));
	}
}

static void test_customers_store__what_can_be_done_with_a_contact_point_is_what_the_rules_take(void **state)
{
	static const char *const states[] = { "usable", "bounced", "wrong_party", "reassigned", "blocked" };
	char sql[COUNT(states)][96];

	(void)state;
	add_customer(1, STR("K-1"));
	add_point(1, STR("anna@example.org"));
	store_run(&spec);
	for (size_t index = 0; index < COUNT(states); index++) {
		struct verify_contact_point verify = { .contact_point_id = spec_id('P', 1), .customer_id = spec_id('C', 1) };
		struct invalidate_contact_point invalidate = { .contact_point_id = spec_id('P', 1),
							       .customer_id = spec_id('C', 1),
							       .reason = STR("bounced") };

		snprintf(sql[index], sizeof(sql[0]), "UPDATE customers.contact_point SET state = '%s'", states[index]);
		store_sql(&spec, states[index], sql[index]);
		assert_int_equal(is_listed(&point_actions, 'P', 1, "verifyContactPoint"), index == 0);
		assert_int_equal(is_listed(&point_actions, 'P', 1, "invalidateContactPoint"), index == 0);
		store_add(&spec, &verify_contact_point_type, &verify);
		store_add(&spec, &invalidate_contact_point_type, &invalidate);
		store_run(&spec);
		assert_int_equal(spec.decisions[0].kind == DECISION_EVENTS, index == 0);
		assert_int_equal(spec.decisions[1].kind == DECISION_EVENTS, index == 0);
	}
	add_erasure(1);
	store_run(&spec);
	assert_false(is_listed(&point_actions, 'P', 1, "verifyContactPoint"));
}

static void test_customers_store__other_modules_see_the_views_only(void **state)
{
	static const struct db_statement view = { "test_view", "SELECT count(*) FROM customers.public_customer" };
	static const struct db_statement table = { "test_table", "SELECT count(*) FROM customers.customer" };
	static const struct db_statement person = { "test_person", "SELECT count(*) FROM customers.public_person" };
	struct db *debts = NULL;

	(void)state;
	store_open(&spec, "test_store", "dcs_debts", &debts);
	store_must(&spec, db_run(debts, &view, NULL, NULL, &spec.err));
	assert_int_equal(db_run(debts, &table, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(debts), "42501");
	assert_int_equal(db_run(debts, &person, NULL, NULL, &spec.err), -1);
	assert_string_equal(db_sqlstate(debts), "42501");
	db_close(debts);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(test_customers_store__what_is_personal_is_sealed),
		TEST(test_customers_store__the_old_form_is_sealed_anew_when_a_row_is_written),
		TEST(test_customers_store__the_old_form_without_a_salt_is_sealed_anew),
		TEST(test_customers_store__what_does_not_open_is_not_written_over),
		TEST(test_customers_store__what_does_not_open_is_erased),
		TEST(test_customers_store__an_update_changes_what_it_names_only),
		TEST(test_customers_store__an_update_clears_what_it_is_told),
		TEST(test_customers_store__what_is_cleared_at_once_is_not_written),
		TEST(test_customers_store__one_batch_may_create_and_update),
		TEST(test_customers_store__what_is_taken_is_seen),
		TEST(test_customers_store__a_contact_point_keeps_its_end_and_its_proof),
		TEST(test_customers_store__an_erasure_leaves_nothing_of_the_person),
		TEST(test_customers_store__the_hash_of_an_address_is_the_customers_own),
		TEST(test_customers_store__an_erasure_ends_commands_that_wait_and_those_written_later),
		TEST(test_customers_store__an_erasure_and_a_batch_that_parks_do_not_miss_each_other),
		TEST(test_customers_store__of_all_who_have_an_address_one_answers),
		TEST(test_customers_store__one_batch_may_create_and_erase),
		TEST(test_customers_store__a_customer_is_known_to_the_creditors_of_who_made_him_known),
		TEST(test_customers_store__who_knows_a_customer_may_change_him),
		TEST(test_customers_store__who_is_bound_to_portfolios_may_change_whom_they_know),
		TEST(test_customers_store__an_id_or_a_reference_that_is_anothers_tells_nothing),
		TEST(test_customers_store__what_is_owed_either_way_keeps_the_data),
		TEST(test_customers_store__a_customer_without_a_salt_is_written_and_erased),
		TEST(test_customers_store__what_can_be_done_next_is_what_the_rules_take),
		TEST(test_customers_store__what_can_be_done_with_a_contact_point_is_what_the_rules_take),
		TEST(test_customers_store__other_modules_see_the_views_only),
	};

	return cmocka_run_group_tests_name("customers store", tests, setup_group, teardown_group);
}
