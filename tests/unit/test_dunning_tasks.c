#include "rule_spec.h"

#include "base/zone.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/keys.h"
#include "consumers/dunning/policies.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"

/* Tasks: opened by the day of a group, taken, given back, put off, finished, cancelled. */

#define CUSTOMER (spec_id('C', 1))
#define CREDITOR (spec_id('R', 1))
#define DEBT     (spec_id('D', 1))
#define JANE     (spec_id('U', 1)) /* users */
#define JOHN     (spec_id('U', 2))

static struct spec spec;
static struct zones zones;
static struct policy *policy;
static struct uuid group_id;
static const struct uuid nobody;

/* ---- given: a debt that is 30 days past due, and a policy of one step, a call on day 5 ---- */

static void given_person(void)
{
	struct dunned_person *person = spec_given(&spec, &dunned_person_entity, CUSTOMER);

	person->is_active = 1;
	person->kind = CUSTOMER_KIND_NATURAL;
	memcpy(person->country, "DE", sizeof("DE"));
	((struct calendar *)spec_given(&spec, &calendar_entity, calendar_id))->zones = &zones;
	spec_given(&spec, &dunned_demands_entity, CUSTOMER);
	spec_given(&spec, &groups_under_way_entity, CUSTOMER);
}

static void given_debt(void)
{
	struct dunned_debt *debt = spec_given(&spec, &dunned_debt_entity, DEBT);
	struct dunned_group *group;
	const struct uuid customer_id = CUSTOMER, creditor_id = CREDITOR, debt_id = DEBT;

	group_id = group_id_of(&customer_id, &creditor_id, STR("EUR"));
	*debt = (struct dunned_debt){ .customer_id = CUSTOMER,
				      .creditor_id = CREDITOR,
				      .group_id = group_id,
				      .version = 1,
				      .balance_minor = 10000,
				      .opened_on = SPEC_TODAY - 60,
				      .due_on = SPEC_TODAY - 30,
				      .lifecycle = LIFECYCLE_ACTIVE,
				      .currency = "EUR" };
	group = spec_given(&spec, &dunned_group_entity, group_id);
	*group = (struct dunned_group){ .customer_id = CUSTOMER, .creditor_id = CREDITOR, .currency = "EUR" };
	group_debts_put(spec_given(&spec, &group_debts_entity, group_id), &debt_id, true);
}

static void given_policy(void)
{
	struct policies *policies = spec_given(&spec, &policies_entity, policies_id);

	policies->count = 1;
	policy = &policies->items[0];
	*policy = (struct policy){ .publication_id = spec_id('P', 1),
				   .name = "consumers",
				   .version = 1,
				   .priority = 100,
				   .demands_a_day = 1,
				   .demands_a_week = 3,
				   .catch_up = CATCH_UP_ONE_A_DAY,
				   .new_debts = NEW_DEBTS_JOIN,
				   .reopened = REOPENED_START,
				   .steps_count = 1 };
	policy->steps[0] = (struct policy_step){
		.number = 4, .trigger = TRIGGER_DAYS_PAST_DUE, .days = 5, .action = ACTION_CALL, .otherwise = OTHERWISE_MOVE_ON
	};
}

static int setup_group(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	return zones_load(&zones, ZONE_FOLDER, &err);
}

