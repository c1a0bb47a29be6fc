/* POST /dunning/preview over a real PostgreSQL, with the rights of the gateway's role. */
#include "producers/api/offer/dunning_preview.h"

#include "tests/io/api_world.h"

static int set_up(void **state)
{
	struct part part;
	int result = api_set_up(state);

	if (result != 0)
		return result;
	api_must(dunning_preview_new(world.conninfo, &world.api.dunning_preview, &world.err));
	part = dunning_preview_part(world.api.dunning_preview);
	api_add_part(&world.api, &part);
	return 0;
}

static int tear_down(void **state)
{
	struct dunning_preview *preview = world.api.dunning_preview;
	int result = api_tear_down(state);

	dunning_preview_free(preview);
	SQL("clear", "DELETE FROM dunning.person");
	SQL("clear_groups", "DELETE FROM dunning.debt_group");
	SQL("clear_debts", "DELETE FROM dunning.debt");
	return result;
}

/* Three persons of one creditor: one owes since the tenth day before, one since the third, one has died. */
static void given_people(void)
{
	SQL("persons",
	    "INSERT INTO dunning.person (customer_id, version, is_active, kind, country, locale, emails, mobiles, telephones, "
	    "letters, opted_out, deceased, bankruptcy, restriction) "
	    "SELECT ('019a0000-0000-7000-8000-00000000000' || n)::uuid, 1, true, 'natural', 'DE', 'de', 1, 0, 0, 0, 0, "
	    "CASE WHEN n = 3 THEN 1 ELSE 0 END, 0, 0 FROM generate_series(1, 3) n");
	SQL("groups", "INSERT INTO dunning.debt_group (group_id, customer_id, creditor_id, currency, version, asks, failed_step, "
		      "next_channel, "
		      "rounds, wait_step) SELECT ('019a0000-0000-7000-8000-00000000010' || n)::uuid, "
		      "('019a0000-0000-7000-8000-00000000000' || n)::uuid, '019a0000-0000-7000-8000-000000000200', 'EUR', 1, 0, "
		      "0, 0, 0, 0 "
		      "FROM generate_series(1, 3) n");
	SQL("debts",
	    "INSERT INTO dunning.debt (debt_id, customer_id, creditor_id, group_id, version, currency, opened_on, due_on, "
	    "balance_minor, credit_minor, paused_days, lifecycle, disputes, level) "
	    "SELECT ('019a0000-0000-7000-8000-00000000030' || n)::uuid, ('019a0000-0000-7000-8000-00000000000' || n)::uuid, "
	    "'019a0000-0000-7000-8000-000000000200', ('019a0000-0000-7000-8000-00000000010' || n)::uuid, 1, 'EUR', '2026-01-01', "
	    "date '2026-03-01' - CASE n WHEN 2 THEN 3 ELSE 10 END, 1000 * n, 0, 0, 2, 0, 0 FROM generate_series(1, 3) n");
}

static const char draft[] =
	"{\"policy\":\"early\",\"policyVersion\":1,\"title\":\"x\",\"priority\":10,\"chargedOff\":false,"
	"\"toleranceMinor\":500,\"demandsADay\":1,\"demandsAWeek\":3,\"catchUp\":\"one_a_day\",\"newDebts\":\"join\","
	"\"reopened\":\"start\",\"steps\":[{\"number\":1,\"trigger\":\"days_past_due\",\"days\":5,\"action\":\"send\","
	"\"template\":\"t\",\"messageClass\":\"demand\",\"channels\":\"email\",\"sendDays\":3,\"otherwise\":\"move_on\"}]}";

static int post(const char *target, uint32_t roles, const char *body)
{
	char request[8192];

	(void)snprintf(request, sizeof(request),
		       "POST %s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
		       "Content-Length: %zu\r\n\r\n%s",
		       target, api_token("boss", roles), strlen(body), body);
	api_send(request);
	return api_status();
}

static void test_api_dunning__a_draft_is_previewed_by_totals(void **state)
{
	(void)state;
	given_people();
	assert_int_equal(post("/dunning/preview?asOf=2026-03-01", ROLE_SUPERVISOR, draft), 200);
	assert_string_equal(
		api_body(),
		"{\"asOf\":\"2026-03-01\",\"policy\":\"early\",\"policyVersion\":1,\"alone\":false,\"persons\":3,\"groups\":3,"
		"\"debts\":3,\"groupsWithStep\":1,\"underWay\":0,\"steps\":[{\"policy\":\"early\",\"step\":1,\"arm\":null,"
		"\"action\":\"send\",\"channel\":\"email\",\"groups\":1,\"debts\":1,\"owed\":{\"amountMinor\":1000,"
		"\"currency\":\"EUR\"}}],\"waits\":[{\"reason\":\"deceased\",\"groups\":1}]}\n");
	assert_int_equal(post("/dunning/preview?asOf=2026-03-03&alone=true", ROLE_COMPLIANCE, draft), 200);
	assert_contains("\"groupsWithStep\":2");
	assert_contains("\"alone\":true");
	assert_int_equal(post("/dunning/preview?asOf=0001-01-01", ROLE_COMPLIANCE, draft), 200); /* no day is too far away */
	assert_contains("\"groupsWithStep\":0");
	assert_int_equal(post("/dunning/preview?asOf=9999-12-31", ROLE_COMPLIANCE, draft), 200);
	assert_contains("\"groupsWithStep\":2");
}

static void test_api_dunning__others_and_what_is_no_policy_are_refused(void **state)
{
	(void)state;
	assert_int_equal(post("/dunning/preview", ROLE_AGENT, draft), 403);
	assert_int_equal(post("/dunning/preview", ROLE_SUPERVISOR, "{"), 400);
	assert_int_equal(post("/dunning/preview", ROLE_SUPERVISOR, "{\"policy\":\"early\"}"), 422);
	assert_contains("\"pointer\":\"/policyVersion\"");
	assert_int_equal(post("/dunning/preview?asOf=yesterday", ROLE_SUPERVISOR, draft), 400);
	assert_contains("\"pointer\":\"asOf\"");
	assert_int_equal(post("/dunning/preview?day=2026-03-01", ROLE_SUPERVISOR, draft), 400);
	assert_contains("unknown_argument");
}

static void test_api_dunning__too_many_groups_are_told_so(void **state)
{
	(void)state;
	SQL("many", "INSERT INTO dunning.debt_group (group_id, customer_id, creditor_id, currency, version, asks, failed_step, "
		    "next_channel, "
		    "rounds, wait_step) SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'EUR', 1, 0, 0, 0, 0, "
		    "0 FROM generate_series(1, 50000)");
	assert_int_equal(post("/dunning/preview", ROLE_SUPERVISOR, draft), 200);
	SQL("one_more",
	    "INSERT INTO dunning.debt_group (group_id, customer_id, creditor_id, currency, version, asks, failed_step, "
	    "next_channel, "
	    "rounds, wait_step) SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'EUR', 1, 0, 0, 0, 0, "
	    "0");
	assert_int_equal(post("/dunning/preview", ROLE_SUPERVISOR, draft), 409);
	assert_contains("too_many_groups");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_api_dunning__a_draft_is_previewed_by_totals, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_api_dunning__others_and_what_is_no_policy_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_api_dunning__too_many_groups_are_told_so, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("gateway, dunning", tests, api_world_start, api_world_end);
}
