#include "tests/sim/cases.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/engine.h"
#include "wire/envelope.h"

/*
 * Chosen stories in the simulated world, one each: what test_sim finds only by luck, and the finds of reviews. The world is calm:
 * what fails here, a story made fail. A program that ends stops the test.
 */
#define CUSTOMERS SIM_CUSTOMERS
#define DEBTS     SIM_DEBTS

static void take_turns(struct sim_world *world, int steps)
{
	while (steps-- > 0)
		world_step(world);
}

/* A customer whose key belongs there. */
static struct uuid customer_in(int32_t part, unsigned number)
{
	struct uuid id = id_of(number);

	while (world_part_of(&id) != part)
		id.bytes[13]++;
	return id;
}

static struct str sent_token = { .data = "all", .size = 3 };

static void send(struct sim_world *world, size_t module, int32_t part, const struct message_type *type, const void *body,
		 const struct uuid *id, const struct header *more, size_t more_count)
{
	const struct command_head head = { .id = *id, .source = STR("/sim"), .token = sent_token };
	struct header headers[HEADERS_MAX];
	char key[UUID_TEXT_SIZE + 1];
	struct arena arena;
	struct buf value;
	struct err err = ERR_INIT;
	size_t count;

	assert_int_equal(arena_init(&arena, 1 << 16, &err), 0);
	buf_init(&value, 1 << 16);
	assert_int_equal(coder_encode(type, body, &value, &err), 0);
	assert_int_equal(envelope_write_command(type, &head, &arena, headers, &count, &err), 0);
	if (more_count > 0)
		memcpy(headers + count, more, more_count * sizeof(*more));
	uuid_format(key, message_uuid(type->key_field, body));
	world_append(world, &world->commands[module][part], str_of(key), buf_str(&value), headers, count + more_count);
	buf_release(&value);
	arena_release(&arena);
}

/* A command that is good. */
static void send_customer_to(struct sim_world *world, int32_t part, unsigned number)
{
	char reference[16];
	const struct uuid id = id_of(number);
	const struct create_customer body = {
		.customer_id = customer_in(part, number),
		.external_ref = { .data = reference, .size = (size_t)snprintf(reference, sizeof(reference), "C-%u", number) },
		.kind = STR("natural"),
		.full_name = STR("Ann Example"),
		.locale = STR("de-DE"),
		.country = STR("DE"),
	};

	send(world, CUSTOMERS, part, &create_customer_type, &body, &id, NULL, 0);
}

static void send_customer(struct sim_world *world, unsigned number)
{
	send_customer_to(world, 0, number);
}

/* One that waits: nobody has heard of its customer. */
static void send_debt(struct sim_world *world, unsigned number)
{
	char reference[16];
	const struct uuid id = id_of(number);
	const struct create_debt body = {
		.debt_id = id,
		.customer_id = customer_in(0, number),
		.creditor_id = id_of(1),
		.external_ref = { .data = reference, .size = (size_t)snprintf(reference, sizeof(reference), "D-%u", number) },
		.currency = STR("EUR"),
		.principal_minor = 100,
		.opened_on = 19000,
		.due_on = 19000,
	};

	send(world, DEBTS, 0, &create_debt_type, &body, &id, NULL, 0);
}

static const struct head *head_of(const struct sim_world *world, size_t module, int32_t part)
{
	return &world->databases[module].heads[part];
}

static size_t parked_now(const struct sim_world *world, size_t module)
{
	size_t count = 0;

	for (size_t i = 0; i < world->databases[module].parked_count; i++)
		count += !world->databases[module].parked[i].is_gone;
	return count;
}

static void send_bytes(struct sim_world *world, size_t size, const struct header *headers, size_t headers_count)
{
	char *bytes = calloc(1, size);

	assert_non_null(bytes);
	world_append(world, &world->commands[CUSTOMERS][0], STR("key"), (struct str){ .data = bytes, .size = size }, headers,
		     headers_count);
	free(bytes);
}

static void send_bytes_to(struct sim_world *world, size_t module)
{
	world_append(world, &world->commands[module][0], STR("key"), STR("no frame"), NULL, 0);
}

/* ---- texts ---- */

static void send_named_customer(struct sim_world *world, unsigned number, struct str external_ref)
{
	const struct uuid id = id_of(number);
	const struct create_customer body = { .customer_id = customer_in(0, number),
					      .external_ref = external_ref,
					      .kind = STR("natural"),
					      .full_name = STR("Ann Example"),
					      .locale = STR("de-DE"),
					      .country = STR("DE\n") };

	send(world, CUSTOMERS, 0, &create_customer_type, &body, &id, NULL, 0);
}

/* The refusal that stands there in the log: its code, and the member that it names. "": it is another event. */
static void refusal_at(const struct sim_world *world, size_t module, size_t index, char code[64], char field[64])
{
	const struct command_rejected *rejected;
	const struct message_type *type;
	struct err err = ERR_INIT;
	struct arena arena;
	bool fits;

	assert_true(index < world->databases[module].log[0].count);
	assert_int_equal(arena_init(&arena, 1 << 16, &err), 0);
	assert_int_equal(coder_decode(world->databases[module].log[0].rows[index].row.body, &arena, &type,
				      (const void **)&rejected, &err),
			 0);
	fits = str_to_chars(code, 64, type == &command_rejected_type ? rejected->code : STR("")) &&
	       str_to_chars(field, 64, type == &command_rejected_type ? rejected->field : STR(""));
	assert_true(fits);
	arena_release(&arena);
}