static int setup(void **state)
{
	(void)state;
	spec_init(&spec, &dunning_module);
	spec.is_user = true;
	spec.roles = ROLE_AGENT;
	given_person();
	given_debt();
	given_policy();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

/* ---- when ---- */

static void when_the_day_comes(void)
{
	spec_fire(&spec, &evaluation_timer, group_id, CUSTOMER);
}

static struct uuid the_task_id(void)
{
	struct dunned_group *group = spec_given(&spec, &dunned_group_entity, group_id);

	return group->step_id;
}

/* The task of the step that is under way. */
static struct uuid given_task(void)
{
	when_the_day_comes();
	then_events(&spec, "DunningStepDue", "TaskOpened");
	return the_task_id();
}

static void when_taken(struct uuid task_id, struct uuid user)
{
	struct take_task body = { .task_id = task_id, .customer_id = CUSTOMER };

	spec.user_id = user;
	spec_when(&spec, &take_task_type, &body);
}

static void when_released(struct uuid task_id, struct uuid user)
{
	struct release_task body = { .task_id = task_id, .customer_id = CUSTOMER };

	spec.user_id = user;
	spec_when(&spec, &release_task_type, &body);
}

static void when_finished(struct uuid task_id, struct uuid user, const char *outcome, int32_t back_on)
{
	struct finish_task body = { .task_id = task_id,
				    .customer_id = CUSTOMER,
				    .outcome = str_of(outcome),
				    .has_back_on = back_on != 0,
				    .back_on = back_on };

	spec.user_id = user;
	spec_when(&spec, &finish_task_type, &body);
}

static void when_paid(int64_t balance_minor)
{
	struct payment_recorded body = { .payment_id = spec_id('Y', 1),
					 .customer_id = CUSTOMER,
					 .debt_id = DEBT,
					 .creditor_id = CREDITOR,
					 .currency = STR("EUR"),
					 .balance_minor = balance_minor };

	spec_follow(&spec, &payment_recorded_type, &body);
}

/* ---- then ---- */

static const struct dunning_task *state_of(struct uuid task_id)
{
	const struct dunning_task *task = workset_state(&spec.set, &dunning_task_entity, &task_id);

	assert_non_null(task);
	return task;
}

static const struct dunned_group *the_group(void)
{
	return workset_state(&spec.set, &dunned_group_entity, &group_id);
}

static const struct dunned_person *the_person(void)
{
	const struct uuid id = CUSTOMER;

	return workset_state(&spec.set, &dunned_person_entity, &id);
}

static const struct dunned_debt *the_debt(void)
{
	const struct uuid debt_id = DEBT;

	return workset_state(&spec.set, &dunned_debt_entity, &debt_id);
}

/* The timer that the decision sets of this kind (day), or cancels (0). */
static void then_timer(const struct timer_kind *kind, struct uuid subject, int32_t day)
{
	for (size_t index = 0; index < spec.decision.timers_count; index++) {
		const struct timer_change *change = &spec.decision.timers[index];

		if (change->timer.kind != kind || !uuid_equal(&change->timer.subject, &subject))
			continue;
		assert_int_equal(change->is_cancelled, day == 0);
		if (day != 0)
			assert_int_equal(change->timer.due_on, day);
		return;
	}
	fail_msg("no timer %s", kind->name);
}

static void then_task(struct uuid task_id, enum task_state state, int64_t version, int32_t back_on, struct uuid taken_by)
{
	const struct dunning_task *task = state_of(task_id);

	assert_int_equal(task->state, state);
	assert_int_equal(task->version, version);
	assert_int_equal(task->back_on, back_on);
	assert_true(uuid_equal(&task->taken_by, &taken_by));
	assert_int_equal(task->updated_at_ms, spec.now_ms);
}

/* ---- opened ---- */

static void test_tasks__a_step_that_a_person_takes_opens_one(void **state)
{
	const struct task_opened *opened;
	const struct dunning_task *task;
	const struct uuid customer_id = CUSTOMER, creditor_id = CREDITOR, task_id = given_task();

	(void)state;
	opened = then_event(&spec, 1, task_opened);
	assert_true(uuid_equal(&opened->task_id, &then_event(&spec, 0, dunning_step_due)->step_id));
	assert_true(uuid_equal(&opened->creditor_id, &creditor_id));
	assert_true(str_is(opened->currency, "EUR"));
	then_task(task_id, TASK_STATE_OPEN, 1, 0, nobody);
	task = state_of(task_id);
	assert_true(uuid_equal(&task->customer_id, &customer_id) && uuid_equal(&task->group_id, &group_id));
	assert_int_equal(task->kind, TASK_KIND_CALL);
	assert_int_equal(task->reason, TASK_REASON_STEP_DUE);
	assert_int_equal(task->outcome, TASK_OUTCOME_NONE);
	assert_string_equal(task->policy, "consumers");
	assert_int_equal(task->step, 4);
	assert_int_equal(task->opened_on, SPEC_TODAY);
	assert_int_equal(task->created_at_ms, spec.now_ms);
	assert_false(the_person()->is_traced);
	when_the_day_comes(); /* the step is under way */
	assert_int_equal(spec.decision.events_count, 0);
}

/* Every action but send has a kind of task. */
static void test_tasks__of_every_action(void **state)
{
	(void)state;
	for (uint32_t action = ACTION_SEND + 1; action < DUNNING_ACTION_COUNT; action++) {
		teardown(NULL);
		setup(NULL);
		policy->steps[0].action = action;
		assert_string_equal(task_kind_name((enum task_kind)state_of(given_task())->kind),
				    dunning_action_name((enum dunning_action)action));
	}
}

static void given_unreachable(void)
{
	policy->steps[0].action = ACTION_SEND;
	policy->steps[0].message_class = MESSAGE_CLASS_DEMAND;
	policy->steps[0].channels[0] = CHANNEL_EMAIL;
	policy->steps[0].channels_count = 1;
	policy->steps[0].send_days = 3;
}

static void test_tasks__who_cannot_be_reached_is_traced_once(void **state)
{
	struct uuid task_id;

	(void)state;
	given_unreachable();
	when_the_day_comes();
	then_events(&spec, "DunningWaiting", "TaskOpened");
	task_id = then_event(&spec, 1, task_opened)->task_id;
	assert_int_equal(state_of(task_id)->kind, TASK_KIND_TRACE);
	assert_int_equal(state_of(task_id)->reason, TASK_REASON_NO_CONTACT);
	assert_int_equal(state_of(task_id)->step, 4);
	assert_true(the_person()->is_traced);
	spec.today++;
	when_the_day_comes();
	assert_int_equal(spec.decision.events_count, 0);

	/* Its outcome changes no step. */
	when_taken(task_id, JANE);
	when_finished(task_id, JANE, "done", 0);
	then_events(&spec, "TaskFinished");
	assert_int_equal(state_of(task_id)->outcome, TASK_OUTCOME_DONE);
	assert_int_equal(the_debt()->level, 0);
	assert_true(the_person()->is_traced);
}

static struct uuid given_search(void)
{
	given_unreachable();
	when_the_day_comes();
	then_events(&spec, "DunningWaiting", "TaskOpened");
	return then_event(&spec, 1, task_opened)->task_id;
}

static void when_point(bool is_added)
{
	const struct contact_point_added added = { .customer_id = CUSTOMER, .channel = STR("sms") };
	const struct contact_point_invalidated invalidated = { .customer_id = CUSTOMER, .channel = STR("sms") };

	if (is_added)
		spec_follow(&spec, &contact_point_added_type, &added);
	else
		spec_follow(&spec, &contact_point_invalidated_type, &invalidated);
}

/* Whoever has it; and when the contact point does not help, there is a new one, also on the same day. */
static void test_tasks__a_contact_point_ends_the_search(void **state)
{
	const struct uuid task_id = given_search();

	(void)state;
	when_taken(task_id, JANE);
	when_point(true);
	then_events(&spec, "PersonNoted", "TaskCancelled");
	assert_true(str_is(then_event(&spec, 1, task_cancelled)->reason, "contact"));
	then_task(task_id, TASK_STATE_CANCELLED, 3, 0, nobody);
	then_timer(&task_timer, task_id, 0);
	when_point(true);
	then_events(&spec, "PersonNoted");
	when_point(false);
	then_events(&spec, "PersonNoted");
	when_the_day_comes();
	then_events(&spec, "TaskOpened");
	assert_false(uuid_equal(&then_event(&spec, 0, task_opened)->task_id, &task_id));
}

static void test_tasks__a_stop_ends_the_search(void **state)
{
	const struct circumstance_recorded body = {
		.circumstance_id = spec_id('S', 1), .customer_id = CUSTOMER, .kind = STR("deceased"), .from_on = SPEC_TODAY
	};
	const struct uuid task_id = given_search();

	(void)state;
	spec_follow(&spec, &circumstance_recorded_type, &body);
	then_events(&spec, "StopNoted", "TaskCancelled");
	assert_true(str_is(then_event(&spec, 1, task_cancelled)->reason, "deceased"));
	assert_int_equal(state_of(task_id)->state, TASK_STATE_CANCELLED);
}

/* Another creditor's group waits, too: one search is enough, and one that has found nothing is not repeated at once. */
static void test_tasks__a_person_is_traced_once_for_all_groups(void **state)
{
	const struct uuid first_id = given_search();
	const struct uuid debt_id = spec_id('D', 2);
	struct dunned_debt *debt = spec_given(&spec, &dunned_debt_entity, debt_id);
	struct dunned_group *group;

	(void)state;
	*debt = *the_debt();
	debt->creditor_id = spec_id('R', 2);
	debt->group_id = spec_id('G', 2);
	group = spec_given(&spec, &dunned_group_entity, debt->group_id);
	*group = (struct dunned_group){ .customer_id = CUSTOMER, .creditor_id = debt->creditor_id, .currency = "EUR" };
	group_debts_put(spec_given(&spec, &group_debts_entity, debt->group_id), &debt_id, true);
	spec_fire(&spec, &evaluation_timer, spec_id('G', 2), CUSTOMER);
	then_events(&spec, "DunningWaiting");
	when_taken(first_id, JANE);
	when_finished(first_id, JANE, "not_possible", 0);
	spec_fire(&spec, &evaluation_timer, spec_id('G', 2), CUSTOMER);
	assert_int_equal(spec.decision.events_count, 0);
}

/* Of a person with more groups than are listed: a timer for each, and that of the search is taken away. */
static void test_tasks__a_contact_point_ends_the_search_of_a_person_with_many_groups(void **state)
{
	const struct uuid task_id = given_search();
	struct person_groups *groups = spec_given(&spec, &person_groups_entity, CUSTOMER);
	const struct contact_point_added body = { .contact_point_id = spec_id('A', 9),
						  .customer_id = CUSTOMER,
						  .channel = STR("email") };

	(void)state;
	for (unsigned number = 1; number <= 40; number++) {
		struct uuid one_id = spec_id('G', number);

		person_groups_put(groups, &one_id);
	}
	spec_follow(&spec, &contact_point_added_type, &body);
	then_events(&spec, "PersonNoted", "TaskCancelled");
	assert_int_equal(spec.decision.timers_count, PERSON_GROUPS_MAX + 1);
	assert_int_equal(state_of(task_id)->state, TASK_STATE_CANCELLED);
}

/* ---- taken and given back ---- */

static void test_tasks__one_takes_it_and_has_it_for_a_while(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	spec.now_ms += 1000;
	when_taken(task_id, JANE);
	then_events(&spec, "TaskTaken");
	then_task(task_id, TASK_STATE_TAKEN, 2, SPEC_TODAY + TASK_KEPT_DAYS, JANE);
	assert_int_equal(state_of(task_id)->created_at_ms, spec.now_ms - 1000);
	then_timer(&task_timer, task_id, SPEC_TODAY + TASK_KEPT_DAYS);

	/* Forgotten: it comes back, and not before. */
	spec.today = SPEC_TODAY + TASK_KEPT_DAYS - 1;
	spec_fire(&spec, &task_timer, task_id, CUSTOMER);
	assert_int_equal(spec.decision.events_count, 0);
	spec.today = SPEC_TODAY + TASK_KEPT_DAYS;
	spec_fire(&spec, &task_timer, task_id, CUSTOMER);
	then_events(&spec, "TaskReleased");
	then_task(task_id, TASK_STATE_OPEN, 3, 0, nobody);
	when_taken(task_id, JOHN);
	then_task(task_id, TASK_STATE_TAKEN, 4, spec.today + TASK_KEPT_DAYS, JOHN);
}

static void test_tasks__of_two_who_take_it_one_has_it(void **state)
{
	const struct uuid task_id = given_task();
	struct take_task body = {
		.task_id = task_id, .customer_id = CUSTOMER, .has_expected_version = true, .expected_version = 1
	};

	(void)state;
	when_taken(task_id, JANE);
	when_taken(task_id, JOHN);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "task_id");
	when_taken(task_id, JANE);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "task_id");
	spec_when(&spec, &take_task_type, &body);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	then_task(task_id, TASK_STATE_TAKEN, 2, SPEC_TODAY + TASK_KEPT_DAYS, JANE);
}

