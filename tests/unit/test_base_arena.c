#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "tests/unit/dies.h"

static struct arena arena;

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return arena_init(&arena, 256, &err);
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	return 0;
}

static void test_arena__takes_to_the_last_byte_and_no_further(void **state)
{
	(void)state;
	assert_non_null(arena_take_bytes(&arena, 200));
	assert_null(arena_take_bytes(&arena, 57));
	assert_int_equal(arena.used, 200);
	assert_non_null(arena_take_bytes(&arena, 56));
	assert_null(arena_take_bytes(&arena, 1));
	assert_null(arena_take(&arena, 1, 1));
	assert_int_equal(arena.used, 256);
}

static void test_arena__a_failed_take_changes_nothing(void **state)
{
	(void)state;
	assert_non_null(arena_take_bytes(&arena, 1));
	assert_null(arena_take(&arena, 16, 16)); // would fit without the alignment
	assert_int_equal(arena.used, 1);
	assert_int_equal(arena.peak, 1);
	assert_non_null(arena_take(&arena, 15, 16));
}

static void test_arena__a_count_that_overflows_does_not_fit(void **state)
{
	(void)state;
	assert_null(arena_take(&arena, SIZE_MAX / 8, 16));
	assert_null(arena_take(&arena, SIZE_MAX, SIZE_MAX));
	assert_null(arena_take(&arena, 1, SIZE_MAX));
	assert_null(arena_take_bytes(&arena, SIZE_MAX));
	assert_int_equal(arena.used, 0);
}

static void test_arena__memory_is_zeroed_and_aligned_also_after_reset(void **state)
{
	unsigned char *bytes;

	(void)state;
	bytes = arena_take_bytes(&arena, 255);
	memset(bytes, 0xFF, 255);
	arena_reset(&arena);
	assert_non_null(arena_take_bytes(&arena, 3));
	bytes = arena_take(&arena, 2, 50);
	assert_int_equal((uintptr_t)bytes % 16, 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(bytes[i], 0);
}

static void test_arena__nothing_taken_is_not_the_same_as_full(void **state)
{
	(void)state;
	assert_non_null(arena_take(&arena, 0, 8));
	assert_non_null(arena_take_bytes(&arena, 256));
	assert_non_null(arena_take_bytes(&arena, 0));
}

static void test_arena__rewind_gives_back_what_was_taken_since_the_mark(void **state)
{
	size_t mark;
	void *first;

	(void)state;
	assert_non_null(arena_take_bytes(&arena, 100));
	mark = arena_mark(&arena);
	first = arena_take_bytes(&arena, 100);
	arena_rewind(&arena, mark);
	assert_ptr_equal(arena_take_bytes(&arena, 100), first);
	assert_int_equal(arena.peak, 200);
	arena_reset(&arena);
	assert_int_equal(arena.used, 0);
	assert_int_equal(arena.peak, 200);
}

static void test_arena__release_accepts_an_empty_one_and_twice(void **state)
{
	struct arena none = { .block = NULL };
	struct err err = ERR_INIT;

	(void)state;
	arena_release(&none);
	assert_int_equal(arena_init(&none, 8, &err), 0);
	arena_release(&none);
	arena_release(&none);
	assert_null(none.block);
}

static void test_arena__no_memory_at_start_is_fatal(void **state)
{
	struct arena huge;
	struct err err = ERR_INIT;

	(void)state;
#if defined(__SANITIZE_ADDRESS__)
	skip(); // the sanitizer stops at such a size
#endif
	assert_int_equal(arena_init(&huge, SIZE_MAX / 2, &err), -1);
	assert_int_equal(err.kind, ERR_FATAL);
	arena_release(&huge);
}

static void rewind_forward(void)
{
	arena_rewind(&arena, arena.used + 1);
}

static void test_arena__a_mark_from_the_future_is_a_bug(void **state)
{
	(void)state;
	assert_true(dies(rewind_forward));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_arena__takes_to_the_last_byte_and_no_further, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arena__a_failed_take_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arena__a_count_that_overflows_does_not_fit, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arena__memory_is_zeroed_and_aligned_also_after_reset, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arena__nothing_taken_is_not_the_same_as_full, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arena__rewind_gives_back_what_was_taken_since_the_mark, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arena__release_accepts_an_empty_one_and_twice, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arena__no_memory_at_start_is_fatal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_arena__a_mark_from_the_future_is_a_bug, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