/* ---- ids of zeros ---- */

/* A command with nothing in it but ids: `without` is the one of zeros. Field's memory is the arena's. */
static void *body_of_ids(struct arena *arena, const struct message_type *type, const struct field *without)
{
	char *body = arena_take_bytes(arena, type->record.size);
	const struct uuid customer = customer_in(0, 1), none = { .bytes = { 0 } };

	assert_non_null(body);
	memset(body, 0, type->record.size);
	for (size_t i = 0; i < type->record.fields_count; i++) {
		const struct field *field = &type->record.fields[i];
		const struct uuid id = field == without ? none : customer;

		if (field->kind != FIELD_UUID)
			continue;
		if (field->array) {
			const size_t count = 1;
			struct uuid *ids = arena_take(arena, count, sizeof(*ids));

			assert_non_null(ids);
			*ids = id;
			memcpy(body + field->offset, &ids, sizeof(ids));
			memcpy(body + field->aux_offset, &count, sizeof(count));
			continue;
		}
		memcpy(body + field->offset, &id, sizeof(id));
		if (field->nullable)
			*(bool *)(body + field->aux_offset) = true;
	}
	return body;
}

static size_t module_of(const struct sim_world *world, const struct message_type *type)
{
	size_t module = 0;

	while (module < SIM_MODULES && strcmp(world->modules[module]->name, type->module) != 0)
		module++;
	return module;
}

/* Every member of every command that is an id, but the key: refused by its name, and no program ends of it. */
static void test_cases__an_id_of_zeros_is_refused_by_its_name(void **state)
{
	struct sim_world *world = *state;
	unsigned sent[SIM_MODULES] = { 0 };
	unsigned number = 0;
	struct arena arena;
	struct err err = ERR_INIT;

	assert_int_equal(arena_init(&arena, 1 << 16, &err), 0);
	for (const struct message_type *const *type = message_types; *type; type++) {
		size_t module = module_of(world, *type);

		for (size_t i = 0; module < SIM_MODULES && i < (*type)->record.fields_count; i++) {
			const struct field *field = &(*type)->record.fields[i];
			const struct uuid id = id_of(5000 + number);
			char code[64];
			char name[64];

			if ((*type)->kind != MESSAGE_COMMAND || field->kind != FIELD_UUID || field == (*type)->key_field)
				continue;
			arena_reset(&arena);
			send(world, module, 0, *type, body_of_ids(&arena, *type, field), &id, NULL, 0);
			assert_true(rests(world));
			refusal_at(world, module, sent[module]++, code, name);
			assert_string_equal(code, "bad_value");
			assert_string_equal(name, field->name);
			number++;
		}
	}
	assert_in_range(number, 15, 200);
	assert_int_equal(world->deaths, 0);
	assert_null(audit(world));
	arena_release(&arena);
}

static void test_cases__references_that_look_the_same_are_the_same(void **state)
{
	static const char *const same[] = { "C-1",
					    "C-1 ",
					    "\xC2\xA0"
					    "C-1",
					    "C-1\xE2\x80\x8B",
					    "\xEF\xBB\xBF"
					    "C-1\r\n",
					    "\xE2\x80\xAA"
					    "C-1\xE2\x80\xAC" };
	static const char *const no_form[] = { "C\xE2\x80\x8B-1", "C\xC2\xAD-1",
					       "C-\x01"
					       "1",
					       "C\xC2\xA0"
					       "1",
					       "Cu\xCC\x88-1" };
	struct sim_world *world = *state;
	char code[64];
	char field[64];
	unsigned number = 0;

	for (size_t i = 0; i < COUNT(same); i++)
		send_named_customer(world, ++number, str_of(same[i]));
	for (size_t i = 0; i < COUNT(no_form); i++)
		send_named_customer(world, ++number, str_of(no_form[i]));
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, number);
	for (size_t i = 0; i < number; i++) {
		refusal_at(world, CUSTOMERS, i, code, field);
		assert_string_equal(code, i == 0 ? "" : i < COUNT(same) ? "exists" : "bad_value");
	}
}

/* ---- records that nobody should have sent ---- */

static void test_cases__a_record_larger_than_the_arena_is_a_dead_letter(void **state)
{
	struct sim_world *world = *state;

	send_customer(world, 1);
	send_bytes(world, (size_t)1 << 20, NULL, 0);
	send_customer(world, 2);
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].dead_count, 1);
	assert_string_equal(world->databases[CUSTOMERS].dead[0].code, "too_large");
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, 2);
}

/* A name of 64 kB and more cannot be packed. */
static void test_cases__headers_that_cannot_be_kept_stop_nothing(void **state)
{
	struct sim_world *world = *state;
	char *name = malloc(70001);
	struct header header = { .name = name, .value = STR("") };

	assert_non_null(name);
	memset(name, 'x', 70000);
	name[70000] = '\0';
	send_bytes(world, 10, &header, 1);
	send_bytes(world, 10, &header, 1);
	send_customer(world, 2);
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].dead_count, 2);
	assert_string_equal(world->databases[CUSTOMERS].dead[1].code, "bad_header");
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, 1);
	free(name);
}

