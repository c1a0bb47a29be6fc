#ifndef TESTS_IO_STORE_SPEC_H
#define TESTS_IO_STORE_SPEC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "db/db.h"
#include "model/module.h"
#include "tests/io/database.h"
#include "worker/store.h"

/*
 * A module's rules over its store in a real PostgreSQL (DCS_TEST_PG), with all migrations, in a database of its own, connected as
 * the module's own role: what it may not touch fails here as it would in production. Commands are put into a batch (store_add)
 * and the batch is done (store_run) as the engine does it: touch, load, decide, evolve, save, commit.
 */
#define STORE_BATCH_MAX    64
#define STORE_TODAY        20454 /* 2026-01-01 */
#define STORE_TIMEOUT_MS   20000
#define STORE_CONNINFO_MAX 512

struct store_spec {
	const struct module *module;
	const struct store *store;
	char conninfo[STORE_CONNINFO_MAX];
	struct db *admin; /* sees everything */
	struct db *db;    /* the module's */
	struct err err;

	struct arena arena; /* of the batch */
	struct arena life;  /* bodies */
	struct workset set;
	struct command commands[STORE_BATCH_MAX];
	struct decision decisions[STORE_BATCH_MAX];
	struct { /* in the set: as in struct logged_event */
		size_t first, count;
	} slots[STORE_BATCH_MAX];
	size_t count;
	int64_t seq; /* of the one partition there is */
	unsigned ids;
	void (*after_load)(struct store_spec *spec); /* once: what another writer does meanwhile */
};

#define STORE_PART 3

/* The key that seals, in a file as the programs want it (DCS_ADDRESS_KEY_FILE); the same bytes for the test itself. */
static inline void store_key_file(uint8_t ret_key[32])
{
	static const char hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	char path[] = "/tmp/dcs-test-key.XXXXXX";
	int file = mkstemp(path);

	assert_true(file >= 0);
	assert_int_equal(write(file, hex, sizeof(hex) - 1), sizeof(hex) - 1);
	close(file);
	assert_int_equal(setenv("DCS_ADDRESS_KEY_FILE", path, 1), 0);
	for (unsigned index = 0; index < 32; index++)
		ret_key[index] = (uint8_t)index;
}

static inline void store_key_file_remove(void)
{
	unlink(getenv("DCS_ADDRESS_KEY_FILE"));
}

static inline struct uuid spec_id(char kind, unsigned number)
{
	struct uuid id = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80, [11] = (uint8_t)kind } };

	id.bytes[14] = (uint8_t)(number >> 8);
	id.bytes[15] = (uint8_t)number;
	return id;
}

static inline void store_must(struct store_spec *spec, int rc)
{
	if (rc < 0)
		fail_msg("unexpected failure: %s", spec->err.text);
}

static inline void store_open(struct store_spec *spec, const char *database, const char *role, struct db **ret_db)
{
	char conninfo[STORE_CONNINFO_MAX];

	snprintf(conninfo, sizeof(conninfo), "%s dbname=%s%s%s", getenv("DCS_TEST_PG"), database, role[0] ? " user=" : "", role);
	store_must(spec, db_open(conninfo, "test_store", STORE_TIMEOUT_MS, ret_db, &spec->err));
}

/* db remembers what it has prepared by the statement's address: one for each name, for good. */
static inline const struct db_statement *store_statement(const char *name, const char *sql)
{
	static struct db_statement statements[192];
	static size_t count;

	for (size_t index = 0; index < count; index++) {
		if (strcmp(statements[index].name, name) == 0)
			return &statements[index];
	}
	assert_true(count < COUNT(statements));
	statements[count] = (struct db_statement){ name, sql };
	return &statements[count++];
}

/* A statement of the test's own, as the administrator; names are unique. */
static inline void store_sql(struct store_spec *spec, const char *name, const char *sql)
{
	store_must(spec, db_run(spec->admin, store_statement(name, sql), NULL, NULL, &spec->err));
}

static inline int64_t store_number(struct store_spec *spec, const char *name, const char *sql)
{
	struct db_result result = { 0 };
	int64_t number;

	store_must(spec, db_run(spec->admin, store_statement(name, sql), NULL, &result, &spec->err));
	assert_int_equal(result.rows, 1);
	number = db_int64(&result, 0, 0);
	db_result_release(&result);
	return number;
}

static inline void store_spec_init(struct store_spec *spec, const struct module *module, const struct store *store)
{
	char role[64];

	*spec = (struct store_spec){ .module = module, .store = store };
	store_must(spec, crypto_init(&spec->err));
	store_must(spec, arena_init(&spec->arena, (size_t)16 << 20, &spec->err));
	store_must(spec, arena_init(&spec->life, (size_t)4 << 20, &spec->err));
	store_must(spec, test_database_make("test_store", &spec->err));
	store_open(spec, "test_store", "", &spec->admin);
	snprintf(role, sizeof(role), "dcs_%s", module->name);
	store_open(spec, "test_store", role, &spec->db);
}

static inline void store_spec_release(struct store_spec *spec)
{
	db_close(spec->db);
	db_close(spec->admin);
	arena_release(&spec->arena);
	arena_release(&spec->life);
}

