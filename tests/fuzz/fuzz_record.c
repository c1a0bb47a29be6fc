/*
 * The door of Kafka: records with any key, headers and value through admission and, when they are commands, through the rules of
 * their module, one after the other over the same states, so that a payment finds its debt.
 *
 *   input   module, then records: mode, [key, partition], [headers], value
 *   mode    bit 0: the key is the input's, else the body's
 *           bit 1: the headers are the input's, else good ones
 *           bits 2, 3: what the token may; bits 4 to 6: how the command is parked afterwards
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "tests/fuzz/fuzz.h"
#include "wire/coder.h"
#include "worker/admit.h"
#include "worker/rights.h"

#define ARENA_SIZE     ((size_t)16 << 20)
#define VALUE_SIZE_MAX ((size_t)2 << 10) /* so that an input can be above it */
#define RECORDS_MAX    12
#define SLOTS_MAX      512
#define NOW_MS         INT64_C(1795359845123) /* 2026-11-22 */

/* Their headers cannot all be included: two say `enum channel`. */
extern const struct module debts_module, customers_module, communications_module, users_module, reports_module;
extern const struct entity debts_customer_entity, debts_acquaintance_entity, person_entity;

static const struct module *const modules[] = { &debts_module, &customers_module, &communications_module, &users_module,
						&reports_module };

static const char *const header_names[] = { "ce_specversion", "ce_id",           "ce_source",        "ce_type",
					    "ce_time",        "content-type",    "authorization",    "ce_subject",
					    "ce_dataschema",  "ce_partitionkey", "ce_correlationid", "ce_causationid",
					    "ce_expirytime",  "ce_actor",        "traceparent",      "ce_sequence",
					    "dcs_hash",       "Authorization",   "x-other" };
#define HEADER_NAMES (sizeof(header_names) / sizeof(header_names[0]))

struct door {
	struct arena arena, states;
	struct coder *coder;
	struct workset set;
	struct header headers[HEADERS_MAX + 2];
	size_t headers_count;
	uint32_t roles;
	char id[UUID_TEXT_SIZE + 1];
	char names[HEADERS_MAX + 2][16];
};
static struct door door;

/* ---- the edges ---- */

static int give_headers(void *self, const struct bus_record *record, struct header ret_headers[HEADERS_MAX], size_t *ret_count,
			struct err *err)
{
	(void)self;
	(void)record;
	*ret_count = door.headers_count < HEADERS_MAX ? door.headers_count : HEADERS_MAX;
	memcpy(ret_headers, door.headers, *ret_count * sizeof(*ret_headers));
	return door.headers_count > HEADERS_MAX ? err_set(err, ERR_POISON, "headers: %zu", door.headers_count) : 0;
}

static int32_t part_of(void *self, struct str key)
{
	(void)self;
	(void)key;
	return 0;
}

/* Any token but an empty one is good: what forged ones do is tests/fuzz/fuzz_token.c's. */
static int verify(void *self, struct str token, struct token_claims *ret_claims, struct err *err)
{
	(void)self;
	if (str_is(token, "bad"))
		return err_set(err, ERR_POISON, "token: the signature is wrong");
	*ret_claims = (struct token_claims){ .roles = door.roles,
					     .issued_at_ms = NOW_MS,
					     .expires_at_ms = NOW_MS + 60000,
					     .scope = { .all_creditors = true, .all_sources = true } };
	memcpy(ret_claims->subject, "somebody", 9);
	return 0;
}

/* ---- a record ---- */

static void take_headers(struct input *input)
{
	size_t count = input_u8(input) % (HEADERS_MAX + 2);

	for (door.headers_count = 0; door.headers_count < count; door.headers_count++) {
		struct header *header = &door.headers[door.headers_count];
		uint8_t name = input_u8(input);

		header->name = name < HEADER_NAMES ? header_names[name] : door.names[door.headers_count];
		if (name >= HEADER_NAMES &&
		    !str_to_chars(door.names[door.headers_count], sizeof(door.names[0]), input_bytes(input, name % 16)))
			header->name = "x-other";
		header->value = input_short(input);
	}
}

static void make_headers(const struct message_type *type, unsigned number)
{
	struct uuid id = { .bytes = { 0x01, 0xa2, 0x00, 0x00, 0x00, (uint8_t)number, 0x70, 0x00, 0x80 } };

	uuid_format(door.id, &id);
	door.headers_count = 0;
	door.headers[door.headers_count++] = (struct header){ "ce_specversion", STR("1.0") };
	door.headers[door.headers_count++] = (struct header){ "ce_id", str_of(door.id) };
	door.headers[door.headers_count++] = (struct header){ "ce_source", STR("/fuzz") };
	door.headers[door.headers_count++] = (struct header){ "ce_type", str_of(type->ce_type) };
	door.headers[door.headers_count++] = (struct header){ "authorization", STR("Bearer good") };
}