/* What was sent by nobody may be about somebody: it is not kept for ever, and not taken away at once. */
static void test_cases__old_dead_letters_are_forgotten_by_the_ticks_time(void **state)
{
	struct sim_world *world = *state;
	size_t forgotten = 0;

	for (int i = 0; i < 250; i++) /* more than one step takes */
		send_bytes(world, 10, NULL, 0);
	assert_true(rests(world));
	world->now_ms += SIM_DEAD_MAX_MS / 2;
	send_bytes(world, 10, NULL, 0);
	workload_tick(world);
	assert_true(rests(world));
	assert_false(world->databases[CUSTOMERS].dead[0].is_forgotten);
	world->now_ms += 70000;
	workload_tick(world);
	assert_true(rests(world));
	take_turns(world, 500);
	for (size_t i = 0; i < world->databases[CUSTOMERS].dead_count; i++)
		forgotten += world->databases[CUSTOMERS].dead[i].is_forgotten;
	assert_int_equal(world->databases[CUSTOMERS].dead_count, 251);
	assert_int_equal(forgotten, 250);
}

/* A marker of somebody's transaction takes an offset and is given to nobody. */
static void test_cases__an_offset_without_a_record_stops_nothing(void **state)
{
	struct sim_world *world = *state;

	world_append_marker(world, &world->commands[CUSTOMERS][0]);
	send_customer(world, 1);
	world_append_marker(world, &world->commands[CUSTOMERS][0]);
	world_append_marker(world, &world->commands[CUSTOMERS][0]);
	send_customer(world, 2);
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, 2);
	assert_null(audit(world));
}

/* ---- Ticks that say nothing ---- */

static void send_false_ticks(struct sim_world *world, int count)
{
	while (count-- > 0)
		workload_send_tick(world, CUSTOMERS, 0, FALSE_DATE, "but the clock");
	assert_true(rests(world));
}

static void test_cases__of_false_ticks_one_an_hour_is_kept(void **state)
{
	struct sim_world *world = *state;

	send_false_ticks(world, 50);
	send_false_ticks(world, 50);
	assert_int_equal(world->databases[CUSTOMERS].dead_count, 1);
	world->now_ms += 3600000;
	send_false_ticks(world, 50);
	assert_int_equal(world->databases[CUSTOMERS].dead_count, 2);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->next_offset, 150);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->business_date, INT32_MIN);
	assert_null(audit(world));
}

static void test_cases__a_clock_that_is_years_ahead_moves_a_date_by_one_day_at_most(void **state)
{
	struct sim_world *world = *state;
	int32_t today = day_of_instant(world->now_ms);

	workload_send_tick(world, CUSTOMERS, 0, today - 5, "all");
	workload_send_tick(world, CUSTOMERS, 0, today, "all");
	assert_true(rests(world));
	assert_int_equal(head_of(world, CUSTOMERS, 0)->business_date, today - 4);
	for (int tick = 0; tick < 20; tick++)
		workload_send_tick(world, CUSTOMERS, 0, FALSE_DATE, "all");
	assert_true(rests(world));
	assert_int_equal(head_of(world, CUSTOMERS, 0)->business_date, today + 1);
	assert_int_equal(world->databases[CUSTOMERS].dead_count, 0);
	assert_null(audit(world));
}

/* ---- one record that cannot be dealt with ---- */

static const char *refuse_dead(const struct changes *changes)
{
	return changes->dead_count > 0 ? "not to the table's taste" : NULL;
}

/* As after a partition was made to go on where it had been before. */
static const char *refuse_dead_as_known(const struct changes *changes)
{
	return changes->dead_count > 0 ? "unique" : NULL;
}

/* Only its own partition waits for a person; and goes on by itself when he has looked. */
static void halts_alone(struct sim_world *world)
{
	send_customer(world, 1);
	send_bytes(world, 10, NULL, 0);
	send_customer(world, 2);
	send_customer_to(world, 1, 3);
	take_turns(world, 1000);
	assert_true(head_of(world, CUSTOMERS, 0)->halted);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->next_offset, 1);
	assert_int_equal(head_of(world, CUSTOMERS, 1)->next_offset, 1);
	send_customer_to(world, 1, 4);
	take_turns(world, 1000);
	assert_int_equal(head_of(world, CUSTOMERS, 1)->next_offset, 2);

	world->script.refuses = NULL;
	world->databases[CUSTOMERS].heads[0].halted = false;
	world->databases[CUSTOMERS].heads[0].epoch++; /* dcs unhalt */
	assert_true(rests(world));
	assert_null(audit(world));
}

static void test_cases__what_cannot_be_set_aside_halts_its_partition(void **state)
{
	struct sim_world *world = *state;

	world->script.refuses = refuse_dead;
	halts_alone(world);
}

static void test_cases__what_is_taken_for_ever_halts_its_partition(void **state)
{
	struct sim_world *world = *state;

	world->script.refuses = refuse_dead_as_known;
	halts_alone(world);
}

static void test_cases__a_halt_that_cannot_be_written_is_written_later(void **state)
{
	struct sim_world *world = *state;

	world->script.refuses = refuse_dead;
	world->script.halts_fail = 3;
	halts_alone(world);
}

static bool is_customer_2(const struct slot *slot)
{
	const struct uuid id = customer_in(0, 2);

	return uuid_equal(&slot->id, &id);
}