static inline const struct rule *store_rule(const struct store_spec *spec, const struct message_type *type)
{
	for (size_t index = 0; index < spec->module->rules_count; index++) {
		if (spec->module->rules[index].type == type)
			return &spec->module->rules[index];
	}
	for (size_t index = 0; index < spec->module->timers_count; index++) {
		if (spec->module->timers[index].rule.type == type) /* the tests of a module with two kinds tell them apart */
			return &spec->module->timers[index].rule;
	}
	for (size_t index = 0; index < spec->module->follows_count; index++) {
		const struct follow *follow = &spec->module->follows[index];

		for (size_t rule = 0; rule < follow->rules_count; rule++) {
			if (follow->rules[rule].type == type)
				return &follow->rules[rule];
		}
	}
	fail_msg("no rule for %s", type->record.name);
	return NULL;
}

/* Copies the body; the texts in it must be constants. */
static inline void store_add(struct store_spec *spec, const struct message_type *type, const void *body)
{
	void *copy = arena_take(&spec->life, 1, type->record.size);

	assert_non_null(copy);
	assert_true(spec->count < STORE_BATCH_MAX);
	memcpy(copy, body, type->record.size);
	spec->commands[spec->count++] = (struct command){ .type = type,
							  .body = copy,
							  .id = spec_id('!', ++spec->ids),
							  .key = *message_uuid(type->key_field, copy),
							  .actor = STR("test"),
							  .roles = type->roles,
							  .scope = &scope_all,
							  .now_ms = STORE_TODAY * DAY_MS + spec->ids,
							  .received_ms = STORE_TODAY * DAY_MS + spec->ids,
							  .today = STORE_TODAY };
}

static inline void store_load_all(struct store_spec *spec)
{
	size_t loaded = 0;

	for (int round = 0; round < TOUCH_ROUNDS_MAX; round++) {
		for (size_t index = 0; index < spec->count; index++) {
			const struct rule *rule = store_rule(spec, spec->commands[index].type);
			size_t first = spec->set.slots_count;

			if (round == 0 || rule->touches_again || command_is_bound(&spec->commands[index]))
				rule->touch(&spec->commands[index], &spec->set);
			if (round == 0) {
				spec->slots[index].first = first;
				spec->slots[index].count = spec->set.slots_count - first;
			}
		}
		assert_false(spec->set.overflow);
		if (spec->set.slots_count == loaded)
			return;
		store_must(spec, spec->store->load(spec->store->self, spec->db, spec->set.slots + loaded,
						   spec->set.slots_count - loaded, &spec->err));
		loaded = spec->set.slots_count;
	}
}

/* A timer that fires at this time, as a command of the next batch. */
static inline void store_fire(struct store_spec *spec, const struct timer *timer, struct uuid key, int64_t now_ms)
{
	struct timer *copy = arena_take(&spec->life, 1, sizeof(*copy));

	assert_non_null(copy);
	assert_true(spec->count < STORE_BATCH_MAX);
	*copy = *timer;
	spec->commands[spec->count++] = (struct command){ .type = &timer_type,
							  .body = copy,
							  .id = spec_id('!', ++spec->ids),
							  .key = key,
							  .actor = STR("timer"),
							  .scope = &scope_all,
							  .now_ms = now_ms,
							  .received_ms = now_ms,
							  .today = STORE_TODAY };
}

/* Does the batch and answers save's answer; after a failure it was rolled back and can be tried again. The decisions stand until
 * the next batch. */
static inline int store_try(struct store_spec *spec)
{
	struct logged_event events[STORE_BATCH_MAX * DECISION_EVENTS_MAX];
	size_t events_count = 0;
	bool fits;
	int rc;

	arena_reset(&spec->arena);
	fits = workset_init(&spec->set, &spec->arena, 1000);
	assert_true(fits);
	store_must(spec, db_begin(spec->db, &spec->err));
	store_load_all(spec);
	if (spec->after_load != NULL)
		spec->after_load(spec);
	spec->after_load = NULL;
	for (size_t index = 0; index < spec->count; index++) {
		struct decision *decision = &spec->decisions[index];

		decision_init(decision, &spec->arena, &spec->commands[index]);
		store_rule(spec, spec->commands[index].type)->decide(&spec->commands[index], &spec->set, decision);
		assert_false(decision->overflow);
		if (spec->commands[index].type != &timer_type)
			assert_int_not_equal(decision->kind, DECISION_NONE);
		for (size_t event = 0; event < decision->events_count; event++) {
			spec->module->evolve(&spec->set, &decision->events[event]);
			events[events_count++] = (struct logged_event){ .event = &decision->events[event],
									.event_id = spec_id('E', ++spec->ids),
									.part = STORE_PART,
									.seq = ++spec->seq,
									.at_ms = spec->commands[index].now_ms,
									.slots_first = spec->slots[index].first,
									.slots_count = spec->slots[index].count };
		}
	}
	rc = spec->store->save(spec->store->self, spec->db, &spec->set, events, events_count, &spec->err);
	if (rc == 0)
		rc = db_write_end(spec->db, &spec->err);
	if (rc < 0)
		db_rollback(spec->db);
	else
		store_must(spec, db_commit(spec->db, &spec->err));
	spec->count = rc < 0 ? spec->count : 0;
	return rc;
}

static inline void store_run(struct store_spec *spec)
{
	store_must(spec, store_try(spec));
}

#define then_answers(spec, index, event_name)                                                                                    \
	do {                                                                                                                     \
		assert_int_equal((spec)->decisions[index].kind, DECISION_EVENTS);                                                \
		assert_string_equal((spec)->decisions[index].events[0].type->record.name, event_name);                           \
	} while (0)

#define then_refuses(spec, index, code)                                                                                          \
	do {                                                                                                                     \
		assert_int_equal((spec)->decisions[index].kind, DECISION_REFUSED);                                               \
		assert_string_equal(refusal_code((spec)->decisions[index].refusal), refusal_code(code));                         \
	} while (0)

#endif
