#include "consumers/debts/hold/hold.h"

/* ---- PlaceHold ---- */

static bool effects_are_good(const struct place_hold *body, enum hold_kind kind, uint32_t *ret_effects, struct decision *decision)
{
	if (!hold_effects_read(body->effects, body->effects_count, ret_effects)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "effects", "not one of " HOLD_EFFECT_LISTED);
	} else if (kind == HOLD_MANUAL && *ret_effects == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "effects", "a manual hold says what it stops");
	} else if (kind != HOLD_MANUAL && *ret_effects != 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "effects", "what this kind stops is not for the command to say");
	} else {
		return true;
	}
	return false;
}

/* A review that its kind has is good, however far ahead it begins. */
static bool days_are_good(const struct hold_terms *terms, bool names_review, int32_t today, struct decision *decision)
{
	if (terms->from_on < today - HOLD_DAYS_AROUND || terms->from_on > today + HOLD_DAYS_AROUND) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "from_on", "more than %d days from the business date",
				HOLD_DAYS_AROUND);
	} else if (terms->until_on != 0 && (terms->until_on <= terms->from_on || terms->until_on <= today ||
					    terms->until_on > terms->from_on + HOLD_DAYS_MAX)) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "until_on",
				"not after its first day and the business date, or more than %d days after the first",
				HOLD_DAYS_MAX);
	} else if (names_review && (terms->review_on <= today || terms->review_on > today + HOLD_DAYS_AROUND)) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "review_on", "not within %d days after the business date",
				HOLD_DAYS_AROUND);
	} else {
		return true;
	}
	return false;
}

/* The days that its kind has if nothing is said. A review that would have been due already is of no use, so it is tomorrow's. */
static struct hold_terms terms_of(const struct place_hold *body, enum hold_kind kind, uint32_t effects, int32_t today)
{
	const struct hold_kind_terms *its = hold_kind_terms(kind);
	struct hold_terms terms = { .hold_id = body->hold_id,
				    .kind = kind,
				    .effects = kind == HOLD_MANUAL ? effects : its->effects,
				    .from_on = body->has_from_on ? body->from_on : today,
				    .evidence_ref = body->evidence_ref };

	if (body->has_until_on)
		terms.until_on = body->until_on;
	else if (its->days > 0)
		terms.until_on = terms.from_on + its->days;
	if (body->has_review_on)
		terms.review_on = body->review_on;
	else if (its->review_days > 0)
		terms.review_on = terms.from_on + its->review_days > today ? terms.from_on + its->review_days : today + 1;
	return terms;
}

static bool body_is_good(const struct place_hold *body, int32_t today, struct hold_terms *ret_terms, struct decision *decision)
{
	const enum hold_kind kind = placed_hold_kind_by_name(body->kind);
	uint32_t effects = 0;

	if (uuid_is_none(&body->hold_id)) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "hold_id", "the id is all zeros");
	} else if (kind == HOLD_NONE) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "kind", "not one of " PLACED_HOLD_KIND_LISTED);
	} else if (body->evidence_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "evidence_ref", "a hold needs evidence");
	} else if (!effects_are_good(body, kind, &effects, decision)) {
		return false;
	} else if (kind == HOLD_MANUAL && !body->has_review_on) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "review_on", "a manual hold says when somebody looks at it");
	} else {
		*ret_terms = terms_of(body, kind, effects, today);
		return days_are_good(ret_terms, body->has_review_on, today, decision);
	}
	return false;
}

static bool is_new_for(const struct place_hold *body, const struct debt *debt, const struct workset *set,
		       struct decision *decision)
{
	if (!debt_is_known(debt, &body->customer_id, decision))
		return false;
	if (workset_state(set, &hold_entity, &body->hold_id) != NULL) {
		decision_refuse(decision, REFUSAL_EXISTS, "hold_id", "a hold has this id");
		return false;
	}
	return true;
}

/* By kind, so that no number of holds keeps one out that a law knows. One that meets another needs no place. */
static bool kind_has_place(const struct debt_holds *holds, const struct hold_terms *terms)
{
	uint32_t count = 0;

	for (uint32_t index = 0; holds != NULL && index < holds->count; index++) {
		if (hold_meets(&holds->open[index], terms))
			return true;
		count += holds->open[index].kind == terms->kind;
	}
	return count < DEBT_HOLDS_OF_KIND_MAX;
}

