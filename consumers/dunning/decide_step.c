#include "base/array.h"
#include "base/must.h"
#include "consumers/dunning/decide.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/keys.h"
#include "consumers/dunning/next.h"
#include "consumers/dunning/place.h"
#include "schemas/communications.h"
#include "schemas/dunning.h"
#include "schemas/engine.h"

/*
 * What became of a step that was asked for: its message has the step's id. Messages of others have no step, and nothing follows. Nor
 * does it when somebody else has used the id, about another person or in a command of his own.
 */

static const struct dunned_step *step_of(const struct command *event, const struct workset *set, const struct uuid *step_id)
{
	const struct dunned_step *step = workset_state(set, &dunned_step_entity, step_id);

	return step != NULL && uuid_equal(&step->customer_id, &event->key) ? step : NULL;
}

static const struct uuid *copy_of_debts(const struct dunned_step *step, struct decision *decision)
{
	struct uuid *ids = arena_take(decision->arena, STEP_DEBTS_MAX, sizeof(*ids));

	decision->overflow |= ids == NULL;
	for (uint32_t index = 0; ids != NULL && index < step->debts_count; index++)
		ids[index] = step->debts[index];
	return ids;
}

/* Its debts rise, and the group is asked about again on the next day: one step a day. */
void say_step_taken(const struct uuid *step_id, const struct dunned_step *step, int32_t day, struct decision *decision)
{
	const struct command *event = decision->command;
	struct dunning_step_taken *taken = decision_event(decision, &dunning_step_taken_type);

	taken->step_id = *step_id;
	taken->customer_id = step->customer_id;
	taken->version = step->version + 1;
	taken->group_id = step->group_id;
	taken->policy = decision_text(decision, step->policy);
	taken->step = step->number;
	taken->channel = str_of(channel_name((enum channel)step->channel));
	taken->taken_on = day;
	taken->debt_ids = copy_of_debts(step, decision);
	taken->debt_ids_count = step->debts_count;
	decision_set_timer_on(decision, &evaluation_timer, &step->group_id, (day > event->today ? day : event->today) + 1);
}

/* Of the step's channels, the index behind the one that has failed; behind all of them when the step is not known any more. */
static int32_t channel_after(const struct dunned_step *step, const struct workset *set)
{
	const struct policies *policies = workset_state(set, &policies_entity, &policies_id);
	const struct policy *policy = policies == NULL ? NULL : policies_find(policies, str_of(step->policy));
	const struct policy_step *rule =
		policy == NULL ? NULL : policy_step_of(policy, step->number, policy_arm_of(policy, &step->customer_id));

	for (uint32_t index = 0; rule != NULL && index < rule->channels_count; index++) {
		if (rule->channels[index] == step->channel)
			return (int32_t)index + 1;
	}
	return STEP_CHANNELS_MAX;
}

/* The group is asked about again at the next Tick: another channel may be left. */
void say_step_failed(const struct uuid *step_id, const struct dunned_step *step, struct str reason, const struct workset *set,
		     struct decision *decision)
{
	struct dunning_step_failed *failed = decision_event(decision, &dunning_step_failed_type);

	failed->step_id = *step_id;
	failed->customer_id = step->customer_id;
	failed->version = step->version + 1;
	failed->group_id = step->group_id;
	failed->step = step->number;
	failed->channel = str_of(channel_name((enum channel)step->channel));
	failed->due_for = step->asked_on;
	failed->reason = reason;
	failed->next_channel = channel_after(step, set);
	decision_set_timer_on(decision, &evaluation_timer, &step->group_id, decision->command->today);
}

/* Behind its failure: its debts rise without it. */
void say_step_passed(const struct dunned_step *step, const struct workset *set, struct decision *decision)
{
	const struct dunned_group *group = workset_state(set, &dunned_group_entity, &step->group_id);
	struct dunning_step_skipped *skipped = decision_event(decision, &dunning_step_skipped_type);

	skipped->group_id = step->group_id;
	skipped->customer_id = step->customer_id;
	skipped->version = group->version + 1;
	skipped->policy = decision_text(decision, step->policy);
	skipped->step = step->number;
	skipped->skipped_on = decision->command->today;
	skipped->debt_ids = copy_of_debts(step, decision);
	skipped->debt_ids_count = step->debts_count;
}

static void say_withdrawn(const struct uuid *step_id, const struct dunned_step *step, const char *reason,
			  struct decision *decision)
{
	struct dunning_step_withdrawn *withdrawn = decision_event(decision, &dunning_step_withdrawn_type);

	withdrawn->step_id = *step_id;
	withdrawn->customer_id = step->customer_id;
	withdrawn->version = step->version + 1;
	withdrawn->group_id = step->group_id;
	withdrawn->step = step->number;
	withdrawn->due_for = step->asked_on;
	withdrawn->reason = str_of(reason);
	withdrawn->has_withdrawn_on = true;
	withdrawn->withdrawn_on = decision->command->today;
}

void withdraw_step(const struct uuid *step_id, const struct dunned_step *step, const char *reason, const struct workset *set,
		   struct decision *decision)
{
	struct uuid cancellation_id = cancellation_id_of(step_id);
	struct cancel_communication *cancel;

	say_withdrawn(step_id, step, reason, decision);
	if (step->action != ACTION_SEND) {
		cancel_task(step_id, reason, set, decision);
		return;
	}
	cancel = decision_send(decision, &cancel_communication_type, &cancellation_id);
	cancel->communication_id = *step_id;
	cancel->customer_id = step->customer_id;
}

