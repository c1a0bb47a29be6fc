#ifndef TESTS_UNIT_DUNNING_SPEC_H
#define TESTS_UNIT_DUNNING_SPEC_H

#include "tests/unit/rule_spec.h"

#include "base/zone.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/keys.h"
#include "consumers/dunning/policies.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"
#include "schemas/engine.h"

/* What dunning makes of events of other modules and of days: a person, debts to one creditor, a policy; then what comes. */
static struct spec spec;
static struct zones zones;

#define PERSON   (spec_id('C', 1))
#define CREDITOR (spec_id('R', 1))
#define DEBT(n)  (spec_id('D', (n)))
#define HOUR_MS  INT64_C(3600000)

static inline struct uuid the_group_id(void)
{
	struct uuid person = PERSON;
	struct uuid creditor = CREDITOR;

	return group_id_of(&person, &creditor, STR("EUR"));
}

static inline int dunning_set_up(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (zones.count == 0 && zones_load(&zones, ZONE_FOLDER, &err) < 0)
		fail_msg("%s", err.text);
	spec_init(&spec, &dunning_module);
	spec_given(&spec, &policies_entity, policies_id);
	spec_given(&spec, &groups_under_way_entity, PERSON);
	((struct calendar *)spec_given(&spec, &calendar_entity, calendar_id))->zones = &zones;
	return 0;
}

static inline int dunning_tear_down(void **state)
{
	(void)state;
	spec_release(&spec);
	return 0;
}

/* ---- given ---- */

static inline struct policy *given_policy(const char *name)
{
	struct policies *policies = spec_given(&spec, &policies_entity, policies_id);
	struct policy *policy = &policies->items[policies->count++];

	*policy = (struct policy){ .version = 1,
				   .priority = (int32_t)policies->count,
				   .demands_a_day = 7,
				   .demands_a_week = 28,
				   .catch_up = CATCH_UP_ONE_A_DAY,
				   .new_debts = NEW_DEBTS_JOIN,
				   .reopened = REOPENED_START };
	assert_true(str_to_chars(policy->name, sizeof(policy->name), str_of(name)));
	return policy;
}

static inline void give_channels(struct policy_step *step, const char *channels)
{
	struct str words = str_of(channels);

	step->channels_count = 0;
	while (words.size > 0)
		step->channels[step->channels_count++] = channel_by_name(str_cut(words, ' ', &words));
}

/* A demand, so many days past due. */
static inline struct policy_step *given_step(struct policy *policy, int32_t number, int32_t days, const char *channels)
{
	struct policy_step *step = &policy->steps[policy->steps_count++];

	*step = (struct policy_step){ .number = number,
				      .trigger = TRIGGER_DAYS_PAST_DUE,
				      .days = days,
				      .action = ACTION_SEND,
				      .template_name = "demand",
				      .message_class = MESSAGE_CLASS_DEMAND,
				      .send_days = 3,
				      .otherwise = OTHERWISE_MOVE_ON };
	give_channels(step, channels);
	return step;
}

/* ---- states ---- */

static inline const void *state_of(const struct entity *entity, struct uuid id)
{
	return workset_state(&spec.set, entity, &id);
}

static inline const struct dunned_person *the_person(void)
{
	return state_of(&dunned_person_entity, PERSON);
}

static inline const struct dunned_debt *the_debt(unsigned number)
{
	return state_of(&dunned_debt_entity, DEBT(number));
}

static inline const struct dunned_group *the_group(void)
{
	return state_of(&dunned_group_entity, the_group_id());
}

static inline const struct group_debts *the_group_debts(void)
{
	return state_of(&group_debts_entity, the_group_id());
}

static inline const struct dunned_step *the_step(struct uuid step_id)
{
	return state_of(&dunned_step_entity, step_id);
}

static inline uint32_t demands_now(void)
{
	const struct dunned_demands *demands = state_of(&dunned_demands_entity, PERSON);

	return demands == NULL ? 0 : demands->count;
}

/* ---- when ---- */

static inline void when_person(const char *country, const char *region, const char *timezone)
{
	const struct customer_created body = { .customer_id = PERSON,
					       .version = 1,
					       .kind = STR("natural"),
					       .locale = STR("de-DE"),
					       .country = str_of(country),
					       .has_region = region != NULL,
					       .region = str_of(region == NULL ? "" : region),
					       .has_timezone = timezone != NULL,
					       .timezone = str_of(timezone == NULL ? "" : timezone) };

	spec_follow(&spec, &customer_created_type, &body);
}

static inline void when_point(const char *channel)
{
	const struct contact_point_added body = { .contact_point_id = spec_id('A', 1),
						  .customer_id = PERSON,
						  .channel = str_of(channel) };

	spec_follow(&spec, &contact_point_added_type, &body);
}

/* In Germany, with an e-mail address, a mobile number and an address for letters. */
static inline void when_reachable_person(void)
{
	when_person("DE", NULL, NULL);
	when_point("email");
	when_point("sms");
	when_point("letter");
}

static inline void when_debt(unsigned number, int64_t balance_minor, int32_t due_on)
{
	const struct debt_created body = { .debt_id = DEBT(number),
					   .customer_id = PERSON,
					   .version = 1,
					   .creditor_id = CREDITOR,
					   .currency = STR("EUR"),
					   .balance_minor = balance_minor,
					   .opened_on = SPEC_TODAY - 100,
					   .due_on = due_on,
					   .has_lifecycle = true,
					   .lifecycle = STR("ACTIVE") };

	spec_follow(&spec, &debt_created_type, &body);
}

