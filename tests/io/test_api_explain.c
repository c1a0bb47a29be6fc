/* GET /customers/:id/explain over a real PostgreSQL, with the rights of the gateway's role. */
#include "producers/api/offer/explain.h"

#include "base/array.h"
#include "crypto/seal.h"
#include "schemas/customers.h"
#include "schemas/dunning.h"
#include "tests/io/api_world.h"

#define CUSTOMER "019a0000-0000-7000-8000-000000000001"
#define GROUP    "019a0000-0000-7000-8000-000000000101"
#define CREDITOR "019a0000-0000-7000-8000-000000000201"
#define DEBT     "019a0000-0000-7000-8000-000000000301"
#define STEP     "019a0000-0000-7000-8000-000000000401"
#define STOP     "019a0000-0000-7000-8000-000000000501"
#define MESSAGE  "019a0000-0000-7000-8000-000000000601"
#define TARGET   "/customers/" CUSTOMER "/explain"

static int set_up(void **state)
{
	struct part part;
	int result = api_set_up(state);

	if (result != 0)
		return result;
	api_must(explainer_new(world.conninfo, world.key, &world.api.explainer, &world.err));
	part = explainer_part(world.api.explainer);
	api_add_part(&world.api, &part);
	return 0;
}

static int tear_down(void **state)
{
	struct explainer *explainer = world.api.explainer;
	int result = api_tear_down(state);

	explainer_free(explainer);
	SQL("clear",
	    "TRUNCATE dunning.person, dunning.task, dunning.debt, dunning.debt_group, dunning.step, dunning.step_debt, "
	    "dunning.stop, "
	    "dunning.policy_change, dunning.policy_version, dunning.policy_step, customers.event_row, dunning.event_row, "
	    "communications.communication, communications.outbox, dunning.partition_head, customers.customer CASCADE");
	return result;
}

/* ---- given ---- */

static struct uuid customer_id(void)
{
	struct uuid id;

	assert_true(uuid_parse(&id, STR(CUSTOMER)));
	return id;
}

/* The guard opens the name. */
static void given_name(void)
{
	static const struct db_statement insert = {
		"customer", "INSERT INTO customers.customer (customer_id, external_ref, kind, status, locale, country, version, "
			    "full_name_sealed, key_salt) VALUES ($1, 'C-1', 'natural', 'active', 'de', 'DE', 1, $2, '\\x73')"
	};
	const struct uuid id = customer_id();
	const struct seal_place place = { &sealed_name, id, 1, id };
	uint8_t sealed[64], key[32];
	struct db_params params;

	person_key(key, world.key, STR("s"));
	seal(sealed, STR("Anna"), &place, key);
	db_params_init(&params, 1024);
	db_param_uuid(&params, &id);
	db_param_bytes(&params, (struct str){ (const char *)sealed, 4 + SEAL_OVERHEAD });
	api_must(db_run(world.admin, &insert, &params, NULL, &world.err));
	db_params_release(&params);
}

/* The business date is 2026-03-01, so dunning asks about its groups on 2026-03-02 next. */
static void given_customer(void)
{
	given_name();
	SQL("date", "INSERT INTO dunning.partition_head (part, epoch, owner, next_offset, log_seq, log_hash, business_date) "
		    "VALUES (0, 1, '', 0, 0, '', '2026-03-01')");
	SQL("person", "INSERT INTO dunning.person (customer_id, version, is_active, kind, country, locale, emails, mobiles, "
		      "telephones, letters, "
		      "opted_out, deceased, bankruptcy, restriction) VALUES ('" CUSTOMER
		      "', 1, true, 'natural', 'DE', 'de', 1, 0, 0, 0, 0, 0, 0, 0)");
}

