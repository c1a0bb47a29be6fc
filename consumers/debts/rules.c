#include "base/array.h"
#include "base/must.h"
#include "consumers/debts/charge/charge.h"
#include "consumers/debts/closing/closing.h"
#include "consumers/debts/creditor/creditor.h"
#include "consumers/debts/debt/debt.h"
#include "consumers/debts/debts.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/dispute/dispute.h"
#include "consumers/debts/hold/hold.h"
#include "consumers/debts/plan/plan.h"
#include "consumers/debts/promise/promise.h"
#include "consumers/debts/reference/reference.h"
#include "consumers/debts/settlement/settlement.h"
#include "schemas/debts.h"

const struct entity debt_entity = { .name = "debt", .state_size = sizeof(struct debt), .is_ordered = true };
const struct entity debt_terms_entity = { .name = "debt_terms", .state_size = sizeof(struct debt_terms) };
const struct entity payment_entity = { .name = "payment", .state_size = sizeof(struct payment), .is_ordered = true };
const struct entity promise_entity = { .name = "promise", .state_size = sizeof(struct promise), .is_ordered = true };
const struct entity hold_entity = { .name = "hold", .state_size = sizeof(struct hold), .is_ordered = true };
const struct entity debt_holds_entity = { .name = "debt_holds", .state_size = sizeof(struct debt_holds) };
const struct entity debt_pauses_entity = { .name = "debt_pauses", .state_size = sizeof(struct debt_pauses) };
const struct entity plan_entity = { .name = "plan", .state_size = sizeof(struct plan), .is_ordered = true };
const struct entity settlement_entity = { .name = "settlement", .state_size = sizeof(struct settlement), .is_ordered = true };
const struct entity dispute_entity = { .name = "dispute", .state_size = sizeof(struct dispute), .is_ordered = true };
const struct entity debt_disputes_entity = { .name = "debt_disputes", .state_size = sizeof(struct debt_disputes) };
const struct entity debt_reference_entity = { .name = "debt_reference", .state_size = sizeof(struct taken) };
const struct entity payment_reference_entity = { .name = "payment_reference", .state_size = sizeof(struct taken) };
const struct entity debts_customer_entity = { .name = "customer", .state_size = sizeof(struct debts_customer) };
const struct entity creditor_entity = { .name = "creditor", .state_size = sizeof(struct creditor), .is_ordered = true };
const struct entity portfolio_entity = { .name = "portfolio", .state_size = sizeof(struct portfolio), .is_ordered = true };
const struct entity debt_policy_entity = { .name = "debt_policy", .state_size = sizeof(struct debt_policy), .is_ordered = true };
const struct entity debts_acquaintance_entity = { .name = "acquaintance", .state_size = sizeof(struct debts_acquaintance) };

static const struct slot *touch(struct workset *set, const struct entity *entity, const struct uuid *id)
{
	return workset_touch(set, entity, id, (struct str){ 0 });
}

static void touch_new(struct workset *set, const struct entity *entity, const struct uuid *id)
{
	workset_touch_new(set, entity, id, (struct str){ 0 });
}

typedef struct slot *touch_slot(struct workset *set, const struct entity *entity, const struct uuid *id, struct str text);

/* The text is copied once, when the slot is made: touch may be called again. */
static void touch_reference(struct workset *set, const struct entity *entity, const struct reference_key *key,
			    touch_slot *touch_with)
{
	struct uuid id = reference_id(key);
	const struct slot *slot = workset_find(set, entity, &id);
	struct str text = { .data = NULL, .size = 0 };

	if (slot != NULL)
		text = slot->text;
	else
		text = str_copy(set->arena, (struct str){ .data = key->text, .size = key->size });
	if (text.data == NULL)
		set->overflow = true;
	else
		touch_with(set, entity, &id, text);
}

/*
 * For an issuer that acts as a creditor: touches the acquaintance of the customer with each pair of its creditors and portfolios.
 */
