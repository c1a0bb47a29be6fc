#ifndef CONSUMERS_DUNNING_DECIDE_H
#define CONSUMERS_DUNNING_DECIDE_H

#include "model/command.h"
#include "model/decision.h"
#include "model/workset.h"

/* The rules of events and timers. Those of commands are declared in schemas/dunning.h. */

/* ---- decide_facts.c: of customers and communications ---- */
void decide_customer_created(const struct command *event, const struct workset *set, struct decision *decision);
void decide_customer_updated(const struct command *event, const struct workset *set, struct decision *decision);
void decide_customer_erased(const struct command *event, const struct workset *set, struct decision *decision);
void decide_contact_point_added(const struct command *event, const struct workset *set, struct decision *decision);
void decide_contact_point_invalidated(const struct command *event, const struct workset *set, struct decision *decision);
void decide_consent_granted(const struct command *event, const struct workset *set, struct decision *decision);
void decide_inbound_received(const struct command *event, const struct workset *set, struct decision *decision);
void decide_circumstance_recorded(const struct command *event, const struct workset *set, struct decision *decision);
void decide_circumstance_ended(const struct command *event, const struct workset *set, struct decision *decision);
void decide_stop_over(const struct command *timer, const struct workset *set, struct decision *decision);

/* The part of a withdrawal that is about the person; decide_step.c has the part about messages. */
struct consent_withdrawn;
void note_opt_out(const struct consent_withdrawn *body, const struct command *event, const struct workset *set,
		  struct decision *decision);

/* ---- decide_debt.c: of debts; what has changed may withdraw the step that is under way ---- */
void decide_debt_event(const struct command *event, const struct workset *set, struct decision *decision);
struct uuid debt_of_event(const struct command *event); /* rules.c */

/* ---- decide_step.c: of communications; what became of a step ---- */
void decide_step_progressed(const struct command *event, const struct workset *set, struct decision *decision);
void decide_step_suppressed(const struct command *event, const struct workset *set, struct decision *decision);
void decide_step_cancelled(const struct command *event, const struct workset *set, struct decision *decision);
void decide_step_rejected(const struct command *event, const struct workset *set, struct decision *decision);
void decide_withdrawal(const struct command *event, const struct workset *set, struct decision *decision);

/* The events of a step's end, also for its task. */
struct dunned_step;
void say_step_taken(const struct uuid *step_id, const struct dunned_step *step, int32_t day, struct decision *decision);
void say_step_failed(const struct uuid *step_id, const struct dunned_step *step, struct str reason, const struct workset *set,
		     struct decision *decision);
void say_step_passed(const struct dunned_step *step, const struct workset *set,
		     struct decision *decision); /* without being taken */
/*
 * A step under way that must not go on. Its message is cancelled if it has not left; one that left all the same counts, once that is
 * reported. Its task is cancelled.
 */
void withdraw_step(const struct uuid *step_id, const struct dunned_step *step, const char *reason, const struct workset *set,
		   struct decision *decision);
/* The day on which a step is taken, in the person's zone; at least the day that it was asked for, at most that of now. */
int32_t step_day(const struct dunned_step *step, int64_t at_ms, int64_t now_ms, const struct workset *set);

/* ---- decide_task.c ---- */
void decide_task_back(const struct command *timer, const struct workset *set, struct decision *decision);
/* Its step is withdrawn. No effect when the task has ended, or when there is none. */
void cancel_task(const struct uuid *task_id, const char *reason, const struct workset *set, struct decision *decision);

/* ---- decide_evaluate.c: timers ---- */
void decide_evaluation(const struct command *timer, const struct workset *set, struct decision *decision);
void decide_contact(const struct command *timer, const struct workset *set, struct decision *decision);
void decide_reversal(const struct command *timer, const struct workset *set, struct decision *decision);
void decide_broken(const struct command *timer, const struct workset *set, struct decision *decision);
void decide_rejected(const struct command *timer, const struct workset *set, struct decision *decision);
void decide_entry(const struct command *timer, const struct workset *set, struct decision *decision);

#endif