static void test_cases__a_state_that_cannot_be_loaded_parks_its_command(void **state)
{
	struct sim_world *world = *state;

	world->script.breaks_load = is_customer_2;
	for (unsigned number = 1; number <= 4; number++)
		send_customer(world, number);
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, 3);
	assert_int_equal(parked_now(world, CUSTOMERS), 1);
	assert_int_equal(world->databases[CUSTOMERS].parked[0].parked.kind, PARKED_BUG);
}

/* ---- one record that ends every program ---- */

static bool kills_customer_5(const struct command *command)
{
	const struct uuid id = id_of(5);

	return command->type == &create_customer_type && uuid_equal(&command->id, &id);
}

static bool kills_the_gate(struct str token)
{
	return str_is(token, "none");
}

/* It is somewhere in the middle of a batch. */
static void test_cases__a_command_that_ends_every_program_is_set_aside_alone(void **state)
{
	struct sim_world *world = *state;

	world->script.kills = kills_customer_5;
	for (unsigned number = 1; number <= 9; number++)
		send_customer(world, number);
	send_customer_to(world, 1, 20);
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, 8);
	assert_int_equal(world->databases[CUSTOMERS].log[1].count, 1);
	assert_int_equal(parked_now(world, CUSTOMERS), 1);
	assert_int_equal(world->databases[CUSTOMERS].parked[0].parked.kind, PARKED_BUG);
	assert_int_equal(world->databases[CUSTOMERS].parked[0].parked.offset, 4);
	assert_in_range(world->deaths, 1, 12);

	world->script.kills = NULL; /* mended */
	world->databases[CUSTOMERS].parked[0].parked.released = true;
	workload_tick(world);
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, 9);
	assert_null(audit(world));
}

static bool kills_debt_3(const struct command *command)
{
	const struct uuid id = id_of(3);

	return command->type == &create_debt_type && uuid_equal(&command->id, &id);
}

/* It has waited, and dies of what it is told now: between others that wait, in the pass of a Tick. */
static void test_cases__a_waiting_command_that_ends_every_program_is_set_aside_alone(void **state)
{
	struct sim_world *world = *state;

	for (unsigned number = 1; number <= 5; number++)
		send_debt(world, number);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, DEBTS), 5);
	for (unsigned number = 1; number <= 5; number++)
		send_customer(world, number);
	assert_true(rests(world));
	world->script.kills = kills_debt_3;
	workload_tick(world);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, DEBTS), 1);
	for (size_t i = 0; i < world->databases[DEBTS].parked_count; i++)
		if (!world->databases[DEBTS].parked[i].is_gone)
			assert_int_equal(world->databases[DEBTS].parked[i].parked.kind, PARKED_BUG);
	workload_tick(world); /* it is not looked at any more */
	assert_true(rests(world));
	assert_in_range(world->deaths, 1, 12);

	world->script.kills = NULL;
	world_release_bugs(world);
	workload_tick(world);
	assert_true(rests(world));
	assert_null(audit(world));
}

/* Every program of a module is killed, as often, and has claimed its partitions again before the next time. */
static void kill_all(struct sim_world *world, size_t module, int times)
{
	while (times-- > 0) {
		for (size_t i = 0; i < SIM_WORKERS; i++)
			world->workers[module][i].session->is_dead = true;
		assert_true(rests(world));
	}
}

/* One that waits before it still does: the killer is looked at in each pass until it is set aside. */
static void test_cases__a_killer_behind_one_that_still_waits_is_set_aside_too(void **state)
{
	struct sim_world *world = *state;

	for (unsigned number = 1; number <= 5; number++)
		send_debt(world, number);
	assert_true(rests(world));
	for (unsigned number = 2; number <= 5; number++)
		send_customer(world, number);
	assert_true(rests(world));
	world->script.kills = kills_debt_3;
	workload_tick(world);
	assert_true(rests(world));
	assert_in_range(world->deaths, 1, 12);
	assert_int_equal(parked_now(world, DEBTS), 2);
	assert_int_equal(world->databases[DEBTS].parked[0].parked.kind, PARKED_WAIT);
	assert_int_equal(world->databases[DEBTS].parked[2].parked.kind, PARKED_BUG);
}

#define MANY 3000

static bool kills_the_middle(const struct command *command)
{
	const struct uuid id = id_of(MANY / 2 + 77);

	return command->type == &create_customer_type && uuid_equal(&command->id, &id);
}

/* As large as real ones are. */
static void make_batches_large(struct sim_world *world)
{
	world->sizes.batch_items_max = 2000;
	world->sizes.arena_size = (size_t)32 << 20;
	for (size_t i = 0; i < SIM_WORKERS; i++)
		world->workers[CUSTOMERS][i].session->is_dead = true;
	assert_true(rests(world));
	world->deaths = 0;
}

/* Batches are cut at each death, and only those of its partition: not two thousand records one by one. */
static void test_cases__one_among_many_is_found_in_few_batches_and_deaths(void **state)
{
	struct sim_world *world = *state;

	make_batches_large(world);
	world->script.kills = kills_the_middle;
	for (unsigned number = 1; number <= MANY; number++)
		send_customer(world, number);
	for (unsigned number = MANY + 1; number <= MANY + 100; number++)
		send_customer_to(world, 1, number);
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, MANY - 1);
	assert_int_equal(world->databases[CUSTOMERS].log[1].count, 100);
	assert_int_equal(parked_now(world, CUSTOMERS), 1);
	assert_int_equal(world->databases[CUSTOMERS].parked[0].parked.offset, MANY / 2 + 76);
	assert_in_range(world->deaths, 5, 12);
	assert_in_range(world->attempts, 10, 100);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->quarantine[0].batch_max, 0);
}

