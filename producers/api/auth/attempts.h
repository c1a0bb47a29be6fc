#ifndef API_AUTH_ATTEMPTS_H
#define API_AUTH_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/*
 * How often somebody may try: a bucket of `burst` tries for each name (an account, an address), one more every `refill_ms`.
 * Memory is fixed: when a place is needed, the fullest bucket of its set is forgotten, the one that says least. Names are kept as
 * keyed hashes with a key of this process: nothing of them can be read, and nobody outside can choose names that fall together.
 * Pure but for that key.
 */
#define ATTEMPTS_SETS 2048
#define ATTEMPTS_WAYS 8

struct attempts_bucket {
	uint64_t name;         /* hash; 0: free */
	int64_t until_full_ms; /* then it is full again: each try moves it on by refill_ms */
};

struct attempts {
	uint8_t key[32];
	int64_t refill_ms;
	int64_t span_ms; /* burst * refill_ms */
	struct attempts_bucket buckets[ATTEMPTS_SETS][ATTEMPTS_WAYS];
};

void attempts_init(struct attempts *attempts, int64_t burst, int64_t refill_ms);

/* Takes a try. False: there is none left; *ret_wait_ms until there is. */
bool attempts_take(struct attempts *attempts, struct str name, int64_t now_ms, int64_t *ret_wait_ms);

/* Gives all tries of a name back: it was who it said. */
void attempts_forgive(struct attempts *attempts, struct str name);

/* Gives one back. */
void attempts_give_back(struct attempts *attempts, struct str name, int64_t now_ms);

/* For the log: the same name has the same mark as long as this process lives, and nothing more can be read from it. */
#define ATTEMPTS_MARK_SIZE 17
void attempts_mark(const struct attempts *attempts, struct str name, char ret_mark[ATTEMPTS_MARK_SIZE]);

#endif
