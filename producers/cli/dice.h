#ifndef CLI_DICE_H
#define CLI_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Repeatable randomness for `dcs sample`: a stream of numbers (splitmix64) that belongs to (seed, what, index). Customer 17 is
 * the same person however many customers there are, and needs no memory.
 */
struct dice {
	uint64_t state;
};

struct dice dice_of(uint64_t seed, uint32_t what, uint64_t index);
uint64_t dice_next(struct dice *dice);

int64_t dice_between(struct dice *dice, int64_t low, int64_t high); /* both included; low <= high */
bool dice_chance(struct dice *dice, int64_t per_mille);

/* An index of `weights`, each as likely as its weight. */
size_t dice_pick(struct dice *dice, const int *weights, size_t count);

#endif
