#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "consumers/notifier/throttle.h"

static struct throttle made(int64_t per_second, int64_t burst, int64_t running_max)
{
	struct throttle_conf conf = { .per_second = per_second,
				      .burst = burst,
				      .running_max = running_max,
				      .failures_max = 3,
				      .pause_ms = 1000,
				      .pause_max_ms = 4000 };
	struct throttle throttle;

	throttle_init(&throttle, &conf, 0);
	return throttle;
}

static void start(struct throttle *throttle, int count, int64_t now_ms)
{
	for (int i = 0; i < count; i++)
		throttle_start(throttle, now_ms);
}

/* Starts one and ends it at once. */
static void one(struct throttle *throttle, bool is_well, int64_t now_ms)
{
	throttle_start(throttle, now_ms);
	throttle_end(throttle, is_well, -1, now_ms);
}

static void test_throttle__a_burst_then_the_rate(void **state)
{
	struct throttle throttle = made(10, 3, 100);

	(void)state;
	assert_int_equal(throttle_room(&throttle, 0), 3);
	start(&throttle, 3, 0);
	assert_int_equal(throttle_wait_ms(&throttle, 50), 50);
	assert_int_equal(throttle_room(&throttle, 99), 0);
	assert_int_equal(throttle_room(&throttle, 100), 1);
	start(&throttle, 1, 100);
	assert_int_equal(throttle_room(&throttle, 250), 1);
	assert_int_equal(throttle_room(&throttle, 1000000000000), 3); /* never more than the burst */
}

static void test_throttle__small_steps_lose_nothing(void **state)
{
	struct throttle throttle = made(3, 1, 100);
	int started = 0;

	(void)state;
	for (int64_t now_ms = 0; now_ms < 10000; now_ms++) {
		if (throttle_room(&throttle, now_ms) > 0) {
			throttle_start(&throttle, now_ms);
			started++;
		}
	}
	assert_int_equal(started, 30);
}

static void test_throttle__no_more_at_once_than_running_max(void **state)
{
	struct throttle throttle = made(1000, 100, 2);

	(void)state;
	start(&throttle, 2, 0);
	assert_int_equal(throttle_room(&throttle, 5000), 0);
	assert_int_equal(throttle_wait_ms(&throttle, 5000), -1);
	throttle_end(&throttle, true, -1, 5000);
	assert_int_equal(throttle_room(&throttle, 5000), 1);
}

static void test_throttle__undo_gives_back_place_and_token(void **state)
{
	struct throttle throttle = made(1, 1, 1);

	(void)state;
	throttle_start(&throttle, 0);
	assert_int_equal(throttle_room(&throttle, 0), 0);
	throttle_undo(&throttle);
	assert_int_equal(throttle_room(&throttle, 0), 1);
}

static void test_throttle__failures_in_a_row_open_it(void **state)
{
	struct throttle throttle = made(1000, 100, 10);

	(void)state;
	one(&throttle, false, 0);
	one(&throttle, false, 0);
	one(&throttle, true, 0); /* breaks the row */
	one(&throttle, false, 0);
	one(&throttle, false, 0);
	assert_int_equal(throttle.state, THROTTLE_CLOSED);
	one(&throttle, false, 0);
	assert_int_equal(throttle.state, THROTTLE_OPEN);
	assert_int_equal(throttle_room(&throttle, 999), 0);
	assert_int_equal(throttle_wait_ms(&throttle, 400), 600);
}

static void test_throttle__one_probe_decides(void **state)
{
	struct throttle throttle = made(1000, 100, 10);

	(void)state;
	for (int i = 0; i < 3; i++)
		one(&throttle, false, 0);
	assert_int_equal(throttle_room(&throttle, 1000), 1);
	throttle_start(&throttle, 1000);
	assert_int_equal(throttle_room(&throttle, 1000), 0); /* one at a time */
	assert_int_equal(throttle_wait_ms(&throttle, 1000), -1);
	throttle_end(&throttle, true, -1, 1500);
	assert_int_equal(throttle.state, THROTTLE_CLOSED);
	assert_int_equal(throttle_room(&throttle, 1500), 10);
}

static void test_throttle__pauses_double_up_to_the_maximum_and_start_again(void **state)
{
	static const int64_t pauses[] = { 2000, 4000, 4000 };
	struct throttle throttle = made(1000, 100, 10);
	int64_t now_ms = 0;

	(void)state;
	for (int i = 0; i < 3; i++)
		one(&throttle, false, now_ms);
	now_ms = 1000;
	for (size_t i = 0; i < 3; i++) {
		one(&throttle, false, now_ms);
		assert_int_equal(throttle_wait_ms(&throttle, now_ms), pauses[i]);
		now_ms += pauses[i];
	}
	one(&throttle, true, now_ms);
	for (int i = 0; i < 3; i++)
		one(&throttle, false, now_ms);
	assert_int_equal(throttle_wait_ms(&throttle, now_ms), 1000);
}