/* 10.00 EUR, due on 2026-02-20: nine days past due. */
static void given_debt(void)
{
	given_customer();
	SQL("group", "INSERT INTO dunning.debt_group (group_id, customer_id, creditor_id, currency, version, asks, failed_step, "
		     "next_channel, "
		     "rounds, wait_step) VALUES ('" GROUP "', '" CUSTOMER "', '" CREDITOR "', 'EUR', 1, 0, 0, 0, 0, 0)");
	SQL("debt",
	    "INSERT INTO dunning.debt (debt_id, customer_id, creditor_id, group_id, version, currency, opened_on, due_on, "
	    "balance_minor, credit_minor, paused_days, lifecycle, disputes, level) VALUES ('" DEBT "', '" CUSTOMER "', '" CREDITOR
	    "', '" GROUP "', 1, 'EUR', '2026-01-01', '2026-02-20', 1000, 0, 0, 2, 0, 0)");
}

static void given_policy(void)
{
	SQL("change",
	    "INSERT INTO dunning.policy_change VALUES (1, '019a0000-0000-7000-8000-000000000009', false, now(), 'a', 'b')");
	SQL("policy",
	    "INSERT INTO dunning.policy_version (publication_id, name, version, title, priority, creditor_ids, portfolio_ids, "
	    "languages, charged_off, tolerance_minor, demands_a_day, demands_a_week, catch_up, new_debts, reopened, arms) VALUES "
	    "('019a0000-0000-7000-8000-000000000009', 'early', 1, 'x', 10, '', '', '', false, 500, 1, 3, 'one_a_day', 'join', "
	    "'start', "
	    "'')");
	SQL("policy_steps",
	    "INSERT INTO dunning.policy_step (publication_id, place, number, trigger, days, action, template, message_class, "
	    "channels, "
	    "send_days, otherwise) VALUES ('019a0000-0000-7000-8000-000000000009', 1, 1, 'days_past_due', 15, 'send', 'first', "
	    "'demand', 'email sms', 3, 'move_on'), ('019a0000-0000-7000-8000-000000000009', 2, 2, 'days_since_step', 14, 'call', "
	    "NULL, "
	    "NULL, '', NULL, 'move_on')");
}

static void given_step(const char *action, const char *state)
{
	static char sql[2][600];
	static struct db_statement statements[2] = { { "step_given", sql[0] }, { "step_listed", sql[1] } };

	(void)snprintf(
		sql[0], sizeof(sql[0]),
		"INSERT INTO dunning.step (step_id, customer_id, group_id, version, policy, step, asked_on, action, channel, "
		"is_demand, state) VALUES ('" STEP "', '" CUSTOMER "', '" GROUP "', 1, 'early', 1, '2026-03-01', '%s', %s, true, "
		"'%s')",
		action, strcmp(action, "send") == 0 ? "'email'" : "NULL", state);
	(void)snprintf(sql[1], sizeof(sql[1]), "INSERT INTO dunning.step_debt VALUES ('" STEP "', 0, '" DEBT "')");
	api_sql(&statements[0]);
	api_sql(&statements[1]);
	SQL("step_under_way", "UPDATE dunning.debt_group SET step_id = '" STEP "'");
}

#define EVENTS_SQL(module)                                                                                                       \
	"INSERT INTO " module ".event_row (part, seq, event_id, schema_id, key, subject, command_id, correlation_id, at, "       \
	"command_offset, body, hash) SELECT 0, n, gen_random_uuid(), $1, $2, $2, $2, $2, "                                       \
	"timestamptz '2026-01-01Z' + n * interval '1 min', 0, $3, '\\x00' FROM generate_series($4, $5) n"

/* The same event at these minutes. */
static void given_events(const struct db_statement *insert, const struct message_type *type, const void *body, int64_t from,
			 int64_t to)
{
	const struct uuid customer = customer_id();
	struct db_params params;
	struct buf framed;

	buf_init(&framed, 4096);
	api_must(coder_encode(type, body, &framed, &world.err));
	db_params_init(&params, 8192);
	db_param_int32(&params, (int32_t)type->schema_id);
	db_param_uuid(&params, &customer);
	db_param_bytes(&params, buf_str(&framed));
	db_param_int64(&params, from);
	db_param_int64(&params, to);
	api_must(db_run(world.admin, insert, &params, NULL, &world.err));
	db_params_release(&params);
	buf_release(&framed);
}

