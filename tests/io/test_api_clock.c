/* A gateway on a host whose clock may say anything: until somebody else has told the time, nobody's token is judged. */

#include "tests/io/api_world.h"
#include "worker/life.h"

#define TARGET "/debts/01900000-0000-7000-8000-000000000001"

static void test_api_clock__a_token_is_judged_when_the_time_is_known(void **state)
{
	struct life life;
	struct err err = ERR_INIT;

	(void)state;
	assert_false(bus_knows_time());
	assert_int_equal(api_get(TARGET, api_token("svc", ROLE_AGENT)), 503);
	assert_non_null(strstr(api_body(), "\"code\":\"unavailable\""));
	assert_non_null(strstr(world.answer, "Retry-After: "));
	assert_int_equal(api_get("/livez", ""), 200);
	assert_int_equal(api_get(TARGET, ""), 401);
	api_send("POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	assert_int_equal(api_status(), 503);
	api_send("POST /auth/refresh HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	assert_int_equal(api_status(), 503);
	api_send("POST /auth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
		 "0\r\n\r\n");
	assert_int_equal(api_status(), 503);

	life_init(&life, world.conninfo); /* as the heartbeat does */
	assert_int_equal(life_sign(&life, &err), 0);
	life_end(&life);
	assert_true(bus_knows_time());
	assert_int_equal(api_get(TARGET, api_token("svc", ROLE_AGENT)), 404);
}

static void test_api_clock__another_clock_counts_until_the_brokers_is_known(void **state)
{
	int64_t skew_ms;

	(void)state;
	bus_note_clock(clock_now_ms() + DAY_MS);
	assert_true(bus_now_ms() >= clock_now_ms() + DAY_MS - 1000);
	assert_false(bus_skew_ms(&skew_ms));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_api_clock__a_token_is_judged_when_the_time_is_known, api_set_up,
						api_tear_down),
		cmocka_unit_test_setup_teardown(test_api_clock__another_clock_counts_until_the_brokers_is_known, api_set_up,
						api_tear_down),
	};

	return cmocka_run_group_tests_name("api clock", tests, api_world_start_without_time, api_world_end);
}
