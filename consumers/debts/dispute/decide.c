#include "base/money.h"
#include "base/must.h"
#include "consumers/debts/dispute/dispute.h"
#include "consumers/debts/hold/hold.h"

/* RaiseDispute, AddDisputeEvidence, ResolveDispute. */

#define ABOUT(event, its_dispute_id, debt, debt_id, version)                                                                     \
	do {                                                                                                                     \
		ABOUT_DEBT(event, debt, debt_id, version);                                                                       \
		(event)->dispute_id = (its_dispute_id);                                                                          \
	} while (0)

#define PORTION(event, minor)                                                                                                    \
	do {                                                                                                                     \
		(event)->has_portion_minor = (minor) != 0;                                                                       \
		(event)->portion_minor = (minor);                                                                                \
	} while (0)

/* ---- RaiseDispute ---- */

static bool evidence_is_good(const struct raise_dispute *body, struct decision *decision)
{
	if (body->evidence_refs_count > DISPUTE_EVIDENCE_RAISED_MAX) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "evidence_refs", "more than %d", DISPUTE_EVIDENCE_RAISED_MAX);
		return false;
	}
	for (size_t index = 0; index < body->evidence_refs_count; index++) {
		if (body->evidence_refs[index].size == 0) {
			decision_refuse(decision, REFUSAL_BAD_VALUE, "evidence_refs", "one of them is empty");
			return false;
		}
	}
	return true;
}

/* Nobody but the debtor himself sent it: the others were told. */
static bool is_of_debtor(const struct command *command)
{
	return (command->roles & ROLE_CONSUMER) != 0 &&
	       (command->roles & (ROLE_AGENT | ROLE_SUPERVISOR | ROLE_COMPLIANCE | ROLE_CREDITOR)) == 0;
}

static bool day_is_good(const struct raise_dispute *body, const struct command *command, struct decision *decision)
{
	if (!body->has_received_on)
		return true;
	if (body->received_on < command->today - DISPUTE_DAYS_BACK || body->received_on > command->today) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "received_on",
				"after the business date, or more than %d days before it", DISPUTE_DAYS_BACK);
	} else if (is_of_debtor(command) && body->received_on != command->today) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "received_on",
				"a debtor's own dispute is received on the business date");
	} else {
		return true;
	}
	return false;
}

static bool dispute_is_good(const struct raise_dispute *body, const struct command *command, struct decision *decision)
{
	if (uuid_is_none(&body->dispute_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "dispute_id", "the id is all zeros");
	} else if (dispute_grounds_by_name(body->grounds) == DISPUTE_GROUNDS_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "grounds", "not one of " DISPUTE_GROUNDS_LISTED);
	} else if (!evidence_is_good(body, decision)) {
		return false;
	} else if (body->has_portion_minor && (body->portion_minor <= 0 || body->portion_minor > MONEY_MINOR_MAX)) {
		decision_refuse(decision, REFUSAL_BAD_AMOUNT, "portion_minor", "the amount is not above 0, or is above %lld",
				(long long)MONEY_MINOR_MAX);
	} else if (body->has_portion_minor != body->has_currency) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "a portion has a currency, and nothing else has one");
	} else {
		return day_is_good(body, command, decision);
	}
	return false;
}

/* Its hold has the same id. */
static bool is_new_about(const struct raise_dispute *body, const struct debt *debt, const struct workset *set,
			 struct decision *decision)
{
	if (!debt_is_known(debt, &body->customer_id, decision))
		return false;
	if (workset_state(set, &dispute_entity, &body->dispute_id) != NULL ||
	    workset_state(set, &hold_entity, &body->dispute_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "dispute_id", "a dispute or a hold has this id");
		return false;
	}
	return true;
}

static bool currency_fits(const struct raise_dispute *body, const struct debt *debt, struct decision *decision)
{
	if (!body->has_portion_minor)
		return true;
	if (!str_is(body->currency, debt->currency)) {
		decision_refuse(decision, REFUSAL_BAD_CURRENCY, "currency", "the debt's currency is %s", debt->currency);
		return false;
	}
	return true;
}

/* 0: all. Somebody who disputes more than is owed by now, after a payment, say, disputes all of it, and is not sent away. */
static int64_t portion_of(const struct raise_dispute *body, const struct debt *debt)
{
	return body->has_portion_minor && body->portion_minor <= balances_owed(&debt->balances) ? body->portion_minor : 0;
}