static void touch_acquaintances(const struct command *command, const struct uuid *customer_id, struct workset *set)
{
	struct reference_key key;

	if (!command_is_bound(command))
		return;
	for (size_t i = 0; i < scope_pairs(command->scope); i++) {
		const struct scope_pair pair = scope_pair(command->scope, i);

		reference_key_of_acquaintance(&key, &pair, customer_id);
		touch_reference(set, &debts_acquaintance_entity, &key, workset_touch);
	}
}

/* A portfolio, then the policy that it names, which is known once it is loaded. */
static void touch_portfolio(struct workset *set, const struct uuid *portfolio_id)
{
	const struct slot *slot = touch(set, &portfolio_entity, portfolio_id);
	const struct portfolio *portfolio;

	if (slot == NULL || !slot->exists)
		return;
	portfolio = slot->state;
	if (!uuid_is_none(&portfolio->allocation_policy_id))
		touch(set, &debt_policy_entity, &portfolio->allocation_policy_id);
}

/* A key that is too long is not touched: decide refuses it before it uses the slot. */
static void touch_create_debt(const struct command *command, struct workset *set)
{
	const struct create_debt *body = command->body;
	struct reference_key key;

	touch_new(set, &debt_entity, &body->debt_id);
	touch_new(set, &debt_terms_entity, &body->debt_id);
	touch(set, &debts_customer_entity, &body->customer_id);
	touch_acquaintances(command, &body->customer_id, set);
	if (body->has_portfolio_id)
		touch_portfolio(set, &body->portfolio_id);
	if (reference_key_of_debt(&key, &body->creditor_id, body->external_ref))
		touch_reference(set, &debt_reference_entity, &key, workset_touch_new);
}

/*
 * The latest promise about a debt, its plan and its settlement: of the loaded one. A later one of the same batch is touched by the command that makes it.
 */
static void touch_arranged(const struct slot *debt, struct workset *set)
{
	const struct debt *state = debt != NULL && debt->exists ? debt->state : NULL;

	if (state == NULL)
		return;
	if (!uuid_is_none(&state->promise_id))
		touch(set, &promise_entity, &state->promise_id);
	if (!uuid_is_none(&state->plan_id))
		touch(set, &plan_entity, &state->plan_id);
	if (!uuid_is_none(&state->settlement_id))
		touch(set, &settlement_entity, &state->settlement_id);
}

/*
 * The last round has only what was arranged to name; to name the rest again would cost each payment a hash. A list of what the command
 * touches has all of it: another command about the same payment waits behind this one.
 */
static void touch_record_payment(const struct command *command, struct workset *set)
{
	const struct record_payment *body = command->body;
	const struct slot *debt = touch(set, &debt_entity, &body->debt_id);
	struct reference_key key;

	touch_arranged(debt, set);
	if (set->assumes_new && set->list == NULL && debt != NULL && debt->exists)
		return;
	touch_new(set, &payment_entity, &body->payment_id);
	if (reference_key_of_payment(&key, body->source, body->external_ref))
		touch_reference(set, &payment_reference_entity, &key, workset_touch_new);
}

/* Touches the payment first; its debt is known once the payment is loaded. */
static void touch_payment(const struct uuid *payment_id, struct workset *set)
{
	const struct slot *slot = touch(set, &payment_entity, payment_id);

	if (slot != NULL && slot->exists)
		touch_arranged(touch(set, &debt_entity, &((const struct payment *)slot->state)->debt_id), set);
}

static void touch_reverse_payment(const struct command *command, struct workset *set)
{
	touch_payment(&((const struct reverse_payment *)command->body)->payment_id, set);
}

static void touch_refund_payment(const struct command *command, struct workset *set)
{
	touch_payment(&((const struct refund_payment *)command->body)->payment_id, set);
}

/* Looked up, not assumed new: the debt's old reference exists and becomes free. */
static void touch_debt_reference(struct workset *set, const struct debt *debt, struct str external_ref)
{
	struct reference_key key;

	if (reference_key_of_debt(&key, &debt->creditor_id, external_ref))
		touch_reference(set, &debt_reference_entity, &key, workset_touch);
}

