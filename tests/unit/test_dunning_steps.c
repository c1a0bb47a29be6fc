/* The timer of a group, and what becomes of the steps that it asks for (decide_evaluate.c, decide_step.c). */

#include "tests/unit/dunning_spec.h"

#define DUE_ON (SPEC_TODAY - 10)

static struct policy *policy;

/* Step 1 from the first day past due on, step 2 on the twentieth; a debt of 1000. */
static void given_a_debt(const char *channels)
{
	policy = given_policy("p");
	given_step(policy, 1, 1, channels);
	given_step(policy, 2, 20, channels);
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
}

/* ---- asked for ---- */

static const struct dunning_step_due *step_due(void)
{
	return then_event(&spec, 0, dunning_step_due);
}

static const struct send_communication *message(void)
{
	return spec.decision.sendings[0].body;
}

static void test_step__is_asked_for_with_all_that_its_message_needs(void **state)
{
	(void)state;
	given_a_debt("email sms");
	when_day(SPEC_TODAY);
	then_step(1, "email");
	then_asked_again_on(SPEC_TODAY + 1);
	assert_true(str_is(step_due()->policy, "p"));
	assert_int_equal(step_due()->policy_version, 1);
	assert_int_equal(step_due()->ask, 1);
	assert_int_equal(step_due()->due_for, SPEC_TODAY);
	assert_int_equal(step_due()->net_minor, 1000);
	assert_true(step_due()->is_demand);
	assert_true(str_is(step_due()->action, "send"));
	assert_true(str_is(message()->template_name, "demand"));
	assert_true(str_is(message()->language, "de-DE"));
	assert_true(str_is(message()->message_class, "demand"));
	assert_int_equal(demands_now(), 1);
	assert_memory_equal(&the_group()->step_id, &step_due()->step_id, sizeof(struct uuid));
}

static void test_step__nothing_else_is_asked_for_while_it_is_under_way(void **state)
{
	(void)state;
	given_a_debt("email");
	when_day(SPEC_TODAY);
	then_step(1, "email");
	for (int32_t day = 1; day < 30; day++) {
		when_day(SPEC_TODAY + day);
		assert_int_equal(spec.decision.events_count, 0);
		then_asked_again_on(SPEC_TODAY + day + 1);
	}
}

/* The same step of the same group, asked for by a timer of the same day, has the same id; another one has another. */
static void test_step__its_id_follows_from_what_it_is(void **state)
{
	struct uuid group_id = the_group_id();
	struct uuid first, same, other, later, cancels;

	(void)state;
	first = step_id_of(&group_id, 1, SPEC_TODAY);
	same = step_id_of(&group_id, 1, SPEC_TODAY);
	other = step_id_of(&group_id, 2, SPEC_TODAY);
	later = step_id_of(&group_id, 1, SPEC_TODAY + 1);
	cancels = cancellation_id_of(&first);
	assert_true(uuid_equal(&first, &same));
	assert_false(uuid_equal(&first, &other));
	assert_false(uuid_equal(&first, &cancels));
	assert_true(uuid_compare(&first, &later) < 0);
	assert_true(uuid_time_ms(&first) <= (SPEC_TODAY - 1) * DAY_MS); /* of the broker, at the earliest */
	given_a_debt("email");
	when_day(SPEC_TODAY);
	same = then_step(1, "email");
	assert_true(uuid_equal(&first, &same));
}

static void test_step__a_task_is_no_message(void **state)
{
	(void)state;
	given_a_debt("");
	policy->steps[0].action = ACTION_CALL;
	when_day(SPEC_TODAY);
	then_events(&spec, "DunningStepDue", "TaskOpened");
	assert_int_equal(spec.decision.sendings_count, 0);
	assert_true(str_is(step_due()->action, "call"));
	assert_true(str_is(step_due()->channel, ""));
	assert_true(step_due()->is_demand);
}

/* Of a policy whose third step is for a contact point more. */
static void test_step__of_a_contact_point_comes_with_it(void **state)
{
	struct policy_step *step;

	(void)state;
	given_a_debt("letter");
	step = given_step(policy, 3, 0, "sms");
	step->trigger = TRIGGER_EVENT;
	step->event = DUNNING_EVENT_CONTACT_POINT_ADDED;
	when_day(DUE_ON);
	assert_int_equal(spec.decision.events_count, 0);
	when_point("sms");
	assert_int_equal(spec.decision.timers_count, 1);
	assert_int_equal(then_timer(&contact_timer, the_group_id(), false)->due_on, DUE_ON);
	spec.today = DUE_ON + 1;
	spec_fire(&spec, &contact_timer, the_group_id(), PERSON);
	then_step(3, "sms");
}

static void test_step__of_a_contact_point_leaves_the_day_its_own(void **state)
{
	(void)state;
	given_a_debt("letter");
	when_point("sms");
	spec.today = DUE_ON + 1;
	spec_fire(&spec, &contact_timer, the_group_id(), PERSON);
	then_nothing();
	when_day(DUE_ON + 1);
	then_step(1, "letter");
}

static void test_group__of_a_person_that_is_not_known_yet_is_asked_about_tomorrow(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_debt(1, 1000, DUE_ON);
	when_day(SPEC_TODAY);
	assert_int_equal(spec.decision.events_count, 0);
	then_asked_again_on(SPEC_TODAY + 1);
	when_reachable_person();
	when_day(SPEC_TODAY + 1);
	then_step(1, "email");
}

