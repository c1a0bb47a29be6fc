/* producers/explain: the plan of a customer's groups, and what is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/day.h"
#include "producers/explain/explain.h"

#define TODAY 20514 /* 2026-03-02 */

static const struct uuid customer = { .bytes = { 1 } }, creditor = { .bytes = { 2 } }, debt = { .bytes = { 3 } },
			 step_id = { .bytes = { 4 } }, circumstance = { .bytes = { 5 } };

/* ---- given ---- */

static struct explanation explanation; /* large */

/* Step 1 after 5 days past due: a demand by e-mail; step 2 14 days later: a call. Nobody is asked more than once a week. */
static void given_policy(const char *country)
{
	struct policy *policy = &explanation.policies.items[0];

	explanation.policies.count = 1;
	*policy = (struct policy){ .name = "early",
				   .version = 3,
				   .priority = 10,
				   .demands_a_day = 1,
				   .demands_a_week = 1,
				   .catch_up = CATCH_UP_ONE_A_DAY,
				   .new_debts = NEW_DEBTS_JOIN,
				   .reopened = REOPENED_START,
				   .steps_count = 2 };
	memcpy(policy->jurisdiction, country, strlen(country) + 1);
	policy->steps[0] = (struct policy_step){ .number = 1,
						 .trigger = TRIGGER_DAYS_PAST_DUE,
						 .days = 5,
						 .action = ACTION_SEND,
						 .template_name = "first",
						 .message_class = MESSAGE_CLASS_DEMAND,
						 .channels = { CHANNEL_EMAIL },
						 .channels_count = 1,
						 .send_days = 3,
						 .otherwise = OTHERWISE_MOVE_ON };
	policy->steps[1] = (struct policy_step){
		.number = 2, .trigger = TRIGGER_DAYS_SINCE_STEP, .days = 14, .action = ACTION_CALL, .otherwise = OTHERWISE_MOVE_ON
	};
}

/* A debt of 10.00 EUR, ten days past due on the last business date. */
static struct explain_group *given_group(void)
{
	struct explain_group *group = &explanation.groups[0];

	memset(&explanation, 0, sizeof(explanation));
	explanation.customer_id = customer;
	explanation.today = TODAY;
	explanation.groups_count = 1;
	group->facts.group_id = creditor;
	group->facts.person =
		(struct dunned_person){ .is_active = true, .kind = CUSTOMER_KIND_NATURAL, .country = "DE", .locale = "de" };
	group->facts.person.usable[CHANNEL_EMAIL] = 1;
	group->facts.group = (struct dunned_group){ .customer_id = customer, .creditor_id = creditor, .currency = "EUR" };
	group->facts.debts_count = 1;
	group->facts.debts[0] = (struct portfolio_debt){ .debt_id = debt,
							 .state = { .customer_id = customer,
								    .creditor_id = creditor,
								    .group_id = creditor,
								    .balance_minor = 1000,
								    .opened_on = TODAY - 40,
								    .due_on = TODAY - 11,
								    .lifecycle = LIFECYCLE_ACTIVE,
								    .currency = "EUR" } };
	given_policy("");
	return group;
}

static struct explain_waiting *given_waiting(enum dunning_action action)
{
	struct explain_waiting *waiting = &explanation.waiting[explanation.waiting_count++];

	*waiting = (struct explain_waiting){ .id = step_id,
					     .action = action,
					     .channel = CHANNEL_EMAIL,
					     .message_class = MESSAGE_CLASS_DEMAND,
					     .state = COMMUNICATION_SCHEDULED,
					     .release_at_ms = TODAY * DAY_MS,
					     .send_by_ms = (TODAY + 1) * DAY_MS };
	return waiting;
}

/* ---- told ---- */

static struct told {
	size_t count;
	struct {
		const char *kind;
		char when[32], sentence[400];
		size_t reasons_count;
		char reasons[EXPLAIN_REASONS_MAX][300], rules[EXPLAIN_REASONS_MAX][100];
	} items[5];
} told;

static void put(char *chars, size_t size, struct str text)
{
	assert_true(str_to_chars(chars, size, text));
}

static void note(void *tell_arg, const struct explain_next *next)
{
	(void)tell_arg;
	assert_true(told.count < COUNT(told.items));
	told.items[told.count].kind = next->kind;
	put(told.items[told.count].when, sizeof(told.items[0].when), next->when);
	put(told.items[told.count].sentence, sizeof(told.items[0].sentence), next->sentence);
	told.items[told.count].reasons_count = next->reasons_count;
	for (size_t index = 0; index < next->reasons_count; index++) {
		put(told.items[told.count].reasons[index], sizeof(told.items[0].reasons[0]), next->reasons[index].sentence);
		put(told.items[told.count].rules[index], sizeof(told.items[0].rules[0]), next->reasons[index].rules);
	}
	told.count++;
}