/* Ticks are no commands: a quiet partition's quarantine neither ends by them nor costs anybody anything. */
static void test_cases__ticks_do_not_count_in_quarantine(void **state)
{
	struct sim_world *world = *state;
	int64_t left;

	assert_true(rests(world));
	kill_all(world, CUSTOMERS, 5);
	send_customer(world, 1);
	assert_true(rests(world));
	left = head_of(world, CUSTOMERS, 0)->quarantine[0].left;
	assert_int_equal(left, world->sizes.batch_items_max - 1);
	for (int tick = 0; tick < 10; tick++) {
		world->now_ms += 1000;
		workload_tick(world);
		assert_true(rests(world));
	}
	assert_int_equal(head_of(world, CUSTOMERS, 0)->quarantine[0].left, left);
	assert_null(audit(world));
}

/* Even to set it aside it must be read: only its partition stops, and says so. */
static void test_cases__a_record_that_cannot_even_be_read_halts_its_partition(void **state)
{
	struct sim_world *world = *state;

	world->script.kills_gate = kills_the_gate;
	send_customer(world, 1);
	sent_token = STR("none");
	send_customer(world, 2);
	sent_token = STR("all");
	send_customer(world, 3);
	send_customer_to(world, 1, 4);
	take_turns(world, 5000);
	assert_true(head_of(world, CUSTOMERS, 0)->halted);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->next_offset, 1);
	assert_int_equal(head_of(world, CUSTOMERS, 1)->next_offset, 1);
	send_customer_to(world, 1, 5);
	take_turns(world, 1000);
	assert_int_equal(head_of(world, CUSTOMERS, 1)->next_offset, 2);

	world->script.kills_gate = NULL;
	world_unhalt(world, false);
	assert_true(rests(world));
	assert_null(audit(world));
}

static void assert_all_are_applied(struct sim_world *world, size_t count)
{
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, count);
	assert_int_equal(parked_now(world, CUSTOMERS), 0);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->quarantine[0].tries, 0);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->quarantine[0].crashes, 0);
	assert_null(audit(world));
}

/* Nothing comes, so nothing is committed: claims count, and say nothing about what comes later. */
static void test_cases__kills_in_a_quiet_time_park_nothing(void **state)
{
	struct sim_world *world = *state;

	assert_true(rests(world));
	kill_all(world, CUSTOMERS, 10);
	assert_in_range(head_of(world, CUSTOMERS, 0)->quarantine[0].tries, 4, 100);
	for (unsigned number = 1; number <= 9; number++)
		send_customer(world, number);
	assert_all_are_applied(world, 9);
}

/* A rolling deployment, a rebalance: who lets go counts for nothing, however often. */
static void test_cases__owners_that_let_go_are_not_counted(void **state)
{
	struct sim_world *world = *state;

	for (int time = 0; time < 10; time++) {
		assert_true(rests(world));
		world_rebalance(world, CUSTOMERS);
	}
	assert_true(rests(world));
	assert_in_range(head_of(world, CUSTOMERS, 0)->quarantine[0].tries, 0, 1);
}

static size_t kills_by_number[16];

static bool kills_each_customer_once(const struct command *command)
{
	for (unsigned number = 1; number < 16; number++) {
		const struct uuid id = id_of(number);

		if (command->type == &create_customer_type && uuid_equal(&command->id, &id))
			return kills_by_number[number]++ == 0;
	}
	return false;
}

/* Whatever kills from outside, a lack of memory, a power cut, meets one command and then another in hand: each is done in the
 * end. */
static void test_cases__deaths_with_one_command_after_another_in_hand_park_none(void **state)
{
	struct sim_world *world = *state;

	memset(kills_by_number, 0, sizeof(kills_by_number));
	assert_true(rests(world));
	kill_all(world, CUSTOMERS, 5); /* from now on in quarantine */
	const int64_t deaths = world->deaths;

	world->script.kills = kills_each_customer_once;
	for (unsigned number = 1; number <= 9; number++)
		send_customer(world, number);
	assert_all_are_applied(world, 9);
	assert_int_equal(world->deaths - deaths, 9);
}

/* ---- the same command again ---- */

static void send_payment_of(struct sim_world *world, unsigned number, unsigned debt, unsigned customer, int64_t amount_minor)
{
	char reference[16];
	const struct uuid id = id_of(1000 + number);
	const struct record_payment body = {
		.payment_id = id,
		.customer_id = customer_in(0, customer),
		.debt_id = id_of(debt),
		.source = STR("bank"),
		.external_ref = { .data = reference, .size = (size_t)snprintf(reference, sizeof(reference), "P-%u", number) },
		.amount_minor = amount_minor,
		.currency = STR("EUR"),
		.received_on = 19000,
		.method = STR("transfer"),
	};

	send(world, DEBTS, 0, &record_payment_type, &body, &id, NULL, 0);
}

/* Of the debt with the same number, by the command with the same number. */
static void send_payment(struct sim_world *world, unsigned number, int64_t amount_minor)
{
	send_payment_of(world, number, number, number, amount_minor);
}

