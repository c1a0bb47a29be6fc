#include "model/decision.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"

#define BODY_SIZE_MAX 4096

void decision_init(struct decision *decision, struct arena *arena, const struct command *command)
{
	*decision = (struct decision){ .arena = arena, .command = command, .kind = DECISION_NONE, .field = "" };
}

/* The text goes into an event, where only whole characters are let through. */
__attribute__((format(printf, 3, 0))) static void say(struct decision *decision, const char *field, const char *format,
						      va_list args)
{
	size_t size_max = sizeof(decision->text) - 1;
	int wanted = vsnprintf(decision->text, sizeof(decision->text), format, args);

	MUST(wanted >= 0);
	if ((size_t)wanted > size_max)
		decision->text[str_prefix((struct str){ .data = decision->text, .size = size_max }, size_max - 1).size] = '\0';
	decision->field = field == NULL ? "" : field;
}

void decision_refuse(struct decision *decision, enum refusal refusal, const char *field, const char *format, ...)
{
	va_list args;

	MUST(decision->kind == DECISION_NONE && decision->timers_count == 0);
	MUST(refusal != REFUSAL_NONE);
	MUST((unsigned)refusal < REFUSAL_COUNT);
	decision->kind = DECISION_REFUSED;
	decision->refusal = refusal;
	va_start(args, format);
	say(decision, field, format, args);
	va_end(args);
}

void decision_refuse_unbound(struct decision *decision, const char *field)
{
	decision_refuse(decision, REFUSAL_NOT_AUTHORISED, field, "%s", COMMAND_UNBOUND_TEXT);
}

void decision_wait(struct decision *decision, const char *field, const char *format, ...)
{
	va_list args;

	MUST(decision->kind == DECISION_NONE && decision->timers_count == 0);
	decision->kind = DECISION_WAIT;
	va_start(args, format);
	say(decision, field, format, args);
	va_end(args);
}

void decision_keep(struct decision *decision, const char *format, ...)
{
	va_list args;

	MUST(decision->kind == DECISION_NONE && decision->timers_count == 0);
	MUST(decision->command->approval == NULL);
	decision->kind = DECISION_KEPT;
	va_start(args, format);
	say(decision, "", format, args);
	va_end(args);
}

static void *take_body(struct decision *decision, const struct message_type *type)
{
	/* Written when the arena is full, never read: so that rules need no branch for it. */
	static alignas(max_align_t) unsigned char spare[BODY_SIZE_MAX];
	void *body;

	MUST(type->record.size <= sizeof(spare));
	body = arena_take(decision->arena, 1, type->record.size);
	if (body == NULL) {
		decision->overflow = true;
		body = memset(spare, 0, sizeof(spare));
	}
	return body;
}

void *decision_event(struct decision *decision, const struct message_type *type)
{
	void *body;

	MUST(decision->kind == DECISION_NONE || decision->kind == DECISION_EVENTS);
	MUST(decision->events_count < DECISION_EVENTS_MAX);
	MUST(type->kind == MESSAGE_EVENT);
	body = take_body(decision, type);
	message_set_actor(type, body, decision->command->actor);
	decision->kind = DECISION_EVENTS;
	decision->events[decision->events_count++] = (struct event){ .type = type, .body = body, .command = decision->command };
	return body;
}

struct str decision_text(struct decision *decision, const char *text)
{
	struct str copy = str_copy(decision->arena, str_of(text));

	decision->overflow |= copy.data == NULL;
	return copy;
}

void decision_confide(struct decision *decision, const void *confidential)
{
	MUST(decision->events_count > 0);
	decision->events[decision->events_count - 1].confidential = confidential;
}

void *decision_send(struct decision *decision, const struct message_type *type, const struct uuid *id)
{
	void *body;

	MUST(decision->kind == DECISION_EVENTS);
	MUST(decision->sendings_count < DECISION_SENDINGS_MAX);
	MUST(type->kind == MESSAGE_COMMAND && type->key_field != NULL);
	MUST(!uuid_is_none(id));
	body = take_body(decision, type);
	if (decision->sendings == NULL)
		decision->sendings = arena_take(decision->arena, DECISION_SENDINGS_MAX, sizeof(*decision->sendings));
	if (decision->sendings == NULL)
		decision->overflow = true;
	else
		decision->sendings[decision->sendings_count++] = (struct outgoing){ .type = type, .body = body, .id = *id };
	return body;
}

void decision_read(struct decision *decision, const char *entity, const struct uuid *id, int64_t version)
{
	MUST(decision->reads_count < DECISION_READS_MAX);
	if (decision->reads == NULL)
		decision->reads = arena_take(decision->arena, DECISION_READS_MAX, sizeof(*decision->reads));
	if (decision->reads == NULL)
		decision->overflow = true;
	else
		decision->reads[decision->reads_count++] =
			(struct foreign_read){ .entity = entity, .id = *id, .version = version };
}

/* NULL: the arena is full, and the decision is thrown away. */
static struct timer_change *change_timer(struct decision *decision, const struct timer_kind *kind, const struct uuid *subject)
{
	struct timer_change *change;

	MUST(decision->kind == DECISION_NONE || decision->kind == DECISION_EVENTS);
	MUST(decision->timers_count < DECISION_TIMERS_MAX);
	if (decision->timers == NULL)
		decision->timers = arena_take(decision->arena, DECISION_TIMERS_MAX, sizeof(*decision->timers));
	if (decision->timers == NULL) {
		decision->overflow = true;
		return NULL;
	}
	change = &decision->timers[decision->timers_count++];
	change->timer = (struct timer){ .kind = kind, .subject = *subject };
	return change;
}

void decision_set_timer_on(struct decision *decision, const struct timer_kind *kind, const struct uuid *subject, int32_t due_on)
{
	struct timer_change *change = change_timer(decision, kind, subject);

	if (change == NULL)
		return;
	change->timer.is_on_day = true;
	change->timer.due_on = due_on;
}

void decision_set_timer_at(struct decision *decision, const struct timer_kind *kind, const struct uuid *subject,
			   int64_t due_at_ms)
{
	struct timer_change *change = change_timer(decision, kind, subject);

	if (change != NULL)
		change->timer.due_at_ms = due_at_ms;
}

void decision_cancel_timer(struct decision *decision, const struct timer_kind *kind, const struct uuid *subject)
{
	struct timer_change *change = change_timer(decision, kind, subject);

	if (change != NULL)
		change->is_cancelled = true;
}
