/*
 * The door of Kafka: records with any key, headers and value through admission and, when they are commands, in batches through
 * the engine's own decisions and the rules of their module, one after the other over the same states, so that a payment finds its
 * debt. An input is a script (script.h); mutate.c changes one in a way that leaves most records good.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "schemas/engine.h"
#include "tests/fuzz/compared.h"
#include "tests/fuzz/facts.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/tally.h"
#include "worker/batch.h"

#define ARENA_SIZE     ((size_t)16 << 20)
#define VALUE_SIZE_MAX ((size_t)4 << 10)
#define VALUE_SIZE_LOW ((size_t)200) /* of scripts with a bit: so that inputs can be above it */
#define KEPT_MAX       1024
#define PARKED_MAX     64

struct door {
	struct engine engine;
	struct batch batch;
	struct arena memory_arena; /* what the records have made, until the script ends */
	struct memory memory;
	struct kept kept[KEPT_MAX];
	struct answer applied[SCRIPT_RECORDS_MAX];
	size_t applied_count;
	uint32_t applied_records; /* bits, by their place in the script */
	struct parked parked[PARKED_MAX];
	size_t parked_count;
	struct kept_command waiting[PARKED_MAX]; /* for a second person */
	size_t waiting_count;
	int64_t now_ms;
	const struct script *script;

	/* the record at hand */
	struct header headers[SCRIPT_HEADERS_MAX];
	size_t headers_count;
	char names[SCRIPT_HEADERS_MAX][256];
	char id[UUID_TEXT_SIZE + 1], key[UUID_TEXT_SIZE + 1];
	uint8_t mode, who;
};
static struct door door;

/* ---- what the records have made ---- */

const void *memory_find(const struct memory *memory, const struct entity *entity, const struct uuid *id)
{
	for (size_t i = 0; i < memory->count; i++)
		if (memory->kept[i].entity == entity && uuid_equal(&memory->kept[i].id, id))
			return memory->kept[i].state;
	return NULL;
}

static int load(void *self, struct slot **slots, size_t count, struct err *err)
{
	(void)self;
	(void)err;
	for (size_t i = 0; i < count; i++) {
		struct slot *slot = slots[i];
		const void *state = memory_find(&door.memory, slot->entity, &slot->id);

		if (state != NULL)
			memcpy(slot->state, state, slot->entity->state_size);
		else if (facts_load(door.script->facts, slot) || facts_load_post(door.script->facts, &door.memory, slot))
			continue;
		slot->loaded = true;
		slot->exists = slot->stored = state != NULL;
		facts_finish(slot);
	}
	return 0;
}

static void save(const struct slot *slot)
{
	void *state = (void *)(uintptr_t)memory_find(&door.memory, slot->entity, &slot->id);

	if (state == NULL && door.memory.count < KEPT_MAX) {
		state = arena_take(&door.memory_arena, 1, slot->entity->state_size);
		MUST(state != NULL);
		door.kept[door.memory.count++] = (struct kept){ .entity = slot->entity, .id = slot->id, .state = state };
	}
	if (state != NULL)
		memcpy(state, slot->state, slot->entity->state_size);
}

static struct str keep(struct str text)
{
	struct str copy = str_copy(&door.memory_arena, text);

	MUST(copy.data != NULL);
	return copy;
}

static void keep_parked(const struct parked *parked)
{
	struct parked *to;

	if (door.parked_count == PARKED_MAX)
		return;
	to = &door.parked[door.parked_count++];
	*to = *parked;
	to->actor = keep(parked->actor);
	to->reason = keep(parked->reason);
	to->traceparent = keep(parked->traceparent);
	to->value = keep(parked->value);
	to->holds = keep(parked->holds);
	to->scope = scope_keep(&door.memory_arena, parked->scope);
	MUST(keyset_add_bytes(&door.engine.partitions[0].held, to->holds));
}

static void keep_waiting(const struct kept_command *kept)
{
	struct kept_command *to;

	if (door.waiting_count == PARKED_MAX)
		return;
	to = &door.waiting[door.waiting_count++];
	*to = *kept;
	to->type = keep(kept->type);
	to->actor = keep(kept->actor);
	to->reason = keep(kept->reason);
	to->value = keep(kept->value);
	to->scope = scope_keep(&door.memory_arena, kept->scope);
}

static void end_waiting(const struct kept_end *end)
{
	for (size_t i = 0; i < door.waiting_count; i++) {
		if (!uuid_equal(&door.waiting[i].command_id, &end->command_id))
			continue;
		door.waiting[i].state = end->state;
		door.waiting[i].value = (struct str){ .data = NULL };
	}
}

