#include "tests/sim/cases.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "schemas/customers.h"
#include "schemas/engine.h"
#include "schemas/reports.h"
#include "tests/sim/reactions.h"

/*
 * Chosen stories of a module that reacts (SIM_REPORTS in these worlds): a record that ends every program, or fails on data, in the
 * middle of others of other topics. The world is calm: what fails here, a story made fail.
 */
#define ROUNDS  60
#define REPORTS 5 /* in each of them */
#define DEATHS_MAX                                                                                                               \
	12 /* four in ordinary batches, and one for each size of a batch in quarantine until it is alone for the third time */

static struct uuid victim; /* key of the record that does it */

static struct uuid id_in(int32_t part, unsigned number)
{
	struct uuid id = id_of(number);

	while (world_part_of(&id) != part)
		id.bytes[13]++;
	return id;
}

/* Becomes an event that reports answers. */
static void send_customer(struct sim_world *world, int32_t part, unsigned number)
{
	char reference[16];
	const struct create_customer body = {
		.customer_id = id_in(part, number),
		.external_ref = { .data = reference, .size = (size_t)snprintf(reference, sizeof(reference), "C-%u", number) },
		.kind = STR("natural"),
		.full_name = STR("Ann Example"),
		.locale = STR("de-DE"),
		.country = STR("DE"),
	};

	workload_send_signed(world, SIM_CUSTOMERS, &create_customer_type, &body, &body.customer_id, "all");
}

/* A command of reports itself. */
static void send_report(struct sim_world *world, int32_t part, unsigned number)
{
	const struct generate_report body = { .report_id = id_in(part, number), .kind = STR("ageing") };

	workload_send_signed(world, SIM_REPORTS, &generate_report_type, &body, &body.report_id, "all");
}

static void take_turns(struct sim_world *world, int steps)
{
	while (steps-- > 0)
		world_step(world);
}

#define BATCH_MAX 8

/* Batches are small: what is read first is committed before the rest is read. */
static int start_reacting_world(void **state)
{
	struct sim_world *world;

	start_world_of(state, SIM_REACTS);
	world = *state;
	world->sizes.batch_items_max = BATCH_MAX;
	world_restart(world);
	return 0;
}

static const struct head *head_of(const struct sim_world *world, int32_t part)
{
	return &world->databases[SIM_REPORTS].heads[part];
}

/* Commands that were set aside because they seemed to end programs, and of these: the victim. */
static size_t bugs_parked(const struct sim_world *world, size_t *ret_victims)
{
	size_t count = 0;

	*ret_victims = 0;
	for (size_t i = 0; i < world->databases[SIM_REPORTS].parked_count; i++) {
		const struct parked *parked = &world->databases[SIM_REPORTS].parked[i].parked;

		count += parked->kind == PARKED_BUG;
		*ret_victims += parked->kind == PARKED_BUG && uuid_equal(&parked->key, &victim);
	}
	return count;
}

/* In each round both topics of both partitions have something new, and a Tick: none is ever silent for long. */
static void live(struct sim_world *world)
{
	for (unsigned round = 1; round <= ROUNDS; round++) {
		for (int32_t part = 0; part < 2; part++) {
			send_customer(world, part, 1000 + round * 4 + (unsigned)part);
			for (unsigned i = 0; i < REPORTS; i++)
				send_report(world, part, 2000 + (round * REPORTS + i) * 4 + (unsigned)part);
		}
		world->now_ms += 1000;
		workload_tick(world);
		take_turns(world, 100);
	}
}

/* A person has put a program in that is mended. */
static void heal(struct sim_world *world)
{
	world->script.kills = NULL;
	world->script.refuses = NULL;
	world_unhalt(world, false);
	world_release_bugs(world);
	for (int round = 0; round < 60; round++) {
		assert_true(rests(world));
		world->now_ms += 6000;
		workload_tick(world);
	}
	assert_true(rests(world));
	assert_null(audit(world));
}

static int64_t answered_of(const struct sim_world *world, int32_t part, const struct uuid *key)
{
	const struct sim_rows *log = &world->databases[SIM_REPORTS].log[part];
	int64_t count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += message_by_schema_id(log->rows[i].row.schema_id) == &event_answered_type &&
			 uuid_equal(&log->rows[i].row.key, key);
	return count;
}

static bool kills_event(const struct command *command)
{
	return command->type == &customer_created_type && uuid_equal(&command->key, &victim);
}

/* Commands and Ticks of its partition are committed between two deaths, and say nothing about it. */
static void test_reaction_cases__an_event_that_ends_every_program_halts_its_partition(void **state)
{
	struct sim_world *world = *state;
	size_t victims;

	victim = id_in(0, 1000 + 7 * 4);
	world->follow_rate = 50;
	world->script.kills = kills_event;
	live(world);
	take_turns(world, 5000);
	assert_true(head_of(world, 0)->halted);
	assert_non_null(strstr(world->databases[SIM_REPORTS].halt_reasons[0], "events of customers, offset 6"));
	assert_int_equal(head_of(world, 0)->followed[0].next_offset, 6);
	assert_in_range(world->deaths, 5, DEATHS_MAX);
	assert_int_equal(bugs_parked(world, &victims), 0); /* no command paid for it */
	assert_false(head_of(world, 1)->halted);
	assert_int_equal(head_of(world, 1)->next_offset, world_end_of(&world->commands[SIM_REPORTS][1]));
	assert_int_equal(head_of(world, 1)->followed[0].last_seq, ROUNDS);
	heal(world);
}