static void tell(void)
{
	told.count = 0;
	explain_plan(&explanation);
	explain_tell(&explanation, note, NULL);
}

static void assert_first(const char *when, const char *sentence)
{
	assert_true(told.count > 0);
	assert_string_equal(told.items[0].sentence, sentence);
	assert_string_equal(told.items[0].when, when);
}

/* ---- a group ---- */

static void test_explain_tell__a_step_that_is_due_comes_on_the_next_business_date(void **state)
{
	(void)state;
	(void)given_group();
	tell();
	assert_int_equal(told.count, 1);
	assert_string_equal(told.items[0].kind, "group");
	assert_first("2026-03-02",
		     "Step 1 of early is due on 2026-03-02: demand by email (template first), about 10.00 EUR of 1 debt.");
	assert_int_equal(told.items[0].reasons_count, 2);
	assert_string_equal(told.items[0].reasons[0],
			    "1 debt, of which 10.00 EUR is owed; the oldest was due on 2026-02-19 and is 10 days "
			    "past due; the highest level is 0.");
	assert_string_equal(told.items[0].reasons[1],
			    "By policy early, version 3, step 1 comes 5 days past due; it is assumed that nothing "
			    "else happens before, and that what is under way is taken.");
}

static void test_explain_tell__a_cap_holds_a_step_back_until_a_day(void **state)
{
	struct explain_group *group = given_group();

	(void)state;
	demands_add(&group->facts.demands, TODAY - 1);
	tell();
	assert_first("2026-03-08",
		     "Step 1 of early waits: the person was asked often enough; the answer may be another one on 2026-03-08. As "
		     "things are, step 1 of early is due on 2026-03-08: demand by email (template first), about 10.00 EUR of 1 "
		     "debt.");
	assert_string_equal(told.items[0].reasons[2], "It waits, because the person was asked often enough.");
	assert_string_equal(told.items[0].rules[2], "cap");
}

static void test_explain_tell__a_step_that_has_failed_on_all_channels_is_passed_over(void **state)
{
	struct explain_group *group = given_group();

	(void)state;
	group->facts.group.failed_step = 1;
	memcpy(group->facts.group.failed_policy, "early", 6);
	group->facts.group.next_channel = 1;
	tell();
	assert_first("2026-03-02", "Step 1 of early has failed for good and is passed over on 2026-03-02.");
}

static void test_explain_tell__a_policy_for_others_plans_nothing(void **state)
{
	(void)given_group();
	(void)state;
	given_policy("FR");
	tell();
	assert_first("", "Nothing is planned: no policy is for these debts.");
	assert_int_equal(told.items[0].reasons_count, 1);
}

static void test_explain_tell__behind_the_last_step_nothing_is_planned(void **state)
{
	struct explain_group *group = given_group();

	(void)state;
	memcpy(group->facts.debts[0].state.policy, "early", 6);
	group->facts.debts[0].state.level = 2;
	group->facts.debts[0].state.level_on = TODAY - 1;
	tell();
	assert_first("", "Nothing is planned: the policy has no further step for them within a year.");
	assert_string_equal(told.items[0].reasons[0],
			    "1 debt, of which 10.00 EUR is owed; the oldest was due on 2026-02-19 and is 10 days "
			    "past due; the highest level is 2 of early, since 2026-03-01.");
}

static void test_explain_tell__a_promise_is_why_nothing_is_planned(void **state)
{
	struct explain_group *group = given_group();

	(void)state;
	group->facts.debts[0].state.is_promised = 1;
	tell();
	assert_first("", "Nothing is planned: the person has promised to pay.");
	assert_string_equal(told.items[0].reasons[1], "A promise to pay is open about 1 debt, which is not asked for.");
	assert_string_equal(told.items[0].rules[1], "promise");
}

static void test_explain_tell__a_plan_is_why_nothing_is_planned(void **state)
{
	struct explain_group *group = given_group();

	(void)state;
	group->facts.debts[0].state.lifecycle = LIFECYCLE_ARRANGED;
	tell();
	assert_first("", "Nothing is planned: the person pays by a plan or a settlement.");
	assert_string_equal(told.items[0].reasons[1],
			    "A payment plan or a settlement is open about 1 debt, which is not asked for.");
	assert_string_equal(told.items[0].rules[1], "plan");
}

