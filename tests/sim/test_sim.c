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

#include "base/day.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "schemas/communications.h"
#include "schemas/debts.h"
#include "tests/sim/world.h"

/*
 * Thousands of seeded runs of the real engine, reader, modules and coder over a world that fails. Each run: commands arrive while
 * programs die, freeze and wake, connections break, partitions move; then the faults end, everything comes to rest, and the
 * auditor judges. `make sim SEEDS=n`; a seed that fails is printed, and `make sim SEED=n` runs it again.
 */
#define PROCESSES       2
#define ROUNDS          12
#define STEPS_PER_ROUND 100 /* of three modules; more take more, as a step is of one */
#define REST_STEPS_MAX  40000
#define REST_TICKS      8
#define SEEDS_DEFAULT   200
#define SEEDS_LONG      160000 /* of make long; withdrawals and claims race in them so many times */
#define RACES_LONG      1000000

/* Totals over all seeds, so that a world too kind to find anything is noticed. */
struct totals {
	int64_t events, changed, parked, dead, deaths, deadly, retries, rebalances; /* changed: debts amended and cancelled */
	int64_t fired, kept;                   /* timers; of these were tried and stayed for a while */
	int64_t seconds[APPROVAL_STATE_COUNT]; /* commands kept for a second person */
	int64_t sent, stopped;                 /* messages that the gateway took; that were cancelled before they left */
	int64_t waited;                        /* for their time */
	int64_t withdrawals, claims;
};

static int64_t count_changes(const struct sim_rows *log)
{
	int64_t count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += log->rows[i].row.schema_id == debt_amended_type.schema_id ||
			 log->rows[i].row.schema_id == debt_cancelled_type.schema_id;
	return count;
}

static int64_t count_events(const struct sim_rows *log, const struct message_type *type)
{
	int64_t count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += message_by_schema_id(log->rows[i].row.schema_id) == type;
	return count;
}

static void add_messages(struct totals *totals, const struct sim_world *world)
{
	for (size_t part = 0; part < SIM_PARTS; part++)
		totals->withdrawals += count_events(&world->databases[SIM_COMMUNICATIONS].log[part], &consent_withdrawn_type);
	for (size_t i = 0; i < world->post.attempts_count; i++)
		totals->sent += world->post.attempts[i].is_taken;
	for (size_t i = 0; i < world->post.letters_count; i++) {
		totals->stopped += strcmp(world->post.letters[i].state, "cancelled") == 0;
		totals->waited += world->post.letters[i].request > 0;
	}
	totals->claims += (int64_t)world->post.claims_count;
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
			totals->seconds[world->databases[module].kept[i].kept.state]++;
		for (size_t i = 0; i < world->databases[module].timers_count; i++)
			totals->kept += world->databases[module].timers[i].was_kept;
	}
	add_messages(totals, world);
	totals->deaths += world->deaths;
	totals->deadly += world->deadly_deaths;
	totals->retries += world->retries;
	totals->rebalances += world->rebalances;
}

static int steps_of(const struct sim_world *world, int of_three)
{
	return of_three * (int)world->present_count / 3;
}

/* Until nothing moves any more; Ticks let waiting commands go, in the end by refusing them. */
static bool come_to_rest(struct sim_world *world)
{
	int ticks = 0;

	world->is_calm = true;
	world_unhalt(world, false);
	for (int step = 0; step < steps_of(world, REST_STEPS_MAX); step++) {
		world_step(world);
		if (step % 16 == 0)
			world_unhalt(world, true); /* the deaths of the rough time come to light now */
		if (step % 16 != 0 || !world_is_idle(world))
			continue;
		if (ticks++ >= REST_TICKS && !world_leaves_timers(world) && !post_waits(world))
			return true;
		world->now_ms += 6000; /* longer than a command may wait */
		world_release_bugs(world);
		workload_tick(world);
	}
	return false;
}

/* A clock that is away: for hours, for a month. The business date is then far behind, and catches up by a day with each Tick. */
static void skip_time(struct sim_world *world)
{
	if (world->present_count == 1 && dice_hits(&world->dice, 150))
		world->now_ms += (int64_t)dice_below(&world->dice, dice_hits(&world->dice, 300) ? 30 * DAY_MS : 5 * 3600000);
}