static const char *auditor(void)
{
	return api_token("auditor", ROLE_AUDITOR);
}

static const char *agent(void)
{
	return api_token("agent", ROLE_AGENT);
}

/* ---- what comes next ---- */

static void test_api_explain__a_customer_without_debts_has_nothing_planned(void **state)
{
	(void)state;
	given_customer();
	assert_int_equal(api_get(TARGET, agent()), 200);
	assert_string_equal(api_body(),
			    "{\"customerId\":\"" CUSTOMER "\",\"nextBusinessDate\":\"2026-03-02\",\"happened\":[],"
			    "\"nextBefore\":null,\"next\":[{\"kind\":\"nothing\",\"id\":null,\"creditorId\":null,"
			    "\"currency\":null,\"when\":null,\"sentence\":\"Nothing is planned: the person owes nothing that "
			    "dunning is about.\",\"reasons\":[]}]}\n");
}

static void test_api_explain__without_a_policy_nothing_is_planned_for_a_debt(void **state)
{
	(void)state;
	given_debt();
	assert_int_equal(api_get(TARGET, auditor()), 200);
	assert_contains(
		"\"next\":[{\"kind\":\"group\",\"id\":null,\"creditorId\":\"" CREDITOR "\",\"currency\":\"EUR\",\"when\":null,"
		"\"sentence\":\"Nothing is planned: no policy was published.\",\"reasons\":[{\"sentence\":\"1 debt, of which "
		"10.00 EUR is owed; the oldest was due on 2026-02-20 and is 9 days past due; the highest level is 0.\","
		"\"rules\":[]}]}]}\n");
}

static void test_api_explain__the_next_step_has_its_day_and_why(void **state)
{
	(void)state;
	given_debt();
	given_policy();
	assert_int_equal(api_get(TARGET, auditor()), 200);
	assert_contains(
		"\"when\":\"2026-03-07\",\"sentence\":\"Step 1 of early is due on 2026-03-07: demand by email (template first), "
		"about 10.00 EUR of 1 debt.\"");
	assert_contains("{\"sentence\":\"By policy early, version 1, step 1 comes 15 days past due;");
	assert_lacks("By the rules"); /* an auditor does not ask the guard */
}

static void test_api_explain__staff_is_told_whether_each_channel_may_be_used(void **state)
{
	(void)state;
	given_debt();
	given_policy();
	assert_int_equal(api_get(TARGET, agent()), 200);
	assert_contains(
		"{\"sentence\":\"By the rules, a demand by email may not be sent now: no usable contact point.\",\"rules\":["
		"\"no_usable_contact_point\"]}");
	assert_contains("By the rules, a demand by sms ");
	assert_contains("By the rules, a demand by letter ");
	assert_lacks("by voice");
}

static void test_api_explain__a_stop_is_why_it_waits(void **state)
{
	(void)state;
	given_debt();
	given_policy();
	SQL("bankrupt", "UPDATE dunning.person SET bankruptcy = 1");
	SQL("stop", "INSERT INTO dunning.stop VALUES ('" STOP "', '" CUSTOMER "', NULL, 1, 'bankruptcy', true)");
	SQL("closed", "INSERT INTO dunning.stop VALUES ('" GROUP "', '" CUSTOMER "', NULL, 1, 'restriction', false)");
	assert_int_equal(api_get(TARGET, auditor()), 200);
	assert_contains("\"when\":null,\"sentence\":\"Dunning waits: the person is bankrupt.\"");
	assert_contains("{\"sentence\":\"It waits, because the person is bankrupt.\",\"rules\":[\"bankruptcy\"]}");
	assert_contains("{\"sentence\":\"A circumstance (bankruptcy, " STOP ") stops all debts of the person.\",\"rules\":["
			"\"bankruptcy\"]}");
	assert_lacks("restriction");
}

