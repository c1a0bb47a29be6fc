#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
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

static void begin(struct throttle *throttle, int64_t now_ms)
{
	throttle_claim(throttle);
	throttle_start(throttle, now_ms);
}

/* They start, and leave at once. */
static void start(struct throttle *throttle, int count, int64_t now_ms)
{
	for (int i = 0; i < count; i++) {
		begin(throttle, now_ms);
		throttle_leave(throttle, now_ms);
	}
}

/* Starts one and ends it at once. */
static void one(struct throttle *throttle, bool is_well, int64_t now_ms)
{
	start(throttle, 1, now_ms);
	throttle_end(throttle, is_well, -1, now_ms);
}

static void test_throttle__a_burst_then_the_rate(void **state)
{
	struct throttle throttle = made(10, 4, 100); /* half a token for jitter */

	(void)state;
	assert_int_equal(throttle_room(&throttle, 0), 3);
	start(&throttle, 3, 0);
	assert_int_equal(throttle_wait_ms(&throttle, 20), 30);
	assert_int_equal(throttle_room(&throttle, 49), 0);
	assert_int_equal(throttle_room(&throttle, 50), 1);
	start(&throttle, 1, 50);
	assert_int_equal(throttle_room(&throttle, 150), 1);
	assert_int_equal(throttle_room(&throttle, 1000000000000), 3); /* never more than the burst */
}

