#ifndef DEBTS_PROMISE_PROMISE_H
#define DEBTS_PROMISE_PROMISE_H

#include "consumers/debts/debts.h"
#include "model/holidays.h"
#include "schemas/debts.h"

/*
 * Promises to pay (consumers/DOMAIN.md 7): MakePromise, CancelPromise, and the judgement, which every command that changes what was
 * paid, and the timer, ask for.
 *
 *   PromiseMade ---> open -- enough was paid ---------> kept          judged anew whenever a payment that counts is booked
 *                     |      its time is over, something -> partly_kept   or reversed; kept and still in time: open again
 *                     |      its time is over, nothing --> broken
 *                     +----> cancelled, superseded: for good
 *
 * A debt knows its latest promise (debt.promise_id), and payments count for that one only. One counts that is booked after the promise
 * was made, with a value date from that day up to the end of the grace. So who pays a part and promises the rest has not kept the promise
 * by that part. Invariants: only the latest promise of a debt is open; an open one has a timer on the day after its grace.
 */

/* What a promise may be, and how it is judged. The same for all debts; a creditor's own would take its place here. */
struct promise_limits {
	int64_t least_minor;  /* it is at least so much, */
	int32_t least_bp;     /* and so many hundredths of a per cent of what is owed; or all that is owed */
	int32_t days_ahead;   /* it is due so many days from now at the latest */
	int32_t grace_days;   /* calendar days; the last is moved to a business day */
	int32_t tolerance_bp; /* so many hundredths of a per cent may be missing */
};

extern const struct promise_limits promise_limits;

/* The least amount of a promise about a debt on which so much is owed; the amount that keeps one. Rounded up. */
int64_t promise_least(const struct promise_limits *limits, int64_t balance_minor);
int64_t promise_enough(const struct promise_limits *limits, int64_t amount_minor);

/* The last value date that counts. */
int32_t promise_grace_end(const struct promise_limits *limits, enum holidays place, int32_t due_on);

/* What is true of a promise when so much has been paid: PROMISE_OPEN, KEPT, PARTLY_KEPT or BROKEN. */
enum promise_state promise_verdict(const struct promise *promise, int64_t paid_minor, int32_t today);

/* What a command changes for the latest promise of a debt. Version and balance are those after the command's events so far. */
struct promise_review {
	const struct uuid *debt_id;
	const struct debt *debt; /* before the command */
	int64_t version;
	int64_t balance_minor;
	const struct uuid *payment_id; /* booked or reversed; NULL: neither */
	int64_t paid_minor;            /* by it: below 0 if it is reversed; 0: it does not count */
	enum promise_end ended_by;     /* what the debt has become, if that ends an open promise; NONE: it goes on */
};

/* The debt's open promise; NULL: it has none. The promise that the debt names was touched. */
const struct promise *debt_open_promise(const struct debt *debt, const struct workset *set);

/* Adds the events that follow for the debt's latest promise; most often there are none, and mostly there is no promise. */
void promise_review(const struct promise_review *review, const struct workset *set, struct decision *decision);

/* The same by a command about the promise itself. `promise` is the debt's latest. */
void promise_cancel(const struct promise_review *review, const struct promise *promise, enum promise_end reason,
		    struct decision *decision);

/* A plan or a settlement takes the place of the debt's open promise, if there is one. Answers the debt's version after it. */
int64_t promise_give_way(const struct promise_review *review, const struct workset *set, struct decision *decision);

/* A promise is made in place of the debt's open one, if there is one. Answers the debt's version after it. */
int64_t promise_supersede(const struct promise_review *review, const struct uuid *by, const struct workset *set,
			  struct decision *decision);

/* A payment of a debt as its promise sees it; below 0: a reversal of it. */
struct promise_receipt {
	int64_t amount_minor;
	int32_t received_on;
	int32_t entry_no;
};

/* The same after a payment was booked or reversed: `review` without paid_minor. */
void promise_review_payment(struct promise_review review, struct promise_receipt receipt, const struct workset *set,
			    struct decision *decision);

/* Whether it counts for the promise. */
bool promise_counts(const struct promise *promise, const struct promise_receipt *receipt);

/* The timer of an open promise: its time is over. */
void decide_promise_judgement(const struct command *timer, const struct workset *set, struct decision *decision);

/* What people can do with a promise. */
bool promise_is_open(unsigned state);

/* evolve.c */
evolve_event promise_on_made;
evolve_event promise_on_kept;
evolve_event promise_on_partly_kept;
evolve_event promise_on_broken;
evolve_event promise_on_reopened;
evolve_event promise_on_cancelled;
evolve_event promise_on_superseded;
void promise_on_payment(struct workset *set, const struct debt *debt, struct promise_receipt receipt);

#endif
