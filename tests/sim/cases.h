#ifndef SIM_CASES_H
#define SIM_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "tests/sim/world.h"

/* What programs of chosen stories share: a calm world for each, and time that passes until it rests. */
#define REST_STEPS_MAX 20000

static inline int start_world_of(void **state, unsigned modules)
{
	struct sim_world *world = malloc(sizeof(*world));

	assert_non_null(world);
	world_init(world, 1, modules);
	world->is_calm = true;
	*state = world;
	return 0;
}

static inline int start_world(void **state)
{
	return start_world_of(state, SIM_CORE);
}

static inline int start_whole_world(void **state)
{
	return start_world_of(state, SIM_ALL);
}

static inline int end_world(void **state)
{
	struct sim_world *world = *state;

	world_release(world);
	free(world);
	return 0;
}

/* Until everything is read, answered and published; false: it never is. */
static inline bool rests(struct sim_world *world)
{
	for (int step = 1; step < REST_STEPS_MAX; step++) {
		world_step(world);
		if (step % 64 == 0 && world_is_idle(world))
			return true;
	}
	return false;
}

static inline struct uuid id_of(unsigned number)
{
	uint8_t random[10] = { 0 };

	random[8] = (uint8_t)(number >> 8);
	random[9] = (uint8_t)number;
	return uuid_v7(1700000000000, random);
}

static inline bool start_cases(void)
{
	struct err err = ERR_INIT;

	log_init("sim", getenv("SIM_LOUD") ? LOG_DEBUG : LOG_ERROR);
	return crypto_init(&err) == 0;
}

static inline int end_cases(int failed)
{
	return failed;
}

#define IN_WORLD(test)       cmocka_unit_test_setup_teardown(test, start_world, end_world)
#define IN_WHOLE_WORLD(test) cmocka_unit_test_setup_teardown(test, start_whole_world, end_world) /* of all modules */

#endif