static void test_tasks__who_has_it_gives_it_back_or_a_supervisor(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	when_released(task_id, JANE);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "task_id");
	when_taken(task_id, JANE);
	when_released(task_id, JOHN);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "task_id");
	when_finished(task_id, JOHN, "done", 0);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "task_id");
	when_released(task_id, JANE);
	then_events(&spec, "TaskReleased");
	then_task(task_id, TASK_STATE_OPEN, 3, 0, nobody);
	then_timer(&task_timer, task_id, 0);
	when_taken(task_id, JANE);
	spec.roles = ROLE_SUPERVISOR;
	when_released(task_id, JOHN);
	then_events(&spec, "TaskReleased");
}

static void test_tasks__only_a_user_has_one(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	spec.is_user = false;
	when_taken(task_id, JANE);
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, "");
	spec.is_user = true;
	when_taken(task_id, JANE);
	spec.is_user = false;
	spec.roles = ROLE_SUPERVISOR;
	when_released(task_id, JANE);
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, "");
	when_finished(task_id, JANE, "done", 0);
	then_refused(&spec, REFUSAL_NOT_AUTHORISED, "");
}

static void test_tasks__of_another_customer_there_is_none(void **state)
{
	const struct uuid task_id = given_task();
	struct take_task take = { .task_id = task_id, .customer_id = spec_id('C', 2) };
	struct release_task release = { .task_id = task_id, .customer_id = spec_id('C', 2) };
	struct finish_task finish = { .task_id = task_id, .customer_id = spec_id('C', 2), .outcome = STR("done") };

	(void)state;
	spec_when(&spec, &take_task_type, &take);
	then_refused(&spec, REFUSAL_NOT_FOUND, "task_id");
	spec_when(&spec, &release_task_type, &release);
	then_refused(&spec, REFUSAL_NOT_FOUND, "task_id");
	spec_when(&spec, &finish_task_type, &finish);
	then_refused(&spec, REFUSAL_NOT_FOUND, "task_id");
	when_taken(spec_id('T', 9), JANE);
	then_refused(&spec, REFUSAL_NOT_FOUND, "task_id");
}

