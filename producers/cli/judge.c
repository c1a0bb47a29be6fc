#include "judge.h"

#include <string.h>

#include "base/day.h"
#include "consumers/modules.h"

#define ARENA_SIZE ((size_t)4 << 20)
#define SLOTS_MAX  4096

static const struct rule *rule_of(const struct message_type *type)
{
	for (size_t i = 0; i < COMMAND_MODULES_COUNT; i++) {
		for (size_t j = 0; j < command_modules[i]->rules_count; j++) {
			if (command_modules[i]->rules[j].type == type)
				return &command_modules[i]->rules[j];
		}
	}
	return NULL;
}

int judge_init(struct judge *judge, struct err *err)
{
	judge->now_ms = clock_now_ms();
	return arena_init(&judge->arena, ARENA_SIZE, err);
}

void judge_release(struct judge *judge)
{
	arena_release(&judge->arena);
}

/* Whether a refusal is about the command alone; all others depend on the state of the module. */
static bool is_of_the_command(enum refusal refusal)
{
	return refusal == REFUSAL_BAD_VALUE || refusal == REFUSAL_BAD_AMOUNT || refusal == REFUSAL_BAD_CURRENCY ||
	       refusal == REFUSAL_BAD_DATE;
}

/* Looks up every state that the rule touches, and finds none. False: there are too many. */
static bool touch_nothing(const struct rule *rule, const struct command *command, struct workset *set)
{
	for (int round = 0; round < TOUCH_ROUNDS_MAX; round++) {
		size_t before = set->slots_count;

		rule->touch(command, set);
		if (set->overflow)
			return false;
		for (size_t i = before; i < set->slots_count; i++)
			set->slots[i]->loaded = true;
		if (set->slots_count == before || !rule->touches_again)
			break;
	}
	return true;
}

bool judge_command(struct judge *judge, const struct message_type *type, const void *body, struct decision *ret_decision)
{
	const struct rule *rule = rule_of(type);
	const char *nil_field = message_nil_field(type, body);
	struct command *command = NULL;
	struct workset set = { .arena = NULL };

	arena_reset(&judge->arena);
	command = arena_take(&judge->arena, 1, sizeof(*command));
	MUST(command != NULL);
	*command = (struct command){ .type = type,
				     .body = body,
				     .id = uuid_new(),
				     .key = *message_uuid(type->key_field, body),
				     .actor = STR("dcs-cli"),
				     .roles = type->roles,
				     .scope = &scope_all,
				     .now_ms = judge->now_ms,
				     .received_ms = judge->now_ms,
				     .today = day_of_instant(judge->now_ms) };
	decision_init(ret_decision, &judge->arena, command);
	if (nil_field != NULL) {
		decision_refuse(ret_decision, REFUSAL_BAD_VALUE, nil_field, "an id of zeros names nothing");
		return false;
	}
	if (rule == NULL || !workset_init(&set, &judge->arena, SLOTS_MAX) || !touch_nothing(rule, command, &set))
		return true;
	rule->decide(command, &set, ret_decision);
	return ret_decision->kind != DECISION_REFUSED || !is_of_the_command(ret_decision->refusal);
}
