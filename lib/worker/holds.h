#ifndef WORKER_HOLDS_H
#define WORKER_HOLDS_H

#include "worker/admit.h"
#include "worker/keyset.h"

/*
 * The ids that a parked command holds: no later command may touch them before it (P4). A command parked as *wait* or *behind*
 * holds the ordered states of its customer that it touches (struct entity, is_ordered); commands about other states pass. A
 * command parked as a *bug* is not decoded and holds its whole key. The held id of a state is derived from key, entity and id;
 * the key itself as a held id means all states of the key.
 */
#define HOLDS_MAX 16 /* most states of one command; a command that touches more holds its key */

struct holds {
	struct uuid ids[HOLDS_MAX];
	size_t count;
	bool is_cut; /* there are more */
};

/* Lists the states that the command touches, as far as they are loaded. Loads nothing. */
void holds_list(const struct item *item, struct workset *set, struct holds *ret_holds);

/* Whether the command must queue, because a state that it touches is held. */
bool holds_meet(const struct holds *holds, const struct uuid *key, const struct keyset *held);

#endif