static void test_tasks__a_version_that_is_not_that_of_now_is_refused(void **state)
{
	const struct uuid task_id = given_task();
	struct release_task release = {
		.task_id = task_id, .customer_id = CUSTOMER, .has_expected_version = true, .expected_version = 1
	};
	struct finish_task finish = { .task_id = task_id,
				      .customer_id = CUSTOMER,
				      .outcome = STR("done"),
				      .has_expected_version = true,
				      .expected_version = 3 };

	(void)state;
	when_taken(task_id, JANE);
	spec_when(&spec, &release_task_type, &release);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	spec_when(&spec, &finish_task_type, &finish);
	then_refused(&spec, REFUSAL_VERSION_CONFLICT, "expected_version");
	finish.expected_version = 2;
	spec_when(&spec, &finish_task_type, &finish);
	assert_int_equal(spec.decision.kind, DECISION_EVENTS);
}

/* ---- finished ---- */

static void test_tasks__done_takes_the_step(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	spec.today += 1;
	spec.now_ms += DAY_MS;
	when_taken(task_id, JANE);
	when_finished(task_id, JANE, "done", 0);
	then_events(&spec, "TaskFinished", "DunningStepTaken");
	then_task(task_id, TASK_STATE_FINISHED, 3, 0, JANE);
	assert_int_equal(state_of(task_id)->outcome, TASK_OUTCOME_DONE);
	assert_int_equal(the_debt()->level, 4);
	assert_int_equal(the_debt()->level_on, SPEC_TODAY + 1);
	assert_string_equal(the_debt()->policy, "consumers");
	assert_true(uuid_is_none(&the_group()->step_id));
	then_timer(&task_timer, task_id, 0);
	then_timer(&evaluation_timer, group_id, SPEC_TODAY + 2);

	when_taken(task_id, JOHN);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "task_id");
	when_finished(task_id, JANE, "done", 0);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "task_id");
	spec_fire(&spec, &task_timer, task_id, CUSTOMER);
	assert_int_equal(spec.decision.events_count, 0);
}

