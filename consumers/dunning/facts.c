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

/* A list of ids in their order; of more than fit, the first. */
struct id_list {
	uint32_t *count;
	struct uuid *ids;
	uint32_t max;
};

static void take_out(struct id_list list, uint32_t place)
{
	--*list.count;
	memmove(&list.ids[place], &list.ids[place + 1], (*list.count - place) * sizeof(list.ids[0]));
}

static void put_in(struct id_list list, uint32_t place, const struct uuid *id)
{
	if (place == list.max)
		return;
	if (*list.count < list.max)
		++*list.count;
	memmove(&list.ids[place + 1], &list.ids[place], (*list.count - 1 - place) * sizeof(list.ids[0]));
	list.ids[place] = *id;
}

static void put(struct id_list list, const struct uuid *id, bool belongs)
{
	uint32_t place = 0;
	bool is_listed;

	while (place < *list.count && uuid_compare(&list.ids[place], id) < 0)
		place++;
	is_listed = place < *list.count && uuid_equal(&list.ids[place], id);
	if (is_listed && !belongs)
		take_out(list, place);
	if (!is_listed && belongs)
		put_in(list, place, id);
}

void group_debts_put(struct group_debts *debts, const struct uuid *debt_id, bool is_dunned)
{
	put((struct id_list){ &debts->count, debts->ids, GROUP_DEBTS_MAX }, debt_id, is_dunned);
}

void person_groups_put(struct person_groups *groups, const struct uuid *group_id)
{
	put((struct id_list){ &groups->count, groups->ids, PERSON_GROUPS_MAX }, group_id, true);
}

void groups_under_way_put(struct groups_under_way *groups, const struct uuid *group_id, bool is_under_way)
{
	put((struct id_list){ &groups->count, groups->ids, GROUPS_UNDER_WAY_MAX }, group_id, is_under_way);
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
	case LIFECYCLE_SETTLED:
		return debt->credit_minor > 0;
	case LIFECYCLE_NONE:
	case LIFECYCLE_WRITTEN_OFF:
	case LIFECYCLE_TRANSFERRED:
	case LIFECYCLE_CANCELLED:
	case LIFECYCLE_COUNT:
		return false;
	}
	return false;
}
