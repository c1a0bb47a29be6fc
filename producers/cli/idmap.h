#ifndef CLI_IDMAP_H
#define CLI_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/uuid.h"

/*
 * A growing table from ids to numbers: 32 bytes an entry, at least a quarter full when large. For `dcs verify`, which keeps one
 * number per aggregate. Entities of different kinds may have the same id: the kind (not 0) is part of the key.
 */
struct idmap {
	struct buf memory; /* the table: a power of two of entries, kind 0 = free */
	size_t count;
};

void idmap_init(struct idmap *map, size_t count_max);
void idmap_release(struct idmap *map);
void idmap_clear(struct idmap *map); /* keeps the memory */

/* The number of an id, created with 0 if it was missing; NULL: over count_max. Valid until the next call. */
int64_t *idmap_at(struct idmap *map, uint32_t kind, const struct uuid *id);

#endif
