#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "consumers/communications/asked.h"
#include "tests/sim/approvals.h"
#include "tests/sim/world.h"

#define ARENA_SIZE_MIN      ((size_t)600 << 10) /* the least that the engine takes, for VALUE_SIZE_MAX */
#define CACHE_OF_TWO        ((size_t)700)       /* states of debts */
#define VALUE_SIZE_MAX      4096
#define AGGREGATES_SIZE_MAX ((size_t)16 << 20)
#define STEPS_MS_MAX        150 /* of one step of each module: a step is of one, and the more there are, the shorter */
#define TIMERS_EVERY        7   /* seeds: a world of timers and nothing else */
#define SECOND_EVERY        5   /* seeds: a world of kept commands and nothing else */
#define REACTS_EVERY        3   /* of the other seeds: a world with a module that reacts */
#define DUNS_EVERY          9   /* of those that are left: a world in which policies of dunning are in force */
#define OPTIONAL_RATE       250 /* per mille of the worlds that have a module which is not of the core */

/* The clock that the engines ask: it belongs to the world that runs. */
static const struct sim_world *running;
static int64_t acting_off_ms; /* of the host of the program that acts */

int64_t world_clock(void)
{
	return running->now_ms + acting_off_ms;
}

/* How far a host's clock is off: not at all, a minute and a half, more than a day. */
int64_t world_clock_off(struct sim_world *world)
{
	static const int64_t offs_ms[] = { 0, 0, 90000, -90000, 25 * 3600000 };

	return offs_ms[dice_below(&world->clocks, COUNT(offs_ms))];
}

/* Tokens are tested with real keys elsewhere; here a token is the name of the roles it gives. */
bool world_is_module(struct str name)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		if (str_is(name, running->modules[module]->name))
			return true;
	return false;
}

static int verify(void *self, struct str token, struct token_claims *ret_claims, struct err *err)
{
	const struct sim_worker *worker = self;
	struct uuid user;

	*ret_claims = (struct token_claims){ .scope = scope_all, .expires_at_ms = INT64_MAX / 2 };
	if (running->script.kills_gate && running->script.kills_gate(token))
		worker->session->is_dead = true;
	if (world_is_module(token)) {
		ret_claims->roles = ~(uint32_t)ROLE_CLOCK;
		return str_to_chars(ret_claims->subject, sizeof(ret_claims->subject), token) ? 0 : -1;
	}
	if (approval_user(token, &user)) {
		uuid_format(ret_claims->subject, &user);
		ret_claims->roles = ~(uint32_t)ROLE_CLOCK;
		return 0;
	}
	if (!str_is(token, "all") && !str_is(token, "none") && !str_is(token, "expired") && !str_is(token, "but the clock"))
		return err_set(err, ERR_POISON, "bad signature");
	*ret_claims = (struct token_claims){
		.subject = "sim",
		.roles = str_is(token, "none")            ? (uint32_t)ROLE_AUDITOR
			 : str_is(token, "but the clock") ? ~(uint32_t)ROLE_CLOCK
							  : UINT32_MAX,
		.scope = scope_all,
		.expires_at_ms = str_is(token, "expired") ? 1 : INT64_MAX / 2,
	};
	return 0;
}

/* ---- programs ---- */

static void start_worker(struct sim_world *world, size_t module, struct sim_worker *worker)
{
	const struct engine_conf conf = {
		.owner = "sim",
		.batch_items_max = world->sizes.batch_items_max,
		.batch_bytes_max = 1 << 20,
		.arena_size = world->sizes.arena_size,
		.cache_size = world->sizes.cache_size,
		.pending_max = 100,
		.pace_ms = 3,
		.wait_max_ms = 5000,
		.dead_max_ms = SIM_DEAD_MAX_MS,
		.parked_max = world->sizes.parked_max,
		.timers_max = world->sizes.timers_max,
		.now_ms = world_clock,
	};
	const struct admission admission = {
		.module = world->modules[module], .verify = verify, .verify_self = worker, .value_size_max = VALUE_SIZE_MAX
	};
	struct broker broker;
	struct database database;
	struct err err = ERR_INIT;

	acting_off_ms = worker->clock_off_ms;
	worker->session = session_new(world, module, false);
	worker->engine = malloc(sizeof(*worker->engine));
	MUST(worker->engine);
	broker = session_broker(worker->session);
	database = session_database(worker->session);
	MUST(engine_init(worker->engine, &conf, &admission, &broker, &database, &err) == 0);
}