/* What its holds, those that have ended, too, stop of its ageing. */
static const struct slot *touch_ageing(const struct uuid *debt_id, struct workset *set)
{
	touch(set, &debt_pauses_entity, debt_id);
	return touch(set, &debt_holds_entity, debt_id);
}

/* Touches the debt first; the creditor of its references is known once the debt is loaded. */
static void touch_amend_debt(const struct command *command, struct workset *set)
{
	const struct amend_debt *body = command->body;
	const struct slot *debt = touch(set, &debt_entity, &body->debt_id);
	const struct slot *terms = touch(set, &debt_terms_entity, &body->debt_id);

	if (body->has_due_on)
		(void)touch_ageing(&body->debt_id, set);
	if (!body->has_external_ref || debt == NULL || !debt->exists || terms == NULL || !terms->exists)
		return;
	touch_debt_reference(set, debt->state, str_of(((const struct debt_terms *)terms->state)->external_ref));
	touch_debt_reference(set, debt->state, body->external_ref);
}

/* A command of people about a debt: the debt, what was charged on it, and its promise, which the command may end. */
static void touch_debt_changed(const struct command *command, struct workset *set)
{
	const struct uuid *debt_id = message_uuid(command->type->aggregate_field, command->body);

	touch_arranged(touch(set, &debt_entity, debt_id), set);
	touch(set, &debt_terms_entity, debt_id);
}

static void touch_make_promise(const struct command *command, struct workset *set)
{
	const struct make_promise *body = command->body;

	touch_arranged(touch(set, &debt_entity, &body->debt_id), set);
	touch_new(set, &promise_entity, &body->promise_id);
	touch(set, &debts_customer_entity, &body->customer_id);
}

/* The promise first; its debt is known once it is loaded. */
static void touch_promise(const struct uuid *promise_id, struct workset *set)
{
	const struct slot *promise = touch(set, &promise_entity, promise_id);

	if (promise != NULL && promise->exists)
		touch(set, &debt_entity, &((const struct promise *)promise->state)->debt_id);
}

static void touch_cancel_promise(const struct command *command, struct workset *set)
{
	touch_promise(&((const struct cancel_promise *)command->body)->promise_id, set);
}

static void touch_promise_judgement(const struct command *command, struct workset *set)
{
	touch_promise(&((const struct timer *)command->body)->subject, set);
}

/* The list first; the holds that are in it are known once it is loaded. One that meets another is changed with it. */
static void touch_holds_of(const struct uuid *debt_id, struct workset *set)
{
	const struct slot *slot = touch_ageing(debt_id, set);
	const struct debt_holds *holds = slot != NULL && slot->exists ? slot->state : NULL;

	for (uint32_t index = 0; holds != NULL && index < holds->count; index++)
		touch(set, &hold_entity, &holds->open[index].hold_id);
}

static void touch_place_hold(const struct command *command, struct workset *set)
{
	const struct place_hold *body = command->body;

	touch(set, &debt_entity, &body->debt_id);
	touch(set, &debt_disputes_entity, &body->debt_id); /* for its release in the same batch */
	touch_new(set, &hold_entity, &body->hold_id);
	touch_holds_of(&body->debt_id, set);
}

/* Its hold has the dispute's id; one that there is already takes it in. */
static void touch_raise_dispute(const struct command *command, struct workset *set)
{
	const struct raise_dispute *body = command->body;

	touch(set, &debt_entity, &body->debt_id);
	touch(set, &debt_disputes_entity, &body->debt_id);
	touch_new(set, &dispute_entity, &body->dispute_id);
	touch(set, &hold_entity, &body->dispute_id); /* not every dispute places one */
	touch_holds_of(&body->debt_id, set);
}

/* The dispute first; its debt is known once it is loaded. */
static const struct dispute *touch_dispute(const struct uuid *dispute_id, struct workset *set)
{
	const struct slot *slot = touch(set, &dispute_entity, dispute_id);
	const struct dispute *dispute = slot != NULL && slot->exists ? slot->state : NULL;

	if (dispute != NULL)
		touch(set, &debt_entity, &dispute->debt_id);
	return dispute;
}

