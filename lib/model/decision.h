#ifndef MODEL_DECISION_H
#define MODEL_DECISION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "model/command.h"
#include "model/message.h"
#include "model/refusal.h"

/*
 * What decide answers to one command: events, or a refusal, or "wait" (the command names something its owner has not heard of
 * yet, lib/DESIGN.md 3). Exactly one of the three. All refusals come first; after the first decision_event nothing may refuse.
 */
struct event {
	const struct message_type *type;
	const void *body;              /* the generated struct */
	const struct command *command; /* the cause; borrows */
	const void *confidential; /* what the store must keep and no event may say (a rendered message); NULL mostly; the module's
				     own struct */
};

enum decision_kind { DECISION_NONE, DECISION_EVENTS, DECISION_REFUSED, DECISION_WAIT };

#define DECISION_EVENTS_MAX 8

struct decision {
	struct arena *arena; /* borrows: bodies are taken from it */
	const struct command *command;
	enum decision_kind kind;
	bool overflow; /* the arena was full: the engine repeats the command in a smaller batch */
	enum refusal refusal;
	const char *field; /* the body's field at fault, "" when none; a literal */
	char text[160];    /* for people; no personal data */
	struct event events[DECISION_EVENTS_MAX];
	size_t events_count;
};

void decision_init(struct decision *decision, struct arena *arena, const struct command *command);

void decision_refuse(struct decision *decision, enum refusal refusal, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * For a limited issuer whose command names, for a thing to be made, an id or a reference that is another's already. He is told in
 * the words for a creditor that he is not bound to: neither what has it nor that anything has.
 */
void decision_refuse_unbound(struct decision *decision, const char *field);
void decision_wait(struct decision *decision, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Adds an event and returns its body to be filled, zeroed but for the actor; never NULL: when the arena is full a spare body is
 * handed out, `overflow` is set and the decision is thrown away. What the body points to must outlive the batch: the command, the
 * arena; of a state only what never changes, for the event is written when later commands have changed the rest.
 */
void *decision_event(struct decision *decision, const struct message_type *type);

/* Gives the last event something confidential to carry to the store. */
void decision_confide(struct decision *decision, const void *confidential);

#endif