/* What is owed, and what was paid too much by this payment, after it. */
static inline void when_payment(unsigned number, int64_t balance_minor, int64_t credit_minor)
{
	const struct payment_recorded body = { .payment_id = spec_id('P', number),
					       .customer_id = PERSON,
					       .debt_id = DEBT(number),
					       .creditor_id = CREDITOR,
					       .currency = STR("EUR"),
					       .credit_minor = credit_minor,
					       .balance_minor = balance_minor };

	spec_follow(&spec, &payment_recorded_type, &body);
}

static inline void when_paid(unsigned number)
{
	const struct debt_paid body = {
		.debt_id = DEBT(number), .customer_id = PERSON, .creditor_id = CREDITOR, .currency = STR("EUR")
	};

	when_payment(number, 0, 0);
	spec_follow(&spec, &debt_paid_type, &body);
}

static inline void when_amended(unsigned number, int32_t due_on)
{
	const struct debt_amended body = { .debt_id = DEBT(number),
					   .customer_id = PERSON,
					   .creditor_id = CREDITOR,
					   .currency = STR("EUR"),
					   .previous_due_on = the_debt(number)->due_on,
					   .due_on = due_on,
					   .balance_minor = the_debt(number)->balance_minor };

	spec_follow(&spec, &debt_amended_type, &body);
}

static inline void when_cancelled(unsigned number)
{
	const struct debt_cancelled body = {
		.debt_id = DEBT(number), .customer_id = PERSON, .creditor_id = CREDITOR, .currency = STR("EUR")
	};

	spec_follow(&spec, &debt_cancelled_type, &body);
}

/* A Tick of that business date, at eight o'clock of UTC, fires the timer of the group. */
static inline void when_day(int32_t today)
{
	spec.today = today;
	spec.now_ms = today * DAY_MS + 8 * HOUR_MS;
	spec_fire(&spec, &evaluation_timer, the_group_id(), PERSON);
}

static inline void when_progressed_at(struct uuid step_id, const char *state, int64_t at_ms)
{
	const struct communication_progressed body = { .communication_id = step_id,
						       .customer_id = PERSON,
						       .channel = STR("email"),
						       .state = str_of(state),
						       .occurred_at = at_ms };

	spec_follow(&spec, &communication_progressed_type, &body);
}

static inline void when_progressed(struct uuid step_id, const char *state)
{
	when_progressed_at(step_id, state, spec.now_ms);
}

static inline void when_consent(const char *channel)
{
	const struct consent_granted body = { .customer_id = PERSON, .channel = str_of(channel) };

	spec_follow(&spec, &consent_granted_type, &body);
}

static inline void when_withdrawn(const char *channel, const struct uuid *cancelled_id)
{
	struct cancelled_communication *cancelled = arena_take(&spec.arena, 1, sizeof(*cancelled));
	const struct consent_withdrawn body = { .customer_id = PERSON,
						.has_channel = channel != NULL,
						.channel = str_of(channel == NULL ? "" : channel),
						.cancelled = cancelled,
						.cancelled_count = cancelled_id == NULL ? 0 : 1 };

	if (cancelled_id != NULL)
		cancelled->communication_id = *cancelled_id;
	spec_follow(&spec, &consent_withdrawn_type, &body);
}

/* ---- then ---- */

static inline void then_nothing(void)
{
	assert_int_equal(spec.decision.events_count + spec.decision.timers_count + spec.decision.sendings_count, 0);
}

/* The only timer that the last decision has set, or cancelled. */
static inline const struct timer *then_timer(const struct timer_kind *kind, struct uuid subject, bool is_cancelled)
{
	const struct timer_change *change = spec.decision.timers;

	assert_int_equal(spec.decision.timers_count, 1);
	assert_ptr_equal(change->timer.kind, kind);
	assert_memory_equal(&change->timer.subject, &subject, sizeof(subject));
	assert_int_equal(change->is_cancelled, is_cancelled);
	assert_true(is_cancelled || change->timer.is_on_day);
	return &change->timer;
}

static inline void then_asked_again_on(int32_t day)
{
	assert_int_equal(then_timer(&evaluation_timer, the_group_id(), false)->due_on, day);
}

/* A message is asked for, under the step's id. */
static inline struct uuid then_step(int32_t number, const char *channel)
{
	const struct dunning_step_due *due;
	const struct send_communication *send;

	then_events(&spec, "DunningStepDue");
	due = then_event(&spec, 0, dunning_step_due);
	assert_int_equal(due->step, number);
	assert_true(str_is(due->channel, channel));
	assert_int_equal(spec.decision.sendings_count, 1);
	assert_ptr_equal(spec.decision.sendings[0].type, &send_communication_type);
	assert_memory_equal(&spec.decision.sendings[0].id, &due->step_id, sizeof(due->step_id));
	send = spec.decision.sendings[0].body;
	assert_memory_equal(&send->communication_id, &due->step_id, sizeof(due->step_id));
	assert_true(str_is(send->channel, channel));
	assert_int_equal(send->debt_ids_count, due->debt_ids_count);
	assert_int_equal(the_step(due->step_id)->state, STEP_STATE_ASKED);
	return due->step_id;
}

static inline void then_waits_for(const char *reason, int32_t step)
{
	const struct dunning_waiting *waiting = then_event(&spec, 0, dunning_waiting);

	if (strcmp(reason, "no_contact") == 0)
		then_events(&spec, "DunningWaiting", "TaskOpened"); /* for the first time */
	else
		then_events(&spec, "DunningWaiting");
	assert_true(str_is(waiting->reason, reason));
	assert_int_equal(waiting->step, step);
	assert_int_equal(spec.decision.sendings_count, 0);
}

#endif