static void test_api_explain__a_step_that_will_not_reach_the_person_is_not_planned(void **state)
{
	(void)state;
	given_debt();
	given_policy();
	SQL("unreachable", "UPDATE dunning.person SET emails = 0");
	assert_int_equal(api_get(TARGET, auditor()), 200);
	assert_contains(
		"\"when\":\"2026-03-07\",\"sentence\":\"Nothing is planned: step 1 of early would come, but from 2026-03-07 on "
		"dunning waits: the person has no address on a channel of the step.\"");
	assert_contains("{\"sentence\":\"It will wait from 2026-03-07 on, because the person has no address on a channel of the "
			"step.\",\"rules\":[\"no_contact\"]}");
}

#define GIVEN_TASK(name, id, kind, state, back_on)                                                                               \
	SQL(name, "INSERT INTO dunning.task (task_id, customer_id, group_id, version, kind, reason, state, policy, step, "       \
		  "opened_on, back_on, created_at, updated_at) VALUES ('" id "', '" CUSTOMER "', '" GROUP "', 1, '" kind         \
		  "', 'step_due', '" state "', 'early', 1, '2026-03-01', " back_on ", now(), now())")

/* No step is under way: they are in the queue all the same. What has ended is told by what happened. */
static void test_api_explain__a_search_and_what_is_put_off_are_tasks(void **state)
{
	(void)state;
	given_debt();
	given_policy();
	GIVEN_TASK("task_1", "019a0000-0000-7000-8000-00000000ff01", "trace", "open", "NULL");
	GIVEN_TASK("task_2", "019a0000-0000-7000-8000-00000000ff02", "review", "put_off", "'2026-03-20'");
	GIVEN_TASK("task_3", "019a0000-0000-7000-8000-00000000ff03", "review", "finished", "NULL");
	assert_int_equal(api_get(TARGET, auditor()), 200);
	assert_contains("00ff01 is open since 2026-03-01: a person finds out how the customer can be reached.\","
			"\"reasons\":[{\"sentence\":\"Step 1 of early waits for it.\"");
	assert_contains("00ff02 of 2026-03-01 is put off until 2026-03-20: a person looks at it.");
	assert_lacks("00ff03");
}

static void test_api_explain__a_task_is_under_way_and_the_step_behind_it_follows(void **state)
{
	(void)state;
	given_debt();
	given_policy();
	given_step("call", "asked");
	GIVEN_TASK("task_4", STEP, "call", "open", "NULL");
	assert_int_equal(api_get(TARGET, auditor()), 200);
	assert_contains(
		"\"when\":\"2026-03-16\",\"sentence\":\"Step 1 of early is under way: asked for on 2026-03-01 as task " STEP
		". As things are, step 2 of early is due on 2026-03-16: a person calls, about 10.00 EUR of 1 debt.\"");
	assert_contains("{\"kind\":\"task\",\"id\":\"" STEP "\",\"creditorId\":\"" CREDITOR
			"\",\"currency\":\"EUR\",\"when\":null,"
			"\"sentence\":\"Task " STEP
			" is open since 2026-03-01: a person calls.\",\"reasons\":[{\"sentence\":\"It is step "
			"1 of early.\",\"rules\":[]}]}");
}

static void test_api_explain__a_message_that_has_not_left_says_until_when(void **state)
{
	(void)state;
	given_customer();
	SQL("message",
	    "INSERT INTO communications.communication (communication_id, customer_id, version, attempt, state, channel, "
	    "requested_on, message_class, template_name, template_version, language, release_at) VALUES ('" MESSAGE
	    "', '" CUSTOMER "', 1, 0, 'scheduled', 'email', '2026-03-01', 'account_service', 't', 1, 'de', '2026-03-03 "
	    "08:00Z')");
	assert_int_equal(api_get(TARGET, auditor()), 200);
	assert_contains("{\"kind\":\"message\",\"id\":\"" MESSAGE "\",\"creditorId\":null,\"currency\":null,\"when\":"
			"\"2026-03-03T08:00:00.000Z\",\"sentence\":\"Message " MESSAGE
			" (account service by email) is scheduled: the guard "
			"is asked at 2026-03-03 08:00 UTC.\",\"reasons\":[]}");
}