static void test_explain_tell__a_hold_is_why_nothing_is_planned(void **state)
{
	struct explain_group *group = given_group();

	(void)state;
	group->facts.debts[0].state.is_held = 1;
	tell();
	assert_first("", "Nothing is planned: a hold stops it.");
	assert_string_equal(told.items[0].reasons[1], "A hold stops contact or dunning about 1 debt, which is not asked for.");
	assert_string_equal(told.items[0].rules[1], "hold");
}

static void test_explain_tell__only_stops_of_the_groups_debts_are_its_reasons(void **state)
{
	(void)given_group();
	(void)state;
	explanation.stops_count = 2;
	explanation.stops[0] = (struct explain_stop){ .circumstance_id = circumstance, .debt_id = step_id, .kind = STOP_DISPUTE };
	explanation.stops[1] = (struct explain_stop){ .circumstance_id = circumstance, .debt_id = debt, .kind = STOP_DISPUTE };
	tell();
	assert_int_equal(told.items[0].reasons_count, 3);
	assert_string_equal(told.items[0].reasons[2], "A circumstance (dispute, 05000000-0000-0000-0000-000000000000) stops debt "
						      "03000000-0000-0000-0000-000000000000.");
	assert_string_equal(told.items[0].rules[2], "dispute");
}

static void test_explain_tell__channels_have_the_guards_word(void **state)
{
	struct explain_group *group = given_group();

	(void)state;
	group->is_asked = true;
	group->channels[CHANNEL_EMAIL].verdict =
		(struct guard_verdict){ .verdict = VERDICT_ALLOW, .rules = { "US-10" }, .rules_count = 1 };
	group->channels[CHANNEL_SMS].verdict = (struct guard_verdict){
		.verdict = VERDICT_DEFER, .until_ms = TODAY * DAY_MS, .rules = { "US-01", "H-2" }, .rules_count = 2
	};
	group->channels[CHANNEL_LETTER].verdict =
		(struct guard_verdict){ .verdict = VERDICT_DENY, .rules = { "US-04" }, .rules_count = 1 };
	tell();
	assert_int_equal(told.items[0].reasons_count, 5);
	assert_string_equal(told.items[0].reasons[2], "By the rules, a demand by email may be sent now.");
	assert_string_equal(told.items[0].rules[2], "");
	assert_string_equal(told.items[0].reasons[3], "By the rules, a demand by sms has to wait until 2026-03-02 00:00 UTC.");
	assert_string_equal(told.items[0].rules[3], "US-01 H-2");
	assert_string_equal(told.items[0].reasons[4], "By the rules, a demand by letter may not be sent.");
	assert_string_equal(told.items[0].rules[4], "US-04");
}

/* ---- messages and tasks ---- */

#define STEP_ID     "04000000-0000-0000-0000-000000000000"
#define CREDITOR_ID "02000000-0000-0000-0000-000000000000"

static void assert_task(size_t at, const char *when, const char *sentence, const char *reason)
{
	assert_string_equal(told.items[at].kind, "task");
	assert_string_equal(told.items[at].when, when);
	assert_string_equal(told.items[at].sentence, sentence);
	assert_string_equal(told.items[at].reasons[0], reason);
}

static struct explain_waiting *given_task(enum dunning_action action, enum task_kind kind)
{
	struct explain_waiting *waiting = given_waiting(action);

	*waiting = (struct explain_waiting){ .id = step_id,
					     .has_group = true,
					     .creditor_id = creditor,
					     .currency = "EUR",
					     .policy = "early",
					     .step = 1,
					     .asked_on = TODAY - 1,
					     .action = action,
					     .task_kind = kind,
					     .task_state = TASK_STATE_OPEN };
	return waiting;
}

static void test_explain_tell__a_task_says_who_has_it_and_until_when(void **state)
{
	struct explain_waiting *waiting;

	(void)state;
	given_group();
	given_task(ACTION_CALL, TASK_KIND_CALL);
	waiting = given_task(ACTION_CALL, TASK_KIND_CALL);
	waiting->task_state = TASK_STATE_TAKEN;
	waiting->back_on = TODAY + 1;
	waiting->taken_by = creditor;
	waiting = given_task(ACTION_REVIEW, TASK_KIND_REVIEW);
	waiting->task_state = TASK_STATE_PUT_OFF;
	waiting->back_on = TODAY + 7;
	given_task(ACTION_NONE, TASK_KIND_TRACE);
	tell();
	assert_task(1, "", "Task " STEP_ID " is open since 2026-03-01: a person calls.", "It is step 1 of early.");
	assert_task(2, "2026-03-03",
		    "Task " STEP_ID " of 2026-03-01 is taken by user " CREDITOR_ID
		    ", and is open again on 2026-03-03: a person calls.",
		    "It is step 1 of early.");
	assert_task(3, "2026-03-09", "Task " STEP_ID " of 2026-03-01 is put off until 2026-03-09: a person looks at it.",
		    "It is step 1 of early.");
	assert_task(4, "", "Task " STEP_ID " is open since 2026-03-01: a person finds out how the customer can be reached.",
		    "Step 1 of early waits for it.");
}