/* 12 CFR 1006.38(a)(1): one that brings new information is no duplicate. That what came with it is new is for people to see. */
static const struct uuid *repeated(const struct raise_dispute *body, const struct debt *debt, const struct workset *set)
{
	if (body->evidence_refs_count > 0)
		return NULL;
	return debt_disputes_like(workset_state(set, &debt_disputes_entity, &body->debt_id),
				  dispute_grounds_by_name(body->grounds), portion_of(body, debt), debt->entries);
}

static void add_raised(const struct raise_dispute *body, const struct debt *debt, const struct uuid *duplicate_of,
		       struct decision *decision)
{
	struct dispute_raised *event = decision_event(decision, &dispute_raised_type);

	ABOUT(event, body->dispute_id, debt, body->debt_id, debt->version + 1);
	PORTION(event, portion_of(body, debt));
	event->grounds = body->grounds;
	event->received_on = body->has_received_on ? body->received_on : decision->command->today;
	event->in_writing = body->in_writing;
	event->within_validation = body->has_within_validation && body->within_validation;
	event->evidence_refs = body->evidence_refs;
	event->evidence_refs_count = body->evidence_refs_count;
	event->has_duplicate_of = duplicate_of != NULL;
	if (duplicate_of != NULL)
		event->duplicate_of = *duplicate_of;
	event->raised_on = decision->command->today;
}

/* What is proof of the hold: the dispute. */
static struct str say_proof(const struct uuid *dispute_id, struct decision *decision)
{
	char text[sizeof("dispute ") + UUID_TEXT_SIZE] = "dispute ";

	uuid_format(text + sizeof("dispute ") - 1, dispute_id);
	return decision_text(decision, text);
}

/* From its receipt on, as far back as a hold may begin. */
static void place_hold(const struct raise_dispute *body, const struct debt *debt, const struct workset *set,
		       struct decision *decision)
{
	const int32_t today = decision->command->today;
	const int32_t received_on = body->has_received_on ? body->received_on : today;
	struct hold_scene scene = hold_scene_of(&body->debt_id, debt, set);
	struct hold_terms terms = { .hold_id = body->dispute_id,
				    .kind = dispute_hold_kind(dispute_grounds_by_name(body->grounds)),
				    .from_on = received_on < today - HOLD_DAYS_AROUND ? today - HOLD_DAYS_AROUND : received_on,
				    .evidence_ref = say_proof(&body->dispute_id, decision) };

	terms.effects = hold_kind_terms(terms.kind)->effects;
	scene.version++; /* behind DisputeRaised */
	(void)hold_place(&scene, &terms, decision);
}

void decide_raise_dispute(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct raise_dispute *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	const struct uuid *duplicate_of;

	if (!dispute_is_good(body, command, decision) || !is_new_about(body, debt, set, decision) ||
	    !currency_fits(body, debt, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	duplicate_of = repeated(body, debt, set);
	add_raised(body, debt, duplicate_of, decision);
	if (duplicate_of == NULL && debt_is_in_books(debt->lifecycle))
		place_hold(body, debt, set, decision);
}

/* ---- a dispute that is there ---- */

/* The dispute that a command names, and its debt; NULL, with a refusal: there is none. */
static const struct dispute *named_dispute(const struct uuid *dispute_id, const struct uuid *customer_id,
					   const struct workset *set, const struct debt **ret_debt, struct decision *decision)
{
	const struct dispute *dispute = workset_state(set, &dispute_entity, dispute_id);
	const struct debt *debt = dispute == NULL ? NULL : workset_state(set, &debt_entity, &dispute->debt_id);

	if (dispute == NULL || !debt_is_reached(decision->command, debt) || !uuid_equal(&dispute->customer_id, customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "dispute_id", "the customer has no such dispute");
		return NULL;
	}
	*ret_debt = debt;
	return dispute;
}

static bool dispute_has_not_ended(const struct dispute *dispute, struct decision *decision)
{
	if (dispute_is_open(dispute->state))
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "dispute_id", "the dispute is %s",
			dispute_state_name((enum dispute_state)dispute->state));
	return false;
}

void decide_add_dispute_evidence(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct add_dispute_evidence *body = command->body;
	struct dispute_evidence_added *event;
	const struct dispute *dispute;
	const struct debt *debt = NULL;

	if (body->evidence_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "evidence_ref", "it is empty");
		return;
	}
	dispute = named_dispute(&body->dispute_id, &body->customer_id, set, &debt, decision);
	if (dispute == NULL || !dispute_has_not_ended(dispute, decision))
		return;
	if (dispute->evidence_count >= DISPUTE_EVIDENCE_MAX) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "dispute_id", "the dispute has %d pieces of evidence",
				DISPUTE_EVIDENCE_MAX);
		return;
	}

	/* ---- nothing refuses from here on ---- */
	event = decision_event(decision, &dispute_evidence_added_type);
	ABOUT(event, body->dispute_id, debt, dispute->debt_id, debt->version + 1);
	event->evidence_ref = body->evidence_ref;
	event->added_on = command->today;
}

