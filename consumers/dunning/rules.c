#include "base/array.h"
#include "base/must.h"
#include "consumers/dunning/decide.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/keys.h"
#include "consumers/dunning/policies.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"
#include "schemas/engine.h"

#define ENTITY(its_name, state, ordered)                                                                                         \
	{                                                                                                                        \
		.name = (its_name), .state_size = sizeof(state), .is_ordered = (ordered)                                         \
	}
const struct entity dunned_person_entity = ENTITY("person", struct dunned_person, true);
const struct entity dunned_demands_entity = ENTITY("demands", struct dunned_demands, false);
const struct entity dunned_debt_entity = ENTITY("dunned_debt", struct dunned_debt, true);
const struct entity dunned_group_entity = ENTITY("group", struct dunned_group, true);
const struct entity group_debts_entity = ENTITY("group_debts", struct group_debts, false);
const struct entity person_groups_entity = ENTITY("person_groups", struct person_groups, false);
const struct entity groups_under_way_entity = ENTITY("groups_under_way", struct groups_under_way, false);
const struct entity dunned_step_entity = ENTITY("step", struct dunned_step, true);
const struct entity dunning_stop_entity = ENTITY("stop", struct dunning_stop, true);
const struct entity dunning_task_entity = ENTITY("task", struct dunning_task, true);
const struct entity policies_entity = ENTITY("policies", struct policies, false);
const struct entity calendar_entity = ENTITY("calendar", struct calendar, false);

/* Singletons: any id will do, as long as it is always the same. */
const struct uuid policies_id = { .bytes = { 'p', 'o', 'l', 'i', 'c', 'i', 'e', 's' } };
const struct uuid calendar_id = { .bytes = { 'c', 'a', 'l', 'e', 'n', 'd', 'a', 'r' } };

const struct timer_kind evaluation_timer = { .name = "evaluation", .number = 1 };
const struct timer_kind entry_timer = { .name = "entry", .number = 2 };
const struct timer_kind stop_timer = { .name = "stop", .number = 3 };
const struct timer_kind task_timer = { .name = "task", .number = 4 };
const struct timer_kind reversal_timer = { .name = "reversal", .number = 5 };
const struct timer_kind contact_timer = { .name = "contact", .number = 6 };
const struct timer_kind broken_timer = { .name = "broken", .number = 7 };
const struct timer_kind rejected_timer = { .name = "rejected", .number = 8 };

static const void *touch(struct workset *set, const struct entity *entity, const struct uuid *id)
{
	const struct slot *slot = workset_touch(set, entity, id, (struct str){ 0 });

	return slot != NULL && slot->loaded && slot->exists ? slot->state : NULL;
}

struct uuid debt_of_event(const struct command *event)
{
	return *message_uuid(event->type->aggregate_field, event->body);
}

/* ---- what a rule needs ---- */

static void touch_person(const struct command *event, struct workset *set)
{
	touch(set, &dunned_person_entity, &event->key);
}

/* On which day the person wrote depends on where the person is. */
static void touch_inbound_received(const struct command *event, struct workset *set)
{
	touch_person(event, set);
	touch(set, &calendar_entity, &calendar_id);
}

/* A contact point that is added, or a stop, ends the search for the person. */
static void touch_traced(const struct command *event, struct workset *set)
{
	const struct dunned_person *person = touch(set, &dunned_person_entity, &event->key);

	if (person != NULL && !uuid_is_none(&person->trace_id))
		touch(set, &dunning_task_entity, &person->trace_id);
}

/* Each of its groups is asked about, too. */
static void touch_person_groups(const struct command *event, struct workset *set)
{
	touch_traced(event, set);
	touch(set, &person_groups_entity, &event->key);
}

/* Whoever stops has its groups asked about. */
static void touch_stopped(const struct command *event, struct workset *set)
{
	touch_traced(event, set);
	touch(set, &groups_under_way_entity, &event->key);
}

/* The step that is under way in a group, so that it can be withdrawn. */
static void touch_under_way(struct workset *set, const struct dunned_group *group)
{
	if (group == NULL || uuid_is_none(&group->step_id))
		return;
	touch(set, &dunned_step_entity, &group->step_id);
	touch(set, &dunning_task_entity, &group->step_id);
	touch(set, &dunned_demands_entity, &group->customer_id);
}