/* Whatever the clock of a provider says: it has happened by now. Otherwise the debts would rise on a day that may never come. */
int32_t step_day(const struct dunned_step *step, int64_t at_ms, int64_t now_ms, const struct workset *set)
{
	const struct dunned_person *person = workset_state(set, &dunned_person_entity, &step->customer_id);
	int32_t day = place_day(workset_state(set, &calendar_entity, &calendar_id), person, at_ms < now_ms ? at_ms : now_ms);

	return day > step->asked_on ? day : step->asked_on;
}

/*
 * A message that did not leave, of a person or about debts that are stopped: that is no failure. Whether its report or the group's
 * evaluation comes first, makes no difference: the step is asked for anew when the stop is over, from its first channel on.
 */
static const char *find_stop_of(const struct dunned_step *step, const struct workset *set)
{
	struct next_debt debts[STEP_DEBTS_MAX];
	const struct next_facts facts = { .person = workset_state(set, &dunned_person_entity, &step->customer_id),
					  .debts = debts,
					  .debts_count = step->debts_count };

	for (uint32_t index = 0; index < step->debts_count; index++)
		debts[index] =
			(struct next_debt){ step->debts[index], workset_state(set, &dunned_debt_entity, &step->debts[index]) };
	return next_stop(&facts, step);
}

static void end_unsent(const struct uuid *step_id, const struct dunned_step *step, struct str reason, const struct workset *set,
		       struct decision *decision)
{
	const char *stop = find_stop_of(step, set);

	if (stop == NULL)
		say_step_failed(step_id, step, reason, set, decision);
	else
		say_withdrawn(step_id, step, stop, decision);
}

static bool share_debt(const struct dunned_step *a, const struct dunned_step *b)
{
	for (uint32_t index = 0; index < b->debts_count; index++) {
		if (step_lists(a, &b->debts[index]))
			return true;
	}
	return false;
}

/*
 * A message that was withdrawn, or had failed, left all the same, and its debts have risen. What was asked for since, about one of them,
 * would say the same once more, or the next thing too soon. It may have left by now: then both have, and both count.
 */
static void withdraw_newer(const struct dunned_step *step, const struct workset *set, struct decision *decision)
{
	const struct dunned_group *group = workset_state(set, &dunned_group_entity, &step->group_id);
	const struct dunned_step *newer;

	if (step->state == STEP_STATE_ASKED || uuid_is_none(&group->step_id))
		return;
	newer = workset_state(set, &dunned_step_entity, &group->step_id);
	MUST(newer != NULL);
	if (share_debt(newer, step))
		withdraw_step(&group->step_id, newer, "left", set, decision);
}

/*
 * The first report of an acceptance counts, also of a message that was to be withdrawn and left before. A message of which nobody
 * knows whether it left is still under way, until a person has found out.
 */
void decide_step_progressed(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct communication_progressed *body = event->body;
	const struct dunned_step *step = step_of(event, set, &body->communication_id);

	if (step == NULL || step->state == STEP_STATE_TAKEN)
		return;
	switch (communication_state_by_name(body->state)) {
	case COMMUNICATION_SUBMITTED:
	case COMMUNICATION_DELIVERED:
		say_step_taken(&body->communication_id, step, step_day(step, body->occurred_at, event->now_ms, set), decision);
		withdraw_newer(step, set, decision);
		return;
	case COMMUNICATION_FAILED:
	case COMMUNICATION_EXPIRED:
	case COMMUNICATION_REJECTED:
		if (step->state == STEP_STATE_ASKED)
			end_unsent(&body->communication_id, step, body->state, set, decision);
		return;
	case COMMUNICATION_NONE:
	case COMMUNICATION_SCHEDULED:
	case COMMUNICATION_RELEASED:
	case COMMUNICATION_RETRY_WAIT:
	case COMMUNICATION_UNKNOWN:
	case COMMUNICATION_CANCELLED:
	case COMMUNICATION_SUPPRESSED:
	case COMMUNICATION_MERGED:
	case COMMUNICATION_STATE_COUNT:
		return;
	}
}

static void fail_if_asked(const struct uuid *step_id, struct str reason, const struct workset *set, struct decision *decision)
{
	const struct dunned_step *step = step_of(decision->command, set, step_id);

	if (step != NULL && step->state == STEP_STATE_ASKED)
		end_unsent(step_id, step, reason, set, decision);
}

void decide_step_suppressed(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct communication_suppressed *body = event->body;

	fail_if_asked(&body->communication_id, STR("suppressed"), set, decision);
}

/* By a person: what this module cancels itself is withdrawn already. */
void decide_step_cancelled(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct communication_cancelled *body = event->body;

	fail_if_asked(&body->communication_id, STR("cancelled"), set, decision);
}

void decide_step_rejected(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct command_rejected *body = event->body;

	if (body->has_actor && !str_is(body->actor, dunning_module.name))
		return;
	fail_if_asked(&body->command_id, body->code, set, decision);
}

/* A word of refusal ends messages and closes channels. */
void decide_withdrawal(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct consent_withdrawn *body = event->body;

	note_opt_out(body, event, set, decision);
	for (size_t index = 0; index < body->cancelled_count; index++)
		fail_if_asked(&body->cancelled[index].communication_id, STR("opted_out"), set, decision);
}