/* ---- what happened ---- */

static void test_api_explain__older_events_come_by_pages(void **state)
{
	const struct str changed = STR("locale");
	const struct customer_updated updated = {
		.version = 2, .locale = STR("de"), .country = STR("DE"), .changed = &changed, .changed_count = 1
	};
	const struct dunning_waiting waits = { .version = 1, .reason = STR("balance"), .policy = STR("") };
	const struct person_noted noted = {
		.version = 1, .customer_kind = STR("natural"), .country = STR("DE"), .locale = STR("de")
	};
	static const struct db_statement of_customers = { "events_of_customers", EVENTS_SQL("customers") };
	static const struct db_statement of_dunning = { "events_of_dunning", EVENTS_SQL("dunning") };
	char target[200];
	const char *before;

	(void)state;
	given_customer();
	given_events(&of_customers, &customer_updated_type, &updated, 1, 250);
	given_events(&of_dunning, &dunning_waiting_type, &waits, 251, 251);
	given_events(&of_dunning, &person_noted_type, &noted, 252, 252);
	assert_int_equal(api_get(TARGET, auditor()), 200);
	assert_contains("\"module\":\"dunning\",\"event\":\"DunningWaiting\"");
	assert_contains("\"sentence\":\"Dunning waits: too little is owed.\"}],\"nextBefore\":\"");
	assert_contains("\"sentence\":\"The customer's data was changed: locale.\"");
	assert_lacks("PersonNoted");
	assert_contains("\"at\":\"2026-01-01T04:10:00.000Z\"");
	assert_lacks("\"at\":\"2026-01-01T00:51:00.000Z\"");
	before = strstr(api_body(), "\"nextBefore\":\"") + 14;
	(void)snprintf(target, sizeof(target), TARGET "?before=%.*s", (int)strcspn(before, "\""), before);
	assert_int_equal(api_get(target, auditor()), 200);
	assert_contains("\"at\":\"2026-01-01T00:51:00.000Z\"");
	assert_lacks("\"at\":\"2026-01-01T00:52:00.000Z\"");
	assert_contains("\"nextBefore\":null");
}

/* ---- who may ask, and how ---- */

static void test_api_explain__others_and_wrong_questions_are_refused(void **state)
{
	static const uint32_t others[] = { ROLE_CREDITOR, ROLE_CONSUMER, ROLE_REPORTING, ROLE_ADMIN };

	(void)state;
	given_customer();
	for (size_t index = 0; index < COUNT(others); index++)
		assert_int_equal(api_get(TARGET, api_token("other", others[index])), 403);
	assert_int_equal(api_get("/customers/" DEBT "/explain", agent()), 404);
	assert_int_equal(api_get(TARGET "?before=x", agent()), 400);
	assert_contains("bad_format");
	assert_int_equal(api_get(TARGET "?before=-1", agent()), 400);
	assert_int_equal(api_get(TARGET "?before=1&before=2", agent()), 400);
	assert_contains("repeated");
	assert_int_equal(api_get(TARGET "?after=1", agent()), 400);
	assert_contains("unknown_argument");
	assert_int_equal(api_get(TARGET "?%ff=1", agent()), 400); /* the answer is text all the same */
	assert_contains("\"pointer\":\"?\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_api_explain__a_customer_without_debts_has_nothing_planned, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__without_a_policy_nothing_is_planned_for_a_debt, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__the_next_step_has_its_day_and_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__staff_is_told_whether_each_channel_may_be_used, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__a_stop_is_why_it_waits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__a_step_that_will_not_reach_the_person_is_not_planned, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__a_search_and_what_is_put_off_are_tasks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__a_task_is_under_way_and_the_step_behind_it_follows, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__a_message_that_has_not_left_says_until_when, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__older_events_come_by_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_api_explain__others_and_wrong_questions_are_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("gateway, explain", tests, api_world_start, api_world_end);
}