/* All that a step changes, once it is loaded. */
static void touch_step(struct workset *set, const struct uuid *step_id)
{
	const struct dunned_step *step = touch(set, &dunned_step_entity, step_id);

	if (step == NULL)
		return;
	touch(set, &dunned_person_entity, &step->customer_id);
	touch(set, &dunned_demands_entity, &step->customer_id);
	touch_under_way(set, touch(set, &dunned_group_entity, &step->group_id));
	touch(set, &policies_entity, &policies_id);
	touch(set, &calendar_entity, &calendar_id);
	for (uint32_t index = 0; index < step->debts_count; index++)
		touch(set, &dunned_debt_entity, &step->debts[index]);
}

static void touch_communication(const struct command *event, struct workset *set)
{
	touch_step(set, message_uuid(event->type->aggregate_field, event->body));
}

static void touch_rejected(const struct command *event, struct workset *set)
{
	touch_step(set, &((const struct command_rejected *)event->body)->command_id);
}

static void touch_withdrawal(const struct command *event, struct workset *set)
{
	const struct consent_withdrawn *body = event->body;

	touch_person(event, set);
	for (size_t index = 0; index < body->cancelled_count; index++)
		touch_step(set, &body->cancelled[index].communication_id);
}

/* The new id of a circumstance: one that stops nothing has no row. */
static void touch_circumstance_recorded(const struct command *event, struct workset *set)
{
	const struct circumstance_recorded *body = event->body;

	touch_stopped(event, set);
	touch(set, &dunning_stop_entity, &body->circumstance_id);
	if (body->has_debt_id)
		touch(set, &dunned_debt_entity, &body->debt_id);
}

static void touch_stop(const struct uuid *circumstance_id, const struct command *event, struct workset *set)
{
	const struct dunning_stop *stop = touch(set, &dunning_stop_entity, circumstance_id);

	touch_person(event, set);
	if (stop != NULL && !uuid_is_none(&stop->debt_id))
		touch(set, &dunned_debt_entity, &stop->debt_id);
}

static void touch_circumstance_ended(const struct command *event, struct workset *set)
{
	touch_stop(&((const struct circumstance_ended *)event->body)->circumstance_id, event, set);
}

static void touch_stop_over(const struct command *timer, struct workset *set)
{
	touch_stop(&((const struct timer *)timer->body)->subject, timer, set);
}

/* The group of a debt. */
static void touch_group(struct workset *set, const struct uuid *group_id)
{
	touch(set, &group_debts_entity, group_id);
	touch_under_way(set, touch(set, &dunned_group_entity, group_id));
}

/*
 * The group is named by the event and not by the debt, which may be made by an event before it in the same batch. So are all events of
 * debts: they name customer, creditor and currency.
 */
#define TOUCH_DEBT(event_name)                                                                                                   \
	static void touch_##event_name(const struct command *event, struct workset *set)                                         \
	{                                                                                                                        \
		const struct event_name *body = event->body;                                                                     \
		struct uuid group_id = group_id_of(&body->customer_id, &body->creditor_id, body->currency);                      \
                                                                                                                                 \
		touch(set, &dunned_debt_entity, &body->debt_id);                                                                 \
		touch_group(set, &group_id);                                                                                     \
	}
TOUCH_DEBT(debt_created)
TOUCH_DEBT(debt_activated)
TOUCH_DEBT(debt_paid)
TOUCH_DEBT(debt_reopened)
TOUCH_DEBT(debt_amended)
TOUCH_DEBT(debt_cancelled)
TOUCH_DEBT(debt_charged_off)
TOUCH_DEBT(charge_off_undone)
TOUCH_DEBT(debt_written_off)
TOUCH_DEBT(debt_transferred)
TOUCH_DEBT(debt_recalled)
TOUCH_DEBT(payment_recorded)
TOUCH_DEBT(payment_reversed)
TOUCH_DEBT(payment_refunded)
TOUCH_DEBT(credit_applied)
TOUCH_DEBT(charge_assessed)
TOUCH_DEBT(amount_waived)
TOUCH_DEBT(balance_adjusted)
TOUCH_DEBT(promise_made)
TOUCH_DEBT(promise_kept)
TOUCH_DEBT(promise_partly_kept)
TOUCH_DEBT(promise_broken)
TOUCH_DEBT(promise_reopened)
TOUCH_DEBT(promise_cancelled)
TOUCH_DEBT(hold_placed)
TOUCH_DEBT(hold_extended)
TOUCH_DEBT(hold_begun)
TOUCH_DEBT(hold_released)
TOUCH_DEBT(hold_expired)
TOUCH_DEBT(dispute_resolved)
TOUCH_DEBT(plan_activated)
TOUCH_DEBT(plan_reinstated)
TOUCH_DEBT(plan_resumed)
TOUCH_DEBT(plan_broken)
TOUCH_DEBT(plan_completed)
TOUCH_DEBT(plan_cancelled)
TOUCH_DEBT(settlement_accepted)
TOUCH_DEBT(settlement_fulfilled)
TOUCH_DEBT(settlement_reopened)
TOUCH_DEBT(settlement_breached)
TOUCH_DEBT(settlement_withdrawn)