static void touch_add_dispute_evidence(const struct command *command, struct workset *set)
{
	(void)touch_dispute(&((const struct add_dispute_evidence *)command->body)->dispute_id, set);
}

static void touch_resolve_dispute(const struct command *command, struct workset *set)
{
	const struct dispute *dispute = touch_dispute(&((const struct resolve_dispute *)command->body)->dispute_id, set);

	if (dispute == NULL)
		return;
	touch(set, &debt_disputes_entity, &dispute->debt_id);
	touch_holds_of(&dispute->debt_id, set);
}

/* The hold first; its debt is known once it is loaded. */
static void touch_hold(const struct uuid *hold_id, struct workset *set)
{
	const struct slot *hold = touch(set, &hold_entity, hold_id);
	const struct uuid *debt_id;

	if (hold == NULL || !hold->exists)
		return;
	debt_id = &((const struct hold *)hold->state)->debt_id;
	touch(set, &debt_entity, debt_id);
	(void)touch_ageing(debt_id, set);
}

/* The disputes of its debt, too: some need it. */
static void touch_release_hold(const struct command *command, struct workset *set)
{
	const struct uuid *hold_id = &((const struct release_hold *)command->body)->hold_id;
	const struct slot *hold;

	touch_hold(hold_id, set);
	hold = workset_find(set, &hold_entity, hold_id);
	if (hold != NULL && hold->exists)
		touch(set, &debt_disputes_entity, &((const struct hold *)hold->state)->debt_id);
}

static void touch_review_hold(const struct command *command, struct workset *set)
{
	touch_hold(&((const struct review_hold *)command->body)->hold_id, set);
}

static void touch_hold_day(const struct command *command, struct workset *set)
{
	touch_hold(&((const struct timer *)command->body)->subject, set);
}

/* The promise of the debt, too: a command of the same batch may accept the plan, which is not known yet. */
static void touch_propose_plan(const struct command *command, struct workset *set)
{
	const struct propose_plan *body = command->body;

	touch_arranged(touch(set, &debt_entity, &body->debt_id), set);
	touch_new(set, &plan_entity, &body->plan_id);
	touch(set, &debts_customer_entity, &body->customer_id);
}

/* The plan first; then its debt, then what else was arranged about the debt. */
static void touch_plan(const struct uuid *plan_id, struct workset *set)
{
	const struct slot *plan = touch(set, &plan_entity, plan_id);

	if (plan != NULL && plan->exists)
		touch_arranged(touch(set, &debt_entity, &((const struct plan *)plan->state)->debt_id), set);
}

static void touch_accept_plan(const struct command *command, struct workset *set)
{
	const struct accept_plan *body = command->body;

	touch_plan(&body->plan_id, set);
	touch(set, &debts_customer_entity, &body->customer_id);
}

static void touch_cancel_plan(const struct command *command, struct workset *set)
{
	touch_plan(&((const struct cancel_plan *)command->body)->plan_id, set);
}

static void touch_reinstate_plan(const struct command *command, struct workset *set)
{
	const struct reinstate_plan *body = command->body;

	touch_plan(&body->plan_id, set);
	touch(set, &debts_customer_entity, &body->customer_id);
}

static void touch_plan_judgement(const struct command *command, struct workset *set)
{
	touch_plan(&((const struct timer *)command->body)->subject, set);
}

/* The promise of the debt, too, as for a plan. */
static void touch_offer_settlement(const struct command *command, struct workset *set)
{
	const struct offer_settlement *body = command->body;

	touch_arranged(touch(set, &debt_entity, &body->debt_id), set);
	touch_new(set, &settlement_entity, &body->settlement_id);
	touch(set, &debts_customer_entity, &body->customer_id);
}

