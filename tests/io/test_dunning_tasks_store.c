/* Tasks over a real PostgreSQL: opened by a group's day, taken, put off, finished, cancelled; and as people see them. */

#include "store_spec.h"

#include "consumers/dunning/dunning.h"
#include "consumers/dunning/keys.h"
#include "consumers/dunning/store.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"

#define CUSTOMER (spec_id('C', 1))
#define JANE     (spec_id('U', 1))

static struct store_spec spec;
static struct uuid group_id, task_id;

static int setup_group(void **state)
{
	(void)state;
	return dunning_store_prepare(dunning_store.self, &spec.err);
}

/* ---- given: a person who cannot be reached and owes 100.00 EUR for 30 days, and a policy of one step, a call on day 5 ---- */

#define ID(kind)  "'019a0000-0000-7000-8000-00" kind "00000001'" /* spec_id of the letter, as SQL */
#define PERSON    ID("43")
#define CREDITOR  ID("52")
#define DEBT      ID("44")
#define ANOTHER   ID("45")
#define PORTFOLIO ID("4f")
#define POLICY    ID("50")
#define USER      ID("55")

static void given_debt(void)
{
	static char group[512], debt[512]; /* a statement is prepared once */
	const struct uuid customer_id = CUSTOMER, creditor_id = spec_id('R', 1);
	char text[UUID_TEXT_SIZE + 1];

	group_id = group_id_of(&customer_id, &creditor_id, STR("EUR"));
	uuid_format(text, &group_id);
	(void)snprintf(
		group, sizeof(group),
		"INSERT INTO dunning.debt_group (customer_id, creditor_id, group_id, currency, version, asks, failed_step, "
		"next_channel, rounds, wait_step) "
		"VALUES (" PERSON ", " CREDITOR ", '%s', 'EUR', 0, 0, 0, 0, 0, 0)",
		text);
	(void)snprintf(debt, sizeof(debt),
		       "INSERT INTO dunning.debt VALUES (" DEBT ", " PERSON ", " CREDITOR ", " PORTFOLIO ", '%s', "
		       "1, 'EUR', '2025-11-01', '2025-12-02', 10000, 0, 0, 2, 0, NULL, 0, NULL)",
		       text);
	store_sql(&spec, "test_person",
		  "INSERT INTO dunning.person VALUES (" PERSON ", "
		  "1, true, 'natural', 'DE', NULL, NULL, NULL, 0, 0, 0, 0, 0, NULL, 0, 0, 0)");
	store_sql(&spec, "test_group", group);
	store_sql(&spec, "test_debt", debt);
}

static void given_policy(const char *action)
{
	static char step[512];

	(void)snprintf(
		step, sizeof(step),
		"INSERT INTO dunning.policy_step (publication_id, place, number, trigger, days, otherwise, action, template, "
		"message_class, channels, send_days) VALUES (" POLICY ", 1, 4, 'days_past_due', 5, 'move_on', '%s', %s)",
		action, strcmp(action, "send") == 0 ? "'demand', 'demand', 'email', 3" : "NULL, NULL, '', NULL");
	store_sql(&spec, "test_version",
		  "INSERT INTO dunning.policy_version VALUES (" POLICY ", 'consumers', 1, 'A test', 100, NULL, NULL, NULL, "
		  "'', '', '', NULL, NULL, NULL, NULL, false, 0, 1, 3, 'one_a_day', 'join', 'start', '')");
	store_sql(&spec, "test_change",
		  "INSERT INTO dunning.policy_change VALUES (1, " POLICY ", false, now(), 'somebody', 'another')");
	store_sql(&spec, "test_step", step);
}

static int setup(void **state)
{
	(void)state;
	store_spec_init(&spec, &dunning_module, &dunning_store);
	given_debt();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	store_spec_release(&spec);
	return 0;
}

/* ---- when ---- */

