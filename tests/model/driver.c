/*
 * The rules of debts behind a pipe: histories come in as lines, and what the rules make of them goes out as lines of JSON, for the model
 * in Python (debts.py) to compare. README.md has both languages. Decide and evolve are the real ones, over a workset that is never saved, as
 * in tests/unit/rule_spec.h; what the engine asks before a rule is asked here, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "tests/model/driver.h"
#include "wire/json.h"

#define ARENA_SIZE  ((size_t)256 << 20)
#define OUTPUT_MAX  ((size_t)256 << 20)
#define SLOTS_MAX   4096
#define COMMAND_MS  1000 /* between two lines */
#define ANSWERS_MAX 4096 /* timers that one Tick fires */

static struct driver driver;

/* ---- the states that the rules need ---- */

static void *given(const struct entity *entity, const struct uuid *id, struct str text)
{
	struct slot *slot = workset_touch(&driver.set, entity, id, text);

	MUST(slot);
	slot->loaded = true;
	slot->exists = true;
	return slot->state;
}

static void touch(const struct rule *rule, const struct command *command)
{
	for (int round = 0; round < TOUCH_ROUNDS_MAX; round++) {
		size_t before = driver.set.slots_count;

		rule->touch(command, &driver.set);
		MUST(!driver.set.overflow);
		for (size_t index = before; index < driver.set.slots_count; index++)
			driver.set.slots[index]->loaded = true;
		driver.set.missing_count = 0;
		if (driver.set.slots_count == before || (!rule->touches_again && !command_is_bound(command)))
			return;
	}
}

/* ---- timers ---- */

static struct set_timer *timer_find(const struct timer *timer, const struct uuid *key)
{
	for (size_t i = 0; i < driver.timers_count; i++) {
		struct set_timer *set = &driver.timers[i];

		if (set->timer.kind == timer->kind && uuid_equal(&set->timer.subject, &timer->subject) &&
		    uuid_equal(&set->key, key))
			return set;
	}
	return NULL;
}

static void timer_end(struct set_timer *set)
{
	*set = driver.timers[--driver.timers_count];
}

/* `number` tells a timer from the one that takes its place. */
static void timer_change(const struct timer_change *change, const struct uuid *key)
{
	struct set_timer *set = timer_find(&change->timer, key);

	if (set)
		timer_end(set);
	if (change->is_cancelled)
		return;
	MUST(driver.timers_count < COUNT(driver.timers));
	driver.timers[driver.timers_count++] = (struct set_timer){ change->timer, *key, ++driver.number };
}

static int64_t due_ms(const struct set_timer *set)
{
	return set->timer.is_on_day ? set->timer.due_on * DAY_MS : set->timer.due_at_ms;
}

/* As the engine fires them: in the order of their due times. What it leaves to chance is by kind and subject here. */
static int in_order(const void *one, const void *other)
{
	const struct set_timer *a = one;
	const struct set_timer *b = other;

	if (due_ms(a) != due_ms(b))
		return due_ms(a) < due_ms(b) ? -1 : 1;
	if (a->timer.kind->number != b->timer.kind->number)
		return a->timer.kind->number - b->timer.kind->number;
	return uuid_compare(&a->timer.subject, &b->timer.subject);
}

/* ---- a decision ---- */

static void apply(const struct decision *decision)
{
	MUST(!decision->overflow);
	for (size_t i = 0; i < driver.set.slots_count; i++)
		driver.set.slots[i]->changed = false;
	for (size_t i = 0; i < decision->events_count; i++)
		debts_module.evolve(&driver.set, &decision->events[i]);
	for (size_t i = 0; i < decision->timers_count; i++)
		timer_change(&decision->timers[i], &decision->command->key);
}

static struct command *new_command(const struct message_type *type, const void *body, struct uuid key)
{
	struct command *command = arena_take(&driver.arena, 1, sizeof(*command));

