#include "tests/sim/cases.h"

#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "schemas/reports.h"
#include "tests/sim/alarms.h"

/*
 * The same topics give the same log, byte for byte, and the same timers fire in the same order: however large batches are, whoever
 * owns the partitions, wherever programs die.
 */
#define TIMERS_MAX  6 /* of the Ticks of three partitions: less than are due */
#define ROUNDS      40
#define REST_ROUNDS 150
#define SEEDS       12

struct outcome {
	uint8_t heads[SIM_PARTS][SHA256_SIZE];
	size_t events, fired;
	size_t before_commands;     /* fired at the offset of a command, not of a Tick */
	uint8_t order[DIGEST_SIZE]; /* of the fired timers, each with its offset */
};

static void send_ticks(struct sim_world *world)
{
	for (int32_t part = 0; part < SIM_PARTS; part++)
		workload_send_tick(world, SIM_REPORTS, part, day_of_instant(world->now_ms), "all");
}

/* All records are there before the first is read. In the end only Ticks come, until all that waits has been decided. */
static void fill_topics(struct sim_world *world, uint64_t seed)
{
	world->dice.state = seed;
	for (int round = 0; round < ROUNDS; round++) {
		workload_publish(world, 12);
		world->now_ms += (int64_t)dice_below(&world->dice, dice_hits(&world->dice, 100) ? 3 * DAY_MS : 4000);
		send_ticks(world);
	}
	for (int round = 0; round < REST_ROUNDS; round++) {
		world->now_ms += 6000;
		send_ticks(world);
	}
}

static struct outcome outcome_of(const struct sim_world *world)
{
	const struct sim_database *database = &world->databases[SIM_REPORTS];
	struct outcome outcome = { .fired = database->fired_count };
	struct buf order;

	buf_init(&order, 1 << 22);
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		memcpy(outcome.heads[part], database->heads[part].log_hash, SHA256_SIZE);
		outcome.events += database->log[part].count;
		for (size_t i = 0; i < database->fired_count; i++) {
			const struct sim_fired *fired = &database->fired[i];

			if (fired->row.part != part)
				continue;
			outcome.before_commands += world->commands[SIM_REPORTS][part].records[fired->at_offset]->key.data != NULL;
			buf_add(&order, fired->row.id.bytes, sizeof(fired->row.id.bytes));
			buf_add_be64(&order, (uint64_t)fired->at_offset);
		}
	}
	assert_false(order.overflow);
	digest_of(outcome.order, buf_str(&order));
	buf_release(&order);
	return outcome;
}

/* How a world works them off. */
struct way {
	size_t batch_items_max;
	bool is_rough; /* programs die, connections break, partitions move */
	bool is_torn;  /* the database takes one event at a time: every batch is halved, down to its commands and timers */
};

static const char *refuse_two(const struct changes *changes)
{
	return changes->log_count > 1 ? "more than one event" : NULL;
}

/* Nothing here is taken for what ends every program: a quarantine would set it aside, and the log be another. */
static void forget_tries(struct sim_world *world)
{
	for (int32_t part = 0; part < SIM_PARTS; part++)
		world->databases[SIM_REPORTS].heads[part].quarantine[0].tries = 0;
}

static struct outcome work_off(uint64_t seed, struct way way)
{
	struct sim_world *world = malloc(sizeof(*world));
	struct outcome outcome;
	const char *wrong;

	assert_non_null(world);
	world_init(world, seed, SIM_TIMERS);
	world->sizes.batch_items_max = way.batch_items_max;
	world->sizes.timers_max = TIMERS_MAX;
	world->sizes.parked_max = 1000;
	world->deadly_of_256 = 0;
	world->script.spares_data = true;
	world->script.refuses = way.is_torn ? refuse_two : NULL;
	world_restart(world);
	fill_topics(world, seed);
	for (int step = 0; step < 3000 && way.is_rough; step++) {
		world_step(world);
		forget_tries(world);
	}
	world->is_calm = true;
	world_unhalt(world, false);
	for (int tries = 0; tries < 20 && !rests(world); tries++)
		world_unhalt(world, true);
	assert_true(world_is_idle(world));
	outcome = outcome_of(world);
	wrong = audit(world);
	if (wrong)
		fail_msg("seed %llu, batches of %zu: %s", (unsigned long long)seed, way.batch_items_max, wrong);
	world_release(world);
	free(world);
	return outcome;
}

static void test_timers__batches_of_any_size_and_any_fault_give_the_same_log(void **state)
{
	static const struct way ways[] = {
		{ .batch_items_max = 2 },
		{ .batch_items_max = 3 },
		{ .batch_items_max = 50 },
		{ .batch_items_max = 200, .is_rough = true },
		{ .batch_items_max = 5, .is_rough = true },
		{ .batch_items_max = 2, .is_rough = true },
		{ .batch_items_max = 200, .is_torn = true },
		{ .batch_items_max = 20, .is_torn = true, .is_rough = true },
	};
	size_t fired = 0;
	size_t before_commands = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		const struct outcome expected = work_off(seed, (struct way){ .batch_items_max = 200 });

		fired += expected.fired;
		before_commands += expected.before_commands;
		for (size_t i = 0; i < COUNT(ways); i++) {
			const struct outcome outcome = work_off(seed, ways[i]);

			if (memcmp(outcome.heads, expected.heads, sizeof(expected.heads)) != 0 ||
			    memcmp(outcome.order, expected.order, sizeof(expected.order)) != 0)
				fail_msg("seed %llu, way %zu: %zu events and %zu timers, otherwise %zu and %zu",
					 (unsigned long long)seed, i, outcome.events, outcome.fired, expected.events,
					 expected.fired);
		}
	}
	assert_true(fired > 100 * SEEDS);
	assert_true(before_commands > 10 * SEEDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers__batches_of_any_size_and_any_fault_give_the_same_log),
	};

	if (!start_cases())
		return 1;
	return end_cases(cmocka_run_group_tests(tests, NULL, NULL));
}
