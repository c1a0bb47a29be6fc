#ifndef API_AUTH_ATTEMPTS_H
#define API_AUTH_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * Rate limit of login attempts: a token bucket of `burst` tries for each name (an account, an address), refilled by one every
 * `refill_ms`. Fixed memory: a set-associative table that evicts the fullest bucket of a set, as it has the least to remember.
 * Names are kept as hashes with a key of this process: they cannot be read from memory, and no caller can choose names that
 * collide. Pure except for that key.
 */
#define ATTEMPTS_SETS 2048
#define ATTEMPTS_WAYS 8

struct attempts_bucket {
	uint64_t name;         /* its hash; 0: free */
	int64_t until_full_ms; /* the time when the bucket is full again: each try adds refill_ms */
};

struct attempts {
	uint8_t key[32];
	int64_t refill_ms;
	int64_t span_ms; /* burst * refill_ms */
	struct attempts_bucket buckets[ATTEMPTS_SETS][ATTEMPTS_WAYS];
};

void attempts_init(struct attempts *attempts, int64_t burst, int64_t refill_ms);

/* Takes a try. False: none is left; *ret_wait_ms is the time until the next. */
bool attempts_take(struct attempts *attempts, struct str name, int64_t now_ms, int64_t *ret_wait_ms);

/* Refills the bucket of a name, after a success. */
void attempts_forgive(struct attempts *attempts, struct str name);

/* Gives one try back. */
void attempts_give_back(struct attempts *attempts, struct str name, int64_t now_ms);

/* For the log: a name has the same mark as long as this process lives, and the mark reveals nothing else. */
#define ATTEMPTS_MARK_SIZE 17
void attempts_mark(const struct attempts *attempts, struct str name, char ret_mark[ATTEMPTS_MARK_SIZE]);

#endif
