#include "token/cache.h"

#include <string.h>

#include "base/must.h"

#define HASHED_SIZE 32

/*
 * Only the end is hashed, half of the signature: it differs between any two tokens as random bytes do. Somebody who is trusted to
 * sign could choose tokens that fall together, and would only make his own slow.
 */
static size_t set_of(struct str token)
{
	uint64_t words[HASHED_SIZE / 8];
	uint64_t hash = 0;

	MUST(token.size >= HASHED_SIZE);
	memcpy(words, token.data + token.size - HASHED_SIZE, sizeof(words));
	for (size_t i = 0; i < HASHED_SIZE / 8; i++)
		hash = (hash ^ words[i]) * UINT64_C(0x9E3779B97F4A7C15);
	/* Every bit of the input reaches the highest bits of a product, and only those. */
	return hash >> (64 - CACHE_SETS_BITS);
}

static bool can_hold(struct str token)
{
	return token.size >= HASHED_SIZE && token.size <= CACHE_SIZE_MAX;
}

const struct token_claims *cache_find(const struct token_cache *cache, struct str token)
{
	const struct cache_entry *ways;

	if (!can_hold(token))
		return NULL;
	ways = cache->entries[set_of(token)];
	for (size_t way = 0; way < CACHE_WAYS; way++)
		if (str_equal((struct str){ .data = ways[way].token, .size = ways[way].size }, token))
			return &ways[way].claims;
	return NULL;
}

void cache_put(struct token_cache *cache, struct str token, const struct token_claims *claims)
{
	struct cache_entry *entry;
	size_t set;

	if (!can_hold(token))
		return;
	MUST(cache_find(cache, token) == NULL);
	set = set_of(token);
	entry = &cache->entries[set][cache->oldest[set]];
	cache->oldest[set] = (uint8_t)((cache->oldest[set] + 1) % CACHE_WAYS);
	memcpy(entry->token, token.data, token.size);
	entry->claims = *claims;
	entry->size = token.size;
}

void cache_clear(struct token_cache *cache)
{
	for (size_t set = 0; set < CACHE_SETS; set++)
		for (size_t way = 0; way < CACHE_WAYS; way++)
			cache->entries[set][way].size = 0;
}
