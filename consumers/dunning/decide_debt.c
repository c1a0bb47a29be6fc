#include "base/must.h"
#include "consumers/dunning/decide.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/keys.h"
#include "consumers/dunning/next.h"
#include "schemas/debts.h"
#include "schemas/dunning.h"

/* What the debts module says of a debt. What changes what is owed, or by when, withdraws the step that is under way about the debt. */

/* A debt's change, as dunning sees it. */
struct debt_change {
	struct dunned_debt next;
	bool may_be_due;    /* something may be due sooner than the group's timer thinks */
	const char *reason; /* why a step under way is withdrawn; NULL: it is not */
	bool is_netted; /* it is withdrawn though it does not list the debt: a credit of the group is in what it says is due */
};

static void on_created(struct debt_change *change, const struct debt_created *body)
{
	struct dunned_debt *debt = &change->next;

	debt->customer_id = body->customer_id;
	debt->creditor_id = body->creditor_id;
	debt->portfolio_id = body->portfolio_id;
	debt->opened_on = body->opened_on;
	debt->due_on = body->due_on;
	debt->balance_minor = body->balance_minor;
	debt->lifecycle = body->has_lifecycle ? lifecycle_by_name(body->lifecycle) : LIFECYCLE_NEW;
	MUST(str_to_chars(debt->currency, sizeof(debt->currency), body->currency));
	debt->group_id = group_id_of(&body->customer_id, &body->creditor_id, body->currency);
	change->may_be_due = true;
}

static void on_payment(struct debt_change *change, const struct payment_recorded *body)
{
	change->next.balance_minor = body->balance_minor;
	change->next.credit_minor += body->credit_minor;
	change->is_netted = body->credit_minor > 0;
	change->reason = "paid";
}

static void on_reversal(struct debt_change *change, const struct payment_reversed *body)
{
	change->next.balance_minor = body->balance_minor;
	change->next.credit_minor -= body->credit_minor;
	change->may_be_due = true;
}

static void on_credit(struct debt_change *change, const struct credit_applied *body)
{
	change->next.balance_minor = body->balance_minor;
	change->next.credit_minor -= body->amount_minor;
	change->may_be_due = true;
}

/* A debt that is not past due is cured. */
static void on_amended(struct debt_change *change, const struct debt_amended *body, int32_t today)
{
	if (body->due_on == change->next.due_on)
		return;
	change->next.due_on = body->due_on;
	if (body->due_on >= today)
		change->next.level = 0;
	change->may_be_due = true;
	change->reason = "amended";
}

static void on_cancelled(struct debt_change *change)
{
	change->next.balance_minor = 0;
	change->next.lifecycle = LIFECYCLE_CANCELLED;
	change->reason = "cancelled";
}

/* Where the ladder of a debt goes on that was paid and is owed again, says the policy by which its level was reached. */
static void on_reopened(struct debt_change *change, const struct debt_reopened *body, const struct policies *policies)
{
	const struct policy *policy = policies == NULL ? NULL : policies_find(policies, str_of(change->next.policy));

	change->next.balance_minor = body->balance_minor;
	change->next.lifecycle = LIFECYCLE_ACTIVE;
	if (policy == NULL || policy->reopened == REOPENED_START)
		change->next.level = 0;
	change->may_be_due = true;
}

/* Whoever has promised is left alone until it is known what came of it. */
static void on_promise(struct debt_change *change)
{
	change->next.is_promised = 1;
	change->reason = "promise";
}

/*
 * The debt is asked for again: at the next Tick, if the time of the promise is over or somebody has cancelled it. The day of a payment
 * that has ended it has its own rules, so the next day's evaluation goes on: after a payment nobody hears of the rest on the same day,
 * and after a reversal the group has been asked about already.
 */
static void on_promise_ended(struct debt_change *change, bool by_payment)
{
	change->may_be_due = change->next.is_promised && !by_payment;
	change->next.is_promised = 0;
}

