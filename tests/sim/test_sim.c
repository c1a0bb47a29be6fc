#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "schemas/communications.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"
#include "schemas/engine.h"
#include "tests/sim/world.h"

/*
 * Thousands of seeded runs of the real engine, reader, modules and coder over a world that fails. Each run: commands arrive while
 * programs die, freeze and wake, connections break, partitions move; then the faults end, everything comes to rest, and the
 * auditor judges. `make sim SEEDS=n`; a seed that fails is printed, and `make sim SEED=n` runs it again.
 */
#define PROCESSES       2
#define ROUNDS          12
#define STEPS_PER_ROUND 100 /* of three modules; more take more, as a step is of one */
#define STEPS_PER_RACE  80
#define STOPS_RATE      50 /* per mille of those steps */
#define RACE_BATCH_MIN  20 /* what happens in one batch is no race, but small ones never end */
#define RACES_DEFAULT   1000
#define REST_STEPS_MAX  40000
#define REST_TICKS      8
#define REST_DAYS       8 /* so many more where policies are in force, a day apart */
#define DUNNED_COMMANDS 50
#define DAYS_RATE       400 /* per mille of the rounds of such a world: a day passes */
#define SEEDS_DEFAULT   200
#define SEEDS_MERGED    2000 /* two messages of a customer that may be one are rare, and so are answers */

/* Totals over all seeds, so that a world too kind to find anything is noticed. */
struct totals {
	int64_t events, changed, parked, dead, deaths, deadly, retries, rebalances; /* changed: debts amended and cancelled */
	int64_t fired, kept;                                /* timers; of these were tried and stayed for a while */
	int64_t seconds[SIM_MODULES][APPROVAL_STATE_COUNT]; /* commands kept for a second person */
	int64_t sent, stopped; /* messages that the gateway took; that were cancelled before they left */
	int64_t waited;        /* for their time */
	int64_t merged;        /* with another */
	int64_t cached;        /* states that were in memory */
	int64_t other_times;   /* of messages that were released or tried, and wait again */
	int64_t withdrawals, claims;
	int64_t stops, again,
		answers; /* withdrawals by a message from the person; attempts after a person's word; answers to persons */
	int64_t withdrawals_first, claims_first; /* who won the races for a message */
	int64_t reacted, issued, resent;         /* events answered, commands sent to other modules; of these more than once */
	int64_t steps, taken, failed, skipped, recalled; /* of dunning: asked for; what became of them; recalled: withdrawn */
};

static int64_t count_changes(const struct sim_rows *log)
{
	int64_t count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += log->rows[i].row.schema_id == debt_amended_type.schema_id ||
			 log->rows[i].row.schema_id == debt_cancelled_type.schema_id;
	return count;
}

static const struct {
	size_t module;
	const char *name;
} with_second_persons[] = { { SIM_USERS, "users" }, { SIM_COMMUNICATIONS, "templates" } };

static int64_t count_events(const struct sim_rows *log, const struct message_type *type)
{
	int64_t count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += message_by_schema_id(log->rows[i].row.schema_id) == type;
	return count;
}

static void add_messages(struct totals *totals, const struct sim_world *world)
{
	for (size_t part = 0; part < SIM_PARTS; part++) {
		totals->withdrawals += count_events(&world->databases[SIM_COMMUNICATIONS].log[part], &consent_withdrawn_type);
		totals->merged += count_events(&world->databases[SIM_COMMUNICATIONS].log[part], &communication_merged_type);
	}
	for (size_t i = 0; i < world->post.attempts_count; i++) {
		totals->sent += world->post.attempts[i].is_taken;
		totals->again += world->post.attempts[i].is_not_sent;
	}
	for (size_t i = 0; i < world->post.letters_count; i++) {
		totals->stopped += strcmp(world->post.letters[i].state, "cancelled") == 0;
		totals->waited += world->post.letters[i].request > 0;
	}
	totals->claims += (int64_t)world->post.claims_count;
	totals->stops += world->races.stops;
	totals->answers += world->races.answers;
	totals->other_times += world->races.other_times;
	totals->withdrawals_first += world->races.withdrawals_first;
	totals->claims_first += world->races.claims_first;
}

static void add_reactions(struct totals *totals, const struct sim_world *world)
{
	for (size_t part = 0; part < SIM_PARTS; part++) {
		totals->reacted += count_events(&world->databases[SIM_REPORTS].log[part], &event_answered_type);
		totals->issued += count_events(&world->databases[SIM_REPORTS].log[part], &command_issued_type);
		totals->resent -= count_events(&world->databases[SIM_REPORTS].log[part], &command_issued_type);
		for (size_t module = 0; module < SIM_MODULES; module++)
			for (size_t i = 0; i < world->commands[module][part].count; i++)
				totals->resent += world->commands[module][part].records[i]->log_seq > 0;
	}
}

