#ifndef SIM_DICE_H
#define SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

/* The only source of chance in a run: a seed gives the same run again (splitmix64). */
struct dice {
	uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
	uint64_t z = (dice->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 .. sides - 1 */
static inline uint64_t dice_below(struct dice *dice, uint64_t sides)
{
	return dice_next(dice) % sides;
}

/* True `per_mille` times in a thousand. */
static inline bool dice_hits(struct dice *dice, uint64_t per_mille)
{
	return dice_below(dice, 1000) < per_mille;
}

#endif
