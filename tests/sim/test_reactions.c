#include "tests/sim/cases.h"

#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "model/topic.h"
#include "schemas/engine.h"
#include "tests/sim/reactions.h"

/*
 * Another live run may answer events at other places between the commands. But the rows of the log say where they were answered, so
 * a replay of the same topics in this order gives the same log, byte for byte: with batches of other sizes, and with programs that
 * die.
 */
#define SEEDS  24
#define ROUNDS 14

/* A module that reacts: in which worlds it lives, and in which it is replayed. */
struct kind {
	size_t module;
	unsigned modules, alone;
};
static const struct kind reports = { SIM_REPORTS, SIM_REACTS, 1u << SIM_REPORTS | SIM_FOLLOWS };
static const struct kind dunning = { SIM_DUNNING, SIM_DUNS, 1u << SIM_DUNNING | SIM_POLICIES };

static struct sim_world *new_world(uint64_t seed, unsigned modules, size_t batch_items_max)
{
	struct sim_world *world = malloc(sizeof(*world));

	assert_non_null(world);
	world_init(world, seed, modules);
	world->sizes.batch_items_max = batch_items_max;
	world->sizes.timers_max = 6;
	world->sizes.parked_max = 1000;
	world->deadly_of_256 = 0;
	world->script.spares_data = true;
	world_restart(world);
	return world;
}

/* Nothing here is taken for what ends every program: a quarantine would set it aside, and the log be another. */
static void forget_tries(struct sim_world *world)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (int32_t part = 0; part < SIM_PARTS; part++)
			for (size_t source = 0; source <= FOLLOWS_MAX; source++)
				world->databases[module].heads[part].quarantine[source].tries = 0;
}

static void take_turns(struct sim_world *world, int steps)
{
	for (; steps > 0; steps--) {
		world_step(world);
		forget_tries(world);
	}
}

/* A world as it lives: commands come while programs die and topics are read in any order. */
static struct sim_world *live(uint64_t seed, const struct kind *kind)
{
	struct sim_world *world = new_world(seed, kind->modules, 2 + (size_t)(seed % 3) * 20);

	if (world->has_policies)
		workload_begin(world);
	for (int round = 0; round < ROUNDS; round++) {
		workload_publish(world, 12);
		if (world->has_policies && round % 4 == 3)
			world->now_ms += DAY_MS;
		workload_tick(world);
		take_turns(world, 150);
	}
	world->is_calm = true;
	world_unhalt(world, false);
	for (int round = 0; round < 60; round++) {
		assert_true(rests(world));
		world->now_ms += 6000;
		if (world->has_policies && (round < 32 ? round % 4 == 3 : post_waits(world)))
			world->now_ms += DAY_MS;
		workload_tick(world);
	}
	assert_true(rests(world));
	return world;
}

/* ---- the order that the rows tell ---- */

static int32_t source_named(const struct module *module, struct str topic)
{

	for (size_t i = 0; i < module->follows_count; i++) {
		char name[TOPIC_NAME_MAX];

		topic_name(name, module->follows[i].module, TOPIC_EVENTS);
		if (str_is(topic, name))
			return (int32_t)i + 1;
	}
	fail_msg("an answer names no followed topic");
	return 0;
}

static void read_order(const struct sim_world *world, const struct kind *kind, struct sim_order *order)
{
	struct arena arena;
	struct err err = ERR_INIT;

	assert_int_equal(arena_init(&arena, 1 << 20, &err), 0);
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_rows *log = &world->databases[kind->module].log[part];

		order->count[part] = 0;
		order->steps[part] = calloc(log->count + 1, sizeof(*order->steps[part]));
		assert_non_null(order->steps[part]);
		for (size_t i = 0; i < log->count; i++) {
			const struct event_answered *answered;
			const struct message_type *type;

			arena_reset(&arena);
			assert_int_equal(coder_decode(log->rows[i].row.body, &arena, &type, (const void **)&answered, &err), 0);
			if (type != &event_answered_type)
				continue;
			order->steps[part][order->count[part]++] = (struct sim_step){
				.source = source_named(world->modules[kind->module], answered->topic),
				.offset = answered->offset,
				.before_offset = answered->before_offset,
			};
		}
	}
	arena_release(&arena);
}

/* ---- the replay ---- */

static void copy_topic(struct sim_world *to, struct sim_log *log, const struct sim_log *from)
{
	for (size_t i = 0; i < from->count; i++) {
		const struct sim_record *record = from->records[i];

		to->now_ms = record->at_ms;
		if (record->is_marker)
			world_append_marker(to, log);
		else
			world_append(to, log, record->key, record->value, record->headers, record->headers_count);
	}
}

