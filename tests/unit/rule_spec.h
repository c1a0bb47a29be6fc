#ifndef TESTS_UNIT_RULE_SPEC_H
#define TESTS_UNIT_RULE_SPEC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "model/module.h"

/*
 * Given states, when a command, then events or a refusal: a module's rules over a workset that is never saved, so what one
 * command changed is there for the next. spec_given makes a state exist (of another module, mostly); spec_when does to a command
 * what the engine does.
 */
struct spec {
	const struct module *module;
	struct arena arena;
	struct workset set;
	struct decision decision; /* of the last spec_when */
	int64_t now_ms;
	int64_t received_ms; /* 0: the command has not waited */
	int32_t today;
	uint32_t roles;            /* of who says so; 0: all that may */
	const struct scope *scope; /* of his; NULL: all */
	bool is_user;              /* a person says so */
	struct uuid user_id;       /* that person */
	const struct approval *approval;
	uint8_t commands; /* so far: they make the ids */
};

#define SPEC_TODAY 20454 /* 2026-01-01 */

static inline void spec_init(struct spec *spec, const struct module *module)
{
	struct err err = ERR_INIT;
	bool fits;

	*spec = (struct spec){ .module = module, .today = SPEC_TODAY, .now_ms = SPEC_TODAY * DAY_MS };
	if (crypto_init(&err) < 0 || arena_init(&spec->arena, (size_t)32 << 20, &err) < 0)
		fail_msg("%s", err.text);
	fits = workset_init(&spec->set, &spec->arena, 10000);
	assert_true(fits);
}

static inline void spec_release(struct spec *spec)
{
	arena_release(&spec->arena);
}

/* An id that says in a dump what it is: a letter and a number. */
static inline struct uuid spec_id(char kind, unsigned number)
{
	struct uuid id = { .bytes = { 0x01, 0x9a, [6] = 0x70, [8] = 0x80, [11] = (uint8_t)kind } };

	id.bytes[14] = (uint8_t)(number >> 8);
	id.bytes[15] = (uint8_t)number;
	return id;
}

static inline void *spec_given(struct spec *spec, const struct entity *entity, struct uuid id)
{
	struct slot *slot = workset_touch(&spec->set, entity, &id, (struct str){ 0 });

	assert_non_null(slot);
	slot->loaded = true;
	slot->exists = true;
	return slot->state;
}

static inline const struct rule *spec_rule(const struct spec *spec, const struct message_type *type)
{
	for (size_t index = 0; index < spec->module->rules_count; index++) {
		if (spec->module->rules[index].type == type)
			return &spec->module->rules[index];
	}
	fail_msg("no rule for %s", type->record.name);
	return NULL;
}

static inline void spec_touch(struct spec *spec, const struct rule *rule, const struct command *command)
{
	for (int round = 0; round < TOUCH_ROUNDS_MAX; round++) {
		size_t before = spec->set.slots_count;

		rule->touch(command, &spec->set);
		assert_false(spec->set.overflow);
		for (size_t index = before; index < spec->set.slots_count; index++)
			spec->set.slots[index]->loaded = true;
		if (spec->set.slots_count == before || (!rule->touches_again && !command_is_bound(command)))
			return;
	}
}

/*
 * What `body` points to must stay until the end of the test, as a batch's commands do. Its texts come to the rule in their normal
 * form, and one that has none is refused, as the engine does it.
 */
static inline const struct decision *spec_when(struct spec *spec, const struct message_type *type, const void *body)
{
	const struct rule *rule = spec_rule(spec, type);
	struct command *command = arena_take(&spec->arena, 1, sizeof(*command));
	void *copy = arena_take(&spec->arena, 1, type->record.size);
	const char *fault_field = NULL;
	const char *fault;

	assert_non_null(command);
	assert_non_null(copy);
	body = memcpy(copy, body, type->record.size);
	fault = message_normalise(type, copy, &fault_field);
	*command = (struct command){ .type = type,
				     .body = body,
				     .id = spec_id('!', ++spec->commands),
				     .key = *message_uuid(type->key_field, body),
				     .actor = STR("test"),
				     .roles = spec->roles == 0 ? type->roles : spec->roles,
				     .scope = spec->scope == NULL ? &scope_all : spec->scope,
				     .now_ms = spec->now_ms,
				     .received_ms = spec->received_ms == 0 ? spec->now_ms : spec->received_ms,
				     .is_user = spec->is_user,
				     .user_id = spec->user_id,
				     .approval = spec->approval };
	spec_touch(spec, rule, command);
	command->today = spec->today; /* the engine, too, knows the business date only when it decides */
	decision_init(&spec->decision, &spec->arena, command);
	if (fault != NULL)
		decision_refuse(&spec->decision, REFUSAL_BAD_VALUE, fault_field, "the text %s", fault);
	else
		rule->decide(command, &spec->set, &spec->decision);
	assert_false(spec->decision.overflow);
	assert_int_not_equal(spec->decision.kind, DECISION_NONE);
	for (size_t index = 0; index < spec->decision.events_count; index++)
		spec->module->evolve(&spec->set, &spec->decision.events[index]);
	return &spec->decision;
}

/* A timer's time has come, now: the engine's part of it. The answer may have no event. */
static inline const struct decision *spec_fire(struct spec *spec, const struct timer_kind *kind, struct uuid subject,
					       struct uuid key)
{
	const struct timer_rule *rule = NULL;
	struct command *command = arena_take(&spec->arena, 1, sizeof(*command));
	struct timer *body = arena_take(&spec->arena, 1, sizeof(*body));

