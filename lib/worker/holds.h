#ifndef WORKER_HOLDS_H
#define WORKER_HOLDS_H

#include "worker/admit.h"
#include "worker/keyset.h"

/*
 * What a parked command holds: ids that no later command may touch before it (P4). A command that waits, or stands behind another,
 * holds the ordered states that it touches (struct entity, is_ordered), of its own customer; commands about anything else pass. A
 * command that broke our code cannot be read, and holds its whole key. The id of a state is derived from key, entity and id; the
 * key itself stands for "all of this key".
 */
#define HOLDS_MAX 16 /* states of one command; one that touches more holds its key */

struct holds {
	struct uuid ids[HOLDS_MAX];
	size_t count;
	bool is_cut; /* there are more */
};

/* The states that the command touches, as far as they are loaded. Loads none. */
void holds_list(const struct item *item, struct workset *set, struct holds *ret_holds);

/* Whether the command must queue behind what is held. */
bool holds_meet(const struct holds *holds, const struct uuid *key, const struct keyset *held);

#endif