static void when_the_day_comes(void)
{
	store_fire(&spec,
		   &(const struct timer){
			   .kind = &evaluation_timer, .subject = group_id, .is_on_day = true, .due_on = STORE_TODAY },
		   CUSTOMER, STORE_TODAY * DAY_MS);
	store_run(&spec);
	for (size_t index = 0; index < spec.decisions[0].events_count; index++) {
		if (spec.decisions[0].events[index].type == &task_opened_type)
			task_id = ((const struct task_opened *)spec.decisions[0].events[index].body)->task_id;
	}
}

static void by_jane(void)
{
	spec.commands[spec.count - 1].is_user = true;
	spec.commands[spec.count - 1].user_id = JANE;
}

static void add_take(void)
{
	const struct take_task body = { .task_id = task_id, .customer_id = CUSTOMER };

	store_add(&spec, &take_task_type, &body);
	by_jane();
}

static void add_finish(struct str outcome, int32_t back_on)
{
	const struct finish_task body = {
		.task_id = task_id, .customer_id = CUSTOMER, .outcome = outcome, .has_back_on = back_on != 0, .back_on = back_on
	};

	store_add(&spec, &finish_task_type, &body);
	by_jane();
}

/* ---- then ---- */

#define COUNT_OF(where) "SELECT count(*) FROM dunning.task WHERE " where

static void test_dunning_tasks_store__every_change_is_kept(void **state)
{
	(void)state;
	given_policy("call");
	when_the_day_comes();
	assert_int_equal(store_number(&spec, "test_open",
				      COUNT_OF(
					      "customer_id = " PERSON " AND kind = 'call' AND reason = 'step_due' AND "
					      "policy = 'consumers' AND step = 4 AND opened_on = '2026-01-01' AND state = 'open' "
					      "AND version = 1 AND outcome IS NULL AND back_on IS NULL AND taken_by IS NULL AND "
					      "created_at = '2026-01-01Z' AND updated_at = created_at")),
			 1);

	add_take();
	store_run(&spec);
	then_answers(&spec, 0, "TaskTaken");
	assert_int_equal(store_number(&spec, "test_taken",
				      COUNT_OF("state = 'taken' AND version = 2 AND back_on = '2026-01-03' AND "
					       "taken_by = " USER " AND updated_at > created_at")),
			 1);

	/* Put off, taken again and done, the last two in one batch. */
	add_finish(STR("later"), STORE_TODAY + 5);
	store_run(&spec);
	then_answers(&spec, 0, "TaskPutOff");
	assert_int_equal(
		store_number(&spec, "test_put_off",
			     COUNT_OF("state = 'put_off' AND version = 3 AND back_on = '2026-01-06' AND taken_by IS NULL")),
		1);
	add_take();
	add_finish(STR("done"), 0);
	store_run(&spec);
	then_answers(&spec, 1, "TaskFinished");
	assert_int_equal(store_number(&spec, "test_finished",
				      COUNT_OF("state = 'finished' AND outcome = 'done' AND version = 5 AND back_on IS NULL AND "
					       "taken_by = " USER)),
			 1);
	assert_int_equal(store_number(&spec, "test_level",
				      "SELECT count(*) FROM dunning.debt d, dunning.step s WHERE d.level = 4 AND d.level_on = "
				      "'2026-01-01' AND s.state = 'taken'"),
			 1);
}

/* Each in a batch of its own, and both in one. */
static void test_dunning_tasks_store__of_two_who_take_it_one_has_it(void **state)
{
	(void)state;
	given_policy("call");
	when_the_day_comes();
	add_take();
	add_take();
	store_run(&spec);
	then_answers(&spec, 0, "TaskTaken");
	then_refuses(&spec, 1, REFUSAL_BAD_TRANSITION);
	add_take();
	store_run(&spec);
	then_refuses(&spec, 0, REFUSAL_BAD_TRANSITION);
}

