#include <string.h>

#include "tests/sim/world.h"

/*
 * The modules as the programs of a world have them: their own rules, some of which end the program (a MUST that does not hold)
 * when they see a certain command. Here the program is dead from then on: whatever it still does comes to nothing.
 */
static struct rule rules[SIM_MODULES][SIM_RULES_MAX];
static struct module wrapped[SIM_MODULES];

static struct sim_session *acting;

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

static void decide(const struct command *command, const struct workset *set, struct decision *decision)
{
	for (size_t module = 0; module < SIM_MODULES; module++)
		for (size_t i = 0; i < command_modules[module]->rules_count; i++)
			if (command_modules[module]->rules[i].type == command->type)
				command_modules[module]->rules[i].decide(command, set, decision);
	if (is_deadly(acting->world, command)) {
		acting->is_dead = true;
		acting->world->deadly_deaths++;
	}
}

const struct module *world_module(size_t number)
{
	const struct module *module = command_modules[number];

	MUST(module->rules_count <= SIM_RULES_MAX);
	memcpy(rules[number], module->rules, module->rules_count * sizeof(*module->rules));
	for (size_t i = 0; i < module->rules_count; i++)
		rules[number][i].decide = decide;
	wrapped[number] = *module;
	wrapped[number].rules = rules[number];
	return &wrapped[number];
}