/* ---- the edges ---- */

static int read_kept(void *self, const struct kept_ask *asks, size_t asks_count, struct arena *arena,
		     struct kept_command **ret_rows, size_t *ret_count, struct err *err)
{
	struct kept_command *rows = arena_take(arena, asks_count, sizeof(*rows));

	(void)self;
	(void)err;
	MUST(rows != NULL);
	*ret_count = 0;
	for (size_t i = 0; i < asks_count; i++)
		for (size_t at = 0; at < door.waiting_count; at++)
			if (uuid_equal(&door.waiting[at].command_id, &asks[i].command_id)) {
				rows[(*ret_count)++] = door.waiting[at];
				break;
			}
	*ret_rows = rows;
	return 0;
}

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

static void bind_token(struct token_claims *claims)
{
	uint8_t creditor = (door.who & WHO_OTHER) != 0 ? 2 : SCRIPT_CREDITOR;

	claims->scope = (struct scope){ .creditors = { script_id(creditor) }, .creditors_count = 1, .sources_count = 1 };
	memcpy(claims->scope.sources[0], (door.who & WHO_OTHER) != 0 ? "bank-2" : "bank-1", 6);
	if (door.who & WHO_PORTFOLIO)
		claims->scope.portfolios[claims->scope.portfolios_count++] = script_id(SCRIPT_PORTFOLIO);
}

/* What forged tokens do is fuzz_token.c's. */
static int verify(void *self, struct str token, struct token_claims *ret_claims, struct err *err)
{
	static const uint32_t roles[] = { UINT32_MAX & ~(uint32_t)ROLE_CONSUMER, ROLE_AGENT, ROLE_CREDITOR, 0 };

	(void)self;
	if (str_is(token, "bad"))
		return err_set(err, ERR_POISON, "token: the signature is wrong");
	*ret_claims = (struct token_claims){ .roles = roles[door.mode >> 2 & 3],
					     .issued_at_ms = door.now_ms,
					     .expires_at_ms = str_is(token, "old") ? door.now_ms - 3600000 : door.now_ms + 60000,
					     .scope = scope_all };
	memcpy(ret_claims->subject, "somebody", 9);
	if (door.who & WHO_CONSUMER)
		ret_claims->roles = ROLE_CONSUMER;
	if (door.who & WHO_BOUND)
		bind_token(ret_claims);
	if (door.who & WHO_USER)
		memcpy(ret_claims->subject, door.key, sizeof(door.key));
	if ((door.who & WHO_USER) != 0 && (door.who & WHO_OTHER) != 0)
		ret_claims->subject[UUID_TEXT_SIZE - 1] = ret_claims->subject[UUID_TEXT_SIZE - 1] == '0' ? '1' : '0';
	return 0;
}

/* ---- a record ---- */

static void take_headers(const struct script_record *record)
{
	for (door.headers_count = 0; door.headers_count < record->headers_count; door.headers_count++) {
		const struct script_header *from = &record->headers[door.headers_count];
		struct header *header = &door.headers[door.headers_count];

		header->value = from->value;
		header->name =
			from->name < script_header_names_count ? script_header_names[from->name] : door.names[door.headers_count];
		if (from->name >= script_header_names_count &&
		    !str_to_chars(door.names[door.headers_count], sizeof(door.names[0]), from->own))
			header->name = "x-other";
	}
}

static void make_headers(const struct message_type *type, size_t number)
{
	struct uuid id = uuid_v7(NOW_MS + (int64_t)number, (const uint8_t *)"0123456789");

	uuid_format(door.id, &id);
	door.headers_count = 0;
	door.headers[door.headers_count++] = (struct header){ "ce_specversion", STR("1.0") };
	door.headers[door.headers_count++] = (struct header){ "ce_id", str_of(door.id) };
	door.headers[door.headers_count++] = (struct header){ "ce_source", STR("/fuzz") };
	door.headers[door.headers_count++] = (struct header){ "ce_type", str_of(type->ce_type) };
	door.headers[door.headers_count++] = (struct header){ "authorization", STR("Bearer good") };
}