static void test_throttle__small_steps_lose_nothing(void **state)
{
	struct throttle throttle = made(3, 1, 100);
	int started = 0;

	(void)state;
	for (int64_t now_ms = 0; now_ms < 10000; now_ms++) {
		if (throttle_room(&throttle, now_ms) > 0) {
			start(&throttle, 1, now_ms);
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
	begin(&throttle, 0);
	assert_int_equal(throttle_room(&throttle, 0), 0);
	throttle_undo(&throttle);
	assert_int_equal(throttle_room(&throttle, 0), 1);
}

static void test_throttle__what_is_held_up_keeps_its_place_in_the_bucket(void **state)
{
	struct throttle throttle = made(200, 20, 100); /* 10 for jitter */

	(void)state;
	for (int i = 0; i < 10; i++)
		begin(&throttle, 0);
	assert_int_equal(throttle_room(&throttle, 5000), 0); /* not one of them has left */
	assert_int_equal(throttle_wait_ms(&throttle, 5000), -1);
	for (int i = 0; i < 10; i++)
		throttle_leave(&throttle, 5000);
	assert_int_equal(throttle_room(&throttle, 5000), 0);
	assert_int_equal(throttle_wait_ms(&throttle, 5000), 5);
	assert_int_equal(throttle_room(&throttle, 5030), 6);
}

static void test_throttle__a_wait_is_for_the_token_after_those_that_start(void **state)
{
	struct throttle throttle = made(200, 20, 100);

	(void)state;
	start(&throttle, 8, 0);
	begin(&throttle, 0);
	begin(&throttle, 0);
	assert_int_equal(throttle_wait_ms(&throttle, 0), 5);
	assert_int_equal(throttle_room(&throttle, 4), 0);
	assert_int_equal(throttle_room(&throttle, 5), 1);
}

static void test_throttle__messages_are_claimed_ahead_and_start_when_they_have_a_token(void **state)
{
	struct throttle throttle = made(200, 20, 100); /* 10 tokens, and 50 of a quarter of a second */

	(void)state;
	assert_int_equal(throttle_claims(&throttle, 0), 60);
	for (int i = 0; i < 60; i++)
		throttle_claim(&throttle);
	assert_int_equal(throttle_claims(&throttle, 0), 0);
	assert_int_equal(throttle_room(&throttle, 0), 10);
	for (int i = 0; i < 10; i++) {
		throttle_start(&throttle, 0);
		throttle_leave(&throttle, 0);
	}
	assert_int_equal(throttle_room(&throttle, 4), 0);
	assert_int_equal(throttle_wait_ms(&throttle, 4), 1);
	assert_int_equal(throttle_claims_wait_ms(&throttle, 4), 1);
	assert_int_equal(throttle_room(&throttle, 5), 1);
	assert_int_equal(throttle_claims(&throttle, 5), 1);
	throttle_give_back(&throttle);
	assert_int_equal(throttle_claims(&throttle, 5), 2);
}

static void test_throttle__claimed_and_under_way_are_no_more_than_running_max(void **state)
{
	struct throttle throttle = made(200, 20, 10);

	(void)state;
	start(&throttle, 4, 0);
	assert_int_equal(throttle_claims(&throttle, 0), 6);
	for (int i = 0; i < 6; i++)
		throttle_claim(&throttle);
	assert_int_equal(throttle_claims(&throttle, 1000), 0);
	assert_int_equal(throttle_claims_wait_ms(&throttle, 1000), -1);
	throttle_end(&throttle, true, -1, 1000);
	assert_int_equal(throttle_claims(&throttle, 1000), 1);
}

static void test_throttle__nothing_is_claimed_ahead_of_a_gateway_that_may_be_away(void **state)
{
	struct throttle throttle = made(200, 20, 100);

	(void)state;
	one(&throttle, false, 0);
	assert_int_equal(throttle_claims(&throttle, 0), 9);
	one(&throttle, true, 0);
	assert_int_equal(throttle_claims(&throttle, 0), 58);
	throttle_claim(&throttle); /* and then it opens */
	for (int i = 0; i < 3; i++)
		one(&throttle, false, 0);
	assert_true(throttle_is_open(&throttle, 999));
	assert_int_equal(throttle_claims(&throttle, 999), 0);
	assert_false(throttle_is_open(&throttle, 1000));
	assert_int_equal(throttle_claims(&throttle, 1000), 0); /* the one that waits is the probe */
	assert_int_equal(throttle_room(&throttle, 1000), 1);
	assert_true(throttle_is_away(&throttle, 1000));
}

/* ---- a gateway that counts ---- */

/*
 * A loop that is late by up to `late_ms`, requests that are held up between start and leaving by up to `held_ms`, and a way to the
 * gateway that now and then stands still for up to `way_ms`: then all that is on it comes together. More is always waiting.
 */
struct road {
	int64_t per_second, burst, late_ms, held_ms, way_ms;
};

#define ROAD_MS     60000
#define ROAD_EVENTS 512

static uint64_t dice;

static int64_t roll(int64_t max)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (int64_t)(dice % (uint64_t)(max + 1));
}

/* The times at which requests come to the gateway, by ms: came[t] of them at t. */
static void travel(const struct road *road, int32_t came[ROAD_MS + 1000])
{
	struct throttle throttle = made(road->per_second, road->burst, ROAD_EVENTS);
	int64_t leaves_at_ms[ROAD_EVENTS] = { 0 };
	int64_t still_until_ms = 0;
	size_t under_way = 0;

	for (int64_t now_ms = 0; now_ms < ROAD_MS; now_ms += 1 + roll(road->late_ms)) {
		for (int64_t room = throttle_room(&throttle, now_ms); room > 0; room--) {
			begin(&throttle, now_ms);
			leaves_at_ms[under_way++] = now_ms + roll(road->held_ms);
		}
		for (size_t i = 0; i < under_way;) {
			if (leaves_at_ms[i] > now_ms) {
				i++;
				continue;
			}
			throttle_leave(&throttle, now_ms);
			throttle_end(&throttle, true, -1, now_ms);
			if (now_ms >= still_until_ms + roll(1000))
				still_until_ms = now_ms + roll(road->way_ms);
			came[now_ms > still_until_ms ? now_ms : still_until_ms]++;
			leaves_at_ms[i] = leaves_at_ms[--under_way];
		}
	}
}

/* By how many thousandths of a message the worst stretch of time exceeded burst + rate x stretch; below 0: none did. */
static int64_t excess_milli(const struct road *road, const int32_t came[ROAD_MS + 1000])
{
	int64_t level_milli = 0, worst_milli = 0; /* of a bucket that runs out at the rate */

	for (size_t at_ms = 0; at_ms < ROAD_MS + 1000; at_ms++) {
		level_milli = level_milli > road->per_second ? level_milli - road->per_second : 0;
		level_milli += came[at_ms] * 1000;
		worst_milli = level_milli > worst_milli ? level_milli : worst_milli;
	}
	return worst_milli - road->burst * 1000;
}

static int64_t count_of(const int32_t came[ROAD_MS + 1000])
{
	int64_t count = 0;

	for (size_t at_ms = 0; at_ms < ROAD_MS + 1000; at_ms++)
		count += came[at_ms];
	return count;
}

static void test_throttle__no_stretch_of_time_has_more_than_its_rate_and_a_burst(void **state)
{
	static const struct road roads[] = {
		{ 200, 20, 0, 0, 0 },      { 200, 20, 40, 0, 50 }, { 200, 20, 300, 0, 50 }, /* the bucket is often full */
		{ 200, 20, 20, 300, 0 },                         /* held up for longer than the bucket takes to fill */
		{ 200, 20, 20, 300, 50 },                        /* both */
		{ 200, 20, 300, 900, 50 },                       /* a loop that stands still */
		{ 100, 16, 30, 200, 50 },                        /* the defaults */
		{ 1000, 200, 25, 50, 50 }, { 7, 1, 30, 400, 0 }, /* nothing is left for jitter */
		{ 30, 3, 30, 2000, 50 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(roads); i++) {
		for (uint64_t seed = 1; seed <= 20; seed++) {
			static int32_t came[ROAD_MS + 1000];

			memset(came, 0, sizeof(came));
			dice = seed * 0x9e3779b97f4a7c15u;
			travel(&roads[i], came);
			if (excess_milli(&roads[i], came) > 0)
				fail_msg("road %zu, seed %d: %d thousandths too many", i, (int)seed,
					 (int)excess_milli(&roads[i], came));
		}
	}
}

/* A loop and requests that are late by less than the bucket takes to fill lose nothing. */
static void test_throttle__nearly_all_that_is_allowed_is_used(void **state)
{
	static const struct road roads[] = { { 200, 20, 40, 0, 50 }, { 100, 16, 40, 20, 50 }, { 1000, 200, 25, 40, 50 } };

	(void)state;
	for (size_t i = 0; i < COUNT(roads); i++) {
		static int32_t came[ROAD_MS + 1000];

		memset(came, 0, sizeof(came));
		dice = 1;
		travel(&roads[i], came);
		assert_true(count_of(came) * 100 >= (roads[i].per_second * (ROAD_MS / 1000) + roads[i].burst) * 99);
	}
}

/*
 * The database takes up to `claim_ms` for a claim, and what was claimed ahead leaves meanwhile: the loop is late by up to 10 ms only.
 * Returns the number of messages that came.
 */
static int64_t travel_beside_claims(const struct road *road, int64_t claim_ms, int32_t came[ROAD_MS + 1000])
{
	struct throttle throttle = made(road->per_second, road->burst, ROAD_EVENTS);
	int64_t claimed = 0, claimed_at_ms = 0;

	for (int64_t now_ms = 0; now_ms < ROAD_MS; now_ms += 1 + roll(10)) {
		if (now_ms >= claimed_at_ms) {
			for (; claimed > 0; claimed--)
				throttle_claim(&throttle);
			claimed = throttle_claims(&throttle, now_ms);
			claimed_at_ms = now_ms + roll(claim_ms);
		}
		for (int64_t room = throttle_room(&throttle, now_ms); room > 0 && throttle.waiting > 0; room--) {
			throttle_start(&throttle, now_ms);
			throttle_leave(&throttle, now_ms);
			throttle_end(&throttle, true, -1, now_ms);
			came[now_ms]++;
		}
	}
	return count_of(came);
}

static void test_throttle__what_was_claimed_ahead_fills_the_time_of_a_claim(void **state)
{
	static const struct road roads[] = { { 200, 20, 0, 0, 0 }, { 100, 16, 0, 0, 0 }, { 1000, 200, 0, 0, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(roads); i++) {
		for (uint64_t seed = 1; seed <= 20; seed++) {
			static int32_t came[ROAD_MS + 1000];

			memset(came, 0, sizeof(came));
			dice = seed * 0x9e3779b97f4a7c15u;
			assert_true(travel_beside_claims(&roads[i], 150, came) * 1000 >=
				    (roads[i].per_second * (ROAD_MS / 1000) + roads[i].burst) * 995);
			assert_true(excess_milli(&roads[i], came) <= 0);
		}
	}
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
	start(&throttle, 1, 1000);
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
	start(&throttle, 1, 0);
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
	start(&throttle, 1, 0);
	assert_int_equal(throttle_room(&throttle, 0), 0);
	assert_false(throttle_is_away(&throttle, 0)); /* full is not away */
	throttle_end(&throttle, false, -1, 0);
	one(&throttle, false, 10);
	one(&throttle, false, 20);
	assert_true(throttle_is_away(&throttle, 20));
	assert_true(throttle_is_away(&throttle, 1019));
	assert_false(throttle_is_away(&throttle, 1020)); /* it may be probed */
	start(&throttle, 1, 1020);
	assert_true(throttle_is_away(&throttle, 1020));
	throttle_end(&throttle, true, -1, 1030);
	assert_false(throttle_is_away(&throttle, 1030));
}

static void test_throttle__a_long_pause_asked_for_is_being_away_a_short_one_is_not(void **state)
{
	struct throttle throttle = made(1000, 100, 10);

	(void)state;
	start(&throttle, 1, 0);
	throttle_end(&throttle, true, 4000, 0);
	assert_false(throttle_is_away(&throttle, 0));
	start(&throttle, 1, 4000);
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
		cmocka_unit_test(test_throttle__what_is_held_up_keeps_its_place_in_the_bucket),
		cmocka_unit_test(test_throttle__a_wait_is_for_the_token_after_those_that_start),
		cmocka_unit_test(test_throttle__messages_are_claimed_ahead_and_start_when_they_have_a_token),
		cmocka_unit_test(test_throttle__claimed_and_under_way_are_no_more_than_running_max),
		cmocka_unit_test(test_throttle__nothing_is_claimed_ahead_of_a_gateway_that_may_be_away),
		cmocka_unit_test(test_throttle__what_was_claimed_ahead_fills_the_time_of_a_claim),
		cmocka_unit_test(test_throttle__no_stretch_of_time_has_more_than_its_rate_and_a_burst),
		cmocka_unit_test(test_throttle__nearly_all_that_is_allowed_is_used),
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
