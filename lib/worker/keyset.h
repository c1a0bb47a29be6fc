#ifndef WORKER_KEYSET_H
#define WORKER_KEYSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/uuid.h"

/*
 * A growing set of ids, for the ids held by parked commands (holds.h). It is mostly empty; then a lookup costs one comparison.
 * The nil UUID is never a member.
 */
struct keyset {
	struct buf memory; /* the hash table: a power of two of ids, nil = free */
	size_t count;
};

void keyset_init(struct keyset *set, size_t count_max);
void keyset_release(struct keyset *set);
void keyset_clear(struct keyset *set);
bool keyset_has(const struct keyset *set, const struct uuid *id);
MUST_CHECK bool keyset_add(struct keyset *set, const struct uuid *id); /* false: over count_max */
MUST_CHECK bool keyset_add_bytes(struct keyset *set, struct str ids);  /* 16 bytes each */

#endif
