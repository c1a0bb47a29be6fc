/*
 * Fills the peer's database (peer.sql) with the debts of the world, by COPY, and makes its two topics. Each other row, topic and
 * setting of the stack is as for ours.
 *
 * usage: peer_load --debts N     (DCS_PG, DCS_KAFKA_BOOTSTRAP)
 */
#include <stdio.h>

#include "base/array.h"
#include "base/conf.h"
#include "bus/bus.h"
#include "db/db.h"
#include "peer_message.h"
#include "world.h"

#define CHUNK_ROWS    20000
#define COPY_SIZE_MAX ((size_t)64 << 20)

static const struct db_table table_debts = {
	.name = "peer.debt",
	.columns = "debt_id uuid, customer_id uuid, creditor_id uuid, version bigint, principal_minor bigint, interest_minor "
		   "bigint, "
		   "cost_minor bigint, credit_minor bigint, opened_on date, due_on date, currency text, external_ref text",
};

static void add_debt(struct db_copy *copy, const struct world_debt *debt)
{
	db_copy_row(copy);
	db_copy_uuid(copy, &debt->debt_id);
	db_copy_uuid(copy, &debt->customer_id);
	db_copy_uuid(copy, &debt->creditor_id);
	db_copy_int64(copy, 1);
	db_copy_int64(copy, debt->principal_minor);
	db_copy_int64(copy, debt->interest_minor);
	db_copy_int64(copy, debt->cost_minor);
	db_copy_int64(copy, 0);
	db_copy_date(copy, debt->opened_on);
	db_copy_date(copy, debt->due_on);
	db_copy_str(copy, STR("EUR"));
	db_copy_str(copy, str_of(debt->external_ref));
}

static int load_debts(struct db *db, const struct world *world, struct err *err)
{
	struct db_copy debts;
	int rc = 0;

	db_copy_init(&debts, &table_debts, COPY_SIZE_MAX);
	for (int64_t number = 0; rc == 0 && number < world->debts;) {
		db_copy_reset(&debts);
		for (; debts.rows < CHUNK_ROWS && number < world->debts; number++) {
			struct world_debt debt;

			world_debt(world, number, &debt);
			add_debt(&debts, &debt);
		}
		rc = db_copy_run(db, &debts, err);
	}
	db_copy_release(&debts);
	return rc;
}

static int create_topics(const char *bootstrap, struct err *err)
{
	const struct bus_conf conf = { .bootstrap = bootstrap, .client_id = "bench-peer" };
	struct bus_topic topics[] = { { .name = PEER_COMMANDS }, { .name = PEER_EVENTS } };
	int created;

	for (size_t i = 0; i < COUNT(topics); i++) {
		topics[i].parts = WORLD_PARTS;
		topics[i].replication = 1;
		topics[i].retention_ms = -1;
		topics[i].message_bytes_max = BUS_RECORD_MAX;
	}
	return bus_topics_create(&conf, topics, COUNT(topics), &created, err);
}

int main(int argc, char **argv)
{
	const char *pg, *bootstrap;
	struct world world;
	struct db *db = NULL;
	struct err err = ERR_INIT;
	enum conf_outcome outcome;
	int argi;
	const struct conf_row rows[] = {
		{ .name = "pg", .kind = CONF_TEXT, .target = &pg, .help = "PostgreSQL conninfo of a superuser" },
		{ .name = "kafka.bootstrap", .kind = CONF_TEXT, .target = &bootstrap, .help = "Kafka, host:port,..." },
		{ .name = "debts",
		  .kind = CONF_NUMBER,
		  .target = &world.debts,
		  .number_min = 1,
		  .number_max = 100000000,
		  .help = "how many debts are there before the first command" },
	};

	if (conf_read(rows, COUNT(rows), "Fills the database of the bench's peer.", argc, argv, &outcome, &argi, &err) < 0)
		goto out;
	if (outcome == CONF_EXIT_OK)
		return 0;
	if (db_open(pg, "peer_load", 0, &db, &err) < 0 || load_debts(db, &world, &err) < 0)
		goto out;
	(void)create_topics(bootstrap, &err);
out:
	db_close(db);
	if (err.kind != ERR_NONE)
		fprintf(stderr, "peer_load: %s\n", err.text);
	return err.kind != ERR_NONE;
}
