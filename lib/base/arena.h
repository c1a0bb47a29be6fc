#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/err.h"

/*
 * Memory with one lifetime: everything that is made while one batch or one message is handled. One block of a fixed size,
 * allocated at start. Pieces are not freed one by one; arena_reset empties the arena. A full arena neither grows nor crashes:
 * arena_take returns NULL, which the caller turns into ERR_POISON (or a smaller batch).
 *
 * arena and buf are the only places that call malloc after start-up.
 */
struct arena {
	unsigned char *block;
	size_t size;
	size_t used; /* <= size */
	size_t peak; /* highest `used` since arena_init */
};

MUST_CHECK int arena_init(struct arena *arena, size_t size, struct err *err); /* ERR_FATAL when there is no memory */
void arena_release(struct arena *arena);                                      /* accepts a zeroed arena */
void arena_reset(struct arena *arena);

/* Zeroed memory for `count` items of `size` bytes, aligned for any type; NULL when it does not fit or count * size overflows. */
void *arena_take(struct arena *arena, size_t count, size_t size);

/* As arena_take, with alignment 1 and not zeroed: for bytes and text. */
void *arena_take_bytes(struct arena *arena, size_t size);

/* arena_rewind frees everything taken since the mark. */
size_t arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, size_t mark);

#endif