/* The debt may be the first one of its group. */
static void touch_created(const struct command *event, struct workset *set)
{
	touch_debt_created(event, set);
	touch(set, &person_groups_entity, &((const struct debt_created *)event->body)->customer_id);
}

/* Where its ladder goes on, says its policy. */
static void touch_reopened(const struct command *event, struct workset *set)
{
	touch(set, &policies_entity, &policies_id);
	touch_debt_reopened(event, set);
}

/*
 * The next step of the group, and the one after it: another item of the batch may ask for the first. Each with its task. Their ids are
 * made of the group's count of steps, so they are new, and most evaluations make none of them.
 */
static void touch_steps(struct workset *set, const struct uuid *group_id, const struct dunned_group *group, int32_t due_on)
{
	const int32_t asks = group == NULL ? 0 : group->asks;

	for (int32_t more = 0; more < 2; more++) {
		struct uuid step_id = step_id_of(group_id, asks + more + 1, due_on);

		workset_touch_to_create(set, &dunned_step_entity, &step_id, (struct str){ 0 });
		workset_touch_to_create(set, &dunning_task_entity, &step_id, (struct str){ 0 });
	}
}

/* In the same way, the next tasks to trace the person. */
static void touch_traces(struct workset *set, const struct uuid *customer_id, const struct dunned_person *person, int32_t due_on)
{
	for (int32_t more = 1; person != NULL && more <= 2; more++) {
		struct uuid trace_id = trace_id_of(customer_id, person->traces + more, due_on);

		workset_touch_to_create(set, &dunning_task_entity, &trace_id, (struct str){ 0 });
	}
}

/* A group with its debts, and all that its next step depends on. */
static void touch_evaluated(struct workset *set, const struct uuid *customer_id, const struct uuid *group_id, int32_t due_on)
{
	const struct group_debts *debts = touch(set, &group_debts_entity, group_id);
	const struct slot *slot = workset_touch(set, &dunned_group_entity, group_id, (struct str){ 0 });
	const struct dunned_group *group = slot != NULL && slot->loaded && slot->exists ? slot->state : NULL;

	if (slot != NULL && slot->loaded)
		touch_steps(set, group_id, group, due_on);
	touch_under_way(set, group);
	touch_traces(set, customer_id, touch(set, &dunned_person_entity, customer_id), due_on);
	touch(set, &dunned_demands_entity, customer_id);
	touch(set, &policies_entity, &policies_id);
	touch(set, &calendar_entity, &calendar_id);
	for (uint32_t index = 0; debts != NULL && index < debts->count; index++)
		touch(set, &dunned_debt_entity, &debts->ids[index]);
}

static void touch_evaluation(const struct command *timer, struct workset *set)
{
	const struct timer *body = timer->body;

	touch_evaluated(set, &timer->key, &body->subject, body->due_on);
}

static void touch_entry(const struct command *timer, struct workset *set)
{
	const struct timer *body = timer->body;
	const struct dunned_debt *debt = touch(set, &dunned_debt_entity, &body->subject);

	if (debt != NULL)
		touch_evaluated(set, &timer->key, &debt->group_id, body->due_on);
}

/* ---- tasks ---- */

/* A task, and what its end changes in its step. */
static void touch_task(struct workset *set, const struct uuid *task_id)
{
	touch(set, &dunning_task_entity, task_id);
	touch_step(set, task_id);
}

