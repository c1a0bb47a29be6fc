#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "consumers/communications/sending.h"
#include "schemas/reports.h"
#include "tests/sim/alarms.h"
#include "tests/sim/approvals.h"
#include "tests/sim/reactions.h"
#include "tests/sim/world.h"

/*
 * The modules as the programs of a world have them: their own rules, some of which end the program (a MUST that does not hold)
 * when they see a certain command. Here the program is dead from then on: whatever it still does comes to nothing.
 */
static struct rule rules[SIM_MODULES][SIM_RULES_MAX];
static struct module wrapped[SIM_MODULES];

static struct sim_session *acting;
static bool is_reacting; /* reports follows others, in the world that runs */

void world_act(struct sim_session *session)
{
	acting = session;
}

static int64_t age_ms(const struct command *command)
{
	int64_t issued_ms = 0;

	for (size_t i = 0; i < 6; i++)
		issued_ms = issued_ms << 8 | command->id.bytes[i];
	return command->now_ms - issued_ms;
}

/* By its id alone, so that every program dies of the same: some at once, some only when they have waited. */
static bool is_deadly(const struct sim_world *world, const struct command *command)
{
	if (world->script.kills)
		return world->script.kills(command);
	return !world->is_calm && command->id.bytes[15] < world->deadly_of_256 &&
	       (command->id.bytes[14] % 2 == 0 || age_ms(command) > 1000);
}

/* ---- timers, of the module reports ---- */

struct alarm_state {
	int64_t version;
};
static const struct entity alarm_entity = { .name = "alarm", .state_size = sizeof(struct alarm_state), .is_ordered = true };

/* Whatever it says, again and again. */
static void request_report(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct alarm_state *state = workset_state(set, &alarm_entity, &command->key);
	struct report_requested *event = decision_event(decision, &report_requested_type);

	event->report_id = command->key;
	event->version = 1 + (state ? state->version : 0);
	event->kind = STR("ageing");
	event->format = STR("csv");
	event->requested_by = command->actor;
}

static void follow_plan(const struct command *command, int64_t base_ms, struct decision *decision)
{
	struct timer_change changes[ALARM_OPS_MAX];
	size_t count = alarms_plan(&command->id, &command->key, base_ms, changes);

	for (size_t i = 0; i < count; i++) {
		const struct timer *timer = &changes[i].timer;

		if (changes[i].is_cancelled)
			decision_cancel_timer(decision, timer->kind, &timer->subject);
		else if (timer->is_on_day)
			decision_set_timer_on(decision, timer->kind, &timer->subject, timer->due_on);
		else
			decision_set_timer_at(decision, timer->kind, &timer->subject, timer->due_at_ms);
	}
}

static void decide_report(const struct command *command, const struct workset *set, struct decision *decision)
{
	if (alarm_waits(&command->id, command->now_ms - command->received_ms)) {
		decision_wait(decision, "", "not yet");
		return;
	}
	request_report(command, set, decision);
	follow_plan(command, command->received_ms, decision);
	if (is_reacting)
		reaction_send(command, false, decision);
}

static void touch_report(const struct command *command, struct workset *set)
{
	workset_touch(set, &alarm_entity, &command->key, (struct str){ .data = NULL });
}

static void evolve_report(struct workset *set, const struct event *event)
{
	const struct report_requested *body = event->body;
	struct alarm_state *state = workset_change(set, &alarm_entity, &body->report_id);

	state->version = body->version;
}

static void die_of(const struct command *command)
{
	if (!is_deadly(acting->world, command))
		return;
	acting->is_dead = true;
	acting->world->deadly_deaths++;
}

static void decide_alarm(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct timer *timer = command->body;
	int64_t due_ms = timer->is_on_day ? timer->due_on * DAY_MS : timer->due_at_ms;

	die_of(command);
	if (alarm_waits(&command->id, command->now_ms - due_ms)) {
		decision_wait(decision, "", "not yet");
		return;
	}
	if (alarm_is_silent(&command->id))
		return;
	request_report(command, set, decision);
	follow_plan(command, due_ms, decision);
	if (is_reacting)
		reaction_send(command, false, decision);
}

static struct timer_rule alarm_rules[ALARM_KINDS];

static void give_alarms(struct module *module)
{
	for (size_t i = 0; i < ALARM_KINDS; i++)
		alarm_rules[i] =
			(struct timer_rule){ &alarm_kinds[i], { &timer_type, touch_report, decide_alarm, false, false } };
	module->timers = alarm_rules;
	module->timers_count = ALARM_KINDS;
	module->evolve = evolve_report;
	for (size_t i = 0; i < module->rules_count; i++)
		rules[SIM_REPORTS][i].touch = touch_report;
}

/* ---- events of other modules, in reports ---- */