static void test_group__one_that_is_not_known_is_not_asked_about(void **state)
{
	(void)state;
	when_day(SPEC_TODAY);
	then_nothing();
}

/* ---- when a message may leave ---- */

static void when_asked_in(const char *country, const char *region, const char *timezone)
{
	given_step(given_policy("p"), 1, 1, "email");
	when_person(country, region, timezone);
	when_point("email");
	when_debt(1, 1000, DUE_ON);
	when_day(SPEC_TODAY);
	then_step(1, "email");
}

static int64_t day_at(int32_t day, int64_t hour)
{
	return day * DAY_MS + hour * HOUR_MS;
}

/* Of January, in the southern summer: 13 hours before UTC. It is eight o'clock of UTC, and the day began long ago. */
static void test_times__in_the_far_east_the_day_has_begun(void **state)
{
	(void)state;
	when_asked_in("NZ", NULL, "Pacific/Auckland");
	assert_false(message()->has_not_before);
	assert_int_equal(message()->send_by, day_at(SPEC_TODAY + 3, -13));
}

/* Midnight in Los Angeles has come; a minute before it the message would have to wait. */
static void test_times__in_the_west_the_day_begins_later(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_person("US", "US-CA", "America/Los_Angeles");
	when_point("email");
	when_debt(1, 1000, DUE_ON);
	spec.now_ms = day_at(SPEC_TODAY, 8) - 60000;
	spec_fire(&spec, &evaluation_timer, the_group_id(), PERSON);
	then_step(1, "email");
	assert_true(message()->has_not_before);
	assert_int_equal(message()->not_before, day_at(SPEC_TODAY, 8));
	assert_int_equal(message()->send_by, day_at(SPEC_TODAY + 3, 8));
}

/* From Washington to Honolulu: nowhere in the country it may be yesterday. */
static void test_times__of_a_country_with_many_zones_the_last_counts(void **state)
{
	(void)state;
	when_asked_in("US", NULL, NULL);
	assert_true(message()->has_not_before);
	assert_true(message()->not_before >= day_at(SPEC_TODAY, 10));
	spec.now_ms = day_at(SPEC_TODAY + 1, 9); /* in Honolulu still yesterday */
	when_progressed(step_due()->step_id, "submitted");
	assert_int_equal(then_event(&spec, 0, dunning_step_taken)->taken_on, SPEC_TODAY + 1);
}

/* A region that has one zone; a zone that was recorded is before all. */
static void test_times__the_narrower_place_counts(void **state)
{
	(void)state;
	when_asked_in("US", "US-MA", NULL);
	assert_int_equal(message()->send_by, day_at(SPEC_TODAY + 3, 5));
	dunning_tear_down(state);
	dunning_set_up(state);
	when_asked_in("US", "US-MA", "Europe/Berlin");
	assert_int_equal(message()->send_by, day_at(SPEC_TODAY + 3, -1));
}

static void test_times__of_an_unknown_country_it_is_utc(void **state)
{
	(void)state;
	when_asked_in("XX", NULL, NULL);
	assert_int_equal(message()->send_by, day_at(SPEC_TODAY + 3, 0));
}

/* The clock was away: the business date is behind. The message has a day from now on. */
static void test_times__that_are_over_are_a_day_from_now(void **state)
{
	(void)state;
	given_a_debt("email");
	spec.now_ms = day_at(SPEC_TODAY + 20, 8);
	spec_fire(&spec, &evaluation_timer, the_group_id(), PERSON);
	then_step(1, "email");
	assert_false(message()->has_not_before);
	assert_int_equal(message()->send_by, spec.now_ms + DAY_MS);
}

/* ---- taken ---- */

static struct uuid when_asked(int32_t today, int32_t number, const char *channel)
{
	when_day(today);
	return then_step(number, channel);
}

static void test_taken__its_debts_rise(void **state)
{
	struct uuid step_id;

	(void)state;
	given_a_debt("email");
	when_debt(2, 500, SPEC_TODAY + 5); /* not past due: not listed */
	step_id = when_asked(SPEC_TODAY, 1, "email");
	when_progressed(step_id, "submitted");
	then_events(&spec, "DunningStepTaken");
	then_asked_again_on(SPEC_TODAY + 1);
	assert_int_equal(then_event(&spec, 0, dunning_step_taken)->version, 2);
	assert_int_equal(the_debt(1)->level, 1);
	assert_int_equal(the_debt(1)->level_on, SPEC_TODAY);
	assert_string_equal(the_debt(1)->policy, "p");
	assert_int_equal(the_debt(2)->level, 0);
	assert_int_equal(the_step(step_id)->state, STEP_STATE_TAKEN);
	assert_int_equal(the_step(step_id)->taken_on, SPEC_TODAY);
	assert_true(uuid_is_none(&the_group()->step_id));
	assert_int_equal(demands_now(), 1);
}

static void test_taken__once(void **state)
{
	struct uuid step_id;

	(void)state;
	given_a_debt("email");
	step_id = when_asked(SPEC_TODAY, 1, "email");
	when_progressed(step_id, "submitted");
	when_progressed(step_id, "delivered");
	then_nothing();
	when_progressed(step_id, "failed"); /* a bounce: it was accepted, and counts */
	then_nothing();
}