/* What the value says of itself, so that key and headers can be made to fit; NULL: it cannot be read. */
static const struct message_type *look_into(struct str value, char ret_key[UUID_TEXT_SIZE + 1])
{
	const struct message_type *type;
	struct err err = ERR_INIT;
	const void *body;

	ret_key[0] = '\0';
	if (coder_decode(door.coder, value, &door.arena, &type, &body, &err) != 0)
		return NULL;
	if (type->key_field != NULL)
		uuid_format(ret_key, message_uuid(type->key_field, body));
	return type;
}

/* ---- a command ---- */

/* The facts of another module that a store would bring: customers exist. */
static bool is_foreign(const struct entity *entity)
{
	return entity == &debts_customer_entity || entity == &debts_acquaintance_entity || entity == &person_entity;
}

static void load(void)
{
	for (size_t i = 0; i < door.set.missing_count; i++) {
		door.set.missing[i]->loaded = true;
		door.set.missing[i]->exists |= is_foreign(door.set.missing[i]->entity);
	}
	door.set.missing_count = 0;
}

static void decide(const struct module *module, struct item *item)
{
	struct decision decision;

	item->command.today = day_of_instant(item->command.now_ms);
	rights_touch(&item->command, &door.set);
	for (int round = 0; round < TOUCH_ROUNDS_MAX; round++) {
		item->rule->touch(&item->command, &door.set);
		if (door.set.overflow)
			return;
		load();
	}
	decision_init(&decision, &door.states, &item->command);
	if (!rights_hold(&item->command, &door.set) || item->nil_field != NULL || item->text_fault != NULL)
		return;
	item->rule->decide(&item->command, &door.set, &decision);
	MUST(decision.overflow || decision.kind != DECISION_NONE);
	for (size_t i = 0; i < decision.events_count && !decision.overflow; i++) {
		struct buf buf;
		struct err err = ERR_INIT;

		module->evolve(&door.set, &decision.events[i]);
		buf_init(&buf, (size_t)1 << 20);
		MUST(coder_encode(door.coder, decision.events[i].type, decision.events[i].body, &buf, &err) == 0);
		buf_release(&buf);
	}
}

/* The same command as a row of `parked`: what was admitted once is decoded again. */
static void park_and_admit(const struct admission *admission, const struct item *item, uint8_t mode)
{
	const struct parked parked = { .part = item->part,
				       .offset = item->offset,
				       .kind = mode & 0x40 ? PARKED_BUG : PARKED_WAIT,
				       .released = (mode & 0x20) != 0,
				       .key = item->command.key,
				       .command_id = item->command.id,
				       .correlation_id = item->command.correlation_id,
				       .actor = item->command.actor,
				       .roles = item->command.roles,
				       .scope = item->command.scope,
				       .value = item->value };
	struct err err = ERR_INIT;
	struct item again;

	if (admit_parked(admission, &parked, (mode & 0x10) != 0, NOW_MS, &door.states, &again, &err) != 0)
		MUST(err.kind == ERR_POISON);
	else
		MUST(again.is_unread || again.command.type == item->command.type);
}

static void take_record(const struct module *module, struct input *input, unsigned number)
{
	static const uint32_t all_roles[] = { UINT32_MAX & ~(uint32_t)ROLE_CONSUMER, ROLE_AGENT, ROLE_CREDITOR, 0 };
	const struct admission admission = {
		.module = module, .coder = door.coder, .verify = verify, .value_size_max = VALUE_SIZE_MAX
	};
	const struct broker broker = { .headers = give_headers, .part_of = part_of };
	struct bus_record record = { .offset = number, .at_ms = NOW_MS };
	uint8_t mode = input_u8(input);
	const struct message_type *type;
	char key[UUID_TEXT_SIZE + 1];
	struct err err = ERR_INIT;
	struct item item;

	door.roles = all_roles[mode >> 2 & 3];
	if (mode & 1) {
		record.key = input_short(input);
		record.part = input_u8(input);
	}
	if (mode & 2)
		take_headers(input);
	record.value = input_long(input);
	type = look_into(record.value, key);
	if (!(mode & 1))
		record.key = str_of(key);
	if (!(mode & 2) && type != NULL)
		make_headers(type, number);
	if (admit(&admission, &broker, &record, &door.states, &item, &err) != 0) {
		MUST(err.kind == ERR_POISON); /* the arena is full */
		return;
	}
	if (item.kind != ITEM_COMMAND)
		return;
	decide(module, &item);
	park_and_admit(&admission, &item, mode);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .at = data, .end = data + size };
	const struct module *module = modules[input_u8(&input) % (sizeof(modules) / sizeof(modules[0]))];
	struct err err = ERR_INIT;

	if (door.coder == NULL &&
	    (crypto_init(&err) != 0 || coder_new(&door.coder, &err) != 0 || arena_init(&door.arena, ARENA_SIZE, &err) != 0 ||
	     arena_init(&door.states, ARENA_SIZE, &err) != 0))
		exit(1);
	arena_reset(&door.states);
	MUST(workset_init(&door.set, &door.states, SLOTS_MAX));
	door.headers_count = 0;
	for (unsigned number = 0; number < RECORDS_MAX && input.at < input.end; number++) {
		arena_reset(&door.arena);
		take_record(module, &input, number);
	}
	return 0;
}