static void test_explain_tell__a_step_under_way_is_told_with_its_message_and_what_follows(void **state)
{
	struct explain_group *group = given_group();
	struct explain_waiting *waiting = given_waiting(ACTION_SEND);

	(void)state;
	group->facts.group.step_id = step_id;
	memcpy(group->facts.under_way.policy, "early", 6);
	group->facts.under_way.number = 1;
	group->facts.debts[0].is_under_way = true;
	waiting->has_group = true;
	waiting->creditor_id = creditor;
	memcpy(waiting->policy, "early", 6);
	waiting->step = 1;
	waiting->asked_on = TODAY - 1;
	memcpy(waiting->rules, "HOUSE-3", 8);
	tell();
	assert_first("2026-03-16",
		     "Step 1 of early is under way: asked for on 2026-03-01 as message 04000000-0000-0000-0000-000000000000. As "
		     "things are, step 2 of early is due on 2026-03-16: a person calls, about 10.00 EUR of 1 debt.");
	assert_string_equal(told.items[1].kind, "message");
	assert_string_equal(told.items[1].when, "2026-03-02T00:00:00.000Z");
	assert_string_equal(told.items[1].sentence,
			    "Message 04000000-0000-0000-0000-000000000000 (demand by email) is scheduled: the guard is "
			    "asked at 2026-03-02 00:00 UTC; it is not sent after 2026-03-03 00:00 UTC.");
	assert_string_equal(told.items[1].reasons[0], "The guard has let it wait.");
	assert_string_equal(told.items[1].rules[0], "HOUSE-3");
	assert_string_equal(told.items[1].reasons[1], "It is step 1 of early.");
}

static void test_explain_tell__every_state_of_a_message_that_waits_has_words(void **state)
{
	static const struct {
		enum communication_state state;
		const char *words;
	} cases[] = {
		{ COMMUNICATION_RELEASED,
		  "is released: it leaves as soon as its gateway takes it; it is not sent after 2026-03-03 00:00 UTC." },
		{ COMMUNICATION_RETRY_WAIT, "was not accepted and is tried again; it is not sent after 2026-03-03 00:00 UTC." },
		{ COMMUNICATION_UNKNOWN, "may have been sent: nobody knows, and a person has to find out." },
	};

	(void)state;
	for (size_t index = 0; index < COUNT(cases); index++) {
		(void)given_group();
		given_waiting(ACTION_SEND)->state = cases[index].state;
		tell();
		assert_int_equal(told.count, 2);
		assert_non_null(strstr(told.items[1].sentence, cases[index].words));
		assert_string_equal(told.items[1].when, "");
	}
}

static void test_explain_tell__without_debts_nothing_is_planned(void **state)
{
	(void)given_group();
	(void)state;
	explanation.groups_count = 0;
	tell();
	assert_int_equal(told.count, 1);
	assert_string_equal(told.items[0].kind, "nothing");
	assert_first("", "Nothing is planned: the person owes nothing that dunning is about.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain_tell__a_step_that_is_due_comes_on_the_next_business_date),
		cmocka_unit_test(test_explain_tell__a_cap_holds_a_step_back_until_a_day),
		cmocka_unit_test(test_explain_tell__a_step_that_has_failed_on_all_channels_is_passed_over),
		cmocka_unit_test(test_explain_tell__a_policy_for_others_plans_nothing),
		cmocka_unit_test(test_explain_tell__behind_the_last_step_nothing_is_planned),
		cmocka_unit_test(test_explain_tell__a_promise_is_why_nothing_is_planned),
		cmocka_unit_test(test_explain_tell__a_plan_is_why_nothing_is_planned),
		cmocka_unit_test(test_explain_tell__a_hold_is_why_nothing_is_planned),
		cmocka_unit_test(test_explain_tell__only_stops_of_the_groups_debts_are_its_reasons),
		cmocka_unit_test(test_explain_tell__channels_have_the_guards_word),
		cmocka_unit_test(test_explain_tell__a_step_under_way_is_told_with_its_message_and_what_follows),
		cmocka_unit_test(test_explain_tell__every_state_of_a_message_that_waits_has_words),
		cmocka_unit_test(test_explain_tell__a_task_says_who_has_it_and_until_when),
		cmocka_unit_test(test_explain_tell__without_debts_nothing_is_planned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