static void touch_take_task(const struct command *command, struct workset *set)
{
	touch(set, &dunning_task_entity, &((const struct take_task *)command->body)->task_id);
}

static void touch_release_task(const struct command *command, struct workset *set)
{
	touch(set, &dunning_task_entity, &((const struct release_task *)command->body)->task_id);
}

static void touch_finish_task(const struct command *command, struct workset *set)
{
	touch_person(command, set);
	touch_task(set, &((const struct finish_task *)command->body)->task_id);
}

static void touch_task_back(const struct command *timer, struct workset *set)
{
	touch(set, &dunning_task_entity, &((const struct timer *)timer->body)->subject);
}

/* ---- the module ---- */

static const struct rule rules[] = {
	{ &publish_policy_type, touch_publish_policy, decide_publish_policy, false, false },
	{ &retire_policy_type, touch_retire_policy, decide_retire_policy, false, false },
	{ &take_task_type, touch_take_task, decide_take_task, false, false },
	{ &release_task_type, touch_release_task, decide_release_task, false, false },
	{ &finish_task_type, touch_finish_task, decide_finish_task, true, false },
};
_Static_assert(COUNT(rules) == DUNNING_COMMANDS, "each command has a rule");

static const struct approval_rule approvals[] = {
	{ &publish_policy_type, ROLE_COMPLIANCE | ROLE_SUPERVISOR, POLICY_APPROVAL_DAYS },
	{ &retire_policy_type, ROLE_COMPLIANCE | ROLE_SUPERVISOR, POLICY_APPROVAL_DAYS },
};

static const struct rule customers_rules[] = {
	{ &customer_created_type, touch_person, decide_customer_created, false, false },
	{ &customer_updated_type, touch_person, decide_customer_updated, false, false },
	{ &customer_erased_type, touch_stopped, decide_customer_erased, true, false },
	{ &contact_point_added_type, touch_person_groups, decide_contact_point_added, true, false },
	{ &contact_point_invalidated_type, touch_person, decide_contact_point_invalidated, false, false },
};

static const struct rule debts_rules[] = {
	{ &debt_created_type, touch_created, decide_debt_event, true, false },
	{ &debt_activated_type, touch_debt_activated, decide_debt_event, true, false },
	{ &debt_paid_type, touch_debt_paid, decide_debt_event, true, false },
	{ &debt_reopened_type, touch_reopened, decide_debt_event, true, false },
	{ &debt_amended_type, touch_debt_amended, decide_debt_event, true, false },
	{ &debt_cancelled_type, touch_debt_cancelled, decide_debt_event, true, false },
	{ &debt_charged_off_type, touch_debt_charged_off, decide_debt_event, true, false },
	{ &charge_off_undone_type, touch_charge_off_undone, decide_debt_event, true, false },
	{ &debt_written_off_type, touch_debt_written_off, decide_debt_event, true, false },
	{ &debt_transferred_type, touch_debt_transferred, decide_debt_event, true, false },
	{ &debt_recalled_type, touch_debt_recalled, decide_debt_event, true, false },
	{ &payment_recorded_type, touch_payment_recorded, decide_debt_event, true, false },
	{ &payment_reversed_type, touch_payment_reversed, decide_debt_event, true, false },
	{ &payment_refunded_type, touch_payment_refunded, decide_debt_event, true, false },
	{ &credit_applied_type, touch_credit_applied, decide_debt_event, true, false },
	{ &charge_assessed_type, touch_charge_assessed, decide_debt_event, true, false },
	{ &amount_waived_type, touch_amount_waived, decide_debt_event, true, false },
	{ &balance_adjusted_type, touch_balance_adjusted, decide_debt_event, true, false },
	{ &promise_made_type, touch_promise_made, decide_debt_event, true, false },
	{ &promise_kept_type, touch_promise_kept, decide_debt_event, true, false },
	{ &promise_partly_kept_type, touch_promise_partly_kept, decide_debt_event, true, false },
	{ &promise_broken_type, touch_promise_broken, decide_debt_event, true, false },
	{ &promise_reopened_type, touch_promise_reopened, decide_debt_event, true, false },
	{ &promise_cancelled_type, touch_promise_cancelled, decide_debt_event, true, false },
	{ &hold_placed_type, touch_hold_placed, decide_debt_event, true, false },
	{ &hold_extended_type, touch_hold_extended, decide_debt_event, true, false },
	{ &hold_begun_type, touch_hold_begun, decide_debt_event, true, false },
	{ &hold_released_type, touch_hold_released, decide_debt_event, true, false },
	{ &hold_expired_type, touch_hold_expired, decide_debt_event, true, false },
	{ &dispute_resolved_type, touch_dispute_resolved, decide_debt_event, true, false },
	{ &plan_activated_type, touch_plan_activated, decide_debt_event, true, false },
	{ &plan_reinstated_type, touch_plan_reinstated, decide_debt_event, true, false },
	{ &plan_resumed_type, touch_plan_resumed, decide_debt_event, true, false },
	{ &plan_broken_type, touch_plan_broken, decide_debt_event, true, false },
	{ &plan_completed_type, touch_plan_completed, decide_debt_event, true, false },
	{ &plan_cancelled_type, touch_plan_cancelled, decide_debt_event, true, false },
	{ &settlement_accepted_type, touch_settlement_accepted, decide_debt_event, true, false },
	{ &settlement_fulfilled_type, touch_settlement_fulfilled, decide_debt_event, true, false },
	{ &settlement_reopened_type, touch_settlement_reopened, decide_debt_event, true, false },
	{ &settlement_breached_type, touch_settlement_breached, decide_debt_event, true, false },
	{ &settlement_withdrawn_type, touch_settlement_withdrawn, decide_debt_event, true, false },
};

