#include "producers/api/auth/attempts.h"

#include <string.h>

#include "crypto/crypto.h"

static uint64_t hash_of(const struct attempts *attempts, struct str name)
{
	uint8_t bytes[DIGEST_SIZE];
	uint64_t hash;

	address_hash(bytes, name, attempts->key);
	memcpy(&hash, bytes, sizeof(hash));
	return hash == 0 ? 1 : hash;
}

void attempts_init(struct attempts *attempts, int64_t burst, int64_t refill_ms)
{
	memset(attempts, 0, sizeof(*attempts));
	random_bytes(attempts->key, sizeof(attempts->key));
	attempts->refill_ms = refill_ms;
	attempts->span_ms = burst * refill_ms;
}

/* The name's bucket; if there is none, a free one, or the fullest is evicted. */
static struct attempts_bucket *find(struct attempts *attempts, uint64_t hash, bool *ret_is_new)
{
	struct attempts_bucket *set = attempts->buckets[hash % ATTEMPTS_SETS];
	struct attempts_bucket *least = &set[0];

	*ret_is_new = false;
	for (size_t way = 0; way < ATTEMPTS_WAYS; way++) {
		if (set[way].name == hash)
			return &set[way];
		if (set[way].until_full_ms < least->until_full_ms)
			least = &set[way];
	}
	*ret_is_new = true;
	return least;
}

bool attempts_take(struct attempts *attempts, struct str name, int64_t now_ms, int64_t *ret_wait_ms)
{
	uint64_t hash = hash_of(attempts, name);
	bool is_new;
	struct attempts_bucket *bucket = find(attempts, hash, &is_new);
	int64_t until_full_ms = is_new || bucket->until_full_ms < now_ms ? now_ms : bucket->until_full_ms;

	if (until_full_ms + attempts->refill_ms > now_ms + attempts->span_ms) {
		*ret_wait_ms = until_full_ms + attempts->refill_ms - now_ms - attempts->span_ms;
		return false;
	}
	bucket->name = hash;
	bucket->until_full_ms = until_full_ms + attempts->refill_ms;
	return true;
}

void attempts_forgive(struct attempts *attempts, struct str name)
{
	bool is_new;
	struct attempts_bucket *bucket = find(attempts, hash_of(attempts, name), &is_new);

	if (!is_new)
		*bucket = (struct attempts_bucket){ .name = 0 };
}

void attempts_give_back(struct attempts *attempts, struct str name, int64_t now_ms)
{
	bool is_new;
	struct attempts_bucket *bucket = find(attempts, hash_of(attempts, name), &is_new);

	if (is_new)
		return;
	bucket->until_full_ms -= attempts->refill_ms;
	if (bucket->until_full_ms <= now_ms)
		*bucket = (struct attempts_bucket){ .name = 0 };
}

void attempts_mark(const struct attempts *attempts, struct str name, char ret_mark[ATTEMPTS_MARK_SIZE])
{
	uint64_t hash = hash_of(attempts, name);

	hex_from_bytes(ret_mark, &hash, sizeof(hash));
}