static size_t count_events(const struct sim_world *world, size_t module, const struct message_type *type)
{
	const struct sim_rows *log = &world->databases[module].log[0];
	size_t count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += log->rows[i].row.schema_id == type->schema_id;
	return count;
}

/* A file of payments that was imported before the debts: its rows have the same ids the next time. */
static void test_cases__what_was_refused_may_be_accepted_under_its_id(void **state)
{
	struct sim_world *world = *state;

	send_payment(world, 1, 10);
	send_payment(world, 1, 10);
	assert_true(rests(world));
	assert_int_equal(count_events(world, DEBTS, &command_rejected_type), 2);
	send_customer(world, 1);
	assert_true(rests(world));
	send_debt(world, 1);
	assert_true(rests(world));
	for (int time = 0; time < 3; time++) { /* in one batch, and in another */
		send_payment(world, 1, 10);
		if (time == 1)
			assert_true(rests(world));
	}
	assert_true(rests(world));
	assert_int_equal(count_events(world, DEBTS, &command_rejected_type), 2);
	assert_int_equal(count_events(world, DEBTS, &payment_recorded_type), 1);
	send_payment(world, 1, 20); /* what was applied is remembered */
	assert_true(rests(world));
	assert_int_equal(count_events(world, DEBTS, &command_rejected_type), 3);
	assert_int_equal(count_events(world, DEBTS, &payment_recorded_type), 1);
	assert_null(audit(world));
}

/* All of it at once: refused, refused, applied, repeated, reused. */
static void test_cases__one_batch_remembers_what_it_applied(void **state)
{
	struct sim_world *world = *state;

	send_customer(world, 1);
	assert_true(rests(world));
	send_payment(world, 1, 10);
	send_payment(world, 1, 10);
	send_debt(world, 1);
	send_payment(world, 1, 10);
	send_payment(world, 1, 10);
	send_payment(world, 1, 20);
	assert_true(rests(world));
	assert_int_equal(count_events(world, DEBTS, &command_rejected_type), 3);
	assert_int_equal(count_events(world, DEBTS, &payment_recorded_type), 1);
	assert_null(audit(world));
}

/* ---- waiting ---- */

/* A payment of the debt that waits stands behind it; one of another debt is answered. Nobody else can hold up a customer's debt.
 */
static void test_cases__a_debt_that_waits_holds_its_own_payments_only(void **state)
{
	struct sim_world *world = *state;

	send_debt(world, 1);
	send_payment_of(world, 1, 1, 1, 10);
	send_payment_of(world, 2, 7, 1, 10);
	send_payment_of(world, 3, 1, 9, 10);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, DEBTS), 2);
	assert_int_equal(world->databases[DEBTS].parked[0].parked.kind, PARKED_WAIT);
	assert_int_equal(world->databases[DEBTS].parked[1].parked.kind, PARKED_BEHIND);
	assert_int_equal(count_events(world, DEBTS, &command_rejected_type), 2);
	send_customer(world, 1);
	assert_true(rests(world));
	workload_tick(world);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, DEBTS), 0);
	assert_int_equal(count_events(world, DEBTS, &payment_recorded_type), 1);
	assert_null(audit(world));
}

/* The table knows who is erased; the program that has the record in hand does not. */
static void test_cases__the_topic_of_dead_letters_gets_no_more_than_the_table(void **state)
{
	struct sim_world *world = *state;
	const struct erase_customer erasure = { .customer_id = customer_in(0, 1), .has_basis = true, .basis = STR("request") };
	const struct uuid id = id_of(2);
	char key[UUID_TEXT_SIZE + 1];

	send_customer(world, 1);
	assert_true(rests(world));
	uuid_format(key, &erasure.customer_id);
	world_append(world, &world->commands[CUSTOMERS][0], str_of(key), STR("no frame"), NULL, 0);
	assert_true(rests(world));
	send(world, CUSTOMERS, 0, &erase_customer_type, &erasure, &id, NULL, 0);
	assert_true(rests(world));
	world_append(world, &world->commands[CUSTOMERS][0], str_of(key), STR("no frame"), NULL, 0);
	assert_true(rests(world));
	assert_int_equal(count_events(world, CUSTOMERS, &customer_erased_type), 1);
	assert_int_equal(world->dead_letters.count, 2);
	assert_true(str_is(world->dead_letters.records[0]->value, "no frame"));
	assert_int_equal(world->dead_letters.records[1]->value.size, 0);
}

/* What an erasure leaves of a command that waits (sql/0242). */
static void forget_all(struct sim_world *world, size_t module)
{
	for (size_t i = 0; i < world->databases[module].parked_count; i++)
		world->databases[module].parked[i].parked.value.size = FRAME_SIZE;
}

static void test_cases__a_command_whose_person_was_erased_is_refused_whatever_it_waits_for(void **state)
{
	struct sim_world *world = *state;
	char code[64], field[64];

	world->script.breaks_load = is_customer_2;
	send_customer(world, 2);
	send_debt(world, 3);
	send_payment_of(world, 1, 3, 3, 10);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, CUSTOMERS), 1); /* as a bug: only a person lets it go */
	assert_int_equal(parked_now(world, DEBTS), 2);     /* waits, and stands behind */
	forget_all(world, CUSTOMERS);
	forget_all(world, DEBTS);
	workload_tick(world);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, CUSTOMERS) + parked_now(world, DEBTS), 0);
	assert_int_equal(count_events(world, CUSTOMERS, &command_rejected_type), 1);
	assert_int_equal(count_events(world, DEBTS, &command_rejected_type), 2);
	refusal_at(world, DEBTS, 1, code, field);
	assert_string_equal(code, "not_found");
	assert_string_equal(field, "");
}

