#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "tests/sim/dunning.h"
#include "tests/sim/workload.h"

/* What dunning reads of no row: its policies, and lists of its own rows that its store makes by a query. */

/* ---- policies ---- */

static void set_text(char *chars, size_t size, const char *text)
{
	bool fits = str_to_chars(chars, size, str_of(text));

	MUST(fits);
}

static struct policy_step *add_step(struct policy *policy, int32_t number, enum dunning_trigger trigger, int32_t days,
				    const char *channels)
{
	struct policy_step *step = &policy->steps[policy->steps_count++];
	struct str words = str_of(channels);

	*step = (struct policy_step){ .number = number,
				      .trigger = trigger,
				      .days = days,
				      .action = ACTION_SEND,
				      .message_class = MESSAGE_CLASS_DEMAND,
				      .send_days = 2,
				      .otherwise = OTHERWISE_MOVE_ON };
	set_text(step->template_name, sizeof(step->template_name), "demand");
	while (words.size > 0)
		step->channels[step->channels_count++] = channel_by_name(str_cut(words, ' ', &words));
	return step;
}

static struct policy *add_policy(struct policies *policies, const char *name)
{
	struct policy *policy = &policies->items[policies->count++];

	set_text(policy->name, sizeof(policy->name), name);
	policy->publication_id = workload_id(FAMILY_POLICY, policies->count);
	policy->version = 1;
	policy->priority = (int32_t)policies->count;
	policies->changes++;
	return policy;
}

/* Of one creditor: each step on its day, all debts together. */
static void add_slow_one(struct policies *policies)
{
	struct policy *policy = add_policy(policies, "slow");
	struct policy_step *first;

	policy->creditors[policy->creditors_count++] = workload_id(FAMILY_CREDITOR, 0);
	policy->tolerance_minor = 20;
	policy->demands_a_day = 1;
	policy->demands_a_week = 3;
	policy->catch_up = CATCH_UP_ONE_A_DAY;
	policy->new_debts = NEW_DEBTS_JOIN;
	policy->reopened = REOPENED_START;
	first = add_step(policy, 1, TRIGGER_DAYS_PAST_DUE, 1, "email sms");
	first->otherwise = OTHERWISE_RETRY;
	first->retry_days = 1;
	first->tries_max = 2;
	add_step(policy, 2, TRIGGER_DAYS_SINCE_STEP, 1, "sms email")->wait_days = 2;
	add_step(policy, 4, TRIGGER_DAYS_PAST_DUE, 3, "email");
	add_step(policy, 5, TRIGGER_DAYS_SINCE_STEP, 1, "sms email");
}

/* Of all others: the highest step at once, each debt by itself. No template has the name of the reminder's. */
static void add_fast_one(struct policies *policies)
{
	struct policy *policy = add_policy(policies, "fast");
	struct policy_step *reminder;

	policy->demands_a_day = 2;
	policy->demands_a_week = 5;
	policy->catch_up = CATCH_UP_MOST_SEVERE;
	policy->new_debts = NEW_DEBTS_OWN;
	policy->reopened = REOPENED_RESUME;
	policy->arms_count = 2;
	policy->arms[0] = (struct policy_arm){ .name = "a", .weight = 2 };
	policy->arms[1] = (struct policy_arm){ .name = "b", .weight = 3 };
	reminder = add_step(policy, 1, TRIGGER_DAYS_PAST_DUE, -1, "email sms");
	reminder->message_class = MESSAGE_CLASS_REMINDER;
	set_text(reminder->template_name, sizeof(reminder->template_name), "reminder");
	add_step(policy, 2, TRIGGER_DAYS_PAST_DUE, 1, "sms");
	set_text(add_step(policy, 3, TRIGGER_DAYS_PAST_DUE, 2, "email sms")->arm, POLICY_ARM_MAX + 1, "a");
	set_text(add_step(policy, 3, TRIGGER_DAYS_PAST_DUE, 2, "sms email")->arm, POLICY_ARM_MAX + 1, "b");
	add_step(policy, 7, TRIGGER_DAYS_SINCE_STEP, 2, "email sms");
}

static void add_events(struct policies *policies)
{
	add_step(&policies->items[0], REVERSAL_STEP, TRIGGER_EVENT, 0, "email sms")->event = DUNNING_EVENT_PAYMENT_REVERSED;
	add_step(&policies->items[0], BROKEN_STEP, TRIGGER_EVENT, 0, "sms email")->event = DUNNING_EVENT_PROMISE_BROKEN;
	add_step(&policies->items[1], BROKEN_STEP, TRIGGER_EVENT, 0, "email sms")->event = DUNNING_EVENT_PROMISE_BROKEN;
	add_step(&policies->items[1], CONTACT_STEP, TRIGGER_EVENT, 0, "sms email")->event = DUNNING_EVENT_CONTACT_POINT_ADDED;
}

