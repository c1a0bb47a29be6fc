#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "token/cache.h"

static struct token_cache *cache;

static int set_up(void **state)
{
	(void)state;
	cache = calloc(1, sizeof(*cache));
	return cache == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(cache);
	return 0;
}

/* `front` differs where nothing is hashed, `number` in the signature's place. */
static struct str token_text(char text[128], int front, int number)
{
	int size = snprintf(text, 128, "front-%06d.payload.%064d", front, number);

	return (struct str){ .data = text, .size = (size_t)size };
}

static void put(int front, int number)
{
	char text[128];
	struct token_claims claims = { .expires_at_ms = number, .issued_at_ms = front };

	cache_put(cache, token_text(text, front, number), &claims);
}

static const struct token_claims *find(int front, int number)
{
	char text[128];

	return cache_find(cache, token_text(text, front, number));
}

static void test_cache__finds_what_was_put(void **state)
{
	(void)state;
	assert_null(find(1, 1));
	put(1, 1);
	put(1, 2);
	assert_int_equal(find(1, 1)->expires_at_ms, 1);
	assert_int_equal(find(1, 2)->expires_at_ms, 2);
	assert_null(find(1, 3));
}

static void test_cache__the_same_end_is_not_the_same_token(void **state)
{
	(void)state;
	put(1, 7);
	assert_null(find(2, 7));
	put(2, 7);
	assert_int_equal(find(1, 7)->issued_at_ms, 1);
	assert_int_equal(find(2, 7)->issued_at_ms, 2);
}

static void test_cache__a_full_set_gives_up_its_oldest(void **state)
{
	(void)state;
	for (int front = 0; front <= CACHE_WAYS; front++)
		put(front, 7);
	assert_null(find(0, 7));
	for (int front = 1; front <= CACHE_WAYS; front++)
		assert_int_equal(find(front, 7)->issued_at_ms, front);
}

static void test_cache__the_front_part_of_a_token_is_not_the_token(void **state)
{
	char text[128];
	struct str token = token_text(text, 1, 7);

	(void)state;
	put(1, 7);
	token.size--;
	assert_null(cache_find(cache, token));
	token.size = 8;
	assert_null(cache_find(cache, token));
	token.size = 0;
	assert_null(cache_find(cache, token));
}

static void test_cache__spreads_over_all_its_sets(void **state)
{
	int found = 0;

	(void)state;
	for (int number = 0; number < CACHE_SETS * CACHE_WAYS; number++)
		put(1, number);
	for (int number = 0; number < CACHE_SETS * CACHE_WAYS; number++)
		found += find(1, number) != NULL;
	/* A poor hash would leave most sets empty; a random one loses about a fifth to full sets. */
	assert_true(found > CACHE_SETS * CACHE_WAYS * 6 / 10);
}

static void test_cache__does_not_keep_a_token_that_is_too_long(void **state)
{
	static char text[CACHE_SIZE_MAX + 1];
	struct token_claims claims = { .roles = 1 };

	(void)state;
	memset(text, 'a', sizeof(text));
	cache_put(cache, (struct str){ .data = text, .size = sizeof(text) }, &claims);
	assert_null(cache_find(cache, (struct str){ .data = text, .size = sizeof(text) }));
	cache_put(cache, (struct str){ .data = text, .size = sizeof(text) - 1 }, &claims);
	assert_non_null(cache_find(cache, (struct str){ .data = text, .size = sizeof(text) - 1 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cache__finds_what_was_put, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache__the_same_end_is_not_the_same_token, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache__a_full_set_gives_up_its_oldest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache__the_front_part_of_a_token_is_not_the_token, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache__spreads_over_all_its_sets, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cache__does_not_keep_a_token_that_is_too_long, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