/* What stands behind those that wait is without number: the memory of it is not. */
static void test_cases__any_number_may_stand_behind_one_that_waits(void **state)
{
	struct sim_world *world = *state;
	const unsigned payments = 3 * (unsigned)world->sizes.parked_max;

	send_debt(world, 1);
	for (unsigned number = 1; number <= payments; number++)
		send_payment_of(world, number, 1, 1, 1);
	assert_true(rests(world));
	assert_false(head_of(world, DEBTS, 0)->halted);
	assert_int_equal(parked_now(world, DEBTS), 1 + payments);
	send_customer(world, 1);
	assert_true(rests(world));
	workload_tick(world);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, DEBTS), 0);
	assert_int_equal(count_events(world, DEBTS, &payment_recorded_type), payments);
}

static void test_cases__more_than_may_wait_is_refused_and_halts_nothing(void **state)
{
	struct sim_world *world = *state;
	size_t refused = 0;

	for (unsigned number = 1; number <= (unsigned)world->sizes.parked_max + 100; number++)
		send_debt(world, number);
	assert_true(rests(world));
	assert_false(head_of(world, DEBTS, 0)->halted);
	assert_int_equal(parked_now(world, DEBTS), world->sizes.parked_max);
	for (size_t i = 0; i < world->databases[DEBTS].log[0].count; i++)
		refused += world->databases[DEBTS].log[0].rows[i].row.schema_id == command_rejected_type.schema_id;
	assert_int_equal(refused, 100);
}

/* ---- Kafka ---- */

static void test_cases__a_partition_without_a_leader_holds_up_no_other(void **state)
{
	struct sim_world *world = *state;

	world->script.is_leaderless[1] = true;
	send_customer_to(world, 0, 1);
	send_customer_to(world, 1, 2);
	send_customer_to(world, 2, 3);
	take_turns(world, 1000);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->next_offset, 1);
	assert_int_equal(head_of(world, CUSTOMERS, 2)->next_offset, 1);
	assert_int_equal(head_of(world, CUSTOMERS, 1)->next_offset, 0);
	world->script.is_leaderless[1] = false;
	assert_true(rests(world));
	assert_null(audit(world));
}

/* Whatever number the topic has by now: the last partition here was added. */
static void test_cases__a_topic_that_was_given_more_partitions_moves_nobody(void **state)
{
	struct sim_world *world = *state;

	world->databases[CUSTOMERS].parts = SIM_PARTS - 1;
	for (int32_t part = 0; part < SIM_PARTS; part++)
		send_customer_to(world, part, 1 + (unsigned)part);
	take_turns(world, 2000);
	for (int32_t part = 0; part < SIM_PARTS - 1; part++) {
		assert_false(head_of(world, CUSTOMERS, part)->halted);
		assert_int_equal(head_of(world, CUSTOMERS, part)->next_offset, 1);
	}
	assert_true(head_of(world, CUSTOMERS, SIM_PARTS - 1)->halted);
	assert_int_equal(head_of(world, CUSTOMERS, SIM_PARTS - 1)->next_offset, 0);
	world_unhalt(world, false);
	take_turns(world, 2000);
	assert_true(head_of(world, CUSTOMERS, SIM_PARTS - 1)->halted);
	assert_int_equal(world->databases[CUSTOMERS].log[SIM_PARTS - 1].count, 0);
}

static void test_cases__a_topic_with_fewer_partitions_than_before_is_not_read(void **state)
{
	struct sim_world *world = *state;

	world->script.topic_parts = SIM_PARTS - 1;
	world->databases[CUSTOMERS].parts = SIM_PARTS;
	send_customer_to(world, 0, 1);
	take_turns(world, 2000);
	assert_true(head_of(world, CUSTOMERS, 0)->halted);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->next_offset, 0);

	world->script.topic_parts = 0; /* made anew as it was */
	world_unhalt(world, false);
	assert_true(rests(world));
	assert_int_equal(head_of(world, CUSTOMERS, 0)->next_offset, 1);
}

static void test_cases__a_truncated_topic_halts_and_goes_on_where_told(void **state)
{
	struct sim_world *world = *state;

	send_customer(world, 1);
	assert_true(rests(world));
	for (unsigned number = 2; number <= 5; number++)
		send_customer(world, number);
	world->commands[CUSTOMERS][0].low = 3;
	take_turns(world, 2000);
	assert_true(head_of(world, CUSTOMERS, 0)->halted);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->next_offset, 1);

	world->databases[CUSTOMERS].heads[0].halted = false;
	world->databases[CUSTOMERS].heads[0].epoch++;
	world->databases[CUSTOMERS].heads[0].next_offset = 3;
	world->databases[CUSTOMERS].heads[0].has_digest = false; /* dcs unhalt --at 3 */
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, 3);
}

/* As `dcs unhalt --at 0` does it: what was set aside before is below zero, and has its turn before what comes to the same
 * offsets. */