static void start_reader(struct sim_world *world, size_t module, struct sim_worker *worker)
{
	const struct reader_conf conf = {
		.owner = "sim",
		.batch_items_max = world->sizes.batch_items_max,
		.arena_size = world->sizes.arena_size,
		.now_ms = world_clock,
	};
	struct broker broker;
	struct reader_database database;
	struct err err = ERR_INIT;

	acting_off_ms = worker->clock_off_ms;
	worker->session = session_new(world, module, true);
	worker->reader = malloc(sizeof(*worker->reader));
	MUST(worker->reader);
	broker = session_broker(worker->session);
	database = session_reader_database(worker->session);
	MUST(event_reader_init(worker->reader, &conf, world->modules[module]->name, &broker, &database, &err) == 0);
}

static void end_program(struct sim_worker *worker)
{
	if (worker->engine)
		engine_release(worker->engine);
	if (worker->reader)
		event_reader_release(worker->reader);
	free(worker->engine);
	free(worker->reader);
	if (worker->session)
		session_free(worker->session);
	*worker = (struct sim_worker){ .clock_off_ms = worker->clock_off_ms };
}

/* The group deals the partitions out anew. Workers that are frozen hear of it when they wake: until then two believe that they
 * own the same. */
static void rebalance(struct sim_world *world, struct sim_worker *workers, size_t count)
{
	bool wants[SIM_WORKERS > SIM_READERS ? SIM_WORKERS : SIM_READERS][SIM_PARTS] = { { false } };

	world->rebalances++;
	for (size_t part = 0; part < SIM_PARTS; part++) {
		size_t owner = dice_below(&world->dice, count);

		if (workers[owner].is_frozen)
			owner = (owner + 1) % count;
		wants[owner][part] = true;
	}
	for (size_t i = 0; i < count; i++) {
		memcpy(workers[i].session->wants, wants[i], sizeof(wants[i]));
		workers[i].session->group = 1;
	}
}

void world_rebalance(struct sim_world *world, size_t module)
{
	rebalance(world, world->workers[module], SIM_WORKERS);
}

/* ---- life ---- */

unsigned world_modules(uint64_t seed)
{
	struct dice dice = { .state = ~seed }; /* a chance of its own, so that it moves nothing else */
	unsigned modules = SIM_CORE;

	if (seed % TIMERS_EVERY == 0)
		return SIM_TIMERS;
	if (seed % SECOND_EVERY == 0)
		return SIM_SECOND;
	if (seed % REACTS_EVERY == 0)
		return SIM_REACTS;
	if (seed / 2 % DUNS_EVERY == 5) /* even and odd ones: test_sim.c shares them out by two */
		return SIM_DUNS | SIM_EVENTS;
	for (size_t module = 0; module < SIM_MODULES; module++)
		if (dice_hits(&dice, OPTIONAL_RATE))
			modules |= 1u << module;
	return modules;
}

size_t world_some_module(struct sim_world *world)
{
	return world->present[dice_below(&world->dice, world->present_count)];
}

bool world_has(const struct sim_world *world, size_t module)
{
	return world->workers[module][0].session != NULL;
}

static void start_programs(struct sim_world *world, size_t module)
{
	for (size_t i = 0; i < SIM_WORKERS; i++) {
		world->workers[module][i].clock_off_ms = world_clock_off(world);
		start_worker(world, module, &world->workers[module][i]);
	}
	for (size_t i = 0; i < SIM_READERS; i++) {
		world->readers[module][i].clock_off_ms = world_clock_off(world);
		start_reader(world, module, &world->readers[module][i]);
	}
	rebalance(world, world->workers[module], SIM_WORKERS);
	rebalance(world, world->readers[module], SIM_READERS);
}