/* The report of the acceptance may be lost, or come behind. */
static void test_taken__by_a_report_of_the_delivery_too(void **state)
{
	struct uuid step_id;

	(void)state;
	given_a_debt("email");
	step_id = when_asked(SPEC_TODAY, 1, "email");
	when_progressed(step_id, "delivered");
	then_events(&spec, "DunningStepTaken");
	when_progressed(step_id, "submitted");
	then_nothing();
}

/* At the earliest the day that it was asked for; never later than it is, whatever a provider's clock says. */
static void test_taken__on_the_day_of_the_report(void **state)
{
	static const struct {
		int64_t at_ms;
		int32_t taken_on;
	} reports[] = {
		{ (SPEC_TODAY - 1) * DAY_MS, SPEC_TODAY },
		{ SPEC_TODAY * DAY_MS + 22 * HOUR_MS, SPEC_TODAY },
		{ SPEC_TODAY * DAY_MS + 23 * HOUR_MS, SPEC_TODAY + 1 }, /* in Berlin */
		{ (SPEC_TODAY + 2) * DAY_MS, SPEC_TODAY + 2 },
		{ (SPEC_TODAY + 300) * DAY_MS, SPEC_TODAY + 2 },
		{ DAY_MAX * DAY_MS, SPEC_TODAY + 2 },
	};

	for (size_t index = 0; index < COUNT(reports); index++) {
		struct uuid step_id;

		given_a_debt("email");
		step_id = when_asked(SPEC_TODAY, 1, "email");
		spec.now_ms = day_at(SPEC_TODAY + 2, 9);
		spec.today = SPEC_TODAY + 2;
		when_progressed_at(step_id, "submitted", reports[index].at_ms);
		assert_int_equal(then_event(&spec, 0, dunning_step_taken)->taken_on, reports[index].taken_on);
		then_asked_again_on(SPEC_TODAY + 3);
		dunning_tear_down(state);
		dunning_set_up(state);
	}
}

/* A message that was withdrawn, and had left before, counts. */
static void test_taken__after_it_was_withdrawn(void **state)
{
	struct uuid step_id;

	(void)state;
	given_a_debt("email");
	step_id = when_asked(SPEC_TODAY, 1, "email");
	when_payment(1, 500, 0);
	assert_int_equal(demands_now(), 0);
	when_progressed(step_id, "submitted");
	then_events(&spec, "DunningStepTaken");
	assert_int_equal(the_debt(1)->level, 1);
	assert_int_equal(demands_now(), 1);
}

static void test_taken__after_it_had_failed(void **state)
{
	struct uuid step_id;

	(void)state;
	given_a_debt("email sms");
	step_id = when_asked(SPEC_TODAY, 1, "email");
	when_progressed(step_id, "expired");
	when_progressed(step_id, "delivered");
	then_events(&spec, "DunningStepTaken");
	assert_int_equal(the_debt(1)->level, 1);
	assert_int_equal(the_group()->failed_step, 0);
}

/* The group is at step 2 already: a late report about step 1 does not send step 2 once more. */
static void test_taken__a_late_report_lowers_no_debt(void **state)
{
	struct uuid late_id;

	(void)state;
	given_a_debt("email");
	late_id = when_asked(SPEC_TODAY, 1, "email");
	when_progressed(late_id, "failed");
	when_day(SPEC_TODAY + 1);
	then_events(&spec, "DunningStepSkipped");
	when_progressed(when_asked(SPEC_TODAY + 10, 2, "email"), "submitted");
	assert_int_equal(the_debt(1)->level, 2);
	when_progressed(late_id, "delivered");
	then_events(&spec, "DunningStepTaken");
	assert_int_equal(the_debt(1)->level, 2);
	when_day(SPEC_TODAY + 11);
	assert_int_equal(spec.decision.events_count, 0);
}

/* ---- failed ---- */

static void then_failed(struct uuid step_id, const char *reason, int32_t next_channel)
{
	const struct dunning_step_failed *failed = then_event(&spec, spec.decision.events_count - 1, dunning_step_failed);

	assert_ptr_equal(spec.decision.events[spec.decision.events_count - 1].type, &dunning_step_failed_type);
	assert_memory_equal(&failed->step_id, &step_id, sizeof(step_id));
	assert_true(str_is(failed->reason, reason));
	assert_int_equal(failed->next_channel, next_channel);
	assert_int_equal(failed->version, 2);
	then_asked_again_on(SPEC_TODAY);
	assert_int_equal(the_step(step_id)->state, STEP_STATE_FAILED);
	assert_true(uuid_is_none(&the_group()->step_id));
	assert_int_equal(the_group()->failed_step, 1);
	assert_int_equal(demands_now(), 0);
}

static void test_failed__by_each_state_that_says_so(void **state)
{
	static const char *const states[] = { "failed", "expired", "rejected" };

	for (size_t index = 0; index < COUNT(states); index++) {
		struct uuid step_id;

		given_a_debt("email sms");
		step_id = when_asked(SPEC_TODAY, 1, "email");
		when_progressed(step_id, states[index]);
		then_failed(step_id, states[index], 1);
		when_progressed(step_id, states[index]);
		then_nothing();
		dunning_tear_down(state);
		dunning_set_up(state);
	}
}

