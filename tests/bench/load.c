/*
 * Fills a migrated database with the world before the first command (world.h): customers, debts, and each debt's opening entry in
 * the ledger, by COPY. The entries are numbered from below 0 on, as there are no events for them: the log and the topics begin
 * empty, and nothing is published for what was always there.
 *
 * usage: load --debts N     (DCS_PG, DCS_ADDRESS_KEY_FILE)
 */
#include <stdio.h>

#include "base/array.h"
#include "base/conf.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "db/db.h"
#include "world.h"

#define CHUNK_ROWS    20000
#define COPY_SIZE_MAX ((size_t)64 << 20)
#define SEQ_FROM      (-(INT64_C(1) << 40))

static const struct db_table table_customers = {
	.name = "customers.customer",
	.columns = "customer_id uuid, external_ref text, kind text, status text, locale text, country text, "
		   "version bigint, full_name_sealed bytea",
};
static const struct db_table table_debts = {
	.name = "debts.debt",
	.columns = "debt_id uuid, customer_id uuid, creditor_id uuid, version bigint, last_entry_seq bigint, "
		   "cost_minor bigint, fee_minor bigint, interest_minor bigint, principal_minor bigint, "
		   "credit_minor bigint, entries integer, lifecycle smallint, part integer, opened_on date, "
		   "due_on date, currency text, external_ref text, portfolio_id uuid",
};
static const struct db_table table_entries = {
	.name = "debts.posting",
	.columns = "part integer, entry_no integer, seq bigint, debt_id uuid, command_id uuid, occurred_on date, "
		   "business_date date, kind smallint, contra smallint, contra_minor bigint, cost_minor bigint, "
		   "interest_minor bigint, principal_minor bigint",
};

/* The gateway shows the name: it is sealed as the customers' worker would, with the programs' key. */
static void add_customer(struct db_copy *copy, int64_t number, const uint8_t key[32])
{
	static const char name[] = "Alexandra Beispiel";
	uint8_t sealed[sizeof(name) - 1 + SEAL_OVERHEAD];
	struct uuid id = world_customer_id(number);
	const struct seal_place place = { .column = &sealed_name, .row = id, .version = 1, .owner = id };
	char external_ref[24];

	seal(sealed, (struct str){ .data = name, .size = sizeof(name) - 1 }, &place, key);
	snprintf(external_ref, sizeof(external_ref), "C-%09lld", (long long)number);
	db_copy_row(copy);
	db_copy_uuid(copy, &id);
	db_copy_str(copy, str_of(external_ref));
	db_copy_str(copy, STR("natural"));
	db_copy_str(copy, STR("active"));
	db_copy_str(copy, STR("de-DE"));
	db_copy_str(copy, STR("DE"));
	db_copy_int64(copy, 1);
	db_copy_str(copy, (struct str){ .data = (const char *)sealed, .size = sizeof(sealed) });
}

static void add_debt(struct db_copy *copy, const struct world_debt *debt, int32_t part, int64_t seq)
{
	db_copy_row(copy);
	db_copy_uuid(copy, &debt->debt_id);
	db_copy_uuid(copy, &debt->customer_id);
	db_copy_uuid(copy, &debt->creditor_id);
	db_copy_int64(copy, 1);
	db_copy_int64(copy, seq);
	db_copy_int64(copy, debt->cost_minor);
	db_copy_int64(copy, 0);
	db_copy_int64(copy, debt->interest_minor);
	db_copy_int64(copy, debt->principal_minor);
	db_copy_int64(copy, 0);
	db_copy_int32(copy, 1);
	db_copy_int16(copy, 1); /* LIFECYCLE_NEW */
	db_copy_int32(copy, part);
	db_copy_date(copy, debt->opened_on);
	db_copy_date(copy, debt->due_on);
	db_copy_str(copy, STR("EUR"));
	db_copy_str(copy, str_of(debt->external_ref));
	db_copy_uuid(copy, &debt->portfolio_id);
}

