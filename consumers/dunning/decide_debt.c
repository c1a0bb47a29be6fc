#include "base/array.h"
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
	int32_t today;
	const struct workset *set; /* of DebtReopened: with the policies */
	bool is_netted; /* it is withdrawn though it does not list the debt: a credit of the group is in what it says is due */
};

static void on_created(struct debt_change *change, const void *event)
{
	const struct debt_created *body = event;
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

static void on_payment(struct debt_change *change, const void *event)
{
	const struct payment_recorded *body = event;

	change->next.balance_minor = body->balance_minor;
	change->next.credit_minor += body->credit_minor;
	change->is_netted = body->credit_minor > 0;
	change->reason = "paid";
}

static void on_reversal(struct debt_change *change, const void *event)
{
	const struct payment_reversed *body = event;

	change->next.balance_minor = body->balance_minor;
	change->next.credit_minor -= body->credit_minor;
	change->may_be_due = true;
}

/* Less is netted, so that more is due of the other debts of the group: the next day's evaluation finds it, as what a message says is true still. */
static void on_refund(struct debt_change *change, const void *event)
{
	change->next.credit_minor = ((const struct payment_refunded *)event)->credit_minor;
}

static void on_credit(struct debt_change *change, const void *event)
{
	const struct credit_applied *body = event;

	change->next.balance_minor = body->balance_minor;
	change->next.credit_minor -= body->amount_minor;
	change->may_be_due = true;
}

/* More is owed: a step that was asked for stays, as after a reversal; what its message says was true when it was made. */
static void on_charge(struct debt_change *change, const void *event)
{
	change->next.balance_minor = ((const struct charge_assessed *)event)->balance_minor;
	change->may_be_due = true;
}

/* Less is owed than a message under way says: it is withdrawn, and asked for anew if something is due still. */
static void lower(struct debt_change *change, int64_t balance_minor)
{
	change->next.balance_minor = balance_minor;
	change->may_be_due = true;
	change->reason = "amended";
}

static void on_waiver(struct debt_change *change, const void *event)
{
	lower(change, ((const struct amount_waived *)event)->balance_minor);
}

static void on_adjustment(struct debt_change *change, const void *event)
{
	const struct balance_adjusted *body = event;

	if (adjustment_direction_by_name(body->direction) == ADJUSTMENT_DOWN) {
		lower(change, body->balance_minor);
		return;
	}
	change->next.balance_minor = body->balance_minor;
	change->may_be_due = true;
}

/* A debt that is not past due is cured. */
static void on_amended(struct debt_change *change, const void *event)
{
	const struct debt_amended *body = event;

	if (body->due_on == change->next.due_on)
		return;
	change->next.due_on = body->due_on;
	if (body->due_on >= change->today)
		change->next.level = 0;
	change->may_be_due = true;
	change->reason = "amended";
}

/* The debt has left the books. */
static void leave(struct debt_change *change, enum lifecycle lifecycle, const char *reason)
{
	change->next.balance_minor = 0;
	change->next.lifecycle = lifecycle;
	change->reason = reason;
}

static void on_cancelled(struct debt_change *change, const void *event)
{
	(void)event;
	leave(change, LIFECYCLE_CANCELLED, "cancelled");
}

static void on_written_off(struct debt_change *change, const void *event)
{
	(void)event;
	leave(change, LIFECYCLE_WRITTEN_OFF, "written_off");
}

static void on_transferred(struct debt_change *change, const void *event)
{
	(void)event;
	leave(change, LIFECYCLE_TRANSFERRED, "transferred");
}

static void on_recalled(struct debt_change *change, const void *event)
{
	const struct debt_recalled *body = event;

	leave(change, LIFECYCLE_TRANSFERRED, "recalled");
	change->next.credit_minor -= body->credit_minor;
	change->is_netted = body->credit_minor > 0;
}

/* As much is owed as before; another policy may be the debt's, or none. */
static void on_charged_off(struct debt_change *change, const void *event)
{
	(void)event;
	change->next.lifecycle = LIFECYCLE_CHARGED_OFF;
	change->may_be_due = true;
}

static void on_charge_off_undone(struct debt_change *change, const void *event)
{
	change->next.lifecycle = lifecycle_by_name(((const struct charge_off_undone *)event)->lifecycle);
	change->may_be_due = true;
}

/* Where the ladder of a debt goes on that was paid and is owed again, says the policy by which its level was reached. */
static void on_reopened(struct debt_change *change, const void *event)
{
	const struct debt_reopened *body = event;
	const struct policies *policies = workset_state(change->set, &policies_entity, &policies_id);
	const struct policy *policy = policies == NULL ? NULL : policies_find(policies, str_of(change->next.policy));

	change->next.balance_minor = body->balance_minor;
	change->next.lifecycle = body->has_lifecycle ? lifecycle_by_name(body->lifecycle) : LIFECYCLE_ACTIVE;
	if (policy == NULL || policy->reopened == REOPENED_START)
		change->next.level = 0;
	change->may_be_due = true;
}

/* Whoever has promised is left alone until it is known what came of it. */
static void on_promise(struct debt_change *change, const void *event)
{
	(void)event;
	change->next.is_promised = 1;
	change->reason = "promise";
}

/*
 * The debt is asked for again: at the next Tick, if the time of the promise is over or somebody has cancelled it. The day of a payment
 * that has ended it has its own rules, so the next day's evaluation goes on: after a payment nobody hears of the rest on the same day,
 * and after a reversal the group has been asked about already.
 */
static void end_promise(struct debt_change *change, bool by_payment)
{
	change->may_be_due = change->next.is_promised && !by_payment;
	change->next.is_promised = 0;
}

static void on_promise_kept(struct debt_change *change, const void *event)
{
	(void)event;
	end_promise(change, true);
}

static void on_promise_partly_kept(struct debt_change *change, const void *event)
{
	end_promise(change, ((const struct promise_partly_kept *)event)->has_payment_id);
}

static void on_promise_broken(struct debt_change *change, const void *event)
{
	end_promise(change, ((const struct promise_broken *)event)->has_payment_id);
}

static void on_promise_cancelled(struct debt_change *change, const void *event)
{
	(void)event;
	end_promise(change, false);
}

/*
 * Each event about a hold says what all holds of the debt stop together. When they stop dunning no more, the debt goes on where it was, at
 * the next Tick.
 */
static void on_stopped(struct debt_change *change, const struct str *stopped, size_t count)
{
	const bool was_held = change->next.is_held != 0;

	change->next.is_held = 0;
	for (size_t index = 0; index < count; index++) {
		const enum hold_effect effect = hold_effect_by_name(stopped[index]);

		if (effect == HOLD_EFFECT_CONTACT || effect == HOLD_EFFECT_DUNNING)
			change->next.is_held = 1;
	}
	change->reason = change->next.is_held && !was_held ? "held" : NULL;
	change->may_be_due = was_held && !change->next.is_held;
}

#define ON_HOLD(event_name)                                                                                                      \
	static void on_##event_name(struct debt_change *change, const void *event)                                               \
	{                                                                                                                        \
		const struct event_name *body = event;                                                                           \
                                                                                                                                 \
		on_stopped(change, body->stopped, body->stopped_count);                                                          \
	}
ON_HOLD(hold_placed)
ON_HOLD(hold_extended)
ON_HOLD(hold_begun)
ON_HOLD(hold_released)
ON_HOLD(hold_expired)

/* Whether anybody would be asked for the debt, but for what stops it. */
static bool is_owed(const struct dunned_debt *debt)
{
	return debt_is_dunned(debt) && debt->lifecycle != LIFECYCLE_ARRANGED && debt->balance_minor > 0;
}

/*
 * The hold that ended with the dispute stands before. As long as another stops dunning there is nothing to go on with; nor are the other
 * debts of the group asked for because of one that is not owed.
 */
static void on_dispute_resolved(struct debt_change *change, const void *event)
{
	change->may_be_due = str_is(((const struct dispute_resolved *)event)->outcome, "rejected") && !change->next.is_held &&
			     is_owed(&change->next);
}

/* A debt that is paid by a plan is ARRANGED, and is not asked for. */
static void on_arranged(struct debt_change *change, const void *event)
{
	(void)event;
	change->next.lifecycle = LIFECYCLE_ARRANGED;
	change->reason = "plan";
}

/* Asked for again as after a promise. A debt that has left its plan otherwise, as one that is paid, stays as it is. */
static void end_arrangement(struct debt_change *change, bool by_payment)
{
	if (change->next.lifecycle != LIFECYCLE_ARRANGED)
		return;
	change->next.lifecycle = LIFECYCLE_ACTIVE;
	change->may_be_due = !by_payment;
}

static void on_plan_broken(struct debt_change *change, const void *event)
{
	end_arrangement(change, ((const struct plan_broken *)event)->has_payment_id);
}

static void on_plan_completed(struct debt_change *change, const void *event)
{
	end_arrangement(change, ((const struct plan_completed *)event)->has_payment_id);
}

static void on_plan_cancelled(struct debt_change *change, const void *event)
{
	if (((const struct plan_cancelled *)event)->was_active)
		end_arrangement(change, false);
}

/* So is one whose settlement is accepted. */
static void on_settlement_accepted(struct debt_change *change, const void *event)
{
	on_arranged(change, event);
	change->reason = "settlement";
}

/* The rest was waived; the payment in front of it has withdrawn what was under way. */
static void on_settlement_fulfilled(struct debt_change *change, const void *event)
{
	(void)event;
	change->next.balance_minor = 0;
	change->next.lifecycle = LIFECYCLE_SETTLED;
}

/* What was waived is owed again. The reversal in front of it has asked for the debt already, which is arranged now. */
static void on_settlement_reopened(struct debt_change *change, const void *event)
{
	on_settlement_accepted(change, event);
	change->next.balance_minor = ((const struct settlement_reopened *)event)->balance_minor;
}

static void on_settlement_breached(struct debt_change *change, const void *event)
{
	const struct settlement_breached *body = event;

	change->next.balance_minor = body->balance_minor;
	end_arrangement(change, body->has_payment_id);
}

static void on_settlement_withdrawn(struct debt_change *change, const void *event)
{
	const struct settlement_withdrawn *body = event;

	if (body->was_accepted)
		end_arrangement(change, settlement_end_by_name(body->reason) == SETTLEMENT_END_PAYMENT_REVERSED);
}

static void on_activated(struct debt_change *change, const void *event)
{
	(void)event;
	change->next.lifecycle = LIFECYCLE_ACTIVE;
}

static void on_paid(struct debt_change *change, const void *event)
{
	(void)event;
	change->next.lifecycle = LIFECYCLE_PAID;
}

/* The events that rules.c follows. PromiseSuperseded is none of them: PromiseMade is behind it; nor is what a plan has of its
 * instalments, or an offer of a settlement. */
static const struct {
	const struct message_type *type;
	void (*apply)(struct debt_change *change, const void *event);
} effects[] = {
	/* clang-format off */
	{ &payment_recorded_type, on_payment },
	{ &debt_created_type, on_created },
	{ &debt_activated_type, on_activated },
	{ &debt_paid_type, on_paid },
	{ &debt_reopened_type, on_reopened },
	{ &debt_amended_type, on_amended },
	{ &debt_cancelled_type, on_cancelled },
	{ &debt_charged_off_type, on_charged_off },
	{ &charge_off_undone_type, on_charge_off_undone },
	{ &debt_written_off_type, on_written_off },
	{ &debt_transferred_type, on_transferred },
	{ &debt_recalled_type, on_recalled },
	{ &payment_reversed_type, on_reversal },
	{ &payment_refunded_type, on_refund },
	{ &credit_applied_type, on_credit },
	{ &charge_assessed_type, on_charge },
	{ &amount_waived_type, on_waiver },
	{ &balance_adjusted_type, on_adjustment },
	{ &promise_made_type, on_promise },
	{ &promise_reopened_type, on_promise },
	{ &promise_kept_type, on_promise_kept },
	{ &promise_partly_kept_type, on_promise_partly_kept },
	{ &promise_broken_type, on_promise_broken },
	{ &promise_cancelled_type, on_promise_cancelled },
	{ &hold_placed_type, on_hold_placed },
	{ &hold_extended_type, on_hold_extended },
	{ &hold_begun_type, on_hold_begun },
	{ &hold_released_type, on_hold_released },
	{ &hold_expired_type, on_hold_expired },
	{ &dispute_resolved_type, on_dispute_resolved },
	{ &plan_activated_type, on_arranged },
	{ &plan_reinstated_type, on_arranged },
	{ &plan_resumed_type, on_arranged },
	{ &plan_broken_type, on_plan_broken },
	{ &plan_completed_type, on_plan_completed },
	{ &plan_cancelled_type, on_plan_cancelled },
	{ &settlement_accepted_type, on_settlement_accepted },
	{ &settlement_fulfilled_type, on_settlement_fulfilled },
	{ &settlement_reopened_type, on_settlement_reopened },
	{ &settlement_breached_type, on_settlement_breached },
	{ &settlement_withdrawn_type, on_settlement_withdrawn },
	/* clang-format on */
};

static void apply(struct debt_change *change, const struct command *event)
{
	for (size_t i = 0; i < COUNT(effects); i++) {
		if (effects[i].type == event->type) {
			effects[i].apply(change, event->body);
			return;
		}
	}
	MUST_NOT_REACH("an event that rules.c does not follow");
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
	noted->has_is_held = true;
	noted->is_held = debt->is_held != 0;
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

/* The event for which a policy may have a step. One of both: PromiseBroken with a payment follows the reversal of that payment. */
static const struct timer_kind *timer_of_cause(const struct debt_change *change, const struct command *event)
{
	if (event->type == &payment_reversed_type)
		return &reversal_timer;
	if (event->type == &promise_broken_type && change->may_be_due)
		return &broken_timer;
	if (event->type == &dispute_resolved_type && change->may_be_due)
		return &rejected_timer;
	return NULL;
}

/*
 * A debt that is due later than any reminder has a timer of its own; the others are asked about with their group, at the next Tick. After
 * an event for which there may be a step the group is asked about once, with it: a step of the day that came first would be in the way of
 * the step for the event. DebtReopened follows a reversal.
 */
static void set_timers(const struct uuid *debt_id, const struct debt_change *change, const struct command *event,
		       struct decision *decision)
{
	const int32_t today = event->today;
	const struct timer_kind *cause = timer_of_cause(change, event);
	int32_t enters_on = change->next.due_on - REMINDER_DAYS_MAX;

	if (cause != NULL) {
		/* In place of the day's evaluation, which at the same Tick might come first. */
		decision_cancel_timer(decision, &evaluation_timer, &change->next.group_id);
		decision_set_timer_on(decision, cause, &change->next.group_id, today);
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
	struct debt_change change = { .today = event->today, .set = set };

	if ((debt == NULL) != (event->type == &debt_created_type))
		return;
	if (debt != NULL)
		change.next = *debt;
	apply(&change, event);
	say_debt(&debt_id, &change.next, decision);
	withdraw_untrue(&debt_id, &change, set, decision);
	set_timers(&debt_id, &change, event, decision);
}