static void test_throttle__late_failures_do_not_lengthen_the_pause(void **state)
{
	struct throttle throttle = made(1000, 100, 10);

	(void)state;
	start(&throttle, 6, 0);
	for (int i = 0; i < 6; i++)
		throttle_end(&throttle, false, -1, 100 + i);
	assert_int_equal(throttle.state, THROTTLE_OPEN);
	assert_int_equal(throttle_wait_ms(&throttle, 105), 997); /* since the third, at 102 */
}

static void test_throttle__a_late_success_closes_it(void **state)
{
	struct throttle throttle = made(1000, 100, 10);

	(void)state;
	start(&throttle, 4, 0);
	for (int i = 0; i < 3; i++)
		throttle_end(&throttle, false, -1, 0);
	throttle_end(&throttle, true, -1, 10);
	assert_int_equal(throttle.state, THROTTLE_CLOSED);
}

static void test_throttle__retry_after_is_kept_by_the_whole_gateway(void **state)
{
	struct throttle throttle = made(1000, 100, 10);

	(void)state;
	throttle_start(&throttle, 0);
	throttle_end(&throttle, false, 7000, 0);
	assert_int_equal(throttle.state, THROTTLE_CLOSED);
	assert_int_equal(throttle_room(&throttle, 6999), 0);
	assert_int_equal(throttle_wait_ms(&throttle, 2000), 5000);
	assert_int_equal(throttle_room(&throttle, 7000), 10);
}

static void test_throttle__backoff_is_full_jitter_under_growing_caps(void **state)
{
	static const int64_t caps[] = { 60000, 300000, 1800000, 7200000, 43200000, 43200000 };

	(void)state;
	for (int64_t tries = 1; tries <= 6; tries++) {
		assert_int_equal(throttle_backoff_ms(60000, tries, 0), 0);
		assert_int_equal(throttle_backoff_ms(60000, tries, (uint64_t)caps[tries - 1]), caps[tries - 1]);
		assert_int_equal(throttle_backoff_ms(60000, tries, (uint64_t)caps[tries - 1] + 1), 0);
		assert_in_range(throttle_backoff_ms(60000, tries, UINT64_MAX), 0, caps[tries - 1]);
	}
	assert_int_equal(throttle_backoff_ms(0, 1, 12345), 0);
}

static void test_throttle__a_gateway_is_away_while_its_breaker_or_its_probe_decides(void **state)
{
	struct throttle throttle = made(1000, 1, 1);

	(void)state;
	throttle_start(&throttle, 0);
	assert_int_equal(throttle_room(&throttle, 0), 0);
	assert_false(throttle_is_away(&throttle, 0)); /* full is not away */
	throttle_end(&throttle, false, -1, 0);
	one(&throttle, false, 10);
	one(&throttle, false, 20);
	assert_true(throttle_is_away(&throttle, 20));
	assert_true(throttle_is_away(&throttle, 1019));
	assert_false(throttle_is_away(&throttle, 1020)); /* it may be probed */
	throttle_start(&throttle, 1020);
	assert_true(throttle_is_away(&throttle, 1020));
	throttle_end(&throttle, true, -1, 1030);
	assert_false(throttle_is_away(&throttle, 1030));
}

static void test_throttle__a_long_pause_asked_for_is_being_away_a_short_one_is_not(void **state)
{
	struct throttle throttle = made(1000, 100, 10);

	(void)state;
	throttle_start(&throttle, 0);
	throttle_end(&throttle, true, 4000, 0);
	assert_false(throttle_is_away(&throttle, 0));
	throttle_start(&throttle, 4000);
	throttle_end(&throttle, true, 4001, 4000);
	assert_true(throttle_is_away(&throttle, 4000));
	assert_false(throttle_is_away(&throttle, 4001));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_throttle__a_burst_then_the_rate),
		cmocka_unit_test(test_throttle__small_steps_lose_nothing),
		cmocka_unit_test(test_throttle__no_more_at_once_than_running_max),
		cmocka_unit_test(test_throttle__undo_gives_back_place_and_token),
		cmocka_unit_test(test_throttle__failures_in_a_row_open_it),
		cmocka_unit_test(test_throttle__one_probe_decides),
		cmocka_unit_test(test_throttle__pauses_double_up_to_the_maximum_and_start_again),
		cmocka_unit_test(test_throttle__late_failures_do_not_lengthen_the_pause),
		cmocka_unit_test(test_throttle__a_late_success_closes_it),
		cmocka_unit_test(test_throttle__retry_after_is_kept_by_the_whole_gateway),
		cmocka_unit_test(test_throttle__a_gateway_is_away_while_its_breaker_or_its_probe_decides),
		cmocka_unit_test(test_throttle__a_long_pause_asked_for_is_being_away_a_short_one_is_not),
		cmocka_unit_test(test_throttle__backoff_is_full_jitter_under_growing_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
