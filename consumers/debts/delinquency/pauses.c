#include "base/must.h"
#include "consumers/debts/delinquency/delinquency.h"
#include "consumers/debts/hold/hold.h"

/* The days on which a debt does not age: the union of its holds that stop ageing. */

/* A full list: its two oldest become one of as many days, which adjoins the later. Only a due day so long ago would tell them apart. */
static void join_oldest(struct debt_pauses *pauses)
{
	struct pause *over = pauses->over;

	over[1].from_on -= over[0].until_on - over[0].from_on;
	for (uint32_t index = 1; index < pauses->count; index++)
		over[index - 1] = over[index];
	over[--pauses->count] = (struct pause){ 0, 0 };
}

void debt_pauses_add(struct debt_pauses *pauses, int32_t from_on, int32_t until_on)
{
	uint32_t kept = 0, place;

	if (from_on >= until_on)
		return;
	for (uint32_t index = 0; index < pauses->count; index++) {
		const struct pause other = pauses->over[index];

		if (other.from_on > until_on || from_on > other.until_on) {
			pauses->over[kept++] = other;
			continue;
		}
		from_on = other.from_on < from_on ? other.from_on : from_on;
		until_on = other.until_on > until_on ? other.until_on : until_on;
	}
	for (uint32_t index = kept; index < pauses->count; index++)
		pauses->over[index] = (struct pause){ 0, 0 };
	pauses->count = kept;
	if (pauses->count == DEBT_PAUSES_MAX)
		join_oldest(pauses);
	for (place = pauses->count; place > 0 && pauses->over[place - 1].from_on > from_on; place--)
		pauses->over[place] = pauses->over[place - 1];
	pauses->over[place] = (struct pause){ from_on, until_on };
	pauses->count++;
}

/* The first day of the active holds that stop ageing; 0: there is none. From it on all days are paused: each runs until now. */
static int32_t running_since(const struct debt_holds *holds)
{
	int32_t since = 0;

	for (uint32_t index = 0; holds != NULL && index < holds->count; index++) {
		const struct open_hold *hold = &holds->open[index];

		if (hold->is_active && (hold->effects & hold_bit(HOLD_EFFECT_AGEING)) != 0 &&
		    (since == 0 || hold->from_on < since))
			since = hold->from_on;
	}
	return since;
}

struct paused paused_of(int32_t due_on, const struct debt_pauses *pauses, const struct debt_holds *holds)
{
	const int32_t since = running_since(holds);
	const int32_t first = due_on + 1;
	struct paused paused = { .since = since != 0 && since < first ? first : since };

	for (uint32_t index = 0; pauses != NULL && index < pauses->count; index++) {
		const struct pause *over = &pauses->over[index];
		const int32_t from_on = over->from_on < first ? first : over->from_on;
		const int32_t until_on = since != 0 && since < over->until_on ? since : over->until_on;

		if (from_on < until_on)
			paused.days += until_on - from_on;
	}
	return paused;
}

int32_t paused_days_on(const struct paused *paused, int32_t day)
{
	return paused->days + (paused->since != 0 && paused->since <= day ? day - paused->since + 1 : 0);
}

int32_t days_past_due_on(int32_t due_on, const struct paused *paused, int32_t day)
{
	const int32_t days = day - due_on - paused_days_on(paused, day);

	return days > 0 ? days : 0;
}