/* Of a message of which nobody knows whether it left a person finds out; until then the step is under way. */
static void test_failed__not_by_what_may_still_become_of_it(void **state)
{
	static const char *const states[] = { "scheduled", "released", "retry_wait", "unknown", "merged" };
	struct uuid step_id;

	(void)state;
	given_a_debt("email sms");
	step_id = when_asked(SPEC_TODAY, 1, "email");
	for (size_t index = 0; index < COUNT(states); index++) {
		when_progressed(step_id, states[index]);
		then_nothing();
	}
	assert_int_equal(the_step(step_id)->state, STEP_STATE_ASKED);
}

static void test_failed__when_the_guard_suppresses_it(void **state)
{
	struct communication_suppressed body = { .customer_id = PERSON };

	(void)state;
	given_a_debt("email sms");
	body.communication_id = when_asked(SPEC_TODAY, 1, "email");
	spec_follow(&spec, &communication_suppressed_type, &body);
	then_failed(body.communication_id, "suppressed", 1);
}

static void test_failed__when_a_person_cancels_it(void **state)
{
	struct communication_cancelled body = { .customer_id = PERSON };

	(void)state;
	given_a_debt("email sms");
	body.communication_id = when_asked(SPEC_TODAY, 1, "email");
	spec_follow(&spec, &communication_cancelled_type, &body);
	then_failed(body.communication_id, "cancelled", 1);
}

/* The answer to the module's own cancellation finds the step withdrawn. */
static void test_failed__not_by_its_own_cancellation(void **state)
{
	struct communication_cancelled body = { .customer_id = PERSON };
	struct command_rejected rejected = { .customer_id = PERSON, .code = STR("bad_transition") };

	(void)state;
	given_a_debt("email sms");
	body.communication_id = when_asked(SPEC_TODAY, 1, "email");
	rejected.command_id = cancellation_id_of(&body.communication_id);
	when_payment(1, 500, 0);
	spec_follow(&spec, &communication_cancelled_type, &body);
	then_nothing();
	spec_follow(&spec, &command_rejected_type, &rejected);
	then_nothing();
	assert_int_equal(the_group()->failed_step, 0);
}

static void test_failed__when_its_command_is_refused(void **state)
{
	struct command_rejected body = { .customer_id = PERSON, .code = STR("not_found") };

	(void)state;
	given_a_debt("email sms");
	body.command_id = when_asked(SPEC_TODAY, 1, "email");
	spec_follow(&spec, &command_rejected_type, &body);
	then_failed(body.command_id, "not_found", 1);
}

/* Ids of steps are on topics: another may take one for a command of his own, or for a message to another person. */
static void test_failed__not_by_what_others_do_under_its_id(void **state)
{
	struct command_rejected rejected = {
		.customer_id = PERSON, .code = STR("duplicate_different_body"), .has_actor = true, .actor = STR("upstream")
	};
	struct command_rejected of_another = { .customer_id = spec_id('C', 2), .code = STR("not_found") };
	struct communication_progressed progressed = {
		.customer_id = spec_id('C', 2), .channel = STR("email"), .state = STR("submitted"), .occurred_at = spec.now_ms
	};
	struct uuid step_id;

	(void)state;
	given_a_debt("email sms");
	step_id = when_asked(SPEC_TODAY, 1, "email");
	rejected.command_id = of_another.command_id = progressed.communication_id = step_id;
	spec_follow(&spec, &command_rejected_type, &rejected);
	then_nothing();
	spec_follow(&spec, &command_rejected_type, &of_another);
	then_nothing();
	spec_follow(&spec, &communication_progressed_type, &progressed);
	then_nothing();
	assert_int_equal(the_group()->failed_step, 0);
	rejected.actor = STR("dunning");
	spec_follow(&spec, &command_rejected_type, &rejected);
	then_failed(step_id, "duplicate_different_body", 1);
}

/* The person says no, to this channel; the step goes on by the next one. */
static void test_failed__when_the_person_opts_out(void **state)
{
	struct uuid step_id;

	(void)state;
	given_a_debt("email sms");
	step_id = when_asked(SPEC_TODAY, 1, "email");
	when_withdrawn("email", &step_id);
	then_events(&spec, "PersonNoted", "DunningStepFailed");
	then_failed(step_id, "opted_out", 1);
	when_day(SPEC_TODAY);
	then_step(1, "sms");
}

static void test_failed__an_opt_out_of_messages_of_others_is_only_noted(void **state)
{
	struct uuid other_id = spec_id('M', 1);

	(void)state;
	given_a_debt("email sms");
	when_asked(SPEC_TODAY, 1, "email");
	when_withdrawn("email", &other_id);
	then_events(&spec, "PersonNoted");
}

static void test_report__about_messages_of_others_says_nothing(void **state)
{
	const struct communication_suppressed suppressed = { .communication_id = spec_id('M', 1), .customer_id = PERSON };
	const struct command_rejected rejected = { .command_id = spec_id('M', 1), .customer_id = PERSON };

	(void)state;
	given_a_debt("email");
	when_progressed(spec_id('M', 1), "submitted");
	then_nothing();
	spec_follow(&spec, &communication_suppressed_type, &suppressed);
	then_nothing();
	spec_follow(&spec, &command_rejected_type, &rejected);
	then_nothing();
}

/* ---- the next channel, and what follows the last one ---- */