static bool debt_takes_one_more(const struct debt *debt, const struct debt_holds *holds, const struct hold_terms *terms,
				struct decision *decision)
{
	if (!debt_is_in_books(debt->lifecycle)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "debt_id", "the debt is %s: there is nothing to be stopped",
				lifecycle_name((enum lifecycle)debt->lifecycle));
		return false;
	}
	if (!kind_has_place(holds, terms)) {
		decision_refuse(decision, REFUSAL_LIMIT_EXCEEDED, "kind", "the debt has %d holds of this kind",
				DEBT_HOLDS_OF_KIND_MAX);
		return false;
	}
	return true;
}

void decide_place_hold(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct place_hold *body = command->body;
	const struct debt *debt = workset_state(set, &debt_entity, &body->debt_id);
	const struct debt_holds *holds = workset_state(set, &debt_holds_entity, &body->debt_id);
	struct hold_terms terms;
	struct hold_scene scene;

	if (!body_is_good(body, command->today, &terms, decision) || !is_new_for(body, debt, set, decision) ||
	    !debt_takes_one_more(debt, holds, &terms, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	scene = hold_scene_of(&body->debt_id, debt, set);
	(void)hold_place(&scene, &terms, decision);
}

/* ---- ReleaseHold, ReviewHold ---- */

/* The hold that a command names, and its debt; NULL, with a refusal: there is none. */
static const struct hold *find_named(const struct uuid *hold_id, const struct uuid *customer_id, const struct workset *set,
				     struct hold_scene *ret_scene, struct decision *decision)
{
	const struct hold *hold = workset_state(set, &hold_entity, hold_id);
	const struct debt *debt = hold == NULL ? NULL : workset_state(set, &debt_entity, &hold->debt_id);

	if (hold == NULL || !debt_is_reached(decision->command, debt) || !uuid_equal(&hold->customer_id, customer_id)) {
		decision_refuse(decision, REFUSAL_NOT_FOUND, "hold_id", "the customer has no such hold");
		return NULL;
	}
	*ret_scene = hold_scene_of(&hold->debt_id, debt, set);
	return hold;
}

static bool hold_has_not_ended(const struct hold *hold, struct decision *decision)
{
	if (hold_is_open(hold->state))
		return true;
	decision_refuse(decision, REFUSAL_BAD_TRANSITION, "hold_id", "the hold is %s",
			hold_state_name((enum hold_state)hold->state));
	return false;
}

void decide_release_hold(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct release_hold *body = command->body;
	struct hold_scene scene;
	const struct hold *hold;

	if (body->reason.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "reason", "a release needs a reason");
		return;
	}
	hold = find_named(&body->hold_id, &body->customer_id, set, &scene, decision);
	if (hold == NULL)
		return;
	if (hold_kind_terms((enum hold_kind)hold->kind)->is_statutory && !(command->roles & ROLE_COMPLIANCE)) {
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "hold_id", "a hold of this kind is released by compliance");
		return;
	}
	if (!hold_has_not_ended(hold, decision))
		return;
	if (hold->kind == HOLD_DISPUTE ||
	    debt_disputes_need(workset_state(set, &debt_disputes_entity, &hold->debt_id), (enum hold_kind)hold->kind)) {
		decision_refuse(decision, REFUSAL_BAD_TRANSITION, "hold_id", "it ends when the dispute is resolved");
		return;
	}

	/* ---- nothing refuses from here on ---- */
	(void)hold_release(&scene, &body->hold_id, body->reason, decision);
}

static bool review_is_good(const struct review_hold *body, int32_t today, struct decision *decision)
{
	if (body->evidence_ref.size == 0) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "evidence_ref", "a review needs evidence");
	} else if (body->has_review_on && (body->review_on <= today || body->review_on > today + HOLD_DAYS_AROUND)) {
		decision_refuse(decision, REFUSAL_BAD_DATE, "review_on", "not within %d days after the business date",
				HOLD_DAYS_AROUND);
	} else {
		return true;
	}
	return false;
}

void decide_review_hold(const struct command *command, const struct workset *set, struct decision *decision)
{
	const struct review_hold *body = command->body;
	const struct hold *hold;
	struct hold_scene scene;

	if (!review_is_good(body, command->today, decision))
		return;
	hold = find_named(&body->hold_id, &body->customer_id, set, &scene, decision);
	if (hold == NULL)
		return;
	if (hold->kind == HOLD_MANUAL && !body->has_review_on) {
		decision_refuse(decision, REFUSAL_BAD_VALUE, "review_on", "a manual hold says when somebody looks at it");
		return;
	}
	if (!hold_has_not_ended(hold, decision))
		return;

	/* ---- nothing refuses from here on ---- */
	hold_review(&scene, &body->hold_id, body->has_review_on ? body->review_on : 0, body->evidence_ref, decision);
}