static const char *run_seed(uint64_t seed, struct coder *coder, struct totals *totals)
{
	struct sim_world *world = malloc(sizeof(*world));
	const char *wrong;

	assert_non_null(world);
	world_init(world, seed, world_modules(seed), coder);
	world_set_hours(world, seed % 2 == 1);
	if (world_has(world, SIM_CUSTOMERS) && dice_hits(&world->dice, 800))
		workload_begin(world);
	for (int round = 0; round < ROUNDS; round++) {
		workload_publish(world, world->sizes.commands_per_round);
		skip_time(world);
		if (dice_hits(&world->dice, 500))
			workload_tick(world);
		for (int step = 0; step < steps_of(world, STEPS_PER_ROUND); step++)
			world_step(world);
	}
	wrong = come_to_rest(world) ? audit(world) : "the world does not come to rest";
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

/* Every PROCESSES-th seed. The exit status says whether one failed; the others go on all the same. */
static int run_share(uint64_t first, uint64_t count, uint64_t share)
{
	struct totals totals = { .events = 0 };
	struct coder *coder = NULL;
	struct err err = ERR_INIT;
	int status = 0;

	be_quiet(count > 1);
	if (coder_new(&coder, &err) < 0)
		return 2;
	for (uint64_t seed = first + share; seed < first + count && status == 0; seed += PROCESSES) {
		const char *wrong;

		snprintf(last_words, sizeof(last_words),
			 "seed %llu: a MUST does not hold, or a crash\nagain: make sim SEED=%llu\n", (unsigned long long)seed,
			 (unsigned long long)seed);
		wrong = run_seed(seed, coder, &totals);
		if (wrong) {
			fprintf(told, "seed %llu: %s\nagain: make sim SEED=%llu\n", (unsigned long long)seed, wrong,
				(unsigned long long)seed);
			status = 1;
		}
	}
	coder_free(coder);
	fprintf(told,
		"share %llu: events=%lld changed=%lld parked=%lld dead=%lld deaths=%lld deadly=%lld retries=%lld "
		"rebalances=%lld fired=%lld kept=%lld sent=%lld stopped=%lld waited=%lld withdrawals=%lld claims=%lld "
		"approved=%lld refused=%lld expired=%lld\n",
		(unsigned long long)share, (long long)totals.events, (long long)totals.changed, (long long)totals.parked,
		(long long)totals.dead, (long long)totals.deaths, (long long)totals.deadly, (long long)totals.retries,
		(long long)totals.rebalances, (long long)totals.fired, (long long)totals.kept, (long long)totals.sent,
		(long long)totals.stopped, (long long)totals.waited, (long long)totals.withdrawals, (long long)totals.claims,
		(long long)totals.seconds[APPROVAL_APPROVED], (long long)totals.seconds[APPROVAL_REFUSED],
		(long long)totals.seconds[APPROVAL_EXPIRED]);
	if (count >= SEEDS_DEFAULT &&
	    (totals.changed == 0 || totals.parked == 0 || totals.dead == 0 || totals.deaths == 0 || totals.deadly == 0 ||
	     totals.retries == 0 || totals.sent == 0 || totals.stopped == 0 || totals.fired == 0 || totals.kept == 0 ||
	     totals.waited == 0 || totals.claims == 0 || totals.seconds[APPROVAL_APPROVED] == 0 ||
	     totals.seconds[APPROVAL_REFUSED] == 0 || totals.seconds[APPROVAL_EXPIRED] == 0))
		status = 3; /* nothing happened: the test proves nothing */
	if (count >= SEEDS_LONG && (totals.withdrawals + totals.claims) * PROCESSES < RACES_LONG)
		status = 3;
	return status;
}

static void test_sim__promises_hold_whatever_fails(void **state)
{
	uint64_t one = number_of("SIM_SEED", 0);
	uint64_t first = one > 0 ? one : 1;
	uint64_t count = one > 0 ? 1 : number_of("SIM_SEEDS", SEEDS_DEFAULT);

	(void)state;
	if (one > 0) {
		assert_int_equal(run_share(first, count, 0), 0);
		return;
	}
	for (uint64_t share = 0; share < PROCESSES; share++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (child == 0)
			_exit(run_share(first, count, share));
	}
	for (uint64_t share = 0; share < PROCESSES; share++) {
		int status = -1;

		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sim__promises_hold_whatever_fails),
	};
	struct err err = ERR_INIT;

	log_init("sim", number_of("SIM_SEED", 0) > 0 ? LOG_DEBUG : LOG_ERROR);
	if (crypto_init(&err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
