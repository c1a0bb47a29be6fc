#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

/*
 * The sanitizer knows nothing about an arena: freed pieces are still readable memory. So the flavour `sanitize` marks all memory
 * that is not taken as poisoned, and a test that uses a view after arena_reset stops.
 */

int arena_init(struct arena *arena, size_t size, struct err *err)
{
	MUST(size > 0);
	*arena = (struct arena){ .block = NULL };
	arena->block = malloc(size);
	if (arena->block == NULL)
		return err_set(err, ERR_FATAL, "no memory for an arena of %zu bytes", size);
	arena->size = size;
	ASAN_POISON_MEMORY_REGION(arena->block, arena->size);
	return 0;
}

void arena_release(struct arena *arena)
{
	if (arena->block != NULL)
		ASAN_UNPOISON_MEMORY_REGION(arena->block, arena->size);
	free(arena->block);
	*arena = (struct arena){ .block = NULL };
}

void arena_reset(struct arena *arena)
{
	arena_rewind(arena, 0);
}

static void *take_at(struct arena *arena, size_t start, size_t size)
{
	unsigned char *memory;

	MUST(arena->block != NULL);
	if (start > arena->size || size > arena->size - start)
		return NULL;
	memory = arena->block + start;
	arena->used = start + size;
	if (arena->used > arena->peak)
		arena->peak = arena->used;
	ASAN_UNPOISON_MEMORY_REGION(memory, size);
	return memory;
}

void *arena_take(struct arena *arena, size_t count, size_t size)
{
	const size_t alignment = alignof(max_align_t);
	size_t start = (arena->used + alignment - 1) / alignment * alignment;
	size_t total;
	void *memory;

	if (__builtin_mul_overflow(count, size, &total))
		return NULL;
	memory = take_at(arena, start, total);
	if (memory != NULL)
		memset(memory, 0, total);
	return memory;
}

void *arena_take_bytes(struct arena *arena, size_t size)
{
	return take_at(arena, arena->used, size);
}

size_t arena_mark(const struct arena *arena)
{
	return arena->used;
}

void arena_rewind(struct arena *arena, size_t mark)
{
	MUST(mark <= arena->used);
	if (arena->block != NULL)
		ASAN_POISON_MEMORY_REGION(arena->block + mark, arena->used - mark);
	arena->used = mark;
}