void world_init(struct sim_world *world, uint64_t seed, unsigned modules)
{
	struct str bad;
	bool is_chosen = asked_profiles_choose(STR("basic person"), &bad); /* deny only; hours: world_set_hours */

	MUST(is_chosen);
	memset(world, 0, sizeof(*world));
	world->dice.state = seed;
	world->clocks.state = seed + 1;
	world->now_ms = 1700000000000;
	for (size_t module = 0; module < SIM_MODULES; module++) {
		world->modules[module] = world_module(module, (modules & SIM_FOLLOWS) != 0);
		if (modules & 1u << module)
			world->present[world->present_count++] = module;
	}
	/* Some worlds are rough, some nearly calm: both find bugs. */
	world->retry_rate = dice_below(&world->dice, 40);
	world->death_rate = dice_below(&world->dice, 20);
	world->quiet_rate = dice_below(&world->dice, 700);
	world->notify_rate = 200;
	world->deadly_of_256 = dice_hits(&world->dice, 250) ? (uint8_t)(1 + dice_below(&world->dice, 12)) : 0;
	world->sizes = (struct sim_sizes){
		.batch_items_max = 2 + dice_below(&world->dice, dice_hits(&world->dice, 500) ? 12 : 200),
		.arena_size = ARENA_SIZE_MIN + dice_below(&world->dice, (size_t)1 << 20),
		.parked_max = dice_hits(&world->dice, 200) ? (int64_t)dice_below(&world->dice, 3) : 1000,
		.commands_per_round = dice_hits(&world->dice, 150) ? 60 : 1 + dice_below(&world->dice, 25),
	};
	world->has_policies = (modules & SIM_POLICIES) != 0;
	world->has_events = (modules & SIM_EVENTS) != 0;
	if (modules & (SIM_FOLLOWS | SIM_POLICIES))
		world->follow_rate = 50 + dice_below(&world->clocks, 900);
	if (modules & SIM_FOLLOWS || (world->has_policies && dice_hits(&world->clocks, 500)))
		world->date_ahead_ms = DAY_MS / 2;
	world->sizes.cache_size = (const size_t[]){ 0, CACHE_OF_TWO, (size_t)1 << 20 }[seed % 3];
	world->sizes.timers_max = 1 + dice_below(&world->clocks, dice_hits(&world->clocks, 500) ? 4 : 100);
	buf_init(&world->aggregates, AGGREGATES_SIZE_MAX);
	running = world;
	for (size_t i = 0; i < world->present_count; i++)
		start_programs(world, world->present[i]);
	notifiers_init(world);
}

void world_release(struct sim_world *world)
{
	for (size_t module = 0; module < SIM_MODULES; module++) {
		for (size_t i = 0; i < SIM_WORKERS; i++)
			end_program(&world->workers[module][i]);
		for (size_t i = 0; i < SIM_READERS; i++)
			end_program(&world->readers[module][i]);
	}
	broker_release(world);
	database_release(world);
	buf_release(&world->aggregates);
}

/* ---- a step ---- */

static void restart(struct sim_world *world, size_t module, struct sim_worker *worker)
{
	bool is_reader = worker->reader != NULL;
	bool wants[SIM_PARTS];

	memcpy(wants, worker->session->wants, sizeof(wants));
	end_program(worker);
	if (is_reader)
		start_reader(world, module, worker);
	else
		start_worker(world, module, worker);
	memcpy(worker->session->wants, wants, sizeof(wants));
}

void world_restart(struct sim_world *world)
{
	for (size_t at = 0; at < world->present_count; at++) {
		for (size_t i = 0; i < SIM_WORKERS; i++)
			restart(world, world->present[at], &world->workers[world->present[at]][i]);
		world_rebalance(world, world->present[at]);
	}
}

static void run(struct sim_world *world, size_t module, struct sim_worker *worker)
{
	struct err err = ERR_INIT;
	bool was_engine = worker->engine != NULL;
	int rc;

	acting_off_ms = worker->clock_off_ms;
	world_act(worker->session);
	rc = was_engine ? engine_step(worker->engine, 0, &err) : event_reader_step(worker->reader, 0, &err);
	if (rc == 0)
		return;
	/* Only death ends a program here: any other fatal failure is a bug of the engine. */
	if (!worker->session->is_dead) {
		log_error("engine failed: %s", err.text);
		MUST_NOT_REACH("a fatal failure without a cause");
	}
	world->deaths++;
	restart(world, module, worker);
	if (dice_hits(&world->dice, 500))
		rebalance(world, was_engine ? world->workers[module] : world->readers[module],
			  was_engine ? SIM_WORKERS : SIM_READERS);
}

/* SIGTERM. It has a while to finish; what it does not get done is for the next one. */
static void end_gracefully(struct sim_world *world, size_t module, struct sim_worker *worker)
{
	struct err err = ERR_INIT;

	if (worker->is_frozen || worker->session->is_dead)
		return;
	acting_off_ms = worker->clock_off_ms;
	(void)!engine_drain(worker->engine, (int)dice_below(&world->dice, 200), &err);
	restart(world, module, worker);
}

static bool has_crashed(const struct head *head)
{
	for (size_t source = 0; source < COUNT(head->quarantine); source++)
		if (head->quarantine[source].crashes > 0)
			return true;
	return false;
}