/* The settlement first; then its debt, then what else was arranged about the debt. */
static void touch_settlement(const struct uuid *settlement_id, struct workset *set)
{
	const struct slot *settlement = touch(set, &settlement_entity, settlement_id);

	if (settlement != NULL && settlement->exists)
		touch_arranged(touch(set, &debt_entity, &((const struct settlement *)settlement->state)->debt_id), set);
}

static void touch_accept_settlement(const struct command *command, struct workset *set)
{
	const struct accept_settlement *body = command->body;

	touch_settlement(&body->settlement_id, set);
	touch(set, &debts_customer_entity, &body->customer_id);
}

static void touch_withdraw_settlement(const struct command *command, struct workset *set)
{
	touch_settlement(&((const struct withdraw_settlement *)command->body)->settlement_id, set);
}

static void touch_settlement_day(const struct command *command, struct workset *set)
{
	touch_settlement(&((const struct timer *)command->body)->subject, set);
}

static void touch_describe_creditor(const struct command *command, struct workset *set)
{
	const struct describe_creditor *body = command->body;

	touch(set, &creditor_entity, &body->creditor_id);
}

static void touch_describe_portfolio(const struct command *command, struct workset *set)
{
	const struct describe_portfolio *body = command->body;

	touch(set, &portfolio_entity, &body->portfolio_id);
	if (body->has_allocation_policy_id)
		touch(set, &debt_policy_entity, &body->allocation_policy_id);
}

static void touch_publish_debt_policy(const struct command *command, struct workset *set)
{
	const struct publish_debt_policy *body = command->body;

	touch(set, &debt_policy_entity, &body->policy_id);
}

static void touch_activation(const struct command *command, struct workset *set)
{
	touch(set, &debt_entity, &((const struct timer *)command->body)->subject);
}

static void touch_delinquency(const struct command *command, struct workset *set)
{
	const struct uuid *debt_id = &((const struct timer *)command->body)->subject;

	touch(set, &debt_entity, debt_id);
	touch(set, &debt_holds_entity, debt_id);
}

static const struct timer_rule timers[] = {
	{ &activation_timer, { &timer_type, touch_activation, decide_activation, false, false } },
	{ &promise_timer, { &timer_type, touch_promise_judgement, decide_promise_judgement, true, false } },
	{ &hold_timer, { &timer_type, touch_hold_day, decide_hold_day, true, false } },
	{ &plan_timer, { &timer_type, touch_plan_judgement, decide_plan_judgement, true, false } },
	{ &settlement_timer, { &timer_type, touch_settlement_day, decide_settlement_day, true, false } },
	{ &delinquency_timer, { &timer_type, touch_delinquency, decide_delinquency, false, false } },
};