/* The day on which it is taken is that of the person, who may be a day ahead of the clock. */
static void test_tasks__done_on_the_day_of_the_person(void **state)
{
	const struct uuid task_id = given_task();
	struct dunned_person *person = spec_given(&spec, &dunned_person_entity, CUSTOMER);

	(void)state;
	memcpy(person->timezone, "Pacific/Auckland", sizeof("Pacific/Auckland"));
	spec.now_ms = SPEC_TODAY * DAY_MS + 20 * (DAY_MS / 24);
	when_taken(task_id, JANE);
	when_finished(task_id, JANE, "done", 0);
	assert_int_equal(the_debt()->level_on, SPEC_TODAY + 1);
}

static void test_tasks__a_supervisor_finishes_anybodys(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	when_taken(task_id, JANE);
	spec.roles = ROLE_SUPERVISOR;
	when_finished(task_id, JOHN, "done", 0);
	then_events(&spec, "TaskFinished", "DunningStepTaken");
	then_task(task_id, TASK_STATE_FINISHED, 3, 0, JANE);
}

static void when_not(struct uuid task_id, const char *outcome)
{
	when_taken(task_id, JANE);
	when_finished(task_id, JANE, outcome, 0);
}

static void test_tasks__not_possible_moves_on_if_the_policy_says_so(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	when_not(task_id, "not_possible");
	then_events(&spec, "TaskFinished", "DunningStepFailed");
	assert_true(str_is(then_event(&spec, 1, dunning_step_failed)->reason, "not_possible"));
	assert_int_equal(state_of(task_id)->outcome, TASK_OUTCOME_NOT_POSSIBLE);
	then_timer(&evaluation_timer, group_id, SPEC_TODAY);
	assert_int_equal(the_debt()->level, 0);
	when_the_day_comes();
	then_events(&spec, "DunningStepSkipped");
	assert_int_equal(the_debt()->level, 4);
}

