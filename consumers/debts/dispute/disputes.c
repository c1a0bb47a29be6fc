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

/* In the order of their ids: the oldest goes when there are too many, so one that repeats it is a new dispute, which stops too much. */
static void add_rejected(struct debt_disputes *disputes, const struct rejected_dispute *rejected)
{
	uint32_t place = 0;

	while (place < disputes->rejected_count && uuid_compare(&disputes->rejected[place].dispute_id, &rejected->dispute_id) < 0)
		place++;
	if (disputes->rejected_count == DEBT_REJECTED_MAX) {
		if (place == 0)
			return;
		place--;
		for (uint32_t index = 0; index < place; index++)
			disputes->rejected[index] = disputes->rejected[index + 1];
	} else {
		for (uint32_t index = disputes->rejected_count; index > place; index--)
			disputes->rejected[index] = disputes->rejected[index - 1];
		disputes->rejected_count++;
	}
	disputes->rejected[place] = *rejected;
}

void debt_disputes_add(struct debt_disputes *disputes, const struct uuid *dispute_id, const struct dispute *dispute)
{
	if (dispute_is_open(dispute->state))
		(*debt_disputes_open(disputes, dispute_hold_kind(dispute->grounds)))++;
	else if (dispute->state == DISPUTE_REJECTED)
		add_rejected(disputes, &(struct rejected_dispute){ .dispute_id = *dispute_id,
								   .portion_minor = dispute->portion_minor,
								   .grounds = dispute->grounds });
}

const struct uuid *debt_disputes_rejected(const struct debt_disputes *disputes, unsigned grounds, int64_t portion_minor)
{
	for (uint32_t index = 0; disputes != NULL && index < disputes->rejected_count; index++) {
		const struct rejected_dispute *rejected = &disputes->rejected[index];

		if (rejected->grounds == grounds && rejected->portion_minor == portion_minor)
			return &rejected->dispute_id;
	}
	return NULL;
}