static void add_steps(struct totals *totals, const struct sim_world *world)
{
	for (size_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_rows *log = &world->databases[SIM_DUNNING].log[part];

		totals->steps += count_events(log, &dunning_step_due_type);
		totals->taken += count_events(log, &dunning_step_taken_type);
		totals->failed += count_events(log, &dunning_step_failed_type);
		totals->skipped += count_events(log, &dunning_step_skipped_type);
		totals->recalled += count_events(log, &dunning_step_withdrawn_type);
	}
}

static void add_totals(struct totals *totals, const struct sim_world *world)
{
	for (size_t module = 0; module < SIM_MODULES; module++) {
		for (size_t part = 0; part < SIM_PARTS; part++) {
			totals->events += (int64_t)world->databases[module].log[part].count;
			totals->changed += count_changes(&world->databases[module].log[part]);
		}
		totals->parked += (int64_t)world->databases[module].parked_count;
		totals->dead += (int64_t)world->databases[module].dead_count;
		totals->fired += (int64_t)world->databases[module].fired_count;
		for (size_t i = 0; i < world->databases[module].kept_count; i++)
			totals->seconds[module][world->databases[module].kept[i].kept.state]++;
		for (size_t i = 0; i < world->databases[module].timers_count; i++)
			totals->kept += world->databases[module].timers[i].was_kept;
	}
	add_messages(totals, world);
	add_reactions(totals, world);
	add_steps(totals, world);
	totals->cached += world->cached_seen;
	totals->deaths += world->deaths;
	totals->deadly += world->deadly_deaths;
	totals->retries += world->retries;
	totals->rebalances += world->rebalances;
}

static int steps_of(const struct sim_world *world, int of_three)
{
	return of_three * (int)world->present_count / 3;
}

/* A command of dunning that waits may be among the last that there are. */
static bool command_waits(const struct sim_world *world)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (size_t i = 0; i < world->databases[module].parked_count; i++)
			if (!world->databases[module].parked[i].is_gone)
				return true;
	return false;
}

/* Where policies are in force: what a day makes due is done before the next one, and what is asked for on the last ones has its days. */
static bool passes_day(struct sim_world *world, int *days)
{
	if (!world->has_policies || (*days >= REST_DAYS && !post_waits(world)) || world_leaves_timers(world))
		return false;
	++*days;
	world->now_ms += DAY_MS;
	return true;
}

/* Until nothing moves any more; Ticks let waiting commands go, in the end by refusing them. */
static bool come_to_rest(struct sim_world *world, int steps_max)
{
	int ticks = 0;
	int days = 0;

	world->is_calm = true;
	world_unhalt(world, false);
	for (int step = 0; step < steps_of(world, steps_max); step++) {
		world_step(world);
		if (step % 16 == 0)
			world_unhalt(world, true); /* the deaths of the rough time come to light now */
		if (step % 16 != 0 || !world_is_idle(world))
			continue;
		if (ticks++ >= REST_TICKS && !world_leaves_timers(world) && !post_waits(world) &&
		    !(world->has_policies && command_waits(world)))
			return true;
		world->now_ms += 6000; /* longer than a command may wait */
		world_release_bugs(world);
		if (ticks < REST_TICKS / 2)
			workload_find_out(world);
		else if (passes_day(world, &days))
			ticks = REST_TICKS / 2;
		workload_tick(world);
	}
	return false;
}

/* A clock that is away: for hours, for a month. The business date is then far behind, and catches up by a day with each Tick. */
static void skip_time(struct sim_world *world)
{
	if (world->present_count == 1 && dice_hits(&world->dice, 150))
		world->now_ms += (int64_t)dice_below(&world->dice, dice_hits(&world->dice, 300) ? 30 * DAY_MS : 5 * 3600000);
	else if (dice_hits(&world->dice, 10)) /* so long that templates wait for nobody any more */
		world->now_ms += 15 * DAY_MS;
	if (!world->has_policies || !dice_hits(&world->dice, DAYS_RATE))
		return;
	world->now_ms += DAY_MS;
	workload_tick(world);
}

static const char *run_seed(uint64_t seed, struct totals *totals)
{
	struct sim_world *world = malloc(sizeof(*world));
	const char *wrong;

	assert_non_null(world);
	world_init(world, seed, world_modules(seed));
	world_set_hours(world, seed % 2 == 1);
	if (world_has(world, SIM_CUSTOMERS) && dice_hits(&world->dice, 800))
		workload_begin(world);
	if (world->has_policies) /* so that there are debts before days pass */
		workload_publish(world, DUNNED_COMMANDS);
	for (int round = 0; round < ROUNDS; round++) {
		workload_publish(world, world->sizes.commands_per_round);
		skip_time(world);
		if (dice_hits(&world->dice, 500))
			workload_tick(world);
		for (int step = 0; step < steps_of(world, STEPS_PER_ROUND); step++)
			world_step(world);
	}
	wrong = come_to_rest(world, REST_STEPS_MAX) ? audit(world) : "the world does not come to rest";
	add_totals(totals, world);
	world_release(world);
	free(world);
	return wrong;
}