static void when_asked_and_failed(int32_t today, const char *channel)
{
	when_progressed(when_asked(today, 1, channel), "failed");
}

static void test_channels__the_next_one_is_tried_on_the_same_day(void **state)
{
	(void)state;
	given_a_debt("email sms letter");
	when_asked_and_failed(SPEC_TODAY, "email");
	when_asked_and_failed(SPEC_TODAY, "sms");
	when_progressed(when_asked(SPEC_TODAY, 1, "letter"), "submitted");
	assert_int_equal(the_debt(1)->level, 1);
	assert_int_equal(the_group()->asks, 3);
	assert_int_equal(demands_now(), 1);
}

static void test_channels__one_without_a_contact_point_is_passed_over(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "email sms letter");
	when_person("DE", NULL, NULL);
	when_point("email");
	when_point("letter");
	when_debt(1, 1000, DUE_ON);
	when_asked_and_failed(SPEC_TODAY, "email");
	when_asked(SPEC_TODAY, 1, "letter");
}

static void test_exhausted__moves_on(void **state)
{
	const struct dunning_step_skipped *skipped;

	(void)state;
	given_a_debt("email");
	when_asked_and_failed(SPEC_TODAY, "email");
	when_day(SPEC_TODAY);
	then_events(&spec, "DunningStepSkipped");
	skipped = then_event(&spec, 0, dunning_step_skipped);
	assert_int_equal(skipped->step, 1);
	assert_int_equal(skipped->debt_ids_count, 1);
	then_asked_again_on(SPEC_TODAY + 1);
	assert_int_equal(the_debt(1)->level, 1);
	assert_int_equal(the_debt(1)->level_on, SPEC_TODAY);
	assert_int_equal(the_group()->failed_step, 0);
	when_asked(SPEC_TODAY + 10, 2, "email");
}

static void test_exhausted__is_tried_again_and_then_moves_on(void **state)
{
	(void)state;
	given_a_debt("email sms");
	policy->steps[0].otherwise = OTHERWISE_RETRY;
	policy->steps[0].retry_days = 4;
	policy->steps[0].tries_max = 2;
	when_asked_and_failed(SPEC_TODAY, "email");
	when_asked_and_failed(SPEC_TODAY, "sms");
	when_day(SPEC_TODAY);
	then_waits_for("retry", 1);
	assert_int_equal(then_event(&spec, 0, dunning_waiting)->ask_on, SPEC_TODAY + 4);
	assert_int_equal(the_group()->rounds, 1);
	when_day(SPEC_TODAY + 3);
	assert_int_equal(spec.decision.events_count, 0);
	when_asked_and_failed(SPEC_TODAY + 4, "email");
	when_asked_and_failed(SPEC_TODAY + 4, "sms");
	when_day(SPEC_TODAY + 4);
	then_events(&spec, "DunningStepSkipped");
	assert_int_equal(the_debt(1)->level, 1);
	assert_int_equal(the_group()->rounds, 0);
}

/* The opt-out ends the message, which is how the step fails; the ladder goes on where it was. */
static void test_exhausted__is_not_who_wants_nothing(void **state)
{
	struct uuid step_id;

	(void)state;
	given_a_debt("email");
	step_id = when_asked(SPEC_TODAY, 1, "email");
	when_withdrawn(NULL, &step_id);
	then_failed(step_id, "opted_out", 1);
	when_day(SPEC_TODAY);
	then_waits_for("opted_out", 1);
	then_asked_again_on(SPEC_TODAY + 1);
	when_day(SPEC_TODAY + 1);
	assert_int_equal(spec.decision.events_count, 0);
	assert_int_equal(the_debt(1)->level, 0);
	when_consent("email");
	when_asked_and_failed(SPEC_TODAY + 2, "email");
	when_day(SPEC_TODAY + 2);
	then_events(&spec, "DunningStepSkipped");
}

static void test_exhausted__is_not_who_has_no_address_left(void **state)
{
	const struct contact_point_invalidated lost = { .customer_id = PERSON, .channel = STR("email") };

	(void)state;
	given_a_debt("email");
	when_asked_and_failed(SPEC_TODAY, "email");
	spec_follow(&spec, &contact_point_invalidated_type, &lost);
	when_day(SPEC_TODAY);
	then_events(&spec, "DunningWaiting", "TaskOpened");
	assert_true(str_is(then_event(&spec, 0, dunning_waiting)->reason, "no_contact"));
	when_point("email");
	when_asked(SPEC_TODAY + 1, 1, "email");
}

/* Its level is gone with the payment; that the group has taken a step on this day is not. */
static void test_taken__is_the_only_step_of_a_group_on_a_day(void **state)
{
	const struct debt_reopened again = {
		.debt_id = DEBT(1), .customer_id = PERSON, .creditor_id = CREDITOR, .currency = STR("EUR"), .balance_minor = 1000
	};

	(void)state;
	given_a_debt("email");
	policy->demands_a_day = 2;
	when_progressed(when_asked(SPEC_TODAY, 1, "email"), "submitted");
	assert_int_equal(the_group()->stepped_on, SPEC_TODAY);
	when_paid(1);
	spec_follow(&spec, &debt_reopened_type, &again);
	assert_int_equal(the_debt(1)->level, 0);
	when_day(SPEC_TODAY);
	assert_int_equal(spec.decision.events_count, 0);
	then_asked_again_on(SPEC_TODAY + 1);
	when_asked(SPEC_TODAY + 1, 1, "email");
}

