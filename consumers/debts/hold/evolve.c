#include "base/must.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/hold/hold.h"

/* The row of the list that the hold has, as long as it has not ended; then what is stopped for the debt. */
static void note(struct workset *set, const struct uuid *hold_id, const struct hold *hold, struct debt *debt)
{
	struct debt_holds *holds = workset_change(set, &debt_holds_entity, &hold->debt_id);

	if (hold_is_open(hold->state))
		debt_holds_put(holds, &(struct open_hold){ .hold_id = *hold_id,
							   .kind = hold->kind,
							   .effects = hold->effects,
							   .from_on = hold->from_on,
							   .until_on = hold->until_on,
							   .review_on = hold->review_on,
							   .is_active = hold->state == HOLD_STATE_ACTIVE });
	else
		debt_holds_remove(holds, hold_id);
	debt->stopped = debt_holds_stopped(holds);
	delinquency_note_paused(set, &hold->debt_id, debt);
}

static struct hold *hold_change(struct workset *set, const struct uuid *hold_id)
{
	struct hold *hold = workset_change(set, &hold_entity, hold_id);

	hold->version++;
	return hold;
}

/* Before its first day it stops nothing yet. */
static uint32_t state_on(int32_t from_on, int32_t day)
{
	return from_on <= day ? HOLD_STATE_ACTIVE : HOLD_STATE_PLANNED;
}

static uint32_t effects_of(const struct str *words, size_t count)
{
	uint32_t bits = 0;
	const bool is_read = hold_effects_read(words, count, &bits);

	MUST(is_read);
	return bits;
}

static void set_evidence(struct hold *hold, struct str evidence_ref)
{
	const bool fits = str_to_chars(hold->evidence_ref, sizeof(hold->evidence_ref), evidence_ref);

	MUST(fits);
}

void hold_on_placed(struct workset *set, const void *body)
{
	const struct hold_placed *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct hold *hold = hold_change(set, &event->hold_id);

	hold->customer_id = event->customer_id;
	hold->debt_id = event->debt_id;
	hold->kind = hold_kind_by_name(event->kind);
	hold->effects = effects_of(event->effects, event->effects_count);
	hold->from_on = event->from_on;
	hold->until_on = event->has_until_on ? event->until_on : 0;
	hold->review_on = event->has_review_on ? event->review_on : 0;
	hold->state = state_on(event->from_on, event->placed_on);
	set_evidence(hold, event->evidence_ref);
	note(set, &event->hold_id, hold, debt);
}

static void merge(struct workset *set, const struct uuid *hold_id, const struct uuid *into, struct debt *debt)
{
	struct hold *hold = hold_change(set, hold_id);

	hold->state = HOLD_STATE_MERGED;
	hold->merged_into = *into;
	hold->review_on = 0;
	note(set, hold_id, hold, debt);
}

/* The hold that was asked for: it has its own days, and is a part of the other from its beginning. */
static void merge_asked(struct workset *set, const struct hold_extended *event, const struct hold *into, struct debt *debt)
{
	struct hold *hold = workset_change(set, &hold_entity, &event->merged_hold_id);

	hold->customer_id = event->customer_id;
	hold->debt_id = event->debt_id;
	hold->kind = into->kind;
	hold->effects = into->effects;
	hold->from_on = event->asked_from_on;
	hold->until_on = event->has_asked_until_on ? event->asked_until_on : 0;
	set_evidence(hold, event->evidence_ref);
	merge(set, &event->merged_hold_id, &event->hold_id, debt);
}

void hold_on_extended(struct workset *set, const void *body)
{
	const struct hold_extended *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct hold *hold = hold_change(set, &event->hold_id);

	hold->effects = effects_of(event->effects, event->effects_count);
	hold->from_on = event->from_on;
	hold->until_on = event->has_until_on ? event->until_on : 0;
	hold->review_on = event->has_review_on ? event->review_on : 0;
	hold->state = state_on(event->from_on, event->extended_on);
	for (size_t index = 0; index < event->also_merged_ids_count; index++)
		merge(set, &event->also_merged_ids[index], &event->hold_id, debt);
	merge_asked(set, event, hold, debt);
	note(set, &event->hold_id, hold, debt);
}

void hold_on_begun(struct workset *set, const void *body)
{
	const struct hold_begun *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct hold *hold = hold_change(set, &event->hold_id);

	MUST(hold->state == HOLD_STATE_PLANNED);
	hold->state = HOLD_STATE_ACTIVE;
	note(set, &event->hold_id, hold, debt);
}

/* Asked for once; ReviewHold says when again. */
void hold_on_review_due(struct workset *set, const void *body)
{
	const struct hold_review_due *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct hold *hold = hold_change(set, &event->hold_id);

	hold->review_on = 0;
	hold->review_asked_on = event->asked_on;
	note(set, &event->hold_id, hold, debt);
}

void hold_on_reviewed(struct workset *set, const void *body)
{
	const struct hold_reviewed *event = body;
	struct debt *debt = debt_change(set, &event->debt_id, event->version);
	struct hold *hold = hold_change(set, &event->hold_id);

	hold->review_on = event->has_review_on ? event->review_on : 0;
	hold->review_asked_on = 0;
	note(set, &event->hold_id, hold, debt);
}

static void end(struct workset *set, const struct uuid *hold_id, struct debt *debt, enum hold_state state, int32_t on)
{
	struct hold *hold = hold_change(set, hold_id);

	MUST(hold_is_open(hold->state));
	hold->state = state;
	hold->ended_on = on;
	if ((hold->effects & hold_bit(HOLD_EFFECT_AGEING)) != 0)
		debt_pauses_add(workset_change(set, &debt_pauses_entity, &hold->debt_id), hold->from_on, on);
	hold->review_on = hold->review_asked_on = 0;
	note(set, hold_id, hold, debt);
}

void hold_on_released(struct workset *set, const void *body)
{
	const struct hold_released *event = body;

	end(set, &event->hold_id, debt_change(set, &event->debt_id, event->version), HOLD_STATE_RELEASED, event->released_on);
}

void hold_on_expired(struct workset *set, const void *body)
{
	const struct hold_expired *event = body;

	end(set, &event->hold_id, debt_change(set, &event->debt_id, event->version), HOLD_STATE_EXPIRED, event->until_on);
}
