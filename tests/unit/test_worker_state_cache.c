/* States that stay in memory: what is found, what makes room, what is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "worker/state_cache.h"

#define PART 3

struct thing {
	struct uuid customer_id;
	int64_t amount;
	int64_t for_the_store;
};

static void refresh_thing(void *state)
{
	((struct thing *)state)->for_the_store = 0;
}

static const struct entity thing_entity = { .name = "thing", .state_size = sizeof(struct thing) };
static const struct entity other_entity = { .name = "other", .state_size = sizeof(struct thing) };
static const struct cached_state cached[] = { { &thing_entity, offsetof(struct thing, customer_id), refresh_thing } };
static const struct module keeps = { .name = "things", .cached = cached, .cached_count = COUNT(cached) };
static const struct module keeps_nothing = { .name = "things" };

static struct state_cache cache;
static struct thing thing;
static struct slot slot;

static void begin(const struct module *module, size_t bytes)
{
	struct err err = ERR_INIT;

	assert_int_equal(state_cache_init(&cache, module, bytes, &err), 0);
}

static int tear_down(void **state)
{
	(void)state;
	state_cache_release(&cache);
	return 0;
}

static const struct slot *slot_of(unsigned number, int64_t amount)
{
	thing = (struct thing){ .amount = amount, .for_the_store = 7 };
	slot = (struct slot){
		.entity = &thing_entity, .id = { .bytes = { [15] = (uint8_t)number } }, .changed = true, .state = &thing
	};
	return &slot;
}

/* The amount that is kept; -1: none. */
static int64_t amount_of(unsigned number)
{
	(void)slot_of(number, 0);
	if (!state_cache_fill(&cache, &slot)) {
		assert_false(slot.loaded || slot.exists || slot.stored || slot.cached);
		return -1;
	}
	assert_true(slot.loaded && slot.exists && slot.stored && slot.cached);
	assert_int_equal(thing.for_the_store, 0);
	return thing.amount;
}

static void test_state_cache__a_state_is_found_as_it_was_committed_last(void **state)
{
	(void)state;
	begin(&keeps, 1 << 20);
	assert_int_equal(amount_of(1), -1);
	assert_false(state_cache_replace(&cache, slot_of(1, 100)));
	state_cache_add(&cache, slot_of(1, 100), PART);
	state_cache_add(&cache, slot_of(2, 200), PART);
	assert_int_equal(amount_of(1), 100);
	assert_int_equal(amount_of(2), 200);
	assert_true(state_cache_replace(&cache, slot_of(1, 90)));
	assert_int_equal(amount_of(1), 90);
	assert_int_equal(amount_of(2), 200);
}

/* The state of a slot that was only read is not written again. */
static void test_state_cache__what_was_read_stays(void **state)
{
	(void)state;
	begin(&keeps, 1 << 20);
	state_cache_add(&cache, slot_of(1, 100), PART);
	(void)slot_of(1, 5);
	slot.changed = false;
	assert_true(state_cache_replace(&cache, &slot));
	assert_int_equal(amount_of(1), 100);
}

static void test_state_cache__what_was_used_lately_stays_when_it_is_full(void **state)
{
	(void)state;
	begin(&keeps, 1000);
	for (unsigned number = 1; number <= 200; number++) {
		state_cache_add(&cache, slot_of(number, number), PART);
		if (number > 3) /* it is used all the time */
			assert_int_equal(amount_of(1), 1);
	}
	assert_true(cache.tables[0].count < 200);
	assert_int_equal(cache.tables[0].count, cache.tables[0].capacity);
}

/* As many states stay as there is room for, each as it was. */
static void test_state_cache__all_there_is_room_for_stay(void **state)
{
	size_t found = 0;

	(void)state;
	begin(&keeps, 1000);
	for (unsigned number = 0; number < 256; number++)
		state_cache_add(&cache, slot_of(number, number), PART);
	for (unsigned number = 0; number < 256; number++) {
		int64_t amount = amount_of(number);

		assert_true(amount == -1 || amount == number);
		found += amount != -1;
	}
	assert_int_equal(found, cache.tables[0].capacity);
}

static void test_state_cache__everything_is_forgotten(void **state)
{
	(void)state;
	begin(&keeps, 1000);
	for (unsigned number = 0; number < 50; number++)
		state_cache_add(&cache, slot_of(number, number), PART);
	state_cache_forget(&cache);
	assert_false(state_cache_is_full(&cache, &thing_entity));
	for (unsigned number = 0; number < 50; number++)
		assert_int_equal(amount_of(number), -1);
	state_cache_add(&cache, slot_of(3, 30), PART);
	assert_int_equal(amount_of(3), 30);
}

static void test_state_cache__a_partition_is_forgotten_without_the_others(void **state)
{
	(void)state;
	begin(&keeps, 1 << 20);
	state_cache_add(&cache, slot_of(1, 10), 1);
	state_cache_add(&cache, slot_of(2, 20), 2);
	state_cache_forget_part(&cache, 1);
	assert_int_equal(amount_of(1), -1);
	assert_int_equal(amount_of(2), 20);
	assert_false(state_cache_replace(&cache, slot_of(1, 11)));
	state_cache_add(&cache, slot_of(1, 12), 1);
	assert_int_equal(amount_of(1), 12);
	assert_int_equal(cache.tables[0].count, 2);
	assert_false(state_cache_is_full(&cache, &thing_entity));
}

static void test_state_cache__without_memory_or_kinds_nothing_is_kept(void **state)
{
	(void)state;
	begin(&keeps, 10);
	assert_null(state_cache_kind(&cache, &thing_entity));
	assert_int_equal(amount_of(1), -1);
	assert_true(state_cache_is_full(&cache, &thing_entity));
	state_cache_release(&cache);
	begin(&keeps_nothing, 1 << 20);
	assert_null(state_cache_kind(&cache, &thing_entity));
	assert_int_equal(amount_of(1), -1);
	state_cache_release(&cache);
	begin(&keeps, 1 << 20);
	assert_null(state_cache_kind(&cache, &other_entity));
	assert_ptr_equal(state_cache_kind(&cache, &thing_entity), &cached[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_state_cache__a_state_is_found_as_it_was_committed_last, tear_down),
		cmocka_unit_test_teardown(test_state_cache__what_was_read_stays, tear_down),
		cmocka_unit_test_teardown(test_state_cache__what_was_used_lately_stays_when_it_is_full, tear_down),
		cmocka_unit_test_teardown(test_state_cache__all_there_is_room_for_stay, tear_down),
		cmocka_unit_test_teardown(test_state_cache__everything_is_forgotten, tear_down),
		cmocka_unit_test_teardown(test_state_cache__a_partition_is_forgotten_without_the_others, tear_down),
		cmocka_unit_test_teardown(test_state_cache__without_memory_or_kinds_nothing_is_kept, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