/* Nothing but people who are written to, and who say no meanwhile. */
static const char *run_race(uint64_t seed, struct totals *totals)
{
	struct sim_world *world = malloc(sizeof(*world));
	const char *wrong = NULL;

	assert_non_null(world);
	world_init(world, seed, SIM_CORE);
	world_set_hours(world, false);
	if (world->sizes.batch_items_max < RACE_BATCH_MIN)
		world->sizes.batch_items_max = RACE_BATCH_MIN;
	world_restart(world);
	workload_begin(world);
	workload_begin(world); /* so that hardly anything is missing */
	if (!come_to_rest(world, 4 * REST_STEPS_MAX))
		wrong = "the world does not come to rest before it has begun";
	world->is_calm = false;
	for (int round = 0; round < ROUNDS && !wrong; round++) {
		workload_race(world, false);
		for (int step = 0; step < steps_of(world, STEPS_PER_RACE); step++) {
			world_step(world);
			if (dice_hits(&world->dice, STOPS_RATE))
				workload_race(world, true);
		}
	}
	if (!wrong)
		wrong = come_to_rest(world, 4 * REST_STEPS_MAX) ? audit(world) : "the world does not come to rest";
	add_totals(totals, world);
	world_release(world);
	free(world);
	return wrong;
}

/* A MUST, or a crash, ends the process: at least it is known where. */
static FILE *told;
static int told_at;
static char last_words[128]; /* put together before the run: a signal handler may only write */

static void on_abort(int number)
{
	(void)number;
	_exit(write(told_at, last_words, strlen(last_words)) < 0 ? 5 : 4);
}