static void test_tasks__not_needed_comes_again_if_the_policy_says_so(void **state)
{
	struct uuid first;

	(void)state;
	policy->steps[0].otherwise = OTHERWISE_RETRY;
	policy->steps[0].retry_days = 3;
	policy->steps[0].tries_max = 2;
	first = given_task();
	when_not(first, "not_needed");
	then_events(&spec, "TaskFinished", "DunningStepFailed");
	when_the_day_comes();
	then_events(&spec, "DunningWaiting");
	assert_true(str_is(then_event(&spec, 0, dunning_waiting)->reason, "retry"));
	spec.today += 3;
	when_the_day_comes();
	then_events(&spec, "DunningStepDue", "TaskOpened");
	assert_false(uuid_equal(&first, &then_event(&spec, 1, task_opened)->task_id));
	when_not(the_task_id(), "not_needed");
	when_the_day_comes();
	then_events(&spec, "DunningStepSkipped"); /* the second round was the last */
}

/* Behind a review nobody is left to ask: it does not come again and again. */
static void test_tasks__a_review_of_a_failure_is_the_last_word(void **state)
{
	struct uuid review;

	(void)state;
	policy->steps[0].otherwise = OTHERWISE_REVIEW;
	when_not(given_task(), "not_possible");
	when_the_day_comes();
	then_events(&spec, "DunningStepDue", "TaskOpened");
	review = the_task_id();
	assert_int_equal(state_of(review)->kind, TASK_KIND_REVIEW);
	assert_int_equal(state_of(review)->reason, TASK_REASON_STEP_FAILED);
	when_not(review, "not_needed");
	then_events(&spec, "TaskFinished", "DunningStepFailed", "DunningStepSkipped");
	assert_int_equal(the_debt()->level, 4);
	assert_int_equal(the_debt()->level_on, SPEC_TODAY);
	assert_int_equal(the_group()->failed_step, 0);
	when_the_day_comes();
	assert_int_equal(spec.decision.events_count, 0);
}

static void test_tasks__a_review_that_is_done_takes_the_step(void **state)
{
	(void)state;
	policy->steps[0].otherwise = OTHERWISE_REVIEW;
	when_not(given_task(), "not_possible");
	when_the_day_comes();
	when_not(the_task_id(), "done");
	then_events(&spec, "TaskFinished", "DunningStepTaken");
	assert_int_equal(the_debt()->level, 4);
}

static void test_tasks__later_comes_back_on_its_day(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	when_taken(task_id, JANE);
	when_finished(task_id, JANE, "later", SPEC_TODAY + 5);
	then_events(&spec, "TaskPutOff");
	then_task(task_id, TASK_STATE_PUT_OFF, 3, SPEC_TODAY + 5, nobody);
	assert_int_equal(state_of(task_id)->outcome, TASK_OUTCOME_NONE);
	then_timer(&task_timer, task_id, SPEC_TODAY + 5);
	assert_int_equal(the_debt()->level, 0);
	when_finished(task_id, JANE, "done", 0);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "task_id");
	spec.today += 5;
	spec_fire(&spec, &task_timer, task_id, CUSTOMER);
	then_events(&spec, "TaskReleased");
	then_task(task_id, TASK_STATE_OPEN, 4, 0, nobody);
}

/* The person calls back: it is taken before its day, and its timer is that of the taking. */
static void test_tasks__what_is_put_off_may_be_taken(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	when_taken(task_id, JANE);
	when_finished(task_id, JANE, "later", SPEC_TODAY + TASK_LATER_DAYS_MAX);
	when_taken(task_id, JOHN);
	then_task(task_id, TASK_STATE_TAKEN, 4, SPEC_TODAY + TASK_KEPT_DAYS, JOHN);
	then_timer(&task_timer, task_id, SPEC_TODAY + TASK_KEPT_DAYS);
}