static void apply(struct debt_change *change, const struct command *event, const struct workset *set)
{
	switch (debts_event(event->type)) {
	case EVENT_DEBT_CREATED:
		on_created(change, event->body);
		return;
	case EVENT_DEBT_ACTIVATED:
		change->next.lifecycle = LIFECYCLE_ACTIVE;
		return;
	case EVENT_PAYMENT_RECORDED:
		on_payment(change, event->body);
		return;
	case EVENT_PAYMENT_REVERSED:
		on_reversal(change, event->body);
		return;
	case EVENT_CREDIT_APPLIED:
		on_credit(change, event->body);
		return;
	case EVENT_DEBT_PAID:
		change->next.lifecycle = LIFECYCLE_PAID;
		return;
	case EVENT_DEBT_REOPENED:
		on_reopened(change, event->body, workset_state(set, &policies_entity, &policies_id));
		return;
	case EVENT_DEBT_AMENDED:
		on_amended(change, event->body, event->today);
		return;
	case EVENT_DEBT_CANCELLED:
		on_cancelled(change);
		return;
	case EVENT_PROMISE_MADE:
	case EVENT_PROMISE_REOPENED:
		on_promise(change);
		return;
	case EVENT_PROMISE_KEPT:
		on_promise_ended(change, true);
		return;
	case EVENT_PROMISE_PARTLY_KEPT:
		on_promise_ended(change, ((const struct promise_partly_kept *)event->body)->has_payment_id);
		return;
	case EVENT_PROMISE_BROKEN:
		on_promise_ended(change, ((const struct promise_broken *)event->body)->has_payment_id);
		return;
	case EVENT_PROMISE_CANCELLED:
		on_promise_ended(change, false);
		return;
	default:
		MUST_NOT_REACH("an event that rules.c does not follow");
	}
}

static void say_debt(const struct uuid *debt_id, const struct dunned_debt *debt, struct decision *decision)
{
	struct debt_noted *noted = decision_event(decision, &debt_noted_type);

	noted->debt_id = *debt_id;
	noted->customer_id = debt->customer_id;
	noted->version = debt->version + 1;
	noted->group_id = debt->group_id;
	noted->creditor_id = debt->creditor_id;
	noted->has_portfolio_id = !uuid_is_none(&debt->portfolio_id);
	noted->portfolio_id = debt->portfolio_id;
	noted->currency = decision_text(decision, debt->currency);
	noted->opened_on = debt->opened_on;
	noted->due_on = debt->due_on;
	noted->balance_minor = debt->balance_minor;
	noted->credit_minor = debt->credit_minor;
	noted->lifecycle = str_of(lifecycle_name((enum lifecycle)debt->lifecycle));
	noted->level = debt->level;
	noted->has_is_promised = true;
	noted->is_promised = debt->is_promised != 0;
}

static void withdraw_untrue(const struct uuid *debt_id, const struct debt_change *change, const struct workset *set,
			    struct decision *decision)
{
	const struct dunned_group *group = workset_state(set, &dunned_group_entity, &change->next.group_id);
	const struct dunned_step *step;

	if (change->reason == NULL || group == NULL || uuid_is_none(&group->step_id))
		return;
	step = workset_state(set, &dunned_step_entity, &group->step_id);
	MUST(step != NULL);
	if (step->state == STEP_STATE_ASKED && (change->is_netted || step_lists(step, debt_id)))
		withdraw_step(&group->step_id, step, change->reason, set, decision);
}

/*
 * A debt that is due later than any reminder has a timer of its own; the others are asked about with their group, at the next Tick. After
 * a reversal the group is asked about once, with it: a step of the day that came first would be in the way of the step for a reversal.
 * DebtReopened follows a reversal.
 */
static void set_timers(const struct uuid *debt_id, const struct debt_change *change, const struct command *event,
		       struct decision *decision)
{
	const int32_t today = event->today;
	int32_t enters_on = change->next.due_on - REMINDER_DAYS_MAX;

	if (event->type == &payment_reversed_type) {
		/* In place of the day's evaluation, which at the same Tick might come first. */
		decision_cancel_timer(decision, &evaluation_timer, &change->next.group_id);
		decision_set_timer_on(decision, &reversal_timer, &change->next.group_id, today);
		return;
	}
	if (!change->may_be_due || !debt_is_dunned(&change->next))
		return;
	if (enters_on > today)
		decision_set_timer_on(decision, &entry_timer, debt_id, enters_on);
	else if (event->type != &debt_reopened_type)
		decision_set_timer_on(decision, &evaluation_timer, &change->next.group_id, today);
}

/* An event about a debt whose creation is not in the log, as of before the followed topic began, says nothing that could be used. */
void decide_debt_event(const struct command *event, const struct workset *set, struct decision *decision)
{
	struct uuid debt_id = debt_of_event(event);
	const struct dunned_debt *debt = workset_state(set, &dunned_debt_entity, &debt_id);
	struct debt_change change = { .reason = NULL };

	if ((debt == NULL) != (event->type == &debt_created_type))
		return;
	if (debt != NULL)
		change.next = *debt;
	apply(&change, event, set);
	say_debt(&debt_id, &change.next, decision);
	withdraw_untrue(&debt_id, &change, set, decision);
	set_timers(&debt_id, &change, event, decision);
}