/* In the step's place: it is taken when the task is done. */
static void test_exhausted__is_reviewed(void **state)
{
	(void)state;
	given_a_debt("email");
	policy->steps[0].otherwise = OTHERWISE_REVIEW;
	when_asked_and_failed(SPEC_TODAY, "email");
	when_day(SPEC_TODAY);
	then_events(&spec, "DunningStepDue", "TaskOpened");
	assert_true(str_is(step_due()->action, "review"));
	assert_false(step_due()->is_demand);
	assert_int_equal(step_due()->debt_ids_count, 1);
	assert_int_equal(spec.decision.sendings_count, 0);
	assert_int_equal(demands_now(), 0);
	when_day(SPEC_TODAY + 1);
	assert_int_equal(spec.decision.events_count, 0);
}

/* Two steps of one number, for two arms: the channel that has failed is one of the person's own step. */
static void test_channels__are_those_of_the_persons_arm(void **state)
{
	struct uuid person_id = PERSON;
	struct policy_step *own, *other;

	(void)state;
	policy = given_policy("p");
	policy->arms_count = 2;
	policy->arms[0] = (struct policy_arm){ .name = "a", .weight = 1 };
	policy->arms[1] = (struct policy_arm){ .name = "b", .weight = 1 };
	given_step(policy, 1, 1, "letter email");
	given_step(policy, 1, 1, "email sms");
	own = &policy->steps[1];
	other = &policy->steps[0];
	memcpy(own->arm, policy_arm_of(policy, &person_id)->name, sizeof(own->arm));
	memcpy(other->arm, strcmp(own->arm, "a") == 0 ? "b" : "a", 2);
	when_reachable_person();
	when_debt(1, 1000, DUE_ON);
	when_asked_and_failed(SPEC_TODAY, "email");
	when_asked(SPEC_TODAY, 1, "sms");
}

/* Two policies have a step 1, and a debt goes from the one to the other: what has failed for it was the other one's step. */
static void test_failed__is_of_the_policys_own_step(void **state)
{
	struct policy *other;

	(void)state;
	given_a_debt("email sms");
	when_asked_and_failed(SPEC_TODAY, "email");
	other = given_policy("q");
	other->priority = policy->priority - 1;
	given_step(other, 1, 1, "email sms");
	when_asked(SPEC_TODAY, 1, "email");
	assert_string_equal(the_step(step_due()->step_id)->policy, "q");
}

/* ---- waiting ---- */

/* It says so, though the number of the step is the same. */
static void test_waiting__with_another_policys_step_is_said_again(void **state)
{
	struct policy *other;

	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_person("DE", NULL, NULL);
	when_debt(1, 1000, DUE_ON);
	when_day(SPEC_TODAY);
	then_waits_for("no_contact", 1);
	other = given_policy("q");
	other->priority = -1;
	given_step(other, 1, 1, "email");
	when_day(SPEC_TODAY + 1);
	then_events(&spec, "DunningWaiting"); /* and no second task to trace the person */
	assert_string_equal(the_group()->wait_policy, "q");
}

static void test_waiting__is_said_once(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_person("DE", NULL, NULL);
	when_debt(1, 1000, DUE_ON);
	when_day(SPEC_TODAY);
	then_waits_for("no_contact", 1);
	then_asked_again_on(SPEC_TODAY + 1);
	assert_int_equal(the_group()->wait, WAIT_NO_CONTACT);
	assert_int_equal(the_group()->wait_step, 1);
	when_day(SPEC_TODAY + 1);
	assert_int_equal(spec.decision.events_count, 0);
	when_point("email");
	when_withdrawn("email", NULL);
	when_day(SPEC_TODAY + 2);
	then_waits_for("opted_out", 1); /* another reason */
}

static void test_waiting__ends_with_a_step(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_person("DE", NULL, NULL);
	when_debt(1, 1000, DUE_ON);
	when_day(SPEC_TODAY);
	then_waits_for("no_contact", 1);
	when_point("email");
	when_asked(SPEC_TODAY + 1, 1, "email");
	assert_int_equal(the_group()->wait, WAIT_NONE);
	assert_int_equal(the_group()->wait_step, 0);
}

static void test_waiting__on_the_day_on_which_the_person_wrote(void **state)
{
	const struct inbound_received body = { .customer_id = PERSON, .received_at = day_at(SPEC_TODAY, 7) };

	(void)state;
	given_a_debt("email");
	spec_follow(&spec, &inbound_received_type, &body);
	when_day(SPEC_TODAY);
	then_waits_for("inbound", 1);
	assert_int_equal(then_event(&spec, 0, dunning_waiting)->ask_on, SPEC_TODAY + 1);
	when_asked(SPEC_TODAY + 1, 1, "email");
}