/* The broker's clock goes on by seconds, minutes, hours or days: the two high bits say which. */
static int64_t time_of(const struct script_record *record)
{
	static const int64_t units_ms[] = { 1000, 60000, 3600000, 86400000 };
	static const int64_t senseless_ms[] = { -1, 0, 1, INT64_MIN, INT64_MAX, INT64_MAX / 2, INT64_MIN / 2, 253402300800000 };

	if (record->who & WHO_ANYTIME)
		return senseless_ms[record->time % (COUNT(senseless_ms))];
	door.now_ms += (record->time & 63) * units_ms[record->time >> 6];
	return door.now_ms;
}

/* What the value says of itself, so that key and headers can be made to fit. */
static void make_record(const struct script_record *from, size_t number, struct bus_record *record)
{
	void *body;
	const struct message_type *type = script_decode(from->value, &door.batch.arena, &body);

	*record = (struct bus_record){ .offset = (int64_t)number, .at_ms = time_of(from), .value = from->value };
	door.mode = from->mode;
	door.who = from->who;
	door.headers_count = 0;
	if (from->mode & MODE_KEY) {
		record->key = from->key;
		record->part = from->part;
	} else if (type != NULL && type->key_field != NULL) {
		uuid_format(door.key, message_uuid(type->key_field, body));
		record->key = keep(str_of(door.key));
	}
	if (from->mode & MODE_HEADERS)
		take_headers(from);
	else if (type != NULL)
		make_headers(type, number);
}

/* ---- a batch ---- */

static void look_up(struct answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t known = 0; known < door.applied_count; known++)
			if (uuid_equal(&door.applied[known].command_id, &answers[i].command_id))
				answers[i] = door.applied[known];
}

static int find_answers(void *self, struct answer *answers, size_t count, struct err *err)
{
	(void)self;
	(void)err;
	look_up(answers, count);
	return 0;
}

static void count_item(const struct item *item, const struct verdict *verdict)
{
	if (item->kind == ITEM_DEAD) {
		tally_dead(item->dead_code);
	} else if (verdict->fate == FATE_APPLIED) {
		tally_applied(item->command.type);
		if (item->kept != NULL && item->command.type == &approve_command_type) /* the only way of some commands */
			tally_applied(item->kept->command.type);
		door.applied_records |= UINT32_C(1) << item->offset;
		if (door.applied_count < SCRIPT_RECORDS_MAX) {
			struct answer *answer = &door.applied[door.applied_count++];

			*answer = (struct answer){ .command_id = item->command.id, .found = true };
			memcpy(answer->digest, item->digest, DIGEST_SIZE);
		}
	} else if (verdict->fate == FATE_REFUSED) {
		tally_refused(item->command.type, ((const struct command_rejected *)verdict->events[0].body)->code.data);
	} else if (verdict->fate == FATE_PARKED && item->rule != NULL) {
		tally_waits(item->command.type);
	}
}

/* As the engine does it: once, and once more without assumptions. */
static void run_batch(void)
{
	struct batch *batch = &door.batch;
	struct answer *answers;
	struct err err = ERR_INIT;
	bool is_careful = false, conflict = true;
	size_t count;

	batch->arena_items = arena_mark(&batch->arena);
	for (int round = 0; round < 2 && conflict; round++, is_careful = true) {
		MUST(batch_begin(batch, &door.engine, 0, batch->items_count, is_careful, &answers, &count, &err) == 0);
		look_up(answers, count);
		MUST(door.engine.database.load(&door, batch->set.missing, batch->set.missing_count, &err) == 0);
		MUST(batch_decide(batch, &door.engine, answers, count, &conflict, &err) == 0);
	}
	MUST(!conflict);
	for (size_t i = 0; i < batch->items_count; i++)
		count_item(&batch->items[i], &batch->verdicts[i]);
	for (size_t i = 0; i < batch->set.slots_count; i++)
		if (batch->set.slots[i]->changed)
			save(batch->set.slots[i]);
	if (batch->heads_count > 0)
		door.engine.partitions[0].head = batch->heads[0];
	for (size_t i = 0; i < batch->changes.park_count; i++)
		keep_parked(&batch->changes.park[i]);
	for (size_t i = 0; i < batch->changes.keep_count; i++)
		keep_waiting(&batch->changes.keep[i]);
	for (size_t i = 0; i < batch->changes.ends_count; i++)
		end_waiting(&batch->changes.ends[i]);
}

static void end_batch(void)
{
	if (door.batch.items_count > 0)
		run_batch();
	batch_reset(&door.batch);
}