static void test_dunning_tasks_store__who_cannot_be_reached_is_traced_once(void **state)
{
	(void)state;
	given_policy("send");
	when_the_day_comes();
	assert_int_equal(store_number(&spec, "test_trace", COUNT_OF("kind = 'trace' AND reason = 'no_contact' AND step = 4")), 1);
	assert_int_equal(
		store_number(&spec, "test_traced",
			     "SELECT count(*) FROM dunning.person WHERE is_traced AND traces = 1 AND trace_id IS NOT NULL"),
		1);
	when_the_day_comes();
	assert_int_equal(store_number(&spec, "test_once", COUNT_OF("true")), 1);

	/* It was cancelled since: another one of the same day has another id. */
	store_sql(&spec, "test_untraced", "UPDATE dunning.person SET is_traced = false, trace_id = NULL");
	when_the_day_comes();
	assert_int_equal(store_number(&spec, "test_twice", COUNT_OF("kind = 'trace'")), 2);
}

/* Of a debt that the person has promised to pay nothing is to be done, until it is known what came of it. */
static void test_dunning_tasks_store__a_promise_is_kept_in_its_row(void **state)
{
	const struct promise_made made = { .promise_id = spec_id('M', 1),
					   .customer_id = CUSTOMER,
					   .debt_id = spec_id('D', 1),
					   .creditor_id = spec_id('R', 1),
					   .currency = STR("EUR") };
	const struct promise_broken broken = { .promise_id = made.promise_id,
					       .customer_id = made.customer_id,
					       .debt_id = made.debt_id,
					       .creditor_id = made.creditor_id,
					       .currency = STR("EUR") };

	(void)state;
	given_policy("call");
	when_the_day_comes();
	store_add(&spec, &promise_made_type, &made);
	store_run(&spec);
	assert_int_equal(
		store_number(&spec, "test_promised",
			     "SELECT count(*) FROM dunning.debt d, dunning.task t, dunning.step s WHERE d.is_promised AND "
			     "d.version = 2 AND t.state = 'cancelled' AND s.state = 'withdrawn'"),
		1);
	store_add(&spec, &promise_broken_type, &broken);
	store_run(&spec);
	assert_int_equal(store_number(&spec, "test_broken",
				      "SELECT count(*) FROM dunning.debt WHERE NOT is_promised AND version = 3"),
			 1);
}

/* The view of the gateway: the debts of the step, those of the person, and what can be done. */
static void test_dunning_tasks_store__are_shown_with_their_debts(void **state)
{
	(void)state;
	given_policy("call");
	when_the_day_comes();
	store_sql(&spec, "test_older_debt",
		  "INSERT INTO dunning.debt SELECT " ANOTHER
		  ", customer_id, creditor_id, NULL, group_id, 1, currency, opened_on, "
		  "due_on - 1, 500, 0, 0, 2, 0, NULL, 0, NULL FROM dunning.debt");
	assert_int_equal(store_number(&spec, "test_shown",
				      "SELECT count(*) FROM dunning.api_task WHERE debt_ids = ARRAY[" DEBT "::uuid] AND "
				      "portfolio_ids = ARRAY[" PORTFOLIO
				      "::uuid] AND owed_minor = 10000 AND currency = 'EUR' AND "
				      "creditor_id = " CREDITOR " AND actions = '{takeTask}'"),
			 1);
	store_sql(&spec, "test_all", "UPDATE dunning.task SET kind = 'trace', state = 'taken'");
	assert_int_equal(store_number(&spec, "test_traces",
				      "SELECT count(*) FROM dunning.api_task WHERE debt_ids = ARRAY[" ANOTHER "::uuid, " DEBT
				      "] AND "
				      "owed_minor = 10500 AND actions = '{releaseTask,finishTask}'"),
			 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dunning_tasks_store__every_change_is_kept),
		TEST(test_dunning_tasks_store__of_two_who_take_it_one_has_it),
		TEST(test_dunning_tasks_store__who_cannot_be_reached_is_traced_once),
		TEST(test_dunning_tasks_store__a_promise_is_kept_in_its_row),
		TEST(test_dunning_tasks_store__are_shown_with_their_debts),
	};

	return cmocka_run_group_tests_name("dunning_tasks_store", tests, setup_group, NULL);
}
