#ifndef DEBTS_PLAN_PLAN_H
#define DEBTS_PLAN_PLAN_H

#include "consumers/debts/debts.h"
#include "model/holidays.h"
#include "schemas/debts.h"

/*
 * Payment plans about one debt (consumers/DOMAIN.md 7): ProposePlan, AcceptPlan, CancelPlan, ReinstatePlan, the schedule, and the
 * judgement, which payments, reversals and the timer ask for.
 *
 *   PlanProposed ---> proposed -- AcceptPlan --> active -- all is paid ---------------> completed
 *                      |                          |  ^  \-- too much is missed ------> broken -- a late booking, or
 *                      +--> cancelled <-----------+  |                                   |       ReinstatePlan, once
 *                                                    +-----------------------------------+
 *
 * A debt knows the plan that was activated last (debt.plan_id), and payments count for that one only. While it is active the debt is
 * ARRANGED: it takes no promise, and no other plan. AcceptPlan and ReinstatePlan cancel an open promise, and no promise is judged from
 * then on (debt.promise_id is nil). A proposal holds nothing: a debt may have several, until one is accepted. An active plan has one timer,
 * on the day after the grace of the next number that may be missed.
 *
 * A plan is kept as its terms and a few sums, never as a row for each instalment: every instalment follows from the terms. Number 0 is
 * the down payment, if there is one; numbers 1 to `instalments` are equal parts of the rest, rounded down, and the last takes what
 * remains. Payments fill the lowest number that is not wholly paid, and run ahead when they are more. So number n is paid when the sum
 * of all payments reaches `reached_minor` of n, and one sum says how far a plan is.
 *
 * A number is missed when its grace is over and the payments with a value date up to then do not reach it. It stays missed when it is
 * paid later. Only a payment that is booked late, with a value date inside the grace, takes the miss back. A reversal is a miss of those
 * numbers whose grace is over and that the rest does not reach: what is gone is missing from the latest, not from the number that the
 * payment had paid. Otherwise one payment that is returned after months would be a miss of every number since.
 */

/* What a plan may be, and how it is judged. The same for all debts; a creditor's own would take its place here. */
struct plan_limits {
	int32_t instalments_min, instalments_max;
	int32_t grace_days;     /* calendar days; the last is moved to a business day, but not of the down payment */
	int32_t days_ahead;     /* its first day is so many days from now at the latest */
	int32_t missed_in_row;  /* so many break it, */
	int32_t missed_in_all;  /* and so many */
	int32_t returned;       /* and so many payments returned for want of funds, in its whole life */
	int32_t reinstate_days; /* after the break; the last day counts */
};

extern const struct plan_limits plan_limits;

#define PLAN_APPROVAL_DAYS 14 /* so long a proposal waits for a second person */

#define PLAN_NUMBER_MAX 60 /* plan_limits.instalments_max: a bit for each number, with 0 */

/* ---- the schedule ---- */

struct instalment {
	int32_t number;
	int32_t due_on;
	int32_t grace_ends_on; /* the last value date in time */
	int64_t amount_minor;
	int64_t reached_minor; /* the sum of the amounts up to it */
};

/* The first number: 0 if there is a down payment, otherwise 1. */
int32_t plan_first(const struct plan *plan);

/* `number` between plan_first and plan->instalments. */
struct instalment plan_instalment(const struct plan *plan, int32_t number);

/* The highest number that is wholly paid; plan_first - 1: none is. */
int32_t plan_paid_through(const struct plan *plan, int64_t paid_minor);

/* What has fallen due up to a day, that day included. */
int64_t plan_fallen_due(const struct plan *plan, int32_t today);

/* ---- the judgement ---- */

/* A payment of a plan's debt; below 0: a reversal of it. */
struct plan_receipt {
	int64_t amount_minor;
	int32_t received_on;
	int32_t entry_no;
	bool is_returned; /* for want of funds */
};

/* Whether it counts: it was booked after the plan was activated, whatever its value date, as it lowers what the plan is about. */
bool plan_counts(const struct plan *plan, const struct plan_receipt *receipt);

struct plan_judgement {
	int64_t paid_minor;
	int64_t missed; /* bit n */
	int32_t returned;
	enum plan_state verdict; /* PLAN_ACTIVE, PLAN_COMPLETED or PLAN_BROKEN */
	enum plan_break why;     /* if it is broken */
};

/* What is true of a plan on a day, with a payment that is booked now and counts (NULL: none). */
struct plan_judgement plan_judge(const struct plan *plan, const struct plan_receipt *receipt, int32_t today);

/*
 * The next number that may be missed: of an active plan, on the day after the end of its grace. Plan->instalments + 1: none, which is so of
 * no plan that is active by its judgement.
 */
int32_t plan_next(const struct plan *plan, int64_t paid_minor, int64_t missed);

/* ---- commands ---- */

/* What a command changes for the plan of a debt. Version, balance and lifecycle are those after the command's events so far. */
struct plan_review {
	const struct uuid *plan_id; /* filled by plan_review_payment */
	const struct debt *debt;    /* before the command */
	int64_t version;            /* its events raise it */
	int64_t balance_minor;
	enum lifecycle lifecycle;
	const struct uuid *payment_id; /* booked or reversed; NULL: neither */
	bool is_timer;                 /* the plan's timer has fired, and is gone */
};

/* Adds the events that follow for the debt's plan after a payment was booked or reversed; mostly there is no plan. */
void plan_review_payment(struct plan_review review, const struct plan_receipt *receipt, const struct workset *set,
			 struct decision *decision);

/* The debt becomes something that ends its plan: PlanCancelled, in front of the event that says so, if the plan is active. */
void plan_end(struct plan_review *review, enum plan_end reason, const struct workset *set, struct decision *decision);

/* The timer of an active plan: a grace is over. */
void decide_plan_judgement(const struct command *timer, const struct workset *set, struct decision *decision);

/* What people can do with a plan. */
bool plan_is_proposed(unsigned state);
bool plan_is_open(unsigned state); /* proposed or active */
bool plan_is_broken(unsigned state);

/* evolve.c */
evolve_event plan_on_proposed;
evolve_event plan_on_activated;
evolve_event plan_on_cancelled;
evolve_event plan_on_reinstated;
evolve_event plan_on_broken;
evolve_event plan_on_resumed;
evolve_event plan_on_completed;
evolve_event plan_on_instalment_paid;
evolve_event plan_on_instalment_missed;
void plan_on_payment(struct workset *set, const struct debt *debt, const struct plan_receipt *receipt);

#endif