	MUST(command);
	driver.now_ms += COMMAND_MS;
	*command = (struct command){ .type = type,
				     .body = body,
				     .id = { { 1, [14] = (uint8_t)(driver.number >> 8), [15] = (uint8_t)driver.number } },
				     .key = key,
				     .actor = STR("somebody"),
				     .roles = type->roles,
				     .scope = &scope_all,
				     .now_ms = driver.now_ms,
				     .received_ms = driver.now_ms };
	driver.number++;
	return command;
}

static const struct rule *rule_of_timer(const struct timer_kind *kind)
{
	for (size_t i = 0; i < debts_module.timers_count; i++) {
		if (debts_module.timers[i].kind == kind)
			return &debts_module.timers[i].rule;
	}
	MUST_NOT_REACH("a timer without a rule");
}

static void fire(const struct set_timer *set)
{
	struct decision decision;
	struct timer *body = arena_take(&driver.arena, 1, sizeof(*body));
	const struct rule *rule = rule_of_timer(set->timer.kind);
	struct command *command;

	MUST(body);
	*body = set->timer;
	command = new_command(&timer_type, body, set->key);
	command->actor = STR("timer");
	touch(rule, command);
	command->today = driver.today;
	decision_init(&decision, &driver.arena, command);
	rule->decide(command, &driver.set, &decision);
	MUST(decision.kind != DECISION_REFUSED);
	apply(&decision);
	if (decision.events_count > 0)
		driver_say_fired(&driver, &set->timer, &decision);
}

static void tick(void)
{
	static struct set_timer due[ANSWERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < driver.timers_count; i++) {
		if (due_ms(&driver.timers[i]) <= driver.today * DAY_MS)
			due[count++] = driver.timers[i];
	}
	qsort(due, count, sizeof(*due), in_order);
	driver_begin(&driver, "[");
	for (size_t i = 0; i < count; i++) {
		struct set_timer *set = timer_find(&due[i].timer, &due[i].key);

		if (!set || set->number != due[i].number)
			continue;
		timer_end(set);
		fire(&due[i]);
	}
	driver_say(&driver, "]");
}

/* ---- lines ---- */

static struct str word(struct str *rest)
{
	const char *blank = memchr(rest->data, ' ', rest->size);
	size_t size = blank ? (size_t)(blank - rest->data) : rest->size;
	struct str first = { rest->data, size };

	*rest = (struct str){ rest->data + size, rest->size - size };
	if (rest->size > 0)
		*rest = (struct str){ rest->data + 1, rest->size - 1 };
	return first;
}

static struct uuid id_word(struct str *rest)
{
	struct uuid id;
	bool is_id = uuid_parse(&id, word(rest));

	MUST(is_id);
	return id;
}

static const struct rule *rule_named(struct str name)
{
	for (size_t i = 0; i < debts_module.rules_count; i++) {
		if (str_is(name, debts_module.rules[i].type->record.name))
			return &debts_module.rules[i];
	}
	return NULL;
}

/* What the engine asks before the rule (lib/worker/batch_decide.c). The reader of JSON has asked for the texts. */
static void decide(const struct rule *rule, struct command *command, struct decision *decision)
{
	const struct field *unbound = command_unbound_field(command);

	if (unbound)
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, unbound->name, COMMAND_UNBOUND_TEXT);
	else
		rule->decide(command, &driver.set, decision);
}

static const struct approval *second_person(void)
{
	static struct approval approval;
	bool is_id;

	approval.actor = STR("019a0000-0000-7000-8000-0000000000ff");
	is_id = uuid_parse(&approval.user_id, approval.actor);
	MUST(is_id);
	return &approval;
}

/* do NAME ROLE SCOPE APPROVED BODY */
static void do_command(struct str rest)
{
	struct err err = ERR_INIT;
	struct decision decision;
	const struct rule *rule = rule_named(word(&rest));
	struct str role = word(&rest);
	struct str scope = word(&rest);
	struct str approved = word(&rest);
	struct scope *bounds = arena_take(&driver.arena, 1, sizeof(*bounds));
	struct command *command;
	const void *body;

	MUST(rule);
	MUST(bounds);
	if (json_read_message(rest, rule->type, &driver.arena, &body, &err) < 0) {
		driver_say_poison(&driver, err.text);
		return;
	}
	command = new_command(rule->type, body, *message_uuid(rule->type->key_field, body));
	if (!str_is(role, "-")) {
		bool is_scope = scope_read(bounds, scope);

		MUST(is_scope);
		command->roles = role_by_name(role);
		command->scope = bounds;
	}
	if (str_is(approved, "yes"))
		command->approval = second_person();
	touch(rule, command);
	command->today = driver.today;
	decision_init(&decision, &driver.arena, command);
	decide(rule, command, &decision);
	apply(&decision);
	driver_say_answer(&driver, &decision);
}