static const struct rule rules[] = {
	{ &create_debt_type, touch_create_debt, decide_create_debt, true, false },
	{ &record_payment_type, touch_record_payment, decide_record_payment, true, false },
	{ &reverse_payment_type, touch_reverse_payment, decide_reverse_payment, true, false },
	{ &refund_payment_type, touch_refund_payment, decide_refund_payment, true, false },
	{ &amend_debt_type, touch_amend_debt, decide_amend_debt, true, false },
	{ &cancel_debt_type, touch_debt_changed, decide_cancel_debt, true, false },
	{ &charge_off_type, touch_debt_changed, decide_charge_off, true, false },
	{ &undo_charge_off_type, touch_debt_changed, decide_undo_charge_off, true, false },
	{ &write_off_type, touch_debt_changed, decide_write_off, true, false },
	{ &transfer_debt_type, touch_debt_changed, decide_transfer_debt, true, false },
	{ &recall_debt_type, touch_debt_changed, decide_recall_debt, true, false },
	{ &assess_fee_type, touch_debt_changed, decide_assess_fee, true, false },
	{ &assess_cost_type, touch_debt_changed, decide_assess_cost, true, false },
	{ &waive_amount_type, touch_debt_changed, decide_waive_amount, true, false },
	{ &adjust_balance_type, touch_debt_changed, decide_adjust_balance, true, false },
	{ &make_promise_type, touch_make_promise, decide_make_promise, true, false },
	{ &cancel_promise_type, touch_cancel_promise, decide_cancel_promise, true, false },
	{ &place_hold_type, touch_place_hold, decide_place_hold, true, false },
	{ &release_hold_type, touch_release_hold, decide_release_hold, true, false },
	{ &review_hold_type, touch_review_hold, decide_review_hold, true, false },
	{ &raise_dispute_type, touch_raise_dispute, decide_raise_dispute, true, false },
	{ &add_dispute_evidence_type, touch_add_dispute_evidence, decide_add_dispute_evidence, true, false },
	{ &resolve_dispute_type, touch_resolve_dispute, decide_resolve_dispute, true, false },
	{ &propose_plan_type, touch_propose_plan, decide_propose_plan, true, false },
	{ &accept_plan_type, touch_accept_plan, decide_accept_plan, true, false },
	{ &cancel_plan_type, touch_cancel_plan, decide_cancel_plan, true, false },
	{ &reinstate_plan_type, touch_reinstate_plan, decide_reinstate_plan, true, false },
	{ &offer_settlement_type, touch_offer_settlement, decide_offer_settlement, true, false },
	{ &accept_settlement_type, touch_accept_settlement, decide_accept_settlement, true, false },
	{ &withdraw_settlement_type, touch_withdraw_settlement, decide_withdraw_settlement, true, false },
	{ &describe_creditor_type, touch_describe_creditor, decide_describe_creditor, false, false },
	{ &describe_portfolio_type, touch_describe_portfolio, decide_describe_portfolio, false, false },
	{ &publish_debt_policy_type, touch_publish_debt_policy, decide_publish_debt_policy, false, false },
};
_Static_assert(COUNT(rules) == DEBTS_COMMANDS, "each command has a rule");

static const struct approval_rule approvals[] = {
	{ &publish_debt_policy_type, ROLE_COMPLIANCE | ROLE_SUPERVISOR, DEBT_POLICY_APPROVAL_DAYS },
	{ &assess_fee_type, CHARGE_APPROVERS, CHARGE_APPROVAL_DAYS },
	{ &assess_cost_type, CHARGE_APPROVERS, CHARGE_APPROVAL_DAYS },
	{ &waive_amount_type, CHARGE_APPROVERS, CHARGE_APPROVAL_DAYS },
	{ &adjust_balance_type, CHARGE_APPROVERS, CHARGE_APPROVAL_DAYS },
	{ &refund_payment_type, CHARGE_APPROVERS, CHARGE_APPROVAL_DAYS },
	{ &write_off_type, CHARGE_APPROVERS, CHARGE_APPROVAL_DAYS },
	{ &propose_plan_type, ROLE_SUPERVISOR, PLAN_APPROVAL_DAYS },
	{ &offer_settlement_type, SETTLEMENT_APPROVERS, SETTLEMENT_APPROVAL_DAYS },
};

/* clang-format off */
static const struct action debt_actions[] = {
	{ &record_payment_type, debt_is_in_books, false, NULL },
	{ &amend_debt_type, debt_is_in_books, false, NULL },
	{ &cancel_debt_type, debt_is_cancellable, true, NULL }, /* unless it has payments */
	{ &make_promise_type, debt_takes_promise, false, NULL }, /* unless its holds stop dunning */
	{ &place_hold_type, debt_is_in_books, false, NULL },
	{ &raise_dispute_type, debt_takes_dispute, false, NULL },
	{ &assess_fee_type, debt_is_open, false, NULL }, /* unless a hold or a promise stops fees; so for a cost */
	{ &assess_cost_type, debt_is_open, false, NULL },
	{ &waive_amount_type, debt_is_open, false, NULL },
	{ &adjust_balance_type, debt_is_open, false, NULL },
	{ &propose_plan_type, debt_takes_plan, false, NULL },
	{ &offer_settlement_type, debt_takes_plan, false, NULL }, /* unless it has one, or its holds stop dunning */
	{ &charge_off_type, debt_takes_charge_off, false, NULL },
	{ &undo_charge_off_type, debt_is_charged_off, false, NULL }, /* unless something was booked since */
	{ &write_off_type, debt_can_be_written_off, false, NULL },
	{ &transfer_debt_type, debt_can_be_transferred, false, NULL }, /* unless its holds stop its sale */
	{ &recall_debt_type, debt_can_be_recalled, false, NULL },
};
/* clang-format on */