static void test_tasks__an_outcome_is_a_word_and_later_has_a_day(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	when_taken(task_id, JANE);
	when_finished(task_id, JANE, "reached", 0);
	then_refused(&spec, REFUSAL_BAD_VALUE, "outcome");
	when_finished(task_id, JANE, "later", 0);
	then_refused(&spec, REFUSAL_BAD_VALUE, "back_on");
	when_finished(task_id, JANE, "done", SPEC_TODAY + 1);
	then_refused(&spec, REFUSAL_BAD_VALUE, "back_on");
	when_finished(task_id, JANE, "later", SPEC_TODAY);
	then_refused(&spec, REFUSAL_BAD_DATE, "back_on");
	when_finished(task_id, JANE, "later", SPEC_TODAY + TASK_LATER_DAYS_MAX + 1);
	then_refused(&spec, REFUSAL_BAD_DATE, "back_on");
}

/* ---- cancelled ---- */

static void test_tasks__money_cancels_it_with_its_step(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	when_taken(task_id, JANE);
	when_paid(4000);
	then_events(&spec, "DebtNoted", "DunningStepWithdrawn", "TaskCancelled");
	assert_true(str_is(then_event(&spec, 2, task_cancelled)->reason, "paid"));
	assert_int_equal(spec.decision.sendings_count, 0);
	then_task(task_id, TASK_STATE_CANCELLED, 3, 0, nobody);
	then_timer(&task_timer, task_id, 0);
	when_finished(task_id, JANE, "done", 0);
	then_refused(&spec, REFUSAL_BAD_TRANSITION, "task_id");
	assert_int_equal(the_debt()->level, 0);
}

static void when_stopped(const char *kind, bool is_of_debt)
{
	const struct circumstance_recorded body = { .circumstance_id = spec_id('S', 1),
						    .customer_id = CUSTOMER,
						    .kind = str_of(kind),
						    .has_debt_id = is_of_debt,
						    .debt_id = is_of_debt ? DEBT : nobody,
						    .from_on = spec.today };

	spec_follow(&spec, &circumstance_recorded_type, &body);
}

/* The group is asked about at once; the next Tick cancels the task. */
static void then_stop_cancels(struct uuid task_id, const char *reason)
{
	then_timer(&evaluation_timer, group_id, SPEC_TODAY);
	when_the_day_comes();
	then_events(&spec, "DunningStepWithdrawn", "TaskCancelled");
	assert_true(str_is(then_event(&spec, 0, dunning_step_withdrawn)->reason, reason));
	assert_true(str_is(then_event(&spec, 1, task_cancelled)->reason, reason));
	then_timer(&evaluation_timer, group_id, SPEC_TODAY + 1);
	then_timer(&task_timer, task_id, 0);
	assert_int_equal(state_of(task_id)->state, TASK_STATE_CANCELLED);
	assert_true(uuid_is_none(&the_group()->step_id));
}

static void test_tasks__a_stop_of_the_person_cancels_it(void **state)
{
	const struct circumstance_ended ended = { .circumstance_id = spec_id('S', 1), .customer_id = CUSTOMER };
	const struct uuid task_id = given_task();

	(void)state;
	when_taken(task_id, JANE);
	when_stopped("bankruptcy", false);
	then_events(&spec, "StopNoted");
	then_stop_cancels(task_id, "bankruptcy");
	spec.today++;
	when_the_day_comes();
	then_events(&spec, "DunningWaiting");
	spec_follow(&spec, &circumstance_ended_type, &ended);
	spec.today++;
	when_the_day_comes();
	then_events(&spec, "DunningStepDue", "TaskOpened"); /* anew */
	assert_false(uuid_equal(&task_id, &then_event(&spec, 1, task_opened)->task_id));
}

static void test_tasks__a_dispute_of_its_debt_cancels_it(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	when_stopped("dispute", true);
	then_events(&spec, "StopNoted");
	then_stop_cancels(task_id, "dispute");
}

static void test_tasks__of_an_erased_person_it_is_cancelled(void **state)
{
	const struct customer_erased body = { .customer_id = CUSTOMER };
	const struct uuid task_id = given_task();

	(void)state;
	spec_follow(&spec, &customer_erased_type, &body);
	then_events(&spec, "PersonNoted");
	then_stop_cancels(task_id, "person");
}