/* What programs log of the faults that are made here is of no interest, unless somebody looks at one seed. */
static void be_quiet(bool is_quiet)
{
	told = fdopen(dup(STDERR_FILENO), "w");
	assert_non_null(told);
	setvbuf(told, NULL, _IONBF, 0);
	told_at = fileno(told);
	if (is_quiet)
		assert_non_null(freopen("/dev/null", "w", stderr));
	signal(SIGABRT, on_abort);
	signal(SIGSEGV, on_abort);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static int64_t races_of(const struct totals *totals)
{
	return totals->withdrawals_first + totals->claims_first;
}

/* What a share is there for did not happen in it. */
static bool proves_nothing(const struct totals *totals)
{
	for (size_t i = 0; i < COUNT(with_second_persons); i++)
		for (enum approval_state state = APPROVAL_APPROVED; state <= APPROVAL_EXPIRED; state++)
			if (totals->seconds[with_second_persons[i].module][state] == 0)
				return true;
	return totals->changed == 0 || totals->parked == 0 || totals->dead == 0 || totals->deaths == 0 || totals->deadly == 0 ||
	       totals->retries == 0 || totals->sent == 0 || totals->stopped == 0 || totals->fired == 0 || totals->kept == 0 ||
	       totals->waited == 0 || totals->other_times == 0 || totals->stops == 0 || totals->again == 0 ||
	       totals->withdrawals_first == 0 || totals->claims_first == 0 || totals->reacted == 0 || totals->issued == 0 ||
	       totals->resent == 0 || totals->steps == 0 || totals->taken == 0 || totals->failed == 0 || totals->skipped == 0 ||
	       totals->recalled == 0 || totals->cached == 0;
}

/* What a run of the program goes through: so many seeds from the first on, or seeds until so many races were run. */
struct plan {
	const char *(*run)(uint64_t seed, struct totals *totals);
	uint64_t first, count;
	int64_t races;     /* 0: seeds are counted */
	const char *again; /* how one seed is repeated */
};

static void print_totals(uint64_t share, const struct totals *totals)
{
	fprintf(told,
		"share %llu: events=%lld cached=%lld changed=%lld parked=%lld dead=%lld deaths=%lld deadly=%lld retries=%lld "
		"rebalances=%lld fired=%lld kept=%lld sent=%lld stopped=%lld waited=%lld merged=%lld other_times=%lld "
		"withdrawals=%lld "
		"claims=%lld "
		"stops=%lld answers=%lld again=%lld races=%lld withdrawals_first=%lld claims_first=%lld reacted=%lld issued=%lld "
		"resent=%lld steps=%lld taken=%lld failed=%lld skipped=%lld recalled=%lld",
		(unsigned long long)share, (long long)totals->events, (long long)totals->cached, (long long)totals->changed,
		(long long)totals->parked, (long long)totals->dead, (long long)totals->deaths, (long long)totals->deadly,
		(long long)totals->retries, (long long)totals->rebalances, (long long)totals->fired, (long long)totals->kept,
		(long long)totals->sent, (long long)totals->stopped, (long long)totals->waited, (long long)totals->merged,
		(long long)totals->other_times, (long long)totals->withdrawals, (long long)totals->claims,
		(long long)totals->stops, (long long)totals->answers, (long long)totals->again, (long long)races_of(totals),
		(long long)totals->withdrawals_first, (long long)totals->claims_first, (long long)totals->reacted,
		(long long)totals->issued, (long long)totals->resent, (long long)totals->steps, (long long)totals->taken,
		(long long)totals->failed, (long long)totals->skipped, (long long)totals->recalled);
	for (size_t i = 0; i < COUNT(with_second_persons); i++) {
		const int64_t *seconds = totals->seconds[with_second_persons[i].module];

		fprintf(told, " %s: approved=%lld refused=%lld expired=%lld", with_second_persons[i].name,
			(long long)seconds[APPROVAL_APPROVED], (long long)seconds[APPROVAL_REFUSED],
			(long long)seconds[APPROVAL_EXPIRED]);
	}
	fprintf(told, "\n");
}

static bool goes_on(const struct plan *plan, uint64_t seed, const struct totals *totals)
{
	return plan->races > 0 ? races_of(totals) < plan->races : seed < plan->first + plan->count;
}

/* Every PROCESSES-th seed, until one fails. The exit status says whether one did. */
static int run_share(const struct plan *plan, uint64_t share)
{
	struct totals totals = { .events = 0 };
	int status = 0;

	be_quiet(plan->races > 0 || plan->count > 1);
	for (uint64_t seed = plan->first + share; goes_on(plan, seed, &totals) && status == 0; seed += PROCESSES) {
		const char *wrong;

		snprintf(last_words, sizeof(last_words), "seed %llu: a MUST does not hold, or a crash\nagain: %s%llu\n",
			 (unsigned long long)seed, plan->again, (unsigned long long)seed);
		wrong = plan->run(seed, &totals);
		if (wrong) {
			fprintf(told, "seed %llu: %s\nagain: %s%llu\n", (unsigned long long)seed, wrong, plan->again,
				(unsigned long long)seed);
			status = 1;
		}
	}
	print_totals(share, &totals);
	if (status == 0 && plan->races == 0 && plan->count >= SEEDS_DEFAULT && proves_nothing(&totals))
		status = 3;
	if (status == 0 && plan->races == 0 && plan->count >= SEEDS_MERGED && (totals.merged == 0 || totals.answers == 0))
		status = 3;
	if (status == 0 && plan->races > 0 && (totals.stops == 0 || totals.withdrawals_first == 0 || totals.claims_first == 0))
		status = 3;
	return status;
}

static void run_plan(const struct plan *plan)
{
	if (plan->races == 0 && plan->count == 1) {
		assert_int_equal(run_share(plan, 0), 0);
		return;
	}
	for (uint64_t share = 0; share < PROCESSES; share++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(run_share(plan, share));
	}
	for (uint64_t share = 0; share < PROCESSES; share++) {
		int status = -1;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

static void test_sim__promises_hold_whatever_fails(void **state)
{
	uint64_t one = number_of("SIM_SEED", 0);
	const struct plan plan = { .run = run_seed,
				   .first = one > 0 ? one : 1,
				   .count = one > 0 ? 1 : number_of("SIM_SEEDS", SEEDS_DEFAULT),
				   .again = "make sim SEED=" };

	(void)state;
	run_plan(&plan);
}

/* However close they come: what is withdrawn before a claim is not claimed, and what is claimed before goes out once (P8, P9). */
static void test_sim__nobody_is_written_to_after_a_withdrawal(void **state)
{
	uint64_t one = number_of("SIM_RACE", 0);
	const struct plan plan = { .run = run_race,
				   .first = one > 0 ? one : 1,
				   .count = 1,
				   .races = one > 0 ? 0 : (int64_t)number_of("SIM_RACES", RACES_DEFAULT) / PROCESSES,
				   .again = "make races RACE=" };

	(void)state;
	if (number_of("SIM_SEED", 0) > 0)
		skip();
	run_plan(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim__promises_hold_whatever_fails),
		cmocka_unit_test(test_sim__nobody_is_written_to_after_a_withdrawal),
	};
	struct err err = ERR_INIT;

	log_init("sim", number_of("SIM_SEED", 0) + number_of("SIM_RACE", 0) > 0 ? LOG_DEBUG : LOG_ERROR);
	if (crypto_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