	assert_non_null(command);
	assert_non_null(body);
	for (size_t index = 0; index < spec->module->timers_count; index++) {
		if (spec->module->timers[index].kind == kind)
			rule = &spec->module->timers[index];
	}
	assert_non_null(rule);
	*body = (struct timer){ .kind = kind, .subject = subject, .due_on = spec->today, .due_at_ms = spec->now_ms };
	*command = (struct command){ .type = &timer_type,
				     .body = body,
				     .id = spec_id('!', ++spec->commands),
				     .key = key,
				     .actor = STR("timer"),
				     .scope = &scope_all,
				     .now_ms = spec->now_ms,
				     .received_ms = spec->now_ms,
				     .today = spec->today };
	spec_touch(spec, &rule->rule, command);
	decision_init(&spec->decision, &spec->arena, command);
	rule->rule.decide(command, &spec->set, &spec->decision);
	assert_false(spec->decision.overflow);
	assert_int_not_equal(spec->decision.kind, DECISION_REFUSED);
	for (size_t index = 0; index < spec->decision.events_count; index++)
		spec->module->evolve(&spec->set, &spec->decision.events[index]);
	return &spec->decision;
}

static inline const struct rule *spec_follow_rule(const struct spec *spec, const struct message_type *type)
{
	for (size_t follow = 0; follow < spec->module->follows_count; follow++) {
		for (size_t index = 0; index < spec->module->follows[follow].rules_count; index++) {
			if (spec->module->follows[follow].rules[index].type == type)
				return &spec->module->follows[follow].rules[index];
		}
	}
	fail_msg("%s is not followed", type->record.name);
	return NULL;
}

/* What the engine asks of the answer to an event of another module: no refusal, and nothing beside events that are there. */
static inline void spec_check_answer(const struct decision *decision)
{
	assert_false(decision->overflow);
	assert_true(decision->kind == DECISION_EVENTS || decision->kind == DECISION_NONE);
	if (decision->events_count == 0)
		assert_int_equal(decision->timers_count + decision->sendings_count, 0);
	for (size_t index = 0; index < decision->sendings_count; index++) {
		const struct outgoing *sending = &decision->sendings[index];

		assert_memory_equal(message_uuid(sending->type->key_field, sending->body), &decision->command->key,
				    sizeof(struct uuid));
	}
}

/* An event of another module has come. What `body` points to must stay until the end of the test. */
static inline const struct decision *spec_follow(struct spec *spec, const struct message_type *type, const void *body)
{
	const struct rule *rule = spec_follow_rule(spec, type);
	struct command *command = arena_take(&spec->arena, 1, sizeof(*command));
	void *copy = arena_take(&spec->arena, 1, type->record.size);

	assert_non_null(command);
	assert_non_null(copy);
	body = memcpy(copy, body, type->record.size);
	*command = (struct command){ .type = type,
				     .body = body,
				     .id = spec_id('!', ++spec->commands),
				     .key = *message_uuid(type->key_field, body),
				     .actor = STR("event"),
				     .scope = &scope_all,
				     .now_ms = spec->now_ms,
				     .received_ms = spec->now_ms };
	spec_touch(spec, rule, command);
	command->today = spec->today;
	decision_init(&spec->decision, &spec->arena, command);
	rule->decide(command, &spec->set, &spec->decision);
	spec_check_answer(&spec->decision);
	for (size_t index = 0; index < spec->decision.events_count; index++)
		spec->module->evolve(&spec->set, &spec->decision.events[index]);
	return &spec->decision;
}

/* The field of a message by its name. */
static inline const struct field *spec_field(const struct message_type *type, const char *name)
{
	for (size_t i = 0; i < type->record.fields_count; i++) {
		if (strcmp(type->record.fields[i].name, name) == 0)
			return &type->record.fields[i];
	}
	fail_msg("%s has no field %s", type->record.name, name);
	return NULL;
}

/* ---- then ---- */

#define then_refused(spec, code, at)                                                                                             \
	do {                                                                                                                     \
		assert_int_equal((spec)->decision.kind, DECISION_REFUSED);                                                       \
		assert_string_equal(refusal_code((spec)->decision.refusal), refusal_code(code));                                 \
		assert_string_equal((spec)->decision.field, at);                                                                 \
		assert_true((spec)->decision.text[0] != '\0');                                                                   \
	} while (0)

#define then_waits(spec, at)                                                                                                     \
	do {                                                                                                                     \
		assert_int_equal((spec)->decision.kind, DECISION_WAIT);                                                          \
		assert_string_equal((spec)->decision.field, at);                                                                 \
	} while (0)

/* The events are exactly these, by name: then_events(spec, "PaymentRecorded", "DebtPaid"). */
#define then_events(spec, ...)                                                                                                   \
	do {                                                                                                                     \
		static const char *const wanted[] = { __VA_ARGS__ };                                                             \
		assert_int_equal((spec)->decision.kind, DECISION_EVENTS);                                                        \
		assert_int_equal((spec)->decision.events_count, COUNT(wanted));                                                  \
		for (size_t wanted_index = 0; wanted_index < (spec)->decision.events_count; wanted_index++)                      \
			assert_string_equal((spec)->decision.events[wanted_index].type->record.name, wanted[wanted_index]);      \
	} while (0)

#define then_event(spec, index, type_of_event) ((const struct type_of_event *)(spec)->decision.events[index].body)

#endif