static const struct rule communications_rules[] = {
	{ &communication_progressed_type, touch_communication, decide_step_progressed, true, false },
	{ &communication_suppressed_type, touch_communication, decide_step_suppressed, true, false },
	{ &communication_cancelled_type, touch_communication, decide_step_cancelled, true, false },
	{ &command_rejected_type, touch_rejected, decide_step_rejected, true, false },
	{ &consent_withdrawn_type, touch_withdrawal, decide_withdrawal, true, false },
	{ &consent_granted_type, touch_person, decide_consent_granted, false, false },
	{ &inbound_received_type, touch_inbound_received, decide_inbound_received, false, false },
	{ &circumstance_recorded_type, touch_circumstance_recorded, decide_circumstance_recorded, true, false },
	{ &circumstance_ended_type, touch_circumstance_ended, decide_circumstance_ended, true, false },
};

static const struct follow follows[] = {
	{ .module = "customers", .rules = customers_rules, .rules_count = COUNT(customers_rules) },
	{ .module = "debts", .rules = debts_rules, .rules_count = COUNT(debts_rules) },
	{ .module = "communications", .rules = communications_rules, .rules_count = COUNT(communications_rules) },
};

static const struct timer_rule timers[] = {
	{ &evaluation_timer, { &timer_type, touch_evaluation, decide_evaluation, true, false } },
	{ &entry_timer, { &timer_type, touch_entry, decide_entry, true, false } },
	{ &stop_timer, { &timer_type, touch_stop_over, decide_stop_over, true, false } },
	{ &task_timer, { &timer_type, touch_task_back, decide_task_back, false, false } },
	{ &reversal_timer, { &timer_type, touch_evaluation, decide_reversal, true, false } },
	{ &contact_timer, { &timer_type, touch_evaluation, decide_contact, true, false } },
	{ &broken_timer, { &timer_type, touch_evaluation, decide_broken, true, false } },
	{ &rejected_timer, { &timer_type, touch_evaluation, decide_rejected, true, false } },
};

static const struct action task_actions[] = {
	{ &take_task_type, task_can_be_taken, false, NULL },
	{ &release_task_type, task_is_taken, false, NULL },
	{ &finish_task_type, task_is_taken, false, NULL },
};

static const struct actions actions[] = {
	{ .thing = "task", .states = TASK_STATE_WORDS, .rows = task_actions, .rows_count = COUNT(task_actions) },
};

const struct module dunning_module = {
	.name = "dunning",
	.rules = rules,
	.rules_count = COUNT(rules),
	.timers = timers,
	.timers_count = COUNT(timers),
	.approvals = approvals,
	.approvals_count = COUNT(approvals),
	.actions = actions,
	.actions_count = COUNT(actions),
	.follows = follows,
	.follows_count = COUNT(follows),
	.sends_as = ROLE_SYSTEM,
	.evolve = dunning_evolve,
};
