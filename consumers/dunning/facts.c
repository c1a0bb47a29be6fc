#include <string.h>

#include "consumers/dunning/dunning.h"

/* Lists that are read from rows, and kept in memory while a batch changes them. */

void demands_add(struct dunned_demands *demands, int32_t day)
{
	uint32_t place = 0;

	while (place < demands->count && demands->days[place] > day)
		place++;
	if (place == DEMANDS_MAX)
		return;
	if (demands->count < DEMANDS_MAX)
		demands->count++;
	memmove(&demands->days[place + 1], &demands->days[place], (demands->count - 1 - place) * sizeof(demands->days[0]));
	demands->days[place] = day;
}

void demands_remove(struct dunned_demands *demands, int32_t day)
{
	for (uint32_t place = 0; place < demands->count; place++) {
		if (demands->days[place] != day)
			continue;
		demands->count--;
		memmove(&demands->days[place], &demands->days[place + 1], (demands->count - place) * sizeof(demands->days[0]));
		return;
	}
}

/* The place of the first id that is not before it. */
static uint32_t place_of(const struct group_debts *debts, const struct uuid *debt_id)
{
	uint32_t place = 0;

	while (place < debts->count && uuid_compare(&debts->ids[place], debt_id) < 0)
		place++;
	return place;
}

static void take_out(struct group_debts *debts, uint32_t place)
{
	debts->count--;
	memmove(&debts->ids[place], &debts->ids[place + 1], (debts->count - place) * sizeof(debts->ids[0]));
}

void group_debts_put(struct group_debts *debts, const struct uuid *debt_id, bool is_dunned)
{
	uint32_t place = place_of(debts, debt_id);
	bool is_listed = place < debts->count && uuid_equal(&debts->ids[place], debt_id);

	if (is_listed && !is_dunned)
		take_out(debts, place);
	if (is_listed || !is_dunned || place == GROUP_DEBTS_MAX)
		return;
	if (debts->count < GROUP_DEBTS_MAX)
		debts->count++;
	memmove(&debts->ids[place + 1], &debts->ids[place], (debts->count - 1 - place) * sizeof(debts->ids[0]));
	debts->ids[place] = *debt_id;
}

void person_groups_put(struct person_groups *groups, const struct uuid *group_id)
{
	uint32_t place = 0;

	while (place < groups->count && uuid_compare(&groups->ids[place], group_id) < 0)
		place++;
	if (place == PERSON_GROUPS_MAX || (place < groups->count && uuid_equal(&groups->ids[place], group_id)))
		return;
	if (groups->count < PERSON_GROUPS_MAX)
		groups->count++;
	memmove(&groups->ids[place + 1], &groups->ids[place], (groups->count - 1 - place) * sizeof(groups->ids[0]));
	groups->ids[place] = *group_id;
}

void groups_under_way_put(struct groups_under_way *groups, const struct uuid *group_id, bool is_under_way)
{
	uint32_t place = 0;
	bool is_listed;

	while (place < groups->count && uuid_compare(&groups->ids[place], group_id) < 0)
		place++;
	is_listed = place < groups->count && uuid_equal(&groups->ids[place], group_id);
	if (is_listed == is_under_way || place == GROUPS_UNDER_WAY_MAX)
		return;
	if (is_listed) {
		groups->count--;
		memmove(&groups->ids[place], &groups->ids[place + 1], (groups->count - place) * sizeof(groups->ids[0]));
		return;
	}
	groups->count += groups->count < GROUPS_UNDER_WAY_MAX ? 1 : 0;
	memmove(&groups->ids[place + 1], &groups->ids[place], (groups->count - 1 - place) * sizeof(groups->ids[0]));
	groups->ids[place] = *group_id;
}

bool debt_is_dunned(const struct dunned_debt *debt)
{
	switch ((enum lifecycle)debt->lifecycle) {
	case LIFECYCLE_NEW:
	case LIFECYCLE_ACTIVE:
	case LIFECYCLE_ARRANGED:
	case LIFECYCLE_LEGAL:
	case LIFECYCLE_CHARGED_OFF:
		return true;
	case LIFECYCLE_PAID: /* its credit is netted */
		return debt->credit_minor > 0;
	case LIFECYCLE_NONE:
	case LIFECYCLE_SETTLED:
	case LIFECYCLE_WRITTEN_OFF:
	case LIFECYCLE_TRANSFERRED:
	case LIFECYCLE_CANCELLED:
	case LIFECYCLE_COUNT:
		return false;
	}
	return false;
}
