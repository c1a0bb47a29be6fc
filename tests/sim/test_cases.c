#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "crypto/crypto.h"
#include "schemas/customers.h"
#include "tests/sim/world.h"
#include "wire/envelope.h"

/*
 * Chosen stories in the simulated world, one each: what test_sim finds only by luck, and the finds of reviews. The world is calm:
 * what fails here, a story made fail. A program that ends stops the test.
 */
#define REST_STEPS_MAX 20000
#define CUSTOMERS      0 /* the module's number in the world */
#define DEBTS          1

static struct coder *coder;

static int start_world(void **state)
{
	struct sim_world *world = malloc(sizeof(*world));

	assert_non_null(world);
	world_init(world, 1, coder);
	world->is_calm = true;
	*state = world;
	return 0;
}

static int end_world(void **state)
{
	struct sim_world *world = *state;

	world_release(world);
	free(world);
	return 0;
}

/* Until everything is read, answered and published; false: it never is. */
static bool rests(struct sim_world *world)
{
	for (int step = 1; step < REST_STEPS_MAX; step++) {
		world_step(world);
		if (step % 64 == 0 && world_is_idle(world))
			return true;
	}
	return false;
}

static struct uuid id_of(unsigned number)
{
	uint8_t random[10] = { 0 };

	random[8] = (uint8_t)(number >> 8);
	random[9] = (uint8_t)number;
	return uuid_v7(1700000000000, random);
}

/* A customer whose command is good. All customers of the stories are in partition 0. */
static void send_customer(struct sim_world *world, unsigned number, const struct header *more, size_t more_count)
{
	const struct create_customer body = {
		.customer_id = id_of(number),
		.external_ref = STR("C"),
		.kind = STR("natural"),
		.full_name = STR("Ann Example"),
		.locale = STR("de-DE"),
		.country = STR("DE"),
	};
	struct command_head head = {
		.id = id_of(number), .key = body.customer_id, .at_ms = world->now_ms, .source = STR("/sim"), .token = STR("all")
	};
	struct header headers[HEADERS_MAX];
	char key[UUID_TEXT_SIZE + 1];
	struct arena arena;
	struct buf value;
	struct err err = ERR_INIT;
	size_t count;

	assert_int_equal(arena_init(&arena, 1 << 16, &err), 0);
	buf_init(&value, 1 << 16);
	assert_int_equal(coder_encode(coder, &create_customer_type, &body, &value, &err), 0);
	assert_int_equal(envelope_write_command(&create_customer_type, &body, &head, &arena, headers, &count, &err), 0);
	memcpy(headers + count, more, more_count * sizeof(*more));
	uuid_format(key, &head.key);
	world_append(world, &world->commands[CUSTOMERS][0], str_of(key), buf_str(&value), headers, count + more_count);
	buf_release(&value);
	arena_release(&arena);
}

static void send_bytes(struct sim_world *world, size_t size, const struct header *headers, size_t headers_count)
{
	char *bytes = calloc(1, size);

	assert_non_null(bytes);
	world_append(world, &world->commands[CUSTOMERS][0], STR("key"), (struct str){ .data = bytes, .size = size }, headers,
		     headers_count);
	free(bytes);
}

/* ---- records that nobody should have sent ---- */

static void test_cases__a_record_larger_than_the_arena_is_a_dead_letter(void **state)
{
	struct sim_world *world = *state;

	send_customer(world, 1, NULL, 0);
	send_bytes(world, (size_t)1 << 20, NULL, 0);
	send_customer(world, 2, NULL, 0);
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
	send_customer(world, 1, &header, 1);
	send_customer(world, 2, NULL, 0);
	assert_true(rests(world));
	assert_int_equal(world->databases[CUSTOMERS].dead_count, 2);
	assert_string_equal(world->databases[CUSTOMERS].dead[1].code, "bad_header");
	assert_int_equal(world->databases[CUSTOMERS].log[0].count, 1);
	free(name);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, start_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORLD(test_cases__a_record_larger_than_the_arena_is_a_dead_letter),
		IN_WORLD(test_cases__headers_that_cannot_be_kept_stop_nothing),
	};
	struct err err = ERR_INIT;

	log_init("sim", LOG_ERROR);
	if (crypto_init(&err) < 0 || coder_new(&coder, &err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
