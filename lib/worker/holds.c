#include "worker/holds.h"

#include <string.h>

static struct uuid id_of(const struct uuid *key, const struct touched *touched)
{
	struct uuid id = uuid_derive(&touched->id, touched->entity->name, 0);
	uint64_t number;

	memcpy(&number, id.bytes + 8, sizeof(number));
	return uuid_derive(key, "held", number);
}

void holds_list(const struct item *item, struct workset *set, struct holds *ret_holds)
{
	struct touched touched[HOLDS_MAX];
	struct touch_list list = { .touched = touched, .max = HOLDS_MAX };

	set->list = &list;
	item->rule->touch(&item->command, set);
	set->list = NULL;
	*ret_holds = (struct holds){ .is_cut = list.is_cut };
	for (size_t i = 0; i < list.count; i++)
		ret_holds->ids[ret_holds->count++] = id_of(&item->command.key, &touched[i]);
}

/* If the list is cut, any held id may be meant. */
bool holds_meet(const struct holds *holds, const struct uuid *key, const struct keyset *held)
{
	if (held->count == 0)
		return false;
	if (holds->is_cut || keyset_has(held, key))
		return true;
	for (size_t i = 0; i < holds->count; i++)
		if (keyset_has(held, &holds->ids[i]))
			return true;
	return false;
}