/* Over all creditors of the person; what has failed does not count. */
static void test_waiting__for_the_caps(void **state)
{
	struct debt_created other = { .debt_id = DEBT(9),
				      .customer_id = PERSON,
				      .creditor_id = spec_id('R', 2),
				      .currency = STR("EUR"),
				      .balance_minor = 100,
				      .due_on = DUE_ON,
				      .has_lifecycle = true,
				      .lifecycle = STR("ACTIVE") };
	struct uuid person_id = PERSON;
	struct uuid group_id = group_id_of(&person_id, &other.creditor_id, STR("EUR"));
	struct uuid step_id;

	(void)state;
	given_a_debt("email");
	policy->demands_a_day = 1;
	spec_follow(&spec, &debt_created_type, &other);
	step_id = when_asked(SPEC_TODAY, 1, "email");
	spec_fire(&spec, &evaluation_timer, group_id, PERSON);
	then_waits_for("cap", 1);
	when_progressed(step_id, "failed");
	spec_fire(&spec, &evaluation_timer, group_id, PERSON);
	then_step(1, "email");
}

static void test_waiting__for_a_stop_that_is_lifted(void **state)
{
	const struct circumstance_recorded recorded = {
		.circumstance_id = spec_id('S', 1), .customer_id = PERSON, .kind = STR("attorney"), .from_on = SPEC_TODAY
	};
	const struct circumstance_ended ended = { .circumstance_id = spec_id('S', 1), .customer_id = PERSON };

	(void)state;
	given_a_debt("email");
	spec_follow(&spec, &circumstance_recorded_type, &recorded);
	when_day(SPEC_TODAY);
	then_waits_for("restriction", 0);
	spec_follow(&spec, &circumstance_ended_type, &ended);
	when_asked(SPEC_TODAY + 1, 1, "email");
}

/* What is under way stops, too: its message is cancelled, and the step is asked for anew when the stop is over. */
static void test_withdrawn__by_a_stop_of_the_person(void **state)
{
	const struct circumstance_recorded recorded = {
		.circumstance_id = spec_id('S', 1), .customer_id = PERSON, .kind = STR("attorney"), .from_on = SPEC_TODAY
	};
	const struct circumstance_ended ended = { .circumstance_id = spec_id('S', 1), .customer_id = PERSON };
	const struct cancel_communication *cancel;
	struct uuid step_id;

	(void)state;
	given_a_debt("email sms");
	step_id = when_asked(SPEC_TODAY, 1, "email");
	spec_follow(&spec, &circumstance_recorded_type, &recorded);
	then_asked_again_on(SPEC_TODAY);
	when_day(SPEC_TODAY);
	then_events(&spec, "DunningStepWithdrawn");
	then_asked_again_on(SPEC_TODAY + 1);
	assert_int_equal(spec.decision.sendings_count, 1);
	cancel = spec.decision.sendings[0].body;
	assert_memory_equal(&cancel->communication_id, &step_id, sizeof(step_id));
	assert_int_equal(the_step(step_id)->state, STEP_STATE_WITHDRAWN);
	assert_int_equal(demands_now(), 0);
	spec_follow(&spec, &circumstance_ended_type, &ended);
	when_asked(SPEC_TODAY + 1, 1, "email"); /* the first channel: it has not failed */
}

/* Whatever asks for it: a doubled letter is worse than a day. */
static void test_withdrawn__is_not_asked_for_again_on_the_same_day(void **state)
{
	(void)state;
	given_a_debt("email");
	when_asked(SPEC_TODAY, 1, "email");
	when_payment(1, 500, 0);
	then_events(&spec, "DebtNoted", "DunningStepWithdrawn");
	assert_int_equal(then_event(&spec, 1, dunning_step_withdrawn)->withdrawn_on, SPEC_TODAY);
	when_debt(2, 700, DUE_ON);
	when_day(SPEC_TODAY);
	assert_int_equal(spec.decision.events_count, 0);
	when_asked(SPEC_TODAY + 1, 1, "email");
	assert_int_equal(step_due()->debt_ids_count, 2);
}

static void then_newer_is_withdrawn(struct uuid newer_id)
{
	const struct cancel_communication *cancel = spec.decision.sendings[0].body;

	then_events(&spec, "DunningStepTaken", "DunningStepWithdrawn");
	assert_true(str_is(then_event(&spec, 1, dunning_step_withdrawn)->reason, "left"));
	assert_memory_equal(&cancel->communication_id, &newer_id, sizeof(newer_id));
	assert_int_equal(the_step(newer_id)->state, STEP_STATE_WITHDRAWN);
	assert_int_equal(the_debt(1)->level, 1);
	assert_int_equal(demands_now(), 1);
}

/* The message of before left all the same: the one that was asked for since would say the same. */
static void test_withdrawn__when_the_one_before_has_left(void **state)
{
	struct uuid first_id, newer_id;

	(void)state;
	given_a_debt("email");
	first_id = when_asked(SPEC_TODAY, 1, "email");
	when_payment(1, 500, 0);
	newer_id = when_asked(SPEC_TODAY + 1, 1, "email");
	when_progressed(first_id, "submitted");
	then_newer_is_withdrawn(newer_id);
	when_day(SPEC_TODAY + 2);
	assert_int_equal(spec.decision.events_count, 0); /* step 2 is due after 20 days */
}

static void test_withdrawn__when_the_failed_one_before_has_left(void **state)
{
	struct uuid first_id, newer_id;

	(void)state;
	given_a_debt("email sms");
	first_id = when_asked(SPEC_TODAY, 1, "email");
	when_progressed(first_id, "failed");
	newer_id = when_asked(SPEC_TODAY, 1, "sms");
	when_progressed(first_id, "delivered");
	then_newer_is_withdrawn(newer_id);
}

