#include "base/must.h"
#include "consumers/debts/dispute/dispute.h"
#include "consumers/debts/hold/hold.h"

/* What is known of a debt's disputes together. */

bool dispute_is_open(unsigned state)
{
	return state == DISPUTE_OPEN || state == DISPUTE_VERIFYING;
}

enum hold_kind dispute_hold_kind(unsigned grounds)
{
	return grounds == DISPUTE_GROUNDS_IDENTITY_THEFT ? HOLD_IDENTITY_THEFT : HOLD_DISPUTE;
}

uint32_t *debt_disputes_open(struct debt_disputes *disputes, enum hold_kind kind)
{
	return kind == HOLD_IDENTITY_THEFT ? &disputes->thefts_open : &disputes->others_open;
}

bool debt_disputes_need(const struct debt_disputes *disputes, enum hold_kind kind)
{
	if (disputes == NULL)
		return false;
	return kind == HOLD_DISPUTE ? disputes->others_open > 0 : kind == HOLD_IDENTITY_THEFT ? disputes->thefts_open > 0 : false;
}

static void remove_at(struct debt_disputes *disputes, uint32_t place)
{
	disputes->known_count--;
	for (uint32_t index = place; index < disputes->known_count; index++)
		disputes->known[index] = disputes->known[index + 1];
}

static void forget(struct debt_disputes *disputes, const struct uuid *dispute_id)
{
	for (uint32_t index = 0; index < disputes->known_count; index++) {
		if (uuid_equal(&disputes->known[index].dispute_id, dispute_id)) {
			remove_at(disputes, index);
			return;
		}
	}
}

/* In the order of their ids: the oldest goes when there are too many, so one that repeats it is a new dispute, which stops too much. */
static void remember(struct debt_disputes *disputes, const struct known_dispute *dispute)
{
	uint32_t place = 0;

	while (place < disputes->known_count && uuid_compare(&disputes->known[place].dispute_id, &dispute->dispute_id) < 0)
		place++;
	if (disputes->known_count == DEBT_DISPUTES_KNOWN_MAX) {
		if (place == 0)
			return;
		remove_at(disputes, 0);
		place--;
	}
	for (uint32_t index = disputes->known_count; index > place; index--)
		disputes->known[index] = disputes->known[index - 1];
	disputes->known[place] = *dispute;
	disputes->known_count++;
}

void debt_disputes_add(struct debt_disputes *disputes, const struct uuid *dispute_id, const struct dispute *dispute)
{
	if (dispute_is_open(dispute->state))
		(*debt_disputes_open(disputes, dispute_hold_kind(dispute->grounds)))++;
	if (dispute_is_open(dispute->state) || dispute->state == DISPUTE_REJECTED)
		remember(disputes, &(struct known_dispute){ .dispute_id = *dispute_id,
							    .portion_minor = dispute->portion_minor,
							    .entries = dispute->entries,
							    .grounds = dispute->grounds });
}

void debt_disputes_resolve(struct debt_disputes *disputes, const struct uuid *dispute_id, const struct dispute *dispute)
{
	uint32_t *open = debt_disputes_open(disputes, dispute_hold_kind(dispute->grounds));

	MUST(*open > 0);
	(*open)--;
	forget(disputes, dispute_id);
	debt_disputes_add(disputes, dispute_id, dispute);
}

const struct uuid *debt_disputes_like(const struct debt_disputes *disputes, unsigned grounds, int64_t portion_minor,
				      int32_t entries)
{
	for (uint32_t index = 0; disputes != NULL && index < disputes->known_count; index++) {
		const struct known_dispute *known = &disputes->known[index];

		if (known->grounds == grounds && known->portion_minor == portion_minor && known->entries == entries)
			return &known->dispute_id;
	}
	return NULL;
}