void world_unhalt(struct sim_world *world, bool only_deadly)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (size_t part = 0; part < SIM_PARTS; part++) {
			struct head *head = &world->databases[module].heads[part];

			if (!head->halted || (only_deadly && !has_crashed(head)))
				continue;
			head->epoch++;
			head->halted = false;
			memset(head->quarantine, 0, sizeof(head->quarantine));
		}
}

void world_release_bugs(struct sim_world *world)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (size_t i = 0; i < world->databases[module].parked_count; i++)
			world->databases[module].parked[i].parked.released = true;
	for (size_t module = 0; module < SIM_MODULES; module++)
		timers_release_bugs(&world->databases[module]);
}

/* Not for a reason: whatever comes of a halt must be as if it had not been. */
static void halt_some(struct sim_world *world, size_t module)
{
	struct head *head = &world->databases[module].heads[dice_below(&world->dice, SIM_PARTS)];

	if (!world->databases[module].has_head[head->part] || world->databases[module].locked_by[head->part])
		return;
	head->halted = true;
	head->epoch++;
}

static void disturb(struct sim_world *world)
{
	size_t module = world_some_module(world);
	struct sim_worker *worker = &world->workers[module][dice_below(&world->dice, SIM_WORKERS)];
	struct sim_worker *reader = &world->readers[module][dice_below(&world->dice, SIM_READERS)];

	if (dice_hits(&world->dice, 5))
		rebalance(world, world->workers[module], SIM_WORKERS);
	if (dice_hits(&world->dice, 3))
		rebalance(world, world->readers[module], SIM_READERS);
	if (dice_hits(&world->dice, 5)) {
		worker->is_frozen = true;
		rebalance(world, world->workers[module], SIM_WORKERS);
	}
	if (dice_hits(&world->dice, 3)) {
		reader->is_frozen = true;
		rebalance(world, world->readers[module], SIM_READERS);
	}
	if (dice_hits(&world->dice, 100))
		worker->is_frozen = false;
	if (dice_hits(&world->dice, 100))
		reader->is_frozen = false;
	if (dice_hits(&world->dice, 5))
		end_gracefully(world, module, worker);
	if (dice_hits(&world->dice, 2))
		halt_some(world, module);
	if (dice_hits(&world->dice, 10))
		world_unhalt(world, false);
	if (dice_hits(&world->dice, 100))
		ghosts_arrive(world);
	notifiers_disturb(world);
}

void world_step(struct sim_world *world)
{
	size_t module = world_some_module(world);
	size_t which = dice_below(&world->dice, SIM_WORKERS + SIM_READERS);
	struct sim_worker *worker;

	world->now_ms += (int64_t)dice_below(&world->dice, STEPS_MS_MAX / world->present_count);
	if (!world->is_calm)
		disturb(world);
	if (dice_hits(&world->dice, world->notify_rate)) {
		notifier_turn(world);
		return;
	}
	worker = which < SIM_WORKERS ? &world->workers[module][which] : &world->readers[module][which - SIM_WORKERS];
	if (world->is_calm || !worker->is_frozen)
		run(world, module, worker);
}

/* The same events may stand in a topic again, behind its last one. */
static bool has_followed_all(const struct sim_world *world, size_t module, size_t part)
{
	const struct module *rules = world->modules[module];

	for (size_t i = 0; i < rules->follows_count; i++)
		if (world->databases[module].heads[part].followed[i].last_seq !=
		    (int64_t)world->databases[sim_module_named(world, rules->follows[i].module)].log[part].count)
			return false;
	return true;
}

bool world_is_idle(const struct sim_world *world)
{
	for (size_t at = 0; at < world->present_count; at++) {
		const size_t module = world->present[at];

		for (size_t i = 0; i < SIM_WORKERS; i++)
			if (!engine_is_idle(world->workers[module][i].engine) || world->workers[module][i].session->group != 0)
				return false;
		for (size_t part = 0; part < SIM_PARTS; part++)
			if (world->databases[module].heads[part].next_offset != world_end_of(&world->commands[module][part]) ||
			    !has_followed_all(world, module, part) ||
			    world->reader_heads[module][part].next_offset != world_end_of(&world->events[module][part]))
				return false;
	}
	return notifiers_are_idle(world);
}

bool world_leaves_timers(const struct sim_world *world)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (size_t part = 0; part < SIM_PARTS; part++)
			if (world->databases[module].has_head[part] &&
			    world->databases[module].heads[part].due.before > OFFSET_BEFORE_ALL)
				return true;
	return false;
}