static bool kills_report(const struct command *command)
{
	return command->type == &generate_report_type && uuid_equal(&command->key, &victim);
}

/* The same with topics exchanged: the command is set aside, and no event stops for it. */
static void test_reaction_cases__a_command_that_ends_every_program_halts_no_event(void **state)
{
	struct sim_world *world = *state;
	size_t victims;

	victim = id_in(0, 2000 + 7 * REPORTS * 4);
	world->follow_rate = 950;
	world->script.kills = kills_report;
	live(world);
	take_turns(world, 5000);
	for (int32_t part = 0; part < 2; part++) {
		assert_false(head_of(world, part)->halted);
		assert_int_equal(head_of(world, part)->followed[0].last_seq, ROUNDS);
		assert_int_equal(head_of(world, part)->next_offset, world_end_of(&world->commands[SIM_REPORTS][part]));
	}
	assert_int_equal(bugs_parked(world, &victims), 1);
	assert_int_equal(victims, 1);
	assert_in_range(world->deaths, 5, DEATHS_MAX);
	heal(world);
}

static const char *refuses_answer(const struct changes *changes)
{
	for (size_t i = 0; i < changes->log_count; i++)
		if (changes->log[i].schema_id == event_answered_type.schema_id && uuid_equal(&changes->log[i].key, &victim))
			return "a value is too long";
	return NULL;
}

/* It ends nobody: what breaks is the transaction, at once and for good. */
static void test_reaction_cases__an_event_that_fails_on_data_halts_its_partition(void **state)
{
	struct sim_world *world = *state;
	unsigned number = 4;
	struct uuid event_command;

	do { /* one that is answered: what is silent writes nothing */
		const struct uuid created = id_in(0, 1000 + number * 4);
		const struct uuid event = uuid_derive(&created, "event", 0);

		number++;
		victim = created;
		event_command = uuid_derive(&event, "reports", 0);
	} while (reaction_is_silent(&event_command));
	world->script.refuses = refuses_answer;
	live(world);
	take_turns(world, 5000);
	assert_true(head_of(world, 0)->halted);
	assert_non_null(strstr(world->databases[SIM_REPORTS].halt_reasons[0], "events of customers, offset "));
	assert_non_null(strstr(world->databases[SIM_REPORTS].halt_reasons[0], "CustomerCreated breaks our code"));
	assert_int_equal(head_of(world, 0)->followed[0].next_offset, number - 2);
	assert_int_equal(world->deaths, 0);
	assert_int_equal(head_of(world, 1)->followed[0].last_seq, ROUNDS);
	assert_int_equal(answered_of(world, 0, &victim), 0);
	heal(world);
	assert_int_equal(answered_of(world, 0, &victim), 1);
}

/* Without a mended program the operator gets the same answer again, and nothing is lost by it. */
static void test_reaction_cases__a_partition_that_is_let_go_unmended_halts_again(void **state)
{
	struct sim_world *world = *state;

	victim = id_in(0, 1000 + 7 * 4);
	world->script.kills = kills_event;
	live(world);
	take_turns(world, 5000);
	assert_true(head_of(world, 0)->halted);
	world_unhalt(world, false);
	assert_false(head_of(world, 0)->halted);
	take_turns(world, 5000);
	assert_true(head_of(world, 0)->halted);
	assert_int_equal(head_of(world, 0)->followed[0].next_offset, 6);
	heal(world);
}

/* As an owner does that finds its partition empty; and dcs unhalt --of --at (lib/worker/README.md, "Lost events"). */
static void publish_anew(struct sim_world *world, struct sim_log *events, size_t count)
{
	events->low = world_end_of(events);
	for (size_t i = 0; i < count; i++)
		world_append(world, events, events->records[i]->key, events->records[i]->value, events->records[i]->headers,
			     events->records[i]->headers_count);
	world->databases[SIM_REPORTS].heads[0].followed[0].next_offset = events->low;
}

static void test_reaction_cases__events_that_were_never_read_are_published_anew(void **state)
{
	struct sim_world *world = *state;
	struct sim_log *events = &world->events[SIM_CUSTOMERS][0];
	size_t count;

	victim = id_in(0, 1000 + 7 * 4);
	world->script.kills = kills_event; /* so that some are not read yet */
	live(world);
	take_turns(world, 5000);
	assert_true(head_of(world, 0)->halted);
	count = events->count;
	world->script.kills = NULL;
	events->low = 8; /* it has read six */
	world_unhalt(world, false);
	take_turns(world, 1000);
	assert_true(head_of(world, 0)->halted);
	assert_non_null(strstr(world->databases[SIM_REPORTS].halt_reasons[0],
			       "events of customers, partition 0: topic truncated: offset 6 is next, and it begins at 8"));
	publish_anew(world, events, count);
	heal(world);
	assert_false(head_of(world, 0)->halted);
	assert_int_equal(head_of(world, 0)->followed[0].last_seq, ROUNDS);
}

#define REACTING(test) cmocka_unit_test_setup_teardown(test, start_reacting_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		REACTING(test_reaction_cases__an_event_that_ends_every_program_halts_its_partition),
		REACTING(test_reaction_cases__a_command_that_ends_every_program_halts_no_event),
		REACTING(test_reaction_cases__an_event_that_fails_on_data_halts_its_partition),
		REACTING(test_reaction_cases__a_partition_that_is_let_go_unmended_halts_again),
		REACTING(test_reaction_cases__events_that_were_never_read_are_published_anew),
	};

	if (!start_cases())
		return 1;
	return end_cases(cmocka_run_group_tests_name("reaction_cases", tests, NULL, NULL));
}