/* A Tick's pass: each that is parked is read again, and decided by what is known now. */
static void pass_over_parked(uint8_t mode)
{
	struct partition *partition = &door.engine.partitions[0];
	size_t count = door.parked_count;
	size_t left = 0;

	for (size_t i = 0; i < count; i++) {
		struct parked *parked = &door.parked[i];
		struct item *item = &door.batch.items[0];
		struct err err = ERR_INIT;

		if (mode & MODE_RELEASED) {
			parked->kind = PARKED_BUG;
			parked->released = true;
		}
		MUST(admit_parked(&door.engine.admission, parked, (mode & MODE_BROKEN) != 0, door.now_ms, &door.batch.arena, item,
				  &err) == 0);
		door.batch.items_count = 1;
		run_batch();
		if (door.batch.verdicts[0].fate == FATE_PARKED) {
			MUST(keyset_add_bytes(&partition->held_next, keep(door.batch.verdicts[0].holds)));
			door.parked[left++] = *parked;
		}
		batch_reset(&door.batch);
	}
	door.parked_count = left;
	keyset_clear(&partition->held);
	keyset_clear(&partition->held_next);
	for (size_t i = 0; i < left; i++)
		MUST(keyset_add_bytes(&partition->held, door.parked[i].holds));
}

static void take_record(const struct script_record *from, size_t number)
{
	struct batch *batch = &door.batch;
	struct err err = ERR_INIT;
	struct bus_record record;
	struct item *item = &batch->items[batch->items_count];

	make_record(from, number, &record);
	if (record.value.size == 0 && (from->who & WHO_OTHER) != 0)
		record.value.data = NULL;
	MUST(admit(&door.engine.admission, &door.engine.broker, &record, &batch->arena, item, &err) == 0);
	item->part = 0; /* of the partition that is read: the broker knows no other */
	batch->items_count++;
}

static void play(const struct script *script)
{
	size_t batch = (script->batch & 15U) % SCRIPT_RECORDS_MAX + 1;

	door.engine.admission.module = script_module(script);
	door.engine.admission.value_size_max = (script->batch & SCRIPT_BATCH_LOW) != 0 ? VALUE_SIZE_LOW : VALUE_SIZE_MAX;
	for (size_t number = 0; number < script->records_count; number++) {
		if (script->records[number].mode & MODE_TICK) {
			end_batch();
			pass_over_parked(script->records[number].mode);
		}
		compared_mark(number);
		take_record(&script->records[number], number);
		if (door.batch.items_count == batch)
			end_batch();
	}
	end_batch();
}

/* ---- life ---- */

static int64_t no_time(void)
{
	return 0;
}

static void begin(void)
{
	const struct engine_conf conf = { .owner = "fuzz",
					  .batch_items_max = SCRIPT_RECORDS_MAX,
					  .batch_bytes_max = (size_t)1 << 20,
					  .arena_size = ARENA_SIZE,
					  .wait_max_ms = 600000,
					  .parked_max = 100,
					  .now_ms = no_time };
	struct err err = ERR_INIT;

	door.engine.conf = conf;
	door.engine.admission = (struct admission){ .verify = verify };
	door.engine.broker = (struct broker){ .headers = give_headers, .part_of = part_of };
	door.engine.database = (struct database){ .load = load, .read_kept = read_kept, .find_answers = find_answers };
	keyset_init(&door.engine.partitions[0].held, 10000);
	keyset_init(&door.engine.partitions[0].held_next, 10000);
	if (crypto_init(&err) != 0 || batch_init(&door.batch, &conf, &err) != 0 ||
	    arena_init(&door.memory_arena, ARENA_SIZE, &err) != 0)
		exit(1);
	door.memory.kept = door.kept;
	tally_begin();
}

static void play_anew(const struct script *script)
{
	struct partition *partition = &door.engine.partitions[0];

	if (door.batch.items == NULL)
		begin();
	door.script = script;
	arena_reset(&door.memory_arena);
	batch_reset(&door.batch);
	keyset_clear(&partition->held);
	partition->head = (struct head){ .business_date = INT32_MIN, .tick_cursor = OFFSET_BEFORE_ALL };
	door.memory.count = door.applied_count = door.parked_count = door.waiting_count = 0;
	door.applied_records = 0;
	door.now_ms = NOW_MS;
	memcpy(door.key, "0198c0de-0000-7000-8000-0000000000a3", sizeof(door.key));
	play(script);
}

uint32_t script_listen(const struct script *script)
{
	compared_listen();
	play_anew(script);
	compared_stop();
	return door.applied_records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct script script;

	script_read(&script, data, size);
	play_anew(&script);
	return 0;
}
