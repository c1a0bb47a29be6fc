#ifndef DEBTS_DELINQUENCY_DELINQUENCY_H
#define DEBTS_DELINQUENCY_DELINQUENCY_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/*
 * Delinquency (consumers/DOMAIN.md 4, axis 2): for how many days something has been owed past its due day, and in which bucket that is.
 *
 *   days past due = max(0, day - due day - paused days)
 *
 * A day is paused if a hold that stops ageing covers it: from the hold's first day to the day before it ended. The paused days of a debt
 * are those of the union of all its holds, after the due day, so none counts twice. A hold that begins before today or before the due day
 * counts from then on, whenever it was placed.
 *
 *   DebtCreated (in which bucket it is, if it is past due already)
 *   (a timer, on the next day on which the bucket changes) --DelinquencyChanged--> the next bucket
 *   AmendDebt, a hold that begins or ends, a reversal that reopens --[DelinquencyChanged]
 *   what leaves nothing owed --[DelinquencyChanged]--> bucket 0
 *
 * In the debt's row stand the bucket of its last event, the paused days of periods that are over, and since when it is paused. No payment
 * writes them, but for the one that pays a debt that is past due. A debt that leaves the books keeps its bucket: nothing follows.
 *
 * Invariant: a debt on which something is owed in our books, that is not NEW and not paused, has a timer on the day on which it enters the
 * bucket after its own, unless it is in the last. One that is NEW gets it when it becomes ACTIVE.
 */

/* ---- buckets: closed whole numbers without gap or overlap; reporting.ageing_bucket has the same rows ---- */

struct delinquency_bucket {
	const char *name; /* as the gateway says it */
	int32_t days_min, days_max;
};

#define DELINQUENCY_BUCKETS 8
extern const struct delinquency_bucket delinquency_buckets[DELINQUENCY_BUCKETS]; /* number 0: not past due */

uint32_t delinquency_bucket_of(int32_t days_past_due);

/* False: there is no such bucket. */
MUST_CHECK bool delinquency_bucket_read(struct str name, uint32_t *ret_bucket);

/* ---- paused days ---- */

/* Periods of a debt in which a hold stopped its ageing, that are over: disjoint, in order. Until_on is the first day after. */
void debt_pauses_add(struct debt_pauses *pauses, int32_t from_on, int32_t until_on);

/* Those that count for a due day. */
struct paused {
	int32_t days;  /* of periods that are over, before `since` */
	int32_t since; /* it is paused on this day and all later ones; 0: it is not */
};

/* By its periods, and those of its holds that are active. NULL: none. */
struct paused paused_of(int32_t due_on, const struct debt_pauses *pauses, const struct debt_holds *holds);

int32_t paused_days_on(const struct paused *paused, int32_t day);
int32_t days_past_due_on(int32_t due_on, const struct paused *paused, int32_t day);

/* ---- what commands do ---- */

/* A debt after the command's events so far. */
struct delinquency_review {
	const struct uuid *debt_id;
	const struct debt *debt; /* before the command */
	int32_t due_on;
	struct paused paused;
	int64_t owed_minor;
	enum lifecycle lifecycle;
};

/* A new debt: the event says in which bucket it begins, and one that is due has its timer. */
void delinquency_begin(struct debt_created *event, struct decision *decision);

/* As it was before the command. */
struct delinquency_review delinquency_of(const struct uuid *debt_id, const struct debt *debt);

/* Adds DelinquencyChanged if the debt is in another bucket today, as the last event so far, and sets or cancels its timer. */
void delinquency_follow(const struct delinquency_review *review, struct decision *decision);

/* Nothing is owed any more: the same, at the cost of a comparison for a debt that was not past due. Its timer will find nothing to do. */
void delinquency_cure(const struct uuid *debt_id, const struct debt *debt, struct decision *decision);

/* The day of its timer, as its events have left it: that on which it enters its next bucket. 0: it needs none. */
int32_t debt_next_bucket_on(const struct debt *debt);

/* The timer: the day has come. */
void decide_delinquency(const struct command *timer, const struct workset *set, struct decision *decision);

/* ---- evolve.c ---- */

/* A bucket that a debt has entered, by an event about it: a row of debts.delinquency. False: by this event it has entered none. */
struct bucket_entry {
	int64_t version; /* of the debt after the event */
	int32_t entered_on, days_past_due, paused_days;
	uint32_t bucket;
};
MUST_CHECK bool bucket_entry_of(const struct event *event, struct uuid *ret_debt_id, struct bucket_entry *ret_entry);

evolve_event delinquency_on_changed;

/* The days of its holds, or its due day, have changed: what is paused now. Its lists were touched. */
void delinquency_note_paused(struct workset *set, const struct uuid *debt_id, struct debt *debt);

#endif