static void test_cases__a_topic_made_anew_keeps_what_was_set_aside(void **state)
{
	struct sim_world *world = *state;
	struct sim_log *topic = &world->commands[DEBTS][0];
	struct head *head = &world->databases[DEBTS].heads[0];

	send_bytes_to(world, DEBTS);
	send_debt(world, 1);
	assert_true(rests(world));
	world_empty(topic);
	take_turns(world, 2000);
	assert_true(head->halted);
	world->databases[DEBTS].dead[0].offset = -3;
	world->databases[DEBTS].dead[0].published = false;
	world->databases[DEBTS].parked[0].parked.offset = -2;
	head->halted = head->has_digest = false;
	head->next_offset = 0;
	head->epoch++;

	send_bytes_to(world, DEBTS);
	send_debt(world, 2);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, DEBTS), 2);
	assert_int_equal(world->databases[DEBTS].dead_count, 2);
	assert_true(world->databases[DEBTS].dead[0].published);
	send_customer(world, 1);
	send_customer(world, 2);
	assert_true(rests(world));
	workload_tick(world);
	assert_true(rests(world));
	assert_int_equal(parked_now(world, DEBTS), 0);
	assert_int_equal(world->databases[DEBTS].log[0].count, 2);
	assert_int_equal(world->databases[DEBTS].log[0].rows[0].row.command_offset, -2);
}

static void test_cases__what_a_halted_partition_has_committed_is_published(void **state)
{
	struct sim_world *world = *state;

	send_customer(world, 1);
	assert_true(rests(world));
	assert_int_equal(world->events[CUSTOMERS][0].count, 1);
	/* As if the program had died between the commit and the delivery, and the topic was cut meanwhile. */
	world_empty(&world->events[CUSTOMERS][0]);
	world->reader_heads[CUSTOMERS][0] = (struct reader_head){ .part = 0, .epoch = 100 };
	world->databases[CUSTOMERS].heads[0].halted = true;
	world->databases[CUSTOMERS].heads[0].epoch++;
	send_customer(world, 2);
	take_turns(world, 2000);
	assert_int_equal(world->events[CUSTOMERS][0].count, 1);
	assert_int_equal(head_of(world, CUSTOMERS, 0)->next_offset, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WHOLE_WORLD(test_cases__an_id_of_zeros_is_refused_by_its_name),
		IN_WORLD(test_cases__references_that_look_the_same_are_the_same),
		IN_WORLD(test_cases__a_record_larger_than_the_arena_is_a_dead_letter),
		IN_WORLD(test_cases__headers_that_cannot_be_kept_stop_nothing),
		IN_WORLD(test_cases__old_dead_letters_are_forgotten_by_the_ticks_time),
		IN_WORLD(test_cases__the_topic_of_dead_letters_gets_no_more_than_the_table),
		IN_WORLD(test_cases__an_offset_without_a_record_stops_nothing),
		IN_WORLD(test_cases__of_false_ticks_one_an_hour_is_kept),
		IN_WORLD(test_cases__a_clock_that_is_years_ahead_moves_a_date_by_one_day_at_most),
		IN_WORLD(test_cases__what_cannot_be_set_aside_halts_its_partition),
		IN_WORLD(test_cases__what_is_taken_for_ever_halts_its_partition),
		IN_WORLD(test_cases__a_halt_that_cannot_be_written_is_written_later),
		IN_WORLD(test_cases__a_state_that_cannot_be_loaded_parks_its_command),
		IN_WORLD(test_cases__a_command_whose_person_was_erased_is_refused_whatever_it_waits_for),
		IN_WORLD(test_cases__a_command_that_ends_every_program_is_set_aside_alone),
		IN_WORLD(test_cases__a_waiting_command_that_ends_every_program_is_set_aside_alone),
		IN_WORLD(test_cases__a_killer_behind_one_that_still_waits_is_set_aside_too),
		IN_WORLD(test_cases__one_among_many_is_found_in_few_batches_and_deaths),
		IN_WORLD(test_cases__ticks_do_not_count_in_quarantine),
		IN_WORLD(test_cases__a_record_that_cannot_even_be_read_halts_its_partition),
		IN_WORLD(test_cases__kills_in_a_quiet_time_park_nothing),
		IN_WORLD(test_cases__owners_that_let_go_are_not_counted),
		IN_WORLD(test_cases__deaths_with_one_command_after_another_in_hand_park_none),
		IN_WORLD(test_cases__what_was_refused_may_be_accepted_under_its_id),
		IN_WORLD(test_cases__one_batch_remembers_what_it_applied),
		IN_WORLD(test_cases__a_debt_that_waits_holds_its_own_payments_only),
		IN_WORLD(test_cases__any_number_may_stand_behind_one_that_waits),
		IN_WORLD(test_cases__more_than_may_wait_is_refused_and_halts_nothing),
		IN_WORLD(test_cases__a_partition_without_a_leader_holds_up_no_other),
		IN_WORLD(test_cases__a_topic_that_was_given_more_partitions_moves_nobody),
		IN_WORLD(test_cases__a_topic_with_fewer_partitions_than_before_is_not_read),
		IN_WORLD(test_cases__a_truncated_topic_halts_and_goes_on_where_told),
		IN_WORLD(test_cases__a_topic_made_anew_keeps_what_was_set_aside),
		IN_WORLD(test_cases__what_a_halted_partition_has_committed_is_published),
	};

	if (!start_cases())
		return 1;
	return end_cases(cmocka_run_group_tests(tests, NULL, NULL));
}