/* The module alone, over copies of the topics. */
static struct sim_world *replay(const struct sim_world *original, const struct kind *kind, struct sim_order *order, uint64_t seed,
				bool is_rough)
{
	const struct sim_log nothing = { .count = 0 };
	struct sim_world *world = new_world(seed, kind->alone, is_rough ? 7 : 60);

	for (int32_t part = 0; part < SIM_PARTS; part++) {
		for (size_t module = 0; module < SIM_MODULES; module++) {
			if (module == kind->module)
				copy_topic(world, &world->events[module][part], &nothing);
			else
				copy_topic(world, &world->events[module][part], &original->events[module][part]);
		}
		copy_topic(world, &world->commands[kind->module][part], &original->commands[kind->module][part]);
	}
	world->now_ms = original->now_ms;
	world->order = order;
	world->script.stops_notifiers = true; /* they know of no message here */
	world->is_calm = !is_rough;
	take_turns(world, is_rough ? 2000 : 0);
	world->is_calm = true;
	world_unhalt(world, false);
	return world;
}

/* All that the original had is read. What the replay itself sends comes on top: it repeats what is there. */
static bool has_read_all(const struct sim_world *world, const struct sim_world *original, const struct kind *kind)
{
	for (int32_t part = 0; part < SIM_PARTS; part++) {
		const struct head *head = &world->databases[kind->module].heads[part];
		const struct head *expected = &original->databases[kind->module].heads[part];

		if (head->next_offset < expected->next_offset)
			return false;
		for (size_t i = 0; i < world->modules[kind->module]->follows_count; i++)
			if (head->followed[i].last_seq < expected->followed[i].last_seq)
				return false;
	}
	return true;
}

/* Whether an erasure ended what was parked here: the customers module did that at some time, and no topic of this module tells. */
static bool lost_parked(const struct sim_world *world, const struct kind *kind, int32_t part)
{
	const struct sim_rows *log = &world->databases[kind->module].log[part];
	struct err err = ERR_INIT;
	struct arena arena;
	bool is_lost = false;

	assert_int_equal(arena_init(&arena, 1 << 16, &err), 0);
	for (size_t i = 0; i < log->count; i++) {
		const struct command_rejected *refused;
		const struct message_type *type;

		arena_reset(&arena);
		assert_int_equal(coder_decode(log->rows[i].row.body, &arena, &type, (const void **)&refused, &err), 0);
		is_lost |= type == &command_rejected_type && is_of_forgotten(refused);
	}
	arena_release(&arena);
	return is_lost;
}

static void check_replays(const struct kind *kind)
{
	size_t answered = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_world *original = live(seed, kind);
		const char *wrong = audit(original);
		struct sim_order order;

		if (wrong)
			fail_msg("seed %llu: %s", (unsigned long long)seed, wrong);
		read_order(original, kind, &order);
		for (int is_rough = 0; is_rough < 2; is_rough++) {
			struct sim_world *again = replay(original, kind, &order, seed + 1000, is_rough != 0);

			for (int step = 0; step < 40000 && !has_read_all(again, original, kind); step++)
				world_step(again);
			for (int32_t part = 0; part < SIM_PARTS; part++) {
				const struct head *was = &original->databases[kind->module].heads[part];
				const struct head *is = &again->databases[kind->module].heads[part];

				if (lost_parked(original, kind, part))
					continue;
				if (was->log_seq != is->log_seq || memcmp(was->log_hash, is->log_hash, SHA256_SIZE) != 0)
					fail_msg("seed %llu part %d, rough %d: %lld rows of %lld, or other bytes",
						 (unsigned long long)seed, part, is_rough, (long long)is->log_seq,
						 (long long)was->log_seq);
			}
			world_release(again);
			free(again);
		}
		for (int32_t part = 0; part < SIM_PARTS; part++) {
			answered += lost_parked(original, kind, part) ? 0 : order.count[part];
			free(order.steps[part]);
		}
		world_release(original);
		free(original);
	}
	assert_true(answered > 10 * SEEDS);
}

static void test_reactions__a_replay_of_the_rows_gives_the_same_bytes(void **state)
{
	(void)state;
	check_replays(&reports);
}

static void test_reactions__so_does_a_replay_of_dunning(void **state)
{
	(void)state;
	check_replays(&dunning);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reactions__a_replay_of_the_rows_gives_the_same_bytes),
		cmocka_unit_test(test_reactions__so_does_a_replay_of_dunning),
	};

	if (!start_cases())
		return 1;
	return end_cases(cmocka_run_group_tests(tests, NULL, NULL));
}