/* ---- ResolveDispute ---- */

static bool answer_is_good(const struct resolve_dispute *body, struct decision *decision)
{
	if (dispute_outcome_by_name(body->outcome) == DISPUTE_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "outcome", "not one of " DISPUTE_OUTCOME_LISTED);
	} else if (body->verification_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "verification_ref", "a resolution needs a verification");
	} else {
		return true;
	}
	return false;
}

static bool was_answered(bool is_good, struct decision *decision)
{
	if (!is_good)
		decision_refuse(decision, REFUSAL_BAD_DATE, "sent_on",
				"after the business date, or before the dispute was received");
	return is_good;
}

/* The hold of identity theft is released by compliance alone, who may have known of the theft before (hold/decide.c). */
static bool may_resolve(const struct dispute *dispute, struct decision *decision)
{
	if (dispute->grounds != DISPUTE_GROUNDS_IDENTITY_THEFT || (decision->command->roles & ROLE_COMPLIANCE) != 0)
		return true;
	decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "dispute_id", "an identity theft is decided by compliance");
	return false;
}

/* Upheld on these grounds, none of it is owed by the debtor. */
static bool denies_all(unsigned grounds)
{
	return grounds == DISPUTE_GROUNDS_NOT_MINE || grounds == DISPUTE_GROUNDS_DOES_NOT_EXIST ||
	       grounds == DISPUTE_GROUNDS_IDENTITY_THEFT;
}

/* With the resolution the hold ends, and what is owed is asked for. */
static bool is_corrected(const struct resolve_dispute *body, const struct dispute *dispute, const struct debt *debt,
			 struct decision *decision)
{
	if (dispute_outcome_by_name(body->outcome) != DISPUTE_UPHELD || !denies_all(dispute->grounds) ||
	    dispute->portion_minor != 0 || balances_owed(&debt->balances) == 0)
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "outcome",
			"the debt is still asked for: cancel, waive, write off or recall it before its dispute is upheld");
	return false;
}

/* The hold of all disputes of the kind. NULL: there is none, as the debt had left the books. */
static const struct open_hold *shared_hold(const struct debt_holds *holds, enum hold_kind kind, int32_t today)
{
	for (uint32_t index = 0; holds != NULL && index < holds->count; index++) {
		const struct open_hold *hold = &holds->open[index];

		if (hold->kind == kind && hold->from_on <= today && hold->until_on == 0)
			return hold;
	}
	return NULL;
}

/* The debt's version after it. */
static int64_t end_hold(const struct dispute *dispute, const struct debt *debt, const struct workset *set,
			struct decision *decision)
{
	const enum hold_kind kind = dispute_hold_kind(dispute->grounds);
	struct debt_disputes disputes =
		*(const struct debt_disputes *)workset_state(set, &debt_disputes_entity, &dispute->debt_id);
	const struct hold_scene scene = hold_scene_of(&dispute->debt_id, debt, set);
	const struct open_hold *hold = shared_hold(scene.holds, kind, decision->command->today);

	if (hold == NULL || *debt_disputes_open(&disputes, kind) > 1)
		return debt->version;
	return hold_release(&scene, &hold->hold_id, STR("the dispute is resolved"), decision);
}

/* The hold first: whoever learns that the dispute is over knows already that the debt is free. */
void decide_resolve_dispute(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct resolve_dispute *body = command->body;
	struct dispute_resolved *event;
	const struct dispute *dispute;
	const struct debt *debt = NULL;
	int64_t version;

	if (!answer_is_good(body, decision) || !was_answered(body->sent_on <= command->today, decision))
		return;
	dispute = named_dispute(&body->dispute_id, &body->customer_id, set, &debt, decision);
	if (dispute == NULL || !may_resolve(dispute, decision) ||
	    !was_answered(body->sent_on >= dispute->received_on, decision) || !dispute_has_not_ended(dispute, decision) ||
	    !is_corrected(body, dispute, debt, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	version = end_hold(dispute, debt, set, decision);
	event = decision_event(decision, &dispute_resolved_type);
	ABOUT(event, body->dispute_id, debt, dispute->debt_id, version + 1);
	PORTION(event, dispute->portion_minor);
	event->grounds = str_of(dispute_grounds_name((enum dispute_grounds)dispute->grounds));
	event->outcome = body->outcome;
	event->verification_ref = body->verification_ref;
	event->received_on = dispute->received_on;
	event->sent_on = body->sent_on;
	event->resolved_on = command->today;
}