#define FOLLOWED_COUNT 2

static struct rule reaction_rules[FOLLOWED_COUNT][COUNT(reaction_types[0])];
static struct follow follows[FOLLOWED_COUNT] = { { .module = "customers" }, { .module = "debts" } };

static void decide_reaction(const struct command *command, const struct workset *set, struct decision *decision)
{
	die_of(command);
	if (reaction_is_silent(&command->id))
		return;
	request_report(command, set, decision);
	follow_plan(command, command->received_ms, decision);
	reaction_send(command, true, decision);
}

static void give_reactions(struct module *module)
{
	for (size_t i = 0; i < FOLLOWED_COUNT; i++) {
		size_t count = 0;

		for (size_t j = 0; j < COUNT(reaction_types[i]) && reaction_types[i][j]; j++)
			reaction_rules[i][count++] =
				(struct rule){ reaction_types[i][j], touch_report, decide_reaction, false, false };
		follows[i].rules = reaction_rules[i];
		follows[i].rules_count = count;
	}
	module->follows = follows;
	module->follows_count = FOLLOWED_COUNT;
	module->sends_as = UINT32_MAX;
}

/* ---- the guard ---- */

#define HOUR_MS 3000 /* of so many of these hours one is not fit */
#define HOURS   20

bool sim_hour_is_fit(int64_t at_ms)
{
	return at_ms / HOUR_MS % HOURS != 0;
}

/* As the guard says; but what it allows waits for a fit hour, and holds until there is none. */
static struct guard_verdict with_hours(const struct guard_facts *facts, const struct guard_profile *const *profiles, size_t count)
{
	struct guard_verdict verdict = guard_decide(facts, profiles, count);

	if (verdict.verdict != VERDICT_ALLOW)
		return verdict;
	if (sim_hour_is_fit(facts->now_ms)) {
		int64_t end_ms = (facts->now_ms / (HOURS * HOUR_MS) + 1) * HOURS * HOUR_MS;

		verdict.until_ms = verdict.until_ms == 0 || end_ms < verdict.until_ms ? end_ms : verdict.until_ms;
		return verdict;
	}
	return (struct guard_verdict){ .verdict = VERDICT_DEFER,
				       .until_ms = (facts->now_ms / HOUR_MS + 1) * HOUR_MS,
				       .rules = { "HOUSE-3" },
				       .rules_count = 1 };
}

void world_set_hours(struct sim_world *world, bool has_hours)
{
	world->has_hours = has_hours;
	communications_guard = has_hours ? with_hours : guard_decide;
}

/* ---- second persons, of the module users ---- */

/* What the module's rule says, but that events need a second person. */
static void decide_with_second(const struct command *command, const struct workset *set, struct decision *decision,
			       void (*rule)(const struct command *, const struct workset *, struct decision *))
{
	struct decision own;

	decision_init(&own, decision->arena, command);
	rule(command, set, &own);
	if (own.kind != DECISION_EVENTS || !approval_is_needed(command->type, &command->id))
		*decision = own;
	else if (!command->approval)
		decision_keep(decision, "such is the rule here");
	else if (approval_waits(&command->id, command->received_ms, command->now_ms))
		decision_wait(decision, "", "not yet");
	else
		*decision = own;
}

static void give_second_persons(struct module *module)
{
	module->approvals = approval_rules;
	module->approvals_count = approval_rules_count;
}

/* ---- all modules ---- */

static void decide(const struct command *command, const struct workset *set, struct decision *decision)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (size_t i = 0; i < command_modules[module]->rules_count; i++)
			if (command_modules[module]->rules[i].type == command->type && module == SIM_REPORTS)
				decide_report(command, set, decision);
			else if (command_modules[module]->rules[i].type == command->type && module == SIM_USERS)
				decide_with_second(command, set, decision, command_modules[module]->rules[i].decide);
			else if (command_modules[module]->rules[i].type == command->type)
				command_modules[module]->rules[i].decide(command, set, decision);
	die_of(command);
}

const struct module *world_module(size_t number, bool follows_others)
{
	const struct module *module = command_modules[number];

	MUST(module->rules_count <= SIM_RULES_MAX);
	memcpy(rules[number], module->rules, module->rules_count * sizeof(*module->rules));
	for (size_t i = 0; i < module->rules_count; i++)
		rules[number][i].decide = decide;
	wrapped[number] = *module;
	wrapped[number].rules = rules[number];
	if (number == SIM_REPORTS)
		give_alarms(&wrapped[number]);
	is_reacting = follows_others;
	if (number == SIM_REPORTS && follows_others)
		give_reactions(&wrapped[number]);
	if (number == SIM_USERS)
		give_second_persons(&wrapped[number]);
	return &wrapped[number];
}
