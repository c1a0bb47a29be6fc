#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "producers/api/auth/attempts.h"

static struct attempts attempts; /* five tries, one more each second */
static int64_t wait_ms;

#define NOW 1000000

static int set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (crypto_init(&err) != 0)
		return -1;
	attempts_init(&attempts, 5, 1000);
	return 0;
}

static bool take(const char *name, int64_t at_ms)
{
	return attempts_take(&attempts, str_of(name), NOW + at_ms, &wait_ms);
}

static void test_attempts__so_many_tries_and_no_more(void **state)
{
	int64_t wait;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_true(take("anna", i));
	assert_false(take("anna", 10));
	wait = wait_ms;
	assert_in_range(wait, 1, 1000);
	assert_true(take("bert", 10));
	assert_false(take("anna", 10 + wait - 1));
	assert_true(take("anna", 10 + wait));
	assert_false(take("anna", 1000));
	for (int i = 0; i < 5; i++) /* rested */
		assert_true(take("anna", 100000));
	assert_false(take("anna", 100000));
}

static void test_attempts__a_refused_try_costs_nothing(void **state)
{
	(void)state;
	for (int i = 0; i < 1000; i++)
		take("anna", 0);
	assert_true(take("anna", 1000));
}

static void test_attempts__who_was_right_begins_anew(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		take("anna", 0);
	attempts_forgive(&attempts, STR("anna"));
	attempts_forgive(&attempts, STR("nobody"));
	for (int i = 0; i < 5; i++)
		assert_true(take("anna", 0));
	assert_false(take("anna", 0));
}

static void test_attempts__one_can_be_given_back(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		assert_true(take("anna", 0));
	attempts_give_back(&attempts, STR("anna"), NOW);
	attempts_give_back(&attempts, STR("nobody"), NOW);
	assert_true(take("anna", 0));
	assert_false(take("anna", 0));
	for (int i = 0; i < 9; i++) /* more than were taken are no credit */
		attempts_give_back(&attempts, STR("anna"), NOW);
	for (int i = 0; i < 5; i++)
		assert_true(take("anna", 0));
	assert_false(take("anna", 0));
}

/* A million names that try once do not make room for one who tries often. */
static void test_attempts__many_names_do_not_hide_a_busy_one(void **state)
{
	char name[32];

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_true(take("anna", 0));
	for (int i = 0; i < 200000; i++) {
		snprintf(name, sizeof(name), "name-%d", i);
		assert_true(take(name, 0));
	}
	assert_false(take("anna", 1));
}

static void test_attempts__a_mark_is_the_same_and_tells_nothing(void **state)
{
	char first[ATTEMPTS_MARK_SIZE];
	char second[ATTEMPTS_MARK_SIZE];

	(void)state;
	attempts_mark(&attempts, STR("anna"), first);
	attempts_mark(&attempts, STR("anna"), second);
	assert_string_equal(first, second);
	attempts_mark(&attempts, STR("anna2"), second);
	assert_string_not_equal(first, second);
	attempts_init(&attempts, 5, 1000);
	attempts_mark(&attempts, STR("anna"), second);
	assert_string_not_equal(first, second);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, set_up)
		TEST(test_attempts__so_many_tries_and_no_more),         TEST(test_attempts__a_refused_try_costs_nothing),
		TEST(test_attempts__who_was_right_begins_anew),         TEST(test_attempts__one_can_be_given_back),
		TEST(test_attempts__many_names_do_not_hide_a_busy_one), TEST(test_attempts__a_mark_is_the_same_and_tells_nothing),
	};

	return cmocka_run_group_tests_name("api attempts", tests, NULL, NULL);
}