const struct policies *dunning_policies(const struct sim_world *world)
{
	static struct policies both[2];
	struct policies *policies = &both[world->has_events];
	struct policy_fault fault;

	if (policies->count > 0)
		return policies;
	add_slow_one(policies);
	add_fast_one(policies);
	if (world->has_events)
		add_events(policies);
	for (uint32_t index = 0; index < policies->count; index++)
		MUST(policy_is_sound(&policies->items[index], &fault));
	return policies;
}

static void load_policies(struct sim_world *world, struct slot *slot)
{
	slot->exists = world->has_policies;
	if (slot->exists)
		memcpy(slot->state, dunning_policies(world), sizeof(struct policies));
}

/* ---- lists ---- */

static void load_calendar(struct sim_world *world, struct slot *slot)
{
	static struct zones zones;
	struct err err = ERR_INIT;

	(void)world;
	if (zones.count == 0)
		MUST(zones_load(&zones, ZONE_FOLDER, &err) == 0);
	slot->exists = true;
	((struct calendar *)slot->state)->zones = &zones;
}

/* By their ids: group_debts_put keeps the order, and of too many the first ones. */
static void load_group_debts(struct sim_world *world, struct slot *slot)
{
	const struct sim_database *database = &world->databases[SIM_DUNNING];

	slot->exists = true;
	for (size_t i = 0; i < database->blobs_count; i++) {
		const struct dunned_debt *debt = database->blobs[i].state;

		if (database->blobs[i].entity == &dunned_debt_entity && uuid_equal(&debt->group_id, &slot->id))
			group_debts_put(slot->state, &database->blobs[i].id, debt_is_dunned(debt));
	}
}

static void load_person_groups(struct sim_world *world, struct slot *slot)
{
	const struct sim_database *database = &world->databases[SIM_DUNNING];

	slot->exists = true;
	for (size_t i = 0; i < database->blobs_count; i++) {
		const struct dunned_group *group = database->blobs[i].state;

		if (database->blobs[i].entity == &dunned_group_entity && uuid_equal(&group->customer_id, &slot->id))
			person_groups_put(slot->state, &database->blobs[i].id);
	}
}

/* By their ids, as the query says. */
static void load_groups_under_way(struct sim_world *world, struct slot *slot)
{
	const struct sim_database *database = &world->databases[SIM_DUNNING];

	slot->exists = true;
	for (size_t i = 0; i < database->blobs_count; i++) {
		const struct dunned_step *step = database->blobs[i].state;

		if (database->blobs[i].entity == &dunned_step_entity && uuid_equal(&step->customer_id, &slot->id) &&
		    step->state == STEP_STATE_ASKED)
			groups_under_way_put(slot->state, &step->group_id, true);
	}
}

static void load_demands(struct sim_world *world, struct slot *slot)
{
	const struct sim_database *database = &world->databases[SIM_DUNNING];

	slot->exists = true;
	for (size_t i = 0; i < database->blobs_count; i++) {
		const struct dunned_step *step = database->blobs[i].state;

		if (database->blobs[i].entity == &dunned_step_entity && uuid_equal(&step->customer_id, &slot->id) &&
		    step->is_demand && (step->state == STEP_STATE_ASKED || step->state == STEP_STATE_TAKEN))
			demands_add(slot->state, step->taken_on != 0 ? step->taken_on : step->asked_on);
	}
}

static const struct {
	const struct entity *entity;
	void (*load)(struct sim_world *world, struct slot *slot);
} loads[] = {
	{ &policies_entity, load_policies },       { &calendar_entity, load_calendar },
	{ &group_debts_entity, load_group_debts }, { &person_groups_entity, load_person_groups },
	{ &dunned_demands_entity, load_demands },  { &groups_under_way_entity, load_groups_under_way },
};

bool dunning_is_kept(const struct entity *entity)
{
	for (size_t i = 0; i < COUNT(loads); i++)
		if (loads[i].entity == entity)
			return false;
	return true;
}

bool dunning_load(struct sim_world *world, struct slot *slot)
{
	for (size_t i = 0; i < COUNT(loads); i++)
		if (loads[i].entity == slot->entity) {
			loads[i].load(world, slot);
			return true;
		}
	return false;
}

/* ---- the view for communications ---- */

bool dunning_withdrew(const struct sim_world *world, const struct uuid *communication_id)
{
	const struct sim_blob *blob = blob_find(world, SIM_DUNNING, dunned_step_entity.name, communication_id);

	return blob && ((const struct dunned_step *)blob->state)->state == STEP_STATE_WITHDRAWN;
}
