#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "consumers/notifier/channel.h"

#define MAX 5

static struct gateway_conf confs[MAX];
static struct gateway gateways[MAX];
static struct channel_gateways channel;

/* Digits are the orders of gateways a, b, c ...; a digit with ! before it is away. */
static void given(const char *orders)
{
	static const char *const names[MAX] = { "a", "b", "c", "d", "e" };

	channel = (struct channel_gateways){ .count = 0 };
	for (; *orders != '\0'; orders++) {
		size_t i = channel.count++;

		channel.is_away[i] = *orders == '!';
		if (channel.is_away[i])
			orders++;
		confs[i] = (struct gateway_conf){ .name = names[i], .order = *orders - '0' };
		gateways[i] = (struct gateway){ .conf = &confs[i] };
		channel.gateways[i] = &gateways[i];
	}
}

static bool takes(size_t to, const char *last)
{
	const char *names[GATEWAYS_MAX + 1];
	size_t count = channel_not_after(&channel, &gateways[to], names);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], last) == 0)
			return false;
	}
	return true;
}

/* Where a message goes that `last` did not accept ('-': none has): "bc". */
static void assert_leads(char last, const char *expected)
{
	char to[8] = "", name[2] = { last == '-' ? '\0' : last };
	size_t size = 0;

	for (size_t i = 0; i < channel.count; i++) {
		if (takes(i, name))
			to[size++] = (char)('a' + i);
	}
	if (strcmp(to, expected) != 0)
		fail_msg("after %c: %s, not %s", last, to, expected);
}

static void test_channel__one_gateway_gets_everything(void **state)
{
	(void)state;
	given("1");
	assert_leads('-', "a");
	assert_leads('a', "a");
	given("!1");
	assert_leads('-', "");
	assert_leads('a', "");
}

static void test_channel__the_lowest_order_is_first_and_the_next_follows(void **state)
{
	(void)state;
	given("213");
	assert_leads('-', "b");
	assert_leads('b', "a");
	assert_leads('a', "c");
	assert_leads('c', "b"); /* around */
}

static void test_channel__who_is_away_is_passed_over(void **state)
{
	(void)state;
	given("!123");
	assert_leads('-', "b");
	assert_leads('b', "c");
	assert_leads('c', "b");
	assert_leads('a', "b");
	given("!1!23");
	assert_leads('-', "c");
	assert_leads('c', "c");
	given("!1!2!3");
	assert_leads('-', "");
	assert_leads('b', "");
}

static void test_channel__equal_ones_share(void **state)
{
	(void)state;
	given("112");
	assert_leads('-', "ab");
	assert_leads('a', "b"); /* another of the same order before the next */
	assert_leads('b', "a");
	assert_leads('c', "ab");
	given("1!12");
	assert_leads('-', "a");
	assert_leads('a', "c");
	given("1111");
	assert_leads('b', "acd");
}

static void test_channel__every_message_that_can_go_somewhere_does(void **state)
{
	(void)state;
	for (int mask = 0; mask < 1 << MAX; mask++) {
		given("11253");
		for (size_t i = 0; i < MAX; i++)
			channel.is_away[i] = (mask >> i & 1) != 0;
		for (int last = 'a' - 1; last < 'a' + MAX; last++) {
			char name[2] = { last < 'a' ? '\0' : (char)last };
			int found = 0;

			for (size_t to = 0; to < MAX; to++)
				found += takes(to, name);
			assert_true(mask == (1 << MAX) - 1 ? found == 0 : found >= 1);
		}
	}
}

static void test_channel__another_is_one_that_is_there(void **state)
{
	(void)state;
	given("1");
	assert_false(channel_has_another(&channel, &gateways[0]));
	given("1!2");
	assert_false(channel_has_another(&channel, &gateways[0]));
	assert_true(channel_has_another(&channel, &gateways[1]));
}

static void test_channel__a_gateway_of_another_channel_is_not_in_it(void **state)
{
	struct gateway *all[3] = { &gateways[0], &gateways[1], &gateways[2] };
	struct throttle_conf throttle = {
		.per_second = 1, .burst = 1, .running_max = 1, .failures_max = 1, .pause_ms = 10, .pause_max_ms = 10
	};
	struct channel_gateways gathered;

	(void)state;
	given("111");
	for (size_t i = 0; i < 3; i++) {
		confs[i].channel = i == 1 ? "email" : "sms";
		throttle_init(&gateways[i].throttle, &throttle, 0);
	}
	throttle_claim(&gateways[2].throttle);
	throttle_start(&gateways[2].throttle, 0);
	throttle_leave(&gateways[2].throttle, 0);
	throttle_end(&gateways[2].throttle, false, -1, 0);
	gathered = channel_gather(all, 3, "sms", 5);
	assert_int_equal(gathered.count, 2);
	assert_ptr_equal(gathered.gateways[1], &gateways[2]);
	assert_false(gathered.is_away[0]);
	assert_true(gathered.is_away[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_channel__one_gateway_gets_everything),
		cmocka_unit_test(test_channel__the_lowest_order_is_first_and_the_next_follows),
		cmocka_unit_test(test_channel__who_is_away_is_passed_over),
		cmocka_unit_test(test_channel__equal_ones_share),
		cmocka_unit_test(test_channel__every_message_that_can_go_somewhere_does),
		cmocka_unit_test(test_channel__another_is_one_that_is_there),
		cmocka_unit_test(test_channel__a_gateway_of_another_channel_is_not_in_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