static void copy_amount(struct db_copy *copy, int64_t minor)
{
	if (minor == 0)
		db_copy_null(copy);
	else
		db_copy_int64(copy, minor);
}

static void add_entry(struct db_copy *copy, const struct world_debt *debt, int32_t part, int64_t seq)
{
	db_copy_row(copy);
	db_copy_int32(copy, part);
	db_copy_int32(copy, 1);
	db_copy_int64(copy, seq);
	db_copy_uuid(copy, &debt->debt_id);
	db_copy_uuid(copy, &debt->debt_id);
	db_copy_date(copy, debt->opened_on);
	db_copy_date(copy, debt->opened_on);
	db_copy_int16(copy, 1); /* LEDGER_OPENING */
	db_copy_int16(copy, 1); /* CONTRA_CREDITOR_CLAIM */
	db_copy_int64(copy, -debt->principal_minor - debt->interest_minor - debt->cost_minor);
	copy_amount(copy, debt->cost_minor);
	copy_amount(copy, debt->interest_minor);
	copy_amount(copy, debt->principal_minor);
}

static int load_customers(struct db *db, const struct world *world, const uint8_t key[32], struct err *err)
{
	struct db_copy copy;
	int rc = 0;

	db_copy_init(&copy, &table_customers, COPY_SIZE_MAX);
	for (int64_t number = 0; rc == 0 && number < world_customers(world);) {
		db_copy_reset(&copy);
		for (; copy.rows < CHUNK_ROWS && number < world_customers(world); number++)
			add_customer(&copy, number, key);
		rc = db_copy_run(db, &copy, err);
	}
	db_copy_release(&copy);
	return rc;
}

static int load_debts(struct db *db, const struct world *world, struct err *err)
{
	struct db_copy debts;
	struct db_copy entries;
	int rc = 0;

	db_copy_init(&debts, &table_debts, COPY_SIZE_MAX);
	db_copy_init(&entries, &table_entries, COPY_SIZE_MAX);
	for (int64_t number = 0; rc == 0 && number < world->debts;) {
		db_copy_reset(&debts);
		db_copy_reset(&entries);
		for (; debts.rows < CHUNK_ROWS && number < world->debts; number++) {
			struct world_debt debt;
			int32_t part;

			world_debt(world, number, &debt);
			part = world_part(&debt.customer_id);
			add_debt(&debts, &debt, part, SEQ_FROM + number);
			add_entry(&entries, &debt, part, SEQ_FROM + number);
		}
		if (db_copy_run(db, &debts, err) < 0 || db_copy_run(db, &entries, err) < 0)
			rc = -1;
	}
	db_copy_release(&debts);
	db_copy_release(&entries);
	return rc;
}

int main(int argc, char **argv)
{
	const char *pg, *key_file;
	struct world world;
	uint8_t key[32];
	struct db *db = NULL;
	struct err err = ERR_INIT;
	enum conf_outcome outcome;
	int argi;
	const struct conf_row rows[] = {
		{ .name = "pg", .kind = CONF_TEXT, .target = &pg, .help = "PostgreSQL conninfo of a superuser" },
		{ .name = "address.key.file", .kind = CONF_TEXT, .target = &key_file, .help = "key that seals names" },
		{ .name = "debts",
		  .kind = CONF_NUMBER,
		  .target = &world.debts,
		  .number_min = 1,
		  .number_max = 100000000,
		  .help = "how many debts are there before the first command" },
	};

	if (conf_read(rows, COUNT(rows), "Fills the database of make bench.", argc, argv, &outcome, &argi, &err) < 0)
		goto out;
	if (outcome == CONF_EXIT_OK)
		return 0;
	if (crypto_init(&err) < 0 || key_read(key, key_file, &err) < 0 || db_open(pg, "bench_load", 0, &db, &err) < 0 ||
	    load_customers(db, &world, key, &err) < 0)
		goto out;
	(void)load_debts(db, &world, &err);
out:
	db_close(db);
	if (err.kind != ERR_NONE)
		fprintf(stderr, "load: %s\n", err.text);
	return err.kind != ERR_NONE;
}
