#include "consumers/debts/plan/events.h"
#include "base/must.h"

/* The events of a plan: each is about its debt, whose version counts it. */

#define ABOUT(event, review, plan)                                                                                               \
	do {                                                                                                                     \
		ABOUT_DEBT(event, (review)->debt, (plan)->debt_id, ++(review)->version);                                         \
		(event)->plan_id = *(review)->plan_id;                                                                           \
	} while (0)

#define BY_PAYMENT(event, review)                                                                                                \
	do {                                                                                                                     \
		(event)->has_payment_id = (review)->payment_id != NULL;                                                          \
		if ((review)->payment_id != NULL)                                                                                \
			(event)->payment_id = *(review)->payment_id;                                                             \
	} while (0)

#define TERMS(event, plan)                                                                                                       \
	do {                                                                                                                     \
		(event)->total_minor = (plan)->total_minor;                                                                      \
		(event)->instalments = (plan)->instalments;                                                                      \
		(event)->frequency = str_of(plan_frequency_name((enum plan_frequency)(plan)->frequency));                        \
		(event)->first_due_on = (plan)->first_due_on;                                                                    \
		(event)->last_due_on = plan_instalment((plan), (plan)->instalments).due_on;                                      \
		(event)->has_down_payment_minor = (event)->has_down_payment_on = (plan)->down_minor > 0;                         \
		(event)->down_payment_minor = (plan)->down_minor;                                                                \
		(event)->down_payment_on = (plan)->down_due_on;                                                                  \
	} while (0)

void plan_add_proposed(struct plan_review *review, const struct plan *plan, struct decision *decision)
{
	struct plan_proposed *event = decision_event(decision, &plan_proposed_type);
	const struct command *command = decision->command;

	ABOUT(event, review, plan);
	TERMS(event, plan);
	event->has_calendar = plan->holidays != HOLIDAYS_NONE;
	event->calendar = str_of(holidays_country((enum holidays)plan->holidays));
	event->has_approved_by = command->approval != NULL;
	if (command->approval != NULL)
		event->approved_by = command->approval->actor;
	event->proposed_on = command->today;
}

void plan_add_activated(struct plan_review *review, const struct plan *plan, struct decision *decision)
{
	struct plan_activated *event = decision_event(decision, &plan_activated_type);

	ABOUT(event, review, plan);
	TERMS(event, plan);
	event->activated_on = decision->command->today;
}

void plan_add_cancelled(struct plan_review *review, const struct plan *plan, struct str reason, struct decision *decision)
{
	struct plan_cancelled *event = decision_event(decision, &plan_cancelled_type);

	ABOUT(event, review, plan);
	event->reason = reason;
	event->was_active = plan->state == PLAN_ACTIVE;
	event->cancelled_on = decision->command->today;
}

void plan_add_reinstated(struct plan_review *review, const struct plan *plan, int32_t counts_from, struct decision *decision)
{
	struct plan_reinstated *event = decision_event(decision, &plan_reinstated_type);

	ABOUT(event, review, plan);
	event->paid_minor = plan->paid_minor;
	event->counts_from = counts_from;
	event->reinstated_on = decision->command->today;
}

void plan_add_paid(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
		   struct decision *decision)
{
	struct instalment_paid *event = decision_event(decision, &instalment_paid_type);

	MUST(review->payment_id != NULL);
	ABOUT(event, review, plan);
	event->number = plan_paid_through(plan, judgement->paid_minor);
	event->paid_minor = judgement->paid_minor;
	event->missed = judgement->missed;
	event->payment_id = *review->payment_id;
	event->judged_on = decision->command->today;
}

/* The latest number with its bit. */
static int32_t latest_of(const struct plan *plan, int64_t missed)
{
	int32_t number = plan->instalments;

	MUST(missed != 0);
	while (((uint64_t)missed >> number & 1) == 0)
		number--;
	return number;
}

void plan_add_missed(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
		     struct decision *decision)
{
	struct instalment_missed *event = decision_event(decision, &instalment_missed_type);
	const struct instalment latest = plan_instalment(plan, latest_of(plan, judgement->missed & ~plan->missed));

	ABOUT(event, review, plan);
	event->number = latest.number;
	event->due_on = latest.due_on;
	event->shortfall_minor = latest.reached_minor > judgement->paid_minor ? latest.reached_minor - judgement->paid_minor : 0;
	event->paid_minor = judgement->paid_minor;
	event->missed = judgement->missed;
	BY_PAYMENT(event, review);
	event->judged_on = decision->command->today;
}

void plan_add_broken(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
		     struct decision *decision)
{
	struct plan_broken *event = decision_event(decision, &plan_broken_type);
	const int32_t today = decision->command->today;
	const int64_t due_minor = plan_fallen_due(plan, today);

	ABOUT(event, review, plan);
	event->reason = str_of(plan_break_name(judgement->why));
	event->paid_minor = judgement->paid_minor;
	event->arrears_minor = due_minor > judgement->paid_minor ? due_minor - judgement->paid_minor : 0;
	event->missed = judgement->missed;
	event->has_reinstatable_until =
		plan->counts_from == 0 && judgement->why != PLAN_BREAK_RETURNED && judgement->why != PLAN_BREAK_ENDED;
	event->reinstatable_until = today + plan_limits.reinstate_days;
	BY_PAYMENT(event, review);
	event->broken_on = today;
}

void plan_add_resumed(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
		      struct decision *decision)
{
	struct plan_resumed *event = decision_event(decision, &plan_resumed_type);

	MUST(review->payment_id != NULL);
	ABOUT(event, review, plan);
	event->paid_minor = judgement->paid_minor;
	event->missed = judgement->missed;
	event->payment_id = *review->payment_id;
	event->resumed_on = decision->command->today;
}

void plan_add_completed(struct plan_review *review, const struct plan *plan, const struct plan_judgement *judgement,
			struct decision *decision)
{
	struct plan_completed *event = decision_event(decision, &plan_completed_type);

	ABOUT(event, review, plan);
	event->paid_minor = judgement->paid_minor;
	event->missed = judgement->missed;
	BY_PAYMENT(event, review);
	event->completed_on = decision->command->today;
}
