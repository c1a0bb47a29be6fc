#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include "base/must.h"
#include "consumers/communications/contactability.h"
#include "consumers/communications/store.h"
#include "consumers/dunning/play.h"
#include "consumers/dunning/portfolio.h"
#include "consumers/dunning/store_portfolio.h"
#include "db/db.h"

/*
 * What happened to a customer, and what comes next.
 *
 *   explain_begin; explain_read_events, explain_read_next; explain_end      one read-only snapshot                        load.c
 *   explain_plan                                                            the step that comes next; pure                plan.c
 *   explain_tell                                                            what comes next, in sentences; pure           tell.c
 *
 * The role may read the views of the gateway, the tables of dunning, and what the guard's facts are loaded from.
 */

/* ---- what happened ---- */

#define EXPLAIN_EVENTS_MAX 200

struct explain_event {
	int64_t place; /* in the timeline; rises */
	int64_t at_ms;
	char module[24];
	struct uuid event_id, subject_id;
	size_t body_at, body_size; /* framed */
};

/* The newest first. */
struct explain_events {
	size_t count;
	bool has_more; /* older ones */
	struct explain_event items[EXPLAIN_EVENTS_MAX];
	struct buf bodies;
};
void explain_events_init(struct explain_events *events);
void explain_events_release(struct explain_events *events);

/* ---- what comes next ---- */

#define EXPLAIN_GROUPS_MAX  16
#define EXPLAIN_WAITING_MAX 32
#define EXPLAIN_STOPS_MAX   16

/* What the person owes one creditor in one currency. */
struct explain_group {
	struct portfolio_group facts;
	struct next_answer today;    /* of the next business date */
	bool is_planned;             /* a step comes within PLAY_DAYS_MAX days, if nothing else happens: */
	struct play_line planned;    /* STEP or PASSED_OVER; its `group` counts no more, nor that of the next one */
	bool is_held;                /* a step, which does not wait yet, will wait from a day on, before the planned one: */
	struct play_line held;       /* WAIT */
	bool has_policy;             /* one is for a debt that owes something */
	enum message_class asked_as; /* what the guard was asked about: the class of the planned step, or a reminder */
	bool is_asked;               /* the guard was */
	struct contact_answer channels[CHANNEL_COUNT]; /* of those that it was asked about */
};

/* A message that has not left, or a task that is not done. */
struct explain_waiting {
	struct uuid id;
	bool has_group; /* it is a step of dunning; otherwise somebody asked for the message */
	struct uuid creditor_id;
	char currency[4];
	char policy[POLICY_NAME_MAX + 1];
	int32_t step, asked_on;
	enum dunning_action action; /* SEND: a message; NONE: a task that is no step */
	enum channel channel;
	enum message_class message_class;
	enum communication_state state;
	int64_t release_at_ms, send_by_ms; /* 0: none */
	char rules[128];                   /* by which the guard lets it wait; "": none */
	enum task_kind task_kind;          /* of a task; NONE: a message */
	enum task_state task_state;
	int32_t back_on;      /* TAKEN, PUT_OFF: it is open again on this day */
	struct uuid taken_by; /* TAKEN */
};

struct explain_stop {
	struct uuid circumstance_id, debt_id; /* nil: all debts */
	enum dunning_stop_kind kind;
};

struct explanation {
	struct uuid customer_id;
	bool asks_guard; /* channels are asked about; set by the caller, and only with a store that has the key */
	int64_t now_ms;  /* the stack's */
	int32_t today;   /* the next business date: that on which dunning asks about the groups again */
	struct policies policies;
	size_t groups_count, waiting_count, stops_count;
	bool has_more_groups, has_more_waiting;
	struct explain_group groups[EXPLAIN_GROUPS_MAX];
	struct explain_waiting waiting[EXPLAIN_WAITING_MAX]; /* the newest messages, then tasks */
	struct explain_stop stops[EXPLAIN_STOPS_MAX];
	struct portfolio_group played[EXPLAIN_GROUPS_MAX]; /* of explain_plan */
	struct portfolio portfolio;                        /* of the reading */
};

/* ---- reading ---- */

/* For the guard: the caller's, of one thread. */
struct explain_guard {
	struct communications_store store; /* communications_load_prepare */
	struct arena arena;                /* EXPLAIN_ARENA_SIZE; wiped after use */
};
#define EXPLAIN_ARENA_SIZE ((size_t)1 << 20)
MUST_CHECK int explain_guard_init(struct explain_guard *guard, const uint8_t key[32], struct err *err);
void explain_guard_release(struct explain_guard *guard); /* accepts a zeroed one */

/* Begins the snapshot. *ret_is_known false: there is no such customer. explain_end in any case. */
MUST_CHECK int explain_begin(struct db *db, const struct uuid *customer_id, bool *ret_is_known, struct err *err);
void explain_end(struct db *db);

/* The newest events before a place of the timeline; INT64_MAX: of all. */
MUST_CHECK int explain_read_events(struct db *db, const struct uuid *customer_id, int64_t before, struct explain_events *events,
				   struct err *err);

/* With its plan. Of `explanation` customer_id and asks_guard are set. */
MUST_CHECK int explain_read_next(struct db *db, struct explain_guard *guard, struct explanation *explanation, struct err *err);

/* Messages are sent on the channel, so the guard is asked about it. */
bool explain_asks_about(enum channel channel);

/* ---- the plan ---- */

void explain_plan(struct explanation *explanation);

/* ---- telling ---- */

#define EXPLAIN_REASONS_MAX 32

struct explain_reason {
	struct str sentence;
	struct str rules; /* ids of rules, codes of refusals and waits, a space between; empty: none */
};

/* One thing that comes next. Borrows until the call returns. */
struct explain_next {
	const char *kind;               /* group | message | task | nothing */
	const struct uuid *id;          /* of a message or task; otherwise NULL */
	const struct uuid *creditor_id; /* NULL: of none, and no currency */
	const char *currency;
	struct str when; /* a day or an instant; empty: not known */
	struct str sentence;
	struct explain_reason reasons[EXPLAIN_REASONS_MAX];
	size_t reasons_count;
};

typedef void explain_teller(void *tell_arg, const struct explain_next *next);
void explain_tell(const struct explanation *explanation, explain_teller *tell, void *tell_arg);

#endif