/* customer ID active|gone COUNTRY */
static void give_customer(struct str rest)
{
	struct uuid id = id_word(&rest);
	struct debts_customer *customer = given(&debts_customer_entity, &id, (struct str){ 0 });

	customer->is_active = str_is(word(&rest), "active");
	customer->holidays = holidays_of(word(&rest));
}

/* known CUSTOMER CREDITOR PORTFOLIO */
static void give_acquaintance(struct str rest)
{
	struct uuid customer = id_word(&rest);
	struct scope_pair pair = { .creditor_id = id_word(&rest), .portfolio_id = id_word(&rest) };
	struct reference_key *key = arena_take(&driver.arena, 1, sizeof(*key));
	struct debts_acquaintance *acquaintance;
	struct uuid id;

	MUST(key);
	reference_key_of_acquaintance(key, &pair, &customer);
	id = reference_id(key);
	acquaintance = given(&debts_acquaintance_entity, &id, (struct str){ key->text, key->size });
	acquaintance->is_known = 1;
}

/* off COUNTRY FIRST LAST: the days of the week on which nobody works */
static void say_days_off(struct str rest)
{
	enum holidays place = holidays_of(word(&rest));
	struct str first = word(&rest);
	int32_t day, last;
	bool are_days = day_parse(first, &day) && day_parse(rest, &last);

	MUST(are_days);
	driver_begin(&driver, "[");
	for (; day <= last; day++) {
		char text[16];

		day_format(text, day);
		if (day_of_week(day) < 5 && !day_is_business(place, day))
			buf_add_format(&driver.said, "%s\"%s\"", driver_is_first(&driver) ? "" : ",", text);
	}
	driver_say(&driver, "]");
}

static void new_history(void)
{
	bool fits;

	arena_reset(&driver.arena);
	fits = workset_init(&driver.set, &driver.arena, SLOTS_MAX);
	MUST(fits);
	driver.timers_count = 0;
	driver.number = 0;
}

static void new_day(struct str day)
{
	bool is_day = day_parse(day, &driver.today);

	MUST(is_day);
	driver.now_ms = driver.today * DAY_MS;
}

static bool obey(struct str line)
{
	struct str verb = word(&line);

	if (str_is(verb, "do"))
		do_command(line);
	else if (str_is(verb, "tick"))
		tick();
	else if (str_is(verb, "day"))
		new_day(line);
	else if (str_is(verb, "customer"))
		give_customer(line);
	else if (str_is(verb, "known"))
		give_acquaintance(line);
	else if (str_is(verb, "off"))
		say_days_off(line);
	else if (str_is(verb, "history"))
		new_history();
	else if (str_is(verb, "end"))
		driver_say_all(&driver);
	else
		return false;
	return true;
}

int main(void)
{
	struct err err = ERR_INIT;
	char *line = NULL;
	size_t room = 0;
	ssize_t size;

	if (crypto_init(&err) < 0 || arena_init(&driver.arena, ARENA_SIZE, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	buf_init(&driver.said, OUTPUT_MAX);
	new_history();
	while ((size = getline(&line, &room, stdin)) > 0) {
		/* Texts of the body are copied by the reader of JSON: the line may go. */
		if (!obey((struct str){ line, (size_t)size - (line[size - 1] == '\n') })) {
			fprintf(stderr, "no such line: %s", line);
			return 1;
		}
	}
	free(line);
	buf_release(&driver.said);
	arena_release(&driver.arena);
	return 0;
}
