#ifndef MODEL_DECISION_H
#define MODEL_DECISION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "model/command.h"
#include "model/message.h"
#include "model/refusal.h"
#include "model/timer.h"

/*
 * The answer of decide to one command: events, a refusal, or "wait" (the command names an entity that the owning module does not
 * know yet, lib/DESIGN.md 3), or "keep": nothing forbids it, but a second person must approve it. Exactly one of the four. All
 * refusals come first; after the first decision_event nothing may refuse. Beside its events a decision sets and cancels timers.
 *
 * A kept command changes nothing and holds nothing. When a second person approves it, it is decided again, by the states of then
 * and with command->approval set; it may be refused then (worker/approvals.h).
 *
 * The answer to a fired timer has no refusal, as nobody would read it. It may have no event: then there was nothing to do, and
 * the log has no row of it. *Wait* leaves the timer as it is until the next Tick.
 *
 * The answer to an event of another module (struct follow) has events or nothing: without an event it changes nothing at all, and
 * sets no timer. A decision with events may also send commands to other modules.
 */
struct event {
	const struct message_type *type;
	const void *body;              /* the generated struct */
	const struct command *command; /* the cause; borrows */
	const void *confidential; /* data that the store must keep and no event may hold (a rendered message); mostly NULL; the
				     module's own struct */
};

enum decision_kind { DECISION_NONE, DECISION_EVENTS, DECISION_REFUSED, DECISION_WAIT, DECISION_KEPT };

#define DECISION_EVENTS_MAX 34 /* a message that all others of a customer go with */
#define DECISION_TIMERS_MAX 32 /* a withdrawal ends those of all messages that a customer may have under way */

/* A timer that a decision sets or cancels. */
struct timer_change {
	struct timer timer; /* cancelled: its kind and subject */
	bool is_cancelled;
};

/* A command to another module. */
struct outgoing {
	const struct message_type *type; /* names the module, too */
	const void *body;
	struct uuid id;
};

/* An entity of another module that a decision has read in that module's view. */
struct foreign_read {
	const char *entity; /* "debt"; static */
	struct uuid id;
	int64_t version; /* 0: it did not exist */
};

#define DECISION_SENDINGS_MAX 4
#define DECISION_READS_MAX    16

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
	struct timer_change *timers; /* DECISION_TIMERS_MAX; NULL: none */
	size_t timers_count;
	struct outgoing *sendings; /* DECISION_SENDINGS_MAX; NULL: none */
	size_t sendings_count;
	struct foreign_read *reads; /* DECISION_READS_MAX; NULL: none */
	size_t reads_count;
};

void decision_init(struct decision *decision, struct arena *arena, const struct command *command);

void decision_refuse(struct decision *decision, enum refusal refusal, const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * For a limited issuer (command_is_limited) whose command creates an entity under the id or reference of an existing one. The
 * text is that of an unbound creditor, so that it does not reveal the existing entity.
 */
void decision_refuse_unbound(struct decision *decision, const char *field);
void decision_wait(struct decision *decision, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));

/*
 * Keeps the command for a second person; the text says why. Only for a command that the module's table of approvals has, and only
 * while command->approval is NULL.
 */
void decision_keep(struct decision *decision, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Adds an event and returns its body to be filled, zeroed except for the actor. Never NULL: when the arena is full a spare body
 * is returned, `overflow` is set and the decision is thrown away. Pointers in the body must outlive the batch: they may borrow
 * from the command and the arena, and from a state only parts that never change, because the event is written after later
 * commands have changed the state.
 */
void *decision_event(struct decision *decision, const struct message_type *type);

/* A copy of a state's text that may change, for a body; without data when the arena is full (`overflow`). */
struct str decision_text(struct decision *decision, const char *text);

/* Attaches confidential data to the last event, for the store. */
void decision_confide(struct decision *decision, const void *confidential);

/*
 * Sets a timer of the command's customer: due on a business date, or at an instant. A timer of this kind and subject that is set
 * already is replaced. One that is due already fires at the next Tick. `kind` is static.
 */
void decision_set_timer_on(struct decision *decision, const struct timer_kind *kind, const struct uuid *subject, int32_t due_on);
void decision_set_timer_at(struct decision *decision, const struct timer_kind *kind, const struct uuid *subject,
			   int64_t due_at_ms);

/*
 * Sends a command to the module of its type, about the same customer, and returns its body to be filled as decision_event does.
 * It becomes a row of the module's own log (CommandIssued), behind its events, and is published out of the log (worker/sender.h). The
 * id is derived from what the command is for (an enrolment, a step, a date), so that the same step has the same id: a repetition
 * changes nothing. The body has no personal data. Its encoded value has at most SENDING_SIZE_MAX bytes.
 */
void *decision_send(struct decision *decision, const struct message_type *type, const struct uuid *id);
#define SENDING_SIZE_MAX 4096

/* Notes what the decision rests on: it stands in the rows of the commands that it sends. */
void decision_read(struct decision *decision, const char *entity, const struct uuid *id, int64_t version);

/* No effect when there is no such timer, or when it has fired. */
void decision_cancel_timer(struct decision *decision, const struct timer_kind *kind, const struct uuid *subject);

#endif