static const struct action payment_actions[] = {
	{ &reverse_payment_type, debt_is_in_books, true, NULL }, /* unless it is reversed, or something was refunded */
};

static const struct action payment_credit_actions[] = {
	{ &refund_payment_type, debt_is_in_books, true, NULL }, /* unless nothing of it is left */
};

static const struct action promise_actions[] = {
	{ &cancel_promise_type, promise_is_open, false, NULL },
};

static const struct action hold_actions[] = {
	{ &release_hold_type, hold_is_open, true, NULL }, /* one of a dispute ends with the dispute */
	{ &review_hold_type, hold_is_open, false, NULL },
};

static const struct action dispute_actions[] = {
	{ &add_dispute_evidence_type, dispute_is_open, false, NULL },
	{ &resolve_dispute_type, dispute_is_open, false, NULL },
};

static const struct action plan_actions[] = {
	{ &accept_plan_type, plan_is_proposed, false, NULL },
	{ &cancel_plan_type, plan_is_open, false, NULL },
	{ &reinstate_plan_type, plan_is_broken, true, NULL },
};

static const struct action settlement_actions[] = {
	{ &accept_settlement_type, settlement_is_offered, false, NULL },
	{ &withdraw_settlement_type, settlement_is_open, false, NULL },
};

static const struct actions actions[] = {
	{ .thing = "debt",
	  .states = LIFECYCLE_WORDS,
	  .is_numbered = true,
	  .fact = "has payments",
	  .rows = debt_actions,
	  .rows_count = COUNT(debt_actions) },
	{ .thing = "payment", /* by the state of its debt */
	  .states = LIFECYCLE_WORDS,
	  .is_numbered = true,
	  .fact = "is reversed, or something of it was refunded",
	  .rows = payment_actions,
	  .rows_count = COUNT(payment_actions) },
	{ .thing = "payment_credit", /* what a payment was more than owed; by the state of its debt, too */
	  .states = LIFECYCLE_WORDS,
	  .is_numbered = true,
	  .fact = "is used up",
	  .rows = payment_credit_actions,
	  .rows_count = COUNT(payment_credit_actions) },
	{ .thing = "promise", .states = PROMISE_STATE_WORDS, .rows = promise_actions, .rows_count = COUNT(promise_actions) },
	{ .thing = "hold",
	  .states = HOLD_STATE_WORDS,
	  .fact = "is of a dispute",
	  .rows = hold_actions,
	  .rows_count = COUNT(hold_actions) },
	{ .thing = "dispute", .states = DISPUTE_STATE_WORDS, .rows = dispute_actions, .rows_count = COUNT(dispute_actions) },
	{ .thing = "plan",
	  .states = PLAN_STATE_WORDS,
	  .fact = "was reinstated",
	  .rows = plan_actions,
	  .rows_count = COUNT(plan_actions) },
	{ .thing = "settlement",
	  .states = SETTLEMENT_STATE_WORDS,
	  .rows = settlement_actions,
	  .rows_count = COUNT(settlement_actions) },
};

/* A debt stays its customer's. */
static const struct cached_state cached[] = {
	{ &debt_entity, offsetof(struct debt, customer_id), debt_refresh },
};

const struct module debts_module = {
	.name = "debts",
	.rules = rules,
	.rules_count = COUNT(rules),
	.timers = timers,
	.timers_count = COUNT(timers),
	.approvals = approvals,
	.approvals_count = COUNT(approvals),
	.actions = actions,
	.actions_count = COUNT(actions),
	.cached = cached,
	.cached_count = COUNT(cached),
	.evolve = debts_evolve,
};