/* What the guard stops because of the circumstance has not failed: no other channel, and no debt rises without a message. */
static void test_withdrawn__when_a_stop_suppresses_it(void **state)
{
	const struct circumstance_recorded recorded = {
		.circumstance_id = spec_id('S', 1), .customer_id = PERSON, .kind = STR("attorney"), .from_on = SPEC_TODAY
	};
	struct communication_suppressed body = { .customer_id = PERSON, .reason = STR("US-04") };

	(void)state;
	given_a_debt("email sms");
	body.communication_id = when_asked(SPEC_TODAY, 1, "email");
	spec_follow(&spec, &circumstance_recorded_type, &recorded);
	spec_follow(&spec, &communication_suppressed_type, &body);
	then_events(&spec, "DunningStepWithdrawn");
	assert_int_equal(spec.decision.sendings_count, 0); /* nothing is left to cancel */
	assert_int_equal(the_group()->failed_step, 0);
}

/* Nothing is due any more: the group does not wait, and its people do not see that it does. */
static void test_waiting__ends_when_there_is_nothing_to_wait_for(void **state)
{
	(void)state;
	given_step(given_policy("p"), 1, 1, "email");
	when_person("DE", NULL, NULL);
	when_debt(1, 1000, DUE_ON);
	when_day(SPEC_TODAY);
	then_waits_for("no_contact", 1);
	when_amended(1, SPEC_TODAY + 20);
	when_day(SPEC_TODAY + 1);
	then_waits_for("", 0);
	assert_int_equal(the_group()->wait, WAIT_NONE);
	assert_int_equal(the_group()->wait_step, 0);
	when_day(SPEC_TODAY + 2);
	assert_int_equal(spec.decision.events_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, dunning_set_up, dunning_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_step__is_asked_for_with_all_that_its_message_needs),
		TEST(test_step__nothing_else_is_asked_for_while_it_is_under_way),
		TEST(test_step__its_id_follows_from_what_it_is),
		TEST(test_step__a_task_is_no_message),
		TEST(test_step__of_a_contact_point_comes_with_it),
		TEST(test_step__of_a_contact_point_leaves_the_day_its_own),
		TEST(test_group__of_a_person_that_is_not_known_yet_is_asked_about_tomorrow),
		TEST(test_group__one_that_is_not_known_is_not_asked_about),
		TEST(test_times__in_the_far_east_the_day_has_begun),
		TEST(test_times__in_the_west_the_day_begins_later),
		TEST(test_times__of_a_country_with_many_zones_the_last_counts),
		TEST(test_times__the_narrower_place_counts),
		TEST(test_times__of_an_unknown_country_it_is_utc),
		TEST(test_times__that_are_over_are_a_day_from_now),
		TEST(test_taken__its_debts_rise),
		TEST(test_taken__once),
		TEST(test_taken__by_a_report_of_the_delivery_too),
		TEST(test_taken__on_the_day_of_the_report),
		TEST(test_taken__after_it_was_withdrawn),
		TEST(test_taken__after_it_had_failed),
		TEST(test_taken__a_late_report_lowers_no_debt),
		TEST(test_failed__by_each_state_that_says_so),
		TEST(test_failed__not_by_what_may_still_become_of_it),
		TEST(test_failed__when_the_guard_suppresses_it),
		TEST(test_failed__when_a_person_cancels_it),
		TEST(test_failed__not_by_its_own_cancellation),
		TEST(test_failed__when_its_command_is_refused),
		TEST(test_failed__not_by_what_others_do_under_its_id),
		TEST(test_failed__when_the_person_opts_out),
		TEST(test_failed__is_of_the_policys_own_step),
		TEST(test_failed__an_opt_out_of_messages_of_others_is_only_noted),
		TEST(test_report__about_messages_of_others_says_nothing),
		TEST(test_channels__the_next_one_is_tried_on_the_same_day),
		TEST(test_channels__one_without_a_contact_point_is_passed_over),
		TEST(test_exhausted__moves_on),
		TEST(test_exhausted__is_tried_again_and_then_moves_on),
		TEST(test_exhausted__is_not_who_wants_nothing),
		TEST(test_exhausted__is_not_who_has_no_address_left),
		TEST(test_taken__is_the_only_step_of_a_group_on_a_day),
		TEST(test_exhausted__is_reviewed),
		TEST(test_channels__are_those_of_the_persons_arm),
		TEST(test_waiting__is_said_once),
		TEST(test_waiting__with_another_policys_step_is_said_again),
		TEST(test_waiting__ends_with_a_step),
		TEST(test_waiting__ends_when_there_is_nothing_to_wait_for),
		TEST(test_waiting__on_the_day_on_which_the_person_wrote),
		TEST(test_waiting__for_the_caps),
		TEST(test_waiting__for_a_stop_that_is_lifted),
		TEST(test_withdrawn__by_a_stop_of_the_person),
		TEST(test_withdrawn__is_not_asked_for_again_on_the_same_day),
		TEST(test_withdrawn__when_the_one_before_has_left),
		TEST(test_withdrawn__when_the_failed_one_before_has_left),
		TEST(test_withdrawn__when_a_stop_suppresses_it),
	};
	return cmocka_run_group_tests_name("dunning: steps", tests, NULL, NULL);
}