/* Nothing is under way: the circumstance asks about nobody. */
static void test_tasks__a_stop_without_one_sets_no_timer(void **state)
{
	const struct uuid task_id = given_task();

	(void)state;
	when_taken(task_id, JANE);
	when_finished(task_id, JANE, "done", 0);
	when_stopped("attorney", false);
	then_events(&spec, "StopNoted");
	assert_int_equal(spec.decision.timers_count, 0);
}

static void test_tasks__a_stop_asks_about_so_many_groups(void **state)
{
	struct groups_under_way *groups = spec_given(&spec, &groups_under_way_entity, CUSTOMER);
	struct uuid other_id = spec_id('G', 99);

	(void)state;
	for (unsigned number = GROUPS_UNDER_WAY_MAX; number > 0; number--) {
		const struct uuid id = spec_id('G', number);

		groups_under_way_put(groups, &id, true);
		groups_under_way_put(groups, &id, true);
	}
	groups_under_way_put(groups, &other_id, true); /* behind all of them: it finds no room */
	assert_int_equal(groups->count, GROUPS_UNDER_WAY_MAX);
	when_stopped("cease", false);
	then_events(&spec, "StopNoted");
	assert_int_equal(spec.decision.timers_count, GROUPS_UNDER_WAY_MAX);
	then_timer(&evaluation_timer, spec_id('G', 1), SPEC_TODAY);
	then_timer(&evaluation_timer, spec_id('G', GROUPS_UNDER_WAY_MAX), SPEC_TODAY);
	other_id = spec_id('G', 1);
	groups_under_way_put(groups, &other_id, false);
	groups_under_way_put(groups, &other_id, false);
	assert_int_equal(groups->count, GROUPS_UNDER_WAY_MAX - 1);
	other_id = spec_id('G', 2);
	assert_memory_equal(&groups->ids[0], &other_id, sizeof(other_id));
}

static void test_tasks__money_cancels_no_search(void **state)
{
	struct uuid task_id;

	(void)state;
	given_unreachable();
	when_the_day_comes();
	task_id = then_event(&spec, 1, task_opened)->task_id;
	when_paid(4000);
	then_events(&spec, "DebtNoted");
	assert_int_equal(state_of(task_id)->state, TASK_STATE_OPEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_tasks__a_step_that_a_person_takes_opens_one),
		TEST(test_tasks__of_every_action),
		TEST(test_tasks__who_cannot_be_reached_is_traced_once),
		TEST(test_tasks__a_contact_point_ends_the_search),
		TEST(test_tasks__a_stop_ends_the_search),
		TEST(test_tasks__a_person_is_traced_once_for_all_groups),
		TEST(test_tasks__a_contact_point_ends_the_search_of_a_person_with_many_groups),
		TEST(test_tasks__one_takes_it_and_has_it_for_a_while),
		TEST(test_tasks__of_two_who_take_it_one_has_it),
		TEST(test_tasks__who_has_it_gives_it_back_or_a_supervisor),
		TEST(test_tasks__only_a_user_has_one),
		TEST(test_tasks__of_another_customer_there_is_none),
		TEST(test_tasks__a_version_that_is_not_that_of_now_is_refused),
		TEST(test_tasks__done_takes_the_step),
		TEST(test_tasks__done_on_the_day_of_the_person),
		TEST(test_tasks__a_supervisor_finishes_anybodys),
		TEST(test_tasks__not_possible_moves_on_if_the_policy_says_so),
		TEST(test_tasks__not_needed_comes_again_if_the_policy_says_so),
		TEST(test_tasks__a_review_of_a_failure_is_the_last_word),
		TEST(test_tasks__a_review_that_is_done_takes_the_step),
		TEST(test_tasks__later_comes_back_on_its_day),
		TEST(test_tasks__what_is_put_off_may_be_taken),
		TEST(test_tasks__an_outcome_is_a_word_and_later_has_a_day),
		TEST(test_tasks__money_cancels_it_with_its_step),
		TEST(test_tasks__a_stop_of_the_person_cancels_it),
		TEST(test_tasks__a_dispute_of_its_debt_cancels_it),
		TEST(test_tasks__of_an_erased_person_it_is_cancelled),
		TEST(test_tasks__a_stop_without_one_sets_no_timer),
		TEST(test_tasks__a_stop_asks_about_so_many_groups),
		TEST(test_tasks__money_cancels_no_search),
	};

	return cmocka_run_group_tests_name("dunning_tasks", tests, setup_group, NULL);
}
