#ifndef TOKEN_CACHE_H
#define TOKEN_CACHE_H

#include <stdint.h>

#include "base/str.h"
#include "token/token.h"

/*
 * Verified tokens with their claims: a service sends the same token with thousands of commands, and a signature check costs 500
 * us. Fixed memory; a full set evicts its oldest entry. A hit needs every byte to be equal. Refused tokens are not cached:
 * anybody can make those, and they would evict the good ones.
 */
#define CACHE_SETS_BITS 8
#define CACHE_SETS      (1 << CACHE_SETS_BITS)
#define CACHE_WAYS      4
#define CACHE_SIZE_MAX  4096 /* of a token, with room for the largest scope; longer ones are verified each time */

struct cache_entry {
	size_t size; /* 0: free */
	struct token_claims claims;
	char token[CACHE_SIZE_MAX];
};

struct token_cache {
	struct cache_entry entries[CACHE_SETS][CACHE_WAYS];
	uint8_t oldest[CACHE_SETS]; /* the way to evict next */
};

/* NULL on a miss. Borrows until the next cache_put. */
const struct token_claims *cache_find(const struct token_cache *cache, struct str token);
void cache_put(struct token_cache *cache, struct str token, const struct token_claims *claims);
void cache_clear(struct token_cache *cache);

#endif
